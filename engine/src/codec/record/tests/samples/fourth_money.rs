//! Records about money that the fourth release was the first to write. The names are those of the
//! kept bytes.

use super::{ORDER, record, refused, text};
use kirana_domain::payment::{OwedRefund, RefundReason};
use kirana_domain::{Event, Paise, Record, Rejection};

/// A record of each.
pub(crate) fn fourth_money() -> Vec<(&'static str, Record)> {
    let (one, two) = (Paise(1 << 40), Paise(7));
    let credited = OwedRefund {
        number: 2,
        charge_id: text("pay_DESyzxuld02Zul"),
        amount: Paise(50),
        reason: RefundReason::Credited,
        note: None,
    };
    vec![
        ("refund_owed_credited", record(Event::RefundOwed { order_id: ORDER, refund: credited })),
        ("refused_4008", refused(Rejection::RefundTooSmall { wanted: one, minimum: two })),
        ("refused_4009", refused(Rejection::OnlineMinimum { total: one, minimum: two })),
        ("refused_4010", refused(Rejection::OnlineOff)),
    ]
}
