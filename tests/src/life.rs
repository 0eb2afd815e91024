//! Words for the life of an order behind its placing: who packs and who rides, what they want, and
//! how money comes.

use crate::provider::{Letter, Provider, command_of};
use crate::shop::{Answer, Lines, Razorpay, STORE, Shop, customer, key_for, order_in};
use kirana_domain::order::{OrderCommand, Report};
use kirana_domain::payment::{Payment, ProviderId};
use kirana_domain::{
    OrderId, Paise, PersonCommand, PersonId, Principal, RiderCommand, Role, Status,
};
use kirana_engine::Command;
use std::time::Duration;
use uuid::Uuid;

/// Who picks and packs in the store of every test.
pub fn packer() -> Principal {
    let person_id = PersonId(Uuid::from_u128(0x9ac4));
    Principal { role: Role::Packer, person_id, store_id: Some(STORE) }
}

/// The n-th rider.
pub fn rider(n: u64) -> Principal {
    let person_id = PersonId(Uuid::from_u128(0x71de_0000 + u128::from(n)));
    Principal { role: Role::Rider, person_id, store_id: None }
}

impl Shop {
    /// Somebody wants something of an order.
    ///
    /// # Errors
    /// As [`kirana_engine::Engine::submit`].
    pub async fn command(&self, by: Principal, order_id: OrderId, command: OrderCommand) -> Answer {
        if let Some(rider_id) = command.asked_rider() {
            self.begin_shift(rider_id).await;
        }
        self.ask(by, None, Command::Order { order_id, command, expected_version: None }).await
    }

    /// Makes a rider known to the store, at work and with room for every order, unless they are.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn begin_shift(&self, rider_id: PersonId) {
        if self.engine.people(|people| people.riders.get(rider_id).is_some()) {
            return;
        }
        let (capacity, on_shift) = (Some(u32::MAX), Some(true));
        let personal = br#"{"name":"Sengnal","phone":"9876500001"}"#.to_vec();
        let command = RiderCommand::Save { store_id: STORE, capacity, on_shift, personal };
        let command = PersonCommand::Rider { rider_id, command };
        self.ask(crate::shop::admin(), None, command.into()).await.expect("a rider is known");
    }

    /// A rider is asked, by the back office, to bring an order.
    ///
    /// # Errors
    /// As [`kirana_engine::Engine::submit`].
    pub async fn assign(&self, order_id: OrderId, rider_n: u64) -> Answer {
        let reason = Some(crate::shop::reason("next in line"));
        let rider_id = rider(rider_n).person_id;
        self.command(crate::shop::admin(), order_id, OrderCommand::Assign { rider_id, reason })
            .await
    }

    /// The n-th customer orders online and goes to pay. Answers the order, and the provider's.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn go_to_pay(&self, n: u64, lines: Lines<'_>) -> (OrderId, ProviderId) {
        let order_id = order_in(&self.buy(n, lines, Razorpay).await).placed.id;
        self.command(customer(n), order_id, OrderCommand::StartPayment).await.expect("may pay");
        (order_id, self.provider_order(order_id).await)
    }

    /// The provider's order for one of ours, once there is one.
    ///
    /// # Panics
    /// If there is none in time.
    pub async fn provider_order(&self, order_id: OrderId) -> ProviderId {
        self.paid_until("the provider's order", order_id, |payment| {
            payment.provider_order_id.is_some()
        })
        .await
        .provider_order_id
        .expect("it is there")
    }

    /// Waits until the money of an order is so.
    ///
    /// # Panics
    /// If it is not within ten seconds.
    pub async fn paid_until(
        &self,
        what: &str,
        order_id: OrderId,
        is_so: impl Fn(&Payment) -> bool,
    ) -> Payment {
        for _ in 0..10_000 {
            if let Some(payment) = self.engine.payment(order_id).filter(&is_so) {
                return payment;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("waited for {what}: {:?}", self.engine.payment(order_id));
    }

    /// Waits until an order is in a state.
    ///
    /// # Panics
    /// If it is not within ten seconds.
    pub async fn becomes(&self, order_id: OrderId, status: Status) {
        for _ in 0..10_000 {
            if self.order(order_id).await.status == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let order = self.order(order_id).await;
        panic!("waited for {status:?}, is {:?}: {:?}", order.status, order.payment);
    }

    /// The engine is told what a letter of the provider says, under the letter's own key.
    ///
    /// # Errors
    /// As [`kirana_engine::Engine::submit`].
    pub async fn deliver(&self, letter: &Letter) -> Answer {
        let key = key_for(&letter.event_id, &String::from_utf8_lossy(&letter.body));
        self.ask(Principal::SYSTEM, Some(key), command_of(letter)).await
    }

    /// All letters that have come are told, in the order in which they came.
    ///
    /// # Panics
    /// If one is refused.
    pub async fn deliver_all(&self, provider: &Provider) {
        for letter in provider.letters() {
            self.deliver(&letter).await.expect("a letter is taken");
        }
    }

    /// The outcome of a report, told by nobody in particular.
    ///
    /// # Errors
    /// As [`kirana_engine::Engine::submit`].
    pub async fn report(&self, order_id: OrderId, report: Report) -> Answer {
        self.command(Principal::SYSTEM, order_id, OrderCommand::Report(report)).await
    }

    /// Checks that our books and the provider's say the same of the money of an order, and that
    /// the shop keeps what the order is worth and no more.
    ///
    /// # Panics
    /// If they do not.
    pub async fn money_agrees(&self, provider: &Provider, order_id: OrderId) {
        let books = provider.books();
        let order = self.order(order_id).await;
        let nothing = Payment::of(order.placed.sums.total);
        let payment = order.payment.as_deref().unwrap_or(&nothing);
        assert_eq!(payment.captured(), books.captured(order_id), "{order:?}");
        let by_provider = payment.given_back() - payment.credited();
        assert_eq!(by_provider, books.given_back(order_id), "{order:?}");
        assert!(books.orders_of(order_id).len() <= 1, "one order at the provider: {order:?}");
        let has_come_about =
            !matches!(order.status, Status::PendingPayment | Status::Cancelled | Status::Expired);
        let most = if has_come_about { order.sums().total } else { Paise::ZERO };
        assert!(payment.kept() <= most, "keeps {} of {most}: {order:?}", payment.kept());
    }
}
