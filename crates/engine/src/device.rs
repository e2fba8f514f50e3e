//! The device a model is computed on, opened.
//!
//! Owns what a name of a device leads to: the processor with this crate's own kernels, or a device
//! of candle. An engine built without the feature `cuda` has no GPU to open. Called by the loader,
//! and by `served`, which opens a GPU before the rights to do so are given up.

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{DType, Module, Tensor};
use text2sql_core::device::DeviceName;

use crate::error::EngineError;
#[cfg(feature = "cuda")]
use crate::kernels;

/// A device that is ready to compute.
#[derive(Debug, Clone)]
pub enum Device {
    /// The processor, with the kernels of this crate.
    Processor,
    /// An NVIDIA GPU, with the kernels of this crate.
    Gpu(candle_core::Device),
    /// Whatever candle can compute on, with candle's kernels alone.
    Candle(candle_core::Device),
}

impl Device {
    /// Opens a device and computes something on it, so that drivers and libraries are loaded.
    ///
    /// # Errors
    /// [`EngineError::Device`] where this engine has no code for it, or it cannot be used.
    pub fn open(name: DeviceName) -> Result<Self, EngineError> {
        let device = match name {
            DeviceName::Cpu => return Ok(Self::Processor),
            DeviceName::CandleCpu => candle_core::Device::Cpu,
            DeviceName::Cuda(number) | DeviceName::CandleCuda(number) => gpu(number)?,
        };
        let why = |error: candle_core::Error| EngineError::Device {
            name,
            why: error.to_string(),
            hint: SEE_DRIVER,
        };
        warm_up(&device).map_err(why)?;
        Ok(if matches!(name, DeviceName::Cuda(_)) {
            Self::Gpu(device)
        } else {
            Self::Candle(device)
        })
    }

    /// Whether memory and computation are a GPU's.
    pub fn is_gpu(&self) -> bool {
        matches!(self, Self::Gpu(device) | Self::Candle(device) if !device.is_cpu())
    }
}

/// Freed memory that the process keeps where a model is on a GPU: logits of 128 rows of a vocabulary
/// of 150,000.
#[cfg(feature = "cuda")]
const KEPT_BYTES: usize = 80 << 20;

const SEE_DRIVER: &str = "run nvidia-smi on the server to see its GPUs and whether their driver \
     works, or set text2sql.device to cpu";

#[cfg(feature = "cuda")]
fn gpu(number: u32) -> Result<candle_core::Device, EngineError> {
    let why = |error: candle_core::Error| EngineError::Device {
        name: DeviceName::Cuda(number),
        why: error.to_string(),
        hint: SEE_DRIVER,
    };
    // A stream of its own is in order whatever thread enqueues, unlike that of candle's default.
    let device = candle_core::Device::new_cuda_with_stream(number as usize).map_err(why)?;
    if let candle_core::Device::Cuda(device) = &device {
        kernels::cuda::set_up(device).map_err(why)?;
    }
    // Logits of many sequences are tens of megabytes, every step.
    kernels::memory::keep_freed(KEPT_BYTES);
    Ok(device)
}

#[cfg(not(feature = "cuda"))]
fn gpu(number: u32) -> Result<candle_core::Device, EngineError> {
    Err(EngineError::Device {
        name: DeviceName::Cuda(number),
        why: "this engine was built without CUDA".to_owned(),
        hint: "install an engine built with TEXT2SQL_CUDA=1, or set text2sql.device to cpu",
    })
}

/// Makes the device load what it computes with: the library for matrices, and one kernel of each
/// file of them that a forward pass needs.
///
/// The kernels for quantized matrices are compiled for one kind of GPU, and on another nothing runs
/// and nobody says so: what they compute is looked at.
fn warm_up(device: &candle_core::Device) -> candle_core::Result<()> {
    // Of few rows and of many the kernels are others.
    const ROWS: usize = 32;
    const WIDTH: usize = 256;
    let ones = Tensor::ones((ROWS, WIDTH), DType::F32, device)?;
    let blocks = QMatMul::from_qtensor(QTensor::quantize(&ones, GgmlDType::Q8_0)?)?;
    for rows in [1, ROWS] {
        let product = blocks.forward(&ones.narrow(0, 0, rows)?.contiguous()?)?;
        let kept = product.to_dtype(DType::F16)?.t()?.contiguous()?.to_dtype(DType::F32)?;
        let sums = kept.matmul(&product)?.flatten_all()?.to_vec1::<f32>()?;
        let expected = (rows * WIDTH * WIDTH) as f32;
        if sums.iter().any(|sum| (sum / expected - 1.0).abs() > 0.01) {
            return Err(candle_core::Error::Msg(OTHER_GPU.to_owned()));
        }
        let norm =
            candle_nn::ops::rms_norm(&product, &Tensor::ones(ROWS, DType::F32, device)?, 1e-6)?;
        candle_nn::ops::softmax_last_dim(&norm)?.silu()?.flatten_all()?.to_vec1::<f32>()?;
    }
    Ok(())
}

const OTHER_GPU: &str =
    "its products are wrong: the engine was built for GPUs of another kind (CUDA_COMPUTE_CAP)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_warms_a_gpu_up_computes() {
        let device = Device::open(DeviceName::CandleCpu).expect("the processor is always there");
        assert!(matches!(device, Device::Candle(_)) && !device.is_gpu());
        assert!(matches!(Device::open(DeviceName::Cpu), Ok(Device::Processor)));
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn an_engine_without_cuda_says_so() {
        let error = Device::open(DeviceName::Cuda(1)).expect_err("there is no code for it");
        let failure = text2sql_core::protocol::Failure::from(error);
        assert_eq!(failure.code, text2sql_core::protocol::FailureCode::NoDevice);
        assert_eq!(failure.message, "the device cuda:1 cannot be used");
        assert_eq!(failure.detail.as_deref(), Some("this engine was built without CUDA"));
        assert!(failure.hint.is_some());
    }
}
