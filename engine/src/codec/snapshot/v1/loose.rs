//! The shape of captured money that named no order.

use super::{Result, moment};
use crate::codec::stored::v1::Id;
use crate::codec::stored::v1::money::LooseCharge;
use kirana_domain::loose::{self, Assigned};
use kirana_domain::{Principal, Role};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Loose<'a> {
    #[serde(borrow)]
    charge: LooseCharge<'a>,
    seen_at_ms: i64,
    /// The order, who gave it the money, and when.
    assigned: Option<(Id, By, i64)>,
}

/// The role, the person, the store.
type By = (u8, Id, Option<Id>);

impl<'a> From<&'a loose::Loose> for Loose<'a> {
    fn from(loose: &'a loose::Loose) -> Self {
        let assigned = loose.assigned.map(|Assigned { order_id, by, at_ms }| {
            let by = (by.role as u8, by.person_id.into(), by.store_id.map(Id::from));
            (order_id.into(), by, at_ms)
        });
        Self { charge: (&loose.charge).into(), seen_at_ms: loose.seen_at_ms, assigned }
    }
}

impl Loose<'_> {
    pub(crate) fn parse(&self) -> Result<loose::Loose> {
        let assigned = self.assigned.map(|(order_id, (role, person_id, store_id), at_ms)| {
            let role = Role::from_number(role).ok_or("unknown role")?;
            let (person_id, store_id) = (person_id.into(), store_id.map(Into::into));
            let by = Principal { role, person_id, store_id };
            let assigned = Assigned { order_id: order_id.into(), by, at_ms: moment(at_ms)? };
            Ok::<_, &'static str>(assigned)
        });
        Ok(loose::Loose {
            charge: self.charge.parse()?,
            seen_at_ms: moment(self.seen_at_ms)?,
            assigned: assigned.transpose()?,
        })
    }
}
