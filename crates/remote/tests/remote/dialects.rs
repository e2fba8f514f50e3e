//! Parameters that not every endpoint takes.

use serde_json::{Value, json};

use crate::server::{Received, Server, Step, answer, whole};
use crate::support::{Client, text};

/// A server that refuses a parameter as OpenAI does, with words and a key that nobody may see.
fn refusal(param: &str, code: &str) -> Step {
    let message = format!("secret: '{param}' is not supported with this model");
    let error = json!({"error": {"message": message, "param": param, "code": code}});
    whole("400 Bad Request", "Content-Type: application/json\r\n", &error.to_string())
}

/// As a model that reasons.
fn newer(_: usize, received: &Received) -> Vec<Step> {
    let has = |name: &str| received.body.get(name).is_some();
    if has("max_tokens") {
        vec![refusal("max_tokens", "unsupported_parameter"), Step::Again]
    } else if has("temperature") {
        vec![refusal("temperature", "unsupported_value")]
    } else {
        let mut steps = answer("SELECT 1;");
        steps.push(Step::Again);
        steps
    }
}

#[test]
fn an_endpoint_is_asked_in_the_form_it_takes_and_that_is_remembered() {
    let server = Server::start(newer);
    let mut client = Client::of(&server);
    assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
    assert_eq!(text(&client.ask(2, "q")), "SELECT 1");
    let bodies: Vec<Value> = server.received().into_iter().map(|received| received.body).collect();
    assert_eq!(bodies.len(), 4, "three for the first request, one for the second");
    assert_eq!(bodies[0]["max_tokens"], 100);
    for body in &bodies[1..] {
        assert_eq!(body.get("max_tokens"), None);
        assert_eq!(body["max_completion_tokens"], 100);
    }
    assert_eq!(bodies[1]["temperature"], 0);
    assert_eq!(bodies[2], bodies[3]);
    assert!(!client.said.contains("secret"), "{}", client.said);
}

#[test]
fn a_refusal_for_another_reason_is_final() {
    let server = Server::start(|_, _| vec![refusal("messages", "context_length_exceeded")]);
    let mut client = Client::of(&server);
    let failure = client.ask_in_vain(1, "q");
    assert!(failure.message.contains("status 400 (Bad Request)"), "{failure:?}");
    assert_eq!(server.received().len(), 1);
    assert!(!client.said.contains("secret"), "{}", client.said);
}

#[test]
fn an_endpoint_that_refuses_either_form_is_asked_once_more_only() {
    let server = Server::start(|_, _| vec![refusal("max_tokens", "unsupported_parameter")]);
    let mut client = Client::of(&server);
    assert!(client.ask_in_vain(1, "q").message.contains("status 400"));
    assert_eq!(server.received().len(), 2);
    // Nothing was learnt of it.
    client.ask_in_vain(2, "q");
    let third = &server.received()[2];
    assert!(third.body.get("max_tokens").is_some());
}
