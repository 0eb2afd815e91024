//! A process that appends, archives and trims is killed again and again, or its power goes: nothing
//! that it was told is durable is lost or doubled, wherever it is kept.

#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(unreachable_pub, reason = "it is public in the crate that it is a part of")]
#[path = "../../tests/src/volume.rs"]
mod volume;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use kirana_storage::{
    ArchiveWriter, Batch, Indexer, Journal, JournalReader, Label, LogTrimmer, Lsn, Options,
    SledJournal,
};

/// Says to the child, which is this very program, where the log is.
const DIR: &str = "KIRANA_KILL_DIR";

/// Says to the child that the log grows fast and is not archived: it stays in one database.
const WHOLE: &str = "KIRANA_KILL_WHOLE";

/// Kills of one run; more with `KIRANA_KILLS`.
const KILLS: u64 = 8;

/// Power cuts of one run; more with `KIRANA_CUTS`.
const CUTS: u64 = 12;

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
    let is_whole = std::env::var_os(WHOLE).is_some();
    if !is_whole {
        thread::spawn(move || keep(&trimmer, &*reader));
    }
    let mut out = std::io::stdout().lock();
    loop {
        let next = journal.end().next();
        let (count, batches) = if is_whole { (1 + next.0 % 199, 12) } else { (1 + next.0 % 11, 2) };
        let group: Vec<_> = (0..batches).map(|at| batch(next.plus(at * count), count)).collect();
        let end = journal.append(&group).unwrap();
        writeln!(out, "durable {end}").unwrap();
        out.flush().unwrap();
    }
}

/// Starts a child.
fn born(dir: &Path, is_whole: bool, out: Stdio) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_life_that_ends_by_force", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .envs(is_whole.then_some((WHOLE, "yes")))
        .stdout(out)
        .spawn()
        .unwrap()
}

/// Returns the end that a line of a child says is durable.
fn said(line: &str) -> Option<Lsn> {
    let (_, end) = line.split_once("durable ")?;
    end.parse().ok().map(Lsn)
}

/// Runs a child until it has said so many ends, and answers the last.
fn live_and_kill(dir: &Path, ends: usize) -> Lsn {
    let mut child = born(dir, false, Stdio::piped());
    let out = BufReader::new(child.stdout.take().unwrap());
    let said = out.lines().map_while(Result::ok).filter_map(|line| said(&line));
    let last = said.take(ends).last();
    child.kill().unwrap();
    child.wait().unwrap();
    last.expect("it lives long enough to say something")
}

/// Opens the log, in which every record must be, from the first on beyond what was acknowledged.
fn opened_whole(dir: &Path, acknowledged: Lsn, when: &str) -> SledJournal {
    let opened = SledJournal::open(dir, &Options::default());
    let journal = opened.unwrap_or_else(|error| panic!("{when}, after {acknowledged}: {error}"));
    assert!(journal.end() >= acknowledged, "{when}: {acknowledged} was durable");
    let mut next = Lsn::FIRST;
    for frame in journal.reader().frames(Lsn::FIRST) {
        for (lsn, bytes) in frame.unwrap().records() {
            assert_eq!(lsn, next, "{when}");
            assert_eq!(bytes, record(lsn), "{when}");
            next = next.next();
        }
    }
    assert_eq!(next, journal.end().next(), "{when}");
    journal
}

/// Cuts the power of a child that has lived so long, twice in a row, and answers how many records
/// were acknowledged.
fn live_and_lose_power(dir: &Path, cut: u64, life: Duration) -> Lsn {
    let mut disk = volume::Volume::create(dir, "disk", 1 << 30);
    let mut acknowledged = Lsn::ZERO;
    for (life, after) in [(life / 3, "between"), (life, "after")] {
        let out = dir.join("out");
        let data = disk.root.join("data");
        let mut child = born(&data, cut.is_multiple_of(2), File::create(&out).unwrap().into());
        thread::sleep(life);
        let control = format!("control {after}");
        fs::write(disk.root.join(&control), "nobody has synced this").unwrap();
        let stop =
            |signal: &str| Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(stop("-STOP").unwrap().success());
        let lines = fs::read_to_string(&out).unwrap();
        acknowledged = lines.lines().filter_map(said).next_back().unwrap_or(acknowledged);
        let cut_off = disk.after_power_cut(dir, after);
        child.kill().unwrap();
        child.wait().unwrap();
        disk = cut_off;
        let control = fs::read_to_string(disk.root.join(control)).unwrap_or_default();
        assert!(control.is_empty(), "cut {cut} has what nobody synced: it proves nothing");
        drop(opened_whole(&disk.root.join("data"), acknowledged, &format!("cut {cut} {after}")));
    }
    acknowledged
}

#[test]
#[ignore = "needs root: run by tests/run"]
fn root_nothing_is_lost_or_doubled_by_power_cuts() {
    let cuts = std::env::var("KIRANA_CUTS").map_or(CUTS, |cuts| cuts.parse().unwrap());
    let mut acknowledged = 0;
    for cut in 0..cuts {
        let dir = tempfile::tempdir().unwrap();
        let life = Duration::from_millis(50 + cut * 7_919 % 2_500);
        acknowledged += live_and_lose_power(dir.path(), cut, life).0;
    }
    assert!(acknowledged > cuts * 100, "the cuts came under load: {acknowledged}");
    println!("{cuts} times two power cuts, {acknowledged} records acknowledged before them");
}

#[test]
fn nothing_is_lost_or_doubled_by_kills_while_the_log_is_archived_and_trimmed() {
    let kills = std::env::var("KIRANA_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut first = Lsn::FIRST;
    for kill in 0..kills {
        let ends = usize::try_from(20 + kill * 7_919 % 211).unwrap();
        let acknowledged = live_and_kill(dir.path(), ends);
        let journal = opened_whole(dir.path(), acknowledged, &format!("kill {kill}"));
        first = journal.trimmer().first().unwrap();
        if kill % 3 == 0 {
            Box::new(journal).close().unwrap();
        }
    }
    assert!(first > Lsn::FIRST, "it was trimmed");
}
