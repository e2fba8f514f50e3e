//! Weight matrices in layouts that multiply fast on this processor.
//!
//! Owns which element types are packed or converted at load, which product is used (that of
//! `kernels` for the types and processors it has code for, else candle's), and that what an adapter
//! adds to a matrix is added to its products. Called by `arch`.

use std::borrow::Cow;

use candle_core::CpuStorage;
use candle_core::quantized::{GgmlDType, QStorage, QTensor, QuantizedType};

use crate::error::EngineError;
use crate::gguf::RawTensor;
use crate::kernels::code::Code;
use crate::kernels::input::Inputs;
use crate::kernels::panel::{Format, Panels};
use crate::kernels::product::{self, Results};
use crate::kernels::vector;
use crate::low_rank::LowRank;

/// Elements of a block of Q8_0: what the inside of an adapter is rounded in.
const BLOCK: usize = 32;

/// A matrix of `rows` outputs by `cols` inputs.
pub struct Matrix {
    rows: usize,
    cols: usize,
    weights: Weights,
    adapter: Option<Box<Adapter>>,
}

/// What an adapter adds to a product, as two products, both of Q8_0: half a million numbers (0.5B) to
/// a million (1.5B) per unit of rank are read for every token, so 8 bits instead of 16 or 32 count.
struct Adapter {
    /// `[rank][cols]`.
    down: Matrix,
    /// `[rows][rank]`, zeros up to a whole block.
    up: Matrix,
}

enum Weights {
    /// Of this crate.
    Packed(Panels),
    /// Of candle.
    Blocks(Box<dyn QuantizedType>),
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.weights {
            Weights::Packed(panels) => write!(f, "Matrix(packed {:?}", panels.format())?,
            Weights::Blocks(blocks) => write!(f, "Matrix({:?}", blocks.dtype())?,
        }
        write!(f, ", {} x {}", self.rows, self.cols)?;
        match &self.adapter {
            Some(adapter) => write!(f, ", adapter of rank {})", adapter.down.rows),
            None => write!(f, ")"),
        }
    }
}

impl Matrix {
    /// Takes over a tensor's bytes.
    ///
    /// # Errors
    /// Where the shape is not that of a matrix or candle refuses the data.
    pub fn new(raw: RawTensor) -> Result<Self, EngineError> {
        let &[rows, cols] = raw.dims.as_slice() else {
            return Err(EngineError::Internal("a weight is not a matrix"));
        };
        let raw = to_fast_type(raw)?;
        if let Some(format) = packed(raw.dtype)
            && let Some(panels) = Panels::pack(format, &raw.bytes, rows, cols)
        {
            return Ok(Self { rows, cols, weights: Weights::Packed(panels), adapter: None });
        }
        let blocks = raw.dtype.from_data(Cow::Owned(raw.bytes));
        Ok(Self { rows, cols, weights: Weights::Blocks(blocks), adapter: None })
    }

    /// Takes over a tensor's bytes, and what an adapter adds to it.
    ///
    /// # Errors
    /// As [`Matrix::new`], and where the adapter is of another shape.
    pub fn adapted(raw: RawTensor, low_rank: &LowRank) -> Result<Self, EngineError> {
        let mut matrix = Self::new(raw)?;
        matrix.adapter = Some(Box::new(Adapter::new(low_rank, matrix.rows, matrix.cols)?));
        Ok(matrix)
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Whether the product of a row is the same to the bit in any company.
    pub fn exact(&self) -> bool {
        matches!(self.weights, Weights::Packed(_))
            && self.adapter.iter().all(|adapter| adapter.down.exact() && adapter.up.exact())
    }

    /// Bytes of the weights.
    pub fn bytes(&self) -> usize {
        let own = match &self.weights {
            Weights::Packed(panels) => panels.bytes(),
            Weights::Blocks(blocks) => blocks.storage_size_in_bytes(),
        };
        let adapter = self.adapter.as_ref();
        own + adapter.map_or(0, |adapter| adapter.down.bytes() + adapter.up.bytes())
    }

    /// `out[i] = self · input[i]` for every row `i` of `input`.
    ///
    /// # Errors
    /// As [`multiply_all`].
    pub fn multiply(&self, input: &[f32], out: &mut [f32]) -> Result<(), EngineError> {
        multiply_all([self], input, [out])
    }

    /// The rows of the given numbers, one after the other: an embedding. An adapter has no part in it.
    ///
    /// # Errors
    /// Where a number is out of range.
    pub fn take_rows(&self, numbers: &[u32]) -> Result<Vec<f32>, EngineError> {
        let outside = || EngineError::Internal("a row outside the matrix");
        match &self.weights {
            Weights::Packed(panels) => {
                let mut out = Vec::with_capacity(numbers.len() * self.cols);
                for number in numbers {
                    panels.unpack_row(*number as usize, &mut out).ok_or_else(outside)?;
                }
                Ok(out)
            }
            Weights::Blocks(blocks) => match blocks.embedding(numbers, self.rows, self.cols)? {
                CpuStorage::F32(rows) => Ok(rows),
                _ => Err(EngineError::Internal("an embedding is not of floats")),
            },
        }
    }
}

/// `outs[j][i] = matrices[j] · input[i]` for every row `i` of `input`. Matrices that round their
/// inputs alike are one job of all threads.
///
/// # Errors
/// Where the slices are not whole rows.
pub fn multiply_all<const N: usize>(
    matrices: [&Matrix; N],
    input: &[f32],
    outs: [&mut [f32]; N],
) -> Result<(), EngineError> {
    let cols = matrices.first().map_or(1, |matrix| matrix.cols.max(1));
    let count = input.len() / cols;
    let fits = |(matrix, out): (&&Matrix, &&mut [f32])| {
        matrix.cols == cols && out.len() == count * matrix.rows
    };
    if input.len() != count * cols || !matrices.iter().zip(&outs).all(fits) {
        return Err(EngineError::Internal("a product's operands do not fit"));
    }
    let mut outs = outs;
    let mut inner = matrices.map(|matrix| match &matrix.adapter {
        Some(adapter) => vec![0.0; count * adapter.down.rows],
        None => Vec::new(),
    });
    let own = matrices.into_iter().zip(outs.iter_mut().map(|out| &mut **out));
    let down = matrices.iter().zip(inner.iter_mut().map(Vec::as_mut_slice));
    let down = down.filter_map(|(matrix, out)| Some((&matrix.adapter.as_ref()?.down, out)));
    products(own.chain(down).collect(), input, cols, Results::Replace)?;
    for (matrix, (inner, out)) in matrices.iter().zip(inner.iter().zip(outs)) {
        if let Some(adapter) = &matrix.adapter {
            adapter.add(inner, out)?;
        }
    }
    Ok(())
}

/// The products of matrices, without what adapters add, with every row of `input`. The slices are
/// whole rows.
fn products(
    jobs: Vec<(&Matrix, &mut [f32])>,
    input: &[f32],
    cols: usize,
    results: Results,
) -> Result<(), EngineError> {
    let count = input.len() / cols.max(1);
    let mut waiting: Vec<(&Panels, &mut [f32])> = Vec::with_capacity(jobs.len());
    for (matrix, out) in jobs {
        match (&matrix.weights, results) {
            (Weights::Packed(panels), _) => waiting.push((panels, out)),
            (Weights::Blocks(blocks), Results::Replace) => {
                blocks.matmul_t((count, cols, matrix.rows), input, out)?;
            }
            (Weights::Blocks(blocks), Results::Add) => {
                let mut sum = vec![0.0; out.len()];
                blocks.matmul_t((count, cols, matrix.rows), input, &mut sum)?;
                vector::add(out, &sum);
            }
        }
    }
    let code = Code::best().of_rows(count);
    while let Some(block) = waiting.first().map(|(panels, _)| panels.format().block()) {
        let inputs = Inputs::new(input, cols, block, code.order());
        let alike = |(panels, _): &(&Panels, &mut [f32])| panels.format().block() == block;
        let (mut now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(alike);
        product::multiply(code, &mut now, &inputs, results);
        waiting = later;
    }
    Ok(())
}

impl Adapter {
    fn new(low_rank: &LowRank, rows: usize, cols: usize) -> Result<Self, EngineError> {
        let rank = low_rank.rank;
        if rank == 0 || low_rank.down.len() != rank * cols || low_rank.up.len() != rows * rank {
            return Err(EngineError::Internal("an adapter does not fit its matrix"));
        }
        // Row by row: as floats, the zeros of a small rank would take more memory than the file.
        let padded = rank.next_multiple_of(BLOCK);
        let mut bytes = Vec::new();
        let mut whole = vec![0.0; padded];
        for row in low_rank.up.chunks_exact(rank) {
            whole.iter_mut().zip(row).for_each(|(place, value)| *place = *value);
            bytes.extend(of_type(&whole, vec![1, padded], GgmlDType::Q8_0)?.bytes);
        }
        let up = RawTensor { dtype: GgmlDType::Q8_0, dims: vec![rows, padded], bytes };
        let whole_blocks = cols.is_multiple_of(BLOCK);
        let dtype = if whole_blocks { GgmlDType::Q8_0 } else { GgmlDType::F32 };
        let down = of_type(&low_rank.down, vec![rank, cols], dtype)?;
        Ok(Self { down: Matrix::new(down)?, up: Matrix::new(up)? })
    }

    /// Adds `up · inner[i]` to `out[i]` for every row `i`.
    fn add(&self, inner: &[f32], out: &mut [f32]) -> Result<(), EngineError> {
        let rank = self.down.rows;
        let mut padded = Vec::with_capacity(inner.len() / rank.max(1) * self.up.cols);
        for row in inner.chunks_exact(rank) {
            padded.extend_from_slice(row);
            padded.resize(padded.len() + self.up.cols - rank, 0.0);
        }
        products(vec![(&self.up, out)], &padded, self.up.cols, Results::Add)
    }
}

/// A vector of floats from a tensor of any type.
///
/// # Errors
/// Where candle refuses the data.
pub fn floats(raw: RawTensor) -> Result<Vec<f32>, EngineError> {
    let count = raw.dims.iter().product();
    match raw.dtype.from_data(Cow::Owned(raw.bytes)).dequantize(count)? {
        CpuStorage::F32(values) => Ok(values),
        _ => Err(EngineError::Internal("a vector is not of floats")),
    }
}

/// The format a type is packed into, where this processor has code for it.
fn packed(dtype: GgmlDType) -> Option<Format> {
    Format::of(dtype).filter(|_| product::supported())
}

/// The tensor in a type for which there is vector code, here or in candle.
///
/// Q4_1, Q5_0 and Q5_1 have none in candle 0.11.1 on x86-64: they become Q8_0, which holds every
/// Q5_0 and Q4_1 value to within its own rounding. BF16 and F16 are widened: candle would round
/// the activations to 16 bits instead.
fn to_fast_type(raw: RawTensor) -> Result<RawTensor, EngineError> {
    let target = match raw.dtype {
        dtype if packed(dtype).is_some() => return Ok(raw),
        GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1 => GgmlDType::Q8_0,
        GgmlDType::F16 | GgmlDType::BF16 => GgmlDType::F32,
        _ => return Ok(raw),
    };
    let dims = raw.dims.clone();
    of_type(&floats(raw)?, dims, target)
}

/// Floats rounded to a type.
fn of_type(values: &[f32], dims: Vec<usize>, dtype: GgmlDType) -> Result<RawTensor, EngineError> {
    let mut blocks = dtype.cpu_zeros(values.len());
    blocks.from_float(values);
    let tensor = QTensor::new(QStorage::Cpu(blocks), values.len())?;
    Ok(RawTensor { dtype, dims, bytes: tensor.data()?.into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::fixture::{blocks, noise};

    fn raw(dtype: GgmlDType, rows: usize, cols: usize) -> RawTensor {
        RawTensor { dtype, dims: vec![rows, cols], bytes: blocks(dtype, rows * cols) }
    }

    #[test]
    fn types_without_vector_code_become_q8_0_within_its_rounding() {
        for dtype in [GgmlDType::Q4_1, GgmlDType::Q5_0, GgmlDType::Q5_1] {
            let (rows, cols) = (8, 256);
            let before = floats(raw(dtype, rows, cols)).expect("floats");
            let converted = to_fast_type(raw(dtype, rows, cols)).expect("converts");
            let expected = if packed(dtype).is_some() { dtype } else { GgmlDType::Q8_0 };
            assert_eq!(converted.dtype, expected);
            let after = floats(converted).expect("floats");
            for (before, after) in before.chunks(32).zip(after.chunks(32)) {
                let largest = before.iter().fold(0f32, |m, x| m.max(x.abs()));
                // Half a step, and the scale itself is rounded to 11 bits.
                let bound = largest / 127.0 * 0.5 + largest / 2048.0;
                for (b, a) in before.iter().zip(after) {
                    assert!((b - a).abs() <= bound, "{dtype:?}: {b} became {a}, bound {bound}");
                }
            }
        }
    }

    #[test]
    fn one_row_and_many_rows_agree() {
        for dtype in
            [GgmlDType::Q4K, GgmlDType::Q6K, GgmlDType::Q8_0, GgmlDType::Q5_0, GgmlDType::Q3K]
        {
            let matrix = Matrix::new(raw(dtype, 32, 512)).expect("a matrix");
            let input = noise(3 * 512);
            let mut many = vec![0.0; 3 * 32];
            matrix.multiply(&input, &mut many).expect("fits");
            for (x, y) in input.chunks(512).zip(many.chunks(32)) {
                let mut one = vec![0.0; 32];
                matrix.multiply(x, &mut one).expect("fits");
                // candle rounds the inputs of one row and of many in different blocks.
                let bound = if matrix.exact() { 0.0 } else { 2e-1 };
                for (a, b) in one.iter().zip(y) {
                    assert!((a - b).abs() <= bound, "{dtype:?}: {a} and {b}");
                }
            }
        }
    }

    /// What `matrix` and an adapter give, in 64 bits.
    fn defined(weights: &[f32], low_rank: &LowRank, input: &[f32]) -> Vec<f64> {
        let dot = |a: &[f32], b: &[f32]| {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
        };
        let inner: Vec<f32> =
            low_rank.down.chunks(input.len()).map(|row| dot(row, input) as f32).collect();
        let rows = weights.chunks(input.len()).zip(low_rank.up.chunks(low_rank.rank));
        rows.map(|(row, up)| dot(row, input) + dot(up, &inner)).collect()
    }

    #[test]
    fn an_adapter_is_added_to_the_products() {
        for (dtype, rank) in [
            (GgmlDType::Q4K, 8),
            (GgmlDType::Q5_0, 3),
            (GgmlDType::Q8_0, 32),
            (GgmlDType::Q6K, 33),
            (GgmlDType::Q3K, 1),
        ] {
            let (rows, cols) = (24, 512);
            let low_rank = LowRank { rank, down: noise(rank * cols), up: noise(rows * rank) };
            let adapted = Matrix::adapted(raw(dtype, rows, cols), &low_rank).expect("fits");
            let plain = Matrix::new(raw(dtype, rows, cols)).expect("a matrix");
            let weights = floats(raw(dtype, rows, cols)).expect("floats");
            let input = noise(3 * cols);
            let (mut one, mut two) = (vec![0.0; 3 * rows], vec![0.0; 3 * rows]);
            multiply_all([&adapted, &plain], &input, [&mut one, &mut two]).expect("fits");
            let mut alone = vec![0.0; 3 * rows];
            plain.multiply(&input, &mut alone).expect("fits");
            assert_eq!(two, alone, "{dtype:?}: the neighbour is changed");
            for (input, found) in input.chunks(cols).zip(one.chunks(rows)) {
                let expected = defined(&weights, &low_rank, input);
                let size = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
                let apart = expected.iter().zip(found).map(|(a, b)| (a - f64::from(*b)).powi(2));
                assert!(apart.sum::<f64>().sqrt() < 0.02 * size, "{dtype:?} {rank}: {found:?}");
                let mut row = vec![0.0; rows];
                adapted.multiply(input, &mut row).expect("fits");
                if adapted.exact() {
                    assert_eq!(row, found, "{dtype:?} {rank}: another sum in company");
                }
            }
            assert!(adapted.bytes() > plain.bytes());
        }
    }

    #[test]
    fn an_adapter_of_another_shape_is_refused() {
        let low_rank = LowRank { rank: 2, down: noise(2 * 64), up: noise(2 * 31) };
        assert!(Matrix::adapted(raw(GgmlDType::Q8_0, 32, 64), &low_rank).is_err());
    }

    #[test]
    fn operands_of_the_wrong_length_are_refused() {
        let matrix = Matrix::new(raw(GgmlDType::Q8_0, 32, 64)).expect("a matrix");
        assert!(matrix.multiply(&[0.0; 63], &mut [0.0; 32]).is_err());
    }
}
