//! Decisions on stores, products, zones, weather and tax rates.

use super::{Catalogue, Product, Store};
use crate::{Event, GstRate, ProductId, StoreId, Unfit, Weather, Zone, ZoneId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A command about the catalogue.
#[derive(Clone, Debug)]
pub enum CatalogueCommand {
    /// Opens a store.
    OpenStore {
        /// The store with all its settings.
        store: Store,
    },
    /// Changes a store's settings.
    ChangeStore {
        /// The settings that the change was made from.
        before: Arc<Store>,
        /// All settings, the unchanged ones too.
        store: Store,
    },
    /// Defines products, or defines them anew. Unchanged ones make no record.
    DefineProducts {
        /// Their store.
        store_id: StoreId,
        /// At most [`PRODUCTS_DEFINED_MAX`](crate::limits::PRODUCTS_DEFINED_MAX).
        products: Vec<NewProduct>,
    },
    /// Defines the zones of a store: these and no others. Unchanged ones make no record.
    DefineZones {
        /// The store.
        store_id: StoreId,
        /// At most [`ZONES_PER_STORE_MAX`](crate::limits::ZONES_PER_STORE_MAX).
        zones: Vec<Zone>,
    },
    /// Turns the weather switch of a zone.
    SetWeather {
        /// The zone.
        zone_id: ZoneId,
        /// The weather from now on.
        weather: Weather,
    },
    /// Sets rates of GST.
    SetGstRates {
        /// Valid ones.
        rates: Vec<GstRate>,
    },
}

/// A product to define.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// All that is known of it.
    pub product: Product,
    /// Units on hand when it is defined for the first time; ignored for a product that exists.
    pub opening_units: u32,
}

impl Catalogue {
    /// Decides on a command: the facts that it leads to, none when all is so already.
    ///
    /// # Errors
    /// [`Unfit`], except for endpoints.
    pub fn decide(&self, command: CatalogueCommand) -> Result<Vec<Event>, Unfit> {
        match command {
            CatalogueCommand::OpenStore { store } => match self.store(store.id) {
                Some(known) if **known == store => Ok(Vec::new()),
                Some(_) => Err(Unfit::Changed),
                None => Ok(vec![Event::StoreOpened { store: Arc::new(store) }]),
            },
            CatalogueCommand::ChangeStore { before, store } => self.decide_change(&before, store),
            CatalogueCommand::DefineProducts { store_id, products } => {
                self.must_have(store_id)?;
                Ok(self.decide_products(store_id, products))
            }
            CatalogueCommand::DefineZones { store_id, zones } => {
                self.must_have(store_id)?;
                self.zones.decide(store_id, zones)
            }
            CatalogueCommand::SetWeather { zone_id, weather } => {
                self.zones.decide_weather(zone_id, weather).map(Vec::from_iter)
            }
            CatalogueCommand::SetGstRates { rates } => {
                self.gst.validate(&rates).map_err(|_| Unfit::TooMany)?;
                Ok(vec![Event::GstRatesSet { rates }])
            }
        }
    }

    fn must_have(&self, store_id: StoreId) -> Result<&Arc<Store>, Unfit> {
        self.store(store_id).ok_or(Unfit::StoreUnknown)
    }

    fn decide_change(&self, before: &Arc<Store>, store: Store) -> Result<Vec<Event>, Unfit> {
        let known = self.must_have(store.id)?;
        if **known == store {
            Ok(Vec::new()) // A retry: the change was made already.
        } else if known != before {
            Err(Unfit::Changed)
        } else {
            Ok(vec![Event::StoreChanged { store: Arc::new(store) }])
        }
    }

    /// Decides on products: one fact for each that is new or changed. A product that stands in the
    /// list twice is new only the first time.
    fn decide_products(&self, store_id: StoreId, products: Vec<NewProduct>) -> Vec<Event> {
        let mut seen = BTreeSet::new();
        let fact = |NewProduct { product, opening_units }: NewProduct| {
            assert_eq!(product.store_id, store_id, "products of one store are defined together");
            let known = self.product(store_id, product.id);
            let is_first = seen.insert(product.id) && known.is_none();
            if known.is_some_and(|known| **known == product) {
                return None;
            }
            // Units of a product that exists come in by a receipt, never by its definition.
            let opening_units = if is_first { opening_units } else { 0 };
            Some(Event::ProductDefined { product: Arc::new(product), opening_units })
        };
        products.into_iter().filter_map(fact).collect()
    }

    /// Checks that a store sells products, before their stock is changed.
    ///
    /// # Errors
    /// [`Unfit::StoreUnknown`], or [`Unfit::ProductUnknown`] for the first that it does not sell.
    pub fn check_sold(
        &self,
        store_id: StoreId,
        mut ids: impl Iterator<Item = ProductId>,
    ) -> Result<(), Unfit> {
        self.must_have(store_id)?;
        match ids.find(|id| self.product(store_id, *id).is_none()) {
            Some(product_id) => Err(Unfit::ProductUnknown { product_id }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
