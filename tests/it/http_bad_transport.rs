//! Strangers on the wire: too much, too slow, too many, or no HTTP at all. The server stays small,
//! stays up, and nothing is changed.

use crate::http_bad_input::Bench;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{admin, customer};
use kirana_tests::problem::check_problem;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1_024 * 1_024;

/// What the server says to bytes that come piece by piece, until it closes or time is up.
pub(crate) fn talk(
    address: SocketAddr,
    pieces: impl IntoIterator<Item = (Vec<u8>, Duration)>,
) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(15))).unwrap();
    for (piece, pause) in pieces {
        if stream.write_all(&piece).is_err() {
            break;
        }
        thread::sleep(pause);
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
        if answer.len() > MIB {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(bench: &Bench, extra: &str) -> Vec<u8> {
    let (token, key) = (customer(1), bench.key());
    format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Idempotency-Key: {key}\r\nContent-Type: application/json\r\n{extra}\r\n"
    )
    .into_bytes()
}

fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[test]
fn a_body_of_100_mb_is_refused_and_takes_no_memory() {
    let bench = Bench::new(&[]);
    let before = bench.server.resident_bytes();
    let declared = head(&bench, &format!("Content-Length: {}\r\n", 100 * MIB));
    let chunked = head(&bench, "Transfer-Encoding: chunked\r\n");
    let piece = vec![b' '; MIB];
    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
    chunk.extend_from_slice(&piece);
    chunk.extend_from_slice(b"\r\n");
    for (first, more) in [(declared, piece), (chunked, chunk)] {
        let pieces = std::iter::once((first, Duration::ZERO))
            .chain((0..100).map(|_| (more.clone(), Duration::ZERO)));
        let answer = talk(bench.server.address, pieces);
        assert_eq!(status(&answer), Some(413), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(answer.contains("\"BODY_TOO_LARGE\""), "{answer}");
    }
    let grown = bench.server.resident_bytes().saturating_sub(before);
    assert!(grown < 24 * MIB as u64, "{grown} bytes more");
    bench.run([]);
}

#[test]
fn many_large_bodies_at_once_take_little_memory() {
    let bench = Bench::new(&[]);
    let before = bench.server.resident_bytes();
    let address = bench.server.address;
    thread::scope(|scope| {
        for _ in 0..16 {
            let first = head(&bench, &format!("Content-Length: {}\r\n", 20 * MIB));
            scope.spawn(move || {
                let more = (0..20).map(|_| (vec![b'x'; MIB], Duration::ZERO));
                talk(address, std::iter::once((first, Duration::ZERO)).chain(more))
            });
        }
    });
    let grown = bench.server.resident_bytes().saturating_sub(before);
    assert!(grown < 64 * MIB as u64, "{grown} bytes more");
    bench.run([]);
}

#[test]
fn an_import_beyond_its_limit_is_refused_while_it_streams() {
    let bench = Bench::new(&[("KIRANA_IMPORT_BYTES_MAX", "2000000")]);
    let path = bench.market.path("/products/import");
    let mut csv = "name,price\n".to_owned();
    csv.push_str(&"n".repeat(3_000_000));
    let import = Request::post(path).token(&admin()).body("text/csv", csv);
    let answer = bench.server.client().ask(&import);
    assert_eq!(check_problem(&answer, "a long import")["code"], "BODY_TOO_LARGE");
    bench.run([]);
}

#[test]
fn a_body_that_drips_is_cut_off_in_time() {
    let bench = Bench::new(&[("KIRANA_BODY_MS_MAX", "600")]);
    let begun = Instant::now();
    let first = head(&bench, "Content-Length: 1000\r\n");
    let drops = (0..30).map(|_| (b" ".to_vec(), Duration::from_millis(100)));
    let answer = talk(bench.server.address, std::iter::once((first, Duration::ZERO)).chain(drops));
    assert_eq!(status(&answer), Some(408), "{answer}");
    assert!(answer.contains("\"BODY_TOO_SLOW\""), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let silent =
        talk(bench.server.address, [(head(&bench, "Content-Length: 9\r\n"), Duration::ZERO)]);
    assert_eq!(status(&silent), Some(408), "{silent}");
    bench.run([]);
}

#[test]
fn a_head_that_drips_and_a_connection_that_idles_are_closed() {
    let bench = Bench::new(&[("KIRANA_HEAD_MS_MAX", "600"), ("KIRANA_IDLE_MS_MAX", "600")]);
    let begun = Instant::now();
    let drops = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: 1".iter();
    let answer =
        talk(bench.server.address, drops.map(|byte| (vec![*byte], Duration::from_millis(100))));
    assert_eq!(status(&answer), Some(408), "{answer}");
    assert!(answer.contains("\"HEAD_TOO_SLOW\""), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(talk(bench.server.address, []), "", "an idle one is closed without a word");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let mut kept = Client::new(bench.server.address);
    kept.ask(&Request::get("/livez")).expect(200);
    assert!(kept.is_closed(), "and one that was used before");
    bench.run([]);
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let bench = Bench::new(&[]);
    let before = bench.server.resident_bytes();
    let large = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(MIB));
    let many: String = "X-One-Of-Many: 1\r\n".repeat(1_000);
    let many = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    let path = format!("GET /v1/{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(MIB));
    for (name, bytes) in
        [("a header of 1 MB", large), ("a thousand headers", many), ("a path of 1 MB", path)]
    {
        let answer = talk(bench.server.address, [(bytes.into_bytes(), Duration::ZERO)]);
        // A client that is still sending when the connection closes may miss the answer.
        assert!(matches!(status(&answer), None | Some(414 | 431)), "{name}: {answer}");
    }
    let just_over =
        format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(40_000));
    let answer = talk(bench.server.address, [(just_over.into_bytes(), Duration::ZERO)]);
    assert_eq!(status(&answer), Some(431), "{answer}");
    let grown = bench.server.resident_bytes().saturating_sub(before);
    assert!(grown < 16 * MIB as u64, "{grown} bytes more");
    bench.run([]);
}

#[test]
fn what_is_not_http_is_closed() {
    let bench = Bench::new(&[]);
    for bytes in [
        &b"hello\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\x00/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    ] {
        let mut stream = TcpStream::connect(bench.server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        _ = stream.take(100_000).read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = status(&answer);
        assert!(matches!(status, None | Some(400 | 404 | 405 | 505)), "{bytes:?}: {answer}");
    }
    bench.run([]);
}

#[test]
fn an_order_whose_sender_goes_away_halfway_is_not_placed() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let before = bench.market.visible_state(&mut client);
    let body = bench.good().to_string();
    let mut bytes = head(&bench, &format!("Content-Length: {}\r\n", body.len()));
    bytes.extend_from_slice(&body.as_bytes()[..body.len() - 1]);
    for _ in 0..20 {
        let mut stream = TcpStream::connect(bench.server.address).unwrap();
        stream.write_all(&bytes).unwrap();
    }
    thread::sleep(Duration::from_millis(300));
    assert_eq!(bench.market.visible_state(&mut client), before);
    bench.run([]);
}

#[test]
fn more_connections_than_there_may_be_are_told_so_at_once() {
    let bench = Bench::new(&[("KIRANA_CONNECTIONS_MAX", "3")]);
    thread::sleep(Duration::from_millis(200)); // The connections of the opening have gone.
    let mut held: Vec<_> = (0..3).map(|_| bench.server.client()).collect();
    for client in &mut held {
        client.ask(&Request::get("/livez")).expect(200);
    }
    let begun = Instant::now();
    let answer = talk(bench.server.address, []);
    assert_eq!(status(&answer), Some(503), "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: "), "{answer}");
    assert!(answer.contains("\"OVERLOADED\""), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(held);
    thread::sleep(Duration::from_millis(200));
    bench.server.client().ask(&Request::get("/livez")).expect(200);
}
