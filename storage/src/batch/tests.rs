use super::*;

#[test]
fn records_come_back_in_order_with_their_positions() {
    let mut batch = Batch::new(Lsn(5));
    assert_eq!(batch.try_push(b"milk"), Ok(Lsn(5)));
    assert_eq!(batch.try_push(b""), Ok(Lsn(6)));
    assert_eq!(batch.try_push_with(|payload| payload.extend_from_slice(b"bread")), Ok(Lsn(7)));

    let records: Vec<_> = batch.records().collect();
    assert_eq!(records, [(Lsn(5), &b"milk"[..]), (Lsn(6), b""), (Lsn(7), b"bread")]);
    assert_eq!((batch.count(), batch.first_lsn(), batch.last_lsn()), (3, Lsn(5), Lsn(7)));
    assert_eq!(batch.bytes_len(), 3 * 4 + 9);
}

#[test]
fn a_record_is_found_by_its_position() {
    let mut batch = Batch::new(Lsn(5));
    batch.try_push(b"milk").unwrap();
    batch.try_push(b"bread").unwrap();
    assert_eq!(batch.get(Lsn(4)), None);
    assert_eq!(batch.get(Lsn(5)), Some(&b"milk"[..]));
    assert_eq!(batch.get(Lsn(6)), Some(&b"bread"[..]));
    assert_eq!(batch.get(Lsn(7)), None);
}

#[test]
fn an_empty_batch_ends_before_it_starts() {
    let batch = Batch::new(Lsn(9));
    assert!(batch.is_empty());
    assert_eq!(batch.last_lsn(), Lsn(8));
    assert_eq!(batch.records().count(), 0);
}

#[test]
fn a_full_batch_refuses_and_stays_as_it_was() {
    let mut batch = Batch::new(Lsn::FIRST);
    batch.try_push(&vec![1; RECORD_BYTES_MAX]).unwrap();
    let before = batch.clone();
    let large = vec![2; 30 * 1_024];
    assert_eq!(batch.try_push(&large), Err(PushError::BatchFull));
    let pushed = batch.try_push_with(|payload| payload.extend_from_slice(&large));
    assert_eq!(pushed, Err(PushError::BatchFull));
    assert_eq!(batch, before);
    assert_eq!(batch.try_push(b"small"), Ok(Lsn(2)));
}

#[test]
fn a_batch_takes_exactly_its_bound() {
    let mut batch = Batch::new(Lsn::FIRST);
    let rest = BATCH_BYTES_MAX - RECORD_BYTES_MAX - 2 * RECORD_PREFIX_BYTES;
    batch.try_push(&vec![1; RECORD_BYTES_MAX]).unwrap();
    assert_eq!(batch.try_push(&vec![2; rest + 1]), Err(PushError::BatchFull));
    batch.try_push(&vec![2; rest]).unwrap();
    assert_eq!(batch.bytes_len(), BATCH_BYTES_MAX);
    assert_eq!(batch.try_push(b""), Err(PushError::BatchFull));
}

#[test]
fn a_record_over_the_bound_fits_in_no_batch() {
    let mut batch = Batch::new(Lsn::FIRST);
    let refused = Err(PushError::TooLarge { actual: RECORD_BYTES_MAX + 1, max: RECORD_BYTES_MAX });
    assert_eq!(batch.try_push(&vec![0; RECORD_BYTES_MAX + 1]), refused);
    assert!(batch.is_empty() && batch.bytes_len() == 0);
}

#[test]
fn lengths_that_do_not_add_up_are_no_payload() {
    assert_eq!(records_count(&[]), Some(0));
    assert_eq!(records_count(&[1, 0, 0, 0, 7]), Some(1));
    assert_eq!(records_count(&[1, 0, 0, 0]), None);
    assert_eq!(records_count(&[1, 0, 0]), None);
    assert_eq!(records_count(&[2, 0, 0, 0, 7]), None);
    assert_eq!(records_count(&[255, 255, 255, 255]), None);
}
