//! Vectors of catalogs and questions, by an encoder. Called by [`super`].

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use text2sql_core::embedding::{Key, Vector, texts};
use text2sql_core::link::{Nearness, Vectors};
use text2sql_core::protocol::Failure;
use text2sql_core::schema::Snapshot;
use text2sql_engine::control::Control;
use text2sql_engine::encoder::Encoder;
use text2sql_engine::model::Pin;

/// An encoder, and what it has encoded so far.
pub struct Encoded {
    encoder: Encoder,
    known: HashMap<Key, Vector>,
}

/// Nobody waits.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

impl Encoded {
    /// Loads the encoder.
    pub fn load(folder: &Path) -> Result<Self, Failure> {
        Ok(Self { encoder: Encoder::load(folder, Pin::Any)?, known: HashMap::new() })
    }

    /// The vectors of a catalog.
    pub fn vectors(&mut self, snapshot: &Snapshot) -> Result<Vectors, Failure> {
        let begun = Instant::now();
        let texts = texts(snapshot);
        let new = texts.iter().filter(|text| !self.known.contains_key(&Key::of(text)));
        let new: Vec<&String> = new.collect();
        let vectors = self.encode(&new)?;
        eprintln!("{} texts encoded in {:.1} s", new.len(), begun.elapsed().as_secs_f64());
        let vectors = new.iter().zip(vectors);
        self.known.extend(vectors.filter_map(|(text, v)| Some((Key::of(text), v?))));
        Ok(Vectors::new(snapshot, |key| self.known.get(&key).cloned()))
    }

    /// How near a question is to what is in a catalog.
    pub fn nearness(&self, question: &str, vectors: &Vectors) -> Result<Nearness, Failure> {
        let question = self.encode(&[question])?.pop().flatten();
        Ok(question.map_or_else(Nearness::default, |question| Nearness::new(vectors, &question)))
    }

    fn encode<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<Option<Vector>>, Failure> {
        let vectors = self.encoder.encode(texts, &Control::new(PATIENCE))?;
        Ok(vectors.iter().map(|numbers| Vector::new(numbers)).collect())
    }
}
