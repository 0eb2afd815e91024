//! From the texts of a row to a product.
//!
//! White space around a text is cut off and inside it becomes one blank, line breaks too: that is
//! what a name with a stray newline means. Prices are never rounded: a third decimal that is not
//! zero is refused, because half a paisa too much is a wrong price.

use super::RowError;
use super::columns::{Field, Fields};
use crate::http::json::products::{
    GST_DETAIL, GST_MISSING, HSN_DETAIL, Numbers, SKU_ROUNDED, check_about, is_hsn, is_rounded,
};
use crate::http::json::stores::percent_of;
use kirana_domain::limits::{LINE_UNITS_MAX, SKU_CHARS_MAX, STOCK_MOVE_UNITS_MAX};
use kirana_domain::{
    About, Bps, CalendarDay, GstTable, Item, NewProduct, Paise, Product, ProductId, StoreId, Text,
    TextError,
};
use kirana_engine::Engine;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

type Refused = (&'static str, &'static str);

/// The rates of GST of rows that name none.
pub(super) struct Rates {
    /// The table, by HSN code.
    pub(super) table: GstTable,
    /// The day of the import.
    pub(super) day: CalendarDay,
    /// For rows without a code that the table has; the sender says it.
    pub(super) default: Option<Bps>,
}

/// The facts of a product of before that a file without a column for them leaves as they are.
#[derive(Clone)]
pub(super) struct Known {
    pub id: ProductId,
    pub is_active: bool,
    pub about: About,
}

/// Parses the rows of one file for one store.
pub(super) struct Parser {
    store_id: StoreId,
    rates: Rates,
    /// Products that the store had before, by SKU.
    known: HashMap<String, Known>,
    /// SKUs and ids of this file, with the line that had them first.
    skus: HashMap<String, u64>,
    ids: HashMap<ProductId, u64>,
}

impl Parser {
    pub(super) fn new(engine: &Engine, store_id: StoreId, default: Option<Bps>) -> Self {
        let day = CalendarDay::of(engine.now_ms());
        let (mut known, table): (HashMap<String, Known>, _) = engine.catalogue(|catalogue| {
            let by_sku = |product: &Arc<Product>| {
                let (is_active, about) = (product.is_active, product.about.clone());
                (product.sku.to_string(), Known { id: product.id, is_active, about })
            };
            let known = catalogue.products_after(store_id, None).map(by_sku).collect();
            (known, catalogue.gst.clone())
        });
        // Earlier releases kept characters that nobody sees: the same file still means the same.
        let cleaned = known.iter().filter_map(|(sku, product)| {
            let clean = Text::<SKU_CHARS_MAX>::code(sku).ok()?.to_string();
            (!known.contains_key(&clean)).then(|| (clean, product.clone()))
        });
        let cleaned: Vec<_> = cleaned.collect();
        known.extend(cleaned);
        Self::of(store_id, Rates { table, day, default }, known)
    }

    /// For a store with these products before.
    pub(super) fn of(store_id: StoreId, rates: Rates, known: HashMap<String, Known>) -> Self {
        Self { store_id, rates, known, skus: HashMap::new(), ids: HashMap::new() }
    }

    /// The product of a row, and a note when a part of it was left out.
    pub(super) fn product(
        &mut self,
        line: u64,
        fields: &Fields,
    ) -> Result<(NewProduct, Option<RowError>), RowError> {
        let refuse = |(code, detail)| RowError::new(line, code, detail);
        let mut optional = Optional { fields, dropped: false };
        let new = self.parse(fields, &mut optional).map_err(refuse)?;
        let note = optional.dropped.then(|| refuse(CONTROLS_DROPPED));
        let (sku, id) = (new.product.sku.to_string(), new.product.id);
        let before = self.skus.get(&sku).or_else(|| self.ids.get(&id));
        if let Some(first_line) = before {
            let first_line = Some(*first_line);
            let error = refuse(("DUPLICATE_ROW", "an earlier line is about the same product"));
            return Err(RowError { first_line, ..error });
        }
        self.skus.insert(sku, line);
        self.ids.insert(id, line);
        Ok((new, note))
    }

    fn parse(&self, fields: &Fields, optional: &mut Optional<'_>) -> Result<NewProduct, Refused> {
        let name = text::<200>(fields.get(Field::Name), "NAME_INVALID")?;
        let name = name.ok_or(("NAME_MISSING", "a product needs a name"))?;
        let brand = optional.text::<120>(Field::Brand, "BRAND_INVALID")?;
        let category = optional.text::<120>(Field::Category, "CATEGORY_INVALID")?;
        let unit = optional.text::<32>(Field::Unit, "UNIT_INVALID")?;
        let sku = code(fields.get(Field::Sku), "SKU_INVALID")?
            .unwrap_or_else(|| derived_sku(brand.as_deref(), &name, unit.as_deref()));
        if is_rounded(&sku) {
            return Err(SKU_ROUNDED);
        }
        let price = amount(fields, Field::Price, Field::PricePaise, &PRICE_CODES)?;
        let mrp = amount(fields, Field::Mrp, Field::MrpPaise, &MRP_CODES)?;
        let max_per_order = match fields.get(Field::MaxPerOrder) {
            Some(text) => text.parse().unwrap_or(-1),
            None => i64::from(LINE_UNITS_MAX),
        };
        let numbers = Numbers { price, mrp, max_per_order };
        let (price, mrp, max_per_order) =
            numbers.checked().map_err(|(_, code, detail)| (code, detail))?;
        let hsn = hsn(fields)?;
        let gst = self.gst(fields, hsn.as_deref())?;
        let id = self.id_of(fields, &sku)?;
        let item = Arc::new(Item { id, sku, name, unit, hsn, price, gst });
        let store_id = self.store_id;
        let known = self.known.get(&*item.sku);
        let is_active = active(fields)?.unwrap_or(known.is_none_or(|known| known.is_active));
        let about = about(fields, optional, known.map(|known| known.about.clone()))?;
        let product =
            Product { store_id, item, brand, category, mrp, max_per_order, is_active, about };
        Ok(NewProduct { product, opening_units: opening_units(fields)? })
    }

    /// The rate that the row gives, that of its code, or the sender's for all others.
    fn gst(&self, fields: &Fields, hsn: Option<&str>) -> Result<Bps, Refused> {
        let Rates { table, day, default } = &self.rates;
        let given = fields.get(Field::GstPercent).map(|text| {
            let text = text.strip_suffix('%').map_or(text, str::trim_end);
            percent_of(text).ok_or(("GST_INVALID", GST_DETAIL))
        });
        table.rate_of_new(given.transpose()?, hsn, *day).or(*default).ok_or(GST_MISSING)
    }

    /// The id that the row gives, that the store has for the SKU, or that follows from the SKU.
    fn id_of(&self, fields: &Fields, sku: &Text<SKU_CHARS_MAX>) -> Result<ProductId, Refused> {
        let known = self.known.get(&**sku).map(|known| known.id);
        let Some(text) = fields.get(Field::ProductId) else {
            return Ok(known.unwrap_or_else(|| ProductId::of_sku(self.store_id, sku)));
        };
        let given = Uuid::try_parse(text).map(ProductId);
        let given = given.map_err(|_| ("PRODUCT_ID_INVALID", "product_id must be a UUID"))?;
        match known {
            Some(known) if known != given => {
                Err(("SKU_TAKEN", "another product of the store has this SKU"))
            }
            _ => Ok(given),
        }
    }
}

/// The note of a row with a control character where a text is not needed.
const CONTROLS_DROPPED: Refused =
    ("CONTROLS_DROPPED", "control characters were taken out of a text of this row");

/// The texts of a row that a product can do without: a control character in one of them is no
/// reason to go without the product.
struct Optional<'a> {
    fields: &'a Fields,
    /// True when a control character was taken out.
    dropped: bool,
}

impl Optional<'_> {
    fn text<const MAX: usize>(
        &mut self,
        field: Field,
        code: &'static str,
    ) -> Result<Option<Text<MAX>>, Refused> {
        let is_stray = |c: char| c.is_control() && !c.is_whitespace();
        match self.fields.get(field) {
            Some(given) if given.contains(is_stray) => {
                self.dropped = true;
                text(Some(&given.replace(is_stray, "")), code)
            }
            given => text(given, code),
        }
    }
}

fn text<const MAX: usize>(
    given: Option<&str>,
    code: &'static str,
) -> Result<Option<Text<MAX>>, Refused> {
    parsed(given, code, Text::parse)
}

/// As [`text`], of a text that is none but a code.
fn code<const MAX: usize>(
    given: Option<&str>,
    code: &'static str,
) -> Result<Option<Text<MAX>>, Refused> {
    parsed(given, code, Text::code)
}

fn parsed<T>(
    given: Option<&str>,
    code: &'static str,
    parse: impl FnOnce(&str) -> Result<T, TextError>,
) -> Result<Option<T>, Refused> {
    let Some(text) = given else { return Ok(None) };
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match parse(&one_line) {
        Ok(text) => Ok(Some(text)),
        Err(TextError::Empty) => Ok(None),
        Err(TextError::TooLong { .. }) => Err((code, "the text has too many characters")),
        Err(TextError::Control) => Err((code, "the text has a control character")),
    }
}

/// A SKU for a row without one: brand, name and unit in lower case, joined by hyphens. Where that
/// is too long, or letters outside ASCII were left out, a hash of the whole keeps it apart.
fn derived_sku(brand: Option<&str>, name: &str, unit: Option<&str>) -> Text<SKU_CHARS_MAX> {
    const HASH_CHARS: usize = 12;
    let whole =
        [brand.unwrap_or_default(), name, unit.unwrap_or_default()].join("\n").to_lowercase();
    let parts = whole.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let slug = parts.collect::<Vec<_>>().join("-");
    let lossy = whole.chars().any(|c| !c.is_ascii() && c.is_alphanumeric());
    let sku = if !slug.is_empty() && !lossy && slug.len() <= SKU_CHARS_MAX {
        slug
    } else {
        let kept: String = slug.chars().take(SKU_CHARS_MAX - HASH_CHARS - 1).collect();
        let hash = blake3::hash(whole.as_bytes()).to_hex();
        format!("{}-{}", kept.trim_end_matches('-'), &hash[..HASH_CHARS])
    };
    Text::code(&sku).expect("letters, digits and hyphens within the limit are a SKU")
}

/// Codes for an amount: not a number, negative, more than two decimals, too large.
struct Codes {
    invalid: &'static str,
    negative: &'static str,
    not_paise: &'static str,
    too_large: &'static str,
}

const PRICE_CODES: Codes = Codes {
    invalid: "PRICE_INVALID",
    negative: "PRICE_NEGATIVE",
    not_paise: "PRICE_NOT_PAISE",
    too_large: "PRICE_TOO_LARGE",
};
const MRP_CODES: Codes = Codes {
    invalid: "MRP_INVALID",
    negative: "MRP_NEGATIVE",
    not_paise: "MRP_NOT_PAISE",
    too_large: "MRP_TOO_LARGE",
};

/// An amount in paise, from a column of rupees or of paise.
fn amount(
    fields: &Fields,
    rupees: Field,
    paise: Field,
    codes: &Codes,
) -> Result<Option<i64>, Refused> {
    let (text, in_rupees) = match (fields.get(rupees), fields.get(paise)) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err((codes.invalid, "is given in rupees and in paise: give one"));
        }
        (Some(text), None) => (text, true),
        (None, Some(text)) => (text, false),
    };
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(rest) = text.strip_prefix('-')
        && plain(&rest.replacen('.', "", 1))
    {
        return Err((codes.negative, "must not be negative"));
    }
    if !in_rupees {
        return if plain(text) {
            text.parse().map(Some).map_err(|_| (codes.too_large, TOO_LARGE))
        } else {
            Err((codes.invalid, "must be a whole number of paise"))
        };
    }
    if let Some(paise) = Paise::parse_rupees(text) {
        return Ok(Some(paise.0));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !plain(whole) || !plain(fraction) {
        return Err((codes.invalid, "must be an amount in rupees"));
    }
    match fraction.trim_end_matches('0').len() {
        0..=2 => Err((codes.too_large, TOO_LARGE)),
        _ => Err((codes.not_paise, "has parts of a paisa: at most two decimals")),
    }
}

const TOO_LARGE: &str = "is larger than any price may be";

fn hsn(fields: &Fields) -> Result<Option<Text<8>>, Refused> {
    match fields.get(Field::Hsn) {
        None => Ok(None),
        Some(text) if is_hsn(text) => Ok(Text::parse(text).ok()),
        Some(_) => Err(("HSN_INVALID", HSN_DETAIL)),
    }
}

fn active(fields: &Fields) -> Result<Option<bool>, Refused> {
    let Some(text) = fields.get(Field::Active) else { return Ok(None) };
    match &*text.to_ascii_lowercase() {
        "true" | "yes" | "1" => Ok(Some(true)),
        "false" | "no" | "0" => Ok(Some(false)),
        _ => Err(("ACTIVE_INVALID", "must be true or false")),
    }
}

/// Returns a row's words about a product; a file without a column leaves those that are known.
fn about(
    fields: &Fields,
    optional: &mut Optional<'_>,
    known: Option<About>,
) -> Result<About, Refused> {
    let mut about = known.unwrap_or_default();
    if fields.has(Field::Description) {
        about.description = optional.text(Field::Description, "DESCRIPTION_INVALID")?;
    }
    if fields.has(Field::ImageUrl) {
        about.image_url = code(fields.get(Field::ImageUrl), "IMAGE_URL_INVALID")?;
    }
    if fields.has(Field::Subcategory) {
        let levels = fields.get(Field::Subcategory).unwrap_or_default().split('>');
        let level = |level| text(Some(level), "SUBCATEGORY_INVALID").transpose();
        about.subcategories = levels.filter_map(level).collect::<Result<_, _>>()?;
    }
    if !fields.attributes.is_empty() {
        let mut attributes = BTreeMap::new();
        for (name, value) in &fields.attributes {
            let name = text(Some(name), "ATTRIBUTE_INVALID")?;
            if let (Some(name), Some(value)) = (name, code(Some(value), "ATTRIBUTE_INVALID")?) {
                attributes.insert(name, value);
            }
        }
        about.attributes = attributes;
    }
    check_about(&about).map(|()| about).map_err(|(_, code, detail)| (code, detail))
}

fn opening_units(fields: &Fields) -> Result<u32, Refused> {
    let Some(text) = fields.get(Field::Stock) else { return Ok(0) };
    let units = text.parse().ok().filter(|units| *units <= STOCK_MOVE_UNITS_MAX);
    units.ok_or((
        "STOCK_INVALID",
        "must be a whole number of units, not negative, and not too large",
    ))
}
