//! Tasks that are due at the payment provider: they follow from the facts of the orders.

use crate::config::Config;
use kirana_domain::payment::{Effect, Payment, ProviderId, Refund, RefundStatus};
use kirana_domain::time::AtMs;
use kirana_domain::{OrderEntry, OrderId};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::Notify;

/// Polls of the provider's books after an attempt, each three times as far away as the one before.
const LOOKS_MAX: u32 = 10;
/// The polls of those that are made for a paid order: after 9 minutes, 4 hours and 4 days with the
/// usual first distance.
const LOOKS_PAID: [u32; 3] = [3, 6, 9];
/// First distances until books that could not be read are polled again, where no later poll is
/// planned: 3 minutes with the usual one.
const LOOK_AGAIN: i64 = 9;
/// Time from the last poll to the end of a reservation.
const LOOK_BEFORE_END_MS: i64 = 5_000;
/// The shortest time between two polls of the books of all orders whose money may still change.
const LOOK_AT_ALL_MS: i64 = 10_000;

/// A task at the payment provider for an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    Effect(Effect),
    Look,
}

#[derive(Default)]
struct Plan {
    due: BTreeSet<(AtMs, OrderId, Task)>,
    of_order: BTreeMap<OrderId, Vec<(AtMs, Task)>>,
    running: BTreeSet<(OrderId, Task)>,
    /// Orders with a task that has failed so far.
    troubled: BTreeSet<OrderId>,
    /// The provider's orders whose records are on the way, and the orders that they stand for.
    claimed: BTreeMap<ProviderId, OrderId>,
    /// Orders whose books are to be read now, whatever was planned.
    asked: BTreeSet<OrderId>,
    /// Orders whose books could not be read when they were last to be.
    unread: BTreeSet<OrderId>,
    /// Time at which the books of all orders are to be read, and that of the last time.
    look_at_all: (Option<AtMs>, Option<AtMs>),
}

/// Tasks at the payment provider, of all orders.
pub(crate) struct OutboxPlan {
    plan: Mutex<Plan>,
    first_look_ms: i64,
    pub(crate) changed: Notify,
}

impl OutboxPlan {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            plan: Mutex::default(),
            first_look_ms: i64::try_from(config.first_look.as_millis()).unwrap_or(i64::MAX),
            changed: Notify::new(),
        }
    }

    /// Returns the number of tasks that wait or are under way.
    pub(crate) fn len(&self) -> usize {
        let plan = self.plan.lock();
        plan.due.len() + plan.running.len() + plan.asked.len()
    }

    /// Plans the tasks of an order with money, in place of those that were planned before.
    pub(crate) fn follow(&self, order_id: OrderId, entry: &OrderEntry, now_ms: AtMs) {
        let Some(payment) = entry.payment() else { return };
        let mut tasks: Vec<(AtMs, Task)> = Vec::new();
        for effect in entry.due_effects() {
            let at_ms = match payment.trouble(&effect) {
                None => Some(now_ms),
                Some(trouble) => trouble.retry_at_ms,
            };
            tasks.extend(at_ms.map(|at_ms| (at_ms, Task::Effect(effect))));
        }
        let hold_end = match entry {
            OrderEntry::Open(order) => order.placed.hold_expires_at_ms,
            OrderEntry::Ended(_) => None,
        };
        let look = next_look_ms(payment, hold_end, now_ms, self.first_look_ms);
        let mut plan = self.plan.lock();
        let again = plan.unread.contains(&order_id);
        let again = again.then(|| now_ms + self.first_look_ms.saturating_mul(LOOK_AGAIN));
        tasks.extend(look.or(again).map(|at_ms| (at_ms, Task::Look)));
        let is_due = tasks.iter().any(|(at_ms, _)| *at_ms <= now_ms);
        plan.replace(order_id, tasks);
        if payment.troubles.is_empty() {
            plan.troubled.remove(&order_id);
        } else {
            plan.troubled.insert(order_id);
        }
        drop(plan);
        if is_due {
            self.changed.notify_one();
        }
    }

    /// Plans all orders with money after a restart. Webhooks may have been missed meanwhile, so the
    /// books of those whose money may still change are polled at once, however long ago the clock
    /// says that it was: nobody measured the time in which the engine was down.
    pub(crate) fn begin(&self, entries: &[(OrderId, OrderEntry)], now_ms: AtMs) {
        for (order_id, entry) in entries {
            self.follow(*order_id, entry, now_ms);
        }
        self.look_at(entries, now_ms);
    }

    /// Plans a poll of the books of an order as soon as may be: something is known to be there that
    /// was not understood.
    pub(crate) fn look(&self, order_id: OrderId) {
        self.plan.lock().asked.insert(order_id);
        self.changed.notify_one();
    }

    /// Plans a poll of the books of every order whose money may still change: something came that
    /// does not say whose it is. However much of that comes, there is a while between two polls.
    pub(crate) fn look_at_all(&self, now_ms: AtMs) {
        let mut plan = self.plan.lock();
        let (next, last) = plan.look_at_all;
        let at_ms = last.map_or(now_ms, |last| now_ms.max(last + LOOK_AT_ALL_MS));
        plan.look_at_all.0 = Some(next.map_or(at_ms, |next| next.min(at_ms)));
    }

    /// Returns true when the time has come for a poll of all books, which is made by
    /// [`OutboxPlan::look_at`].
    pub(crate) fn must_look_at_all(&self, now_ms: AtMs) -> bool {
        self.plan.lock().look_at_all.0.is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// Plans a poll of the books of those orders whose money may still change.
    pub(crate) fn look_at(&self, entries: &[(OrderId, OrderEntry)], now_ms: AtMs) {
        let has_news = |payment: &Payment| {
            let is_open = payment.may_change() || pending(payment).next().is_some();
            (is_open && payment.provider_order_id.is_some())
                || next_look_ms(payment, None, now_ms, self.first_look_ms).is_some()
        };
        let open = entries.iter().filter(|(_, entry)| entry.payment().is_some_and(has_news));
        let mut plan = self.plan.lock();
        plan.asked.extend(open.map(|(order_id, _)| *order_id));
        plan.look_at_all = (None, Some(now_ms));
    }

    /// Returns the orders with a task that has failed so far, oldest first.
    pub(crate) fn troubled(&self) -> Vec<OrderId> {
        self.plan.lock().troubled.iter().copied().collect()
    }

    /// Claims an order of the provider for one of ours. Returns the other order that it stands for,
    /// if there is one: `known` by the log, or claimed by a call at the same time.
    pub(crate) fn claim(
        &self,
        made: &ProviderId,
        order_id: OrderId,
        known: Option<OrderId>,
    ) -> Option<OrderId> {
        let mut plan = self.plan.lock();
        let owner = known.unwrap_or_else(|| *plan.claimed.entry(made.clone()).or_insert(order_id));
        (owner != order_id).then_some(owner)
    }

    /// Gives up the claims of an order: the log has what came of them.
    pub(crate) fn release(&self, order_id: OrderId) {
        self.plan.lock().claimed.retain(|_, owner| *owner != order_id);
    }

    /// Takes a task whose time has come; it counts as under way until it is done.
    pub(crate) fn take_due(&self, now_ms: AtMs) -> Option<(OrderId, Task)> {
        self.plan.lock().take_due(now_ms)
    }

    /// Notes that a task is no longer under way, and whether the provider answered.
    pub(crate) fn done(&self, order_id: OrderId, task: &Task, is_answered: bool) {
        let mut plan = self.plan.lock();
        plan.running.remove(&(order_id, task.clone()));
        match task {
            Task::Look if is_answered => _ = plan.unread.remove(&order_id),
            Task::Look => _ = plan.unread.insert(order_id),
            Task::Effect(_) => (),
        }
    }
}

impl Plan {
    fn replace(&mut self, order_id: OrderId, tasks: Vec<(AtMs, Task)>) {
        for (at_ms, task) in self.of_order.remove(&order_id).unwrap_or_default() {
            self.due.remove(&(at_ms, order_id, task));
        }
        for (at_ms, task) in &tasks {
            self.due.insert((*at_ms, order_id, task.clone()));
        }
        if !tasks.is_empty() {
            self.of_order.insert(order_id, tasks);
        }
    }

    /// Takes the first task whose time has come and that is not under way.
    fn take_due(&mut self, now_ms: AtMs) -> Option<(OrderId, Task)> {
        let looks_at = |id: &OrderId| self.running.contains(&(*id, Task::Look));
        if let Some(id) = self.asked.iter().find(|id| !looks_at(id)).copied() {
            self.asked.remove(&id);
            self.running.insert((id, Task::Look));
            return Some((id, Task::Look));
        }
        let is_free =
            |(_, id, task): &&(AtMs, OrderId, Task)| !self.running.contains(&(*id, task.clone()));
        let due = self.due.iter().take_while(|(at_ms, ..)| *at_ms <= now_ms).find(is_free);
        let (at_ms, order_id, task) = due?.clone();
        self.due.remove(&(at_ms, order_id, task.clone()));
        if let Some(tasks) = self.of_order.get_mut(&order_id) {
            tasks.retain(|(_, planned)| *planned != task);
            if tasks.is_empty() {
                self.of_order.remove(&order_id);
            }
        }
        self.running.insert((order_id, task.clone()));
        Some((order_id, task))
    }
}

/// Returns the time of the next poll of the provider's books; `None` when they can hold no more
/// news.
fn next_look_ms(
    payment: &Payment,
    hold_end: Option<AtMs>,
    now_ms: AtMs,
    first_ms: i64,
) -> Option<AtMs> {
    payment.provider_order_id.as_ref()?;
    let started = payment.attempts.last().map(|attempt| attempt.started_at_ms);
    let attempt = started.filter(|_| payment.may_change());
    let refund = pending(payment).map(|refund| refund.at_ms).max();
    let look = |since: AtMs, n: u32| since + first_ms.saturating_mul(3_i64.pow(n));
    let since = attempt.max(refund);
    let looks = since.into_iter().flat_map(|since| (0..LOOKS_MAX).map(move |n| look(since, n)));
    // The customer of a paid order may have paid twice, and the webhook of that may be lost.
    let seldom = started.into_iter().flat_map(|since| LOOKS_PAID.map(|n| look(since, n)));
    let before_end = hold_end.filter(|_| attempt.is_some()).map(|end| end - LOOK_BEFORE_END_MS);
    looks.chain(seldom).chain(before_end).filter(|at_ms| *at_ms > now_ms).min()
}

/// Returns the refunds that the provider has accepted and not yet made.
fn pending(payment: &Payment) -> impl Iterator<Item = &Refund> {
    payment.refunds.iter().filter(|refund| refund.status == RefundStatus::Accepted)
}

impl Task {
    /// Returns the name of the task in metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Effect(effect) => effect.name(),
            Self::Look => "look",
        }
    }
}

#[cfg(test)]
mod tests;
