//! The panics of sled, which the operator never sees: damage is reported as damage.
//!
//! sled asserts about bytes it reads, on our thread and on its own, so bad bytes panic. We catch
//! the panics on our thread, count those on sled's, and print neither.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static SLED_PANICS_COUNT: AtomicU64 = AtomicU64::new(0);

/// Silences panics inside sled, on any thread, from now on. All others print as before.
pub(super) fn silence_sled() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.location().is_some_and(|location| is_sled(location.file())) {
                SLED_PANICS_COUNT.fetch_add(1, Ordering::Relaxed);
            } else {
                before(info);
            }
        }));
    });
}

/// Returns whether a source file is one of sled's.
fn is_sled(file: &str) -> bool {
    file.contains("sled-0.34.7") || file.contains("/sled/src/")
}

/// Returns the number of sled's panics in this process, on any thread.
pub(super) fn sled_panics_count() -> u64 {
    SLED_PANICS_COUNT.load(Ordering::Relaxed)
}

/// Runs `work`, and turns a panic in it into its message, on one line.
pub(super) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(panic.as_ref()))
}

/// Returns the message of a panic, on one line and cut.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}
