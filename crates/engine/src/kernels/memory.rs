//! Memory for weights, in pages of 2 MiB where the system has them.
//!
//! Decoding reads every weight once a token. With pages of 4 KiB a virtual machine reads 11 to 17
//! GB/s, with large ones 18 to 20 (2 processors, AVX2, two threads summing 1 GiB): looking up
//! addresses is what the difference is. Matrices are smaller than a large page or no multiple of
//! one, so they share mappings. What is never written costs nothing.

#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

/// Size and alignment of a large page on x86-64 and on 64-bit ARM with pages of 4 KiB.
const LARGE_PAGE: usize = 2 << 20;
/// Least size of a mapping.
const MAPPING: usize = 64 << 20;
/// Parts begin at cache lines.
const LINE: usize = 64;

/// Has the allocator keep up to so many freed bytes, instead of giving them back to the system and
/// fetching them again, page by page. Does nothing but with glibc.
#[cfg(feature = "cuda")]
pub fn keep_freed(bytes: usize) {
    #[cfg(target_env = "gnu")]
    {
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        // SAFETY: the allocator takes its own lock; any value is allowed.
        unsafe {
            // Before 2.35 it refuses more than 32 MiB.
            if libc::mallopt(libc::M_MMAP_THRESHOLD, bytes) == 0 {
                libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
            }
            libc::mallopt(libc::M_TRIM_THRESHOLD, bytes.saturating_mul(2));
        }
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = bytes;
}

/// An anonymous mapping.
struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: plain memory, which `Space` hands out in disjoint parts.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and no `Space` refers to it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

impl Mapping {
    fn new(len: usize) -> Option<Self> {
        // SAFETY: a new mapping of zeros, at a place of the system's choice.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        #[cfg(target_os = "linux")]
        // SAFETY: our own mapping; where the system has no large pages, nothing happens.
        unsafe {
            libc::madvise(start, len, libc::MADV_HUGEPAGE)
        };
        Some(Self { start: NonNull::new(start.cast())?, len })
    }

    /// Where the first large page begins, and how much there is from there on.
    fn usable(&self) -> (usize, usize) {
        let skip = self.start.as_ptr().align_offset(LARGE_PAGE).min(self.len);
        (skip, self.len - skip)
    }
}

/// A part of a mapping that belongs to one owner.
pub struct Space {
    mapping: Arc<Mapping>,
    from: usize,
    len: usize,
}

struct Open {
    mapping: Arc<Mapping>,
    next: usize,
}

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

impl Space {
    /// `len` bytes of zeros that begin at a cache line; `None` where there is no memory.
    pub fn new(len: usize) -> Option<Self> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |open: &Open| open.next.checked_add(len).is_some_and(|end| end <= open.mapping.len);
        if !open.as_ref().is_some_and(fits) {
            let size = len.checked_next_multiple_of(LARGE_PAGE)?.max(MAPPING);
            let mapping = Arc::new(Mapping::new(size.checked_add(LARGE_PAGE)?)?);
            let next = mapping.usable().0;
            *open = Some(Open { mapping, next });
        }
        let open = open.as_mut()?;
        let from = open.next;
        open.next = from.checked_add(len)?.checked_next_multiple_of(LINE)?.min(open.mapping.len);
        Some(Self { mapping: Arc::clone(&open.mapping), from, len })
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: inside the mapping, which lives as long as this, and of no other owner.
        unsafe { std::slice::from_raw_parts(self.mapping.start.as_ptr().add(self.from), self.len) }
    }

    /// The bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed from nobody else.
        unsafe {
            std::slice::from_raw_parts_mut(self.mapping.start.as_ptr().add(self.from), self.len)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_zero_disjoint_and_begin_at_cache_lines() {
        let sizes = [1, 63, 64, 1000, 3 << 20, 100 << 20, 5];
        let mut spaces: Vec<Space> =
            sizes.iter().map(|size| Space::new(*size).expect("memory")).collect();
        for (number, space) in spaces.iter_mut().enumerate() {
            let bytes = space.bytes_mut();
            assert_eq!(bytes.as_ptr().align_offset(LINE), 0);
            assert!(bytes.iter().all(|byte| *byte == 0));
            bytes.fill(number as u8 + 1);
        }
        for (number, (space, size)) in spaces.iter().zip(sizes).enumerate() {
            assert_eq!(space.bytes().len(), size);
            assert!(space.bytes().iter().all(|byte| *byte == number as u8 + 1));
        }
    }

    #[test]
    fn more_than_there_is_is_refused() {
        assert!(Space::new(usize::MAX).is_none());
        assert!(Space::new(usize::MAX / 2).is_none());
        assert!(Space::new(16).is_some());
    }
}
