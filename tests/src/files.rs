//! What the tests do with directories.

use std::fs;
use std::path::Path;

/// Copies all that is in a directory into another one that is there.
///
/// # Panics
/// If something cannot be read or written.
pub fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a file of a test") {
        let path = entry.expect("a file of a test").path();
        let target = to.join(path.file_name().expect("a file of a test"));
        if path.is_dir() {
            fs::create_dir_all(&target).expect("a file of a test");
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file of a test");
        }
    }
}
