//! Rows in the memory of a GPU: where steps read and write.
//!
//! Owns the forms rows have there and the addresses that kernels are given, which are looked up
//! together with the number of elements, since a kernel does not look.

use candle_core::cuda_backend::cudarc::driver::{CudaView, DevicePtr, DeviceRepr};
use candle_core::cuda_backend::{CudaDType, CudaDevice, CudaStorage};
use candle_core::op::BackpropOp;
use candle_core::{Result, Storage, Tensor, bail};

/// Values of a block.
pub const BLOCK: usize = 32;
/// Bytes of a block: scale and sum, 16-bit floats, and a byte for each value.
const BLOCK_BYTES: usize = 36;

/// In which form a step writes its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 32-bit floats.
    Floats,
    /// Blocks; the width must be a multiple of 32.
    Blocks,
}

/// Rows that a step wrote.
#[derive(Debug)]
pub enum Output {
    /// `[rows, width]`.
    Floats(Tensor),
    /// Rounded.
    Blocks(Blocks),
}

/// Rows in blocks.
#[derive(Debug)]
pub struct Blocks {
    pub(super) bytes: Tensor,
    pub(super) rows: usize,
    pub(super) width: usize,
}

/// Where a step writes.
pub struct Room {
    /// Or 0.
    pub floats: u64,
    /// Or 0.
    pub blocks: u64,
    /// Blocks of a row.
    pub row_blocks: i32,
    /// What is written there.
    pub rows: Output,
}

impl Room {
    /// For rows of this width.
    ///
    /// # Errors
    /// Where the width is not whole blocks and the form is, or the device has no memory.
    pub fn new(device: &CudaDevice, rows: usize, width: usize, form: Form) -> Result<Self> {
        if form == Form::Floats {
            let (floats, tensor) = floats(device, (rows, width))?;
            return Ok(Self { floats, blocks: 0, row_blocks: 0, rows: Output::Floats(tensor) });
        }
        if !width.is_multiple_of(BLOCK) {
            bail!("a row of {width} is not whole blocks");
        }
        let count = rows * width / BLOCK * BLOCK_BYTES;
        // SAFETY: as for floats.
        let slice = unsafe { device.alloc::<u8>(count) }?;
        let bytes = tensor(CudaStorage::wrap_cuda_slice(slice, device.clone()), count);
        let blocks = address::<u8>(&bytes, count)?;
        let row_blocks = (width / BLOCK) as i32;
        let rows = Output::Blocks(Blocks { bytes, rows, width });
        Ok(Self { floats: 0, blocks, row_blocks, rows })
    }
}

/// Room for floats, and its address.
///
/// # Errors
/// Where the device has no memory.
pub fn floats(device: &CudaDevice, shape: (usize, usize)) -> Result<(u64, Tensor)> {
    // SAFETY: the step that asked for it writes all of it before anything reads it.
    let slice = unsafe { device.alloc::<f32>(shape.0 * shape.1) }?;
    let tensor = tensor(CudaStorage::wrap_cuda_slice(slice, device.clone()), shape);
    Ok((address::<f32>(&tensor, shape.0 * shape.1)?, tensor))
}

fn tensor(storage: CudaStorage, shape: impl Into<candle_core::Shape>) -> Tensor {
    Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false)
}

/// Address of a tensor that must be contiguous, of this type and this many elements.
///
/// # Errors
/// Where it is not.
pub fn address<T: CudaDType + DeviceRepr>(tensor: &Tensor, count: usize) -> Result<u64> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cuda(storage) = &*storage else { bail!("a tensor is not on the GPU") };
    let Some((from, until)) = layout.contiguous_offsets() else {
        bail!("a tensor is not contiguous");
    };
    if until - from != count {
        bail!("a tensor has {} elements, not {count}", until - from);
    }
    let slice = storage.as_cuda_slice::<T>()?;
    let view: CudaView<'_, T> = slice.slice(from..until);
    let (address, _) = view.device_ptr(slice.stream());
    Ok(address)
}

/// As [`address`], of floats; 0 of none.
///
/// # Errors
/// The same.
pub fn address_if_any(tensor: Option<&Tensor>, count: usize) -> Result<u64> {
    tensor.map_or(Ok(0), |tensor| address::<f32>(tensor, count))
}
