//! Heads and proofs as README has them: made by one program, checked by another without the log.

use crate::{EXE, PROOF_EXE};
use kirana_tests::http::Request;
use kirana_tests::market::{Market, admin};
use kirana_tests::process::Program;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 1_000)];

/// A shop that is started and stopped, and a folder for what is published.
struct Shop {
    dir: tempfile::TempDir,
    program: Program,
    market: Option<Market>,
}

impl Shop {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::new(EXE, &dir.path().join("data"));
        Self { dir, program, market: None }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Takes an order and, perhaps, cancels it; returns its number and id.
    fn order(&mut self, key: &str, is_cancelled: bool) -> (String, String) {
        let server = self.program.start();
        let mut client = server.client();
        let market = self.market.get_or_insert_with(|| Market::open(&mut client, GOODS));
        let placed = client.ask(&market.place(1, key, &[(0, 2)])).expect(201);
        let [number, id] = ["order_number", "id"].map(|it| placed[it].as_str().unwrap().to_owned());
        if is_cancelled {
            let cancel = Request::post(format!("/v1/orders/{id}/cancel")).token(&admin());
            let cancel = cancel.key(&format!("{key}-cancelled")).json(&json!({ "reason": "rain" }));
            client.ask(&cancel).expect(200);
        }
        assert_eq!(server.terminate().code, Some(0));
        (number, id)
    }

    fn log(&self, args: &[&str]) -> (i32, String) {
        let data = self.program.data.to_str().unwrap();
        let ended = self.program.run(&[&["log"], args, &["--data", data]].concat());
        (ended.code.unwrap(), ended.stdout + &ended.stderr)
    }
}

/// The exit code, and what was said.
fn check(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(PROOF_EXE).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn an_order_is_proved_below_the_head_that_was_published_as_the_readme_says() {
    let mut shop = Shop::new();
    let (number, _) = shop.order("proof-of-the-first-order", false);
    let (head, proof) = (shop.file("head.txt"), shop.file("proof.txt"));
    let (code, line) = shop.log(&["head"]);
    assert_eq!(code, 0, "{line}");
    fs::write(&head, &line).unwrap();
    assert_eq!(shop.log(&["head"]).1, line, "a head does not depend on when it is asked for");

    // The log goes on, and the published head still serves.
    shop.order("proof-of-the-second-order", false);
    let ask = ["prove", "--order", &number, "--head", text(&head), "-o", text(&proof)];
    let (code, said) = shop.log(&ask);
    assert_eq!(code, 0, "{said}");
    let (code, said) = check(&["check", text(&proof), "--head", text(&head)]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("order_placed") && said.contains(", all that log "), "{said}");
    assert!(said.contains("rests on the head that you gave\n"), "{said}");

    // Whoever has the older head can be shown all up to now.
    let (now, all) = (shop.file("now.txt"), shop.file("all.txt"));
    fs::write(&now, shop.log(&["head"]).1).unwrap();
    let both = ["prove", "--order", &number, "--older", text(&head), "-o", text(&all)];
    let (code, said) = shop.log(&both);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("has grown from record "), "{said}");
    for given in [&head, &now] {
        let (code, said) = check(&["check", text(&all), "--head", text(given)]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("nothing up to record"), "{said}");
    }
    let (code, said) = check(&["check", text(&proof), "--head", text(&now)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("ask for a proof below the given head"), "{said}");
}

#[test]
fn a_proof_without_one_of_its_records_is_refused() {
    let mut shop = Shop::new();
    let (number, id) = shop.order("proof-of-a-cancelled-order", true);
    let proof = shop.file("proof.txt");
    let (code, said) = shop.log(&["prove", "--order", &number, "-o", text(&proof)]);
    assert_eq!(code, 0, "{said}");
    let whole = fs::read_to_string(&proof).unwrap();
    let lines: Vec<_> = whole.lines().collect();
    let without_last = [&lines[..lines.len() - 2], &["end 1"]].concat().join("\n") + "\n";
    assert_eq!(lines.last(), Some(&"end 2"));
    fs::write(&proof, without_last).unwrap();
    let (code, said) = check(&["check", text(&proof)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("these are not all the records"), "{said}");
    fs::write(&proof, &whole).unwrap();
    let (code, said) = check(&["check", text(&proof)]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&id) && said.contains("anybody could have made"), "{said}");
}

#[test]
fn the_proof_of_the_first_release_is_accepted_and_says_what_it_does_not_show() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../storage/golden/proof-v1.txt");
    let (code, said) = check(&["check", golden]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("not shown: that these are all"), "{said}");
    let file = fs::read_to_string(golden).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("proof");
    for bad in [&*file.replace("7265636f72642033", "7265636f72642034"), "holiday pictures", ""] {
        fs::write(&path, bad).unwrap();
        let (code, said) = check(&["check", text(&path)]);
        assert_eq!((code, said.contains("refused: ")), (1, true), "{said}");
    }
    fs::write(&path, [0xff; 10]).unwrap();
    assert_eq!(check(&["check", text(&path)]).0, 1);
}

#[test]
fn a_question_to_the_checker_that_makes_no_sense_is_answered_with_the_usage() {
    let questions: [&[&str]; 9] = [
        &[],
        &["prove"],
        &["check"],
        &["check", "one", "two"],
        &["check", "--head"],
        &["check", "file", "--key", "abc"],
        &["check", "file", "--head", "nowhere"],
        &["check", "file", "--head", "kirana-head:v1:"],
        &["check", "--loud", "file"],
    ];
    for question in questions {
        let (code, said) = check(question);
        assert_eq!(code, 2, "{question:?} {said}");
    }
    let (code, said) = check(&["check", "nowhere"]);
    assert_eq!((code, said.contains("nowhere cannot be read")), (2, true), "{said}");
    assert_eq!(check(&["--help"]).0, 0);
}

#[test]
fn a_reader_of_the_checker_that_goes_away_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = Command::new(PROOF_EXE).arg("--help").stdout(Stdio::from(writer)).status();
    assert_eq!(status.unwrap().code(), Some(0));
}
