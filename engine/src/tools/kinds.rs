//! What a fact is called in the tools, and which order it has to do with.

use kirana_domain::{Event, OrderId};

macro_rules! kinds {
    ($($variant:ident $name:literal,)*) => {
        /// Every kind of fact by its name.
        pub const KINDS: &[&str] = &[$($name,)*];

        /// The name of a fact's kind.
        pub fn kind_of(event: &Event) -> &'static str {
            match event {
                $(Event::$variant { .. } => $name,)*
            }
        }
    };
}

kinds! {
    EngineStarted "engine_started",
    StoreOpened "store_opened",
    StoreChanged "store_changed",
    ProductDefined "product_defined",
    StockReceived "stock_received",
    StockAdjusted "stock_adjusted",
    OrderPlaced "order_placed",
    OrderCancelled "order_cancelled",
    OrderExpired "order_expired",
    CommandRefused "command_refused",
    PaymentStarted "payment_started",
    PaymentOrderMade "payment_order_made",
    ChargeSeen "charge_seen",
    OrderConfirmed "order_confirmed",
    RefundOwed "refund_owed",
    RefundSeen "refund_seen",
    EffectFailed "effect_failed",
    EffectsRetried "effects_retried",
    OrderMoved "order_moved",
    LinesChanged "lines_changed",
    InvoiceIssued "invoice_issued",
    CashHandedOver "cash_handed_over",
    CartChanged "cart_changed",
    AddressSaved "address_saved",
    AddressRemoved "address_removed",
    ZoneDefined "zone_defined",
    ZoneRemoved "zone_removed",
    WeatherSet "weather_set",
    CouponDefined "coupon_defined",
    GstRatesSet "gst_rates_set",
    WebhookReceived "webhook_received",
    EndpointDefined "endpoint_defined",
    EndpointRemoved "endpoint_removed",
    EndpointReplayed "endpoint_replayed",
    EndpointDisabled "endpoint_disabled",
    HookProgress "hook_progress",
    HookFailed "hook_failed",
    HookDelivered "hook_delivered",
}

/// True for a fact about an order, and for a message of the payment provider about it.
pub fn concerns(event: &Event, id: OrderId) -> bool {
    event.order_id() == Some(id)
        || matches!(event, Event::WebhookReceived { about: Some(about), .. } if *about == id)
}
