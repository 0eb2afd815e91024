//! The archive in an object store: pushed, lost, pulled, and damaged there.

use crate::EXE;
use std::process::Command;

#[cfg(not(feature = "s3"))]
#[test]
fn without_object_stores_the_answer_is_a_sentence() {
    let output = Command::new(EXE).args(["log", "push", "--to", "s3://b/p"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--features s3"), "{said}");
}

#[cfg(feature = "s3")]
mod with_a_store {
    use super::{Command, EXE};
    use kirana_storage::{Options, SledJournal};
    use kirana_tests::past::{Past, give_up_keys, write_log};
    use serde_json::Value;
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::process::{Child, Output, Stdio};
    use std::time::{Duration, Instant};

    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
    const STARTS_WITHIN: Duration = Duration::from_mins(1);

    const PUT: &str = "
import boto3, sys
url, key, path = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=url, region_name='us-east-1',
                  aws_access_key_id='another', aws_secret_access_key='client')
if key:
    s3.put_object(Bucket='bucket', Key=key, Body=open(path, 'rb').read())
else:
    s3.create_bucket(Bucket='bucket')
";

    /// A store that is not ours, on this machine.
    struct Store {
        process: Child,
        url: String,
    }

    impl Store {
        fn start() -> Self {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python");
            let process = Command::new("python3")
                .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
                .env("PYTHONPATH", &python)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let store = Self { process, url: format!("http://127.0.0.1:{port}") };
            let begun = Instant::now();
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(begun.elapsed() < STARTS_WITHIN, "the store does not start");
                std::thread::sleep(Duration::from_millis(50));
            }
            store.put("", &[]);
            store
        }

        /// Makes the bucket or, with a key, puts bytes there; with a client that is not ours.
        fn put(&self, key: &str, bytes: &[u8]) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python");
            let output = Command::new("python3")
                .args(["-c", PUT, &self.url, key])
                .arg(file.path())
                .env("PYTHONPATH", &python)
                .output()
                .unwrap();
            assert!(output.status.success(), "{key}: {}", said(&output));
        }

        fn run(&self, what: &str, address: &str, data: &Path) -> Output {
            Command::new(EXE)
                .args(["log", what, if what == "push" { "--to" } else { "--from" }, address])
                .args(["--endpoint", &self.url, "--output", "json", "--data"])
                .arg(data)
                .env("AWS_ACCESS_KEY_ID", KEY)
                .env("AWS_SECRET_ACCESS_KEY", "secret")
                .output()
                .unwrap()
        }

        fn done(&self, what: &str, address: &str, data: &Path) -> Value {
            let output = self.run(what, address, data);
            assert!(output.status.success(), "{what}: {}", said(&output));
            serde_json::from_slice(&output.stdout).unwrap()
        }
    }

    impl Drop for Store {
        fn drop(&mut self) {
            _ = self.process.kill();
            _ = self.process.wait();
        }
    }

    fn said(output: &Output) -> String {
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn digest(data: &Path) -> Value {
        let verified = Command::new(EXE)
            .args(["log", "verify", "--output", "json", "--data"])
            .arg(data)
            .output()
            .unwrap();
        assert!(verified.status.success(), "{}", said(&verified));
        let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
        report["digest"].clone()
    }

    fn archive(data: &Path) {
        let archived = Command::new(EXE).args(["log", "archive", "--data"]).arg(data).output();
        let archived = archived.unwrap();
        assert!(archived.status.success(), "{}", said(&archived));
    }

    #[test]
    #[ignore = "needs a store: tests/run --long installs one into target/python"]
    fn long_an_archive_is_pushed_lost_and_pulled_whole_and_damage_in_the_store_is_named() {
        let (store, dir) = (Store::start(), tempfile::tempdir().unwrap());
        let data = dir.path().join("data");
        let mut journal = SledJournal::open(&data, &Options::default()).unwrap();
        write_log(&mut journal, Past::new(3_000, 30, 5), 1_000).unwrap();
        drop(journal);
        give_up_keys(&data);

        let early = store.run("push", "s3://bucket/shop", &data);
        assert_eq!(early.status.code(), Some(1));
        assert!(said(&early).contains("nothing is archived yet"), "{}", said(&early));

        archive(&data);
        let first = store.done("push", "s3://bucket/shop", &data);
        assert_eq!(first["files_sent"], first["files"]);
        assert_eq!(store.done("push", "s3://bucket/shop/", &data)["files_sent"], 0, "once");

        // All of it into an empty directory: a backup.
        let copy = dir.path().join("copy");
        let pulled = store.done("pull", "s3://bucket/shop", &copy);
        assert_eq!(pulled["archived_lsn"], first["archived_lsn"]);
        assert_eq!(digest(&copy), digest(&data));

        // A file that was lost comes back.
        let archive_dir = data.join("archive");
        let path = std::fs::read_dir(&archive_dir).unwrap().next().unwrap().unwrap().path();
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(store.done("pull", "s3://bucket/shop", &data)["files_fetched"], 1);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert!(!data.join("pulling").exists());

        // Damage in the store is named, and nothing of it gets a name here.
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        store.put(&format!("shop/archive/{name}"), &damaged);
        std::fs::remove_file(&path).unwrap();
        let refused = store.run("pull", "s3://bucket/shop", &data);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).contains(name), "{}", said(&refused));
        assert!(!path.exists());
        std::fs::write(&path, &whole).unwrap();

        // Another length there is not taken for ours, nor is another log's archive.
        store.put(&format!("shop/archive/{name}"), &whole[1..]);
        let refused = store.run("push", "s3://bucket/shop", &data);
        assert!(said(&refused).contains("was not sent whole"), "{}", said(&refused));
        let other = dir.path().join("other");
        let mut journal = SledJournal::open(&other, &Options::default()).unwrap();
        write_log(&mut journal, Past::new(100, 1, 6), 100).unwrap();
        drop(journal);
        archive(&other);
        for what in ["push", "pull"] {
            let refused = store.run(what, "s3://bucket/shop", &other);
            assert_eq!(refused.status.code(), Some(1));
            assert!(said(&refused).contains("of another log"), "{what}: {}", said(&refused));
        }
        for (address, sentence) in [
            ("s3://nowhere/shop", "no such bucket"),
            ("https://bucket/shop", "no address of a bucket"),
        ] {
            let refused = store.run("push", address, &data);
            assert!(!refused.status.success());
            assert!(said(&refused).contains(sentence), "{address}: {}", said(&refused));
        }
    }
}
