//! How near a question is to what is in a snapshot.
//!
//! Owns what a session keeps of it: the last snapshot's vectors and the last question's. Called by
//! `api::draft` and `api::link`, once they know that not everything can be shown.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use text2sql_core::embedding::{Key, Vector, texts};
use text2sql_core::link::{Nearness, Vectors};
use text2sql_core::protocol::EmbedRequest;
use text2sql_core::schema::Snapshot;

use super::table;
use crate::error::Error;
use crate::guc;
use crate::ipc::client::{self, Patience};

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
    vectors: Rc<Vectors>,
}

thread_local! {
    static ASKED: RefCell<Option<Rc<Asked>>> = const { RefCell::new(None) };
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// How near `question` is to what is in `snapshot`; to nothing where no encoder is configured, or it
/// does not answer in time.
pub fn nearness(snapshot: &Rc<Snapshot>, question: &str, patience: Patience) -> Nearness {
    if guc::embedding::model_path().is_none() {
        return Nearness::default();
    }
    found(snapshot, question, patience).unwrap_or_else(|why| {
        pgrx::debug1!("text2sql: relations are found by words alone: {why}");
        Nearness::default()
    })
}

fn found(snapshot: &Rc<Snapshot>, question: &str, patience: Patience) -> Result<Nearness, Error> {
    let asked = asked(question, patience)?;
    let vectors = vectors(snapshot, &asked.encoder)?;
    Ok(Nearness::new(&vectors, &asked.vector))
}

fn asked(question: &str, patience: Patience) -> Result<Rc<Asked>, Error> {
    let last = ASKED.with_borrow(Clone::clone);
    if let Some(last) = last.filter(|last| last.question == question) {
        return Ok(last);
    }
    let within = Duration::from_millis(guc::embedding::timeout().into());
    let deadline_ms = guc::embedding::timeout().into();
    let request = EmbedRequest { texts: vec![question.to_owned()], deadline_ms };
    let mut embedded = client::embed(request, patience, within)?;
    let vector = embedded.vectors.pop().ok_or_else(client::out_of_place)?;
    let asked = Rc::new(Asked { question: question.to_owned(), encoder: embedded.encoder, vector });
    ASKED.set(Some(Rc::clone(&asked)));
    Ok(asked)
}

fn vectors(snapshot: &Rc<Snapshot>, encoder: &str) -> Result<Rc<Vectors>, Error> {
    let is_of = |held: &Held| {
        held.encoder == encoder && held.snapshot.upgrade().is_some_and(|s| Rc::ptr_eq(&s, snapshot))
    };
    let held = HELD.with_borrow(|held| {
        held.as_ref().filter(|held| is_of(held)).map(|held| Rc::clone(&held.vectors))
    });
    if let Some(vectors) = held {
        return Ok(vectors);
    }
    let keys: Vec<Key> = texts(snapshot).iter().map(|text| Key::of(text)).collect();
    let found = table::find(encoder, &keys)?;
    let vectors = Rc::new(Vectors::new(snapshot, |key| found.get(&key).cloned()));
    HELD.set(Some(Held {
        snapshot: Rc::downgrade(snapshot),
        encoder: encoder.to_owned(),
        vectors: Rc::clone(&vectors),
    }));
    Ok(vectors)
}
