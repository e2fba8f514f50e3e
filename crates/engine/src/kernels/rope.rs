//! Rotary positions: tables of sines and cosines, and the turning of heads.
//!
//! Owns the angles, and which elements of a head make a pair. Which base and factors a layer has is
//! the families' business (`arch`). Source: RoFormer (arXiv:2104.09864); position interpolation
//! (arXiv:2306.15595) for a linear factor, LongRoPE (arXiv:2402.13753) for factors by frequency.

/// Which elements are turned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// `i` and `i + half`: as Qwen, Phi and Gemma.
    Halves,
    /// `2 i` and `2 i + 1`: as files of the Llama family, whose converter reorders the rows of
    /// queries and keys for it.
    Neighbours,
}

/// What the angles are made of.
#[derive(Debug, Clone)]
pub struct Angles {
    /// Elements of a head that are turned, from the first; even. The rest stays as it is.
    pub dims: usize,
    /// Base of the frequencies: `base^(-2 i / dims)`.
    pub base: f64,
    /// What positions are divided by.
    pub stretch: f64,
    /// What each frequency is divided by; empty for nothing, else `dims / 2` of them.
    pub factors: Vec<f32>,
    /// What the turned elements are multiplied by.
    pub magnitude: f64,
    /// Which elements are turned together.
    pub pairs: Pairs,
}

/// Sines and cosines, `[position][dims / 2]`.
#[derive(Debug)]
pub struct Rope {
    cos: Vec<f32>,
    sin: Vec<f32>,
    half: usize,
    pairs: Pairs,
}

impl Rope {
    /// Tables for positions below `context`.
    pub fn new(angles: &Angles, context: usize) -> Self {
        let half = angles.dims / 2;
        let frequencies: Vec<f64> = (0..half)
            .map(|i| {
                let factor = angles.factors.get(i).map_or(1.0, |factor| f64::from(*factor));
                let power = -2.0 * i as f64 / angles.dims as f64;
                angles.base.powf(power) / factor / angles.stretch
            })
            .collect();
        let turns = || {
            (0..context).flat_map(|position| frequencies.iter().map(move |f| position as f64 * f))
        };
        Self {
            cos: turns().map(|a| (a.cos() * angles.magnitude) as f32).collect(),
            sin: turns().map(|a| (a.sin() * angles.magnitude) as f32).collect(),
            half,
            pairs: angles.pairs,
        }
    }

    /// Cosines and sines, each `[position][dims / 2]`.
    pub fn tables(&self) -> (&[f32], &[f32]) {
        (&self.cos, &self.sin)
    }

    /// Pairs of elements that are turned.
    pub fn half(&self) -> usize {
        self.half
    }

    /// Which elements are turned together.
    pub fn pairs(&self) -> Pairs {
        self.pairs
    }

    /// Turns the vectors of all heads of `dim` elements in `row` to a position.
    pub fn apply(&self, row: &mut [f32], dim: usize, position: usize) {
        let span = position * self.half..(position + 1) * self.half;
        let (Some(cos), Some(sin)) = (self.cos.get(span.clone()), self.sin.get(span)) else {
            return;
        };
        match self.pairs {
            Pairs::Halves => {
                for head in row.chunks_exact_mut(dim) {
                    let (first, second) = head.split_at_mut(self.half.min(dim));
                    turn(first.iter_mut().zip(second), cos, sin);
                }
            }
            Pairs::Neighbours => {
                for head in row.chunks_exact_mut(dim) {
                    let (pairs, _) = head.as_chunks_mut::<2>();
                    turn(pairs.iter_mut().map(|[a, b]| (a, b)), cos, sin);
                }
            }
        }
    }
}

#[inline(always)]
fn turn<'a>(pairs: impl Iterator<Item = (&'a mut f32, &'a mut f32)>, cos: &[f32], sin: &[f32]) {
    for (((a, b), cos), sin) in pairs.zip(cos).zip(sin) {
        let (x, y) = (*a, *b);
        *a = x * cos - y * sin;
        *b = x * sin + y * cos;
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::noise;
    use super::*;

    fn angles(dims: usize, pairs: Pairs) -> Angles {
        Angles { dims, base: 10_000.0, stretch: 1.0, factors: Vec::new(), magnitude: 1.0, pairs }
    }

    fn turned(angles: &Angles, head: &[f32], position: usize) -> Vec<f32> {
        let mut head = head.to_vec();
        let dim = head.len();
        Rope::new(angles, 64).apply(&mut head, dim, position);
        head
    }

    #[test]
    fn every_pair_turns_by_its_angle_and_the_rest_stays() {
        let head = noise(24);
        for pairs in [Pairs::Halves, Pairs::Neighbours] {
            let mut angles = angles(16, pairs);
            angles.factors = (0..8).map(|i| 1.0 + i as f32 / 4.0).collect();
            (angles.stretch, angles.magnitude) = (2.0, 1.25);
            let found = turned(&angles, &head, 37);
            for i in 0..8usize {
                let power = 10_000f64.powf(-2.0 * i as f64 / 16.0);
                let angle = 37.0 * power / f64::from(angles.factors[i]) / 2.0;
                let (a, b) = if pairs == Pairs::Halves { (i, i + 8) } else { (2 * i, 2 * i + 1) };
                let (x, y) = (f64::from(head[a]), f64::from(head[b]));
                let expected =
                    (x * angle.cos() - y * angle.sin(), x * angle.sin() + y * angle.cos());
                assert!((f64::from(found[a]) - 1.25 * expected.0).abs() < 1e-6);
                assert!((f64::from(found[b]) - 1.25 * expected.1).abs() < 1e-6);
            }
            assert_eq!(found[16..], head[16..]);
        }
    }

    #[test]
    fn every_head_of_a_row_is_turned_alike() {
        let row = noise(3 * 16);
        let angles = angles(16, Pairs::Halves);
        let mut all = row.clone();
        Rope::new(&angles, 8).apply(&mut all, 16, 5);
        for (head, found) in row.chunks(16).zip(all.chunks(16)) {
            assert_eq!(turned(&angles, head, 5), found);
        }
    }

    /// What makes a file with reordered rows the same model.
    #[test]
    fn neighbours_are_halves_in_another_order() {
        let head = noise(16);
        let reordered: Vec<f32> = (0..16).map(|i| head[i / 2 + i % 2 * 8]).collect();
        let halves = turned(&angles(16, Pairs::Halves), &head, 9);
        let neighbours = turned(&angles(16, Pairs::Neighbours), &reordered, 9);
        let expected: Vec<f32> = (0..16).map(|i| halves[i / 2 + i % 2 * 8]).collect();
        assert_eq!(neighbours, expected);
    }
}
