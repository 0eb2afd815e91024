//! Backups of a running server, and what is made of them: whole, as of a moment, and with kills at
//! random moments of both.

use crate::EXE;
use kirana_tests::crowd::{Command, Crowd};
use kirana_tests::dice::Dice;
use kirana_tests::http::Request;
use kirana_tests::market::{Market, admin};
use kirana_tests::process::{Ended, Program, free_address};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const CLIENTS: u64 = 8;
const GOODS: &[(&str, i64, u32)] =
    &[("milk", 3_000, 900_000), ("bread", 4_500, 900_000), ("eggs", 9_600, 900_000)];

fn command(client: u64, n: u64) -> Command {
    let mut dice = Dice::new(client << 40 ^ n);
    Command {
        key: format!("backup-{client:03}-{n:06}"),
        customer: client,
        lines: vec![(dice.below(3) as usize, 1 + dice.below(3) as u32)],
        then_cancel: dice.below(4) == 0,
    }
}

/// A server with its backup and what is restored from it.
struct Scene {
    dir: tempfile::TempDir,
    program: Program,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::new(EXE, &dir.path().join("data"));
        Self { dir, program }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn backup_args(&self) -> Vec<String> {
        let server = format!("http://{}", self.program.address);
        let (to, data) = (self.path("backup"), &self.program.data);
        ["backup", "--to", text(&to), "--server", &server, "--data", text(data), "--output", "json"]
            .map(str::to_owned)
            .into()
    }

    fn restore_args(&self, to: &Path, more: &[&str]) -> Vec<String> {
        let from = self.path("backup");
        let args = ["restore", "--from", text(&from), "--data", text(to), "--output", "json"];
        args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
    }

    fn run(&self, args: &[String]) -> Ended {
        self.program.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn back_up(&self) -> Value {
        json_of(&self.run(&self.backup_args()))
    }

    fn restore(&self, to: &Path, more: &[&str]) -> Value {
        json_of(&self.run(&self.restore_args(to, more)))
    }

    /// What `kirana log replay` makes of a directory.
    fn digest(&self, data: &Path, until: u64) -> Value {
        let until = until.to_string();
        let args = ["log", "replay", "--until", &until, "--data", text(data), "--output", "json"];
        json_of(&self.program.run(&args))["digest"].clone()
    }

    /// Has a crowd at work while `work` goes on.
    fn under_load<T>(&self, market: &Market, crowd: &Crowd, work: impl FnOnce() -> T) -> T {
        let is_over = AtomicBool::new(false);
        let begun = crowd.count() as u64;
        thread::scope(|scope| {
            scope.spawn(|| {
                crowd.work(self.program.address, market, CLIENTS, |client, n| {
                    let is_over = is_over.load(Ordering::SeqCst);
                    (!is_over && n < 3_000).then(|| command(client, begun * 10_000 + n))
                });
            });
            while crowd.count() < begun as usize + 400 {
                thread::sleep(Duration::from_millis(5));
            }
            let done = work();
            is_over.store(true, Ordering::SeqCst);
            done
        })
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json_of(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn refused(ended: &Ended, code: i32, part: &str) {
    assert_eq!(ended.code, Some(code), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains(part), "no {part:?} in {}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

fn ids(orders: &[Value]) -> BTreeSet<String> {
    orders.iter().map(|order| order["id"].to_string()).collect()
}

#[test]
fn a_backup_under_load_is_restored_to_the_same_state() {
    let scene = Scene::new();
    let server = scene.program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let crowd = Crowd::default();
    let (first, second) = scene.under_load(&market, &crowd, || {
        let first = scene.back_up();
        thread::sleep(Duration::from_millis(500));
        (first, scene.back_up())
    });
    let head = second["lsn"].as_u64().unwrap();
    assert!(first["lsn"].as_u64().unwrap() < head, "{first} {second}");
    assert_eq!(second["records"].as_u64().unwrap(), head - first["lsn"].as_u64().unwrap());
    assert_eq!(fs::read_dir(scene.path("backup/archive")).unwrap().count(), 2);
    crowd.check(&mut server.client(), &market);
    let there = ids(&market.orders(&mut server.client()));
    assert_eq!(server.terminate().code, Some(0));

    // The shop had more orders than the backup; what the backup has is what the shop had then.
    let then = scene.path("then");
    let restored = scene.restore(&then, &[]);
    assert_eq!(restored["lsn"], head);
    assert_eq!(restored["digest"], scene.digest(&scene.program.data, head));
    assert_eq!(restored["digest"], scene.digest(&then, head));
    assert_eq!(restored["digest"], scene.digest(&scene.path("backup"), head));
    let verified = scene.program.run(&[
        "log",
        "verify",
        "--data",
        text(&scene.path("backup")),
        "--against",
        text(&scene.path("backup/head")),
    ]);
    assert_eq!(verified.code, Some(0), "{}\n{}", verified.stdout, verified.stderr);
    let again = Program::new(EXE, &then).start();
    let orders = ids(&market.orders(&mut again.client()));
    assert!(orders.is_subset(&there) && orders.len() > 100, "{} {}", orders.len(), there.len());
    assert_eq!(again.terminate().code, Some(0));

    // The rest comes from the stopped server; now both shops are the same to whoever looks.
    let (data, backup) = (text(&scene.program.data), scene.path("backup"));
    let rest = scene.program.run(&["backup", "--from", data, "--to", text(&backup)]);
    assert_eq!(rest.code, Some(0), "{}", rest.stderr);
    let now = scene.path("now");
    scene.restore(&now, &[]);
    let server = scene.program.start();
    let restored = Program::new(EXE, &now).start();
    assert_eq!(
        market.visible_state(&mut restored.client()),
        market.visible_state(&mut server.client())
    );
    // Names and addresses are read with the restored keys, and the restored shop sells on.
    let order = market.orders(&mut restored.client())[0]["id"].as_str().unwrap().to_owned();
    let order = restored.client().ask(&Request::get(format!("/v1/orders/{order}")).token(&admin()));
    assert_eq!(order.expect(200)["delivery_address"]["name"], "Asha");
    restored.client().ask(&market.place(1, "sold-after-restore", &[(0, 1)])).expect(201);
    // It has a history of its own from now on: its log is no more what the backup goes on with.
    assert_eq!(restored.terminate().code, Some(0));
    server.client().ask(&market.place(1, "sold-at-home-0001", &[(1, 1)])).expect(201);
    scene.back_up();
    assert_eq!(server.terminate().code, Some(0));
    let other = scene.program.run(&["backup", "--from", text(&now), "--to", text(&backup)]);
    refused(&other, 1, "another history");
}

#[test]
fn a_point_in_time_is_what_the_log_was_then() {
    let scene = Scene::new();
    let server = scene.program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let crowd = Crowd::default();
    scene.under_load(&market, &crowd, || ());
    assert_eq!(server.terminate().code, Some(0));
    let (data, backup) = (text(&scene.program.data), scene.path("backup"));
    let taken = scene.program.run(&["backup", "--from", data, "--to", text(&backup)]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    let mut dice = Dice::printed("log_backup");
    for n in 0..4 {
        let wanted = 50 + dice.below(300);
        let to = scene.path(&format!("then-{n}"));
        let restored = scene.restore(&to, &["--until", &wanted.to_string()]);
        let end = restored["lsn"].as_u64().unwrap();
        assert!(end <= wanted, "{restored}");
        let first_left_out = restored["left_out_from"].as_u64().unwrap();
        assert_eq!(first_left_out, end + 1);
        assert_eq!(restored["digest"], scene.digest(&scene.program.data, end));
        let server = Program::new(EXE, &to).start();
        market.orders(&mut server.client());
        assert_eq!(server.terminate().code, Some(0));
    }
    let beyond = scene.run(&scene.restore_args(&scene.path("x"), &["--until", "99999999"]));
    refused(&beyond, 1, "there is no record 99999999");
    let early = ["--until", "1999-01-01T00:00:00Z"];
    refused(&scene.run(&scene.restore_args(&scene.path("y"), &early)), 1, "nothing would be");
}

#[test]
fn what_must_not_be_done_is_refused_with_a_sentence() {
    let scene = Scene::new();
    let (backup, data) = (scene.path("backup"), scene.program.data.clone());
    let run = |args: &[&str]| scene.program.run(args);
    let nobody = format!("http://{}", free_address());
    let unreachable = run(&["backup", "--to", text(&backup), "--server", &nobody, "--no-keys"]);
    refused(&unreachable, 1, "no answer from");
    assert!(!backup.exists());
    refused(&run(&["backup", "--to", text(&backup), "--server", "ftp://x"]), 2, "--server wants");
    let missing = scene.path("missing");
    refused(&run(&["backup", "--to", text(&backup), "--from", text(&missing)]), 1, "not exist");
    refused(&scene.run(&scene.restore_args(&missing, &[])), 1, "not exist");
    refused(&run(&["restore", "--from", text(&backup)]), 2, "--data");

    let server = scene.program.start();
    let market = Market::open(&mut server.client(), GOODS);
    server.client().ask(&market.place(1, "the-only-order-01", &[(0, 1)])).expect(201);
    scene.back_up();
    // A live directory is neither backed up as a stopped one nor written over.
    let live = run(&["backup", "--to", text(&backup), "--from", text(&data)]);
    refused(&live, 1, "another process has the log");
    refused(&scene.run(&scene.restore_args(&data, &[])), 1, "it holds a log already");
    let wrong = format!("http://{}", server.address);
    let wrong = ["backup", "--to", text(&backup), "--server", &wrong, "--token", "x", "--no-keys"];
    refused(&run(&wrong), 1, "does not take our token");
    let keys = format!("http://{}", server.address);
    let keys = ["backup", "--to", text(&backup), "--server", &keys, "--data", text(&missing)];
    refused(&run(&keys), 1, "the keys of personal data");
    assert_eq!(server.terminate().code, Some(0));

    fs::create_dir(&missing).unwrap();
    fs::write(missing.join("holiday.jpg"), "sun").unwrap();
    refused(&scene.run(&scene.restore_args(&missing, &[])), 1, "holiday.jpg");
    refused(&run(&["restore", "--from", text(&data), "--data", "x"]), 1, "not a backup");
    refused(&run(&["backup", "--from", text(&data), "--to", text(&missing)]), 1, "holiday.jpg");
    let other = Scene::new();
    let server = other.program.start();
    Market::open(&mut server.client(), GOODS);
    assert_eq!(server.terminate().code, Some(0));
    let wrong_log = ["backup", "--from", text(&other.program.data), "--to", text(&backup)];
    refused(&run(&wrong_log), 1, "it is of log");
}

#[test]
fn a_damaged_log_is_repaired_on_a_copy_and_the_cost_is_named() {
    let scene = Scene::new();
    let (data, backup, into) =
        (scene.program.data.clone(), scene.path("backup"), scene.path("repaired"));
    let run = |args: &[&str]| scene.program.run(&[args, &["--output", "json"]].concat());
    let plan = ["log", "repair", "--plan", "--data", text(&data)];
    let apply = ["log", "repair", "--apply", "--into", text(&into), "--data", text(&data)];
    let server = scene.program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let crowd = Crowd::default();
    scene.under_load(&market, &crowd, || ());
    let head = scene.back_up()["lsn"].as_u64().unwrap();
    scene.under_load(&market, &crowd, || ());
    refused(&run(&plan), 1, "another process has the log");
    let state = market.visible_state(&mut server.client());
    assert_eq!(server.terminate().code, Some(0));

    // Everything into archive files: the tools and the server see no difference.
    let archived = json_of(&run(&["log", "archive", "--data", text(&data)]));
    let end = archived["lsn"].as_u64().unwrap();
    assert_eq!(
        (&archived["archived_lsn"], &archived["lsn"]),
        (&Value::from(end), &Value::from(end))
    );
    assert_eq!(scene.digest(&data, end), archived["digest"]);
    let whole = json_of(&run(&plan));
    assert_eq!((&whole["whole"], &whole["lost_records"]), (&true.into(), &0.into()), "{whole}");

    // Marks and identity of a log that is whole cost nothing.
    fs::remove_file(data.join("tail")).unwrap();
    fs::write(data.join("FORMAT"), "scratched").unwrap();
    let planned = json_of(&run(&plan));
    assert_eq!((&planned["lost_records"], &planned["end_lsn"]), (&0.into(), &Value::from(end)));
    let repaired = json_of(&run(&apply));
    assert_eq!((&repaired["digest"], &repaired["applied"]), (&archived["digest"], &true.into()));
    let server = Program::new(EXE, &into).start();
    assert_eq!(market.visible_state(&mut server.client()), state);
    assert_eq!(server.terminate().code, Some(0));
    refused(&run(&apply), 1, "it holds a log already");
    fs::remove_dir_all(&into).unwrap();

    // Without log and archive there is only the backup, and what came after it is lost.
    fs::remove_dir_all(data.join("log")).unwrap();
    fs::remove_dir_all(data.join("archive")).unwrap();
    refused(&run(&apply), 1, "name a backup");
    let with = |args: &[&str]| run(&[args, &["--from-backup", text(&backup)]].concat());
    let planned = with(&plan);
    refused(&planned, 1, "would cost");
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!(planned["lost_records"], end - head, "{planned}");
    assert_eq!((&planned["end_lsn"], &planned["keys"]), (&Value::from(head), &"log".into()));
    let repaired = json_of(&with(&apply));
    assert_eq!(repaired["digest"], scene.digest(&backup, head));
    let server = Program::new(EXE, &into).start();
    market.orders(&mut server.client());
    assert_eq!(server.terminate().code, Some(0));
}

/// Kills backups and restores at random moments; at the end everything is as if none had been.
fn kill(kills: u64) {
    let mut dice = Dice::printed("log_backup_kills");
    let scene = Scene::new();
    let server = scene.program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let crowd = Crowd::default();
    let args = scene.backup_args();
    scene.under_load(&market, &crowd, || scene.back_up());
    let mut killed = 0;
    scene.under_load(&market, &crowd, || {
        for _ in 0..kills {
            killed += u64::from(scene.program.kill_after(&args, dice.millis(1, 120)));
        }
    });
    let taken = scene.back_up();
    crowd.check(&mut server.client(), &market);
    let left = fs::read_dir(scene.path("backup/archive")).unwrap();
    let left = left.filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|ending| ending == "new")
    });
    assert_eq!(left.count(), 0, "leftovers are cleaned");
    assert_eq!(server.terminate().code, Some(0));
    let lsn = taken["lsn"].as_u64().unwrap();
    let digest = scene.digest(&scene.program.data, lsn);

    let to = scene.path("restored");
    let args = scene.restore_args(&to, &[]);
    let mut restored = 0;
    for _ in 0..kills {
        if scene.program.kill_after(&args, dice.millis(1, 400)) {
            restored += 1;
            // Whatever is there now is a whole log or none that a server would start on.
            if to.join("FORMAT").exists() {
                assert_eq!(scene.digest(&to, lsn), digest);
                fs::remove_dir_all(&to).unwrap();
            } else if to.join("restoring").exists() || to.join("FORMAT.restored").exists() {
                let started = Program::new(EXE, &to).spawn().wait(Duration::from_mins(1));
                refused(&started, 1, "is not the directory of a log");
            }
        } else {
            fs::remove_dir_all(&to).unwrap();
        }
    }
    println!("{killed} of {kills} backups and {restored} of {kills} restores were killed");
    let whole = scene.restore(&to, &[]);
    assert_eq!(whole["digest"], digest);
    assert!(!to.join("restoring").exists());
    let server = Program::new(EXE, &to).start();
    assert!(market.orders(&mut server.client()).len() > 100);
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
fn backup_and_restore_survive_kills() {
    kill(5);
}

#[test]
#[ignore = "long: run by tests/run --long"]
fn long_backup_and_restore_survive_kills() {
    kill(50);
}
