//! Health and metrics: what a load balancer and an operator ask.

use crate::http::gateway::call::Call;
use crate::http::problem::Problem;
use crate::http::reply;
use axum::response::Response;
use kirana_storage::{Damage, DamageKind};
use serde_json::json;

/// `GET /`: where things are.
pub(crate) async fn index(_call: Call) -> Result<Response, Problem> {
    let links = json!({
        "stores": "/v1/stores", "categories": "/v1/categories", "zones": "/v1/zones/locate",
        "orders": "/v1/orders", "cart": "/v1/cart", "quotes": "/v1/quotes",
        "problems": "/problems", "live": "/livez", "ready": "/readyz",
    });
    Ok(reply::json(200, &json!({ "name": "kirana", "links": links })))
}

/// `GET /livez`: the process answers.
pub(crate) async fn live(_call: Call) -> Result<Response, Problem> {
    Ok(reply::json(200, &json!({ "status": "live" })))
}

/// Damages that an answer lists.
const DAMAGES_SHOWN_MAX: usize = 100;

/// `GET /readyz`: the log is read, and the engine takes commands. Damage that the shop can go on
/// without, and a wall clock that is wrong, are shown; they do not change the status.
pub(crate) async fn ready(call: Call) -> Result<Response, Problem> {
    let Ok(engine) = call.gateway.engine() else {
        let progress = call.gateway.progress();
        let (replayed, expected) = (progress.replayed(), progress.expected());
        let body = json!({ "status": "replaying", "replayed": replayed, "expected": expected });
        return Ok(reply::json(503, &body));
    };
    if engine.failure().borrow().is_some() {
        let body = json!({ "status": "failed", "checks": { "log": "failed" } });
        return Ok(reply::json(503, &body));
    }
    let (stats, clocks) = (engine.stats(), engine.clocks());
    let clock = if clocks.is_off() { "off" } else { "ok" };
    let damages = engine.damages();
    let check = |is_it: fn(DamageKind) -> bool| {
        if damages.iter().any(|damage| is_it(damage.kind)) { "damaged" } else { "ok" }
    };
    let damage = |damage: &Damage| {
        let (first, last) = (damage.lsn.0, damage.through.map(|lsn| lsn.0));
        json!({ "what": damage.kind.to_string(), "first_lsn": first, "last_lsn": last })
    };
    let body = json!({
        "status": "ready",
        "checks": {
            "log": "ok",
            "recovery": "done",
            "clock": clock,
            "archive": check(|kind| kind != DamageKind::History),
            "history": check(|kind| kind == DamageKind::History),
        },
        "clock_ahead_ms": clocks.ahead_ms(),
        "damages": damages.iter().take(DAMAGES_SHOWN_MAX).map(damage).collect::<Vec<_>>(),
        "lsn": stats.lsn.0,
        "epoch": stats.epoch,
    });
    Ok(reply::json(200, &body))
}

/// `GET /metrics`: everything that is counted, for Prometheus. Not older than a second.
pub(crate) async fn metrics(call: Call) -> Result<Response, Problem> {
    let text = call.gateway.scrape().await;
    Ok(reply::text("text/plain; version=0.0.4; charset=utf-8", text))
}
