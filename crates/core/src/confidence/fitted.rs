//! Coefficients of the confidence, as `text2sql-cli calibrate` prints them.
//!
//! Owns the numbers and where they are from; decides nothing. Called by [`super`].

use super::{Curve, Term};

/// By the name a model has itself (`general.name`); the first is also for those that are not here.
pub static FITTED: [(&str, Curve); 5] = [
    ("Qwen2.5 Coder 1.5B Instruct GGUF", PLAIN_1_5B),
    ("Qwen2.5 Coder 1.5B Instruct for text2sql", ADAPTED_1_5B),
    ("Qwen2.5 Coder 1.5B Instruct for business databases", BUSINESS_1_5B),
    ("Qwen2.5 Coder 0.5B Instruct for text2sql", ADAPTED_0_5B),
    // That adapter trained further: calibration error 0.046 on its answers to the 986 dev questions of Spider; 2026-11-28.
    ("Qwen2.5 Coder 0.5B Instruct for business databases", ADAPTED_0_5B),
];

/// 1.5B (Q4_K_M) as the product asks it, on 243 questions to train databases of Spider and on 13 that were asked of
/// another database than their own; 2026-11-27.
const PLAIN_1_5B: Curve = Curve {
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
};

/// 1.5B (Q4_K_M) with its adapter (models/adapters), on 356 questions to ten train databases that it was not trained
/// on; 2026-11-28. Whether there were rows is not counted, as all of them have some.
const ADAPTED_1_5B: Curve = Curve {
    intercept: 2.2470,
    terms: [
        // surprisal
        Term { mean: 0.1478, scale: 0.0929, coefficient: -0.5149 },
        // worst_surprisal
        Term { mean: 0.5110, scale: 0.3157, coefficient: -0.6178 },
        // length
        Term { mean: 3.1897, scale: 0.5690, coefficient: -0.3087 },
        // covered
        Term { mean: 0.5868, scale: 0.2151, coefficient: 0.0000 },
        // known
        Term { mean: 0.6148, scale: 0.2056, coefficient: 0.0000 },
        // margin
        Term { mean: 0.4860, scale: 0.5340, coefficient: 0.0000 },
        // agreement
        Term { mean: 0.6000, scale: 0.2915, coefficient: 0.0000 },
        // mended
        Term { mean: 0.0983, scale: 0.2977, coefficient: -0.0239 },
        // repaired
        Term { mean: 0.0197, scale: 0.1388, coefficient: -0.1243 },
        // empty
        Term { mean: 0.0000, scale: 1.0000, coefficient: 0.0000 },
    ],
};

/// 1.5B (Q4_K_M) with that adapter trained further on business databases, on the same 356 questions; 2026-11-28.
/// Likewise without the rows.
const BUSINESS_1_5B: Curve = Curve {
    intercept: 2.0331,
    terms: [
        // surprisal
        Term { mean: 0.1278, scale: 0.0883, coefficient: -1.1557 },
        // worst_surprisal
        Term { mean: 0.4615, scale: 0.3309, coefficient: 0.0000 },
        // length
        Term { mean: 3.2123, scale: 0.6008, coefficient: -0.1613 },
        // covered
        Term { mean: 0.5881, scale: 0.2163, coefficient: 0.0000 },
        // known
        Term { mean: 0.6148, scale: 0.2056, coefficient: 0.0000 },
        // margin
        Term { mean: 0.5100, scale: 0.5114, coefficient: 0.0000 },
        // agreement
        Term { mean: 0.7423, scale: 0.2327, coefficient: 0.0000 },
        // mended
        Term { mean: 0.1039, scale: 0.3052, coefficient: -0.0803 },
        // repaired
        Term { mean: 0.0112, scale: 0.1054, coefficient: -0.0468 },
        // empty
        Term { mean: 0.0000, scale: 1.0000, coefficient: 0.0000 },
    ],
};

/// 0.5B (Q4_K_M) with its adapter, on the same 356 questions; 2026-11-28. Likewise without the rows.
#[allow(clippy::approx_constant, reason = "that a mean is near 2/π is chance")]
const ADAPTED_0_5B: Curve = Curve {
    intercept: 1.4514,
    terms: [
        // surprisal
        Term { mean: 0.1897, scale: 0.1143, coefficient: -1.0464 },
        // worst_surprisal
        Term { mean: 0.6366, scale: 0.3841, coefficient: -0.2362 },
        // length
        Term { mean: 3.1750, scale: 0.5749, coefficient: -0.2712 },
        // covered
        Term { mean: 0.5896, scale: 0.2136, coefficient: 0.0967 },
        // known
        Term { mean: 0.6148, scale: 0.2056, coefficient: 0.0206 },
        // margin
        Term { mean: 0.4795, scale: 0.5504, coefficient: 0.0000 },
        // agreement
        Term { mean: 0.4865, scale: 0.2903, coefficient: 0.0000 },
        // mended
        Term { mean: 0.2275, scale: 0.4192, coefficient: -0.0375 },
        // repaired
        Term { mean: 0.0646, scale: 0.2458, coefficient: -0.0367 },
        // empty
        Term { mean: 0.0000, scale: 1.0000, coefficient: 0.0000 },
    ],
};
