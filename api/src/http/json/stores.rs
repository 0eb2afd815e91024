//! A store as requests and answers have it. `PATCH` merges into the answer's shape and parses the
//! result like a `POST`, so both follow one set of rules.

use super::store_rules::{CodRequest, CodView, Promise, cod_of, promise_of};
use super::text::{Str, out_of_range, text_error};
use super::{gstin, store_rules};
use crate::http::problem::FieldError;
use crate::percent::Percent;
use kirana_domain::limits::{FEE_STEPS_MAX, HOLD_MINUTES_MAX, PRICE_PAISE_MAX};
use kirana_domain::time::MinuteOfDay;
use kirana_domain::{Bps, FeeStep, Paise, Store, StoreId, Text};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use uuid::Uuid;

/// A store to open, or as it shall be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreRequest<'a> {
    /// Its id, if the client chooses one.
    pub store_id: Option<Uuid>,
    #[serde(borrow)]
    code: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    address: Str<'a>,
    location: Option<Location>,
    #[serde(borrow)]
    hours: Option<Hours<'a>>,
    delivery_fee_steps: Option<Vec<Step>>,
    delivery_fee_gst_percent: Option<Number>,
    order_minimum_paise: Option<i64>,
    order_maximum_paise: Option<i64>,
    cod_maximum_paise: Option<i64>,
    hold_minutes: Option<i64>,
    cod: Option<CodRequest>,
    bad_weather_fee_paise: Option<i64>,
    promise_minutes: Option<Promise>,
    #[serde(borrow)]
    gstin: Option<Str<'a>>,
    #[serde(borrow)]
    state: Option<Str<'a>>,
    delivers_anywhere: Option<bool>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Location {
    lat: f64,
    lng: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours<'a> {
    #[serde(borrow)]
    opens: Str<'a>,
    #[serde(borrow)]
    closes: Str<'a>,
}

/// One step of a delivery fee table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    below_paise: i64,
    fee_paise: i64,
}

impl From<&FeeStep> for Step {
    fn from(step: &FeeStep) -> Self {
        Self { below_paise: step.below.0, fee_paise: step.fee.0 }
    }
}

impl StoreRequest<'_> {
    /// Returns true when the request says that the delivery fee has GST inside.
    pub(crate) fn charges_gst(&self) -> bool {
        self.delivery_fee_gst_percent.as_ref().is_some_and(|percent| percent.as_f64() != Some(0.0))
    }

    /// The store that is meant, with defaults where nothing was said.
    ///
    /// # Errors
    /// Every field that is not right.
    pub(crate) fn into_store(self, id: StoreId) -> Result<Store, Vec<FieldError>> {
        let mut errors = Vec::new();
        let code = code_of(&self.code.0, &mut errors);
        let name = text_of("/name", &self.name.0, &mut errors);
        let address = text_of("/address", &self.address.0, &mut errors);
        let (Some(code), Some(name), Some(address)) = (code, name, address) else {
            return Err(errors);
        };
        let mut store = Store::with_defaults(id, code, name, address);
        self.settings(&mut store, &mut errors);
        if errors.is_empty() { Ok(store) } else { Err(errors) }
    }

    fn settings(self, store: &mut Store, errors: &mut Vec<FieldError>) {
        if let Some(location) = self.location {
            store.location = point_of(&location, errors);
        }
        if let Some(hours) = &self.hours {
            store.hours = hours_of(hours, errors);
        }
        if let Some(steps) = &self.delivery_fee_steps {
            store.fee_steps = steps_of(steps, errors);
        }
        if let Some(percent) = &self.delivery_fee_gst_percent {
            match percent_of(&percent.to_string()) {
                Some(gst) => store.fee_gst = gst,
                None => errors.push(out_of_range("/delivery_fee_gst_percent")),
            }
        }
        let amounts = [
            ("/order_minimum_paise", self.order_minimum_paise, &mut store.order_minimum),
            ("/order_maximum_paise", self.order_maximum_paise, &mut store.order_maximum),
            ("/cod_maximum_paise", self.cod_maximum_paise, &mut store.cod_maximum),
            ("/bad_weather_fee_paise", self.bad_weather_fee_paise, &mut store.bad_weather_fee),
        ];
        for (pointer, paise, amount) in amounts {
            match paise {
                Some(paise) if (0..=PRICE_PAISE_MAX).contains(&paise) => *amount = Paise(paise),
                Some(_) => errors.push(out_of_range(pointer)),
                None => (),
            }
        }
        match self.hold_minutes.map(u32::try_from) {
            Some(Ok(minutes)) if (1..=HOLD_MINUTES_MAX).contains(&minutes) => {
                store.hold_minutes = minutes;
            }
            Some(_) => errors.push(out_of_range("/hold_minutes")),
            None => (),
        }
        if let Some(cod) = &self.cod {
            store.cod = cod_of(cod, store.cod, errors);
        }
        store.delivers_anywhere = self.delivers_anywhere.unwrap_or_default();
        if let Some(promise) = &self.promise_minutes {
            store.promise = promise_of(promise, store.promise, errors);
        }
        let gstin = self.gstin.as_ref().map(|gstin| gstin.0.trim());
        store.gstin = gstin.filter(|gstin| !gstin.is_empty()).and_then(|text| {
            let gstin = gstin::parse(text);
            if gstin.is_none() {
                errors.push(FieldError::new("/gstin", "GSTIN_INVALID", gstin::DETAIL));
            }
            gstin
        });
        let state = self.state.as_ref().map(|state| &*state.0);
        store.state = Text::parse_optional(state).unwrap_or_else(|error| {
            errors.push(text_error("/state", error));
            None
        });
    }
}

/// A percentage with at most two decimals, as basis points: `18`, `0.25`.
pub(crate) fn percent_of(text: &str) -> Option<Bps> {
    // Rupees to paise and percent to basis points are the same step.
    let bps = Paise::parse_rupees(text).filter(|paise| paise.0 <= 10_000)?;
    u16::try_from(bps.0).ok().map(Bps)
}

fn code_of(code: &str, errors: &mut Vec<FieldError>) -> Option<Text<8>> {
    let fine = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    if (2..=8).contains(&code.len()) && code.bytes().all(fine) {
        return Text::parse(code).ok();
    }
    let detail = "must have 2 to 8 capital letters or digits";
    errors.push(FieldError::new("/code", "CODE_INVALID", detail));
    None
}

fn text_of<const MAX: usize>(
    pointer: &str,
    text: &str,
    errors: &mut Vec<FieldError>,
) -> Option<Text<MAX>> {
    Text::parse(text).map_err(|error| errors.push(text_error(pointer, error))).ok()
}

/// Degrees as whole millionths: a tenth of a metre.
fn point_of(location: &Location, errors: &mut Vec<FieldError>) -> (i32, i32) {
    let mut millionths = |degrees: f64, limit: f64, pointer: &str| {
        if !degrees.is_finite() || degrees.abs() > limit {
            errors.push(out_of_range(pointer));
            return 0;
        }
        #[allow(clippy::cast_possible_truncation, reason = "at most 180 million, checked above")]
        let whole = (degrees * 1_000_000.0).round() as i32;
        whole
    };
    let lat = millionths(location.lat, 90.0, "/location/lat");
    (lat, millionths(location.lng, 180.0, "/location/lng"))
}

fn hours_of(hours: &Hours<'_>, errors: &mut Vec<FieldError>) -> (MinuteOfDay, MinuteOfDay) {
    let midnight = MinuteOfDay::new(0).expect("midnight is a time of day");
    let mut time = |text: &str, pointer: &str| {
        MinuteOfDay::parse(text).unwrap_or_else(|| {
            let detail = "must be a time of day such as 08:30";
            errors.push(FieldError::new(pointer, "TIME_INVALID", detail));
            midnight
        })
    };
    let opens = time(&hours.opens.0, "/hours/opens");
    let closes = time(&hours.closes.0, "/hours/closes");
    // A store that closes earlier than it opens closes on the next day.
    if errors.is_empty() && opens == closes {
        let detail = "opens and closes must differ: 00:00 to 24:00 is always open";
        errors.push(FieldError::new("/hours", "HOURS_INVALID", detail));
    }
    (opens, closes)
}

fn steps_of(steps: &[Step], errors: &mut Vec<FieldError>) -> Vec<FeeStep> {
    if steps.len() > FEE_STEPS_MAX {
        errors.push(FieldError::new("/delivery_fee_steps", "TOO_MANY", "has too many steps"));
        return Vec::new();
    }
    for (index, step) in steps.iter().enumerate() {
        let fits = |paise: i64| (0..=PRICE_PAISE_MAX).contains(&paise);
        if !fits(step.below_paise) || !fits(step.fee_paise) {
            errors.push(out_of_range(&format!("/delivery_fee_steps/{index}")));
        }
    }
    if !steps.is_sorted_by(|one, next| one.below_paise < next.below_paise) {
        let detail = "each step must begin above the one before it";
        errors.push(FieldError::new("/delivery_fee_steps", "NOT_RISING", detail));
    }
    let step = |s: &Step| FeeStep { below: Paise(s.below_paise), fee: Paise(s.fee_paise) };
    steps.iter().map(step).collect()
}

/// A store as answers show it.
#[derive(Serialize)]
pub(crate) struct StoreView<'a> {
    store_id: Uuid,
    code: &'a str,
    name: &'a str,
    address: &'a str,
    location: Location,
    hours: HoursView,
    delivery_fee_steps: Vec<Step>,
    delivery_fee_gst_percent: Percent,
    order_minimum_paise: i64,
    order_maximum_paise: i64,
    cod_maximum_paise: i64,
    hold_minutes: u32,
    cod: CodView,
    bad_weather_fee_paise: i64,
    promise_minutes: Promise,
    gstin: Option<&'a str>,
    state: Option<&'a str>,
    delivers_anywhere: bool,
}

#[derive(Serialize)]
struct HoursView {
    opens: String,
    closes: String,
}

impl<'a> From<&'a Store> for StoreView<'a> {
    fn from(store: &'a Store) -> Self {
        let degrees = |millionths: i32| f64::from(millionths) / 1_000_000.0;
        Self {
            store_id: store.id.0,
            code: &store.code,
            name: &store.name,
            address: &store.address,
            location: Location { lat: degrees(store.location.0), lng: degrees(store.location.1) },
            hours: HoursView {
                opens: store.hours.0.to_string(),
                closes: store.hours.1.to_string(),
            },
            delivery_fee_steps: store.fee_steps.iter().map(Step::from).collect(),
            delivery_fee_gst_percent: Percent(store.fee_gst),
            order_minimum_paise: store.order_minimum.0,
            order_maximum_paise: store.order_maximum.0,
            cod_maximum_paise: store.cod_maximum.0,
            hold_minutes: store.hold_minutes,
            cod: CodView::from(&store.cod),
            bad_weather_fee_paise: store.bad_weather_fee.0,
            promise_minutes: store_rules::promise_view(store.promise),
            gstin: store.gstin.as_deref(),
            state: store.state.as_deref(),
            delivers_anywhere: store.delivers_anywhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_store_is_shown_as_parses_back_to_the_same_store() {
        let request: StoreRequest = serde_json::from_str(
            r#"{"code":"TUR","name":"Dayliz Tura","address":"Main Bazaar",
                "location":{"lat":25.5222,"lng":90.2114},"delivery_fee_gst_percent":0.25,
                "cod":{"first_maximum_paise":100000,"orders_per_hour":0,"risk_max":100},
                "bad_weather_fee_paise":4000,"promise_minutes":{"bad":[40,60]},
                "gstin":"27aapfu0939f1zv","state":"Meghalaya","delivers_anywhere":true}"#,
        )
        .unwrap();
        let store = request.into_store(StoreId(Uuid::from_u128(7))).unwrap();
        let shown = serde_json::to_string(&StoreView::from(&store)).unwrap();
        let again: StoreRequest = serde_json::from_str(&shown).unwrap();
        assert!(store.delivers_anywhere);
        assert_eq!(store.promise, [(15, 30), (40, 60)]);
        assert_eq!((store.cod.first_maximum, store.cod.risk_max), (Paise(100_000), 100));
        assert_eq!(store.gstin.as_deref(), Some("27AAPFU0939F1ZV"));
        assert_eq!(again.into_store(store.id).unwrap(), store);
    }

    #[test]
    fn a_store_may_close_after_midnight_but_not_when_it_opens() {
        let hours = |opens: &str, closes: &str| {
            let body = format!(
                r#"{{"code":"TUR","name":"x","address":"y",
                    "hours":{{"opens":"{opens}","closes":"{closes}"}}}}"#
            );
            let request: StoreRequest = serde_json::from_str(&body).unwrap();
            let store = request.into_store(StoreId(Uuid::from_u128(7)));
            store.map(|store| store.hours.1.to_string()).map_err(|errors| errors[0].code)
        };
        assert_eq!(hours("18:00", "02:00").as_deref(), Ok("02:00"));
        assert_eq!(hours("00:00", "24:00").as_deref(), Ok("24:00"));
        assert_eq!(hours("08:00", "08:00"), Err("HOURS_INVALID"));
    }

    #[test]
    fn every_wrong_setting_is_named() {
        let request: StoreRequest = serde_json::from_str(
            r#"{"code":"TUR","name":"x","address":"y","location":{"lat":91,"lng":0},
                "hours":{"opens":"8","closes":"21:00"},"hold_minutes":0,
                "order_minimum_paise":-1,"delivery_fee_gst_percent":101,
                "delivery_fee_steps":[{"below_paise":5,"fee_paise":1},{"below_paise":5,"fee_paise":0}],
                "cod":{"first_maximum_paise":-1,"risk_max":101},"bad_weather_fee_paise":-1,
                "promise_minutes":{"normal":[30,15]},"gstin":"27AAPFU0939F1ZW","state":"a\u0007"}"#,
        )
        .unwrap();
        let errors = request.into_store(StoreId(Uuid::from_u128(7))).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "#/location/lat",
                "#/hours/opens",
                "#/delivery_fee_steps",
                "#/delivery_fee_gst_percent",
                "#/order_minimum_paise",
                "#/bad_weather_fee_paise",
                "#/hold_minutes",
                "#/cod/first_maximum_paise",
                "#/cod/risk_max",
                "#/promise_minutes/normal",
                "#/gstin",
                "#/state",
            ]
        );
    }
}
