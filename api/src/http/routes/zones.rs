//! Zones: where stores deliver, what a place on the map allows, and the weather switch.

use super::zone_import;
use crate::http::body;
use crate::http::gateway::call::Call;
use crate::http::geojson;
use crate::http::json;
use crate::http::json::decimal::point_of;
use crate::http::json::service::{self, Found, Serviceability};
use crate::http::json::stores::Step;
use crate::http::json::text::Str;
use crate::http::problem::{Problem, table};
use crate::http::reply;
use axum::response::Response;
use kirana_domain::{CatalogueCommand, Store, Weather, Zone, ZoneId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use uuid::Uuid;

/// Bytes of a file of zones: a city's wards have two million.
const ZONES_BYTES_MAX: usize = 16 * 1_024 * 1_024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LocateQuery {
    lat: Option<String>,
    lng: Option<String>,
}

#[derive(Serialize)]
struct Located {
    zone_id: Option<Uuid>,
    store_id: Option<Uuid>,
    name: Option<String>,
    access: &'static str,
    weather: &'static str,
    fee: Option<FeeView>,
    promise_minutes: Option<(u16, u16)>,
    delivers_anywhere: bool,
    reason: Option<&'static str>,
}

/// The delivery fee: by item total, or the same for all.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum FeeView {
    Steps(Vec<Step>),
    FlatPaise(i64),
}

/// `GET /v1/zones/locate?lat=&lng=`
pub(crate) async fn locate(call: Call) -> Result<Response, Problem> {
    let asked: LocateQuery = call.query()?;
    let missing = |name| Problem::query(name, "this parameter is required");
    let lat = asked.lat.ok_or_else(|| missing("lat"))?;
    let lng = asked.lng.ok_or_else(|| missing("lng"))?;
    let point = point_of(&lat, &lng).map_err(|error| {
        Problem::new(&table::QUERY_INVALID).errors(vec![error.field("/lat", "/lng")])
    })?;
    let now_ms = call.engine().now_ms();
    let Found { view, store, weather } =
        call.engine().catalogue(|catalogue| service::anywhere(catalogue, point, now_ms));
    let fee = store.filter(|_| view.access == "order").map(|store| fee_of(&store, weather));
    let Serviceability { access, store_id, zone_id, zone_name, .. } = view;
    let Serviceability { promise_minutes, delivers_anywhere, reason, .. } = view;
    let located = Located {
        zone_id,
        store_id,
        name: zone_name,
        access,
        weather: weather.name(),
        fee,
        promise_minutes,
        delivers_anywhere,
        reason,
    };
    Ok(reply::cacheable(call.headers(), &located))
}

fn fee_of(store: &Store, weather: Weather) -> FeeView {
    match weather {
        Weather::Normal => FeeView::Steps(store.fee_steps.iter().map(Step::from).collect()),
        _ => FeeView::FlatPaise(store.bad_weather_fee.0),
    }
}

#[derive(Serialize)]
struct Collection {
    r#type: &'static str,
    features: Vec<Feature>,
}

#[derive(Serialize)]
struct Feature {
    r#type: &'static str,
    id: Uuid,
    properties: Properties,
    geometry: Box<RawValue>,
}

#[derive(Serialize)]
struct Properties {
    id: Uuid,
    name: String,
    kind: &'static str,
    weather: &'static str,
}

impl Feature {
    fn of(zone: &Zone) -> Self {
        let properties = Properties {
            id: zone.id.0,
            name: zone.name.to_string(),
            kind: zone.kind.name(),
            weather: zone.weather.name(),
        };
        let geometry = geojson::geometry(&zone.area);
        Self { r#type: "Feature", id: zone.id.0, properties, geometry }
    }
}

/// `GET /v1/stores/{store_id}/zones`: GeoJSON (RFC 7946) that `PUT` takes back.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let zones: Vec<Arc<Zone>> =
        call.engine().catalogue(|catalogue| catalogue.zones.of_store(store_id).cloned().collect());
    let features = zones.iter().map(|zone| Feature::of(zone)).collect();
    let collection = Collection { r#type: "FeatureCollection", features };
    Ok(reply::list(call.headers(), &collection))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutQuery {
    /// The property that has the name of a feature.
    name: Option<String>,
}

/// `PUT /v1/stores/{store_id}/zones`: these zones and no others. A bad border spoils no other one;
/// a zone whose new border is refused keeps the old one. A document without a single border that
/// can be used is refused whole.
pub(crate) async fn define(mut call: Call) -> Result<Response, Problem> {
    let bytes = match checked(&call) {
        Ok(()) => {
            let time_max = call.gateway.limits().body;
            let file = call.take_body();
            body::read(file, call.headers(), ZONES_BYTES_MAX, time_max).await?
        }
        Err(problem) => {
            body::drain(call.take_body());
            return Err(problem);
        }
    };
    let (store_id, query) = (call.store_id()?, call.query::<PutQuery>()?);
    let name = query.name.unwrap_or_else(|| "name".to_owned());
    let key = call.key(&bytes)?;
    // Millions of bytes of numbers, and borders checked against themselves: not beside others.
    let parsed = tokio::task::spawn_blocking(move || geojson::parse(&bytes, &name));
    let parsed = call.within(parsed).await?.map_err(|_| Problem::new(&table::INTERNAL))??;
    let plan = call
        .engine()
        .catalogue(|catalogue| zone_import::plan(&catalogue.zones, store_id, parsed))?;
    let (zones, mut report) = plan;
    let receipt =
        call.submit(CatalogueCommand::DefineZones { store_id, zones }.into(), key).await?;
    report.lsn = receipt.lsn.0;
    let mut response = reply::json(200, &report);
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

fn checked(call: &Call) -> Result<(), Problem> {
    call.store_id()?;
    call.query::<PutQuery>()?;
    body::media_type(call.headers(), &["application/json", "application/geo+json"]).map(|_| ())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeatherRequest<'a> {
    #[serde(borrow)]
    weather: Str<'a>,
}

#[derive(Serialize)]
struct WeatherView<'a> {
    zone_id: Uuid,
    store_id: Uuid,
    name: &'a str,
    weather: &'static str,
    lsn: u64,
}

/// `PUT /v1/zones/{zone_id}/weather`: normal, bad or extreme; extreme suspends deliveries.
pub(crate) async fn set_weather(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: WeatherRequest = json::parse(&body)?;
    let key = call.key(&body)?;
    let weather = Weather::parse(&request.weather.0).ok_or_else(|| {
        Problem::field("/weather", "UNKNOWN_VALUE", "must be normal, bad or extreme")
    })?;
    let unknown = || Problem::new(&table::ZONE_UNKNOWN);
    let id = call.segment("zone_id").and_then(|id| Uuid::try_parse(id).ok());
    let zone_id = ZoneId(id.ok_or_else(unknown)?);
    let zone = call.engine().catalogue(|catalogue| catalogue.zones.get(zone_id).cloned());
    let zone = zone.ok_or_else(unknown)?;
    let receipt =
        call.submit(CatalogueCommand::SetWeather { zone_id, weather }.into(), key).await?;
    let mut response = reply::json(
        200,
        &WeatherView {
            zone_id: zone_id.0,
            store_id: zone.store_id.0,
            name: &zone.name,
            weather: weather.name(),
            lsn: receipt.lsn.0,
        },
    );
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}
