//! Runs a quantized language model on the processor or a GPU, in a process of its own.
//!
//! # Code map
//!
//! | module | owns |
//! |---|---|
//! | [`gguf`] | reading model files as hostile input: limits, checksum |
//! | [`matrix`] | weights in the layouts that multiply fast |
//! | [`low_rank`] | what an adapter in the file adds to them |
//! | [`kernels`] | threads, packed products, attention; unsafe code included |
//! | [`device`] | the processor or a GPU, opened |
//! | [`kv_cache`] | keys and values of one sequence |
//! | [`arch`] | the forward pass, and what the files of each family have |
//! | [`tokenizer`] | text to tokens and back, from the file's tables; which chat format a model has |
//! | [`prompt_tokens`] | tokens of prompts, long texts kept per scope |
//! | [`prefix_cache`] | keys and values of earlier prompts, per scope |
//! | [`disk_cache`] | the same in files, for the next engine |
//! | [`stop`] | where a statement ends in a stream |
//! | [`constraint`] | which tokens may come next |
//! | [`model`] | a loaded model |
//! | [`scheduler`] | requests from start to end, and what is computed together |
//! | [`pace`] | how much of a prompt a pass computes, by how long that takes |
//! | [`generation`] | one answer in the making |
//! | [`output`] | its text |
//! | [`generate`] | one request to its end, for tools |
//! | [`choose`] | the next token, under a constraint or not |
//! | [`sample`] | drawing a token, and how unlikely one was |
//! | [`lookahead`] | guesses of the next tokens |
//! | [`recent`] | answers given lately, to guess from |
//! | [`control`] | cancel flag and deadline |
//! | [`frame_loop`] | the protocol over a socketpair |
//! | [`served`] | the model behind the frame loop |
//! | [`hardening`] | giving up rights |
//! | [`encoder`] | texts to vectors, by a model of the BERT family |
//! | [`bench`] | measuring prefill and decode |
//!
//! Nothing here knows PostgreSQL; the extension starts the binary and never links the library.

#![deny(unsafe_code)]

pub mod arch;
pub mod bench;
pub mod choose;
pub mod constraint;
pub mod control;
pub mod device;
pub mod disk_cache;
pub mod encoder;
pub mod error;
pub mod frame_loop;
pub mod generate;
pub mod generation;
pub mod gguf;
pub mod hardening;
pub mod kernels;
pub mod kv_cache;
pub mod lookahead;
pub mod low_rank;
pub mod matrix;
pub mod model;
pub mod output;
pub mod pace;
pub mod prefix_cache;
pub mod prompt_tokens;
pub mod recent;
pub mod sample;
pub mod scheduler;
pub mod served;
pub mod stop;
pub mod tokenizer;
