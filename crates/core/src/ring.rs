//! A bounded first-in, first-out queue without pointers, fit to live in shared memory.
//!
//! Owns the index arithmetic only; locking is the caller's. Called by [`crate::desk`].

/// Up to `N` values of `T`, in arrival order.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Ring<T: Copy, const N: usize> {
    slots: [Option<T>; N],
    head: usize,
    len: usize,
}

impl<T: Copy, const N: usize> Default for Ring<T, N> {
    fn default() -> Self {
        Self { slots: [None; N], head: 0, len: 0 }
    }
}

impl<T: Copy, const N: usize> Ring<T, N> {
    /// Appends `value`, or gives it back where the ring is full.
    ///
    /// # Errors
    /// The value itself, when `N` values wait already.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        if self.len >= N {
            return Err(value);
        }
        let at = (self.head + self.len) % N.max(1);
        match self.slots.get_mut(at) {
            Some(slot) => *slot = Some(value),
            None => return Err(value),
        }
        self.len += 1;
        Ok(())
    }

    /// Takes the oldest value.
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let value = self.slots.get_mut(self.head)?.take();
        self.head = (self.head + 1) % N.max(1);
        self.len -= 1;
        value
    }

    /// The values that wait, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let at = |offset| (self.head + offset) % N.max(1);
        (0..self.len).filter_map(move |offset| *self.slots.get(at(offset))?)
    }

    /// Number of values that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn behaves_like_a_bounded_vecdeque(ops in proptest::collection::vec(any::<Option<u32>>(), 0..200)) {
            let mut ring = Ring::<u32, 5>::default();
            let mut model = VecDeque::new();
            for op in ops {
                match op {
                    Some(v) => {
                        let fits = model.len() < 5;
                        prop_assert_eq!(ring.push(v).is_ok(), fits);
                        if fits { model.push_back(v); }
                    }
                    None => prop_assert_eq!(ring.pop(), model.pop_front()),
                }
                prop_assert_eq!(ring.len(), model.len());
            }
        }
    }
}
