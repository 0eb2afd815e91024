//! What release 0.1.0 wrote, this one reads: a data directory of it, with the answers that it gave.

use crate::EXE;
use kirana_domain::Role;
use kirana_tests::http::Request;
use kirana_tests::market::token;
use kirana_tests::process::Program;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use uuid::Uuid;

/// Who ordered there.
const CUSTOMER: Uuid = Uuid::from_u128(0x0198_d0e0_7e57_7000_8000_0000_0000_00c1);
/// What never changes of an order that nothing happens to.
const LASTING: [&str; 12] = [
    "id",
    "order_number",
    "store_id",
    "customer_id",
    "payment_method",
    "items",
    "subtotal_paise",
    "delivery_fee_paise",
    "tax_paise",
    "total_paise",
    "delivery_address",
    "created_at",
];

/// Checks that an answer says all that it said then; newer members may stand beside it.
fn assert_lasts(now: &Value, then: &Value, what: &str) {
    match (now, then) {
        (Value::Object(_), Value::Object(then)) => {
            then.iter().for_each(|(name, then)| assert_lasts(&now[name], then, what));
        }
        (Value::Array(now), Value::Array(then)) => {
            assert_eq!(now.len(), then.len(), "{what}");
            now.iter().zip(then).for_each(|(now, then)| assert_lasts(now, then, what));
        }
        _ => assert_eq!(now, then, "{what}"),
    }
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/data").join(name)
}

fn unpacked() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(golden("v0.1.0.tar.gz")).arg("-C").arg(dir.path());
    assert!(tar.status().unwrap().success());
    let data = dir.path().join("v0.1.0");
    (dir, data)
}

#[test]
fn a_data_directory_of_the_first_release_opens_and_shows_the_same_orders() {
    let (_dir, data) = unpacked();
    let program = Program::new(EXE, &data).set("KIRANA_ENGINE_CHECKPOINT_RECORDS", 100);
    let then: Value =
        serde_json::from_str(&std::fs::read_to_string(golden("v0.1.0.orders.json")).unwrap())
            .unwrap();
    let then = then["data"].as_array().unwrap();
    assert_eq!(then.len(), 5);
    // Started twice: the second start is from a checkpoint, and the log is raised to this release.
    for start in 0..2 {
        let server = program.start();
        let customer = token(Role::Customer, CUSTOMER, None);
        for order in then {
            let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
            let now = server.client().ask(&Request::get(&path).token(&customer));
            assert_eq!(now.status, 200, "start {start}");
            let now = now.json();
            for field in LASTING {
                assert_lasts(&now[field], &order[field], &format!("start {start}: {field}"));
            }
            // The unpaid one has expired by the clock since.
            if order["status"] != "pending_payment" {
                assert_eq!(now["status"], order["status"]);
                assert_eq!(now["version"], order["version"]);
            }
        }
        // It can be worked on.
        let number = then[0]["order_number"].as_str().unwrap();
        let list = Request::get(format!("/v1/orders?order_number={number}")).token(&customer);
        assert_eq!(server.client().ask(&list).json()["data"].as_array().unwrap().len(), 1);
        assert_eq!(server.terminate().code, Some(0));
    }
    let verified = program.run(&["log", "verify", "--data", data.to_str().unwrap()]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
