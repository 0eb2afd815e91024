//! The files beside the records: archive, checkpoints, tables of ended orders.

use crate::cli::log::open::OpenLog;
use kirana_domain::{Digest, Lsn};
use kirana_engine::tools::verify::Finding;
use kirana_storage::checkpoint::{self, CheckpointHead, ListedCheckpoint};
use kirana_storage::{Access, JournalError, SledJournal, Table, TableSet, Vault};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files that were found beside the records.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) archive_files: u64,
    pub(super) checkpoints: u64,
    pub(super) tables: u64,
    /// The parts that are not there and need not be, in words.
    pub(super) missing: Vec<String>,
    /// Digests of the state at some records, ascending.
    pub(super) digests: Vec<(Lsn, Digest, String)>,
    /// The vault, if the texts of the records are to be opened with it; `Some(None)` where it is
    /// missing.
    #[expect(clippy::option_option, reason = "not to be opened, missing, there")]
    pub(super) keys: Option<Option<Arc<Vault>>>,
    /// Whether it is a backup that was made without keys.
    pub(super) leaves_out_keys: bool,
    pub(super) findings: Vec<Finding>,
}

impl Beside {
    /// Looks at all of it.
    pub(super) fn of(opened: &OpenLog) -> Self {
        let mut found = Self::default();
        for file in opened.log().archive().files() {
            found.archive_files += 1;
            found.note("archive", file.path(), file.verify());
        }
        found.look_at_checkpoints(opened);
        found.look_at_tables(opened);
        found.look_at_vault(opened);
        if let Err(what) = crate::secret::of_data_dir(&opened.dir) {
            found.findings.push(Finding::new("secret", None, what));
        }
        found.look_for_missing(opened);
        found.digests.sort_unstable_by_key(|(lsn, _, _)| *lsn);
        found
    }

    fn note(&mut self, part: &'static str, path: &Path, checked: Result<(), JournalError>) {
        match checked {
            Ok(()) => (),
            Err(JournalError::Damaged(damage)) => {
                let finding = Finding::of(&damage);
                self.findings.push(Finding { part, ..finding });
            }
            Err(error) => {
                let what = format!("{}: {error}", path.display());
                self.findings.push(Finding::new(part, None, what));
            }
        }
    }

    fn look_at_checkpoints(&mut self, opened: &OpenLog) {
        let log_id = opened.reader().log_id();
        let listed = match checkpoint::list(&opened.dir.join("checkpoints"), log_id) {
            Ok(listed) => listed,
            Err(error) => {
                return self.findings.push(Finding::new("checkpoint", None, error.to_string()));
            }
        };
        for found in listed {
            match found {
                ListedCheckpoint::Damaged { path, why, .. } => {
                    self.note("checkpoint", &path, Err(why));
                }
                ListedCheckpoint::Good(file) => {
                    self.checkpoints += 1;
                    self.note("checkpoint", file.path(), file.verify());
                    self.look_at_mark(opened, file.path(), file.head());
                }
            }
        }
    }

    /// A checkpoint is of this log, and of a place in it.
    fn look_at_mark(&mut self, opened: &OpenLog, path: &Path, head: &CheckpointHead) {
        let mark = &head.mark;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let frame = opened.reader().frames(mark.lsn).next();
        let what = match frame {
            // Whatever is wrong with the log is found there.
            Some(Err(_)) => return,
            None => "it is of a record that the log does not have",
            Some(Ok(frame)) if frame.last_lsn() != mark.lsn || frame.hash() != mark.hash => {
                "it is of another log: the batch that ends there has another hash"
            }
            Some(Ok(_)) => {
                let lsn = Lsn(mark.lsn.0);
                return self.digests.push((lsn, Digest(head.digest), format!("checkpoint {name}")));
            }
        };
        let finding = Finding::new("checkpoint", Some(Lsn(mark.lsn.0)), format!("{name}: {what}"));
        self.findings.push(finding);
    }

    /// Notes that there is no checkpoint, which a stopped server has once it has an archive. A
    /// backup has none.
    fn look_for_missing(&mut self, opened: &OpenLog) {
        if !opened.dir.join("log").exists() {
            return;
        }
        if self.archive_files > 0 && self.checkpoints == 0 {
            let what = "checkpoints: the next start reads the whole log, and makes one";
            self.missing.push(what.to_owned());
        }
    }

    fn look_at_tables(&mut self, opened: &OpenLog) {
        let log_id = opened.reader().log_id();
        for path in tables_in(&opened.dir.join("history")) {
            self.tables += 1;
            let checked = Table::open(&path, log_id).and_then(|table| table.verify());
            self.note("history", &path, checked);
        }
        let newest = self.digests.iter().map(|(lsn, _, _)| *lsn).max();
        let through = kirana_storage::Lsn(newest.unwrap_or(Lsn(0)).0);
        let dir = opened.dir.join("history");
        let tiled = TableSet::open(&dir, log_id, through, Access::Read).map(|_| ());
        if self.findings.iter().all(|finding| finding.part != "history") {
            self.note("history", &dir, tiled);
        }
    }

    /// The keys must be whole; which there must be is checked with the records.
    fn look_at_vault(&mut self, opened: &OpenLog) {
        let path = SledJournal::vault_path(&opened.dir);
        self.leaves_out_keys = !path.exists() && is_backup(&opened.dir);
        if self.leaves_out_keys {
            return;
        }
        if !path.exists() {
            self.keys = Some(None);
            return;
        }
        match Vault::read(&path) {
            Ok(vault) => self.keys = Some(Some(Arc::new(vault))),
            Err(error) => self.findings.push(Finding::new("vault", None, error.to_string())),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "archive_files": self.archive_files, "checkpoints": self.checkpoints,
            "history_tables": self.tables, "missing": self.missing,
            "leaves_out_keys": self.leaves_out_keys,
        })
    }
}

fn is_backup(dir: &Path) -> bool {
    !["log", "tail", "high-water"].iter().any(|part| dir.join(part).exists())
}

fn tables_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "ktb"));
    paths.sort_unstable();
    paths
}
