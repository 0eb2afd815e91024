//! Places of connections: so many in all, and so many of one address.

use super::Bounds;
use crate::http::peer::counted_by;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The places of a listener.
pub(super) struct Places {
    all: Arc<Semaphore>,
    all_max: usize,
    /// Connections of each address that has one.
    of_address: Mutex<HashMap<IpAddr, usize>>,
    per_address_max: usize,
}

/// A place; it is free again when it is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    counted: Option<(Arc<Places>, IpAddr)>,
}

/// A reason for which there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All places are taken.
    All,
    /// The address has as many connections as one may have.
    OfAddress,
}

impl Places {
    pub(super) fn new(bounds: &Bounds) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(bounds.connections_max)),
            all_max: bounds.connections_max,
            of_address: Mutex::default(),
            per_address_max: bounds.per_address_max,
        })
    }

    /// Takes a place for a connection from an address; one that `is_trusted` carries the requests
    /// of many and is not counted.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, is_trusted: bool) -> Result<Place, Full> {
        let permit = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Full::All)?;
        let mut counted = None;
        if self.per_address_max > 0 && !is_trusted {
            let address = counted_by(address);
            let mut of_address = self.of_address.lock();
            let count = of_address.entry(address).or_default();
            if *count >= self.per_address_max {
                return Err(Full::OfAddress);
            }
            *count += 1;
            counted = Some((Arc::clone(self), address));
        }
        Ok(Place { _permit: permit, counted })
    }

    /// Waits until all are free. `false` when that takes longer.
    pub(super) async fn are_free(&self, longest: Duration) -> bool {
        let all = u32::try_from(self.all_max).unwrap_or(u32::MAX);
        timeout(longest, self.all.acquire_many(all)).await.is_ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, address)) = self.counted.take() else { return };
        let mut of_address = places.of_address.lock();
        if let Some(count) = of_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                of_address.remove(&address);
            }
        }
    }
}
