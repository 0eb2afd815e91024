//! Revoked people and sign-ins: their tokens are good no more, however long they would last.
//!
//! They stand in a file beside the data and not in the log: the log knows nothing of tokens, and a
//! shop that is restored to an earlier moment must let nobody back in. The file is replaced whole,
//! and a change counts once it is on disk.
//!
//! ```text
//! kirana-revocations 1 <BLAKE3 of the lines below, in hex>
//! {"person_id":"…","session_id":null,"at_ms":1796000000000,"by":"…","role":"admin"}
//! ```

use super::Holder;
use crate::secret;
use kirana_domain::time::AtMs;
use kirana_domain::{PersonId, Role};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The file in the data directory.
const FILE: &str = "revocations";
/// The beginning of the file: its name and its version.
const MAGIC: &str = "kirana-revocations 1 ";
/// Revocations at once; a megabyte and a half of file.
const REVOCATIONS_MAX: usize = 10_000;

/// Somebody, or one sign-in of theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A person: the subject of tokens.
    Person(PersonId),
    /// A sign-in: `session_id` or `jti` of tokens.
    Session(Box<str>),
}

/// The hash of a subject, as tokens are compared by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mark([u8; 16]);

impl Subject {
    /// Returns its hash.
    pub(super) fn mark(&self) -> Mark {
        let hash: [u8; 32] = match self {
            Self::Person(id) => {
                blake3::keyed_hash(b"kirana revocations v1 of persons", id.0.as_bytes())
            }
            Self::Session(id) => {
                blake3::keyed_hash(b"kirana revocations v1 of sign-in", id.as_bytes())
            }
        }
        .into();
        Mark(std::array::from_fn(|at| hash[at]))
    }
}

/// A revocation that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    /// The person or sign-in.
    pub(crate) subject: Subject,
    /// The moment from which it holds.
    pub(crate) at_ms: AtMs,
    /// The member of the staff who made it.
    pub(crate) by: PersonId,
    /// Their role: support's binds no admin.
    pub(crate) role: Role,
}

/// The reason for a change that was not made.
#[derive(Debug)]
pub(crate) enum RevokeError {
    /// There are as many as there may be.
    Full,
    /// Support may not undo what an admin did.
    OfAdmin,
    /// The file could not be written.
    Io(io::Error),
}

/// All revocations.
#[derive(Default)]
pub(crate) struct Revocations {
    /// `None` where nothing is kept, as for a signer alone.
    file: Option<PathBuf>,
    book: RwLock<Book>,
    /// Held by the one change that is under way.
    changing: Mutex<()>,
}

#[derive(Default)]
struct Book {
    all: BTreeMap<Subject, Revocation>,
    roles: HashMap<Mark, Role>,
}

impl From<BTreeMap<Subject, Revocation>> for Book {
    fn from(all: BTreeMap<Subject, Revocation>) -> Self {
        let roles = all.values().map(|one| (one.subject.mark(), one.role)).collect();
        Self { all, roles }
    }
}

impl Revocations {
    /// Reads those of a data directory; there are none before the first.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub(crate) fn open(data: &Path) -> Result<Self, String> {
        let file = data.join(FILE);
        let all = match std::fs::read_to_string(&file) {
            Ok(text) => parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error.to_string()),
        };
        let all = all.map_err(|why| {
            let shown = file.display();
            format!(
                "the revocations {shown} are damaged ({why}): put the file back; without it \
                 everybody who was revoked is let in again"
            )
        })?;
        Ok(Self { file: Some(file), book: RwLock::new(all.into()), ..Self::default() })
    }

    /// Returns true when a holder is revoked, or the sign-in that their token is of.
    pub(super) fn hold_for(&self, holder: &Holder) -> bool {
        let book = self.book.read();
        let binds = |by: &Role| *by == Role::Admin || holder.principal.role != Role::Admin;
        let mut marks = holder.marks.iter().flatten();
        !book.roles.is_empty() && marks.any(|mark| book.roles.get(mark).is_some_and(binds))
    }

    /// Returns all of them, people first.
    pub(super) fn all(&self) -> Vec<Revocation> {
        self.book.read().all.values().cloned().collect()
    }

    /// Revokes, and returns the revocation that holds: one of before stays, but for support's in
    /// place of which an admin's comes.
    pub(super) fn revoke(&self, new: Revocation) -> Result<Revocation, RevokeError> {
        self.change(|all| match all.get(&new.subject) {
            Some(known) if known.role == Role::Admin || new.role != Role::Admin => {
                Ok(known.clone())
            }
            None if all.len() >= REVOCATIONS_MAX => Err(RevokeError::Full),
            _ => {
                all.insert(new.subject.clone(), new.clone());
                Ok(new)
            }
        })
    }

    /// Takes a revocation back, if there is one.
    pub(super) fn lift(&self, subject: &Subject, by: Role) -> Result<(), RevokeError> {
        self.change(|all| match all.get(subject) {
            Some(known) if known.role == Role::Admin && by != Role::Admin => {
                Err(RevokeError::OfAdmin)
            }
            _ => {
                all.remove(subject);
                Ok(())
            }
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<Subject, Revocation>) -> Result<T, RevokeError>,
    ) -> Result<T, RevokeError> {
        let _one = self.changing.lock();
        let mut all = self.book.read().all.clone();
        let done = change(&mut all)?;
        if all != self.book.read().all {
            if let Some(file) = &self.file {
                secret::replace(file, render(&all).as_bytes()).map_err(RevokeError::Io)?;
            }
            *self.book.write() = all.into();
        }
        Ok(done)
    }
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    person_id: Option<Uuid>,
    session_id: Option<Box<str>>,
    at_ms: AtMs,
    by: Uuid,
    role: String,
}

fn render(all: &BTreeMap<Subject, Revocation>) -> String {
    let mut lines = String::new();
    for one in all.values() {
        let (person_id, session_id) = match &one.subject {
            Subject::Person(id) => (Some(id.0), None),
            Subject::Session(id) => (None, Some(id.clone())),
        };
        let (by, role) = (one.by.0, one.role.name().to_owned());
        let line = Line { person_id, session_id, at_ms: one.at_ms, by, role };
        lines += &serde_json::to_string(&line).expect("ids and numbers can be rendered");
        lines.push('\n');
    }
    format!("{MAGIC}{}\n{lines}", blake3::hash(lines.as_bytes()).to_hex())
}

fn parse(text: &str) -> Result<BTreeMap<Subject, Revocation>, String> {
    let (head, lines) = text.split_once('\n').ok_or("it is cut")?;
    let hash = head.strip_prefix(MAGIC).ok_or("it is of another version, or no such file")?;
    if hash != blake3::hash(lines.as_bytes()).to_hex().as_str() {
        return Err("its lines are not what was written".to_owned());
    }
    lines.lines().map(revocation_of).collect()
}

fn revocation_of(line: &str) -> Result<(Subject, Revocation), String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let subject = match (line.person_id, line.session_id) {
        (Some(id), None) => Subject::Person(PersonId(id)),
        (None, Some(id)) => Subject::Session(id),
        _ => return Err("a line is about nobody, or about two".to_owned()),
    };
    let role = Role::parse(&line.role).ok_or("a line has a role that is not known")?;
    let (at_ms, by) = (line.at_ms, PersonId(line.by));
    Ok((subject.clone(), Revocation { subject, at_ms, by, role }))
}
