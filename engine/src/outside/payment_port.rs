//! The port to a payment provider. The engine decides what is to be done; who implements this does
//! it. Every call may be made more than once for the same thing: after a crash, after a time-out.

use kirana_domain::order::Report;
use kirana_domain::payment::{ProviderId, SeenCharge, SeenRefund};
use kirana_domain::{OrderId, Paise};
use std::pin::Pin;
use std::time::Duration;

/// What a call of the provider comes to, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, PaymentPortError>> + Send + 'a>>;

/// Why a call did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentPortError {
    /// It may work later: the provider was slow, busy, or not there. Nobody knows whether it was done.
    Retry {
        /// What happened.
        detail: String,
        /// How long the provider wants us to wait.
        after: Option<Duration>,
    },
    /// The provider said no, and will again.
    Refused {
        /// In its words.
        detail: String,
    },
}

/// A payment provider.
pub trait PaymentPort: Send + Sync + 'static {
    /// Makes the provider's order for one of ours, or finds the one that was made before.
    fn create_order(&self, order_id: OrderId, amount: Paise) -> Answer<'_, ProviderId>;

    /// Takes the money of an authorized charge; of a captured one it answers that.
    fn capture(&self, charge_id: ProviderId, amount: Paise) -> Answer<'_, SeenCharge>;

    /// Gives money back, once for each `(order_id, number)`.
    fn refund(
        &self,
        order_id: OrderId,
        number: u16,
        charge_id: ProviderId,
        amount: Paise,
    ) -> Answer<'_, SeenRefund>;

    /// What the provider's books say of an order: all charges, and their refunds.
    fn look(&self, order_id: OrderId, provider_order_id: ProviderId) -> Answer<'_, Report>;
}
