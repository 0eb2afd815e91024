//! What the second release added: a record of every kind, with every optional part once there and
//! once not.

use super::{
    ORDER, STORE, back, item, order, own, product_id, quote, record, refused, store, text,
};
use kirana_domain::catalogue::CodRules;
use kirana_domain::geo::{Area, Point};
use kirana_domain::order::{LinesChange, NewOrder, Preference, Proposal, Step};
use kirana_domain::payment::{
    ChargeFailure, ChargeStatus, Effect, FailedEffect, OwedRefund, RefundReason, RefundStatus,
    SeenCharge, SeenRefund,
};
use kirana_domain::time::MinuteOfDay;
use kirana_domain::{
    AddressId, Bps, CalendarDay, Coupon, CouponCode, CouponIssue, CouponKind, Endpoint, EndpointId,
    Event, Fee, GstRate, Lsn, OrderLine, Paise, PaymentMethod, PersonId, Quote, Record, Rejection,
    Status, Store, Sums, Weather, Zone, ZoneId, ZoneKind,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const PERSON: PersonId = PersonId(Uuid::from_u128(0xC1));
pub(crate) const RIDER: PersonId = PersonId(Uuid::from_u128(0xC2));
pub(crate) const ADDRESS: AddressId = AddressId(Uuid::from_u128(0xAD));
pub(crate) const ZONE: ZoneId = ZoneId(Uuid::from_u128(0x20));

fn code() -> CouponCode {
    CouponCode::parse("SAVE-50").unwrap()
}

pub(crate) fn full_store() -> Store {
    Store {
        cod: CodRules { risk_max: 71, ..CodRules::default() },
        bad_weather_fee: Paise(3_100),
        promise: [(10, 20), (31, 46)],
        gstin: Some(text("17ABCDE1234F1Z5")),
        state: Some(text("Meghalaya")),
        ..store()
    }
}

fn discounted_fee() -> Fee {
    Fee { amount: Paise(2_500), discount: Paise(500), gst: Bps(500) }
}

pub(crate) fn line(n: u128, discount: i64) -> OrderLine {
    OrderLine { discount: Paise(discount), ..OrderLine::new(Arc::new(item(n)), 2) }
}

pub(crate) fn full_order() -> NewOrder {
    NewOrder {
        lines: vec![line(1, 70), line(2, 30)],
        sums: Sums {
            delivery_fee: discounted_fee(),
            discount: Paise(600),
            ..order(PaymentMethod::Razorpay).sums
        },
        preference: Preference::Ask,
        from_cart: true,
        coupon: Some(code()),
        zone_id: Some(ZONE),
        promise: (15, 30),
        ..order(PaymentMethod::Razorpay)
    }
}

pub(crate) fn full_quote() -> Quote {
    let lines = vec![line(1, 99)];
    let sums = Sums { delivery_fee: discounted_fee(), ..quote().sums };
    Quote { lines, sums, coupon: Some(code()) }
}

fn of_orders() -> Vec<(&'static str, Event)> {
    let opened = Arc::new(full_store());
    let other = |preference| {
        Arc::new(NewOrder { preference, from_cart: false, coupon: None, ..full_order() })
    };
    let confirmed = |held_again| Event::OrderConfirmed {
        order_id: ORDER,
        store_id: STORE,
        lines: back(),
        held_again,
    };
    vec![
        ("store_opened_full", Event::StoreOpened { store: Arc::clone(&opened) }),
        ("store_changed_full", Event::StoreChanged { store: opened }),
        ("order_placed_full", Event::OrderPlaced { order: Arc::new(full_order()) }),
        ("order_placed_swap", Event::OrderPlaced { order: other(Preference::Swap) }),
        ("order_confirmed", confirmed(false)),
        ("order_confirmed_again", confirmed(true)),
        (
            "invoice_issued",
            Event::InvoiceIssued {
                order_id: ORDER,
                store_id: STORE,
                is_credit_note: false,
                year: 2025,
                number: 1 << 33,
                credits: Arc::default(),
            },
        ),
        (
            "invoice_issued_credit_note",
            Event::InvoiceIssued {
                order_id: ORDER,
                store_id: STORE,
                is_credit_note: true,
                year: 2024,
                number: 1,
                credits: Arc::default(),
            },
        ),
    ]
}

fn charge(status: ChargeStatus, error: Option<&str>) -> Event {
    let described =
        |error| ChargeFailure { description: Some(text(error)), ..ChargeFailure::default() };
    let (id, amount) = (text("pay_29QQoUBi66xm2f"), Paise(13_800));
    let charge = SeenCharge { id, amount, status, failure: error.map(described) };
    Event::ChargeSeen { order_id: ORDER, charge }
}

fn owed(reason: RefundReason, note: Option<&str>) -> Event {
    let refund = OwedRefund {
        number: 300,
        charge_id: text("pay_29QQoUBi66xm2f"),
        amount: Paise(13_800),
        reason,
        note: note.map(text),
    };
    Event::RefundOwed { order_id: ORDER, refund }
}

fn refund(number: Option<u16>, status: RefundStatus) -> Event {
    let refund = SeenRefund {
        id: text("rfnd_FP8QHiV938haTz"),
        charge_id: text("pay_29QQoUBi66xm2f"),
        number,
        amount: Paise(1_000),
        status,
    };
    Event::RefundSeen { order_id: ORDER, refund }
}

fn failed(effect: Effect, retry_at_ms: Option<i64>) -> Event {
    let trouble =
        FailedEffect { effect, tries: 3, retry_at_ms, error: text("the provider is away") };
    Event::EffectFailed { order_id: ORDER, trouble }
}

fn of_money() -> Vec<(&'static str, Event)> {
    let (order_id, reason) = (ORDER, Some(text("again, please")));
    let capture = Effect::Capture(text("pay_29QQoUBi66xm2f"));
    vec![
        ("payment_started", Event::PaymentStarted { order_id, until_ms: 1_735_690_200_123 }),
        (
            "payment_order_made",
            Event::PaymentOrderMade { order_id, provider_order_id: text("order_IluGWxBm9U8zJ8") },
        ),
        ("charge_seen_failed", charge(ChargeStatus::Failed, Some("the bank said no"))),
        ("charge_seen_authorized", charge(ChargeStatus::Authorized, None)),
        ("charge_seen_captured", charge(ChargeStatus::Captured, None)),
        ("refund_owed_cancelled", owed(RefundReason::Cancelled, None)),
        ("refund_owed_line_changed", owed(RefundReason::LineChanged, None)),
        ("refund_owed_paid_twice", owed(RefundReason::PaidTwice, None)),
        ("refund_owed_wrong_amount", owed(RefundReason::WrongAmount, None)),
        ("refund_owed_too_late", owed(RefundReason::TooLate, None)),
        ("refund_owed_support", owed(RefundReason::Support, Some("broken eggs"))),
        ("refund_owed_at_provider", owed(RefundReason::AtProvider, None)),
        ("refund_seen_accepted", refund(Some(300), RefundStatus::Accepted)),
        ("refund_seen_failed", refund(None, RefundStatus::Failed)),
        ("refund_seen_processed", refund(None, RefundStatus::Processed)),
        ("effect_failed_create", failed(Effect::CreateOrder, Some(1_735_689_700_123))),
        ("effect_failed_capture", failed(capture, None)),
        ("effect_failed_refund", failed(Effect::Refund(300), Some(0))),
        ("effects_retried", Event::EffectsRetried { order_id, reason }),
        ("effects_retried_without_reason", Event::EffectsRetried { order_id, reason: None }),
    ]
}

fn moved(step: Step) -> Event {
    let has_units = matches!(step, Step::PickedUp | Step::DeliveryFailed);
    Event::OrderMoved {
        order_id: ORDER,
        store_id: STORE,
        reason: has_units.then(|| text("rain")),
        lines: if has_units { back() } else { Vec::new() },
        step,
    }
}

fn of_the_way() -> Vec<(&'static str, Event)> {
    let cash = Paise(13_800);
    vec![
        ("order_moved_accepted", moved(Step::Accepted)),
        ("order_moved_packed", moved(Step::Packed)),
        ("order_moved_assigned", moved(Step::Assigned { rider_id: RIDER })),
        ("order_moved_assignment_accepted", moved(Step::AssignmentAccepted)),
        ("order_moved_assignment_declined", moved(Step::AssignmentDeclined)),
        ("order_moved_picked_up", moved(Step::PickedUp)),
        ("order_moved_out_for_delivery", moved(Step::OutForDelivery)),
        ("order_moved_delivered_cash", moved(Step::Delivered { rider_id: Some(RIDER), cash })),
        ("order_moved_delivered", moved(Step::Delivered { rider_id: None, cash: Paise::ZERO })),
        ("order_moved_delivery_failed", moved(Step::DeliveryFailed)),
    ]
}

pub(super) fn changed(change: LinesChange) -> Event {
    let reason = change.proposed.is_none().then(|| text("not on the shelf"));
    Event::LinesChanged { order_id: ORDER, store_id: STORE, change: Box::new(change), reason }
}

fn of_lines() -> Vec<(&'static str, Event)> {
    let proposal =
        Proposal { missing: product_id(1), missing_units: 2, item: Arc::new(item(3)), units: 1 };
    let lines: Arc<[OrderLine]> = vec![line(2, 30), line(3, 0)].into();
    vec![
        (
            "lines_changed_short",
            changed(LinesChange { lines: Some(lines), missing: back(), ..LinesChange::default() }),
        ),
        (
            "lines_changed_proposed",
            changed(LinesChange {
                taken: back(),
                proposed: Some(proposal),
                ..LinesChange::default()
            }),
        ),
        (
            "lines_changed_answered",
            changed(LinesChange {
                lines: Some(Vec::new().into()),
                back: back(),
                answered: Some(product_id(1)),
                ..LinesChange::default()
            }),
        ),
    ]
}

pub(crate) fn zone(kind: ZoneKind, weather: Weather) -> Event {
    let point = |lat: i32, lng: i32| Point::new(lat, lng).unwrap();
    let ring = vec![
        point(255_000_000, 902_000_000),
        point(255_000_000, 902_500_000),
        point(255_400_000, 902_500_000),
        point(255_000_000, 902_000_000),
    ];
    let area = Area::parse(vec![vec![ring]]).unwrap();
    let zone = Zone { id: ZONE, store_id: STORE, name: text("Tura Bazaar"), kind, area, weather };
    Event::ZoneDefined { zone: Arc::new(zone) }
}

fn of_places() -> Vec<(&'static str, Event)> {
    let (store_id, zone_id) = (STORE, ZONE);
    let rate =
        |hsn, from, rate| GstRate { hsn: text(hsn), from: CalendarDay(from), rate: Bps(rate) };
    let rates = vec![rate("0401", 20_353, 0), rate("21", -1, 1_800)];
    vec![
        ("zone_defined_delivery", zone(ZoneKind::Delivery, Weather::Bad)),
        ("zone_defined_town", zone(ZoneKind::Town, Weather::Normal)),
        ("zone_removed", Event::ZoneRemoved { store_id, zone_id }),
        ("weather_set", Event::WeatherSet { store_id, zone_id, weather: Weather::Extreme }),
        ("gst_rates_set", Event::GstRatesSet { rates }),
    ]
}

pub(crate) fn coupon(kind: CouponKind) -> Coupon {
    Coupon {
        store_id: STORE,
        code: code(),
        kind,
        minimum: Paise(19_900),
        first_order_only: true,
        per_customer_max: Some(2),
        uses_max: Some(1_000),
        budget: Some(Paise(1 << 40)),
        from_ms: Some(1_735_689_600_000),
        until_ms: Some(1_735_789_600_000),
        active: true,
    }
}

fn of_coupons() -> Vec<(&'static str, Event)> {
    let defined = |coupon| Event::CouponDefined { coupon: Arc::new(coupon) };
    let rate = Bps(2_000);
    let bare = Coupon {
        first_order_only: false,
        per_customer_max: None,
        uses_max: None,
        budget: None,
        from_ms: None,
        until_ms: None,
        active: false,
        ..coupon(CouponKind::Percent { rate, cap: None })
    };
    vec![
        (
            "coupon_defined_percent",
            defined(coupon(CouponKind::Percent { rate, cap: Some(Paise(5_000)) })),
        ),
        ("coupon_defined_amount", defined(coupon(CouponKind::Amount(Paise(5_000))))),
        ("coupon_defined_free_delivery", defined(coupon(CouponKind::FreeDelivery))),
        ("coupon_defined_bare", defined(bare)),
    ]
}

fn of_people() -> Vec<(&'static str, Event)> {
    let (customer_id, store_id, address_id) = (PERSON, STORE, ADDRESS);
    let lines = vec![(product_id(1), 99), (product_id(2), 0)];
    let handed = |note: Option<&str>| Event::CashHandedOver {
        rider_id: RIDER,
        store_id,
        expected: Paise(1_000),
        counted: Paise(900),
        note: note.map(text),
    };
    let webhook = |about| Event::WebhookReceived {
        event_id: text("evt_00000000000001"),
        name: text("payment.captured"),
        about,
        subject: PERSON,
        sealed: vec![0x5A; 40].into(),
    };
    vec![
        ("cart_changed", Event::CartChanged { customer_id, store_id, lines }),
        (
            "address_saved",
            Event::AddressSaved { customer_id, address_id, sealed: vec![0xA5; 60].into() },
        ),
        ("address_removed", Event::AddressRemoved { customer_id, address_id }),
        ("cash_handed_over", handed(Some("one note was torn"))),
        ("cash_handed_over_without_note", handed(None)),
        ("webhook_received", webhook(Some(ORDER))),
        ("webhook_received_of_nothing", webhook(None)),
    ]
}

/// Facts about endpoints, each with its parts once there and once not.
fn of_endpoints() -> Vec<(&'static str, Event)> {
    let (endpoint_id, lsn) = (EndpointId(Uuid::from_u128(0xE9)), Lsn(900));
    let endpoint = |is_whole: bool| Event::EndpointDefined {
        endpoint: Arc::new(Endpoint {
            id: endpoint_id,
            store_id: is_whole.then_some(STORE),
            url: text("https://erp.example/hooks"),
            events: if is_whole { vec![text("order.delivered")] } else { Vec::new() },
            active: is_whole,
            secret: Arc::from(&[0x5A; 40][..]),
            previous: is_whole.then(|| (Arc::from(&[0xA5; 40][..]), 1_735_776_000_000)),
        }),
    };
    let failed = |retry_at_ms| Event::HookFailed {
        endpoint_id,
        lsn,
        tries: 3,
        retry_at_ms,
        error: text("no answer within 15 s"),
    };
    vec![
        ("endpoint_defined", endpoint(true)),
        ("endpoint_defined_bare", endpoint(false)),
        ("endpoint_removed", Event::EndpointRemoved { endpoint_id }),
        ("endpoint_replayed", Event::EndpointReplayed { endpoint_id, from: lsn }),
        (
            "endpoint_disabled",
            Event::EndpointDisabled { endpoint_id, reason: text("it answered 410") },
        ),
        ("hook_progress", Event::HookProgress { endpoint_id, position: lsn }),
        ("hook_failed", failed(Some(1_735_689_600_123))),
        ("hook_failed_for_good", failed(None)),
        ("hook_delivered", Event::HookDelivered { endpoint_id, lsn }),
    ]
}

fn coupon_issues() -> Vec<(&'static str, Rejection)> {
    let (subtotal, minimum) = (Paise(100), Paise(200));
    let refused = |issue| Rejection::Coupon { issue };
    vec![
        ("refused_1012_unknown", refused(CouponIssue::Unknown)),
        ("refused_1012_inactive", refused(CouponIssue::Inactive)),
        ("refused_1012_not_yet", refused(CouponIssue::NotYet)),
        ("refused_1012_over", refused(CouponIssue::Over)),
        ("refused_1012_below_minimum", refused(CouponIssue::BelowMinimum { subtotal, minimum })),
        ("refused_1012_first_order_only", refused(CouponIssue::FirstOrderOnly)),
        ("refused_1012_customer_limit", refused(CouponIssue::CustomerLimit)),
        ("refused_1012_used_up", refused(CouponIssue::UsedUp)),
        ("refused_1012_budget_spent", refused(CouponIssue::BudgetSpent)),
    ]
}

fn rejections() -> Vec<(&'static str, Rejection)> {
    use Rejection as R;
    let (product_id, one, two) = (product_id(1), Paise(1 << 40), Paise(7));
    let minute = |minute| MinuteOfDay::new(minute).unwrap();
    let mut all = vec![
        ("refused_1008_full", R::PriceChanged { quote: Box::new(full_quote()) }),
        ("refused_1009", R::CartChanged { version: Lsn(1 << 40) }),
        ("refused_1010", R::TooManyAddresses),
        ("refused_1011", R::AddressUnknown),
        ("refused_3001_later", R::IllegalMove { from: Status::DeliveryFailed, wanted: "pack" }),
        ("refused_3004", R::NotYours),
        ("refused_3005", R::VersionMismatch { version: 1 << 40 }),
        ("refused_3006", R::LineUnknown { product_id }),
        ("refused_3007", R::AlreadyInOrder { product_id }),
        ("refused_3008", R::ProposalOpen),
        ("refused_3009", R::NoSubstitutes),
        ("refused_4002", R::NotPaidOnline),
        ("refused_4003", R::TooManyAttempts),
        ("refused_4004", R::RefundTooLarge { wanted: one, left: two }),
        ("refused_4005", R::CashMismatch { due: one, given: two }),
        ("refused_4006", R::CodTooMany { orders: u32::MAX }),
        ("refused_4007", R::CodRisk { score: 100 }),
        ("refused_5001", R::PointMissing),
        ("refused_5002", R::OutOfZone),
        ("refused_5003", R::StoreClosed { opens: minute(480), closes: minute(1_440) }),
        ("refused_5004", R::ServiceSuspended),
    ];
    all.extend(coupon_issues());
    all
}

/// A record of every kind of the second release. The names are those of the kept bytes.
pub(crate) fn second() -> Vec<(&'static str, Record)> {
    let events = [
        of_orders(),
        of_money(),
        of_the_way(),
        of_lines(),
        of_places(),
        of_coupons(),
        of_people(),
        of_endpoints(),
    ];
    let events = events.into_iter().flatten().map(|(name, event)| match event {
        // What the provider says comes from nobody and without a key.
        Event::ChargeSeen { .. } | Event::WebhookReceived { .. } => (name, own(event)),
        event => (name, record(event)),
    });
    let refusals = rejections().into_iter().map(|(name, rejection)| (name, refused(rejection)));
    events.chain(refusals).collect()
}
