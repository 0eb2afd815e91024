//! Small durable steps on files: rename, write whole, copy a directory, lock, sync.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::JournalError;

/// The mode of a file that only its owner may read and write.
pub(crate) const PRIVATE_MODE: u32 = 0o600;

/// The ending of the name of an unfinished file.
pub(crate) const UNFINISHED: &str = "new";

/// Returns whether this is the name of an unfinished file.
pub(crate) fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == UNFINISHED)
}

/// Writes a small file whole: after a crash it is there with all its bytes or as it was before.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    debug_assert!(!is_unfinished(path), "a sweep would remove a file of this name");
    let unfinished = path.with_extension(UNFINISHED);
    write_synced(&unfinished, bytes, OpenOptions::new().write(true).create(true).truncate(true))?;
    rename_durably(&unfinished, path)
}

/// Writes a file that only its owner may read, and syncs its bytes; its name is not durable yet.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let mut options = OpenOptions::new();
    write_synced(path, bytes, options.write(true).create(true).truncate(true).mode(PRIVATE_MODE))
}

fn write_synced(path: &Path, bytes: &[u8], options: &OpenOptions) -> Result<(), JournalError> {
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| JournalError::file("writing", path, &error))
}

/// Moves a synced file or directory into place and makes the move durable.
pub(crate) fn rename_durably(from: &Path, to: &Path) -> Result<(), JournalError> {
    assert_ne!(from, to, "a move onto itself would hide that nothing was finished");
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

/// Creates a directory, unless it is there already. Its name is durable on return.
pub(crate) fn create_dir_durably(dir: &Path) -> Result<(), JournalError> {
    if dir.exists() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|error| JournalError::file("creating", dir, &error))?;
    sync_parent(dir)
}

/// Creates the lock file at `path`, unless it is there already, and locks it for writing.
///
/// # Errors
/// [`JournalError::Locked`] with the path `dir` while another process holds the lock;
/// [`JournalError::Full`], [`JournalError::Io`].
pub(crate) fn lock(path: &Path, dir: &Path) -> Result<File, JournalError> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(|error| JournalError::file("opening", path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(JournalError::file("locking", path, &error)),
    }
}

/// Returns the paths right in a directory.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error: io::Error| JournalError::file("listing", dir, &error))
}

/// Returns the paths right in a directory; none where there is no such directory.
pub(crate) fn entries_if_any(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    match fs::metadata(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        _ => entries(dir),
    }
}

/// Copies a directory with all that is in it, replacing the one at `to`. Nothing is synced, and
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
    unless_missing(path, fs::remove_dir_all(path))
}

/// Removes a file, if it is there.
pub(crate) fn remove_file(path: &Path) -> Result<(), JournalError> {
    unless_missing(path, fs::remove_file(path))
}

fn unless_missing(path: &Path, removed: io::Result<()>) -> Result<(), JournalError> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(JournalError::file("removing", path, &error))
        }
        _ => Ok(()),
    }
}

/// Removes files that are not needed any more. Durable on return.
pub(crate) fn remove_all(dir: &Path, paths: &[PathBuf]) -> Result<(), JournalError> {
    assert!(paths.iter().all(|path| path.parent() == Some(dir)), "one sync is for one directory");
    paths.iter().try_for_each(|path| remove_file(path))?;
    if paths.is_empty() { Ok(()) } else { sync_dir(dir) }
}

/// Removes what an interrupted writer has left half written in `dir`, if there is such a directory.
pub(crate) fn remove_unfinished(dir: &Path) -> Result<(), JournalError> {
    let mut paths = entries_if_any(dir)?;
    paths.retain(|path| is_unfinished(path));
    remove_all(dir, &paths)
}

/// Returns why a directory that holds `name` is no log: its file `FORMAT` cannot be seen.
pub(crate) fn no_identity(name: &str) -> String {
    if name == "FORMAT" {
        "its file FORMAT cannot be looked at: it is a link that leads nowhere, or this user may not"
            .to_owned()
    } else {
        format!("it holds {name} and no file FORMAT")
    }
}
