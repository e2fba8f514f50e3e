//! One attempt: a request is sent, and its answer read.
//!
//! Owns HTTP: headers, status, the two shapes of an answer. The bodies of errors are not read.
//! Sends nothing again; [`crate::exchange`], which calls it, does.

use std::io::{ErrorKind, Read};
use std::time::Instant;

use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use ureq::{Agent, BodyReader};

use crate::answer::MAX_READ;
use crate::backoff;
use crate::chunk::Chunk;
use crate::endpoint::Endpoint;
use crate::failure::Trouble;
use crate::reply::Reply;
use crate::sse::Parser;

/// What the last event of a stream holds.
const DONE: &str = "[DONE]";
/// Bytes read at a time.
const BUFFER: usize = 16 << 10;

/// Sends `body` and reads the answer into `reply`.
///
/// # Errors
/// Where there is no answer, or no whole one.
pub fn ask(
    endpoint: &Endpoint,
    agent: &Agent,
    body: &[u8],
    deadline: Instant,
    reply: &mut Reply<'_>,
) -> Result<(), Trouble> {
    let mut request =
        agent.post(endpoint.url.completions()).header(CONTENT_TYPE, "application/json");
    if let Some(key) = &endpoint.key {
        request = request.header(AUTHORIZATION, key.authorization());
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let response = request.config().timeout_global(Some(left)).build().send(body)?;
    let status = response.status();
    if !status.is_success() {
        let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        return Err(Trouble::status(status, wish.and_then(backoff::wish)));
    }
    let body = response.into_body();
    match body.mime_type() {
        Some(mime) if mime.eq_ignore_ascii_case("text/event-stream") => {
            read_stream(body.into_reader(), reply)
        }
        Some(mime) if mime.eq_ignore_ascii_case("application/json") => {
            read_object(body.into_reader(), reply)
        }
        _ => Err(Trouble::lasting("sent what is neither a stream of events nor JSON")),
    }
}

fn read_stream(mut body: BodyReader<'_>, reply: &mut Reply<'_>) -> Result<(), Trouble> {
    let mut parser = Parser::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let bytes = match read(&mut body, &mut buffer) {
            Ok([]) if reply.is_complete() => return Ok(()),
            Ok([]) => return Err(Trouble::broken_off()),
            Ok(bytes) => bytes,
            // Only counts may be missing.
            Err(_) if reply.is_complete() => return Ok(()),
            Err(trouble) => return Err(trouble),
        };
        reply.start();
        let mut events = Vec::new();
        let fed = parser.feed(bytes, &mut |data| events.push(data));
        let taken = take(events, reply);
        // What came before something that is wrong was said.
        reply.tell();
        let done = taken?;
        if done || reply.is_enough() {
            return Ok(());
        }
        fed.map_err(|error| Trouble::lasting(error.to_string()))?;
    }
}

/// Takes the events of a stream; whether the last one was among them.
fn take(events: Vec<String>, reply: &mut Reply<'_>) -> Result<bool, Trouble> {
    for data in events {
        if data == DONE {
            return Ok(true);
        }
        reply.take(parse(data.as_bytes())?)?;
    }
    Ok(false)
}

fn read_object(mut body: BodyReader<'_>, reply: &mut Reply<'_>) -> Result<(), Trouble> {
    let mut object = Vec::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let bytes = read(&mut body, &mut buffer)?;
        if bytes.is_empty() {
            break;
        }
        reply.start();
        if object.len() + bytes.len() > MAX_READ {
            return Err(Trouble::lasting("sent an answer that is too long"));
        }
        object.extend_from_slice(bytes);
    }
    if object.is_empty() {
        return Err(Trouble::broken_off());
    }
    let chunk = parse(&object)?;
    if !chunk.answers {
        return Err(Trouble::lasting("sent what is no chat completion"));
    }
    reply.take(chunk)?;
    reply.tell();
    Ok(())
}

fn parse(json: &[u8]) -> Result<Chunk, Trouble> {
    use crate::chunk::ChunkError::{Malformed, Reported};
    Chunk::parse(json).map_err(|error| match error {
        Malformed => Trouble::lasting(error.to_string()),
        Reported => Trouble::passing(error.to_string()),
    })
}

/// The next bytes; none at the end.
fn read<'a>(body: &mut BodyReader<'_>, buffer: &'a mut [u8]) -> Result<&'a [u8], Trouble> {
    loop {
        match body.read(buffer) {
            Ok(count) => return Ok(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(ureq::Error::from(error).into()),
        }
    }
}
