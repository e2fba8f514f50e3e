//! Weight matrices in the layouts candle multiplies fast on this processor.
//!
//! Owns which element types are converted at load, and which product is used: that of `q8` for
//! Q8_0 where the processor can; else one of candle's: one row against the compact blocks (decode
//! is bound by memory), several rows against candle's repacked copy (prefill is bound by
//! arithmetic). Called by `arch`.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor, QuantizedType};
use candle_core::{CpuStorage, Device, Module, Storage, Tensor};
use half::f16;

use crate::error::EngineError;
use crate::gguf::RawTensor;
use crate::q8::Q8Matrix;

/// Rows at which repacking pays.
const REPACK_FROM_ROWS: usize = 2;

/// A matrix of `rows` outputs by `cols` inputs.
pub struct Matrix {
    rows: usize,
    cols: usize,
    weights: Weights,
}

enum Weights {
    /// Of this crate.
    Q8(Q8Matrix),
    /// Of candle.
    Candle {
        blocks: Shared,
        /// Over the same memory as `blocks`; holds candle's repacked copy once it was used.
        product: Option<QMatMul>,
    },
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dtype = match &self.weights {
            Weights::Q8(_) => GgmlDType::Q8_0,
            Weights::Candle { blocks, .. } => blocks.dtype(),
        };
        write!(f, "Matrix({dtype:?}, {} x {})", self.rows, self.cols)
    }
}

impl Matrix {
    /// Takes over a tensor's bytes; `decode_only` matrices are never repacked.
    ///
    /// # Errors
    /// Where the shape is not that of a matrix or candle refuses the data.
    pub fn new(raw: RawTensor, decode_only: bool) -> Result<Self, EngineError> {
        let &[rows, cols] = raw.dims.as_slice() else {
            return Err(EngineError::Internal("a weight is not a matrix"));
        };
        let blocks = to_fast_type(raw)?;
        if blocks.dtype() == GgmlDType::Q8_0 {
            let tensor = QTensor::new(QStorage::Cpu(blocks), (rows, cols))?;
            let bytes = tensor.data()?;
            if let Some(matrix) = Q8Matrix::new(&bytes, cols) {
                return Ok(Self { rows, cols, weights: Weights::Q8(matrix) });
            }
            let blocks = GgmlDType::Q8_0.from_data(Cow::Owned(bytes.into_owned()));
            return Self::of_candle(rows, cols, blocks, decode_only);
        }
        Self::of_candle(rows, cols, blocks, decode_only)
    }

    fn of_candle(
        rows: usize,
        cols: usize,
        blocks: Box<dyn QuantizedType>,
        decode_only: bool,
    ) -> Result<Self, EngineError> {
        let blocks = Shared(Arc::from(blocks));
        let repacked = matches!(blocks.dtype(), GgmlDType::Q4K | GgmlDType::Q6K | GgmlDType::Q8_0);
        let product = if repacked && !decode_only {
            let storage = QStorage::Cpu(Box::new(blocks.clone()));
            Some(QMatMul::from_qtensor(QTensor::new(storage, (rows, cols))?)?)
        } else {
            None
        };
        Ok(Self { rows, cols, weights: Weights::Candle { blocks, product } })
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Bytes of the compact weights.
    pub fn bytes(&self) -> usize {
        match &self.weights {
            Weights::Q8(matrix) => matrix.bytes(),
            Weights::Candle { blocks, .. } => blocks.storage_size_in_bytes(),
        }
    }

    /// `out[i] = self · input[i]` for every row `i` of `input`.
    ///
    /// # Errors
    /// Where the slices are not whole rows.
    pub fn multiply(&self, input: &[f32], out: &mut [f32]) -> Result<(), EngineError> {
        let count = input.len() / self.cols.max(1);
        if input.len() != count * self.cols || out.len() != count * self.rows {
            return Err(EngineError::Internal("a product's operands do not fit"));
        }
        match &self.weights {
            Weights::Q8(matrix) => matrix.multiply(input, out),
            Weights::Candle { product: Some(product), .. } if count >= REPACK_FROM_ROWS => {
                let x = Tensor::from_slice(input, (count, self.cols), &Device::Cpu)?;
                let y = product.forward(&x)?;
                let (storage, _) = y.storage_and_layout();
                let Storage::Cpu(cpu) = &*storage else {
                    return Err(EngineError::Internal("a product left the processor"));
                };
                out.copy_from_slice(cpu.as_slice::<f32>()?);
            }
            Weights::Candle { blocks, .. } => {
                blocks.matmul_t((count, self.cols, self.rows), input, out)?;
            }
        }
        Ok(())
    }

    /// The rows of the given numbers, one after the other: an embedding.
    ///
    /// # Errors
    /// Where a number is out of range.
    pub fn take_rows(&self, numbers: &[u32]) -> Result<Vec<f32>, EngineError> {
        let outside = EngineError::Internal("a row outside the matrix");
        match &self.weights {
            Weights::Q8(matrix) => matrix.take_rows(numbers).ok_or(outside),
            Weights::Candle { blocks, .. } => {
                match blocks.embedding(numbers, self.rows, self.cols)? {
                    CpuStorage::F32(rows) => Ok(rows),
                    _ => Err(EngineError::Internal("an embedding is not of floats")),
                }
            }
        }
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

/// Blocks of a type for which candle has vector code.
///
/// Q4_1, Q5_0 and Q5_1 have none in candle 0.11.1 on x86-64: they become Q8_0, which holds every
/// Q5_0 and Q4_1 value to within its own rounding. BF16 and F16 are widened: candle would round
/// the activations to 16 bits instead.
fn to_fast_type(raw: RawTensor) -> Result<Box<dyn QuantizedType>, EngineError> {
    let target = match raw.dtype {
        GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1 => GgmlDType::Q8_0,
        GgmlDType::F16 | GgmlDType::BF16 => GgmlDType::F32,
        _ => return Ok(raw.dtype.from_data(Cow::Owned(raw.bytes))),
    };
    let count = raw.dims.iter().product();
    let values = floats(raw)?;
    let mut blocks = target.cpu_zeros(count);
    blocks.from_float(&values);
    Ok(blocks)
}

/// Blocks that a [`QTensor`] and the decode path both refer to, so that they exist once.
#[derive(Clone)]
struct Shared(Arc<dyn QuantizedType>);

impl QuantizedType for Shared {
    fn dtype(&self) -> GgmlDType {
        self.0.dtype()
    }
    fn matmul_t(
        &self,
        mkn: (usize, usize, usize),
        lhs: &[f32],
        dst: &mut [f32],
    ) -> candle_core::Result<()> {
        self.0.matmul_t(mkn, lhs, dst)
    }
    fn matmul_t_f16(
        &self,
        mkn: (usize, usize, usize),
        lhs: &[f16],
        dst: &mut [f16],
    ) -> candle_core::Result<()> {
        self.0.matmul_t_f16(mkn, lhs, dst)
    }
    fn embedding(
        &self,
        ids: &[u32],
        rows: usize,
        hidden: usize,
    ) -> candle_core::Result<CpuStorage> {
        self.0.embedding(ids, rows, hidden)
    }
    fn dequantize(&self, elem_count: usize) -> candle_core::Result<CpuStorage> {
        self.0.dequantize(elem_count)
    }
    fn storage_size_in_bytes(&self) -> usize {
        self.0.storage_size_in_bytes()
    }
    fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }
    fn block_size(&self) -> usize {
        self.0.block_size()
    }
    // Shared blocks are never written: nothing in this crate quantizes into them.
    fn from_float(&mut self, _: &[f32]) {}
    fn from_float_imatrix(&mut self, _: &[f32], _: &[f32], _: usize) {}
    fn size(&self) -> usize {
        self.0.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<f32> {
        let mut state = 1u32;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    fn raw(dtype: GgmlDType, rows: usize, cols: usize) -> RawTensor {
        let mut blocks = dtype.cpu_zeros(rows * cols);
        blocks.from_float(&noise(rows * cols));
        let tensor = QTensor::new(QStorage::Cpu(blocks), (rows, cols)).expect("fits");
        RawTensor { dtype, dims: vec![rows, cols], bytes: tensor.data().expect("cpu").into_owned() }
    }

    #[test]
    fn q5_0_becomes_q8_0_within_its_rounding() {
        let (rows, cols) = (8, 256);
        let before = floats(raw(GgmlDType::Q5_0, rows, cols)).expect("floats");
        let blocks = to_fast_type(raw(GgmlDType::Q5_0, rows, cols)).expect("converts");
        assert_eq!(blocks.dtype(), GgmlDType::Q8_0);
        let CpuStorage::F32(after) = blocks.dequantize(rows * cols).expect("floats") else {
            panic!("floats")
        };
        for (before, after) in before.chunks(32).zip(after.chunks(32)) {
            let largest = before.iter().fold(0f32, |m, x| m.max(x.abs()));
            // Half a step, and the scale itself is rounded to 11 bits.
            let bound = largest / 127.0 * 0.5 + largest / 2048.0;
            for (b, a) in before.iter().zip(after) {
                assert!((b - a).abs() <= bound, "{b} became {a}, bound {bound}");
            }
        }
    }

    #[test]
    fn one_row_and_many_rows_agree() {
        for dtype in [GgmlDType::Q4K, GgmlDType::Q6K, GgmlDType::Q8_0, GgmlDType::Q5_0] {
            let matrix = Matrix::new(raw(dtype, 32, 512), false).expect("a matrix");
            let input = noise(3 * 512);
            let mut many = vec![0.0; 3 * 32];
            matrix.multiply(&input, &mut many).expect("fits");
            for (x, y) in input.chunks(512).zip(many.chunks(32)) {
                let mut one = vec![0.0; 32];
                matrix.multiply(x, &mut one).expect("fits");
                for (a, b) in one.iter().zip(y) {
                    assert!((a - b).abs() < 2e-1, "{dtype:?}: {a} and {b}");
                }
            }
        }
    }

    #[test]
    fn operands_of_the_wrong_length_are_refused() {
        let matrix = Matrix::new(raw(GgmlDType::Q8_0, 32, 64), false).expect("a matrix");
        assert!(matrix.multiply(&[0.0; 63], &mut [0.0; 32]).is_err());
    }
}
