//! What a life of orders leaves out: other people's carts, addresses, keys, zones, rates, endpoints,
//! a price that changes. Woven in by chance, the same for the same seed.

use crate::codec::record::tests::samples::second::{PERSON, zone};
use crate::codec::record::tests::samples::{STORE, store, text};
use kirana_domain::time::StartClock;
use kirana_domain::webhook_endpoints::Endpoint;
use kirana_domain::{
    AddressId, Bps, CalendarDay, EndpointId, Event, GstRate, Item, Lsn, Paise, PersonId, Principal,
    Product, ProductId, Record, RequestKey, Store, StoreId, Weather, Zone, ZoneId, ZoneKind,
};
use std::sync::Arc;
use uuid::Uuid;

struct Weaver {
    chance: u64,
    keys: u64,
    products: Vec<Arc<Product>>,
}

/// The records of a life among the others.
pub(super) fn into(seed: u64, life: Vec<Record>) -> Vec<Record> {
    let mut weaver = Weaver { chance: seed, keys: 0, products: Vec::new() };
    let mut log = Vec::new();
    for record in life {
        // Now and then the engine starts anew, at once or after a while.
        if weaver.below(90) == 0 {
            let (at_ms, gap_ms) = (record.at_ms, [0, 1_800_000, 7_200_000][weaver.below_usize(3)]);
            let clock = Some(StartClock { wall_ms: at_ms, gap_ms });
            let event = Event::EngineStarted { epoch: 2, clock };
            log.push(Record { at_ms, by: Principal::SYSTEM, key: None, event });
        }
        let at_ms = record.at_ms;
        if let Event::ProductDefined { product, .. } = &record.event {
            weaver.products.push(Arc::clone(product));
        }
        let key = weaver.key();
        log.push(Record { key, ..record });
        if weaver.below(2) == 0 {
            let event = weaver.event();
            let key = weaver.key();
            // Now and then a clock that goes back, and what is soon forgotten.
            let before_ms = [0, 0, 0, 40_000, 29 * 86_400_000][weaver.below_usize(5)];
            let at_ms =
                if matches!(event, Event::CartChanged { .. }) { at_ms - before_ms } else { at_ms };
            log.push(Record { at_ms, by: Principal::SYSTEM, key, event });
        }
    }
    log
}

impl Weaver {
    fn below(&mut self, bound: u64) -> u64 {
        self.chance =
            self.chance.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (self.chance >> 33) % bound
    }

    fn below_usize(&mut self, bound: u64) -> usize {
        usize::try_from(self.below(bound)).unwrap()
    }

    fn id(&mut self, bound: u64) -> Uuid {
        Uuid::from_u128(0xA0 + u128::from(self.below(bound)))
    }

    fn key(&mut self) -> Option<RequestKey> {
        (self.below(3) == 0).then(|| {
            self.keys += 1;
            let id = Uuid::from_u64_pair(self.keys.wrapping_mul(0x9E37_79B9_7F4A_7C15), self.keys);
            RequestKey { id: id.into_bytes(), fingerprint: [7; 16] }
        })
    }

    fn event(&mut self) -> Event {
        match self.below(8) {
            0 | 1 => self.cart(),
            2 => self.address(),
            3 | 4 => self.endpoint(),
            5 => self.place(),
            6 => self.product(),
            _ => self.settings(),
        }
    }

    fn cart(&mut self) -> Event {
        let lines = (0..=self.below(3))
            .map(|_| (ProductId(self.id(4)), u32::try_from(self.below(4)).unwrap()))
            .collect();
        let (customer_id, store_id) = (PersonId(self.id(4)), StoreId(self.id(3)));
        Event::CartChanged { customer_id, store_id, lines }
    }

    fn address(&mut self) -> Event {
        let (customer_id, address_id) = (PersonId(self.id(3)), AddressId(self.id(4)));
        if self.below(3) == 0 {
            return Event::AddressRemoved { customer_id, address_id };
        }
        let sealed = vec![7; self.below_usize(90)].into();
        Event::AddressSaved { customer_id, address_id, sealed }
    }

    fn endpoint(&mut self) -> Event {
        let endpoint_id = EndpointId(self.id(3));
        let lsn = Lsn(1 + self.below(20));
        match self.below(8) {
            0 => Event::EndpointRemoved { endpoint_id },
            1 => Event::EndpointReplayed { endpoint_id, from: lsn },
            2 => Event::EndpointDisabled { endpoint_id, reason: text("it answered 410") },
            3 => Event::HookProgress { endpoint_id, position: lsn },
            4 => Event::HookFailed {
                endpoint_id,
                lsn,
                tries: 2,
                retry_at_ms: lsn.0.is_multiple_of(2).then_some(1_735_689_600_123),
                error: text("no answer"),
            },
            5 => Event::HookDelivered { endpoint_id, lsn },
            _ => {
                let is_whole = self.below(2) == 0;
                Event::EndpointDefined {
                    endpoint: Arc::new(Endpoint {
                        id: endpoint_id,
                        store_id: is_whole.then_some(STORE),
                        url: text("https://erp.example/hooks"),
                        events: if is_whole { vec![text("order.placed")] } else { Vec::new() },
                        active: self.below(3) > 0,
                        secret: Arc::from([1, 2, 3]),
                        previous: is_whole.then(|| (Arc::from([4, 5]), 1_735_776_000_000)),
                    }),
                }
            }
        }
    }

    fn place(&mut self) -> Event {
        let (zone_id, store_id) = (ZoneId(self.id(4)), STORE);
        let weather = [Weather::Normal, Weather::Bad, Weather::Extreme][self.below_usize(3)];
        match self.below(4) {
            0 => Event::ZoneRemoved { store_id, zone_id },
            1 => Event::WeatherSet { store_id, zone_id, weather },
            _ => {
                let kind = [ZoneKind::Delivery, ZoneKind::Town][self.below_usize(2)];
                let Event::ZoneDefined { zone } = zone(kind, weather) else { unreachable!() };
                Event::ZoneDefined { zone: Arc::new(Zone { id: zone_id, ..Zone::clone(&zone) }) }
            }
        }
    }

    /// A product at another price: orders keep the item that they were placed with.
    fn product(&mut self) -> Event {
        let known = self.below_usize(self.products.len().max(1) as u64);
        let Some(known) = self.products.get(known) else { return self.settings() };
        let price = Paise(known.price.0 + i64::from(u8::try_from(self.chance >> 57).unwrap()));
        let item = Arc::new(Item { price, ..Item::clone(&known.item) });
        let product = Arc::new(Product { item, ..Product::clone(known) });
        Event::ProductDefined { product, opening_units: 0 }
    }

    fn settings(&mut self) -> Event {
        match self.below(3) {
            0 => {
                let hsn = text(["04", "0401", "040110"][self.below_usize(3)]);
                let from = CalendarDay(i32::try_from(self.below(3)).unwrap());
                Event::GstRatesSet { rates: vec![GstRate { hsn, from, rate: Bps(500) }] }
            }
            1 => {
                let order_minimum = Paise(i64::try_from(self.below(90)).unwrap());
                let store = Store { order_minimum, ..store() };
                Event::StoreChanged { store: Arc::new(store) }
            }
            _ => Event::WebhookReceived {
                event_id: text("evt"),
                name: text("payment.captured"),
                about: None,
                subject: PERSON,
                sealed: Box::default(),
            },
        }
    }
}
