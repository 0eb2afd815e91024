use super::*;
use crate::head::HeadError;
use crate::merkle::{PathBuilder, Tree};
use crate::subject_index::SubjectIndex;
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
    Head { log_id, lsn: Lsn(SIZE), hash, root, at_ms: 5, index: None }
}

fn proof_with(head: SignedHead, lsns: &[u64]) -> Proof {
    let mut builder = PathBuilder::new(&lsns.iter().map(|lsn| lsn - 1).collect::<Vec<_>>());
    (1..=SIZE).map(Lsn).for_each(|lsn| builder.push(merkle::leaf(lsn, &record(lsn))));
    let proved = |(&lsn, path)| ProvedRecord { lsn: Lsn(lsn), record: record(Lsn(lsn)), path };
    let records = lsns.iter().zip(builder.finish(SIZE)).map(proved).collect();
    Proof::new(head, None, None, records)
}

/// Records 1, 4, 5 and 21 are about the first subject, and 2 and 3 about the other.
fn indexed() -> (Head, Vec<SubjectPlace>) {
    let index = |wanted: usize| {
        let mut subjects = [([8; 16], &[1, 4, 5, 21][..]), ([9; 16], &[2, 3])].into_iter();
        let mut all: Vec<_> = subjects.by_ref().enumerate().collect();
        all.sort_by_key(|(_, (id, _))| subject_index::rank(id));
        let mut index = SubjectIndex::default();
        for (number, (id, lsns)) in all {
            let lsns: Vec<_> = lsns.iter().map(|lsn| Lsn(*lsn)).collect();
            index.push(&id, &lsns, number == wanted);
        }
        let (hash, place) = index.finish();
        (hash, place.unwrap())
    };
    let ((hash, first), (_, second)) = (index(0), index(1));
    (Head { index: Some(hash), ..head() }, vec![first, second])
}

/// A proof of all records about the first subject, or of some of them.
fn complete(lsns: &[u64]) -> Proof {
    let (head, places) = indexed();
    let subject = Some(Subject { id: [8; 16], place: Some(places[0].clone()) });
    Proof { subject, ..proof_with(head.into(), lsns) }
}

/// The proof that the log has grown from its first `size` records.
fn older(size: u64) -> Older {
    let (mut tree, mut builder) = (Tree::default(), PathBuilder::new(&[size - 1]));
    for lsn in (1..=SIZE).map(Lsn) {
        let leaf = merkle::leaf(lsn, &record(lsn));
        builder.push(leaf);
        if lsn.0 <= size {
            tree.push(leaf);
        }
    }
    let path = tree.consistency(&builder.finish(SIZE)[0], SIZE);
    let head = Head { lsn: Lsn(size), hash: [3; 32], root: tree.root(), ..head() };
    Older { head: head.into(), path }
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
    assert_eq!(verified.basis, ProofBasis { head: None, has_key: false });
    assert_eq!(*verified.head.head(), head());
    let lsns: Vec<_> = verified.records.iter().map(|it| it.lsn.0).collect();
    assert_eq!(lsns, [1, 4, 5, 21]);
    assert_eq!(verified.records[1].record, b"aaa");
    assert!(text.starts_with("kirana-proof:v1\nkirana-head:v1:0707"), "{text}");
    assert!(text.contains("\nrecord 1 - "), "{text}");
}

#[test]
fn every_flipped_bit_is_found_where_the_head_is_known() {
    for proof in [proof(), complete(&[1, 4, 5, 21])] {
        let (text, head) = (proof.encode(), *proof.head().head());
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(other) = String::from_utf8(bytes) else { continue };
            let verified =
                Proof::parse(&other).and_then(|it| it.verify(Some(&head), None).map(drop));
            assert!(verified.is_err(), "bit {bit}: {other}");
        }
    }
}

#[test]
fn a_proof_that_leaves_out_a_record_is_refused() {
    let proof = complete(&[1, 4, 5, 21]);
    let text = proof.encode();
    assert!(text.starts_with("kirana-proof:v2\nkirana-head:v2:"), "{text}");
    assert_eq!(Proof::parse(&text), Ok(proof.clone()));
    let verified = proof.verify(None, None).unwrap();
    assert_eq!((verified.subject, verified.is_complete), (Some([8; 16]), true));
    for some in [&[1, 4, 5][..], &[4, 5, 21], &[1, 4, 21], &[1, 2, 4, 5, 21]] {
        assert_eq!(complete(some).verify(None, None), Err(ProofError::NotComplete), "{some:?}");
    }
    let of_other = |change: &dyn Fn(&mut Subject)| {
        let mut proof = proof.clone();
        change(proof.subject.as_mut().unwrap());
        proof.verify(None, None).unwrap_err()
    };
    assert_eq!(of_other(&|it| it.id = [9; 16]), ProofError::NotComplete);
    assert_eq!(of_other(&|it| it.place = Some(indexed().1[1].clone())), ProofError::NotComplete);
    let recount = |it: &mut Subject| it.place.as_mut().unwrap().subjects = 3;
    assert_eq!(of_other(&recount), ProofError::NotComplete);
    // Whoever leaves out a record cannot leave out the index either.
    assert_eq!(of_other(&|it| it.place = None), ProofError::NotIndexed);
    let without = Proof { subject: None, ..proof.clone() };
    assert_eq!(without.verify(None, None), Err(ProofError::NotIndexed));
}

#[test]
fn below_a_head_without_an_index_nothing_says_that_the_records_are_all() {
    let subject = Some(Subject { id: [8; 16], place: None });
    let proof = Proof { subject, ..proof_with(head().into(), &[1, 4]) };
    assert_eq!(Proof::parse(&proof.encode()), Ok(proof.clone()));
    let verified = proof.verify(Some(&head()), None).unwrap();
    assert_eq!((verified.subject, verified.is_complete), (Some([8; 16]), false));
}

#[test]
fn an_older_head_is_enough_when_the_log_has_grown_from_it() {
    for size in 1..=SIZE {
        let grown = Proof::new(head().into(), Some(older(size)), None, Vec::new());
        assert_eq!(Proof::parse(&grown.encode()), Ok(grown.clone()));
        let known = *older(size).head.head();
        let verified = grown.verify(Some(&known), None).unwrap();
        assert_eq!(verified.basis.head, Some(GivenHead::Older), "{size}");
        assert_eq!(grown.verify(Some(&head()), None).unwrap().basis.head, Some(GivenHead::Same));
        let refused = Err(ProofError::NotGrown { older: Lsn(size) });
        for other in [Head { root: [7; 32], ..known }, Head { log_id: LogId([8; 16]), ..known }] {
            let older = Some(Older { head: other.into(), ..older(size) });
            let proof = Proof { older, ..grown.clone() };
            assert_eq!(proof.verify(Some(&other), None), refused);
        }
    }
    let both = Proof { older: Some(older(9)), ..complete(&[1, 4, 5, 21]) };
    assert_eq!(Proof::parse(&both.encode()), Ok(both.clone()));
    assert!(both.verify(Some(older(9).head.head()), None).unwrap().is_complete);
}

#[test]
fn the_head_must_be_the_given_one() {
    let proof = proof();
    let verified = proof.verify(Some(&head()), None).unwrap();
    let same = Some(GivenHead::Same);
    assert_eq!(verified.basis, ProofBasis { head: same, has_key: false });
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
    assert!(!signed.verify(None, None).unwrap().basis.has_key);
    assert!(signed.verify(None, Some(&actual)).unwrap().basis.has_key);
    let both = signed.verify(Some(&head()), Some(&actual)).unwrap();
    assert_eq!(both.basis, ProofBasis { head: Some(GivenHead::Same), has_key: true });
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
