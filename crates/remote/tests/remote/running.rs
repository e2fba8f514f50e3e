//! Several requests, and requests that end before they are answered.

use std::time::{Duration, Instant};

use text2sql_core::protocol::{EndpointSpec, Event, FailureCode};

use crate::server::{Received, Server, Step, answer, chunk, delta, stream_head, whole};
use crate::support::{Client, failure, spec, text};

/// Hangs in three places, and answers other questions.
fn silent(_: usize, received: &Received) -> Vec<Step> {
    match received.question().as_str() {
        "hang" => vec![Step::Hang],
        "hang in headers" => vec![Step::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), Step::Hang],
        "hang in text" => vec![stream_head(), chunk(&delta("SELECT 1 +")), Step::Hang],
        _ => answer("SELECT 1;"),
    }
}

#[test]
fn a_request_is_cancelled_while_the_server_is_silent() {
    let server = Server::start(silent);
    let mut client = Client::ready(EndpointSpec { parallel: 1, ..spec(&server.url()) });
    for (id, question) in (1..).zip(["hang", "hang in headers", "hang in text"]) {
        client.send(id, question);
        server.wait_for(id as usize);
        std::thread::sleep(Duration::from_millis(100));
        let begin = Instant::now();
        client.cancel(id);
        let failure = failure(&client.events(id));
        assert_eq!(failure.code, FailureCode::Cancelled);
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        // The endpoint need not go on either.
        server.wait_for_hang_ups(id as usize);
    }
    assert_eq!(text(&client.ask(9, "q")), "SELECT 1");
}

#[test]
fn a_request_that_waits_is_cancelled() {
    let server = Server::start(silent);
    let mut client = Client::ready(EndpointSpec { parallel: 1, ..spec(&server.url()) });
    client.send(1, "hang");
    server.wait_for(1);
    client.send(2, "q");
    client.send(3, "q");
    client.cancel(2);
    assert_eq!(failure(&client.events(2)).code, FailureCode::Cancelled);
    client.cancel(1);
    let events = client.events_of(&[1, 3]);
    assert_eq!(failure(&events[&1]).code, FailureCode::Cancelled);
    assert_eq!(text(&events[&3]), "SELECT 1");
    assert_eq!(server.received().len(), 2);
}

#[test]
fn a_request_is_cancelled_between_two_attempts() {
    let server =
        Server::start(|_, _| vec![whole("503 Service Unavailable", "Retry-After: 20\r\n", "")]);
    let mut client = Client::ready(EndpointSpec { attempts: 9, ..spec(&server.url()) });
    client.send(1, "q");
    server.wait_for(1);
    std::thread::sleep(Duration::from_millis(200));
    let begin = Instant::now();
    client.cancel(1);
    assert_eq!(failure(&client.events(1)).code, FailureCode::Cancelled);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[test]
fn a_deadline_passes_while_the_server_is_silent() {
    let server = Server::start(silent);
    let mut client = Client::of(&server);
    for (id, question) in (1..).zip(["hang", "hang in headers", "hang in text"]) {
        let begin = Instant::now();
        client.send_with(id, question, 100, 300);
        assert_eq!(failure(&client.events(id)).code, FailureCode::Deadline);
        let took = begin.elapsed();
        assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(2), "{took:?}");
        server.wait_for_hang_ups(id as usize);
    }
    assert_eq!(text(&client.ask(9, "q")), "SELECT 1");
}

#[test]
fn requests_are_answered_together_and_fail_alone() {
    let server = Server::start(|_, received| {
        let question = received.question();
        match question.as_str() {
            "2" => vec![Step::Pause(100), whole("400 Bad Request", "", "")],
            _ => {
                let words = ["SELECT ", "'", &question, "'", ";"];
                let pieces = words.iter().flat_map(|word| [chunk(&delta(word)), Step::Pause(60)]);
                std::iter::once(stream_head()).chain(pieces).collect()
            }
        }
    });
    let mut client = Client::of(&server);
    for id in 1..=3 {
        client.send(id, &id.to_string());
    }
    let events = client.events_of(&[1, 2, 3]);
    assert_eq!(text(&events[&1]), "SELECT '1'");
    assert_eq!(text(&events[&3]), "SELECT '3'");
    assert_eq!(failure(&events[&2]).code, FailureCode::Unreachable);
    assert_eq!(server.most_at_once(), 3);
    // Neither waited for the other: pieces of both came in turns.
    let order: Vec<_> = client
        .said
        .lines()
        .filter(|line| line.contains("Delta"))
        .map(|line| line.contains("id: 1"))
        .collect();
    assert!(order.windows(2).filter(|pair| pair[0] != pair[1]).count() >= 3, "{}", client.said);
}

#[test]
fn no_more_requests_are_sent_at_a_time_than_configured() {
    let server = Server::start(|_, _| {
        std::iter::once(Step::Pause(100)).chain(answer("SELECT 1;")).collect()
    });
    let mut client = Client::ready(EndpointSpec { parallel: 2, ..spec(&server.url()) });
    let ids: Vec<_> = (1..=7).collect();
    for id in &ids {
        client.send(*id, &id.to_string());
    }
    for events in client.events_of(&ids).values() {
        assert_eq!(text(events), "SELECT 1");
    }
    assert_eq!(server.most_at_once(), 2);
    let order: Vec<_> = server.received().iter().map(Received::question).collect();
    // Two that are sent together may arrive either way.
    assert!(
        order[..2].contains(&"1".to_owned()) && order[5..].contains(&"7".to_owned()),
        "{order:?}"
    );
}

#[test]
fn many_cancelled_requests_leave_nothing_behind() {
    let server = Server::start(silent);
    let mut client = Client::of(&server);
    for id in 1..=40 {
        client.send(id, "hang");
        server.wait_for(id as usize);
        client.cancel(id);
        let events = client.events(id);
        assert!(matches!(&events[..], [Event::Failed { .. }]), "{events:?}");
    }
    server.wait_for_hang_ups(40);
    assert_eq!(text(&client.ask(99, "q")), "SELECT 1");
    let tasks = std::fs::read_dir(format!("/proc/{}/task", client.id())).unwrap().count();
    assert!(tasks <= 4, "{tasks} threads");
}
