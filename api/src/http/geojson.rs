//! Zones from and to GeoJSON (RFC 7946), exactly: coordinates go from their decimal text to whole
//! ten-millionths of a degree and back, and no float comes between.
//!
//! A file of many zones is not refused for one bad border: each invalid feature is refused by name,
//! with the reason and the place, and the others are accepted.

mod coordinates;
mod render;
#[cfg(test)]
mod tests;

pub(crate) use render::geometry;

use crate::http::json::text::clean;
use crate::http::problem::{FieldError, Problem};
use kirana_domain::limits::{LABEL_CHARS_MAX, ZONES_PER_STORE_MAX};
use kirana_domain::{Area, Point, StoreId, Text, ZoneId, ZoneKind};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The zones of a document.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    /// The features that may become zones, in the order of the document.
    pub features: Vec<Parsed>,
    /// The others.
    pub refused: Vec<Refused>,
}

/// A feature that may become a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// Index of the feature in the document, from 0.
    pub index: usize,
    /// Its name, if it has one.
    pub name: Option<Text<LABEL_CHARS_MAX>>,
    /// Its kind, if it says so.
    pub kind: Option<ZoneKind>,
    /// Its id, if it has one.
    pub id: Option<FeatureId>,
    /// Its area.
    pub area: Area,
}

/// The `id` of a feature, a string or a number (RFC 7946 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FeatureId {
    /// A UUID: the id of a zone.
    Zone(ZoneId),
    /// Anything else: what another program calls it.
    Key(String),
}

impl FeatureId {
    /// The zone that is meant in this store: the same document names the same zones.
    pub(crate) fn zone_id(&self, store_id: StoreId) -> ZoneId {
        match self {
            Self::Zone(id) => *id,
            Self::Key(key) => ZoneId::of_key(store_id, key),
        }
    }
}

/// A feature that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Index of the feature in the document, from 0.
    pub index: usize,
    /// Its name, if it has one, cut to the length of a name.
    pub name: Option<String>,
    /// Code for programs.
    pub code: &'static str,
    /// Detail for people; no figures in it.
    pub detail: Cow<'static, str>,
    /// Place on the map, if that can be said.
    pub at: Option<Point>,
}

/// The reason of a refused feature.
struct Refusal {
    code: &'static str,
    detail: Cow<'static, str>,
    at: Option<Point>,
}

impl Refusal {
    fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), at: None }
    }
}

#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    features: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    geometry: Option<&'a RawValue>,
}

type Properties<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Reads a `FeatureCollection`, a `Feature`, or a bare `Polygon` or `MultiPolygon`. The name of a
/// feature is its property `name_property`. Members that nobody asked for are passed over.
///
/// # Errors
/// A document that is not JSON, not GeoJSON, or has too many features. A feature that
/// is not right is no error, but among [`Zones::refused`].
pub(crate) fn parse(bytes: &[u8], name_property: &str) -> Result<Zones, Problem> {
    let top: Top<'_> = crate::http::json::parse(bytes)?;
    let whole = || crate::http::json::parse::<&RawValue>(bytes);
    match &*top.r#type {
        "FeatureCollection" => {
            let features = top
                .features
                .ok_or_else(|| Problem::field("/features", "MISSING", "this field is required"))?;
            if features.len() > ZONES_PER_STORE_MAX {
                return Err(Problem::field("/features", "TOO_MANY", "there are too many features"));
            }
            Ok(collect(&features, name_property))
        }
        "Feature" => Ok(collect(&[whole()?], name_property)),
        "Polygon" | "MultiPolygon" => {
            let mut zones = Zones::default();
            match coordinates::area(whole()?) {
                Ok(area) => {
                    zones.features.push(Parsed {
                        index: 0,
                        name: None,
                        kind: None,
                        id: None,
                        area,
                    });
                }
                Err(refusal) => zones.refused.push(refused(0, None, refusal)),
            }
            Ok(zones)
        }
        _ => Err(Problem::invalid(vec![FieldError::new(
            "/type",
            "UNKNOWN_VALUE",
            "must be FeatureCollection, Feature, Polygon or MultiPolygon",
        )])),
    }
}

fn refused(index: usize, name: Option<String>, refusal: Refusal) -> Refused {
    let Refusal { code, detail, at } = refusal;
    Refused { index, name, code, detail, at }
}

fn collect(features: &[&RawValue], name_property: &str) -> Zones {
    let mut zones = Zones::default();
    let mut ids = BTreeSet::new();
    for (index, raw) in features.iter().enumerate() {
        let mut name = None;
        let parsed =
            feature(raw, name_property, &mut name).and_then(|(kind, id, area)| match &id {
                Some(id) if !ids.insert(id.clone()) => {
                    Err(Refusal::new("ID_TWICE", "another feature has the same id"))
                }
                _ => Ok((kind, id, area)),
            });
        let checked = parsed.and_then(|parsed| Ok((parsed, text_of(name.as_deref())?)));
        match checked {
            Ok(((kind, id, area), name)) => {
                zones.features.push(Parsed { index, name, kind, id, area });
            }
            Err(refusal) => {
                let short = name.map(|name| name.chars().take(LABEL_CHARS_MAX).collect());
                zones.refused.push(refused(index, short, refusal));
            }
        }
    }
    zones
}

fn text_of(name: Option<&str>) -> Result<Option<Text<LABEL_CHARS_MAX>>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    // Nothing that one can read is no name, as for a text anywhere else.
    Text::parse_optional(Some(name)).map_err(|error| {
        let error = crate::http::json::text::text_error("", error);
        Refusal::new("NAME", format!("the name {}", error.detail))
    })
}

type Found = (Option<ZoneKind>, Option<FeatureId>, Area);

/// Reads a feature; its name goes to `name` as soon as it is known, to be refused by.
fn feature(
    raw: &RawValue,
    name_property: &str,
    name: &mut Option<String>,
) -> Result<Found, Refusal> {
    let not_a_feature = || Refusal::new("NOT_A_FEATURE", "must be a GeoJSON feature");
    let feature: Feature<'_> = serde_json::from_str(raw.get()).map_err(|_| not_a_feature())?;
    if feature.r#type != "Feature" {
        return Err(not_a_feature());
    }
    let properties = match feature.properties {
        Some(raw) => serde_json::from_str::<Properties<'_>>(raw.get())
            .map_err(|_| Refusal::new("PROPERTIES", "properties must be an object or null"))?,
        None => Properties::new(),
    };
    let value = |key: &str| properties.get(key).filter(|raw| raw.get() != "null");
    let string = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
    if let Some(raw) = value(name_property) {
        // A number is no name: the feature goes on without one.
        *name = string(raw);
    }
    let kind = match value("kind") {
        None => None,
        Some(raw) => Some(
            string(raw)
                .as_deref()
                .and_then(ZoneKind::parse)
                .ok_or_else(|| Refusal::new("KIND", "the kind must be delivery or town"))?,
        ),
    };
    let id = feature.id.map(feature_id).transpose()?;
    let geometry = feature.geometry.filter(|raw| raw.get() != "null");
    let geometry = geometry.ok_or_else(|| Refusal::new("GEOMETRY", "there is no geometry"))?;
    Ok((kind, id, coordinates::area(geometry)?))
}

fn feature_id(raw: &RawValue) -> Result<FeatureId, Refusal> {
    let wrong = || Refusal::new("ID", "the id must be a short string or a number");
    let text = raw.get();
    let key = match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(text).map_err(|_| wrong())?,
        Some(b'-' | b'0'..=b'9') => text.to_owned(),
        _ => return Err(wrong()),
    };
    let key = clean(&key, LABEL_CHARS_MAX).map_err(|_| wrong())?;
    Ok(match Uuid::try_parse(&key) {
        Ok(id) => FeatureId::Zone(ZoneId(id)),
        Err(_) => FeatureId::Key(key.into_owned()),
    })
}
