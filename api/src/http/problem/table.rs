//! Every problem that the gateway can answer with, in one table.
//!
//! The app sorts errors by substrings of their texts, so a title or an explanation never contains
//! a status number, nor any figure at all; a test reads the whole table for that.

use crate::http::problem::sentences::{self, Sentence};
use kirana_domain::RejectionKind;

/// A kind of problem: what RFC 9457 calls its type, and what a client may rely on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The last part of its address: `/problems/<slug>`.
    pub slug: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The name that a program branches on.
    pub code: &'static str,
    /// One short sentence that never varies.
    pub title: &'static str,
    /// True when the same request may succeed later, under the same key.
    pub retryable: bool,
    /// True when it is recorded under the request's key: a retry is refused likewise.
    pub kept: bool,
    /// The sentence for the person who reads the phone.
    pub sentence: &'static Sentence,
    /// Meaning and remedy, for the page at its address.
    pub explanation: &'static str,
}

/// The address of problems about a caller's quota, registered with IANA.
pub(crate) const QUOTA_TYPE: &str =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";
/// The address of problems about load, registered with IANA.
pub(crate) const CAPACITY_TYPE: &str =
    "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";

impl Kind {
    /// The `type` of the problem: where it is explained.
    pub(crate) fn address(&self) -> String {
        match self.status {
            429 => QUOTA_TYPE.to_owned(),
            503 if self.code == OVERLOADED.code => CAPACITY_TYPE.to_owned(),
            _ => format!("/problems/{}", self.slug),
        }
    }
}

/// Writes the table. A row ends with the rejections that it is the answer to, if there are any. Its
/// sentences stand under the same name in [`sentences`]; a row without them does not compile.
macro_rules! kinds {
    ($($name:ident $status:literal $retry:ident $slug:literal $code:literal $title:literal $text:literal
        $(for $($rejection:ident)*)?;)*) => {
        $(#[doc = $text] pub(crate) static $name: Kind = Kind {
            slug: $slug, status: $status, code: $code, title: $title,
            retryable: kinds!(@ $retry), kept: kinds!(@kept $retry $(for $($rejection)*)?),
            sentence: &sentences::$name, explanation: $text,
        };)*
        /// All of them.
        pub(crate) static ALL: &[&Kind] = &[$(&$name),*];

        impl From<RejectionKind> for &'static Kind {
            /// Returns the problem that a rejection is: a rejection in no row does not compile.
            fn from(rejection: RejectionKind) -> Self {
                match rejection { $($($(RejectionKind::$rejection => &$name,)*)?)* }
            }
        }
    };
    (@ again) => { true };
    (@ no) => { false };
    // A refusal by the shop's rules that will not pass is recorded; nothing else is.
    (@kept no for $($rejection:ident)+) => { true };
    (@kept $retry:ident $(for $($rejection:ident)*)?) => { false };
}

kinds! {
    MALFORMED_JSON 400 no "malformed-json" "MALFORMED_JSON" "The body is not valid JSON"
        "The body must be one JSON value in UTF-8.";
    BODY_INCOMPLETE 400 again "body-incomplete" "BODY_INCOMPLETE" "The body ended too early"
        "The connection ended, or broke its own framing, before the whole body had arrived.";
    HEADER_INVALID 400 no "header-invalid" "HEADER_INVALID" "A header has a value that cannot be used"
        "The detail names the header and what is expected.";
    QUERY_INVALID 400 no "query-invalid" "QUERY_INVALID" "A query parameter has a value that cannot be used"
        "Each entry of errors names a parameter and what is expected. Unknown parameters are refused.";
    CURSOR_INVALID 400 no "cursor-invalid" "CURSOR_INVALID" "The cursor does not belong to this list"
        "A cursor is only good for the list, the filters and the person it was made for. Start again without one.";
    KEY_MISSING 400 no "idempotency-key-missing" "IDEMPOTENCY_KEY_MISSING" "This request needs an Idempotency-Key"
        "Send a header Idempotency-Key, one per command and the same one for every retry of it. A UUID does well.";
    KEY_INVALID 400 no "idempotency-key-invalid" "IDEMPOTENCY_KEY_INVALID" "The Idempotency-Key cannot be used"
        "Send exactly one Idempotency-Key of 16 to 128 visible ASCII characters, in double quotes or bare.";
    TOKEN_MISSING 401 no "token-missing" "TOKEN_MISSING" "This request needs a token"
        "Send a header Authorization with the word Bearer and a token.";
    TOKEN_INVALID 401 no "token-invalid" "TOKEN_INVALID" "The token is not valid"
        "The token is malformed, not signed by us, not valid yet, or lacks a subject or a role that we know.";
    TOKEN_EXPIRED 401 no "token-expired" "TOKEN_EXPIRED" "The token has expired"
        "Sign in again, or refresh the token.";
    TOKEN_REVOKED 401 no "token-revoked" "TOKEN_REVOKED" "The token was withdrawn"
        "The shop has ended this sign-in, or all of this person. To sign in again may help.";
    SIGN_IN_NEEDED 403 no "sign-in-needed" "SIGN_IN_NEEDED" "This needs a sign-in with a name"
        "The token is of an anonymous sign-in, which may read and fill a cart. Link a phone or an email to it, refresh the token, and go on with the same cart.";
    FORBIDDEN 403 no "forbidden" "FORBIDDEN" "Your role does not allow this"
        "The token is good, but its role or its store does not allow this request."
        for NotYours;
    ROUTE_UNKNOWN 404 no "not-found" "NOT_FOUND" "There is nothing at this address"
        "Check the path.";
    STORE_UNKNOWN 404 no "store-unknown" "STORE_UNKNOWN" "There is no such store"
        "Check the store id in the path.";
    PRODUCT_UNKNOWN 404 no "product-unknown" "PRODUCT_UNKNOWN" "The store has no such product"
        "Check the product id in the path.";
    ZONE_UNKNOWN 404 no "zone-unknown" "ZONE_UNKNOWN" "There is no such zone"
        "Check the zone id in the path.";
    ADDRESS_UNKNOWN 404 no "address-unknown" "ADDRESS_UNKNOWN" "There is no such address"
        "Check the address id: it must be one of your own book."
        for AddressUnknown;
    ENDPOINT_UNKNOWN 404 no "webhook-endpoint-unknown" "WEBHOOK_ENDPOINT_UNKNOWN" "There is no such webhook endpoint"
        "Check the endpoint id in the path.";
    PAYMENT_UNKNOWN 404 no "payment-unknown" "PAYMENT_UNKNOWN" "There is no such payment without an order"
        "Check the payment id in the path: the list of unassigned payments has it.";
    ORDER_UNKNOWN 404 no "order-unknown" "ORDER_UNKNOWN" "There is no such order"
        "There is no order of that id that you may see.";
    METHOD_NOT_ALLOWED 405 no "method-not-allowed" "METHOD_NOT_ALLOWED" "This address does not know that method"
        "The header Allow lists the methods that it knows.";
    NOT_ACCEPTABLE 406 no "not-acceptable" "NOT_ACCEPTABLE" "There is no answer in a form that you accept"
        "Answers are JSON. Accept application/json, or anything.";
    BODY_TOO_SLOW 408 again "body-too-slow" "BODY_TOO_SLOW" "The body took too long to arrive"
        "Nothing was done. Send the request again, with the same Idempotency-Key.";
    HEAD_TOO_SLOW 408 again "head-too-slow" "HEAD_TOO_SLOW" "The request took too long to arrive"
        "Nothing was done. Send the request again, with the same Idempotency-Key, on a new connection.";
    UPGRADE_REQUIRED 426 no "upgrade-required" "UPGRADE_REQUIRED" "This address speaks WebSocket"
        "Send a WebSocket handshake as RFC 6455 has it, version 13; or use the address without its last part, for server-sent events.";
    INSUFFICIENT_STOCK 409 no "insufficient-stock" "INSUFFICIENT_STOCK" "Insufficient stock"
        "Some items cannot be held in the quantity wanted; stock_issues lists every short one. Nothing was held."
        for InsufficientStock;
    ADJUST_BELOW_ZERO 409 no "adjustment-below-zero" "ADJUSTMENT_BELOW_ZERO" "The adjustment takes more than there is"
        "Only available units can be adjusted away; stock_issues lists every short line. Nothing was adjusted."
        for AdjustBelowZero;
    PRICE_CHANGED 409 no "price-changed" "PRICE_CHANGED" "The total has changed"
        "expected_total_paise is not the total of today. Show the member quote, and order again with its total."
        for PriceChanged;
    NOT_CANCELLABLE 409 no "order-not-cancellable" "ORDER_NOT_CANCELLABLE" "The order cannot be cancelled any more"
        "The member order_status says where the order is, possible_moves what can still be done.";
    ILLEGAL_MOVE 409 no "illegal-move" "ILLEGAL_MOVE" "The order is not in a state that allows this"
        "The member order_status says where the order is, possible_moves what you can do with it now."
        for IllegalMove;
    UNPAID_ORDERS 409 again "too-many-unpaid-orders" "TOO_MANY_UNPAID_ORDERS" "Other orders wait for their payment"
        "The member unpaid counts them. Pay or cancel one of them, or choose another payment method."
        for TooManyUnpaid;
    OVER_MAX_OPEN 409 again "over-max-in-open-orders" "OVER_MAX_IN_OPEN_ORDERS" "More units of a product than your open orders may have"
        "The member maximum is the limit of all open orders together, left what another order may have of product_id now."
        for OverMaxOpen;
    PROPOSAL_OPEN 409 again "substitution-open" "SUBSTITUTION_OPEN" "A proposed substitute is not answered yet"
        "The customer, or support for them, answers it first."
        for ProposalOpen;
    NO_SUBSTITUTES 409 no "no-substitutes" "NO_SUBSTITUTES" "The customer wants no substitutes"
        "Mark the line as short: the money goes back."
        for NoSubstitutes;
    RIDER_UNKNOWN 422 no "rider-unknown" "RIDER_UNKNOWN" "The store knows no such rider"
        "Make the rider known to the store first, under the subject of the rider's token."
        for RiderUnknown;
    RIDER_OFF_SHIFT 409 again "rider-off-shift" "RIDER_OFF_SHIFT" "The rider is not on shift"
        "Choose another rider, or wait until this one begins a shift."
        for RiderOffShift;
    RIDER_FULL 409 again "rider-full" "RIDER_FULL" "The rider has no room for another order"
        "Choose another rider, or wait until this one has brought an order."
        for RiderFull;
    TOO_MANY_RIDERS 422 no "too-many-riders" "TOO_MANY_RIDERS" "The store has as many riders as a store may have"
        "Change one of the riders that the store knows."
        for TooManyRiders;
    ALREADY_IN_ORDER 409 no "already-in-order" "ALREADY_IN_ORDER" "The order has a line of that product"
        "Choose a product that the order does not have yet."
        for AlreadyInOrder;
    TOO_MANY_ATTEMPTS 409 no "payment-attempts-exhausted" "PAYMENT_ATTEMPTS_EXHAUSTED" "Payment was tried too often for this order"
        "There are three attempts to pay for an order. It expires at the end of its hold; order anew."
        for TooManyAttempts;
    NOT_PAID_ONLINE 409 no "not-paid-online" "INVALID_PAYMENT_METHOD_FOR_ORDER" "The order is paid in cash"
        "Cash on delivery has no online payment and no online refund."
        for NotPaidOnline;
    PAYMENT_SETTLED 409 no "payment-settled" "PAYMENT_SETTLED" "This payment is settled already"
        "An order has it. The list of unassigned payments says which."
        for PaymentSettled;
    PAYMENT_NOT_AWAITED 409 no "payment-not-awaited" "PAYMENT_NOT_AWAITED" "The order does not wait for this payment"
        "A payment can be given to an order that is unpaid, or has lately expired, and costs exactly as much."
        for PaymentNotAwaited;
    REFUND_TOO_LARGE 409 no "refund-too-large" "REFUND_TOO_LARGE" "More than is left of the payment"
        "The member left_paise says what can still be given back."
        for RefundTooLarge;
    CASH_MISMATCH 409 no "cash-mismatch" "CASH_MISMATCH" "The cash is not what is due"
        "The member due_paise says what must be collected. A handover that differs needs a note."
        for CashMismatch;
    HOLD_NOT_OVER 409 again "hold-not-over" "HOLD_NOT_OVER" "The time to pay is not over"
        "An unpaid order expires only when its time to pay is over."
        for HoldNotOver;
    KEY_IN_PROGRESS 409 again "idempotency-in-progress" "IDEMPOTENCY_IN_PROGRESS" "The first request with this key is still running"
        "Ask again with the same Idempotency-Key after the time in Retry-After.";
    STORE_EXISTS 409 no "store-exists" "STORE_EXISTS" "A store with this id or code exists"
        "Change the store with PATCH, or choose another id and code.";
    STORE_CHANGED 409 again "store-changed" "STORE_CHANGED" "The store was changed in between"
        "Read the store again and repeat the change.";
    SKU_TAKEN 409 no "sku-taken" "SKU_TAKEN" "Another product of the store has this SKU"
        "A SKU names one product of a store.";
    VERSION_MISMATCH 412 no "version-mismatch" "VERSION_MISMATCH" "It has changed since you read it"
        "If-Match names another version. The member version is today's; read again and decide again."
        for VersionMismatch CartChanged;
    BODY_TOO_LARGE 413 no "body-too-large" "BODY_TOO_LARGE" "The body is too large"
        "Nothing was done. A JSON body may have 64 KiB, a file of zones 16 MiB, an import 256 MiB.";
    MEDIA_TYPE 415 no "unsupported-media-type" "UNSUPPORTED_MEDIA_TYPE" "The body is of a type that cannot be read here"
        "Send application/json; for zones application/geo+json, for an import text/csv or application/x-ndjson.";
    VERSION_MISSING 428 no "version-missing" "VERSION_MISSING" "If-Match is missing"
        "Send If-Match with the ETag of what you have read, so that nothing is overwritten unseen.";
    INVALID 422 no "validation-failed" "VALIDATION_FAILED" "Some fields are not right"
        "Each entry of errors points to a field and says what is wrong with it. Nothing was changed.";
    KEY_REUSED 422 no "idempotency-key-reused" "IDEMPOTENCY_KEY_REUSED" "The Idempotency-Key was used for another request"
        "A key stands for one request; the order of members and white space in its JSON do not count. Take a new key for a new command.";
    BASKET_EMPTY 422 no "basket-empty" "BASKET_EMPTY" "The basket is empty"
        "Order at least one product."
        for BasketEmpty;
    TOO_MANY_LINES 422 no "too-many-lines" "TOO_MANY_LINES" "The basket has too many lines"
        "One order may have 50 different products."
        for TooManyLines;
    QUANTITY_OUT_OF_RANGE 422 no "quantity-out-of-range" "QUANTITY_OUT_OF_RANGE" "A quantity is out of range"
        "A quantity is a whole number from 1 to 99; lines of the same product count together."
        for QuantityOutOfRange;
    UNKNOWN_PRODUCT 422 no "unknown-product" "UNKNOWN_PRODUCT" "The store does not sell one of the products"
        "The member product_id names it."
        for UnknownProduct;
    UNKNOWN_STORE 422 no "unknown-store" "UNKNOWN_STORE" "There is no such store"
        "store_id names a store that does not exist.";
    OVER_MAX_PER_ORDER 422 no "over-max-per-order" "OVER_MAX_PER_ORDER" "More units of a product than one order may have"
        "The members product_id and max_per_order name the product and its limit."
        for OverMaxPerOrder;
    BELOW_MINIMUM 422 no "order-amount-below-minimum" "ORDER_AMOUNT_BELOW_MINIMUM" "Below the minimum order"
        "The members subtotal_paise and minimum_paise say how far."
        for BelowMinimum;
    ABOVE_MAXIMUM 422 no "order-amount-above-maximum" "ORDER_AMOUNT_ABOVE_MAXIMUM" "Above the maximum order"
        "The members total_paise and maximum_paise say how far."
        for AboveMaximum;
    COD_LIMIT 422 no "cod-limit-exceeded" "COD_LIMIT_EXCEEDED" "The total is too high for a cod order"
        "Choose another payment method, or order less. The member maximum_paise is the limit."
        for CodLimit;
    PAYMENT_METHOD 422 no "invalid-payment-method" "INVALID_PAYMENT_METHOD" "The payment method is not known"
        "A payment method is cod or razorpay.";
    STOCK_OVERFLOW 422 no "stock-overflow" "STOCK_OVERFLOW" "The count of a product would pass what a store may hold"
        "Check the quantities. Nothing was changed."
        for StockOverflow;
    REASON_MISSING 422 no "reason-missing" "REASON_MISSING" "A reason is needed"
        "Support and admin give a written reason for what they do to an order."
        for ReasonMissing;
    LINE_UNKNOWN 422 no "line-unknown" "LINE_UNKNOWN" "The order has no such line"
        "The member product_id names the product."
        for LineUnknown;
    TOO_MANY 422 no "too-many" "TOO_MANY" "More than a store may have"
        "There are as many zones, coupons, rates or revocations as there may be.";
    TOO_MANY_ADDRESSES 422 no "too-many-addresses" "TOO_MANY_ADDRESSES" "The address book is full"
        "Remove an address first."
        for TooManyAddresses;
    COUPON_REFUSED 422 no "coupon-refused" "COUPON_REFUSED" "The coupon does not count for this order"
        "The member reason says why. Order without it, or with another one."
        for Coupon;
    COD_TOO_MANY 422 again "cod-too-many-orders" "COD_LIMIT_ORDERS" "Too many orders for another cod order"
        "Choose another payment method, or wait."
        for CodTooMany;
    COD_RISK 422 no "cod-not-possible" "COD_LIMIT_RISK" "This cannot be a cod order"
        "Choose another payment method."
        for CodRisk;
    REFUND_TOO_SMALL 422 no "refund-too-small" "REFUND_TOO_SMALL" "Less than a rupee cannot go back"
        "The payment provider pays out one rupee or more. Give back more, or settle it with the customer."
        for RefundTooSmall;
    ONLINE_MINIMUM 422 no "online-minimum" "ORDER_AMOUNT_BELOW_ONLINE_MINIMUM" "The total is too low to be paid online"
        "The payment provider takes one rupee or more. Choose another payment method, or a basket that costs more."
        for OnlineMinimum;
    ONLINE_OFF 422 no "online-payment-off" "ONLINE_PAYMENT_OFF" "Orders cannot be paid online here"
        "No payment provider is configured. Nothing is held; choose another payment method."
        for OnlineOff;
    POINT_MISSING 422 no "point-missing" "POINT_MISSING" "The place of delivery is missing"
        "The store delivers to zones. Send lat and lng with the address."
        for PointMissing;
    OUT_OF_ZONE 422 no "out-of-zone" "OUT_OF_ZONE" "The store does not deliver there"
        "The address is in no zone of this store. GET /v1/zones/locate tells what is possible where."
        for OutOfZone;
    STORE_CLOSED 422 again "store-closed" "STORE_CLOSED" "The store is closed"
        "The members opens and closes say when it takes orders (Asia/Kolkata)."
        for StoreClosed;
    SERVICE_SUSPENDED 422 again "service-suspended" "SERVICE_SUSPENDED" "Deliveries are suspended"
        "The weather is too bad. Try again later."
        for ServiceSuspended;
    SLOTS 422 no "slots-unavailable" "SLOTS_UNAVAILABLE" "There are no delivery slots yet"
        "Order without slot: delivery is at once.";
    COLUMNS_INVALID 422 no "columns-invalid" "COLUMNS_INVALID" "The columns of the file cannot be used"
        "Each entry of errors names a column. Map columns with map=field:column, leave others out with ignore=column.";
    IMPORT_TOO_LONG 422 no "import-too-long" "IMPORT_TOO_LONG" "The file has too many rows"
        "The rows before the limit were imported. Split the file.";
    CALLER_BUSY 429 again "quota-exceeded" "TOO_MANY_REQUESTS" "You have too many requests in flight"
        "Wait for answers, or for the time in Retry-After.";
    QUOTA_SPENT 429 again "quota-spent" "QUOTA_SPENT" "You have asked for more than your share"
        "The member violated-policies names the quota. Wait for the time in Retry-After.";
    KEYS_USED_UP 429 again "idempotency-keys-used-up" "TOO_MANY_KEYS" "You have used up your share of Idempotency-Keys"
        "Keys are remembered for two days, and each caller has a share of them; a refused request takes as much of it as many that were carried out. Others are served. Ask again later, with the same Idempotency-Key.";
    HOLDS_PAUSED 429 again "unpaid-orders-paused" "UNPAID_ORDERS_PAUSED" "Several orders were not paid in time"
        "Order again after the time in Retry-After, which is also the member wait_s, or choose another payment method."
        for HoldsPaused;
    INTERNAL 500 again "internal" "INTERNAL" "Something went wrong on our side"
        "Tell us the request_id. A request with an Idempotency-Key may be sent again with the same key.";
    DAMAGED 503 again "damaged" "DAMAGED" "What was asked for is damaged on our disk"
        "Everything else works. Once an operator has brought it back, the same request works, with the same Idempotency-Key.";
    STARTING 503 again "starting" "STARTING" "The engine is reading its log"
        "Ask again after the time in Retry-After; /readyz shows the progress.";
    KEYS_UNAVAILABLE 503 again "sign-in-keys-unavailable" "SIGN_IN_KEYS_UNAVAILABLE" "The token cannot be checked now"
        "The public keys of the sign-in service cannot be read, so it is not known whether the token is good. Ask again after the time in Retry-After.";
    OVERLOADED 503 again "temporary-reduced-capacity" "OVERLOADED" "Too much is going on at once"
        "Nothing was done. Ask again after the time in Retry-After, with the same Idempotency-Key.";
    STOPPING 503 again "stopping" "STOPPING" "The engine is stopping"
        "Nothing was done. Ask again after the time in Retry-After, with the same Idempotency-Key.";
    ENGINE_FAILED 503 again "engine-failed" "ENGINE_FAILED" "The engine has stopped"
        "It is not known whether the request was carried out. Send it again with the same Idempotency-Key.";
    ORDER_TIMEOUT 504 again "order-creation-timeout" "ORDER_CREATION_TIMEOUT" "The order took too long"
        "It is not known whether the order was placed. Send it again with the same Idempotency-Key: it is placed once.";
    DEADLINE_PASSED 504 again "deadline-passed" "DEADLINE_PASSED" "The answer took too long"
        "It is not known whether the request was carried out. Send it again with the same Idempotency-Key.";
    SIGNATURE_INVALID 400 no "signature-invalid" "SIGNATURE_INVALID" "The signature is not right"
        "The signature does not prove what was sent. Nothing was recorded.";
    INVOICE_NOT_ISSUED 404 no "invoice-not-issued" "INVOICE_NOT_ISSUED" "There is no invoice yet"
        "The invoice is issued when the order is packed.";
    CREDIT_NOTE_UNKNOWN 404 no "credit-note-unknown" "CREDIT_NOTE_UNKNOWN" "There is no such credit note"
        "A credit note is issued when money of an order with an invoice is given back, or the order is cancelled; they count from one.";
    PAYMENTS_OFF 503 again "payments-off" "PAYMENTS_OFF" "Online payments are not possible here"
        "No payment provider is configured. Nothing was changed; order with cash on delivery, or ask the shop.";
}
