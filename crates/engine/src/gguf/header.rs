//! The GGUF header: metadata and tensor table, with limits on everything.
//!
//! Reads forward only, from any `Read`, so that the same bytes are hashed and parsed. Allocates
//! in proportion to what was actually read, never to what a count announces. Makes no sense of
//! the values (`arch` does). Called by `file.rs`, `inspect-gguf` and the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use candle_core::quantized::GgmlDType;

use super::{Array, GgufError, Value};

const MAX_KEYS: u64 = 10_000;
const MAX_TENSORS: u64 = 100_000;
const MAX_TEXT: u64 = 1 << 20;
const MAX_KEY: u64 = 65_535;
const MAX_ALIGNMENT: u64 = 65_536;
/// Vocabularies of a quarter of a million tokens need 16 MiB. Values take up to 24 times their
/// bytes in memory while an array of bytes grows, and all that happens before the checksum.
const MAX_HEADER: u64 = 64 << 20;
/// As in ggml.
const MAX_DIMS: u32 = 4;
/// First allocation for an announced count; more follows as elements are really there.
const FIRST_CAPACITY: u64 = 4096;
const DEFAULT_ALIGNMENT: u64 = 32;

/// A parsed header.
#[derive(Debug, Clone)]
pub struct Header {
    /// GGUF version.
    pub version: u32,
    /// Metadata.
    pub metadata: BTreeMap<String, Value>,
    /// Tensors, by name.
    pub tensors: BTreeMap<String, TensorInfo>,
    /// Where tensor data begin, from the file's beginning.
    pub data_start: u64,
}

/// Where a tensor is.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorInfo {
    /// Element type.
    pub dtype: GgmlDType,
    /// Dimensions, outermost first (the file has them innermost first).
    pub dims: Vec<usize>,
    /// From the beginning of the file.
    pub offset: u64,
    /// Bytes of data.
    pub size: u64,
}

impl Header {
    /// An unsigned integer of the metadata.
    ///
    /// # Errors
    /// [`GgufError::Missing`].
    pub fn unsigned(&self, key: &str) -> Result<u64, GgufError> {
        self.metadata
            .get(key)
            .and_then(Value::unsigned)
            .ok_or_else(|| GgufError::Missing(key.to_owned()))
    }

    /// A float of the metadata.
    ///
    /// # Errors
    /// [`GgufError::Missing`].
    pub fn float(&self, key: &str) -> Result<f64, GgufError> {
        self.metadata
            .get(key)
            .and_then(Value::float)
            .ok_or_else(|| GgufError::Missing(key.to_owned()))
    }

    /// A text of the metadata.
    ///
    /// # Errors
    /// [`GgufError::Missing`].
    pub fn text(&self, key: &str) -> Result<&str, GgufError> {
        self.metadata
            .get(key)
            .and_then(Value::text)
            .ok_or_else(|| GgufError::Missing(key.to_owned()))
    }

    /// An array of texts.
    ///
    /// # Errors
    /// [`GgufError::Missing`].
    pub fn texts(&self, key: &str) -> Result<&[String], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Array(Array::Text(items))) => Ok(items),
            _ => Err(GgufError::Missing(key.to_owned())),
        }
    }

    /// An array of floats.
    ///
    /// # Errors
    /// [`GgufError::Missing`].
    pub fn floats(&self, key: &str) -> Result<&[f64], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Array(Array::Float(items))) => Ok(items),
            _ => Err(GgufError::Missing(key.to_owned())),
        }
    }

    /// An array of integers.
    ///
    /// # Errors
    /// [`GgufError::Missing`].
    pub fn integers(&self, key: &str) -> Result<&[i64], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Array(Array::Integer(items))) => Ok(items),
            _ => Err(GgufError::Missing(key.to_owned())),
        }
    }
}

/// Reads a header from the beginning of a file of `file_size` bytes.
///
/// # Errors
/// [`GgufError`], naming the rule that was broken.
pub fn parse_header(input: &mut dyn Read, file_size: u64) -> Result<Header, GgufError> {
    let mut reader = Reader { input, at: 0, file_size };
    if reader.bytes::<4>()? != *b"GGUF" {
        return Err(GgufError::Magic);
    }
    let version = reader.u32()?;
    if !matches!(version, 2 | 3) {
        return Err(GgufError::Version(version));
    }
    let n_tensors = limited("number of tensors", reader.u64()?, MAX_TENSORS)?;
    let n_keys = limited("number of metadata keys", reader.u64()?, MAX_KEYS)?;

    let mut metadata = BTreeMap::new();
    for _ in 0..n_keys {
        let key = reader.text(MAX_KEY)?;
        let kind = reader.u32()?;
        let value = reader.value(kind)?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(GgufError::Duplicate(key));
        }
    }

    let mut raw = Vec::new();
    let mut names = BTreeSet::new();
    for _ in 0..n_tensors {
        let tensor = reader.tensor_info()?;
        if !names.insert(tensor.0.clone()) {
            return Err(GgufError::Duplicate(tensor.0));
        }
        raw.push(tensor);
    }

    let alignment = match metadata.get("general.alignment") {
        None => DEFAULT_ALIGNMENT,
        Some(value) => {
            value.unsigned().ok_or_else(|| GgufError::Missing("general.alignment".into()))?
        }
    };
    if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
        return Err(GgufError::Alignment(alignment));
    }
    let data_start = reader
        .at
        .checked_next_multiple_of(alignment)
        .ok_or(GgufError::Truncated { at: reader.at })?;

    let mut tensors = BTreeMap::new();
    for (name, dtype, dims, relative, size) in raw {
        if !relative.is_multiple_of(alignment) {
            return Err(GgufError::Unaligned(name));
        }
        let offset = data_start.checked_add(relative);
        let end = offset.and_then(|offset| offset.checked_add(size));
        match (offset, end) {
            (Some(offset), Some(end)) if end <= file_size => {
                tensors.insert(name, TensorInfo { dtype, dims, offset, size });
            }
            _ => return Err(GgufError::OutOfFile(name)),
        }
    }
    Ok(Header { version, metadata, tensors, data_start })
}

fn limited(what: &'static str, value: u64, limit: u64) -> Result<u64, GgufError> {
    if value > limit { Err(GgufError::TooMany { what, value, limit }) } else { Ok(value) }
}

fn element_type(kind: u32) -> Option<GgmlDType> {
    Some(match kind {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        // Q8_1 and Q8_K are types of activations; no file has weights of them.
        _ => return None,
    })
}

type RawInfo = (String, GgmlDType, Vec<usize>, u64, u64);

struct Reader<'a> {
    input: &'a mut dyn Read,
    at: u64,
    file_size: u64,
}

impl Reader<'_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), GgufError> {
        limited("length of the header", self.at + out.len() as u64, MAX_HEADER)?;
        self.input.read_exact(out).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => GgufError::Truncated { at: self.at },
            kind => GgufError::Io { at: self.at, kind },
        })?;
        self.at += out.len() as u64;
        Ok(())
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        let mut out = [0; N];
        self.fill(&mut out)?;
        Ok(out)
    }

    fn u32(&mut self) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bool(&mut self) -> Result<bool, GgufError> {
        match self.bytes::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(GgufError::Bool(other)),
        }
    }

    fn remaining(&self) -> u64 {
        self.file_size.min(MAX_HEADER).saturating_sub(self.at)
    }

    fn text(&mut self, limit: u64) -> Result<String, GgufError> {
        let length = limited("length of a text", self.u64()?, limit)?;
        if length > self.remaining() {
            return Err(GgufError::Truncated { at: self.at });
        }
        let at = self.at;
        // At most 1 MiB, and inside the file.
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| GgufError::Utf8 { at })
    }

    fn value(&mut self, kind: u32) -> Result<Value, GgufError> {
        Ok(match kind {
            0 | 2 | 4 | 10 => Value::Unsigned(self.integer(kind)? as u64),
            1 | 3 | 5 | 11 => Value::Signed(self.integer(kind)?),
            6 | 12 => Value::Float(self.float(kind)?),
            7 => Value::Bool(self.bool()?),
            8 => Value::Text(self.text(MAX_TEXT)?),
            9 => Value::Array(self.array()?),
            other => return Err(GgufError::ValueType(other)),
        })
    }

    /// Any integer type; a u64 over `i64::MAX` keeps its bits and is cast back by the caller.
    fn integer(&mut self, kind: u32) -> Result<i64, GgufError> {
        Ok(match kind {
            0 => u8::from_le_bytes(self.bytes()?).into(),
            1 => i8::from_le_bytes(self.bytes()?).into(),
            2 => u16::from_le_bytes(self.bytes()?).into(),
            3 => i16::from_le_bytes(self.bytes()?).into(),
            4 => u32::from_le_bytes(self.bytes()?).into(),
            5 => i32::from_le_bytes(self.bytes()?).into(),
            10 => u64::from_le_bytes(self.bytes()?) as i64,
            11 => i64::from_le_bytes(self.bytes()?),
            other => return Err(GgufError::ValueType(other)),
        })
    }

    fn float(&mut self, kind: u32) -> Result<f64, GgufError> {
        Ok(match kind {
            6 => f32::from_le_bytes(self.bytes()?).into(),
            12 => f64::from_le_bytes(self.bytes()?),
            other => return Err(GgufError::ValueType(other)),
        })
    }

    fn array(&mut self) -> Result<Array, GgufError> {
        let kind = self.u32()?;
        let count = self.u64()?;
        let least = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            // A text is at least its length.
            8 | 10..=12 => 8,
            9 => return Err(GgufError::NestedArray),
            other => return Err(GgufError::ValueType(other)),
        };
        match u64::checked_mul(count, least) {
            Some(size) if size <= self.remaining() => {}
            _ => {
                return Err(GgufError::TooMany {
                    what: "length of an array",
                    value: count,
                    limit: self.remaining() / least,
                });
            }
        }
        let capacity = count.min(FIRST_CAPACITY) as usize;
        Ok(match kind {
            8 => {
                let mut items = Vec::with_capacity(capacity);
                for _ in 0..count {
                    items.push(self.text(MAX_TEXT)?);
                }
                Array::Text(items)
            }
            7 => {
                let mut items = Vec::with_capacity(capacity);
                for _ in 0..count {
                    items.push(self.bool()?);
                }
                Array::Bool(items)
            }
            6 | 12 => {
                let mut items = Vec::with_capacity(capacity);
                for _ in 0..count {
                    items.push(self.float(kind)?);
                }
                Array::Float(items)
            }
            _ => {
                let mut items = Vec::with_capacity(capacity);
                for _ in 0..count {
                    items.push(self.integer(kind)?);
                }
                Array::Integer(items)
            }
        })
    }

    fn tensor_info(&mut self) -> Result<RawInfo, GgufError> {
        let name = self.text(MAX_KEY)?;
        let n_dims = self.u32()?;
        if n_dims == 0 || n_dims > MAX_DIMS {
            return Err(GgufError::Shape(name));
        }
        let mut dims = Vec::new();
        let mut elements: u64 = 1;
        for _ in 0..n_dims {
            let dim = self.u64()?;
            match elements.checked_mul(dim) {
                Some(product) if product > 0 => elements = product,
                _ => return Err(GgufError::Shape(name)),
            }
            dims.push(usize::try_from(dim).map_err(|_| GgufError::Shape(name.clone()))?);
        }
        let kind = self.u32()?;
        let Some(dtype) = element_type(kind) else {
            return Err(GgufError::ElementType { name, kind });
        };
        let relative = self.u64()?;
        let block = dtype.block_size() as u64;
        if !dims.first().is_some_and(|&row| (row as u64).is_multiple_of(block)) {
            return Err(GgufError::Block(name));
        }
        let Some(size) = (elements / block).checked_mul(dtype.type_size() as u64) else {
            return Err(GgufError::OutOfFile(name));
        };
        dims.reverse();
        Ok((name, dtype, dims, relative, size))
    }
}
