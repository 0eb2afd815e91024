//! The four shops of the data, as stores of ours: open at any hour, cash without bounds, and a
//! small delivery fee, because nothing of that is in the data.

use kirana_domain::catalogue::CodRules;
use kirana_domain::time::MinuteOfDay;
use kirana_domain::{Bps, FeeStep, Paise, Store, StoreId, Text};
use uuid::Uuid;

/// What the data calls them.
pub(super) const NUMBERS: [u32; 4] = [292, 356, 367, 406];

/// The id of the n-th shop.
pub fn store_id(n: usize) -> StoreId {
    let place = u128::try_from(n).expect("a small number");
    StoreId(Uuid::from_u128(0x0159_4ad0_0000_7000_8000_0000_0000_0000 | (place + 1)))
}

/// The n-th shop.
///
/// # Panics
/// When there is no such shop.
pub(super) fn shop(n: usize) -> Store {
    let number = NUMBERS[n];
    let minute = |minute| MinuteOfDay::new(minute).expect("a minute of the day");
    let fees = [(2_000, 250), (5_000, 200)];
    let steps = fees.map(|(below, fee)| FeeStep { below: Paise(below), fee: Paise(fee) });
    Store {
        hours: (minute(0), minute(24 * 60)),
        fee_steps: steps.to_vec(),
        order_minimum: Paise::ZERO,
        cod_maximum: Paise::rupees(100_000),
        cod: CodRules::OPEN,
        gstin: Some(text("17AAAAA0000A1Z3")),
        delivers_anywhere: true,
        ..Store::with_defaults(
            store_id(n),
            text(&format!("CJ{number}")),
            text(&format!("Store {number}")),
            text("Main Bazaar, Tura"),
        )
    }
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).expect("a text of ours is within its bounds")
}

/// GST inside the prices of a department: rates are not in the data either.
pub(super) fn gst(department: &str) -> Bps {
    match department {
        "PRODUCE" | "MEAT" | "SEAFOOD" => Bps(0),
        "GROCERY" | "MEAT-PCKGD" | "SEAFOOD-PCKGD" | "DELI" | "PASTRY" | "NUTRITION" => Bps(500),
        "SPIRITS" => Bps(4_000),
        _ => Bps(1_800),
    }
}
