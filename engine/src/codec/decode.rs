//! Decoding as a step of its own, on a thread of its own: of what a replay costs, it is the half.

use crate::codec::known_items::KnownItems;
use crate::codec::lsn::domain_lsn;
use crate::codec::{self, CodecError};
use kirana_domain::{Catalogue, Event, FastMap, Item, Lsn, Product, ProductId, Record, StoreId};
use kirana_storage::StoredFrame;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

/// Frames that wait between two threads: enough that neither waits for the other's jitter.
pub(crate) const FRAMES_WAITING_MAX: usize = 64;

/// A record with its place, or why it is none.
pub(crate) type Decoded = (Lsn, Result<Record, CodecError>);

/// Decodes the records of a log in their order. The lines of orders share their items with the
/// products that the records before them have defined.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    items: Items,
}

#[derive(Debug, Default)]
struct Items(FastMap<(StoreId, ProductId), Arc<Product>>);

impl Items {
    fn learn(&mut self, product: &Arc<Product>) {
        self.0.insert((product.store_id, product.id), Arc::clone(product));
    }
}

impl KnownItems for Items {
    fn known(&self, store_id: StoreId, id: ProductId) -> Option<&Arc<Item>> {
        let product = self.0.get(&(store_id, id));
        product.map(|product| &product.item)
    }
}

impl Decoder {
    /// Starts with what was defined before.
    pub(crate) fn after(catalogue: &Catalogue) -> Self {
        let mut items = Items::default();
        for product in catalogue.stores().flat_map(|it| catalogue.products_after(it.id, None)) {
            items.learn(product);
        }
        Self { items }
    }

    /// Decodes the records of the next frame.
    pub(crate) fn frame(&mut self, frame: &StoredFrame) -> Vec<Decoded> {
        let records = frame.records().map(|(lsn, bytes)| {
            let record = codec::decode_sharing(bytes, &self.items);
            if let Ok(Record { event: Event::ProductDefined { product, .. }, .. }) = &record {
                self.items.learn(product);
            }
            (domain_lsn(lsn), record)
        });
        records.collect()
    }
}

/// Runs `step` on everything that comes, in its order, on a thread of its own.
pub(crate) fn stage<'scope, T: Send + 'scope, U: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    incoming: Receiver<T>,
    mut step: impl FnMut(T) -> U + Send + 'scope,
) -> Receiver<U> {
    let (sender, done) = sync_channel(FRAMES_WAITING_MAX);
    scope.spawn(move || {
        // Fails once the receiver is gone; then the sender to this stage fails, too.
        _ = incoming.into_iter().all(|item| sender.send(step(item)).is_ok());
    });
    done
}
