//! The servers under load, as child processes that end with their handle.
//!
//! Each has its data in a folder beside the project's, so on the same disk, and listens on a free
//! port of loopback. Redis and PostgreSQL run with their defaults but for what is written here.

use crate::protocol::Wire;
use crate::workload::{Mix, PRICE_PAISE, PRODUCTS};
use kirana_benches::{CUSTOMERS, STORE, customer, product_id};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const SECRET: &str = "a secret of the benches, long enough to sign with";
/// Programs of Debian's PostgreSQL 15.
const POSTGRES: &str = "/usr/lib/postgresql/15/bin";

/// A server, and what a client needs to talk to it.
pub(crate) struct Server {
    child: Child,
    /// What it speaks.
    pub(crate) wire: Wire,
    /// `host:port`.
    pub(crate) address: String,
    /// The hash of the Lua script in Redis; `-` of the others.
    pub(crate) script: String,
    /// Who buys: a token or an id for each connection.
    pub(crate) customers: Vec<String>,
    _data: Option<TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // PostgreSQL leaves its children behind when it is killed, so it is asked.
        _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        if self.wire == Wire::Http {
            _ = self.child.kill();
        }
        _ = self.child.wait();
    }
}

/// Says whether a peer is installed here.
pub(crate) fn is_installed(wire: Wire) -> bool {
    let mut version = match wire {
        Wire::Http => return true,
        Wire::Redis => Command::new("redis-server"),
        Wire::Postgres => Command::new(format!("{POSTGRES}/postgres")),
    };
    version.arg("--version").output().is_ok_and(|out| out.status.success())
}

impl Server {
    /// The floor.
    pub(crate) fn bare() -> Self {
        let (child, address) = start_ours(&["bare-server"]);
        Self::new(child, Wire::Http, address, vec!["none".to_owned(); 64], None)
    }

    /// `kirana serve` on an empty log, with a store and its products.
    pub(crate) fn kirana(mix: Mix) -> Self {
        let data = folder();
        let dir = data.path().to_str().expect("a plain path");
        // The customers of a bench order without end, and nothing is delivered to them.
        let (child, address) = start_ours(&[
            "serve",
            "--data",
            dir,
            "--listen",
            "127.0.0.1:0",
            "--operator-listen",
            "127.0.0.1:0",
            "--metrics-public",
            "true",
            "--quotas",
            "false",
            "--engine-full-orders-max",
            "0",
        ]);
        let tokens = (0..64).map(|n| token("customer", n * CUSTOMERS / 64)).collect();
        let server = Self::new(child, Wire::Http, address, tokens, Some(data));
        server.fill(mix);
        server
    }

    /// Redis, with a log of every command that is synced `always` or `everysec`.
    pub(crate) fn redis(mix: Mix, sync: &str) -> Self {
        let (data, port) = (folder(), free_port());
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
            .args(["--appendfsync", sync, "--dir"])
            .arg(data.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("Redis starts");
        let cli = |arguments: &[&str], input: &str| {
            ask(Command::new("redis-cli").args(["-p", &port]).args(arguments), input)
        };
        until(|| cli(&["ping"], "").is_some_and(|pong| pong.contains("PONG")));
        let script = cli(&["-x", "script", "load"], include_str!("checkout.lua"));
        let mut stock = "HSET stock".to_owned();
        for n in 0..PRODUCTS {
            write!(stock, " {} {}", product_id(n), mix.opening_units()).expect("it takes it");
        }
        cli(&[], &stock).expect("Redis has its stock");
        let address = format!("127.0.0.1:{port}");
        let script = script.expect("Redis takes the script").trim().to_owned();
        let mut server = Self::new(child, Wire::Redis, address, people(), Some(data));
        server.script = script;
        server
    }

    /// PostgreSQL, with every commit synced, as it is by default.
    pub(crate) fn postgres(mix: Mix) -> Self {
        let (data, port) = (folder(), free_port());
        let dir = data.path().join("data");
        // PostgreSQL does not run as root: then everything is done by the user that Debian makes.
        let id = ask(Command::new("id").arg("-u"), "");
        let is_root = id.is_some_and(|id| id.trim() == "0");
        if is_root {
            let owned = Command::new("chown").arg("postgres").arg(data.path()).status();
            assert!(owned.is_ok_and(|status| status.success()), "the folder has a new owner");
        }
        let program = |name: &str| {
            let path = format!("{POSTGRES}/{name}");
            if !is_root {
                return Command::new(path);
            }
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", &path]);
            command
        };
        let mut initdb = program("initdb");
        initdb.args(["--auth", "trust", "--username", "postgres", "--pgdata"]).arg(&dir);
        ask(&mut initdb, "").expect("PostgreSQL makes its files");
        let child = program("postgres")
            .arg("-D")
            .arg(&dir)
            .args(["-p", &port, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"])
            .args(["-c", "unix_socket_directories="])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PostgreSQL starts");
        let sql = |input: &str| psql(&port, input);
        until(|| sql("SELECT 1").is_some());
        sql(include_str!("checkout.sql")).expect("PostgreSQL takes the procedure");
        let rows: Vec<String> = (0..PRODUCTS)
            .map(|n| format!("('{}', {})", product_id(n), mix.opening_units()))
            .collect();
        sql(&format!("INSERT INTO stock VALUES {}; VACUUM ANALYZE stock", rows.join(", ")))
            .expect("PostgreSQL has its stock");
        let address = format!("127.0.0.1:{port}");
        Self::new(child, Wire::Postgres, address, people(), Some(data))
    }

    fn new(
        child: Child,
        wire: Wire,
        address: String,
        customers: Vec<String>,
        data: Option<TempDir>,
    ) -> Self {
        Self { child, wire, address, script: "-".to_owned(), customers, _data: data }
    }

    /// Returns the id of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the units that are left of all products, as the server tells.
    pub(crate) fn units_left(&self) -> i64 {
        let port = self.address.rsplit(':').next().unwrap_or_default();
        let sum =
            |text: String| text.split_whitespace().filter_map(|n| n.parse::<i64>().ok()).sum();
        let told = match self.wire {
            Wire::Redis => ask(Command::new("redis-cli").args(["-p", port, "HVALS", "stock"]), ""),
            Wire::Postgres => psql(port, "SELECT sum(available) FROM stock"),
            Wire::Http => return self.units_in_stock(),
        };
        told.map(sum).expect("the server tells its stock")
    }

    fn units_in_stock(&self) -> i64 {
        let mut sum = 0;
        for first in (0..PRODUCTS).step_by(100) {
            let ids: Vec<_> =
                (first..first + 100).map(|n| format!("\"{}\"", product_id(n))).collect();
            let body = format!(r#"{{"product_ids":[{}]}}"#, ids.join(","));
            let path = format!("/v1/stores/{STORE}/stock/query");
            let answer = self.post(&token("admin", 1), &path, "application/json", &body);
            let numbers = answer.split("\"available\":").skip(1).map(|rest| {
                rest.split(|c: char| !c.is_ascii_digit() && c != '-').next().unwrap_or_default()
            });
            sum += numbers.map(|n| n.parse::<i64>().expect("a number of units")).sum::<i64>();
        }
        sum
    }

    /// Returns how many groups the log of Kirana was written in so far.
    pub(crate) fn groups(&self) -> u64 {
        let metrics =
            self.ask_http("GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
        let name = "kirana_journal_append_seconds_count";
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    fn fill(&self, mix: Mix) {
        let token = token("admin", u64::MAX >> 1);
        // Never closed, and cash for everybody: the customers of a bench have no past.
        let store = format!(
            r#"{{"store_id":"{STORE}","code":"BENCH","name":"Bench","address":"Main Bazaar, Tura",
            "hours":{{"opens":"00:00","closes":"24:00"}},"delivers_anywhere":true,
            "cod_maximum_paise":20000000,"cod":{{"first_maximum_paise":1000000000,"new_maximum_paise":1000000000,
            "regular_maximum_paise":1000000000,"regular_after":0,"trusted_after":0,
            "orders_per_hour":0,"risk_max":100}}}}"#
        );
        self.post(&token, "/v1/stores", "application/json", &store);
        let mut rows = String::from(
            "product_id,sku,name,brand,category,unit,price,mrp,hsn,gst_percent,max_per_order,stock\n",
        );
        let (rupees, units) = (PRICE_PAISE / 100, mix.opening_units());
        for n in 0..PRODUCTS {
            let id = product_id(n);
            writeln!(
                rows,
                "{id},SKU-{n:06},\"Toned Milk {n}, 500 ml\",Tura Fresh,Dairy,500 ml,{rupees},{rupees},0401,5,99,{units}"
            )
            .expect("a String takes it");
        }
        let import = format!("/v1/stores/{STORE}/products/import");
        self.post(&token, &import, "text/csv", &rows);
    }

    fn post(&self, token: &str, path: &str, content_type: &str, body: &str) -> String {
        let answer = self.ask_http(&format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             idempotency-key: setup-of-the-bench{}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
            path.len(),
            body.len()
        ));
        assert!(answer.starts_with("HTTP/1.1 20"), "the shop is set up: {answer}");
        answer
    }

    fn ask_http(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the server is there");
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

/// Starts this program as a server of ours, and reads where it listens.
fn start_ours(arguments: &[&str]) -> (Child, String) {
    let exe = std::env::current_exe().expect("this program");
    let mut child = Command::new(exe)
        .args(arguments)
        .env("KIRANA_HS256_SECRET", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(child.stdout.as_mut().expect("it is piped")).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("http://").map(|(_, address)| address.to_owned()))
        .expect("the server says where it listens");
    (child, address)
}

fn folder() -> TempDir {
    tempfile::tempdir_in(".").expect("a folder beside the project's")
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port().to_string()
}

/// Waits for a server to answer, a minute at most.
fn until(is_there: impl Fn() -> bool) {
    let there = (0..600).any(|_| {
        is_there() || {
            std::thread::sleep(Duration::from_millis(100));
            false
        }
    });
    assert!(there, "the server answers within a minute");
}

/// Runs a program with an input, and returns its output if it succeeded.
fn ask(command: &mut Command, input: &str) -> Option<String> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    child.stdin.take()?.write_all(input.as_bytes()).ok()?;
    let out = child.wait_with_output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

fn psql(port: &str, input: &str) -> Option<String> {
    let mut psql = Command::new(format!("{POSTGRES}/psql"));
    psql.args(["-h", "127.0.0.1", "-p", port, "-U", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1"]);
    ask(&mut psql, input)
}

fn token(role: &str, person: u64) -> String {
    let exe = std::env::current_exe().expect("this program");
    let sub = customer(person).person_id.to_string();
    let mut command = Command::new(exe);
    command.args(["token", "--role", role, "--sub", &sub, "--ttl", "1h"]);
    let token = ask(command.env("KIRANA_HS256_SECRET", SECRET), "").expect("it makes a token");
    token.trim().to_owned()
}

fn people() -> Vec<String> {
    (0..64).map(|n| customer(n * CUSTOMERS / 64).person_id.to_string()).collect()
}
