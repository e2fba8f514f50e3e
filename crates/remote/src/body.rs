//! The JSON of a request.
//!
//! Owns what of a [`GenerateRequest`] is sent: the conversation, the bound on tokens, and how they are
//! drawn. The text
//! an answer is to begin with, the constraint and the cache's scope stay here: no endpoint knows
//! them. Pure. Called by [`crate::exchange`].

use serde_json::{Value, json};
use text2sql_core::chat::Role;
use text2sql_core::protocol::GenerateRequest;

use crate::dialect::Form;

/// The body of a request to `model`, in the form its endpoint takes.
pub fn of(model: &str, request: &GenerateRequest, form: Form) -> Vec<u8> {
    let message = |role: &str, text: &str| json!({"role": role, "content": text});
    let prompt = &request.prompt;
    let system = Some(&prompt.system).filter(|text| !text.is_empty());
    let turns = prompt.turns.iter().map(|turn| match turn.role {
        Role::User => message("user", &turn.text),
        Role::Assistant => message("assistant", &turn.text),
    });
    let messages: Vec<Value> =
        system.map(|text| message("system", text)).into_iter().chain(turns).collect();
    let mut body = json!({
        "model": model,
        "messages": messages,
        form.bound: request.max_new_tokens,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if let Some(body) = body.as_object_mut().filter(|_| form.drawing) {
        let of = |thousandths: u32| json!(f64::from(thousandths) / 1000.0);
        let temperature = request.sampling.map_or(json!(0), |drawn| of(drawn.temperature));
        body.insert("temperature".to_owned(), temperature);
        if let Some(sampling) = request.sampling {
            body.insert("top_p".to_owned(), of(sampling.top_p));
            body.insert("seed".to_owned(), json!(sampling.seed));
        }
    }
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_the_conversation_and_nothing_else() {
        let request = json!({
            "prompt": {
                "system": "sys",
                "turns": [
                    {"role": "user", "text": "q\n\"1\""},
                    {"role": "assistant", "text": "a"},
                    {"role": "user", "text": "b"},
                ],
                "assistant_prefix": "prefix",
            },
            "max_new_tokens": 7,
            "deadline_ms": 1,
            "cache_scope": "scope",
        });
        let request: GenerateRequest = serde_json::from_value(request).unwrap();
        let text = String::from_utf8(of("m", &request, Form::default())).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"model":"m","messages":[{"role":"system","content":"sys"},"#,
                r#"{"role":"user","content":"q\n\"1\""},{"role":"assistant","content":"a"},"#,
                r#"{"role":"user","content":"b"}],"max_tokens":7,"#,
                r#""stream":true,"stream_options":{"include_usage":true},"temperature":0}"#
            )
        );
    }

    #[test]
    fn how_tokens_are_drawn_is_sent_along() {
        let request = json!({
            "prompt": {"system": "", "turns": [], "assistant_prefix": ""},
            "max_new_tokens": 7,
            "deadline_ms": 1,
            "sampling": {"temperature": 700, "top_p": 950, "seed": 4_000_000_000u32},
        });
        let request: GenerateRequest = serde_json::from_value(request).unwrap();
        let body: Value = serde_json::from_slice(&of("m", &request, Form::default())).unwrap();
        assert_eq!(body["temperature"], json!(0.7));
        assert_eq!(body["top_p"], json!(0.95));
        assert_eq!(body["seed"], json!(4_000_000_000u32));
        let form = Form { bound: "max_completion_tokens", drawing: false };
        let body: Value = serde_json::from_slice(&of("m", &request, form)).unwrap();
        assert_eq!(body["max_completion_tokens"], json!(7));
        for left_out in ["max_tokens", "temperature", "top_p", "seed"] {
            assert_eq!(body.get(left_out), None, "{left_out}");
        }
    }
}
