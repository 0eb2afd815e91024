//! Real data where it is, and a small set of our own where it is not.
//!
//! The real sets are not ours to pass on. They lie in `../shared/data` beside the workspace, or
//! where `KIRANA_SHARED_DATA` says.

use std::path::{Path, PathBuf};

/// A file of the shared data; `None`, and a line in the output, where it is not.
pub fn shared(path: &str) -> Option<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let top = std::env::var_os("KIRANA_SHARED_DATA").map_or(beside, PathBuf::from);
    let bytes = std::fs::read(top.join(path)).ok();
    if bytes.is_none() {
        println!("{} is not there: the small set in tests/data is used", top.join(path).display());
    }
    bytes
}

/// A file of our own small set.
///
/// # Panics
/// When it is not there.
pub fn own(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Baskets, one a line, product names with commas between them.
///
/// # Panics
/// When it is not text.
pub fn baskets(bytes: Vec<u8>) -> Vec<Vec<String>> {
    let text = String::from_utf8(bytes).expect("baskets are text");
    let basket = |line: &str| line.split(',').map(|name| name.trim().to_owned()).collect();
    text.lines().filter(|line| !line.is_empty()).map(basket).collect()
}
