use super::*;
use crate::merkle::{PathBuilder, Tree};
use crate::{LogId, SigningKey};

const SIZE: u64 = 21;

fn record(lsn: Lsn) -> Vec<u8> {
    // Record 1 is empty, and all are of different lengths.
    vec![0x61; usize::try_from(lsn.0 - 1).unwrap()]
}

fn head() -> Head {
    let mut tree = Tree::default();
    (1..=SIZE).map(Lsn).for_each(|lsn| tree.push(merkle::leaf(lsn, &record(lsn))));
    let (log_id, hash, root) = (LogId([7; 16]), [1; 32], tree.root());
    Head { log_id, lsn: Lsn(SIZE), hash, root, at_ms: 5 }
}

fn proof_with(head: SignedHead, lsns: &[u64]) -> Proof {
    let mut builder = PathBuilder::new(&lsns.iter().map(|lsn| lsn - 1).collect::<Vec<_>>());
    (1..=SIZE).map(Lsn).for_each(|lsn| builder.push(merkle::leaf(lsn, &record(lsn))));
    let proved = |(&lsn, path)| ProvedRecord { lsn: Lsn(lsn), record: record(Lsn(lsn)), path };
    Proof::new(head, lsns.iter().zip(builder.finish(SIZE)).map(proved).collect())
}

fn proof() -> Proof {
    proof_with(head().into(), &[1, 4, 5, 21])
}

fn key() -> SigningKey {
    let dir = tempfile::tempdir().unwrap();
    SigningKey::generate(&dir.path().join("key")).unwrap()
}

#[test]
fn a_proof_is_checked_from_its_text_alone() {
    let text = proof().encode();
    let parsed = Proof::parse(&text).unwrap();
    assert_eq!(parsed, proof());
    let verified = parsed.verify(None, None).unwrap();
    assert_eq!(verified.basis, ProofBasis::Itself);
    assert_eq!(*verified.head.head(), head());
    let lsns: Vec<_> = verified.records.iter().map(|it| it.lsn.0).collect();
    assert_eq!(lsns, [1, 4, 5, 21]);
    assert_eq!(verified.records[1].record, b"aaa");
    assert!(text.starts_with("kirana-proof:v1\nkirana-head:v1:0707"), "{text}");
    assert!(text.contains("\nrecord 1 - "), "{text}");
}

#[test]
fn every_flipped_bit_is_found_where_the_head_is_known() {
    let text = proof().encode();
    for bit in 0..text.len() * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(other) = String::from_utf8(bytes) else { continue };
        let verified = Proof::parse(&other).and_then(|it| it.verify(Some(&head()), None).map(drop));
        assert!(verified.is_err(), "bit {bit}: {other}");
    }
}

#[test]
fn the_head_must_be_the_given_one() {
    let proof = proof();
    let verified = proof.verify(Some(&head()), None).unwrap();
    assert_eq!(verified.basis, ProofBasis::GivenHead);
    let (expected, actual) = (Lsn(30), Lsn(SIZE));
    let later = Head { lsn: expected, ..head() };
    let error = proof.verify(Some(&later), None).unwrap_err();
    assert_eq!(error, ProofError::OtherHead { expected, actual });
    let other = Head { hash: [2; 32], ..head() };
    let error = proof.verify(Some(&other), None).unwrap_err();
    assert!(error.to_string().contains("both at record 21"), "{error}");
}

#[test]
fn the_signature_must_be_by_the_given_key() {
    let (key, other) = (key(), key());
    let (expected, actual) = (other.public_key(), key.public_key());
    assert_eq!(proof().verify(None, Some(&actual)), Err(ProofError::NotSigned));
    let signed = Proof::parse(&proof_with(head().sign(&key), &[9]).encode()).unwrap();
    assert_eq!(signed.verify(None, None).unwrap().basis, ProofBasis::Itself);
    assert_eq!(signed.verify(None, Some(&actual)).unwrap().basis, ProofBasis::GivenKey);
    let both = signed.verify(Some(&head()), Some(&actual)).unwrap();
    assert_eq!(both.basis, ProofBasis::GivenHeadAndKey);
    let error = signed.verify(None, Some(&expected)).unwrap_err();
    assert_eq!(error, ProofError::OtherKey { expected, actual });
}

#[test]
fn a_record_that_is_not_so_in_the_log_is_refused() {
    let good = proof();
    let refused = |change: &dyn Fn(&mut ProvedRecord), lsn| {
        let mut proof = good.clone();
        change(&mut proof.records[1]);
        assert_eq!(proof.verify(None, None), Err(ProofError::NotProved { lsn: Lsn(lsn) }));
    };
    refused(&|it| it.record.push(0), 4);
    refused(&|it| it.record.clear(), 4);
    refused(&|it| it.path.index = 1, 4);
    refused(&|it| it.lsn = Lsn(3), 3);
    refused(&|it| it.path.siblings.truncate(2), 4);
}

#[test]
fn what_is_wrong_with_a_text_is_named() {
    let text = proof().encode();
    let parse = |text: &str| Proof::parse(text).unwrap_err();
    assert_eq!(parse(""), ProofError::NotAProof);
    assert_eq!(parse(&text.replace("proof:v1", "proof:v2")), ProofError::NotAProof);
    assert_eq!(parse("kirana-proof:v1\n"), ProofError::Cut);
    assert_eq!(parse("kirana-proof:v1\nx\n"), ProofError::Head(HeadError::NotAHead));
    let without_records = format!("kirana-proof:v1\n{}\nend 0\n", head());
    assert_eq!(parse(&without_records), ProofError::NoRecords);
    let line = |line| ProofError::WrongLine { line };
    for other in ["", "recor", "record 04", "record +4", "record 4  ", "record 0", "record 1"] {
        assert_eq!(parse(&text.replacen("record 4", other, 1)), line(4), "{other}");
    }
    assert_eq!(parse(&text.replace("record 1 -", "record 1 ")), line(3));
    assert_eq!(parse(&text.replace("record 1 -", "record 1 -0")), line(3));
    assert_eq!(parse(&text.replace("end 4", "end 3")), line(7));
    assert_eq!(parse(&format!("{text}\n")), line(8));
    for (cut, _) in text.match_indices('\n').take(6) {
        assert_eq!(parse(&text[..cut]), ProofError::Cut);
    }
}
