//! A payment provider for the engine in process: the real client against the stand-in, over HTTP on
//! this machine, and a letter box for its webhooks.
//!
//! The stand-in lives on a thread of its own, so that a test may ask it and wait, whatever runtime
//! the engine has. Webhooks are taken in and kept: the test decides when, in which order and how
//! often the engine hears of them.

use crate::http::{Client, Request};
use kirana_api::outbound::Outbound;
use kirana_api::razorpay::client::{Access, Razorpay};
use kirana_api::razorpay::entity::Notes;
use kirana_api::razorpay::port::{ORDER_NOTE, RazorpayGateway, charge_of, dispute_of, refund_of};
use kirana_api::razorpay::sim::{self, Config, Faults};
use kirana_api::razorpay::webhook::{Fact, Webhook as Body};
use kirana_api::secret::Secret;
use kirana_domain::order::Report;
use kirana_domain::payment::{self as money, ErrorText, ProviderId};
use kirana_domain::{OrderId, Paise};
use kirana_engine::{Command, PaymentPort, Webhook};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// Bytes of a webhook that the letter box takes.
const LETTER_BYTES_MAX: usize = 64 * 1_024;

/// A webhook as it came.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The provider's id of it.
    pub event_id: String,
    /// The raw body.
    pub body: Vec<u8>,
}

/// A running stand-in with its letter box. It ends when it is dropped.
pub struct Provider {
    url: String,
    address: SocketAddr,
    letters: Arc<Mutex<Vec<Letter>>>,
    letter_box: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Provider {
    /// Starts one without faults whose ids follow from a seed. Nothing there takes time.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(seed: u64) -> Self {
        let letters = Arc::default();
        let letter_box = open_letter_box(&letters);
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_url: Some(format!("http://{letter_box}/hook")),
            seed,
            time_scale: 0.0,
            ..Config::default()
        };
        let (told, started) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let running = sim::start(config).await.expect("the stand-in starts");
                told.send(running.url.clone()).expect("somebody waits for it");
                _ = stopped.await;
                running.stop().await;
            });
        };
        let thread = Some(thread::spawn(run));
        let url = started.recv().expect("the stand-in says where it is");
        let address = url.trim_start_matches("http://").trim_end_matches("/v1");
        let address = address.parse().expect("an address");
        Self { url, address, letters, letter_box, stop: Some(stop), thread }
    }

    /// The port to it, with connections of its own.
    ///
    /// # Panics
    /// Never: the address is one of this machine.
    pub fn gateway(&self) -> Arc<dyn PaymentPort> {
        let access = Access {
            key_id: sim::KEY_ID.to_owned(),
            key_secret: Secret::short(sim::KEY_SECRET.into()).expect("a secret"),
            url: self.url.clone(),
            timeout: Duration::from_secs(5),
        };
        let outbound = Outbound::new().expect("the roots are built in");
        Arc::new(RazorpayGateway(
            Razorpay::new(&access, outbound).expect("an address of this machine"),
        ))
    }

    fn ask(&self, request: &Request) -> Value {
        let answer = Client::new(self.address).ask(request);
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
        answer.json()
    }

    /// What goes wrong from now on: `fail_before=100`, `none`, as the stand-in reads it.
    ///
    /// # Panics
    /// If there is no such fault.
    pub fn faults(&self, spec: &str) {
        let faults = json!(Faults::parse(spec).expect("faults of a test"));
        self.ask(&Request::post("/sim/faults").json(&faults));
    }

    /// The customer pays an order of the provider; `how` is the rest of `POST /sim/pay`. Answers
    /// the payment's id, also of one that the bank refused.
    ///
    /// # Panics
    /// If the provider does not take it.
    pub fn pay(&self, order: &ProviderId, how: Value) -> ProviderId {
        let id = self.try_pay(order, how);
        id.expect("the stand-in takes the payment")
    }

    /// As [`Provider::pay`]; `None` when the provider does not take it.
    pub fn try_pay(&self, order: &ProviderId, mut how: Value) -> Option<ProviderId> {
        how["order_id"] = json!(&**order);
        let answer = self.ask(&Request::post("/sim/pay").json(&how));
        let of_failed = &answer["error"]["metadata"]["payment_id"];
        let id = answer["razorpay_payment_id"].as_str().or(of_failed.as_str());
        id.and_then(|id| ProviderId::parse(id).ok())
    }

    /// The merchant gives money back in the provider's own dashboard.
    pub fn refund_in_dashboard(&self, payment: &ProviderId, amount: Option<i64>) -> Value {
        let body = json!({ "payment_id": &**payment, "amount": amount });
        self.ask(&Request::post("/sim/refund").json(&body))
    }

    /// Lets all that waits at the provider happen, and takes the letters that have come since.
    ///
    /// # Panics
    /// If it does not come to rest.
    pub fn letters(&self) -> Vec<Letter> {
        let left = self.ask(&Request::post("/sim/webhooks/flush").json(&json!({})));
        assert_eq!(left["pending"], 0, "the stand-in comes to rest");
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The provider's books.
    pub fn books(&self) -> Books {
        Books(self.ask(&Request::get("/sim/state")))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        _ = self.stop.take().map(|stop| stop.send(()));
        _ = self.thread.take().map(thread::JoinHandle::join);
        // The letter box holds the letters weakly: it ends at its next visitor.
        self.letters = Arc::default();
        _ = TcpStream::connect(self.letter_box);
    }
}

/// What the provider knows.
#[derive(Clone, Debug)]
pub struct Books(pub Value);

impl Books {
    fn all<'a>(&'a self, kind: &str) -> impl Iterator<Item = &'a Value> {
        self.0[kind].as_array().into_iter().flatten()
    }

    /// The ids of the provider's orders that stand for one of ours: one at the most.
    pub fn orders_of(&self, order_id: OrderId) -> Vec<String> {
        let receipt = money::receipt_of(order_id);
        let own = self.all("orders").filter(|order| order["receipt"] == receipt.as_str());
        own.map(|order| order["id"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Rupee payments of an order of ours.
    fn payments_of(&self, order_id: OrderId) -> impl Iterator<Item = &Value> {
        let orders = self.orders_of(order_id);
        self.all("payments").filter(move |payment| {
            payment["currency"] == "INR" && orders.iter().any(|id| payment["order_id"] == **id)
        })
    }

    /// True while money for an order of ours is authorized and not captured: a look at the books
    /// will find it, and what follows is still to come.
    pub fn is_open(&self, order_id: OrderId) -> bool {
        self.payments_of(order_id).any(|payment| payment["status"] == "authorized")
    }

    /// What was captured for an order of ours, in rupees.
    pub fn captured(&self, order_id: OrderId) -> Paise {
        let taken = |it: &&Value| matches!(it["status"].as_str(), Some("captured" | "refunded"));
        self.payments_of(order_id).filter(taken).map(|it| Paise(number(&it["amount"]))).sum()
    }

    /// What went back of it, or is on its way.
    pub fn given_back(&self, order_id: OrderId) -> Paise {
        let ids: Vec<_> = self.payments_of(order_id).map(|payment| &payment["id"]).collect();
        let counts = |it: &&Value| it["status"] != "failed" && ids.contains(&&it["payment_id"]);
        self.all("refunds").filter(counts).map(|it| Paise(number(&it["amount"]))).sum()
    }

    /// How many refunds there are of any order, failed ones too.
    pub fn refunds_count(&self) -> usize {
        self.all("refunds").count()
    }

    /// What was captured in all, in rupees.
    pub fn captured_in_all(&self) -> Paise {
        let taken = |it: &&Value| {
            it["currency"] == "INR"
                && matches!(it["status"].as_str(), Some("captured" | "refunded"))
        };
        self.all("payments").filter(taken).map(|it| Paise(number(&it["amount"]))).sum()
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().expect("an amount is a whole number")
}

/// The command that a letter is for the engine, as the gateway makes it.
///
/// # Panics
/// If the letter is no webhook.
pub fn command_of(letter: &Letter) -> Command {
    let body = Body::parse(&letter.body).expect("a webhook of the stand-in");
    let (mut report, mut provider_order_id) = (Report::default(), None);
    let (mut order_id, mut hint) = (None, None);
    for fact in &body.facts {
        match fact {
            Fact::Payment(payment) => {
                let id = payment.order_id.as_deref().and_then(|id| ProviderId::parse(id).ok());
                provider_order_id = id.or(provider_order_id);
                hint = order_of(&payment.notes).or(hint);
                report.charges.extend(charge_of(payment));
            }
            Fact::Order(order) => {
                provider_order_id = ProviderId::parse(&order.order_id).ok();
                order_id = order.receipt.as_deref().and_then(order_named).or(order_id);
            }
            Fact::Refund(refund) => {
                let key = refund.receipt.as_deref().and_then(|key| key.split('-').next());
                order_id = key.and_then(order_named).or(order_id);
                let number = |key: &str| money::refund_number(order_id?, key);
                report.refunds.extend(refund_of(refund, number));
            }
            Fact::Dispute(dispute) => {
                report.disputes.extend(dispute_of(dispute, body.created_at_s));
            }
        }
    }
    Command::Webhook(Box::new(Webhook {
        event_id: ErrorText::parse(&letter.event_id).expect("an id"),
        name: ErrorText::parse(&body.event).expect("a name"),
        body: letter.body.clone(),
        provider_order_id,
        order_id,
        hint,
        report,
        captured: Vec::new(),
        refunded: Vec::new(),
        is_unread: !body.unread.is_empty(),
    }))
}

fn order_of(notes: &Notes) -> Option<OrderId> {
    order_named(notes.get(ORDER_NOTE)?)
}

fn order_named(id: &str) -> Option<OrderId> {
    id.parse().ok().map(OrderId)
}

/// Takes webhooks in and answers 200 to each, while somebody has the letters.
fn open_letter_box(letters: &Arc<Mutex<Vec<Letter>>>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let letters = Arc::downgrade(letters);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Some(letters) = letters.upgrade() else { return };
            let Some((letter, mut stream)) = take_in(stream) else { continue };
            // In the box before the stand-in hears of it: who asks it for rest has all of them.
            letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
            // If the answer does not arrive, the letter comes again.
            _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

fn take_in(stream: TcpStream) -> Option<(Letter, TcpStream)> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut reader = BufReader::new(stream);
    let (mut event_id, mut length) = (String::new(), 0_usize);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "x-razorpay-event-id" => value.clone_into(&mut event_id),
            "content-length" => length = value.parse().ok()?,
            _ => (),
        }
    }
    let mut body = vec![0; length.min(LETTER_BYTES_MAX)];
    reader.read_exact(&mut body).ok()?;
    Some((Letter { event_id, body }, reader.into_inner()))
}
