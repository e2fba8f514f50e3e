//! A server of HTTP on this machine that does what a test says, and records what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a request was.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its first line.
    pub line: String,
    /// All of it up to the body.
    pub head: String,
    /// Its body.
    pub body: Value,
    /// The number of its connection, counted from 0.
    pub connection: usize,
}

impl Received {
    /// What the last turn says.
    pub fn question(&self) -> String {
        let messages = self.body["messages"].as_array().unwrap();
        messages.last().unwrap()["content"].as_str().unwrap().to_owned()
    }
}

/// What to do with a connection once its request was read; in the end it is closed, unless the last
/// step is another request.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends bytes one by one, each in a packet of its own.
    Trickle(Vec<u8>),
    /// Does nothing for so many milliseconds.
    Pause(u64),
    /// Waits until the other side closes.
    Hang,
    /// Reads the next request.
    Again,
}

/// A connection, encrypted or not.
pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A running server.
pub struct Server {
    pub port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    now: AtomicUsize,
    most: AtomicUsize,
    hung_up: AtomicUsize,
}

impl Server {
    /// Does what `script` says to the request of that number, counted from 0.
    pub fn start(script: impl Fn(usize, &Received) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start_with("127.0.0.1", script, |stream| Some(Box::new(stream)))
    }

    /// The same on an address, over what `wrap` makes of a connection.
    pub fn start_with(
        address: &str,
        script: impl Fn(usize, &Received) -> Vec<Step> + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let (shared, script, wrap) = (Arc::clone(&state), Arc::new(script), Arc::new(wrap));
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let (state, script) = (Arc::clone(&shared), Arc::clone(&script));
                let wrap = Arc::clone(&wrap);
                std::thread::spawn(move || {
                    if let Some(mut stream) = wrap(stream) {
                        while serve(&mut stream, number, &state, script.as_ref()) {}
                    }
                });
            }
        });
        Self { port, state }
    }

    /// What to configure.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Waits until so many requests came.
    pub fn wait_for(&self, count: usize) {
        wait(|| self.received().len() >= count);
    }

    /// Waits until so many connections were closed by the other side while the server hung.
    pub fn wait_for_hang_ups(&self, count: usize) {
        wait(|| self.state.hung_up.load(Ordering::SeqCst) >= count);
    }

    /// Most requests there were at a time.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

fn wait(until: impl Fn() -> bool) {
    let begin = Instant::now();
    while !until() {
        assert!(begin.elapsed() < PATIENCE, "it did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Answers a request; whether to go on with the next one.
fn serve(
    stream: &mut Box<dyn Stream>,
    connection: usize,
    state: &State,
    script: &dyn Fn(usize, &Received) -> Vec<Step>,
) -> bool {
    let Some(received) = read(stream, connection) else { return false };
    let now = state.now.fetch_add(1, Ordering::SeqCst) + 1;
    state.most.fetch_max(now, Ordering::SeqCst);
    let steps = {
        let mut all = state.received.lock().unwrap();
        let steps = script(all.len(), &received);
        all.push(received);
        steps
    };
    let mut again = false;
    for step in steps {
        // The other side may be gone, on purpose.
        let _ = match step {
            Step::Send(bytes) => stream.write_all(&bytes),
            Step::Trickle(bytes) => bytes.iter().try_for_each(|byte| {
                std::thread::sleep(Duration::from_millis(1));
                stream.write_all(&[*byte])
            }),
            Step::Pause(milliseconds) => {
                std::thread::sleep(Duration::from_millis(milliseconds));
                Ok(())
            }
            Step::Hang => {
                while stream.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
                state.hung_up.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
            Step::Again => {
                again = true;
                Ok(())
            }
        };
    }
    let _ = stream.flush();
    state.now.fetch_sub(1, Ordering::SeqCst);
    again
}

fn read(stream: &mut dyn Read, connection: usize) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned)
            })
            .map_or(0, |length| length.trim().parse().unwrap());
        if body.len() >= length {
            return Some(Received {
                line: head.lines().next().unwrap().to_owned(),
                head: head.to_owned(),
                body: serde_json::from_str(body).unwrap(),
                connection,
            });
        }
    }
}

/// A response with a body of known length; `headers` end with a line break each.
pub fn whole(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    Step::Send(
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes(),
    )
}

/// The beginning of a stream of events.
pub fn stream_head() -> Step {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
    Step::Send(head.as_bytes().to_vec())
}

/// A chunk of a body.
pub fn chunk(text: &str) -> Step {
    Step::Send(format!("{:x}\r\n{text}\r\n", text.len()).into_bytes())
}

/// The end of a chunked body.
pub fn end() -> Step {
    Step::Send(b"0\r\n\r\n".to_vec())
}

/// An event with a JSON object.
pub fn event(json: &Value) -> String {
    format!("data: {json}\n\n")
}

/// An event with a piece of text.
pub fn delta(text: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

/// The events that end an answer.
pub fn finish(reason: &str) -> String {
    event(&json!({"choices": [{"delta": {}, "finish_reason": reason}]}))
        + &event(&json!({"choices": [], "usage": {
            "prompt_tokens": 40, "completion_tokens": 7, "total_tokens": 47,
            "prompt_tokens_details": {"cached_tokens": 32},
        }}))
        + "data: [DONE]\n\n"
}

/// A whole streamed answer.
pub fn answer(text: &str) -> Vec<Step> {
    let pieces = text.split_inclusive(' ').map(|piece| chunk(&delta(piece)));
    std::iter::once(stream_head()).chain(pieces).chain([chunk(&finish("stop")), end()]).collect()
}
