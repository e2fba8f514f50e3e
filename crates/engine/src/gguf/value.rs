//! Metadata values of a GGUF header.
//!
//! Plain data and lossless conversions; no limits and no reading here.

/// A metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned integer.
    Unsigned(u64),
    /// Any signed integer.
    Signed(i64),
    /// Any float.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// Text.
    Text(String),
    /// A flat array.
    Array(Array),
}

/// A flat array.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Of texts.
    Text(Vec<String>),
    /// Of integers.
    Integer(Vec<i64>),
    /// Of floats.
    Float(Vec<f64>),
    /// Of booleans.
    Bool(Vec<bool>),
}

impl Array {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(items) => items.len(),
            Self::Integer(items) => items.len(),
            Self::Float(items) => items.len(),
            Self::Bool(items) => items.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Value {
    /// As an unsigned integer, where it is one.
    pub fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(n) => Some(*n),
            Self::Signed(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    /// As a float.
    pub fn float(&self) -> Option<f64> {
        match self {
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// As a boolean.
    pub fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// As text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
