//! The instructions of AMX, which have no functions in stable Rust.
//!
//! Owns the shapes of tiles and which register is what. Sums are tiles of 16 rows of inputs and 16
//! outputs of 32 bits; inputs are tiles of 16 rows; a row of a tile of weights has four elements of
//! each of 16 outputs. What computes is one block of assembly: between two of them no register is
//! counted on, but for the configuration.

use std::arch::asm;

use super::super::panel::Format;
use super::weights::Unpacked;

/// Rows of inputs in a tile.
pub const TILE: usize = 16;
/// Elements of a row of inputs in a tile: bytes of a row of it.
pub const RUN: usize = 64;
/// Bytes of a row of a tile of weights or of sums.
const LINE: usize = 64;

/// What `ldtilecfg` reads: the palette, 14 bytes of nothing that concerns us, the bytes of a row of
/// each register and the rows of each.
#[repr(C, align(64))]
struct Configuration([u8; 64]);

/// Registers: 0 to 3 are sums, as many of inputs as are named, the others of weights, `elements` of
/// inputs at a time.
#[expect(clippy::indexing_slicing, reason = "places below 64, computed by the compiler")]
const fn configuration(inputs: usize, elements: u8) -> Configuration {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut register = 0;
    while register < 8 {
        let (width, rows) = if register < 4 {
            (LINE as u8, TILE as u8)
        } else if register < 4 + inputs {
            (elements, TILE as u8)
        } else {
            (LINE as u8, elements / 4)
        };
        bytes[16 + 2 * register] = width;
        bytes[48 + register] = rows;
        register += 1;
    }
    Configuration(bytes)
}

static LARGE: Configuration = configuration(2, RUN as u8);
static SMALL: Configuration = configuration(3, 32);

/// Up to four tiles of sums: `[tile][row][output]`.
#[repr(C, align(64))]
pub struct Sums([[i32; TILE * 16]; 4]);

impl Default for Sums {
    fn default() -> Self {
        Self([[0; TILE * 16]; 4])
    }
}

impl Sums {
    /// The upper and lower halves of the first tile of rows.
    pub fn of_first(&self) -> [&[i32; TILE * 16]; 2] {
        let [high, low, ..] = &self.0;
        [high, low]
    }

    /// Of the second.
    pub fn of_second(&self) -> [&[i32; TILE * 16]; 2] {
        let [.., high, low] = &self.0;
        [high, low]
    }

    /// Those of a tile of rows whose weights have no halves, of up to four.
    pub fn number(&self, index: usize) -> &[i32; TILE * 16] {
        let [first, ..] = &self.0;
        self.0.get(index).unwrap_or(first)
    }
}

/// Weights of a block of 32 elements, with signs: `[element / 4][output][4]`.
#[repr(C, align(64))]
pub struct Small(pub [[u8; LINE]; 8]);

impl Default for Small {
    fn default() -> Self {
        Self([[0; LINE]; 8])
    }
}

/// This thread's tiles are configured until it is dropped.
pub struct Configured(());

impl Drop for Configured {
    fn drop(&mut self) {
        // SAFETY: nobody counts on tiles any more, and the system need not save them.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) };
    }
}

/// A step of 64 elements: two tiles of inputs, or one, with both halves of the weights.
macro_rules! step {
    ($at:literal, $high:literal, one) => {
        concat!(
            "tileloadd tmm6, [{high} + {line} + ",
            $at,
            "]\n",
            "tileloadd tmm7, [{low} + {line} + ",
            $at,
            "]\n",
            "tileloadd tmm4, [{a} + {line} + ",
            $at,
            "]\n",
            $high,
            " tmm0, tmm4, tmm6\n",
            "tdpbsud tmm1, tmm4, tmm7\n",
        )
    };
    ($at:literal, $high:literal, two) => {
        concat!(
            step!($at, $high, one),
            "tileloadd tmm5, [{b} + {line} + ",
            $at,
            "]\n",
            $high,
            " tmm2, tmm5, tmm6\n",
            "tdpbsud tmm3, tmm5, tmm7\n",
        )
    };
}

/// The 256 elements of a block.
macro_rules! block {
    ($high:literal, $how:ident) => {
        concat!(
            step!("0", $high, $how),
            step!("1024", $high, $how),
            step!("2048", $high, $how),
            step!("3072", $high, $how),
        )
    };
}

macro_rules! two {
    ($high:literal, $inputs:ident, $weights:ident, $sums:ident) => {
        asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            block!($high, two),
            "tilestored [{sums} + {line}], tmm0",
            "tilestored [{sums} + {line} + 1024], tmm1",
            "tilestored [{sums} + {line} + 2048], tmm2",
            "tilestored [{sums} + {line} + 3072], tmm3",
            a = in(reg) $inputs[0], b = in(reg) $inputs[1],
            high = in(reg) $weights.high.as_ptr(), low = in(reg) $weights.low.as_ptr(),
            sums = in(reg) $sums.0.as_mut_ptr(), line = in(reg) LINE,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags),
        )
    };
}

macro_rules! one {
    ($high:literal, $input:ident, $weights:ident, $sums:ident) => {
        asm!(
            "tilezero tmm0", "tilezero tmm1",
            block!($high, one),
            "tilestored [{sums} + {line}], tmm0",
            "tilestored [{sums} + {line} + 1024], tmm1",
            a = in(reg) $input,
            high = in(reg) $weights.high.as_ptr(), low = in(reg) $weights.low.as_ptr(),
            sums = in(reg) $sums.0.as_mut_ptr(), line = in(reg) LINE,
            out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags),
        )
    };
}

impl Configured {
    /// For blocks of 256 elements.
    ///
    /// # Safety
    /// The processor and the system have tiles, and this is the only one of the thread.
    pub unsafe fn large() -> Self {
        // SAFETY: as promised.
        unsafe { Self::with(&LARGE) }
    }

    /// For blocks of 32 elements.
    ///
    /// # Safety
    /// As of [`Self::large`].
    pub unsafe fn small() -> Self {
        // SAFETY: as promised.
        unsafe { Self::with(&SMALL) }
    }

    /// # Safety
    /// As of [`Self::large`].
    unsafe fn with(configuration: &Configuration) -> Self {
        // SAFETY: as promised; 64 bytes are read.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) configuration,
                options(nostack, preserves_flags, readonly));
        }
        Self(())
    }

    /// Sums of two tiles of inputs with both halves of the weights of a block.
    ///
    /// # Safety
    /// Made by [`Self::large`]; 256 bytes of 16 rows are readable at each of the inputs.
    pub unsafe fn two(
        &self,
        format: Format,
        inputs: [*const i8; 2],
        weights: &Unpacked,
        sums: &mut Sums,
    ) {
        // SAFETY: four tiles of 1,024 bytes are read of each operand, and as many written.
        unsafe {
            if format == Format::Q6K {
                two!("tdpbssd", inputs, weights, sums);
            } else {
                two!("tdpbsud", inputs, weights, sums);
            }
        }
    }

    /// Sums of one.
    ///
    /// # Safety
    /// As [`Self::two`].
    pub unsafe fn one(
        &self,
        format: Format,
        input: *const i8,
        weights: &Unpacked,
        sums: &mut Sums,
    ) {
        // SAFETY: four tiles of 1,024 bytes are read of each operand, and two written.
        unsafe {
            if format == Format::Q6K {
                one!("tdpbssd", input, weights, sums);
            } else {
                one!("tdpbsud", input, weights, sums);
            }
        }
    }

    /// Sums of up to four tiles of inputs with the weights of a small block. Places from `count` on
    /// repeat one of the others.
    ///
    /// # Safety
    /// Made by [`Self::small`]; 32 bytes of 16 rows are readable at each of the inputs.
    pub unsafe fn four(
        &self,
        inputs: [*const i8; 4],
        count: usize,
        weights: &Small,
        sums: &mut Sums,
    ) {
        // SAFETY: 512 bytes are read of each operand, and up to four tiles of sums written.
        unsafe {
            if count > 2 {
                asm!(
                    "tileloadd tmm7, [{weights} + {line}]",
                    "tilezero tmm0", "tileloadd tmm4, [{a} + {half}]", "tdpbssd tmm0, tmm4, tmm7",
                    "tilezero tmm1", "tileloadd tmm5, [{b} + {half}]", "tdpbssd tmm1, tmm5, tmm7",
                    "tilezero tmm2", "tileloadd tmm6, [{c} + {half}]", "tdpbssd tmm2, tmm6, tmm7",
                    "tilezero tmm3", "tileloadd tmm4, [{d} + {half}]", "tdpbssd tmm3, tmm4, tmm7",
                    "tilestored [{sums} + {line}], tmm0",
                    "tilestored [{sums} + {line} + 1024], tmm1",
                    "tilestored [{sums} + {line} + 2048], tmm2",
                    "tilestored [{sums} + {line} + 3072], tmm3",
                    a = in(reg) inputs[0], b = in(reg) inputs[1],
                    c = in(reg) inputs[2], d = in(reg) inputs[3],
                    weights = in(reg) weights, sums = in(reg) sums.0.as_mut_ptr(),
                    line = in(reg) LINE, half = in(reg) LINE / 2,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack, preserves_flags),
                );
            } else {
                asm!(
                    "tileloadd tmm7, [{weights} + {line}]",
                    "tilezero tmm0", "tileloadd tmm4, [{a} + {half}]", "tdpbssd tmm0, tmm4, tmm7",
                    "tilezero tmm1", "tileloadd tmm5, [{b} + {half}]", "tdpbssd tmm1, tmm5, tmm7",
                    "tilestored [{sums} + {line}], tmm0",
                    "tilestored [{sums} + {line} + 1024], tmm1",
                    a = in(reg) inputs[0], b = in(reg) inputs[1],
                    weights = in(reg) weights, sums = in(reg) sums.0.as_mut_ptr(),
                    line = in(reg) LINE, half = in(reg) LINE / 2,
                    out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm5") _, out("tmm7") _,
                    options(nostack, preserves_flags),
                );
            }
        }
    }
}
