//! How far a command is, drawn on a terminal; silent where there is none.
//!
//! Owns the look of the bar. Called by the commands that take long.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of `all` steps on the standard error output.
pub fn bar(all: usize) -> ProgressBar {
    // Hidden by the library unless it draws on a terminal.
    let bar = ProgressBar::with_draw_target(Some(all as u64), ProgressDrawTarget::stderr());
    let style = "{bar:30} {pos}/{len}  {elapsed_precise}, {eta} left  {msg}";
    bar.set_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_where_no_terminal_is() {
        use std::io::IsTerminal;
        assert_eq!(bar(1).is_hidden(), !std::io::stderr().is_terminal());
    }
}
