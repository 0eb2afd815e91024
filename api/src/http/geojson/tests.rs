use super::*;
use serde_json::{Value, json};

mod real_data;

fn zones(document: &Value) -> Zones {
    parse(document.to_string().as_bytes(), "name").unwrap()
}

fn square() -> Value {
    json!([[[90.2, 25.5], [90.3, 25.5], [90.3, 25.6], [90.2, 25.6], [90.2, 25.5]]])
}

fn polygon(coordinates: &Value) -> Value {
    json!({"type": "Polygon", "coordinates": coordinates})
}

fn feature_of(properties: &Value, geometry: &Value) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": geometry})
}

fn collection(features: &[Value]) -> Value {
    json!({"type": "FeatureCollection", "features": features})
}

#[test]
fn a_collection_a_feature_and_a_bare_geometry_are_read() {
    let one = feature_of(&json!({"name": " Main Bazaar "}), &polygon(&square()));
    for document in [collection(std::slice::from_ref(&one)), one] {
        let found = zones(&document);
        assert_eq!((found.features.len(), found.refused.len()), (1, 0));
        assert_eq!(found.features[0].name.as_deref(), Some("Main Bazaar"));
    }
    let multi = json!({"type": "MultiPolygon", "coordinates": [square()]});
    for document in [polygon(&square()), multi] {
        let found = zones(&document);
        assert_eq!(found.features[0].name, None);
        assert_eq!(found.features[0].area.vertices(), 4);
    }
    assert!(zones(&collection(&[])).features.is_empty());
}

#[test]
fn kind_id_and_a_name_of_another_property_are_read() {
    let id = "0190a0b0-0000-7000-8000-000000000001";
    let mut town = feature_of(&json!({"WARD": "Tura", "kind": "town"}), &polygon(&square()));
    town["id"] = json!(id);
    let mut other = feature_of(&json!({"WARD": null}), &polygon(&square()));
    other["id"] = json!(17);
    other["bbox"] = json!([1, 2, 3, 4]);
    let document = collection(&[town, other]).to_string();
    let found = parse(document.as_bytes(), "WARD").unwrap().features;
    let zone_id = ZoneId(Uuid::try_parse(id).unwrap());
    let store_id = StoreId(Uuid::from_u128(5));
    assert_eq!(found[0].name.as_deref(), Some("Tura"));
    assert_eq!(found[0].kind, Some(ZoneKind::Town));
    assert_eq!(found[0].id.as_ref().unwrap().zone_id(store_id), zone_id);
    assert_eq!((&found[1].name, found[1].kind), (&None, None));
    assert_eq!(found[1].id, Some(FeatureId::Key("17".into())));
    assert_eq!(found[1].id.as_ref().unwrap().zone_id(store_id), ZoneId::of_key(store_id, "17"));
}

#[test]
fn an_elevation_is_left_out() {
    let with_elevation =
        json!([[[90.2, 25.5, 300], [90.3, 25.5, 301.5, 0], [90.3, 25.6], [90.2, 25.5, -1]]]);
    assert_eq!(zones(&polygon(&with_elevation)).features[0].area.vertices(), 3);
}

/// The code, detail and place of the only refusal of a geometry.
fn refusal(geometry: &Value) -> (&'static str, String, Option<(i32, i32)>) {
    let found = zones(&feature_of(&json!({"name": "W"}), geometry));
    assert_eq!((found.features.len(), found.refused.len()), (0, 1), "{geometry}");
    let Refused { index, name, code, detail, at } = found.refused[0].clone();
    assert_eq!((index, name.as_deref()), (0, Some("W")));
    (code, detail.into(), at.map(|at| (at.lat_e7(), at.lng_e7())))
}

#[test]
fn a_geometry_is_refused_with_its_reason_and_place() {
    let swapped = json!([[[25.5, 90.2], [25.5, 90.3], [25.6, 90.3], [25.5, 90.2]]]);
    let (code, detail, _) = refusal(&polygon(&swapped));
    assert_eq!(code, "COORDINATES_SWAPPED");
    assert_eq!(detail, "coordinates look swapped: GeoJSON has longitude first");
    let bow = json!([[[90, 25], [91, 26], [91, 25], [90, 26], [90, 25]]]);
    let (code, _, at) = refusal(&polygon(&bow));
    assert_eq!((code, at), ("RING_CROSSES_ITSELF", Some((255_000_000, 905_000_000))));
    let cases = [
        (Value::Null, "GEOMETRY"),
        (json!({"type": "Point", "coordinates": [90, 25]}), "GEOMETRY"),
        (json!([]), "GEOMETRY"),
        (json!({"type": "Polygon"}), "COORDINATES"),
        (json!({"type": "MultiPolygon", "coordinates": square()}), "COORDINATES"),
        (polygon(&json!([[[90]]])), "COORDINATES"),
        (polygon(&json!([[["90", 25], [91, 26], [91, 25], ["90", 25]]])), "NOT_A_NUMBER"),
        (polygon(&json!([[[190, 25], [191, 26], [191, 25], [190, 25]]])), "OUT_OF_RANGE"),
        (polygon(&json!([[[90, 25], [91, 26], [91, 25]]])), "RING_NOT_CLOSED"),
        (polygon(&json!([])), "AREA_EMPTY"),
    ];
    for (geometry, code) in cases {
        assert_eq!(refusal(&geometry).0, code, "{geometry}");
    }
}

#[test]
fn an_invalid_feature_is_refused_by_name_and_the_others_are_accepted() {
    let good = |name: &str| feature_of(&json!({"name": name}), &polygon(&square()));
    let mut twice = good("Twice");
    twice["id"] = json!("a");
    let mut listed = good("Listed");
    listed["id"] = json!([1]);
    let document = collection(&[
        good("First"),
        json!(7),
        polygon(&square()),
        feature_of(&json!(7), &polygon(&square())),
        feature_of(&json!({"name": 7}), &polygon(&square())),
        feature_of(&json!({"name": "Odd", "kind": "city"}), &polygon(&square())),
        good(&"long".repeat(100)),
        good("two\nlines"),
        twice.clone(),
        twice,
        listed,
        feature_of(&Value::Null, &polygon(&square())),
        good(" "),
    ]);
    let found = zones(&document);
    let accepted: Vec<_> = found.features.iter().map(|feature| feature.index).collect();
    // A name that is a number or empty is as good as none.
    assert_eq!(accepted, [0, 4, 8, 11, 12]);
    assert!(found.features[1].name.is_none() && found.features[4].name.is_none());
    let refused: Vec<_> = found.refused.iter().map(|r| (r.index, r.code)).collect();
    let expected = [
        (1, "NOT_A_FEATURE"),
        (2, "NOT_A_FEATURE"),
        (3, "PROPERTIES"),
        (5, "KIND"),
        (6, "NAME"),
        (7, "NAME"),
        (9, "ID_TWICE"),
        (10, "ID"),
    ];
    assert_eq!(refused, expected);
    assert_eq!(found.refused[3].name.as_deref(), Some("Odd"));
    assert_eq!(found.refused[4].name.as_ref().unwrap().len(), LABEL_CHARS_MAX, "it is cut");
}

#[test]
fn a_document_that_is_no_geojson_is_refused_whole() {
    let kind = |document: &str| parse(document.as_bytes(), "name").unwrap_err().kind().code;
    let invalid = crate::http::problem::table::INVALID.code;
    let malformed = crate::http::problem::table::MALFORMED_JSON.code;
    for document in ["", "{", "{\"type\":\"Polygon\",\"coordinates\":[[[NaN,1]]]}", "\u{feff}{}"] {
        assert_eq!(kind(document), malformed, "{document}");
    }
    for document in ["{}", "7", r#"{"type":"Topology"}"#, r#"{"type":"FeatureCollection"}"#] {
        assert_eq!(kind(document), invalid, "{document}");
    }
    let many = vec![Value::Null; ZONES_PER_STORE_MAX + 1];
    assert_eq!(kind(&collection(&many).to_string()), invalid);
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    let deep = format!(r#"{{"type":"Polygon","coordinates":{}"#, "[".repeat(200_000));
    assert!(parse(deep.as_bytes(), "name").is_err());
    let closed = format!("{deep}{}}}", "]".repeat(200_000));
    let found = parse(closed.as_bytes(), "name");
    assert!(found.is_err() || found.is_ok_and(|zones| zones.features.is_empty()));
}

#[test]
fn an_area_is_written_as_it_would_be_read() {
    let hole = json!([[90.25, 25.55], [90.26, 25.55], [90.26, 25.560_000_1], [90.25, 25.55]]);
    let mut with_hole = square();
    with_hole.as_array_mut().unwrap().push(hole);
    let far = json!([[[-1, -2], [0, -2], [0, -1], [-1, -2]]]);
    let one = polygon(&with_hole);
    let two = json!({"type": "MultiPolygon", "coordinates": [with_hole, far]});
    for document in [one, two] {
        let area = zones(&document).features[0].area.clone();
        let text = geometry(&area);
        let again = parse(text.get().as_bytes(), "name").unwrap();
        assert_eq!(again.features[0].area, area);
        assert!(text.get().contains("[90.26,25.5600001]"), "{text}");
    }
    let plain = zones(&polygon(&square())).features[0].area.clone();
    let corners = "[90.2,25.5],[90.3,25.5],[90.3,25.6],[90.2,25.6],[90.2,25.5]";
    let expected = format!(r#"{{"type":"Polygon","coordinates":[[{corners}]]}}"#);
    assert_eq!(geometry(&plain).get(), expected);
}
