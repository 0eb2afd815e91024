//! Zones: where a store delivers, the town within which one may browse, and the weather switch.
//!
//! A zone is a whole value: redrawing it defines it anew.

mod index;

use crate::digest::{Digest, Digester};
use crate::facts::numbered;
use crate::geo::{Area, Point};
use crate::limits::{LABEL_CHARS_MAX, ZONES_PER_STORE_MAX};
use crate::{Event, StoreId, Text, Unfit, ZoneId};
use index::ZoneIndex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

numbered! {
    /// The weather in a zone: a switch that people turn. The numbers are on disk: only add.
    #[derive(Default, Hash)]
    Weather {
        /// Nothing to say.
        #[default]
        Normal = 1 "normal",
        /// Deliveries take longer.
        Bad = 2 "bad",
        /// No deliveries.
        Extreme = 3 "extreme",
    }
}

numbered! {
    /// The purpose of a zone. The numbers are on disk: add, never change.
    #[derive(Hash)]
    ZoneKind {
        /// Orders are delivered here.
        Delivery = 1 "delivery",
        /// Customers here may browse; to order they must be in a delivery zone as well.
        Town = 2 "town",
    }
}

/// A part of the map and what it means to one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its id, unique among the zones of all stores.
    pub id: ZoneId,
    /// The store that it belongs to.
    pub store_id: StoreId,
    /// Its name.
    pub name: Text<LABEL_CHARS_MAX>,
    /// Its purpose.
    pub kind: ZoneKind,
    /// Its place on the map.
    pub area: Area,
    /// The weather there; without meaning for a town.
    pub weather: Weather,
}

impl Zone {
    fn write_to(&self, digest: &mut Digester) {
        digest.id(self.id.0).id(self.store_id.0).bytes(self.name.as_bytes());
        digest.numbers(&[self.kind as i64, self.weather as i64]);
        self.area.write_to(digest);
    }
}

/// The rights of a customer at a place on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Located {
    /// To order.
    Order {
        /// The delivery zone it is in.
        zone: Arc<Zone>,
    },
    /// To look around, not to order.
    Browse {
        /// The town it is in.
        zone: Arc<Zone>,
    },
    /// Nothing: it is in no zone of ours.
    Nowhere,
}

/// The zones of all stores.
#[derive(Clone, Debug, Default)]
pub struct ZoneBook {
    zones: BTreeMap<ZoneId, Arc<Zone>>,
    by_store: BTreeMap<StoreId, BTreeSet<ZoneId>>,
    index: ZoneIndex,
}

impl ZoneBook {
    /// Decides on the zones that a store is to have: one fact for each that is new, changed or no
    /// more. A zone keeps its weather.
    ///
    /// # Errors
    /// [`Unfit::TooMany`], or [`Unfit::Changed`] when a zone is another store's.
    pub fn decide(&self, store_id: StoreId, zones: Vec<Zone>) -> Result<Vec<Event>, Unfit> {
        if zones.len() > ZONES_PER_STORE_MAX {
            return Err(Unfit::TooMany);
        }
        let wanted: BTreeSet<ZoneId> = zones.iter().map(|zone| zone.id).collect();
        let gone = self.of_store(store_id).filter(|zone| !wanted.contains(&zone.id));
        let mut events: Vec<Event> =
            gone.map(|zone| Event::ZoneRemoved { store_id, zone_id: zone.id }).collect();
        for mut zone in zones {
            let known = self.get(zone.id);
            if let Some(known) = known {
                if known.store_id != store_id {
                    return Err(Unfit::Changed);
                }
                zone.weather = known.weather;
            }
            if known.is_none_or(|known| **known != zone) {
                events.push(Event::ZoneDefined { zone: Arc::new(zone) });
            }
        }
        Ok(events)
    }

    /// Decides on the weather of a zone; `None` when it is so already.
    ///
    /// # Errors
    /// [`Unfit::ZoneUnknown`].
    pub fn decide_weather(&self, id: ZoneId, weather: Weather) -> Result<Option<Event>, Unfit> {
        let zone = self.get(id).ok_or(Unfit::ZoneUnknown)?;
        let event = Event::WeatherSet { store_id: zone.store_id, zone_id: id, weather };
        Ok((zone.weather != weather).then_some(event))
    }

    /// Applies a change of a zone; other events are ignored.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::ZoneDefined { zone } => {
                self.remove(zone.id);
                self.index.insert(zone.id, zone.area.bounds());
                let of_store = self.by_store.entry(zone.store_id).or_default();
                of_store.insert(zone.id);
                // Pairs with the check in `decide`; zones that go are removed first.
                assert!(of_store.len() <= ZONES_PER_STORE_MAX, "a store's zones have a bound");
                let old = self.zones.insert(zone.id, Arc::clone(zone));
                assert!(old.is_none(), "the zone as it was has been removed above");
            }
            Event::ZoneRemoved { store_id, zone_id } if self.is_of(*zone_id, *store_id) => {
                self.remove(*zone_id);
            }
            Event::WeatherSet { store_id, zone_id, weather } if self.is_of(*zone_id, *store_id) => {
                // Where the zone is does not change, so the index stays.
                if let Some(zone) = self.zones.get_mut(zone_id) {
                    Arc::make_mut(zone).weather = *weather;
                }
            }
            _ => (),
        }
    }

    fn is_of(&self, id: ZoneId, store_id: StoreId) -> bool {
        self.zones.get(&id).is_some_and(|zone| zone.store_id == store_id)
    }

    fn remove(&mut self, id: ZoneId) {
        let Some(old) = self.zones.remove(&id) else { return };
        self.index.remove(id, old.area.bounds());
        let of_store = self.by_store.get_mut(&old.store_id);
        let of_store = of_store.expect("a store is listed as long as it has zones");
        assert!(of_store.remove(&id), "a zone is listed by its store");
        if of_store.is_empty() {
            self.by_store.remove(&old.store_id);
        }
    }

    /// Returns a zone.
    pub fn get(&self, id: ZoneId) -> Option<&Arc<Zone>> {
        self.zones.get(&id)
    }

    /// Returns all zones, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.zones.values()
    }

    /// Returns the number of zones of all stores.
    pub fn count(&self) -> usize {
        self.zones.len()
    }

    /// Returns the zones of a store in the order of their ids.
    pub fn of_store(&self, store_id: StoreId) -> impl Iterator<Item = &Arc<Zone>> {
        self.by_store.get(&store_id).into_iter().flatten().map(|id| &self.zones[id])
    }

    /// Returns true if the store has zones that it delivers to.
    pub fn has_delivery_zones(&self, store_id: StoreId) -> bool {
        self.of_store(store_id).any(|zone| zone.kind == ZoneKind::Delivery)
    }

    /// Returns what a place allows, over all stores. In several delivery zones, be they of one
    /// store or of several, it is in the one with the lowest id; likewise for towns.
    pub fn locate(&self, at: Point) -> Located {
        if let Some(zone) = self.first(at, |zone| zone.kind == ZoneKind::Delivery) {
            return Located::Order { zone: Arc::clone(zone) };
        }
        match self.first(at, |zone| zone.kind == ZoneKind::Town) {
            Some(zone) => Located::Browse { zone: Arc::clone(zone) },
            None => Located::Nowhere,
        }
    }

    /// Returns the delivery zone of a store that a place is in; of several the one with the lowest
    /// id.
    pub fn delivery_zone_at(&self, store_id: StoreId, at: Point) -> Option<&Arc<Zone>> {
        self.first(at, |zone| zone.store_id == store_id && zone.kind == ZoneKind::Delivery)
    }

    /// Returns the zone with the lowest id of those that are wanted and contain the point.
    fn first(&self, at: Point, is_wanted: impl Fn(&Zone) -> bool) -> Option<&Arc<Zone>> {
        // Each list is in the order of ids, so that its first hit is its lowest.
        let lists = self.index.candidates(at);
        let hits = lists.iter().filter_map(|ids| {
            let mut zones = ids.iter().map(|id| &self.zones[id]);
            zones.find(|zone| is_wanted(zone) && zone.area.contains(at))
        });
        hits.min_by_key(|zone| zone.id)
    }

    /// Returns the fingerprint of the zones alone.
    pub fn digest(&self) -> Digest {
        let mut digest = Digester::default();
        self.write_to(&mut digest);
        digest.finish()
    }

    /// Writes all zones in the order of their ids; the index follows from them.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.zones.len());
        self.zones.values().for_each(|zone| zone.write_to(digest));
    }
}

#[cfg(test)]
mod tests;
