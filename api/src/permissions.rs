//! Who may do what: every route with its roles and the rule of ownership, in one table.
//!
//! Ownership comes in two kinds. A packer acts in one store, which the path names: that is checked
//! here. An order belongs to its customer and to the staff of its store: that is checked where the
//! order is looked up, and a stranger is told that there is no such order.

use crate::problem::{Problem, table};
use axum::http::Method;
use kirana_domain::Role::{Admin, Customer, Packer, Support};
use kirana_domain::{Principal, Role, StoreId};

/// Everything that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[allow(missing_docs, reason = "the table below says what each is")]
pub enum Action {
    StoreOpen,
    StoreList,
    StoreRead,
    StoreChange,
    ProductList,
    ProductRead,
    ProductDefine,
    ProductImport,
    StockReceive,
    StockAdjust,
    StockRead,
    StockQuery,
    QuoteMake,
    OrderPlace,
    OrderList,
    OrderRead,
    OrderHistory,
    OrderCancel,
    Live,
    Ready,
    Metrics,
    ProblemList,
    ProblemRead,
    /// No route.
    Unknown,
}

/// Who may.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Everybody, without a token too.
    Anyone,
    /// People with one of these roles. A packer only where the path names their own store, or no
    /// store at all.
    Only(&'static [Role]),
}

/// What is known of a route.
#[derive(Debug)]
pub struct Rule {
    /// The action.
    pub action: Action,
    /// HTTP method.
    pub method: Method,
    /// Path, with the names of its parameters in braces.
    pub template: &'static str,
    /// Who may.
    pub who: Who,
    /// True when the request must have an `Idempotency-Key`.
    pub key_required: bool,
}

use Action as A;
use Who::{Anyone, Only};

const STAFF: Who = Only(&[Packer, Support, Admin]);
const READERS: Who = Only(&[Customer, Packer, Support, Admin]);

macro_rules! rules {
    ($($action:ident $method:ident $template:literal $who:expr, $key:ident;)*) => {
        &[$(Rule {
            action: A::$action, method: Method::$method, template: $template, who: $who,
            key_required: rules!(@ $key),
        }),*]
    };
    (@ key) => { true };
    (@ free) => { false };
}

/// The table, in the order of [`Action`].
pub static RULES: &[Rule] = rules! {
    StoreOpen     POST  "/v1/stores" Only(&[Admin]), key;
    StoreList     GET   "/v1/stores" Anyone, free;
    StoreRead     GET   "/v1/stores/{store_id}" Anyone, free;
    StoreChange   PATCH "/v1/stores/{store_id}" Only(&[Admin]), free;
    ProductList   GET   "/v1/stores/{store_id}/products" Anyone, free;
    ProductRead   GET   "/v1/stores/{store_id}/products/{product_id}" Anyone, free;
    ProductDefine PUT   "/v1/stores/{store_id}/products/{product_id}" Only(&[Admin]), free;
    ProductImport POST  "/v1/stores/{store_id}/products/import" Only(&[Admin]), free;
    StockReceive  POST  "/v1/stores/{store_id}/stock/receive" Only(&[Packer, Admin]), key;
    StockAdjust   POST  "/v1/stores/{store_id}/stock/adjust" Only(&[Packer, Admin]), key;
    StockRead     GET   "/v1/stores/{store_id}/stock/{product_id}" STAFF, free;
    StockQuery    POST  "/v1/stores/{store_id}/stock/query" Anyone, free;
    QuoteMake     POST  "/v1/quotes" Anyone, free;
    OrderPlace    POST  "/v1/orders" Only(&[Customer]), key;
    OrderList     GET   "/v1/orders" READERS, free;
    OrderRead     GET   "/v1/orders/{order_id}" READERS, free;
    OrderHistory  GET   "/v1/orders/{order_id}/history" READERS, free;
    OrderCancel   POST  "/v1/orders/{order_id}/cancel" Only(&[Customer, Support, Admin]), key;
    Live          GET   "/livez" Anyone, free;
    Ready         GET   "/readyz" Anyone, free;
    Metrics       GET   "/metrics" Anyone, free;
    ProblemList   GET   "/problems" Anyone, free;
    ProblemRead   GET   "/problems/{slug}" Anyone, free;
    Unknown       GET   "" Anyone, free;
};

impl Action {
    /// What is known of its route.
    pub fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }

    /// True for what answers even while the log is being read, and after the engine failed.
    pub fn needs_no_engine(self) -> bool {
        matches!(
            self,
            A::Live | A::Ready | A::Metrics | A::ProblemList | A::ProblemRead | A::Unknown
        )
    }
}

/// Says no to a role that may not, and to a packer outside their store.
///
/// # Errors
/// [`table::TOKEN_MISSING`] or [`table::FORBIDDEN`].
pub fn check(
    action: Action,
    principal: Option<&Principal>,
    store_id: Option<StoreId>,
) -> Result<(), Problem> {
    let Only(roles) = action.rule().who else { return Ok(()) };
    let Some(principal) = principal else { return Err(Problem::new(&table::TOKEN_MISSING)) };
    let in_own_store = principal.role != Role::Packer
        || (principal.store_id.is_some() && (store_id.is_none() || store_id == principal.store_id));
    if roles.contains(&principal.role) && in_own_store {
        return Ok(());
    }
    Err(Problem::new(&table::FORBIDDEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kirana_domain::PersonId;
    use uuid::Uuid;

    fn person(role: Role, store_id: Option<StoreId>) -> Principal {
        Principal { role, person_id: PersonId(Uuid::from_u128(1)), store_id }
    }

    fn refusal(action: Action, who: Option<&Principal>, store: Option<StoreId>) -> Option<u16> {
        check(action, who, store).err().map(|problem| problem.kind().status)
    }

    #[test]
    fn the_table_is_in_the_order_of_the_actions() {
        for (index, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.action as usize, index, "{:?}", rule.action);
        }
    }

    #[test]
    fn only_health_and_catalogue_reads_answer_without_a_token() {
        let open: Vec<_> =
            RULES.iter().filter(|r| matches!(r.who, Anyone)).map(|r| r.action).collect();
        assert_eq!(
            open,
            [
                A::StoreList,
                A::StoreRead,
                A::ProductList,
                A::ProductRead,
                A::StockQuery,
                A::QuoteMake,
                A::Live,
                A::Ready,
                A::Metrics,
                A::ProblemList,
                A::ProblemRead,
                A::Unknown,
            ]
        );
        assert_eq!(refusal(A::OrderPlace, None, None), Some(401));
    }

    #[test]
    fn every_command_with_an_effect_on_orders_or_units_needs_a_key() {
        let keyed: Vec<_> = RULES.iter().filter(|r| r.key_required).map(|r| r.action).collect();
        let wanted = [A::StoreOpen, A::StockReceive, A::StockAdjust, A::OrderPlace, A::OrderCancel];
        assert_eq!(keyed, wanted);
    }

    #[test]
    fn a_packer_acts_in_their_own_store_only() {
        let (own, other) = (StoreId(Uuid::from_u128(7)), StoreId(Uuid::from_u128(8)));
        let packer = person(Role::Packer, Some(own));
        assert_eq!(refusal(A::StockReceive, Some(&packer), Some(own)), None);
        assert_eq!(refusal(A::StockReceive, Some(&packer), Some(other)), Some(403));
        let homeless = person(Role::Packer, None);
        assert_eq!(refusal(A::OrderList, Some(&homeless), None), Some(403));
    }

    #[test]
    fn each_role_may_do_what_the_table_says_and_nothing_else() {
        for rule in RULES {
            for (role, _) in Role::NAMES {
                let store = StoreId(Uuid::from_u128(7));
                let allowed = match rule.who {
                    Anyone => true,
                    Only(roles) => roles.contains(&role),
                };
                let answer = refusal(rule.action, Some(&person(role, Some(store))), Some(store));
                assert_eq!(answer.is_none(), allowed, "{role:?} {:?}", rule.action);
            }
        }
    }

    #[test]
    fn nobody_but_an_admin_changes_stores_and_products() {
        for action in [A::StoreOpen, A::StoreChange, A::ProductDefine, A::ProductImport] {
            assert!(matches!(action.rule().who, Only(&[Role::Admin])), "{action:?}");
        }
    }
}
