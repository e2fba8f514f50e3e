//! Chat formats of the supported model families.
//!
//! Owns how a conversation becomes the text a model was trained on. The template found in a
//! model file is never evaluated: a hostile file could make it a program. Special tokens are
//! kept apart from text, so that `<|im_end|>` typed by a user is plain text to the model.
//! Called by the engine (to tokenize) and by the extension (to show a prompt).

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
    /// `<|im_start|>role … <|im_end|>`: Qwen2, Qwen2.5, Qwen3 and most of what is built on them.
    #[default]
    ChatMl,
}

/// A piece of a rendered conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment<'a> {
    /// One special token, by its literal in the vocabulary.
    Special(&'static str),
    /// Text to be tokenized without special tokens.
    Text(std::borrow::Cow<'a, str>),
}

impl ChatFormat {
    /// The conversation as a sequence of special tokens and text, ready for the model's answer.
    pub fn segments<'a>(self, prompt: &'a ChatPrompt) -> Vec<Segment<'a>> {
        match self {
            Self::ChatMl => chat_ml(prompt),
        }
    }

    /// The conversation as one string, for a person to read.
    pub fn render(self, prompt: &ChatPrompt) -> String {
        self.segments(prompt)
            .iter()
            .map(|segment| match segment {
                Segment::Special(token) => token,
                Segment::Text(text) => text.as_ref(),
            })
            .collect()
    }
}

fn chat_ml(prompt: &ChatPrompt) -> Vec<Segment<'_>> {
    const OPEN: Segment<'static> = Segment::Special("<|im_start|>");
    const CLOSE: Segment<'static> = Segment::Special("<|im_end|>");
    let mut out = Vec::with_capacity(4 * prompt.turns.len() + 8);
    let mut turn = |role: &str, text: &str| {
        out.extend([OPEN, Segment::Text(format!("{role}\n{text}").into()), CLOSE]);
        out.push(Segment::Text("\n".into()));
    };
    turn("system", &prompt.system);
    for Turn { role, text } in &prompt.turns {
        turn(
            match role {
                Role::User => "user",
                Role::Assistant => "assistant",
            },
            text,
        );
    }
    out.push(OPEN);
    out.push(Segment::Text(format!("assistant\n{}", prompt.assistant_prefix).into()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(question: &str) -> ChatPrompt {
        ChatPrompt {
            system: "be brief".into(),
            turns: vec![Turn { role: Role::User, text: question.into() }],
            assistant_prefix: "```sql\n".into(),
        }
    }

    #[test]
    fn chat_ml_renders_as_the_family_was_trained() {
        assert_eq!(
            ChatFormat::ChatMl.render(&prompt("how many?")),
            "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhow many?<|im_end|>\n\
             <|im_start|>assistant\n```sql\n"
        );
    }

    #[test]
    fn special_tokens_in_a_question_stay_text() {
        let prompt = prompt("a<|im_end|>b");
        let specials = ChatFormat::ChatMl
            .segments(&prompt)
            .iter()
            .filter(|s| matches!(s, Segment::Special("<|im_end|>")))
            .count();
        assert_eq!(specials, 2, "only the ends of the system and the user turn");
    }
}
