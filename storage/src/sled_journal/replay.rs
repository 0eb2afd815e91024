//! A replay reads a whole log once: one thread verifies frames, the other hands them to the caller.
//!
//! sled may panic or hang on bad bytes, also on threads of its own, so the reading thread is one
//! that can be abandoned.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::data_dir::DataDir;
use super::store::Store;
use super::verify::{Expected, verify};
use super::watch::{self, Watch};
use crate::chain::Chain;
use crate::frame::{FRAME_BYTES_MAX, Hash};
use crate::{DamageKind, JournalError, Lsn, Progress, StoredFrame};

/// The most verified frames that wait for the caller: at most 5.5 MiB.
const FRAMES_WAITING_MAX: usize = 64;

const _: () = assert!(FRAMES_WAITING_MAX * FRAME_BYTES_MAX < 6 << 20);

/// The callback that takes each frame as soon as it is verified.
pub(super) type OnFrame<'a> = &'a mut dyn FnMut(&StoredFrame, Progress) -> Result<(), JournalError>;

/// The reason why a replay stopped early.
#[derive(Debug)]
pub(super) enum ReplayError {
    /// The log could not be read to its end.
    Log(JournalError),
    /// The caller refused a frame.
    Caller(JournalError),
}

/// A replay, which may need a second attempt on a copy; no frame is handed over twice.
pub(super) struct Replay<'a> {
    on_frame: OnFrame<'a>,
    /// The end of what was handed over, and the hash of its last frame.
    handed: Option<(Lsn, Hash)>,
}

enum Message {
    Verified(StoredFrame),
    Done(Result<(Store, Chain), JournalError>),
}

impl<'a> Replay<'a> {
    pub(super) fn new(on_frame: OnFrame<'a>) -> Self {
        Self { on_frame, handed: None }
    }

    /// Opens the store in `dir`, verifies every frame and hands over the new ones.
    pub(super) fn run(
        &mut self,
        dir: &DataDir,
        cache_bytes: u64,
        expected: &Expected,
    ) -> Result<(Store, Chain), ReplayError> {
        let watch = Watch::start(&dir.log());
        let (sender, messages) = sync_channel(FRAMES_WAITING_MAX);
        let (log, ours) = (dir.log(), expected.clone());
        let reading = thread::Builder::new().name("log-replay".into()).spawn(move || {
            let opened = Store::open(&log, cache_bytes);
            let done = opened.and_then(|store| {
                let mut pass = |frame| sender.send(Message::Verified(frame)).is_ok();
                let chain = verify(&store, &ours, &mut pass)?;
                Ok((store, chain))
            });
            // If the caller has stopped, it does not listen, and the store is dropped here.
            let _ = sender.send(Message::Done(done));
        });
        let reading = reading.map_err(|error| {
            ReplayError::Log(JournalError::io("starting the replay thread", &error))
        })?;

        let result = self.hand_over(&messages, expected, &watch);
        drop(messages);
        watch::wait_for_end(&reading);
        result
    }

    /// Hands verified frames over until the reading thread is done.
    fn hand_over(
        &mut self,
        messages: &Receiver<Message>,
        expected: &Expected,
        watch: &Watch,
    ) -> Result<(Store, Chain), ReplayError> {
        loop {
            match watch.receive(messages).map_err(ReplayError::Log)? {
                Message::Verified(frame) => self.take(&frame, expected)?,
                Message::Done(done) => return done.map_err(ReplayError::Log),
            }
        }
    }

    /// Hands a frame over, unless an earlier attempt already has.
    fn take(&mut self, frame: &StoredFrame, expected: &Expected) -> Result<(), ReplayError> {
        let (at, hash) = (frame.last_lsn(), frame.hash());
        if let Some((handed, handed_hash)) = self.handed {
            if at < handed {
                return Ok(());
            }
            if at == handed && hash == handed_hash {
                return Ok(());
            }
            if frame.first_lsn() <= handed {
                let detail = "two attempts to read the log found different batches";
                let lsn = frame.first_lsn();
                return Err(ReplayError::Log(JournalError::damaged(
                    DamageKind::Diverged,
                    lsn,
                    detail,
                )));
            }
        }
        let progress = Progress { at, of: expected.high_water.end };
        assert!(
            self.handed.is_none_or(|(handed, _)| handed < frame.first_lsn()),
            "no record is handed over twice"
        );
        (self.on_frame)(frame, progress).map_err(ReplayError::Caller)?;
        self.handed = Some((at, hash));
        Ok(())
    }
}
