//! Every kind has a sample: the table of kinds names each fact, a new refusal does not compile until
//! it has a name here, and the test wants a sample of that name.

use super::samples;
use kirana_domain::{Event, Record, Rejection};
use std::collections::BTreeSet;

/// The number of refusals that there are.
const REFUSALS: usize = 47;

/// The code stands here once more, so that a new refusal is met by the compiler.
fn refusal(rejection: &Rejection) -> u16 {
    use Rejection as R;
    match rejection {
        R::BasketEmpty => 1001,
        R::TooManyLines { .. } => 1002,
        R::QuantityOutOfRange { .. } => 1003,
        R::UnknownProduct { .. } => 1004,
        R::OverMaxPerOrder { .. } => 1005,
        R::BelowMinimum { .. } => 1006,
        R::AboveMaximum { .. } => 1007,
        R::PriceChanged { .. } => 1008,
        R::CartChanged { .. } => 1009,
        R::TooManyAddresses => 1010,
        R::AddressUnknown => 1011,
        R::Coupon { .. } => 1012,
        R::InsufficientStock { .. } => 2001,
        R::AdjustBelowZero { .. } => 2002,
        R::StockOverflow { .. } => 2003,
        R::IllegalMove { .. } => 3001,
        R::HoldNotOver => 3002,
        R::ReasonMissing => 3003,
        R::NotYours => 3004,
        R::VersionMismatch { .. } => 3005,
        R::LineUnknown { .. } => 3006,
        R::AlreadyInOrder { .. } => 3007,
        R::ProposalOpen => 3008,
        R::NoSubstitutes => 3009,
        R::RiderUnknown => 3010,
        R::RiderOffShift => 3011,
        R::RiderFull { .. } => 3012,
        R::TooManyRiders => 3013,
        R::CodLimit { .. } => 4001,
        R::NotPaidOnline => 4002,
        R::TooManyAttempts => 4003,
        R::RefundTooLarge { .. } => 4004,
        R::CashMismatch { .. } => 4005,
        R::CodTooMany { .. } => 4006,
        R::CodRisk { .. } => 4007,
        R::RefundTooSmall { .. } => 4008,
        R::OnlineMinimum { .. } => 4009,
        R::OnlineOff => 4010,
        R::PaymentSettled => 4011,
        R::PaymentNotAwaited { .. } => 4012,
        R::TooManyUnpaid { .. } => 4013,
        R::HoldsPaused { .. } => 4014,
        R::OverMaxOpen { .. } => 4015,
        R::PointMissing => 5001,
        R::OutOfZone => 5002,
        R::StoreClosed { .. } => 5003,
        R::ServiceSuspended => 5004,
    }
}

fn name_of(record: &Record) -> String {
    match &record.event {
        Event::CommandRefused { rejection } => {
            assert_eq!(rejection.code(), refusal(rejection), "codes are never changed");
            format!("refused_{}", refusal(rejection))
        }
        event => event.kind().to_owned(),
    }
}

#[test]
fn there_is_a_sample_of_every_kind_under_its_name() {
    let mut kinds = BTreeSet::new();
    for (name, record) in samples() {
        let kind = name_of(&record);
        assert!(name.starts_with(&kind), "{name} is a {kind}");
        kinds.insert(kind);
    }
    // A refused command is a fact, and stands with the refusals.
    assert_eq!(kinds.len(), Event::KINDS.len() - 1 + REFUSALS, "facts and refusals");
}

#[test]
fn no_two_samples_have_one_name() {
    let names: BTreeSet<_> = samples().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), samples().len());
}
