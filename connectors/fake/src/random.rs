//! Random numbers by position.

/// A stream of random words that can be read at any place.
///
/// Word `n` is what wyrand gives after `n` steps: its state is a counter, so a place costs nothing
/// to reach. Good enough for made-up data, not for secrets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream(u64);

const STEP: u64 = 0xa076_1d64_78bd_642f;
const MIX: u64 = 0xe703_7ed1_a0b4_28db;

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for part `index` of what this one is for.
    pub(crate) fn child(self, index: u64) -> Self {
        Self(self.word(index))
    }

    #[inline(always)]
    pub(crate) fn word(self, n: u64) -> u64 {
        let state = self.0.wrapping_add(n.wrapping_add(1).wrapping_mul(STEP));
        let product = u128::from(state) * u128::from(state ^ MIX);
        (product ^ (product >> 64)) as u64
    }
}

/// A number below `bound`, and fresh randomness for a further pick from the same word.
#[inline(always)]
pub(crate) fn below(word: u64, bound: u64) -> (u64, u64) {
    let product = u128::from(word) * u128::from(bound);
    ((product >> 64) as u64, product as u64)
}

/// A number from 0 to 1, without 1.
#[inline(always)]
pub(crate) fn unit(word: u64) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    (word >> 11) as f64 * SCALE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_are_spread_evenly() {
        let stream = Stream::new(1).child(3);
        let mut counts = [0u32; 7];
        for n in 0..70_000 {
            counts[below(stream.word(n), 7).0 as usize] += 1;
        }
        assert!(
            counts.iter().all(|c| (9_600..10_400).contains(c)),
            "{counts:?}"
        );
        assert!((0..1_000).all(|n| (0.0..1.0).contains(&unit(stream.word(n)))));
    }
}
