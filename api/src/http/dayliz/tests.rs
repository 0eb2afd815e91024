use super::*;

#[test]
fn every_path_of_the_app_has_its_call() {
    for (method, path, asked) in [
        ("GET", "orders", Asked::Orders),
        ("GET", "orders/7", Asked::Order("7")),
        ("GET", "orders/7/track", Asked::Track("7")),
        ("POST", "orders", Asked::Place),
        ("POST", "orders/7/cancel", Asked::Cancel("7")),
        ("POST", "payments/create-order-with-payment", Asked::PlaceAndPay),
        ("POST", "payments/razorpay/create-order", Asked::Pay(None)),
        ("POST", "payments/retry/7", Asked::Pay(Some("7"))),
        ("POST", "payments/razorpay/verify", Asked::Verify),
        ("POST", "payments/cod/process", Asked::PayInCash),
        ("GET", "payments/status/7", Asked::PaymentStatus("7")),
        ("GET", "payments/methods", Asked::PaymentMethods),
        ("POST", "payments/webhook/razorpay", Asked::Webhook),
    ] {
        let method: Method = method.parse().unwrap();
        assert_eq!(Asked::parse(&method, path), Some(asked), "{path}");
        assert_eq!(Asked::parse(&Method::DELETE, path), None, "{path}");
    }
}

#[test]
fn rupees_are_read_to_the_paisa_without_a_float() {
    for (rupees, paise) in [
        ("275", Some(27_500)),
        ("275.5", Some(27_550)),
        ("275.05", Some(27_505)),
        ("275.10000000000002", Some(27_510)),
        ("274.99999999999994", Some(27_500)),
        ("0.07", Some(7)),
        ("-1", None),
        ("1e3", None),
        ("1.-5", None),
        ("\"5\"", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(placing::paise_of(rupees), paise, "{rupees}");
    }
}

#[test]
fn an_order_of_the_app_becomes_one_of_ours() {
    let store_id = StoreId(uuid::Uuid::from_u128(0x51));
    let sent = br#"{"items":[{"product_id":"p","quantity":2,"unit_price":10.0}],"tax":1.0,
        "payment_method":"upi","total":45.25,"shipping_address":{"address_line1":"12, Hawakhana",
        "postal_code":"794001","phone_number":"9876543210","latitude":25.5,"state":"Meghalaya"}}"#;
    let ours = placing::ours(sent, store_id).unwrap();
    assert_eq!(
        (&ours["expected_total_paise"], &ours["payment_method"]),
        (&json!(4_525), &json!("razorpay"))
    );
    assert_eq!(ours["items"], json!([{ "product_id": "p", "quantity": 2 }]));
    let address = json!({ "line1": "12, Hawakhana", "pincode": "794001", "phone": "9876543210", "lat": 25.5 });
    assert_eq!(ours["delivery_address"], address);
    assert!(placing::ours(br#"{"items":[],"payment_method":"cod","total":1}"#, store_id).is_err());
}

#[test]
fn an_order_of_ours_is_told_in_rupees_and_in_the_words_of_the_app() {
    let ours = json!({
        "id": "o", "customer_id": "c", "order_number": "TUR-000042", "status": "out_for_delivery",
        "payment_status": "cod_pending", "payment_method": "cod", "rider_accepted": true,
        "subtotal_paise": 5_705, "delivery_fee_paise": 2_500, "tax_paise": 7, "discount_paise": 0,
        "total_paise": 8_205,
        "items": [
            { "product_id": "p", "product_name": "Milk", "quantity": 1, "sku": "M", "unit_price_paise": 5_705, "total_paise": 5_705 },
            { "product_id": "q", "quantity": 0 },
        ],
    });
    let told = serde_json::to_string(&words::order(&ours)).unwrap();
    for part in [
        r#""subtotal":57.05"#,
        r#""tax":0.07"#,
        r#""shipping":25.00"#,
        r#""total":82.05"#,
        r#""status":"out_for_delivery""#,
        r#""payment_status":"pending""#,
        r#""agent_status":"in_transit""#,
        r#""unit_price":57.05"#,
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("_paise") && !told.contains(r#""q""#), "{told}");
}
