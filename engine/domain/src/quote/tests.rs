use super::*;
use crate::samples::{STORE, opened, product, product_id, store};
use crate::{BasketLine, Bps, Event, Product};
use proptest::prelude::*;

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

fn quote_of(subtotal: i64) -> Quote {
    Quote::price(&basket(&[1]), &store(), &catalogue(&[(subtotal, 500)])).unwrap()
}

#[test]
fn the_delivery_fee_falls_at_200_and_ends_at_499() {
    let cases = [(1, 2_500), (19_999, 2_500), (20_000, 2_000), (49_899, 2_000), (49_900, 0)];
    for (subtotal, fee) in cases {
        let quote = quote_of(subtotal);
        assert_eq!((quote.delivery_fee, quote.total), (Paise(fee), Paise(subtotal + fee)));
    }
    assert_eq!(quote_of(1_000_000).delivery_fee, Paise::ZERO);
}

#[test]
fn a_store_without_steps_delivers_free() {
    let free = Store { fee_steps: Vec::new(), ..store() };
    assert_eq!(free.delivery_fee(Paise(1)), Paise::ZERO);
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
        let shown = quote.total + Paise(off);
        let checked = quote.check(&store(), shown, method);
        let got = checked.as_ref().map_or_else(Rejection::code, |()| 0);
        assert_eq!(got, code, "{subtotal} {off} {method:?}");
        if let Err(Rejection::PriceChanged { quote: told }) = checked {
            assert_eq!(*told, quote, "the new quote is told");
        }
    }
}

#[test]
fn a_line_that_cannot_be_ordered_refuses_the_basket() {
    let mut catalogue = catalogue(&[(10_000, 500)]);
    let unknown = Quote::price(&basket(&[1, 1]), &store(), &catalogue);
    assert_eq!(unknown, Err(Rejection::UnknownProduct { product_id: product_id(1) }));
    let few = Product { max_per_order: 3, ..product(0, Paise(10_000), Bps(500)) };
    catalogue.evolve(&Event::ProductDefined { product: Arc::new(few), opening_units: 0 });
    assert!(Quote::price(&basket(&[3]), &store(), &catalogue).is_ok());
    let over = Quote::price(&basket(&[4]), &store(), &catalogue);
    assert_eq!(over, Err(Rejection::OverMaxPerOrder { product_id: product_id(0), max: 3 }));
    assert!(catalogue.store(STORE).is_some());
}

proptest! {
    #[test]
    fn the_amounts_of_a_quote_add_up_and_are_those_of_the_order(
        lines in prop::collection::vec((1..200_000_i64, 0..=2_800_u16, 1..=99_u32), 1..20),
    ) {
        let products: Vec<_> = lines.iter().map(|(price, gst, _)| (*price, *gst)).collect();
        let units: Vec<_> = lines.iter().map(|(_, _, units)| *units).collect();
        let quote = Quote::price(&basket(&units), &store(), &catalogue(&products)).unwrap();
        let subtotal: i64 = lines.iter().map(|(price, _, units)| price * i64::from(*units)).sum();
        prop_assert_eq!(quote.subtotal, Paise(subtotal));
        prop_assert_eq!(quote.total, quote.subtotal + quote.delivery_fee - quote.discount);
        let tax: Paise = quote.lines.iter().map(QuoteLine::tax).sum();
        let fee_tax = quote.delivery_fee.tax_inside_half_up(store().fee_gst);
        prop_assert_eq!(quote.tax, tax + fee_tax);
        prop_assert!(quote.tax <= quote.total);

        let placement = crate::order::Placement {
            order_id: crate::samples::order_id(1),
            number: 1,
            customer_id: crate::PersonId(uuid::Uuid::nil()),
            payment_method: PaymentMethod::Cod,
            sealed: Box::default(),
        };
        let Event::OrderPlaced { order } = crate::order::place(placement, quote.clone(), &store(), 0)
        else { panic!("an order is placed") };
        let of_order = (order.subtotal, order.delivery_fee, order.discount, order.tax, order.total);
        let of_quote = (quote.subtotal, quote.delivery_fee, quote.discount, quote.tax, quote.total);
        prop_assert_eq!(of_order, of_quote);
        let same = order.lines.iter().zip(&quote.lines)
            .all(|(ours, theirs)| ours.item == theirs.item && ours.quantity == theirs.quantity);
        prop_assert!(same);
    }
}
