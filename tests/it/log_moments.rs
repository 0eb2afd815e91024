//! Moments in a log of an earlier release, whose times fall: each tool says which record it took.

use crate::EXE;
use kirana_domain::{Event, Principal, Record, Rejection};
use kirana_engine::encode;
use kirana_storage::{Batch, Journal, Options, SledJournal};
use kirana_tests::process::{Ended, Program};
use std::path::Path;

/// Seconds after the start of 2025 of each record: the clock was two hours ahead for two of them.
const SECONDS: [i64; 7] = [0, 60, 7_260, 7_320, 120, 180, 9_000];

fn old_log(dir: &Path) {
    let mut journal = SledJournal::open(dir, &Options::default()).unwrap();
    for second in SECONDS {
        let at_ms = kirana_tests::shop::START_MS + second * 1_000;
        let event = Event::CommandRefused { rejection: Rejection::BasketEmpty };
        let record = Record { at_ms, by: Principal::SYSTEM, key: None, event };
        let mut batch = Batch::new(journal.end().next());
        batch.try_push_with(|bytes| encode(&record, bytes)).unwrap();
        journal.append(&[batch]).unwrap();
    }
    Box::new(journal).close().unwrap();
}

fn run(dir: &Path, args: &[&str]) -> Ended {
    let ended = Program::new(EXE, dir).run(args);
    assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.stderr);
    ended
}

#[test]
fn a_moment_in_a_log_whose_times_fall_is_the_last_record_that_is_not_later_and_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (data, backup) = (dir.path().join("data"), dir.path().join("backup"));
    old_log(&data);
    let [data, to] = [&data, &backup].map(|path| path.to_str().unwrap());
    run(dir.path(), &["backup", "--no-keys", "--from", data, "--to", to]);
    // Not later than 00:10 are 1, 2, 5 and 6; no time before the fall at 5 is asked for at 00:01.
    for (time, last, is_said) in [
        ("2025-01-01T00:10:00.000Z", 6, true),
        ("2025-01-01T02:01:30.000Z", 6, true),
        ("2025-01-01T03:00:00.000Z", 7, true),
        ("2025-01-01T00:01:00.000Z", 2, false),
    ] {
        let said = format!("the last record not later than {time} is {last}");
        let said = format!("record times fall at 5, as a clock was wrong there: {said}");
        let replayed = run(dir.path(), &["log", "replay", "--data", data, "--until", time]);
        assert!(replayed.stdout.contains(&format!("as_of_lsn: {last}")), "{}", replayed.stdout);
        assert_eq!(replayed.stderr.contains(&said), is_said, "{time}: {}", replayed.stderr);
        let then = dir.path().join(format!("as-of-{time}"));
        let then = then.to_str().unwrap();
        let restored = run(dir.path(), &["restore", "--from", to, "--data", then, "--until", time]);
        assert!(restored.stdout.contains(&format!("up to record {last},")), "{}", restored.stdout);
        assert_eq!(restored.stderr.contains(&said), is_said, "{time}: {}", restored.stderr);
    }
}
