//! Which parameters an endpoint takes, learnt from what it refuses.
//!
//! Owns the two that endpoints differ in: what the bound on tokens is called, and whether one may
//! say how tokens are drawn. Of what an endpoint says to a refused request nothing leaves this
//! module but that. Pure. Called by [`crate::exchange`] and [`crate::http`].

use std::sync::Mutex;

use serde_json::Value;

/// Most bytes of a refusal that are read.
pub const MAX_REFUSAL: usize = 16 << 10;

/// What OpenAI's newer models call the bound, the reasoning ones knowing no other name.
const NEWER: &str = "max_completion_tokens";
/// What all others call it.
const OLDER: &str = "max_tokens";
/// How tokens are drawn.
const DRAWING: [&str; 3] = ["temperature", "top_p", "seed"];

/// The form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// What the bound on tokens is called.
    pub bound: &'static str,
    /// Whether it says how tokens are drawn.
    pub drawing: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self { bound: OLDER, drawing: true }
    }
}

impl Form {
    /// What may be taken where this form was refused; nothing where the refusal is about anything
    /// else. From one form to the next at most twice.
    pub fn instead(self, refusal: &[u8]) -> Option<Self> {
        let refusal: Value = serde_json::from_slice(refusal).ok()?;
        // Some put the error's fields where OpenAI puts the error.
        let error = refusal.get("error").filter(|error| error.is_object()).unwrap_or(&refusal);
        let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        if self.bound == OLDER && (field("param") == OLDER || field("message").contains(NEWER)) {
            return Some(Self { bound: NEWER, ..self });
        }
        let unsupported = field("code").starts_with("unsupported");
        if self.drawing && unsupported && DRAWING.contains(&field("param")) {
            return Some(Self { drawing: false, ..self });
        }
        None
    }
}

/// What is known of an endpoint.
#[derive(Debug, Default)]
pub struct Dialect {
    form: Mutex<Form>,
}

impl Dialect {
    /// The form it is to be asked in.
    pub fn form(&self) -> Form {
        *self.form.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// It answered what was asked in that form.
    pub fn answered(&self, form: Form) {
        *self.form.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = form;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: &str = r#"{"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter"}}"#;
    const DRAWN: &str = r#"{"error": {"message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}}"#;

    #[test]
    fn what_is_refused_is_said_otherwise_once() {
        let first = Form::default();
        let second = first.instead(BOUND.as_bytes()).unwrap();
        assert_eq!(second, Form { bound: "max_completion_tokens", drawing: true });
        assert_eq!(second.instead(BOUND.as_bytes()), None);
        let third = second.instead(DRAWN.as_bytes()).unwrap();
        assert!(!third.drawing);
        assert_eq!(third.instead(DRAWN.as_bytes()), None);
        let flat = r#"{"message": "use max_completion_tokens"}"#;
        assert_eq!(first.instead(flat.as_bytes()), Some(second));
    }

    #[test]
    fn other_refusals_change_nothing() {
        for refusal in [
            "",
            "max_completion_tokens",
            "[]",
            r#"{"error": "max_completion_tokens"}"#,
            r#"{"error": {"message": "too long", "param": "messages"}}"#,
            r#"{"error": {"message": "too hot", "param": "temperature", "code": "out_of_range"}}"#,
        ] {
            assert_eq!(Form::default().instead(refusal.as_bytes()), None, "{refusal}");
        }
    }

    #[test]
    fn what_was_answered_is_remembered() {
        let dialect = Dialect::default();
        assert_eq!(dialect.form(), Form::default());
        let newer = Form::default().instead(BOUND.as_bytes()).unwrap();
        dialect.answered(newer);
        assert_eq!(dialect.form(), newer);
    }
}
