//! What will become of an order: acts with the time before each, rolled when it is placed.

use crate::dice::Dice;
use kirana_domain::payment::RefundStatus;

/// Something that happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The customer goes to pay.
    StartPayment,
    /// The provider makes its order.
    MakeOrder,
    /// A bank says yes.
    Authorize,
    /// A bank says no.
    FailCharge,
    /// The money is taken.
    Capture,
    /// The time to pay is over; whenever that is.
    Expire,
    /// The customer does not want it any more.
    Cancel,
    Accept,
    Reject,
    ShortPick,
    Pack,
    Assign,
    AcceptAssignment,
    PickUp,
    SetOut,
    Deliver,
    /// Nobody is at the door.
    Fail,
    /// The back office ends it.
    GiveUp,
    /// The back office gives some money back.
    Goodwill,
    /// The provider says how far a refund of ours is.
    Refund(u16, RefundStatus),
}

/// Milliseconds from the act before, and the act.
pub(super) type Planned = (u32, Act);

/// What comes, the next one last.
#[derive(Debug, Default)]
pub(super) struct Plan(Vec<Planned>);

impl Plan {
    /// Rolls what becomes of an order.
    pub(super) fn roll(dice: &mut Dice, is_cash: bool, stays_open: bool) -> Self {
        let mut acts = Vec::with_capacity(16);
        if !is_cash {
            pay(&mut acts, dice, stays_open);
        }
        if acts.last().is_none_or(|(_, act)| *act != Act::Expire) {
            if stays_open {
                open(&mut acts, dice);
            } else {
                store(&mut acts, dice, is_cash);
            }
        }
        acts.reverse();
        Self(acts)
    }

    pub(super) fn next(&self) -> Option<Planned> {
        self.0.last().copied()
    }

    pub(super) fn take(&mut self) -> Option<Act> {
        self.0.pop().map(|(_, act)| act)
    }

    /// The order has ended: only money still moves.
    pub(super) fn keep_refunds(&mut self) {
        self.0.retain(|(_, act)| matches!(act, Act::Refund(..)));
    }

    /// A refund is owed: the provider takes it on at once, and pays it out after all else.
    pub(super) fn refund(&mut self, number: u16, dice: &mut Dice) {
        let after = ms(dice, 60, 86_400);
        self.0.insert(0, (after, Act::Refund(number, RefundStatus::Processed)));
        self.0.push((1_500, Act::Refund(number, RefundStatus::Accepted)));
    }
}

/// Some seconds, in milliseconds.
fn ms(dice: &mut Dice, from: u64, to: u64) -> u32 {
    u32::try_from(from * 1_000 + dice.below((to - from) * 1_000)).expect("within a month")
}

/// How the customer pays, or does not. A plan that ends in `Expire` ends there.
fn pay(acts: &mut Vec<Planned>, dice: &mut Dice, stays_open: bool) {
    let fate = if stays_open { 999 } else { dice.below(1_000) };
    let is_late = (90..105).contains(&fate);
    let start = if is_late { ms(dice, 700, 880) } else { ms(dice, 5, 90) };
    if fate >= 40 {
        acts.push((start, Act::StartPayment));
        acts.push((ms(dice, 1, 3), Act::MakeOrder));
    }
    if (40..90).contains(&fate) {
        acts.push((ms(dice, 20, 120), Act::FailCharge));
    }
    match fate {
        0..60 => acts.push((ms(dice, 0, 1), Act::Expire)),
        60..90 => {
            acts.push((ms(dice, 10, 60), Act::StartPayment));
            acts.push((ms(dice, 15, 120), Act::Authorize));
            acts.push((ms(dice, 1, 4), Act::Capture));
        }
        90..105 => {
            acts.push((ms(dice, 0, 1), Act::Expire));
            acts.push((ms(dice, 300, 10_000), Act::Capture));
        }
        _ => {
            acts.push((ms(dice, 15, 120), Act::Authorize));
            acts.push((ms(dice, 1, 4), Act::Capture));
        }
    }
}

/// Some of the way to the door, and no further.
fn open(acts: &mut Vec<Planned>, dice: &mut Dice) {
    let way = [Act::Accept, Act::Pack, Act::Assign, Act::PickUp, Act::SetOut];
    let steps = usize::try_from(dice.below(6)).unwrap_or(0);
    for act in &way[..steps] {
        acts.push((ms(dice, 30, 300), *act));
    }
}

/// What happens to an order that has come about.
fn store(acts: &mut Vec<Planned>, dice: &mut Dice, is_cash: bool) {
    let fate = dice.below(1_000);
    if fate < 20 {
        acts.push((ms(dice, 10, 120), Act::Cancel));
        return;
    }
    if (20..30).contains(&fate) {
        acts.push((ms(dice, 20, 200), Act::Reject));
        return;
    }
    acts.push((ms(dice, 20, 180), Act::Accept));
    if (30..40).contains(&fate) {
        acts.push((ms(dice, 10, 60), Act::Cancel));
        return;
    }
    if (40..70).contains(&fate) {
        acts.push((ms(dice, 60, 240), Act::ShortPick));
    }
    acts.push((ms(dice, 60, 400), Act::Pack));
    bring(acts, dice);
    if (70..84).contains(&fate) {
        acts.push((ms(dice, 120, 600), Act::Fail));
        if fate >= 80 {
            acts.push((ms(dice, 300, 4_000), Act::GiveUp));
            return;
        }
        bring(acts, dice);
    }
    acts.push((ms(dice, 120, 900), Act::Deliver));
    if (84..90).contains(&fate) && !is_cash {
        acts.push((ms(dice, 3_600, 100_000), Act::Goodwill));
    }
}

fn bring(acts: &mut Vec<Planned>, dice: &mut Dice) {
    acts.push((ms(dice, 5, 120), Act::Assign));
    if dice.below(2) == 0 {
        acts.push((ms(dice, 5, 40), Act::AcceptAssignment));
    }
    acts.push((ms(dice, 60, 400), Act::PickUp));
    acts.push((ms(dice, 5, 60), Act::SetOut));
}
