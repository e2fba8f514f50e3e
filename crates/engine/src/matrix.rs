//! Weight matrices in layouts that multiply fast on this processor.
//!
//! Owns which element types are packed or converted at load, and which product is used: that of
//! `kernels` for the types and processors it has code for, else candle's. Called by `arch`.

use std::borrow::Cow;

use candle_core::CpuStorage;
use candle_core::quantized::{GgmlDType, QStorage, QTensor, QuantizedType};

use crate::error::EngineError;
use crate::gguf::RawTensor;
use crate::kernels::code::Code;
use crate::kernels::input::Inputs;
use crate::kernels::panel::{Format, Panels};
use crate::kernels::product;

/// A matrix of `rows` outputs by `cols` inputs.
pub struct Matrix {
    rows: usize,
    cols: usize,
    weights: Weights,
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
        write!(f, ", {} x {})", self.rows, self.cols)
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
            return Ok(Self { rows, cols, weights: Weights::Packed(panels) });
        }
        let blocks = raw.dtype.from_data(Cow::Owned(raw.bytes));
        Ok(Self { rows, cols, weights: Weights::Blocks(blocks) })
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
    }

    /// Bytes of the weights.
    pub fn bytes(&self) -> usize {
        match &self.weights {
            Weights::Packed(panels) => panels.bytes(),
            Weights::Blocks(blocks) => blocks.storage_size_in_bytes(),
        }
    }

    /// `out[i] = self · input[i]` for every row `i` of `input`.
    ///
    /// # Errors
    /// As [`multiply_all`].
    pub fn multiply(&self, input: &[f32], out: &mut [f32]) -> Result<(), EngineError> {
        multiply_all([self], input, [out])
    }

    /// The rows of the given numbers, one after the other: an embedding.
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
    let mut waiting: Vec<(&Panels, &mut [f32])> = Vec::with_capacity(N);
    for (matrix, out) in matrices.into_iter().zip(outs) {
        match &matrix.weights {
            Weights::Packed(panels) => waiting.push((panels, out)),
            Weights::Blocks(blocks) => blocks.matmul_t((count, cols, matrix.rows), input, out)?,
        }
    }
    let code = Code::best();
    while let Some(block) = waiting.first().map(|(panels, _)| panels.format().block()) {
        let inputs = Inputs::new(input, cols, block, code.tile());
        let alike = |(panels, _): &(&Panels, &mut [f32])| panels.format().block() == block;
        let (mut now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(alike);
        product::multiply(code, &mut now, &inputs);
        waiting = later;
    }
    Ok(())
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
    let count = dims.iter().product();
    let values = floats(raw)?;
    let mut blocks = target.cpu_zeros(count);
    blocks.from_float(&values);
    let tensor = QTensor::new(QStorage::Cpu(blocks), count)?;
    Ok(RawTensor { dtype: target, dims, bytes: tensor.data()?.into_owned() })
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

    #[test]
    fn operands_of_the_wrong_length_are_refused() {
        let matrix = Matrix::new(raw(GgmlDType::Q8_0, 32, 64)).expect("a matrix");
        assert!(matrix.multiply(&[0.0; 63], &mut [0.0; 32]).is_err());
    }
}
