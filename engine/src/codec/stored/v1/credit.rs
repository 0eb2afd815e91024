//! The shape of a part of a credit note.

use super::Id;
use super::words::Result;
use kirana_domain::facts::{self, Credited};
use kirana_domain::{FeeKind, Paise};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A part of a credit note.
#[derive(Serialize, Deserialize)]
pub(crate) enum Credit {
    /// The product, its units, and the amount.
    Product(Id, u32, i64),
    /// The number of the fee, and the amount.
    Fee(u8, i64),
}

impl From<&facts::Credit> for Credit {
    fn from(credit: &facts::Credit) -> Self {
        let amount = credit.amount.0;
        match credit.of {
            Credited::Product(id) => Self::Product(id.into(), credit.units, amount),
            Credited::Fee(kind) => Self::Fee(kind as u8, amount),
        }
    }
}

impl Credit {
    fn parse(&self) -> Result<facts::Credit> {
        let (of, units, amount) = match *self {
            Self::Product(id, units, amount) => (Credited::Product(id.into()), units, amount),
            Self::Fee(number, amount) => {
                let kind = FeeKind::from_number(number).ok_or("unknown fee")?;
                (Credited::Fee(kind), 0, amount)
            }
        };
        if amount < 0 {
            return Err("a credit note asks for no money");
        }
        Ok(facts::Credit { of, units, amount: Paise(amount) })
    }

    /// Returns the parts of a credit note.
    pub(crate) fn parse_all(stored: &[Self]) -> Result<Arc<[facts::Credit]>> {
        stored.iter().map(Self::parse).collect()
    }
}
