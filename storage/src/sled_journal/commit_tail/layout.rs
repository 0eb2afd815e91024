//! The bytes of the commit tail: groups of frames on pages of their own.
//!
//! The first four bytes of a page say whether a group starts or goes on there, so nothing that a
//! record holds is taken for a group, also where a later group covers an older one in part.

use crate::chain::Chain;
use crate::frame::HASH_BYTES;
use crate::sealed_file::{Fields, seal};
use crate::sled_journal::mark::{MARK_BYTES, Mark};
use crate::{Lsn, StoredFrame};
use std::ops::Range;

/// Bytes of a page, which a group has for itself: a write never touches a group before it.
pub(super) const PAGE_BYTES: usize = 4_096;

/// Bytes of a half of the file.
pub(super) const HALF_BYTES: usize = 8 << 20;

/// Bytes of the file.
pub(super) const FILE_BYTES: usize = HALF_BYTES * HALVES_COUNT;

/// The halves, of which one always keeps the newest group while the other is written over.
pub(super) const HALVES_COUNT: usize = 2;

/// The first bytes of a page on which a group starts, and of one on which it goes on.
const MAGIC: [u8; 4] = *b"KTAL";
const CONTINUED: [u8; 4] = *b"KTAC";

/// Bytes in front of the frames: a mark, the position before, bytes of the frames, and a hash.
const HEADER_BYTES: usize = SIGNED_BYTES + HASH_BYTES;
const SIGNED_BYTES: usize = MARK_BYTES + 8 + 4;

const _: () = assert!(HEADER_BYTES == 144 && HEADER_BYTES < PAGE_BYTES);
const _: () = assert!(HALF_BYTES.is_multiple_of(PAGE_BYTES));

/// A group as it was found.
#[derive(Debug)]
pub(super) struct Group {
    /// The end of the log with the group, and the opening that wrote it.
    pub(super) mark: Mark,
    /// The last record before the group.
    pub(super) after: Lsn,
    /// Where it lies in the file.
    pub(super) bytes: Range<usize>,
    /// Its frames; of a group that is not whole, those before the damage.
    pub(super) frames: Vec<StoredFrame>,
    /// Whether all is there and as it was written.
    pub(super) is_whole: bool,
}

impl Group {
    /// Returns the number of the half that it lies in.
    pub(super) fn half(&self) -> usize {
        self.bytes.start / HALF_BYTES
    }
}

/// Puts the pages of a group into `pages`, in place of what is there.
pub(super) fn encode<'a>(
    pages: &mut Vec<u8>,
    mark: &Mark,
    after: Lsn,
    frames: impl Iterator<Item = &'a [u8]> + Clone,
) {
    let bytes: usize = frames.clone().map(<[u8]>::len).sum();
    let bytes = u32::try_from(bytes).expect("a group is at most half a half");
    pages.clear();
    pages.extend_from_slice(&mark.encode(MAGIC));
    pages.extend_from_slice(&after.0.to_le_bytes());
    pages.extend_from_slice(&bytes.to_le_bytes());
    pages.extend_from_slice(&seal(&[pages]));
    assert_eq!(pages.len(), HEADER_BYTES, "the header is as FORMAT.md draws it");
    frames.for_each(|frame| push(pages, frame));
    pages.resize(pages.len().next_multiple_of(PAGE_BYTES), 0);
}

/// Adds bytes, with the mark of each page that they go on to.
fn push(pages: &mut Vec<u8>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        if pages.len().is_multiple_of(PAGE_BYTES) {
            pages.extend_from_slice(&CONTINUED);
        }
        let room = PAGE_BYTES - pages.len() % PAGE_BYTES;
        let (here, rest) = bytes.split_at(room.min(bytes.len()));
        pages.extend_from_slice(here);
        bytes = rest;
    }
}

/// Returns the groups in the bytes of a file, in the order in which they lie there.
pub(super) fn scan(file: &[u8]) -> Vec<Group> {
    let starts = (0..file.len()).step_by(PAGE_BYTES);
    starts.filter_map(|start| decode(file, start)).collect()
}

/// Returns the group whose header lies at `start`; `None` where there is none.
fn decode(file: &[u8], start: usize) -> Option<Group> {
    let half_end = (start / HALF_BYTES + 1) * HALF_BYTES;
    let pages = &file[start..half_end.min(file.len())];
    let mut header = Fields(pages.get(..HEADER_BYTES)?);
    let mark = Mark::decode(MAGIC, header.take()?)?;
    let (after, frames_bytes) = (Lsn(header.u64()?), header.u32()?);
    if *header.take::<HASH_BYTES>()? != seal(&[&pages[..SIGNED_BYTES]]) {
        return None;
    }
    let frames_bytes = usize::try_from(frames_bytes).ok()?;
    let raw = pull(pages, frames_bytes);
    let mut group = Group { mark, after, bytes: start..start, frames: Vec::new(), is_whole: false };
    group.bytes.end += pages_bytes(frames_bytes);
    let mut rest = &raw[..];
    while let Ok((frame, behind)) = StoredFrame::split_first(rest) {
        group.frames.push(frame);
        rest = behind;
    }
    group.is_whole = raw.len() == frames_bytes && rest.is_empty() && is_chain(&group);
    Some(group)
}

/// Returns the first so many bytes behind the header, or as many as there are.
fn pull(pages: &[u8], bytes: usize) -> Vec<u8> {
    let mut raw = pages[HEADER_BYTES..pages.len().min(PAGE_BYTES)].to_vec();
    raw.truncate(bytes);
    for page in pages.chunks(PAGE_BYTES).skip(1) {
        let room = bytes - raw.len();
        let Some(here) = page.strip_prefix(&CONTINUED).filter(|_| room > 0) else { break };
        raw.extend_from_slice(&here[..room.min(here.len())]);
    }
    raw
}

/// Returns the bytes of the pages that a group with so many bytes of frames takes.
pub(super) const fn pages_bytes(frames_bytes: usize) -> usize {
    let beyond = frames_bytes.saturating_sub(PAGE_BYTES - HEADER_BYTES);
    PAGE_BYTES * (1 + beyond.div_ceil(PAGE_BYTES - CONTINUED.len()))
}

/// Returns whether the frames follow each other from where the group starts to where it ends.
fn is_chain(group: &Group) -> bool {
    let Group { mark, after, frames, .. } = group;
    let Some(first) = frames.first() else { return *after == mark.end };
    let mut chain = Chain::before(mark.log_id, first.header());
    let follows = |frame: &StoredFrame| chain.follow(frame.header(), frame.hash()).is_ok();
    first.first_lsn() == after.next()
        && frames.iter().all(follows)
        && (chain.end(), chain.hash(), chain.epoch()) == (mark.end, mark.hash, mark.epoch)
}
