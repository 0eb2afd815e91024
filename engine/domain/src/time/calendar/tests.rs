use super::*;
use proptest::prelude::*;

fn day(text: &str) -> CalendarDay {
    CalendarDay::parse(text).unwrap()
}

#[test]
fn every_day_of_three_centuries_follows_the_one_before_and_reads_back() {
    // A calendar of its own: months and leap years counted one by one.
    let lengths = |year: i32| {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    };
    let mut expected = day("1900-01-01");
    assert_eq!(expected, CalendarDay(-25_567));
    for year in 1900..=2200 {
        for (month, length) in (1..).zip(lengths(year)) {
            for of_month in 1..=length {
                assert_eq!(CalendarDay::new(year, month, of_month), Some(expected));
                let text = format!("{year}-{month:02}-{of_month:02}");
                assert_eq!(expected.to_string(), text);
                assert_eq!(CalendarDay::parse(&text), Some(expected));
                expected.0 += 1;
            }
            for beyond in length + 1..=32 {
                assert_eq!(CalendarDay::new(year, month, beyond), None, "{year}-{month}-{beyond}");
            }
        }
    }
    assert_eq!(expected.to_string(), "2201-01-01");
}

#[test]
fn a_day_that_is_not_written_in_full_is_not_read() {
    for text in [
        "",
        "2025-09-2",
        "2025-9-022",
        "2025/09/22",
        "25-09-22",
        "2025-13-01",
        "2025-00-01",
        "2025-01-00",
        "+025-01-01",
        "2025-01-1a",
        " 2025-01-01",
        "2025-01-011",
        "२025-1-1",
        "202é-1-01",
    ] {
        assert_eq!(CalendarDay::parse(text), None, "{text}");
    }
}

#[test]
fn the_day_changes_at_midnight_in_the_shop() {
    // 2025-09-22T00:00+05:30, when the rates changed.
    let midnight = 1_758_479_400_000;
    assert_eq!(CalendarDay::of(midnight - 1), day("2025-09-21"));
    assert_eq!(CalendarDay::of(midnight), day("2025-09-22"));
    assert_eq!(CalendarDay::of(midnight + DAY_MS - 1), day("2025-09-22"));
    assert_eq!(CalendarDay::of(i64::MAX), CalendarDay(i32::MAX));
    assert_eq!(CalendarDay::of(i64::MIN), CalendarDay(i32::MIN));
}

#[test]
fn a_financial_year_runs_from_april_to_march() {
    for (text, shown, first_year) in [
        ("2025-03-31", "2425", 2024),
        ("2025-04-01", "2526", 2025),
        ("2025-12-31", "2526", 2025),
        ("2026-01-01", "2526", 2025),
        ("2026-03-31", "2526", 2025),
        ("2026-04-01", "2627", 2026),
        ("2000-01-01", "9900", 1999),
        ("2099-06-01", "9900", 2099),
    ] {
        let year = FinancialYear::of_day(day(text));
        assert_eq!((year.to_string().as_str(), year.first_year()), (shown, first_year), "{text}");
    }
    // Half past midnight on the first of April in the shop; still March in Greenwich.
    assert_eq!(FinancialYear::of(1_774_983_600_000), FinancialYear::starting_in(2026));
}

proptest! {
    #[test]
    fn any_day_of_four_digits_reads_back(days in -719_468 + 306..2_932_896_i32) {
        let day = CalendarDay(days);
        prop_assert_eq!(CalendarDay::parse(&day.to_string()), Some(day));
    }

    #[test]
    fn no_moment_is_without_a_day_and_a_year(at_ms in any::<i64>()) {
        let year = FinancialYear::of(at_ms).to_string();
        prop_assert_eq!(year.len(), 4);
        prop_assert!(!CalendarDay::of(at_ms).to_string().is_empty());
    }
}
