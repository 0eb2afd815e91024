//! The words that facts are made of: plain values, without the rules that decide on them.
//!
//! [`crate::record::Event`] is written in these words; orders and payments decide above it.

/// Defines an enum whose variants have a number on disk and a name in answers.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)* }
        impl $name {
            /// Every one with its name in answers.
            pub const NAMES: &'static [(Self, &'static str)] = &[$((Self::$variant, $text),)*];
            /// The name in answers.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            /// The one of that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::NAMES.iter().find(|(_, known)| *known == name).map(|(it, _)| *it)
            }
            /// The one of that number on disk.
            pub fn from_number(number: u8) -> Option<Self> {
                Self::NAMES.iter().find(|(it, _)| *it as u8 == number).map(|(it, _)| *it)
            }
        }
    };
}
pub(crate) use numbered;

mod lines;
mod money;
mod order;
mod stock;

pub use lines::{LinesChange, Proposal};
pub use money::{
    ChargeStatus, Effect, ErrorText, FailedEffect, OwedRefund, PaymentMethod, ProviderId,
    RefundReason, RefundStatus, SeenCharge, SeenRefund,
};
pub use order::{NewOrder, Preference, Status, Step};
pub use stock::{Bucket, ReceivedLine, StockChange, StockLine, StockMove};

/// A reason that somebody wrote.
pub type Reason = crate::Text<{ crate::limits::REASON_CHARS_MAX }>;
