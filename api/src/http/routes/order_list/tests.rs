use super::*;
use crate::http::json::views::tests::bare;
use kirana_domain::PaymentMethod;

#[test]
fn an_order_is_found_by_its_number_and_by_words_of_its_products_in_any_order() {
    let order = bare(PaymentMethod::Cod);
    for (text, is_found) in [
        ("TUR-000042", true),
        ("tur-0000", true),
        ("42", true),
        ("MILK toned", true),
        ("milk 42", true),
        ("milk 43", false),
        ("atta", false),
    ] {
        assert_eq!(Search::parse(text).unwrap().finds(&order, "TUR"), is_found, "{text}");
    }
    assert!(Search::parse("  ").is_err() && Search::parse(&"x".repeat(65)).is_err());
}

#[test]
fn a_list_is_sorted_by_the_time_of_placing_and_by_nothing_else() {
    assert_eq!(is_oldest_first(None).ok(), Some(false));
    assert_eq!(is_oldest_first(Some("-created_at")).ok(), Some(false));
    assert_eq!(is_oldest_first(Some("created_at")).ok(), Some(true));
    assert!(is_oldest_first(Some("total")).is_err());
}

#[test]
fn a_cursor_is_good_for_the_list_that_it_came_from() {
    let asked = |query: &str| -> ListQuery {
        crate::http::query::parse(&format!("/v1/orders?{query}").parse().unwrap()).unwrap()
    };
    let all =
        ["", "q=milk", "sort=created_at", "created_after=2026-11-26T10:00:00Z", "status=placed"];
    let scopes: std::collections::BTreeSet<_> =
        all.iter().map(|query| asked(query).scope("of me")).collect();
    assert_eq!(scopes.len(), all.len());
    assert_eq!(asked("q=milk&limit=5").scope("of me"), asked("q=milk").scope("of me"));
}

#[test]
fn the_next_page_keeps_the_filters() {
    for (asked, wanted) in [
        ("/v1/orders", "/v1/orders?cursor=c1&limit=20"),
        (
            "/v1/orders?status=placed%2Cpacked&limit=20&placed_on=2026-11-26&cursor=c0",
            "/v1/orders?status=placed%2Cpacked&placed_on=2026-11-26&cursor=c1&limit=20",
        ),
        (
            "/v1/stores/s/products?q=full+milk",
            "/v1/stores/s/products?q=full+milk&cursor=c1&limit=20",
        ),
    ] {
        assert_eq!(next_page(&asked.parse().unwrap(), "c1", 20), wanted);
    }
}
