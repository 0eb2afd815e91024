//! A product as requests have it.

use super::stores::percent_of;
use super::text::{Str, optional, text_error};
use super::unique::Unique;
use crate::http::problem::FieldError;
use kirana_domain::catalogue::Item;
use kirana_domain::limits::{
    ATTRIBUTES_MAX, LABEL_CHARS_MAX, LINE_UNITS_MAX, NAME_CHARS_MAX, PRICE_PAISE_MAX,
    SUBCATEGORIES_MAX, UNIT_CHARS_MAX,
};
use kirana_domain::{
    About, Bps, CalendarDay, GstTable, Paise, Product, ProductId, StoreId, Text, TextError,
};
use serde::Deserialize;
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// A product to define.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductRequest<'a> {
    /// Must be the one in the path, if it is there at all.
    pub product_id: Option<Uuid>,
    #[serde(borrow)]
    sku: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    brand: Option<Str<'a>>,
    #[serde(borrow)]
    category: Option<Str<'a>>,
    #[serde(borrow)]
    unit: Option<Str<'a>>,
    price_paise: i64,
    mrp_paise: i64,
    #[serde(borrow)]
    hsn: Option<Str<'a>>,
    gst_percent: Option<Number>,
    max_per_order: Option<i64>,
    active: Option<bool>,
    #[serde(borrow)]
    description: Option<Str<'a>>,
    #[serde(borrow)]
    image_url: Option<Str<'a>>,
    /// From broad to narrow; the first is the category.
    #[serde(borrow)]
    categories: Option<Vec<Str<'a>>>,
    attributes: Option<Unique>,
}

impl ProductRequest<'_> {
    /// The product that is meant, with the rate that is given or that of its HSN code in `rates`.
    ///
    /// # Errors
    /// Every field that is not right.
    pub(crate) fn into_product(
        self,
        store_id: StoreId,
        id: ProductId,
        rates: &GstTable,
        day: CalendarDay,
    ) -> Result<Product, Vec<FieldError>> {
        let mut errors = Vec::new();
        let sku = Text::code(&self.sku.0).map_err(|e| errors.push(text_error("/sku", e)));
        if is_rounded(self.sku.0.trim()) {
            errors.push(FieldError::new("/sku", SKU_ROUNDED.0, SKU_ROUNDED.1));
        }
        let name = Text::parse(&self.name.0).map_err(|e| errors.push(text_error("/name", e)));
        let mut label = |text: &Option<Str<'_>>, chars_max, pointer| {
            optional(text.as_ref(), chars_max, pointer, &mut errors).map(Cow::into_owned)
        };
        let brand = label(&self.brand, LABEL_CHARS_MAX, "/brand");
        let category = label(&self.category, LABEL_CHARS_MAX, "/category");
        let unit = label(&self.unit, UNIT_CHARS_MAX, "/unit");
        let numbers = Numbers {
            price: Some(self.price_paise),
            mrp: Some(self.mrp_paise),
            max_per_order: self.max_per_order.unwrap_or(LINE_UNITS_MAX.into()),
        };
        let (price, mrp, max_per_order) =
            numbers.checked().unwrap_or_else(|(field, code, detail)| {
                errors.push(FieldError::new(format_args!("/{field}"), code, detail));
                (Paise(1), Paise(1), 1)
            });
        let mut categories = self.categories(&mut errors);
        let about = self.about(categories.split_off(categories.len().min(1)), &mut errors);
        let hsn = self.hsn.as_ref().map(|hsn| hsn.0.trim()).filter(|hsn| !hsn.is_empty());
        if hsn.is_some_and(|hsn| !is_hsn(hsn)) {
            errors.push(FieldError::new("/hsn", "HSN_INVALID", HSN_DETAIL));
        }
        let gst = self.gst(hsn, rates, day).unwrap_or_else(|(code, detail)| {
            errors.push(FieldError::new("/gst_percent", code, detail));
            Bps(0)
        });
        let (Ok(sku), Ok(name), true) = (sku, name, errors.is_empty()) else { return Err(errors) };
        let hsn = hsn.and_then(|hsn| Text::parse(hsn).ok());
        let unit = unit.and_then(|unit| Text::parse(&unit).ok());
        let item = Arc::new(Item { id, sku, name, unit, hsn, price, gst });
        let brand = brand.and_then(|brand| Text::parse(&brand).ok());
        let category = category.and_then(|category| Text::parse(&category).ok());
        let category = category.or(categories.pop());
        let is_active = self.active.unwrap_or(true);
        Ok(Product { store_id, item, brand, category, mrp, max_per_order, is_active, about })
    }

    fn categories(&self, errors: &mut Vec<FieldError>) -> Vec<Text<LABEL_CHARS_MAX>> {
        let mut categories = Vec::new();
        for (index, name) in self.categories.iter().flatten().enumerate() {
            match Text::parse(&name.0) {
                Ok(name) => categories.push(name),
                Err(error) => errors.push(text_error(&format!("/categories/{index}"), error)),
            }
        }
        let first = categories.first().map(|name: &Text<LABEL_CHARS_MAX>| &**name);
        let category = self.category.as_ref().map(|name| name.0.trim());
        if first.is_some() && category.is_some_and(|category| first != Some(category)) {
            let detail = "must be the first of categories, or be left out";
            errors.push(FieldError::new("/category", "OTHER_CATEGORY", detail));
        }
        categories
    }

    fn about(
        &self,
        subcategories: Vec<Text<LABEL_CHARS_MAX>>,
        errors: &mut Vec<FieldError>,
    ) -> About {
        let mut about = About { subcategories, ..About::default() };
        let description = self.description.as_ref().map(|text| &*text.0);
        match Text::parse_optional(description) {
            Ok(description) => about.description = description,
            Err(error) => errors.push(text_error("/description", error)),
        }
        match self.image_url.as_ref().map(|text| Text::code(&text.0)).transpose() {
            Ok(image_url) => about.image_url = image_url,
            Err(TextError::Empty) => (),
            Err(error) => errors.push(text_error("/image_url", error)),
        }
        match self.attributes.as_ref().map(|Unique(value)| attributes_of(value)) {
            Some(Some(attributes)) => about.attributes = attributes,
            Some(None) => {
                let detail = "must be an object of short texts by short names";
                errors.push(FieldError::new("/attributes", "ATTRIBUTES_INVALID", detail));
            }
            None => (),
        }
        if let Err((field, code, detail)) = check_about(&about) {
            errors.push(FieldError::new(format_args!("/{field}"), code, detail));
        }
        about
    }

    fn gst(
        &self,
        hsn: Option<&str>,
        rates: &GstTable,
        day: CalendarDay,
    ) -> Result<Bps, (&'static str, &'static str)> {
        let percent = self.gst_percent.as_ref().map(|percent| percent_of(&percent.to_string()));
        let given = percent.map(|bps| bps.ok_or(("GST_INVALID", GST_DETAIL))).transpose()?;
        rates.rate_of_new(given, hsn, day).ok_or(GST_MISSING)
    }
}

/// The attributes of a request; nothing if one of them is none.
fn attributes_of(value: &Value) -> Option<BTreeMap<Text<LABEL_CHARS_MAX>, Text<NAME_CHARS_MAX>>> {
    let attribute = |(name, value): (&String, &Value)| {
        let value = match value {
            // Barcodes stand here.
            Value::String(text) => Text::code(text),
            Value::Number(_) | Value::Bool(_) => Text::code(&value.to_string()),
            _ => return None,
        };
        Some((Text::parse(name).ok()?, value.ok()?))
    };
    value.as_object()?.iter().map(attribute).collect()
}

/// Checks what is said of a product beyond its texts' own rules.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn check_about(about: &About) -> Result<(), Wrong> {
    let is_web = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    if about.image_url.as_deref().is_some_and(|url| !is_web(url)) {
        return Err(("image_url", "IMAGE_URL_INVALID", "must begin with https:// or http://"));
    }
    if about.subcategories.len() > SUBCATEGORIES_MAX {
        return Err(("categories", "SUBCATEGORIES_TOO_MANY", "has too many levels"));
    }
    if about.attributes.len() > ATTRIBUTES_MAX {
        return Err(("attributes", "ATTRIBUTES_TOO_MANY", "has too many attributes"));
    }
    Ok(())
}

/// Code and sentence for a SKU that is no longer what it was.
pub(crate) const SKU_ROUNDED: (&str, &str) = (
    "SKU_ROUNDED",
    "a spreadsheet has rounded this SKU to a power of ten: format its column as text",
);

/// Returns true for what a spreadsheet makes of a long number, `8.90103E+12`: the digits that told
/// one product from another are gone.
pub(crate) fn is_rounded(sku: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let Some((mantissa, power)) = sku.split_once(['E', 'e']) else { return false };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let power = power.strip_prefix(['+', '-']);
    whole.len() == 1 && [whole, fraction].into_iter().all(is_digits) && power.is_some_and(is_digits)
}

/// The form of an HSN code, for people.
pub(crate) const HSN_DETAIL: &str = "must be an HSN code of four, six or eight digits";
/// The range of a GST rate, for people.
pub(crate) const GST_DETAIL: &str = "must be a percentage from 0 to 100 with at most two decimals";

/// Code and sentence for a product without a rate.
pub(crate) const GST_MISSING: (&str, &str) = (
    "GST_MISSING",
    "must be given, 0 for what is exempt, unless the table of rates has the HSN code",
);

/// True for 4, 6 or 8 digits.
pub(crate) fn is_hsn(text: &str) -> bool {
    matches!(text.len(), 4 | 6 | 8) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers of a product before they were checked against each other.
pub(crate) struct Numbers {
    /// Price in paise; `None` when it was no amount at all.
    pub price: Option<i64>,
    /// MRP in paise, if one is given.
    pub mrp: Option<i64>,
    /// Most units in one order.
    pub max_per_order: i64,
}

/// Field, code and sentence of what is wrong.
pub(crate) type Wrong = (&'static str, &'static str, &'static str);

impl Numbers {
    /// Price, MRP and the most units in one order.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub(crate) fn checked(&self) -> Result<(Paise, Paise, u32), Wrong> {
        let price = self.price.ok_or(("price_paise", "PRICE_INVALID", "must be an amount"))?;
        let max = self.max_per_order;
        if price < 0 {
            return Err(("price_paise", "PRICE_NEGATIVE", "must not be negative"));
        }
        match self.mrp {
            Some(0) => return Err(("mrp_paise", "MRP_NOT_POSITIVE", "must be above zero")),
            Some(..0) => return Err(("mrp_paise", "MRP_NEGATIVE", "must not be negative")),
            _ if price == 0 => {
                return Err(("price_paise", "PRICE_NOT_POSITIVE", "must be above zero"));
            }
            _ => (),
        }
        // Where no MRP is printed, the price is all that is known of it.
        let mrp = self.mrp.unwrap_or(price);
        if price > PRICE_PAISE_MAX {
            return Err(("price_paise", "PRICE_TOO_LARGE", "is larger than any price may be"));
        }
        if mrp > PRICE_PAISE_MAX {
            return Err(("mrp_paise", "MRP_TOO_LARGE", "is larger than any price may be"));
        }
        if price > mrp {
            return Err(("price_paise", "PRICE_ABOVE_MRP", "must not be above the printed MRP"));
        }
        match u32::try_from(max) {
            Ok(max @ 1..=LINE_UNITS_MAX) => Ok((Paise(price), Paise(mrp), max)),
            _ => Err(("max_per_order", "MAX_PER_ORDER_INVALID", "must be from 1 to 99")),
        }
    }
}
