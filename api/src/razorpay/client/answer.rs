//! Answers of Razorpay by what the caller can do: go on, try again, give up, or ask a person.

use crate::outbound::{Answer, OutboundError};
use crate::razorpay::tolerant;
use hyper::header;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// The longest wait that an answer may ask of us.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
/// Characters of a code or a description; longer ones are cut.
const SENTENCE_CHARS_MAX: usize = 256;

/// The reason of a failed call, by what the caller can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientError {
    /// Call again later, with the same receipt or key. The work may or may not be done.
    Retry {
        /// Detail for the log.
        detail: String,
        /// Shortest wait, if Razorpay named one.
        retry_after: Option<Duration>,
    },
    /// It will not do this, and nothing was done. Calling again leads to the same.
    Refused {
        /// `BAD_REQUEST_ERROR`, for programs; `NOT_SENT` where we refused it ourselves.
        code: String,
        /// Reason for people.
        description: String,
    },
    /// It answered something that we cannot make sense of. The work may be done: look before
    /// acting.
    Garbled {
        /// Fault of the answer.
        detail: String,
    },
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { detail, .. } => write!(f, "Razorpay cannot now: {detail}"),
            Self::Refused { code, description } => {
                write!(f, "Razorpay refused: {code}: {description}")
            }
            Self::Garbled { detail } => write!(f, "Razorpay's answer makes no sense: {detail}"),
        }
    }
}

impl std::error::Error for ClientError {}

pub(super) fn garbled(detail: impl Into<String>) -> ClientError {
    ClientError::Garbled { detail: detail.into() }
}

/// The body of a good answer, or what the other ones mean.
pub(super) fn read(answered: Result<Answer, OutboundError>) -> Result<Value, ClientError> {
    let answer = match answered {
        Ok(answer) => answer,
        Err(error @ OutboundError::TooLong) => return Err(garbled(error.to_string())),
        Err(error) => {
            return Err(ClientError::Retry { detail: error.to_string(), retry_after: None });
        }
    };
    match answer.status {
        200..=299 => tolerant::parse(&answer.body)
            .ok_or_else(|| garbled(format!("status {} without JSON", answer.status))),
        // 409: the same refund is being worked on. 408 and 425 say themselves that one may try
        // again.
        408 | 409 | 425 | 429 | 500..=599 => Err(ClientError::Retry {
            detail: format!("status {}", answer.status),
            retry_after: retry_after(&answer),
        }),
        400..=499 => Err(refusal(&answer)),
        status => Err(garbled(format!("status {status}"))),
    }
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3); its form as a date is not used by Razorpay.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = answer.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

fn refusal(answer: &Answer) -> ClientError {
    let body: Value = tolerant::parse(&answer.body).unwrap_or_default();
    let text = |name: &str| {
        let text = body["error"][name].as_str().filter(|text| !text.is_empty())?;
        Some(text.chars().take(SENTENCE_CHARS_MAX).collect::<String>())
    };
    ClientError::Refused {
        code: text("code").unwrap_or_else(|| format!("HTTP_{}", answer.status)),
        description: text("description").unwrap_or_else(|| format!("status {}", answer.status)),
    }
}
