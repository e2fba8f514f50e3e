//! Passes that are recorded once and repeated.
//!
//! Owns CUDA graphs: launching the steps of a pass of few rows one by one takes longer than they take,
//! and a graph is launched at once. What differs from pass to pass is in the table, at an address
//! that stays. Memory for what is between the steps belongs to the graph.

use std::sync::Arc;

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{CudaGraph, CudaStream, sys};
use candle_core::{CudaDevice, Result, Tensor, bail};

use super::{Sequence, Table};
use crate::kernels::attention::Heads;

/// A pass that can be repeated.
pub struct Recording {
    graph: CudaGraph,
    table: Table,
    /// What the pass results in, each time in the same place.
    result: Tensor,
}

// SAFETY: a graph may be used by one thread at a time, and is only launched and dropped through an
// exclusive borrow; it does not depend on which thread that is.
unsafe impl Send for Recording {}

/// A stream that records. However it ends, the stream computes again.
struct Capture<'a> {
    stream: &'a Arc<CudaStream>,
    ended: bool,
}

impl<'a> Capture<'a> {
    fn begin(stream: &'a Arc<CudaStream>) -> Result<Self> {
        let alone = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        stream.begin_capture(alone).w()?;
        Ok(Self { stream, ended: false })
    }

    fn end(mut self) -> Result<CudaGraph> {
        self.ended = true;
        let graph = self.stream.end_capture(NO_FLAGS).w()?;
        graph.map_or_else(|| bail!("nothing was recorded"), Ok)
    }
}

impl Drop for Capture<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // It says no more than what went wrong before.
            let _ = self.stream.end_capture(NO_FLAGS);
        }
    }
}

const NO_FLAGS: sys::CUgraphInstantiate_flags = sys::CUgraphInstantiate_flags(0);

impl Recording {
    /// Records what `compute` enqueues, which must be kernels only: nothing is computed yet, and
    /// nothing may be read back. `result` is of the shape that `compute` results in.
    ///
    /// # Errors
    /// Where `compute` fails or does something that cannot be recorded.
    pub fn new<E: From<candle_core::Error>>(
        device: &CudaDevice,
        table: Table,
        result: Tensor,
        compute: impl FnOnce(&Table) -> std::result::Result<Tensor, E>,
    ) -> std::result::Result<Self, E> {
        let stream = device.cuda_stream();
        let capture = Capture::begin(&stream)?;
        // What `compute` makes is given back within the recording.
        compute(&table).and_then(|out| result.slice_set(&out, 0, 0).map_err(E::from))?;
        let graph = capture.end()?;
        Ok(Self { graph, table, result })
    }

    /// Computes the recorded pass for rows of the same shape. The result is good until the
    /// next time.
    ///
    /// # Errors
    /// Where the shape is another, or the device fails.
    pub fn repeat(&mut self, sequences: &[Sequence<'_>], heads: Heads) -> Result<&Tensor> {
        self.table.replace(sequences, heads)?;
        self.graph.launch().w()?;
        Ok(&self.result)
    }
}
