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
/// Rates of a GST table, all dates together.
pub const GST_RATES_MAX: usize = 2_000;
/// Highest GST rate, in basis points: the whole price once more.
pub const GST_RATE_BPS_MAX: u16 = 10_000;
/// Fewest characters of a coupon's code.
pub const COUPON_CODE_CHARS_MIN: usize = 3;
/// Most characters of a coupon's code.
pub const COUPON_CODE_CHARS_MAX: usize = 32;
/// Coupons that a store may have, active or not.
pub const COUPONS_PER_STORE_MAX: usize = 1_000;
/// Characters of an invoice number: rule 46(b) of the CGST Rules, 2017.
pub const INVOICE_NUMBER_CHARS_MAX: usize = 16;
/// Bytes of the sealed personal part of an order.
pub const SEALED_BYTES_MAX: usize = 12 * 1_024;
/// How long a request key is remembered, in milliseconds: 48 hours.
pub const KEY_KEPT_MS: i64 = 48 * 60 * 60 * 1_000;
/// Longest hold of an unpaid order, in minutes.
pub const HOLD_MINUTES_MAX: u32 = 24 * 60;
/// Corners of all rings of one area.
pub const AREA_VERTICES_MAX: usize = 4_000;
/// Polygons of one area.
pub const AREA_POLYGONS_MAX: usize = 64;
/// Pairs of edges of different rings of one area that touch.
pub const AREA_TOUCHES_MAX: usize = 16_000;
/// Zones of one store.
pub const ZONES_PER_STORE_MAX: usize = 512;

/// Addresses of one customer.
pub const ADDRESSES_MAX: usize = 20;
/// How long an abandoned cart is kept, in milliseconds: 30 days.
pub const CART_KEPT_MS: i64 = 30 * 24 * 60 * 60_000;
/// Times that a customer may go to pay for one order.
pub const PAYMENT_ATTEMPTS_MAX: usize = 3;
/// How long an attempt to pay counts as in flight, in milliseconds: 10 minutes.
pub const ATTEMPT_MS: i64 = 10 * 60_000;
/// How long a hold may last beyond its end because of a payment in flight, in milliseconds.
pub const HOLD_EXTENSION_MS: i64 = 15 * 60_000;
/// How long after the last attempt money may still turn up, in milliseconds: the provider
/// authorizes late for up to three days and captures by hand for up to five.
pub const PAYMENT_WATCH_MS: i64 = 5 * 24 * 60 * 60_000;
/// How long after the last attempt money still brings an expired order back, in milliseconds; what
/// comes later goes back. An hour less than the order is watched, so that it is in memory when the
/// decision takes its place in the log.
pub const PAYMENT_LATE_MS: i64 = PAYMENT_WATCH_MS - 60 * 60_000;
/// Failed charges of one order that are remembered; money always is.
pub const CHARGES_MAX: usize = 32;
/// Refunds of one order, made at the provider, that are remembered.
pub const REFUNDS_MAX: usize = 64;
/// Refunds of one order that are owed again because the provider failed to pay one out.
pub const REFUNDS_FAILED_MAX: usize = 5;
/// Characters of an id that the payment provider gave.
pub const PROVIDER_ID_CHARS_MAX: usize = 40;
/// Characters of what went wrong outside.
pub const ERROR_CHARS_MAX: usize = 200;
/// Bytes of a webhook that are kept, sealed.
pub const WEBHOOK_BYTES_MAX: usize = 48 * 1_024;
/// Endpoints of webhooks that a shop may have.
pub const ENDPOINTS_MAX: usize = 32;
/// Names in the filter of an endpoint.
pub const ENDPOINT_EVENTS_MAX: usize = 64;
/// Characters of the name of a message.
pub const EVENT_NAME_CHARS_MAX: usize = 64;
/// Characters of an address that messages are sent to.
pub const URL_CHARS_MAX: usize = 2_048;
/// Failed deliveries of one endpoint that wait at the same time; nothing more is sent to it then.
pub const HOOK_RETRIES_MAX: usize = 1_000;

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
