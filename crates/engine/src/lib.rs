//! Runs a quantized language model.
