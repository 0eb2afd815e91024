//! The servers under load, as child processes that end with their handle.

use kirana_benches::{CUSTOMERS, STORE, customer, product_id};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

const SECRET: &str = "a secret of the benches, long enough to sign with";
const PRODUCTS: u64 = 1_000;

/// A server, and what a client needs to talk to it.
pub(crate) struct Server {
    child: Child,
    /// `host:port`.
    pub(crate) address: String,
    /// A token for each connection.
    pub(crate) tokens: Vec<String>,
    _data: Option<tempfile::TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about either.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn start(arguments: &[&str]) -> (Child, String) {
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

impl Server {
    /// The floor.
    pub(crate) fn bare() -> Self {
        let (child, address) = start(&["bare-server"]);
        Self { child, address, tokens: vec!["none".into(); 64], _data: None }
    }

    /// `kirana serve` on an empty log, with a store and its products.
    pub(crate) fn kirana() -> Self {
        let data = tempfile::tempdir_in(".").expect("a folder beside the project's");
        let dir = data.path().to_str().expect("a plain path");
        let (child, address) = start(&["serve", "--data", dir, "--listen", "127.0.0.1:0"]);
        let tokens = (0..64).map(|n| token("customer", n * CUSTOMERS / 64)).collect();
        let server = Self { child, address, tokens, _data: Some(data) };
        server.fill();
        server
    }

    fn fill(&self) {
        let token = token("admin", u64::MAX >> 1);
        // Never closed, and cash for everybody: the customers of a bench have no past.
        let store = format!(
            r#"{{"store_id":"{STORE}","code":"BENCH","name":"Bench","address":"Main Bazaar, Tura",
            "hours":{{"opens":"00:00","closes":"24:00"}},"delivers_anywhere":true,
            "cod":{{"first_maximum_paise":1000000000,"new_maximum_paise":1000000000,
            "regular_maximum_paise":1000000000,"regular_after":0,"trusted_after":0,
            "orders_per_hour":0,"risk_max":100}}}}"#
        );
        self.post(&token, "/v1/stores", "application/json", &store);
        let mut rows = String::from(
            "product_id,sku,name,brand,category,unit,price,mrp,hsn,gst_percent,max_per_order,stock\n",
        );
        for n in 0..PRODUCTS {
            let id = product_id(n);
            writeln!(
                rows,
                "{id},SKU-{n:06},\"Toned Milk {n}, 500 ml\",Tura Fresh,Dairy,500 ml,200,200,0401,5,99,1000000"
            )
            .expect("a String takes it");
        }
        let import = format!("/v1/stores/{STORE}/products/import");
        self.post(&token, &import, "text/csv", &rows);
    }

    fn post(&self, token: &str, path: &str, content_type: &str, body: &str) {
        let mut stream = TcpStream::connect(&self.address).expect("the server is there");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             idempotency-key: setup-of-the-bench{}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            path.len(),
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        stream.write_all(body.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 20"), "the shop is set up: {answer}");
    }
}

fn token(role: &str, person: u64) -> String {
    let exe = std::env::current_exe().expect("this program");
    let sub = customer(person).person_id.to_string();
    let out = Command::new(exe)
        .args(["token", "--role", role, "--sub", &sub, "--ttl", "1h"])
        .env("KIRANA_HS256_SECRET", SECRET)
        .output()
        .expect("it runs");
    String::from_utf8(out.stdout).expect("a token is text").trim().to_owned()
}
