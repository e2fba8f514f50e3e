//! Which code computes: chosen by what the processor can do, at run time.

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::input::Order;
use super::panel::ROWS;

/// Codes at the head of [`Code::KNOWN`] that are not chosen.
static LEFT_OUT: AtomicUsize = AtomicUsize::new(0);

/// Code for a kind of processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// As `Avx512`, and many rows of a product by matrices of 16 rows of 64 bytes.
    #[cfg(target_arch = "x86_64")]
    Amx,
    /// Vectors of 512 bits, and products of four bytes in one instruction.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// Vectors of 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Vectors of 128 bits, and products of four bytes in one instruction.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// The definitions: for comparison.
    Scalar,
}

impl Code {
    /// All there is, the fastest first.
    const KNOWN: &[Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::Amx,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
        Self::Scalar,
    ];

    /// All that this processor can run, the fastest first.
    pub fn all() -> impl Iterator<Item = Self> {
        let known = Self::KNOWN.iter().skip(LEFT_OUT.load(Ordering::Relaxed)).copied();
        known.filter(|code| code.runs())
    }

    /// Leaves out what is faster, in this process from now on: to measure here what a processor
    /// without it does.
    pub fn at_most(self) {
        let position = Self::KNOWN.iter().position(|code| *code == self);
        LEFT_OUT.store(position.unwrap_or_default(), Ordering::Relaxed);
    }

    /// The fastest that this processor can run.
    pub fn best() -> Self {
        Self::all().next().unwrap_or(Self::Scalar)
    }

    /// All that this processor can run for heads of a width, the fastest first.
    pub fn attending(dim: usize) -> impl Iterator<Item = Self> {
        Self::all().filter(move |code| dim.is_multiple_of(code.head_width()))
    }

    /// Whether this processor, and the system it runs, can run it.
    pub fn runs(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx => super::amx::supported() && super::avx2::supported(),
            #[cfg(target_arch = "x86_64")]
            // The gate and what is made of logits have no wider code than AVX2's.
            Self::Avx512 => super::avx512::supported() && super::avx2::supported(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => super::avx2::supported(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => super::neon::supported(),
            Self::Scalar => true,
        }
    }

    /// What a product of so many rows is computed with: where they are few, not by matrices. The
    /// results are the same to the bit.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(unused_variables, reason = "AMX alone asks for the number")
    )]
    pub fn of_rows(self, rows: usize) -> Self {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx if rows < super::amx::FROM => Self::Avx512,
            _ => self,
        }
    }

    /// How a product wants the rows of its inputs.
    pub fn order(self) -> Order {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx => Order { tile: super::amx::TILE, run: super::amx::RUN, whole: true },
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Order::fours(super::avx512::TILE),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Order::fours(super::avx2::TILE),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => Order::fours(super::neon::TILE),
            Self::Scalar => Order::fours(4),
        }
    }

    /// Outputs that a product computes together.
    pub fn outputs(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx | Self::Avx512 => super::pairs::LANES,
            _ => ROWS,
        }
    }

    /// Queries that attention computes together.
    pub fn queries(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx | Self::Avx512 => super::lanes::avx512::GROUP,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => super::lanes::avx2::GROUP,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => super::lanes::neon::GROUP,
            Self::Scalar => 4,
        }
    }

    /// What a head's width must be a multiple of: two vectors.
    fn head_width(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx | Self::Avx512 => 2 * super::lanes::avx512::WIDE,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 2 * super::lanes::avx2::WIDE,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => 2 * super::lanes::neon::WIDE,
            Self::Scalar => 1,
        }
    }
}

impl FromStr for Code {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = |code: &Self| format!("{code:?}").eq_ignore_ascii_case(name) && code.runs();
        Self::KNOWN.iter().copied().find(named).ok_or_else(|| {
            let here: Vec<String> =
                Self::all().map(|code| format!("{code:?}").to_lowercase()).collect();
            format!("this processor runs {}", here.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_if_it_runs_here() {
        assert_eq!("SCALAR".parse(), Ok(Code::Scalar));
        let error = "sse9".parse::<Code>().unwrap_err();
        assert!(error.starts_with("this processor runs ") && error.ends_with("scalar"), "{error}");
    }

    /// What the tests of products and attention compare with is among the codes they go through,
    /// and vector code is taken where a processor has it.
    #[test]
    fn the_definition_runs_everywhere_and_is_the_last_choice() {
        let all: Vec<Code> = Code::all().collect();
        eprintln!("this processor runs {all:?}");
        assert_eq!(all.last(), Some(&Code::Scalar));
        assert_eq!(Code::best(), all[0]);
        assert!(all.iter().all(|code| all.contains(&code.of_rows(1))));
        #[cfg(target_arch = "x86_64")]
        assert_eq!(all.contains(&Code::Avx2), is_x86_feature_detected!("avx2"));
        #[cfg(target_arch = "aarch64")]
        assert_eq!(all.contains(&Code::Neon), std::arch::is_aarch64_feature_detected!("dotprod"));
        assert_eq!(Code::attending(7).collect::<Vec<_>>(), [Code::Scalar]);
    }
}
