//! A log that fails on purpose, to test its users against failure.
//!
//! It wraps any journal and keeps its promises until the fault: then it fails and is poisoned like
//! a real one, and a prefix of whole batches has reached the disk below.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::{Batch, Epoch, Journal, JournalError, JournalReader, Lsn};

/// A fault at an append. Appends are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The n-th append fails and nothing of it reaches the disk.
    FailAt(u64),
    /// The n-th append finds the disk full and nothing of it reaches the disk.
    FullAt(u64),
    /// The n-th append fails when a prefix of its batches has reached the disk.
    TearAt(u64),
    /// The n-th append takes this much longer, and succeeds.
    StallAt(u64, Duration),
}

impl Fault {
    /// Derives a fault from a seed: any kind, at one of the first `appends_max` appends.
    pub fn from_seed(seed: u64, appends_max: u64) -> Self {
        let random = mix(seed);
        let at = 1 + mix(random) % appends_max.max(1);
        assert!((1..=appends_max.max(1)).contains(&at), "appends are counted from 1");
        match random % 4 {
            0 => Self::FailAt(at),
            1 => Self::FullAt(at),
            2 => Self::TearAt(at),
            _ => Self::StallAt(at, Duration::from_millis(mix(at ^ random) % 5)),
        }
    }

    fn at(self) -> u64 {
        let (Self::FailAt(at) | Self::FullAt(at) | Self::TearAt(at) | Self::StallAt(at, _)) = self;
        at
    }
}

/// Mixes the bits of a number well (splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A journal that fails at the given appends. Without faults it is the journal inside.
#[derive(Debug)]
pub struct FaultyJournal<J> {
    inner: J,
    faults: Vec<Fault>,
    appends_count: u64,
    poisoned: bool,
}

impl<J: Journal> FaultyJournal<J> {
    /// Wraps `inner`, with these faults.
    pub fn new(inner: J, faults: impl Into<Vec<Fault>>) -> Self {
        Self { inner, faults: faults.into(), appends_count: 0, poisoned: false }
    }

    /// Wraps `inner` with [`Fault::from_seed`].
    pub fn seeded(inner: J, seed: u64, appends_max: u64) -> Self {
        Self::new(inner, [Fault::from_seed(seed, appends_max)])
    }

    /// Carries out a fault on the append of `group`.
    fn fail(&mut self, fault: Fault, group: &[Batch]) -> Result<(), JournalError> {
        let doing = || "syncing the log".to_owned();
        let broken = io::Error::other("the disk failed on purpose");
        match fault {
            Fault::StallAt(_, time) => {
                thread::sleep(time);
                return Ok(());
            }
            Fault::FullAt(_) => {
                self.poisoned = true;
                return Err(JournalError::Full { doing: doing() });
            }
            Fault::TearAt(at) => {
                let whole = usize::try_from(mix(at)).unwrap_or(0) % group.len().max(1);
                assert!(whole <= group.len(), "a prefix of the group");
                self.inner.append(&group[..whole])?;
            }
            Fault::FailAt(_) => (),
        }
        self.poisoned = true;
        Err(JournalError::io(doing(), &broken))
    }
}

impl<J: Journal> Journal for FaultyJournal<J> {
    fn end(&self) -> Lsn {
        self.inner.end()
    }

    fn epoch(&self) -> Epoch {
        self.inner.epoch()
    }

    fn append(&mut self, group: &[Batch]) -> Result<Lsn, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        crate::journal::check_sequence(self.inner.end(), group)?;
        self.appends_count += 1;
        let due = self.faults.iter().copied().find(|fault| fault.at() == self.appends_count);
        if let Some(fault) = due {
            self.fail(fault, group)?;
        }
        self.inner.append(group)
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.inner.reader()
    }

    fn close(self: Box<Self>) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        Box::new(self.inner).close()
    }
}

#[cfg(test)]
mod tests;
