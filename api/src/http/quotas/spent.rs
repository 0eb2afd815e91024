//! The spending of callers, in a table whose size never changes.

use super::Payer;
use governor::nanos::Nanos;
use governor::state::StateStore;
use parking_lot::Mutex;
use std::hash::{BuildHasher as _, RandomState};

/// Sets of callers; a caller belongs to one of them, by a hash that nobody can foresee.
const SETS: usize = 2_048;
/// Callers of a set. One more takes the place of the one that has spent the least.
const CALLERS: usize = 8;

/// A caller by the hash, and the time at which its budget is whole again; 0 for nobody.
type Cell = (u64, u64);

/// The spending of callers of one budget.
pub(super) struct Spent {
    hasher: RandomState,
    sets: Box<[Mutex<[Cell; CALLERS]>]>,
}

impl Default for Spent {
    fn default() -> Self {
        let sets = (0..SETS).map(|_| Mutex::new([(0, 0); CALLERS])).collect();
        Self { hasher: RandomState::new(), sets }
    }
}

impl StateStore for Spent {
    type Key = Payer;

    fn measure_and_replace<T, F, E>(&self, payer: &Payer, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let hash = self.hasher.hash_one(payer).max(1);
        let set = usize::try_from(hash % SETS as u64).unwrap_or_default();
        let mut cells = self.sets[set].lock();
        let known = cells.iter().position(|(caller, _)| *caller == hash);
        let whole_again = known.map(|at| Nanos::new(cells[at].1));
        let (told, whole_again) = decide(whole_again)?;
        let least = || (0..CALLERS).min_by_key(|at| cells[*at].1).unwrap_or_default();
        let at = known.unwrap_or_else(least);
        cells[at] = (hash, whole_again.as_u64());
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use governor::middleware::StateInformationMiddleware;
    use governor::{Quota, RateLimiter};
    use std::net::{IpAddr, Ipv4Addr};
    use std::num::NonZeroU32;
    use std::time::Duration;

    fn payer(n: u32) -> Payer {
        Payer::Address(IpAddr::V4(Ipv4Addr::from_bits(n)))
    }

    fn limiter(
        quota: u32,
        clock: &FakeRelativeClock,
    ) -> RateLimiter<Payer, Spent, FakeRelativeClock, StateInformationMiddleware> {
        let quota = Quota::per_minute(NonZeroU32::new(quota).unwrap());
        RateLimiter::new(quota, Spent::default(), clock.clone())
    }

    #[test]
    fn a_budget_is_spent_by_its_caller_alone_and_comes_back() {
        let clock = FakeRelativeClock::default();
        let limiter = limiter(3, &clock);
        for _ in 0..3 {
            assert!(limiter.check_key(&payer(1)).is_ok());
        }
        assert!(limiter.check_key(&payer(1)).is_err());
        assert!(limiter.check_key(&payer(2)).is_ok());
        clock.advance(Duration::from_secs(20));
        assert!(limiter.check_key(&payer(1)).is_ok());
        assert!(limiter.check_key(&payer(1)).is_err());
    }

    #[test]
    fn whoever_has_spent_the_most_is_remembered_when_a_multitude_comes() {
        let limiter = limiter(100, &FakeRelativeClock::default());
        while limiter.check_key(&payer(0)).is_ok() {}
        for n in 1..100_000 {
            assert!(limiter.check_key(&payer(n)).is_ok(), "{n}");
        }
        assert!(limiter.check_key(&payer(0)).is_err());
    }
}
