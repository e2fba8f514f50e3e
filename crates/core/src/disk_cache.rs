//! Which beginnings of prompts have their keys and values in files, and which are to get one.
//!
//! Owns the files' names, the order of their use, the budget, and what is worth a file: a schema
//! takes tens of megabytes, so one that a scope was asked about only once, beside another that has
//! its file, gets none. A name holds nothing of a schema: it is hashes of the scope (one role in
//! one database) and of the text. What a file is used for is decided by its tokens, not by its name.
//! Does no input or output and reads no clock. Called by the worker's `disk_cache`; the engine
//! reads at most as many files as are kept here.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::hex;
use crate::warm_up::Beginning;

/// Most files of a model: its engine has all of them open.
pub const MOST_FILES: usize = 24;
/// Most files of a scope: a role whose schemas change often must not take the room of others.
const MOST_OF_SCOPE: usize = 4;
/// A file that was not used for so long goes: its role may be gone.
const LONGEST_UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How exactly the time of use is kept over a restart.
const GRAIN: Duration = Duration::from_secs(60);
/// Beginnings that wait for their files.
const WISHES: usize = 8;
/// Beginnings remembered as seen once.
const SEEN: usize = 64;

/// Short names: pg_basebackup refuses files whose path in the data directory has 100 bytes.
const MODEL_DIGITS: usize = 32;
const SCOPE_DIGITS: usize = 12;
const TEXT_DIGITS: usize = 24;

/// The folder of the files in the data directory.
pub const FOLDER: &str = "text2sql/prefixes";
/// What the name of a file ends with that is not complete.
pub const INCOMPLETE: &str = "new";

/// A file: of which model, and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    model: String,
    name: String,
}

impl Key {
    /// The file for a beginning of prompts to a model, in the model's folder.
    #[must_use]
    pub fn of(model: &str, beginning: &Beginning) -> Self {
        Self { model: model.to_owned(), name: name(beginning.scope(), beginning.system()) }
    }

    /// The file that was found under these names, if it can be one.
    #[must_use]
    pub fn found(model: &str, name: &str) -> Option<Self> {
        (is_digits(model, MODEL_DIGITS) && is_name(name))
            .then(|| Self { model: model.to_owned(), name: name.to_owned() })
    }

    /// Name of the model's folder.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Name of the file in it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn scope(&self) -> &str {
        self.name.get(..SCOPE_DIGITS).unwrap_or_default()
    }
}

/// Name of the folder for a model, by its lower-case sha256; `None` where that is none.
#[must_use]
pub fn folder_of(sha256: &str) -> Option<&str> {
    sha256.get(..MODEL_DIGITS).filter(|_| is_digits(sha256, 64))
}

/// Name of the file for a text in a scope.
#[must_use]
pub fn name(scope: &str, text: &str) -> String {
    format!("{}-{}", digits(scope, SCOPE_DIGITS), digits(text, TEXT_DIGITS))
}

/// Whether a file of this name is one of a scope. An engine says what is in a file, the worker how
/// it is named: so no engine leaves something to a scope that it was not asked about.
#[must_use]
pub fn is_of_scope(name: &str, scope: &str) -> bool {
    name.get(..SCOPE_DIGITS).is_some_and(|found| found == digits(scope, SCOPE_DIGITS))
}

fn digits(text: &str, count: usize) -> String {
    let mut digits = hex::encode(Sha256::digest(text));
    digits.truncate(count);
    digits
}

/// Whether a file of this name can be one of ours.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.split_once('-')
        .is_some_and(|(scope, text)| is_digits(scope, SCOPE_DIGITS) && is_digits(text, TEXT_DIGITS))
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    bytes: u64,
    used: SystemTime,
    /// As it stands on disk.
    marked: SystemTime,
}

/// The files there are.
#[derive(Debug, Default)]
pub struct Register {
    files: BTreeMap<Key, Entry>,
}

impl Register {
    /// A file is there, last used at a time.
    pub fn put(&mut self, key: Key, bytes: u64, used: SystemTime) {
        self.files.insert(key, Entry { bytes, used, marked: used });
    }

    /// A file is gone; whether it was there.
    pub fn remove(&mut self, key: &Key) -> bool {
        self.files.remove(key).is_some()
    }

    /// Whether a file is there.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.files.contains_key(key)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a scope has a file of a model.
    fn has_of_scope(&self, key: &Key) -> bool {
        self.files.keys().any(|known| known.model == key.model && known.scope() == key.scope())
    }

    /// A file is of use now; whether that is worth noting on disk.
    pub fn used(&mut self, key: &Key, now: SystemTime) -> bool {
        let Some(entry) = self.files.get_mut(key) else { return false };
        entry.used = now;
        let old = now.duration_since(entry.marked).is_ok_and(|age| age >= GRAIN);
        if old {
            entry.marked = now;
        }
        old
    }

    /// Takes out what is too much for `budget` bytes, too many, or too old; the least recently used
    /// first. They are to be deleted.
    pub fn surplus(&mut self, budget: u64, now: SystemTime) -> Vec<Key> {
        let mut order: Vec<(&Key, &Entry)> = self.files.iter().collect();
        order.sort_by(|a, b| b.1.used.cmp(&a.1.used).then(a.0.cmp(b.0)));
        let mut left = Some(budget);
        let mut kept: Vec<&Key> = Vec::new();
        let mut surplus = Vec::new();
        for (key, entry) in order {
            let of_model = kept.iter().filter(|other| other.model == key.model);
            let of_scope = of_model.clone().filter(|other| other.scope() == key.scope()).count();
            let unused = now.duration_since(entry.used).unwrap_or_default();
            let may_stay = unused <= LONGEST_UNUSED
                && of_model.count() < MOST_FILES
                && of_scope < MOST_OF_SCOPE;
            if may_stay {
                left = left.and_then(|left| left.checked_sub(entry.bytes));
            }
            if may_stay && left.is_some() {
                kept.push(key);
            } else {
                surplus.push(key.clone());
            }
        }
        self.files.retain(|key, _| !surplus.contains(key));
        surplus
    }
}

/// A beginning that is to get its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Name of the model, in the registry.
    pub model: String,
    /// The file.
    pub key: Key,
    /// What is to be in it.
    pub beginning: Beginning,
}

/// Beginnings that are to get their files.
#[derive(Debug, Default)]
pub struct Wishes {
    open: VecDeque<Wish>,
    seen: VecDeque<Key>,
}

impl Wishes {
    /// A model was asked about it; `register` has no file for it.
    pub fn note(&mut self, wish: Wish, register: &Register) {
        if !wish.beginning.is_reasonable() || self.open.iter().any(|open| open.key == wish.key) {
            return;
        }
        let seen = self.seen.iter().any(|seen| *seen == wish.key);
        if !seen {
            self.seen.truncate(SEEN - 1);
            self.seen.push_front(wish.key.clone());
        }
        if (seen || !register.has_of_scope(&wish.key)) && self.open.len() < WISHES {
            self.open.push_back(wish);
        }
    }

    /// Whether something waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes the first out that can be done now.
    pub fn next(&mut self, mut can_be_done: impl FnMut(&Wish) -> bool) -> Option<Wish> {
        let index = self.open.iter().position(&mut can_be_done)?;
        self.open.remove(index)
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.open.clear();
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ChatPrompt;
    use crate::protocol::GenerateRequest;
    use crate::route::Route;

    fn beginning(scope: &str, system: &str) -> Beginning {
        Beginning::of(&GenerateRequest {
            prompt: ChatPrompt { system: system.into(), ..ChatPrompt::default() },
            max_new_tokens: 0,
            deadline_ms: 0,
            cache_scope: scope.into(),
            constraint: None,
            sampling: None,
            route: Route::default(),
        })
    }

    fn model() -> String {
        folder_of(&"0a".repeat(32)).unwrap().to_owned()
    }

    fn key(scope: &str, system: &str) -> Key {
        Key::of(&model(), &beginning(scope, system))
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn wish(scope: &str, system: &str) -> Wish {
        let beginning = beginning(scope, system);
        Wish { model: "default".into(), key: key(scope, system), beginning }
    }

    #[test]
    fn a_name_tells_scope_and_text_apart_and_nothing_of_them() {
        let name = key("5/10", "CREATE TABLE film").name;
        assert!(is_name(&name), "{name}");
        assert_eq!(Key::found(&model(), &name), Some(key("5/10", "CREATE TABLE film")));
        assert_ne!(name, key("5/11", "CREATE TABLE film").name);
        assert!(is_of_scope(&name, "5/10") && !is_of_scope(&name, "5/11"));
        assert_ne!(name, key("5/10", "CREATE TABLE actor").name);
        for other in ["", "-", "schemas", "../../x", &name.to_uppercase(), &format!("{name}.new")] {
            assert_eq!(Key::found(&model(), other), None, "{other}");
            assert_eq!(Key::found(other, &name), None, "{other}");
        }
    }

    #[test]
    fn a_base_backup_takes_every_file_along() {
        let name = key("5/10", "CREATE TABLE film").name;
        let path = format!("{FOLDER}/{}/{name}.{INCOMPLETE}", model());
        assert!(path.len() < 100, "{path}");
    }

    #[test]
    fn a_folder_is_named_by_a_sum_and_nothing_else() {
        let sum = "0123456789abcdef".repeat(4);
        assert_eq!(folder_of(&sum), Some(&sum[..32]));
        for other in ["", "..", &sum[1..], &sum.to_uppercase(), &"/".repeat(64)] {
            assert_eq!(folder_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_least_recently_used_go_first_and_the_budget_holds() {
        let mut register = Register::default();
        for (index, scope) in ["a", "b", "c", "d"].into_iter().enumerate() {
            register.put(key(scope, "1"), 40, at(index as u64));
        }
        assert!(register.surplus(160, at(9)).is_empty());
        register.used(&key("a", "1"), at(5));
        assert_eq!(register.surplus(100, at(9)), [key("c", "1"), key("b", "1")]);
        assert!(register.contains(&key("a", "1")) && register.contains(&key("d", "1")));
        assert_eq!(register.surplus(39, at(9)).len(), 2);
        assert!(register.is_empty());
    }

    #[test]
    fn a_large_file_does_not_outlive_a_small_one_used_after_it() {
        let mut register = Register::default();
        register.put(key("small and old", "1"), 1, at(1));
        register.put(key("large", "1"), 100, at(2));
        register.put(key("new", "1"), 50, at(3));
        let gone = register.surplus(60, at(9));
        assert_eq!(gone, [key("large", "1"), key("small and old", "1")]);
    }

    #[test]
    fn files_are_bounded_by_number_and_age() {
        let mut register = Register::default();
        for scope in 0..40 {
            register.put(key(&scope.to_string(), "1"), 1, at(scope));
        }
        assert_eq!(register.surplus(1000, at(50)).len(), 40 - MOST_FILES);
        for text in 0..9 {
            register.put(key("39", &format!("text {text}")), 1, at(100 + text));
        }
        let gone = register.surplus(1000, at(110));
        assert!(gone.contains(&key("39", "1")) && gone.contains(&key("39", "text 4")));
        assert!(register.contains(&key("39", "text 5")));
        register.used(&key("39", "text 8"), at(LONGEST_UNUSED.as_secs()));
        register.surplus(1000, at(LONGEST_UNUSED.as_secs() + 109));
        assert!(!register.contains(&key("39", "text 7")), "not used for too long");
        assert!(register.contains(&key("39", "text 8")));
    }

    #[test]
    fn use_is_noted_on_disk_now_and_then() {
        let mut register = Register::default();
        assert!(!register.used(&key("a", "1"), at(0)), "there is none");
        register.put(key("a", "1"), 1, at(0));
        let noted: Vec<u64> =
            (0..200).filter(|second| register.used(&key("a", "1"), at(*second))).collect();
        assert_eq!(noted, [60, 120, 180]);
    }

    #[test]
    fn the_first_schema_of_a_scope_gets_a_file_another_when_it_is_seen_again() {
        let (mut wishes, mut register) = (Wishes::default(), Register::default());
        wishes.note(wish("a", "1"), &register);
        wishes.note(wish("a", "1"), &register);
        assert_eq!(wishes.next(|_| true), Some(wish("a", "1")));
        assert!(wishes.is_empty(), "once");
        register.put(key("a", "1"), 1, at(0));
        wishes.note(wish("a", "2"), &register);
        assert!(wishes.is_empty());
        wishes.note(wish("b", "2"), &register);
        wishes.note(wish("a", "2"), &register);
        assert_eq!(wishes.next(|wish| wish.beginning.scope() == "a"), Some(wish("a", "2")));
        assert_eq!(wishes.next(|_| true), Some(wish("b", "2")));
    }

    #[test]
    fn what_waits_is_bounded_and_has_a_scope() {
        let (mut wishes, register) = (Wishes::default(), Register::default());
        wishes.note(wish("", "1"), &register);
        assert!(wishes.is_empty());
        for scope in 0..1000 {
            wishes.note(wish(&scope.to_string(), "1"), &register);
        }
        assert_eq!((wishes.open.len(), wishes.seen.len()), (WISHES, SEEN));
    }
}
