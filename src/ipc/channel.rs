//! One request's segment: a header and two message queues, one each way.
//!
//! The backend creates the segment, the worker attaches to it. Sending and receiving never wait.
//! A detached queue is how each side learns that the other is gone.

use std::collections::VecDeque;

use pgrx::pg_sys;
use text2sql_core::desk::SegmentHeader;

/// Bytes of each queue. Longer messages pass through in pieces.
const QUEUE_BYTES: usize = 64 << 10;
/// Bytes kept for [`SegmentHeader`]; keeps the queues MAXALIGNed.
const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = HEADER_BYTES + 2 * QUEUE_BYTES;

/// The other side is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detached;

/// One side of a request's segment.
pub struct Channel {
    segment: *mut pg_sys::dsm_segment,
    sender: *mut pg_sys::shm_mq_handle,
    receiver: *mut pg_sys::shm_mq_handle,
    /// Messages to be sent; the first may be partly sent, so it stays in place until it is done.
    outbox: VecDeque<Vec<u8>>,
}

impl Channel {
    /// A new segment, owned by the current resource owner: any error or abort detaches it.
    pub fn create(request_id: u64) -> (Self, u32) {
        // SAFETY: allocates shared memory; raises an error where there is none.
        let segment = unsafe { pg_sys::dsm_create(SEGMENT_BYTES, 0) };
        // SAFETY: the segment is mapped and larger than the header.
        let base = unsafe { pg_sys::dsm_segment_address(segment) }.cast::<u8>();
        // SAFETY: freshly mapped memory, page-aligned, ours alone until the ticket is published.
        unsafe { base.cast::<SegmentHeader>().write(SegmentHeader::new(request_id)) };
        let [up, down] = queue_addresses(base).map(|at| {
            // SAFETY: `at` is MAXALIGNed and has QUEUE_BYTES within the segment.
            unsafe { pg_sys::shm_mq_create(at.cast(), QUEUE_BYTES) }
        });
        // SAFETY: the mapped segment has a handle.
        let handle = unsafe { pg_sys::dsm_segment_handle(segment) };
        (Self::join(segment, up, down), handle)
    }

    /// The worker's side of a backend's segment, or `None` where that is gone or not the one the
    /// ticket means.
    pub fn attach(handle: u32, request_id: u64) -> Option<Self> {
        // SAFETY: an unknown handle gives NULL.
        let segment = unsafe { pg_sys::dsm_attach(handle) };
        if segment.is_null() {
            return None;
        }
        // SAFETY: the segment is mapped.
        let base = unsafe { pg_sys::dsm_segment_address(segment) }.cast::<u8>();
        // SAFETY: every segment of the server is larger than the header; any bytes are a header.
        let header = unsafe { base.cast::<SegmentHeader>().read() };
        if !header.is_of(request_id) {
            // SAFETY: attached above, used no more.
            unsafe { pg_sys::dsm_detach(segment) };
            return None;
        }
        let [up, down] = queue_addresses(base).map(<*mut u8>::cast::<pg_sys::shm_mq>);
        Some(Self::join(segment, down, up))
    }

    /// Becomes the sender of one queue and the receiver of the other.
    fn join(
        segment: *mut pg_sys::dsm_segment,
        outgoing: *mut pg_sys::shm_mq,
        incoming: *mut pg_sys::shm_mq,
    ) -> Self {
        // SAFETY: set at process start, before any code of the extension runs.
        let me = unsafe { pg_sys::MyProc };
        // SAFETY: both queues were created in this segment and have no such side yet.
        unsafe { pg_sys::shm_mq_set_sender(outgoing, me) };
        // SAFETY: as above.
        unsafe { pg_sys::shm_mq_set_receiver(incoming, me) };
        // SAFETY: without a worker handle nothing here waits for the other side.
        let sender = unsafe { pg_sys::shm_mq_attach(outgoing, segment, std::ptr::null_mut()) };
        // SAFETY: as above.
        let receiver = unsafe { pg_sys::shm_mq_attach(incoming, segment, std::ptr::null_mut()) };
        Self { segment, sender, receiver, outbox: VecDeque::new() }
    }

    /// Queues a message; [`Self::flush`] sends it.
    pub fn send(&mut self, message: Vec<u8>) {
        self.outbox.push_back(message);
    }

    /// Sends as much as the queue takes; `true` when everything is sent.
    ///
    /// # Errors
    /// [`Detached`].
    pub fn flush(&mut self) -> Result<bool, Detached> {
        while let Some(message) = self.outbox.front() {
            // SAFETY: the handle is attached; after WOULD_BLOCK the same bytes, which have not
            // moved, are passed again, as the function demands.
            let result = unsafe {
                pg_sys::shm_mq_send(self.sender, message.len(), message.as_ptr().cast(), true, true)
            };
            match result {
                pg_sys::shm_mq_result::SHM_MQ_SUCCESS => drop(self.outbox.pop_front()),
                pg_sys::shm_mq_result::SHM_MQ_WOULD_BLOCK => return Ok(false),
                _ => return Err(Detached),
            }
        }
        Ok(true)
    }

    /// The next message, if one is there.
    ///
    /// # Errors
    /// [`Detached`], after the last message was received.
    pub fn receive(&mut self) -> Result<Option<Vec<u8>>, Detached> {
        let mut length: pg_sys::Size = 0;
        let mut data: *mut std::ffi::c_void = std::ptr::null_mut();
        // SAFETY: the handle is attached; the places for the answer are ours.
        let result =
            unsafe { pg_sys::shm_mq_receive(self.receiver, &raw mut length, &raw mut data, true) };
        match result {
            pg_sys::shm_mq_result::SHM_MQ_SUCCESS => {
                // SAFETY: on success `data` points to `length` bytes, valid until the next call.
                let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
                Ok(Some(bytes.to_vec()))
            }
            pg_sys::shm_mq_result::SHM_MQ_WOULD_BLOCK => Ok(None),
            _ => Err(Detached),
        }
    }
}

impl Drop for Channel {
    /// While an error unwinds, the resource owner detaches; calling the server then is unsafe.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // SAFETY: attached in `join` and not detached since.
        unsafe { pg_sys::shm_mq_detach(self.sender) };
        // SAFETY: as above.
        unsafe { pg_sys::shm_mq_detach(self.receiver) };
        // SAFETY: mapped in `create` or `attach` and not detached since.
        unsafe { pg_sys::dsm_detach(self.segment) };
    }
}

fn queue_addresses(base: *mut u8) -> [*mut u8; 2] {
    [0, 1].map(|i| base.wrapping_add(HEADER_BYTES + i * QUEUE_BYTES))
}
