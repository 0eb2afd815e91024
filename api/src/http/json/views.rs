//! Orders, products, stock and quotes as answers show them: borrowed, so that rendering copies
//! nothing but the bytes of the answer.

mod documents;
mod rider;

use crate::http::json::address::AddressShown;
use crate::http::json::disputes::DisputeView;
use crate::percent::Percent;
use crate::rfc3339::Rfc3339;
pub(crate) use rider::{Contact, RiderView};

use documents::Documents;
use kirana_domain::order::{Milestone, Proposal};
use kirana_domain::record::Event;
use kirana_domain::{Order, OrderLine, Product, Quote, Record, Stock, StockIssue, Sums, TaxRule};
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use uuid::Uuid;

/// An order with its personal part and its store's code.
pub(crate) struct OrderView<'a> {
    /// The order.
    pub order: &'a Order,
    /// Its store's code, in front of its number.
    pub store_code: &'a str,
    /// Address and notes; `None` once they were forgotten.
    pub personal: Option<Personal<'a>>,
    /// The rider who brings it, while it is on the way.
    pub rider: Option<RiderView>,
}

/// The personal part of an order as it is sealed.
#[derive(Deserialize)]
pub(crate) struct Personal<'a> {
    /// The delivery address.
    #[serde(borrow)]
    pub delivery_address: AddressShown<'a>,
    /// Notes for the store or the rider.
    #[serde(borrow)]
    pub notes: Option<&'a RawValue>,
}

impl<'a> OrderView<'a> {
    /// Returns the view of an order, with its personal part as it is sealed.
    pub(crate) fn new(order: &'a Order, store_code: &'a str, sealed: Option<&'a [u8]>) -> Self {
        let personal = sealed.and_then(|bytes| serde_json::from_slice(bytes).ok());
        Self { order, store_code, personal, rider: None }
    }

    /// Returns the same with the rider who brings it.
    pub(crate) fn with_rider(self, rider: Option<RiderView>) -> Self {
        Self { rider, ..self }
    }
}

impl Serialize for OrderView<'_> {
    /// Serialises every member, `null` where there is none: an app need not ask which are there.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { order, store_code, personal, rider } = self;
        let placed = &*order.placed;
        let mut out = serializer.serialize_struct("Order", 46)?;
        out.serialize_field("id", &placed.id.0)?;
        out.serialize_field("order_number", &Number(store_code, placed.number))?;
        out.serialize_field("store_id", &placed.store_id.0)?;
        out.serialize_field("customer_id", &placed.customer_id.0)?;
        out.serialize_field("status", order.status.name())?;
        out.serialize_field("payment_status", order.payment_status().name())?;
        out.serialize_field("payment_method", placed.payment_method.name())?;
        out.serialize_field("items", &Items(order))?;
        serialize_money(&mut out, order)?;
        serialize_way(&mut out, order)?;
        out.serialize_field("rider", rider)?;
        out.serialize_field("documents", &Documents(order, store_code))?;
        let personal = personal.as_ref();
        out.serialize_field("delivery_address", &personal.map(|own| &own.delivery_address))?;
        out.serialize_field("notes", &personal.and_then(|own| own.notes))?;
        out.serialize_field("version", &order.version())?;
        out.serialize_field("lsn", &order.lsn().0)?;
        out.serialize_field("created_at", &Rfc3339(order.created_at_ms))?;
        out.serialize_field("updated_at", &Rfc3339(order.updated_at_ms))?;
        out.end()
    }
}

/// The money of an order as it is now, and as it was ordered.
fn serialize_money<S: SerializeStruct>(out: &mut S, order: &Order) -> Result<(), S::Error> {
    serialize_sums(out, &order.sums())?;
    out.serialize_field("ordered_total_paise", &order.placed.sums.total.0)?;
    out.serialize_field("refunded_paise", &order.refunded().0)?;
    out.serialize_field("lost_paise", &order.lost().0)?;
    out.serialize_field("disputes", &DisputeView::all_of(order))?;
    out.serialize_field("coupon_code", &order.placed.coupon.as_deref())?;
    out.serialize_field("cash_collected_paise", &order.cash().map(|cash| cash.0))
}

/// The way of an order through the store and to the door.
fn serialize_way<S: SerializeStruct>(out: &mut S, order: &Order) -> Result<(), S::Error> {
    let placed = &*order.placed;
    let rider = order.rider();
    out.serialize_field("rider_id", &rider.map(|rider| rider.person_id.0))?;
    out.serialize_field("rider_accepted", &rider.map(|rider| rider.accepted))?;
    let proposals: Vec<_> = order.proposals().iter().map(ProposalView::from).collect();
    out.serialize_field("proposed_substitutes", &proposals)?;
    let promise = Some(placed.promise).filter(|promise| *promise != (0, 0));
    out.serialize_field("promise_minutes", &promise)?;
    out.serialize_field("estimate_minutes", &order.estimate_minutes())?;
    out.serialize_field("estimated_at", &order.estimate_ms().map(Rfc3339))?;
    out.serialize_field("zone_id", &placed.zone_id.map(|id| id.0))?;
    out.serialize_field("substitution", placed.preference.name())?;
    out.serialize_field("hold_expires_at", &order.countdown_ends_ms().map(Rfc3339))?;
    out.serialize_field("can_cancel", &order.can_cancel())?;
    out.serialize_field("stamps", &StampsView(order))
}

/// The times of an order's steps: a member for each, and `placed_at`, which every order has.
struct StampsView<'a>(&'a Order);

impl Serialize for StampsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let order = self.0;
        let mut out = serializer.serialize_struct("Stamps", 1 + Milestone::NAMES.len())?;
        out.serialize_field("placed_at", &Rfc3339(order.created_at_ms))?;
        for (milestone, name) in Milestone::NAMES {
            out.serialize_field(name, &order.stamps.get(*milestone).map(Rfc3339))?;
        }
        out.end()
    }
}

fn serialize_sums<S: SerializeStruct>(out: &mut S, sums: &Sums) -> Result<(), S::Error> {
    sums.rows().iter().try_for_each(|(name, amount)| out.serialize_field(name, &amount.0))
}

/// A number of an order with its store's code: `TUR-000042`.
pub(crate) struct Number<'a>(pub &'a str, pub u64);

impl std::fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:06}", self.0, self.1)
    }
}

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Lines, and the rule of tax of their bill.
struct Lines<'a>(&'a [OrderLine], TaxRule);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|line| LineView::of(line, self.1)))
    }
}

#[derive(Serialize)]
struct LineView<'a> {
    product_id: Uuid,
    product_name: &'a str,
    sku: &'a str,
    quantity: u32,
    unit_price_paise: i64,
    total_paise: i64,
    discount_paise: i64,
    tax_paise: i64,
}

impl<'a> LineView<'a> {
    fn of(line: &'a OrderLine, rule: TaxRule) -> Self {
        let OrderLine { item, quantity, discount } = line;
        Self {
            product_id: item.id.0,
            product_name: &item.name,
            sku: &item.sku,
            quantity: *quantity,
            unit_price_paise: item.price.0,
            total_paise: line.gross().0,
            discount_paise: discount.0,
            tax_paise: line.tax(rule).0,
        }
    }
}

/// The items of an order: its lines as they are now, with what became of them.
struct Items<'a>(&'a Order);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(None)?;
        for progress in self.0.lines_progress() {
            out.serialize_element(&ItemView {
                line: LineView::of(&progress.now, self.0.placed.sums.tax_rule),
                quantity_ordered: progress.ordered,
                quantity_missing: progress.missing,
                missing_paise: progress.missing_amount.0,
                quantity_returned: progress.returned,
            })?;
        }
        out.end()
    }
}

#[derive(Serialize)]
struct ItemView<'a> {
    #[serde(flatten)]
    line: LineView<'a>,
    /// Units that were ordered; 0 for a substitute.
    quantity_ordered: u32,
    /// Units of them that could not be found.
    quantity_missing: u32,
    /// The amount that is no longer to be paid for them.
    missing_paise: i64,
    /// Units that came back to the store for good.
    quantity_returned: u32,
}

/// A substitute that the customer is asked about.
#[derive(Serialize)]
struct ProposalView<'a> {
    missing_product_id: Uuid,
    missing_quantity: u32,
    product_id: Uuid,
    product_name: &'a str,
    quantity: u32,
    unit_price_paise: i64,
}

impl<'a> From<&'a Proposal> for ProposalView<'a> {
    fn from(proposal: &'a Proposal) -> Self {
        Self {
            missing_product_id: proposal.missing.0,
            missing_quantity: proposal.missing_units,
            product_id: proposal.item.id.0,
            product_name: &proposal.item.name,
            quantity: proposal.units,
            unit_price_paise: proposal.item.price.0,
        }
    }
}

/// A quote, as the app shows it before an order and after a price change.
pub(crate) struct QuoteView<'a>(pub &'a Quote);

impl Serialize for QuoteView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let quote = self.0;
        let mut out = serializer.serialize_struct("Quote", 7)?;
        out.serialize_field("items", &Lines(&quote.lines, quote.sums.tax_rule))?;
        serialize_sums(&mut out, &quote.sums)?;
        out.serialize_field("coupon_code", &quote.coupon.as_deref())?;
        out.end()
    }
}

/// One line that is short.
#[derive(Serialize)]
pub(crate) struct StockIssueView<'a> {
    product_id: Uuid,
    product_name: &'a str,
    requested_quantity: u32,
    available_stock: u32,
}

impl<'a> From<&'a StockIssue> for StockIssueView<'a> {
    fn from(issue: &'a StockIssue) -> Self {
        Self {
            product_id: issue.product_id.0,
            product_name: &issue.product_name,
            requested_quantity: issue.requested,
            available_stock: issue.available,
        }
    }
}

/// A product with what can be had of it now.
#[derive(Serialize)]
pub(crate) struct ProductView<'a> {
    product_id: Uuid,
    sku: &'a str,
    name: &'a str,
    brand: Option<&'a str>,
    category: Option<&'a str>,
    unit: Option<&'a str>,
    price_paise: i64,
    mrp_paise: i64,
    hsn: Option<&'a str>,
    gst_percent: Percent,
    max_per_order: u32,
    active: bool,
    description: Option<&'a str>,
    image_url: Option<&'a str>,
    /// From broad to narrow; the first is the category.
    categories: Vec<&'a str>,
    attributes: BTreeMap<&'a str, &'a str>,
    available: Option<i64>,
}

impl<'a> ProductView<'a> {
    /// Of a product, and its available units where they are to be shown.
    pub(crate) fn new(product: &'a Product, available: Option<i64>) -> Self {
        let about = &product.about;
        Self {
            product_id: product.id.0,
            sku: &product.sku,
            name: &product.name,
            brand: product.brand.as_deref(),
            category: product.category.as_deref(),
            unit: product.unit.as_deref(),
            price_paise: product.price.0,
            mrp_paise: product.mrp.0,
            hsn: product.hsn.as_deref(),
            gst_percent: Percent(product.gst),
            max_per_order: product.max_per_order,
            active: product.is_active,
            description: about.description.as_deref(),
            image_url: about.image_url.as_deref(),
            categories: product
                .category
                .iter()
                .chain(&about.subcategories)
                .map(|it| &**it)
                .collect(),
            attributes: about.attributes.iter().map(|(name, it)| (&**name, &**it)).collect(),
            available,
        }
    }
}

/// The counts of a product; the stock law holds in every answer.
#[derive(Serialize)]
pub(crate) struct StockView {
    product_id: Uuid,
    received: i64,
    returned: i64,
    adjusted: i64,
    available: i64,
    held: i64,
    allocated: i64,
    shipped: i64,
    lsn: u64,
}

impl StockView {
    /// Of a product's ledger as of a position in the log.
    pub(crate) fn new(product_id: Uuid, stock: &Stock, lsn: u64) -> Self {
        let Stock { received, returned, adjusted, available, held, allocated, shipped, .. } =
            *stock;
        Self { product_id, received, returned, adjusted, available, held, allocated, shipped, lsn }
    }
}

/// One fact of an order's life: who did what, when, why, at which position.
#[derive(Serialize)]
pub(crate) struct FactView<'a> {
    lsn: u64,
    at: Rfc3339,
    event: &'static str,
    status: Option<&'static str>,
    role: &'static str,
    person_id: Option<Uuid>,
    reason: Option<&'a str>,
}

impl<'a> FactView<'a> {
    /// Of a record.
    pub(crate) fn new(lsn: u64, record: &'a Record) -> Self {
        let (event, status, reason) = match &record.event {
            Event::OrderPlaced { order } => ("order_placed", Some(order.status.name()), None),
            Event::OrderCancelled { reason, .. } => {
                ("order_cancelled", Some("cancelled"), reason.as_deref())
            }
            Event::OrderExpired { .. } => ("order_expired", Some("expired"), None),
            Event::OrderConfirmed { .. } => ("order_confirmed", Some("placed"), None),
            Event::OrderTurnedToCash { .. } => ("order_turned_to_cash", Some("placed"), None),
            Event::OrderMoved { step, reason, .. } => (step.name(), None, reason.as_deref()),
            Event::LinesChanged { reason, .. } => ("lines_changed", None, reason.as_deref()),
            Event::EffectsRetried { reason, .. } => ("effects_retried", None, reason.as_deref()),
            Event::RefundOwed { refund, .. } => ("refund_owed", None, refund.note.as_deref()),
            event => (event.word().unwrap_or("other"), None, None),
        };
        let person = record.by.person_id.0;
        Self {
            lsn,
            at: Rfc3339(record.at_ms),
            event,
            status,
            role: record.by.role.name(),
            person_id: (!person.is_nil()).then_some(person),
            reason,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
