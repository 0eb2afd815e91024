//! What the provider says of refunds, against what is known of them.

use super::*;
use crate::samples::{AT_MS, text};

fn refund(id: Option<&str>, charge: &str, amount: i64, status: RefundStatus) -> Refund {
    Refund {
        number: None,
        id: id.map(text),
        charge_id: text(charge),
        amount: Paise(amount),
        status,
        reason: RefundReason::AtProvider,
        note: None,
        at_ms: AT_MS,
    }
}

fn is_behind(refunds: &[Refund], said: &[(&str, i64)]) -> bool {
    let payment = Payment { refunds: refunds.to_vec(), ..Payment::of(Paise(10_000)) };
    let said: Vec<_> = said.iter().map(|(id, amount)| (text(id), Paise(*amount))).collect();
    payment.is_behind(&said)
}

#[test]
fn a_payment_is_behind_when_more_went_back_than_it_knows_of() {
    assert!(is_behind(&[], &[("pay_1", 1)]), "a refund that nobody told of");
    assert!(!is_behind(&[], &[]) && !is_behind(&[], &[("pay_1", 0)]), "nothing went back");
    for status in [RefundStatus::Accepted, RefundStatus::Processed] {
        let known = [refund(Some("rfnd_1"), "pay_1", 3_000, status)];
        assert!(!is_behind(&known, &[("pay_1", 3_000)]), "{status:?}: all of it is known");
        assert!(!is_behind(&known, &[("pay_1", 2_999)]), "{status:?}: a message that is older");
        assert!(is_behind(&known, &[("pay_1", 3_001)]), "{status:?}: a second refund");
    }
}

#[test]
fn a_refund_counts_as_known_once_the_provider_has_named_it_and_not_failed_it() {
    for (refund, why) in [
        (refund(None, "pay_1", 3_000, RefundStatus::Owed), "the provider does not know of it"),
        (refund(Some("rfnd_1"), "pay_1", 3_000, RefundStatus::Failed), "the money is back"),
        (refund(None, "pay_1", 3_000, RefundStatus::Processed), "a credit with the shop"),
        (refund(Some("rfnd_1"), "pay_2", 3_000, RefundStatus::Processed), "of another charge"),
    ] {
        assert!(is_behind(&[refund], &[("pay_1", 3_000)]), "{why}");
    }
}

#[test]
fn one_charge_of_several_is_enough_to_be_behind() {
    let known = [
        refund(Some("rfnd_1"), "pay_1", 1_000, RefundStatus::Processed),
        refund(Some("rfnd_2"), "pay_1", 500, RefundStatus::Accepted),
        refund(Some("rfnd_3"), "pay_2", 900, RefundStatus::Processed),
    ];
    assert!(!is_behind(&known, &[("pay_1", 1_500), ("pay_2", 900)]));
    assert!(is_behind(&known, &[("pay_1", 1_500), ("pay_2", 901)]));
    assert!(is_behind(&known, &[("pay_1", 1_501), ("pay_2", 900)]));
}
