use super::*;
use proptest::prelude::*;

#[test]
fn a_text_is_trimmed_and_within_its_rules_or_refused() {
    let long = "x".repeat(9);
    let cases: &[(&str, Result<&str, TextError>)] = &[
        ("milk", Ok("milk")),
        ("  milk \u{3000}", Ok("milk")),
        ("a b", Ok("a b")),
        ("दूध दूध", Ok("दूध दूध")),
        ("12345678", Ok("12345678")),
        (" 12345678 ", Ok("12345678")),
        (&long, Err(TextError::TooLong { max: 8 })),
        ("", Err(TextError::Empty)),
        (" \t\n ", Err(TextError::Empty)),
        ("a\nb", Err(TextError::Control)),
        ("a\0b", Err(TextError::Control)),
        ("a\u{85}b", Err(TextError::Control)),
        ("a\u{7f}b", Err(TextError::Control)),
    ];
    for (text, expected) in cases {
        let parsed = Text::<8>::parse(text);
        assert_eq!(parsed.as_deref(), expected.as_ref().map(|text| *text), "{text:?}");
    }
}

#[test]
fn texts_that_look_the_same_are_the_same() {
    let cases = [
        ("AB-1\u{200B}", "AB-1"),
        ("\u{FEFF}AB\u{AD}-\u{2060}1", "AB-1"),
        ("\u{202A}+91\u{202C}", "+91"),
        ("Cafe\u{301}", "Café"),
        ("Cafe\u{200B}\u{301}", "Café"),
        ("\u{958}लम", "क\u{93C}लम"),
        // A joiner that shapes a conjunct or an emoji is seen; one beside a Latin letter is not.
        ("क्\u{200D}ष", "क्\u{200D}ष"),
        ("a\u{200D}b", "ab"),
        ("\u{2764}\u{FE0F}\u{200D}\u{1F525}", "\u{2764}\u{FE0F}\u{200D}\u{1F525}"),
    ];
    for (text, expected) in cases {
        assert_eq!(Text::<40>::parse(text).as_deref(), Ok(expected), "{text:?}");
    }
    for blank in ["\u{200B}", " \u{2800}\u{3164} ", "\u{200D}", "\u{FE0F}", "\u{E0020}"] {
        assert_eq!(Text::<40>::parse(blank), Err(TextError::Empty), "{blank:?}");
    }
    assert_eq!(Text::<40>::parse("क\u{2028}ख"), Err(TextError::Control));
}

#[test]
fn a_text_of_an_earlier_release_stays_what_it_was() {
    for text in ["AB-1\u{200B}", "Cafe\u{301}", "\u{200B}"] {
        assert_eq!(Text::<8>::from_stored(text).as_deref(), Ok(text));
    }
    assert_eq!(Text::<8>::from_stored("a\u{7}"), Err(TextError::Control));
    assert_eq!(Text::<8>::from_stored(" "), Err(TextError::Empty));
}

#[test]
fn a_text_has_three_bytes_for_each_character_it_may_have() {
    assert!(Text::<8>::parse(&"क".repeat(8)).is_ok());
    assert!(Text::<8>::parse(&"😀".repeat(6)).is_ok());
    assert_eq!(Text::<8>::parse(&"😀".repeat(7)), Err(TextError::TooLong { max: 8 }));
    assert_eq!(Text::<8>::parse(&"क".repeat(9)), Err(TextError::TooLong { max: 8 }));
}

#[test]
fn an_optional_text_may_be_nothing_but_not_wrong() {
    assert_eq!(Text::<8>::parse_optional(None), Ok(None));
    assert_eq!(Text::<8>::parse_optional(Some("  ")), Ok(None));
    assert_eq!(Text::<8>::parse_optional(Some("a\nb")), Err(TextError::Control));
}

#[test]
fn phones_and_pin_codes_are_indian() {
    for phone in ["9876543210", "+919876543210", "6000000000"] {
        assert!(is_phone(phone), "{phone}");
    }
    for phone in [
        "",
        "5876543210",
        "987654321",
        "98765432100",
        "919876543210",
        "+91 9876543210",
        "९८७६५४३२१०",
    ] {
        assert!(!is_phone(phone), "{phone}");
    }
    assert!(is_pincode("794001"));
    for pin in ["", "094001", "79400", "7940011", "79400a", " 794001"] {
        assert!(!is_pincode(pin), "{pin}");
    }
}

proptest! {
    #[test]
    fn parsing_a_text_again_changes_nothing(text in any::<String>()) {
        if let Ok(parsed) = Text::<40>::parse(&text) {
            prop_assert!(parsed.chars().count() <= 40 && parsed.len() <= 120);
            prop_assert!(!parsed.is_empty() && !parsed.chars().any(char::is_control));
            prop_assert_eq!(Text::<40>::parse(&parsed), Ok(parsed));
        }
    }
}
