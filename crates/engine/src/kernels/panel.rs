//! Weights repacked so that one vector instruction works on eight outputs.
//!
//! Owns the layouts and their scalar definition. Eight rows of a matrix make a panel: byte
//! `4 * row + i` of every vector belongs to row `row`, so that multiplying it with four inputs,
//! repeated, gives eight sums side by side and nothing is added across a vector. Quants, scales and
//! minima are those of the file, bit for bit; only their places differ. The one copy serves
//! prefill and decode. `pack` writes it once, at load; `avx2` multiplies, and `avx512` two at a time.
//!
//! Source of the file's layouts: `ggml-common.h` and `ggml-quants.c` of ggml.

#![allow(unsafe_code)]

use candle_core::quantized::GgmlDType;
use half::f16;

use super::memory::Space;
use super::pack::pack_block;
use super::pool::{Parts, pool};

/// Rows of a panel.
pub const ROWS: usize = 8;
/// Bytes of a vector: four elements of each row.
pub(super) const VECTOR: usize = 32;
/// Elements that the smallest types scale together.
pub(super) const SMALL: usize = 32;
/// Elements that the K-types scale together.
pub(super) const LARGE: usize = 256;

/// A packed type. Offsets into a block are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 256 elements: nibbles (32 vectors), scales and minima of 32 elements each as pairs of
    /// bytes (4 × 16 each), two 16-bit floats per row.
    Q4K,
    /// As Q4K with a vector of fifth bits after every 4 of nibbles.
    Q5K,
    /// 256 elements: 8 times 4 vectors of nibbles and 2 of upper bits; signed scales of 16
    /// elements each as pairs of bytes (8 × 16), one 32-bit float per row.
    Q6K,
    /// 32 elements: 4 vectors of nibbles, 1 of fifth bits, one 16-bit float per row.
    Q5_0,
    /// 32 elements: 8 vectors, one 16-bit float per row.
    Q8_0,
}

impl Format {
    /// The format a type of a file is packed into.
    pub fn of(dtype: GgmlDType) -> Option<Self> {
        match dtype {
            GgmlDType::Q4K => Some(Self::Q4K),
            GgmlDType::Q5K => Some(Self::Q5K),
            GgmlDType::Q6K => Some(Self::Q6K),
            GgmlDType::Q5_0 => Some(Self::Q5_0),
            GgmlDType::Q8_0 => Some(Self::Q8_0),
            _ => None,
        }
    }

    /// Elements of a block.
    pub const fn block(self) -> usize {
        match self {
            Self::Q4K | Self::Q5K | Self::Q6K => LARGE,
            Self::Q5_0 | Self::Q8_0 => SMALL,
        }
    }

    /// Bytes of a block of one row in a file.
    const fn file_bytes(self) -> usize {
        match self {
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
            Self::Q5_0 => 22,
            Self::Q8_0 => 34,
        }
    }

    /// Bytes of a block of eight rows here.
    pub const fn panel_bytes(self) -> usize {
        match self {
            Self::Q4K => 32 * VECTOR + 2 * 64 + 2 * 16,
            Self::Q5K => 40 * VECTOR + 2 * 64 + 2 * 16,
            Self::Q6K => 48 * VECTOR + 128 + 32,
            Self::Q5_0 => 5 * VECTOR + 16,
            Self::Q8_0 => 8 * VECTOR + 16,
        }
    }
}

/// One row's part of a block: `value = scale * quant - minimum`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unpacked {
    /// Quants of the block's elements, offsets applied.
    pub quants: Vec<i16>,
    /// Scale of every 16 elements.
    pub scales: Vec<f32>,
    /// Minimum of every 16 elements.
    pub minima: Vec<f32>,
}

/// A matrix in panels. The last one is filled up with zeros.
pub struct Panels {
    format: Format,
    rows: usize,
    cols: usize,
    space: Space,
}

impl Panels {
    /// Packs `rows` rows of `cols` elements; `None` where the bytes are not that many or a row is
    /// no whole number of blocks, or where there is no memory.
    pub fn pack(format: Format, source: &[u8], rows: usize, cols: usize) -> Option<Self> {
        let per_row = cols / format.block();
        let row_bytes = per_row.checked_mul(format.file_bytes())?;
        let whole = per_row > 0 && cols.is_multiple_of(format.block());
        if !whole || source.len() != rows.checked_mul(row_bytes)? {
            return None;
        }
        let panel_bytes = per_row.checked_mul(format.panel_bytes())?;
        let total = rows.div_ceil(ROWS).checked_mul(panel_bytes)?;
        let mut space = Space::new(total)?;
        let panels = Parts::new(space.bytes_mut());
        pool().run(rows.div_ceil(ROWS), &|index| {
            let from = index * ROWS * row_bytes;
            let until = source.len().min(from + ROWS * row_bytes);
            // SAFETY: every panel is written by the one piece that has its number.
            let panel = unsafe { panels.get(index * panel_bytes, panel_bytes) };
            for (lane, row) in
                source.get(from..until).unwrap_or_default().chunks_exact(row_bytes).enumerate()
            {
                let blocks = row.chunks_exact(format.file_bytes());
                for (block, out) in blocks.zip(panel.chunks_exact_mut(format.panel_bytes())) {
                    pack_block(format, block, lane, out);
                }
            }
        });
        Some(Self { format, rows, cols, space })
    }

    /// How the blocks are laid out.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Memory of the weights, bytes.
    pub fn bytes(&self) -> usize {
        self.space.bytes().len()
    }

    /// Number of panels.
    pub fn count(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }

    /// Blocks of one row.
    pub fn blocks(&self) -> usize {
        self.cols / self.format.block()
    }

    /// The bytes of a panel; empty where there is none of that number.
    pub fn panel(&self, index: usize) -> &[u8] {
        let size = self.blocks() * self.format.panel_bytes();
        let from = index * size;
        self.space.bytes().get(from..from + size).unwrap_or_default()
    }

    /// A row as floats, appended to `out`; `None` where there is none of that number.
    pub fn unpack_row(&self, row: usize, out: &mut Vec<f32>) -> Option<()> {
        if row >= self.rows {
            return None;
        }
        for block in self.panel(row / ROWS).chunks_exact(self.format.panel_bytes()) {
            let block = self.unpack_block(block, row % ROWS);
            for (part, (scale, minimum)) in
                block.quants.chunks(16).zip(block.scales.iter().zip(&block.minima))
            {
                out.extend(part.iter().map(|quant| scale * f32::from(*quant) - minimum));
            }
        }
        Some(())
    }

    /// One row's part of a block of a panel.
    pub fn unpack_block(&self, block: &[u8], lane: usize) -> Unpacked {
        unpack_block(self.format, block, lane)
    }
}

/// Place of element `k` of a row within vectors that hold four of each row.
const fn place(k: usize, lane: usize) -> usize {
    k / 4 * VECTOR + lane * 4 + k % 4
}

/// Place of the nibble of element `k` of 32: which byte, and by how many bits it is shifted.
/// Elements 0 to 15 are the lower nibbles of 4 vectors, 16 to 31 the upper ones.
const fn nibble(k: usize, lane: usize) -> (usize, u32) {
    (place(k % 16, lane), if k < 16 { 0 } else { 4 })
}

pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or_default()
}

pub(super) fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([byte(bytes, at), byte(bytes, at + 1)]).to_f32()
}

/// Offsets of the parts of a block.
pub(super) struct Offsets {
    /// Bytes of 32 elements' quants, nibbles first.
    pub group: usize,
    /// Scales of parts, and minima 64 bytes later.
    pub scales: usize,
    /// Floats of the whole block.
    pub floats: usize,
}

pub(super) const fn offsets(format: Format) -> Offsets {
    match format {
        Format::Q4K => {
            Offsets { group: 4 * VECTOR, scales: 32 * VECTOR, floats: 32 * VECTOR + 128 }
        }
        Format::Q5K => {
            Offsets { group: 5 * VECTOR, scales: 40 * VECTOR, floats: 40 * VECTOR + 128 }
        }
        Format::Q6K => {
            Offsets { group: 6 * VECTOR, scales: 48 * VECTOR, floats: 48 * VECTOR + 128 }
        }
        Format::Q5_0 => Offsets { group: 5 * VECTOR, scales: 0, floats: 5 * VECTOR },
        Format::Q8_0 => Offsets { group: 8 * VECTOR, scales: 0, floats: 8 * VECTOR },
    }
}

/// The definition of the layouts: what a lane of a block says.
fn unpack_block(format: Format, block: &[u8], lane: usize) -> Unpacked {
    let Offsets { group, scales, floats } = offsets(format);
    let quant = |k: usize| {
        let base = k / 32 * group;
        if format == Format::Q8_0 {
            return i16::from(byte(block, base + place(k % 32, lane)) as i8);
        }
        let (at, shift) = nibble(k % 32, lane);
        let low = byte(block, base + at) >> shift & 15;
        let (upper, offset) = match format {
            Format::Q4K | Format::Q8_0 => (0, 0),
            Format::Q5K | Format::Q5_0 => {
                let bits = byte(block, base + 4 * VECTOR + lane * 4 + k % 4);
                (bits >> (k % 32 / 4) & 1, if format == Format::Q5_0 { 16 } else { 0 })
            }
            Format::Q6K => {
                let at = base + 4 * VECTOR + k % 32 / 16 * VECTOR + lane * 4 + k % 4;
                (byte(block, at) >> (k % 16 / 4 * 2) & 3, 32)
            }
        };
        i16::from(low | upper << 4) - offset
    };
    let sixteens = format.block() / 16;
    let (scales, minima) = match format {
        Format::Q4K | Format::Q5K => {
            let at = |n: usize| scales + n / 4 * 16 + lane * 2 + n / 2 % 2;
            let (scale, minimum) =
                (half_at(block, floats + lane * 2), half_at(block, floats + 16 + lane * 2));
            (
                (0..sixteens).map(|n| scale * f32::from(byte(block, at(n)))).collect(),
                (0..sixteens).map(|n| minimum * f32::from(byte(block, at(n) + 64))).collect(),
            )
        }
        Format::Q6K => {
            let scale =
                f32::from_le_bytes(std::array::from_fn(|i| byte(block, floats + lane * 4 + i)));
            let of = |n: usize| byte(block, scales + n / 2 * 16 + lane * 2 + n % 2) as i8;
            ((0..sixteens).map(|n| scale * f32::from(of(n))).collect(), vec![0.0; sixteens])
        }
        Format::Q5_0 | Format::Q8_0 => {
            (vec![half_at(block, floats + lane * 2); sixteens], vec![0.0; sixteens])
        }
    };
    Unpacked { quants: (0..format.block()).map(quant).collect(), scales, minima }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use candle_core::CpuStorage;

    use super::*;

    /// Every type's packed rows have exactly the values candle reads from the file's blocks.
    #[test]
    fn packed_weights_have_the_values_of_the_file() {
        let types =
            [GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K, GgmlDType::Q5_0, GgmlDType::Q8_0];
        for dtype in types {
            let (rows, cols) = (19, 512);
            let bytes = super::super::fixture::blocks(dtype, rows * cols);
            let format = Format::of(dtype).expect("packed");
            let panels = Panels::pack(format, &bytes, rows, cols).expect("fits");
            let blocks = dtype.from_data(Cow::Owned(bytes));
            let Ok(CpuStorage::F32(expected)) = blocks.dequantize(rows * cols) else {
                panic!("floats")
            };
            let mut found = Vec::new();
            for row in 0..rows {
                panels.unpack_row(row, &mut found).expect("a row");
            }
            for (at, (a, b)) in found.iter().zip(&expected).enumerate() {
                assert!((a - b).abs() <= b.abs() * 1e-6, "{dtype:?} {at}: {a} {b}");
            }
            assert!(panels.unpack_row(rows, &mut found).is_none());
        }
    }

    #[test]
    fn bytes_that_are_no_whole_rows_are_refused() {
        assert!(Panels::pack(Format::Q8_0, &[0; 34], 1, 48).is_none());
        assert!(Panels::pack(Format::Q8_0, &[0; 34], 1, 0).is_none());
        assert!(Panels::pack(Format::Q8_0, &[0; 34 * 3], 1, 64).is_none());
        assert!(Panels::pack(Format::Q4K, &[0; 144], usize::MAX, 256).is_none());
    }

    #[test]
    fn panels_begin_at_cache_lines() {
        let panels = Panels::pack(Format::Q4K, &[0; 144 * 8], 8, 256).expect("fits");
        assert_eq!(panels.panel(0).as_ptr().align_offset(64), 0);
        assert!(panels.panel(1).is_empty());
    }
}
