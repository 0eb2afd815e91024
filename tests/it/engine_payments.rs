//! Money: the engine with the real client against the stand-in, and everything that goes wrong
//! between them. The cases that are named are those of other shops.

use kirana_domain::order::OrderCommand;
use kirana_domain::payment::{PaymentStatus, ProviderId, RefundReason, RefundStatus};
use kirana_domain::{Event, Lsn, OrderId, Paise, Record, Rejection, Status};
use kirana_tests::life::packer;
use kirana_tests::provider::{Letter, Provider};
use kirana_tests::shop::{
    Razorpay, Shop, Town, admin, customer, eventually, order_in, reason, rejection_in,
};
use serde_json::json;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;
/// More than the first distance between two tries, spread included.
const NEXT_TRY_MS: i64 = 1_000;

async fn open(seed: u64, products: &[(&str, u32)]) -> (Provider, Town, Shop) {
    let provider = Provider::start(seed);
    let (town, shop) = Shop::with(products).await;
    assert!(shop.engine.set_payment_port(provider.gateway()));
    (provider, town, shop)
}

/// A start on what the disk has, with the provider.
async fn start(town: &Town, provider: &Provider) -> Shop {
    let shop = town.start().await;
    assert!(shop.engine.set_payment_port(provider.gateway()));
    shop
}

async fn crash(town: &Town, shop: Shop) {
    town.disk.crash();
    _ = shop.engine.stop().await;
}

/// An order that is paid and placed.
async fn placed(provider: &Provider, shop: &Shop, n: u64, lines: &[(&str, u32)]) -> OrderId {
    let (id, provider_order) = shop.go_to_pay(n, lines).await;
    provider.pay(&provider_order, json!({}));
    shop.deliver_all(provider).await;
    shop.becomes(id, Status::Placed).await;
    id
}

fn count(shop: &Shop, of: impl Fn(&Event) -> bool) -> usize {
    shop.log().iter().filter(|(_, record)| of(&record.event)).count()
}

/// The last decision on an order that has such an event in it: its events, by short names.
fn decision(shop: &Shop, id: OrderId, of: impl Fn(&Event) -> bool) -> Vec<&'static str> {
    let own = |event: &Event| event.order_id() == Some(id) && of(event);
    let batches = shop.batches();
    let is_it = |batch: &&Vec<(Lsn, Record)>| batch.iter().any(|(_, it)| own(&it.event));
    let batch = batches.iter().rev().find(is_it).expect("there is such a decision");
    batch.iter().map(|(_, record)| name_of(&record.event)).collect()
}

fn name_of(event: &Event) -> &'static str {
    match event {
        Event::ChargeSeen { .. } => "seen",
        Event::OrderConfirmed { held_again: true, .. } => "held again",
        Event::OrderConfirmed { .. } => "confirmed",
        Event::OrderCancelled { .. } => "cancelled",
        Event::OrderExpired { .. } => "expired",
        Event::RefundOwed { .. } => "owed",
        _ => "other",
    }
}

#[tokio::test]
async fn who_pays_has_placed_an_order_and_the_books_agree() {
    let (provider, town, shop) = open(1, &[("milk", 5)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    assert_eq!(shop.order(id).await.payment_status(), PaymentStatus::Processing);
    assert_eq!(shop.stock("milk").held, 2);
    provider.pay(&provider_order, json!({}));
    shop.deliver_all(&provider).await;
    shop.becomes(id, Status::Placed).await;
    let order = shop.order(id).await;
    assert_eq!(order.payment_status(), PaymentStatus::Completed);
    assert_eq!(provider.books().captured(id), order.placed.sums.total);
    assert_eq!((shop.stock("milk").held, shop.stock("milk").allocated), (0, 2));
    assert_eq!(shop.engine.order_of_provider(&provider_order).await.unwrap(), Some(id));
    // The webhooks of the capture come after the answer to it: no news, and nothing happens twice.
    shop.deliver_all(&provider).await;
    assert_eq!(count(&shop, |event| matches!(event, Event::OrderConfirmed { .. })), 1);
    shop.money_agrees(&provider, id).await;
    let digest = shop.audit(&["milk"]).await;
    shop.engine.stop().await.unwrap();
    assert_eq!(start(&town, &provider).await.replayed().orders.count(), 1);
    assert_ne!(town.start().await.engine.digest(), digest, "a start is a record");
}

#[tokio::test]
async fn a_capture_that_fails_is_tried_again_and_meanwhile_seen() {
    let (provider, town, shop) = open(2, &[("milk", 5)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    provider.pay(&provider_order, json!({}));
    let letters = provider.letters();
    provider.faults("fail_before=100");
    for letter in &letters {
        shop.deliver(letter).await.unwrap();
    }
    let payment = shop.paid_until("trouble", id, |payment| !payment.troubles.is_empty()).await;
    assert_eq!((payment.troubles[0].effect.name(), payment.troubles[0].tries), ("capture", 1));
    assert_eq!(shop.engine.troubles().len(), 1, "it can be seen");
    assert_eq!(shop.order(id).await.status, Status::PendingPayment);
    provider.faults("none");
    town.clock.advance_ms(NEXT_TRY_MS);
    shop.becomes(id, Status::Placed).await;
    assert!(shop.engine.troubles().is_empty(), "what has come true is no trouble");
    shop.money_agrees(&provider, id).await;
    shop.audit(&["milk"]).await;
}

/// Cases 36, 37 and 39: the answer is lost, so nobody knows; the retry finds what was done.
#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again_and_nothing_is_done_twice() {
    let (provider, town, shop) = open(3, &[("milk", 5)]).await;
    provider.faults("drop_after=100");
    let id = order_in(&shop.buy(1, &[("milk", 2)], Razorpay).await).placed.id;
    shop.command(customer(1), id, OrderCommand::StartPayment).await.unwrap();
    let has_trouble = |payment: &kirana_domain::payment::Payment| !payment.troubles.is_empty();
    shop.paid_until("a lost order", id, has_trouble).await;
    provider.faults("none");
    town.clock.advance_ms(NEXT_TRY_MS);
    let provider_order = shop.provider_order(id).await;
    provider.pay(&provider_order, json!({}));
    let letters = provider.letters();

    provider.faults("drop_after=100");
    shop.deliver(&letters[0]).await.unwrap();
    shop.paid_until("a lost capture", id, has_trouble).await;
    provider.faults("none");
    town.clock.advance_ms(NEXT_TRY_MS);
    shop.becomes(id, Status::Placed).await;

    provider.faults("drop_after=100");
    shop.cancel(1, id).await.unwrap();
    shop.paid_until("a lost refund", id, has_trouble).await;
    provider.faults("none");
    town.clock.advance_ms(NEXT_TRY_MS);
    let is_back = |payment: &kirana_domain::payment::Payment| {
        payment.refunds.iter().all(|refund| refund.status > RefundStatus::Owed)
    };
    shop.paid_until("the refund", id, is_back).await;
    shop.deliver_all(&provider).await;
    let books = provider.books();
    assert_eq!((books.refunds_count(), books.orders_of(id).len()), (1, 1));
    assert_eq!(books.given_back(id), books.captured(id));
    assert_eq!(shop.order(id).await.payment_status(), PaymentStatus::Refunded);
    shop.money_agrees(&provider, id).await;
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn a_hold_is_kept_while_a_payment_is_in_flight_and_no_longer_than_its_bound() {
    let (_provider, town, shop) = open(4, &[("milk", 5)]).await;
    let idle = order_in(&shop.buy(1, &[("milk", 1)], Razorpay).await).placed.id;
    let late = order_in(&shop.buy(2, &[("milk", 1)], Razorpay).await).placed.id;
    town.clock.advance_ms(14 * MINUTE_MS);
    shop.command(customer(2), late, OrderCommand::StartPayment).await.unwrap();
    town.clock.advance_ms(MINUTE_MS);
    shop.becomes(idle, Status::Expired).await;
    town.clock.advance_ms(9 * MINUTE_MS - 1);
    shop.settled().await;
    assert_eq!(shop.order(late).await.status, Status::PendingPayment, "in flight for 10 minutes");
    assert_eq!(shop.stock("milk").held, 1);
    town.clock.advance_ms(1);
    shop.becomes(late, Status::Expired).await;
    assert_eq!((shop.stock("milk").held, shop.stock("milk").available), (0, 5));
    let again = shop.command(customer(2), late, OrderCommand::StartPayment).await;
    assert!(matches!(&*rejection_in(&again), Rejection::IllegalMove { from: Status::Expired, .. }));
    shop.audit(&["milk"]).await;
}

/// The bank has said yes and we cannot take the money: the hold waits 15 minutes longer, then the
/// units are for others, and the money that comes after all is for nobody's good but the customer's.
#[tokio::test]
async fn an_authorized_payment_holds_the_units_up_to_the_bound_and_comes_back_after_it() {
    let (provider, town, shop) = open(5, &[("milk", 2)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    provider.pay(&provider_order, json!({}));
    let letters = provider.letters();
    provider.faults("fail_before=100");
    shop.deliver(&letters[0]).await.unwrap();
    shop.paid_until("trouble", id, |payment| !payment.troubles.is_empty()).await;
    town.clock.advance_ms(30 * MINUTE_MS - 1);
    shop.settled().await;
    assert_eq!(shop.order(id).await.status, Status::PendingPayment);
    town.clock.advance_ms(1);
    shop.becomes(id, Status::Expired).await;
    assert_eq!(shop.stock("milk").available, 2);
    provider.faults("none");
    // A try may just have failed, and is made again up to 75 minutes after that: wherever the clock
    // was then.
    for _ in 0..3 * 60 {
        town.clock.advance_ms(MINUTE_MS);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    shop.becomes(id, Status::Placed).await;
    assert_eq!(
        decision(&shop, id, |e| matches!(e, Event::OrderConfirmed { .. })),
        ["seen", "held again"]
    );
    assert_eq!((shop.stock("milk").available, shop.stock("milk").allocated), (0, 2));
    shop.money_agrees(&provider, id).await;
    shop.audit(&["milk"]).await;
}

/// Cases 5, 18, 20, 31 and 41: paid, and the units are another's. One decision ends the order and
/// owes the money, so there is no moment in which somebody has paid for nothing.
#[tokio::test]
async fn late_money_without_stock_goes_back_in_the_same_decision() {
    let (provider, town, shop) = open(6, &[("milk", 2)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    town.clock.advance_ms(15 * MINUTE_MS);
    shop.becomes(id, Status::Expired).await;
    let other = placed(&provider, &shop, 2, &[("milk", 1)]).await;
    provider.pay(&provider_order, json!({}));
    shop.deliver_all(&provider).await;
    shop.becomes(id, Status::Cancelled).await;
    assert_eq!(
        decision(&shop, id, |e| matches!(e, Event::RefundOwed { .. })),
        ["seen", "cancelled", "owed"]
    );
    let is_back = |payment: &kirana_domain::payment::Payment| {
        payment.refunds.iter().all(|refund| refund.status > RefundStatus::Owed)
    };
    let payment = shop.paid_until("the refund", id, is_back).await;
    assert_eq!(payment.refunds[0].reason, RefundReason::TooLate);
    shop.deliver_all(&provider).await;
    for id in [id, other] {
        shop.money_agrees(&provider, id).await;
    }
    assert_eq!((shop.stock("milk").available, shop.stock("milk").allocated), (1, 1));
    shop.audit(&["milk"]).await;
}

/// Cases 30, 32, 33 and 34: the customer pays three times for one order.
#[tokio::test]
async fn money_that_came_twice_goes_back_and_the_order_is_placed_once() {
    let (provider, _town, shop) = open(7, &[("milk", 5)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    for _ in 0..3 {
        provider.pay(&provider_order, json!({ "again": true }));
    }
    shop.deliver_all(&provider).await;
    let total = shop.order(id).await.placed.sums.total;
    let is_one_left = |payment: &kirana_domain::payment::Payment| {
        payment.captured() == total * 3
            && payment.kept() == total
            && payment.refunds.iter().all(|refund| refund.status > RefundStatus::Owed)
    };
    let payment = shop.paid_until("one payment to be left", id, is_one_left).await;
    assert!(payment.refunds.iter().all(|refund| refund.reason == RefundReason::PaidTwice));
    shop.deliver_all(&provider).await;
    assert_eq!(shop.order(id).await.status, Status::Placed);
    assert_eq!(count(&shop, |event| matches!(event, Event::OrderConfirmed { .. })), 1);
    shop.money_agrees(&provider, id).await;
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn an_amount_that_is_not_the_order_s_confirms_nothing_and_goes_back() {
    let (provider, _town, shop) = open(8, &[("milk", 5)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    for wrong in [100, 21_900, 22_001] {
        provider.pay(&provider_order, json!({ "amount": wrong }));
    }
    provider.pay(&provider_order, json!({ "currency": "USD" }));
    shop.deliver_all(&provider).await;
    let are_back = |payment: &kirana_domain::payment::Payment| {
        payment.refunds.len() == 3
            && payment.refunds.iter().all(|refund| refund.status > RefundStatus::Owed)
    };
    let payment = shop.paid_until("three refunds", id, are_back).await;
    assert!(payment.refunds.iter().all(|refund| refund.reason == RefundReason::WrongAmount));
    assert_eq!(shop.order(id).await.status, Status::PendingPayment);
    provider.pay(&provider_order, json!({ "again": true }));
    shop.deliver_all(&provider).await;
    shop.becomes(id, Status::Placed).await;
    shop.deliver_all(&provider).await;
    shop.money_agrees(&provider, id).await;
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn a_failed_attempt_leaves_the_order_and_three_are_all_there_are() {
    let (provider, _town, shop) = open(9, &[("milk", 5)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    provider.pay(&provider_order, json!({ "outcome": "failure" }));
    shop.deliver_all(&provider).await;
    assert_eq!(shop.order(id).await.payment_status(), PaymentStatus::Failed);
    for _ in 0..2 {
        for _ in 0..3 {
            shop.command(customer(1), id, OrderCommand::StartPayment).await.unwrap();
        }
        provider.pay(&provider_order, json!({ "outcome": "failure" }));
        shop.deliver_all(&provider).await;
    }
    let fourth = shop.command(customer(1), id, OrderCommand::StartPayment).await;
    assert_eq!(*rejection_in(&fourth), Rejection::TooManyAttempts);
    let stranger = shop.command(customer(2), id, OrderCommand::StartPayment).await;
    assert_eq!(*rejection_in(&stranger), Rejection::NotYours);
    // The bank changes its mind after the customer was told no.
    provider.pay(&provider_order, json!({ "outcome": "late_authorized", "late_ms": 0 }));
    shop.deliver_all(&provider).await;
    shop.becomes(id, Status::Placed).await;
    shop.money_agrees(&provider, id).await;
}

/// Every order of `letters`, as indices.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let longer = |short: Vec<usize>| {
        (0..count).map(move |at| {
            let mut long = short.clone();
            long.insert(at, count - 1);
            long
        })
    };
    shorter.into_iter().flat_map(longer).collect()
}

/// The five letters of an order that was paid, captured, and given back in the dashboard.
async fn story(
    provider: &Provider,
    provider_order: &ProviderId,
    total: Paise,
    back: Option<i64>,
) -> Vec<Letter> {
    let charge = provider.pay(provider_order, json!({}));
    provider.gateway().capture(charge.clone(), total).await.unwrap();
    provider.refund_in_dashboard(&charge, back);
    provider.letters()
}

/// Cases 28, 29, 38, 40: whatever comes first, and however often, it ends the same.
async fn told_in_every_order(seed: u64, back: Option<i64>, status: Status, kept: Paise) {
    let (provider, _town, shop) = open(seed, &[("milk", 500)]).await;
    let mut told = 0;
    for (n, order) in permutations(5).into_iter().enumerate() {
        let (id, provider_order) = shop.go_to_pay(n as u64, &[("milk", 1)]).await;
        let total = shop.order(id).await.placed.sums.total;
        let letters = story(&provider, &provider_order, total, back).await;
        assert_eq!(letters.len(), 5, "authorized, captured, paid, created, processed");
        for (step, index) in order.iter().enumerate() {
            let answer = shop.deliver(&letters[*index]).await.unwrap();
            assert!(!answer.replayed, "{order:?}");
            let twin = &letters[order[step / 2]];
            assert!(shop.deliver(twin).await.unwrap().replayed, "{order:?}");
            told += 1;
        }
        shop.settled().await;
        let it = shop.order(id).await;
        let payment = it.payment.as_deref().unwrap();
        assert_eq!((it.status, payment.kept()), (status, kept), "{order:?}: {payment:?}");
        shop.money_agrees(&provider, id).await;
    }
    assert_eq!(count(&shop, |event| matches!(event, Event::WebhookReceived { .. })), told);
    eventually("the outbox has no effects left", || shop.engine.troubles().is_empty()).await;
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn webhooks_of_a_paid_order_converge_in_every_order_with_twins() {
    let kept = Paise(12_500 - 2_500);
    told_in_every_order(10, Some(2_500), Status::Placed, kept).await;
}

#[tokio::test]
async fn an_order_whose_money_went_back_is_never_shipped_whatever_was_heard_first() {
    told_in_every_order(11, None, Status::Cancelled, Paise::ZERO).await;
}

/// Cases 49 and 44: a crash behind every decision. Without a provider nothing is done; the next
/// start does it.
#[tokio::test]
async fn a_restart_at_every_step_goes_on_with_what_is_due() {
    let (provider, town, shop) = {
        let (town, shop) = Shop::with(&[("milk", 5)]).await;
        (Provider::start(12), town, shop)
    };
    let id = order_in(&shop.buy(1, &[("milk", 2)], Razorpay).await).placed.id;
    shop.command(customer(1), id, OrderCommand::StartPayment).await.unwrap();
    crash(&town, shop).await;
    let shop = start(&town, &provider).await;
    let provider_order = shop.provider_order(id).await;
    provider.pay(&provider_order, json!({}));
    crash(&town, shop).await;

    // Nobody told us of the payment: the look at the books after a start finds it.
    let shop = start(&town, &provider).await;
    shop.becomes(id, Status::Placed).await;
    crash(&town, shop).await;

    let shop = town.start().await;
    shop.cancel(1, id).await.unwrap();
    assert_eq!(shop.order(id).await.payment_status(), PaymentStatus::RefundPending);
    crash(&town, shop).await;
    let shop = start(&town, &provider).await;
    let is_back = |payment: &kirana_domain::payment::Payment| {
        payment.refunds.iter().all(|refund| refund.status > RefundStatus::Owed)
    };
    shop.paid_until("the refund", id, is_back).await;
    crash(&town, shop).await;

    // The webhook that the refund is through was lost: the look finds that too.
    let shop = start(&town, &provider).await;
    shop.paid_until("the end", id, |p| p.refunds[0].status == RefundStatus::Processed).await;
    assert_eq!(provider.books().refunds_count(), 1);
    shop.money_agrees(&provider, id).await;
    shop.audit(&["milk"]).await;
}

/// Case 37: webhooks that never come. The books are looked at again and again, and once before the
/// hold ends.
#[tokio::test]
async fn a_payment_that_no_webhook_tells_of_is_found_before_the_hold_ends() {
    let (provider, town, shop) = open(13, &[("milk", 5)]).await;
    let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
    town.clock.advance_ms(14 * MINUTE_MS + 50_000);
    shop.settled().await;
    provider.pay(&provider_order, json!({}));
    town.clock.advance_ms(5_000);
    shop.becomes(id, Status::Placed).await;
    shop.money_agrees(&provider, id).await;
}

#[tokio::test]
async fn what_is_given_up_is_seen_and_done_once_somebody_says_so() {
    let (provider, town, shop) = open(14, &[("milk", 5)]).await;
    let id = placed(&provider, &shop, 1, &[("milk", 2)]).await;
    provider.faults("fail_before=100");
    shop.cancel(1, id).await.unwrap();
    for tries in 1..=24 {
        let trouble = |it: &kirana_domain::payment::Payment| {
            it.troubles.first().is_some_and(|it| it.tries >= tries)
        };
        shop.paid_until("a try", id, trouble).await;
        town.clock.advance_ms(80 * MINUTE_MS);
    }
    let troubles = shop.engine.troubles();
    assert_eq!((troubles.len(), troubles[0].0), (1, id));
    assert_eq!(troubles[0].1.troubles[0].retry_at_ms, None, "given up");
    provider.faults("none");
    town.clock.advance_ms(24 * 60 * MINUTE_MS);
    shop.settled().await;
    assert_eq!(provider.books().refunds_count(), 0, "nobody said so yet");
    let reason = Some(reason("the provider is back"));
    shop.command(admin(), id, OrderCommand::RetryEffects { reason }).await.unwrap();
    shop.paid_until("the refund", id, |it| it.refunds[0].status > RefundStatus::Owed).await;
    assert!(shop.engine.troubles().is_empty());
    shop.money_agrees(&provider, id).await;
}

/// A refund that the bank cannot pay out is owed again, under a number of its own.
#[tokio::test]
async fn a_refund_that_fails_at_the_bank_is_made_anew() {
    let (provider, _town, shop) = open(15, &[("milk", 5)]).await;
    let id = placed(&provider, &shop, 1, &[("milk", 2)]).await;
    provider.faults("refund_fails=100");
    shop.cancel(1, id).await.unwrap();
    shop.paid_until("the refund", id, |it| it.refunds[0].status > RefundStatus::Owed).await;
    let letters = provider.letters();
    provider.faults("none");
    for letter in &letters {
        shop.deliver(letter).await.unwrap();
    }
    let is_back = |it: &kirana_domain::payment::Payment| {
        it.refunds.len() == 2 && it.refunds[1].status > RefundStatus::Owed
    };
    let payment = shop.paid_until("the second refund", id, is_back).await;
    assert_eq!(payment.refunds[0].status, RefundStatus::Failed);
    shop.deliver_all(&provider).await;
    assert_eq!(provider.books().refunds_count(), 2);
    shop.money_agrees(&provider, id).await;
}

/// Case 36: support presses the button from 64 desks.
#[tokio::test]
async fn refunds_at_the_same_moment_never_give_back_more_than_was_paid() {
    let (provider, _town, shop) = open(16, &[("milk", 5)]).await;
    let id = placed(&provider, &shop, 1, &[("milk", 2)]).await;
    let total = shop.order(id).await.placed.sums.total;
    let shop = std::sync::Arc::new(shop);
    let mut desks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let shop = std::sync::Arc::clone(&shop);
        desks.spawn(async move {
            let of = kirana_domain::order::RefundOf::Amount(Paise(5_000));
            shop.command(admin(), id, OrderCommand::Refund { of, reason: reason("sorry") })
                .await
                .is_ok()
        });
    }
    let said_yes = desks.join_all().await.into_iter().filter(|yes| *yes).count();
    assert_eq!(said_yes, usize::try_from(total.0 / 5_000).unwrap());
    let are_out = |it: &kirana_domain::payment::Payment| {
        it.refunds.iter().all(|refund| refund.status > RefundStatus::Owed)
    };
    shop.paid_until("the refunds", id, are_out).await;
    shop.deliver_all(&provider).await;
    shop.money_agrees(&provider, id).await;
    let of = kirana_domain::order::RefundOf::All;
    let no = shop.command(packer(), id, OrderCommand::Refund { of, reason: reason("no") }).await;
    assert_eq!(*rejection_in(&no), Rejection::NotYours);
}
