//! What the log holds: a fact, who caused it, when, and the request it answers.

use crate::order::NewOrder;
use crate::stock::Bucket;
use crate::text::Text;
use crate::time::AtMs;
use crate::{OrderId, Principal, Product, ProductId, Rejection, RequestKey, Store, StoreId};
use std::sync::Arc;

/// A reason that somebody wrote.
pub type Reason = Text<{ crate::limits::REASON_CHARS_MAX }>;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When the decision was made.
    pub at_ms: AtMs,
    /// Who asked for it.
    pub by: Principal,
    /// The request that this is the answer to, if it came with a key.
    pub key: Option<RequestKey>,
    /// What happened.
    pub event: Event,
}

/// Units of a product that came in or went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLine {
    /// The product.
    pub product_id: ProductId,
    /// 1 or more.
    pub units: u32,
}

/// A correction of a product's count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockChange {
    /// The product.
    pub product_id: ProductId,
    /// Signed; never zero.
    pub delta: i32,
    /// Why.
    pub reason: Reason,
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The engine started and claims this epoch of the log.
    EngineStarted {
        /// Raised by one at every start and change of owner.
        epoch: u32,
    },
    /// A store was opened.
    StoreOpened {
        /// All its settings.
        store: Arc<Store>,
    },
    /// A store's settings were changed.
    StoreChanged {
        /// All its settings, the unchanged ones too.
        store: Arc<Store>,
    },
    /// A product was defined, or defined anew.
    ProductDefined {
        /// All that is known of it.
        product: Arc<Product>,
        /// Units that came in with its first definition.
        opening_units: u32,
    },
    /// Units came in from a supplier.
    StockReceived {
        /// The store.
        store_id: StoreId,
        /// Each product once.
        lines: Vec<StockLine>,
    },
    /// Counts were corrected.
    StockAdjusted {
        /// The store.
        store_id: StoreId,
        /// Each product once.
        lines: Vec<StockChange>,
    },
    /// An order was placed. It took its units in the same moment.
    OrderPlaced {
        /// The order as it was placed.
        order: Arc<NewOrder>,
    },
    /// An order was cancelled; its units came back.
    OrderCancelled {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// Why, if somebody wrote a reason.
        reason: Option<Reason>,
        /// What came back.
        lines: Vec<StockLine>,
        /// Where it had been.
        from: Bucket,
    },
    /// An order was not paid in time; its units came back.
    OrderExpired {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// What came back.
        lines: Vec<StockLine>,
    },
    /// A command with a key was refused: its twin gets the same answer.
    CommandRefused {
        /// Why.
        rejection: Rejection,
    },
}

impl Event {
    /// Calls `put` for every product whose units this fact made promisable again.
    pub fn for_units_back(&self, mut put: impl FnMut(StoreId, ProductId, u32)) {
        match self {
            Self::ProductDefined { product, opening_units } if *opening_units > 0 => {
                put(product.store_id, product.id, *opening_units);
            }
            Self::StockReceived { store_id, lines }
            | Self::OrderCancelled { store_id, lines, .. }
            | Self::OrderExpired { store_id, lines, .. } => {
                lines.iter().for_each(|line| put(*store_id, line.product_id, line.units));
            }
            Self::StockAdjusted { store_id, lines } => {
                for line in lines.iter().filter(|line| line.delta > 0) {
                    put(*store_id, line.product_id, line.delta.unsigned_abs());
                }
            }
            _ => (),
        }
    }

    /// The order that this fact is about.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::OrderPlaced { order } => Some(order.id),
            Self::OrderCancelled { order_id, .. } | Self::OrderExpired { order_id, .. } => {
                Some(*order_id)
            }
            _ => None,
        }
    }
}
