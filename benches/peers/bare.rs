//! The floor: axum with one route that parses the checkout's body and answers a number.

use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::process::ExitCode;

#[derive(Deserialize)]
struct Line {
    product_id: String,
    quantity: u32,
}

#[derive(Deserialize)]
struct Checkout {
    store_id: String,
    items: Vec<Line>,
    expected_total_paise: i64,
}

#[derive(Serialize)]
struct Answer {
    total_paise: i64,
}

async fn answer(Json(checkout): Json<Checkout>) -> Json<Answer> {
    let units: u32 = checkout.items.iter().map(|line| line.quantity).sum();
    let ids = checkout.items.iter().map(|line| line.product_id.len()).sum::<usize>();
    assert!(units > 0 && ids > 0 && !checkout.store_id.is_empty(), "the body was parsed");
    Json(Answer { total_paise: checkout.expected_total_paise })
}

/// Serves for ever on a free port, which it prints.
pub(crate) fn serve() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("listens on http://{}", listener.local_addr().expect("it is bound"));
        let router = Router::new().route("/v1/orders", post(answer));
        axum::serve(listener, router).await.expect("it serves");
    });
    ExitCode::SUCCESS
}
