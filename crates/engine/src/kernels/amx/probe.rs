//! Whether there is AMX: the processor, the system and, where a system under it has the last word,
//! a try.

use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::OnceLock;

use super::tiles::Configured;

/// The system's name for the registers of tiles, and its request for leave to use them
/// (`arch/x86/include/uapi/asm/prctl.h` of Linux).
const TILE_DATA: libc::c_int = 18;
const REQUEST: libc::c_int = 0x1023;
/// Bits of the extended control register: configuration and data of tiles.
const ENABLED: u64 = 0b11 << 17;
/// Bits of what the processor says of itself: tiles, and their products of bytes.
const TILES: u32 = 1 << 24;
const BYTES: u32 = 1 << 25;

/// Whether this processor, and the system it runs, can run the code here, and `avx512`'s beside
/// it. Found out at the first call; the leave it asks for holds for all threads.
pub fn supported() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| super::super::avx512::supported() && announced() && granted() && works())
}

fn announced() -> bool {
    // SAFETY: leaf 7 is there where AVX-512 is; so is the register, for which the system has to
    // have enabled the instruction that reads it.
    let (leaf, enabled) = unsafe { (__cpuid_count(7, 0), xcr0()) };
    leaf.edx & TILES != 0 && leaf.edx & BYTES != 0 && enabled & ENABLED == ENABLED
}

/// # Safety
/// The system saves vectors of AVX.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: as promised.
    unsafe { _xgetbv(0) }
}

#[cfg(target_os = "linux")]
fn granted() -> bool {
    // SAFETY: changes nothing but what this process may do.
    unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST, TILE_DATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn granted() -> bool {
    false
}

/// Whether a process that uses tiles survives: there are virtual machines that announce them and
/// fault at the first instruction (a Xeon under Firecracker, November 2026).
fn works() -> bool {
    // SAFETY: the child calls nothing but what may be called after a fork of several threads.
    unsafe {
        match libc::fork() {
            0 => {
                libc::prctl(libc::PR_SET_DUMPABLE, 0);
                drop(Configured::large());
                libc::_exit(0)
            }
            -1 => false,
            child => {
                let mut status = 0;
                while libc::waitpid(child, &raw mut status, 0) == -1 {
                    if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                        return false;
                    }
                }
                libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
            }
        }
    }
}
