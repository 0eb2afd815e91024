//! Quotas: how many calls of each group one person, and one address, may make in a minute.
//!
//! Each group has a budget of its own: whoever has spent the one for reading still orders and pays.
//! People of the shop have one for all they do, by person only, for a store is one address. Health,
//! metrics and the webhooks of the payment provider have none. A caller without a token is its
//! address; an address has the budget of several people, because many live behind one.

mod spent;

use crate::http::peer::counted_by;
use crate::http::permissions::Action;
use crate::http::problem::{Problem, table};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};
use kirana_domain::{PersonId, Principal, Role};
use serde_json::json;
use spent::Spent;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// The rest of a quota (draft-ietf-httpapi-ratelimit-headers-11).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The quota itself (the same draft).
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The window of all quotas.
const WINDOW_S: u64 = 60;

/// A group of calls with a budget of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Reads.
    Reads,
    /// Orders, carts, addresses.
    Writes,
    /// To pay, and to ask how.
    Payments,
    /// Prices of baskets.
    Quotes,
    /// Codes of coupons, which somebody might guess.
    Coupons,
    /// Tokens that are not good.
    BadTokens,
    /// Everything that people of the shop and its other systems do.
    Staff,
}

impl Group {
    /// Returns the group of a call, or `None` for one without a quota.
    pub(crate) fn of(action: Action, caller: Option<&Principal>) -> Option<Self> {
        use Action as A;
        if action.needs_no_engine() || action.is_webhook() {
            return None;
        }
        if caller.is_some_and(|caller| caller.role != Role::Customer) {
            return Some(Self::Staff);
        }
        Some(match action {
            A::PaymentStart | A::PaymentVerify | A::PaymentMethodSet | A::PaymentMethods => {
                Self::Payments
            }
            A::QuoteMake => Self::Quotes,
            A::StockQuery => Self::Reads,
            _ if action.rule().method == Method::GET => Self::Reads,
            _ => Self::Writes,
        })
    }

    /// Returns the names of its quotas: of a person, of an address.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Reads => ("reads", "reads-of-address"),
            Self::Writes => ("writes", "writes-of-address"),
            Self::Payments => ("payments", "payments-of-address"),
            Self::Quotes => ("quotes", "quotes-of-address"),
            Self::Coupons => ("coupons", "coupons-of-address"),
            Self::BadTokens => ("bad-tokens", "bad-tokens-of-address"),
            Self::Staff => ("staff", "staff-of-address"),
        }
    }
}

/// The settings: calls in a minute of one person, 0 for as many as they like.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Of each group that has a quota.
    pub(crate) per_minute: Vec<(Group, u32)>,
    /// People whose budgets one address has.
    pub(crate) address_times: u32,
}

/// The owner of a budget.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Payer {
    Person(PersonId),
    Address(IpAddr),
}

/// One quota with what everybody has spent of it.
struct Budget {
    name: &'static str,
    quota: u32,
    policy: HeaderValue,
    limiter: RateLimiter<Payer, Spent, MonotonicClock, StateInformationMiddleware>,
}

/// Headers that tell a caller what is left.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    policy: HeaderValue,
    left: HeaderValue,
}

impl Told {
    /// Adds them to an answer.
    pub(crate) fn put(self, headers: &mut HeaderMap) {
        headers.insert(RATE_LIMIT_POLICY, self.policy);
        headers.insert(RATE_LIMIT, self.left);
    }
}

impl Budget {
    fn new(name: &'static str, quota: u32) -> Option<Self> {
        let per_minute = Quota::per_minute(NonZeroU32::new(quota)?);
        let limiter = RateLimiter::new(per_minute, Spent::default(), MonotonicClock);
        let policy = HeaderValue::try_from(format!("\"{name}\";q={quota};w={WINDOW_S}")).ok()?;
        Some(Self { name, quota, policy, limiter })
    }

    /// Takes one call off the budget of whoever makes it, and returns the number of those left.
    fn spend(&self, payer: &Payer) -> Result<u32, Problem> {
        let until = match self.limiter.check_key(payer) {
            Ok(state) => return Ok(state.remaining_burst_capacity()),
            Err(until) => until,
        };
        let wait = until.wait_time_from(self.limiter.clock().now());
        let told = self.told(0);
        Err(Problem::new(&table::QUOTA_SPENT)
            .member("violated-policies", json!([self.name]))
            .header(RATE_LIMIT_POLICY, told.policy)
            .header(RATE_LIMIT, told.left)
            .header(RETRY_AFTER, HeaderValue::from(whole_seconds(wait))))
    }

    /// Tells what is left, and in how many seconds all of it is back.
    fn told(&self, left: u32) -> Told {
        let spent = u64::from(self.quota.saturating_sub(left));
        let back_s = (spent * WINDOW_S).div_ceil(u64::from(self.quota));
        let left = format!("\"{}\";r={left};t={back_s}", self.name);
        // A name of ours and two numbers are a value always.
        let left = HeaderValue::try_from(left).unwrap_or_else(|_| self.policy.clone());
        Told { policy: self.policy.clone(), left }
    }
}

/// Rounds up: whoever comes earlier would come in vain.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// All quotas.
pub(crate) struct Quotas(Vec<(Group, Option<Budget>, Option<Budget>)>);

impl Quotas {
    /// Returns quotas of which nothing is spent.
    pub(crate) fn new(settings: &Settings) -> Self {
        let budgets = settings.per_minute.iter().map(|(group, quota)| {
            let (of_person, of_address) = group.names();
            let address_quota = match group {
                Group::Staff => 0,
                _ => quota.saturating_mul(settings.address_times),
            };
            let person = Budget::new(of_person, *quota);
            (*group, person, Budget::new(of_address, address_quota))
        });
        Self(budgets.collect())
    }

    /// Takes one call off the budgets of a caller, and tells of the person's, or else of the
    /// address's.
    ///
    /// # Errors
    /// [`table::QUOTA_SPENT`], with the name of the quota and the time to wait.
    pub(crate) fn spend(
        &self,
        group: Group,
        person: Option<PersonId>,
        address: Option<IpAddr>,
    ) -> Result<Option<Told>, Problem> {
        let Some((_, of_person, of_address)) = self.0.iter().find(|(it, ..)| *it == group) else {
            return Ok(None);
        };
        let mut left = None;
        if let (Some(budget), Some(person)) = (of_person, person) {
            left = Some((budget, budget.spend(&Payer::Person(person))?));
        }
        if let (Some(budget), Some(address)) = (of_address, address) {
            let of_address = budget.spend(&Payer::Address(counted_by(address)))?;
            left = left.or(Some((budget, of_address)));
        }
        Ok(left.map(|(budget, left)| budget.told(left)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn quotas(per_minute: Vec<(Group, u32)>) -> Quotas {
        Quotas::new(&Settings { per_minute, address_times: 2 })
    }

    fn person(n: u128) -> PersonId {
        PersonId(Uuid::from_u128(n))
    }

    #[test]
    fn one_budget_never_starves_another() {
        let quotas = quotas(vec![(Group::Reads, 1), (Group::Payments, 1)]);
        assert!(quotas.spend(Group::Reads, Some(person(1)), None).is_ok());
        let refused = quotas.spend(Group::Reads, Some(person(1)), None).unwrap_err();
        assert_eq!(refused.kind().code, "QUOTA_SPENT");
        assert!(quotas.spend(Group::Payments, Some(person(1)), None).is_ok());
        assert!(quotas.spend(Group::Reads, Some(person(2)), None).is_ok());
        assert!(quotas.spend(Group::Writes, Some(person(1)), None).unwrap().is_none(), "no quota");
    }

    #[test]
    fn an_address_has_the_budget_of_several_people_and_staff_need_none() {
        let quotas = quotas(vec![(Group::Reads, 1), (Group::Staff, 1)]);
        let address: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        for n in 0..2 {
            assert!(quotas.spend(Group::Reads, Some(person(n)), address).is_ok());
        }
        assert!(quotas.spend(Group::Reads, Some(person(3)), address).is_err());
        assert!(quotas.spend(Group::Reads, None, address).is_err());
        for n in 0..9 {
            assert!(quotas.spend(Group::Staff, Some(person(n)), address).is_ok());
        }
    }

    #[test]
    fn a_caller_is_told_what_is_left() {
        let quotas = quotas(vec![(Group::Quotes, 4)]);
        let told = quotas.spend(Group::Quotes, Some(person(1)), None).unwrap().unwrap();
        assert_eq!(told.policy, "\"quotes\";q=4;w=60");
        assert_eq!(told.left, "\"quotes\";r=3;t=15");
    }

    #[test]
    fn webhooks_and_health_have_no_quota_and_each_call_of_a_customer_has_one() {
        let customer = Principal { role: Role::Customer, person_id: person(1), store_id: None };
        let packer = Principal { role: Role::Packer, ..customer };
        for action in [Action::Live, Action::Ready, Action::Metrics, Action::PaymentWebhook] {
            assert_eq!(Group::of(action, None), None, "{action:?}");
        }
        assert_eq!(Group::of(Action::OrderPlace, Some(&customer)), Some(Group::Writes));
        assert_eq!(Group::of(Action::StockQuery, None), Some(Group::Reads));
        assert_eq!(Group::of(Action::PaymentStart, Some(&customer)), Some(Group::Payments));
        assert_eq!(Group::of(Action::OrderPack, Some(&packer)), Some(Group::Staff));
    }
}
