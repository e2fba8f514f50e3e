//! Coefficients of the confidence, as `text2sql-cli calibrate` prints them.
//!
//! Owns the numbers and where they are from; decides nothing. Called by [`super`].

use super::{Curve, Term};

/// Qwen2.5-Coder 1.5B (Q4_K_M) as the product asks it, on 243 questions to train databases of Spider and on
/// 13 that were asked of another database than their own; 2026-11-27.
pub const FITTED: Option<Curve> = Some(Curve {
    intercept: 1.4083,
    terms: [
        // surprisal
        Term { mean: 0.3392, scale: 0.0759, coefficient: -0.4085 },
        // worst_surprisal
        Term { mean: 0.9037, scale: 0.1817, coefficient: 0.0000 },
        // length
        Term { mean: 3.3060, scale: 0.6493, coefficient: -0.6703 },
        // covered
        Term { mean: 0.6150, scale: 0.2131, coefficient: 0.0132 },
        // known
        Term { mean: 0.6327, scale: 0.2116, coefficient: 0.3107 },
        // margin
        Term { mean: 0.5624, scale: 0.4510, coefficient: 0.0774 },
        // agreement
        Term { mean: 0.6767, scale: 0.3100, coefficient: 0.4434 },
        // mended
        Term { mean: 0.2025, scale: 0.4018, coefficient: 0.0000 },
        // repaired
        Term { mean: 0.0496, scale: 0.2171, coefficient: 0.0000 },
        // empty
        Term { mean: 0.0705, scale: 0.2561, coefficient: -0.0745 },
    ],
});
