//! Finding what people mean: an order by its id or number, a store by its code, a product by its
//! SKU; and the records that speak of it.
//!
//! Orders and stores are found by the labels of the archive, so that only what is about them is
//! read; of a product, its name stands raw in the bytes of records, and those without it are not
//! decoded.

use super::scan::decode;
use super::{Flow, Log, ToolError, Until};
use crate::codec::labels;
use kirana_domain::{Event, Lsn, OrderId, ProductId, Record, StoreId};
use memchr::memmem::Finder;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use uuid::Uuid;

/// An order as people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderRef {
    /// Its id.
    Id(OrderId),
    /// Its number, with the code of its store in front where that is known: `TUR-000002`.
    Number {
        /// The store's code.
        code: Option<String>,
        /// The number.
        number: u64,
    },
}

impl OrderRef {
    /// Reads a UUID, `TUR-000002` or `2`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(id) = Uuid::parse_str(text) {
            return Some(Self::Id(OrderId(id)));
        }
        let (code, digits) = match text.rsplit_once('-') {
            Some((code, digits)) if !code.is_empty() => (Some(code.to_ascii_uppercase()), digits),
            Some(_) => return None,
            None => (None, text),
        };
        let is_number =
            (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|number| is_number && *number > 0)?;
        Some(Self::Number { code, number })
    }
}

impl std::fmt::Display for OrderRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Number { code: Some(code), number } => write!(f, "{code}-{number:06}"),
            Self::Number { code: None, number } => number.fmt(f),
        }
    }
}

/// The id of an order. A number is looked up among all orders that were ever placed.
///
/// # Errors
/// [`ToolError::Unknown`] and [`ToolError::Ambiguous`] for a number, and what is wrong with the
/// log.
pub fn order(log: &Log<'_>, wanted: &OrderRef) -> Result<OrderId, ToolError> {
    let (code, number) = match wanted {
        OrderRef::Id(id) => return Ok(*id),
        OrderRef::Number { code, number } => (code, *number),
    };
    let mut coded = BTreeSet::new();
    if let Some(code) = code {
        stores(log, &mut |id, its_code| _ = (its_code == code).then(|| coded.insert(id)))?;
    }
    // One order of each store has the number.
    let mut placed = BTreeMap::new();
    log.labelled(labels::of_number(number), Until::End, &mut |_, record| {
        if let Event::OrderPlaced { order } = record.event {
            placed.insert(order.store_id, order.id);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    placed.retain(|store_id, _| code.is_none() || coded.contains(store_id));
    match placed.len() {
        0 => Err(ToolError::Unknown(format!("there is no order {wanted} in this log"))),
        1 => Ok(placed.into_values().next().expect("there is one")),
        several => Err(ToolError::Ambiguous(format!(
            "{several} stores have an order {wanted}: say which with the code in front, or the id"
        ))),
    }
}

/// The id of a store: a UUID, or a code that it has had.
///
/// # Errors
/// As [`order`].
pub fn store(log: &Log<'_>, wanted: &str) -> Result<StoreId, ToolError> {
    if let Ok(id) = Uuid::parse_str(wanted) {
        return Ok(StoreId(id));
    }
    let code = wanted.to_ascii_uppercase();
    let mut found = BTreeSet::new();
    stores(log, &mut |id, its_code| _ = (its_code == code).then(|| found.insert(id)))?;
    one_of(found, &format!("store with the code {code}"))
}

/// The id of a product: a UUID, or the SKU that it has had in a store.
///
/// # Errors
/// As [`order`].
pub fn product(log: &Log<'_>, store_id: StoreId, wanted: &str) -> Result<ProductId, ToolError> {
    if let Ok(id) = Uuid::parse_str(wanted) {
        return Ok(ProductId(id));
    }
    let mut found = BTreeSet::new();
    let needle = Finder::new(wanted.as_bytes());
    log.records_with(Lsn(1), Until::End, &needle, &mut |lsn, bytes| {
        if let Event::ProductDefined { product, .. } = decode(lsn, bytes)?.event
            && product.store_id == store_id
            && *product.sku == *wanted
        {
            found.insert(product.id);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    one_of(found, &format!("product with the SKU {wanted} in store {store_id}"))
}

fn one_of<Id: Ord>(mut found: BTreeSet<Id>, what: &str) -> Result<Id, ToolError> {
    match (found.pop_first(), found.len()) {
        (None, _) => Err(ToolError::Unknown(format!("there is no {what} in this log"))),
        (Some(id), 0) => Ok(id),
        (Some(_), _) => {
            Err(ToolError::Ambiguous(format!("there is more than one {what}: give the id")))
        }
    }
}

/// Shows `visit` every record about an order, and every message of the payment provider about it.
///
/// # Errors
/// As [`Log::records`].
pub fn records_of(
    log: &Log<'_>,
    id: OrderId,
    until: Until,
    visit: &mut dyn FnMut(Lsn, Record) -> Flow,
) -> Result<(), ToolError> {
    log.labelled(labels::of_order(id), until, &mut |lsn, record| {
        // Other records may have the same label.
        match record.event.mentioned_order() {
            Some(other) if other == id => visit(lsn, record),
            _ => Ok(ControlFlow::Continue(())),
        }
    })
}

/// The code in front of a store's order numbers, as the store was opened with it.
///
/// # Errors
/// As [`Log::records`].
pub fn code_of(log: &Log<'_>, id: StoreId) -> Result<Option<String>, ToolError> {
    let mut first = None;
    stores(log, &mut |other, code| {
        if other == id && first.is_none() {
            first = Some(code.to_owned());
        }
    })?;
    Ok(first)
}

/// Shows `visit` each store with its code, as often as it was defined.
fn stores(log: &Log<'_>, visit: &mut dyn FnMut(StoreId, &str)) -> Result<(), ToolError> {
    log.labelled(labels::STORES, Until::End, &mut |_, record| {
        if let Event::StoreOpened { store } | Event::StoreChanged { store } = record.event {
            visit(store.id, &store.code);
        }
        Ok(ControlFlow::Continue(()))
    })
}

#[cfg(test)]
mod tests;
