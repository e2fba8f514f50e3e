//! Chat formats of the supported model families.
//!
//! Owns how a conversation becomes the text a model was trained on, and which format a model has.
//! The template found in a model file is never evaluated: a hostile file could make it a program.
//! Special tokens are kept apart from text, so that `<|im_end|>` typed by a user is plain text to
//! the model. Called by the engine (to tokenize) and by the extension (to show a prompt).

mod formats;

use serde::{Deserialize, Serialize};

/// A conversation that ends with the model's turn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChatPrompt {
    /// Instructions that come before the conversation.
    pub system: String,
    /// Turns in order; the last one is the user's.
    pub turns: Vec<Turn>,
    /// Text the model's answer is made to begin with; not part of what it returns.
    pub assistant_prefix: String,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// The speaker of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

/// The chat format of a model family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChatFormat {
    /// `<|im_start|>role … <|im_end|>`: Qwen2, Qwen2.5, SmolLM2 and most of what is built on them.
    #[default]
    ChatMl,
    /// The same with an empty thought in front of the answer: Qwen3, told not to think.
    ChatMlNoThought,
    /// `<|start_header_id|>role<|end_header_id|> … <|eot_id|>`: Llama 3.
    Llama3,
    /// `<|role|> … </s>`, of which only `</s>` is a token: TinyLlama, Zephyr.
    Zephyr,
    /// `<|role|> … <|end|>`: Phi-3, Phi-3.5.
    Phi3,
    /// `<start_of_turn>role … <end_of_turn>`, instructions with the first question: Gemma.
    Gemma,
}

/// A piece of a rendered conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment<'a> {
    /// The token a text begins with, for models that were trained with one.
    Begin,
    /// One special token, by its literal in the vocabulary.
    Special(&'static str),
    /// Text to be tokenized without special tokens.
    Text(std::borrow::Cow<'a, str>),
}

impl ChatFormat {
    /// The format of a model, by its `general.architecture` and by which special tokens its
    /// vocabulary has. `None` where no format of these is its own.
    ///
    /// A Llama model whose vocabulary has no markers of turns is taken to be one of Zephyr's
    /// format. Its elders (Llama 2, the first Mistrals) have the same vocabulary and another format,
    /// which nothing in it tells.
    pub fn of_model(architecture: &str, has: impl Fn(&str) -> bool) -> Option<Self> {
        let all = |tokens: &[&str]| tokens.iter().all(|token| has(token));
        if all(&["<|im_start|>", "<|im_end|>"]) && !has("<|im_sep|>") {
            let thinks = architecture == "qwen3" && all(&["<think>", "</think>"]);
            return Some(if thinks { Self::ChatMlNoThought } else { Self::ChatMl });
        }
        match architecture {
            "llama" if all(&["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]) => {
                Some(Self::Llama3)
            }
            "llama" if all(&["<s>", "</s>"]) && !has("[INST]") => Some(Self::Zephyr),
            "phi3" if all(&["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]) => {
                Some(Self::Phi3)
            }
            "gemma3" if all(&["<start_of_turn>", "<end_of_turn>"]) => Some(Self::Gemma),
            _ => None,
        }
    }

    /// The special token that ends the model's turn.
    pub fn end(self) -> &'static str {
        match self {
            Self::ChatMl | Self::ChatMlNoThought => "<|im_end|>",
            Self::Llama3 => "<|eot_id|>",
            Self::Zephyr => "</s>",
            Self::Phi3 => "<|end|>",
            Self::Gemma => "<end_of_turn>",
        }
    }

    /// The conversation as a sequence of special tokens and text, ready for the model's answer.
    pub fn segments<'a>(self, prompt: &'a ChatPrompt) -> Vec<Segment<'a>> {
        match self {
            Self::ChatMl => formats::chat_ml(prompt, false),
            Self::ChatMlNoThought => formats::chat_ml(prompt, true),
            Self::Llama3 => formats::llama3(prompt),
            Self::Zephyr => formats::zephyr(prompt),
            Self::Phi3 => formats::phi3(prompt),
            Self::Gemma => formats::gemma(prompt),
        }
    }

    /// The conversation as one string, for a person to read.
    pub fn render(self, prompt: &ChatPrompt) -> String {
        self.segments(prompt)
            .iter()
            .map(|segment| match segment {
                Segment::Begin => "",
                Segment::Special(token) => token,
                Segment::Text(text) => text.as_ref(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(architecture: &str, tokens: &[&str]) -> Option<ChatFormat> {
        ChatFormat::of_model(architecture, |token| tokens.contains(&token))
    }

    const LLAMA3: [&str; 3] = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];
    const PHI3: [&str; 6] = ["<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"];

    #[test]
    fn a_model_has_the_format_of_its_vocabulary() {
        let chat_ml = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
        for architecture in ["qwen2", "qwen3", "llama", "phi3"] {
            assert_eq!(choice(architecture, &chat_ml), Some(ChatFormat::ChatMl));
        }
        let thinking = ["<|im_start|>", "<|im_end|>", "<think>", "</think>"];
        assert_eq!(choice("qwen3", &thinking), Some(ChatFormat::ChatMlNoThought));
        assert_eq!(choice("qwen2", &thinking), Some(ChatFormat::ChatMl));
        assert_eq!(choice("llama", &LLAMA3), Some(ChatFormat::Llama3));
        assert_eq!(choice("llama", &["<s>", "</s>"]), Some(ChatFormat::Zephyr));
        assert_eq!(choice("phi3", &PHI3), Some(ChatFormat::Phi3));
        let gemma = ["<bos>", "<start_of_turn>", "<end_of_turn>"];
        assert_eq!(choice("gemma3", &gemma), Some(ChatFormat::Gemma));
    }

    #[test]
    fn a_model_without_markers_of_turns_or_with_those_of_others_has_none() {
        for architecture in ["qwen2", "qwen3", "phi3", "gemma3"] {
            assert_eq!(choice(architecture, &["<s>", "</s>"]), None);
        }
        assert_eq!(choice("phi3", &["<|im_start|>", "<|im_end|>", "<|im_sep|>"]), None);
        assert_eq!(choice("llama", &["<s>", "</s>", "[INST]", "[/INST]"]), None);
        assert_eq!(choice("llama", &LLAMA3[1..]), None);
        assert_eq!(choice("phi3", &PHI3[..5]), None);
    }
}
