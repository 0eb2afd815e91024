//! The walk of a newcomer: start the demo, copy the printed order, pull the plug, find it again.

use crate::EXE;
use kirana_tests::http::{Answer, Client, Request};
use kirana_tests::process::{Program, Server};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// The first printed `curl` line, and what it says as a request.
fn printed_order(stdout: &str) -> (String, Request) {
    let line = stdout.lines().find(|line| line.starts_with("curl") && line.contains(" -d "));
    let line = line.expect("an order to copy is printed");
    // Words in single quotes are one argument, as in a shell.
    let args: Vec<&str> = line.split('\'').collect();
    let url = args[0].split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let path = &url[url["http://".len()..].find('/').unwrap() + "http://".len()..];
    let mut request = Request::post(path);
    for pair in args.windows(2) {
        if pair[0].ends_with("-H ") {
            let (name, value) = pair[1].split_once(": ").unwrap();
            request = request.header(name, value);
        } else if pair[0].ends_with("-d ") {
            request = request.without("Content-Type").body("application/json", pair[1]);
        }
    }
    (line.to_owned(), request)
}

fn demo(data: &std::path::Path) -> Program {
    Program::new(EXE, data).unset("KIRANA_HS256_SECRET").arg("--demo")
}

fn read_order(server: &Server, placed: &Answer, request: &Request) -> Answer {
    let path = placed.header("location").unwrap().to_owned();
    let token = request_header(request, "Authorization");
    server.client().ask(&Request::get(path).header("Authorization", token))
}

fn request_header(request: &Request, name: &str) -> String {
    let text = String::from_utf8(request.bytes()).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_once(": ").unwrap().1.to_owned()
}

#[test]
fn the_printed_order_works_and_outlives_kill_9_and_a_polite_stop() {
    let dir = tempfile::tempdir().unwrap();
    let program = demo(&dir.path().join("data"));
    let server = program.start();
    let stdout = server.prints("Place an order");
    assert!(stdout.contains(&format!("http://{}", program.address)), "{stdout}");
    assert!(stdout.contains("Token of a customer"), "{stdout}");
    let (_, request) = printed_order(&stdout);

    let placed = server.client().ask(&request);
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert!(placed.header("idempotent-replayed").is_none());
    assert_eq!(placed.json()["status"], "placed");
    assert!(placed.json()["lsn"].is_u64());
    let again = server.client().ask(&request);
    assert!(again.is_replayed());
    assert_eq!(again.text(), placed.text(), "the same bytes");
    let shown = read_order(&server, &placed, &request);
    assert_eq!(shown.text(), placed.text(), "the order reads as it was answered");

    assert_eq!(server.kill().code, None, "a signal ended it");
    let server = program.start();
    assert_eq!(read_order(&server, &placed, &request).text(), placed.text(), "after kill -9");
    let again = server.client().ask(&request);
    assert!(again.is_replayed());
    assert_eq!(again.text(), placed.text(), "the same bytes after kill -9");

    let ended = server.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let server = program.start();
    assert_eq!(read_order(&server, &placed, &request).text(), placed.text(), "after SIGTERM");
    assert_eq!(server.client().ask(&request).text(), placed.text(), "the same bytes after SIGTERM");
}

#[test]
fn the_printed_line_works_in_a_shell() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("not run: curl is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = demo(&dir.path().join("data")).start();
    let (line, _) = printed_order(&server.prints("Place an order"));
    let run = || {
        let output = Command::new("sh").args(["-c", &format!("{line} --max-time 20")]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let first = run();
    assert!(first.contains("\"status\":\"placed\""), "{first}");
    assert_eq!(run(), first, "sent twice it is one order");
}

#[test]
fn the_demo_shop_is_large_enough_and_sells_at_plausible_prices() {
    let dir = tempfile::tempdir().unwrap();
    let server = demo(&dir.path().join("data")).start();
    server.prints("Place an order");
    let mut client = server.client();
    let stores = client.ask(&Request::get("/v1/stores")).expect(200);
    assert_eq!(stores["data"][0]["name"], "Dayliz Tura");
    let store = stores["data"][0]["store_id"].as_str().unwrap();
    let path = format!("/v1/stores/{store}/products?limit=100");
    let products = kirana_tests::market::all_pages(&mut client, &path, None);
    assert!(products.len() >= 300, "{} products", products.len());
    for product in products {
        let (price, mrp) = (product["price_paise"].as_i64(), product["mrp_paise"].as_i64());
        assert!(price > Some(0) && price <= mrp, "{product}");
        assert!(product["available"].as_i64() > Some(0), "{product}");
        assert!(product["hsn"].is_string(), "{product}");
    }
}

#[test]
fn a_token_of_the_command_line_is_good_at_the_server_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let program = demo(&dir.path().join("data"));
    let server = program.start();
    server.prints("Place an order");
    let data = program.data.display().to_string();
    let token = program.run(&["token", "--role", "support", "--data", &data]);
    assert_eq!(token.code, Some(0), "{}", token.stderr);
    let stores = server.client().ask(&Request::get("/v1/stores")).json();
    let store = stores["data"][0]["store_id"].as_str().unwrap();
    let list = Request::get(format!("/v1/orders?store_id={store}")).token(token.stdout.trim());
    assert_eq!(server.client().ask(&list).status, 200);
    // Short-lived ones end, with the leeway of half a minute: an hour ago is long enough.
    let json = program.run(&["token", "--role", "admin", "--data", &data, "--output", "json"]);
    assert!(json.stdout.contains("\"ttl_seconds\":3600"), "{}", json.stdout);
}

#[test]
fn the_shop_is_found_again_in_the_folder_it_was_started_in() {
    let dir = tempfile::tempdir().unwrap();
    let address = kirana_tests::process::free_address();
    let mut child = Command::new(EXE)
        .args(["serve", "--demo", "--listen", &address.to_string()])
        .args(["--operator-listen", "127.0.0.1:0"])
        .current_dir(dir.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut client = Client::new(address);
    let ready = (0..2_000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        client.send(&Request::get("/readyz")).is_ok_and(|answer| answer.status == 200)
    });
    _ = child.kill();
    _ = child.wait();
    assert!(ready, "the demo became ready");
    assert!(dir.path().join("data/log").is_dir(), "it keeps ./data");
}

/// The commands of the block of README that begins with these words.
fn commands_of_readme(begin: &str) -> String {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let mut blocks =
        readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.find(|block| block.starts_with(begin)).expect("README has it");
    block.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_walk_of_the_readme_runs_as_it_is_written() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("not run: curl is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = demo(&dir.path().join("data"));
    let server = program.start();
    server.prints("walk.sh");
    let commands = format!("set -eu\n{}", commands_of_readme("$ . data/demo.env; as()"));
    let walked = Command::new("bash").args(["-c", &commands]).current_dir(dir.path()).output();
    let walked = walked.unwrap();
    let said = String::from_utf8_lossy(&walked.stdout).into_owned();
    let shown = String::from_utf8_lossy(&walked.stderr).into_owned();
    assert!(walked.status.success(), "{said}\n{shown}");
    assert!(said.contains("\"status\":\"delivered\""), "{said}\n{shown}");
    assert!(std::fs::read(dir.path().join("invoice.pdf")).unwrap().starts_with(b"%PDF"), "{said}");
}

#[test]
fn a_shop_of_one_s_own_is_opened_as_the_readme_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("not run: curl is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(EXE, bin.join("kirana")).unwrap();
    let mut serve = Command::new(EXE);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0"]);
    serve.current_dir(dir.path());
    let mut serve = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(serve.stdout.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).find(|line| line.contains("http://")).unwrap();
    let url = &said[said.find("http://").unwrap()..];
    let block = commands_of_readme("$ export KIRANA_SERVER=");
    let commands = format!("set -eu\n{}", block.replace("http://127.0.0.1:8080", url));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    let bash = bash.args(["-c", &commands]).current_dir(dir.path()).env("PATH", path);
    let opened = bash.output().unwrap();
    serve.kill().unwrap();
    serve.wait().unwrap();
    let said = String::from_utf8_lossy(&opened.stdout).into_owned();
    assert!(opened.status.success(), "{said}\n{}", String::from_utf8_lossy(&opened.stderr));
    assert!(said.contains("\"order_number\":\"MINE-000001\""), "{said}");
    assert!(said.contains("\"status\":\"placed\""), "{said}");
}

#[test]
fn what_the_program_makes_is_for_its_user_alone_and_its_log_names_requests() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let program = Program::new(EXE, &data).set("RUST_LOG", "info");
    let server = program.start();
    let asked = Request::get("/v1/stores").header("X-Request-Id", "shop-7-asks");
    assert_eq!(server.client().ask(&asked).header("x-request-id"), Some("shop-7-asks"));
    assert_eq!(server.terminate().code, Some(0));
    let mut folders = vec![data.clone()];
    while let Some(folder) = folders.pop() {
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", entry.display());
            if entry.is_dir() {
                folders.push(entry);
            }
        }
    }
    // A directory of an earlier release loses what others could do there.
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = program.start();
    let answer = server.client().ask(&asked);
    assert_eq!(answer.header("x-request-id"), Some("shop-7-asks"));
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o007, 0);
    let stderr = server.terminate().stderr;
    assert!(stderr.contains("\"request_id\":\"shop-7-asks\""), "{stderr}");
}
