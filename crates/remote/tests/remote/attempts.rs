//! What is tried again, and what is not.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use text2sql_core::protocol::{EndpointSpec, FailureCode};

use crate::server::{Server, Step, answer, chunk, delta, stream_head, whole};
use crate::support::{Client, failure, key_file, spec, text};

fn patient(url: &str) -> EndpointSpec {
    EndpointSpec { attempts: 3, ..spec(url) }
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    for status in ["503 Service Unavailable", "500 Internal Server Error", "408 Request Timeout"] {
        let server = Server::start(move |number, _| match number {
            0 => vec![whole(status, "", "busy")],
            _ => answer("SELECT 1;"),
        });
        let mut client = Client::ready(patient(&server.url()));
        assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
        assert_eq!(server.received().len(), 2);
    }
}

#[test]
fn a_server_says_when_to_ask_again() {
    let server = Server::start(|number, _| match number {
        0 => vec![whole("429 Too Many Requests", "Retry-After: 1\r\n", "")],
        _ => answer("SELECT 1;"),
    });
    let mut client = Client::ready(patient(&server.url()));
    let begin = Instant::now();
    assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
    assert!(begin.elapsed() >= Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[test]
fn attempts_have_an_end() {
    let server = Server::start(|_, _| vec![whole("503 Service Unavailable", "", "secret")]);
    let mut client = Client::ready(patient(&server.url()));
    let failure = client.ask_in_vain(1, "q");
    assert_eq!(failure.code, FailureCode::Unreachable);
    assert_eq!(
        failure.message,
        "the model's server answered with status 503 (Service Unavailable)"
    );
    assert_eq!(failure.detail.as_deref(), Some("it was asked 3 times"));
    assert_eq!(server.received().len(), 3);
    assert!(!client.said.contains("secret"));
}

#[test]
fn no_attempt_is_made_beyond_the_deadline() {
    let server =
        Server::start(|_, _| vec![whole("503 Service Unavailable", "Retry-After: 20\r\n", "")]);
    let mut client = Client::ready(patient(&server.url()));
    let begin = Instant::now();
    client.send_with(1, "q", 100, 5000);
    // It is known at once that there is no time for it.
    assert_eq!(failure(&client.events(1)).code, FailureCode::Unreachable);
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(server.received().len(), 1);
}

#[test]
fn what_would_come_out_the_same_is_not_tried_again() {
    for (status, part) in [
        ("400 Bad Request", "status 400 (Bad Request)"),
        ("401 Unauthorized", "status 401 (Unauthorized)"),
        ("403 secret", "status 403 (Forbidden)"),
        ("404 Not Found", "status 404 (Not Found)"),
        ("422 Unprocessable Entity", "status 422 (Unprocessable Entity)"),
        ("499 secret", "status 499 (no reason known)"),
    ] {
        let server = Server::start(move |_, _| vec![whole(status, "", r#"{"error": "secret"}"#)]);
        let mut client = Client::ready(patient(&server.url()));
        let failure = client.ask_in_vain(1, "q");
        assert_eq!(failure.code, FailureCode::Unreachable);
        assert!(failure.message.contains(part), "{failure:?}");
        let about_key = failure.hint.is_some_and(|hint| hint.contains("key file"));
        assert_eq!(about_key, status.starts_with("401") || status.starts_with("403"));
        assert_eq!(server.received().len(), 1, "{status}");
        assert!(!client.said.contains("secret"), "{}", client.said);
    }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::start(|_, _| answer("SELECT 1;"));
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let location = format!("Location: {}/chat/completions\r\n", elsewhere.url());
        let server = Server::start(move |_, _| vec![whole(status, &location, "")]);
        let failure = Client::ready(patient(&server.url())).ask_in_vain(1, "q");
        assert_eq!(failure.code, FailureCode::Unreachable);
        assert!(failure.message.contains("redirects are not followed"), "{failure:?}");
        assert_eq!(server.received().len(), 1);
    }
    assert!(elsewhere.received().is_empty());
}

#[test]
fn an_answer_that_breaks_off_before_any_text_is_asked_for_again() {
    for broken in [
        vec![],
        vec![stream_head()],
        vec![stream_head(), chunk(": ping\n\n")],
        vec![Step::Send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
                .to_vec(),
        )],
    ] {
        let server = Server::start(move |number, _| match number {
            0 => broken.clone(),
            _ => answer("SELECT 1;"),
        });
        let mut client = Client::ready(patient(&server.url()));
        assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
        assert_eq!(client.said.matches("Started").count(), 1, "{}", client.said);
        assert_eq!(server.received().len(), 2);
    }
}

#[test]
fn an_answer_that_breaks_off_later_fails() {
    for rest in [vec![], vec![chunk("data: {\n\n")]] {
        let begin = vec![stream_head(), chunk(&delta("SELECT 1 +"))];
        let steps: Vec<_> = begin.into_iter().chain(rest).collect();
        let server = Server::start(move |_, _| steps.clone());
        let failure = Client::ready(patient(&server.url())).ask_in_vain(1, "q");
        assert_eq!(failure.code, FailureCode::Unreachable);
        assert_eq!(server.received().len(), 1);
    }
}

#[test]
fn an_endpoint_that_is_down_is_no_reason_not_to_load() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let mut client = Client::start();
    let info = client.load(patient(&url)).unwrap();
    assert_eq!((info.name.as_str(), info.architecture.as_str()), ("test-model", "remote"));
    let failure = client.ask_in_vain(1, "q");
    assert_eq!(failure.code, FailureCode::Unreachable);
    assert_eq!(failure.message, "the model's server refused the connection");
    assert_eq!(failure.detail.as_deref(), Some("it was asked 3 times"));
}

#[test]
fn a_name_without_an_address_is_a_failure() {
    let mut client = Client::ready(patient("http://nowhere.invalid:1/v1"));
    client.send_with(1, "q", 100, 20_000);
    let failure = failure(&client.events(1));
    assert_eq!(failure.code, FailureCode::Unreachable);
    assert!(failure.message.contains("has a name"), "{failure:?}");
    assert!(!failure.message.contains("may not be connected to"), "{failure:?}");
}

#[test]
fn the_key_goes_to_the_endpoint_and_nowhere_else() {
    let (_folder, path) = key_file("sk-hidden\n", 0o600);
    let echo = r#"{"error": "sk-hidden is not accepted"}"#;
    let server = Server::start(move |number, received| match number {
        0 => vec![whole("401 sk-hidden", "X-Key: sk-hidden\r\n", echo)],
        1 => vec![stream_head(), chunk(&format!("data: {echo}\n\n"))],
        2 => vec![Step::Send(b"sk-hidden\r\n\r\n".to_vec())],
        _ if received.question() == "last" => answer("SELECT 1;"),
        _ => vec![],
    });
    let mut client = Client::ready(EndpointSpec { key_file: Some(path), ..spec(&server.url()) });
    for id in 0..4 {
        client.ask_in_vain(id, "q");
    }
    assert_eq!(text(&client.ask(9, "last")), "SELECT 1");
    for received in server.received() {
        let lines: Vec<_> =
            received.head.lines().filter(|line| line.contains("sk-hidden")).collect();
        let [line] = lines[..] else { panic!("{lines:?}") };
        assert_eq!(line.to_ascii_lowercase(), "authorization: bearer sk-hidden");
        assert!(!received.body.to_string().contains("sk-hidden"));
    }
    assert!(!client.said.contains("hidden"), "{}", client.said);
}
