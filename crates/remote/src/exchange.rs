//! One request from start to end: sent, and sent again where that may help.
//!
//! Owns when a request is sent again: not after any of its answer was told, not more often than
//! configured, never beyond its deadline. Two times are not counted: where a connection that was
//! kept turns out to be closed, and where the endpoint wants another form. Runs on a thread of its own; called by
//! [`crate::remote`].

use std::time::{Duration, Instant};

use text2sql_core::protocol::{Event, GenerateRequest};
use text2sql_engine::control::Control;

use crate::connections::Connection;
use crate::endpoint::Endpoint;
use crate::failure::Again;
use crate::http::Ending;
use crate::reply::Reply;
use crate::{backoff, http};

/// Longest time between two looks at whether to go on.
const LOOK: Duration = Duration::from_millis(20);

/// Answers a request: events go to `tell`, but for the last one, which is returned, with how far
/// the answer was read if there is one.
pub fn run(
    endpoint: &Endpoint,
    connection: &Connection,
    request: &GenerateRequest,
    control: &Control,
    deadline: Instant,
    tell: &mut dyn FnMut(Event),
) -> (Event, Ending) {
    let mut used = connection.used;
    let mut form = endpoint.dialect.form();
    let mut reply = Reply::new(&request.prompt.assistant_prefix, tell);
    let mut asked = 0;
    loop {
        if let Err(why) = control.check() {
            return (Event::Failed { failure: why.into() }, Ending::Cut);
        }
        let trouble =
            match http::ask(endpoint, &connection.agent, request, form, deadline, &mut reply) {
                Ok(ending) => {
                    endpoint.dialect.answered(form);
                    return (reply.done(), ending);
                }
                Err(trouble) => trouble,
            };
        if std::mem::take(&mut used) && trouble.closed {
            continue;
        }
        if let Some(instead) = trouble.instead {
            form = instead;
            // Its refusal was read to the end.
            used = true;
            continue;
        }
        asked += 1;
        let wish = match trouble.again {
            _ if reply.was_told() || asked >= endpoint.attempts => None,
            Again::No => None,
            Again::Yes => Some(Duration::ZERO),
            Again::After(wish) => Some(wish),
        };
        let pause = wish.map(|wish| backoff::pause(asked, Some(wish), backoff::random()));
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(pause) = pause.filter(|pause| *pause < left) else {
            return (Event::Failed { failure: trouble.failure(asked) }, Ending::Cut);
        };
        wait(pause, control);
        reply.restart();
    }
}

/// Waits, unless the request ends before.
fn wait(pause: Duration, control: &Control) {
    let until = Instant::now() + pause;
    while control.check().is_ok() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(LOOK));
    }
}
