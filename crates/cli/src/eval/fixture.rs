//! An answer to make others of, in tests.

use super::ask::Answer;
use super::class::Class;

/// An answer under an arm to a question.
pub fn answer(arm: &str, id: &str, class: Class) -> Answer {
    Answer {
        arm: arm.into(),
        id: id.into(),
        db: "d".into(),
        question: "How many?".into(),
        gold: "SELECT 1".into(),
        difficulty: "easy".into(),
        tables: 1,
        aggregation: "none".into(),
        nesting: "flat".into(),
        class,
        exact: class == Class::Right,
        differences: Vec::new(),
        sql: Some("SELECT 1".into()),
        message: None,
        model: Some("m".into()),
        ms: 1500.0,
        attempts: 1,
        prompt_tokens: 1,
        cached_tokens: 1,
        generated_tokens: 10,
        signals: None,
        asked_with: None,
    }
}
