//! A snapshot as few bytes, for another session of the same role to begin with.

use serde::{Deserialize, Serialize};

use super::Snapshot;

/// Most bytes a packed snapshot may unpack to: what says so is not believed beyond it.
const MOST: usize = 32 << 20;

/// All of a snapshot that is not computed from the rest.
#[derive(Serialize)]
struct Packed<'a> {
    snapshot: &'a Snapshot,
    functions: &'a [String],
}

#[derive(Deserialize)]
struct Unpacked {
    snapshot: Snapshot,
    functions: Vec<String>,
}

impl Snapshot {
    /// The snapshot as compressed JSON; `None` where it is too large.
    pub fn pack(&self) -> Option<Vec<u8>> {
        let packed = Packed { snapshot: self, functions: &self.functions };
        let json = serde_json::to_vec(&packed).ok()?;
        (json.len() <= MOST).then(|| lz4_flex::compress_prepend_size(&json))
    }

    /// What [`Self::pack`] was given; `None` for bytes it did not give.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let (size, compressed) = lz4_flex::block::uncompressed_size(bytes).ok()?;
        if size > MOST {
            return None;
        }
        let json = lz4_flex::decompress(compressed, size).ok()?;
        let Unpacked { mut snapshot, functions } = serde_json::from_slice(&json).ok()?;
        snapshot.functions = functions;
        snapshot.infer_keys();
        Some(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture;
    use proptest::prelude::*;

    fn snapshot() -> Snapshot {
        let mut snapshot = fixture::shop();
        snapshot.functions = vec!["similarity".into()];
        snapshot.relations[0].estimated_rows = Some(1_234_567.0);
        snapshot.relations[0].columns[0].common_values = vec!["O'Hara".into(), "é".into()];
        snapshot.relations[1].synonyms = vec!["lines".into()];
        snapshot.relations[2].filtered = true;
        snapshot.semantics.rules.push(crate::semantics::Rule { relation: None, text: "x".into() });
        snapshot.infer_keys();
        snapshot
    }

    #[test]
    fn a_snapshot_is_the_same_after_packing() {
        let snapshot = snapshot();
        assert_eq!(Snapshot::unpack(&snapshot.pack().unwrap()), Some(snapshot));
    }

    #[test]
    fn a_size_that_is_too_large_is_not_believed() {
        let mut bytes = snapshot().pack().unwrap();
        bytes[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Snapshot::unpack(&bytes), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Snapshot::unpack(&bytes);
        }

        #[test]
        fn damaged_bytes_give_nothing_or_a_snapshot(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = snapshot().pack().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let _ = Snapshot::unpack(&bytes);
        }
    }
}
