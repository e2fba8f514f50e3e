//! Inputs of products, rounded to signed bytes.
//!
//! Owns the rounding and the order the products read them in. Rows are grouped in tiles, of as many
//! as the code of the products takes at once, and within a tile the rows' elements alternate by runs
//! of four, or of what that code wants: what a product needs next is always beside what it read
//! last. Beside the bytes are their sums, by which products correct for weights that are stored with
//! an offset. The rounding of a row does not depend on its neighbours.

#![allow(unsafe_code)]

use super::pool::{Parts, pool};

/// Largest absolute value of a rounded element.
const LARGEST: f32 = 127.0;

/// The order of inputs within a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Rows of a tile.
    pub tile: usize,
    /// Elements of a row that are side by side, a multiple of 4; a block's where it has fewer.
    pub run: usize,
    /// Whether the last tile has room for as many rows as the others.
    pub whole: bool,
}

impl Order {
    /// Tiles of so many rows, whose elements alternate four by four.
    pub const fn fours(tile: usize) -> Self {
        Self { tile, run: 4, whole: false }
    }
}

/// Rows of a matrix of inputs, rounded in blocks.
pub struct Inputs {
    rows: usize,
    cols: usize,
    block: usize,
    order: Order,
    quants: Vec<i8>,
    /// Per 32 elements: their sum; or, for blocks of 256, the sums of two times 16 as a pair of
    /// 16-bit numbers, and after the 8 of a block 4 pairs of sums of 32.
    sums: Vec<i32>,
    scales: Vec<f32>,
}

/// A tile of an input.
#[derive(Clone, Copy)]
pub struct Tile<'a> {
    /// `[block * elements / run][row][run]`
    pub quants: &'a [i8],
    /// `[block][sum][row]`
    pub sums: &'a [i32],
    /// `[block][row]`
    pub scales: &'a [f32],
    /// Rows of this tile; where tiles are whole, there is room for more.
    pub rows: usize,
}

/// Sums per block.
const fn sums_of(block: usize) -> usize {
    if block == 32 { 1 } else { block / 32 + block / 64 }
}

const fn pair(low: i32, high: i32) -> i32 {
    low & 0xffff | high << 16
}

impl Inputs {
    /// Rounds rows of `cols` floats, in blocks of 32 or 256 that a row has a whole number of.
    pub fn new(input: &[f32], cols: usize, block: usize, order: Order) -> Self {
        let order = Order { tile: order.tile.max(1), run: order.run.min(block), ..order };
        let tile = order.tile;
        let rows = input.len() / cols.max(1);
        let room = if order.whole { rows.next_multiple_of(tile) } else { rows };
        let blocks = cols / block;
        let mut inputs = Self {
            rows,
            cols,
            block,
            order,
            quants: vec![0; room * cols],
            sums: vec![0; room * blocks * sums_of(block)],
            scales: vec![0.0; room * blocks],
        };
        let quants = Parts::new(&mut inputs.quants);
        let sums = Parts::new(&mut inputs.sums);
        let scales = Parts::new(&mut inputs.scales);
        pool().run(rows.div_ceil(tile), &|index| {
            let from = index * tile;
            let (count, room) = (tile.min(rows - from), tile.min(room - from));
            let source = input.get(from * cols..(from + count) * cols).unwrap_or_default();
            let part = |per_row: usize| (from * per_row, room * per_row);
            let ((q, q_len), (s, s_len), (d, d_len)) =
                (part(cols), part(blocks * sums_of(block)), part(blocks));
            // SAFETY: the parts of a tile are written by the one piece that has its number.
            let (quants, sums, scales) =
                unsafe { (quants.get(q, q_len), sums.get(s, s_len), scales.get(d, d_len)) };
            for (row, source) in source.chunks_exact(cols).enumerate() {
                for (index, values) in source.chunks_exact(block).enumerate() {
                    let place = Place { index, row, rows: room, run: order.run };
                    let scale = round_block(values, place, quants, sums);
                    if let Some(slot) = scales.get_mut(index * room + row) {
                        *slot = scale;
                    }
                }
            }
        });
        inputs
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of a row.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Elements of a block.
    pub fn block(&self) -> usize {
        self.block
    }

    /// How the rows of a tile are stored.
    pub fn order(&self) -> Order {
        self.order
    }

    /// Number of tiles.
    pub fn tiles(&self) -> usize {
        self.rows.div_ceil(self.order.tile)
    }

    /// A tile; without rows where there is none of that number.
    pub fn tile(&self, index: usize) -> Tile<'_> {
        let tile = self.order.tile;
        let from = (index * tile).min(self.rows);
        let rows = tile.min(self.rows - from);
        let room = if self.order.whole && rows > 0 { tile } else { rows };
        fn part<T>(all: &[T], from: usize, rows: usize, per_row: usize) -> &[T] {
            all.get(from * per_row..(from + rows) * per_row).unwrap_or_default()
        }
        let blocks = self.cols / self.block;
        Tile {
            quants: part(&self.quants, from, room, self.cols),
            sums: part(&self.sums, from, room, blocks * sums_of(self.block)),
            scales: part(&self.scales, from, room, blocks),
            rows,
        }
    }
}

/// Which block of which row of a tile.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    row: usize,
    /// Of the tile, or what it has room for.
    rows: usize,
    run: usize,
}

/// Rounds a block to the nearest of 255 steps and tells the width of a step.
fn round_block(values: &[f32], place: Place, quants: &mut [i8], sums: &mut [i32]) -> f32 {
    let Place { index, row, rows, run } = place;
    let largest = largest(values);
    let inverse = if largest > 0.0 { LARGEST / largest } else { 0.0 };
    let from = index * values.len() * rows;
    let runs = quants.get_mut(from..).unwrap_or_default().chunks_exact_mut(run);
    let mut sixteens = [0i32; 16];
    let own = runs.skip(row).step_by(rows.max(1)).flat_map(|run| run.as_chunks_mut::<4>().0);
    for (at, (values, out)) in values.as_chunks::<4>().0.iter().zip(own).enumerate() {
        let mut sum = 0;
        for (value, out) in values.iter().zip(out) {
            let quant = nearest(value * inverse);
            *out = quant as i8;
            sum += quant;
        }
        if let Some(slot) = sixteens.get_mut(at / 4) {
            *slot += sum;
        }
    }
    let base = index * sums_of(values.len());
    let mut put = |at: usize, value: i32| {
        if let Some(slot) = sums.get_mut((base + at) * rows + row) {
            *slot = value;
        }
    };
    let (twos, _) = sixteens.as_chunks::<2>();
    if values.len() == 32 {
        put(0, sixteens.iter().sum());
    } else {
        for (at, [a, b]) in twos.iter().enumerate() {
            put(at, pair(*a, *b));
        }
        for (at, [a, b, c, d]) in sixteens.as_chunks::<4>().0.iter().enumerate() {
            put(twos.len() + at, pair(a + b, c + d));
        }
    }
    largest / LARGEST
}

/// Largest absolute value, in lanes the compiler can keep in a register.
fn largest(values: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    for chunk in values.as_chunks::<8>().0 {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = lane.max(x.abs());
        }
    }
    lanes.into_iter().fold(0.0, f32::max)
}

/// The nearest whole number, ties to even, of a value below 2^22: the sum's low bits are it.
/// Without a call, which `round_ties_even` is on a processor not known to have SSE4.1.
fn nearest(x: f32) -> i32 {
    const MAGIC: f32 = 12_582_912.0;
    ((x + MAGIC).to_bits() & 0x007f_ffff) as i32 - 0x0040_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_number_is_found_without_a_call() {
        for (x, expected) in [(0.0, 0), (0.5, 0), (1.5, 2), (-0.5, 0), (-126.7, -127), (127.0, 127)]
        {
            assert_eq!(nearest(x), expected, "{x}");
        }
    }

    #[test]
    fn elements_are_rounded_to_within_half_a_step_in_any_tile() {
        let lines = Order { tile: 16, run: 64, whole: true };
        let shapes = [
            (1, 32, Order::fours(4)),
            (3, 32, Order::fours(4)),
            (4, 256, Order::fours(4)),
            (6, 256, Order::fours(4)),
            (9, 32, Order::fours(8)),
            (13, 256, Order::fours(8)),
            (9, 32, lines),
            (37, 256, lines),
        ];
        for (rows, block, order) in shapes {
            let cols = 512;
            let input: Vec<f32> =
                (0..rows * cols).map(|i| ((i * 37) % 613) as f32 * 0.013 - 4.0).collect();
            let inputs = Inputs::new(&input, cols, block, order);
            let run = order.run.min(block);
            for row in 0..rows {
                let tile = inputs.tile(row / order.tile);
                let lane = row % order.tile;
                let room = if order.whole { order.tile } else { tile.rows };
                assert_eq!(tile.quants.len(), room * cols);
                for k in 0..cols {
                    let quant = tile.quants[(k / run * room + lane) * run + k % run];
                    let scale = tile.scales[k / block * room + lane];
                    let (x, back) = (input[row * cols + k], f32::from(quant) * scale);
                    assert!((back - x).abs() <= scale * 0.501, "{x} became {back}");
                }
            }
            assert_eq!(inputs.tile(rows).rows, 0);
        }
    }

    #[test]
    fn sums_are_those_of_the_bytes() {
        let input: Vec<f32> = (0..256).map(|i| ((i * 71) % 255) as f32 - 127.0).collect();
        let inputs = Inputs::new(&input, 256, 256, Order::fours(4));
        let tile = inputs.tile(0);
        let sum = |part: &[i8]| part.iter().map(|q| i32::from(*q)).sum::<i32>();
        for (at, two) in tile.quants.chunks(32).enumerate() {
            let (a, b) = two.split_at(16);
            assert_eq!(tile.sums[at], pair(sum(a), sum(b)));
        }
        for (at, four) in tile.quants.chunks(64).enumerate() {
            let (a, b) = four.split_at(32);
            assert_eq!(tile.sums[8 + at], pair(sum(a), sum(b)));
        }
    }
}
