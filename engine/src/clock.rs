//! Time: what the machine's clocks say, and the one clock of the engine that follows from them.
//!
//! The engine reads [`StampClock`] once for each decision and records the time. It is elapsed time
//! added to a start time that was checked against the last record, so a wall clock that jumps moves
//! no deadline. `engine/ARCHITECTURE.md` says what is done about a wall clock that is wrong.

use kirana_domain::time::{AtMs, StartClock, first_stamp};
use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clocks of a machine.
pub trait Clock: Send + Sync + 'static {
    /// Returns the milliseconds since 1970-01-01T00:00:00Z, as people set them: they may jump.
    fn wall_ms(&self) -> i64;

    /// Returns the milliseconds since some moment: they never fall, and grow as time does.
    fn elapsed_ms(&self) -> i64;
}

/// The clocks of this machine. Elapsed time goes on while it is suspended (`CLOCK_BOOTTIME`); the
/// time in which a virtual machine is paused from outside is no time to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        }
    }

    fn elapsed_ms(&self) -> i64 {
        let since_boot = clock_gettime(ClockId::Boottime);
        since_boot.tv_sec * 1_000 + since_boot.tv_nsec / 1_000_000
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Clocks that a test moves by hand.
#[derive(Debug)]
pub struct ManualClock {
    elapsed_ms: AtomicI64,
    wall_ms: AtomicI64,
}

impl ManualClock {
    /// Returns clocks whose wall clock stands at `now_ms`.
    pub fn at(now_ms: i64) -> Self {
        Self { elapsed_ms: AtomicI64::new(0), wall_ms: AtomicI64::new(now_ms) }
    }

    /// Lets time go by: on all clocks.
    pub fn advance_ms(&self, ms: i64) {
        self.elapsed_ms.fetch_add(ms, Ordering::SeqCst);
        self.move_wall_ms(ms);
    }

    /// Moves the wall clock alone, forth or back.
    pub fn move_wall_ms(&self, ms: i64) {
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall_ms(&self) -> i64 {
        self.wall_ms.load(Ordering::SeqCst)
    }

    fn elapsed_ms(&self) -> i64 {
        self.elapsed_ms.load(Ordering::SeqCst)
    }
}

/// Difference of the wall clock from the engine's that is an alarm, in milliseconds, when greater.
const OFF_MAX_MS: i64 = 5_000;

/// Time in which a clock that is ahead of the wall clock loses a millisecond: deadlines are at most
/// a hundredth later than promised, and never earlier.
const MS_PER_MS_LOST: i64 = 100;

/// Time between two looks at the wall clock, in milliseconds.
const LOOK_MS: i64 = 1_000;

/// The readings of the clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The engine's clock, in milliseconds since 1970.
    pub engine_ms: AtMs,
    /// The wall clock.
    pub wall_ms: AtMs,
}

impl ClockReading {
    /// Returns how far the wall clock is ahead of the engine's, in milliseconds; negative behind
    /// it.
    pub fn ahead_ms(&self) -> i64 {
        self.wall_ms.saturating_sub(self.engine_ms)
    }

    /// Returns true when the wall clock is wrong, or was when the engine started.
    pub fn is_off(&self) -> bool {
        self.ahead_ms().saturating_abs() > OFF_MAX_MS
    }
}

/// The clock of the engine: stamps that never fall, and that grow as time does.
pub(crate) struct StampClock {
    machine: Arc<dyn Clock>,
    /// The offset that is added to elapsed time.
    shift_ms: AtomicI64,
    /// The latest stamp.
    latest_ms: AtomicI64,
    look: Mutex<Look>,
}

/// The last look at the wall clock.
struct Look {
    elapsed_ms: i64,
    was_off: bool,
}

impl StampClock {
    /// Starts the clock of an engine whose log ends with a record of `last_ms`, at most `gap_max`
    /// after that. Says so when the wall clock is not where it was expected.
    pub(crate) fn start(
        machine: Arc<dyn Clock>,
        last_ms: Option<AtMs>,
        gap_max: Duration,
    ) -> (Self, StartClock) {
        let (elapsed_ms, wall_ms) = (machine.elapsed_ms(), machine.wall_ms());
        let first_ms = first_stamp(wall_ms, last_ms, millis(gap_max));
        let start = StartClock { wall_ms, gap_ms: last_ms.map_or(0, |last| first_ms - last) };
        if wall_ms > first_ms {
            count_alarm("start_far_ahead");
            tracing::error!(
                wall_ms,
                engine_ms = first_ms,
                last_record_ms = last_ms,
                "the wall clock is so far ahead of the last record that the start does not follow \
                 it; if it is right, start once with a greater clock_gap_ms_max"
            );
        } else if start.gap_ms > kirana_domain::limits::START_GAP_COUNTED_MS {
            count_alarm("start_ahead");
            tracing::warn!(
                wall_ms,
                last_record_ms = last_ms,
                gap_ms = start.gap_ms,
                "the wall clock is more than an hour ahead of the last record; keys and carts \
                 become an hour older"
            );
        }
        let this = Self {
            shift_ms: AtomicI64::new(first_ms.saturating_sub(elapsed_ms)),
            latest_ms: AtomicI64::new(first_ms),
            look: Mutex::new(Look { elapsed_ms, was_off: false }),
            machine,
        };
        this.tell(&mut this.look.lock());
        (this, start)
    }

    /// Returns the engine's time, in milliseconds since 1970. It never falls.
    pub(crate) fn now_ms(&self) -> AtMs {
        let elapsed_ms = self.machine.elapsed_ms();
        let now_ms = elapsed_ms.saturating_add(self.shift_ms.load(Ordering::SeqCst));
        self.latest_ms.fetch_max(now_ms, Ordering::SeqCst).max(now_ms)
    }

    /// Returns the time of the wall clock: for those outside who compare it with their own.
    pub(crate) fn wall_ms(&self) -> AtMs {
        self.machine.wall_ms()
    }

    /// Reads all clocks.
    pub(crate) fn read(&self) -> ClockReading {
        ClockReading { engine_ms: self.now_ms(), wall_ms: self.wall_ms() }
    }

    /// Looks at the wall clock, once a second: says when it goes wrong or right, and lets the
    /// engine's clock lose a little while it is ahead.
    pub(crate) fn watch(&self) {
        let mut look = self.look.lock();
        let elapsed_ms = self.machine.elapsed_ms();
        let passed_ms = elapsed_ms - look.elapsed_ms;
        if passed_ms < LOOK_MS {
            return;
        }
        look.elapsed_ms = elapsed_ms;
        let ahead_ms = self.tell(&mut look);
        let lost_ms = ahead_ms.saturating_neg().clamp(0, passed_ms / MS_PER_MS_LOST);
        self.shift_ms.fetch_sub(lost_ms, Ordering::SeqCst);
    }

    /// Sets the metrics, and logs a change. Returns how far the wall clock is ahead.
    fn tell(&self, look: &mut Look) -> i64 {
        let reading = self.read();
        let (ahead_ms, is_off) = (reading.ahead_ms(), reading.is_off());
        let seconds = i32::try_from(ahead_ms / 1_000);
        let seconds = seconds.unwrap_or(if ahead_ms < 0 { i32::MIN } else { i32::MAX });
        metrics::gauge!("kirana_clock_ahead_seconds").set(f64::from(seconds));
        if is_off && !look.was_off {
            count_alarm("off");
            tracing::error!(
                ahead_ms,
                wall_ms = reading.wall_ms,
                engine_ms = reading.engine_ms,
                "the wall clock differs from the engine's clock; deadlines and records go by the \
                 engine's"
            );
        } else if look.was_off && !is_off {
            tracing::info!(ahead_ms, "the wall clock agrees with the engine's clock again");
        }
        look.was_off = is_off;
        ahead_ms
    }
}

fn count_alarm(kind: &'static str) {
    metrics::counter!("kirana_clock_alarms_total", "kind" => kind).increment(1);
}

#[cfg(test)]
mod tests;
