//! Permissions: every route with its roles and the rule of ownership, in one table.
//!
//! Ownership comes in two kinds. A packer acts in one store, which the path names: that is checked
//! here. An order belongs to its customer and to the staff of its store: that is checked where the
//! order is looked up, and a stranger is told that there is no such order.

use crate::http::problem::{Problem, table};
use axum::http::Method;
use kirana_domain::Role::{Admin, Customer, Packer, Rider, Service, Support};
use kirana_domain::{Principal, Role, StoreId};

/// The people who may call a route.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// Everybody, without a token too.
    Anyone,
    /// People with one of these roles. A packer only where the path names their own store, or no
    /// store at all.
    Only(&'static [Role]),
}

/// A route and its rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// HTTP method.
    pub method: Method,
    /// Path, with the names of its parameters in braces.
    pub template: &'static str,
    /// The people who may call it.
    pub access: Access,
    /// True when the request must have an `Idempotency-Key`.
    pub key_required: bool,
}

use Access::{Anyone, Only};
use Action as A;

const STAFF: Access = Only(&[Packer, Support, Admin]);
const READERS: Access = Only(&[Customer, Packer, Rider, Support, Admin]);
const OWNER_AND_STAFF: Access = Only(&[Customer, Packer, Support, Admin]);
const BACK_OFFICE: Access = Only(&[Support, Admin]);
const BUYERS: Access = Only(&[Customer, Support, Admin]);
const RIDERS: Access = Only(&[Rider, Support, Admin]);

macro_rules! rules {
    ($($action:ident $method:ident $template:literal $access:expr, $key:ident;)*) => {
        /// Everything that can be asked for, named by its row in the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub(crate) enum Action {
            $($action),*
        }

        /// The rules, in the order of [`Action`].
        pub(crate) static RULES: &[Rule] = &[$(Rule {
            method: Method::$method, template: $template, access: $access,
            key_required: rules!(@ $key),
        }),*];

        #[cfg(test)]
        const ACTIONS: &[Action] = &[$(Action::$action),*];
    };
    (@ key) => { true };
    (@ free) => { false };
}

rules! {
    StoreOpen     POST  "/v1/stores" Only(&[Admin]), key;
    StoreList     GET   "/v1/stores" Anyone, free;
    StoreRead     GET   "/v1/stores/{store_id}" Anyone, free;
    StoreChange   PATCH "/v1/stores/{store_id}" Only(&[Admin]), free;
    ProductList   GET   "/v1/stores/{store_id}/products" Anyone, free;
    CategoryTree  GET   "/v1/categories" Anyone, free;
    ProductRead   GET   "/v1/stores/{store_id}/products/{product_id}" Anyone, free;
    ProductDefine PUT   "/v1/stores/{store_id}/products/{product_id}" Only(&[Admin]), free;
    ProductImport POST  "/v1/stores/{store_id}/products/import" Only(&[Admin]), free;
    StockReceive  POST  "/v1/stores/{store_id}/stock/receive" Only(&[Packer, Admin]), key;
    StockAdjust   POST  "/v1/stores/{store_id}/stock/adjust" Only(&[Packer, Admin]), key;
    StockRead     GET   "/v1/stores/{store_id}/stock/{product_id}" STAFF, free;
    StockQuery    POST  "/v1/stores/{store_id}/stock/query" Anyone, free;
    QuoteMake     POST  "/v1/quotes" Anyone, free;
    OrderPlace    POST  "/v1/orders" Only(&[Customer]), key;
    PaymentMethods GET  "/v1/payment-methods" Only(&[Customer]), free;
    OwnCoupons    GET   "/v1/me/coupons" Only(&[Customer]), free;
    OrderList     GET   "/v1/orders" READERS, free;
    OrderRead     GET   "/v1/orders/{order_id}" READERS, free;
    OrderHistory  GET   "/v1/orders/{order_id}/history" READERS, free;
    OrderCancel   POST  "/v1/orders/{order_id}/cancel" Only(&[Customer, Support, Admin]), key;
    OrderEvents          GET "/v1/orders/{order_id}/events" OWNER_AND_STAFF, free;
    OrderEventsSocket    GET "/v1/orders/{order_id}/events/ws" OWNER_AND_STAFF, free;
    CustomerEvents       GET "/v1/me/events" Only(&[Customer]), free;
    CustomerEventsSocket GET "/v1/me/events/ws" Only(&[Customer]), free;
    StoreEvents          GET "/v1/stores/{store_id}/events" STAFF, free;
    StoreEventsSocket    GET "/v1/stores/{store_id}/events/ws" STAFF, free;
    RiderEvents          GET "/v1/riders/me/events" Only(&[Rider]), free;
    RiderEventsSocket    GET "/v1/riders/me/events/ws" Only(&[Rider]), free;
    Live          GET   "/livez" Anyone, free;
    Ready         GET   "/readyz" Anyone, free;
    Metrics       GET   "/metrics" Anyone, free;
    ProblemList   GET   "/problems" Anyone, free;
    ProblemRead   GET   "/problems/{slug}" Anyone, free;
    PaymentStart      POST "/v1/orders/{order_id}/payments" Only(&[Customer]), key;
    PaymentMethodSet  POST "/v1/orders/{order_id}/payment-method" BUYERS, key;
    PaymentVerify     POST "/v1/payments/razorpay/verify" Only(&[Customer]), free;
    PaymentWebhook    POST "/v1/payments/webhook/razorpay" Anyone, free;
    PaymentList       GET  "/v1/orders/{order_id}/payments" OWNER_AND_STAFF, free;
    RefundMake        POST "/v1/orders/{order_id}/refunds" BACK_OFFICE, key;
    LooseList         GET  "/v1/payments/unassigned" BACK_OFFICE, free;
    LooseAssign       POST "/v1/payments/{payment_id}/assign" BACK_OFFICE, key;
    OutboxList        GET  "/v1/outbox" BACK_OFFICE, free;
    OutboxRetry       POST "/v1/orders/{order_id}/outbox/retry" BACK_OFFICE, key;
    OrderAccept       POST "/v1/orders/{order_id}/accept" STAFF, key;
    OrderReject       POST "/v1/orders/{order_id}/reject" STAFF, key;
    OrderShortPick    POST "/v1/orders/{order_id}/short-pick" STAFF, key;
    OrderSubstitute   POST "/v1/orders/{order_id}/substitute" STAFF, key;
    SubstituteAnswer  POST "/v1/orders/{order_id}/substitutions/{product_id}/answer" BUYERS, key;
    OrderPack         POST "/v1/orders/{order_id}/pack" STAFF, key;
    OrderAssign       POST "/v1/orders/{order_id}/assign" BACK_OFFICE, key;
    AssignmentAccept  POST "/v1/orders/{order_id}/accept-assignment" RIDERS, key;
    AssignmentDecline POST "/v1/orders/{order_id}/decline-assignment" RIDERS, key;
    OrderPickUp       POST "/v1/orders/{order_id}/picked-up" RIDERS, key;
    OrderSetOut       POST "/v1/orders/{order_id}/out-for-delivery" RIDERS, key;
    OrderDeliver      POST "/v1/orders/{order_id}/delivered" RIDERS, key;
    OrderFail         POST "/v1/orders/{order_id}/failed" RIDERS, key;
    StoreCash         GET  "/v1/stores/{store_id}/cash" STAFF, free;
    CashHandOver      POST "/v1/stores/{store_id}/cash/handovers" STAFF, key;
    RiderCash         GET  "/v1/riders/me/cash" Only(&[Rider]), free;
    RiderSave         POST "/v1/stores/{store_id}/riders" STAFF, key;
    RiderList         GET  "/v1/stores/{store_id}/riders" STAFF, free;
    RiderShift        POST "/v1/riders/me/shift" Only(&[Rider]), free;
    RiderLocate       POST "/v1/riders/me/location" Only(&[Rider]), free;
    InvoiceRead       GET  "/v1/orders/{order_id}/invoice" OWNER_AND_STAFF, free;
    CreditNoteRead    GET  "/v1/orders/{order_id}/credit-notes/{n}" OWNER_AND_STAFF, free;
    CartRead      GET    "/v1/cart" Only(&[Customer]), free;
    CartReplace   PUT    "/v1/cart" Only(&[Customer]), free;
    CartClear     DELETE "/v1/cart" Only(&[Customer]), free;
    CartMerge     POST   "/v1/cart/merge" Only(&[Customer]), key;
    CartSet       PUT    "/v1/cart/items/{product_id}" Only(&[Customer]), free;
    CartAdd       PATCH  "/v1/cart/items/{product_id}" Only(&[Customer]), free;
    CartTakeOut   DELETE "/v1/cart/items/{product_id}" Only(&[Customer]), free;
    AddressList   GET    "/v1/addresses" Only(&[Customer]), free;
    AddressAdd    POST   "/v1/addresses" Only(&[Customer]), key;
    AddressRead   GET    "/v1/addresses/{address_id}" Only(&[Customer]), free;
    AddressChange PATCH  "/v1/addresses/{address_id}" Only(&[Customer]), free;
    AddressRemove DELETE "/v1/addresses/{address_id}" Only(&[Customer]), free;
    ZoneLocate    GET    "/v1/zones/locate" Anyone, free;
    ZoneList      GET    "/v1/stores/{store_id}/zones" Anyone, free;
    ZoneDefine    PUT    "/v1/stores/{store_id}/zones" Only(&[Admin]), free;
    ZoneWeather   PUT    "/v1/zones/{zone_id}/weather" BACK_OFFICE, free;
    CouponList    GET    "/v1/stores/{store_id}/coupons" BACK_OFFICE, free;
    CouponDefine  PUT    "/v1/stores/{store_id}/coupons/{code}" Only(&[Admin]), free;
    GstRead       GET    "/v1/gst-rates" Only(&[Admin]), free;
    GstSet        PUT    "/v1/gst-rates" Only(&[Admin]), free;
    EndpointDefine POST   "/v1/webhook-endpoints" Only(&[Admin]), free;
    EndpointList   GET    "/v1/webhook-endpoints" Only(&[Admin]), free;
    EndpointRead   GET    "/v1/webhook-endpoints/{endpoint_id}" Only(&[Admin]), free;
    EndpointChange PATCH  "/v1/webhook-endpoints/{endpoint_id}" Only(&[Admin]), free;
    EndpointRemove DELETE "/v1/webhook-endpoints/{endpoint_id}" Only(&[Admin]), free;
    EndpointRotate POST   "/v1/webhook-endpoints/{endpoint_id}/rotate-secret" Only(&[Admin]), free;
    EndpointDeliveries GET "/v1/webhook-endpoints/{endpoint_id}/deliveries" Only(&[Admin]), free;
    EndpointReplay POST   "/v1/webhook-endpoints/{endpoint_id}/replay" Only(&[Admin]), free;
    EndpointTest   POST   "/v1/webhook-endpoints/{endpoint_id}/test" Only(&[Admin]), free;
    LogHead        GET "/v1/log/head" Only(&[Service, Support, Admin]), free;
    LogFrames      GET "/v1/log/frames" Only(&[Service, Admin]), free;
    Index          GET "/" Anyone, free;
    RevocationList GET    "/v1/revocations" BACK_OFFICE, free;
    PersonRevoke   PUT    "/v1/revocations/persons/{person_id}" BACK_OFFICE, free;
    PersonLift     DELETE "/v1/revocations/persons/{person_id}" BACK_OFFICE, free;
    SessionRevoke  PUT    "/v1/revocations/sessions/{session_id}" BACK_OFFICE, free;
    SessionLift    DELETE "/v1/revocations/sessions/{session_id}" BACK_OFFICE, free;
    // No route.
    Unknown       GET   "" Anyone, free;
}

impl Action {
    /// Returns the rule of its route.
    pub(crate) fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }

    /// True for server-sent events.
    pub(crate) fn is_event_stream(self) -> bool {
        matches!(self, A::OrderEvents | A::CustomerEvents | A::StoreEvents | A::RiderEvents)
    }

    /// True for what stays open: events, over whatever carries them.
    pub(crate) fn is_live(self) -> bool {
        self.is_event_stream()
            || matches!(
                self,
                A::OrderEventsSocket
                    | A::CustomerEventsSocket
                    | A::StoreEventsSocket
                    | A::RiderEventsSocket
            )
    }

    /// True for what people print: it comes as a page and as a PDF as well.
    pub(crate) fn is_document(self) -> bool {
        matches!(self, A::InvoiceRead | A::CreditNoteRead)
    }

    /// True for what a payment provider sends: it says nothing of the answer that it wants.
    pub(crate) fn is_webhook(self) -> bool {
        self == A::PaymentWebhook
    }

    /// True for what answers even while the log is being read, and after the engine failed.
    pub(crate) fn needs_no_engine(self) -> bool {
        matches!(
            self,
            A::Live
                | A::Ready
                | A::Metrics
                | A::ProblemList
                | A::ProblemRead
                | A::Index
                | A::Unknown
        )
    }
}

/// Says no to a role that may not, and to a packer outside their store.
///
/// # Errors
/// [`table::TOKEN_MISSING`] or [`table::FORBIDDEN`].
pub(crate) fn check(
    action: Action,
    principal: Option<&Principal>,
    store_id: Option<StoreId>,
) -> Result<(), Problem> {
    let Only(roles) = action.rule().access else { return Ok(()) };
    let Some(principal) = principal else { return Err(Problem::new(&table::TOKEN_MISSING)) };
    let in_own_store = principal.role != Role::Packer
        || (principal.store_id.is_some() && (store_id.is_none() || store_id == principal.store_id));
    if roles.contains(&principal.role) && in_own_store {
        return Ok(());
    }
    Err(Problem::new(&table::FORBIDDEN))
}

/// Says no to who has signed in without a name, where more than a cart is changed.
///
/// # Errors
/// [`table::SIGN_IN_NEEDED`].
pub(crate) fn check_anonymous(action: Action) -> Result<(), Problem> {
    let Rule { method, template, access, .. } = action.rule();
    let is_open = matches!(access, Anyone) || *method == Method::GET;
    if is_open || template.starts_with("/v1/cart") {
        return Ok(());
    }
    Err(Problem::new(&table::SIGN_IN_NEEDED))
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
    fn only_health_and_catalogue_reads_answer_without_a_token() {
        let is_open = |action: &&Action| matches!(action.rule().access, Anyone);
        let open: Vec<_> = ACTIONS.iter().filter(is_open).copied().collect();
        assert_eq!(
            open,
            [
                A::StoreList,
                A::StoreRead,
                A::ProductList,
                A::CategoryTree,
                A::ProductRead,
                A::StockQuery,
                A::QuoteMake,
                A::Live,
                A::Ready,
                A::Metrics,
                A::ProblemList,
                A::ProblemRead,
                // Whoever sends it proves who they are by its signature.
                A::PaymentWebhook,
                A::ZoneLocate,
                A::ZoneList,
                A::Index,
                A::Unknown,
            ]
        );
        assert_eq!(refusal(A::OrderPlace, None, None), Some(401));
    }

    #[test]
    fn every_command_with_an_effect_on_orders_or_units_needs_a_key() {
        let keyed: Vec<_> = ACTIONS.iter().filter(|a| a.rule().key_required).copied().collect();
        let wanted = [
            A::StoreOpen,
            A::StockReceive,
            A::StockAdjust,
            A::OrderPlace,
            A::OrderCancel,
            A::PaymentStart,
            A::PaymentMethodSet,
            A::RefundMake,
            A::LooseAssign,
            A::OutboxRetry,
            A::OrderAccept,
            A::OrderReject,
            A::OrderShortPick,
            A::OrderSubstitute,
            A::SubstituteAnswer,
            A::OrderPack,
            A::OrderAssign,
            A::AssignmentAccept,
            A::AssignmentDecline,
            A::OrderPickUp,
            A::OrderSetOut,
            A::OrderDeliver,
            A::OrderFail,
            A::CashHandOver,
            A::RiderSave,
            A::CartMerge,
            A::AddressAdd,
        ];
        assert_eq!(keyed, wanted);
    }

    #[test]
    fn without_a_name_a_customer_reads_and_fills_a_cart_and_nothing_else() {
        let may = |role: Role| {
            move |action: &&Action| match action.rule().access {
                Anyone => true,
                Only(roles) => roles.contains(&role),
            }
        };
        let of_customers = ACTIONS.iter().filter(may(Role::Customer));
        let changed: Vec<_> = of_customers
            .filter(|action| {
                action.rule().method != Method::GET && check_anonymous(**action).is_ok()
            })
            .copied()
            .collect();
        let wanted = [
            A::StockQuery,
            A::QuoteMake,
            A::PaymentWebhook,
            A::CartReplace,
            A::CartClear,
            A::CartMerge,
            A::CartSet,
            A::CartAdd,
            A::CartTakeOut,
        ];
        assert_eq!(changed, wanted);
        assert_eq!(check_anonymous(A::OrderPlace).unwrap_err().kind().code, "SIGN_IN_NEEDED");
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
        for &action in ACTIONS {
            for &(role, _) in Role::NAMES {
                let store = StoreId(Uuid::from_u128(7));
                let allowed = match action.rule().access {
                    Anyone => true,
                    Only(roles) => roles.contains(&role),
                };
                let answer = refusal(action, Some(&person(role, Some(store))), Some(store));
                assert_eq!(answer.is_none(), allowed, "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn nobody_but_an_admin_changes_stores_and_products() {
        for action in [
            A::StoreOpen,
            A::StoreChange,
            A::ProductDefine,
            A::ProductImport,
            A::ZoneDefine,
            A::CouponDefine,
            A::GstSet,
        ] {
            assert!(matches!(action.rule().access, Only(&[Role::Admin])), "{action:?}");
        }
    }
}
