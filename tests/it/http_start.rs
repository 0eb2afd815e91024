//! Starts that must not be: one clear sentence, the right exit code, and nothing lost on disk.

use crate::EXE;
use kirana_tests::market::Market;
use kirana_tests::process::{Ended, Program};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 1_000)];
const PATIENCE: Duration = Duration::from_mins(1);

/// The one sentence that a person reads. Log lines beside it are JSON.
fn sentence(ended: &Ended, code: i32) -> String {
    let Ended { stderr, .. } = ended;
    assert_eq!(ended.code, Some(code), "{stderr}");
    for word in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
        assert!(!stderr.contains(word), "{stderr}");
    }
    let lines: Vec<_> = stderr.lines().filter(|line| !line.starts_with('{')).collect();
    let sentence = lines.join("\n");
    assert!(sentence.starts_with("kirana: "), "{stderr}");
    // A setting that is not known is answered with the names of all that are.
    assert!(sentence.len() < 1_600, "{sentence}");
    sentence
}

/// A closed data directory with a few orders in it.
fn used_directory() -> (tempfile::TempDir, Program) {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    for n in 0..50 {
        let place = market.place(n, &format!("used-directory-{n:02}"), &[(0, 2)]);
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

/// A start that is refused twice in the same words, and leaves every byte as it was.
fn refused_and_untouched(program: &Program, dir: &Path) -> String {
    let before = files(dir);
    let first = sentence(&program.spawn().wait(PATIENCE), 1);
    assert!(files(dir) == before, "files have changed: {first}");
    assert_eq!(sentence(&program.spawn().wait(PATIENCE), 1), first);
    first
}

#[test]
fn a_damaged_identity_is_named_and_nothing_is_touched() {
    let (dir, program) = used_directory();
    for garbage in [&b""[..], b"garbage", &[0; 56], &[0xff; 4_096]] {
        fs::write(program.data.join("FORMAT"), garbage).unwrap();
        let sentence = refused_and_untouched(&program, dir.path());
        assert!(sentence.contains("the identity file is damaged"), "{sentence}");
    }
}

#[test]
fn a_log_that_was_cut_is_refused_and_a_copy_of_it_is_kept() {
    let (_dir, program) = used_directory();
    program.start().kill();
    cut_and_put_back(&program);
}

#[test]
fn a_log_that_was_cut_after_a_clean_stop_is_kept_as_it_was_found_too() {
    let (_dir, program) = used_directory();
    cut_and_put_back(&program);
}

/// Leaves of the commit tail only the newest group, so that it cannot make up for what the log
/// lacks. Returns what it was.
fn empty_tail(program: &Program) -> Vec<u8> {
    let path = program.data.join("tail");
    let whole = fs::read(&path).unwrap();
    let mut pages: Vec<_> = whole.chunks(4_096).collect();
    // A group starts with `KTAL`; its epoch and its end are 4 and 8 bytes at 24.
    let age = |page: &[u8]| {
        let (epoch, end) = (page[24..28].try_into().unwrap(), page[28..36].try_into().unwrap());
        (u32::from_le_bytes(epoch), u64::from_le_bytes(end))
    };
    let starts = pages.iter().enumerate().filter(|(_, page)| page.starts_with(b"KTAL"));
    let (newest, _) = starts.max_by_key(|(_, page)| age(page)).unwrap();
    let zeros = [0; 4_096];
    for (number, page) in pages.iter_mut().enumerate() {
        let is_newest = number == newest || (number > newest && page.starts_with(b"KTAC"));
        *page = if is_newest { *page } else { &zeros };
    }
    fs::write(&path, pages.concat()).unwrap();
    whole
}

fn cut_and_put_back(program: &Program) {
    let log = program.data.join("log/db");
    let tail = empty_tail(program);
    let whole = fs::read(&log).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    fs::write(&log, &whole[..used / 2]).unwrap();
    let said = sentence(&program.spawn().wait(PATIENCE), 1);
    assert!(said.contains("record"), "which records are gone is said: {said}");
    assert!(said.contains("log.before-recovery"), "{said}");
    let kept = fs::read(program.data.join("log.before-recovery/db")).unwrap();
    assert!(kept == whole[..used / 2], "the copy is not what was found");
    let again = sentence(&program.spawn().wait(PATIENCE), 1);
    assert!(again.contains("log.before-recovery"), "{again}");
    assert!(fs::read(program.data.join("log.before-recovery/db")).unwrap() == kept);

    // The operator puts the whole log back: everything is there.
    fs::remove_dir_all(program.data.join("log.before-recovery")).unwrap();
    fs::write(&log, &whole).unwrap();
    fs::write(program.data.join("tail"), tail).unwrap();
    let server = program.start();
    let metrics = server.metrics();
    assert!(metrics.contains("\nkirana_orders 50\n"), "{metrics}");
}

#[test]
fn a_log_that_is_gone_or_zeroed_is_refused() {
    for damage in ["remove", "zero", "empty"] {
        let (_dir, program) = used_directory();
        let log = program.data.join("log/db");
        empty_tail(&program);
        let length = fs::metadata(&log).unwrap().len();
        match damage {
            "remove" => fs::remove_file(&log).unwrap(),
            "zero" => fs::write(&log, vec![0; usize::try_from(length).unwrap()]).unwrap(),
            _ => fs::write(&log, b"").unwrap(),
        }
        let said = sentence(&program.spawn().wait(PATIENCE), 1);
        assert!(said.contains("record"), "{damage}: {said}");
        sentence(&program.spawn().wait(PATIENCE), 1);
    }
}

#[test]
fn damaged_files_beside_the_log_are_named_or_harmless() {
    for file in ["tail", "vault"] {
        let (_dir, program) = used_directory();
        let path = program.data.join(file);
        assert!(path.exists(), "{file}");
        let path = if path.is_dir() {
            fs::read_dir(&path).unwrap().next().unwrap().unwrap().path()
        } else {
            path
        };
        fs::write(&path, b"garbage").unwrap();
        let said = sentence(&program.spawn().wait(PATIENCE), 1);
        assert!(said.contains("damaged"), "{file}: {said}");
    }
}

#[test]
fn somebody_else_s_directory_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir_all(data.join("photos")).unwrap();
    fs::write(data.join("letter.txt"), "Dear Ravi").unwrap();
    let program = Program::new(EXE, &data);
    let sentence = refused_and_untouched(&program, dir.path());
    assert!(sentence.contains("is not the directory of a log"), "{sentence}");
    assert!(sentence.contains(&data.display().to_string()), "{sentence}");
}

#[test]
fn a_file_where_the_directory_should_be_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::write(&data, "a file").unwrap();
    let sentence = refused_and_untouched(&Program::new(EXE, &data), dir.path());
    assert!(sentence.contains(&data.display().to_string()), "{sentence}");
}

#[test]
fn a_port_in_use_is_named_and_no_directory_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let _taken = TcpListener::bind(program.address).unwrap();
    let sentence = refused_and_untouched(&program, dir.path());
    assert!(sentence.contains(&program.address.to_string()), "{sentence}");
    assert!(!program.data.exists());
}

#[test]
fn a_second_process_on_one_directory_is_refused_and_the_first_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let second = Program::new(EXE, &program.data);
    let said = sentence(&second.spawn().wait(PATIENCE), 1);
    assert!(said.contains("another process has the log"), "{said}");
    let place = market.place(1, "the-first-goes-on", &[(0, 2)]);
    server.client().ask(&place).expect(201);
    let (counts, orders) = market.visible_state(&mut server.client());
    server.kill();
    let server = second.start();
    assert_eq!(market.visible_state(&mut server.client()), (counts, orders));
}

#[test]
fn settings_that_are_not_right_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kirana.toml");
    let program = Program::new(EXE, &dir.path().join("data"));
    let with_file = program.clone().arg("--config").arg(&file.display().to_string());
    for (text, named) in [
        ("listn = '127.0.0.1:1'", "listn"),
        ("body_ms_max = 'soon'", "body_ms_max"),
        ("connections_max = -1", "connections_max"),
        ("[limits]\nbody = 5", "limits"),
        ("not toml at all", "kirana.toml"),
        ("hs256_secret_file = '/nowhere/at-all'\nlisten = '127.0.0.1:0'", ""),
    ] {
        fs::write(&file, text).unwrap();
        let said =
            sentence(&with_file.clone().unset("KIRANA_HS256_SECRET").spawn().wait(PATIENCE), 2);
        assert!(said.contains(named), "{text}: {said}");
    }
    fs::remove_file(&file).unwrap();
    assert!(sentence(&with_file.spawn().wait(PATIENCE), 2).contains("cannot be read"));
    for (name, value) in [
        ("KIRANA_CONNECTIONS_MAX", "many"),
        ("KIRANA_BODY_BYTES_MAX", "-1"),
        ("KIRANA_LOG", "loud"),
        ("KIRANA_HS256_SECRET", "short"),
    ] {
        let said = sentence(&program.clone().set(name, value).spawn().wait(PATIENCE), 2);
        assert!(said.contains(name) || said.contains("secret"), "{name}: {said}");
    }
    let secret = "/nowhere/at-all";
    let unreadable =
        program.clone().unset("KIRANA_HS256_SECRET").set("KIRANA_HS256_SECRET_FILE", secret);
    assert!(sentence(&unreadable.spawn().wait(PATIENCE), 2).contains(secret));
    assert!(!program.data.exists(), "nothing was made");
}

#[test]
fn a_secret_beside_the_data_that_is_cut_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data")).unset("KIRANA_HS256_SECRET");
    assert_eq!(program.start().terminate().code, Some(0));
    fs::write(program.data.join("token-secret"), "cut").unwrap();
    let said = refused_and_untouched(&program, dir.path());
    assert!(said.contains("token-secret"), "{said}");
}

#[test]
fn nonsense_on_the_command_line_is_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let data = program.data.display().to_string();
    for args in [
        &[][..],
        &["frobnicate"],
        &["serve", "--prot", "8080"],
        &["serve", "--listen", "here", "--data", &data],
        &["serve", "--listen", "127.0.0.1:99999", "--data", &data],
        &["serve", "--log", "loud"],
        &["serve", "extra"],
        &["token"],
        &["token", "--role", "king"],
        &["token", "--role", "system"],
        &["token", "--role", "packer"],
        &["token", "--role", "admin", "--ttl", "soon"],
        &["token", "--role", "admin", "--sub", "asha"],
        &["import", "catalogue"],
        &["import", "catalogue", "x.csv", "--store", "S1"],
        &["--output", "yaml"],
    ] {
        let ended = program.run(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{args:?}");
        assert!(!ended.stderr.contains("panicked"), "{args:?}: {}", ended.stderr);
    }
    assert!(!program.data.exists());
    for args in [&["--help"][..], &["serve", "--help"], &["token", "--help"], &["--version"]] {
        let ended = program.run(args);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
    let none =
        program.unset("KIRANA_HS256_SECRET").run(&["token", "--role", "admin", "--data", &data]);
    assert!(sentence(&none, 1).contains("no server has run"), "{}", none.stderr);
}
