//! Products of rows with quantized weights.
//!
//! Owns which kernel multiplies what: few rows, in blocks, are multiplied with the weights' own blocks
//! by candle's kernels, which are llama.cpp's; for many rows the weights are made floats, and cuBLAS
//! multiplies.

use std::ffi::c_void;
use std::sync::Arc;

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::cuda_backend::cudarc::driver::{CudaEvent, CudaStream};
use candle_core::cuda_backend::kernels::ffi;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{CudaDevice, Device, Result, Tensor, bail};

use super::room::{BLOCK, Blocks, address, floats};

/// Most rows of a product of this kind; more are multiplied in tiles, by candle.
pub const MOST_ROWS: usize = 8;

/// Rows of a product that are the same to the bit as one at a time: up to here the kernels sum with
/// as many warps as for one row.
pub const EXACT_ROWS: usize = 4;

type Launcher = unsafe extern "C" fn(
    weights: *const c_void,
    rows: *const c_void,
    out: *mut c_void,
    inputs: i32,
    outputs: i32,
    row_blocks: i32,
    row_outputs: i32,
    rows_count: i32,
    stream: *mut c_void,
);

fn launcher(dtype: GgmlDType) -> Option<Launcher> {
    Some(match dtype {
        GgmlDType::Q4_0 => ffi::launch_mmvq_gguf_q4_0_f32_plain,
        GgmlDType::Q4_1 => ffi::launch_mmvq_gguf_q4_1_f32_plain,
        GgmlDType::Q5_0 => ffi::launch_mmvq_gguf_q5_0_f32_plain,
        GgmlDType::Q5_1 => ffi::launch_mmvq_gguf_q5_1_f32_plain,
        GgmlDType::Q8_0 => ffi::launch_mmvq_gguf_q8_0_f32_plain,
        GgmlDType::Q2K => ffi::launch_mmvq_gguf_q2_k_f32_plain,
        GgmlDType::Q3K => ffi::launch_mmvq_gguf_q3_k_f32_plain,
        GgmlDType::Q4K => ffi::launch_mmvq_gguf_q4_k_f32_plain,
        GgmlDType::Q5K => ffi::launch_mmvq_gguf_q5_k_f32_plain,
        GgmlDType::Q6K => ffi::launch_mmvq_gguf_q6_k_f32_plain,
        _ => return None,
    })
}

/// Whether there is a product of rows of blocks with these weights: the kernels read two outputs at a
/// time, beyond the weights where the number of outputs is odd.
pub fn multiplies(weights: &QTensor) -> bool {
    let even = weights.shape().dims().first().is_some_and(|outputs| outputs.is_multiple_of(2));
    even && launcher(weights.dtype()).is_some()
}

/// Products of matrices that have the same input are computed beside each other, each on a stream of
/// its own: alone, none keeps a GPU busy.
pub struct Products {
    begun: CudaEvent,
    sides: Vec<Side>,
}

/// A stream beside the device's, in use between two events only.
struct Side {
    stream: Arc<CudaStream>,
    done: CudaEvent,
}

/// Most matrices with one input: queries, keys and values.
const SIDES: usize = 2;

impl Products {
    /// Makes the streams.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(device: &CudaDevice) -> Result<Self> {
        let stream = device.cuda_stream();
        let context = stream.context();
        let side = |_| {
            let stream = context.new_stream().w()?;
            Ok::<_, candle_core::Error>(Side { stream, done: context.new_event(None).w()? })
        };
        let sides = (0..SIDES).map(side).collect::<Result<_>>()?;
        Ok(Self { begun: context.new_event(None).w()?, sides })
    }

    /// Each of `weights`, `[outputs, inputs]`, times each row: `[rows, outputs]`.
    ///
    /// # Errors
    /// Where there are more rows than [`MOST_ROWS`], another type, or shapes that do not fit.
    pub fn multiply(&self, weights: &[&QTensor], rows: &Blocks) -> Result<Vec<Tensor>> {
        let Device::Cuda(device) = rows.bytes.device() else { bail!("rows are not on the GPU") };
        let main = device.cuda_stream();
        // Memory comes and goes in the order of the main stream.
        let outs =
            weights.iter().map(|weights| floats(device, (rows.rows, weights.shape().dims2()?.0)));
        let outs = outs.collect::<Result<Vec<_>>>()?;
        let mut beside = Vec::new();
        if weights.len() > 1 {
            self.begun.record(&main).w()?;
        }
        for (index, (weights, (out, _))) in weights.iter().zip(&outs).enumerate() {
            let side = index.checked_sub(1).and_then(|index| self.sides.get(index));
            if let Some(side) = side {
                side.stream.wait(&self.begun).w()?;
                beside.push(side);
            }
            multiply(weights, rows, *out, side.map_or(&main, |side| &side.stream))?;
        }
        for side in beside {
            side.done.record(&side.stream).w()?;
            main.wait(&side.done).w()?;
        }
        Ok(outs.into_iter().map(|(_, tensor)| tensor).collect())
    }
}

/// `out` has room for the product.
fn multiply(weights: &QTensor, rows: &Blocks, out: u64, stream: &CudaStream) -> Result<()> {
    let (outputs, inputs) = weights.shape().dims2()?;
    let Some(launcher) = launcher(weights.dtype()).filter(|_| multiplies(weights)) else {
        bail!("no product of {:?} with blocks, or of an odd number of outputs", weights.dtype());
    };
    if inputs != rows.width || rows.rows == 0 || rows.rows > MOST_ROWS {
        bail!("{} rows of {} do not fit {inputs} inputs", rows.rows, rows.width);
    }
    let from = address::<u8>(&rows.bytes, rows.bytes.elem_count())?;
    stream.context().bind_to_thread().w()?;
    // SAFETY: the weights are whole blocks of `[outputs][inputs]`, as QTensor made sure, and read two
    // outputs at a time, which `multiplies` looked at; the rows are `inputs / 32` blocks each, and
    // `out` has room for all; the context is this thread's.
    unsafe {
        launcher(
            weights.device_ptr()?.cast(),
            from as *const c_void,
            out as *mut c_void,
            inputs as i32,
            outputs as i32,
            (rows.width / BLOCK) as i32,
            outputs as i32,
            rows.rows as i32,
            stream.cu_stream().cast(),
        );
    }
    Ok(())
}

/// Weights of at most so many elements are made floats for a product of many rows: memory for them
/// is needed for a moment, 256 MiB at most. Only embeddings are larger.
const MOST_WEIGHTS: usize = 1 << 26;

/// `weights`, `[outputs, inputs]`, times each of many rows, `[rows, inputs]` to `[rows, outputs]`, in
/// the 19 bits of TensorFloat-32: what is lost is an eighth of what rounding rows to bytes loses, and
/// it takes half the time of candle's product in tiles (docs/performance/engine-gpu.md). Nothing where
/// the weights are too large for it.
///
/// # Errors
/// Where shapes do not fit or the device fails.
pub fn multiply_many(weights: &QTensor, rows: &Tensor) -> Result<Option<Tensor>> {
    let (outputs, inputs) = weights.shape().dims2()?;
    let (count, width) = rows.dims2()?;
    let Device::Cuda(device) = rows.device() else { bail!("rows are not on the GPU") };
    if outputs * inputs > MOST_WEIGHTS {
        return Ok(None);
    }
    if inputs != width {
        bail!("rows of {width} do not fit {inputs} inputs");
    }
    let weights = weights.dequantize(rows.device())?;
    let from = address::<f32>(rows, count * inputs)?;
    let by = address::<f32>(&weights, outputs * inputs)?;
    let (out, product) = floats(device, (count, outputs))?;
    let [outputs, inputs, count] = [outputs, inputs, count].map(|n| n as i32);
    let (one, zero) = (1.0f32, 0.0f32);
    let float = sys::cudaDataType_t::CUDA_R_32F;
    // cuBLAS knows matrices column after column: out^T = (weights^T)^T * rows^T.
    // SAFETY: the matrices are whole, row after row, of the lengths that `address` and `floats` looked
    // at; the handle is on the device's stream; the factors are floats, on the host.
    unsafe {
        result::gemm_ex(
            *device.cublas_handle().handle(),
            sys::cublasOperation_t::CUBLAS_OP_T,
            sys::cublasOperation_t::CUBLAS_OP_N,
            outputs,
            count,
            inputs,
            (&raw const one).cast(),
            by as *const c_void,
            float,
            inputs,
            from as *const c_void,
            float,
            inputs,
            (&raw const zero).cast(),
            out as *mut c_void,
            float,
            outputs,
            sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
            sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
        )
    }
    .w()?;
    Ok(Some(product))
}
