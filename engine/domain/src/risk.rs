//! The risk of letting an order be paid in cash: a score from 0 to 100.
//!
//! The weights are those of the shop's own fraud rules, as far as they rest on the order and on
//! the customer's orders before it. Rules about devices, network addresses, accounts and past
//! returns need facts that the engine does not get; they count nothing here.

use crate::customers::{Buyer, RECENT_MAX};
use crate::time::MinuteOfDay;
use crate::{Paise, Quote};

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Amounts, in paise, that are typical for tests of stolen cards.
const ODD_AMOUNTS: [i64; 6] = [999_900, 1_999_900, 4_999_900, 111_111, 222_222, 333_333];
/// Orders within an hour that are suspicious.
const ORDERS_PER_HOUR_SUSPICIOUS: u32 = 5;
// The times of the last orders are enough to see that many.
const _: () = assert!(ORDERS_PER_HOUR_SUSPICIOUS as usize <= RECENT_MAX);

/// Returns the sum of all rules that apply, at most 100. Under 30 is low, under 60 medium, under 80
/// high.
pub fn score(quote: &Quote, buyer: &Buyer) -> u8 {
    percentage(of_all_but_items(quote.sums.total, buyer).saturating_add(of_items(quote)))
}

/// Returns the score of an amount whose items are not known: no basket of that total has less.
pub fn score_of_sum(total: Paise, buyer: &Buyer) -> u8 {
    percentage(of_all_but_items(total, buyer))
}

fn of_all_but_items(total: Paise, buyer: &Buyer) -> u32 {
    of_amount(total) + of_history(buyer) + of_time(buyer)
}

fn percentage(points: u32) -> u8 {
    let score = u8::try_from(points.min(100)).unwrap_or(100);
    assert!(score <= 100, "a store's limits for cash are percentages");
    score
}

/// Returns the points of an amount, at most 50.
fn of_amount(total: Paise) -> u32 {
    debug_assert!(total >= Paise::ZERO, "a quote is never negative");
    let is_round = total >= Paise::rupees(10_000) && total.0 % 100_000 == 0;
    let large = if total > Paise::rupees(100_000) {
        15
    } else if total > Paise::rupees(50_000) {
        8
    } else {
        0
    };
    let odd = if ODD_AMOUNTS.contains(&total.0) { 25 } else { 0 };
    odd + if is_round { 10 } else { 0 } + large
}

/// Returns the points of a customer's history, at most 95.
fn of_history(buyer: &Buyer) -> u32 {
    let Buyer { customer, at_ms, in_flight } = buyer;
    let within_hour = u32::try_from(customer.placed_within(*at_ms, HOUR_MS)).unwrap_or(u32::MAX);
    let velocity = match within_hour.saturating_add(*in_flight) {
        ORDERS_PER_HOUR_SUSPICIOUS.. => 30,
        4 => 15,
        _ => 0,
    };
    let age = match at_ms - customer.first_at_ms {
        _ if customer.placed == 0 => 25,
        age if age < DAY_MS => 25,
        age if age < 7 * DAY_MS => 15,
        age if age < 30 * DAY_MS => 5,
        _ => 0,
    };
    let few = match customer.placed {
        0 => 20,
        1..3 => 10,
        _ => 0,
    };
    let haste = match at_ms - customer.recent_ms[0] {
        ms if ms < 60_000 => 20,
        ms if ms < 300_000 => 10,
        _ => 0,
    };
    let points = velocity + age + few + haste;
    assert!(points <= 30 + 25 + 20 + 20, "each rule counts once");
    points
}

/// Returns the points of the products of an order.
fn of_items(quote: &Quote) -> u32 {
    let units: u32 = quote.lines.iter().map(|line| line.quantity).sum();
    let dear = quote.lines.iter().filter(|line| line.item.price > Paise::rupees(5_000)).count();
    let many = quote.lines.iter().filter(|line| line.quantity > 10).count();
    let many = u32::try_from(many).unwrap_or(u32::MAX).saturating_mul(8);
    let points = if units > 50 { 15 } else { 0 } + if dear > 3 { 10 } else { 0 };
    many.saturating_add(points)
}

/// Returns the points of the time of day: 10 at night.
fn of_time(buyer: &Buyer) -> u32 {
    let hour = MinuteOfDay::of(buyer.at_ms).get() / 60;
    debug_assert!(hour < 24, "24:00 is the next day's 00:00");
    if (6..=23).contains(&hour) { 0 } else { 10 }
}

#[cfg(test)]
mod tests;
