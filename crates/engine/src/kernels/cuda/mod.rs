//! The steps of a pass on an NVIDIA GPU, one kernel each.
//!
//! Owns the kernels of `steps.cu`, their launching, and the form in which a step hands its rows to
//! the products that read them: 32 values rounded to signed bytes, once for all matrices. The
//! products of few rows with weights of blocks are candle's kernels, called here without the
//! rounding in front of every one. Knows no model. Called by `arch::on_device::fused`; everything is
//! enqueued on the device's one stream, so nothing is freed or read before it is computed.
//!
//! | module | owns |
//! |---|---|
//! | `steps` | the kernels and their launching |
//! | `room` | forms of rows, and addresses |
//! | `table` | where the rows of a pass and their sequences are |
//! | `product` | products with quantized weights |
//! | `recording` | passes recorded once and repeated |
//! | `reader` | results read back |

#![allow(unsafe_code)]

mod product;
mod reader;
mod recording;
mod room;
mod steps;
mod table;

use candle_core::Result;
use candle_core::cuda_backend::cudarc::driver::{result, sys};
use candle_core::cuda_backend::{CudaDevice, WrapErr};

pub use product::{EXACT_ROWS, MOST_ROWS, Products, multiplies, multiply_many};
pub use reader::Reader;
pub use recording::Recording;
pub use room::{BLOCK, Blocks, Form, Output};
pub use steps::{Additions, Kernels, Turns, fit};
pub use table::{Sequence, Shape, Table};

/// Memory that the driver keeps for the next pass when a pass is done, bytes: without it, memory
/// between the steps is fetched from the system every time.
const KEPT: u64 = 1 << 30;

/// Readies a device for passes whose memory comes and goes on its one stream.
///
/// # Errors
/// Where the driver has no pool of memory.
pub fn set_up(device: &CudaDevice) -> Result<()> {
    // SAFETY: nothing in this process uses a tensor of this device on another stream than `device`'s
    // own, but between two events that keep the order (`product`).
    unsafe { device.disable_event_tracking() };
    let stream = device.cuda_stream();
    let released = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    let mut kept = KEPT;
    // SAFETY: the device is open, its pool lives as long, and the attribute is a 64-bit number.
    unsafe {
        let pool = result::device::get_default_mem_pool(stream.context().cu_device()).w()?;
        result::mem_pool::set_attribute(pool, released, (&raw mut kept).cast()).w()?;
    }
    Ok(())
}
