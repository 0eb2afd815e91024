//! The API that the Dayliz app speaks (`/api/v1`), as another face of ours: its paths, its words,
//! rupees with two decimals.
//!
//! Nothing is decided here. A request becomes one of `/v1` and goes the way of all requests, with
//! its token, its key and its limits; the answer is told in the app's words. `api/DAYLIZ.md` has
//! the tables. Without `dayliz_store` in the configuration there is no such path.

mod placing;
mod words;

use crate::http::browsers;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::any;
use kirana_domain::StoreId;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Bytes of a request that is read to be told in our words, as of a JSON body of ours.
const REQUEST_BYTES_MAX: usize = 64 * 1_024;
/// Bytes of an answer of ours: a page of a hundred orders is smaller.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// Beginning of the paths that the app asks for.
const PREFIX: &str = "/api/v1/";

/// The face, in front of our own routes.
#[derive(Clone)]
struct Face {
    ours: Router,
    store_id: StoreId,
}

/// Returns the router with the app's paths beside ours; its orders are those of one store.
pub(crate) fn with_dayliz(ours: Router, store_id: StoreId) -> Router {
    let face = Face { ours: ours.clone(), store_id };
    let answer = move |request: Request<Body>| {
        let face = face.clone();
        async move {
            let mut response = face.answer(request).await;
            browsers::guard(response.headers_mut(), false);
            response
        }
    };
    ours.route("/api/v1/{*path}", any(answer))
}

/// A call of the app, by its method and path.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    Orders,
    Order(&'a str),
    Track(&'a str),
    Cancel(&'a str),
    Place,
    PlaceAndPay,
    /// Go to pay for the order of the path, or of the body.
    Pay(Option<&'a str>),
    Verify,
    PayInCash,
    PaymentStatus(&'a str),
    PaymentMethods,
    Webhook,
}

impl<'a> Asked<'a> {
    fn parse(method: &Method, path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        Some(match (method.as_str(), &parts[..]) {
            ("GET", ["orders"]) => Self::Orders,
            ("GET", ["orders", id]) => Self::Order(id),
            ("GET", ["orders", id, "track"]) => Self::Track(id),
            ("POST", ["orders"]) => Self::Place,
            ("POST", ["orders", id, "cancel"]) => Self::Cancel(id),
            ("POST", ["payments", "create-order-with-payment"]) => Self::PlaceAndPay,
            ("POST", ["payments", "razorpay", "create-order"]) => Self::Pay(None),
            ("POST", ["payments", "retry", id]) => Self::Pay(Some(id)),
            ("POST", ["payments", "razorpay", "verify"]) => Self::Verify,
            ("POST", ["payments", "cod", "process"]) => Self::PayInCash,
            ("GET", ["payments", "status", id]) => Self::PaymentStatus(id),
            ("GET", ["payments", "methods"]) => Self::PaymentMethods,
            ("POST", ["payments", "webhook", "razorpay"]) => Self::Webhook,
            _ => return None,
        })
    }
}

/// An answer of ours, read.
struct Answered {
    head: axum::http::response::Parts,
    json: Value,
}

impl Face {
    async fn answer(&self, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let Some(asked) = Asked::parse(&parts.method, &path) else {
            return refusal(StatusCode::NOT_FOUND, "ROUTE_UNKNOWN", "there is no such call");
        };
        if asked == Asked::Webhook {
            return self.send(&parts, "POST", "/v1/payments/webhook/razorpay", body).await;
        }
        let Ok(sent) = to_bytes(body, REQUEST_BYTES_MAX).await else {
            let why = "the request is too large";
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", why);
        };
        self.tell(&parts, asked, sent).await.unwrap_or_else(|response| response)
    }

    /// Asks our routes, and tells their answer in the app's words; a refusal is an error.
    async fn tell(
        &self,
        parts: &Parts,
        asked: Asked<'_>,
        sent: Bytes,
    ) -> Result<Response, Response> {
        let query = parts.uri.query().map_or_else(String::new, |query| format!("?{query}"));
        Ok(match asked {
            Asked::Orders => {
                let ours = self.get(parts, &format!("/v1/orders{query}")).await?;
                ours.tell(&words::Orders(&ours.json))
            }
            Asked::Order(id) => {
                let ours = self.get(parts, &format!("/v1/orders/{id}")).await?;
                ours.tell(&words::order(&ours.json))
            }
            Asked::Track(id) => {
                let ours = self.get(parts, &format!("/v1/orders/{id}")).await?;
                ours.tell(&words::track(&ours.json))
            }
            Asked::Cancel(id) => {
                let body = object_of(&sent)?;
                let reason = json!({ "reason": body["reason"].as_str() });
                let ours = self.post(parts, &format!("/v1/orders/{id}/cancel"), &reason).await?;
                ours.tell(&words::order(&ours.json))
            }
            Asked::Place => {
                let ours = self.place(parts, &sent).await?;
                ours.tell(&words::order(&ours.json))
            }
            Asked::PlaceAndPay => self.place_and_pay(parts, &sent).await?,
            Asked::Pay(id) => {
                let id = order_id_of(id, &sent)?;
                let path = format!("/v1/orders/{id}/payments");
                let ours = self.post(parts, &path, &json!({})).await?;
                ours.tell(&ours.json)
            }
            Asked::Verify => {
                let path = "/v1/payments/razorpay/verify";
                let ours = self.post(parts, path, &words::proof(&object_of(&sent)?)).await?;
                ours.tell(&words::order(&ours.json))
            }
            Asked::PayInCash => {
                let id = order_id_of(None, &sent)?;
                let path = format!("/v1/orders/{id}/payment-method");
                let ours = self.post(parts, &path, &json!({ "payment_method": "cod" })).await?;
                ours.tell(&words::order(&ours.json))
            }
            Asked::PaymentStatus(id) => {
                let ours = self.get(parts, &format!("/v1/orders/{id}/payments")).await?;
                ours.tell(&words::payment(&ours.json))
            }
            Asked::PaymentMethods => {
                let total = placing::total_of_query(parts.uri.query())
                    .ok_or_else(|| invalid("total: the total of the order, in rupees"))?;
                let store_id = self.store_id;
                let path = format!("/v1/payment-methods?store_id={store_id}&total_paise={total}");
                let ours = self.get(parts, &path).await?;
                ours.tell(&words::Methods(&ours.json))
            }
            Asked::Webhook => unreachable!("a webhook is passed on as it came"),
        })
    }

    async fn place(&self, parts: &Parts, sent: &[u8]) -> Result<Answered, Response> {
        let order = placing::ours(sent, self.store_id).map_err(|why| invalid(&why))?;
        self.post(parts, "/v1/orders", &order).await
    }

    /// Places an order and, unless it is paid in cash, goes to pay for it. The order stands also
    /// where that is not possible now: the app goes to pay again.
    async fn place_and_pay(&self, parts: &Parts, sent: &[u8]) -> Result<Response, Response> {
        let placed = self.place(parts, sent).await?;
        let mut told = serde_json::to_value(words::order(&placed.json)).unwrap_or_default();
        if placed.json["status"] == "pending_payment" {
            let id = placed.json["id"].as_str().unwrap_or_default();
            let path = format!("/v1/orders/{id}/payments");
            if let Ok(started) = self.post(parts, &path, &json!({})).await {
                told = json!({ "order": told, "payment": started.json });
                return Ok(placed.tell(&told));
            }
        }
        Ok(placed.tell(&json!({ "order": told, "payment": null })))
    }

    async fn get(&self, parts: &Parts, path: &str) -> Result<Answered, Response> {
        read(self.send(parts, "GET", path, Body::empty()).await).await
    }

    async fn post(&self, parts: &Parts, path: &str, body: &Value) -> Result<Answered, Response> {
        read(self.send(parts, "POST", path, Body::from(body.to_string())).await).await
    }

    /// Sends a request to our routes with the headers that came.
    async fn send(&self, parts: &Parts, method: &str, path: &str, body: Body) -> Response {
        let (Ok(uri), Ok(method)) = (path.parse::<Uri>(), method.parse::<Method>()) else {
            return invalid("the path has an id that cannot be one");
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = parts.headers.clone();
        *request.extensions_mut() = parts.extensions.clone();
        if !path.ends_with("/webhook/razorpay") {
            let json = header::HeaderValue::from_static("application/json");
            request.headers_mut().remove(header::CONTENT_LENGTH);
            request.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        match self.ours.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Answered {
    /// Answers with other words, and with the status and the headers of ours.
    fn tell(&self, words: &impl serde::Serialize) -> Response {
        let body = serde_json::to_vec(words).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.head.status;
        *response.headers_mut() = self.head.headers.clone();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }
}

/// Reads an answer of ours; a refusal, in the app's words, is an error.
async fn read(response: Response) -> Result<Answered, Response> {
    let (head, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap_or_default();
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let answered = Answered { head, json };
    if answered.head.status.is_success() {
        return Ok(answered);
    }
    let mut refused = answered.tell(&words::refusal(&answered.json));
    let json = header::HeaderValue::from_static("application/json; charset=utf-8");
    refused.headers_mut().insert(header::CONTENT_TYPE, json);
    Err(refused)
}

#[expect(clippy::result_large_err, reason = "an answer is as large as it is")]
fn object_of(sent: &[u8]) -> Result<Value, Response> {
    if sent.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(sent).map_err(|_| invalid("the body must be JSON"))
}

#[expect(clippy::result_large_err, reason = "an answer is as large as it is")]
fn order_id_of(id: Option<&str>, sent: &[u8]) -> Result<String, Response> {
    let body = object_of(sent)?;
    let named = body["internal_order_id"].as_str().or(body["order_id"].as_str());
    id.or(named).map(str::to_owned).ok_or_else(|| invalid("order_id: the order's id"))
}

fn invalid(why: &str) -> Response {
    refusal(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_REQUEST", why)
}

fn refusal(status: StatusCode, code: &str, why: &str) -> Response {
    let words = json!({ "success": false, "error": code, "message": why });
    let mut response = Response::new(Body::from(words.to_string()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests;
