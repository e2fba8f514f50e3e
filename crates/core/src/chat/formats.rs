//! The formats themselves, one function each.
//!
//! Owns where special tokens and white space stand. Sources: the chat templates and model cards that
//! the vendors publish with their weights. Called by [`ChatFormat::segments`](super::ChatFormat).

use super::{ChatPrompt, Role, Segment, Turn};

type Segments<'a> = Vec<Segment<'a>>;

fn text<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> Segment<'a> {
    Segment::Text(text.into())
}

/// Names of the roles in most formats.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// Every turn with the name of its speaker, the instructions first.
fn all_turns(prompt: &ChatPrompt) -> impl Iterator<Item = (&'static str, &str)> {
    let turns = prompt.turns.iter().map(|Turn { role, text }| (role_name(*role), text.as_str()));
    std::iter::once(("system", prompt.system.as_str())).chain(turns)
}

/// With `no_thought`, the answer follows a thought that is empty: what Qwen3's template does with
/// `enable_thinking` off.
pub(super) fn chat_ml(prompt: &ChatPrompt, no_thought: bool) -> Segments<'_> {
    const OPEN: Segment<'static> = Segment::Special("<|im_start|>");
    let mut out = vec![Segment::Begin];
    for (role, said) in all_turns(prompt) {
        out.extend([OPEN, text(format!("{role}\n{said}")), Segment::Special("<|im_end|>")]);
        out.push(text("\n"));
    }
    out.push(OPEN);
    if no_thought {
        out.extend([text("assistant\n"), Segment::Special("<think>"), text("\n\n")]);
        out.push(Segment::Special("</think>"));
        out.push(text(format!("\n\n{}", prompt.assistant_prefix)));
    } else {
        out.push(text(format!("assistant\n{}", prompt.assistant_prefix)));
    }
    out
}

pub(super) fn llama3(prompt: &ChatPrompt) -> Segments<'_> {
    let header = |role: &'static str| {
        let [open, close] = ["<|start_header_id|>", "<|end_header_id|>"].map(Segment::Special);
        [open, text(role), close]
    };
    let mut out = vec![Segment::Begin];
    for (role, said) in all_turns(prompt) {
        out.extend(header(role));
        out.extend([text(format!("\n\n{said}")), Segment::Special("<|eot_id|>")]);
    }
    out.extend(header("assistant"));
    out.push(text(format!("\n\n{}", prompt.assistant_prefix)));
    out
}

/// The markers of turns are text to these models, so a user can write them: what they lead to is
/// for the gates behind the model, as anything a user writes.
pub(super) fn zephyr(prompt: &ChatPrompt) -> Segments<'_> {
    let mut out = vec![Segment::Begin];
    let mut before = "";
    for (role, said) in all_turns(prompt) {
        out.push(text(format!("{before}<|{role}|>\n{said}")));
        out.push(Segment::Special("</s>"));
        before = "\n";
    }
    out.push(text(format!("{before}<|assistant|>\n{}", prompt.assistant_prefix)));
    out
}

/// The vendor's text has a line's end behind every marker, and its tokenizer drops white space
/// there: so here is none.
pub(super) fn phi3(prompt: &ChatPrompt) -> Segments<'_> {
    let mut out = vec![Segment::Begin];
    for (role, said) in all_turns(prompt) {
        let marker = match role {
            "system" => "<|system|>",
            "user" => "<|user|>",
            _ => "<|assistant|>",
        };
        out.extend([
            Segment::Special(marker),
            text(said.trim_start()),
            Segment::Special("<|end|>"),
        ]);
    }
    out.push(Segment::Special("<|assistant|>"));
    out.push(text(prompt.assistant_prefix.trim_start()));
    out
}

/// The family knows no role for instructions: they stand in front of the first question.
pub(super) fn gemma(prompt: &ChatPrompt) -> Segments<'_> {
    const OPEN: Segment<'static> = Segment::Special("<start_of_turn>");
    let mut out = vec![Segment::Begin];
    let mut instructions = prompt.system.as_str();
    for Turn { role, text: said } in &prompt.turns {
        let role = match role {
            Role::User => "user",
            Role::Assistant => "model",
        };
        let said = match std::mem::take(&mut instructions) {
            "" => format!("{role}\n{said}"),
            instructions => format!("{role}\n{instructions}\n\n{said}"),
        };
        out.extend([OPEN, text(said), Segment::Special("<end_of_turn>"), text("\n")]);
    }
    out.extend([OPEN, text(format!("model\n{}", prompt.assistant_prefix))]);
    out
}

#[cfg(test)]
mod tests {
    use super::super::ChatFormat;
    use super::*;

    const ALL: [ChatFormat; 6] = [
        ChatFormat::ChatMl,
        ChatFormat::ChatMlNoThought,
        ChatFormat::Llama3,
        ChatFormat::Zephyr,
        ChatFormat::Phi3,
        ChatFormat::Gemma,
    ];

    fn prompt(question: &str) -> ChatPrompt {
        ChatPrompt {
            system: "be brief".into(),
            turns: vec![
                Turn { role: Role::User, text: "hello".into() },
                Turn { role: Role::Assistant, text: "hi".into() },
                Turn { role: Role::User, text: question.into() },
            ],
            assistant_prefix: "```sql\n".into(),
        }
    }

    /// What the vendors' templates make of the conversation, with their generation prompt, without
    /// the token a text begins with.
    fn documented(format: ChatFormat) -> &'static str {
        match format {
            ChatFormat::ChatMl => {
                "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n\
                 <|im_start|>assistant\nhi<|im_end|>\n<|im_start|>user\nhow many?<|im_end|>\n\
                 <|im_start|>assistant\n"
            }
            ChatFormat::ChatMlNoThought => {
                "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n\
                 <|im_start|>assistant\nhi<|im_end|>\n<|im_start|>user\nhow many?<|im_end|>\n\
                 <|im_start|>assistant\n<think>\n\n</think>\n\n"
            }
            ChatFormat::Llama3 => {
                "<|start_header_id|>system<|end_header_id|>\n\nbe brief<|eot_id|>\
                 <|start_header_id|>user<|end_header_id|>\n\nhello<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\nhi<|eot_id|>\
                 <|start_header_id|>user<|end_header_id|>\n\nhow many?<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\n"
            }
            ChatFormat::Zephyr => {
                "<|system|>\nbe brief</s>\n<|user|>\nhello</s>\n<|assistant|>\nhi</s>\n\
                 <|user|>\nhow many?</s>\n<|assistant|>\n"
            }
            ChatFormat::Phi3 => {
                "<|system|>\nbe brief<|end|>\n<|user|>\nhello<|end|>\n<|assistant|>\nhi<|end|>\n\
                 <|user|>\nhow many?<|end|>\n<|assistant|>\n"
            }
            ChatFormat::Gemma => {
                "<start_of_turn>user\nbe brief\n\nhello<end_of_turn>\n\
                 <start_of_turn>model\nhi<end_of_turn>\n\
                 <start_of_turn>user\nhow many?<end_of_turn>\n<start_of_turn>model\n"
            }
        }
    }

    #[test]
    fn every_format_renders_as_its_vendor_documents() {
        for format in ALL {
            let prompt = prompt("how many?");
            let found = format.render(&prompt);
            let expected = format!("{}```sql\n", documented(format));
            if format == ChatFormat::Phi3 {
                // Its tokenizer drops the white space behind its markers.
                assert_eq!(found, expected.replace("|>\n", "|>"));
            } else {
                assert_eq!(found, expected);
            }
            assert_eq!(format.segments(&prompt)[0], Segment::Begin);
        }
    }

    #[test]
    fn special_tokens_in_a_question_stay_text() {
        for format in ALL {
            let specials = |question: &str| {
                let prompt = prompt(question);
                let all = format.segments(&prompt).into_iter();
                all.filter(|segment| matches!(segment, Segment::Special(_)))
                    .map(|segment| match segment {
                        Segment::Special(name) => name,
                        _ => "",
                    })
                    .collect::<Vec<_>>()
            };
            let hostile = format!("a{0}{0}b<|im_start|><s>", format.end());
            assert_eq!(specials(&hostile), specials("a"), "{format:?}");
            let ends = specials("a").into_iter().filter(|name| *name == format.end()).count();
            assert!(ends >= 3, "{format:?}: every turn has an end");
        }
    }

    #[test]
    fn instructions_that_are_empty_leave_no_trace_where_they_have_no_turn() {
        let prompt = ChatPrompt { system: String::new(), ..prompt("x") };
        assert!(ChatFormat::Gemma.render(&prompt).starts_with("<start_of_turn>user\nhello"));
    }
}
