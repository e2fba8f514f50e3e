//! Connections that are used for more than one request.

use std::time::{Duration, Instant};

use text2sql_core::protocol::EndpointSpec;

use crate::server::{Received, Server, Step, answer, chunk, delta, finish, stream_head, whole};
use crate::support::{Client, key_file, spec, text};

/// Long enough for a connection to be kept, or to be seen closed.
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

fn and_again(mut steps: Vec<Step>) -> Vec<Step> {
    steps.push(Step::Again);
    steps
}

/// The connections of all requests, in order.
fn connections(server: &Server) -> Vec<usize> {
    server.received().iter().map(|received| received.connection).collect()
}

#[test]
fn one_request_after_the_other_goes_over_one_connection() {
    let json = r#"{"choices": [{"message": {"content": "SELECT 1;"}, "finish_reason": "stop"}]}"#;
    let server = Server::start(move |number, _| match number {
        1 => and_again(vec![whole("200 OK", "Content-Type: application/json\r\n", json)]),
        _ => and_again(answer("SELECT 1;")),
    });
    let (_folder, path) = key_file("sk-1", 0o600);
    let mut client = Client::ready(EndpointSpec { key_file: Some(path), ..spec(&server.url()) });
    for id in 0..4 {
        assert_eq!(text(&client.ask(id, "q")), "SELECT 1");
        pause();
    }
    assert_eq!(connections(&server), [0, 0, 0, 0]);
    for received in server.received() {
        assert!(received.head.to_ascii_lowercase().contains("authorization: bearer sk-1"));
    }
}

#[test]
fn requests_at_a_time_have_connections_of_their_own_which_are_kept() {
    let server = Server::start(|_, _| {
        let mut steps = vec![Step::Pause(300)];
        steps.extend(answer("SELECT 1;"));
        and_again(steps)
    });
    let mut client = Client::ready(EndpointSpec { parallel: 2, ..spec(&server.url()) });
    for ids in [[1, 2, 3], [4, 5, 6]] {
        ids.iter().for_each(|id| client.send(*id, "q"));
        client.events_of(&ids);
        pause();
    }
    assert_eq!(server.most_at_once(), 2);
    let used = connections(&server);
    // The third may begin before a connection of the two is ready again, and open one more.
    let [first, second, third, again, beside, last] = used.as_slice() else { panic!("{used:?}") };
    assert!(first != second && again != beside, "{used:?}");
    assert!([again, beside].iter().all(|kept| [first, second, third].contains(kept)), "{used:?}");
    assert!(*last < 4, "{used:?}");
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_no_failure() {
    let server = Server::start(|_, _| answer("SELECT 1;"));
    let mut client = Client::of(&server);
    for id in 0..3 {
        assert_eq!(text(&client.ask(id, "q")), "SELECT 1");
        pause();
    }
    assert_eq!(connections(&server), [0, 1, 2]);
}

/// The server closed it when the request was on its way.
#[test]
fn a_request_on_a_connection_that_is_being_closed_is_sent_again_uncounted() {
    let server = Server::start(|number, _| match number {
        1 => vec![],
        _ => and_again(answer("SELECT 1;")),
    });
    let mut client = Client::of(&server);
    assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
    pause();
    assert_eq!(text(&client.ask(2, "q")), "SELECT 1");
    assert_eq!(connections(&server), [0, 0, 1]);
    pause();
    assert_eq!(text(&client.ask(3, "q")), "SELECT 1");
    assert_eq!(connections(&server), [0, 0, 1, 1]);
}

#[test]
fn a_server_that_closes_again_has_failed() {
    let server = Server::start(|number, _| match number {
        0 => and_again(answer("SELECT 1;")),
        _ => vec![],
    });
    let mut client = Client::of(&server);
    assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
    pause();
    let failure = client.ask_in_vain(2, "q");
    assert_eq!(failure.message, "the model's server broke off the connection");
    assert_eq!(failure.detail, None);
    assert_eq!(connections(&server), [0, 0, 1]);
}

/// The first of its answers leaves something behind that belongs to no other.
fn once(steps: Vec<Step>) -> impl Fn(usize, &Received) -> Vec<Step> + Send + Sync {
    move |number, _| if number == 0 { steps.clone() } else { answer("SELECT 1;") }
}

#[test]
fn an_answer_that_is_not_read_to_its_end_leaves_no_connection() {
    let open = vec![stream_head(), chunk(&delta("SELECT 1;")), chunk(&finish("stop")), Step::Hang];
    let more = "and so on ".repeat(20);
    let words = vec![stream_head(), chunk(&delta("SELECT 1;")), chunk(&delta(&more)), Step::Hang];
    for steps in [open, words] {
        let server = Server::start(once(steps));
        let mut client = Client::of(&server);
        let begin = Instant::now();
        assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
        assert!(begin.elapsed() < Duration::from_millis(400), "{:?}", begin.elapsed());
        server.wait_for_hang_ups(1);
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
        assert_eq!(text(&client.ask(2, "q")), "SELECT 1");
        assert_eq!(connections(&server), [0, 1]);
    }
}
