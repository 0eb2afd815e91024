//! The parts of facts: plain values, without the rules that decide on them.
//!
//! [`crate::record::Event`] is made of these values; orders and payments decide above it.

/// Defines an enum whose variants have a number on disk and a name in the API.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)* }
        // A number stands for one variant for ever; 0 for none, so that a zeroed byte is noticed.
        const _: () = {
            let (names, mut last, mut at) = ($name::NAMES, 0, 0);
            while at < names.len() {
                assert!(names[at].0 as u8 > last, "numbers rise from 1");
                assert!(!names[at].1.is_empty(), "every variant has a name");
                (last, at) = (names[at].0 as u8, at + 1);
            }
            assert!(at > 0, "a value of an enum without variants cannot be stored");
        };
        impl $name {
            /// Every variant with its name in the API.
            pub const NAMES: &'static [(Self, &'static str)] = &[$((Self::$variant, $text),)*];
            /// Returns the name in the API.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            /// Returns the variant of that name.
            pub fn parse(name: &str) -> Option<Self> {
                let found = Self::NAMES.iter().find(|(_, known)| *known == name).map(|(it, _)| *it);
                debug_assert!(found.is_none_or(|it| it.name() == name), "a name is read back");
                found
            }
            /// Returns the variant of that number on disk.
            pub fn from_number(number: u8) -> Option<Self> {
                let found = Self::NAMES.iter().find(|(it, _)| *it as u8 == number);
                let found = found.map(|(it, _)| *it);
                debug_assert!(found.is_none_or(|it| it as u8 == number), "as it was written");
                found
            }
        }
    };
}
pub(crate) use numbered;

mod credit;
mod lines;
mod money;
mod order;
mod stock;

pub use credit::{Credit, Credited};
pub use lines::{LinesChange, Proposal};
pub use money::{
    ChargeFailure, ChargeStatus, DisputeStatus, Effect, ErrorText, FailedEffect, LooseCharge,
    OwedRefund, PaymentMethod, ProviderId, RefundReason, RefundStatus, SeenCharge, SeenDispute,
    SeenRefund,
};
pub use order::{NewOrder, Preference, Status, Step};
pub use stock::{Bucket, ReceivedLine, StockChange, StockLine, StockMove};

/// A written reason of a command.
pub type Reason = crate::Text<{ crate::limits::REASON_CHARS_MAX }>;
