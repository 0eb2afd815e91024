//! Files with every kind of damage: what is refused, on which line, and what gets through.

use super::columns::{Columns, Field, Options};
use super::csv_rows::CsvRows;
use super::ndjson_rows::NdjsonRows;
use super::*;

/// The rows of a CSV file that comes in pieces of that size: `line name`, or `line CODE`.
fn csv_in_pieces(file: &[u8], size: usize) -> Vec<String> {
    let mut rows = CsvRows::new(Options::default());
    let mut out = Vec::new();
    let mut take = |rows: &mut CsvRows, end| {
        while let Some(row) = rows.next(end).unwrap() {
            out.push(shown(&row));
        }
    };
    for piece in file.chunks(size) {
        rows.push(piece);
        take(&mut rows, false);
    }
    take(&mut rows, true);
    out
}

fn shown(row: &Row) -> String {
    match &row.fields {
        Ok(fields) => format!("{} {}", row.line, fields.get(Field::Name).unwrap_or("-")),
        Err(error) => format!("{} {}", error.line, error.code),
    }
}

#[track_caller]
fn assert_rows(file: &[u8], expected: &[&str]) {
    for size in [1, 2, 7, 64, 100_000] {
        assert_eq!(csv_in_pieces(file, size), expected, "in pieces of {size}");
    }
}

#[test]
fn rows_are_named_by_their_first_physical_line() {
    let file = "name,price\r\nmilk,20\r\n\r\n\"two\nlines\",5\r\ncurd,30";
    assert_rows(file.as_bytes(), &["2 milk", "4 two\nlines", "6 curd"]);
}

#[test]
fn quotes_commas_and_a_byte_order_mark_are_read_as_rfc_4180_has_them() {
    let file = "\u{feff}name,price\n\"a, \"\"b\"\"\",1\n12\" pizza,2\n\"\",3\n";
    assert_rows(file.as_bytes(), &["2 a, \"b\"", "3 12\" pizza", "4 -"]);
    // A quoted head behind the mark, a head over two lines, and two marks.
    let file = "\u{feff}\u{feff}\"name\",\"price\"\nmilk,1\n";
    assert_rows(file.as_bytes(), &["2 milk"]);
    let file = "\u{feff}\"price\",\"name\n\"\n1,milk\n";
    assert_rows(file.as_bytes(), &["3 milk"]);
}

#[test]
fn a_carriage_return_alone_ends_a_line_where_it_ends_the_first() {
    assert_rows(b"name,price\rmilk,27\r\rcurd,30", &["2 milk", "4 curd"]);
    assert_rows(
        b"name,price\r\"two\rlines\",27\rcurd\rghee,1\r",
        &["2 two\rlines", "4 WRONG_COLUMN_COUNT", "5 ghee"],
    );
    assert_rows(b"name,price\r\"curd,30\rghee,40\r", &["2 QUOTE_UNCLOSED", "3 ghee"]);
    // In a file of other line ends it is a character of its cell.
    assert_rows(b"name,price\nmi\rlk,27\r\ncurd,30\n", &["2 mi\rlk", "3 curd"]);
}

#[test]
fn a_quote_that_is_never_closed_costs_one_line_only() {
    let file = "name,price\nmilk,20\n\"curd,30\nghee,40\nrice,50\n";
    assert_rows(file.as_bytes(), &["2 milk", "3 QUOTE_UNCLOSED", "4 ghee", "5 rice"]);
    // Closed by the quote of a later row, which is then not spoilt either.
    let file = "name,price\n\"curd,30\nghee,40\n\"rice\",50\noil,60\n";
    assert_rows(file.as_bytes(), &["2 QUOTE_MISPLACED", "3 ghee", "4 rice", "5 oil"]);
}

#[test]
fn a_row_of_another_length_or_encoding_is_refused_by_line() {
    let file = b"name,price\nmilk\ncurd,1,2\nb\xffd,3\nghee,40\ncut off,";
    assert_rows(
        file,
        &["2 WRONG_COLUMN_COUNT", "3 WRONG_COLUMN_COUNT", "4 NOT_UTF8", "5 ghee", "6 cut off"],
    );
}

#[test]
fn a_row_that_is_too_long_is_refused_without_being_kept() {
    let mut file = b"name,price\n".to_vec();
    file.extend(vec![b'x'; 3 * ROW_BYTES_MAX]);
    file.extend(b"\nmilk,20\n\"");
    file.extend(vec![b'y'; 2 * ROW_BYTES_MAX]);
    file.extend(b"\ncurd,30\n");
    let expected = ["2 ROW_TOO_LONG", "3 milk", "4 QUOTE_UNCLOSED", "5 curd"];
    for size in [1_000, ROW_BYTES_MAX, 1_000_000] {
        assert_eq!(csv_in_pieces(&file, size), expected, "in pieces of {size}");
    }
}

#[test]
fn columns_that_nobody_named_are_refused_by_name() {
    let header = |names: &str| names.split(',').map(str::to_owned).collect::<Vec<_>>();
    let of = |map, ignore, names| {
        Columns::of_header(Options::parse(map, ignore).unwrap(), &header(names)).is_ok()
    };
    let file = "index,product,sale_price,market_price,rating";
    let map = Some("name:product,price:sale_price,mrp:market_price");
    assert!(!of(None, None, file));
    assert!(!of(map, None, file));
    assert!(of(map, Some("index,rating"), file));
    assert!(of(map, Some("*"), file));
    assert!(!of(map, Some("*"), "product,sale_price"), "the map names a column that is not there");
    assert!(!of(None, None, "name,name,price"));
    assert!(!of(None, None, "name,price,price_paise"));
    assert!(!of(None, None, "name"));
    assert!(of(None, None, "name,price_paise"));
    for map in ["name", "nom:product", "name:a,name:b", "name:a,sku:a"] {
        assert!(Options::parse(Some(map), None).is_err(), "{map}");
    }
}

#[test]
fn objects_a_line_have_the_same_fields() {
    let mut rows = NdjsonRows::new(Columns::of_ndjson(Options::default()));
    rows.push(b"{\"name\":\"milk\",\"price_paise\":2000}\n\n{\"name\":\"curd\"\n[1]\n");
    rows.push(b"{\"naem\":\"ghee\"}\n{\"name\":[]}\n\xff\n{\"name\":\"oil\",\"brand\":null}");
    let mut out = Vec::new();
    while let Some(row) = rows.next(true) {
        out.push(shown(&row));
    }
    assert_eq!(
        out,
        [
            "1 milk",
            "3 NOT_AN_OBJECT",
            "4 NOT_AN_OBJECT",
            "5 FIELD_UNKNOWN",
            "6 WRONG_TYPE",
            "7 NOT_UTF8",
            "8 oil",
        ]
    );
}

#[test]
fn line_ends_byte_order_marks_and_members_that_stand_there_twice_are_read_in_objects_too() {
    let file = "\u{feff}\u{feff}{\"name\":\"milk\"}\r{\"name\":\"a\",\"price\":\"10\",\"price\":\"100\"}\r\n\
                {\"name\":\"b\",\"sku\":1.23e+23}\n\n{\"name\":\"oil\",\"sku\":\"7\"}";
    for size in [1, 2, 7, 100_000] {
        let mut rows = NdjsonRows::new(Columns::of_ndjson(Options::default()));
        let mut out = Vec::new();
        for piece in file.as_bytes().chunks(size) {
            rows.push(piece);
            out.extend(std::iter::from_fn(|| rows.next(false)).map(|row| shown(&row)));
        }
        out.extend(std::iter::from_fn(|| rows.next(true)).map(|row| shown(&row)));
        let expected = ["1 milk", "2 DUPLICATE_FIELD", "3 SKU_NOT_TEXT", "5 oil"];
        assert_eq!(out, expected, "in pieces of {size}");
    }
}

mod fields {
    use super::super::columns::{Field, Fields};
    use super::super::row::{Known, Parser, Rates};
    use kirana_domain::{
        About, Bps, CalendarDay, GstRate, GstTable, NewProduct, Paise, ProductId, StoreId, Text,
    };
    use uuid::Uuid;

    const STORE: StoreId = StoreId(Uuid::from_u128(7));

    fn parser() -> Parser {
        parser_with(None)
    }

    /// A parser that knows the rate of butter, and this one for all that it does not know.
    fn parser_with(default: Option<Bps>) -> Parser {
        let (mut table, day) = (GstTable::default(), CalendarDay(20_353));
        let hsn = Text::parse("0405").unwrap();
        table.set(&[GstRate { hsn, from: day, rate: Bps(500) }]);
        let about = About { description: Some(Text::parse("Old").unwrap()), ..About::default() };
        let known = Known { id: ProductId(Uuid::from_u128(99)), is_active: false, about };
        let known = [("OLD".to_owned(), known)];
        Parser::of(STORE, Rates { table, day, default }, known.into())
    }

    fn row(fields: &[(Field, &str)]) -> Fields {
        let mut row = Fields::default();
        let given = |field| fields.iter().any(|(known, _)| *known == field);
        for (field, text) in
            [(Field::Name, "Milk"), (Field::Price, "27.50"), (Field::GstPercent, "0")]
        {
            if !given(field) {
                row.set(field, text.to_owned());
            }
        }
        for (field, text) in fields {
            row.set(*field, (*text).to_owned());
        }
        row
    }

    fn parse(fields: &[(Field, &str)]) -> Result<NewProduct, &'static str> {
        let parsed = parser().product(2, &row(fields));
        parsed.map(|(new, _)| new).map_err(|error| error.code)
    }

    #[test]
    fn a_row_becomes_a_product_with_what_it_says_and_defaults_for_the_rest() {
        let new = parse(&[
            (Field::Name, " Peanut Butter \r\nCreamy "),
            (Field::Brand, "Nut  Co"),
            (Field::Mrp, "30"),
            (Field::GstPercent, "5 %"),
            (Field::Stock, "12"),
        ])
        .unwrap();
        let product = new.product;
        assert_eq!(&*product.name, "Peanut Butter Creamy");
        assert_eq!(&*product.sku, "nut-co-peanut-butter-creamy");
        assert_eq!(product.id, ProductId::of_sku(STORE, &product.sku));
        assert_eq!((product.price, product.mrp), (Paise(2_750), Paise(3_000)));
        assert_eq!((product.gst.0, product.max_per_order, new.opening_units), (500, 99, 12));
        assert_eq!(parse(&[]).unwrap().product.mrp, Paise(2_750));
        let known = parse(&[(Field::Sku, "OLD")]).unwrap();
        assert_eq!(known.product.id, ProductId(Uuid::from_u128(99)));
    }

    #[test]
    fn a_row_without_a_rate_has_that_of_its_code_or_the_one_that_the_sender_says() {
        let gst = |default, fields: &[(Field, &str)]| {
            let parsed = parser_with(default).product(2, &row(fields));
            parsed.map(|(new, _)| new.product.gst).map_err(|error| error.code)
        };
        let (none, butter) = ((Field::GstPercent, ""), (Field::Hsn, "04051000"));
        assert_eq!(gst(None, &[none, butter]), Ok(Bps(500)));
        assert_eq!(gst(Some(Bps(1_800)), &[none, butter]), Ok(Bps(500)));
        assert_eq!(gst(Some(Bps(1_800)), &[none]), Ok(Bps(1_800)));
        assert_eq!(gst(Some(Bps(1_800)), &[(Field::GstPercent, "0")]), Ok(Bps(0)));
        assert_eq!(gst(None, &[none]), Err("GST_MISSING"));
    }

    #[test]
    fn every_way_to_be_wrong_has_its_own_code() {
        use Field as F;
        for (fields, code) in [
            (&[(F::Name, " ")][..], "NAME_MISSING"),
            (&[(F::Name, "a\u{7}b")], "NAME_INVALID"),
            (&[(F::Name, "\u{200B}")], "NAME_MISSING"),
            (&[(F::Sku, "8.90103E+12")], "SKU_ROUNDED"),
            (&[(F::Sku, "8e-12")], "SKU_ROUNDED"),
            (&[(F::Name, &"n".repeat(201))], "NAME_INVALID"),
            (&[(F::Brand, &"b".repeat(121))], "BRAND_INVALID"),
            (&[(F::Unit, &"u".repeat(33))], "UNIT_INVALID"),
            (&[(F::Sku, &"s".repeat(65))], "SKU_INVALID"),
            (&[(F::Price, "")], "PRICE_INVALID"),
            (&[(F::Price, "free")], "PRICE_INVALID"),
            (&[(F::Price, "-5.00")], "PRICE_NEGATIVE"),
            (&[(F::Price, "0")], "PRICE_NOT_POSITIVE"),
            (&[(F::Price, "1.005")], "PRICE_NOT_PAISE"),
            (&[(F::Price, "99999999999")], "PRICE_TOO_LARGE"),
            (&[(F::Price, "99999999999999999999999")], "PRICE_TOO_LARGE"),
            (&[(F::Price, "20"), (F::PricePaise, "2000")], "PRICE_INVALID"),
            (&[(F::Mrp, "27.49")], "PRICE_ABOVE_MRP"),
            (&[(F::MrpPaise, "0")], "MRP_NOT_POSITIVE"),
            (&[(F::MrpPaise, "27.5")], "MRP_INVALID"),
            (&[(F::MrpPaise, "-1")], "MRP_NEGATIVE"),
            (&[(F::Hsn, "12345")], "HSN_INVALID"),
            (&[(F::GstPercent, "101")], "GST_INVALID"),
            (&[(F::GstPercent, "")], "GST_MISSING"),
            (&[(F::GstPercent, ""), (F::Hsn, "22021010")], "GST_MISSING"),
            (&[(F::MaxPerOrder, "100")], "MAX_PER_ORDER_INVALID"),
            (&[(F::MaxPerOrder, "few")], "MAX_PER_ORDER_INVALID"),
            (&[(F::Stock, "-1")], "STOCK_INVALID"),
            (&[(F::Stock, "1.5")], "STOCK_INVALID"),
            (&[(F::Active, "perhaps")], "ACTIVE_INVALID"),
            (&[(F::ImageUrl, "javascript:alert(1)")], "IMAGE_URL_INVALID"),
            (&[(F::Subcategory, "a>b>c>d>e")], "SUBCATEGORIES_TOO_MANY"),
            (&[(F::ProductId, "7")], "PRODUCT_ID_INVALID"),
            (
                &[(F::Sku, "OLD"), (F::ProductId, "00000000-0000-0000-0000-000000000001")],
                "SKU_TAKEN",
            ),
        ] {
            assert_eq!(parse(fields).err(), Some(code), "{fields:?}");
        }
    }

    #[test]
    fn a_file_says_what_it_has_columns_for_and_leaves_the_rest_as_it_is() {
        let price_list = parse(&[(Field::Sku, "OLD")]).unwrap().product;
        assert_eq!(
            (price_list.is_active, price_list.about.description.as_deref()),
            (false, Some("Old"))
        );
        let mut fields = row(&[
            (Field::Sku, "OLD"),
            (Field::Active, "TRUE"),
            (Field::Description, ""),
            (Field::Subcategory, "Milk > Toned"),
            (Field::ImageUrl, "https://img.example/1.webp"),
        ]);
        fields.attributes.insert("fat".to_owned(), "3 %".to_owned());
        let product = parser().product(2, &fields).unwrap().0.product;
        assert!(product.is_active && product.about.description.is_none());
        assert_eq!(product.about.subcategories.len(), 2);
        assert_eq!(product.about.attributes[&Text::parse("fat").unwrap()].as_ref() as &str, "3 %");
        let withdrawn = parse(&[(Field::Active, "false")]).unwrap().product;
        assert!(!withdrawn.is_active);
    }

    #[test]
    fn a_control_character_where_no_text_is_needed_is_dropped_with_a_note() {
        let fields = row(&[(Field::Brand, "Am\u{9d}ul"), (Field::Unit, "500\u{7} g")]);
        let (new, note) = parser().product(2, &fields).unwrap();
        let product = new.product;
        assert_eq!(
            (product.brand.as_deref(), product.unit.as_deref()),
            (Some("Amul"), Some("500 g"))
        );
        assert_eq!(note.map(|note| (note.line, note.code)), Some((2, "CONTROLS_DROPPED")));
        assert!(parser().product(2, &row(&[])).unwrap().1.is_none());
    }

    #[test]
    fn a_sku_with_a_character_that_nobody_sees_is_the_sku_without_it() {
        let known = parse(&[(Field::Sku, "OLD\u{200B}")]).unwrap();
        assert_eq!(known.product.id, ProductId(Uuid::from_u128(99)));
        assert!(parse(&[(Field::Sku, "12E4")]).is_ok(), "no spreadsheet writes that");
    }

    #[test]
    fn a_repeated_product_names_the_line_that_had_it_first() {
        let mut parser = parser();
        parser.product(2, &row(&[])).unwrap();
        parser.product(3, &row(&[(Field::Name, "Curd")])).unwrap();
        let error = parser.product(9, &row(&[(Field::Name, " milk ")])).unwrap_err();
        assert_eq!((error.line, error.code, error.first_line), (9, "DUPLICATE_ROW", Some(2)));
        // A row that was refused does not count as the first.
        parser.product(10, &row(&[(Field::Name, "Ghee"), (Field::Price, "0")])).unwrap_err();
        parser.product(11, &row(&[(Field::Name, "Ghee")])).unwrap();
    }

    #[test]
    fn derived_skus_are_bounded_and_keep_other_scripts_apart() {
        let sku = |name: &str| parse(&[(Field::Name, name)]).unwrap().product.sku.clone();
        let long = sku(&format!("{} one", "word ".repeat(30)));
        assert!(long.len() <= 64 && long != sku(&format!("{} two", "word ".repeat(30))));
        assert_ne!(sku("दूध"), sku("दही"));
        assert!(sku("!!!").len() > 1);
    }
}
