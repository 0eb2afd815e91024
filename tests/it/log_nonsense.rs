//! Every tool on the log run with nonsense: one clear sentence, the right exit code, and not a byte
//! of the directory changed.

use crate::EXE;
use kirana_tests::market::Market;
use kirana_tests::process::{Ended, Program};
use kirana_tests::volume::Volume;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 1_000)];
const TOOLS: &[&[&str]] = &[
    &["show", "1"],
    &["show", "--order", "TST-000001"],
    &["tail"],
    &["replay"],
    &["replay", "--product", "TST", "milk"],
    &["explain", "stock", "TST", "milk"],
    &["explain", "order", "TST-000001"],
    &["verify"],
    &["diff", "1", "2"],
    &["head"],
    &["prove", "--order", "TST-000001", "-o", "/nowhere/at/all/proof"],
];

/// A closed data directory with a few orders in it.
fn used_directory() -> (tempfile::TempDir, Program) {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    for n in 0..20 {
        let place = market.place(n, &format!("log-nonsense-{n:06}"), &[(0, 2)]);
        client.ask(&place).expect(201);
    }
    assert_eq!(server.terminate().code, Some(0));
    (dir, program)
}

/// Every file below a directory, with its bytes.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

fn on(program: &Program, data: &Path, args: &[&str]) -> Ended {
    let mut all = vec!["log"];
    all.extend(args);
    all.extend(["--data", data.to_str().unwrap()]);
    program.run(&all)
}

/// The sentence of a command that ended with that code.
fn sentence(ended: &Ended, code: i32, what: &str) -> String {
    let Ended { stderr, .. } = ended;
    assert_eq!(ended.code, Some(code), "{what}: {stderr}");
    for word in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
        assert!(!stderr.contains(word), "{what}: {stderr}");
    }
    let lines: Vec<_> = stderr.lines().filter(|line| !line.starts_with('{')).collect();
    let is_clear =
        lines.iter().any(|line| line.starts_with("kirana: ") || line.starts_with("error: "));
    assert!(is_clear, "{what}: {stderr}");
    lines.join("\n")
}

#[test]
fn a_directory_that_is_no_log_is_named_by_every_tool_and_left_alone() {
    let (dir, program) = used_directory();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    fs::write(at("file"), "not a directory").unwrap();
    // A sled database of somebody else: the inside of ours, without what makes it a log.
    let copied =
        Command::new("cp").arg("-r").arg(program.data.join("log")).arg(at("sled")).status();
    assert!(copied.unwrap().success());
    let before = files(dir.path());
    for (name, said) in [
        ("missing", "it does not exist"),
        ("file", "it is a file"),
        ("empty", "it is empty"),
        ("sled", "it holds a sled database"),
    ] {
        for tool in TOOLS {
            let what = format!("{tool:?} on {name}");
            let sentence = sentence(&on(&program, &at(name), tool), 1, &what);
            assert!(sentence.contains(said), "{what}: {sentence}");
            assert!(sentence.contains(at(name).to_str().unwrap()), "{what}: {sentence}");
        }
    }
    assert!(files(dir.path()) == before, "something was written");
}

#[test]
fn a_live_directory_is_refused_by_every_tool_and_the_shop_sells_on() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    for tool in TOOLS {
        let what = format!("{tool:?} on a live directory");
        let sentence = sentence(&on(&program, &program.data, tool), 1, &what);
        assert!(sentence.contains("a server has the log in"), "{what}: {sentence}");
    }
    let place = market.place(1, "the-shop-sells-on-000", &[(0, 2)]);
    server.client().ask(&place).expect(201);
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
fn what_is_not_there_and_what_cannot_be_meant_is_said() {
    let (dir, program) = used_directory();
    let before = files(dir.path());
    let nobody = "0198d0e0-7e57-7000-8000-00000000dead";
    let table: &[(&[&str], i32, &str)] = &[
        (&["show", "99999"], 1, "there is no record 99999: the log has records 1 to "),
        (&["show", "0"], 2, "give the number of a record"),
        (&["show", "one"], 2, "give the number of a record"),
        (&["show", "99999999999999999999999"], 2, "give the number of a record"),
        (&["show"], 2, "required"),
        (&["show", "1", "--order", "1"], 2, "cannot be used with"),
        (&["show", "--order", nobody], 1, "there is no order"),
        (&["show", "--order", "TST-999999"], 1, "there is no order TST-999999"),
        (&["show", "--order", "XXX-000001"], 1, "there is no order XXX-000001"),
        (&["show", "--order", "milk"], 2, "TUR-000002"),
        (&["tail", "--kind", "nothing"], 2, "possible values"),
        (&["tail", "--store", "XXX"], 1, "there is no store with the code XXX"),
        (&["tail", "-n", "-1"], 2, "error"),
        (&["replay", "--until", "99999"], 1, "there is no record 99999"),
        (&["replay", "--until", "tomorrow"], 2, "2026-11-26T06:00:00Z"),
        (&["replay", "--until", "2026-02-30T06:00:00Z"], 2, "2026-11-26T06:00:00Z"),
        (&["replay", "--customer", nobody], 1, "there is no customer"),
        (&["replay", "--store", nobody], 1, "there is no store"),
        (&["replay", "--store", "TST", "--customer", nobody], 2, "cannot be used with"),
        (&["replay", "--product", "TST", "gold"], 1, "there is no product with the SKU gold"),
        (&["replay", "--product", "TST"], 2, "2 values required"),
        (&["explain"], 2, "Usage"),
        (&["explain", "stock", "TST", nobody], 1, "has no product"),
        (&["explain", "stock", "TST", "milk", "--until", "99999"], 1, "there is no record 99999"),
        (&["explain", "order", nobody], 1, "there is no order"),
        (&["explain", "order", "TST-000001", "--until", "2"], 1, "up to record 2"),
        (&["verify", "--against", "milk"], 2, "neither a head nor a file with one"),
        (&["diff", "2", "1"], 2, "the earlier record first"),
        (&["diff", "1", "99999"], 1, "there is no record 99999"),
        (&["diff", "1"], 2, "required"),
        (&["head", "--sign", "/nowhere/key"], 1, "/nowhere/key"),
        (&["prove", "--order", "TST-000001", "-o", "/nowhere/proof"], 1, "/nowhere/proof"),
        (&["prove", "--order", "TST-999999", "-o", "/nowhere/proof"], 1, "there is no order"),
        (&["tail", "--scratch", "/nowhere/at/all"], 1, "--scratch"),
        (&["tail", "-f", "--server", "nonsense"], 2, "http://127.0.0.1:8080"),
        (&["tail", "-f", "--server", "http://127.0.0.1:9", "--token", "x"], 1, "127.0.0.1:9"),
        (&["tail", "-f", "--order", "TST-000001", "--token", "x"], 2, "by its id"),
        (&["nothing"], 2, "unrecognized subcommand"),
    ];
    for (args, code, said) in table {
        let what = format!("{args:?}");
        let mut all = vec!["log"];
        all.extend(*args);
        if !matches!(args[..], ["explain" | "nothing"]) {
            all.extend(["--data", program.data.to_str().unwrap()]);
        }
        let ended = program.run(&all);
        let sentence = match args[..] {
            // Without a subcommand there is help, and no sentence.
            ["explain"] => ended.stderr.clone(),
            _ => sentence(&ended, *code, &what),
        };
        assert_eq!(ended.code, Some(*code), "{what}: {sentence}");
        assert!(sentence.contains(said), "{what}: {sentence}");
    }
    assert!(files(dir.path()) == before, "something was written");
}

#[test]
fn a_reader_that_goes_away_ends_a_tool_quietly() {
    let (_dir, program) = used_directory();
    for args in [&["tail", "-n", "100000"][..], &["show", "1", "--count", "100000"]] {
        let mut command = Command::new(EXE);
        command.arg("log").args(args).arg("--data").arg(&program.data);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // Dropped after a line: the pipe is closed.
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let status = child.wait().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(line.contains("engine_started"), "{line}");
        assert_eq!((status.code(), &*said), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_full_disk_under_the_copy_is_said_and_nothing_is_left_there() {
    let (dir, program) = used_directory();
    let tiny = Volume::create(dir.path(), "tiny", 6 << 20);
    for (name, scratch) in [("no directory", Path::new("/dev/full")), ("full", &tiny.root)] {
        let ended = on(&program, &program.data, &["tail", "--scratch", scratch.to_str().unwrap()]);
        let said = sentence(&ended, 1, name);
        assert!(said.contains("--scratch"), "{name}: {said}");
    }
    assert!(files(&tiny.root).is_empty(), "half a copy is left");
    let own = dir.path().join("scratch");
    fs::create_dir(&own).unwrap();
    let ended = on(&program, &program.data, &["verify", "--scratch", own.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(files(&own).len(), 0, "the copy is gone");
}

#[test]
fn every_tool_has_help_with_an_example() {
    let program = Program::new(EXE, Path::new("/nowhere"));
    for tool in [
        &["show"][..],
        &["tail"],
        &["replay"],
        &["explain", "stock"],
        &["explain", "order"],
        &["verify"],
        &["diff"],
        &["head"],
        &["keygen"],
        &["prove"],
    ] {
        let mut args = vec!["log"];
        args.extend(tool);
        args.push("--help");
        let ended = program.run(&args);
        assert_eq!(ended.code, Some(0), "{tool:?}: {}", ended.stderr);
        let example = format!("kirana log {}", tool.join(" "));
        let (_, examples) = ended.stdout.split_once("Example").expect("there are examples");
        assert!(examples.contains(&example), "{tool:?}: {}", ended.stdout);
    }
}
