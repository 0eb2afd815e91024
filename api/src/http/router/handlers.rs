//! The handler of every action.

use super::route;
use crate::http::gateway::Gateway;
use crate::http::permissions::Action as A;
use crate::http::permissions::Action;
use crate::http::routes::{
    addresses, carts, checkout, coupons, gst, import, invoices, live, log, moves, ops, order_list,
    orders, payment_methods, payments, problems, product_list, products, provider_webhooks, quotes,
    refunds, revocations, rider_cash, riders, stock, stores, unassigned, webhook_endpoints, zones,
};
use axum::routing::MethodRouter;

type Routes = Vec<(Action, MethodRouter<Gateway>)>;

/// All of them.
pub(super) fn routes() -> Routes {
    [of_the_shop(), of_orders(), of_others()].concat()
}

/// Stores, products, stock, quotes, carts, addresses, zones, prices.
fn of_the_shop() -> Routes {
    vec![
        route(A::StoreOpen, stores::open),
        route(A::StoreList, stores::list),
        route(A::StoreRead, stores::read),
        route(A::StoreChange, stores::change),
        route(A::ProductList, product_list::list),
        route(A::CategoryTree, product_list::categories),
        route(A::ProductRead, products::read),
        route(A::ProductDefine, products::define),
        route(A::ProductImport, import::import),
        route(A::StockReceive, stock::receive),
        route(A::StockAdjust, stock::adjust),
        route(A::StockRead, stock::read),
        route(A::StockQuery, stock::query),
        route(A::QuoteMake, quotes::make),
        route(A::PaymentMethods, payment_methods::list),
        route(A::CartRead, carts::read),
        route(A::CartReplace, carts::replace),
        route(A::CartClear, carts::clear),
        route(A::CartMerge, carts::merge),
        route(A::CartSet, carts::set),
        route(A::CartAdd, carts::add),
        route(A::CartTakeOut, carts::take_out),
        route(A::AddressList, addresses::list),
        route(A::AddressAdd, addresses::add),
        route(A::AddressRead, addresses::read),
        route(A::AddressChange, addresses::change),
        route(A::AddressRemove, addresses::remove),
        route(A::ZoneLocate, zones::locate),
        route(A::ZoneList, zones::list),
        route(A::ZoneDefine, zones::define),
        route(A::ZoneWeather, zones::set_weather),
        route(A::CouponList, coupons::list),
        route(A::CouponDefine, coupons::define),
        route(A::OwnCoupons, coupons::own),
        route(A::GstRead, gst::read),
        route(A::GstSet, gst::set),
    ]
}

/// Orders, their payments, and who works on them.
fn of_orders() -> Routes {
    vec![
        route(A::OrderPlace, checkout::place),
        route(A::OrderList, order_list::list),
        route(A::OrderRead, orders::read),
        route(A::OrderHistory, orders::history),
        route(A::OrderCancel, moves::cancel),
        route(A::PaymentStart, payments::start),
        route(A::PaymentMethodSet, payment_methods::turn_to_cash),
        route(A::PaymentVerify, payments::verify),
        route(A::PaymentWebhook, provider_webhooks::take_in),
        route(A::PaymentList, payments::list),
        route(A::RefundMake, refunds::make),
        route(A::LooseList, unassigned::list),
        route(A::LooseAssign, unassigned::assign),
        route(A::OutboxList, refunds::outbox),
        route(A::OutboxRetry, refunds::retry),
        route(A::OrderAccept, moves::accept),
        route(A::OrderReject, moves::reject),
        route(A::OrderShortPick, moves::short_pick),
        route(A::OrderSubstitute, moves::substitute),
        route(A::SubstituteAnswer, moves::answer_substitution),
        route(A::OrderPack, moves::pack),
        route(A::OrderAssign, moves::assign),
        route(A::AssignmentAccept, moves::accept_assignment),
        route(A::AssignmentDecline, moves::decline_assignment),
        route(A::OrderPickUp, moves::picked_up),
        route(A::OrderSetOut, moves::out_for_delivery),
        route(A::OrderDeliver, moves::delivered),
        route(A::OrderFail, moves::failed),
        route(A::StoreCash, rider_cash::cash_of_store),
        route(A::CashHandOver, rider_cash::hand_over),
        route(A::RiderCash, rider_cash::own_cash),
        route(A::RiderSave, riders::save),
        route(A::RiderList, riders::list),
        route(A::RiderShift, riders::shift),
        route(A::RiderLocate, riders::locate),
        route(A::InvoiceRead, invoices::invoice),
        route(A::CreditNoteRead, invoices::credit_note),
    ]
}

/// Streams, other systems, operators.
fn of_others() -> Routes {
    vec![
        route(A::OrderEvents, live::order),
        route(A::OrderEventsSocket, live::order_socket),
        route(A::CustomerEvents, live::me),
        route(A::CustomerEventsSocket, live::me_socket),
        route(A::StoreEvents, live::store),
        route(A::StoreEventsSocket, live::store_socket),
        route(A::RiderEvents, live::rider),
        route(A::RiderEventsSocket, live::rider_socket),
        route(A::Index, ops::index),
        route(A::Live, ops::live),
        route(A::Ready, ops::ready),
        route(A::Metrics, ops::metrics),
        route(A::ProblemList, problems::list),
        route(A::ProblemRead, problems::page),
        route(A::EndpointDefine, webhook_endpoints::define),
        route(A::EndpointList, webhook_endpoints::list),
        route(A::EndpointRead, webhook_endpoints::read),
        route(A::EndpointChange, webhook_endpoints::change),
        route(A::EndpointRemove, webhook_endpoints::remove),
        route(A::EndpointRotate, webhook_endpoints::rotate),
        route(A::EndpointDeliveries, webhook_endpoints::deliveries),
        route(A::EndpointReplay, webhook_endpoints::replay),
        route(A::EndpointTest, webhook_endpoints::test),
        route(A::LogHead, log::head),
        route(A::LogFrames, log::frames),
        route(A::RevocationList, revocations::list),
        route(A::PersonRevoke, revocations::revoke),
        route(A::PersonLift, revocations::lift),
        route(A::SessionRevoke, revocations::revoke),
        route(A::SessionLift, revocations::lift),
    ]
}
