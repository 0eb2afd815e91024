//! A GeoJSON document as changes to the zones of a store, and the report of it.

use crate::http::geojson::{FeatureId, Parsed, Refused, Zones};
use crate::http::json::point;
use crate::http::problem::{FieldError, Problem};
use kirana_domain::limits::LABEL_CHARS_MAX;
use kirana_domain::{StoreId, Text, Weather, Zone, ZoneBook, ZoneId, ZoneKind};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The result of a document.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    accepted: usize,
    refused: usize,
    /// Of the accepted ones, those that the store has just so already.
    unchanged: usize,
    /// Zones that the store had and has no more.
    removed: usize,
    /// Zones that keep their border because the new one of that name was refused.
    kept: usize,
    errors: Vec<ErrorView>,
    /// Set when it is done.
    pub(super) lsn: u64,
}

#[derive(Debug, Serialize)]
struct ErrorView {
    name: Option<String>,
    index: usize,
    code: &'static str,
    detail: Cow<'static, str>,
    /// A position as GeoJSON has it: longitude and latitude.
    at: Option<[Box<RawValue>; 2]>,
}

impl From<Refused> for ErrorView {
    fn from(refused: Refused) -> Self {
        let Refused { index, name, code, detail, at } = refused;
        let at = at.map(|at| [at.lng_e7(), at.lat_e7()].map(point::number));
        Self { name, index, code, detail, at }
    }
}

/// The zones that the store shall have, and the report.
///
/// # Errors
/// A document of which nothing can be used.
pub(super) fn plan(
    book: &ZoneBook,
    store_id: StoreId,
    document: Zones,
) -> Result<(Vec<Zone>, Report), Problem> {
    let Zones { features, mut refused } = document;
    let mut zones = BTreeMap::new();
    let mut times = BTreeMap::<String, usize>::new();
    for feature in features {
        let zone = zone_of(store_id, &feature, &mut times);
        let is_others = book.get(zone.id).is_some_and(|known| known.store_id != store_id);
        if is_others || zones.contains_key(&zone.id) {
            let (code, detail) = if is_others {
                ("ID_TAKEN", "a zone of another store has this id")
            } else {
                ("ID_TWICE", "another feature has the same id")
            };
            let name = Some(zone.name.to_string());
            let (index, detail) = (feature.index, Cow::Borrowed(detail));
            refused.push(Refused { index, name, code, detail, at: None });
            continue;
        }
        zones.insert(zone.id, zone);
    }
    refused.sort_by_key(|refused| refused.index);
    if zones.is_empty() && !refused.is_empty() {
        return Err(nothing_usable(refused));
    }
    let accepted = zones.len();
    let kept = keep_refused(book, store_id, &refused, &mut zones);
    let is_same = |zone: &&Zone| book.get(zone.id).is_some_and(|known| is_same_zone(known, zone));
    let unchanged = zones.values().filter(is_same).count() - kept;
    let removed = book.of_store(store_id).filter(|zone| !zones.contains_key(&zone.id)).count();
    let errors: Vec<ErrorView> = refused.into_iter().map(ErrorView::from).collect();
    let refused = errors.len();
    let report = Report { accepted, refused, unchanged, removed, kept, errors, lsn: 0 };
    Ok((zones.into_values().collect(), report))
}

/// A zone keeps its weather when it is drawn anew, so that does not count.
fn is_same_zone(one: &Zone, other: &Zone) -> bool {
    (&one.name, one.kind, &one.area) == (&other.name, other.kind, &other.area)
}

/// The zone of a feature. Without an id of its own it is known by its name, or by its place in the
/// document; the second one of a name by that and a count.
fn zone_of(store_id: StoreId, feature: &Parsed, times: &mut BTreeMap<String, usize>) -> Zone {
    let made = || Text::parse(&format!("Zone {}", feature.index + 1));
    let name: Text<LABEL_CHARS_MAX> =
        feature.name.clone().unwrap_or_else(|| made().expect("a short name without controls"));
    let id = feature.id.as_ref().map_or_else(
        || {
            let count = times.entry(name.to_string()).or_default();
            *count += 1;
            match *count {
                1 => ZoneId::of_key(store_id, &name),
                count => ZoneId::of_key(store_id, &format!("{name}#{count}")),
            }
        },
        |id: &FeatureId| id.zone_id(store_id),
    );
    let kind = feature.kind.unwrap_or(ZoneKind::Delivery);
    Zone { id, store_id, name, kind, area: feature.area.clone(), weather: Weather::Normal }
}

/// Keeps the zones that have the name of a feature that was refused: a slip in a file must not end
/// the deliveries to a part of the town. Answers how many.
fn keep_refused(
    book: &ZoneBook,
    store_id: StoreId,
    refused: &[Refused],
    zones: &mut BTreeMap<ZoneId, Zone>,
) -> usize {
    let names: BTreeSet<&str> = refused.iter().filter_map(|one| one.name.as_deref()).collect();
    let before = zones.len();
    for zone in book.of_store(store_id).filter(|zone| names.contains(&*zone.name)) {
        zones.entry(zone.id).or_insert_with(|| (**zone).clone());
    }
    zones.len() - before
}

fn nothing_usable(refused: Vec<Refused>) -> Problem {
    let field = |one: &Refused| {
        FieldError::new(format_args!("/features/{}", one.index), one.code, one.detail.clone())
    };
    let errors = refused.iter().map(field).collect();
    let views: Vec<_> = refused.into_iter().map(|one| json!(ErrorView::from(one))).collect();
    Problem::invalid(errors).member("refused_features", views)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::geojson;
    use kirana_domain::Event;
    use serde_json::Value;
    use std::sync::Arc;
    use uuid::Uuid;

    const STORE: StoreId = StoreId(Uuid::from_u128(7));

    fn square(name: &str, from: i32, to: i32) -> Value {
        json!({
            "type": "Feature", "properties": { "name": name },
            "geometry": { "type": "Polygon", "coordinates": [
                [[from, from], [to, from], [to, to], [from, to], [from, from]]] },
        })
    }

    /// A border that crosses itself.
    fn bow(name: &str) -> Value {
        json!({
            "type": "Feature", "properties": { "name": name },
            "geometry": { "type": "Polygon",
                "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]] },
        })
    }

    fn planned(book: &ZoneBook, features: &[Value]) -> Result<(Vec<Zone>, Value), Problem> {
        let document = json!({ "type": "FeatureCollection", "features": features });
        let parsed = geojson::parse(document.to_string().as_bytes(), "name").unwrap();
        let (zones, report) = plan(book, STORE, parsed)?;
        Ok((zones, json!(report)))
    }

    fn counts(report: &Value) -> [u64; 5] {
        ["accepted", "refused", "unchanged", "removed", "kept"]
            .map(|name| report[name].as_u64().unwrap())
    }

    fn drawn(zones: &[Zone]) -> ZoneBook {
        let mut book = ZoneBook::default();
        for zone in zones {
            book.evolve(&Event::ZoneDefined { zone: Arc::new(zone.clone()) });
        }
        book
    }

    #[test]
    fn the_same_document_means_the_same_zones() {
        let book = ZoneBook::default();
        let document = [square("A", 0, 1), square("B", 2, 3), square("A", 4, 5)];
        let (zones, report) = planned(&book, &document).unwrap();
        assert_eq!(counts(&report), [3, 0, 0, 0, 0]);
        let (again, report) = planned(&drawn(&zones), &document).unwrap();
        assert_eq!((again, counts(&report)), (zones.clone(), [3, 0, 3, 0, 0]));
        let (_, report) = planned(&drawn(&zones), &document[..1]).unwrap();
        assert_eq!(counts(&report), [1, 0, 1, 2, 0]);
    }

    #[test]
    fn a_zone_whose_new_border_is_refused_keeps_the_old_one() {
        let (zones, _) =
            planned(&ZoneBook::default(), &[square("A", 0, 1), square("B", 2, 3)]).unwrap();
        let book = drawn(&zones);
        let (after, report) = planned(&book, &[bow("A"), square("B", 2, 4)]).unwrap();
        assert_eq!(counts(&report), [1, 1, 0, 0, 1]);
        assert_eq!(report["errors"][0]["name"], "A");
        assert_eq!(report["errors"][0]["code"], "RING_CROSSES_ITSELF");
        let old = zones.iter().find(|zone| &*zone.name == "A").unwrap();
        assert!(after.contains(old), "the old border of A stays");
        assert_eq!(after.len(), 2);
    }

    #[test]
    fn a_document_without_one_good_border_is_refused_and_an_empty_one_is_not() {
        let book = ZoneBook::default();
        let problem = planned(&book, &[bow("A"), bow("B")]).unwrap_err();
        assert_eq!(problem.kind().code, "VALIDATION_FAILED");
        let (zones, report) = planned(&book, &[]).unwrap();
        assert_eq!((zones.len(), counts(&report)), (0, [0; 5]));
    }

    #[test]
    fn a_zone_of_another_store_is_not_taken() {
        let mut own = square("A", 0, 1);
        own["id"] = json!(Uuid::from_u128(9));
        let (mut zones, _) = planned(&ZoneBook::default(), &[own.clone()]).unwrap();
        zones[0].store_id = StoreId(Uuid::from_u128(8));
        let book = drawn(&zones);
        let (zones, report) = planned(&book, &[own, square("B", 2, 3)]).unwrap();
        assert_eq!((zones.len(), counts(&report)), (1, [1, 1, 0, 0, 0]));
        assert_eq!(report["errors"][0]["code"], "ID_TAKEN");
    }
}
