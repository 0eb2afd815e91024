//! The outbox: calls to the payment provider are made at least once, also over restarts.
//!
//! It stores nothing. The calls that are due follow from the orders ([`Payment::due_effects`]): a
//! payment that began wants the provider's order, an authorized charge wants its capture, an owed
//! refund wants to be paid. The publisher tells it of every order with money; a start reads them
//! all. The outcome of a call goes back to the order as a report, like a webhook. A call that fails
//! is recorded with the time of the next try: 0.5 s, doubling to an hour, a quarter either way.
//!
//! It also polls the provider's books, at growing distances, while money may still turn up, because
//! webhooks get lost; and at once when one came that could not be read.

use crate::admission::admit::{Admission, Admitted};
use crate::admission::message::OrderWork;
use crate::orders::core::Core;
use crate::orders::dispatch;
use crate::orders::outbox_plan::Task;
use crate::outside::payment_port::{PaymentPort, PaymentPortError};
use crate::outside::retry::{error_text, jitter_ms, random_byte};
use kirana_domain::order::{OrderCommand, Report};
use kirana_domain::payment::{Effect, FailedEffect, Payment, ProviderId};
use kirana_domain::time::AtMs;
use kirana_domain::{OrderEntry, OrderId, Principal};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Calls that are under way at the most.
const CALLS_MAX: usize = 64;
/// Attempts before an effect is given up until an operator retries it. The last distances are an
/// hour each.
const TRIES_MAX: u16 = 24;
/// The first distance between two tries.
const FIRST_RETRY_MS: i64 = 500;
/// The longest distance between two tries.
const LAST_RETRY_MS: i64 = 60 * 60_000;
/// Characters of a reason that are recorded.
const ERROR_CHARS_MAX: usize = 200;
/// Time between two looks for due tasks.
const TICK: Duration = Duration::from_millis(20);

/// The calls at the payment provider.
#[derive(Default)]
pub(crate) struct Outbox {
    port: OnceLock<Arc<dyn PaymentPort>>,
}

impl Outbox {
    /// Sets the provider. `false` if there is one already.
    pub(crate) fn set_port(&self, port: Arc<dyn PaymentPort>) -> bool {
        self.port.set(port).is_ok()
    }

    /// Returns true when online payments can be made.
    pub(crate) fn has_port(&self) -> bool {
        self.port.get().is_some()
    }
}

/// Runs the outbox until the engine ends.
pub(crate) async fn run(core: Arc<Core>, admission: Arc<Admission>, outbox: Arc<Outbox>) {
    let plan = &core.outbox;
    core.state.orders(|orders| plan.begin(&orders.with_payments(), core.clock.now_ms()));
    let room = Arc::new(Semaphore::new(CALLS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let now_ms = core.clock.now_ms();
        if plan.must_look_at_all(now_ms) {
            plan.look_at(&core.state.orders(kirana_domain::OrderBook::with_payments), now_ms);
        }
        // Without a provider nothing is taken: it would count as under way for ever.
        let due = outbox.port.get().and_then(|port| Some((port, plan.take_due(now_ms)?)));
        let Some((port, (order_id, task))) = due else {
            drop(permit);
            _ = tokio::time::timeout(TICK, plan.changed.notified()).await;
            continue;
        };
        let (core, admission, port) = (Arc::clone(&core), Arc::clone(&admission), Arc::clone(port));
        tokio::spawn(async move {
            let is_answered = perform(&core, &admission, &*port, order_id, &task).await;
            core.outbox.done(order_id, &task, is_answered);
            plan_anew(&core, order_id).await;
            drop(permit);
        });
    }
}

/// Plans anew what is still due for an order, which may have been told nothing new.
///
/// The lock of the orders is held from the look to the plan: else a fact that is applied in between
/// would be planned first, and its task lost to the older plan.
async fn plan_anew(core: &Core, order_id: OrderId) {
    let found = entry_of(core, order_id).await;
    core.state.orders(|orders| {
        if let Some(entry) = orders.get(order_id).or(found.as_ref()) {
            core.outbox.follow(order_id, entry, core.clock.now_ms());
        }
    });
}

/// Returns an order in memory, or one that left it while a task of it waited.
async fn entry_of(core: &Core, order_id: OrderId) -> Option<OrderEntry> {
    core.reads.find(order_id).await.unwrap_or_else(|error| {
        tracing::error!(%error, %order_id, "an order with money cannot be read");
        None
    })
}

/// Does a task. Returns false when the provider did not answer.
async fn perform(
    core: &Arc<Core>,
    admission: &Arc<Admission>,
    port: &dyn PaymentPort,
    order_id: OrderId,
    task: &Task,
) -> bool {
    let Some(entry) = entry_of(core, order_id).await else { return true };
    let Some(payment) = entry.payment() else { return true };
    let mut done = match task {
        Task::Effect(effect) if !entry.due_effects().contains(effect) => return true,
        Task::Effect(effect) => call(port, order_id, payment, effect).await,
        Task::Look => match &payment.provider_order_id {
            Some(id) => port.look(order_id, id.clone()).await,
            None => return true,
        },
    };
    if let Ok(Report { provider_order_id: Some(made), .. }) = &done
        && let Err(error) = claim(core, order_id, made).await
    {
        done = Err(error);
    }
    metrics::counter!("kirana_outbox_calls_total", "task" => task.name(),
        "outcome" => if done.is_ok() { "done" } else { "failed" })
    .increment(1);
    let is_answered = !matches!(done, Err(PaymentPortError::Retry { .. }));
    let command = match (done, task) {
        (Ok(report), _) => OrderCommand::Report(report),
        (Err(error), Task::Look) => {
            tracing::warn!(%order_id, ?error, "the provider's books cannot be read: later again");
            return is_answered;
        }
        (Err(error), Task::Effect(effect)) => {
            let tries = payment.trouble(effect).map_or(0, |trouble| trouble.tries);
            let trouble = trouble(effect, tries.saturating_add(1), &error, core.clock.now_ms());
            OrderCommand::EffectFailed { trouble }
        }
    };
    submit(core, admission, order_id, command).await;
    core.outbox.release(order_id);
    is_answered
}

/// Claims an order of the provider for one of ours.
///
/// # Errors
/// It stands for another order: a charge of it would be booked on both.
async fn claim(
    core: &Arc<Core>,
    order_id: OrderId,
    made: &ProviderId,
) -> Result<(), PaymentPortError> {
    let id = made.clone();
    let known = core.reads.blocking(move |reads| reads.of_provider(&id)).await;
    let known = known
        .map_err(|error| PaymentPortError::Retry { detail: error.to_string(), after: None })?;
    let Some(other) = core.outbox.claim(made, order_id, known) else { return Ok(()) };
    tracing::error!(%order_id, %other, id = &**made, "the provider gave one id to two orders");
    let detail = "the provider's order stands for another order".to_owned();
    Err(PaymentPortError::Refused { detail })
}

async fn call(
    port: &dyn PaymentPort,
    order_id: OrderId,
    payment: &Payment,
    effect: &Effect,
) -> Result<Report, PaymentPortError> {
    let nothing = Report::default;
    Ok(match effect {
        Effect::CreateOrder => {
            let made = port.create_order(order_id, payment.due).await?;
            Report { provider_order_id: Some(made), ..nothing() }
        }
        Effect::Capture(id) => {
            let Some(charge) = payment.charge(id) else { return Ok(nothing()) };
            let captured = port.capture(id.clone(), charge.amount).await?;
            Report { charges: vec![captured], ..nothing() }
        }
        Effect::Refund(number) => {
            let Some(refund) = payment.refund(*number) else { return Ok(nothing()) };
            let charge_id = refund.charge_id.clone();
            let paid =
                port.refund(order_id, *number, charge_id, payment.to_ask_for(refund)).await?;
            Report { refunds: vec![paid], ..nothing() }
        }
    })
}

/// Returns the record of a call that failed.
fn trouble(effect: &Effect, tries: u16, error: &PaymentPortError, now_ms: AtMs) -> FailedEffect {
    let (detail, after) = match error {
        PaymentPortError::Retry { detail, after } => (detail, Some(after.unwrap_or_default())),
        PaymentPortError::Refused { detail } => (detail, None),
    };
    let retry_at_ms = after.filter(|_| tries < TRIES_MAX).map(|after| {
        let doubled = FIRST_RETRY_MS.saturating_mul(1 << (tries - 1).min(30));
        let distance = doubled.min(LAST_RETRY_MS);
        // A quarter either way.
        let jittered = distance * 3 / 4 + jitter_ms(distance / 2, random_byte());
        let after = i64::try_from(after.as_millis()).unwrap_or(LAST_RETRY_MS);
        now_ms + jittered.max(after)
    });
    let error = error_text(detail, ERROR_CHARS_MAX);
    FailedEffect { effect: effect.clone(), tries, retry_at_ms, error }
}

/// Submits the outcome of a call to its order, and waits until it is durable.
async fn submit(
    core: &Arc<Core>,
    admission: &Arc<Admission>,
    order_id: OrderId,
    command: OrderCommand,
) {
    match admission.enter(&Principal::SYSTEM, None) {
        Ok(Admitted::First(ticket, answer)) => {
            dispatch::tell(core, order_id, OrderWork::of(command, ticket));
            if let Ok(Err(refusal)) = answer.await {
                tracing::warn!(%order_id, ?refusal, "the outcome of a call was refused");
            }
        }
        Ok(_) => unreachable!("a command without a key has no twin"),
        // Nothing was recorded: the call is made again, as every call may be.
        Err(refusal) => tracing::warn!(%order_id, ?refusal, "no room for the outcome of a call"),
    }
}
