//! What the fourth release says of riders.

use super::second::RIDER;
use super::{STORE, record, refused};
use kirana_domain::{Event, Record, Rejection, StoreRider};
use std::sync::Arc;

/// A rider of the store.
pub(crate) fn store_rider(on_shift: bool) -> StoreRider {
    let sealed = Arc::from([if on_shift { 0x5A } else { 0xA5 }; 40]);
    StoreRider { store_id: STORE, capacity: 300, on_shift, sealed }
}

/// Riders that are known, and the refusals that speak of them.
pub(super) fn fourth_riders() -> Vec<(&'static str, Record)> {
    let saved =
        |on_shift| record(Event::RiderSaved { rider_id: RIDER, rider: store_rider(on_shift) });
    vec![
        ("rider_saved_on_shift", saved(true)),
        ("rider_saved_off_shift", saved(false)),
        ("refused_3010", refused(Rejection::RiderUnknown)),
        ("refused_3011", refused(Rejection::RiderOffShift)),
        ("refused_3012", refused(Rejection::RiderFull { capacity: 3 })),
        ("refused_3013", refused(Rejection::TooManyRiders)),
    ]
}
