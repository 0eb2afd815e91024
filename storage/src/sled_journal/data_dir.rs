//! The directory of a log: the names of its files, its lock, and its identity.
//!
//! A new log is complete when its identity file gets its name, as the last step. Until then there
//! is only `FORMAT.new`, and nothing in the directory was ever acknowledged.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::commit_tail::TailContent;
use super::high_water;
use crate::files;
use crate::frame::HASH_BYTES;
use crate::{DamageKind, JournalError, LogId, Lsn, random};

/// The version that this program writes: 4, whose newest groups may be in the commit tail only. It
/// also reads 3, which may have several databases, 2, which may have parts in the archive, and 1.
pub(super) const VERSION: u32 = 4;

const MAGIC: [u8; 4] = *b"KLOG";
const IDENTITY_BYTES: usize = 56;
const SIGNED_BYTES: usize = IDENTITY_BYTES - HASH_BYTES;

const _: () = assert!(SIGNED_BYTES == size_of::<u32>() * 2 + size_of::<LogId>());

/// The content of the identity file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) log_id: LogId,
    /// At most [`VERSION`].
    pub(super) version: u32,
}

impl Identity {
    /// Returns whether the log has a commit tail. If not, it has high-water marks, and a tail that
    /// may be there is of an opening that was not finished.
    pub(super) fn has_tail(&self) -> bool {
        self.version >= 4
    }
}

/// The paths in the directory of a log.
#[derive(Clone, Debug)]
pub(super) struct DataDir {
    root: PathBuf,
}

impl DataDir {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Returns the path of the directory itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of the empty file that is locked while the log is open.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.root.join("LOCK")
    }

    /// Returns the path of the file that tells the id of the log.
    pub(super) fn identity(&self) -> PathBuf {
        self.root.join("FORMAT")
    }

    /// Returns the path of the identity of a log that is being created.
    fn unborn_identity(&self) -> PathBuf {
        self.root.join("FORMAT.new")
    }

    /// Returns the path of the databases.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Returns the path of a copy of the databases from before a recovery that failed.
    pub(super) fn kept_copy(&self) -> PathBuf {
        self.root.join("log.before-recovery")
    }

    /// Returns the path of such a copy during the recovery: not synced, so useless after a power
    /// cut.
    pub(super) fn fleeting_copy(&self) -> PathBuf {
        self.root.join("log.recovering")
    }

    /// Returns the path of a copy that will replace the databases.
    pub(super) fn restored_copy(&self) -> PathBuf {
        self.root.join("log.restoring")
    }

    /// Returns the path of the archive, which has the records that were trimmed.
    pub(super) fn archive(&self) -> PathBuf {
        self.root.join("archive")
    }

    /// Returns the path of the commit tail.
    pub(super) fn tail(&self) -> PathBuf {
        self.root.join("tail")
    }

    /// Returns the path of the high-water marks of a log that has no commit tail yet.
    pub(super) fn high_water(&self) -> PathBuf {
        self.root.join("high-water")
    }

    /// Returns the path of the clean marker.
    pub(super) fn clean_marker(&self) -> PathBuf {
        self.root.join("clean")
    }

    /// Returns the path of the vault.
    pub(super) fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// Creates the directory if need be, refuses one with other content, and locks it.
    pub(super) fn lock(&self) -> Result<File, JournalError> {
        files::create_dir_durably(&self.root)?;
        self.refuse_foreign_content()?;
        files::lock(&self.lock_file(), &self.root)
    }

    /// Refuses a directory without an identity, unless all its files may precede a log.
    fn refuse_foreign_content(&self) -> Result<(), JournalError> {
        if self.identity().exists() || self.unborn_identity().exists() {
            return Ok(());
        }
        let may_precede =
            ["LOCK", "vault", "vault.new", "token-secret", "revocations", "lost+found"];
        for path in files::entries(&self.root)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !may_precede.contains(&name.as_str()) {
                let reason = files::no_identity(&name);
                return Err(JournalError::NotALog { path: self.root.clone(), reason });
            }
        }
        Ok(())
    }

    /// Reads the identity; `None` if no log was created here, or its creation was not finished.
    pub(super) fn read_identity(&self) -> Result<Option<Identity>, JournalError> {
        let path = self.identity();
        match fs::read(&path) {
            Ok(bytes) => decode_identity(&self.root, &bytes).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::file("reading", &path, &error)),
        }
    }

    /// Creates a log; `fill` creates its files besides the identity.
    pub(super) fn create(
        &self,
        fill: impl FnOnce(LogId) -> Result<(), JournalError>,
    ) -> Result<Identity, JournalError> {
        let log_id = LogId(random::bytes("a log id")?);
        let unborn = self.unborn_identity();
        // No record in the leftovers of an unfinished creation was ever acknowledged.
        files::remove_dir(&self.log())?;
        fs::write(&unborn, encode_identity(log_id))
            .and_then(|()| File::open(&unborn)?.sync_all())
            .map_err(|error| JournalError::file("writing", &unborn, &error))?;
        files::sync_dir(&self.root)?;
        fill(log_id)?;
        files::sync_dir(&self.root)?;
        files::rename_durably(&unborn, &self.identity())?;
        Ok(Identity { log_id, version: VERSION })
    }

    /// Raises the version of the log to the one that this program writes, durably, so that earlier
    /// releases refuse the log as a whole. The high-water marks of earlier versions go.
    pub(super) fn raise(&self, identity: &Identity) -> Result<(), JournalError> {
        if identity.version == VERSION {
            return files::remove_file(&self.high_water());
        }
        assert!(identity.version < VERSION, "`decode_identity` refuses later versions");
        tracing::info!(from = identity.version, to = VERSION, "raising the version of the log");
        files::write_durably(&self.identity(), &encode_identity(identity.log_id))?;
        files::remove_file(&self.high_water())
    }

    /// Returns what the log says of its acknowledged end, and with it what its databases may lack.
    /// Without an identity that can be read, a commit tail counts, if there is one.
    pub(super) fn read_tail(
        &self,
        identity: Option<Identity>,
    ) -> Result<TailContent, JournalError> {
        let has_marks = self.high_water().exists() && !self.tail().exists();
        if identity.map_or(!has_marks, |identity| identity.has_tail()) {
            TailContent::read(&self.tail())
        } else {
            high_water::newest_in(&self.high_water()).map(TailContent::none)
        }
    }
}

/// Writes the identity of a log to the file at `path`, durably.
pub(crate) fn write_identity(path: &Path, log_id: LogId) -> Result<(), JournalError> {
    files::write_durably(path, &encode_identity(log_id))
}

fn encode_identity(log_id: LogId) -> [u8; IDENTITY_BYTES] {
    let mut bytes = [0; IDENTITY_BYTES];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..8].copy_from_slice(&VERSION.to_le_bytes());
    bytes[8..24].copy_from_slice(&log_id.0);
    let sum = blake3::hash(&bytes[..SIGNED_BYTES]);
    bytes[SIGNED_BYTES..].copy_from_slice(sum.as_bytes());
    debug_assert_eq!(
        decode_identity(Path::new(""), &bytes),
        Ok(Identity { log_id, version: VERSION }),
        "an identity is read back as it was written"
    );
    bytes
}

fn decode_identity(root: &Path, bytes: &[u8]) -> Result<Identity, JournalError> {
    let damaged =
        |detail: String| Err(JournalError::damaged(DamageKind::Identity, Lsn::FIRST, detail));
    if bytes.len() != IDENTITY_BYTES {
        return damaged(format!("FORMAT has {} bytes and not {IDENTITY_BYTES}", bytes.len()));
    }
    let (signed, sum) = bytes.split_at(SIGNED_BYTES);
    if blake3::hash(signed).as_bytes() != sum {
        return damaged(format!("bytes 0..{IDENTITY_BYTES} of FORMAT are not what was written"));
    }
    if signed[..4] != MAGIC {
        let reason = "its file FORMAT is of another program".to_owned();
        return Err(JournalError::NotALog { path: root.to_owned(), reason });
    }
    let version = u32::from_le_bytes([signed[4], signed[5], signed[6], signed[7]]);
    if !(1..=VERSION).contains(&version) {
        return Err(JournalError::NewerFormat { found: version, known: VERSION });
    }
    let mut id = [0; 16];
    id.copy_from_slice(&signed[8..24]);
    Ok(Identity { log_id: LogId(id), version })
}
