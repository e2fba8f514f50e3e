//! One attempt: a request is sent, and its answer read.
//!
//! Owns HTTP: headers, status, the two shapes of an answer, and whether its end was read, as it
//! must be for the connection to serve again. Of errors only refusals of a request are read, for
//! [`crate::dialect`]. Sends nothing again; [`crate::exchange`], which calls it, does.

use std::io::{ErrorKind, Read};
use std::time::Instant;

use text2sql_core::protocol::GenerateRequest;
use ureq::http::StatusCode;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use ureq::{Agent, BodyReader};

use crate::answer::MAX_READ;
use crate::chunk::Chunk;
use crate::dialect::{Form, MAX_REFUSAL};
use crate::endpoint::Endpoint;
use crate::failure::Trouble;
use crate::reply::Reply;
use crate::sse::Parser;
use crate::{backoff, body};

/// What the last event of a stream holds.
const DONE: &str = "[DONE]";
/// Bytes read at a time.
const BUFFER: usize = 16 << 10;
/// Most bytes behind an answer that are read for the sake of the connection.
const MAX_BEHIND: usize = 4 << 10;

/// How far an answer was read.
pub enum Ending {
    /// To its end.
    Read,
    /// But for what ends its transfer.
    Near(BodyReader<'static>),
    /// The server may go on writing.
    Cut,
}

impl Ending {
    /// Reads what is left; whether the connection can serve again.
    pub fn settle(self) -> bool {
        let Self::Near(mut body) = self else { return matches!(self, Self::Read) };
        let mut buffer = [0; 256];
        let mut behind = 0;
        while behind < MAX_BEHIND {
            match read(&mut body, &mut buffer) {
                Ok([]) => return true,
                Ok(bytes) => behind += bytes.len(),
                Err(_) => return false,
            }
        }
        false
    }
}

/// Sends a request in that form and reads the answer into `reply`.
///
/// # Errors
/// Where there is no answer, or no whole one.
pub fn ask(
    endpoint: &Endpoint,
    agent: &Agent,
    request: &GenerateRequest,
    form: Form,
    deadline: Instant,
    reply: &mut Reply<'_>,
) -> Result<Ending, Trouble> {
    let body = body::of(&endpoint.model, request, form);
    let mut post = agent.post(endpoint.url.completions()).header(CONTENT_TYPE, "application/json");
    if let Some(key) = &endpoint.key {
        post = post.header(AUTHORIZATION, key.authorization());
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let response = post
        .config()
        .timeout_global(Some(left))
        .build()
        .send(body.as_slice())
        .map_err(Trouble::unheard)?;
    let status = response.status();
    if !status.is_success() {
        let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let trouble = Trouble::status(status, wish.and_then(backoff::wish));
        let refused = status == StatusCode::BAD_REQUEST;
        let refusal = if refused { read_refusal(response.into_body().into_reader()) } else { None };
        return Err(Trouble { instead: refusal.and_then(|text| form.instead(&text)), ..trouble });
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

/// What a server says to a request that it refuses.
fn read_refusal(mut body: BodyReader<'_>) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    while text.len() < MAX_REFUSAL {
        match read(&mut body, &mut buffer).ok()? {
            [] => return Some(text),
            bytes => text.extend_from_slice(bytes),
        }
    }
    None
}

fn read_stream(mut body: BodyReader<'static>, reply: &mut Reply<'_>) -> Result<Ending, Trouble> {
    let mut parser = Parser::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let bytes = match read(&mut body, &mut buffer) {
            Ok([]) if reply.is_complete() => return Ok(Ending::Read),
            Ok([]) => return Err(Trouble::broken_off()),
            Ok(bytes) => bytes,
            // Only counts may be missing.
            Err(_) if reply.is_complete() => return Ok(Ending::Cut),
            Err(trouble) => return Err(trouble),
        };
        reply.start();
        let mut events = Vec::new();
        let fed = parser.feed(bytes, &mut |data| events.push(data));
        let taken = take(events, reply);
        // What came before something that is wrong was said.
        reply.tell();
        let done = taken?;
        if done || reply.is_counted() {
            return Ok(Ending::Near(body));
        }
        if reply.is_enough() {
            return Ok(Ending::Cut);
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

fn read_object(mut body: BodyReader<'static>, reply: &mut Reply<'_>) -> Result<Ending, Trouble> {
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
    Ok(Ending::Read)
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
