//! The outbox: what must be done outside is done at least once, and survives every restart.
//!
//! It stores nothing. What is due follows from the orders ([`Payment::due_effects`]): a payment
//! that began wants the provider's order, an authorized charge wants its capture, an owed refund
//! wants to be paid. The publisher tells it of every order with money; a start reads them all. What
//! comes of a call goes back to the order as a report, like a webhook. A call that fails is
//! recorded with the time of the next try: 0.5 s, doubling to an hour, a quarter either way.
//!
//! It also looks: while money may still turn up that nobody told us of, the provider's books are
//! read at growing distances, because webhooks get lost.

use crate::config::Config;
use crate::desk::{self, Core, OrderWork};
use crate::door::{Door, Entered};
use crate::gateway::{GatewayError, PaymentGateway};
use kirana_domain::order::{Report, Wish};
use kirana_domain::payment::{Effect, ErrorText, Payment, RefundStatus, Trouble};
use kirana_domain::time::AtMs;
use kirana_domain::{Entry, OrderId, Principal};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// Calls that are under way at the most.
const CALLS_MAX: usize = 64;
/// Tries before an effect is given up, until somebody says so. The last distances are an hour each.
const TRIES_MAX: u16 = 24;
/// The first distance between two tries.
const FIRST_RETRY_MS: i64 = 500;
/// The longest distance between two tries.
const LAST_RETRY_MS: i64 = 60 * 60_000;
/// How often the books are looked at, each time three times as far away as the time before.
const LOOKS_MAX: u32 = 10;
/// Which of these looks are made at the books of a paid order: after 9 minutes, 4 hours and 4 days
/// with the usual first distance.
const LOOKS_PAID: [u32; 3] = [3, 6, 9];
/// The last look before a hold ends.
const LOOK_BEFORE_END_MS: i64 = 5_000;
/// How often what is due is looked for.
const TICK: Duration = Duration::from_millis(20);

/// Something to do for an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Effect(Effect),
    Look,
}

#[derive(Default)]
struct Plan {
    due: BTreeSet<(AtMs, OrderId, Task)>,
    of_order: BTreeMap<OrderId, Vec<(AtMs, Task)>>,
    running: BTreeSet<(OrderId, Task)>,
    /// Orders for which something did not work so far.
    troubled: BTreeSet<OrderId>,
}

/// See the module.
pub(crate) struct Outbox {
    plan: Mutex<Plan>,
    gateway: OnceLock<Arc<dyn PaymentGateway>>,
    first_look_ms: i64,
    changed: Notify,
}

impl Outbox {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            plan: Mutex::default(),
            gateway: OnceLock::new(),
            first_look_ms: i64::try_from(config.first_look.as_millis()).unwrap_or(i64::MAX),
            changed: Notify::new(),
        }
    }

    /// Sets the provider. `false` if there is one already.
    pub(crate) fn set_gateway(&self, gateway: Arc<dyn PaymentGateway>) -> bool {
        let is_first = self.gateway.set(gateway).is_ok();
        self.changed.notify_one();
        is_first
    }

    /// True when online payments can be made.
    pub(crate) fn has_gateway(&self) -> bool {
        self.gateway.get().is_some()
    }

    /// Tasks that wait or are under way.
    pub(crate) fn len(&self) -> usize {
        let plan = self.plan.lock();
        plan.due.len() + plan.running.len()
    }

    /// Plans what an order with money wants now. What it wanted before is forgotten.
    pub(crate) fn follow(&self, order_id: OrderId, entry: &Entry, now_ms: AtMs) {
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
            Entry::Open(order) => order.placed.hold_expires_at_ms,
            Entry::Ended(_) => None,
        };
        let look = next_look_ms(payment, hold_end, now_ms, self.first_look_ms);
        tasks.extend(look.map(|at_ms| (at_ms, Task::Look)));
        let is_due = tasks.iter().any(|(at_ms, _)| *at_ms <= now_ms);
        let mut plan = self.plan.lock();
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

    /// Orders for which something did not work so far, oldest first.
    pub(crate) fn troubled(&self) -> Vec<OrderId> {
        self.plan.lock().troubled.iter().copied().collect()
    }

    fn take_due(&self, now_ms: AtMs) -> Option<(OrderId, Task)> {
        self.plan.lock().take_due(now_ms)
    }

    fn done(&self, order_id: OrderId, task: &Task) {
        self.plan.lock().running.remove(&(order_id, task.clone()));
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

    /// The first task whose time has come and that is not under way.
    fn take_due(&mut self, now_ms: AtMs) -> Option<(OrderId, Task)> {
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

/// When the provider's books are read next; `None` when they can hold no more news.
fn next_look_ms(
    payment: &Payment,
    hold_end: Option<AtMs>,
    now_ms: AtMs,
    first_ms: i64,
) -> Option<AtMs> {
    payment.provider_order_id.as_ref()?;
    let started = payment.attempts.last().map(|attempt| attempt.started_at_ms);
    let attempt = started.filter(|_| payment.may_change());
    let pending =
        |refund: &&kirana_domain::payment::Refund| refund.status == RefundStatus::Accepted;
    let refund = payment.refunds.iter().filter(pending).map(|refund| refund.at_ms).max();
    let look = |since: AtMs, n: u32| since + first_ms.saturating_mul(3_i64.pow(n));
    let since = attempt.max(refund);
    let looks = since.into_iter().flat_map(|since| (0..LOOKS_MAX).map(move |n| look(since, n)));
    // The customer of a paid order may have paid twice, and nobody may have told us of that.
    let seldom = started.into_iter().flat_map(|since| LOOKS_PAID.map(|n| look(since, n)));
    let before_end = hold_end.filter(|_| attempt.is_some()).map(|end| end - LOOK_BEFORE_END_MS);
    looks.chain(seldom).chain(before_end).filter(|at_ms| *at_ms > now_ms).min()
}

/// Runs the outbox until the engine ends.
pub(crate) async fn run(core: Arc<Core>, door: Arc<Door>) {
    let outbox = Arc::clone(&core.outbox);
    // After a restart nobody knows what was told meanwhile: look at once.
    let now_ms = core.clock.now_ms();
    for (order_id, entry) in core.world.orders(kirana_domain::OrderBook::with_payments) {
        outbox.follow(order_id, &entry, now_ms);
        let is_open = entry.payment().is_some_and(|payment| {
            next_look_ms(payment, None, now_ms, outbox.first_look_ms).is_some()
        });
        if is_open {
            let mut plan = outbox.plan.lock();
            plan.due.insert((now_ms, order_id, Task::Look));
            plan.of_order.entry(order_id).or_default().push((now_ms, Task::Look));
        }
    }
    let room = Arc::new(Semaphore::new(CALLS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let next = outbox.has_gateway().then(|| outbox.take_due(core.clock.now_ms())).flatten();
        let Some((order_id, task)) = next else {
            drop(permit);
            _ = tokio::time::timeout(TICK, outbox.changed.notified()).await;
            continue;
        };
        let (core, door) = (Arc::clone(&core), Arc::clone(&door));
        tokio::spawn(async move {
            perform(&core, &door, order_id, &task).await;
            core.outbox.done(order_id, &task);
            // The order may have been told nothing new: plan anew what is still due.
            if let Some(entry) = core.world.order(order_id) {
                core.outbox.follow(order_id, &entry, core.clock.now_ms());
            }
            drop(permit);
        });
    }
}

async fn perform(core: &Arc<Core>, door: &Arc<Door>, order_id: OrderId, task: &Task) {
    let Some(gateway) = core.outbox.gateway.get() else { return };
    let Some(entry) = core.world.order(order_id) else { return };
    let Some(payment) = entry.payment() else { return };
    let done = match task {
        Task::Effect(effect) if !entry.due_effects().contains(effect) => return,
        Task::Effect(effect) => call(&**gateway, order_id, payment, effect).await,
        Task::Look => match &payment.provider_order_id {
            Some(id) => gateway.look(order_id, id.clone()).await,
            None => return,
        },
    };
    metrics::counter!("kirana_outbox_calls_total", "task" => task.name(),
        "outcome" => if done.is_ok() { "done" } else { "failed" })
    .increment(1);
    let wish = match (done, task) {
        (Ok(report), _) => Wish::Report(report),
        // A look that fails is made again at its next time.
        (Err(_), Task::Look) => return,
        (Err(error), Task::Effect(effect)) => {
            let tries = payment.trouble(effect).map_or(0, |trouble| trouble.tries);
            let trouble = trouble(effect, tries.saturating_add(1), &error, core.clock.now_ms());
            Wish::EffectFailed { trouble }
        }
    };
    submit(core, door, order_id, wish).await;
}

async fn call(
    gateway: &dyn PaymentGateway,
    order_id: OrderId,
    payment: &Payment,
    effect: &Effect,
) -> Result<Report, GatewayError> {
    let nothing = Report::default;
    Ok(match effect {
        Effect::CreateOrder => {
            let made = gateway.create_order(order_id, payment.due).await?;
            Report { provider_order_id: Some(made), ..nothing() }
        }
        Effect::Capture(id) => {
            let Some(charge) = payment.charge(id) else { return Ok(nothing()) };
            let captured = gateway.capture(id.clone(), charge.amount).await?;
            Report { charges: vec![captured], ..nothing() }
        }
        Effect::Refund(number) => {
            let Some(refund) = payment.refund(*number) else { return Ok(nothing()) };
            let charge_id = refund.charge_id.clone();
            let paid =
                gateway.refund(order_id, *number, charge_id, payment.amount_of(refund)).await?;
            Report { refunds: vec![paid], ..nothing() }
        }
    })
}

/// What is recorded of a call that did not work.
fn trouble(effect: &Effect, tries: u16, error: &GatewayError, now_ms: AtMs) -> Trouble {
    let (detail, after) = match error {
        GatewayError::Retry { detail, after } => (detail, Some(after.unwrap_or_default())),
        GatewayError::Refused { detail } => (detail, None),
    };
    let clean: String = detail.chars().filter(|c| !c.is_control()).take(200).collect();
    let error = ErrorText::parse(&clean).or_else(|_| ErrorText::parse("no reason was given"));
    let error = error.expect("a short text without control characters");
    let retry_at_ms = after.filter(|_| tries < TRIES_MAX).map(|after| {
        let doubled = FIRST_RETRY_MS.saturating_mul(1 << (tries - 1).min(30));
        let distance = doubled.min(LAST_RETRY_MS);
        // A quarter either way, so that what failed together is not tried together.
        let spread = i64::from(uuid::Uuid::now_v7().as_bytes()[15]) * distance / 512;
        let after = i64::try_from(after.as_millis()).unwrap_or(LAST_RETRY_MS);
        now_ms + (distance * 3 / 4 + spread).max(after)
    });
    Trouble { effect: effect.clone(), tries, retry_at_ms, error }
}

/// Tells an order, and waits until that is durable.
async fn submit(core: &Arc<Core>, door: &Arc<Door>, order_id: OrderId, wish: Wish) {
    match door.enter(&Principal::SYSTEM, None) {
        Ok(Entered::First(ticket, answer)) => {
            desk::tell(core, order_id, OrderWork::of(wish, ticket));
            if let Ok(Err(refusal)) = answer.await {
                tracing::warn!(%order_id, ?refusal, "the outcome of a call was refused");
            }
        }
        Ok(_) => unreachable!("a command without a key has no twin"),
        // Nothing was recorded: the call is made again, which it may.
        Err(refusal) => tracing::warn!(%order_id, ?refusal, "no room for the outcome of a call"),
    }
}

impl Task {
    fn name(&self) -> &'static str {
        match self {
            Self::Effect(effect) => effect.name(),
            Self::Look => "look",
        }
    }
}
