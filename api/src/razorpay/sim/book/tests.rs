use super::*;

/// An order of 112 rupees, paid and captured unless told otherwise.
fn book() -> (Book, String) {
    let mut book = Book::new(1);
    let body = json!({ "amount": 11_200, "currency": "INR", "receipt": "O1" });
    let (order, _) = book.create_order(&body, 1).unwrap();
    let id = order["id"].as_str().unwrap().to_owned();
    (book, id)
}

fn pay(book: &mut Book, order_id: &str, changes: &Value) -> Result<(String, Vec<String>), Refusal> {
    let mut ask = json!({ "order_id": order_id });
    for (name, value) in changes.as_object().unwrap() {
        ask[name] = value.clone();
    }
    let ask: PayAsk = serde_json::from_value(ask).unwrap();
    let (id, events) = book.pay(&ask, 2)?;
    Ok((id, names(&events)))
}

fn names(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.name.clone()).collect()
}

fn captured() -> (Book, String) {
    let (mut book, order) = book();
    let (id, _) = pay(&mut book, &order, &json!({})).unwrap();
    book.capture(&id, &json!({ "amount": 11_200, "currency": "INR" }), 3).unwrap();
    (book, id)
}

fn request(payment_id: &str, key: Option<&str>, body: Value) -> RefundRequest {
    RefundRequest { payment_id: payment_id.to_owned(), key: key.map(str::to_owned), body }
}

fn refund(book: &mut Book, request: &RefundRequest) -> Done {
    book.begin_refund(request)?;
    book.finish_refund(request, 4)
}

#[test]
fn a_receipt_leads_to_one_order_or_to_a_refusal() {
    let (mut book, id) = book();
    let again = json!({ "amount": 11_200, "currency": "INR", "receipt": "O1" });
    assert_eq!(
        book.create_order(&again, 2).unwrap_err().description,
        "Order receipt should be unique"
    );
    let mut safe = again.clone();
    safe["unique_receipt"] = json!(true);
    assert_eq!(book.create_order(&safe, 2).unwrap().0["id"], *id);
    safe["amount"] = json!(11_300);
    assert!(book.create_order(&safe, 2).is_err(), "another amount is another order");
    assert_eq!(book.orders.len(), 1);
}

#[test]
fn an_order_that_is_not_right_is_refused_by_field() {
    let manual = |options: Value| json!({ "capture": "manual", "capture_options": options });
    let automatic = |options: Value| json!({ "capture": "automatic", "capture_options": options });
    for (field, name, value) in [
        ("amount", "amount", json!(null)),
        ("amount", "amount", json!(99)),
        ("amount", "amount", json!(100.5)),
        ("amount", "amount", json!("100")),
        ("currency", "currency", json!("rupee")),
        ("receipt", "receipt", json!("r".repeat(41))),
        ("receipt", "receipt", json!(1)),
        ("notes", "notes", json!({ "a": "x".repeat(257) })),
        ("notes", "notes", json!("text")),
        ("payment", "payment", manual(json!({ "manual_expiry_period": 7_201 }))),
        ("payment", "payment", manual(json!({ "manual_expiry_period": 20 }))),
        ("payment", "payment", automatic(json!({ "refund_speed": "normal" }))),
        ("payment", "payment", json!({ "capture": "sometimes" })),
    ] {
        let mut body = json!({ "amount": 100, "currency": "INR" });
        body[name] = value;
        let refusal = Book::new(1).create_order(&body, 1).unwrap_err();
        assert_eq!(refusal.field, Some(field), "{body}");
        assert_eq!(refusal.body()["error"]["code"], "BAD_REQUEST_ERROR");
        assert_eq!(refusal.body()["error"]["field"], field);
    }
}

#[test]
fn a_capture_is_of_all_of_an_authorised_payment_and_happens_once() {
    let (mut book, order) = book();
    let (id, events) = pay(&mut book, &order, &json!({})).unwrap();
    assert_eq!(events, ["payment.authorized"]);
    let all = json!({ "amount": 11_200, "currency": "INR" });
    for body in [
        json!({}),
        json!({ "amount": 11_199, "currency": "INR" }),
        json!({ "amount": 11_200, "currency": "USD" }),
    ] {
        assert!(book.capture(&id, &body, 3).is_err(), "{body}");
    }
    let (payment, events) = book.capture(&id, &all, 3).unwrap();
    assert_eq!((&payment["status"], &payment["captured"]), (&json!("captured"), &json!(true)));
    assert_eq!(names(&events), ["payment.captured", "order.paid"]);
    let refusal = book.capture(&id, &all, 3).unwrap_err();
    assert_eq!(refusal.description, "This payment has already been captured");
    let (order, _) = Book::find(&book.orders, &order).unwrap();
    assert_eq!((&order["status"], &order["amount_due"]), (&json!("paid"), &json!(0)));
}

#[test]
fn an_order_that_captures_by_itself_does() {
    let mut book = Book::new(1);
    let options = json!({ "automatic_expiry_period": 12, "refund_speed": "normal" });
    let payment = json!({ "capture": "automatic", "capture_options": options });
    let body = json!({ "amount": 100, "currency": "INR", "payment": payment });
    let (order, _) = book.create_order(&body, 1).unwrap();
    let (_, events) = pay(&mut book, order["id"].as_str().unwrap(), &json!({})).unwrap();
    assert_eq!(events, ["payment.authorized", "payment.captured", "order.paid"]);
}

#[test]
fn a_paid_order_takes_no_second_payment_unless_told_to() {
    let (mut book, id) = captured();
    let order = book.payments[&id].order_id.clone();
    assert!(pay(&mut book, &order, &json!({})).is_err());
    let (second, _) = pay(&mut book, &order, &json!({ "again": true })).unwrap();
    let events = book.capture_unasked(&second, 3);
    assert_eq!(names(&events), ["payment.captured"], "the order was paid before");
    assert_eq!(book.orders[&order].amount_paid, 11_200);
}

#[test]
fn too_little_or_other_money_does_not_pay_an_order() {
    for changes in [json!({ "amount": 11_100 }), json!({ "currency": "USD" })] {
        let (mut book, order) = book();
        let (id, _) = pay(&mut book, &order, &changes).unwrap();
        let events = book.capture_unasked(&id, 3);
        assert_eq!(names(&events), ["payment.captured"], "{changes}");
        assert_eq!(Book::find(&book.orders, &order).unwrap().0["status"], "attempted");
    }
}

#[test]
fn a_failed_payment_can_be_authorised_late_once() {
    let (mut book, order) = book();
    let (failed, events) = pay(&mut book, &order, &json!({ "outcome": "failure" })).unwrap();
    assert_eq!(events, ["payment.failed"]);
    assert!(book.authorize_late(&failed, 9).is_empty(), "the bank has not changed its mind");
    let (late, events) = pay(&mut book, &order, &json!({ "outcome": "late_authorized" })).unwrap();
    assert_eq!(events, ["payment.failed"]);
    assert_eq!(Book::find(&book.payments, &late).unwrap().0["status"], "failed");
    assert!(book.capture(&late, &json!({ "amount": 11_200 }), 3).is_err());
    assert_eq!(names(&book.authorize_late(&late, 9)), ["payment.authorized"]);
    assert!(book.authorize_late(&late, 9).is_empty());
    assert!(book.capture(&late, &json!({ "amount": 11_200 }), 10).is_ok());
}

#[test]
fn refunds_never_exceed_what_was_captured() {
    let (mut book, id) = captured();
    let part = |paise: i64| request(&id, None, json!({ "amount": paise }));
    assert!(refund(&mut book, &part(99)).is_err());
    assert!(refund(&mut book, &part(11_201)).is_err());
    assert_eq!(refund(&mut book, &part(6_000)).unwrap().0["amount"], 6_000);
    assert!(refund(&mut book, &part(6_000)).is_err(), "two refunds of 60 on 112");
    let (rest, _) = refund(&mut book, &request(&id, None, json!({}))).unwrap();
    assert_eq!(rest["amount"], 5_200, "all that is left");
    let refusal = refund(&mut book, &part(100)).unwrap_err();
    assert_eq!(refusal.description, "The payment has been fully refunded already");
    let (payment, _) = Book::find(&book.payments, &id).unwrap();
    assert_eq!(payment["status"], "refunded");
    let order = &book.orders[payment["order_id"].as_str().unwrap()];
    assert_eq!(order.json()["status"], "paid", "an order stays paid");
}

#[test]
fn a_refund_key_is_worked_on_once_and_belongs_to_one_request() {
    let (mut book, id) = captured();
    let first = request(&id, Some("refund-0001"), json!({ "amount": 500 }));
    book.begin_refund(&first).unwrap();
    assert_eq!(book.begin_refund(&first).unwrap_err().status, 409, "in flight");
    let (made, events) = book.finish_refund(&first, 4).unwrap();
    assert_eq!(names(&events), ["refund.created"]);
    let (again, events) = refund(&mut book, &first).unwrap();
    assert_eq!((again["id"].as_str(), events.len()), (made["id"].as_str(), 0));
    let other = request(&id, Some("refund-0001"), json!({ "amount": 600 }));
    let refusal = refund(&mut book, &other).unwrap_err();
    assert!(refusal.description.starts_with("Different request"), "{refusal:?}");
    assert!(refund(&mut book, &first).is_ok(), "a refused twin leaves the key free");
    for key in ["short", "with space 1", ""] {
        assert!(book.begin_refund(&request(&id, Some(key), json!({}))).is_err(), "{key}");
    }
    assert_eq!(book.refunds.len(), 1);
    assert_eq!(book.payments[&id].refunded, 500);
}

#[test]
fn a_refund_that_fails_is_the_merchants_money_again() {
    let (mut book, id) = captured();
    let all = request(&id, None, json!({}));
    let (first, _) = refund(&mut book, &all).unwrap();
    let first = first["id"].as_str().unwrap();
    assert_eq!(names(&book.settle_refund(first, true, 5)), ["refund.failed"]);
    assert!(book.settle_refund(first, false, 6).is_empty(), "it is decided");
    assert_eq!(book.payments[&id].refunded, 0);
    let (second, _) = refund(&mut book, &all).unwrap();
    let second = second["id"].as_str().unwrap();
    assert_eq!(names(&book.settle_refund(second, false, 6)), ["refund.processed"]);
    assert_eq!(book.payment_refunds(&id).unwrap().0["count"], 2);
}

#[test]
fn a_refund_wants_a_captured_payment() {
    let (mut book, order) = book();
    let (id, _) = pay(&mut book, &order, &json!({})).unwrap();
    assert!(refund(&mut book, &request(&id, None, json!({}))).is_err());
    assert!(refund(&mut book, &request("pay_none", None, json!({}))).is_err());
}

#[test]
fn a_list_of_orders_is_paged_and_found_by_receipt() {
    let mut book = Book::new(1);
    for n in 0..12 {
        let body = json!({ "amount": 100, "currency": "INR", "receipt": format!("R{n}") });
        book.create_order(&body, 1).unwrap();
    }
    let count = |query: &str| book.list_orders(query).unwrap().0["count"].clone();
    assert_eq!((count(""), count("count=5"), count("skip=10")), (json!(10), json!(5), json!(2)));
    assert_eq!((count("receipt=R7"), count("receipt=none")), (json!(1), json!(0)));
    assert!(book.list_orders("count=many").is_err());
}

#[test]
fn ids_follow_from_the_seed_and_do_not_repeat() {
    let ids = |seed| {
        let mut ids = Ids::new(seed);
        (0..10_000).map(|_| ids.next("pay_")).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(1).len(), 10_000);
    assert_eq!(ids(1), ids(1));
    assert!(ids(1).iter().all(|id| id.len() == 18 && crate::razorpay::entity::is_id(id)));
}

/// Returns the names of an object, with those of the objects in it.
fn fields(value: &Value, place: &str, all: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        // What banks add and what shops note is their own.
        if !place.ends_with("/acquirer_data") && !place.ends_with("/notes") {
            fields(value, &place, all);
        }
        all.insert(place);
    }
}

#[test]
fn our_webhooks_have_every_field_of_the_published_ones() {
    let Some(folder) = crate::razorpay::webhook::tests::published() else { return };
    let (mut book, order) = book();
    let mut events = Vec::new();
    let mut attempt = |book: &mut Book, changes: Value| {
        let ask = json!({ "order_id": order, "outcome": changes });
        let (id, made) = book.pay(&serde_json::from_value(ask).unwrap(), 2).unwrap();
        events.extend(made);
        id
    };
    attempt(&mut book, json!("failure"));
    let id = attempt(&mut book, json!("success"));
    events.extend(book.capture(&id, &json!({ "amount": 11_200 }), 3).unwrap().1);
    let (made, created) = refund(&mut book, &request(&id, None, json!({ "amount": 500 }))).unwrap();
    events.extend(created);
    events.extend(book.settle_refund(made["id"].as_str().unwrap(), false, 5));
    for (name, file) in [
        ("payment.failed", "payments-12-payment.failed-upi.json"),
        ("payment.authorized", "payments-04-payment.authorized-upi.json"),
        ("payment.captured", "payments-08-payment.captured-upi.json"),
        ("order.paid", "orders-04-order.paid-upi.json"),
        ("refund.created", "refunds-01-refund.created-normal-refunds.json"),
        ("refund.processed", "refunds-02-refund.processed-normal-refunds.json"),
    ] {
        let path = folder.join("docs_payloads").join(file);
        let published: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let ours = events.iter().find(|event| event.name == name).unwrap();
        let ours: Value = serde_json::from_str(&ours.body).unwrap();
        assert_eq!(ours["contains"], published["contains"], "{name}");
        let (mut theirs, mut own) = (BTreeSet::new(), BTreeSet::new());
        fields(&published, "", &mut theirs);
        fields(&ours, "", &mut own);
        let missing: Vec<_> = theirs.difference(&own).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}
