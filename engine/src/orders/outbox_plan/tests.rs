//! One order of the provider stands for one of ours, also while the record of it is on the way.

use super::*;
use uuid::Uuid;

const ONE: OrderId = OrderId(Uuid::from_u128(1));
const OTHER: OrderId = OrderId(Uuid::from_u128(2));

fn id(text: &str) -> ProviderId {
    ProviderId::parse(text).unwrap()
}

#[test]
fn a_provider_order_that_two_orders_claim_at_once_stands_for_the_first() {
    let plan = OutboxPlan::new(&Config::default());
    assert_eq!(plan.claim(&id("order_1"), ONE, None), None, "it is free");
    assert_eq!(plan.claim(&id("order_1"), ONE, None), None, "the same call again");
    assert_eq!(plan.claim(&id("order_1"), OTHER, None), Some(ONE));
    assert_eq!(plan.claim(&id("order_2"), OTHER, None), None, "another one is free");
}

#[test]
fn a_provider_order_that_the_log_knows_stands_for_the_order_that_it_has_there() {
    let plan = OutboxPlan::new(&Config::default());
    assert_eq!(plan.claim(&id("order_1"), OTHER, Some(ONE)), Some(ONE));
    assert_eq!(plan.claim(&id("order_1"), ONE, Some(ONE)), None, "its own");
    // What the log says leaves no claim behind.
    assert_eq!(plan.claim(&id("order_1"), OTHER, None), None);
}

#[test]
fn a_claim_lasts_until_its_order_gives_it_up() {
    let plan = OutboxPlan::new(&Config::default());
    for name in ["order_1", "order_2"] {
        assert_eq!(plan.claim(&id(name), ONE, None), None);
    }
    plan.release(OTHER);
    assert_eq!(plan.claim(&id("order_1"), OTHER, None), Some(ONE), "others give up nothing of it");
    plan.release(ONE);
    for name in ["order_1", "order_2"] {
        assert_eq!(plan.claim(&id(name), OTHER, None), None, "all of its claims are gone");
    }
}
