//! Every bound of the domain in one place, with its unit; the compiler checks how they relate.

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
/// Characters of a product's description.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Categories of a product within its category.
pub const SUBCATEGORIES_MAX: usize = 4;
/// Attributes of a product.
pub const ATTRIBUTES_MAX: usize = 32;
/// Characters of the size of one unit ("500 g").
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
/// Characters of a coupon's code.
pub const COUPON_CODE_CHARS_MAX: usize = 32;
/// Coupons that a store may have, active or not.
pub const COUPONS_PER_STORE_MAX: usize = 1_000;
/// Characters of an invoice number: rule 46(b) of the CGST Rules, 2017.
pub const INVOICE_NUMBER_CHARS_MAX: usize = 16;
/// Bytes of the sealed personal part of an order.
pub const SEALED_BYTES_MAX: usize = 12 * 1_024;
/// Time that a request key is remembered, in milliseconds: 48 hours.
pub const KEY_KEPT_MS: i64 = 48 * 60 * 60 * 1_000;
/// Bytes of memory of a request key, with what is counted of its caller.
pub const KEY_BYTES_MAX: usize = 150;
/// Time between the last record and the next start that makes keys and carts older, in
/// milliseconds, at the most: how long it really was, only the wall clock says.
pub const START_GAP_COUNTED_MS: i64 = 60 * 60_000;
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
/// Time that an abandoned cart is kept, in milliseconds: 30 days.
pub const CART_KEPT_MS: i64 = 30 * 24 * 60 * 60_000;
/// Attempts to pay for one order that may fail. One that ran out of time has not failed, and one
/// that is open is gone on with.
pub const PAYMENT_ATTEMPTS_MAX: usize = 3;
/// Paise of the smallest payment and refund that the payment provider takes: one rupee.
pub const ONLINE_PAISE_MIN: i64 = 100;
/// Time that an attempt to pay counts as in flight, in milliseconds: 10 minutes.
pub const ATTEMPT_MS: i64 = 10 * 60_000;
/// Time that a hold may last beyond its end because of a payment in flight, in milliseconds.
pub const HOLD_EXTENSION_MS: i64 = 15 * 60_000;
/// Time after the last attempt in which money may still turn up, in milliseconds: the provider
/// authorizes late for up to three days and captures by hand for up to five.
pub const PAYMENT_WATCH_MS: i64 = 5 * 24 * 60 * 60_000;
/// Time after the last attempt in which money still brings an expired order back, in milliseconds;
/// later money is refunded. An hour less than the order is watched, so that it is in memory when
/// the decision takes its place in the log.
pub const PAYMENT_LATE_MS: i64 = PAYMENT_WATCH_MS - 60 * 60_000;
/// Failed charges of one order that are remembered; money always is.
pub const CHARGES_MAX: usize = 32;
/// Refunds of one order, made at the provider, that are remembered.
pub const REFUNDS_MAX: usize = 64;
/// Refunds of one order that are owed again because the provider failed to pay one out.
pub const REFUNDS_FAILED_MAX: usize = 5;
/// Disputes of one order that are remembered; one that took money always is.
pub const DISPUTES_MAX: usize = 16;
/// Captured payments that name no order and are kept.
pub const LOOSE_MAX: usize = 10_000;
/// Characters of an id that the payment provider gave.
pub const PROVIDER_ID_CHARS_MAX: usize = 40;
/// Characters of the description of an error outside.
pub const ERROR_CHARS_MAX: usize = 200;
/// Bytes of a webhook that are kept, sealed.
pub const WEBHOOK_BYTES_MAX: usize = 48 * 1_024;
/// Riders that a store may know.
pub const RIDERS_MAX: usize = 1_000;
/// Orders that a rider may bring at once, at the most.
pub const RIDER_ORDERS_MAX: u32 = 50;
/// Orders that a rider brings at once where nobody says otherwise.
pub const RIDER_ORDERS_DEFAULT: u32 = 3;
/// Endpoints of webhooks that a shop may have.
pub const ENDPOINTS_MAX: usize = 32;
/// Names in the filter of an endpoint.
pub const ENDPOINT_EVENTS_MAX: usize = 64;
/// Characters of the name of a message.
pub const EVENT_NAME_CHARS_MAX: usize = 64;
/// Characters of an address that messages are sent to.
pub const URL_CHARS_MAX: usize = 2_048;
/// Failed deliveries of one endpoint that wait for a retry; with that many, sending pauses.
pub const HOOK_RETRIES_MAX: usize = 1_000;

/// Longest line of an order in the log, in bytes: its texts, and 64 for the rest.
pub const LINE_BYTES_MAX: usize =
    TEXT_BYTES_PER_CHAR * (NAME_CHARS_MAX + SKU_CHARS_MAX + UNIT_CHARS_MAX + 8) + 64;

// A full basket at the dearest price is far from the end of i64.
const _: () = assert!(
    PRICE_PAISE_MAX as i128 * LINE_UNITS_MAX as i128 * BASKET_LINES_MAX as i128
        <= i64::MAX as i128 / 1_000
);
// A price has no part of a rupee at its limit, so a form can say it in rupees.
const _: () = assert!(PRICE_PAISE_MAX % 100 == 0);
// Whatever one receipt brings, the count of a product stays a sane number.
const _: () = assert!((STOCK_MOVE_UNITS_MAX as i64) < STOCK_UNITS_MAX);
// A correction is signed; the promises of a product are counted without a sign, in 32 bits.
const _: () =
    assert!(STOCK_MOVE_UNITS_MAX <= i32::MAX as u32 && STOCK_UNITS_MAX <= u32::MAX as i64);
// The units of a full basket are counted in 32 bits, and one receipt can bring each of its lines.
const _: () = assert!(BASKET_LINES_MAX as u64 * LINE_UNITS_MAX as u64 <= u32::MAX as u64);
const _: () =
    assert!(BASKET_LINES_MAX <= STOCK_LINES_MAX && LINE_UNITS_MAX <= STOCK_MOVE_UNITS_MAX);
// An attempt that begins at the end of a hold is over before the extension of the hold is.
const _: () = assert!(ATTEMPT_MS <= HOLD_EXTENSION_MS);
// A checkout that is sent again finds its answer for as long as its order can be unpaid.
const _: () = assert!(HOLD_MINUTES_MAX as i64 * 60_000 + HOLD_EXTENSION_MS < KEY_KEPT_MS);
// Starts with a wrong clock, some dozens of them, leave a key in place.
const _: () = assert!(START_GAP_COUNTED_MS * 24 <= KEY_KEPT_MS);
// A change of a cart that is sent again finds its answer for as long as the cart is kept alive.
const _: () = assert!(KEY_KEPT_MS < CART_KEPT_MS);
// Late money is decided while the order is in memory, and the last attempt is over by then.
const _: () = assert!(PAYMENT_LATE_MS < PAYMENT_WATCH_MS && ATTEMPT_MS < PAYMENT_LATE_MS);
// Each attempt may fail at several banks.
const _: () = assert!(PAYMENT_ATTEMPTS_MAX < CHARGES_MAX);
// The number of an attempt is a byte: one after the other runs out of time until the hold does.
const _: () = assert!(PAYMENT_ATTEMPTS_MAX < 64);
const _: () = assert!(
    (HOLD_MINUTES_MAX as i64 * 60_000 + HOLD_EXTENSION_MS) / ATTEMPT_MS <= u8::MAX as i64 - 64
);
// Refunds that failed leave room for those that take their place.
const _: () = assert!(REFUNDS_FAILED_MAX < REFUNDS_MAX && REFUNDS_MAX <= u16::MAX as usize);
// A code has room between its limits, and a polygon has at least the three corners of a triangle.
const _: () = assert!(COUPON_CODE_CHARS_MIN < COUPON_CODE_CHARS_MAX);
const _: () = assert!(AREA_POLYGONS_MAX * 3 <= AREA_VERTICES_MAX);
// An area may touch itself at every corner, a few times each.
const _: () = assert!(AREA_VERTICES_MAX <= AREA_TOUCHES_MAX);
