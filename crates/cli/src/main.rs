//! Command-line tools.
fn main() {}
