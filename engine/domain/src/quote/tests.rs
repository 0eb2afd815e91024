use super::*;
use crate::catalogue::CodRules;
use crate::samples::{AT_MS, STORE, opened, product, product_id, store};
use crate::{BasketLine, Bps, CouponKind, Customer, Event, Product};
use proptest::prelude::*;
use std::sync::Arc;

fn catalogue(products: &[(i64, u16)]) -> Catalogue {
    let mut catalogue = Catalogue::default();
    catalogue.evolve(&opened());
    for (n, (price, gst)) in (0..).zip(products) {
        let product = Arc::new(product(n, Paise(*price), Bps(*gst)));
        catalogue.evolve(&Event::ProductDefined { product, opening_units: 0 });
    }
    catalogue
}

fn basket(units: &[u32]) -> Basket {
    let line =
        |(n, quantity): (u64, &u32)| BasketLine { product_id: product_id(n), quantity: *quantity };
    Basket::parse((0..).zip(units).map(line).collect()).unwrap()
}

fn price(basket: &Basket, store: &Store, catalogue: &Catalogue) -> Result<Quote, Rejection> {
    let weather = Weather::Normal;
    Quote::price(basket, &Pricing { store, catalogue, coupon: None, weather, at_ms: AT_MS })
}

/// A customer who is trusted with cash.
fn regular() -> Buyer {
    let customer = Customer { placed: 50, delivered: 50, first_at_ms: 1, ..Customer::default() };
    Buyer { customer, in_flight: 0, at_ms: AT_MS + 7 * 60 * 60_000 }
}

fn quote_of(subtotal: i64) -> Quote {
    price(&basket(&[1]), &store(), &catalogue(&[(subtotal, 500)])).unwrap()
}

#[test]
fn the_delivery_fee_falls_at_200_and_ends_at_499() {
    let cases = [(1, 2_500), (19_999, 2_500), (20_000, 2_000), (49_899, 2_000), (49_900, 0)];
    for (subtotal, fee) in cases {
        let quote = quote_of(subtotal);
        assert_eq!(
            (quote.sums.delivery_fee.amount, quote.sums.total),
            (Paise(fee), Paise(subtotal + fee))
        );
    }
    assert_eq!(quote_of(1_000_000).sums.delivery_fee.amount, Paise::ZERO);
}

#[test]
fn a_store_without_steps_delivers_free() {
    let free = Store { fee_steps: Vec::new(), ..store() };
    assert_eq!(free.delivery_fee(Paise(1), Weather::Normal), Paise::ZERO);
}

#[test]
fn a_quote_is_checked_against_the_amounts_of_the_store_and_the_total_that_was_shown() {
    use PaymentMethod::{Cod, Razorpay};
    // Subtotal; by how much the shown total is off; method; code.
    let cases = [
        (9_899, 0, Cod, 1006),
        (9_900, 0, Cod, 0),
        (9_900, 1, Cod, 1008),
        (9_900, -1, Razorpay, 1008),
        (800_000, 0, Cod, 0),
        (800_001, 0, Cod, 4001),
        (800_001, 0, Razorpay, 0),
        (20_000_000, 0, Razorpay, 0),
        (20_000_001, 0, Razorpay, 1007),
        (20_000_001, 5, Cod, 1007),
    ];
    for (subtotal, off, method, code) in cases {
        let quote = quote_of(subtotal);
        let shown = quote.sums.total + Paise(off);
        let checked = quote.check(&store(), shown, Some(method), &regular());
        let got = checked.as_ref().map_or_else(Rejection::code, |()| 0);
        assert_eq!(got, code, "{subtotal} {off} {method:?}");
        if let Err(Rejection::PriceChanged { quote: told }) = checked {
            assert_eq!(*told, quote, "the new quote is told");
        }
    }
}

#[test]
fn an_online_order_of_less_than_a_rupee_is_refused_and_one_of_nothing_is_not() {
    use PaymentMethod::{Cod, Razorpay};
    let free = Store { fee_steps: Vec::new(), order_minimum: Paise::ZERO, ..store() };
    for (price, method, code) in [
        (0, Some(Razorpay), 0),
        (1, Some(Razorpay), 4009),
        (99, Some(Razorpay), 4009),
        (100, Some(Razorpay), 0),
        (50, Some(Cod), 0),
        (50, None, 0),
    ] {
        let mut quote = quote_of(100_000);
        quote.sums = Sums { total: Paise(price), ..quote.sums };
        let checked = quote.check(&free, Paise(price), method, &regular());
        assert_eq!(checked.map_or_else(|no| no.code(), |()| 0), code, "{price} {method:?}");
    }
}

#[test]
fn a_line_that_cannot_be_ordered_refuses_the_basket() {
    let mut catalogue = catalogue(&[(10_000, 500)]);
    let unknown = price(&basket(&[1, 1]), &store(), &catalogue);
    assert_eq!(unknown, Err(Rejection::UnknownProduct { product_id: product_id(1) }));
    let few = Product { max_per_order: 3, ..product(0, Paise(10_000), Bps(500)) };
    catalogue.evolve(&Event::ProductDefined { product: Arc::new(few), opening_units: 0 });
    assert!(price(&basket(&[3]), &store(), &catalogue).is_ok());
    let over = price(&basket(&[4]), &store(), &catalogue);
    assert_eq!(over, Err(Rejection::OverMaxPerOrder { product_id: product_id(0), max: 3 }));
    assert!(catalogue.store(STORE).is_some());
}

/// The tax of an invoice of the quote, CGST and SGST added.
fn tax_of(quote: &Quote) -> Paise {
    invoice_of(quote, |invoice| {
        assert_eq!(invoice.amounts.cgst, invoice.amounts.sgst, "the halves are equal");
        assert_eq!(invoice.amounts.total, quote.sums.total);
        invoice.amounts.tax()
    })
}

fn kind_of(quote: &Quote) -> crate::InvoiceKind {
    let mut kind = None;
    invoice_of(quote, |invoice| kind = Some(invoice.kind()));
    kind.expect("every quote has an invoice")
}

fn invoice_of<T>(quote: &Quote, read: impl FnOnce(&crate::Invoice<'_>) -> T) -> T {
    let source = |line: &OrderLine| crate::InvoiceSource {
        name: "x",
        hsn: None,
        unit: None,
        quantity: line.quantity,
        unit_price: line.item.price,
        gross: line.gross(),
        discount: line.discount,
        rate: line.item.gst,
    };
    let lines: Vec<_> = quote.lines.iter().map(source).collect();
    let (fees, tax_rule) = (quote.sums.fees(), quote.sums.tax_rule);
    read(&crate::Invoice::of(&crate::InvoiceInput { lines: &lines, fees: &fees, tax_rule }))
}

proptest! {
    #[test]
    fn the_amounts_of_a_quote_add_up_and_are_those_of_the_order(
        lines in prop::collection::vec((1..200_000_i64, 0..=2_800_u16, 1..=99_u32), 1..20),
    ) {
        let products: Vec<_> = lines.iter().map(|(price, gst, _)| (*price, *gst)).collect();
        let units: Vec<_> = lines.iter().map(|(_, _, units)| *units).collect();
        let quote = price(&basket(&units), &store(), &catalogue(&products)).unwrap();
        let subtotal: i64 = lines.iter().map(|(price, _, units)| price * i64::from(*units)).sum();
        prop_assert_eq!(quote.sums.subtotal, Paise(subtotal));
        prop_assert_eq!(quote.sums.total, quote.sums.subtotal + quote.sums.delivery_fee.amount - quote.sums.discount);
        prop_assert_eq!(quote.sums.tax, tax_of(&quote));
        prop_assert!(quote.sums.tax <= quote.sums.total);

        let placement = crate::samples::placement(1, PaymentMethod::Cod);
        let Event::OrderPlaced { order } = crate::order::place(placement, quote.clone(), &store(), 0)
        else { panic!("an order is placed") };
        let of_order = (order.sums.subtotal, order.sums.delivery_fee.amount, order.sums.discount, order.sums.tax, order.sums.total);
        let of_quote = (quote.sums.subtotal, quote.sums.delivery_fee.amount, quote.sums.discount, quote.sums.tax, quote.sums.total);
        prop_assert_eq!(of_order, of_quote);
        let same = order.lines.iter().zip(&quote.lines)
            .all(|(ours, theirs)| ours.item == theirs.item && ours.quantity == theirs.quantity);
        prop_assert!(same);
    }
}

fn coupon(kind: CouponKind) -> Coupon {
    Coupon {
        store_id: STORE,
        code: CouponCode::parse("SAVE").unwrap(),
        kind,
        minimum: Paise::ZERO,
        first_order_only: false,
        per_customer_max: None,
        uses_max: None,
        budget: None,
        from_ms: None,
        until_ms: None,
        active: true,
    }
}

#[test]
fn bad_weather_has_a_fee_of_its_own_that_is_never_free() {
    let catalogue = catalogue(&[(100_000, 500)]);
    for (weather, fee) in [(Weather::Normal, 0), (Weather::Bad, 3_000), (Weather::Extreme, 3_000)] {
        let (store, coupon, at_ms) = (&store(), None, AT_MS);
        let pricing = Pricing { store, catalogue: &catalogue, coupon, weather, at_ms };
        let quote = Quote::price(&basket(&[1]), &pricing).unwrap();
        assert_eq!(
            (quote.sums.delivery_fee.amount, quote.sums.total),
            (Paise(fee), Paise(100_000 + fee))
        );
    }
}

#[test]
fn the_rate_of_the_table_on_the_day_is_inside_the_price() {
    let mut catalogue = catalogue(&[(10_500, 1_800)]);
    let day = CalendarDay::of(AT_MS);
    let rate = |from, rate| crate::GstRate {
        hsn: crate::samples::text("0401"),
        from: CalendarDay(from),
        rate: Bps(rate),
    };
    catalogue.evolve(&Event::GstRatesSet { rates: vec![rate(day.0, 500), rate(day.0 + 1, 0)] });
    for (days, gst, tax) in [(-1, 1_800, 1_602), (0, 500, 500), (1, 0, 0)] {
        let at_ms = AT_MS + days * 24 * 60 * 60_000;
        let (store, weather) = (&store(), Weather::Normal);
        let pricing = Pricing { store, catalogue: &catalogue, coupon: None, weather, at_ms };
        let quote = Quote::price(&basket(&[1]), &pricing).unwrap();
        assert_eq!(
            (quote.lines[0].item.gst, quote.lines[0].tax(quote.sums.tax_rule)),
            (Bps(gst), Paise(tax))
        );
        assert_eq!(quote.sums.total, Paise(10_500 + 2_500), "the price stays, the tax is inside");
    }
}

#[test]
fn a_seller_without_a_gst_number_charges_no_gst_and_issues_a_bill_of_supply() {
    let mut catalogue = catalogue(&[(10_500, 1_800)]);
    let rate =
        crate::GstRate { hsn: crate::samples::text("0401"), from: CalendarDay(0), rate: Bps(500) };
    for rates in [Vec::new(), vec![rate]] {
        catalogue.evolve(&Event::GstRatesSet { rates });
        let kind = |gstin| {
            let quote = price(&basket(&[1]), &Store { gstin, ..store() }, &catalogue).unwrap();
            assert_eq!(quote.sums.total, Paise(10_500 + 2_500), "the price is what it is");
            (kind_of(&quote), quote.sums.tax > Paise::ZERO)
        };
        assert_eq!(kind(None), (crate::InvoiceKind::BillOfSupply, false));
        assert_eq!(kind(store().gstin), (crate::InvoiceKind::TaxInvoice, true));
    }
}

#[test]
fn cash_is_bounded_by_what_the_customer_bought_so_far() {
    let times = |delivered: u32| {
        let mut buyer = regular();
        (buyer.customer.placed, buyer.customer.delivered) = (delivered, delivered);
        buyer
    };
    let busy = |count: usize| {
        let mut buyer = regular();
        buyer.customer.recent_ms[..count].fill(buyer.at_ms - 10 * 60_000);
        buyer
    };
    let cases = [
        (150_000, times(0), 0),
        (150_001, times(0), 4001),
        (200_000, times(2), 0),
        (200_001, times(2), 4001),
        (500_000, times(3), 0),
        (500_001, times(3), 4001),
        (800_000, times(20), 0),
        (800_001, times(20), 4001),
        (50_000, busy(4), 0),
        (50_000, busy(5), 4006),
        (50_000, Buyer { in_flight: 1, ..busy(4) }, 4006),
        // A new customer, at night, a minute after the last attempt.
        (111_111, Buyer { at_ms: AT_MS, ..Buyer::default() }, 4007),
    ];
    for (subtotal, buyer, code) in cases {
        let quote = quote_of(subtotal);
        let checked = quote.check(&store(), quote.sums.total, Some(PaymentMethod::Cod), &buyer);
        assert_eq!(checked.map_or_else(|no| no.code(), |()| 0), code, "{subtotal} {buyer:?}");
    }
}

proptest! {
    #[test]
    fn a_coupon_s_discount_is_shared_out_to_the_paisa(
        lines in prop::collection::vec((1..200_000_i64, 0..=2_800_u16, 1..=99_u32), 1..20),
        kind in prop_oneof![
            (1..=10_000_u16, prop::option::of(1..50_000_i64)).prop_map(|(rate, cap)| {
                CouponKind::Percent { rate: Bps(rate), cap: cap.map(Paise) }
            }),
            (1..1_000_000_i64).prop_map(|amount| CouponKind::Amount(Paise(amount))),
            Just(CouponKind::FreeDelivery),
        ],
        is_bad in any::<bool>(),
    ) {
        let products: Vec<_> = lines.iter().map(|(price, gst, _)| (*price, *gst)).collect();
        let units: Vec<_> = lines.iter().map(|(_, _, units)| *units).collect();
        let (coupon, catalogue) = (coupon(kind), catalogue(&products));
        let weather = if is_bad { Weather::Bad } else { Weather::Normal };
        let pricing = Pricing {
            store: &store(), catalogue: &catalogue, coupon: Some(&coupon), weather, at_ms: AT_MS,
        };
        let quote = Quote::price(&basket(&units), &pricing).unwrap();
        let (off_items, off_fee) = coupon.discount(quote.sums.subtotal, quote.sums.delivery_fee.amount);
        let shares: Paise = quote.lines.iter().map(|line| line.discount).sum();
        prop_assert_eq!((shares, quote.sums.delivery_fee.discount), (off_items, off_fee));
        prop_assert_eq!(quote.sums.discount, off_items + off_fee);
        prop_assert_eq!(quote.sums.total, quote.sums.subtotal + quote.sums.delivery_fee.amount - quote.sums.discount);
        prop_assert!(quote.lines.iter().all(|line| line.net() >= Paise::ZERO));
        prop_assert_eq!(quote.sums.tax, tax_of(&quote));
        prop_assert!(quote.sums.tax <= quote.sums.total && quote.sums.total >= Paise::ZERO);
        prop_assert_eq!(quote.coupon.as_ref(), Some(&coupon.code));
    }
}

#[test]
fn a_sum_is_offered_the_ways_in_which_an_order_of_it_could_be_paid() {
    let noon = AT_MS + (12 * 60 - 330) * 60_000;
    let buyer = Buyer { at_ms: noon, ..Buyer::default() };
    let store = Store { cod: CodRules { risk_max: 50, ..CodRules::default() }, ..store() };
    let offer = |method, rupees: i64, buyer: &Buyer| {
        MethodOffer::of(method, &store, Paise::rupees(rupees), buyer)
    };
    let code = |offer: &MethodOffer| offer.refused.as_ref().map(Rejection::code);
    let first = offer(PaymentMethod::Cod, 1_500, &buyer);
    assert_eq!((first.maximum, code(&first)), (Paise::rupees(1_500), None));
    assert_eq!(code(&offer(PaymentMethod::Cod, 1_501, &buyer)), Some(4001));
    assert_eq!(code(&offer(PaymentMethod::Razorpay, 1_501, &buyer)), None);
    let small = MethodOffer::of(PaymentMethod::Razorpay, &store, Paise(50), &buyer);
    assert_eq!(code(&small), Some(4009), "as an order of it is refused");
    for method in [PaymentMethod::Cod, PaymentMethod::Razorpay] {
        assert_eq!(code(&offer(method, 200_001, &buyer)), Some(1007));
    }
    let hasty = Buyer { in_flight: 5, ..buyer };
    assert_eq!(code(&offer(PaymentMethod::Cod, 100, &hasty)), Some(4006));
    let night = Buyer { at_ms: noon - 11 * 60 * 60_000, ..buyer };
    assert_eq!(code(&offer(PaymentMethod::Cod, 100, &night)), Some(4007));
}
