//! `kirana log explain order`

use super::{OrderArgs, what, who};
use crate::cli::Failure;
use crate::cli::log::out::{JsonList, Out};
use crate::cli::log::{end_of, render, with_bar};
use crate::rfc3339::Rfc3339;
use kirana_domain::payment::ChargeFailure;
use kirana_domain::{Event, Order, Paise};
use kirana_engine::tools::explain::{self, Money, Telling};
use kirana_engine::tools::find;
use serde_json::{Value, json};
use std::ops::ControlFlow;

pub(super) fn run(args: &OrderArgs) -> Result<(), Failure> {
    let opened = args.of.open()?;
    let mut out = Out::new();
    let until = end_of(&opened, args.until)?;
    with_bar(&opened, "looking for the order", |log| {
        let id = find::order(log, &args.order)?;
        if args.of.is_json() {
            let head = json!({ "order_id": id.0 });
            let mut list = JsonList::new(&mut out, &head, "lines");
            let order = explain::order(log, id, until, &mut |it| list.push(&line_json(it)))?;
            let code = find::code_of(log, order.placed.store_id)?;
            list.end(&tail_json(&order, code.as_deref()));
            return Ok(());
        }
        _ = out.line(heading());
        let order = explain::order(log, id, until, &mut |it| lines_text(&mut out, it))?;
        let code = find::code_of(log, order.placed.store_id)?;
        _ = tail_text(&mut out, &order, code.as_deref());
        Ok(())
    })?;
    _ = out.flush();
    Ok(())
}

/// Returns the reason that was given with a fact.
fn why(event: &Event) -> Option<String> {
    let text = |text: &dyn std::fmt::Display| Some(text.to_string());
    match event {
        Event::OrderCancelled { reason, .. }
        | Event::OrderMoved { reason, .. }
        | Event::LinesChanged { reason, .. }
        | Event::EffectsRetried { reason, .. } => reason.as_deref().and_then(|it| text(&it)),
        Event::RefundOwed { refund, .. } => match refund.note.as_deref() {
            Some(note) => Some(format!("{}: {note}", refund.reason.name())),
            None => text(&refund.reason.name()),
        },
        Event::ChargeSeen { charge, .. } => {
            charge.failure.as_ref().and_then(ChargeFailure::words).and_then(|it| text(&&**it))
        }
        Event::DisputeSeen { dispute, .. } => {
            let why = dispute.reason.as_ref().or(dispute.reason_code.as_ref());
            why.and_then(|it| text(&&**it))
        }
        Event::EffectFailed { trouble, .. } => text(&&*trouble.error),
        Event::WebhookReceived { name, .. } => text(&&**name),
        _ => None,
    }
}

fn number(order: &Order, code: Option<&str>) -> String {
    format!("{}-{:06}", code.unwrap_or("?"), order.placed.number)
}

fn money_json(money: &Money) -> Value {
    json!({
        "total_paise": money.total.0,
        "captured_paise": money.captured.0,
        "given_back_paise": money.given_back.0,
        "lost_paise": money.lost.0,
        "cash_due_paise": money.cash_due.0,
        "cash_collected_paise": money.cash_collected.0,
    })
}

fn line_json(it: &Telling<'_>) -> Value {
    let mut shown = render::record(it.lsn, it.record);
    shown["what"] = json!(what(&it.record.event));
    shown["why"] = json!(why(&it.record.event));
    shown["changes_the_order"] = json!(it.is_fact);
    shown["after"] = json!({
        "status": it.order.status.name(),
        "payment_status": it.order.payment_status().name(),
        "money": money_json(&Money::of(it.order)),
    });
    shown
}

fn tail_json(order: &Order, code: Option<&str>) -> Value {
    json!({
        "order_number": number(order, code),
        "store_id": order.placed.store_id.0,
        "customer_id": order.placed.customer_id.0,
        "status": order.status.name(),
        "payment_method": order.placed.payment_method.name(),
        "payment_status": order.payment_status().name(),
        "money": money_json(&Money::of(order)),
        "items": order.lines().iter().map(render::order_line).collect::<Vec<_>>(),
        "version": order.version(),
        "lsn": order.lsn().0,
    })
}

/// Paise as rupees: `123.45`.
fn rupees(amount: Paise) -> String {
    let sign = if amount.0 < 0 { "-" } else { "" };
    let paise = amount.0.unsigned_abs();
    format!("{sign}{}.{:02}", paise / 100, paise % 100)
}

fn heading() -> String {
    format!(
        "{:>8}  {:24}  {:20}  {:18}  {:16}  {:18}{:>12}{:>12}{:>12}{:>12}",
        "lsn",
        "when",
        "what",
        "who",
        "status",
        "payment",
        "total",
        "captured",
        "given back",
        "cash due",
    )
}

fn lines_text(out: &mut Out, it: &Telling<'_>) -> ControlFlow<()> {
    let Money { total, captured, given_back, cash_due, .. } = Money::of(it.order);
    let [total, captured, given_back, cash_due] =
        [total, captured, given_back, cash_due].map(rupees);
    let at = Rfc3339(it.record.at_ms).to_string();
    out.line(format!(
        "{:>8}  {at:24}  {:20}  {:18}  {:16}  {:18}{total:>12}{captured:>12}{given_back:>12}\
         {cash_due:>12}",
        it.lsn.0,
        what(&it.record.event),
        who(&it.record.by),
        it.order.status.name(),
        it.order.payment_status().name(),
    ))?;
    match why(&it.record.event) {
        Some(why) => out.line(format!("{:36}\u{201c}{why}\u{201d}", "")),
        None => ControlFlow::Continue(()),
    }
}

fn tail_text(out: &mut Out, order: &Order, code: Option<&str>) -> ControlFlow<()> {
    let money = Money::of(order);
    out.line(format!(
        "\n{}, {}: {}, {}",
        number(order, code),
        order.placed.id,
        order.status.name(),
        order.payment_status().name()
    ))?;
    for line in order.lines() {
        let price = rupees(line.item.price);
        let net = rupees(line.net());
        out.line(format!("{:>4} × {:40} {price:>10} {net:>12}", line.quantity, &*line.item.name))?;
    }
    let sums = order.sums();
    let fees = sums.fees().map(|(kind, fee)| (format!("{} fee", kind.name()), fee.amount));
    let others = [
        ("taken off", sums.discount),
        ("total", money.total),
        ("captured", money.captured),
        ("given back", money.given_back),
        ("lost in disputes", money.lost),
        ("cash collected", money.cash_collected),
        ("cash due", money.cash_due),
    ];
    for (name, amount) in fees.into_iter().chain(others.map(|(name, of)| (name.to_owned(), of))) {
        if amount != Paise::ZERO || name == "total" {
            out.line(format!("{name:>47} {:>23}", rupees(amount)))?;
        }
    }
    ControlFlow::Continue(())
}
