//! The rider of an order, as the one who waits for it sees them.

use crate::http::json::point;
use crate::rfc3339::Rfc3339;
use kirana_domain::Order;
use kirana_engine::{Engine, RiderLocation, RiderOnTheWay};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;

/// The name and the phone of a rider, as they are sealed.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Contact<'a> {
    /// The name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The phone.
    #[serde(borrow)]
    pub phone: Cow<'a, str>,
}

/// The rider who brings an order.
pub(crate) struct RiderView {
    contact: Option<Contact<'static>>,
    location: Option<RiderLocation>,
}

impl RiderView {
    /// Returns the view of who brings an order; `None` unless it is on the way.
    pub(crate) fn of(engine: &Engine, order: &Order) -> Option<Self> {
        let RiderOnTheWay { personal, location } = engine.rider_of(order)?;
        let contact = personal.and_then(|bytes| {
            let Contact { name, phone } = serde_json::from_slice(&bytes).ok()?;
            Some(Contact { name: name.into_owned().into(), phone: phone.into_owned().into() })
        });
        Some(Self { contact, location })
    }

    /// Returns the same without the place: for answers that are the same however often they are
    /// asked for.
    pub(crate) fn without_place(self) -> Self {
        Self { location: None, ..self }
    }

    /// Returns true when it shows a place, which changes without a new version of the order.
    pub(crate) fn has_place(&self) -> bool {
        self.location.is_some()
    }
}

impl Serialize for RiderView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { contact, location } = self;
        let mut out = serializer.serialize_struct("Rider", 5)?;
        out.serialize_field("name", &contact.as_ref().map(|contact| &*contact.name))?;
        out.serialize_field("phone", &contact.as_ref().map(|contact| &*contact.phone))?;
        out.serialize_field("lat", &location.map(|it| point::number(it.point.lat_e7())))?;
        out.serialize_field("lng", &location.map(|it| point::number(it.point.lng_e7())))?;
        out.serialize_field("at", &location.map(|it| Rfc3339(it.at_ms)))?;
        out.end()
    }
}
