//! Reasons to refuse a command. A refusal is data with a code; its sentence is made from that.
//!
//! A refusal is one row of the table below. Codes are grouped (1xxx basket, 2xxx stock, 3xxx order,
//! 4xxx payment, 5xxx zone, 6xxx fraud, 7xxx consent), are on disk, and are added but never changed
//! or reused. A row that `passes` is a refusal that time alone, or somebody else, may lift: it is
//! not kept under the key of its command, so that the same command may be sent again. The sentence
//! is for who reads a log; it carries no amount, id or name: figures have members of their own.

use crate::time::MinuteOfDay;
use crate::{CouponIssue, Lsn, Paise, ProductId, Quote, Status, Text};
use std::fmt;

/// One line that is short of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockIssue {
    /// The product.
    pub product_id: ProductId,
    /// Its name when the basket was refused.
    pub product_name: Text<{ crate::limits::NAME_CHARS_MAX }>,
    /// Units wanted.
    pub requested: u32,
    /// Units there were.
    pub available: u32,
}

/// A figure of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure<'a> {
    /// A number that is no amount.
    Count(u64),
    /// An amount of money.
    Amount(Paise),
    /// A product.
    Product(ProductId),
    /// A name, or a time of day.
    Text(String),
    /// The reason why a coupon does not count.
    Coupon(&'a CouponIssue),
    /// The quote of now.
    Quote(&'a Quote),
    /// The lines that are short.
    Short(&'a [StockIssue]),
}

/// Makes figures of the types that the fields of refusals have.
macro_rules! figures {
    ($($type:ty: $field:ident => $figure:expr;)*) => { $(
        impl<'a> From<&'a $type> for Figure<'a> {
            fn from($field: &'a $type) -> Self {
                $figure
            }
        }
    )* };
}

figures! {
    usize: count => Self::Count(*count as u64);
    u64: count => Self::Count(*count);
    u32: count => Self::Count((*count).into());
    u8: count => Self::Count((*count).into());
    Lsn: lsn => Self::Count(lsn.0);
    Paise: amount => Self::Amount(*amount);
    ProductId: id => Self::Product(*id);
    Status: status => Self::Text(status.name().to_owned());
    &'static str: text => Self::Text((*text).to_owned());
    MinuteOfDay: time => Self::Text(time.to_string());
    CouponIssue: issue => Self::Coupon(issue);
    Box<Quote>: quote => Self::Quote(quote);
    Vec<StockIssue>: short => Self::Short(short);
}

/// Writes all that follows from a row: the refusal with its figures, its kind, code and sentence,
/// and whether it may pass.
macro_rules! rejections {
    ($($(#[$doc:meta])* $name:ident $({ $($field:ident: $type:ty),* })? = $code:literal $($passes:ident)? $text:literal;)*) => {
        /// A refusal. Nothing was changed.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the fields are the figures that the variant's line speaks of")]
        pub enum Rejection { $($(#[$doc])* $name $({ $($field: $type),* })?,)* }

        /// A refusal without its figures.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum RejectionKind { $($(#[$doc])* $name = $code,)* }

        impl RejectionKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the kind of that code.
            pub fn from_code(code: u16) -> Option<Self> {
                Self::ALL.iter().find(|kind| **kind as u16 == code).copied()
            }

            /// Returns true when the same command may succeed later: such a refusal is not kept
            /// under its key.
            pub fn may_pass(self) -> bool {
                match self { $(Self::$name => rejections!(@ $($passes)?),)* }
            }

            /// Returns the sentence for people.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl Rejection {
            /// Returns the refusal without its figures.
            pub fn kind(&self) -> RejectionKind {
                match self { $(Self::$name { .. } => RejectionKind::$name,)* }
            }

            /// Calls `visit` with the name and the value of each figure.
            pub fn for_figures(&self, mut visit: impl FnMut(&'static str, Figure<'_>)) {
                match self {
                    $(Self::$name $({ $($field),* })? => {
                        $($(visit(stringify!($field), Figure::from($field));)*)?
                    })*
                }
            }
        }
    };
    (@ passes) => { true };
    (@) => { false };
}

rejections! {
    /// A basket without lines.
    BasketEmpty = 1001 "the basket is empty: add at least one product";
    /// More than [`crate::limits::BASKET_LINES_MAX`] different products.
    TooManyLines { lines: usize } = 1002 "the basket has more than 50 different products";
    /// Fewer than 1 or more than [`crate::limits::LINE_UNITS_MAX`] units of a product.
    QuantityOutOfRange { product_id: ProductId, quantity: u64 }
        = 1003 "a quantity must be from 1 to 99 units of a product";
    /// The store does not sell it.
    UnknownProduct { product_id: ProductId } = 1004 "this store does not sell one of the products";
    /// More than the product's own limit.
    OverMaxPerOrder { product_id: ProductId, max: u32 }
        = 1005 "more units of a product than one order may have: maximum order quantity reached";
    /// The item total is under the store's minimum.
    BelowMinimum { subtotal: Paise, minimum: Paise }
        = 1006 "the items are below the minimum order of this store";
    /// The total is over the store's maximum.
    AboveMaximum { total: Paise, maximum: Paise }
        = 1007 "the total is above the maximum order of this store";
    /// The total is not the one that the customer was shown.
    PriceChanged { quote: Box<Quote> }
        = 1008 "the total has changed since it was shown: confirm the new quote";
    /// The cart, or the line, has changed since the caller read it.
    CartChanged { version: Lsn } = 1009 "the cart has changed since you read it";
    /// The customer has as many addresses as one may.
    TooManyAddresses = 1010 "the address book is full: remove an address first";
    /// There is no such address in the customer's book.
    AddressUnknown = 1011 "there is no such address in the book";
    /// The coupon does not count for this order; the issue has a sentence of its own.
    Coupon { issue: CouponIssue } = 1012 "the coupon does not count for this order";
    /// Lines that cannot be held: every short one, never only the first.
    InsufficientStock { issues: Vec<StockIssue> }
        = 2001 "insufficient stock: some items cannot be held in the quantity wanted";
    /// An adjustment would take more units than are available.
    AdjustBelowZero { issues: Vec<StockIssue> }
        = 2002 "insufficient stock: the adjustment takes more units than are available";
    /// A receipt or adjustment would take the count past the most that a store may hold.
    StockOverflow { product_id: ProductId }
        = 2003 "the count of a product would pass what a store may hold";
    /// The order is not in a state that allows the move.
    IllegalMove { from: Status, wanted: &'static str }
        = 3001 "the order is not in a state that allows this";
    /// The hold of an unpaid order is not over yet: a timer that fired early.
    HoldNotOver = 3002 passes "the time to pay for this order is not over yet";
    /// A move by the back office without a written reason.
    ReasonMissing = 3003 "a reason is needed for this move";
    /// Another person's order, or not a move of this role.
    NotYours = 3004 "this is not yours to do";
    /// The order has changed since the caller read it.
    VersionMismatch { version: u64 } = 3005 "the order has changed since you read it";
    /// The order has no such line, or no proposal for it.
    LineUnknown { product_id: ProductId } = 3006 "the order has no such line";
    /// The order has a line of that product already.
    AlreadyInOrder { product_id: ProductId } = 3007 "the order has a line of that product already";
    /// The customer has not answered a proposed substitute yet.
    ProposalOpen = 3008 passes "the customer has not answered a proposed substitute yet";
    /// The customer wants no substitutes.
    NoSubstitutes = 3009 "the customer wants no substitutes: mark the line as short";
    /// The store knows no such rider.
    RiderUnknown = 3010 "the store knows no such rider: make the rider known first";
    /// The rider is not at work.
    RiderOffShift = 3011 passes "the rider is not on shift";
    /// The rider has as many orders as one may.
    RiderFull { capacity: u32 } = 3012 passes "the rider has as many orders as this rider brings at once";
    /// The store knows as many riders as one may.
    TooManyRiders = 3013 "the store has as many riders as a store may have";
    /// The total is over the limit for cash.
    CodLimit { total: Paise, maximum: Paise }
        = 4001 "the total is too high for a cod order: choose another payment method";
    /// The order is paid in cash: there is no online payment.
    NotPaidOnline = 4002 "the payment method of this order is cash on delivery";
    /// The customer has tried to pay as often as one may.
    TooManyAttempts = 4003 "there are no attempts left to pay for this order";
    /// More is to be given back than is left of the payment.
    RefundTooLarge { wanted: Paise, left: Paise }
        = 4004 "more is to be given back than is left of the payment";
    /// The cash is not the price of the order.
    CashMismatch { due: Paise, given: Paise } = 4005 "the cash is not what is due for this order";
    /// Too many orders within an hour for another one in cash.
    CodTooMany { orders: u32 }
        = 4006 passes "too many orders within an hour for a cod order: choose another payment method";
    /// The risk is too high for an order in cash.
    CodRisk { score: u8 } = 4007 "this cannot be a cod order: choose another payment method";
    /// Less is to be given back than the payment provider pays out.
    RefundTooSmall { wanted: Paise, minimum: Paise }
        = 4008 "less is to be given back than one rupee, which is the minimum of this payment method";
    /// The total is above nothing and below what the payment provider takes.
    OnlineMinimum { total: Paise, minimum: Paise }
        = 4009 "the total is below one rupee, the minimum order to pay online: choose another payment method";
    /// No payment provider is configured.
    OnlineOff = 4010 "orders cannot be paid online here: choose another payment method";
    /// The payment is an order's already.
    PaymentSettled = 4011 "this payment is settled already";
    /// The order does not wait for a payment of that amount.
    PaymentNotAwaited { total: Paise, amount: Paise }
        = 4012 "the order does not wait for a payment of this amount";
    /// The customer has as many unpaid orders as one may.
    TooManyUnpaid { unpaid: u32 }
        = 4013 passes "as many orders wait for their payment as one customer may have: pay or cancel one, or choose another payment method";
    /// Several holds of the customer led to nothing: no further one for a while.
    HoldsPaused { wait_s: u32 }
        = 4014 passes "several orders were not paid in time: wait a little, or choose another payment method";
    /// All open orders of the customer together would have more units of a product than they may.
    OverMaxOpen { product_id: ProductId, maximum: u32, left: u32 }
        = 4015 passes "more units of a product than all open orders together may have: maximum order quantity reached";
    /// The store has zones, and the order does not say where its door is.
    PointMissing = 5001 "the store delivers to zones: send lat and lng of the address";
    /// The door is in no zone of the store.
    OutOfZone = 5002 "the address is outside the zones that this store delivers to";
    /// The store is closed now.
    StoreClosed { opens: MinuteOfDay, closes: MinuteOfDay }
        = 5003 passes "the store is closed at this hour";
    /// The weather is too bad to deliver.
    ServiceSuspended = 5004 passes "deliveries are suspended because of extreme weather";
}

impl Rejection {
    /// Returns the number of the refusal: stable for ever.
    pub fn code(&self) -> u16 {
        self.kind() as u16
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coupon { issue } => issue.fmt(f),
            other => f.write_str(other.kind().sentence()),
        }
    }
}
