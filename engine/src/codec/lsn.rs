//! Positions of records: the domain's type and the storage's, which know nothing of each other.

use kirana_domain::Lsn;

/// Returns a position of the storage as the domain's.
pub(crate) fn domain_lsn(lsn: kirana_storage::Lsn) -> Lsn {
    Lsn(lsn.0)
}

/// Returns a position of the domain as the storage's.
pub(crate) fn log_lsn(lsn: Lsn) -> kirana_storage::Lsn {
    kirana_storage::Lsn(lsn.0)
}
