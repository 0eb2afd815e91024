use super::*;

/// Subjects 1 to `count`, in their order; subject n has the records n, n + 100 and n + 200.
fn subjects(count: u8) -> Vec<(SubjectId, Vec<Lsn>)> {
    let lsns = |n: u8| [0, 100, 200].map(|more| Lsn(u64::from(n) + more)).to_vec();
    let mut all: Vec<_> = (1..=count).map(|n| ([n; 16], lsns(n))).collect();
    all.sort_by_key(|(id, _)| rank(id));
    all
}

fn index(count: u8, wanted: Option<SubjectId>) -> (Hash, Option<SubjectPlace>) {
    let mut index = SubjectIndex::default();
    for (id, lsns) in subjects(count) {
        index.push(&id, &lsns, wanted == Some(id));
    }
    index.finish()
}

#[test]
fn every_subject_is_shown_to_have_these_records_and_no_others() {
    for count in 1..20 {
        for (id, lsns) in subjects(count) {
            let (hash, place) = index(count, Some(id));
            let place = place.unwrap();
            assert_eq!(index(count, None), (hash, None));
            let is_all = |lsns: &[Lsn]| verify(&id, lsns.iter().copied(), &place, &hash);
            assert!(is_all(&lsns));
            assert!(!is_all(&lsns[1..]) && !is_all(&lsns[..2]) && !is_all(&[lsns[0], lsns[2]]));
            assert!(!is_all(&[&lsns[..], &[Lsn(300)]].concat()));
            assert!(!verify(&[0; 16], lsns.iter().copied(), &place, &hash));
            let recounted = SubjectPlace { subjects: place.subjects + 1, ..place.clone() };
            assert!(!verify(&id, lsns.iter().copied(), &recounted, &hash));
            assert!(!verify(&id, lsns.iter().copied(), &place, &[0; 32]));
        }
    }
}

#[test]
fn an_index_without_subjects_has_a_hash_too() {
    assert_ne!(index(0, None).0, index(1, None).0);
}
