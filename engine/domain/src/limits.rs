//! Every bound of the domain in one place, with its unit, and how the bounds relate.

/// Lines of a basket after equal products were merged.
pub const BASKET_LINES_MAX: usize = 50;
/// Units of one product in one basket.
pub const LINE_UNITS_MAX: u32 = 99;
/// Units of one product that one receipt or adjustment may move.
pub const STOCK_MOVE_UNITS_MAX: u32 = 1_000_000;
/// Units of one product that a store may hold in all.
pub const STOCK_UNITS_MAX: i64 = 1_000_000_000;
/// Lines of one receipt or adjustment: with the longest reason on each they fit in one record.
pub const STOCK_LINES_MAX: usize = 96;
/// Products of one command that defines them.
pub const PRODUCTS_DEFINED_MAX: usize = 500;
/// Dearest unit price, in paise (one crore rupees).
pub const PRICE_PAISE_MAX: i64 = 1_000_000_000;
/// Characters of a product's or store's name.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of a SKU.
pub const SKU_CHARS_MAX: usize = 64;
/// Characters of a brand or a category.
pub const LABEL_CHARS_MAX: usize = 120;
/// Characters of what one unit is.
pub const UNIT_CHARS_MAX: usize = 32;
/// Bytes of a text for each character that its limit allows: the scripts of India take three.
pub const TEXT_BYTES_PER_CHAR: usize = 3;
/// Characters of one field of an address.
pub const ADDRESS_FIELD_CHARS_MAX: usize = 200;
/// Characters of a reason.
pub const REASON_CHARS_MAX: usize = 200;
/// Characters of an order's notes.
pub const NOTES_CHARS_MAX: usize = 500;
/// Steps of a store's delivery fee table.
pub const FEE_STEPS_MAX: usize = 10;
/// Bytes of the sealed personal part of an order.
pub const SEALED_BYTES_MAX: usize = 12 * 1_024;
/// How long a request key is remembered, in milliseconds: 48 hours.
pub const KEY_KEPT_MS: i64 = 48 * 60 * 60 * 1_000;
/// Longest hold of an unpaid order, in minutes.
pub const HOLD_MINUTES_MAX: u32 = 24 * 60;

/// Bytes that one line of an order takes in the log at the most: its texts, and 64 for the rest.
pub const LINE_BYTES_MAX: usize =
    TEXT_BYTES_PER_CHAR * (NAME_CHARS_MAX + SKU_CHARS_MAX + UNIT_CHARS_MAX + 8) + 64;

// A full basket at the dearest price is far from the end of i64.
const _: () = assert!(
    PRICE_PAISE_MAX as i128 * LINE_UNITS_MAX as i128 * BASKET_LINES_MAX as i128
        <= i64::MAX as i128 / 1_000
);
// Whatever one receipt brings, the count of a product stays a sane number.
const _: () = assert!((STOCK_MOVE_UNITS_MAX as i64) < STOCK_UNITS_MAX);
