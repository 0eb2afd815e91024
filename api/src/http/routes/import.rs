//! `POST /v1/stores/{store_id}/products/import`: a catalogue, streamed.
//!
//! An import needs no key: sending the same file again changes nothing, and opening stock counts
//! for products that are new.

use crate::http::body;
use crate::http::gateway::call::Call;
use crate::http::import::columns::Options;
use crate::http::import::{self, Format, Target};
use crate::http::problem::Problem;
use crate::http::reply;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    map: Option<String>,
    ignore: Option<String>,
    default_gst_percent: Option<String>,
}

/// The handler.
pub(crate) async fn import(mut call: Call) -> Result<Response, Problem> {
    let checked = checked(&call);
    let (target_store, format, options) = match checked {
        Ok(checked) => checked,
        Err(problem) => {
            body::drain(call.take_body());
            return Err(problem);
        }
    };
    let file = call.take_body();
    let limits = call.gateway.limits();
    let target = Target {
        engine: call.engine(),
        by: call.person()?,
        store_id: target_store,
        bytes_max: limits.import_bytes_max,
        rows_max: limits.import_rows_max,
    };
    let report = import::run(&target, format, options, file).await?;
    Ok(reply::json(200, &report))
}

fn checked(call: &Call) -> Result<(kirana_domain::StoreId, Format, Options), Problem> {
    let store_id = call.store_id()?;
    let query: ImportQuery = call.query()?;
    let options = Options::parse(query.map.as_deref(), query.ignore.as_deref())?
        .with_default_gst(query.default_gst_percent.as_deref())?;
    let media_types = ["text/csv", "application/x-ndjson"];
    let format = match body::media_type(call.headers(), &media_types)? {
        "text/csv" => Format::Csv,
        _ => Format::Ndjson,
    };
    let declared = call.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if declared.is_some_and(|bytes: u64| bytes > call.gateway.limits().import_bytes_max) {
        return Err(body::too_large());
    }
    Ok((store_id, format, options))
}
