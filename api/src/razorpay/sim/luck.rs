//! Seeded luck: the same seed and the same calls in the same order have the same faults.

/// Spreads a number over all 64 bits. A bijection (the finaliser of SplitMix64).
pub(super) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A row of numbers that follows from its seed.
#[derive(Clone, Debug)]
pub(super) struct Luck {
    place: u64,
}

impl Luck {
    pub(super) fn new(seed: u64) -> Self {
        Self { place: mixed(seed) }
    }

    fn next(&mut self) -> u64 {
        self.place = self.place.wrapping_add(1);
        mixed(self.place)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn has(&mut self, percent: u8) -> bool {
        // Drawn always, so that one fault does not change the luck of the others.
        let drawn = self.next() % 100;
        drawn < u64::from(percent)
    }

    /// A number of a range, both ends included.
    pub(super) fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        let drawn = self.next();
        least + drawn % (most.saturating_sub(least).saturating_add(1)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luck_follows_from_its_seed_and_keeps_to_its_percentages() {
        let draw = |seed| {
            let mut luck = Luck::new(seed);
            (0..10_000).map(|_| luck.has(20)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let hits = draw(1).iter().filter(|hit| **hit).count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
        let mut luck = Luck::new(3);
        assert!((0..1_000).all(|_| !luck.has(0) && luck.has(100)));
        assert!((0..1_000).all(|_| (5..=7).contains(&luck.between((5, 7)))));
        assert_eq!(luck.between((9, 9)), 9);
    }
}
