//! The columns of a file as fields of a product.
//!
//! A column that has a field's own name is that field. Others are named in `map`, or left out by
//! name in `ignore`: a column that nobody named is refused, because it may be the price.

use crate::http::json::products::GST_DETAIL;
use crate::http::json::stores::percent_of;
use crate::http::problem::{FieldError, Problem, table};
use kirana_domain::Bps;
use std::collections::{BTreeMap, BTreeSet};

macro_rules! fields {
    ($($name:ident $text:literal)*) => {
        /// A field of a product, as a file has it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the names say it")]
        pub(crate) enum Field { $($name),* }
        /// All of them with their names in a file.
        const FIELDS: &[(Field, &str)] = &[$((Field::$name, $text)),*];
    };
}

fields! {
    Sku "sku" Name "name" Brand "brand" Category "category" Unit "unit"
    Price "price" PricePaise "price_paise" Mrp "mrp" MrpPaise "mrp_paise"
    Hsn "hsn" GstPercent "gst_percent" MaxPerOrder "max_per_order" Stock "stock"
    ProductId "product_id" Active "active" Description "description" ImageUrl "image_url"
    Subcategory "subcategory"
}

/// The text in front of the name of an attribute.
const ATTRIBUTE: &str = "attributes.";

/// The meaning of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A field of a product.
    Field(Field),
    /// An attribute of the shop's own: `attributes.colour`.
    Attribute(String),
}

/// The fields of one row, as text.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    texts: [Option<String>; FIELDS.len()],
    /// Attributes by name.
    pub attributes: BTreeMap<String, String>,
}

impl Fields {
    /// The text of a field without white space around it; `None` when there is nothing.
    pub(crate) fn get(&self, field: Field) -> Option<&str> {
        self.texts[field as usize].as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// Returns true if the row has the field, be it empty.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.texts[field as usize].is_some()
    }

    /// Sets the text of a field.
    pub(crate) fn set(&mut self, field: Field, text: String) {
        self.texts[field as usize] = Some(text);
    }

    /// Sets the text of what a column means.
    pub(crate) fn put(&mut self, meaning: &Meaning, text: String) {
        match meaning {
            Meaning::Field(field) => self.set(*field, text),
            Meaning::Attribute(name) => _ = self.attributes.insert(name.clone(), text),
        }
    }
}

/// The sender's choices about columns, and about what they do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// From the file's column to our field.
    map: BTreeMap<String, Meaning>,
    /// Columns to leave out.
    ignore: BTreeSet<String>,
    /// `ignore=*`: leave out all that have no name here.
    ignore_others: bool,
    /// The rate of GST of rows that neither say one nor have a code that the table knows.
    pub(crate) default_gst: Option<Bps>,
}

impl Options {
    /// Parses `map=field:column,…` and `ignore=column,…` (or `ignore=*`).
    ///
    /// # Errors
    /// [`table::QUERY_INVALID`] names the parameter.
    pub(crate) fn parse(map: Option<&str>, ignore: Option<&str>) -> Result<Self, Problem> {
        let refuse = |detail| Problem::query("map", detail);
        let mut options = Self::default();
        let pairs = map.unwrap_or_default().split(',').filter(|pair| !pair.trim().is_empty());
        for pair in pairs {
            let (field, column) =
                pair.split_once(':').ok_or_else(|| refuse("must be field:column, and so on"))?;
            let field = meaning_of(field.trim()).ok_or_else(|| refuse("names an unknown field"))?;
            if options.map.values().any(|known| *known == field) {
                return Err(refuse("maps one field twice"));
            }
            if options.map.insert(column.trim().to_owned(), field).is_some() {
                return Err(refuse("maps one column twice"));
            }
        }
        for column in ignore.unwrap_or_default().split(',').map(str::trim) {
            match column {
                "" => (),
                "*" => options.ignore_others = true,
                column => _ = options.ignore.insert(column.to_owned()),
            }
        }
        Ok(options)
    }

    /// Parses `default_gst_percent=18`.
    ///
    /// # Errors
    /// [`table::QUERY_INVALID`] names the parameter.
    pub(crate) fn with_default_gst(self, percent: Option<&str>) -> Result<Self, Problem> {
        let refuse = || Problem::query("default_gst_percent", GST_DETAIL);
        let parse = |text| percent_of(text).ok_or_else(refuse);
        Ok(Self { default_gst: percent.map(parse).transpose()?, ..self })
    }

    /// Returns the field of a column; `None` for one that is left out.
    fn meaning(&self, column: &str) -> Result<Option<Meaning>, &'static str> {
        if let Some(meaning) = self.map.get(column) {
            return Ok(Some(meaning.clone()));
        }
        if self.ignore.contains(column) {
            return Ok(None);
        }
        match meaning_of(column) {
            // The map has given this field to another column.
            Some(field) if self.map.values().any(|mapped| *mapped == field) => {
                Err("another column is mapped to this field: ignore this one by name")
            }
            Some(field) => Ok(Some(field)),
            None if self.ignore_others => Ok(None),
            None => Err("this column is not known: map it or ignore it by name"),
        }
    }
}

fn meaning_of(name: &str) -> Option<Meaning> {
    if let Some(attribute) = name.strip_prefix(ATTRIBUTE) {
        return Some(Meaning::Attribute(attribute.to_owned()));
    }
    let field = FIELDS.iter().find(|(_, known)| *known == name);
    field.map(|(field, _)| Meaning::Field(*field))
}

/// The columns of one file.
#[derive(Debug)]
pub(crate) struct Columns {
    options: Options,
    by_index: Vec<Option<Meaning>>,
}

impl Columns {
    /// For objects that name their fields themselves.
    pub(crate) fn of_ndjson(options: Options) -> Self {
        Self { options, by_index: Vec::new() }
    }

    /// From the first row of a CSV file.
    ///
    /// # Errors
    /// [`table::COLUMNS_INVALID`] names every column that is unknown, missing or there twice.
    pub(crate) fn of_header(options: Options, header: &[String]) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut refuse = |column: &str, code, detail| {
            errors.push(FieldError::new(format_args!("/{}", shown(column)), code, detail));
        };
        let mut by_index = Vec::new();
        let mut seen = BTreeSet::new();
        for column in header.iter().map(|column| column.trim()) {
            if !seen.insert(column) {
                refuse(column, "COLUMN_TWICE", "this column stands there twice");
            }
            by_index.push(options.meaning(column).unwrap_or_else(|detail| {
                refuse(column, "COLUMN_UNKNOWN", detail);
                None
            }));
        }
        for column in options.map.keys().filter(|column| !seen.contains(column.as_str())) {
            refuse(column, "COLUMN_MISSING", "the map names this column, and the file lacks it");
        }
        let has = |field| by_index.contains(&Some(Meaning::Field(field)));
        if !has(Field::Name) {
            refuse("name", "COLUMN_MISSING", "a product needs a name");
        }
        if !has(Field::Price) && !has(Field::PricePaise) {
            refuse("price", "COLUMN_MISSING", "a product needs price or price_paise");
        }
        for (rupees, paise, name) in
            [(Field::Price, Field::PricePaise, "price"), (Field::Mrp, Field::MrpPaise, "mrp")]
        {
            if has(rupees) && has(paise) {
                refuse(name, "COLUMN_TWICE", "give it in rupees or in paise, not both");
            }
        }
        if errors.is_empty() {
            Ok(Self { options, by_index })
        } else {
            Err(Problem::new(&table::COLUMNS_INVALID).errors(errors))
        }
    }

    /// Returns the number of columns of a row.
    pub(crate) fn count(&self) -> usize {
        self.by_index.len()
    }

    /// The fields of a CSV row.
    pub(crate) fn fields(&self, cells: Vec<String>) -> Fields {
        let mut fields = Fields::default();
        for (meaning, text) in self.by_index.iter().zip(cells) {
            if let Some(meaning) = meaning {
                fields.put(meaning, text);
            }
        }
        fields
    }

    /// The meaning of a name in an object.
    ///
    /// # Errors
    /// A sentence for a name that is not known.
    pub(crate) fn meaning(&self, name: &str) -> Result<Option<Meaning>, &'static str> {
        self.options.meaning(name)
    }
}

/// A column's name as a pointer shows it: short, and printable ASCII.
fn shown(column: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && c != '/' && c != '~' { c } else { '_' };
    column.chars().take(64).map(plain).collect()
}
