//! Weights in the memory of a device.
//!
//! Owns the form each element type has there. Quantized ones stay as they are in the file: candle's
//! kernels for GPUs read the blocks themselves. A matrix with an adapter becomes one of floats, the
//! adapter added: two more products for each would be two more launches. Called by the families, and
//! by the forward pass for its products.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{DType, Device, Module, Tensor};

use crate::arch::blueprint::Memory;
use crate::error::EngineError;
use crate::gguf::RawTensor;
use crate::low_rank::LowRank;
use crate::matrix::floats;

/// The memory of a device.
#[derive(Debug)]
pub struct DeviceMemory(pub Device);

impl Memory for DeviceMemory {
    type Matrix = Product;
    type Vector = Tensor;

    fn matrix(&self, raw: RawTensor, adapter: Option<LowRank>) -> Result<Product, EngineError> {
        Product::new(raw, adapter, &self.0)
    }

    fn vector(&self, values: Vec<f32>) -> Result<Tensor, EngineError> {
        let len = values.len();
        Ok(Tensor::from_vec(values, len, &self.0)?)
    }
}

/// A matrix to multiply with.
#[derive(Debug)]
pub struct Product {
    weights: QMatMul,
    bytes: usize,
}

impl Product {
    fn new(raw: RawTensor, adapter: Option<LowRank>, device: &Device) -> Result<Self, EngineError> {
        let &[rows, cols] = raw.dims.as_slice() else {
            return Err(EngineError::Internal("a weight is not a matrix"));
        };
        if adapter.is_some() || !has_kernels(raw.dtype) {
            // Of 16-bit weights the products are summed in 32 bits, as on the processor.
            let mut values = floats(raw)?;
            if let Some(adapter) = adapter {
                adapter.add_to(&mut values);
            }
            let values = Tensor::from_vec(values, (rows, cols), device)?;
            let bytes = values.elem_count() * DType::F32.size_in_bytes();
            return Ok(Self { weights: QMatMul::Tensor(values), bytes });
        }
        let blocks = QStorage::from_data(Cow::Owned(raw.bytes), device, raw.dtype)?;
        let blocks = QTensor::new(blocks, (rows, cols))?;
        let bytes = blocks.storage_size_in_bytes();
        Ok(Self { weights: QMatMul::QTensor(Arc::new(blocks)), bytes })
    }

    /// The product with every row of `input`, `[count, inputs]` to `[count, outputs]`.
    ///
    /// # Errors
    /// Where the shapes do not fit or the device fails.
    pub fn multiply(&self, input: &Tensor) -> candle_core::Result<Tensor> {
        self.weights.forward(input)
    }

    /// The weights where they are quantized: `[outputs, inputs]`.
    #[cfg(feature = "cuda")]
    pub fn blocks(&self) -> Option<&QTensor> {
        match &self.weights {
            QMatMul::QTensor(weights) => Some(weights),
            QMatMul::Tensor(_) | QMatMul::TensorF16(_) => None,
        }
    }

    /// The rows of the given numbers, `[count]` to `[count, inputs]`: an embedding. The numbers must
    /// be within the matrix: a GPU does not look.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn take_rows(&self, numbers: &Tensor) -> candle_core::Result<Tensor> {
        self.weights.embedding(numbers)
    }

    /// Bytes of the weights.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The products of matrices with the same rows.
///
/// # Errors
/// As [`Product::multiply`].
pub fn products(matrices: &[&Product], rows: &Tensor) -> Result<Vec<Tensor>, EngineError> {
    matrices.iter().map(|matrix| Ok(matrix.multiply(rows)?)).collect()
}

/// Whether candle multiplies with blocks of this type on a GPU.
fn has_kernels(dtype: GgmlDType) -> bool {
    use GgmlDType::{Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
    matches!(dtype, Q4_0 | Q4_1 | Q5_0 | Q5_1 | Q8_0 | Q2K | Q3K | Q4K | Q5K | Q6K)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::fixture::{blocks, noise};
    use crate::matrix::Matrix;

    fn raw(dtype: GgmlDType) -> RawTensor {
        RawTensor { dtype, dims: vec![8, 512], bytes: blocks(dtype, 8 * 512) }
    }

    #[test]
    fn products_and_rows_of_every_type_are_those_of_the_processor() {
        use GgmlDType::{BF16, F16, F32, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q6K, Q8_0};
        for dtype in [F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4K, Q6K] {
            let device = Device::Cpu;
            let product = Product::new(raw(dtype), None, &device).expect("a matrix");
            let matrix = Matrix::new(raw(dtype)).expect("a matrix");
            let input = noise(3 * 512);
            let mut expected = vec![0.0; 3 * 8];
            matrix.multiply(&input, &mut expected).expect("fits");
            let input = Tensor::from_vec(input, (3, 512), &device).expect("as many as said");
            let found = product.multiply(&input).expect("fits");
            let found: Vec<f32> = found.flatten_all().and_then(|x| x.to_vec1()).expect("floats");
            let size = expected.iter().map(|x| x * x).sum::<f32>().sqrt();
            let apart: f32 = expected.iter().zip(&found).map(|(a, b)| (a - b) * (a - b)).sum();
            // Both round the input to 8 bits where weights are quantized, not to the same ones.
            assert!(apart.sqrt() < 0.02 * size, "{dtype:?}: {found:?}, not {expected:?}");

            let numbers = Tensor::new(&[5u32, 0, 7], &device).expect("numbers");
            let rows = product.take_rows(&numbers).expect("within");
            let rows: Vec<f32> = rows.flatten_all().and_then(|x| x.to_vec1()).expect("floats");
            let expected = matrix.take_rows(&[5, 0, 7]).expect("within");
            for (a, b) in expected.iter().zip(&rows) {
                // A type may be kept in another one on the processor.
                assert!((a - b).abs() <= 0.01 * a.abs().max(1.0), "{dtype:?}: {b}, not {a}");
            }
        }
    }

    #[test]
    fn an_adapter_is_in_the_products() {
        let low_rank = LowRank { rank: 2, down: noise(2 * 512), up: noise(2 * 8) };
        let device = Device::Cpu;
        let product = Product::new(raw(GgmlDType::Q4K), Some(low_rank.clone()), &device);
        let product = product.expect("a matrix");
        let matrix = Matrix::adapted(raw(GgmlDType::Q4K), &low_rank).expect("a matrix");
        let input = noise(512);
        let mut expected = vec![0.0; 8];
        matrix.multiply(&input, &mut expected).expect("fits");
        let input = Tensor::from_vec(input, (1, 512), &device).expect("as many as said");
        let found = product.multiply(&input).expect("fits");
        let found: Vec<f32> = found.flatten_all().and_then(|x| x.to_vec1()).expect("floats");
        let size = expected.iter().map(|x| x * x).sum::<f32>().sqrt();
        let apart: f32 = expected.iter().zip(&found).map(|(a, b)| (a - b) * (a - b)).sum();
        assert!(apart.sqrt() < 0.02 * size, "{found:?}, not {expected:?}");
    }

    #[test]
    fn a_vector_is_no_matrix() {
        let raw = RawTensor { dtype: GgmlDType::F32, dims: vec![4], bytes: vec![0; 16] };
        assert!(Product::new(raw, None, &Device::Cpu).is_err());
    }
}
