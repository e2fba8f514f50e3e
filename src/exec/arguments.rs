//! What a call costs, by its arguments: lengths, formats, separators, series.
//!
//! Owns the bounds on what one call can make of them, because a call cannot be interrupted. Which
//! function is bounded how is said by the list of functions. Called by [`super::gate`] for the calls
//! that its walk kept.

use std::collections::HashMap;

use super::error::{ExecError, refused_with};
use super::functions::{
    self, MAX_CONSTANT_LENGTH, MAX_REPEATED, MAX_SERIES_ROWS, MAX_SHORT_TEXT, Use,
};
use crate::pg::facts;
use crate::pg::query_walk::{Call, Known};

/// A call whose price depends on an argument, by how far its function may be used.
pub(super) fn judge_arguments(call: &Call, use_: Use) -> Result<(), ExecError> {
    let signature = || facts::function_signature(call.function);
    match use_ {
        Use::ConstantLength => match call.argument(1) {
            Some(Known::Null) => Ok(()),
            Some(Known::Integer(n)) if n <= MAX_CONSTANT_LENGTH => Ok(()),
            _ => Err(refused_with(
                "length-argument",
                format!("{} needs a constant length", signature()),
                format!("At most {MAX_CONSTANT_LENGTH} is allowed."),
            )),
        },
        Use::ConstantFormat => match call.argument(0) {
            Some(Known::Null) => Ok(()),
            Some(Known::Text(format)) if !has_wide_field(&format) && !repeats(&format) => Ok(()),
            _ => Err(refused_with(
                "format-argument",
                format!("{} needs a constant format", signature()),
                format!(
                    "Fields may be at most {MAX_CONSTANT_LENGTH} wide, and {MAX_SAME_FIELD} may \
                     show the same argument."
                ),
            )),
        },
        // Written out one by one, its parts are few.
        Use::ShortText(1) if !call.is_variadic() => Ok(()),
        Use::ShortText(arguments) => {
            let is_short = |n| match call.argument(n) {
                Some(Known::Null) => true,
                Some(Known::Text(text)) => text.len() <= MAX_SHORT_TEXT,
                _ => false,
            };
            if (0..8).filter(|n| arguments & (1 << n) != 0).all(is_short) {
                return Ok(());
            }
            Err(refused_with(
                "length-argument",
                format!("{} needs a short constant for what it repeats", signature()),
                format!("At most {MAX_SHORT_TEXT} bytes are allowed."),
            ))
        }
        Use::Series => match series_rows(call) {
            Some(rows) if rows > MAX_SERIES_ROWS => Err(refused_with(
                "series",
                format!("{} makes too many rows", signature()),
                format!("At most {MAX_SERIES_ROWS} are allowed."),
            )),
            _ => Ok(()),
        },
        Use::Free | Use::Lenient | Use::Support => Ok(()),
    }
}

/// What several calls of `repeat` make together, each within its limit. Those of a text that is
/// written out stand side by side, so the longest counts; any other may repeat what one of the rest
/// has made. A count that is not written out is taken for the highest.
pub(super) fn judge_repeats(calls: &[Call]) -> Result<(), ExecError> {
    let (mut of_constants, mut of_others) = (1i64, 1i64);
    for call in calls.iter().filter(|call| functions::is_repeat(call.function)) {
        let count = match call.literal(1) {
            Some(Known::Integer(count)) => count,
            _ => MAX_CONSTANT_LENGTH,
        };
        match call.literal(0) {
            Some(_) => of_constants = of_constants.max(count),
            None => of_others = of_others.saturating_mul(count.max(1)),
        }
    }
    if of_constants.saturating_mul(of_others) <= MAX_REPEATED {
        return Ok(());
    }
    Err(refused_with(
        "length-argument",
        "repeat of what repeat has made becomes too long",
        format!("Together they may repeat {MAX_REPEATED} times."),
    ))
}

/// Whether a format has a width of four digits, or one that comes from an argument.
fn has_wide_field(format: &str) -> bool {
    format.split('%').skip(1).any(|field| {
        let width = field.bytes().take_while(|b| b.is_ascii_digit() || b"-$".contains(b));
        width.clone().filter(u8::is_ascii_digit).count() > 3
            || field.as_bytes().get(width.count()) == Some(&b'*')
    })
}

/// Fields of a format that may show the same argument, which may be long.
const MAX_SAME_FIELD: usize = 10;

/// Whether a format shows one of its arguments more often than [`MAX_SAME_FIELD`] times.
fn repeats(format: &str) -> bool {
    let mut shown: HashMap<&str, usize> = HashMap::new();
    format.split('%').skip(1).any(|field| {
        let Some((position, _)) = field.split_once('$') else { return false };
        if position.is_empty() || !position.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        let times = shown.entry(position.trim_start_matches('0')).or_default();
        *times += 1;
        *times > MAX_SAME_FIELD
    })
}

/// Rows of a series whose ends and step are known.
#[allow(clippy::cast_precision_loss, reason = "compared with ten million")]
fn series_rows(call: &Call) -> Option<f64> {
    let number = |n| {
        Some(match call.argument(n)? {
            Known::Null => 0.0,
            Known::Integer(i) => i as f64,
            Known::Instant(instant) => instant.map_or(f64::INFINITY, |micros| micros as f64),
            Known::Duration(micros) => micros as f64,
            Known::Number(number) => number,
            Known::Text(_) => return None,
        })
    };
    let (start, stop) = (number(0)?, number(1)?);
    let step = number(2).unwrap_or(1.0);
    if stop.is_infinite() && start.is_finite() {
        return Some(f64::INFINITY);
    }
    let rows = (stop - start) / step;
    (rows.is_finite()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::{has_wide_field, repeats};

    #[test]
    fn an_argument_that_is_shown_often_is_found() {
        for format in ["%1$s".repeat(11), "%2$s-%01$I".repeat(11), "%s%1$-5s".repeat(11)] {
            assert!(repeats(&format), "{format}");
        }
        for format in ["%s".repeat(50), "%1$s%2$s".repeat(10), "%1$%".to_owned(), "%$s".repeat(20)]
        {
            assert!(!repeats(&format), "{format}");
        }
    }

    #[test]
    fn wide_fields_of_formats_are_found() {
        for format in ["%1000000000s", "%1$1000000s", "%*s", "%-*s", "a%sb%99999I"] {
            assert!(has_wide_field(format), "{format}");
        }
        for format in ["", "%s", "%1$s and %2$s", "%-20s|", "100%%", "2000000 %s"] {
            assert!(!has_wide_field(format), "{format}");
        }
    }
}
