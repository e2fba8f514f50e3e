//! Products of two panels with many rows, for processors with AMX: matrices of 16 rows of 64 bytes
//! are multiplied by one instruction.
//!
//! Owns what such a processor does better than `avx512`, which computes the same to the bit: sums
//! below a block's scale are whole numbers in both. A block of 256 weights has scales of its
//! parts, which are multiplied into the weights here, where they are unpacked; the products of two
//! numbers of 4 to 6 bits do not fit a byte, so that there are two matrices of weights, whose sums
//! are joined. That is paid once for all rows: with few rows `avx512` is faster.
//!
//! | module | owns |
//! |---|---|
//! | `probe` | whether this processor, and the system it runs, have it |
//! | `tiles` | the instructions |
//! | `weights` | weights unpacked into tiles |
//! | `sums` | sums scaled and added up |

#![allow(unsafe_code)]

mod probe;
mod sums;
mod tiles;
mod weights;

use super::input::Tile;
use super::pairs::{LANES, Pair, fetch};
use super::panel::Format;
use sums::{Block, Totals};
use tiles::{Configured, Small, Sums};
use weights::Unpacked;

pub use probe::supported;
pub use tiles::{RUN, TILE};

/// Tiles of rows for which weights are unpacked once. Their results stay in the nearest cache.
pub const GROUP: usize = 8;
/// Results of as many rows as are computed together, `[row][lane]`.
pub type Results = [f32; GROUP * TILE * LANES];

/// Rows from which this is faster than `avx512`: unpacking costs as much for few rows as for many.
/// Measured with 1.5B on a Xeon, two threads: 0.8 times as fast with 8 and 12, level with 24, 1.2 to
/// 1.4 times from 32 to 128 (`docs/performance/raw/amx.txt`).
pub const FROM: usize = 32;

/// Adds row `lane` of the panels · row `m` of the tiles to `out[m * LANES + lane]`. The tiles are one
/// behind the other; those without rows are left out.
///
/// # Safety
/// [`supported`]. Lengths are checked.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
pub unsafe fn product(
    format: Format,
    pair: Pair<'_>,
    tiles: &[Tile<'_>; GROUP],
    out: &mut Results,
) {
    let blocks = pair.blocks(format);
    let count = tiles.iter().take_while(|tile| tile.rows > 0).count();
    let Some(tiles) = tiles.get(..count) else { return };
    let sums = if format.block() == 32 { 1 } else { 12 };
    let fits = |tile: &Tile<'_>| {
        tile.rows <= TILE
            && tile.quants.len() == blocks * TILE * format.block()
            && tile.scales.len() == blocks * TILE
            && tile.sums.len() == blocks * TILE * sums
    };
    assert!(tiles.iter().all(fits), "tiles that do not fit the panels");
    // SAFETY: the processor is the caller's promise; the tiles have just been found to be of
    // `blocks` blocks.
    unsafe {
        match format {
            Format::Q4K | Format::Q5K | Format::Q6K => large(format, pair, blocks, tiles, out),
            Format::Q5_0 | Format::Q8_0 => small(format, pair, blocks, tiles, out),
        }
    }
}

/// Blocks of 256 elements: two tiles of rows at a time with the two halves of the weights.
///
/// # Safety
/// [`supported`]; panels and tiles have `blocks` blocks.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn large(
    format: Format,
    pair: Pair<'_>,
    blocks: usize,
    tiles: &[Tile<'_>],
    out: &mut Results,
) {
    let bytes = format.panel_bytes();
    let mut weights = Unpacked::default();
    let mut sums = Sums::default();
    // SAFETY: the processor; the block of the panels and of the tiles is one they have, and a
    // tile's part of `out` is its own.
    unsafe {
        let configured = Configured::large();
        for block in 0..blocks {
            let panels = pair.both().add(block * bytes);
            weights.unpack(format, panels);
            let scales = Block::read(format, panels);
            for (number, two) in tiles.chunks(2).enumerate() {
                if let Some(ahead) = pair.ahead() {
                    fetch(ahead, block, bytes, (number, tiles.len().div_ceil(2)));
                }
                let quants = |tile: &Tile<'_>| tile.quants.as_ptr().add(block * 256 * TILE);
                let mut totals =
                    |row: usize| out.as_mut_ptr().add((2 * number * TILE + row) * LANES);
                match two {
                    [a, b] => {
                        configured.two(format, [quants(a), quants(b)], &weights, &mut sums);
                        scales.add(*a, block, sums.of_first(), Totals(totals(0)));
                        scales.add(*b, block, sums.of_second(), Totals(totals(TILE)));
                    }
                    [a] => {
                        configured.one(format, quants(a), &weights, &mut sums);
                        scales.add(*a, block, sums.of_first(), Totals(totals(0)));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Blocks of 32 elements: up to four tiles of rows at a time.
///
/// # Safety
/// As [`large`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn small(
    format: Format,
    pair: Pair<'_>,
    blocks: usize,
    tiles: &[Tile<'_>],
    out: &mut Results,
) {
    let bytes = format.panel_bytes();
    let mut weights = Small::default();
    let mut sums = Sums::default();
    // SAFETY: as in `large`.
    unsafe {
        let configured = Configured::small();
        for block in 0..blocks {
            let panels = pair.both().add(block * bytes);
            if let Some(ahead) = pair.ahead() {
                fetch(ahead, block, bytes, (0, 1));
            }
            weights.unpack(format, panels);
            let scale = sums::scale_of_small(format, panels);
            for (number, some) in tiles.chunks(4).enumerate() {
                let quants = std::array::from_fn(|at| {
                    let tile = some.get(at).or(some.first());
                    tile.map_or(std::ptr::null(), |tile| {
                        tile.quants.as_ptr().wrapping_add(block * 32 * TILE)
                    })
                });
                configured.four(quants, some.len(), &weights, &mut sums);
                for (at, tile) in some.iter().enumerate() {
                    let totals = out.as_mut_ptr().add((4 * number + at) * TILE * LANES);
                    sums::add_small(scale, *tile, block, sums.number(at), Totals(totals));
                }
            }
        }
    }
}
