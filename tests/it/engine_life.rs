//! The way of an order through the store and to the door: step by step with a crash between any two,
//! every move in every state by everybody, and documents whose numbers have no gaps.

use kirana_domain::StockLine;
use kirana_domain::moves::Move;
use kirana_domain::order::{OrderCommand, Preference, Substitute};
use kirana_domain::payment::{PaymentStatus, RefundReason, RefundStatus};
use kirana_domain::{
    CatalogueCommand, Customer, Event, Item, NewProduct, OrderId, Paise, PersonCommand, Principal,
    Rejection, Status,
};
use kirana_engine::{Command, Outcome, PlaceOrder, SubmitError};
use kirana_storage::Fault;
use kirana_tests::life::{packer, rider};
use kirana_tests::provider::Provider;
use kirana_tests::shop::{
    Answer, Cod, PRICE, Razorpay, STORE, Shop, Town, admin, customer, id_of, key, order_in,
    order_of, product, reason, rejection_in, short_lines,
};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

const NONE: Option<kirana_domain::record::Reason> = None;

fn stock_line(name: &str, units: u32) -> StockLine {
    StockLine { product_id: id_of(name), units }
}

/// The steps of an order that is paid at the door, with who makes them.
fn the_way(cash: Paise) -> Vec<(Principal, OrderCommand, Status)> {
    let rider_id = rider(1).person_id;
    let reason = Some(reason("next in line"));
    vec![
        (packer(), OrderCommand::Accept { reason: NONE }, Status::Accepted),
        (admin(), OrderCommand::Assign { rider_id, reason }, Status::Accepted),
        (rider(1), OrderCommand::AcceptAssignment { reason: NONE }, Status::Accepted),
        (packer(), OrderCommand::Pack { reason: NONE }, Status::Assigned),
        (rider(1), OrderCommand::PickUp { reason: NONE }, Status::PickedUp),
        (rider(1), OrderCommand::SetOut { reason: NONE }, Status::OutForDelivery),
        (rider(1), OrderCommand::Deliver { cash, reason: NONE }, Status::Delivered),
    ]
}

fn of_order(order_id: OrderId, command: &OrderCommand) -> Command {
    Command::Order { order_id, command: command.clone(), expected_version: None }
}

/// Cases 45 and 49: the process dies after each step, and the next start goes on from there.
#[tokio::test]
async fn the_way_to_the_door_goes_on_after_a_crash_between_any_two_steps() {
    let (town, mut shop) = Shop::with(&[("milk", 5)]).await;
    shop.begin_shift(rider(1).person_id).await;
    let order = order_in(&shop.buy(1, &[("milk", 2)], Cod).await);
    let (id, total) = (order.placed.id, order.placed.sums.total);
    for (n, (by, command, status)) in the_way(total).into_iter().enumerate() {
        let key = key(&format!("step {n}"));
        let first = shop.ask(by, Some(key), of_order(id, &command)).await;
        assert_eq!(order_in(&first).status, status, "{command:?}");
        shop.audit(&["milk"]).await;
        town.disk.crash();
        _ = shop.engine.stop().await;
        shop = town.start().await;
        assert_eq!(shop.order(id).await.status, status, "{command:?} outlives the crash");
        let twin = shop.ask(by, Some(key), of_order(id, &command)).await.unwrap();
        assert!(twin.replayed, "{command:?}");
        assert_eq!(twin.lsn, first.unwrap().lsn);
    }
    let stock = shop.stock("milk");
    assert_eq!((stock.available, stock.allocated, stock.shipped), (3, 0, 2));
    let in_hand = shop.engine.people(|people| people.cash.in_hand(STORE, rider(1).person_id));
    assert_eq!((in_hand.amount, in_hand.deliveries), (total, 1));
    assert_eq!(shop.order(id).await.payment_status(), PaymentStatus::CodCollected);
    assert_eq!(shop.order(id).await.documents().len(), 1);
}

/// The record of a step does not reach the disk: the step was not made, and is made once.
#[tokio::test]
async fn a_step_that_the_crash_swallowed_is_made_once_when_it_is_asked_for_again() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    shop.begin_shift(rider(1).person_id).await;
    let order = order_in(&shop.buy(1, &[("milk", 2)], Cod).await);
    let (id, total) = (order.placed.id, order.placed.sums.total);
    shop.engine.stop().await.unwrap();
    for (n, (by, command, status)) in the_way(total).into_iter().enumerate() {
        let fault = if n % 2 == 0 { Fault::FailAt(2) } else { Fault::TearAt(2) };
        let shop = town.start_with([fault]).await;
        let before = shop.order(id).await;
        let key = key(&format!("step {n}"));
        let lost = shop.ask(by, Some(key), of_order(id, &command)).await;
        assert!(matches!(lost, Err(SubmitError::Failed)), "{lost:?}");
        town.disk.crash();
        _ = shop.engine.stop().await;
        let shop = town.start().await;
        assert_eq!(*shop.order(id).await, *before, "{command:?} was not made");
        let made = shop.ask(by, Some(key), of_order(id, &command)).await;
        assert_eq!(order_in(&made).status, status);
        assert_eq!(shop.order(id).await.version(), order_in(&made).version());
        shop.audit(&["milk"]).await;
        shop.engine.stop().await.unwrap();
    }
}

/// A new order of the first customer in that state, by real steps.
async fn order_at(shop: &Shop, status: Status) -> OrderId {
    let method = if status == Status::PendingPayment { Razorpay } else { Cod };
    let order = order_in(&shop.buy(1, &[("milk", 2)], method).await);
    let (id, total) = (order.placed.id, order.placed.sums.total);
    let steps = match status {
        Status::PendingPayment | Status::Placed | Status::Expired | Status::Cancelled => 0,
        Status::Accepted => 1,
        Status::Packed | Status::Assigned => 4,
        Status::PickedUp | Status::DeliveryFailed => 5,
        Status::OutForDelivery => 6,
        Status::Delivered => 7,
    };
    for (by, command, _) in the_way(total).into_iter().take(steps) {
        shop.command(by, id, command).await.unwrap();
    }
    match status {
        Status::Packed => {
            let no = OrderCommand::DeclineAssignment { reason: NONE };
            shop.command(rider(1), id, no).await.unwrap();
        }
        Status::Cancelled => _ = shop.cancel(1, id).await.unwrap(),
        Status::DeliveryFailed => {
            let fail = OrderCommand::Fail { reason: reason("nobody was there") };
            shop.command(rider(1), id, fail).await.unwrap();
        }
        _ => (),
    }
    assert_eq!(shop.order(id).await.status, status);
    id
}

/// A command for each move of the table, with a reason.
fn wish_of(what: Move, total: Paise) -> OrderCommand {
    let why = || reason("because");
    let reason = Some(why());
    match what {
        Move::Cancel => OrderCommand::Cancel { reason },
        Move::Pay => OrderCommand::StartPayment,
        Move::TurnToCash => {
            let (store, customer) =
                (Arc::new(kirana_tests::shop::store()), Box::new(Customer::default()));
            OrderCommand::TurnToCash { store, customer, reason }
        }
        Move::Accept => OrderCommand::Accept { reason },
        Move::Reject => OrderCommand::Reject { reason: why() },
        Move::ShortPick => OrderCommand::ShortPick { missing: vec![stock_line("milk", 1)], reason },
        Move::Substitute => {
            let (missing, instead) = (id_of("milk"), id_of("soya"));
            let substitute = Substitute { missing, missing_units: 1, instead, units: 1 };
            OrderCommand::Substitute { substitute, item: product("soya", 0).product.item, reason }
        }
        Move::AnswerSubstitution => {
            OrderCommand::AnswerSubstitution { product_id: id_of("milk"), agree: true, reason }
        }
        Move::Pack => OrderCommand::Pack { reason },
        Move::Assign => OrderCommand::Assign { rider_id: rider(2).person_id, reason },
        Move::AcceptAssignment => OrderCommand::AcceptAssignment { reason },
        Move::DeclineAssignment => OrderCommand::DeclineAssignment { reason },
        Move::PickUp => OrderCommand::PickUp { reason },
        Move::SetOut => OrderCommand::SetOut { reason },
        Move::Deliver => OrderCommand::Deliver { cash: total, reason },
        Move::Fail => OrderCommand::Fail { reason: why() },
    }
}

const STATES: [Status; 10] = [
    Status::PendingPayment,
    Status::Placed,
    Status::Cancelled,
    Status::Accepted,
    Status::Packed,
    Status::Assigned,
    Status::PickedUp,
    Status::OutForDelivery,
    Status::Delivered,
    Status::DeliveryFailed,
];

/// Case 42: every move in every state, by everybody: the table decides, and a refusal leaves no
/// trace but its own.
#[tokio::test]
async fn every_move_in_every_state_by_everybody_is_as_the_table_says() {
    let (_town, shop) = Shop::with(&[("milk", 5_000), ("soya", 50)]).await;
    let people = [customer(1), customer(2), packer(), rider(1), rider(2), admin()];
    let (mut made, mut refused) = (0, 0);
    for status in STATES {
        for rule in kirana_domain::moves::MOVES {
            for by in people {
                let id = order_at(&shop, status).await;
                let before = shop.order(id).await;
                let command = wish_of(rule.what, before.placed.sums.total);
                let is_allowed = rule.what.check(&before, &by, true).is_ok();
                let answer = shop.command(by, id, command).await;
                let after = shop.order(id).await;
                if is_allowed {
                    made += usize::from(answer.is_ok());
                    continue;
                }
                let is_retry = status == Status::Cancelled && rule.what == Move::Cancel;
                assert!(is_retry || answer.is_err(), "{status:?} {:?} {by:?}", rule.what);
                assert_eq!(before, after, "{status:?} {:?} {by:?}", rule.what);
                refused += 1;
            }
        }
    }
    assert!(made > 30 && refused > 600, "{made} made, {refused} refused");
    shop.audit(&["milk", "soya"]).await;
}

#[tokio::test]
async fn an_order_that_nobody_took_in_is_brought_by_another_rider_who_has_the_cash() {
    let (_town, shop) = Shop::with(&[("milk", 5)]).await;
    let id = order_at(&shop, Status::DeliveryFailed).await;
    let stock = shop.stock("milk");
    assert_eq!((stock.allocated, stock.returned, stock.shipped), (2, 2, 2), "still its own");
    let total = shop.order(id).await.placed.sums.total;
    shop.assign(id, 2).await.unwrap();
    let not_mine = shop.command(rider(1), id, OrderCommand::PickUp { reason: NONE }).await;
    assert_eq!(*rejection_in(&not_mine), Rejection::NotYours);
    for command in [
        OrderCommand::AcceptAssignment { reason: NONE },
        OrderCommand::PickUp { reason: NONE },
        OrderCommand::SetOut { reason: NONE },
    ] {
        shop.command(rider(2), id, command).await.unwrap();
    }
    for wrong in [total - Paise(1), total + Paise(1), Paise::ZERO] {
        let deliver = OrderCommand::Deliver { cash: wrong, reason: NONE };
        let answer = shop.command(rider(2), id, deliver).await;
        assert_eq!(*rejection_in(&answer), Rejection::CashMismatch { due: total, given: wrong });
    }
    shop.command(rider(2), id, OrderCommand::Deliver { cash: total, reason: NONE }).await.unwrap();
    let in_hand = |n| shop.engine.people(|it| it.cash.in_hand(STORE, rider(n).person_id).amount);
    assert_eq!((in_hand(1), in_hand(2)), (Paise::ZERO, total));
    let (store_id, rider_id) = (STORE, rider(2).person_id);
    let counted = total - Paise(100);
    let hand_over = |note| PersonCommand::HandOverCash { store_id, rider_id, counted, note }.into();
    let differs = shop.ask(packer(), None, hand_over(None)).await;
    assert!(matches!(&*rejection_in(&differs), Rejection::CashMismatch { .. }));
    let noted = shop.ask(packer(), None, hand_over(Some(reason("a coin was lost")))).await;
    assert!(matches!(noted.unwrap().outcome, Outcome::Recorded(_)));
    assert_eq!(in_hand(2), Paise::ZERO);
    shop.audit(&["milk"]).await;
}

/// An order that was brought back may be ended by the back office, and its units are sold again.
#[tokio::test]
async fn an_order_that_came_back_is_cancelled_with_a_credit_note_and_its_units_are_sold_again() {
    let (_town, shop) = Shop::with(&[("milk", 2)]).await;
    let id = order_at(&shop, Status::DeliveryFailed).await;
    assert!(shop.cancel(1, id).await.is_err(), "the customer can no longer");
    let cancel = OrderCommand::Cancel { reason: Some(reason("nobody is ever there")) };
    let order = order_in(&shop.command(admin(), id, cancel).await);
    assert_eq!(order.status, Status::Cancelled);
    assert_eq!(
        order.documents().iter().map(|it| it.is_credit_note).collect::<Vec<_>>(),
        [false, true]
    );
    order_in(&shop.buy(2, &[("milk", 2)], Cod).await);
    shop.audit(&["milk"]).await;
}

/// A shop with a provider, and an order that is paid and accepted, with a preference.
async fn accepted(preference: Preference, lines: &[(&str, u32)]) -> (Provider, Shop, OrderId) {
    let provider = Provider::start(21);
    let (_town, shop) = Shop::with(&[("milk", 5), ("rice", 5), ("soya", 1)]).await;
    shop.engine.set_payment_port(provider.gateway());
    let oats = product("oats", 3);
    let item = Item { price: Paise::rupees(80), ..(*oats.product.item).clone() };
    let oats = kirana_domain::Product { item: Arc::new(item), ..oats.product };
    let products = vec![NewProduct { product: oats, opening_units: 3 }];
    shop.ask(admin(), None, CatalogueCommand::DefineProducts { store_id: STORE, products }.into())
        .await
        .unwrap();
    let Command::PlaceOrder(wanted) = order_of(customer(1), lines, Razorpay) else { panic!() };
    let wanted = Command::PlaceOrder(PlaceOrder { preference, ..wanted });
    let id = order_in(&shop.ask(customer(1), None, wanted).await).placed.id;
    shop.command(customer(1), id, OrderCommand::StartPayment).await.unwrap();
    let provider_order = shop.provider_order(id).await;
    provider.pay(&provider_order, json!({}));
    shop.deliver_all(&provider).await;
    shop.becomes(id, Status::Placed).await;
    shop.command(packer(), id, OrderCommand::Accept { reason: NONE }).await.unwrap();
    (provider, shop, id)
}

fn instead(missing: (&str, u32), instead: (&str, u32), item: &Arc<Item>) -> OrderCommand {
    let substitute = Substitute {
        missing: id_of(missing.0),
        missing_units: missing.1,
        instead: id_of(instead.0),
        units: instead.1,
    };
    OrderCommand::Substitute { substitute, item: Arc::clone(item), reason: NONE }
}

fn item_of(shop: &Shop, name: &str) -> Arc<Item> {
    shop.engine.catalogue(|it| Arc::clone(&it.product(STORE, id_of(name)).unwrap().item))
}

/// What the shop keeps is what the order costs now, and the rest is on its way back.
async fn the_rest_goes_back(provider: &Provider, shop: &Shop, id: OrderId) {
    let are_out = |it: &kirana_domain::payment::Payment| {
        it.refunds.iter().all(|refund| refund.status > RefundStatus::Owed)
    };
    let payment = shop.paid_until("the refunds", id, are_out).await;
    let order = shop.order(id).await;
    let worth = if order.status == Status::Cancelled { Paise::ZERO } else { order.sums().total };
    assert_eq!(payment.kept(), worth, "{payment:?}");
    shop.deliver_all(provider).await;
    shop.money_agrees(provider, id).await;
    shop.audit(&["milk", "rice", "soya", "oats"]).await;
}

/// Cases 12, 14 and 18: what is missing leaves the order, the books and the bill in one record.
#[tokio::test]
async fn what_is_missing_goes_back_as_money_and_an_order_of_nothing_is_cancelled() {
    let (provider, shop, id) = accepted(Preference::Refund, &[("milk", 3), ("rice", 2)]).await;
    let missing = |name, units| OrderCommand::ShortPick {
        missing: vec![stock_line(name, units)],
        reason: NONE,
    };
    let order = order_in(&shop.command(packer(), id, missing("milk", 1)).await);
    assert_eq!(order.sums().subtotal, PRICE * 4);
    assert_eq!((shop.stock("milk").allocated, shop.stock("milk").adjusted), (2, -1));
    the_rest_goes_back(&provider, &shop, id).await;
    let too_many = shop.command(packer(), id, missing("milk", 3)).await;
    assert!(matches!(&*rejection_in(&too_many), Rejection::QuantityOutOfRange { .. }));
    shop.command(packer(), id, missing("milk", 2)).await.unwrap();
    let end = order_in(&shop.command(packer(), id, missing("rice", 2)).await);
    assert_eq!(end.status, Status::Cancelled);
    the_rest_goes_back(&provider, &shop, id).await;
    let oats = item_of(&shop, "oats");
    let no = shop.command(packer(), id, instead(("milk", 1), ("oats", 1), &oats)).await;
    assert!(matches!(&*rejection_in(&no), Rejection::IllegalMove { .. }));
}

#[tokio::test]
async fn a_cheaper_substitute_is_swapped_at_once_and_a_dearer_one_costs_no_more() {
    let (provider, shop, id) = accepted(Preference::Swap, &[("milk", 3), ("rice", 2)]).await;
    let (oats, soya) = (item_of(&shop, "oats"), item_of(&shop, "soya"));
    let short = shop.command(packer(), id, instead(("milk", 3), ("soya", 2), &soya)).await;
    assert_eq!(short_lines(&short), [("soya".to_owned(), 2, 1)]);
    assert_eq!(shop.stock("soya").available, 1, "a refusal takes nothing");
    let order =
        order_in(&shop.command(packer(), id, instead(("milk", 2), ("oats", 2), &oats)).await);
    assert_eq!(order.sums().subtotal, PRICE * 5 - Paise::rupees(40));
    the_rest_goes_back(&provider, &shop, id).await;
    let dear = Arc::new(Item { price: PRICE * 9, ..(*soya).clone() });
    let order =
        order_in(&shop.command(packer(), id, instead(("rice", 1), ("soya", 1), &dear)).await);
    assert_eq!(order.sums().subtotal, PRICE * 5 - Paise::rupees(40), "the dearer one is ours");
    let twice = shop.command(packer(), id, instead(("rice", 1), ("soya", 1), &soya)).await;
    assert!(matches!(&*rejection_in(&twice), Rejection::AlreadyInOrder { .. }));
    the_rest_goes_back(&provider, &shop, id).await;
    assert!(
        shop.order(id)
            .await
            .payment
            .as_deref()
            .unwrap()
            .refunds
            .iter()
            .all(|it| it.reason == RefundReason::LineChanged)
    );
}

#[tokio::test]
async fn who_wants_to_be_asked_is_asked_and_nothing_is_packed_meanwhile() {
    for agree in [true, false] {
        let (provider, shop, id) = accepted(Preference::Ask, &[("milk", 3), ("rice", 2)]).await;
        let oats = item_of(&shop, "oats");
        shop.command(packer(), id, instead(("milk", 1), ("oats", 1), &oats)).await.unwrap();
        assert_eq!((shop.stock("oats").available, shop.stock("oats").allocated), (2, 1));
        let pack = shop.command(packer(), id, OrderCommand::Pack { reason: NONE }).await;
        assert_eq!(*rejection_in(&pack), Rejection::ProposalOpen);
        let answer =
            || OrderCommand::AnswerSubstitution { product_id: id_of("milk"), agree, reason: NONE };
        assert!(shop.command(customer(2), id, answer()).await.is_err(), "somebody else's");
        let order = order_in(&shop.command(customer(1), id, answer()).await);
        let expected = PRICE * 4 + if agree { Paise::rupees(80) } else { Paise::ZERO };
        assert_eq!(order.sums().subtotal, expected, "agree: {agree}");
        assert_eq!(shop.stock("oats").available, if agree { 2 } else { 3 });
        the_rest_goes_back(&provider, &shop, id).await;
        shop.command(packer(), id, OrderCommand::Pack { reason: NONE }).await.unwrap();
    }
}

/// A customer cancels while they are asked: what was offered is back on the shelf too.
#[tokio::test]
async fn a_cancel_with_an_open_question_puts_everything_back() {
    let (provider, shop, id) = accepted(Preference::Ask, &[("milk", 3)]).await;
    let oats = item_of(&shop, "oats");
    shop.command(packer(), id, instead(("milk", 1), ("oats", 1), &oats)).await.unwrap();
    shop.cancel(1, id).await.unwrap();
    assert_eq!((shop.stock("oats").available, shop.stock("milk").available), (3, 5));
    the_rest_goes_back(&provider, &shop, id).await;
    let (_provider, shop, id) = accepted(Preference::Refund, &[("milk", 3)]).await;
    let no = shop.command(packer(), id, instead(("milk", 1), ("oats", 1), &oats)).await;
    assert_eq!(*rejection_in(&no), Rejection::NoSubstitutes);
}

fn document_numbers(shop: &Shop) -> Vec<u64> {
    let number = |event: Event| match event {
        Event::InvoiceIssued { number, is_credit_note: false, .. } => Some(number),
        _ => None,
    };
    shop.log().into_iter().filter_map(|(_, record)| number(record.event)).collect()
}

/// Case 14205 of number 44, "order numbers burnt": a number is given out with the place in the log,
/// so whatever packs at once and whatever a crash swallows, there is no gap.
#[tokio::test]
async fn invoice_numbers_have_no_gaps_whatever_packs_at_once_and_whatever_a_crash_swallows() {
    let town = Town::default();
    town.open(&[("milk", 1_000)]).await.engine.stop().await.unwrap();
    let mut packed = BTreeSet::new();
    for round in 0..4_u64 {
        let setup = town.start().await;
        let mut ids = Vec::new();
        for n in 0..64 {
            let id = order_in(&setup.buy(n, &[("milk", 1)], Cod).await).placed.id;
            setup.command(packer(), id, OrderCommand::Accept { reason: NONE }).await.unwrap();
            ids.push(id);
        }
        setup.engine.stop().await.unwrap();
        let shop = Arc::new(town.start_with([Fault::FailAt(2 + round)]).await);
        let mut packing = JoinSet::new();
        for id in ids {
            let shop = Arc::clone(&shop);
            packing.spawn(async move {
                let answer: Answer =
                    shop.command(packer(), id, OrderCommand::Pack { reason: NONE }).await;
                answer.ok().map(|_| id)
            });
        }
        packed.extend(packing.join_all().await.into_iter().flatten());
        town.disk.crash();
        _ = shop.engine.stop().await;
    }
    let shop = town.start().await;
    let one_more = order_at(&shop, Status::Packed).await;
    let numbers = document_numbers(&shop);
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "1, 2, 3 and on, in the order of the log");
    for id in &packed {
        assert_eq!(shop.order(*id).await.status, Status::Packed, "what was told is there");
    }
    assert_eq!(shop.order(one_more).await.documents()[0].number, numbers.len() as u64);
    shop.audit(&["milk"]).await;
}

/// Two packers with the same list: each names the version that they have seen.
#[tokio::test]
async fn of_two_who_saw_the_same_version_one_is_told_that_it_has_changed() {
    let (_town, shop) = Shop::with(&[("milk", 5)]).await;
    let id = order_in(&shop.buy(1, &[("milk", 2)], Cod).await).placed.id;
    let accept = || Command::Order {
        order_id: id,
        command: OrderCommand::Accept { reason: NONE },
        expected_version: Some(1),
    };
    let both = tokio::join!(shop.ask(packer(), None, accept()), shop.ask(packer(), None, accept()));
    let (won, lost) = if both.0.is_ok() { both } else { (both.1, both.0) };
    assert_eq!(order_in(&won).version(), 2);
    assert_eq!(*rejection_in(&lost), Rejection::VersionMismatch { version: 2 });
}
