//! `kirana log what-if`: what another rule would have sold, beside what was sold.

use super::out::Out;
use super::{LogOf, with_bar};
use crate::cli::{Failure, token};
use crate::rfc3339::{self, Rfc3339};
use clap::Args;
use kirana_domain::{Paise, StoreId, limits};
use kirana_engine::tools::find;
use kirana_engine::tools::what_if::{ASSUMPTIONS, Answer, OfProduct, Rule, Scope, Tally, what_if};
use serde_json::{Map, Value, json};
use std::ops::ControlFlow;

/// Meet the demand of the log once more under another rule, and compare what was sold.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log what-if --ttl 10m --cap 2\n  \
    kirana log what-if --ttl 5m --store TUR --from 2026-11-26T00:00:00Z \\\n    \
    --until 2026-11-27T00:00:00Z --by-product --output json\n\n\
    The answer says what it takes for granted. Under the rule that was, both columns are equal.")]
#[group(id = "rule", required = true, multiple = true,
    args = ["ttl", "cap", "min_order", "delivery_fee"])]
pub(super) struct WhatIfArgs {
    /// Time that an unpaid order holds its units: a number with s, m, h or d.
    #[arg(long, value_name = "TIME", value_parser = hold_ms)]
    ttl: Option<i64>,
    /// Most units of one product in one order.
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u32).range(1..))]
    cap: Option<u32>,
    /// The smallest item total, in rupees.
    #[arg(long, value_name = "RUPEES", value_parser = rupees)]
    min_order: Option<Paise>,
    /// The delivery fee of every order, in rupees.
    #[arg(long, value_name = "RUPEES", value_parser = rupees)]
    delivery_fee: Option<Paise>,
    /// Only what was wanted at that time or later.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<i64>,
    /// Only what was wanted before that time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<i64>,
    /// Only of that store, by its id or code.
    #[arg(long, value_name = "ID|CODE")]
    store: Option<String>,
    /// Also the products with the greatest differences: 20 unless told otherwise.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "20")]
    by_product: Option<usize>,
    #[command(flatten)]
    of: LogOf,
}

fn hold_ms(text: &str) -> Result<i64, String> {
    let seconds = token::seconds(text)?;
    let most = i64::from(limits::HOLD_MINUTES_MAX) * 60;
    if seconds > most {
        return Err("a hold lasts a day at the most".to_owned());
    }
    Ok(seconds * 1_000)
}

fn rupees(text: &str) -> Result<Paise, String> {
    Paise::parse_rupees(text).ok_or_else(|| "give rupees, such as 99 or 24.50".to_owned())
}

fn time(text: &str) -> Result<i64, String> {
    rfc3339::parse(text).ok_or_else(|| "give a time such as 2026-11-26T06:00:00Z".to_owned())
}

pub(super) fn run(args: &WhatIfArgs) -> Result<(), Failure> {
    if let (Some(from), Some(until)) = (args.from, args.until)
        && from >= until
    {
        return Err(Failure::Usage("the end must be after the beginning".to_owned()));
    }
    let opened = args.of.open()?;
    let (scope, answer) = with_bar(&opened, "playing again", |log| {
        let store_id = args.store.as_deref().map(|store| find::store(log, store)).transpose()?;
        let scope = Scope { store_id, from_ms: args.from, until_ms: args.until };
        Ok((scope, what_if(log, &rule_of(args), &scope)?))
    })?;
    let products = args.by_product.map(|most| &answer.products[..most.min(answer.products.len())]);
    let mut out = Out::new();
    if args.of.is_json() {
        _ = out.json(&json_of(&rule_of(args), &scope, &answer, products));
    } else {
        _ = text_of(&mut out, args, &answer, products);
    }
    _ = out.flush();
    Ok(())
}

fn rule_of(args: &WhatIfArgs) -> Rule {
    Rule {
        hold_ms: args.ttl,
        cap: args.cap,
        order_minimum: args.min_order,
        delivery_fee: args.delivery_fee,
    }
}

/// The figures with their names, for programs and for people.
fn figures(tally: &Tally) -> [(&'static str, &'static str, i64); 10] {
    [
        ("orders_placed", "orders that got their units", tally.orders),
        ("orders_sold", "  sold", tally.sold),
        ("units_sold", "    units", tally.sold_units),
        ("revenue_paise", "    revenue", tally.revenue.0),
        ("orders_expired", "  expired", tally.expired),
        ("orders_cancelled", "  cancelled", tally.cancelled),
        ("orders_unpaid", "  not paid yet", tally.unpaid),
        ("baskets_refused", "refused for stock", tally.refused),
        ("units_refused", "    units that were short", tally.refused_units),
        ("orders_below_minimum", "below the minimum", tally.below_minimum),
    ]
}

fn json_of(rule: &Rule, scope: &Scope, answer: &Answer, products: Option<&[OfProduct]>) -> Value {
    let (actual, what_if) = (figures(&answer.actual), figures(&answer.what_if));
    let named = |figures: &[(&str, &str, i64)]| -> Map<String, Value> {
        figures.iter().map(|(name, _, figure)| ((*name).to_owned(), json!(figure))).collect()
    };
    let both = actual.iter().zip(&what_if);
    let difference: Map<String, Value> =
        both.map(|((name, _, was), (_, _, is))| ((*name).to_owned(), json!(is - was))).collect();
    let time = |at_ms: Option<i64>| at_ms.map(|at_ms| Rfc3339(at_ms).to_string());
    let mut shown = json!({
        "rule": {
            "hold_ms": rule.hold_ms, "cap": rule.cap,
            "order_minimum_paise": rule.order_minimum.map(|it| it.0),
            "delivery_fee_paise": rule.delivery_fee.map(|it| it.0),
        },
        "scope": {
            "store_id": scope.store_id.map(|StoreId(id)| id),
            "from": time(scope.from_ms), "until": time(scope.until_ms),
        },
        "through_lsn": answer.through.0,
        "actual": named(&actual),
        "what_if": named(&what_if),
        "difference": difference,
        "refused_and_now_sold": answer.rescued,
        "refused_without_lines": answer.unseen,
        "assumptions": ASSUMPTIONS,
    });
    if let Some(products) = products {
        shown["by_product"] = products.iter().map(product_json).collect();
    }
    shown
}

fn product_json(of: &OfProduct) -> Value {
    let (sku, name) = of.label.as_ref().map(|(sku, name)| (sku, name)).unzip();
    let ([sold, then_sold], [refused, then_refused]) = (of.sold_units, of.refused_units);
    json!({
        "store_id": of.store_id.0, "product_id": of.product_id.0, "sku": sku, "product_name": name,
        "actual": { "units_sold": sold, "units_refused": refused },
        "what_if": { "units_sold": then_sold, "units_refused": then_refused },
    })
}

fn text_of(
    out: &mut Out,
    args: &WhatIfArgs,
    answer: &Answer,
    products: Option<&[OfProduct]>,
) -> ControlFlow<()> {
    out.line(format!("what if {}", rule_text(&rule_of(args))))?;
    out.line(format!("{:30}{:>16}{:>16}{:>16}", "", "actual", "what if", "difference"))?;
    let both = figures(&answer.actual).into_iter().zip(figures(&answer.what_if));
    for ((name, said, was), (_, _, is)) in both {
        let shown = |figure: i64| match name {
            "revenue_paise" => Paise(figure).to_string(),
            _ => figure.to_string(),
        };
        let sign = if is > was { "+" } else { "" };
        let difference = format!("{sign}{}", shown(is - was));
        out.line(format!("{said:30}{:>16}{:>16}{difference:>16}", shown(was), shown(is)))?;
    }
    out.line(format!("baskets that were refused, and would have been sold: {}", answer.rescued))?;
    out.line(format!("refusals without lines, in neither column: {}", answer.unseen))?;
    if let Some(products) = products {
        out.line("")?;
        out.line(format!("{:30}{:>16}{:>16}{:>16}", "product", "units sold", "what if", "short"))?;
        for of in products {
            let id = of.product_id.to_string();
            let name = of.label.as_ref().map_or(&id, |(_, name)| name);
            let name: String = name.chars().take(28).collect();
            let [was, is] = of.sold_units;
            let short = format!("{} -> {}", of.refused_units[0], of.refused_units[1]);
            out.line(format!("{name:30}{was:>16}{is:>16}{short:>16}"))?;
        }
    }
    out.line("")?;
    out.line("What this takes for granted:")?;
    ASSUMPTIONS.iter().try_for_each(|assumption| out.line(format!("- {assumption}")))
}

fn rule_text(rule: &Rule) -> String {
    let hold =
        rule.hold_ms.map(|ms| format!("an unpaid order held its units for {} s", ms / 1_000));
    let cap = rule.cap.map(|cap| format!("an order had at most {cap} units of a product"));
    let minimum = rule.order_minimum.map(|it| format!("the smallest order were {it}"));
    let fee = rule.delivery_fee.map(|it| format!("delivery cost {it}"));
    [hold, cap, minimum, fee].into_iter().flatten().collect::<Vec<_>>().join(", and ")
}
