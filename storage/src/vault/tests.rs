use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

use tempfile::TempDir;

use super::slot::SLOT_BYTES;
use super::*;
use crate::DamageKind;

const ASHA: [u8; 16] = *b"customer asha...";
const RAVI: [u8; 16] = *b"customer ravi...";

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    (dir, path)
}

fn both(check: impl Fn(&Vault)) {
    let (_dir, path) = place();
    check(&Vault::open(&path).unwrap());
    check(&Vault::memory());
}

/// Overwrites bytes of a slot, counted from the header as slot 0.
fn scribble(path: &Path, place: u64, at: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0x5a; 4], place * SLOT_BYTES as u64 + at).unwrap();
}

fn damage_detail(path: &Path) -> String {
    match Vault::open(path) {
        Err(VaultError::File(JournalError::Damaged(damage))) => {
            assert_eq!(damage.kind, DamageKind::Vault);
            damage.detail
        }
        other => panic!("not damage: {other:?}"),
    }
}

#[test]
fn what_is_sealed_opens_for_the_same_subject_and_context_only() {
    both(|vault| {
        let sealed = vault.seal(ASHA, b"address", b"12 MG Road");
        vault.seal(RAVI, b"address", b"another");
        assert_eq!(sealed.len(), b"12 MG Road".len() + SEAL_BYTES);
        assert!(!sealed.windows(4).any(|window| window == b"Road"));
        assert_eq!(vault.unseal(ASHA, b"address", &sealed), Ok(b"12 MG Road".to_vec()));
        assert_eq!(vault.unseal(ASHA, b"phone", &sealed), Err(VaultError::Damaged));
        assert_eq!(vault.unseal(RAVI, b"address", &sealed), Err(VaultError::UnknownKey));
    });
}

#[test]
fn every_flipped_bit_of_a_sealed_text_is_found() {
    let vault = Vault::memory();
    let mut sealed = vault.seal(ASHA, b"", b"12 MG Road");
    for bit in 0..sealed.len() * 8 {
        sealed[bit / 8] ^= 1 << (bit % 8);
        assert!(vault.unseal(ASHA, b"", &sealed).is_err(), "bit {bit}");
        sealed[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..sealed.len() {
        assert!(vault.unseal(ASHA, b"", &sealed[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn the_same_text_is_never_sealed_the_same() {
    let vault = Vault::memory();
    assert_ne!(vault.seal(ASHA, b"", b"milk"), vault.seal(ASHA, b"", b"milk"));
}

#[test]
fn synced_keys_outlive_the_process_and_others_do_not() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    let kept = vault.seal(ASHA, b"", b"milk");
    vault.sync().unwrap();
    let lost = vault.seal(RAVI, b"", b"bread");
    drop(vault);
    let vault = Vault::open(&path).unwrap();
    assert_eq!(vault.unseal(ASHA, b"", &kept), Ok(b"milk".to_vec()));
    assert_eq!(vault.unseal(RAVI, b"", &lost), Err(VaultError::UnknownKey));
}

#[test]
fn a_forgotten_subject_stays_unreadable_and_can_come_back() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    let before = vault.seal(ASHA, b"", b"milk");
    vault.forget(ASHA).unwrap();
    assert!(vault.is_forgotten(ASHA) && !vault.is_forgotten(RAVI));
    assert_eq!(vault.unseal(ASHA, b"", &before), Err(VaultError::Forgotten));
    let after = vault.seal(ASHA, b"", b"bread");
    vault.sync().unwrap();
    drop(vault);

    let vault = Vault::open(&path).unwrap();
    assert_eq!(vault.unseal(ASHA, b"", &before), Err(VaultError::Forgotten));
    assert_eq!(vault.unseal(ASHA, b"", &after), Ok(b"bread".to_vec()));
    assert!(!vault.is_forgotten(ASHA));
}

#[test]
fn a_forgotten_key_is_not_in_the_file() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    vault.seal(ASHA, b"", b"milk");
    vault.sync().unwrap();
    let key = fs::read(&path).unwrap()[SLOT_BYTES + 16..SLOT_BYTES + 48].to_vec();
    assert_ne!(key, [0; 32]);
    vault.forget(ASHA).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(key.len()).any(|window| window == key));
}

#[test]
fn forgetting_a_stranger_is_fine_and_leaves_nothing() {
    both(|vault| {
        vault.forget(ASHA).unwrap();
        assert!(!vault.is_forgotten(ASHA));
    });
}

#[test]
fn only_the_owner_may_read_the_file() {
    let (_dir, path) = place();
    Vault::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_vault_that_is_open_cannot_be_opened() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    let locked = VaultError::File(JournalError::Locked { path: path.clone() });
    assert_eq!(Vault::open(&path).unwrap_err(), locked);
    drop(vault);
    Vault::open(&path).unwrap();
}

#[test]
fn slots_torn_before_a_sync_are_tolerated_and_not_used_again() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    let kept = vault.seal(ASHA, b"", b"milk");
    vault.sync().unwrap();
    drop(vault);
    // What a power cut leaves of a write that was never synced: a bad slot and a piece of another.
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(&[0x5a; SLOT_BYTES + 20]);
    fs::write(&path, bytes).unwrap();

    for _ in 0..2 {
        let vault = Vault::open(&path).unwrap();
        assert_eq!(vault.unseal(ASHA, b"", &kept), Ok(b"milk".to_vec()));
        let other = vault.seal(RAVI, b"", b"bread");
        vault.sync().unwrap();
        drop(vault);
        let vault = Vault::open(&path).unwrap();
        assert_eq!(vault.unseal(RAVI, b"", &other), Ok(b"bread".to_vec()));
    }
}

#[test]
fn a_damaged_slot_or_header_is_named() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    for subject in [ASHA, RAVI] {
        vault.seal(subject, b"", b"milk");
        vault.sync().unwrap();
    }
    drop(vault);
    let whole = fs::read(&path).unwrap();
    scribble(&path, 1, 20);
    assert!(damage_detail(&path).contains("slot 0, bytes 64..128"), "{}", damage_detail(&path));
    fs::write(&path, &whole).unwrap();
    scribble(&path, 0, 20);
    assert!(damage_detail(&path).contains("bytes 0..64"));
    fs::write(&path, &whole[..10]).unwrap();
    assert!(damage_detail(&path).contains("missing"));
    fs::write(&path, "x".repeat(100)).unwrap();
    let error = Vault::open(&path).unwrap_err();
    assert!(matches!(error, VaultError::File(JournalError::NotALog { .. })));
}

#[test]
fn a_seed_gives_the_same_bytes_again() {
    let run = |seed| {
        let vault = Vault::memory_seeded(seed);
        [vault.seal(ASHA, b"a", b"milk"), vault.seal(RAVI, b"b", b"bread")]
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn many_threads_seal_and_sync_at_once() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    let subject =
        |thread: u8, index: u8| [thread, index, 0, 0, 0, 0, 0, index, 0, 0, 0, 0, 0, 0, 0, 9];
    let sealed: Vec<_> = std::thread::scope(|scope| {
        let seal = |thread| {
            let vault = &vault;
            scope.spawn(move || {
                let mut sealed = Vec::new();
                for index in 0..50 {
                    // Every other subject is shared by all threads.
                    let subject = subject(if index % 2 == 0 { 99 } else { thread }, index);
                    sealed.push((subject, vault.seal(subject, b"", &[thread])));
                    vault.sync().unwrap();
                }
                (thread, sealed)
            })
        };
        let threads: Vec<_> = (0..4).map(seal).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    drop(vault);
    let vault = Vault::open(&path).unwrap();
    for (thread, sealed) in sealed {
        for (subject, sealed) in sealed {
            assert_eq!(vault.unseal(subject, b"", &sealed), Ok(vec![thread]));
        }
    }
}

#[test]
fn an_opening_that_writes_nothing_leaves_the_file_as_it_was_found() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    let sealed = vault.seal(ASHA, b"", b"milk");
    vault.sync().unwrap();
    drop(vault);
    // The last slot may be torn, or have rotted since: only the records can tell.
    scribble(&path, 1, 20);
    let found = fs::read(&path).unwrap();
    for vault in [Vault::open(&path).unwrap(), Vault::read(&path).unwrap()] {
        assert!(!vault.knows(ASHA));
        assert_eq!(vault.unseal(ASHA, b"", &sealed), Err(VaultError::UnknownKey));
    }
    assert_eq!(fs::read(&path).unwrap(), found);
    let missing = Vault::read(&path.with_extension("gone")).unwrap_err();
    assert!(matches!(missing, VaultError::File(JournalError::Io { .. })), "{missing:?}");
}

#[test]
fn a_key_that_was_given_up_is_known_to_be_gone_after_a_restart() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    let kept = vault.seal(ASHA, b"", b"milk");
    vault.give_up(&[ASHA, RAVI]).unwrap();
    let later = vault.seal(RAVI, b"", b"bread");
    vault.sync().unwrap();
    drop(vault);
    let vault = Vault::read(&path).unwrap();
    assert!(vault.has_tombstone(ASHA) && vault.has_tombstone(RAVI));
    assert_eq!(vault.unseal(ASHA, b"", &kept), Ok(b"milk".to_vec()), "it was not lost after all");
    assert_eq!(vault.unseal(RAVI, b"", &later), Ok(b"bread".to_vec()));
}

#[test]
fn a_later_copy_of_a_vault_lacks_nothing_and_every_other_vault_does() {
    let (_dir, path) = place();
    let vault = Vault::open(&path).unwrap();
    vault.seal(ASHA, b"", b"milk");
    vault.seal(RAVI, b"", b"bread");
    vault.sync().unwrap();
    let before = Vault::read(&path).unwrap();
    vault.forget(RAVI).unwrap();
    vault.seal(RAVI, b"", b"bread");
    vault.sync().unwrap();
    assert_eq!(vault.count_lacking(&before), 0);
    assert_eq!(before.count_lacking(&vault), 1, "the newer key of one of them");
    assert_eq!(Vault::memory().count_lacking(&before), 2);
    let foreign = Vault::memory();
    foreign.seal(ASHA, b"", b"milk");
    foreign.seal(RAVI, b"", b"bread");
    assert_eq!(foreign.count_lacking(&before), 2, "the same subjects, and other keys");
}
