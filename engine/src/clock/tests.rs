use super::*;

const NOON_MS: i64 = 1_735_689_600_000;
const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const GAP_MAX: Duration = Duration::from_hours(31 * 24);

fn start(last_ms: Option<i64>) -> (Arc<ManualClock>, StampClock, StartClock) {
    let machine = Arc::new(ManualClock::at(NOON_MS));
    let (clock, start) =
        StampClock::start(Arc::clone(&machine) as Arc<dyn Clock>, last_ms, GAP_MAX);
    (machine, clock, start)
}

#[test]
fn a_wall_clock_that_jumps_moves_no_stamp_and_is_shown() {
    let (machine, clock, _) = start(None);
    for jump_ms in [HOUR_MS, -HOUR_MS, 400 * DAY_MS, -900 * DAY_MS] {
        let before = clock.now_ms();
        machine.move_wall_ms(jump_ms);
        assert_eq!(clock.now_ms(), before);
        assert_eq!(clock.read().ahead_ms(), jump_ms);
        assert!(clock.read().is_off());
        machine.move_wall_ms(-jump_ms);
        assert!(!clock.read().is_off());
        machine.advance_ms(90_000);
        assert_eq!(clock.now_ms(), before + 90_000);
    }
}

#[test]
fn stamps_begin_at_the_last_record_when_the_wall_clock_says_2020() {
    let last_ms = NOON_MS + 6 * 365 * DAY_MS;
    let (machine, clock, start) = start(Some(last_ms));
    assert_eq!((clock.now_ms(), start.gap_ms, start.wall_ms), (last_ms, 0, NOON_MS));
    assert!(clock.read().is_off());
    machine.advance_ms(7);
    assert_eq!(clock.now_ms(), last_ms + 7);
}

#[test]
fn a_start_goes_a_month_past_the_last_record_at_the_most() {
    let at = |days: i64| {
        let (_, clock, start) = start(Some(NOON_MS - days * DAY_MS));
        (start.gap_ms / DAY_MS, clock.read().is_off())
    };
    assert_eq!(at(0), (0, false));
    assert_eq!(at(31), (31, false));
    assert_eq!(at(400), (31, true));
}

#[test]
fn a_clock_that_is_ahead_loses_a_hundredth_and_never_falls() {
    let (machine, clock, _) = start(None);
    machine.move_wall_ms(-60_000);
    let mut last = clock.now_ms();
    // A minute is lost in a hundred minutes.
    for _ in 0..=100 * 60 {
        machine.advance_ms(1_000);
        clock.watch();
        let now = clock.now_ms();
        assert!((990..=1_000).contains(&(now - last)), "{}", now - last);
        last = now;
    }
    assert_eq!(clock.read().ahead_ms(), 0);
}

#[test]
fn a_clock_that_is_behind_does_not_hurry() {
    let (machine, clock, _) = start(None);
    machine.move_wall_ms(HOUR_MS);
    machine.advance_ms(15 * 60_000);
    clock.watch();
    assert_eq!(clock.now_ms(), NOON_MS + 15 * 60_000);
}

#[test]
fn the_clock_of_this_machine_goes_on() {
    let before = SystemClock.elapsed_ms();
    assert!(before > 0 && SystemClock.elapsed_ms() >= before);
    assert!(SystemClock.wall_ms() > NOON_MS);
}
