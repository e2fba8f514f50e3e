//! How near a question is to what is in a snapshot.
//!
//! Owns what a session keeps of it: the last snapshot's vectors, the last question's, and those that
//! were made for the session alone, of what is newer than the last refresh or is another text to its
//! role. Called by `api::draft` and `api::link`, once they know that not everything can be shown.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use text2sql_core::embedding::{Key, Vector, texts};
use text2sql_core::link::{Nearness, Vectors};
use text2sql_core::protocol::{EmbedRequest, Embedded};
use text2sql_core::schema::Snapshot;

use super::{keeper, table};
use crate::error::Error;
use crate::guc;
use crate::ipc::client::{self, Patience};

/// Most texts that a question has vectors made of, besides its own: some 100 ms of an encoder of 22
/// million weights, which took 3 to 7 ms for one on a Xeon with AVX-512.
const MOST_AT_ONCE: usize = 16;

/// Most vectors that a session keeps of its own, 0.4 KB each with 384 elements.
const MOST_MADE: usize = 2048;

/// A question and its vector.
struct Asked {
    question: String,
    encoder: String,
    vector: Vector,
}

/// A snapshot and its vectors. After the table changed, the snapshot is another one.
struct Held {
    snapshot: Weak<Snapshot>,
    encoder: String,
    vectors: Vectors,
    /// Whether more is to be made: not where the encoder failed, nor in a database without a refresh.
    is_growing: bool,
}

/// Vectors that the table does not have.
#[derive(Default)]
struct Made {
    encoder: String,
    vectors: HashMap<Key, Vector>,
}

thread_local! {
    static ASKED: RefCell<Option<Rc<Asked>>> = const { RefCell::new(None) };
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
    static MADE: RefCell<Made> = RefCell::default();
}

/// How near `question` is to what is in `snapshot`; to nothing where no encoder is configured, or it
/// does not answer in time.
pub fn nearness(snapshot: &Rc<Snapshot>, question: &str) -> Nearness {
    if guc::embedding::model_path().is_none() {
        return Nearness::default();
    }
    found(snapshot, question).unwrap_or_else(|why| {
        pgrx::debug1!("text2sql: relations are found by words alone: {why}");
        Nearness::default()
    })
}

fn found(snapshot: &Rc<Snapshot>, question: &str) -> Result<Nearness, Error> {
    let patience = Patience::configured();
    let begun = Instant::now();
    let within = Duration::from_millis(guc::embedding::timeout().into());
    let left = || within.saturating_sub(begun.elapsed());
    let asked = asked(question, patience, left())?;
    let mut held = match HELD.take().filter(|held| held.is_of(snapshot, &asked.encoder)) {
        Some(held) => held,
        None => Held::read(snapshot, &asked.encoder)?,
    };
    held.grow(snapshot, patience, left());
    let nearness = Nearness::new(&held.vectors, &asked.vector);
    HELD.set(Some(held));
    Ok(nearness)
}

fn asked(question: &str, patience: Patience, within: Duration) -> Result<Rc<Asked>, Error> {
    let last = ASKED.with_borrow(Clone::clone);
    if let Some(last) = last.filter(|last| last.question == question) {
        return Ok(last);
    }
    let mut embedded = embed(vec![question.to_owned()], patience, within)?;
    let vector = embedded.vectors.pop().ok_or_else(client::out_of_place)?;
    let asked = Rc::new(Asked { question: question.to_owned(), encoder: embedded.encoder, vector });
    ASKED.set(Some(Rc::clone(&asked)));
    Ok(asked)
}

fn embed(texts: Vec<String>, patience: Patience, within: Duration) -> Result<Embedded, Error> {
    let deadline_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    Ok(client::embed(EmbedRequest { texts, deadline_ms }, patience, within)?)
}

impl Held {
    fn is_of(&self, snapshot: &Rc<Snapshot>, encoder: &str) -> bool {
        self.encoder == encoder
            && self.snapshot.upgrade().is_some_and(|held| Rc::ptr_eq(&held, snapshot))
    }

    /// With what there is in the table, and what was made for this session.
    fn read(snapshot: &Rc<Snapshot>, encoder: &str) -> Result<Self, Error> {
        let keys: Vec<Key> = texts(snapshot).iter().map(|text| Key::of(text)).collect();
        let found = table::find(encoder, &keys)?;
        let is_growing = !found.is_empty();
        let made = |key| Made::get(encoder, key).filter(|_| is_growing);
        let vectors = Vectors::new(snapshot, |key| found.get(&key).cloned().or_else(|| made(key)));
        if !vectors.missing(snapshot, 1).is_empty() {
            keeper::wake();
        }
        let snapshot = Rc::downgrade(snapshot);
        Ok(Self { snapshot, encoder: encoder.to_owned(), vectors, is_growing })
    }

    /// Has some of the vectors made that are missing.
    fn grow(&mut self, snapshot: &Snapshot, patience: Patience, within: Duration) {
        if !self.is_growing || within.is_zero() {
            return;
        }
        let texts = self.vectors.missing(snapshot, MOST_AT_ONCE);
        let keys: Vec<Key> = texts.iter().map(|text| Key::of(text)).collect();
        self.is_growing = !texts.is_empty()
            && match embed(texts, patience, within) {
                Ok(embedded) if embedded.encoder == self.encoder => {
                    Made::add(&self.encoder, keys.into_iter().zip(embedded.vectors));
                    true
                }
                Ok(_) => false,
                Err(why) => {
                    pgrx::debug1!("text2sql: what is new is found by words alone: {why}");
                    false
                }
            };
        if self.is_growing {
            self.vectors.complete(snapshot, |key| Made::get(&self.encoder, key));
        }
    }
}

impl Made {
    fn get(encoder: &str, key: Key) -> Option<Vector> {
        MADE.with_borrow(|made| {
            (made.encoder == encoder).then(|| made.vectors.get(&key).cloned()).flatten()
        })
    }

    fn add(encoder: &str, vectors: impl Iterator<Item = (Key, Vector)>) {
        MADE.with_borrow_mut(|made| {
            if made.encoder != encoder || made.vectors.len() >= MOST_MADE {
                *made = Self { encoder: encoder.to_owned(), vectors: HashMap::new() };
            }
            made.vectors.extend(vectors);
        });
    }
}
