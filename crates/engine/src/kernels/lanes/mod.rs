//! Floats side by side: what attention and the gate are computed with, once for all processors.
//!
//! Owns the operations a kind of processor must have ([`Lanes`]) and the code written with them;
//! the rest of the folder says what the operations are on each kind. Called by `attention` and
//! `vector`, which choose the kind. Every function here is inlined into one that is compiled for
//! a kind of processor: the entry points of `avx2`, `avx512` and `neon`.

#![allow(unsafe_code)]

mod attention;
#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
mod exp;
#[cfg(target_arch = "aarch64")]
pub mod neon;

/// `WIDE` floats.
///
/// # Safety
/// Every operation may be called on a processor of the implementor's kind only; those that take a
/// pointer, where as many elements can be read, or written, there.
trait Lanes<const WIDE: usize>: Copy {
    /// The same in every lane.
    unsafe fn splat(x: f32) -> Self;
    /// Floats from memory.
    unsafe fn load(at: *const f32) -> Self;
    /// 16-bit floats from memory.
    unsafe fn halves(at: *const u16) -> Self;
    /// Asks for a line of memory that is read soon; reads nothing, wherever that is.
    unsafe fn fetch(at: *const u16);
    /// Floats to memory.
    unsafe fn store(self, at: *mut f32);
    /// `self + other`
    unsafe fn plus(self, other: Self) -> Self;
    /// `self - other`
    unsafe fn minus(self, other: Self) -> Self;
    /// `self * other`
    unsafe fn times(self, other: Self) -> Self;
    /// `self / other`
    unsafe fn over(self, other: Self) -> Self;
    /// `a * b + self`, rounded once.
    unsafe fn plus_product(self, a: Self, b: Self) -> Self;
    /// `self - a * b`, rounded once.
    unsafe fn minus_product(self, a: Self, b: Self) -> Self;
    /// The larger; where `self` is no number, `other` or no number.
    unsafe fn larger(self, other: Self) -> Self;
    /// The smaller; where `self` is no number, `other` or no number.
    unsafe fn smaller(self, other: Self) -> Self;
    /// The nearest whole number, of two the even one.
    unsafe fn nearest(self) -> Self;
    /// `2^self` of whole numbers from -126 to 127.
    unsafe fn power_of_two(self) -> Self;
    /// `self`, and exactly 0 where `x < least`.
    unsafe fn unless_less(self, x: Self, least: Self) -> Self;
    /// `self`, and exactly 0 where `x` is no number.
    unsafe fn if_number(self, x: Self) -> Self;
    /// The lanes' two halves, changed.
    unsafe fn swapped(self) -> Self;
    /// The sum of all lanes of each, one beside the other.
    unsafe fn sums(all: [Self; WIDE]) -> Self;
}
