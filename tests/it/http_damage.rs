//! Damage to any part of a closed data directory, and then the whole program on it: the part is
//! named by `verify` and by the start, or it is healed with a warning, or nothing was lost. Never
//! a server that answers 500, or without what it had, and has not said why.

use crate::EXE;
use kirana_api::auth::Tokens;
use kirana_domain::{PersonId, Principal, Role};
use kirana_tests::dice::Dice;
use kirana_tests::files::copy_tree;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, customer, customer_id};
use kirana_tests::process::{Program, SECRET, Server};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The parts of a data directory, each as likely to be damaged as any other.
const PARTS: [&str; 9] = [
    "FORMAT",
    "tail",
    "clean",
    "vault",
    "token-secret",
    "log",
    "archive",
    "checkpoints",
    "history",
];
const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 90_000), ("rice", 20_000, 90_000)];
const PAGE_BYTES: usize = 4_096;
/// How long a running server may take to meet damage that no start looks for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A read over HTTP: who asks, and the path.
type Read = (Role, u64, String);

/// A closed directory with checkpoints, archives and tables, and what is read of it.
struct Sound {
    dir: tempfile::TempDir,
    /// Signs with the secret that is kept in it.
    tokens: Tokens,
    answers: Vec<(Read, Value)>,
    /// What `verify` says of the state.
    digest: String,
    /// Warnings of any start.
    usual: Vec<String>,
}

fn server_of(dir: &Path) -> Program {
    Program::new(EXE, dir)
        .unset("KIRANA_HS256_SECRET")
        .set("KIRANA_LOG", "text")
        .set("KIRANA_ENGINE_CHECKPOINT_RECORDS", 60)
        .set("KIRANA_ENGINE_DATABASE_BYTES", 1)
        .set("KIRANA_SCRUB_PAUSE_MS", 0)
}

fn sound() -> Sound {
    let dir = tempfile::tempdir().unwrap();
    // The first start makes the secret; the trade is under that of all tests.
    server_of(dir.path()).start().terminate();
    let server = server_of(dir.path()).set("KIRANA_HS256_SECRET", SECRET).start();
    let reads = trade(&server);
    assert_eq!(server.terminate().code, Some(0));
    let secret = fs::read(dir.path().join("token-secret")).unwrap();
    let tokens = Tokens::new(secret.trim_ascii_end());
    let verified = verify(dir.path());
    let digest = verified.1.lines().find(|line| line.starts_with("replayed to")).unwrap();
    let mut sound =
        Sound { dir, tokens, answers: Vec::new(), digest: digest.to_owned(), usual: Vec::new() };
    assert!(!verified.0, "{}", verified.1);
    let copy = tempfile::tempdir().unwrap();
    copy_tree(sound.dir.path(), copy.path());
    let server = server_of(copy.path()).start();
    for read in reads {
        let answer = ask(&mut server.client(), &sound.tokens, &read);
        assert_eq!(answer.0, 200, "{read:?}: {}", answer.1);
        sound.answers.push((read, answer.1));
    }
    sound.usual = warnings(&server.terminate().stderr).into_iter().map(after_time).collect();
    for part in PARTS {
        assert!(sound.dir.path().join(part).exists(), "there is no {part}");
    }
    sound
}

/// Fills a shop; returns what can be read of it.
fn trade(server: &Server) -> Vec<Read> {
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    // What is never told, so that no try of a webhook is recorded meanwhile.
    let endpoint =
        json!({ "url": "https://hooks.example.com/kirana", "events": ["order.delivered"] });
    let define = Request::post("/v1/webhook-endpoints").token(&admin()).json(&endpoint);
    let endpoint = client.ask(&define).expect(201);
    let store = market.store_id.0;
    let mut reads = vec![
        (Role::Admin, 0, format!("/v1/webhook-endpoints/{}", endpoint["id"].as_str().unwrap())),
        (Role::Support, 0, format!("/v1/orders?store_id={store}&limit=100")),
        (Role::Admin, 0, format!("/v1/stores/{store}/products")),
    ];
    for goods in &market.goods {
        let path = market.path(&format!("/stock/{}", goods.id));
        reads.push((Role::Admin, 0, format!("{path}?as_of=70")));
        reads.push((Role::Admin, 0, format!("{path}?as_of=150")));
    }
    for n in 0..6 {
        let address = json!({
            "name": "Asha", "line1": "12, Hawakhana", "city": "Tura", "pincode": "794001",
            "phone": "+919876543210", "lat": 25.5222, "lng": 90.2114,
        });
        let add = Request::post("/v1/addresses").token(&customer(n)).json(&address);
        client.ask(&add.key(&format!("key-of-address-{n:09}"))).expect(201);
        let path = format!("/v1/cart/items/{}", market.goods[0].id);
        let line = json!({ "store_id": store, "quantity": 2 });
        client.ask(&Request::new("PUT", path).token(&customer(n)).json(&line)).expect(200);
        reads.push((Role::Customer, n, "/v1/addresses".to_owned()));
        reads.push((Role::Customer, n, format!("/v1/cart?store_id={store}")));
        reads.push((Role::Customer, n, "/v1/orders".to_owned()));
    }
    for round in 0..4 {
        for n in 0..20 {
            let key = format!("key-of-order-{round}-{n:09}");
            let order = client.ask(&market.place(n % 6, &key, &[(0, 1), (1, 2)])).expect(201);
            let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
            if n % 4 > 0 {
                let cancel = Request::post(format!("{path}/cancel")).token(&customer(n % 6));
                let cancel = cancel.key(&format!("key-of-cancel-{round}-{n:09}"));
                client.ask(&cancel.json(&json!({ "reason": "asked for" }))).expect(200);
            }
            reads.push((Role::Support, 0, path.clone()));
            reads.push((Role::Support, 0, format!("{path}/history")));
        }
        let checkpoints = || {
            let text = server.metrics();
            let line = text.lines().find(|line| line.starts_with("kirana_checkpoint_lsn "));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or(0.0)
        };
        let asked = Instant::now();
        // The last round is in the log alone.
        while round < 3 && checkpoints() < 40.0 * f64::from(round + 1) {
            assert!(asked.elapsed() < PATIENCE, "no checkpoint is taken");
            thread::sleep(Duration::from_millis(20));
        }
    }
    reads
}

fn ask(client: &mut Client, tokens: &Tokens, (role, n, path): &Read) -> (u16, Value) {
    let person_id = match role {
        Role::Customer => customer_id(*n),
        _ => Uuid::from_u128(0x50),
    };
    let by = Principal { role: *role, person_id: PersonId(person_id), store_id: None };
    let answer = client.ask(&Request::get(path.as_str()).token(&tokens.sign(&by, 3_600)));
    let mut body = answer.json();
    match body.as_object_mut() {
        // As of the last record, which may be that of a webhook that was tried meanwhile.
        Some(members) if path.starts_with("/v1/cart") => _ = members.remove("lsn"),
        Some(members) if path.starts_with("/v1/webhook") && answer.status == 200 => {
            members.retain(|name, _| ["id", "url"].contains(&name.as_str()));
        }
        _ => (),
    }
    (answer.status, body)
}

/// Whether `verify` found something, and what it said.
fn verify(dir: &Path) -> (bool, String) {
    let verified = Program::new(EXE, dir).run(&["log", "verify", "--data", dir.to_str().unwrap()]);
    let said = format!("{}{}", verified.stdout, verified.stderr);
    assert!(!said.contains("panicked"), "{said}");
    match verified.code {
        Some(0) => (false, said),
        Some(1) => (true, said),
        other => panic!("verify ended with {other:?}: {said}"),
    }
}

fn warnings(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(" WARN ") || line.contains("ERROR ")).collect()
}

/// A line of the log without its time.
fn after_time(line: &str) -> String {
    line.trim_start().split_once(' ').map_or(line, |(_, rest)| rest).trim().to_owned()
}

fn files_in(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_in(&path, found) } else { found.push(path) }
    }
}

/// Does one thing to one part; answers what.
fn spoil(dir: &Path, dice: &mut Dice) -> String {
    let part = dir.join(PARTS[dice.below(PARTS.len() as u64) as usize]);
    let mut files = Vec::new();
    if part.is_dir() {
        files_in(&part, &mut files);
        if dice.below(16) == 0 {
            fs::remove_dir_all(&part).unwrap();
            return format!("all of {} is gone", part.strip_prefix(dir).unwrap().display());
        }
    } else {
        files.push(part);
    }
    let path = &files[dice.below(files.len() as u64) as usize];
    let shown = path.strip_prefix(dir).unwrap().display().to_string();
    let mut bytes = fs::read(path).unwrap();
    // Where something was written: a database is mostly empty.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1);
    let at = dice.below(written as u64) as usize;
    let what = match dice.below(10) {
        0 => {
            fs::remove_file(path).unwrap();
            return format!("{shown} deleted");
        }
        1 => {
            bytes.truncate(at);
            format!("{shown} cut to {at} bytes")
        }
        2 => {
            let start = at / PAGE_BYTES * PAGE_BYTES;
            let end = (start + PAGE_BYTES).min(bytes.len());
            bytes[start..end].fill(0);
            format!("{shown} zeroed from {start} to {end}")
        }
        3 => {
            bytes.extend_from_slice(&[0x5a; 100]);
            format!("{shown} longer by 100 bytes")
        }
        _ if bytes.is_empty() => return format!("{shown} is empty and stays so"),
        _ => {
            let bit = dice.below(8);
            bytes[at] ^= 1 << bit;
            format!("{shown} bit {bit} of byte {at} flipped")
        }
    };
    fs::write(path, bytes).unwrap();
    what
}

/// How one damage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    Shown,
    Harmless,
}

fn outcome(sound: &Sound, dir: &Path) -> Result<Outcome, String> {
    let (is_found, said) = verify(dir);
    if !is_found && !said.contains(&sound.digest) {
        return Err(format!("verify finds nothing, and another state: {said}"));
    }
    let mut server = server_of(dir).spawn();
    let begun = Instant::now();
    while !server.is_ready() {
        if server.exited().is_some() {
            let ended = server.wait(PATIENCE);
            let sentence = ended.stderr;
            return match (ended.code, is_found) {
                (Some(1 | 2), true) if !sentence.trim().is_empty() => Ok(Outcome::Refused),
                (code, _) => Err(format!("ended with {code:?}: {sentence}\nverify: {said}")),
            };
        }
        assert!(begun.elapsed() < PATIENCE, "the start hangs: {}", server.stderr());
        thread::sleep(Duration::from_millis(5));
    }
    let served = served(sound, dir, &server, is_found.then_some(&*said));
    let ended = server.terminate();
    match served {
        Ok(outcome) if ended.code == Some(0) => Ok(outcome),
        Ok(_) => Err(format!("it ends with {:?}: {}", ended.code, ended.stderr)),
        Err(why) => Err(format!("{why}\nverify: {said}\nserver: {}", ended.stderr)),
    }
}

fn served(
    sound: &Sound,
    dir: &Path,
    server: &Server,
    found: Option<&str>,
) -> Result<Outcome, String> {
    let (mut client, is_found) = (server.client(), found.is_some());
    let told = || {
        let is_new = |line: &&str| !sound.usual.contains(&after_time(line));
        warnings(&server.stderr()).into_iter().filter(is_new).count()
    };
    let kept = fs::read(dir.join("token-secret")).unwrap_or_default();
    let tokens = Tokens::new(kept.trim_ascii_end());
    let is_signed_anew = ask(&mut client, &sound.tokens, &sound.answers[0].0).0 == 401;
    if is_signed_anew && told() == 0 {
        return Err("the old tokens are refused, and nobody was told".to_owned());
    }
    let tokens = if is_signed_anew { &tokens } else { &sound.tokens };
    let mut damaged = 0;
    let mut wrong = String::new();
    for (read, expected) in &sound.answers {
        let (status, answer) = ask(&mut client, tokens, read);
        match status {
            503 if answer["code"] == "DAMAGED" => damaged += 1,
            200 if answer == *expected => (),
            _ => _ = writeln!(wrong, "{} answers {status}: {answer}, not {expected}", read.2),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let shown = || {
        let ready = server.client().ask(&Request::get("/readyz")).expect(200);
        ready["damages"].as_array().is_some_and(|damages| !damages.is_empty())
    };
    if damaged > 0 && !(is_found && shown()) {
        return Err(format!("{damaged} answers are DAMAGED; verify found it: {is_found}"));
    }
    // A checkpoint before the newest goes with the next one, whole or not.
    let is_gone = || {
        let inside = format!("{}/", dir.display());
        let mut named = found.unwrap_or_default().split(&inside).skip(1).peekable();
        let is_gone = |rest: &str| !dir.join(rest.split(':').next().unwrap()).exists();
        named.peek().is_some() && named.all(is_gone)
    };
    let begun = Instant::now();
    while is_found && told() == 0 && !shown() && !is_gone() {
        if begun.elapsed() > PATIENCE {
            return Err("verify finds it, and the running server never does".to_owned());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(if is_found || told() > 0 { Outcome::Shown } else { Outcome::Harmless })
}

fn damage(count: u64) {
    let sound = sound();
    let mut dice = Dice::printed("http_damage");
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for n in 0..count {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(sound.dir.path(), copy.path());
        let what = spoil(copy.path(), &mut dice);
        match outcome(&sound, copy.path()) {
            Ok(outcome) => {
                println!("{n}: {what}: {outcome:?}");
                outcomes.push(outcome);
            }
            Err(why) => {
                println!("{n}: {what}: {why}");
                failures.push(format!("{what}: {why}"));
            }
        }
    }
    let of = |kind: Outcome| outcomes.iter().filter(|outcome| **outcome == kind).count();
    let counts = (of(Outcome::Refused), of(Outcome::Shown), of(Outcome::Harmless));
    println!("{count} damages: refused, shown, harmless: {counts:?}");
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    assert!(counts.0 + counts.1 > counts.2, "most of what can be spoiled is found");
}

#[test]
fn a_damaged_part_is_named_or_healed_or_harmless_to_the_whole_program() {
    damage(25);
}

#[test]
#[ignore = "long: run by tests/run --long"]
fn long_five_hundred_damaged_parts_are_named_or_healed_or_harmless() {
    damage(500);
}
