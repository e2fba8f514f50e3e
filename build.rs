//! Keeps the section in which pgrx describes the SQL objects in the linked library.
//!
//! cargo-pgrx would pass the flag to every crate instead (`--config … rustflags`), and so have
//! everything compiled twice: for itself, and for the commands that do not go through it.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,--no-gc-sections");
    println!("cargo:rerun-if-changed=build.rs");
}
