//! What many do at once to what is shared: lines of one cart, uses of one coupon, orders of one
//! customer. The cases that are named are those of other shops.

use kirana_domain::coupon::{Coupon, CouponKind};
use kirana_domain::{
    Cart, CartCommand, CatalogueCommand, CouponCode, CouponIssue, Lsn, OrderId, Paise,
    PersonCommand, Rejection, Store,
};
use kirana_engine::{Command, PlaceOrder};
use kirana_tests::shop::{
    Answer, Cod, Lines, PRICE, Razorpay, STORE, Shop, Town, admin, customer, id_of, order_in,
    order_of, rejection_in, store,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

fn cart_of(shop: &Shop, n: u64) -> Cart {
    let id = customer(n).person_id;
    shop.engine.people(|people| people.carts.get(id, STORE).cloned()).unwrap_or_default()
}

fn quantities(cart: &Cart) -> BTreeMap<kirana_domain::ProductId, u32> {
    cart.lines.iter().map(|(id, line)| (*id, line.quantity)).collect()
}

async fn change(shop: &Shop, n: u64, command: CartCommand) -> Answer {
    let by = customer(n);
    let command =
        PersonCommand::Cart { customer_id: by.person_id, store_id: STORE, command }.into();
    shop.ask(by, None, command).await
}

/// Case 47: two phones and a web page of one customer fill one cart.
#[tokio::test]
async fn what_several_devices_add_at_once_is_all_in_the_cart() {
    let (town, shop) = Shop::with(&[("milk", 1), ("rice", 1)]).await;
    let shop = Arc::new(shop);
    let mut adding = JoinSet::new();
    for n in 0..64_u32 {
        let shop = Arc::clone(&shop);
        let product_id = id_of(if n % 4 == 0 { "rice" } else { "milk" });
        let add = CartCommand::Add { product_id, units: 1 };
        adding.spawn(async move { change(&shop, 1, add).await.unwrap() });
    }
    adding.join_all().await;
    let expected = BTreeMap::from([(id_of("milk"), 48), (id_of("rice"), 16)]);
    assert_eq!(quantities(&cart_of(&shop, 1)), expected);
    assert_eq!(shop.stock("milk").available, 1, "a cart holds nothing");
    let digest = shop.audit(&["milk", "rice"]).await;
    town.disk.crash();
    _ = shop.engine.stop().await;
    let shop = town.start().await;
    assert_eq!(quantities(&cart_of(&shop, 1)), expected, "what was told outlives a crash");
    assert_ne!(shop.engine.digest(), digest);
}

#[tokio::test]
async fn of_two_who_set_the_line_that_they_saw_one_is_told_of_the_other() {
    let (_town, shop) = Shop::with(&[("milk", 9)]).await;
    let product_id = id_of("milk");
    let set = |quantity, seen| CartCommand::Set { product_id, quantity, seen: Some(seen) };
    let both = tokio::join!(change(&shop, 1, set(2, Lsn(0))), change(&shop, 1, set(3, Lsn(0))));
    let (won, lost) = if both.0.is_ok() { both } else { (both.1, both.0) };
    let version = won.unwrap().lsn;
    assert_eq!(*rejection_in(&lost), Rejection::CartChanged { version });
    change(&shop, 1, set(5, version)).await.unwrap();
    assert_eq!(cart_of(&shop, 1).lines[&product_id].quantity, 5);
    let stale = CartCommand::Clear { seen: Some(version) };
    assert!(matches!(
        &*rejection_in(&change(&shop, 1, stale).await),
        Rejection::CartChanged { .. }
    ));
}

/// Case 47, the login that emptied a cart of 65 lines: a merge keeps the larger of each, and doing
/// it again changes nothing.
#[tokio::test]
async fn the_cart_of_a_guest_is_merged_and_merging_again_changes_nothing() {
    let (_town, shop) = Shop::with(&[("milk", 9), ("rice", 9), ("salt", 9)]).await;
    for (name, units) in [("milk", 2), ("rice", 4)] {
        change(&shop, 1, CartCommand::Add { product_id: id_of(name), units }).await.unwrap();
    }
    let guest = || CartCommand::Merge { lines: vec![(id_of("milk"), 5), (id_of("salt"), 1)] };
    change(&shop, 1, guest()).await.unwrap();
    let merged = cart_of(&shop, 1);
    let expected = [(id_of("milk"), 5), (id_of("rice"), 4), (id_of("salt"), 1)];
    assert_eq!(quantities(&merged), BTreeMap::from(expected));
    change(&shop, 1, guest()).await.unwrap();
    assert_eq!(cart_of(&shop, 1), merged);
}

/// Case 13: what is added while the order is placed is not ordered, and not lost.
#[tokio::test]
async fn an_order_takes_its_lines_out_of_the_cart_and_leaves_what_came_meanwhile() {
    let (_town, shop) = Shop::with(&[("milk", 9), ("rice", 9)]).await;
    for (name, units) in [("milk", 3), ("rice", 1)] {
        change(&shop, 1, CartCommand::Add { product_id: id_of(name), units }).await.unwrap();
    }
    let Command::PlaceOrder(wanted) = order_of(customer(1), &[("milk", 2)], Cod) else { panic!() };
    let order = Command::PlaceOrder(PlaceOrder { from_cart: true, ..wanted });
    order_in(&shop.ask(customer(1), None, order).await);
    let expected = [(id_of("milk"), 1), (id_of("rice"), 1)];
    assert_eq!(quantities(&cart_of(&shop, 1)), BTreeMap::from(expected));
    shop.audit(&["milk", "rice"]).await;
}

fn coupon() -> Coupon {
    Coupon {
        store_id: STORE,
        code: CouponCode::parse("RAIN-50").unwrap(),
        kind: CouponKind::Amount(Paise::rupees(50)),
        minimum: Paise::ZERO,
        first_order_only: false,
        per_customer_max: None,
        uses_max: None,
        budget: None,
        from_ms: None,
        until_ms: None,
        active: true,
    }
}

/// An order with the coupon, of a basket that pays the fee of ₹20.
async fn buy_with_coupon(
    shop: &Shop,
    n: u64,
    lines: Lines<'_>,
    method: kirana_domain::PaymentMethod,
) -> Answer {
    let Command::PlaceOrder(wanted) = order_of(customer(n), lines, method) else { panic!() };
    let expected_total = wanted.expected_total - Paise::rupees(50);
    let coupon = CouponCode::parse("rain-50");
    let order = Command::PlaceOrder(PlaceOrder { coupon, expected_total, ..wanted });
    shop.ask(customer(n), None, order).await
}

async fn with_coupon(coupon: Coupon) -> (Town, Arc<Shop>) {
    let (town, shop) = Shop::with(&[("milk", 1_000)]).await;
    shop.ask(admin(), None, Command::DefineCoupon { coupon }).await.unwrap();
    (town, Arc::new(shop))
}

/// 64 orders with the coupon in the same moment, of so many customers. Answers those that were
/// placed; the others must have been refused for that reason.
async fn all_at_once(shop: &Arc<Shop>, customers: u64, refused: CouponIssue) -> Vec<OrderId> {
    let mut buying = JoinSet::new();
    for n in 0..64 {
        let shop = Arc::clone(shop);
        let who = n % customers;
        buying.spawn(async move { buy_with_coupon(&shop, who, &[("milk", 2)], Razorpay).await });
    }
    let mut placed = Vec::new();
    for answer in buying.join_all().await {
        if answer.is_ok() {
            placed.push(order_in(&answer).placed.id);
        } else {
            assert_eq!(*rejection_in(&answer), Rejection::Coupon { issue: refused });
        }
    }
    placed
}

/// Cases 25, 31 and 48: the limit of a coupon is exact, whoever comes at once.
#[tokio::test]
async fn a_coupon_for_ten_is_used_ten_times_by_sixty_four_at_once() {
    let (town, shop) = with_coupon(Coupon { uses_max: Some(10), ..coupon() }).await;
    let placed = all_at_once(&shop, 64, CouponIssue::UsedUp).await;
    assert_eq!(placed.len(), 10);
    // Uses of orders that end are given back: once each, and they can be used again.
    shop.cancel(customer_of(&shop, placed[0]).await, placed[0]).await.unwrap();
    shop.cancel(customer_of(&shop, placed[0]).await, placed[0]).await.unwrap();
    assert_eq!(all_at_once(&shop, 64, CouponIssue::UsedUp).await.len(), 1);
    town.clock.advance_ms(15 * 60_000);
    for id in &placed[1..] {
        shop.becomes(*id, kirana_domain::Status::Expired).await;
    }
    shop.settled().await;
    town.disk.crash();
    _ = shop.engine.stop().await;
    let shop = Arc::new(town.start().await);
    assert_eq!(all_at_once(&shop, 64, CouponIssue::UsedUp).await.len(), 10);
    shop.audit(&["milk"]).await;
}

async fn customer_of(shop: &Shop, id: OrderId) -> u64 {
    let owner = shop.order(id).await.placed.customer_id;
    (0..64).find(|n| customer(*n).person_id == owner).expect("one of the customers")
}

#[tokio::test]
async fn a_budget_is_spent_to_its_end_and_never_beyond() {
    let budget = Some(Paise::rupees(50) * 7 + Paise(4_999));
    let (_town, shop) = with_coupon(Coupon { budget, ..coupon() }).await;
    assert_eq!(all_at_once(&shop, 64, CouponIssue::BudgetSpent).await.len(), 7);
    let spent = shop.engine.coupons(|it| it.uses(STORE, &coupon().code).spent);
    assert_eq!(spent, Paise::rupees(350));
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn each_customer_uses_a_coupon_as_often_as_one_may() {
    let (_town, shop) = with_coupon(Coupon { per_customer_max: Some(2), ..coupon() }).await;
    assert_eq!(all_at_once(&shop, 4, CouponIssue::CustomerLimit).await.len(), 8);
    shop.audit(&["milk"]).await;
}

/// A use that was taken for an order that the shelf then refused comes back.
#[tokio::test]
async fn an_order_that_is_short_of_stock_gives_the_use_of_its_coupon_back() {
    let (_town, shop) = with_coupon(Coupon { uses_max: Some(1), ..coupon() }).await;
    let too_much = buy_with_coupon(&shop, 1, &[("milk", 99)], Cod).await;
    assert!(too_much.is_ok(), "99 of 1,000");
    shop.cancel(1, order_in(&too_much).placed.id).await.unwrap();
    shop.adjust(&[("milk", -999)]).await.unwrap();
    let short = buy_with_coupon(&shop, 2, &[("milk", 2)], Cod).await;
    assert_eq!(rejection_in(&short).code(), 2001);
    let wrong_total = order_with_total(&shop, Paise(1)).await;
    assert_eq!(rejection_in(&wrong_total).code(), 1008);
    order_in(&buy_with_coupon(&shop, 3, &[("milk", 1)], Cod).await);
    shop.audit(&["milk"]).await;
}

async fn order_with_total(shop: &Shop, expected_total: Paise) -> Answer {
    let Command::PlaceOrder(wanted) = order_of(customer(4), &[("milk", 1)], Cod) else { panic!() };
    let coupon = CouponCode::parse("RAIN-50");
    let order = Command::PlaceOrder(PlaceOrder { coupon, expected_total, ..wanted });
    shop.ask(customer(4), None, order).await
}

/// One customer orders in cash from many devices at once: the bound of an hour is exact.
#[tokio::test]
async fn five_orders_an_hour_in_cash_are_five_whoever_asks_at_once() {
    let town = Town::default();
    let shop = town.start().await;
    let cod = kirana_domain::catalogue::CodRules {
        orders_per_hour: 5,
        ..kirana_domain::catalogue::CodRules::OPEN
    };
    let store = Store { cod, ..store() };
    shop.ask(admin(), None, CatalogueCommand::OpenStore { store }.into()).await.unwrap();
    let products = vec![kirana_tests::shop::product("milk", 500)];
    shop.ask(admin(), None, CatalogueCommand::DefineProducts { store_id: STORE, products }.into())
        .await
        .unwrap();
    let shop = Arc::new(shop);
    for expected in [5, 0] {
        let mut buying = JoinSet::new();
        for _ in 0..64 {
            let shop = Arc::clone(&shop);
            buying.spawn(async move { shop.buy(1, &[("milk", 1)], Cod).await });
        }
        let answers = buying.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), expected);
        let refused = answers.iter().filter(|answer| answer.is_err());
        assert!(refused.into_iter().all(|answer| rejection_in(answer).code() == 4006));
    }
    town.clock.advance_ms(60 * 60_000);
    order_in(&shop.buy(1, &[("milk", 1)], Cod).await);
    assert_eq!(shop.stock("milk").available, 494);
    assert_eq!(PRICE, Paise::rupees(100));
    shop.audit(&["milk"]).await;
}
