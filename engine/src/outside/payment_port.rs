//! The port to a payment provider. The engine decides on calls; an implementation makes them. Every
//! call may be made more than once for the same thing: after a crash, after a time-out.

use kirana_domain::order::Report;
use kirana_domain::payment::{ProviderId, SeenCharge, SeenRefund};
use kirana_domain::{OrderId, Paise};
use std::pin::Pin;
use std::time::Duration;

/// The pending outcome of a call of the provider.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, PaymentPortError>> + Send + 'a>>;

/// The reason why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentPortError {
    /// It may work later: the provider was slow, busy, or not there. It may have been done or not.
    Retry {
        /// The reason.
        detail: String,
        /// The wait that the provider asks for.
        after: Option<Duration>,
    },
    /// The provider refused it, and will again.
    Refused {
        /// The provider's words.
        detail: String,
    },
}

/// A payment provider.
pub trait PaymentPort: Send + Sync + 'static {
    /// Makes the provider's order for one of ours, or finds the one that was made before.
    fn create_order(&self, order_id: OrderId, amount: Paise) -> Answer<'_, ProviderId>;

    /// Takes the money of an authorized charge; of a captured one it returns that.
    fn capture(&self, charge_id: ProviderId, amount: Paise) -> Answer<'_, SeenCharge>;

    /// Gives money back, once for each `(order_id, number)`.
    fn refund(
        &self,
        order_id: OrderId,
        number: u16,
        charge_id: ProviderId,
        amount: Paise,
    ) -> Answer<'_, SeenRefund>;

    /// Reads the provider's books of an order: all charges, and their refunds.
    fn look(&self, order_id: OrderId, provider_order_id: ProviderId) -> Answer<'_, Report>;
}
