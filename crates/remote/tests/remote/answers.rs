//! What comes of the answers of an endpoint.

use serde_json::json;
use text2sql_core::protocol::{Event, FailureCode, Finish, GenerationStats};

use crate::server::{Server, Step, answer, chunk, delta, end, event, finish, stream_head, whole};
use crate::support::{Client, failure, spec, text};

fn stats(events: &[Event]) -> (Finish, GenerationStats) {
    let Some(Event::Done { finish, stats, .. }) = events.last() else { panic!("{events:?}") };
    (*finish, *stats)
}

/// A client and the events of one request, which `steps` answer.
fn asked(steps: Vec<Step>) -> Vec<Event> {
    let server = Server::start(move |_, _| steps.clone());
    Client::of(&server).ask(1, "how many?")
}

#[test]
fn a_stream_is_passed_on_as_it_comes() {
    let server = Server::start(|_, _| {
        vec![
            stream_head(),
            chunk(&delta("```sql\nSELECT count(*)")),
            Step::Pause(300),
            chunk(&delta(" FROM films;\n```")),
            chunk(&finish("stop")),
            end(),
        ]
    });
    let mut client = Client::of(&server);
    let events = client.ask(7, "how many films?");
    assert_eq!(text(&events), "SELECT count(*) FROM films");
    assert!(matches!(&events[1], Event::Delta { text } if text == "SELECT count(*)"), "{events:?}");
    let (finish, stats) = stats(&events);
    assert_eq!(finish, Finish::Stop);
    assert_eq!((stats.prompt_tokens, stats.cached_tokens, stats.generated_tokens), (40, 32, 7));
    assert!(stats.decode_us >= 250_000 && stats.prefill_us > 0, "{stats:?}");

    let received = server.received();
    assert_eq!(received[0].line, "POST /v1/chat/completions HTTP/1.1");
    let head = received[0].head.to_ascii_lowercase();
    assert!(head.contains("\r\ncontent-type: application/json"), "{head}");
    assert!(head.contains(&format!("\r\nhost: 127.0.0.1:{}", server.port)), "{head}");
    assert!(!head.contains("authorization") && !head.contains("accept-encoding"), "{head}");
    assert_eq!(
        received[0].body,
        json!({
            "model": "test-model",
            "messages": [
                {"role": "system", "content": "You write SQL."},
                {"role": "user", "content": "how many films?"},
            ],
            "temperature": 0,
            "max_tokens": 100,
            "stream": true,
            "stream_options": {"include_usage": true},
        })
    );
}

#[test]
fn one_object_is_an_answer_too() {
    let object = json!({
        "choices": [{"message": {"role": "assistant", "content": "SELECT 1;"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3},
    });
    let events = asked(vec![whole(
        "200 OK",
        "Content-Type: application/json; charset=utf-8\r\n",
        &object.to_string(),
    )]);
    assert_eq!(text(&events), "SELECT 1");
    let (_, stats) = stats(&events);
    assert_eq!((stats.prompt_tokens, stats.cached_tokens, stats.generated_tokens), (5, 0, 3));
}

#[test]
fn characters_may_be_split_anywhere() {
    // A body without length or chunks: it ends with the connection.
    let body = format!(": ping\r\n\r\n{}{}", delta("SELECT 'ä€😀' "), finish("stop"))
        .replace("\\u", "never")
        .replace('\n', "\r\n");
    assert!(body.contains('😀'));
    let events = asked(vec![
        Step::Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".to_vec()),
        Step::Trickle(body.into_bytes()),
    ]);
    assert_eq!(text(&events), "SELECT 'ä€😀' ");
}

#[test]
fn an_answer_may_be_cut_off_by_its_bound() {
    let events =
        asked(vec![stream_head(), chunk(&delta("SELECT 1 +")), chunk(&finish("length")), end()]);
    assert_eq!(text(&events), "SELECT 1 +");
    assert_eq!(stats(&events).0, Finish::Length);
}

#[test]
fn thoughts_are_left_out() {
    let events = asked(answer("<think> SELECT 0; </think> ```sql\nSELECT 1\n```"));
    assert_eq!(text(&events), "SELECT 1\n");
    let reasoning =
        event(&json!({"choices": [{"delta": {"reasoning_content": "hm", "content": null}}]}));
    let events = asked(vec![
        stream_head(),
        chunk(&reasoning),
        chunk(&delta("SELECT 1;")),
        chunk(&finish("stop")),
        end(),
    ]);
    assert_eq!(text(&events), "SELECT 1");
}

#[test]
fn explanations_are_not_waited_for() {
    let long = delta(&"This counts the films. ".repeat(10));
    let server = Server::start(move |_, _| {
        vec![stream_head(), chunk(&delta("```sql\nSELECT 1;\n```\n")), chunk(&long), Step::Hang]
    });
    let mut client = Client::of(&server);
    let events = client.ask(1, "q");
    assert_eq!(text(&events), "SELECT 1");
    assert_eq!(stats(&events).1.generated_tokens, 0);
    // The endpoint is told so: it need not go on.
    server.wait_for_hang_ups(1);
}

#[test]
fn a_stream_may_end_without_its_last_event() {
    let counted = finish("stop").replace("data: [DONE]\n\n", "");
    let last =
        event(&json!({"choices": [{"delta": {"content": "SELECT 1"}, "finish_reason": "stop"}]}));
    for steps in [
        vec![stream_head(), chunk(&last), end()],
        // Not even the end of the body: only counts can be missing.
        vec![stream_head(), chunk(&last)],
        vec![stream_head(), chunk(&delta("SELECT 1")), chunk("data: [DONE]\n\n")],
        // Or never.
        vec![stream_head(), chunk(&delta("SELECT 1")), chunk(&counted), Step::Hang],
    ] {
        assert_eq!(text(&asked(steps)), "SELECT 1");
    }
}

#[test]
fn counts_are_not_believed() {
    let usage = event(&json!({"choices": [], "usage": {
        "prompt_tokens": 1e30, "completion_tokens": 99_999_999_999u64,
        "prompt_tokens_details": {"cached_tokens": -7},
    }}));
    let events = asked(vec![
        stream_head(),
        chunk(&delta("SELECT 1;")),
        chunk(&usage),
        chunk("data: [DONE]\n\n"),
        end(),
    ]);
    let (_, stats) = stats(&events);
    assert_eq!(
        (stats.prompt_tokens, stats.generated_tokens, stats.cached_tokens),
        (u32::MAX, u32::MAX, 0)
    );
}

#[test]
fn what_is_too_long_is_refused() {
    let line = format!("data: {}", "x".repeat(2 << 20));
    let failed = failure(&asked(vec![stream_head(), chunk(&line), Step::Hang]));
    assert_eq!(failed.code, FailureCode::Unreachable);
    assert!(failed.message.contains("1048576 bytes"), "{failed:?}");

    let pieces = vec![chunk(&delta(&format!("'{}", "x".repeat(30_000)))); 4];
    let steps = std::iter::once(stream_head()).chain(pieces).chain([Step::Hang]).collect();
    let failed = failure(&asked(steps));
    assert!(failed.message.contains("too long"), "{failed:?}");

    let object = json!({"choices": [{"message": {"content": "x".repeat(5 << 20)}}]}).to_string();
    let failed =
        failure(&asked(vec![whole("200 OK", "Content-Type: application/json\r\n", &object)]));
    assert!(failed.message.contains("too long"), "{failed:?}");
}

#[test]
fn what_is_no_completion_is_refused() {
    let json = "Content-Type: application/json\r\n";
    for (steps, part) in [
        (vec![whole("200 OK", "Content-Type: text/html\r\n", "<secret>")], "neither"),
        (vec![whole("200 OK", "", "secret")], "neither"),
        (vec![whole("200 OK", json, "secret")], "no chat completion"),
        (vec![whole("200 OK", json, "{}")], "no chat completion"),
        (vec![whole("200 OK", json, r#"{"error": "secret"}"#)], "reported an error"),
        (vec![stream_head(), chunk("data: secret\n\n"), Step::Hang], "no chat completion"),
        (vec![stream_head(), chunk(&event(&json!({"error": {"message": "secret"}})))], "reported"),
        (vec![Step::Send(b"secret\r\n\r\n".to_vec())], "does not speak HTTP"),
    ] {
        let failed = failure(&asked(steps));
        assert_eq!(failed.code, FailureCode::Unreachable);
        assert!(failed.message.contains(part), "{failed:?}");
        assert!(!format!("{failed:?}").contains("secret"), "{failed:?}");
    }
}

#[test]
fn warming_up_asks_nobody() {
    let server = Server::start(|_, _| answer("SELECT 1;"));
    let mut client = Client::ready(spec(&server.url()));
    client.send_with(1, "schema", 0, 1000);
    let events = client.events(1);
    assert!(matches!(&events[..], [Event::Done { text, .. }] if text.is_empty()), "{events:?}");
    assert!(server.received().is_empty());
}
