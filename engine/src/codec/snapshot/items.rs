//! The items of order lines, each written once: lines say only which. So an order is a tenth of its
//! size in the log, and orders that are read share their items with each other and the catalogue.

use super::rows::{Kind, RowWriter};
use crate::codec::stored::v1::product;
use kirana_domain::{FastMap, Item, ProductId};
use std::io;
use std::sync::Arc;

/// Gives out numbers to items: equal ones have one number, wherever they are in memory.
#[derive(Default)]
pub(super) struct ItemNumbers<'a> {
    count: u32,
    /// By where they are: most lines share their item with the catalogue or another order.
    by_place: FastMap<usize, u32>,
    /// By what they are.
    by_product: FastMap<ProductId, Vec<(&'a Item, u32)>>,
}

impl<'a> ItemNumbers<'a> {
    /// Returns the number of an item; writes its row first if it has none yet.
    pub(super) fn number(
        &mut self,
        item: &'a Arc<Item>,
        rows: &mut RowWriter<'_>,
    ) -> io::Result<u32> {
        let place = Arc::as_ptr(item) as usize;
        if let Some(number) = self.by_place.get(&place) {
            return Ok(*number);
        }
        let same = self.by_product.get(&item.id).and_then(|known| {
            known.iter().find(|(known, _)| *known == &**item).map(|(_, number)| *number)
        });
        let number = if let Some(number) = same {
            number
        } else {
            rows.push(Kind::Item, &product::Item::from(&**item))?;
            self.add(item)
        };
        self.by_place.insert(place, number);
        Ok(number)
    }

    /// Gives a number to the item of a product whose row is written.
    pub(super) fn add(&mut self, item: &'a Arc<Item>) -> u32 {
        let number = self.count;
        self.count = number.checked_add(1).expect("memory holds fewer items");
        self.by_product.get_or_insert_with(item.id, Vec::new).push((item, number));
        number
    }
}

/// The items that were read so far, by number.
#[derive(Default)]
pub(super) struct Items(Vec<Arc<Item>>);

impl Items {
    /// Adds the next one.
    pub(super) fn add(&mut self, item: Arc<Item>) {
        self.0.push(item);
    }

    /// Returns the item of that number.
    pub(super) fn get(&self, number: u32) -> Result<Arc<Item>, &'static str> {
        let item = usize::try_from(number).ok().and_then(|number| self.0.get(number));
        item.map(Arc::clone).ok_or("a line is of no known item")
    }
}
