//! Schema 1. Released shapes: never edit, never reorder; a new variant goes to the end.
//!
//! One file for each noun holds its shapes and both ways: `From` makes a shape of a domain type,
//! and `parse` makes the domain type again. It checks every rule of that type: a record that breaks
//! one was not written by a release of this program. Texts are borrowed, from the domain when
//! writing and from the log's bytes when reading: nothing is copied but into the log's bytes.
//!
//! bincode writes the fields one after the other, and a variant as its number: positions are on
//! disk, names are not. There are no serde attributes but `borrow`, which leaves the bytes alone.
//!
//! A fact that says more than its shape has place for gets a second shape at the end, with the same
//! name and `V2` (then `V3`) behind it. From then on every record of its kind is written in the
//! newest shape, also one that has nothing more to say: the log tells which release wrote a record,
//! and there is one way to write. The older shapes are read as what they were then.
//!
//! | kind | its second shape says as well | its first is read with |
//! |---|---|---|
//! | `StoreOpened`, `StoreChanged` | bounds of cash, weather, promises, GST number | cash without bounds, defaults |
//! | the same, third | whether the store delivers anywhere | delivery within zones |
//! | `OrderPlaced` | discounts, preference, coupon, zone, promise | 18 % GST in the fee, none of the rest |
//! | `PriceChanged`, a refusal | discounts, coupon | 18 % GST in the fee, none of the rest |
//! | `ProductDefined` | whether it is sold, description, picture, categories, attributes | sold, none of the rest |
//! | `StockReceived` | a reason of each line | no reasons |
//! | `EngineStarted` | the clocks | none: times up to it may fall and jump |
//! | `InvoiceIssued` | the parts of a credit note | a credit note is of all that is left |
//! | `ChargeSeen` | code and reason of a failure | a description at the most |
//!
//! | kind | its third shape says as well | the others are read with |
//! |---|---|---|
//! | `OrderPlaced`, `PriceChanged` | the rule of tax | the odd paisa of tax is SGST |

pub(crate) mod bill;
pub(crate) mod coupon;
pub(crate) mod credit;
pub(crate) mod endpoint;
pub(crate) mod front;
mod id;
pub(crate) mod money;
pub(crate) mod order;
mod order_fact;
pub(crate) mod person;
pub(crate) mod product;
mod record;
mod rejection;
mod stock;
pub(crate) mod store;
pub(crate) mod words;
pub(crate) mod zone;

pub(crate) use id::Id;
pub(crate) use record::Record;
