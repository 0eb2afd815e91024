//! Time in the domain: milliseconds that came in with a command, and the shop's wall clock.
//!
//! The domain reads no clock: each time comes in from outside, so a replay decides the same again.

mod calendar;
mod log_time;

pub use calendar::{CalendarDay, FinancialYear};
pub use log_time::{LogTime, Skip, StartClock, first_stamp};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type AtMs = i64;

/// A time of day in minutes after midnight, 0 to 1,440 (24:00), in the shop's own time
/// (Asia/Kolkata, UTC+05:30, no daylight saving).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MinuteOfDay(u16);

impl MinuteOfDay {
    /// Returns the time that many minutes after midnight; `None` past 24:00.
    pub fn new(minutes: u16) -> Option<Self> {
        (minutes <= 24 * 60).then_some(Self(minutes))
    }

    /// Returns the time of day in India at a moment, from 00:00 to 23:59.
    pub fn of(at_ms: AtMs) -> Self {
        let minute = (at_ms + calendar::KOLKATA_AHEAD_MS).rem_euclid(calendar::DAY_MS) / 60_000;
        assert!((0..24 * 60).contains(&minute), "24:00 is the next day's 00:00");
        Self(u16::try_from(minute).expect("a minute of the day"))
    }

    /// Parses `HH:MM` (ISO 8601, extended format); `None` for anything else.
    ///
    /// ```
    /// use kirana_domain::time::MinuteOfDay;
    /// assert_eq!(MinuteOfDay::parse("08:30"), MinuteOfDay::new(510));
    /// assert_eq!(MinuteOfDay::parse("8:30"), None);
    /// assert_eq!(MinuteOfDay::parse("24:01"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        if !two(hours) || !two(minutes) {
            return None;
        }
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (minutes < 60).then(|| Self::new(hours * 60 + minutes))?
    }

    /// Returns the minutes after midnight.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}
