use super::*;
use crate::samples::text;
use proptest::prelude::*;

fn day(text: &str) -> CalendarDay {
    CalendarDay::parse(text).unwrap()
}

fn rate(hsn: &str, from: &str, bps: u16) -> GstRate {
    GstRate { hsn: text(hsn), from: day(from), rate: Bps(bps) }
}

/// What changed for a grocer on 2025-09-22, in a few lines.
fn table() -> GstTable {
    let mut table = GstTable::default();
    table.set(&[
        rate("04", "2017-07-01", 1_200),
        rate("0401", "2017-07-01", 500),
        rate("040120", "2025-09-22", 0),
        rate("0405", "2025-09-22", 500),
        rate("2202", "2017-07-01", 2_800),
        rate("2202", "2025-09-22", 4_000),
        rate("22029920", "2025-09-22", 500),
    ]);
    table
}

fn digest(table: &GstTable) -> crate::Digest {
    let mut digester = Digester::default();
    table.write_to(&mut digester);
    digester.finish()
}

#[test]
fn the_longest_code_with_a_rate_in_force_wins() {
    let table = table();
    for (hsn, on, expected) in [
        // UHT milk: five per cent until the day before, nothing from then on.
        ("04012000", "2025-09-21", Some(500)),
        ("04012000", "2025-09-22", Some(0)),
        ("040120", "2030-01-01", Some(0)),
        ("04011000", "2025-09-22", Some(500)),
        ("0401", "2025-09-22", Some(500)),
        // Butter fell back to its chapter before it had a line of its own.
        ("0405", "2025-09-21", Some(1_200)),
        ("04051000", "2025-09-22", Some(500)),
        ("22021010", "2025-09-21", Some(2_800)),
        ("22021010", "2025-09-22", Some(4_000)),
        ("22029920", "2025-09-21", Some(2_800)),
        ("22029920", "2025-09-22", Some(500)),
        // Before there was a GST, and what is not in the table.
        ("2202", "2017-06-30", None),
        ("1905", "2025-09-22", None),
        ("", "2025-09-22", None),
        ("0", "2025-09-22", None),
        ("04x", "2025-09-22", None),
        ("०४०१", "2025-09-22", None),
        // Five digits are a heading and something.
        ("04019", "2025-09-22", Some(500)),
    ] {
        assert_eq!(table.rate(Some(hsn), day(on)), expected.map(Bps), "{hsn} on {on}");
    }
    assert_eq!(table.rate(None, day("2025-09-22")), None);
}

#[test]
fn a_rate_for_the_same_code_and_day_replaces_the_one_before() {
    let mut table = table();
    let (before, count) = (digest(&table), table.len());
    table.set(&[rate("0405", "2025-09-22", 1_800)]);
    assert_eq!(table.rate(Some("0405"), day("2025-09-22")), Some(Bps(1_800)));
    assert_eq!(table.len(), count);
    assert_ne!(digest(&table), before);
    table.set(&[rate("0405", "2025-09-22", 500)]);
    assert_eq!(digest(&table), before);
}

#[test]
fn rates_that_break_a_rule_are_refused_by_their_place() {
    let table = table();
    let good = rate("1905", "2025-09-22", 10_000);
    assert_eq!(table.validate(&[]), Ok(()));
    assert_eq!(table.validate(std::slice::from_ref(&good)), Ok(()));
    for hsn in ["0", "040", "04012", "0401200", "04x1", "०४", "04-1"] {
        let rates = [good.clone(), rate(hsn, "2025-09-22", 500)];
        assert_eq!(table.validate(&rates), Err(GstIssue::HsnInvalid { at: 1 }), "{hsn}");
    }
    let rates = [good.clone(), good.clone(), rate("1905", "2025-09-23", 10_001)];
    assert_eq!(table.validate(&rates), Err(GstIssue::RateTooHigh { at: 2 }));
}

#[test]
fn a_table_takes_as_many_rates_as_it_may_have_and_none_more() {
    let many = |count: usize| -> Vec<GstRate> {
        (0..count).map(|n| rate(&format!("{n:04}"), "2025-09-22", 500)).collect()
    };
    let mut table = GstTable::default();
    assert_eq!(table.validate(&many(GST_RATES_MAX + 1)), Err(GstIssue::TooMany));
    assert_eq!(table.validate(&many(GST_RATES_MAX)), Ok(()));
    table.set(&many(GST_RATES_MAX));
    // Full: what replaces is welcome, what adds is not.
    assert_eq!(table.validate(&many(10)), Ok(()));
    assert_eq!(table.validate(&[rate("9968", "2025-09-22", 1_800)]), Err(GstIssue::TooMany));
}

#[test]
fn rates_are_listed_by_code_and_day_and_make_the_same_table() {
    let table = table();
    let listed: Vec<GstRate> = table.rates().collect();
    assert_eq!(listed.len(), 7);
    assert_eq!((&*listed[0].hsn, &*listed[6].hsn), ("04", "22029920"));
    let mut again = GstTable::default();
    again.set(&listed);
    assert_eq!(again, table);
    assert_eq!(digest(&again), digest(&table));
}

proptest! {
    /// Against the rule as it is said: of all rates whose digits begin the code and that have
    /// begun, the one with the most digits, and of those the latest.
    #[test]
    fn a_table_answers_as_the_rule_is_said(
        rates in prop::collection::vec((0..30_u32, 0..4_usize, 0..6_i32, 0..=10_000_u16), 0..40),
        asked in 0..30_u32,
        on in -1..7_i32,
    ) {
        let code = |n: u32, digits: usize| format!("{:08}", n * 1_030_507)[..digits].to_owned();
        let rates: Vec<GstRate> = rates
            .into_iter()
            .map(|(n, digits, from, bps)| GstRate {
                hsn: text(&code(n, DIGITS[digits])),
                from: CalendarDay(from),
                rate: Bps(bps),
            })
            .collect();
        let mut table = GstTable::default();
        prop_assert_eq!(table.validate(&rates), Ok(()));
        rates.chunks(3).for_each(|some| table.set(some));
        let asked = code(asked, 8);
        let in_force = rates.iter().enumerate().filter(|(_, rate)| {
            asked.starts_with(&*rate.hsn) && rate.from <= CalendarDay(on)
        });
        let expected = in_force.max_by_key(|(at, rate)| (rate.hsn.len(), rate.from, *at));
        prop_assert_eq!(
            table.rate(Some(&asked), CalendarDay(on)),
            expected.map(|(_, rate)| rate.rate)
        );
    }
}

#[test]
fn a_product_has_the_rate_it_is_given_or_that_of_its_code_and_is_never_exempt_in_silence() {
    let mut table = GstTable::default();
    let hsn = Text::parse("0405").unwrap();
    table.set(&[GstRate { hsn, from: CalendarDay(20_353), rate: Bps(500) }]);
    let rate = |given, hsn, day| table.rate_of_new(given, hsn, CalendarDay(day));
    assert_eq!(rate(Some(Bps(1_800)), Some("04051000"), 20_353), Some(Bps(1_800)));
    assert_eq!(rate(Some(Bps(0)), None, 20_353), Some(Bps(0)), "exempt, because somebody said so");
    assert_eq!(rate(None, Some("04051000"), 20_353), Some(Bps(500)));
    assert_eq!(rate(None, Some("04051000"), 20_352), None, "the rate is not in force yet");
    assert_eq!(rate(None, Some("2202"), 20_353), None);
    assert_eq!(rate(None, None, 20_353), None);
}
