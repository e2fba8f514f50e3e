//! Weights and inputs of tests.

use candle_core::quantized::{GgmlDType, QStorage, QTensor};

/// Numbers between -1 and 1 that look random.
pub fn noise(count: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Blocks of a file that hold noise.
pub fn blocks(dtype: GgmlDType, count: usize) -> Vec<u8> {
    let mut blocks = dtype.cpu_zeros(count);
    blocks.from_float(&noise(count));
    let tensor = QTensor::new(QStorage::Cpu(blocks), count).expect("fits");
    tensor.data().expect("on the processor").into_owned()
}

/// Blocks of a file whose quants and scales are all made of one byte, with finite floats.
pub fn blocks_of_byte(dtype: GgmlDType, count: usize, byte: u8) -> Vec<u8> {
    finite(dtype, &vec![byte; count / dtype.block_size() * dtype.type_size()], count)
}

/// As many of the bytes as `count` elements take, as blocks whose 16-bit floats are 1.
pub fn finite(dtype: GgmlDType, bytes: &[u8], count: usize) -> Vec<u8> {
    let floats: &[usize] = match dtype {
        GgmlDType::Q4K | GgmlDType::Q5K => &[0, 2],
        GgmlDType::Q6K => &[208],
        _ => &[0],
    };
    let size = dtype.type_size();
    let mut bytes = bytes[..count / dtype.block_size() * size].to_vec();
    for block in bytes.chunks_exact_mut(size) {
        for at in floats {
            block[*at..*at + 2].copy_from_slice(&half::f16::ONE.to_le_bytes());
        }
    }
    bytes
}
