//! Blocks of a file put into panels.
//!
//! Owns how ggml orders the quants, scales and minima of its types (`ggml-quants.c`); where they go
//! is `panel`'s. All of a model goes through here once, while somebody waits for it to load.

use super::panel::{Format, LARGE, Offsets, SMALL, VECTOR, byte, half_at, offsets};

/// Puts one row's block of a file into its lane of a block of zeros.
pub fn pack_block(format: Format, block: &[u8], lane: usize, out: &mut [u8]) {
    let mut quants = [0; LARGE];
    read_quants(format, block, &mut quants);
    let quants = quants.get(..format.block()).unwrap_or_default();
    let Offsets { group, scales, floats } = offsets(format);
    for (quants, out) in quants.as_chunks::<SMALL>().0.iter().zip(out.chunks_exact_mut(group)) {
        pack_quants(format, quants, lane, out);
    }
    match format {
        Format::Q4K | Format::Q5K => {
            let packed = block.get(4..16).unwrap_or_default();
            for sub in 0..8 {
                let (scale, minimum) = scale_and_minimum(packed, sub);
                let at = scales + sub / 2 * 16 + lane * 2 + sub % 2;
                put(out, at, &[scale]);
                put(out, at + 64, &[minimum]);
            }
            put(out, floats + lane * 2, block.get(..2).unwrap_or_default());
            put(out, floats + 16 + lane * 2, block.get(2..4).unwrap_or_default());
        }
        Format::Q6K => {
            for (pair, both) in block.get(192..208).unwrap_or_default().chunks(2).enumerate() {
                put(out, scales + pair * 16 + lane * 2, both);
            }
            put(out, floats + lane * 4, &half_at(block, 208).to_le_bytes());
        }
        Format::Q5_0 | Format::Q8_0 => {
            put(out, floats + lane * 2, block.get(..2).unwrap_or_default());
        }
    }
}

/// The quants of a block of a file in order, offsets included, as bytes.
fn read_quants(format: Format, block: &[u8], quants: &mut [u8; LARGE]) {
    let part = |from: usize, len: usize| block.get(from..from + len).unwrap_or_default();
    match format {
        Format::Q4K | Format::Q5K => {
            let (fifths, nibbles) =
                if format == Format::Q5K { (part(16, 32), 48) } else { (part(0, 0), 16) };
            for (number, quants) in quants.as_chunks_mut::<32>().0.iter_mut().enumerate() {
                let shift = number % 2 * 4;
                let low = part(nibbles + number / 2 * 32, 32);
                quants.iter_mut().zip(low).for_each(|(q, low)| *q = low >> shift & 15);
                let bits = fifths.iter().map(|bits| (bits >> number & 1) << 4);
                quants.iter_mut().zip(bits).for_each(|(q, bit)| *q |= bit);
            }
        }
        Format::Q6K => {
            for (number, quants) in quants.as_chunks_mut::<32>().0.iter_mut().enumerate() {
                // 128 elements share 64 bytes of nibbles and 32 of upper bits.
                let (half, quarter) = (number / 4, number % 4);
                let low = part(half * 64 + quarter % 2 * 32, 32);
                let upper = part(128 + half * 32, 32);
                let (low_shift, upper_shift) = (quarter / 2 * 4, quarter * 2);
                for (q, (low, upper)) in quants.iter_mut().zip(low.iter().zip(upper)) {
                    *q = low >> low_shift & 15 | (upper >> upper_shift & 3) << 4;
                }
            }
        }
        Format::Q5_0 => {
            let bits = part(2, 4).iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
            let low = part(6, 16).iter().map(|byte| byte & 15);
            let all = low.chain(part(6, 16).iter().map(|byte| byte >> 4));
            for (q, (low, bit)) in quants.iter_mut().zip(all.zip(bits)) {
                *q = low | bit << 4;
            }
        }
        Format::Q8_0 => {
            quants.iter_mut().zip(part(2, SMALL)).for_each(|(q, byte)| *q = *byte);
        }
    }
}

/// Spreads 32 quants of a row over its lane of zeros.
fn pack_quants(format: Format, quants: &[u8; SMALL], lane: usize, out: &mut [u8]) {
    let (fours, _) = quants.as_chunks::<4>();
    if format == Format::Q8_0 {
        for (four, vector) in fours.iter().zip(out.chunks_exact_mut(VECTOR)) {
            put(vector, lane * 4, four);
        }
        return;
    }
    let (low, high) = fours.split_at(4);
    let mut bits = [[0u8; 4]; 2];
    for (v, ((a, b), vector)) in low.iter().zip(high).zip(out.chunks_exact_mut(VECTOR)).enumerate()
    {
        let mut both = [0; 4];
        let [bits_a, bits_b] = &mut bits;
        for (((both, a), b), (bits_a, bits_b)) in
            both.iter_mut().zip(a).zip(b).zip(bits_a.iter_mut().zip(bits_b))
        {
            *both = a & 15 | b << 4;
            match format {
                Format::Q6K => {
                    *bits_a |= (a >> 4) << (2 * v);
                    *bits_b |= (b >> 4) << (2 * v);
                }
                _ => *bits_a |= (a >> 4) << v | (b >> 4) << (4 + v),
            }
        }
        put(vector, lane * 4, &both);
    }
    let [bits_a, bits_b] = bits;
    match format {
        Format::Q5K | Format::Q5_0 => put(out, 4 * VECTOR + lane * 4, &bits_a),
        Format::Q6K => {
            put(out, 4 * VECTOR + lane * 4, &bits_a);
            put(out, 5 * VECTOR + lane * 4, &bits_b);
        }
        Format::Q4K | Format::Q8_0 => {}
    }
}

/// Copies bytes to a place, where there is one.
fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(slot) = out.get_mut(at..at + bytes.len()) {
        slot.copy_from_slice(bytes);
    }
}

/// Scale and minimum of the 32 elements `sub` of a Q4_K or Q5_K block: 6 bits each, the first
/// four in bytes of their own, the others' upper bits in those.
fn scale_and_minimum(packed: &[u8], sub: usize) -> (u8, u8) {
    if sub < 4 {
        return (byte(packed, sub) & 63, byte(packed, sub + 4) & 63);
    }
    let both = byte(packed, sub + 4);
    (both & 15 | (byte(packed, sub - 4) >> 6) << 4, both >> 4 | (byte(packed, sub) >> 6) << 4)
}
