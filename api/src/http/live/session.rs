//! One stream, whatever carries it: the state now, then every fact after it once, until its end.

use super::KEEP_ALIVE_EVERY;
use super::render::{self, Message};
use super::streams::{Permit, Streams};
use crate::http::auth::Pass;
use kirana_domain::Lsn;
use kirana_engine::{Engine, Next, Subscription, Topic, is_over};
use tokio::time::{Instant, timeout_at};

/// One step of a stream, on its way to the reader.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// A message.
    Message(Message),
    /// A sign that the stream is alive.
    KeepAlive,
    /// Nothing more: the stream ends.
    End,
}

enum Stage {
    /// The state now is to be told, under this name.
    State(&'static str),
    Live,
    Ended,
}

/// One open stream.
pub(crate) struct Session {
    permit: Permit,
    engine: Engine,
    topic: Topic,
    /// The path of what is listened to, in front of `/orders`.
    whose: String,
    subscription: Subscription,
    stage: Stage,
    keep_alive_at: Instant,
    pass: Pass,
}

impl Session {
    /// Begins a stream: after a position, or with the state now.
    pub(crate) fn new(
        permit: Permit,
        engine: Engine,
        topic: Topic,
        after: Option<Lsn>,
        pass: Pass,
    ) -> Self {
        let subscription = engine.subscribe(topic, after);
        let stage = if after.is_some() { Stage::Live } else { Stage::State("snapshot") };
        let whose = match topic {
            Topic::Store(id) => format!("/stores/{id}"),
            Topic::Customer(id) => format!("/customers/{id}"),
            Topic::Rider(id) => format!("/riders/{id}"),
            Topic::Order(_) | Topic::All => String::new(),
        };
        let keep_alive_at = Instant::now() + KEEP_ALIVE_EVERY;
        Self { permit, engine, topic, whose, subscription, stage, keep_alive_at, pass }
    }

    /// Returns the count of streams that it is part of.
    pub(crate) fn streams(&self) -> &Streams {
        self.permit.streams()
    }

    /// Waits for the next step. A wait may be given up without loss.
    pub(crate) async fn next(&mut self) -> Outgoing {
        loop {
            if matches!(self.stage, Stage::Ended) {
                return Outgoing::End;
            }
            // Looked at first: facts may come without a pause.
            if self.pass.is_over() {
                self.stage = Stage::Ended;
                return Outgoing::Message(render::auth_expired());
            }
            if let Stage::State(name) = self.stage {
                return self.state_now(name).await;
            }
            let until = self.keep_alive_at.min(self.pass.ends);
            let next = tokio::select! {
                next = timeout_at(until, self.subscription.next()) => next,
                () = self.pass.changed() => continue,
            };
            match next {
                Ok(Next::Event(fact)) => return self.fact(&fact),
                Ok(Next::Located(location)) => {
                    // Only the stream of one order hears of it.
                    let Topic::Order(order_id) = self.topic else { continue };
                    self.keep_alive_at = Instant::now() + KEEP_ALIVE_EVERY;
                    return Outgoing::Message(render::located(order_id, &location));
                }
                Ok(Next::Resync) => self.stage = Stage::State("resync"),
                Ok(Next::Closed) => self.stage = Stage::Ended,
                Err(_) if Instant::now() < self.pass.ends => {
                    self.keep_alive_at = Instant::now() + KEEP_ALIVE_EVERY;
                    return Outgoing::KeepAlive;
                }
                Err(_) => (),
            }
        }
    }

    fn fact(&mut self, fact: &kirana_engine::LiveEvent) -> Outgoing {
        if matches!(self.topic, Topic::Order(_)) && is_over(&fact.order) {
            self.stage = Stage::Ended;
        }
        self.keep_alive_at = Instant::now() + KEEP_ALIVE_EVERY;
        let message = self.streams().rendered.fact(&self.engine, fact);
        self.streams().sent.increment(1);
        Outgoing::Message(message)
    }

    /// Reads the state after the subscription began, so that nothing falls between the two.
    async fn state_now(&mut self, name: &'static str) -> Outgoing {
        let engine = &self.engine;
        let told = match self.topic {
            Topic::Order(id) => match engine.order(id).await {
                Ok(Some(order)) => {
                    let stage = if is_over(&order) { Stage::Ended } else { Stage::Live };
                    Some((render::order_now(engine, name, &order), order.lsn(), stage))
                }
                Ok(None) => None,
                Err(error) => {
                    tracing::error!(%error, "a stream cannot tell the state of its order");
                    None
                }
            },
            topic => Some(self.orders_now(topic, name)),
        };
        let Some((message, lsn, stage)) = told else {
            self.stage = Stage::Ended;
            return Outgoing::End;
        };
        self.subscription.skip_to(lsn);
        self.stage = stage;
        self.keep_alive_at = Instant::now() + KEEP_ALIVE_EVERY;
        Outgoing::Message(message)
    }

    fn orders_now(&self, topic: Topic, name: &str) -> (Message, Lsn, Stage) {
        let open = self.engine.open_orders(topic);
        let source = format!("{}/orders", self.whose);
        (render::orders_now(&self.engine, name, &source, &open), open.lsn, Stage::Live)
    }
}
