//! Where the rows of a pass are, for the kernels.
//!
//! Owns the array on the device that says of every row its token, its sequence and its position, and
//! of every sequence where its keys and values are; and that all of it is within bounds, since the
//! kernels do not look.

use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use candle_core::{CudaDevice, Device, Result, Tensor, bail};

use super::room::address;
use super::steps::TILE;
use crate::kernels::attention::Heads;

/// Addresses of arrays in the device's memory: `Places` of steps.cu.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Places {
    positions: u64,
    sequences: u64,
    rooms: u64,
    keys_values: u64,
}

// SAFETY: four addresses, laid out as `Places` of steps.cu.
unsafe impl DeviceRepr for Places {}

/// The rows of a pass and where their sequences are kept.
#[derive(Debug)]
pub struct Table {
    words: Tensor,
    shape: Shape,
    seen: usize,
}

/// What two tables have in common that have the same layout, and for which the same launches do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    rows: usize,
    sequences: usize,
    layers: usize,
    /// Positions that launches are made for: a power of two of tiles.
    reach: usize,
}

/// One sequence's rows in a pass.
#[derive(Debug)]
pub struct Sequence<'a> {
    /// Its tokens.
    pub tokens: &'a [u32],
    /// Position of the first of them.
    pub start: usize,
    /// Positions there is room for.
    pub room: usize,
    /// Keys and values of each layer, `[heads, room, dim]`, 16-bit floats.
    pub layers: &'a [[Tensor; 2]],
}

impl Sequence<'_> {
    fn end(&self) -> usize {
        self.start + self.tokens.len()
    }
}

impl Shape {
    /// Of a pass over these sequences.
    pub fn of(sequences: &[Sequence<'_>]) -> Self {
        let seen = sequences.iter().map(Sequence::end).max().unwrap_or_default();
        Self {
            rows: sequences.iter().map(|sequence| sequence.tokens.len()).sum(),
            sequences: sequences.len(),
            layers: sequences.first().map_or(0, |sequence| sequence.layers.len()),
            reach: seen.div_ceil(TILE).next_power_of_two() * TILE,
        }
    }
}

impl Table {
    /// Copies to the device what the kernels need to find rows and sequences.
    ///
    /// # Errors
    /// Where a sequence has another number of layers or heads, or no room for its rows, or the device
    /// fails.
    pub fn new(sequences: &[Sequence<'_>], heads: Heads, device: &CudaDevice) -> Result<Self> {
        let shape = Shape::of(sequences);
        let (words, seen) = words(sequences, shape, heads)?;
        let words = Tensor::new(words, &Device::Cuda(device.clone()))?;
        Ok(Self { words, shape, seen })
    }

    /// Copies another pass of the same shape to the same place.
    ///
    /// # Errors
    /// As [`Table::new`], and where the shape is another.
    pub fn replace(&mut self, sequences: &[Sequence<'_>], heads: Heads) -> Result<()> {
        if Shape::of(sequences) != self.shape {
            bail!("a table of another shape");
        }
        let (words, seen) = words(sequences, self.shape, heads)?;
        self.words.slice_set(&Tensor::new(words, self.words.device())?, 0, 0)?;
        self.seen = seen;
        Ok(())
    }

    /// The tokens of all rows, `[rows]`.
    ///
    /// # Errors
    /// None that is known.
    pub fn tokens(&self) -> Result<Tensor> {
        self.words.narrow(0, self.words.elem_count() - self.shape.rows, self.shape.rows)
    }

    /// Rows of all sequences.
    pub fn rows(&self) -> usize {
        self.shape.rows
    }

    /// Positions that the row that sees most sees.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Positions to launch for, at least [`Table::seen`].
    pub fn reach(&self) -> usize {
        self.shape.reach
    }

    /// Where the rows of a layer are.
    ///
    /// # Errors
    /// Where there is no such layer.
    pub fn places(&self, layer: usize) -> Result<Places> {
        let Shape { rows, sequences, layers, .. } = self.shape;
        if layer >= layers {
            bail!("no such layer");
        }
        let base = address::<u32>(&self.words, self.words.elem_count())?;
        let at = |words: usize| base + 4 * words as u64;
        let rooms = 4 * layers * sequences;
        let positions = rooms + sequences;
        Ok(Places {
            positions: at(positions),
            sequences: at(positions + rows),
            rooms: at(rooms),
            keys_values: at(4 * layer * sequences),
        })
    }
}

/// Addresses of keys and values, layer after layer; rooms; positions; sequences of rows; tokens. And
/// how many positions are seen.
fn words(sequences: &[Sequence<'_>], shape: Shape, heads: Heads) -> Result<(Vec<u32>, usize)> {
    let mut words = Vec::with_capacity((4 * shape.layers + 1) * shape.sequences + 3 * shape.rows);
    for layer in 0..shape.layers {
        for sequence in sequences {
            let kept = sequence.layers.get(layer);
            let Some(kept) = kept else { bail!("sequences differ in their layers") };
            for tensor in kept {
                let elements = heads.kv * sequence.room * heads.dim;
                let address = address::<half::f16>(tensor, elements)?;
                words.extend([address as u32, (address >> 32) as u32]);
            }
        }
    }
    let mut seen = 0;
    for sequence in sequences {
        if sequence.end() > sequence.room {
            bail!("a sequence has no room for {} positions", sequence.end());
        }
        seen = seen.max(sequence.end());
        words.push(sequence.room as u32);
    }
    for sequence in sequences {
        words.extend(sequence.start as u32..sequence.end() as u32);
    }
    for (index, sequence) in sequences.iter().enumerate() {
        words.extend(std::iter::repeat_n(index as u32, sequence.tokens.len()));
    }
    words.extend(sequences.iter().flat_map(|sequence| sequence.tokens));
    Ok((words, seen))
}
