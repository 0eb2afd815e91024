//! The shapes of a refusal.

use super::Id;
use super::coupon::CouponIssue;
use super::order::{Quote, QuoteV2, QuoteV3, status};
use super::stock::StockIssue;
use super::words::{Result, each, minute};
use kirana_domain::{Lsn, Move, Paise, Rejection as R, RejectionKind as K};
use serde::{Deserialize, Serialize};

/// A refusal. A new one is an [`Other`](Self::Other); one with more figures than that has place for
/// goes to the end.
#[derive(Serialize, Deserialize)]
pub(super) enum Rejection<'a> {
    BasketEmpty,
    TooManyLines(u64),
    /// The product, and the quantity.
    QuantityOutOfRange(Id, u64),
    UnknownProduct(Id),
    /// The product, and its maximum.
    OverMaxPerOrder(Id, u32),
    /// The item total, and the minimum.
    BelowMinimum(i64, i64),
    /// The total, and the maximum.
    AboveMaximum(i64, i64),
    PriceChanged(#[serde(borrow)] Quote<'a>),
    InsufficientStock(#[serde(borrow)] Vec<StockIssue<'a>>),
    AdjustBelowZero(#[serde(borrow)] Vec<StockIssue<'a>>),
    StockOverflow(Id),
    /// The status, and the name of the move.
    IllegalMove(u8, &'a str),
    HoldNotOver,
    ReasonMissing,
    /// The total, and the maximum.
    CodLimit(i64, i64),
    PriceChangedV2(#[serde(borrow)] QuoteV2<'a>),
    Coupon(CouponIssue),
    Other(CodeAndFigures),
    PriceChangedV3(#[serde(borrow)] QuoteV3<'a>),
}

impl<'a> From<&'a R> for Rejection<'a> {
    /// Returns the shape of a refusal. There is no `_` arm: one without a shape does not compile.
    fn from(rejection: &'a R) -> Self {
        let other = |first: i64, second: i64, id: Option<Id>| {
            Self::Other(CodeAndFigures { code: rejection.code(), first, second, id })
        };
        let count = |count: u64| other(i64::try_from(count).unwrap_or(i64::MAX), 0, None);
        match rejection {
            R::BasketEmpty => Self::BasketEmpty,
            R::TooManyLines { lines } => Self::TooManyLines(*lines as u64),
            R::QuantityOutOfRange { product_id, quantity } => {
                Self::QuantityOutOfRange(product_id.into(), *quantity)
            }
            R::UnknownProduct { product_id } => Self::UnknownProduct(product_id.into()),
            R::OverMaxPerOrder { product_id, max } => {
                Self::OverMaxPerOrder(product_id.into(), *max)
            }
            R::BelowMinimum { subtotal, minimum } => Self::BelowMinimum(subtotal.0, minimum.0),
            R::AboveMaximum { total, maximum } => Self::AboveMaximum(total.0, maximum.0),
            R::PriceChanged { quote } => Self::PriceChangedV3(QuoteV3::from(&**quote)),
            R::InsufficientStock { issues } => Self::InsufficientStock(each(issues)),
            R::AdjustBelowZero { issues } => Self::AdjustBelowZero(each(issues)),
            R::StockOverflow { product_id } => Self::StockOverflow(product_id.into()),
            R::IllegalMove { from, wanted } => Self::IllegalMove(*from as u8, wanted),
            R::HoldNotOver => Self::HoldNotOver,
            R::ReasonMissing => Self::ReasonMissing,
            R::CodLimit { total, maximum } => Self::CodLimit(total.0, maximum.0),
            R::Coupon { issue } => Self::Coupon(CouponIssue::from(issue)),
            R::NotYours
            | R::ProposalOpen
            | R::NoSubstitutes
            | R::RiderUnknown
            | R::RiderOffShift
            | R::TooManyRiders
            | R::NotPaidOnline
            | R::TooManyAttempts
            | R::TooManyAddresses
            | R::AddressUnknown
            | R::PointMissing
            | R::OutOfZone
            | R::OnlineOff
            | R::PaymentSettled
            | R::ServiceSuspended => other(0, 0, None),
            R::VersionMismatch { version } => count(*version),
            R::CartChanged { version } => count(version.0),
            R::RiderFull { capacity } => count((*capacity).into()),
            R::CodTooMany { orders } => count((*orders).into()),
            R::CodRisk { score } => count((*score).into()),
            R::LineUnknown { product_id } | R::AlreadyInOrder { product_id } => {
                other(0, 0, Some(product_id.into()))
            }
            R::RefundTooLarge { wanted, left } => other(wanted.0, left.0, None),
            R::CashMismatch { due, given } => other(due.0, given.0, None),
            R::RefundTooSmall { wanted, minimum } => other(wanted.0, minimum.0, None),
            R::PaymentNotAwaited { total, amount } => other(total.0, amount.0, None),
            R::OnlineMinimum { total, minimum } => other(total.0, minimum.0, None),
            R::TooManyUnpaid { unpaid } => count((*unpaid).into()),
            R::HoldsPaused { wait_s } => count((*wait_s).into()),
            R::OverMaxOpen { product_id, maximum, left } => {
                other((*maximum).into(), (*left).into(), Some(product_id.into()))
            }
            R::StoreClosed { opens, closes } => {
                other(opens.get().into(), closes.get().into(), None)
            }
        }
    }
}

impl Rejection<'_> {
    /// Returns the refusal.
    pub(super) fn parse(self) -> Result<R> {
        let issues = |stored: &[StockIssue<'_>]| {
            stored.iter().map(StockIssue::parse).collect::<Result<Vec<_>>>()
        };
        Ok(match self {
            Self::BasketEmpty => R::BasketEmpty,
            Self::TooManyLines(lines) => {
                R::TooManyLines { lines: usize::try_from(lines).map_err(|_| "too many lines")? }
            }
            Self::QuantityOutOfRange(id, quantity) => {
                R::QuantityOutOfRange { product_id: id.into(), quantity }
            }
            Self::UnknownProduct(id) => R::UnknownProduct { product_id: id.into() },
            Self::OverMaxPerOrder(id, max) => R::OverMaxPerOrder { product_id: id.into(), max },
            Self::BelowMinimum(subtotal, minimum) => {
                R::BelowMinimum { subtotal: Paise(subtotal), minimum: Paise(minimum) }
            }
            Self::AboveMaximum(total, maximum) => {
                R::AboveMaximum { total: Paise(total), maximum: Paise(maximum) }
            }
            Self::PriceChanged(stored) => R::PriceChanged { quote: Box::new(stored.parse()?) },
            Self::InsufficientStock(short) => R::InsufficientStock { issues: issues(&short)? },
            Self::AdjustBelowZero(short) => R::AdjustBelowZero { issues: issues(&short)? },
            Self::StockOverflow(id) => R::StockOverflow { product_id: id.into() },
            Self::IllegalMove(from, wanted) => {
                R::IllegalMove { from: status(from)?, wanted: move_name(wanted)? }
            }
            Self::HoldNotOver => R::HoldNotOver,
            Self::ReasonMissing => R::ReasonMissing,
            Self::CodLimit(total, maximum) => {
                R::CodLimit { total: Paise(total), maximum: Paise(maximum) }
            }
            Self::PriceChangedV2(stored) => R::PriceChanged { quote: Box::new(stored.parse()?) },
            Self::PriceChangedV3(stored) => R::PriceChanged { quote: Box::new(stored.parse()?) },
            Self::Coupon(stored) => R::Coupon { issue: stored.parse()? },
            Self::Other(stored) => stored.parse()?,
        })
    }
}

/// Returns the name of a move. The names are part of the program; a stored one is looked up there.
fn move_name(stored: &str) -> Result<&'static str> {
    Move::parse(stored).map(Move::name).ok_or("unknown move")
}

/// A refusal that the first release did not know: its code, and up to two figures and one product.
#[derive(Serialize, Deserialize)]
pub(super) struct CodeAndFigures {
    code: u16,
    first: i64,
    second: i64,
    id: Option<Id>,
}

impl CodeAndFigures {
    fn parse(&self) -> Result<R> {
        let count = || u64::try_from(self.first).map_err(|_| "a negative count");
        let units = |figure| u32::try_from(figure).map_err(|_| "a count");
        let product = || self.id.map(Into::into).ok_or("a product id is missing");
        let time = |figure| u16::try_from(figure).map_or(Err("a time of day"), minute);
        let (first, second) = (Paise(self.first), Paise(self.second));
        Ok(match K::from_code(self.code).ok_or("unknown refusal")? {
            K::CartChanged => R::CartChanged { version: Lsn(count()?) },
            K::TooManyAddresses => R::TooManyAddresses,
            K::AddressUnknown => R::AddressUnknown,
            K::NotYours => R::NotYours,
            K::VersionMismatch => R::VersionMismatch { version: count()? },
            K::LineUnknown => R::LineUnknown { product_id: product()? },
            K::AlreadyInOrder => R::AlreadyInOrder { product_id: product()? },
            K::ProposalOpen => R::ProposalOpen,
            K::NoSubstitutes => R::NoSubstitutes,
            K::RiderUnknown => R::RiderUnknown,
            K::RiderOffShift => R::RiderOffShift,
            K::RiderFull => R::RiderFull { capacity: count()?.try_into().map_err(|_| "a count")? },
            K::TooManyRiders => R::TooManyRiders,
            K::NotPaidOnline => R::NotPaidOnline,
            K::TooManyAttempts => R::TooManyAttempts,
            K::RefundTooLarge => R::RefundTooLarge { wanted: first, left: second },
            K::CashMismatch => R::CashMismatch { due: first, given: second },
            K::RefundTooSmall => R::RefundTooSmall { wanted: first, minimum: second },
            K::OnlineMinimum => R::OnlineMinimum { total: first, minimum: second },
            K::OnlineOff => R::OnlineOff,
            K::PaymentSettled => R::PaymentSettled,
            K::PaymentNotAwaited => R::PaymentNotAwaited { total: first, amount: second },
            K::CodTooMany => R::CodTooMany { orders: count()?.try_into().map_err(|_| "a count")? },
            K::CodRisk => R::CodRisk { score: count()?.try_into().map_err(|_| "a score")? },
            K::TooManyUnpaid => R::TooManyUnpaid { unpaid: units(self.first)? },
            K::HoldsPaused => R::HoldsPaused { wait_s: units(self.first)? },
            K::OverMaxOpen => {
                let (maximum, left) = (units(self.first)?, units(self.second)?);
                R::OverMaxOpen { product_id: product()?, maximum, left }
            }
            K::PointMissing => R::PointMissing,
            K::OutOfZone => R::OutOfZone,
            K::StoreClosed => {
                R::StoreClosed { opens: time(self.first)?, closes: time(self.second)? }
            }
            K::ServiceSuspended => R::ServiceSuspended,
            K::BasketEmpty
            | K::TooManyLines
            | K::QuantityOutOfRange
            | K::UnknownProduct
            | K::OverMaxPerOrder
            | K::BelowMinimum
            | K::AboveMaximum
            | K::PriceChanged
            | K::Coupon
            | K::InsufficientStock
            | K::AdjustBelowZero
            | K::StockOverflow
            | K::IllegalMove
            | K::HoldNotOver
            | K::ReasonMissing
            | K::CodLimit => return Err("a refusal that has a shape of its own"),
        })
    }
}
