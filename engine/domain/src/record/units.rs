//! Units of products that a fact moves: the ledger and the promises ahead of it follow this.

use crate::facts::{Bucket, Step, StockLine, StockMove};
use crate::{Event, ProductId, StoreId};

impl Event {
    /// Calls `tell` for every product whose units this fact moves. The only place that says what
    /// a fact does to stock: the ledger and the shelves both follow it.
    pub fn for_stock(&self, mut tell: impl FnMut(StoreId, ProductId, StockMove)) {
        let mut lines = |store_id: &StoreId, lines: &[StockLine], of: fn(u32) -> StockMove| {
            lines.iter().for_each(|line| tell(*store_id, line.product_id, of(line.units)));
        };
        match self {
            Self::ProductDefined { product, opening_units } if *opening_units > 0 => {
                tell(product.store_id, product.id, StockMove::Receive(*opening_units));
            }
            Self::StockReceived { store_id, lines } => {
                for line in lines {
                    tell(*store_id, line.product_id, StockMove::Receive(line.units));
                }
            }
            Self::StockAdjusted { store_id, lines } => {
                for line in lines {
                    tell(*store_id, line.product_id, StockMove::Adjust(line.delta));
                }
            }
            Self::OrderPlaced { order } => {
                let into = order.status.bucket().expect("a new order has its units");
                for line in &order.lines {
                    tell(order.store_id, line.item.id, StockMove::Take(line.quantity, into));
                }
            }
            Self::OrderCancelled { store_id, lines, from, .. } => {
                for line in lines {
                    tell(*store_id, line.product_id, StockMove::GiveBack(line.units, *from));
                }
            }
            Self::OrderExpired { store_id, lines: back, .. } => {
                lines(store_id, back, |units| StockMove::GiveBack(units, Bucket::Held));
            }
            Self::OrderConfirmed { store_id, lines: own, held_again, .. } => {
                let of: fn(u32) -> StockMove = match held_again {
                    true => |units| StockMove::Take(units, Bucket::Allocated),
                    false => StockMove::Confirm,
                };
                lines(store_id, own, of);
            }
            Self::OrderTurnedToCash { store_id, lines: own, .. } => {
                lines(store_id, own, StockMove::Confirm);
            }
            Self::OrderMoved { store_id, lines: moved, step, .. } => match step {
                Step::DeliveryFailed => lines(store_id, moved, StockMove::BringBack),
                _ => lines(store_id, moved, StockMove::Ship),
            },
            Self::LinesChanged { store_id, change, .. } => {
                lines(store_id, &change.missing, StockMove::WriteOff);
                lines(store_id, &change.taken, |n| StockMove::Take(n, Bucket::Allocated));
                lines(store_id, &change.back, |n| StockMove::GiveBack(n, Bucket::Allocated));
            }
            _ => (),
        }
    }

    /// Calls `put` for every product whose units this fact made promisable again.
    pub fn for_units_back(&self, mut put: impl FnMut(StoreId, ProductId, u32)) {
        self.for_stock(|store_id, product_id, moved| match moved {
            StockMove::Receive(units) | StockMove::GiveBack(units, _) => {
                put(store_id, product_id, units);
            }
            StockMove::Adjust(delta) if delta > 0 => {
                put(store_id, product_id, delta.unsigned_abs());
            }
            _ => (),
        });
    }
}
