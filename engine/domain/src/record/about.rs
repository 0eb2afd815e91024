//! The order, the store and the endpoint that a fact is about.

use crate::{EndpointId, Event, OrderId, StoreId};

impl Event {
    /// True for a fact about the money of an order: [`crate::payment::Payment`] follows it.
    pub fn is_of_payment(&self) -> bool {
        matches!(
            self,
            Self::PaymentStarted { .. }
                | Self::PaymentOrderMade { .. }
                | Self::ChargeSeen { .. }
                | Self::RefundOwed { .. }
                | Self::RefundSeen { .. }
                | Self::EffectFailed { .. }
                | Self::EffectsRetried { .. }
        )
    }

    /// The order that this fact is about.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::OrderPlaced { order } => Some(order.id),
            Self::OrderCancelled { order_id, .. }
            | Self::OrderExpired { order_id, .. }
            | Self::PaymentStarted { order_id, .. }
            | Self::PaymentOrderMade { order_id, .. }
            | Self::ChargeSeen { order_id, .. }
            | Self::OrderConfirmed { order_id, .. }
            | Self::RefundOwed { order_id, .. }
            | Self::RefundSeen { order_id, .. }
            | Self::EffectFailed { order_id, .. }
            | Self::EffectsRetried { order_id, .. }
            | Self::OrderMoved { order_id, .. }
            | Self::LinesChanged { order_id, .. }
            | Self::InvoiceIssued { order_id, .. } => Some(*order_id),
            _ => None,
        }
    }

    /// The store of this fact about an order or its stock, where the fact itself says it.
    pub fn store_id(&self) -> Option<StoreId> {
        match self {
            Self::OrderPlaced { order } => Some(order.store_id),
            Self::ProductDefined { product, .. } => Some(product.store_id),
            Self::StoreOpened { store } | Self::StoreChanged { store } => Some(store.id),
            Self::StockReceived { store_id, .. }
            | Self::StockAdjusted { store_id, .. }
            | Self::OrderCancelled { store_id, .. }
            | Self::OrderExpired { store_id, .. }
            | Self::OrderConfirmed { store_id, .. }
            | Self::OrderMoved { store_id, .. }
            | Self::LinesChanged { store_id, .. }
            | Self::InvoiceIssued { store_id, .. }
            | Self::CashHandedOver { store_id, .. }
            | Self::CartChanged { store_id, .. }
            | Self::ZoneRemoved { store_id, .. }
            | Self::WeatherSet { store_id, .. } => Some(*store_id),
            _ => None,
        }
    }

    /// The endpoint of webhooks that this fact is about, unless it defines one.
    pub fn endpoint_id(&self) -> Option<EndpointId> {
        match self {
            Self::EndpointRemoved { endpoint_id }
            | Self::EndpointReplayed { endpoint_id, .. }
            | Self::EndpointDisabled { endpoint_id, .. }
            | Self::HookProgress { endpoint_id, .. }
            | Self::HookFailed { endpoint_id, .. }
            | Self::HookDelivered { endpoint_id, .. } => Some(*endpoint_id),
            _ => None,
        }
    }
}
