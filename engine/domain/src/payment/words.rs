//! The words of money: what a charge, a refund and a payment can be, with their names and numbers.

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

numbered! {
    /// How an order is paid. The numbers are on disk: add, never change.
    PaymentMethod {
        /// Cash on delivery.
        Cod = 1 "cod",
        /// Online, through Razorpay.
        Razorpay = 2 "razorpay",
    }
}

numbered! {
    /// What a charge has come to. The numbers are on disk: add, never change.
    ChargeStatus {
        /// The bank said no, or nobody answered it in time.
        Failed = 1 "failed",
        /// The money is reserved; it moves when we capture it.
        Authorized = 2 "authorized",
        /// The money is ours.
        Captured = 3 "captured",
    }
}

numbered! {
    /// How far a refund is. A later one outranks an earlier one, so reports may come in any order.
    /// The numbers are on disk: add, never change.
    RefundStatus {
        /// Decided; the provider does not know of it yet.
        Owed = 1 "owed",
        /// The provider has taken it on.
        Accepted = 2 "accepted",
        /// The provider could not pay it out.
        Failed = 3 "failed",
        /// The customer has the money.
        Processed = 4 "processed",
    }
}

numbered! {
    /// Why money goes back. The numbers are on disk: add, never change.
    RefundReason {
        /// The order was cancelled.
        Cancelled = 1 "order_cancelled",
        /// A line was short or replaced by a cheaper one.
        LineChanged = 2 "line_changed",
        /// The order was paid more than once.
        PaidTwice = 3 "paid_twice",
        /// The amount was not the order's.
        WrongAmount = 4 "wrong_amount",
        /// The money came after the hold was over, and the units were gone.
        TooLate = 5 "paid_too_late",
        /// Support decided it.
        Support = 6 "support",
        /// Given back at the provider, not by us.
        AtProvider = 7 "at_provider",
    }
}

/// What is known of the money of an order, as answers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the order's life in the README")]
pub enum PaymentStatus {
    Pending,
    Processing,
    Authorized,
    Completed,
    Failed,
    TimedOut,
    CodPending,
    CodCollected,
    RefundPending,
    PartiallyRefunded,
    Refunded,
}

impl PaymentStatus {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Authorized => "authorized",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::CodPending => "cod_pending",
            Self::CodCollected => "cod_collected",
            Self::RefundPending => "refund_pending",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
        }
    }
}
