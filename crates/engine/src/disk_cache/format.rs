//! The file: what it is for, which tokens, their keys and values, sums.
//!
//! ```text
//! mark, version, type of elements                       8 + 4 + 4 bytes
//! sha256 of the model; context, layers, heads, width    32 + 4 * 4
//! length of the scope, number of tokens                 4 + 4
//! the scope, the tokens                                 length, 4 each
//! sha256 of all before
//! blocks of 64 tokens (kv_cache::bytes), the last one as long as it is filled
//! sha256 of all before
//! ```
//!
//! Numbers have their low byte first, so a file is the same on every machine. Owns the layout and the
//! judgement of a header, of which nothing is believed: its length must be the file's before memory
//! is taken for what it announces. Does not read blocks. Called by `writer` and `reader`.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::kv_cache::Shape;

/// As of a file that no text tool has touched.
const MARK: &[u8; 8] = b"t2s-kv\r\n";
/// Raised whenever the layout changes, or what is computed as a key or a value.
const VERSION: u32 = 1;
/// 16-bit floats.
const ELEMENTS: u32 = 1;
/// Longest scope, bytes.
const LONGEST_SCOPE: u32 = 64;
/// Bytes of a sum.
pub const SUM: usize = 32;
/// Bytes before the scope.
const FIXED: usize = MARK.len() + 8 + SUM + 16 + 8;

/// What the keys and values of a file depend on besides its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// sha256 of the model.
    pub model: [u8; 32],
    /// What its keys are like.
    pub shape: Shape,
    /// Configured context: in some families the positions' frequencies depend on it.
    pub context: u32,
}

impl Identity {
    /// Of a model with this sha256 in hex; `None` where that is none.
    pub fn new(sha256: &str, shape: Shape, context: u32) -> Option<Self> {
        let model = text2sql_core::hex::decode(sha256)?.try_into().ok()?;
        Some(Self { model, shape, context })
    }

    fn numbers(&self) -> [u32; 4] {
        let Shape { layers, heads, dim } = self.shape;
        [self.context, layers as u32, heads as u32, dim as u32]
    }
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Not written by an engine.
    #[error("it is not a file of the prefix cache")]
    Foreign,
    /// Written by an engine of another version.
    #[error("it is of version {0}")]
    Version(u32),
    /// For another model, or the same with another context.
    #[error("it is of another model or context length")]
    OtherModel,
    /// Not for the scope that its name stands for.
    #[error("it is of another scope than its name")]
    OtherScope,
    /// Too short, too long, or changed.
    #[error("it is damaged")]
    Damaged,
    /// Another user could have written it.
    #[error("{0}")]
    Untrusted(&'static str),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(std::io::ErrorKind),
}

impl From<std::io::Error> for Unusable {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::Damaged,
            other => Self::Io(other),
        }
    }
}

/// Whose keys and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// On whose behalf they were computed.
    pub scope: String,
    /// Of which tokens.
    pub tokens: Vec<u32>,
}

impl Header {
    /// As bytes, without the sum; `None` where it is beyond what can be read again.
    pub fn to_bytes(&self, identity: &Identity) -> Option<Vec<u8>> {
        let scope =
            u32::try_from(self.scope.len()).ok().filter(|length| *length <= LONGEST_SCOPE)?;
        let count = u32::try_from(self.tokens.len()).ok().filter(|n| *n <= identity.context)?;
        let mut bytes = MARK.to_vec();
        let number = |bytes: &mut Vec<u8>, n: u32| bytes.extend(n.to_le_bytes());
        number(&mut bytes, VERSION);
        number(&mut bytes, ELEMENTS);
        bytes.extend(identity.model);
        identity.numbers().into_iter().for_each(|n| number(&mut bytes, n));
        number(&mut bytes, scope);
        number(&mut bytes, count);
        bytes.extend(self.scope.as_bytes());
        self.tokens.iter().for_each(|token| number(&mut bytes, *token));
        Some(bytes)
    }

    /// Reads that of a file of `size` bytes. Returns the sum so far, which the blocks go on with,
    /// and where they begin.
    ///
    /// # Errors
    /// [`Unusable`] where it is not for `identity`, or the file is not as long as it says.
    pub fn read(
        file: &mut impl Read,
        size: u64,
        identity: &Identity,
    ) -> Result<(Self, Sha256, u64), Unusable> {
        let mut fixed = [0; FIXED];
        file.read_exact(&mut fixed).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Unusable::Foreign,
            other => Unusable::Io(other),
        })?;
        let mut rest = fixed.as_slice();
        if take::<8>(&mut rest)? != *MARK {
            return Err(Unusable::Foreign);
        }
        let version = number(&mut rest)?;
        if version != VERSION {
            return Err(Unusable::Version(version));
        }
        let elements = number(&mut rest)?;
        let model = take::<SUM>(&mut rest)?;
        let numbers = [(); 4].map(|()| number(&mut rest));
        if elements != ELEMENTS
            || model != identity.model
            || !numbers
                .iter()
                .zip(identity.numbers())
                .all(|(n, own)| matches!(n, Ok(n) if *n == own))
        {
            return Err(Unusable::OtherModel);
        }
        let (scope, count) = (number(&mut rest)?, number(&mut rest)?);
        if scope > LONGEST_SCOPE || count > identity.context {
            return Err(Unusable::Damaged);
        }
        let begin = FIXED as u64 + u64::from(scope) + 4 * u64::from(count) + SUM as u64;
        let blocks = u64::from(count).checked_mul(identity.shape.position_bytes() as u64);
        let length = blocks.and_then(|blocks| blocks.checked_add(begin + SUM as u64));
        if length != Some(size) {
            return Err(Unusable::Damaged);
        }
        let mut variable = vec![0; scope as usize + 4 * count as usize];
        file.read_exact(&mut variable)?;
        let mut sum = Sha256::new();
        sum.update(fixed);
        sum.update(&variable);
        let mut found = [0; SUM];
        file.read_exact(&mut found)?;
        if found != <[u8; SUM]>::from(sum.clone().finalize()) {
            return Err(Unusable::Damaged);
        }
        sum.update(found);
        let (scope, tokens) = variable.split_at_checked(scope as usize).ok_or(Unusable::Damaged)?;
        let scope = String::from_utf8(scope.to_vec()).map_err(|_| Unusable::Damaged)?;
        let (tokens, _) = tokens.as_chunks::<4>();
        let tokens = tokens.iter().map(|token| u32::from_le_bytes(*token)).collect();
        Ok((Self { scope, tokens }, sum, begin))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Unusable> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or(Unusable::Damaged)?;
    *rest = left;
    Ok(*taken)
}

fn number(rest: &mut &[u8]) -> Result<u32, Unusable> {
    take(rest).map(u32::from_le_bytes)
}
