//! What every refusal must be: RFC 9457, our members, and texts that the app can sort.

use crate::http::{Answer, Client, Request};
use serde_json::Value;

/// The app sorts errors by these substrings, so no text may have them.
const FORBIDDEN: [&str; 6] = ["401", "403", "500", "502", "503", "504"];

/// A request that must be refused, and how.
pub struct Case {
    /// What is wrong with it.
    pub name: String,
    /// The request; it gets a request id of its own.
    pub request: Request,
    /// The status.
    pub status: u16,
    /// The code.
    pub code: &'static str,
    /// The pointer of the first field error; empty where there is none to look for.
    pub pointer: String,
}

impl Case {
    /// Sends it and checks the refusal. Answers the problem.
    ///
    /// # Panics
    /// When it is answered in another way.
    pub fn check(&self, client: &mut Client) -> Value {
        let id = "shop-7_test.case";
        let answer = client.ask(&self.request.clone().header("X-Request-Id", id));
        assert_eq!(answer.header("x-request-id"), Some(id), "{}", self.name);
        let problem = check_problem(&answer, &self.name);
        assert_eq!(problem["request_id"], id, "{}", self.name);
        let told = (answer.status, problem["code"].as_str().unwrap_or_default());
        assert_eq!(told, (self.status, self.code), "{}: {problem}", self.name);
        if !self.pointer.is_empty() {
            assert_eq!(problem["errors"][0]["pointer"], self.pointer, "{}: {problem}", self.name);
        }
        problem
    }
}

/// Checks the form of a refusal. Answers the problem.
///
/// # Panics
/// When it is not in order.
pub fn check_problem(answer: &Answer, name: &str) -> Value {
    assert!(answer.status >= 400, "{name} was not refused: {} {}", answer.status, answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
    assert!(answer.header("x-request-id").is_some(), "{name}");
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status, "{name}");
    let statuses = answer.text().matches("\"status\":").count();
    assert_eq!(statuses, 1, "{name}: a member has the name of another: {problem}");
    for member in ["type", "title", "detail", "code", "request_id"] {
        assert!(problem[member].as_str().is_some_and(|it| !it.is_empty()), "{name}: {member}");
    }
    assert!(problem["retryable"].is_boolean(), "{name}");
    check_text(&problem["title"], name);
    check_text(&problem["detail"], name);
    for error in problem["errors"].as_array().into_iter().flatten() {
        assert!(error["pointer"].as_str().is_some_and(|it| it.starts_with('#')), "{name}");
        assert!(error["code"].is_string(), "{name}");
        check_text(&error["detail"], name);
    }
    match answer.status {
        401 => assert!(answer.header("www-authenticate").is_some(), "{name}"),
        429 | 503 => {
            let seconds = answer.header("retry-after").and_then(|it| it.parse::<u32>().ok());
            assert!(seconds.is_some(), "{name}");
        }
        _ => (),
    }
    problem
}

fn check_text(text: &Value, name: &str) {
    let text = text.as_str().unwrap_or_default();
    assert!(!text.is_empty(), "{name}: a text is missing");
    for figure in FORBIDDEN {
        assert!(!text.contains(figure), "{name}: {figure} stands in {text:?}");
    }
}
