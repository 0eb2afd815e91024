//! The real program as a child process: started, asked, killed, and always ended with the test.

use crate::http::{Client, Request};
use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The secret of every test's tokens.
pub const SECRET: &str = "a-secret-for-tests-of-at-least-32-bytes";
/// The settings that bound what one customer may hold.
pub const HOLD_BOUNDS: [&str; 3] = [
    "KIRANA_ENGINE_UNPAID_ORDERS_MAX",
    "KIRANA_ENGINE_FULL_ORDERS_MAX",
    "KIRANA_ENGINE_LAPSED_HOLDS_MAX",
];
/// How long a start or a stop may take, on a busy machine too.
pub const START_MAX: Duration = Duration::from_mins(1);
/// Longer than the program gives the same metrics.
const METRICS_KEPT: Duration = Duration::from_millis(1_100);
/// Lines of output that are kept of one process.
const LINES_MAX: usize = 10_000;

/// How to start the program: the same port and settings at each start.
#[derive(Clone, Debug)]
pub struct Program {
    exe: PathBuf,
    args: Vec<String>,
    settings: Vec<(String, String)>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The address of its operators.
    pub operators: SocketAddr,
    /// Its data directory.
    pub data: PathBuf,
}

impl Program {
    /// `serve` on a data directory and a free port, without bounds on what one customer may hold:
    /// most tests have few customers. `exe` is `env!("CARGO_BIN_EXE_…")`.
    pub fn new(exe: &str, data: &Path) -> Self {
        Self {
            exe: exe.into(),
            args: Vec::new(),
            settings: [
                ("KIRANA_HS256_SECRET", SECRET),
                // A crowd of a test comes from one address, and does in seconds what takes a day.
                ("KIRANA_QUOTAS", "false"),
                ("KIRANA_CONNECTIONS_PER_ADDRESS_MAX", "0"),
            ]
            .into_iter()
            .chain(HOLD_BOUNDS.map(|name| (name, "0")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
            address: free_address(),
            operators: free_address(),
            data: data.to_owned(),
        }
    }

    /// With a `KIRANA_*` setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Display) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// Without a setting.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    /// With a further argument of `serve`.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; the message has what it said.
    pub fn start(&self) -> Server {
        let mut server = self.spawn();
        let asked = Instant::now();
        while !server.is_ready() {
            if let Some(status) = server.exited() {
                panic!("the program ended with {status}: {}", server.stderr());
            }
            assert!(asked.elapsed() < START_MAX, "not ready: {}", server.stderr());
            thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// Starts it and does not wait.
    pub fn spawn(&self) -> Server {
        let (address, operators) = (self.address.to_string(), self.operators.to_string());
        let mut command = self.command(&["serve", "--listen", &address]);
        command.args(["--operator-listen", &operators, "--data"]).arg(&self.data).args(&self.args);
        Server::of(command, self.address, self.operators)
    }

    /// Starts another server of the program beside it, such as the stand-in for the payment
    /// provider, and waits until `path` there answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn beside(&self, args: &[&str], address: SocketAddr, path: &str) -> Server {
        let mut server = Server::of(self.command(args), address, address);
        let asked = Instant::now();
        while !server.client().send(&Request::get(path)).is_ok_and(|it| it.status == 200) {
            if let Some(status) = server.exited() {
                panic!("the program ended with {status}: {}", server.stderr());
            }
            assert!(asked.elapsed() < START_MAX, "not ready: {}", server.stderr());
            thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// Runs another command of the program, such as `token`, to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        Process::spawn(self.command(args)).wait(START_MAX)
    }

    /// Runs another command of the program and kills it after a while. Answers whether the kill
    /// came before its end.
    pub fn kill_after(&self, args: &[impl AsRef<str>], after: Duration) -> bool {
        let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
        let mut process = Process::spawn(self.command(&args));
        thread::sleep(after);
        _ = process.child.kill();
        process.finish(START_MAX).code.is_none()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.exe);
        let own = |(name, _): &(String, String)| name.starts_with("KIRANA_");
        // Settings of whoever runs the tests must not reach the program.
        for (name, _) in std::env::vars().filter(own) {
            command.env_remove(name);
        }
        // A line for each of a crowd's requests would push out the lines that are looked for.
        command.args(args).env("RUST_LOG", "info,kirana::access=off");
        command.envs(self.settings.iter().cloned());
        command
    }
}

/// A port that is free now, below those that the system gives to clients: a client that knocks
/// while the server is away must not meet itself.
///
/// # Panics
/// When there is none.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() * 37 % 12_000).unwrap_or_default();
    for _ in 0..12_000 {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port");
}

/// What a process left when it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained.
    pub stderr: String,
}

/// A running server. It is killed when it is dropped.
pub struct Server {
    process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// The address of its operators.
    pub operators: SocketAddr,
    /// The time at which its metrics were last asked for.
    scraped: Mutex<Option<Instant>>,
}

impl Server {
    fn of(command: Command, address: SocketAddr, operators: SocketAddr) -> Self {
        Self { process: Process::spawn(command), address, operators, scraped: Mutex::default() }
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// What it counts, as of now: it gives the same text for a second.
    pub fn metrics(&self) -> String {
        let mut scraped = self.scraped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = *scraped {
            thread::sleep(METRICS_KEPT.saturating_sub(before.elapsed()));
        }
        let text = Client::new(self.operators).ask(&Request::get("/metrics")).text();
        *scraped = Some(Instant::now());
        text
    }

    /// True when `/readyz` says so.
    pub fn is_ready(&self) -> bool {
        let answer = self.client().send(&Request::get("/readyz"));
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.process.child.try_wait().ok().flatten()
    }

    /// What it has complained so far.
    pub fn stderr(&self) -> String {
        self.process.stderr.text()
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        self.process.stdout.text()
    }

    /// What it has printed, once that has `part` in it.
    ///
    /// # Panics
    /// When it is not printed in time.
    pub fn prints(&self, part: &str) -> String {
        let asked = Instant::now();
        loop {
            let text = self.stdout();
            if text.contains(part) {
                return text;
            }
            assert!(asked.elapsed() < START_MAX, "no {part:?} in {text}\n{}", self.stderr());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Memory that it has in use, in bytes (`VmRSS`).
    ///
    /// # Panics
    /// When the process has gone.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("the process is there");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kib.expect("Linux says how much memory a process has") * 1_024
    }

    /// `kill -9`: it has no say in it.
    pub fn kill(mut self) -> Ended {
        _ = self.process.child.kill();
        self.process.finish(START_MAX)
    }

    /// Sends a signal: `TERM`, `STOP`, …
    ///
    /// # Panics
    /// When `kill` cannot be run.
    pub fn signal(&self, name: &str) {
        let kill =
            Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(kill.expect("kill can be run").success(), "kill -{name}");
    }

    /// Asks it to stop, and waits until it has.
    pub fn terminate(mut self) -> Ended {
        self.signal("TERM");
        self.process.finish(START_MAX)
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self, patience: Duration) -> Ended {
        self.process.finish(patience)
    }
}

/// A child process whose output is read as it comes, and which never outlives its test.
struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Process {
    fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let stdout = Output::of(child.stdout.take());
        let stderr = Output::of(child.stderr.take());
        Self { child, stdout, stderr }
    }

    fn wait(mut self, patience: Duration) -> Ended {
        self.finish(patience)
    }

    /// Waits for the end; a process that does not end is killed, and the test fails.
    fn finish(&mut self, patience: Duration) -> Ended {
        let asked = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if asked.elapsed() > patience {
                _ = self.child.kill();
                panic!("the program did not end: {}", self.stderr.text());
            }
            thread::sleep(Duration::from_millis(2));
        };
        self.stdout.join();
        self.stderr.join();
        Ended { code: status.code(), stdout: self.stdout.text(), stderr: self.stderr.text() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// What a process writes, read by a thread so that it is never blocked.
struct Output {
    text: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let text = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&text);
        let read = move || {
            for line in pipe.into_iter().flat_map(|pipe| BufReader::new(pipe).lines()) {
                let Ok(line) = line else { return };
                let mut lines = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if lines.len() < LINES_MAX {
                    lines.push(line);
                }
            }
        };
        Self { text, reader: Some(thread::spawn(read)) }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    fn join(&mut self) {
        _ = self.reader.take().map(JoinHandle::join);
    }
}
