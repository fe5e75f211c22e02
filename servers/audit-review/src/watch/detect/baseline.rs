//! What is usual of a count: the median and the median deviation of its square roots.
//!
//! The square root makes counts of events alike in spread, whether there are few or many; median
//! and median deviation do not follow a few odd values (Iglewicz and Hoaglin, 1993).

/// What is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    middle: f64,
    spread: f64,
}

impl Usual {
    /// What is usual of `counts`; `zeros` more are none.
    #[must_use]
    pub fn of(counts: impl Iterator<Item = u64>, zeros: usize) -> Self {
        let mut roots: Vec<f64> = counts.map(root).collect();
        roots.extend(std::iter::repeat_n(0.0, zeros));
        let middle = median(&mut roots);
        for root in &mut roots {
            *root = (*root - middle).abs();
        }
        let deviation = 1.4826 * median(&mut roots);
        // the root of a count of independent events has the deviation 1/2; people's work comes
        // in tasks, not in independent events
        let spread = deviation.max(0.5).max(LEAST * middle);
        Self { middle, spread }
    }

    /// The count whose robust z is `z`.
    #[must_use]
    pub fn at(self, z: f64) -> u64 {
        let root = self.middle + z * self.spread;
        whole((root * root).ceil())
    }
}

fn root(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far more exact than needed")]
    let count = count as f64;
    count.sqrt()
}

fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied().unwrap_or_default();
    let lower = values.get((values.len() - 1) / 2).copied();
    f64::midpoint(lower.unwrap_or_default(), upper)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` goes to the nearest that there is"
)]
const fn whole(figure: f64) -> u64 {
    figure as u64
}

/// The least spread, as a part of the middle.
const LEAST: f64 = 0.2;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_median_does_not_follow_a_few_odd_values() {
        let calm = Usual::of([100, 90, 110, 95, 105].into_iter(), 0);
        let odd = Usual::of([100, 90, 110, 95, 1_000_000].into_iter(), 0);
        assert!(odd.at(3.5) < 2 * calm.at(3.5));
        assert_eq!(Usual::of([].into_iter(), 0).at(3.5), 4);
    }

    proptest! {
        #[test]
        fn what_is_usual_is_below_what_is_told(counts in prop::collection::vec(0_u64..1 << 40, 1..60)) {
            let usual = Usual::of(counts.iter().copied(), 0);
            let above = counts.iter().filter(|count| **count > usual.at(1.0)).count();
            prop_assert!(above * 2 <= counts.len());
            prop_assert!(usual.at(3.5) <= usual.at(5.0));
        }
    }
}
