//! The vector of a text.
//!
//! A byte a number: what is lost is far less than what two encoders differ by, and ten thousand
//! columns take four megabytes. Called by [`super`].

use serde::{Deserialize, Serialize};

use crate::hex;

/// Most numbers of a vector: four times what the largest encoders of the family have.
const MOST_NUMBERS: usize = 4096;

/// A direction. In a frame, hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vector {
    numbers: Box<[i8]>,
    length: f32,
}

/// Bytes that are no vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no vector")]
pub struct NoVector;

impl TryFrom<&[u8]> for Vector {
    type Error = NoVector;

    fn try_from(bytes: &[u8]) -> Result<Self, NoVector> {
        Self::of_numbers(bytes.iter().map(|byte| byte.cast_signed()).collect()).ok_or(NoVector)
    }
}

impl TryFrom<String> for Vector {
    type Error = NoVector;

    fn try_from(digits: String) -> Result<Self, NoVector> {
        hex::decode(&digits).ok_or(NoVector)?.as_slice().try_into()
    }
}

impl From<Vector> for String {
    fn from(vector: Vector) -> Self {
        hex::encode(vector.bytes())
    }
}

impl Vector {
    /// With the direction of these numbers; `None` where they have none.
    #[must_use]
    pub fn new(numbers: &[f32]) -> Option<Self> {
        let largest = numbers.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        if !numbers.iter().all(|x| x.is_finite()) {
            return None;
        }
        let scale = f32::from(i8::MAX) / largest;
        Self::of_numbers(numbers.iter().map(|x| (x * scale).round() as i8).collect())
    }

    /// As they are kept: a byte a number.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.numbers.iter().map(|number| number.cast_unsigned()).collect()
    }

    fn of_numbers(numbers: Box<[i8]>) -> Option<Self> {
        if numbers.len() > MOST_NUMBERS {
            return None;
        }
        let length = (product(&numbers, &numbers) as f32).sqrt();
        (length > 0.0).then_some(Self { numbers, length })
    }

    /// From 1 for the same direction to -1 for the opposite one; 0 where they are of different
    /// encoders.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        if self.numbers.len() != other.numbers.len() {
            return 0.0;
        }
        product(&self.numbers, &other.numbers) as f32 / (self.length * other.length)
    }
}

fn product(one: &[i8], other: &[i8]) -> i32 {
    one.iter().zip(other).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_no_direction_is_no_vector() {
        for numbers in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY]] {
            assert_eq!(Vector::new(numbers), None, "{numbers:?}");
        }
    }

    #[test]
    fn other_texts_and_too_many_numbers_are_no_vector() {
        for digits in ["", "0", "00", "zz", &"01".repeat(MOST_NUMBERS + 1)] {
            assert_eq!(Vector::try_from(digits.to_owned()), Err(NoVector));
        }
    }

    #[test]
    fn vectors_of_different_encoders_are_not_compared() {
        let (short, long) = (Vector::new(&[1.0]).unwrap(), Vector::new(&[1.0, 0.0]).unwrap());
        assert_eq!(short.cosine(&long), 0.0);
    }

    proptest! {
        #[test]
        fn little_is_lost(
            pair in proptest::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 32..400),
        ) {
            let (one, other): (Vec<f32>, Vec<f32>) = pair.into_iter().unzip();
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let exact = dot(&one, &other) / (dot(&one, &one) * dot(&other, &other)).sqrt();
            let (one, other) = (Vector::new(&one).unwrap(), Vector::new(&other).unwrap());
            prop_assert!((one.cosine(&other) - exact).abs() < 0.01);
            prop_assert!((one.cosine(&one) - 1.0).abs() < 1e-5);
        }

        #[test]
        fn bytes_and_digits_lead_back(bytes in proptest::collection::vec(any::<u8>(), 0..99)) {
            let vector = Vector::try_from(bytes.as_slice());
            prop_assert_eq!(vector.is_ok(), bytes.iter().any(|byte| *byte != 0));
            if let Ok(vector) = vector {
                prop_assert_eq!(vector.bytes(), bytes);
                prop_assert_eq!(Vector::try_from(String::from(vector.clone())), Ok(vector));
            }
        }
    }
}
