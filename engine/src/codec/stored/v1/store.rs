//! The shapes of a store and of the rates of GST.

use super::Id;
use super::words::{Result, minute, optional, text};
use kirana_domain as domain;
use kirana_domain::catalogue::CodRules;
use kirana_domain::{Bps, CalendarDay, Paise};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A store of the first release.
#[derive(Serialize, Deserialize)]
pub(super) struct Store<'a> {
    id: Id,
    code: &'a str,
    name: &'a str,
    address: &'a str,
    latitude_e6: i32,
    longitude_e6: i32,
    opens_minute: u16,
    closes_minute: u16,
    /// Below which sum, and the fee there.
    fee_steps: Vec<(i64, i64)>,
    fee_gst_bps: u16,
    order_minimum: i64,
    order_maximum: i64,
    cod_maximum: i64,
    hold_minutes: u32,
}

impl<'a> From<&'a domain::Store> for Store<'a> {
    fn from(store: &'a domain::Store) -> Self {
        Self {
            id: store.id.into(),
            code: &store.code,
            name: &store.name,
            address: &store.address,
            latitude_e6: store.location.0,
            longitude_e6: store.location.1,
            opens_minute: store.hours.0.get(),
            closes_minute: store.hours.1.get(),
            fee_steps: store.fee_steps.iter().map(|step| (step.below.0, step.fee.0)).collect(),
            fee_gst_bps: store.fee_gst.0,
            order_minimum: store.order_minimum.0,
            order_maximum: store.order_maximum.0,
            cod_maximum: store.cod_maximum.0,
            hold_minutes: store.hold_minutes,
        }
    }
}

impl Store<'_> {
    /// Returns the store, with defaults for all that the first release did not know.
    pub(super) fn parse(&self) -> Result<domain::Store> {
        let step =
            |(below, fee): &(i64, i64)| domain::FeeStep { below: Paise(*below), fee: Paise(*fee) };
        let (code, name, address) = (text(self.code)?, text(self.name)?, text(self.address)?);
        Ok(domain::Store {
            location: (self.latitude_e6, self.longitude_e6),
            hours: (minute(self.opens_minute)?, minute(self.closes_minute)?),
            fee_steps: self.fee_steps.iter().map(step).collect(),
            fee_gst: Bps(self.fee_gst_bps),
            order_minimum: Paise(self.order_minimum),
            order_maximum: Paise(self.order_maximum),
            cod_maximum: Paise(self.cod_maximum),
            hold_minutes: self.hold_minutes,
            // The first release knew no bounds of cash but the store's own maximum.
            cod: CodRules::OPEN,
            ..domain::Store::with_defaults(self.id.into(), code, name, address)
        })
    }
}

/// A store since the second release.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoreV2<'a>(#[serde(borrow)] Store<'a>, #[serde(borrow)] StoreV2Part<'a>);

/// The settings that the second release added.
#[derive(Serialize, Deserialize)]
struct StoreV2Part<'a> {
    cod_first: i64,
    cod_new: i64,
    cod_regular: i64,
    cod_regular_after: u32,
    cod_trusted_after: u32,
    cod_orders_per_hour: u32,
    cod_risk_max: u8,
    bad_weather_fee: i64,
    promise: [(u16, u16); 2],
    #[serde(borrow)]
    gstin: Option<&'a str>,
    #[serde(borrow)]
    state: Option<&'a str>,
}

impl<'a> From<&'a domain::Store> for StoreV2<'a> {
    fn from(store: &'a domain::Store) -> Self {
        let part = StoreV2Part {
            cod_first: store.cod.first_maximum.0,
            cod_new: store.cod.new_maximum.0,
            cod_regular: store.cod.regular_maximum.0,
            cod_regular_after: store.cod.regular_after,
            cod_trusted_after: store.cod.trusted_after,
            cod_orders_per_hour: store.cod.orders_per_hour,
            cod_risk_max: store.cod.risk_max,
            bad_weather_fee: store.bad_weather_fee.0,
            promise: store.promise,
            gstin: store.gstin.as_deref(),
            state: store.state.as_deref(),
        };
        Self(Store::from(store), part)
    }
}

impl StoreV2<'_> {
    /// Returns the store.
    pub(crate) fn parse(&self) -> Result<domain::Store> {
        let Self(first, part) = self;
        Ok(domain::Store {
            cod: CodRules {
                first_maximum: Paise(part.cod_first),
                new_maximum: Paise(part.cod_new),
                regular_maximum: Paise(part.cod_regular),
                regular_after: part.cod_regular_after,
                trusted_after: part.cod_trusted_after,
                orders_per_hour: part.cod_orders_per_hour,
                risk_max: part.cod_risk_max,
            },
            bad_weather_fee: Paise(part.bad_weather_fee),
            promise: part.promise,
            gstin: optional(part.gstin)?,
            state: optional(part.state)?,
            ..first.parse()?
        })
    }
}

/// A store since the fourth release.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoreV3<'a>(#[serde(borrow)] StoreV2<'a>, StoreV3Part);

/// The settings that the fourth release added. A store of before delivers within its zones.
#[derive(Serialize, Deserialize)]
struct StoreV3Part {
    delivers_anywhere: bool,
}

impl<'a> From<&'a domain::Store> for StoreV3<'a> {
    fn from(store: &'a domain::Store) -> Self {
        let part = StoreV3Part { delivers_anywhere: store.delivers_anywhere };
        Self(StoreV2::from(store), part)
    }
}

impl StoreV3<'_> {
    /// Returns the store.
    pub(crate) fn parse(&self) -> Result<Arc<domain::Store>> {
        let Self(second, StoreV3Part { delivers_anywhere }) = self;
        let delivers_anywhere = *delivers_anywhere;
        Ok(Arc::new(domain::Store { delivers_anywhere, ..second.parse()? }))
    }
}

/// A rate of GST: HSN code, day since 1970, basis points.
#[derive(Serialize, Deserialize)]
pub(crate) struct GstRate<'a>(&'a str, i32, u16);

impl<'a> From<&'a domain::GstRate> for GstRate<'a> {
    fn from(rate: &'a domain::GstRate) -> Self {
        Self(&rate.hsn, rate.from.0, rate.rate.0)
    }
}

impl GstRate<'_> {
    /// Returns the rate.
    pub(crate) fn parse(&self) -> Result<domain::GstRate> {
        let Self(hsn, day, bps) = *self;
        Ok(domain::GstRate { hsn: text(hsn)?, from: CalendarDay(day), rate: Bps(bps) })
    }
}
