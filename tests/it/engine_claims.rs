//! A provider that gives one id to two orders: a charge of it would be booked on both.

use kirana_domain::order::{OrderCommand, Report};
use kirana_domain::payment::{ProviderId, SeenCharge, SeenRefund};
use kirana_domain::{OrderId, Paise};
use kirana_engine::{PaymentPort, PaymentPortAnswer};
use kirana_tests::provider::Provider;
use kirana_tests::shop::{Razorpay, Shop, customer, order_in};
use std::sync::Arc;

/// The provider's client, but for new orders: each gets the same id.
struct OneId(Arc<dyn PaymentPort>);

impl PaymentPort for OneId {
    fn create_order(&self, _: OrderId, _: Paise) -> PaymentPortAnswer<'_, ProviderId> {
        Box::pin(async { Ok(ProviderId::parse("order_once").unwrap()) })
    }

    fn capture(&self, charge_id: ProviderId, amount: Paise) -> PaymentPortAnswer<'_, SeenCharge> {
        self.0.capture(charge_id, amount)
    }

    fn refund(
        &self,
        order_id: OrderId,
        number: u16,
        charge_id: ProviderId,
        amount: Paise,
    ) -> PaymentPortAnswer<'_, SeenRefund> {
        self.0.refund(order_id, number, charge_id, amount)
    }

    fn look(&self, order_id: OrderId, id: ProviderId) -> PaymentPortAnswer<'_, Report> {
        self.0.look(order_id, id)
    }
}

#[tokio::test]
async fn an_id_that_the_provider_gives_to_a_second_order_stays_with_the_first() {
    let provider = Provider::start(7);
    let (_town, shop) = Shop::with(&[("milk", 9)]).await;
    assert!(shop.engine.set_payment_port(Arc::new(OneId(provider.gateway()))));
    let (first, id) = shop.go_to_pay(1, &[("milk", 2)]).await;
    let second = order_in(&shop.buy(2, &[("milk", 1)], Razorpay).await).placed.id;
    shop.command(customer(2), second, OrderCommand::StartPayment).await.expect("may pay");
    let payment = shop.paid_until("trouble", second, |it| !it.troubles.is_empty()).await;
    assert_eq!(payment.provider_order_id, None, "it has none");
    let trouble = &payment.troubles[0];
    assert_eq!(&*trouble.error, "the provider's order stands for another order");
    assert_eq!(trouble.retry_at_ms, None, "it is not asked for again by itself");
    assert_eq!(shop.engine.order_of_provider(&id).await.unwrap(), Some(first));
}
