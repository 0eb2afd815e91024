//! Floors: the least work that the answer could cost, measured in the same run.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Appends `groups` buffers of `bytes` to a bare file, each with an fdatasync.
///
/// # Panics
/// If the disk does not do it.
pub fn bare_append(dir: &Path, groups: u64, bytes: usize) -> Duration {
    let mut file = File::create(dir.join("bare")).expect("a file can be made");
    let buffer = vec![7_u8; bytes];
    let ((), took) = crate::report::timed(|| {
        for _ in 0..groups {
            file.write_all(&buffer).expect("the disk takes it");
            file.sync_data().expect("the disk syncs");
        }
    });
    took
}
