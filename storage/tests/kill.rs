//! A process that appends, archives and trims is killed again and again: nothing that it was told
//! is durable is lost or doubled, wherever it is kept.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use kirana_storage::{
    ArchiveWriter, Batch, Indexer, Journal, JournalReader, Label, LogTrimmer, Lsn, Options,
    SledJournal,
};

/// Says to the child, which is this very program, where the log is.
const DIR: &str = "KIRANA_KILL_DIR";

/// Kills of one run; more with `KIRANA_KILLS`.
const KILLS: u64 = 8;

struct NoLabels;

impl Indexer for NoLabels {
    fn index(&self, _: &[u8], _: &mut Vec<Label>) -> Option<i64> {
        None
    }
}

fn record(lsn: Lsn) -> Vec<u8> {
    let length = usize::try_from(lsn.0 * 7_919 % 700).unwrap();
    [&lsn.0.to_le_bytes()[..], &vec![lsn.0.to_le_bytes()[0]; length]].concat()
}

fn batch(first: Lsn, count: u64) -> Batch {
    let mut batch = Batch::new(first);
    for index in 0..count {
        batch.try_push(&record(first.plus(index))).unwrap();
    }
    batch
}

/// Archives all but the newest records and trims as far, over and over.
fn keep(trimmer: &LogTrimmer, reader: &dyn JournalReader) {
    loop {
        let (end, wanted) = (trimmer.archive().end(), Lsn(reader.end().0.saturating_sub(150)));
        if wanted.0 < end.lsn.0 + 300 {
            thread::yield_now();
            continue;
        }
        let mut writer = ArchiveWriter::create(trimmer.archive().dir(), end).unwrap();
        for frame in reader.frames(end.lsn.next()).map(Result::unwrap) {
            writer.push(&frame, &NoLabels).unwrap();
            if frame.last_lsn() >= wanted {
                break;
            }
        }
        trimmer.archive().add(writer.seal().unwrap()).unwrap();
        trimmer.begin_database(0).unwrap();
        trimmer.trim(wanted).unwrap();
    }
}

/// The life of the child: says each end that is durable, until it is killed.
#[test]
fn a_life_that_ends_by_force() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let mut journal = SledJournal::open(Path::new(&dir), &Options::default()).unwrap();
    let (trimmer, reader) = (journal.trimmer(), journal.reader());
    thread::spawn(move || keep(&trimmer, &*reader));
    let mut out = std::io::stdout().lock();
    loop {
        let next = journal.end().next();
        let count = 1 + next.0 % 11;
        let end = journal.append(&[batch(next, count), batch(next.plus(count), 3)]).unwrap();
        writeln!(out, "durable {end}").unwrap();
        out.flush().unwrap();
    }
}

/// Runs a child until it has said so many ends, and answers the last.
fn live_and_kill(dir: &Path, ends: usize) -> Lsn {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_life_that_ends_by_force", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let said = out.lines().map_while(Result::ok).filter_map(|line| {
        let (_, end) = line.split_once("durable ")?;
        end.parse().ok().map(Lsn)
    });
    let last = said.take(ends).last();
    child.kill().unwrap();
    child.wait().unwrap();
    last.expect("it lives long enough to say something")
}

#[test]
fn nothing_is_lost_or_doubled_by_kills_while_the_log_is_archived_and_trimmed() {
    let kills = std::env::var("KIRANA_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut first = Lsn::FIRST;
    for kill in 0..kills {
        let ends = usize::try_from(20 + kill * 7_919 % 211).unwrap();
        let acknowledged = live_and_kill(dir.path(), ends);
        let journal = SledJournal::open(dir.path(), &Options::default()).unwrap();
        assert!(journal.end() >= acknowledged, "kill {kill}: {acknowledged} was durable");
        let mut next = Lsn::FIRST;
        for frame in journal.reader().frames(Lsn::FIRST) {
            for (lsn, bytes) in frame.unwrap().records() {
                assert_eq!(lsn, next, "kill {kill}");
                assert_eq!(bytes, record(lsn), "kill {kill}");
                next = next.next();
            }
        }
        assert_eq!(next, journal.end().next(), "kill {kill}");
        first = journal.trimmer().first().unwrap();
        if kill % 3 == 0 {
            Box::new(journal).close().unwrap();
        }
    }
    assert!(first > Lsn::FIRST, "it was trimmed");
}
