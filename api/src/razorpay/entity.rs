//! Payments, orders, refunds and disputes as Razorpay writes them, read into values that are
//! checked and bounded.
//!
//! Read field by field out of JSON, because real bodies differ from what is documented: notes are
//! `[]` when there are none, `error_code` may be empty instead of absent, and new fields and
//! methods appear without notice. What we do not use is not looked at.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Characters of an id.
pub(crate) const ID_CHARS_MAX: usize = 40;
/// Paise of an amount: ten thousand million rupees. A bound against nonsense, not a rule of the
/// shop.
pub(crate) const AMOUNT_PAISE_MAX: i64 = 1_000_000_000_000;
/// Notes of one entity; Razorpay allows 15.
pub(crate) const NOTES_MAX: usize = 15;
/// Characters of a text; longer ones are cut. Razorpay allows a note 256.
pub(crate) const TEXT_CHARS_MAX: usize = 256;

/// Seconds since 1970 that are taken for a time: up to the end of the year 9999.
const SECONDS_MAX: i64 = 253_402_300_799;

/// Name and value of each note.
pub type Notes = BTreeMap<String, String>;

/// The status of a payment. Later in this order is further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentStatus {
    /// An attempt has begun.
    Created,
    /// It did not succeed. It still may: a bank can authorise it days later.
    Failed,
    /// The bank has promised the money; nobody has it until it is captured.
    Authorized,
    /// The money is taken.
    Captured,
    /// All of the money went back.
    Refunded,
}

/// The status of an order of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderStatus {
    /// Nobody has tried to pay.
    Created,
    /// Somebody has.
    Attempted,
    /// It is paid, and stays so after a refund.
    Paid,
}

/// The status of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// It may be answered.
    Open,
    /// The bank looks at the evidence.
    UnderReview,
    /// The bank wants more evidence.
    ActionRequired,
    /// The money stays.
    Won,
    /// The money is gone.
    Lost,
    /// It ended without a decision.
    Closed,
}

/// The status of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// The money is back.
    Processed,
    /// It did not reach the customer; the money is ours again.
    Failed,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// `pay_…`
    pub payment_id: String,
    /// `order_…` of the provider, for a payment that has one.
    pub order_id: Option<String>,
    /// Amount, in paise where the currency is `INR`.
    pub amount_paise: i64,
    /// Three letters, `INR`.
    pub currency: String,
    /// Status.
    pub status: PaymentStatus,
    /// Amount that went back, or is on its way back.
    pub amount_refunded_paise: i64,
    /// `upi`, `card`, `netbanking`, `wallet`, `emi`, or one that we have not heard of.
    pub method: Option<String>,
    /// Reason of a failure, for programs.
    pub error_code: Option<String>,
    /// Reason of a failure, for people.
    pub error_description: Option<String>,
    /// The bank's reason of a failure, for programs.
    pub error_reason: Option<String>,
    /// Notes from its creation.
    pub notes: Notes,
}

/// An order of the provider: what one of our orders asks a customer to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// `order_…`
    pub order_id: String,
    /// Amount to be paid.
    pub amount_paise: i64,
    /// Amount that was paid.
    pub amount_paid_paise: i64,
    /// Three letters, `INR`.
    pub currency: String,
    /// Our own name for it.
    pub receipt: Option<String>,
    /// Status.
    pub status: OrderStatus,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// `rfnd_…`
    pub refund_id: String,
    /// The payment that it is of.
    pub payment_id: String,
    /// Amount that goes back.
    pub amount_paise: i64,
    /// Three letters, `INR`.
    pub currency: String,
    /// Status.
    pub status: RefundStatus,
    /// Our own name for it.
    pub receipt: Option<String>,
    /// Notes from its creation.
    pub notes: Notes,
    /// `normal` (days) or `instant`: how it went, or else how it was asked for.
    pub speed: Option<String>,
}

/// A dispute: a customer asked their bank for the money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// `disp_…`
    pub dispute_id: String,
    /// The payment that it is about.
    pub payment_id: String,
    /// Amount that the bank asks for.
    pub amount_paise: i64,
    /// Amount that was taken from the shop.
    pub amount_deducted_paise: i64,
    /// Three letters, `INR`.
    pub currency: String,
    /// Status.
    pub status: DisputeStatus,
    /// Reason, for programs.
    pub reason_code: Option<String>,
    /// Reason, for people.
    pub reason_description: Option<String>,
    /// Time until which it may be answered, in seconds since 1970.
    pub respond_by_s: Option<i64>,
}

impl DisputeStatus {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "open" | "created" => Self::Open,
            "under_review" => Self::UnderReview,
            "action_required" => Self::ActionRequired,
            "won" => Self::Won,
            "lost" => Self::Lost,
            "closed" => Self::Closed,
            _ => return None,
        })
    }
}

impl PaymentStatus {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "created" => Self::Created,
            "failed" => Self::Failed,
            "authorized" => Self::Authorized,
            "captured" => Self::Captured,
            "refunded" => Self::Refunded,
            _ => return None,
        })
    }
}

impl OrderStatus {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "created" => Self::Created,
            "attempted" => Self::Attempted,
            "paid" => Self::Paid,
            _ => return None,
        })
    }
}

impl RefundStatus {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "pending" => Self::Pending,
            "processed" => Self::Processed,
            "failed" => Self::Failed,
            _ => return None,
        })
    }
}

impl Payment {
    /// Reads one. `least` is how far it must be by the event that brought it; the status may say
    /// more.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub(crate) fn read(value: &Value, least: Option<PaymentStatus>) -> Result<Self, String> {
        let fields = fields(value)?;
        let said = text(fields, "status").and_then(|name| PaymentStatus::named(&name));
        Ok(Self {
            payment_id: id(fields, "id")?,
            order_id: optional_id(fields, "order_id")?,
            amount_paise: amount(fields, "amount")?,
            currency: currency(fields)?,
            status: said.max(least).ok_or("`status` is none that we know")?,
            amount_refunded_paise: amount(fields, "amount_refunded").unwrap_or_default(),
            method: text(fields, "method"),
            error_code: text(fields, "error_code"),
            error_description: text(fields, "error_description"),
            error_reason: text(fields, "error_reason"),
            notes: notes(fields),
        })
    }
}

impl Order {
    /// Reads one. `least` is how far it must be by the event that brought it.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub(crate) fn read(value: &Value, least: Option<OrderStatus>) -> Result<Self, String> {
        let fields = fields(value)?;
        let said = text(fields, "status").and_then(|name| OrderStatus::named(&name));
        Ok(Self {
            order_id: id(fields, "id")?,
            amount_paise: amount(fields, "amount")?,
            amount_paid_paise: amount(fields, "amount_paid").unwrap_or_default(),
            currency: currency(fields)?,
            receipt: text(fields, "receipt"),
            status: said.max(least).ok_or("`status` is none that we know")?,
        })
    }
}

impl Refund {
    /// Reads one. `named` is what the event that brought it says, which goes before the status.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub(crate) fn read(value: &Value, named: Option<RefundStatus>) -> Result<Self, String> {
        let fields = fields(value)?;
        let said = text(fields, "status").and_then(|name| RefundStatus::named(&name));
        Ok(Self {
            refund_id: id(fields, "id")?,
            payment_id: id(fields, "payment_id")?,
            amount_paise: amount(fields, "amount")?,
            currency: currency(fields)?,
            status: named.or(said).ok_or("`status` is none that we know")?,
            receipt: text(fields, "receipt"),
            notes: notes(fields),
            speed: text(fields, "speed_processed").or_else(|| text(fields, "speed_requested")),
        })
    }
}

impl Dispute {
    /// Reads one. `event` is the last word of the event that brought it, which goes before the
    /// status.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub(crate) fn read(value: &Value, event: &str) -> Result<Self, String> {
        let fields = fields(value)?;
        let said = text(fields, "status").and_then(|name| DisputeStatus::named(&name));
        Ok(Self {
            dispute_id: id(fields, "id")?,
            payment_id: id(fields, "payment_id")?,
            amount_paise: amount(fields, "amount")?,
            amount_deducted_paise: amount(fields, "amount_deducted").unwrap_or_default(),
            currency: currency(fields)?,
            status: DisputeStatus::named(event).or(said).ok_or("`status` is none that we know")?,
            reason_code: text(fields, "reason_code"),
            reason_description: text(fields, "reason_description"),
            respond_by_s: seconds(fields.get("respond_by")),
        })
    }
}

/// Returns seconds since 1970 that are taken for a time.
pub(crate) fn seconds(value: Option<&Value>) -> Option<i64> {
    value.and_then(Value::as_i64).filter(|seconds| (0..=SECONDS_MAX).contains(seconds))
}

/// True for what we take as an id: 1 to [`ID_CHARS_MAX`] visible ASCII characters.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn fields(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| "the entity is not an object".to_owned())
}

fn id(fields: &Map<String, Value>, name: &str) -> Result<String, String> {
    optional_id(fields, name)?.ok_or_else(|| format!("`{name}` is missing"))
}

fn optional_id(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_id(text) => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{name}` is not an id")),
    }
}

fn amount(fields: &Map<String, Value>, name: &str) -> Result<i64, String> {
    let amount = fields.get(name).and_then(Value::as_i64);
    let within = amount.filter(|paise| (0..=AMOUNT_PAISE_MAX).contains(paise));
    within.ok_or_else(|| format!("`{name}` is not an amount"))
}

fn currency(fields: &Map<String, Value>) -> Result<String, String> {
    let text = fields.get("currency").and_then(Value::as_str).unwrap_or_default();
    if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("`currency` is not one".to_owned());
    }
    Ok(text.to_owned())
}

/// A text that says something; cut at [`TEXT_CHARS_MAX`].
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let text = fields.get(name)?.as_str()?;
    (!text.is_empty()).then(|| cut(text))
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// `[]` when there are none, as Razorpay writes it.
fn notes(fields: &Map<String, Value>) -> Notes {
    let notes = fields.get("notes").and_then(Value::as_object);
    let note = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (cut(name), cut(&value))
    };
    notes.into_iter().flatten().take(NOTES_MAX).map(note).collect()
}
