//! Small durable steps on files: rename, write whole, copy a directory, sync.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::JournalError;

/// Writes a small file whole: after a crash it is there with all its bytes or as it was before.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let unfinished = path.with_extension("new");
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| JournalError::file("writing", &unfinished, &error))?;
    rename_durably(&unfinished, path)
}

/// Moves a synced file or directory into place and makes the move durable.
pub(crate) fn rename_durably(from: &Path, to: &Path) -> Result<(), JournalError> {
    fs::rename(from, to).map_err(|error| JournalError::file("renaming", from, &error))?;
    sync_parent(to)
}

/// Makes the names in the directory that holds `path` durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), JournalError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), JournalError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| JournalError::file("syncing the directory", path, &error))
}

/// Makes a directory durable with its names and the files right in it.
pub(crate) fn sync_all_in(dir: &Path) -> Result<(), JournalError> {
    for path in entries(dir)?.into_iter().filter(|path| path.is_file()) {
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|error| JournalError::file("syncing", &path, &error))?;
    }
    sync_dir(dir)
}

/// The paths right in a directory.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error: io::Error| JournalError::file("listing", dir, &error))
}

/// Copies a directory with all that is in it. What was at `to` is replaced; nothing is synced, and
/// after a crash `to` may be half there.
///
/// The system is asked to share blocks where the file system can.
pub(crate) fn copy_dir_anew(from: &Path, to: &Path) -> Result<(), JournalError> {
    remove_dir(to)?;
    copy_dir(from, to)
}

/// Makes a directory durable with everything below it.
pub(crate) fn sync_tree(dir: &Path) -> Result<(), JournalError> {
    for path in entries(dir)?.into_iter().filter(|path| path.is_dir()) {
        sync_tree(&path)?;
    }
    sync_all_in(dir)
}

fn copy_dir(from: &Path, to: &Path) -> Result<(), JournalError> {
    fs::create_dir(to).map_err(|error| JournalError::file("creating", to, &error))?;
    for path in entries(from)? {
        let Some(name) = path.file_name() else { continue };
        let target = to.join(name);
        if path.is_dir() {
            copy_dir(&path, &target)?;
        } else {
            fs::copy(&path, &target)
                .map_err(|error| JournalError::file("copying", &path, &error))?;
        }
    }
    Ok(())
}

/// Removes a directory with all that is in it, if it is there.
pub(crate) fn remove_dir(path: &Path) -> Result<(), JournalError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(JournalError::file("removing", path, &error))
        }
        _ => Ok(()),
    }
}
