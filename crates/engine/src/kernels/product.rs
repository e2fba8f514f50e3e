//! Products of packed matrices with rounded inputs, on all threads.
//!
//! Owns how the work is cut into pieces and which code does it. Called by `matrix`.

#![allow(unsafe_code)]

use super::code::Code;
use super::input::{Inputs, Order, Tile};
use super::panel::{Panels, ROWS};
use super::pool::{Parts, pool};

/// Pieces per thread: enough that a thread which starts late takes fewer, few enough that taking
/// one costs nothing.
const PIECES: usize = 8;

/// Most rows of a tile, of all codes for vectors.
const MOST_ROWS: usize = 8;
/// Most outputs computed together, of all codes.
const MOST_LANES: usize = 2 * ROWS;

/// Whether this processor can run any of the fast products; elsewhere candle's are faster than
/// the scalar one here, which is for comparison.
pub fn supported() -> bool {
    Code::best() != Code::Scalar
}

/// What becomes of what was in the place of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Results {
    /// It is gone.
    Replace,
    /// The result is added to it.
    Add,
}

/// `out[m * rows + n]` = row `n` of the matrix · row `m` of the input, for each of the matrices,
/// as one job; or added to it. The code is one that this processor has ([`Code::all`]).
///
/// # Panics
/// Where inputs or outputs do not have the matrix's shape, or the inputs are not in the code's
/// order.
pub fn multiply(
    code: Code,
    matrices: &mut [(&Panels, &mut [f32])],
    inputs: &Inputs,
    results: Results,
) {
    let order = code.order();
    let order = Order { run: order.run.min(inputs.block()), ..order };
    assert!(inputs.order() == order, "inputs in the order of other code");
    let rows = inputs.rows();
    let lanes = code.outputs();
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
        total += panels.rows().div_ceil(lanes);
    }
    let pieces = total.min(pool().threads() * PIECES).max(1);
    pool().run(pieces, &|piece| {
        for index in total * piece / pieces..total * (piece + 1) / pieces {
            let job = jobs.iter().rev().find(|(from, ..)| *from <= index);
            let Some((from, panels, out)) = job else { continue };
            some_outputs(code, panels, (index - from) * lanes, inputs, (out, results));
        }
    });
}

/// As many outputs as the code computes together, from the one of that number, for all rows.
fn some_outputs(
    code: Code,
    panels: &Panels,
    first: usize,
    inputs: &Inputs,
    (out, then): (&Parts<'_, f32>, Results),
) {
    let lanes = code.outputs();
    let own = lanes.min(panels.rows() - first);
    let store = |row: usize, results: &[f32]| {
        for (m, result) in results.chunks_exact(lanes).enumerate() {
            // SAFETY: these outputs of this row; each output is in one piece.
            let slot = unsafe { out.get((row + m) * panels.rows() + first, own) };
            for (slot, result) in slot.iter_mut().zip(result) {
                *slot = if then == Results::Add { *slot + *result } else { *result };
            }
        }
    };
    #[cfg(target_arch = "x86_64")]
    if code == Code::Amx {
        return groups_product(panels, first / ROWS, inputs, store);
    }
    for number in 0..inputs.tiles() {
        let tile = inputs.tile(number);
        let mut results = [0.0; MOST_ROWS * MOST_LANES];
        tile_product(code, panels, (first / ROWS, number == 0), tile, &mut results);
        store(number * inputs.order().tile, results.get(..tile.rows * lanes).unwrap_or_default());
    }
}

/// Two panels from the one of that number.
#[cfg(target_arch = "x86_64")]
fn pair(panels: &Panels, index: usize, fetch: bool) -> super::pairs::Pair<'_> {
    let panel = panels.panel(index);
    // An odd last panel is its own neighbour, whose results nobody takes.
    let next = Some(panels.panel(index + 1)).filter(|next| !next.is_empty());
    super::pairs::Pair { panels: [panel, next.unwrap_or(panel)], fetch }
}

/// Two panels from the one of that number with all tiles of the inputs, some at a time; `store`
/// takes the number of a row and the results from there on, `[row][lane]`.
#[cfg(target_arch = "x86_64")]
fn groups_product(panels: &Panels, index: usize, inputs: &Inputs, store: impl Fn(usize, &[f32])) {
    use super::amx::{self, GROUP, TILE};

    assert!(Code::Amx.runs(), "code that this processor cannot run");
    for from in (0..inputs.tiles()).step_by(GROUP) {
        let pair = pair(panels, index, from == 0);
        let tiles = std::array::from_fn(|at| inputs.tile(from + at));
        let mut results = [0.0; GROUP * TILE * MOST_LANES];
        // SAFETY: just asked.
        unsafe { amx::product(panels.format(), pair, &tiles, &mut results) };
        let rows = (GROUP * TILE).min(inputs.rows() - from * TILE);
        store(from * TILE, results.get(..rows * MOST_LANES).unwrap_or_default());
    }
}

/// `out[m * lanes + lane]`, from the panel of that number, which is read for the first time or not.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(unused_variables, reason = "AVX-512 alone asks for weights ahead")
)]
fn tile_product(
    code: Code,
    panels: &Panels,
    (index, fresh): (usize, bool),
    tile: Tile<'_>,
    out: &mut [f32; MOST_ROWS * MOST_LANES],
) {
    assert!(code.runs(), "code that this processor cannot run");
    let panel = panels.panel(index);
    match code {
        Code::Scalar => scalar(panels, panel, tile, out),
        #[cfg(target_arch = "aarch64")]
        Code::Neon => {
            // SAFETY: just asked; `out` has room for 8 outputs of each of at most 4 rows.
            unsafe { super::neon::product(panels.format(), panel, tile, out.as_mut_ptr()) }
        }
        #[cfg(target_arch = "x86_64")]
        Code::Avx2 => {
            // SAFETY: just asked; `out` has room for 8 outputs of each of at most 4 rows.
            unsafe {
                super::avx2::product(panels.format(), panel, tile, out.as_mut_ptr(), ROWS);
            }
        }
        #[cfg(target_arch = "x86_64")]
        // AMX has none but in groups.
        Code::Amx | Code::Avx512 => {
            let pair = pair(panels, index, fresh);
            // SAFETY: just asked; `out` has room for 16 outputs of each of at most 8 rows.
            unsafe { super::avx512::product(panels.format(), pair, tile, out.as_mut_ptr()) }
        }
    }
}

/// The definition of a product: sums of a block in 64 bits, blocks added in order.
pub fn scalar(panels: &Panels, panel: &[u8], tile: Tile<'_>, out: &mut [f32]) {
    let size = panels.format().block();
    let quant = |block: usize, k: usize, m: usize| {
        let at = ((block * size + k) / 4 * tile.rows + m) * 4 + k % 4;
        f64::from(tile.quants.get(at).copied().unwrap_or_default())
    };
    for lane in 0..ROWS {
        let mut totals = [0f64; MOST_ROWS];
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

    fn rounded(code: Code, panels: &Panels, input: &[f32]) -> Inputs {
        Inputs::new(input, panels.cols(), panels.format().block(), code.order())
    }

    fn product_of(code: Code, panels: &Panels, input: &[f32]) -> Vec<f32> {
        let inputs = rounded(code, panels, input);
        let mut out = vec![f32::NAN; inputs.rows() * panels.rows()];
        multiply(code, &mut [(panels, &mut out)], &inputs, Results::Replace);
        out
    }

    /// Every code that this processor has, against the definition.
    fn check(panels: &Panels, input: &[f32]) {
        Code::all().for_each(|code| check_code(code, panels, input));
    }

    fn check_code(code: Code, panels: &Panels, input: &[f32]) {
        let inputs = rounded(Code::Scalar, panels, input);
        let tile = Code::Scalar.order().tile;
        let out = product_of(code, panels, input);
        for n in 0..panels.rows() {
            let mut weights = Vec::new();
            panels.unpack_row(n, &mut weights).expect("a row");
            for (m, row) in input.chunks(panels.cols()).enumerate() {
                let mut expected = [0.0; MOST_ROWS * ROWS];
                scalar(panels, panels.panel(n / ROWS), inputs.tile(m / tile), &mut expected);
                let expected = expected[m % tile * ROWS + n % ROWS];
                let found = out[m * panels.rows() + n];
                // What rounding of sums may do; offsets make the parts larger than the whole.
                let size: f32 = weights.iter().zip(row).map(|(w, x)| (w * x).abs()).sum();
                let offset = weights.iter().fold(0f32, |a, w| a.max(w.abs())) * 32.0;
                assert!(
                    (found - expected).abs() <= (size + offset) * 2e-5,
                    "{code:?} {:?} {m} {n}: {found} and not {expected}",
                    panels.format()
                );
            }
        }
    }

    #[test]
    fn products_are_those_of_the_definition() {
        for dtype in TYPES {
            for rows in [1, 2, 3, 4, 5, 6, 7, 8, 15, 33] {
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
            for code in Code::all() {
                let all = product_of(code, &weights, &input);
                for (row, expected) in input.chunks(cols).zip(all.chunks(count)) {
                    let one = product_of(code.of_rows(1), &weights, row);
                    assert_eq!(bits(&one), bits(expected), "{code:?} {dtype:?}");
                }
            }
        }
    }

    fn bits(x: &[f32]) -> Vec<u32> {
        x.iter().map(|x| x.to_bits()).collect()
    }

    /// Prefill is computed by one of them and decode by the other.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn products_by_matrices_are_those_by_vectors_to_the_bit() {
        if !Code::Amx.runs() {
            eprintln!("this processor has no AMX");
            return;
        }
        for dtype in TYPES {
            let (count, cols) = (40, 512);
            let noise = fixture::blocks(dtype, count * cols);
            let largest =
                [0xff, 0x7f, 0x80].map(|byte| fixture::blocks_of_byte(dtype, count * cols, byte));
            for bytes in largest.iter().chain([&noise]) {
                let weights = panels(dtype, bytes, count, cols);
                for rows in [1, 15, 16, 17, 33, 64, 100, 128, 130, 300] {
                    let noise = fixture::noise(rows * cols);
                    for input in [noise, vec![1.0; rows * cols], vec![-1.0; rows * cols]] {
                        let found = product_of(Code::Amx, &weights, &input);
                        let expected = product_of(Code::Avx512, &weights, &input);
                        assert_eq!(bits(&found), bits(&expected), "{dtype:?} {rows}");
                    }
                }
            }
        }
    }

    #[test]
    fn results_are_added_to_what_is_there() {
        let (cols, count) = (512, 21);
        let bytes = fixture::blocks(GgmlDType::Q8_0, count * cols);
        let weights = panels(GgmlDType::Q8_0, &bytes, count, cols);
        let input = fixture::noise(3 * cols);
        for code in Code::all() {
            let alone = product_of(code, &weights, &input);
            let there: Vec<f32> = (0..alone.len()).map(|i| i as f32).collect();
            let mut out = there.clone();
            let inputs = rounded(code, &weights, &input);
            multiply(code, &mut [(&weights, &mut out)], &inputs, Results::Add);
            let expected: Vec<f32> = there.iter().zip(&alone).map(|(a, b)| a + b).collect();
            assert_eq!(out, expected, "{code:?}");
        }
    }

    #[test]
    fn several_matrices_are_one_job() {
        let (cols, rows) = (512, 3);
        let a = panels(GgmlDType::Q4K, &fixture::blocks(GgmlDType::Q4K, 16 * cols), 16, cols);
        let b = panels(GgmlDType::Q6K, &fixture::blocks(GgmlDType::Q6K, 24 * cols), 24, cols);
        let input = fixture::noise(rows * cols);
        for code in Code::all() {
            let (mut first, mut second) = (vec![0.0; rows * 16], vec![0.0; rows * 24]);
            let both: &mut [(&Panels, &mut [f32])] = &mut [(&a, &mut first), (&b, &mut second)];
            multiply(code, both, &rounded(code, &a, &input), Results::Replace);
            assert_eq!(second, product_of(code, &b, &input), "{code:?}");
            assert_eq!(first, product_of(code, &a, &input), "{code:?}");
        }
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
