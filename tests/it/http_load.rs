//! What happens under load and around a start and a stop: readiness, twins, limits, a stop that
//! loses nothing.

use crate::EXE;
use kirana_tests::crowd::{Command, Crowd};
use kirana_tests::http::{Answer, Client, Request};
use kirana_tests::market::Market;
use kirana_tests::problem::check_problem;
use kirana_tests::process::Program;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 1_000_000), ("bread", 20_000, 1_000_000)];

fn command(key: String, customer: u64) -> Command {
    Command { key, customer, lines: vec![(0, 1), (1, 2)], then_cancel: false }
}

#[test]
fn it_is_not_ready_while_it_reads_its_log_and_says_how_far_it_is() {
    const ORDERS: u64 = 30_000;
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let (crowd, next) = (Crowd::default(), AtomicU64::new(0));
    crowd.work(program.address, &market, 64, |_, _| {
        let n = next.fetch_add(1, Ordering::SeqCst);
        (n < ORDERS).then(|| command(format!("a-long-log-{n:08}"), n))
    });
    server.kill();

    let server = program.spawn();
    let mut states = BTreeSet::new();
    let mut farthest = 0;
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_mins(1), "{}", server.stderr());
        let Ok(answer) = server.client().send(&Request::get("/readyz")) else {
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let told = answer.json();
        states.insert((answer.status, told["status"].to_string()));
        if answer.status == 200 {
            assert!(told["lsn"].as_u64() >= Some(ORDERS), "{told}");
            break;
        }
        let replayed = told["replayed"].as_u64().unwrap();
        assert!(replayed >= farthest, "progress goes one way");
        farthest = replayed;
        let live = server.client().ask(&Request::get("/livez"));
        assert_eq!(live.status, 200, "alive all the while");
        let asked = server.client().ask(&Request::get("/v1/stores"));
        if asked.status != 200 {
            assert_eq!(check_problem(&asked, "too early")["code"], "STARTING");
        }
    }
    let wanted = [(200, "\"ready\"".to_owned()), (503, "\"replaying\"".to_owned())];
    assert_eq!(states, wanted.into());
    assert!(farthest > 0, "progress was told");
    assert_eq!(market.orders(&mut server.client()).len() as u64, ORDERS);
}

#[test]
fn a_stop_under_load_answers_everything_that_got_through() {
    for round in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::new(EXE, &dir.path().join("data"));
        let server = program.start();
        let market = Market::open(&mut server.client(), GOODS);
        let (acknowledged, cut_off) = (Mutex::new(Vec::new()), AtomicU64::new(0));
        let is_stopping = AtomicBool::new(false);
        let ended = thread::scope(|scope| {
            for client in 0..24 {
                let (market, acknowledged, cut_off, is_stopping) =
                    (&market, &acknowledged, &cut_off, &is_stopping);
                let address = program.address;
                scope.spawn(move || {
                    let mut connection = Client::new(address);
                    for n in 0..100_000 {
                        let key = format!("a-stop-{client:03}-{n:06}");
                        let Ok(answer) = connection.send(&market.place(client, &key, &[(0, 1)]))
                        else {
                            assert!(is_stopping.load(Ordering::SeqCst), "cut off before the stop");
                            cut_off.fetch_add(1, Ordering::SeqCst);
                            return;
                        };
                        match answer.status {
                            201 => {
                                acknowledged.lock().unwrap().push(answer.json()["id"].to_string());
                            }
                            status => assert_eq!(status, 503, "{}", answer.text()),
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(100 + 70 * round));
            is_stopping.store(true, Ordering::SeqCst);
            server.terminate()
        });
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(!ended.stderr.contains("\"ERROR\""), "{}", ended.stderr);
        let server = program.start();
        let orders = market.orders(&mut server.client());
        let there: BTreeSet<_> = orders.iter().map(|order| order["id"].to_string()).collect();
        let told: BTreeSet<_> = acknowledged.into_inner().unwrap().into_iter().collect();
        assert!(!told.is_empty());
        // Each that was placed was answered: nobody is left wondering after a polite stop.
        assert_eq!(told, there, "round {round}");
    }
}

const TWINS: usize = 8;
const ROUNDS: u64 = 40;

#[test]
fn two_requests_in_flight_with_one_key_are_one_order_with_one_answer() {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::new(EXE, &dir.path().join("data")).start();
    let market = Market::open(&mut server.client(), GOODS);
    for round in 0..ROUNDS {
        let request = market.place(round, &format!("twins-{round:012}"), &[(0, 3), (1, 1)]);
        let barrier = Barrier::new(TWINS);
        let answers: Vec<Answer> = thread::scope(|scope| {
            let twin = || {
                let mut client = server.client();
                client.ask(&Request::get("/livez"));
                barrier.wait();
                client.ask(&request)
            };
            let twins: Vec<_> = (0..TWINS).map(|_| scope.spawn(twin)).collect();
            twins.into_iter().map(|twin| twin.join().unwrap()).collect()
        });
        let firsts = answers.iter().filter(|answer| !answer.is_replayed()).count();
        assert_eq!(firsts, 1, "one did it, the others were told");
        for answer in &answers {
            assert_eq!((answer.status, answer.text()), (201, answers[0].text()));
        }
    }
    let mut client = server.client();
    assert_eq!(market.orders(&mut client).len() as u64, ROUNDS);
    assert_eq!(market.count(&mut client, 0).allocated, 3 * i64::try_from(ROUNDS).unwrap());
}

/// Many requests at once, each on its own connection; the answers by status.
fn rush(program: &Program, market: &Market, who: impl Fn(u64) -> u64 + Sync) -> Vec<Answer> {
    const AT_ONCE: u64 = 64;
    let barrier = Barrier::new(usize::try_from(AT_ONCE).unwrap());
    thread::scope(|scope| {
        let (barrier, who) = (&barrier, &who);
        let send = |n: u64| {
            scope.spawn(move || {
                let mut client = Client::new(program.address);
                client.ask(&Request::get("/livez"));
                let request = |k| market.place(who(n), &format!("rush-{n:04}-{k:06}"), &[(0, 1)]);
                barrier.wait();
                (0..40).map(|k| client.ask(&request(k))).collect::<Vec<_>>()
            })
        };
        let senders: Vec<_> = (0..AT_ONCE).map(send).collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    })
}

fn check_turned_away(answers: &[Answer], status: u16, code: &str, type_end: &str) {
    let turned_away = answers.iter().filter(|answer| answer.status != 201);
    let mut count = 0;
    for answer in turned_away {
        assert_eq!(answer.status, status, "{}", answer.text());
        let problem = check_problem(answer, code);
        assert_eq!(
            (problem["code"].as_str(), problem["retryable"].as_bool()),
            (Some(code), Some(true))
        );
        assert!(problem["type"].as_str().unwrap().ends_with(type_end), "{problem}");
        count += 1;
    }
    assert!(count > 0, "nobody was turned away");
    assert!(count < answers.len(), "everybody was turned away");
}

#[test]
fn one_caller_with_too_much_in_flight_is_told_so_and_the_others_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let program =
        Program::new(EXE, &dir.path().join("data")).set("KIRANA_ENGINE_PER_CALLER_MAX", 2);
    let server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let answers = rush(&program, &market, |_| 7);
    check_turned_away(&answers, 429, "TOO_MANY_REQUESTS", "#quota-exceeded");
    let placed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(market.orders(&mut server.client()).len(), placed, "and nothing was done for those");
}

#[test]
fn too_much_for_the_engine_is_turned_away_at_once_and_may_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data")).set("KIRANA_ENGINE_IN_FLIGHT_MAX", 4);
    let server = program.start();
    let market = Market::open(&mut server.client(), GOODS);
    let answers = rush(&program, &market, |n| n);
    check_turned_away(&answers, 503, "OVERLOADED", "#temporary-reduced-capacity");
    let placed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(market.orders(&mut server.client()).len(), placed, "and nothing was done for those");
    // Whoever comes again with the same key is served.
    let crowd = Crowd::default();
    crowd.work(program.address, &market, 16, |client, n| {
        (n < 10).then(|| command(format!("patience-{client:04}-{n:06}"), client))
    });
    assert!(crowd.deeds().iter().all(|deed| deed.placed.status == 201));
}
