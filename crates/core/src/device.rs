//! Where a model is computed: the name of a device, as settings and frames write it.
//!
//! Owns the names and their reading. It opens no device and does not know which there are; the
//! engine does. Called by the settings, the registry, the frames and the tools.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Highest number of a GPU: no server has more.
const MAX_GPU: u32 = 63;

/// A place to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum DeviceName {
    /// The processor: `cpu`.
    #[default]
    Cpu,
    /// An NVIDIA GPU by its number, from 0, in the order of the PCI bus: `cuda:N`, or `cuda` for
    /// the first.
    Cuda(u32),
    /// `candle-cpu`: the code for GPUs, computing on the processor. Slow; for tests.
    CandleCpu,
    /// `candle-cuda:N`: a GPU without this engine's own kernels. Slow; to compare with.
    CandleCuda(u32),
}

/// A text that names no device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it names no device: cpu, cuda and cuda:N with N from 0 to {MAX_GPU} do")]
pub struct UnknownDevice;

impl FromStr for DeviceName {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        match text {
            "cpu" => return Ok(Self::Cpu),
            "cuda" => return Ok(Self::Cuda(0)),
            "candle-cpu" => return Ok(Self::CandleCpu),
            _ => {}
        }
        let (kind, number) = match text.strip_prefix("candle-") {
            Some(rest) => (Self::CandleCuda as fn(u32) -> Self, rest),
            None => (Self::Cuda as fn(u32) -> Self, text),
        };
        let number = number.strip_prefix("cuda:").ok_or(UnknownDevice)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(UnknownDevice);
        }
        number.parse().ok().filter(|n| *n <= MAX_GPU).map(kind).ok_or(UnknownDevice)
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::CandleCpu => f.write_str("candle-cpu"),
            Self::CandleCuda(number) => write!(f, "candle-cuda:{number}"),
        }
    }
}

impl From<DeviceName> for String {
    fn from(device: DeviceName) -> Self {
        device.to_string()
    }
}

impl TryFrom<String> for DeviceName {
    type Error = UnknownDevice;

    fn try_from(text: String) -> Result<Self, UnknownDevice> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (text, device) in [
            ("cpu", DeviceName::Cpu),
            ("cuda:0", DeviceName::Cuda(0)),
            ("cuda:63", DeviceName::Cuda(63)),
            ("candle-cpu", DeviceName::CandleCpu),
            ("candle-cuda:1", DeviceName::CandleCuda(1)),
        ] {
            assert_eq!(text.parse(), Ok(device));
            assert_eq!(device.to_string(), text);
            let json = serde_json::to_string(&device).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<DeviceName>(&json).unwrap(), device);
        }
        assert_eq!("cuda".parse(), Ok(DeviceName::Cuda(0)));
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "CPU",
            "gpu",
            "cuda:",
            "cuda:-1",
            "cuda:+1",
            "cuda:64",
            "cuda:1 ",
            "cuda1",
            "candle-cuda",
        ] {
            assert_eq!(text.parse::<DeviceName>(), Err(UnknownDevice), "{text}");
            assert!(serde_json::from_str::<DeviceName>(&format!("{text:?}")).is_err());
        }
        assert!(serde_json::from_str::<DeviceName>("0").is_err());
        let huge = format!("cuda:{}", "9".repeat(40));
        assert_eq!(huge.parse::<DeviceName>(), Err(UnknownDevice));
    }
}
