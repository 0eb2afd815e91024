//! `GET /v1/stores/{store_id}/products` and `GET /v1/categories`: what a store sells.

use super::cursor;
use crate::http::gateway::call::Call;
use crate::http::json::views::ProductView;
use crate::http::problem::{Problem, table};
use crate::http::{query, reply};
use axum::http::header::LINK;
use axum::response::Response;
use kirana_domain::limits::NAME_CHARS_MAX;
use kirana_domain::{Product, ProductId, Question, Stock, StoreId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    q: Option<String>,
    category: Option<String>,
    brand: Option<String>,
    in_stock: Option<bool>,
    min_price_paise: Option<i64>,
    max_price_paise: Option<i64>,
    sort: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// The order of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Name,
    Price,
    PriceFalling,
    /// Those that came last first.
    New,
    /// By the units that are sold.
    Popular,
}

impl Sort {
    fn parse(name: Option<&str>) -> Result<Self, Problem> {
        match name {
            None | Some("name") => Ok(Self::Name),
            Some("price") => Ok(Self::Price),
            Some("-price") => Ok(Self::PriceFalling),
            Some("new" | "newest") => Ok(Self::New),
            Some("popular") => Ok(Self::Popular),
            Some(_) => Err(Problem::query("sort", "must be name, price, -price, new or popular")),
        }
    }

    fn place(self, product: &Product, arrival: usize, stock: &Stock) -> Place {
        let figure = match self {
            Self::Name => 0,
            Self::Price => product.price.0,
            Self::PriceFalling => -product.price.0,
            Self::New => -i64::try_from(arrival).unwrap_or(i64::MAX),
            Self::Popular => -stock.sold(),
        };
        Place { figure, name: product.name.to_lowercase(), id: product.id }
    }
}

/// The place of a product in a list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    figure: i64,
    name: String,
    id: ProductId,
}

impl Place {
    fn to_bytes(&self) -> Vec<u8> {
        let figure = self.figure.to_be_bytes();
        [&figure[..], self.id.0.as_bytes(), self.name.as_bytes()].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (figure, rest) = bytes.split_first_chunk::<8>()?;
        let (id, name) = rest.split_first_chunk::<16>()?;
        let name = String::from_utf8(name.to_vec()).ok()?;
        let (figure, id) = (i64::from_be_bytes(*figure), ProductId(Uuid::from_bytes(*id)));
        Some(Self { figure, name, id })
    }
}

/// The products that a request wants.
struct Wanted {
    question: Question,
    category: Question,
    brand: Question,
    in_stock: bool,
    prices: (i64, i64),
}

impl Wanted {
    fn parse(asked: &ListQuery) -> Result<Self, Problem> {
        let words = |name, text: &Option<String>| match text {
            Some(text) if text.chars().count() > NAME_CHARS_MAX => {
                Err(Problem::query(name, "has too many characters"))
            }
            text => Ok(Question::new(text.as_deref().unwrap_or_default())),
        };
        Ok(Self {
            question: words("q", &asked.q)?,
            category: words("category", &asked.category)?,
            brand: words("brand", &asked.brand)?,
            in_stock: asked.in_stock.unwrap_or_default(),
            prices: (asked.min_price_paise.unwrap_or(0), asked.max_price_paise.unwrap_or(i64::MAX)),
        })
    }

    /// The list in words: a cursor is good for the same list only.
    fn scope(&self, store_id: StoreId, sort: Option<&str>) -> String {
        let Self { question, category, brand, in_stock, prices } = self;
        let texts = [question, category, brand].map(Question::as_str);
        format!("products {store_id} {texts:?} {in_stock} {prices:?} {sort:?}")
    }

    fn is_met_by(&self, product: &Product) -> bool {
        let is = |wanted: &Question, text: &str| *wanted == Question::new(text);
        let mut categories = product.category.iter().chain(&product.about.subcategories);
        let brand = product.brand.as_deref().unwrap_or_default();
        (self.category.as_str().is_empty() || categories.any(|name| is(&self.category, name)))
            && (self.brand.as_str().is_empty() || is(&self.brand, brand))
            && (self.prices.0..=self.prices.1).contains(&product.price.0)
    }
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<ProductView<'a>>,
    next_cursor: Option<String>,
    has_more: bool,
}

/// `GET /v1/stores/{store_id}/products`: those that are sold; `q` is words of a name, brand, unit
/// or SKU.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let asked: ListQuery = call.query()?;
    let limit = query::limit(asked.limit)?;
    let (sort, wanted) = (Sort::parse(asked.sort.as_deref())?, Wanted::parse(&asked)?);
    let scope = wanted.scope(store_id, asked.sort.as_deref());
    let key = call.gateway.tokens().cursor_key();
    let after = match &asked.cursor {
        Some(sealed) => {
            let place = Place::parse(&cursor::open(key, &scope, sealed)?);
            Some(place.ok_or_else(|| Problem::new(&table::CURSOR_INVALID))?)
        }
        None => None,
    };
    let mut found = if sort == Sort::Name && !wanted.in_stock {
        find(&call, store_id, &wanted, sort, (after, limit + 1))
    } else {
        let mut found = find(&call, store_id, &wanted, sort, (None, usize::MAX));
        found.retain(|(place, ..)| after.as_ref().is_none_or(|after| place > after));
        found
    };
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more);
    let next_cursor = last.map(|(place, ..)| cursor::seal(key, &scope, &place.to_bytes()));
    let view =
        |(_, product, stock): &'_ (Place, Arc<Product>, Stock)| (product.clone(), stock.available);
    let shown: Vec<_> = found.iter().map(view).collect();
    let data = shown.iter().map(|(product, units)| ProductView::new(product, Some(*units)));
    let link = next_cursor.as_deref().map(|cursor| next_link(&call, cursor));
    let page = Page { data: data.collect(), next_cursor, has_more };
    let mut response = reply::list(call.headers(), &page);
    if let Some(link) = link {
        reply::set(&mut response, LINK, &link);
    }
    Ok(response)
}

/// Products of a list in its order, with their stock: by name so many after a place, or all.
fn find(
    call: &Call,
    store_id: StoreId,
    wanted: &Wanted,
    sort: Sort,
    (after, most): (Option<Place>, usize),
) -> Vec<(Place, Arc<Product>, Stock)> {
    let after = after.map(|place| (place.name, place.id));
    let products: Vec<(Arc<Product>, usize)> = call.engine().catalogue(|catalogue| {
        let found = catalogue.search(store_id, &wanted.question, after);
        let met = found.filter(|(product, _)| wanted.is_met_by(product)).take(most);
        met.map(|(product, arrival)| (Arc::clone(product), arrival)).collect()
    });
    let ids: Vec<_> = products.iter().map(|(product, _)| product.id).collect();
    let (stocks, _) = call.engine().stocks(store_id, &ids);
    let mut found: Vec<_> = products
        .into_iter()
        .zip(stocks)
        .filter(|(_, stock)| !wanted.in_stock || stock.available > 0)
        .map(|((product, arrival), stock)| (sort.place(&product, arrival, &stock), product, stock))
        .collect();
    found.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    found
}

/// The next page of the same list.
fn next_link(call: &Call, cursor: &str) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(call.uri().query().unwrap_or_default().as_bytes()) {
        if name != "cursor" {
            pairs.append_pair(&name, &value);
        }
    }
    let query = pairs.append_pair("cursor", cursor).finish();
    format!("<{}?{query}>; rel=\"next\"", call.uri().path())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeQuery {
    store_id: Option<Uuid>,
}

#[derive(Serialize)]
struct Tree<'a> {
    store_id: Uuid,
    data: Vec<Branch<'a>>,
}

/// A category with what is in it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Branch<'a> {
    name: &'a str,
    /// Products of it and of all categories in it.
    count: usize,
    /// The picture of the first of them that has one.
    image_url: Option<&'a str>,
    children: Vec<Branch<'a>>,
}

/// `GET /v1/categories?store_id=`: the categories of what a store sells, as a tree.
pub(crate) async fn categories(call: Call) -> Result<Response, Problem> {
    let TreeQuery { store_id } = call.query()?;
    let store_id =
        store_id.ok_or_else(|| Problem::query("store_id", "this parameter is required"))?;
    let products: Vec<Arc<Product>> = call
        .engine()
        .catalogue(|catalogue| {
            catalogue.store(StoreId(store_id))?;
            let everything = Question::new("");
            let found = catalogue.search(StoreId(store_id), &everything, None);
            Some(found.map(|(product, _)| Arc::clone(product)).collect())
        })
        .ok_or_else(|| Problem::query("store_id", "there is no such store"))?;
    let of = products.iter().map(|product| {
        let path = product.category.iter().chain(&product.about.subcategories);
        (path.map(|name| &**name).collect(), product.about.image_url.as_deref())
    });
    Ok(reply::list(call.headers(), &Tree { store_id, data: tree(of.collect()) }))
}

/// The categories of a product that are left below a branch, and its picture.
type Path<'a> = (Vec<&'a str>, Option<&'a str>);

/// The tree of some paths, each with its picture, in the order of names.
fn tree<'a>(paths: Vec<Path<'a>>) -> Vec<Branch<'a>> {
    let mut below = BTreeMap::<&str, Vec<Path<'a>>>::new();
    for (mut path, image) in paths {
        if !path.is_empty() {
            below.entry(path.remove(0)).or_default().push((path, image));
        }
    }
    let branch = |(name, paths): (&'a str, Vec<Path<'a>>)| Branch {
        name,
        count: paths.len(),
        image_url: paths.iter().find_map(|(_, image)| *image),
        children: tree(paths),
    };
    below.into_iter().map(branch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_a_tree_with_the_count_of_all_that_is_below() {
        let image = Some("https://img.example/1.webp");
        let made = tree(vec![
            (vec!["Dairy", "Milk"], None),
            (vec!["Bakery"], None),
            (vec!["Dairy", "Milk", "Toned"], image),
            (vec![], None),
            (vec!["Dairy"], None),
        ]);
        let named = |branches: &[Branch<'_>]| {
            branches
                .iter()
                .map(|it| (it.name.to_owned(), it.count, it.image_url.is_some()))
                .collect::<Vec<_>>()
        };
        assert_eq!(named(&made), [("Bakery".into(), 1, false), ("Dairy".into(), 3, true)]);
        assert_eq!(named(&made[1].children), [("Milk".into(), 2, true)]);
        assert_eq!(named(&made[1].children[0].children), [("Toned".into(), 1, true)]);
    }

    #[test]
    fn a_place_in_a_list_comes_back_from_its_cursor() {
        let place =
            Place { figure: -7, name: "दूध".into(), id: ProductId(Uuid::from_u128(9)) };
        assert_eq!(Place::parse(&place.to_bytes()), Some(place));
        assert_eq!(Place::parse(b"short"), None);
    }
}
