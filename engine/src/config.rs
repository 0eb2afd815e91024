//! Every bound of the running engine in one place, with its unit.

use kirana_domain::HoldRules;
use std::path::PathBuf;
use std::time::Duration;

/// Bounds of the engine. The defaults suit one shop on a small machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Commands in flight; one more is refused as [`SubmitError::Overloaded`](crate::SubmitError).
    /// The last of them are for staff, then for other systems (`Role::part_of`).
    pub in_flight_max: usize,
    /// Commands of one person in flight; one more is refused as
    /// [`SubmitError::CallerBusy`](crate::SubmitError).
    pub per_caller_max: u32,
    /// Request keys that are remembered, each in at most
    /// [`KEY_BYTES_MAX`](kirana_domain::limits::KEY_BYTES_MAX); past it commands with keys are
    /// refused until old ones have run out. Each caller has a share
    /// ([`KeyBook::check_room`](kirana_domain::KeyBook::check_room)): one more key of theirs is
    /// refused as [`SubmitError::KeysUsedUp`](crate::SubmitError).
    pub keys_max: usize,
    /// The bounds on what one customer may hold.
    pub holds: HoldRules,
    /// Facts about orders that are kept in memory for live streams, while there are any. One takes
    /// about 100 bytes beside its order.
    pub live_events_max: usize,
    /// Time from the last record to the first of a start, at the most: a wall clock that is further
    /// ahead is not followed.
    pub clock_gap_max: Duration,
    /// Expiries in flight.
    pub expiries_in_flight_max: usize,
    /// Time between two looks for due timers.
    pub timer_tick: Duration,
    /// Time from an attempt to pay to the first poll of the provider's books; each further poll is
    /// three times as far away.
    pub first_look: Duration,
    /// Longest wait of a stop for the commands in flight.
    pub drain_max: Duration,
    /// Records from one checkpoint to the next. A restart reads at most three times as many.
    pub checkpoint_records: u64,
    /// Bytes of a database of the log from which on the next checkpoint begins another: the log
    /// keeps at most that much beside what a restart reads. A database of sled has 8 MiB at least.
    pub database_bytes: u64,
    /// Time from one file of the archive or the history that is read back to the next.
    pub scrub_pause: Duration,
    /// Directory of a backup of the log, from which a file of the archive that is missing or
    /// damaged is healed.
    pub archive_backup: Option<PathBuf>,
    /// Divisor of every distance between two attempts of a webhook; 1 except in tests.
    pub hook_retry_divisor: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            in_flight_max: 16_384,
            per_caller_max: 256,
            keys_max: 20_000_000,
            holds: HoldRules::default(),
            live_events_max: 65_536,
            clock_gap_max: Duration::from_hours(31 * 24),
            expiries_in_flight_max: 1_024,
            timer_tick: Duration::from_millis(50),
            first_look: Duration::from_secs(20),
            drain_max: Duration::from_secs(10),
            checkpoint_records: 200_000,
            database_bytes: 32 << 20,
            scrub_pause: Duration::from_mins(1),
            archive_backup: None,
            hook_retry_divisor: 1,
        }
    }
}

impl Config {
    /// Returns how many appends may wait for the journal: one for each command and expiry in
    /// flight, and the engine's own. So the queue is never full unless a bound above it was broken.
    pub(crate) fn journal_queue_max(&self) -> usize {
        self.in_flight_max + self.expiries_in_flight_max + 16
    }
}
