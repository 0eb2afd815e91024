use super::*;

fn e7(lat: &str, lng: &str) -> Result<(i32, i32), PointError> {
    point_of(lat, lng).map(|at| (at.lat_e7(), at.lng_e7()))
}

#[test]
fn degrees_are_read_to_the_last_digit() {
    let cases = [
        ("0", 0),
        ("-0.0", 0),
        ("25.5222", 255_222_000),
        ("-25.5222", -255_222_000),
        ("12.9197565816", 129_197_566),
        ("0.00000005", 1),
        ("-0.00000005", -1),
        ("0.000000049999999999999999999999999999999999999999999999", 0),
        ("12.345678949999999999999999", 123_456_789),
        ("12.34567895", 123_456_790),
        ("1.3e1", 130_000_000),
        ("130E-1", 130_000_000),
        ("0.13e+2", 130_000_000),
        ("5e-8", 1),
        ("4e-8", 0),
        ("9e-99", 0),
        ("0e99", 0),
        ("90", 900_000_000),
    ];
    for (text, value) in cases {
        assert_eq!(e7(text, "0"), Ok((value, 0)), "{text}");
        assert_eq!(e7("0", text), Ok((0, value)), "{text}");
    }
    // The nearest float to it is below, and times ten millions it would be cut to 89.
    assert_eq!(e7("1.1", "77.5922689"), Ok((11_000_000, 775_922_689)));
}

#[test]
fn what_is_no_coordinate_is_refused() {
    let not_numbers = [
        "",
        "-",
        "+1",
        "1.",
        ".5",
        "01",
        "1e",
        "1e+",
        "1e100",
        "1e99999999999999999999",
        "NaN",
        "Infinity",
        "-Infinity",
        "\"1\"",
        "null",
        " 1",
        "1 ",
        "1,5",
        "0x1",
        "٣",
        "[1]",
    ];
    for text in not_numbers {
        assert_eq!(e7(text, "0"), Err(PointError::LatitudeNotNumber), "{text}");
        assert_eq!(e7("0", text), Err(PointError::LongitudeNotNumber), "{text}");
    }
    for far in ["90.0000001", "-90.00000005", "100", "1e99", "99999999999999999999999999"] {
        assert_eq!(e7(far, "0"), Err(PointError::LatitudeRange), "{far}");
    }
    for far in ["180.0000001", "-180.00000005", "1000", "-1e99"] {
        assert_eq!(e7("0", far), Err(PointError::LongitudeRange), "{far}");
    }
    assert_eq!(e7("90.00000004", "-180.00000004"), Ok((900_000_000, -1_800_000_000)));
    assert_eq!(e7("90.21", "25.52"), Err(PointError::Swapped));
    assert_eq!(e7("77.59", "12.97"), Err(PointError::Swapped));
    let field = PointError::LongitudeRange.field("/lat", "/lng");
    assert_eq!((&*field.pointer, field.code), ("#/lng", "OUT_OF_RANGE"));
}

#[test]
fn degrees_are_written_to_the_last_digit() {
    let cases = [
        (0, "0"),
        (1, "0.0000001"),
        (-1, "-0.0000001"),
        (255_222_000, "25.5222"),
        (-1_800_000_000, "-180"),
        (775_922_689, "77.5922689"),
    ];
    for (value, text) in cases {
        assert_eq!(Degrees(value).to_string(), text);
        assert_eq!(e7("0", text), Ok((0, value)), "and back");
    }
}
