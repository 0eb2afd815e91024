//! A stand-in on a free port, a client of it, and somebody who takes its webhooks.

use super::super::{Config, Running, start};
use crate::outbound::receiver::{Receiver, Seen, answer};
use crate::outbound::{Call, Outbound};
use crate::razorpay::client::{Access, Razorpay, RefundAsk};
use crate::razorpay::entity::Notes;
use crate::razorpay::signature;
use crate::razorpay::webhook::Webhook;
use crate::secret::Secret;
use hyper::Response;
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) struct Shop {
    pub(super) running: Running,
    pub(super) razorpay: Razorpay,
    pub(super) key_secret: Secret,
    webhook_secret: Secret,
    receiver: Receiver,
    outbound: Outbound,
}

/// A free port, no webhooks, and a provider's second in a millisecond.
pub(super) fn config() -> Config {
    let listen = "127.0.0.1:0".parse().unwrap();
    Config { listen, webhook_url: None, time_scale: 0.001, ..Config::default() }
}

/// Five rupees back.
pub(super) fn ask(key: &str) -> RefundAsk<'_> {
    RefundAsk { amount_paise: 500, receipt: "R1", notes: NONE, idempotency_key: key }
}

const NONE: &Notes = &Notes::new();

impl Shop {
    /// Takes every webhook. The test may change what [`config`] says.
    pub(super) async fn open(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(change, |_| answer(200, "")).await
    }

    /// Answers webhooks as the test says.
    pub(super) async fn with(
        change: impl FnOnce(&mut Config),
        take: impl Fn(&Seen) -> Response<String> + Send + Sync + 'static,
    ) -> Self {
        let receiver = Receiver::start(take).await;
        let mut config = config();
        config.webhook_url = Some(receiver.url("/hook"));
        change(&mut config);
        let (key_secret, webhook_secret) =
            (config.key_secret.clone(), config.webhook_secret.clone());
        let key_id = config.key_id.clone();
        let running = start(config).await.unwrap();
        let outbound = Outbound::new().unwrap();
        let access = Access {
            key_id,
            key_secret: key_secret.clone(),
            url: running.url.clone(),
            timeout: Duration::from_secs(30),
        };
        let razorpay = Razorpay::new(&access, outbound.clone()).unwrap();
        Self { running, razorpay, key_secret, webhook_secret, receiver, outbound }
    }

    pub(super) fn client(&self, key_id: &str, secret: &str) -> Razorpay {
        let access = Access {
            key_id: key_id.to_owned(),
            key_secret: Secret::short(secret.into()).unwrap(),
            url: self.running.url.clone(),
            timeout: Duration::from_secs(30),
        };
        Razorpay::new(&access, self.outbound.clone()).unwrap()
    }

    /// A call of any kind, signed in.
    pub(super) async fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.running.url.trim_end_matches("/v1"));
        let signed = HeaderValue::try_from(&self.running.sim.authorization).unwrap();
        let call = Call {
            method: method.parse().unwrap(),
            uri: url.parse().unwrap(),
            headers: vec![(AUTHORIZATION, signed)],
            body: body.to_owned().into(),
            timeout: Duration::from_secs(30),
            pinned: None,
        };
        let answer = self.outbound.call(call).await.unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// A customer pays; what the checkout gives back.
    pub(super) async fn pay(&self, order_id: &str, mut ask: Value) -> Value {
        ask["order_id"] = json!(order_id);
        let (status, answer) = self.call("POST", "/sim/pay", &ask.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// A customer pays; the payment's id.
    pub(super) async fn paid(&self, order_id: &str) -> String {
        let paid = self.pay(order_id, json!({})).await;
        paid["razorpay_payment_id"].as_str().unwrap().to_owned()
    }

    /// All that waits happens now.
    pub(super) async fn flush(&self) {
        let (_, answer) = self.call("POST", "/sim/webhooks/flush", "").await;
        assert_eq!(answer["pending"], 0);
    }

    pub(super) async fn state(&self) -> Value {
        self.call("GET", "/sim/state", "").await.1
    }

    /// Every request of a webhook that has arrived; each is signed.
    pub(super) fn arrived(&self) -> Vec<Seen> {
        let seen = self.receiver.seen();
        for request in &seen {
            let signed = request.header("x-razorpay-signature");
            let secrets = std::slice::from_ref(&self.webhook_secret);
            assert!(signature::webhook(&request.body, secrets, signed), "{request:?}");
            assert_eq!(request.line, "POST /hook");
        }
        seen
    }

    pub(super) fn webhooks(&self) -> Vec<Webhook> {
        self.arrived().iter().map(|seen| Webhook::parse(&seen.body).unwrap()).collect()
    }

    /// The names of the events, in the order of their arrival.
    pub(super) fn events(&self) -> Vec<String> {
        self.webhooks().into_iter().map(|webhook| webhook.event).collect()
    }
}
