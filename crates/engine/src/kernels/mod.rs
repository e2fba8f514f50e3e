//! What a forward pass computes, written for this job.
//!
//! Owns the threads, the packed weights and the vector code, and the only unsafe code of the
//! computation. Knows no model: `matrix` chooses formats, `arch` puts the parts together.
//!
//! | module | owns |
//! |---|---|
//! | [`pool`] | the threads |
//! | [`memory`] | large pages for weights |
//! | [`panel`] | weights repacked for vectors of eight outputs |
//! | `pack` | the file's blocks put into them |
//! | [`input`] | inputs rounded to signed bytes |
//! | [`product`] | panels times inputs, and the scalar definition |
//! | `avx2`, `avx512`, `neon` | the same in vector code |
//! | `amx` | the same of many rows, in matrices |
//! | `pairs` | two panels side by side, for `avx512` and `amx` |
//! | [`code`] | which of these runs |
//! | [`attention`] | attention and its definition |
//! | `lanes` | attention and the exponential function in vector code |
//! | `cuda` | the steps of a pass on an NVIDIA GPU |
//! | [`rope`] | rotary positions |
//! | [`vector`] | normalisation, the gate |
//!
//! Every result of a row is the same to the bit whatever is computed beside it: that is what makes
//! guessing tokens ahead and batching exact. What kind of processor this is, is looked up at run
//! time; the definitions in plain Rust are what the tests compare with.

#[cfg(target_arch = "x86_64")]
mod amx;
pub mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod code;
#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(test)]
pub(crate) mod fixture;
pub mod input;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lanes;
pub mod memory;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
#[cfg(target_arch = "x86_64")]
mod pairs;
pub mod panel;
pub mod pool;
pub mod product;
pub mod rope;
pub mod vector;
