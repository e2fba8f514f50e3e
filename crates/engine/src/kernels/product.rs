//! Products of packed matrices with rounded inputs, on all threads.
//!
//! Owns how the work is cut into pieces and which code does it. Called by `matrix`.

#![allow(unsafe_code)]

use super::input::{Inputs, TILE, Tile};
use super::panel::{Panels, ROWS};
use super::pool::{Parts, pool};

/// Pieces per thread: enough that a thread which starts late takes fewer, few enough that taking
/// one costs nothing.
const PIECES: usize = 8;

/// Whether this processor can run any of the fast products; elsewhere candle's are faster than
/// the scalar one here, which is for comparison.
pub fn supported() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        super::avx2::supported()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// `out[m * rows + n]` = row `n` of the matrix · row `m` of the input, for each of the matrices,
/// as one job.
///
/// # Panics
/// Where inputs or outputs do not have the matrix's shape.
pub fn multiply(matrices: &mut [(&Panels, &mut [f32])], inputs: &Inputs) {
    let rows = inputs.rows();
    let mut jobs = Vec::with_capacity(matrices.len());
    let mut total = 0;
    for (panels, out) in matrices {
        assert!(
            panels.cols() == inputs.cols()
                && panels.format().block() == inputs.block()
                && out.len() == panels.rows() * rows,
            "operands of a product that do not fit"
        );
        jobs.push((total, &**panels, Parts::new(out)));
        total += panels.count();
    }
    let pieces = total.min(pool().threads() * PIECES).max(1);
    pool().run(pieces, &|piece| {
        for index in total * piece / pieces..total * (piece + 1) / pieces {
            let job = jobs.iter().rev().find(|(from, ..)| *from <= index);
            let Some((from, panels, out)) = job else { continue };
            one_panel(panels, index - from, inputs, out);
        }
    });
}

fn one_panel(panels: &Panels, index: usize, inputs: &Inputs, out: &Parts<'_, f32>) {
    let panel = panels.panel(index);
    let lanes = ROWS.min(panels.rows() - index * ROWS);
    for number in 0..inputs.tiles() {
        let tile = inputs.tile(number);
        let mut results = [0.0; TILE * ROWS];
        tile_product(panels, panel, tile, &mut results);
        for (m, result) in results.chunks_exact(ROWS).take(tile.rows).enumerate() {
            let at = (number * TILE + m) * panels.rows() + index * ROWS;
            // SAFETY: this panel's outputs of this row; each panel is in one piece.
            let slot = unsafe { out.get(at, lanes) };
            for (slot, result) in slot.iter_mut().zip(result) {
                *slot = *result;
            }
        }
    }
}

fn tile_product(panels: &Panels, panel: &[u8], tile: Tile<'_>, out: &mut [f32; TILE * ROWS]) {
    #[cfg(target_arch = "x86_64")]
    if super::avx2::supported() {
        // SAFETY: just asked; `out` has room for 8 outputs of each of at most 4 rows.
        return unsafe {
            super::avx2::product(panels.format(), panel, tile, out.as_mut_ptr(), ROWS);
        };
    }
    scalar(panels, panel, tile, out);
}

/// The definition of a product: sums of a block in 64 bits, blocks added in order.
pub fn scalar(panels: &Panels, panel: &[u8], tile: Tile<'_>, out: &mut [f32]) {
    let size = panels.format().block();
    let quant = |block: usize, k: usize, m: usize| {
        let at = ((block * size + k) / 4 * tile.rows + m) * 4 + k % 4;
        f64::from(tile.quants.get(at).copied().unwrap_or_default())
    };
    for lane in 0..ROWS {
        let mut totals = [0f64; TILE];
        for (index, block) in panel.chunks_exact(panels.format().panel_bytes()).enumerate() {
            let block = panels.unpack_block(block, lane);
            for (m, total) in totals.iter_mut().enumerate().take(tile.rows) {
                let scale = tile.scales.get(index * tile.rows + m).copied().unwrap_or_default();
                for (k, weight) in block.quants.iter().enumerate() {
                    let of =
                        |values: &[f32]| f64::from(values.get(k / 16).copied().unwrap_or_default());
                    let value = of(&block.scales) * f64::from(*weight) - of(&block.minima);
                    *total += value * quant(index, k, m) * f64::from(scale);
                }
            }
        }
        for (m, total) in totals.iter().enumerate().take(tile.rows) {
            if let Some(slot) = out.get_mut(m * ROWS + lane) {
                *slot = *total as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::GgmlDType;
    use proptest::prelude::*;

    use super::super::fixture;
    use super::super::panel::Format;
    use super::*;

    const TYPES: [GgmlDType; 5] =
        [GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K, GgmlDType::Q5_0, GgmlDType::Q8_0];

    fn panels(dtype: GgmlDType, bytes: &[u8], rows: usize, cols: usize) -> Panels {
        Panels::pack(Format::of(dtype).expect("packed"), bytes, rows, cols).expect("fits")
    }

    fn check(panels: &Panels, input: &[f32]) {
        let inputs = Inputs::new(input, panels.cols(), panels.format().block());
        let mut out = vec![f32::NAN; inputs.rows() * panels.rows()];
        multiply(&mut [(panels, &mut out)], &inputs);
        for n in 0..panels.rows() {
            let mut weights = Vec::new();
            panels.unpack_row(n, &mut weights).expect("a row");
            for (m, row) in input.chunks(panels.cols()).enumerate() {
                let mut expected = [0.0; TILE * ROWS];
                let tile = inputs.tile(m / TILE);
                scalar(panels, panels.panel(n / ROWS), tile, &mut expected);
                let expected = expected[m % TILE * ROWS + n % ROWS];
                let found = out[m * panels.rows() + n];
                // What rounding of sums may do; offsets make the parts larger than the whole.
                let size: f32 = weights.iter().zip(row).map(|(w, x)| (w * x).abs()).sum();
                let offset = weights.iter().fold(0f32, |a, w| a.max(w.abs())) * 32.0;
                assert!(
                    (found - expected).abs() <= (size + offset) * 2e-5,
                    "{:?} {m} {n}: {found} and not {expected}",
                    panels.format()
                );
            }
        }
    }

    #[test]
    fn products_are_those_of_the_definition() {
        for dtype in TYPES {
            for rows in [1, 2, 3, 4, 7] {
                let (count, cols) = (21, 768);
                let weights = panels(dtype, &fixture::blocks(dtype, count * cols), count, cols);
                check(&weights, &fixture::noise(rows * cols));
            }
        }
    }

    /// Every bit of weights and inputs at its largest: nothing may saturate.
    #[test]
    fn extremes_do_not_overflow() {
        for dtype in TYPES {
            let (count, cols) = (8, 512);
            for byte in [0xff, 0x7f, 0x80, 0x00] {
                let bytes = fixture::blocks_of_byte(dtype, count * cols, byte);
                let weights = panels(dtype, &bytes, count, cols);
                for sign in [1.0, -1.0] {
                    check(&weights, &vec![sign; 2 * cols]);
                }
            }
        }
    }

    #[test]
    fn a_row_has_the_same_result_in_any_company() {
        for dtype in TYPES {
            let (count, cols, rows) = (16, 1024, 11);
            let weights = panels(dtype, &fixture::blocks(dtype, count * cols), count, cols);
            let input = fixture::noise(rows * cols);
            let block = weights.format().block();
            let mut all = vec![0.0; rows * count];
            multiply(&mut [(&weights, &mut all)], &Inputs::new(&input, cols, block));
            for (row, expected) in input.chunks(cols).zip(all.chunks(count)) {
                let mut one = vec![0.0; count];
                multiply(&mut [(&weights, &mut one)], &Inputs::new(row, cols, block));
                let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&one), bits(expected), "{dtype:?}");
            }
        }
    }

    #[test]
    fn several_matrices_are_one_job() {
        let (cols, rows) = (512, 3);
        let a = panels(GgmlDType::Q4K, &fixture::blocks(GgmlDType::Q4K, 16 * cols), 16, cols);
        let b = panels(GgmlDType::Q6K, &fixture::blocks(GgmlDType::Q6K, 24 * cols), 24, cols);
        let inputs = Inputs::new(&fixture::noise(rows * cols), cols, 256);
        let (mut first, mut second) = (vec![0.0; rows * 16], vec![0.0; rows * 24]);
        multiply(&mut [(&a, &mut first), (&b, &mut second)], &inputs);
        let mut alone = vec![0.0; rows * 24];
        multiply(&mut [(&b, &mut alone)], &inputs);
        assert_eq!(second, alone);
        let mut alone = vec![0.0; rows * 16];
        multiply(&mut [(&a, &mut alone)], &inputs);
        assert_eq!(first, alone);
    }

    proptest! {
        #[test]
        fn any_bytes_are_multiplied_as_defined(
            bytes in proptest::collection::vec(any::<u8>(), 210 * 8),
            input in proptest::collection::vec(-3f32..3.0, 256),
        ) {
            for dtype in TYPES {
                let format = Format::of(dtype).expect("packed");
                let row = fixture::finite(dtype, &bytes, 256);
                let weights = panels(dtype, &row.repeat(8), 8, 256);
                prop_assert_eq!(weights.format(), format);
                check(&weights, &input);
            }
        }
    }
}
