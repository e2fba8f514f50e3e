//! Results read back from a GPU.
//!
//! Owns memory that the device can write at the full rate of the bus: into ordinary memory a row of
//! logits takes longer than a layer.

use std::sync::{Mutex, PoisonError};

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::PinnedHostSlice;
use candle_core::{CudaDevice, Result, Storage, Tensor, bail};

/// Reads floats, through memory that stays.
#[derive(Default)]
pub struct Reader {
    pinned: Mutex<Option<PinnedHostSlice<f32>>>,
}

impl Reader {
    /// All elements of a contiguous tensor, once they are computed.
    ///
    /// # Errors
    /// Where it is not one of floats on this device, or the device fails.
    pub fn read(&self, tensor: &Tensor, device: &CudaDevice) -> Result<Vec<f32>> {
        let count = tensor.elem_count();
        let (storage, layout) = tensor.storage_and_layout();
        let Storage::Cuda(storage) = &*storage else { bail!("a tensor is not on the GPU") };
        let Some((from, until)) = layout.contiguous_offsets() else {
            bail!("a tensor is not contiguous");
        };
        let view = storage.as_cuda_slice::<f32>()?.slice(from..until);
        let stream = device.cuda_stream();
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if pinned.as_ref().is_none_or(|pinned| pinned.len() < count) {
            // Ordinary memory, not combined for writing, which processors read slowly.
            const FLAGS: u32 = 0;
            // SAFETY: it is read only as far as it was written.
            let memory = unsafe {
                stream.context().alloc_pinned_with_flags(count.next_power_of_two(), FLAGS)
            };
            *pinned = Some(memory.w()?);
        }
        let room = match pinned.as_mut() {
            Some(pinned) => pinned.as_mut_slice().w()?.get_mut(..count),
            None => None,
        };
        let Some(room) = room else { bail!("too little memory to read through") };
        stream.memcpy_dtoh(&view, room).w()?;
        stream.synchronize().w()?;
        Ok(room.to_vec())
    }
}
