use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::JournalError;

fn head() -> Head {
    Head {
        log_id: LogId([7; 16]),
        lsn: Lsn(4_711),
        hash: [0xab; 32],
        root: [0xcd; 32],
        at_ms: 1_750_000_000_123,
        index: None,
    }
}

fn with_index() -> Head {
    Head { index: Some([0xef; 32]), ..head() }
}

fn key() -> SigningKey {
    let dir = tempfile::tempdir().unwrap();
    SigningKey::generate(&dir.path().join("key")).unwrap()
}

fn parse(line: &str) -> Result<SignedHead, HeadError> {
    line.parse()
}

#[test]
fn the_line_is_as_it_was_promised() {
    let line = head().to_string();
    let (id, hash, root) = ("07".repeat(16), "ab".repeat(32), "cd".repeat(32));
    assert_eq!(line, format!("kirana-head:v1:{id}:4711:1750000000123:{hash}:{root}"));
    assert_eq!(SignedHead::from(head()).to_string(), line);
    let line = with_index().to_string();
    let index = "ef".repeat(32);
    assert_eq!(line, format!("kirana-head:v2:{id}:4711:1750000000123:{hash}:{root}:{index}"));
}

#[test]
fn what_is_printed_is_parsed() {
    for at_ms in [0, -5, i64::MIN, i64::MAX] {
        let head = Head { at_ms, lsn: Lsn(u64::MAX), ..head() };
        assert_eq!(parse(&head.to_string()), Ok(head.into()));
    }
    let key = key();
    for head in [head(), with_index()] {
        let signed = head.sign(&key);
        assert_eq!(signed.signed_by(), Some(&key.public_key()));
        assert_eq!(parse(&signed.to_string()), Ok(signed));
        assert_eq!(*signed.head(), head);
    }
}

#[test]
fn what_is_wrong_with_a_line_is_named() {
    let line = head().to_string();
    let wrong = |field| Err(HeadError::WrongField { field });
    assert_eq!(parse(""), Err(HeadError::NotAHead));
    assert_eq!(parse(&line.replace("v1", "v3")), Err(HeadError::NotAHead));
    let fields = |actual, expected| Err(HeadError::WrongFields { actual, expected });
    assert_eq!(parse(&line.replace("v1", "v2")), fields(7, 8));
    let indexed = with_index().to_string();
    assert_eq!(parse(&indexed.replace("v2", "v1")), fields(8, 7));
    assert_eq!(parse(&indexed.replace("efef", "EFEF")), wrong("index"));
    assert_eq!(parse(&format!(" {line}")), Err(HeadError::NotAHead));
    assert_eq!(parse("kirana-head:v1:"), fields(3, 7));
    assert_eq!(parse(&format!("{line}:x")), fields(8, 7));
    assert_eq!(parse(&format!("{line}:rsa:x:y")), fields(10, 7));
    assert_eq!(parse(&line.replace("0707", "07")), wrong("log id"));
    for lsn in ["", "04711", "+4711", "4711 ", "-1", "18446744073709551616"] {
        assert_eq!(parse(&line.replace("4711", lsn)), wrong("position"), "{lsn}");
    }
    assert_eq!(parse(&line.replace("1750000000123", "+1")), wrong("time"));
    assert_eq!(parse(&line.replace("abab", "ABAB")), wrong("hash"));
    assert_eq!(parse(&format!("{line}\n")), wrong("root"));
    assert_eq!(parse(&format!("{line}:ed25519:aa:bb")), wrong("public key"));
    let key = key().public_key();
    assert_eq!(parse(&format!("{line}:ed25519:{key}:bb")), wrong("signature"));
}

#[test]
fn every_flipped_bit_of_a_signed_head_is_found() {
    let line = with_index().sign(&key()).to_string();
    for bit in 0..line.len() * 8 {
        let mut bytes = line.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(other) = String::from_utf8(bytes) else { continue };
        assert!(parse(&other).is_err(), "{other}");
    }
}

#[test]
fn a_change_in_any_field_voids_the_signature() {
    let key = key();
    let signed = head().sign(&key);
    let (public, signature) = signed.signature.unwrap();
    let mut changed = [head(); 5];
    changed[0].log_id.0[3] ^= 1;
    changed[1].lsn.0 ^= 1;
    changed[2].hash[31] ^= 0x80;
    changed[3].root[0] ^= 1;
    changed[4].at_ms ^= 1;
    for head in changed {
        let line = SignedHead { head, ..signed }.to_string();
        assert_eq!(parse(&line), Err(HeadError::WrongSignature { key: public }));
    }
    let other = self::key().public_key();
    let line = SignedHead { signature: Some((other, signature)), ..signed }.to_string();
    assert_eq!(parse(&line), Err(HeadError::WrongSignature { key: other }));
}

#[test]
fn a_signature_of_the_line_alone_is_not_one_of_the_head() {
    let key = key();
    let signature = key.sign(head().to_string().as_bytes());
    let signed = SignedHead { head: head(), signature: Some((key.public_key(), signature)) };
    assert!(matches!(parse(&signed.to_string()), Err(HeadError::WrongSignature { .. })));
}

#[test]
fn a_key_is_kept_for_its_owner_alone_and_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head.key");
    let key = SigningKey::generate(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(SigningKey::load(&path).unwrap().public_key(), key.public_key());
    let again = SigningKey::generate(&path).unwrap_err();
    assert_eq!(again, KeyError::Exists { path: path.clone() });
    assert_eq!(SigningKey::load(&path).unwrap().public_key(), key.public_key());
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.public_key()));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let open = SigningKey::load(&path).unwrap_err();
    assert_eq!(open, KeyError::Open { path: path.clone(), mode: 0o640 });
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "something else").unwrap();
    assert_eq!(SigningKey::load(&path).unwrap_err(), KeyError::NotAKey { path: path.clone() });
    let nowhere = SigningKey::load(&dir.path().join("nowhere")).unwrap_err();
    assert!(matches!(nowhere, KeyError::File(JournalError::Io { .. })), "{nowhere}");
}

#[test]
fn a_public_key_is_parsed_as_it_is_printed() {
    let key = key().public_key();
    assert_eq!(key.to_string().parse(), Ok(key));
    for other in ["", "abcd", &key.to_string().to_uppercase(), &format!("{key}00")] {
        assert_eq!(other.parse::<PublicKey>(), Err(KeyError::NotAPublicKey));
    }
}
