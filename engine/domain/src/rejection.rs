//! Why the answer is no. A refusal is data with a code; the sentence is made from it.
//!
//! Codes are grouped (1xxx basket, 2xxx stock, 3xxx order, 4xxx payment, 5xxx zone, 6xxx fraud,
//! 7xxx consent), are on disk, and are added but never changed or reused.

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

/// A refusal. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the figures that the variant's line speaks of")]
pub enum Rejection {
    /// A basket without lines.
    BasketEmpty,
    /// More than [`crate::limits::BASKET_LINES_MAX`] different products.
    TooManyLines { lines: usize },
    /// Fewer than 1 or more than [`crate::limits::LINE_UNITS_MAX`] units of a product.
    QuantityOutOfRange { product_id: ProductId, quantity: u64 },
    /// The store does not sell it.
    UnknownProduct { product_id: ProductId },
    /// More than the product's own limit.
    OverMaxPerOrder { product_id: ProductId, max: u32 },
    /// The item total is under the store's minimum.
    BelowMinimum { subtotal: Paise, minimum: Paise },
    /// The total is over the store's maximum.
    AboveMaximum { total: Paise, maximum: Paise },
    /// The total is not the one that the customer was shown.
    PriceChanged { quote: Box<Quote> },
    /// Lines that cannot be held: every short one, never only the first.
    InsufficientStock { issues: Vec<StockIssue> },
    /// An adjustment would take more units than are available.
    AdjustBelowZero { issues: Vec<StockIssue> },
    /// A receipt or adjustment would take the count past what a store may hold.
    StockOverflow { product_id: ProductId },
    /// The order is not in a state that allows the move.
    IllegalMove { from: Status, wanted: &'static str },
    /// The hold of an unpaid order is not over yet: a timer that fired early.
    HoldNotOver,
    /// A move by the back office without a written reason.
    ReasonMissing,
    /// The total is over what may be paid in cash.
    CodLimit { total: Paise, maximum: Paise },
    /// Somebody else's order, or not a move of this role.
    NotYours,
    /// The order has changed since the caller read it.
    VersionMismatch { version: u64 },
    /// The order has no such line, or no proposal for it.
    LineUnknown { product_id: ProductId },
    /// The order has a line of that product already.
    AlreadyInOrder { product_id: ProductId },
    /// The customer has not answered a proposed substitute yet.
    ProposalOpen,
    /// The customer wants no substitutes.
    NoSubstitutes,
    /// The order is paid in cash: there is no online payment.
    NotPaidOnline,
    /// The customer has tried to pay as often as one may.
    TooManyAttempts,
    /// More is to be given back than is left of the payment.
    RefundTooLarge { wanted: Paise, left: Paise },
    /// The cash is not what the order costs.
    CashMismatch { due: Paise, given: Paise },
    /// The cart, or the line, has changed since the caller read it.
    CartChanged { version: Lsn },
    /// The customer has as many addresses as one may.
    TooManyAddresses,
    /// There is no such address in the customer's book.
    AddressUnknown,
    /// The coupon does not count for this order.
    Coupon { issue: CouponIssue },
    /// Too many orders within an hour for another one in cash.
    CodTooMany { orders: u32 },
    /// The risk is too high for an order in cash.
    CodRisk { score: u8 },
    /// The store has zones, and the order does not say where its door is.
    PointMissing,
    /// The door is in no zone of the store.
    OutOfZone,
    /// The store is closed now.
    StoreClosed { opens: MinuteOfDay, closes: MinuteOfDay },
    /// The weather is too bad to deliver.
    ServiceSuspended,
}

impl Rejection {
    /// The number of the refusal: stable for ever.
    pub fn code(&self) -> u16 {
        match self {
            Self::BasketEmpty => 1001,
            Self::TooManyLines { .. } => 1002,
            Self::QuantityOutOfRange { .. } => 1003,
            Self::UnknownProduct { .. } => 1004,
            Self::OverMaxPerOrder { .. } => 1005,
            Self::BelowMinimum { .. } => 1006,
            Self::AboveMaximum { .. } => 1007,
            Self::PriceChanged { .. } => 1008,
            Self::InsufficientStock { .. } => 2001,
            Self::AdjustBelowZero { .. } => 2002,
            Self::StockOverflow { .. } => 2003,
            Self::IllegalMove { .. } => 3001,
            Self::HoldNotOver => 3002,
            Self::ReasonMissing => 3003,
            Self::CodLimit { .. } => 4001,
            Self::CartChanged { .. } => 1009,
            Self::TooManyAddresses => 1010,
            Self::AddressUnknown => 1011,
            Self::Coupon { .. } => 1012,
            Self::CodTooMany { .. } => 4006,
            Self::CodRisk { .. } => 4007,
            Self::PointMissing => 5001,
            Self::OutOfZone => 5002,
            Self::StoreClosed { .. } => 5003,
            Self::ServiceSuspended => 5004,
            Self::NotYours => 3004,
            Self::VersionMismatch { .. } => 3005,
            Self::LineUnknown { .. } => 3006,
            Self::AlreadyInOrder { .. } => 3007,
            Self::ProposalOpen => 3008,
            Self::NoSubstitutes => 3009,
            Self::NotPaidOnline => 4002,
            Self::TooManyAttempts => 4003,
            Self::RefundTooLarge { .. } => 4004,
            Self::CashMismatch { .. } => 4005,
        }
    }
}

impl fmt::Display for Rejection {
    /// A sentence for people with the business's own words. It carries no amount, id or name:
    /// the app sorts errors by substrings such as `500`, so figures travel in members of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BasketEmpty => "the basket is empty: add at least one product",
            Self::TooManyLines { .. } => "the basket has more than 50 different products",
            Self::QuantityOutOfRange { .. } => "a quantity must be from 1 to 99 units of a product",
            Self::UnknownProduct { .. } => "this store does not sell one of the products",
            Self::OverMaxPerOrder { .. } => {
                "more units of a product than one order may have: maximum order quantity reached"
            }
            Self::BelowMinimum { .. } => "the items are below the minimum order of this store",
            Self::AboveMaximum { .. } => "the total is above the maximum order of this store",
            Self::PriceChanged { .. } => {
                "the total has changed since it was shown: confirm the new quote"
            }
            Self::InsufficientStock { .. } => {
                "insufficient stock: some items cannot be held in the quantity wanted"
            }
            Self::AdjustBelowZero { .. } => {
                "insufficient stock: the adjustment takes more units than are available"
            }
            Self::StockOverflow { .. } => "the count of a product would pass what a store may hold",
            Self::IllegalMove { .. } => "the order is not in a state that allows this",
            Self::HoldNotOver => "the time to pay for this order is not over yet",
            Self::ReasonMissing => "a reason is needed for this move",
            Self::CodLimit { .. } => {
                "the total is too high for a cod order: choose another payment method"
            }
            Self::CartChanged { .. } => "the cart has changed since you read it",
            Self::TooManyAddresses => "the address book is full: remove an address first",
            Self::AddressUnknown => "there is no such address in the book",
            Self::Coupon { issue } => return issue.fmt(f),
            Self::CodTooMany { .. } => {
                "too many orders within an hour for a cod order: choose another payment method"
            }
            Self::CodRisk { .. } => "this cannot be a cod order: choose another payment method",
            Self::PointMissing => "the store delivers to zones: send lat and lng of the address",
            Self::OutOfZone => "the address is outside the zones that this store delivers to",
            Self::StoreClosed { .. } => "the store is closed at this hour",
            Self::ServiceSuspended => "deliveries are suspended because of extreme weather",
            Self::NotYours => "this is not yours to do",
            Self::VersionMismatch { .. } => "the order has changed since you read it",
            Self::LineUnknown { .. } => "the order has no such line to speak of",
            Self::AlreadyInOrder { .. } => "the order has a line of that product already",
            Self::ProposalOpen => "the customer has not answered a proposed substitute yet",
            Self::NoSubstitutes => "the customer wants no substitutes: mark the line as short",
            Self::NotPaidOnline => "the payment method of this order is cash on delivery",
            Self::TooManyAttempts => "this order was tried to be paid as often as one may",
            Self::RefundTooLarge { .. } => "more is to be given back than is left of the payment",
            Self::CashMismatch { .. } => "the cash is not what is due for this order",
        })
    }
}
