//! The table of moves: every move from every state by everybody, against the table as text.

use super::walk::{Walk, answer, assign, cancel, missing, other_rider, reason, substitute};
use super::*;
use crate::samples::{person, stranger};
use crate::{Move, Role};

/// Each move with the role that makes it, and the states that it is legal from; from those
/// after the stroke only support and admin may make it. They make each move with a written reason.
const TABLE: &str = "
cancel              customer  pending_payment placed accepted / packed assigned delivery_failed
pay                 customer  pending_payment
accept              packer    placed
reject              packer    placed accepted
short-pick          packer    accepted
substitute          packer    accepted
answer-substitution customer  accepted
pack                packer    accepted
assign              nobody    / accepted packed assigned delivery_failed
accept-assignment   rider     accepted assigned
decline-assignment  rider     accepted assigned
picked-up           rider     assigned
out-for-delivery    rider     picked_up
delivered           rider     out_for_delivery
failed              rider     picked_up out_for_delivery
payment-method      customer  pending_payment
";

const ROLES: [Role; 7] = [
    Role::Customer,
    Role::Packer,
    Role::Rider,
    Role::Support,
    Role::Admin,
    Role::Service,
    Role::System,
];

/// An order in that state; one that is accepted has a rider and an open proposal.
fn order_in(status: Status) -> Walk {
    let swap = |order: NewOrder| NewOrder { preference: Preference::Ask, ..order };
    let mut walk = Walk::of(swap(new_order(1, PaymentMethod::Cod, LINES)));
    match status {
        Status::PendingPayment => return Walk::placed(PaymentMethod::Razorpay),
        Status::Expired => {
            let mut walk = Walk::placed(PaymentMethod::Razorpay);
            walk.timer_fires();
            return walk;
        }
        Status::Cancelled => _ = walk.does(Role::Customer, &cancel()),
        Status::Accepted => {
            walk.goes_to(Status::Accepted);
            walk.does(Role::Admin, &assign());
        }
        _ => walk.goes_to(status),
    }
    assert_eq!(walk.order.status, status);
    walk
}

/// The command that makes a move, with or without a written reason where there is a choice.
fn command(
    what: Move,
    reason: Option<crate::record::Reason>,
    order: &Order,
) -> Option<OrderCommand> {
    let always = super::walk::reason();
    Some(match what {
        Move::Cancel => OrderCommand::Cancel { reason },
        Move::Pay => OrderCommand::StartPayment,
        Move::Accept => OrderCommand::Accept { reason },
        Move::Reject => OrderCommand::Reject { reason: always },
        Move::ShortPick => match missing(&[(2, 1)]) {
            OrderCommand::ShortPick { missing, .. } => OrderCommand::ShortPick { missing, reason },
            _ => return None,
        },
        Move::Substitute => match substitute(2, 1, Paise(5_000)) {
            OrderCommand::Substitute { substitute, item, .. } => {
                OrderCommand::Substitute { substitute, item, reason }
            }
            _ => return None,
        },
        Move::AnswerSubstitution => match answer(1, true) {
            OrderCommand::AnswerSubstitution { product_id, agree, .. } => {
                OrderCommand::AnswerSubstitution { product_id, agree, reason }
            }
            _ => return None,
        },
        Move::Pack => OrderCommand::Pack { reason },
        Move::Assign => OrderCommand::Assign { rider_id: other_rider(), reason },
        Move::AcceptAssignment => OrderCommand::AcceptAssignment { reason },
        Move::DeclineAssignment => OrderCommand::DeclineAssignment { reason },
        Move::PickUp => OrderCommand::PickUp { reason },
        Move::SetOut => OrderCommand::SetOut { reason },
        Move::Deliver => OrderCommand::Deliver { cash: order.cash_due(), reason },
        Move::Fail => OrderCommand::Fail { reason: always },
        Move::TurnToCash => super::cash::turn_to_cash(reason),
    })
}

/// Returns the verdict of the table: 0 for yes, else the code of the refusal.
fn expected(what: Move, status: Status, role: Role, is_own: bool, has_reason: bool) -> u16 {
    let row = TABLE.lines().find(|row| row.split_whitespace().next() == Some(what.name()));
    let mut words = row.unwrap().split_whitespace().skip(1);
    let who = words.next().unwrap();
    let rest = words.collect::<Vec<_>>().join(" ");
    let (own, only_office) = rest.split_once('/').unwrap_or((&rest, ""));
    let has = |states: &str| states.split_whitespace().any(|name| name == status.name());
    let is_office = matches!(role, Role::Support | Role::Admin);
    let is_who = is_own && role.name() == who;
    if !is_office && !is_who {
        3004
    } else if what == Move::Cancel && status == Status::Cancelled {
        0 // To cancel once more what is cancelled is nothing new.
    } else if !(has(own) || is_office && has(only_office)) {
        3001
    } else if is_office && !has_reason {
        3003
    } else {
        0
    }
}

/// Moves whose command has a reason in any case.
fn is_reason_given(what: Move) -> bool {
    matches!(what, Move::Pay | Move::Reject | Move::Fail)
}

#[test]
fn every_move_from_every_state_by_everybody_is_what_the_table_says() {
    let mut count = 0;
    for &(status, _) in Status::NAMES {
        let start = order_in(status);
        for rule in crate::moves::MOVES {
            for (role, is_own, has_reason) in ROLES.into_iter().flat_map(|role| {
                [(true, true), (true, false), (false, true), (false, false)]
                    .map(|(own, reason)| (role, own, reason))
            }) {
                let mut walk = start.clone();
                if rule.what == Move::AnswerSubstitution && status == Status::Accepted {
                    walk.does(Role::Packer, &substitute(1, 1, Paise(5_000)));
                }
                let command = command(rule.what, has_reason.then(reason), &walk.order).unwrap();
                let by = if is_own { person(role) } else { stranger(role) };
                // A rider owns an order as long as it is with them.
                let is_own = is_own && (role != Role::Rider || walk.order.rider().is_some());
                let has_reason = has_reason || is_reason_given(rule.what);
                let wanted = expected(rule.what, status, role, is_own, has_reason);
                let before = walk.order.clone();
                let got = walk.tries(&by, &command).map_or_else(|no| no.code(), |_| 0);
                assert_eq!(got, wanted, "{} from {status:?} by {by:?}", rule.name);
                let is_same = walk.order == before;
                assert!(got == 0 || is_same, "a refusal changes nothing");
                assert!(!is_same || got != 0 || status == Status::Cancelled);
                count += 1;
            }
        }
    }
    assert_eq!(count, 11 * 16 * 7 * 4);
}

#[test]
fn the_moves_that_are_named_as_possible_are_those_that_are_accepted() {
    let mut lives: Vec<Walk> = Status::NAMES.iter().map(|(status, _)| order_in(*status)).collect();
    let mut asked = order_in(Status::Accepted);
    asked.does(Role::Packer, &substitute(1, 1, Paise(5_000)));
    let mut declined = order_in(Status::Accepted);
    declined.does(Role::Rider, &OrderCommand::DeclineAssignment { reason: None });
    let mut tried = order_in(Status::PendingPayment);
    (0..3).for_each(|_| _ = tried.does(Role::Customer, &OrderCommand::StartPayment));
    let mut paid = Walk::paid();
    paid.goes_to(Status::Accepted);
    lives.extend([asked, declined, tried, paid]);
    for walk in &lives {
        for by in ROLES.into_iter().flat_map(|role| [person(role), stranger(role)]) {
            let possible = Move::possible(&walk.order, &by);
            for rule in crate::moves::MOVES {
                // One product replaces one line of an order.
                if rule.what == Move::Substitute && !walk.order.proposals().is_empty() {
                    continue;
                }
                if rule.what == Move::Cancel && walk.order.status == Status::Cancelled {
                    assert!(!possible.contains(&"cancel"), "there is nothing left to cancel");
                    continue;
                }
                let command = command(rule.what, Some(reason()), &walk.order).unwrap();
                let is_accepted = walk.clone().tries(&by, &command).is_ok();
                let is_named = possible.contains(&rule.name);
                let status = walk.order.status;
                assert_eq!(is_named, is_accepted, "{} from {status:?} by {by:?}", rule.name);
            }
        }
    }
}

#[test]
fn the_table_has_a_row_for_every_move_in_their_order() {
    let names: Vec<_> = TABLE.lines().filter_map(|row| row.split_whitespace().next()).collect();
    let rules: Vec<_> = crate::moves::MOVES.iter().map(|rule| rule.name).collect();
    assert_eq!(names, rules);
    for (at, rule) in crate::moves::MOVES.iter().enumerate() {
        assert_eq!((rule.what as usize, Move::parse(rule.name)), (at, Some(rule.what)));
    }
}
