//! Further candidates for a question's statement, and the choice among all of them.
//!
//! The first candidate is made of the likeliest tokens; the others are drawn, by requests of their
//! own: they take turns with those of other roles, share what was computed of the prompt, and end
//! with a dropped request. Seeds are part of the requests, and candidates are looked at in order, so
//! the same question gets the same answer. Each goes the way of every statement; the most frequent
//! result wins ([`Ballot`]). They are asked for beside the first one, or after it where it is doubtful,
//! not valid, or says that something is missing. Called by [`super::question`].

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use text2sql_core::chat::ChatPrompt;
use text2sql_core::pipeline::{Action, Ballot, Elected, Event, Pipeline, Vote};
use text2sql_core::protocol::{GenerateRequest, GenerationStats, Sampling};
use text2sql_core::route::Route;
use text2sql_core::sql::ParsedSql;

use super::check::{Check, Returned};
use super::draft::Draft;
use super::limits::Guard;
use super::put_right::{LOOKING, Looks, put_right};
use crate::guc::{self, CandidatesIf};
use crate::ipc::client::{self, Generation, Patience, Pending};
use crate::ipc::mailbox::QueueLimits;

/// Shortest time worth beginning for.
const MOMENT: Duration = Duration::from_millis(10);

/// A statement that has passed its check.
pub struct Candidate<T> {
    /// The statement, put right.
    pub sql: ParsedSql,
    /// What the check gave.
    pub given: T,
    /// Whether something in it was put right.
    pub mended: bool,
    /// Counts of the generation it is from.
    pub stats: GenerationStats,
    /// The model that wrote it.
    pub model: Option<String>,
}

/// What the statements of a question are checked with.
pub struct Checking<'q, C> {
    /// The question.
    pub text: &'q str,
    /// Whose rights hold.
    pub guard: &'q Guard,
    /// What is stored of the constants so far.
    pub looks: Looks<'q>,
    /// What the caller may read.
    pub draft: &'q Draft,
    /// The check.
    pub check: &'q C,
}

impl<C> Checking<'_, C> {
    /// The statement, put right, and whether something had to be.
    pub fn put_right(&self, sql: ParsedSql) -> (ParsedSql, bool) {
        put_right(sql, &self.draft.snapshot, self.text, &self.looks)
    }
}

/// Candidates that were asked for.
pub struct Further<'q> {
    draft: &'q Draft,
    route: Route,
    patience: Patience,
    pending: VecDeque<(u32, Pending)>,
    /// Number of the next that is to be asked for.
    next: u32,
    /// Candidates wanted, the first included.
    wanted: u32,
}

impl<'q> Further<'q> {
    /// Asks for those that a question is to have beside its first one, if it is to have any.
    pub fn beside(draft: &'q Draft, route: &Route, patience: Patience) -> Option<Self> {
        let at_once = guc::candidates_if() == CandidatesIf::Always;
        (at_once && guc::candidates() > 1).then(|| Self::ask(draft, route, patience))
    }

    /// Asks for those that a question is to have after its first one, which has passed its check or
    /// came to nothing.
    pub fn after<C: Check>(
        first: Option<&Candidate<C::Given>>,
        attempts: u32,
        check: &C,
        (draft, route, patience): (&'q Draft, &Route, Patience),
    ) -> Option<Self> {
        if guc::candidates() <= 1 {
            return None;
        }
        let wanted = match (guc::candidates_if(), first) {
            (CandidatesIf::Always, _) => false,
            (CandidatesIf::Doubtful, Some(first)) => {
                attempts > 1
                    || first.stats.mean_surprisal() >= Some(guc::doubt())
                    || (guc::doubt_empty() && returns_nothing(first, check))
            }
            (CandidatesIf::Invalid, Some(_)) => false,
            (CandidatesIf::Doubtful | CandidatesIf::Invalid, None) => true,
        };
        wanted.then(|| Self::ask(draft, route, patience))
    }

    /// Asks for those that may find what the first one says is missing. Where candidates are drawn for
    /// every question, they were.
    pub fn instead_of_missing(
        (draft, route, patience): (&'q Draft, &Route, Patience),
    ) -> Option<Self> {
        let wanted = guc::candidates() > 1 && guc::candidates_if() == CandidatesIf::Doubtful;
        wanted.then(|| Self::ask(draft, route, patience))
    }

    /// Asks for one more where none that was written freely is valid: what its tokens may be is known
    /// to the caller's catalog then.
    pub fn last((draft, route, patience): (&'q Draft, &Route, Patience)) -> Option<Self> {
        let request = draft.last_request(route.clone())?;
        let pending = client::submit(request, patience).ok()?;
        let (route, pending) = (route.clone(), VecDeque::from([(1, pending)]));
        Some(Self { draft, route, patience, pending, next: 2, wanted: 2 })
    }

    /// Asks for as many as the settings want, as far as there is room.
    fn ask(draft: &'q Draft, route: &Route, patience: Patience) -> Self {
        // Candidates never take the room that others' questions need.
        let half = |limit: u32| limit / 2;
        let QueueLimits { all, of_role } = patience.limits;
        let limits = QueueLimits { all: half(all), of_role: half(of_role) };
        let patience = Patience { limits, room: Duration::ZERO, ..patience };
        let (route, pending, wanted) = (route.clone(), VecDeque::new(), guc::candidates());
        let mut further = Self { draft, route, patience, pending, next: 1, wanted };
        further.fill();
        further
    }

    /// Asks for those that are still wanted, while there is room.
    fn fill(&mut self) {
        while self.next < self.wanted {
            let prompt = self.draft.prompt.clone();
            let sampling = Sampling::of_candidate(self.next, guc::temperature(), &prompt);
            let request = self.draft.request(prompt, self.route.clone(), guc::max_new_tokens());
            let request = GenerateRequest { sampling: Some(sampling), ..request };
            let Ok(pending) = client::submit(request, self.patience) else { return };
            self.pending.push_back((self.next, pending));
            self.next += 1;
        }
    }

    /// The next one, in order; none if all are there, or no more could be asked for. One that
    /// failed has no generation.
    fn next(&mut self) -> Option<(u32, Option<Generation>)> {
        let (number, pending) = self.pending.pop_front()?;
        let generation = pending.wait().ok();
        self.fill();
        Some((number, generation))
    }
}

/// Whether a statement that passed its check has no rows, as far as that is soon found out.
fn returns_nothing<C: Check>(first: &Candidate<C::Given>, check: &C) -> bool {
    let Candidate { sql, given, .. } = first;
    check.is_empty(given).unwrap_or_else(|| {
        check.returned(sql, given, LOOKING).is_some_and(|returned| returned.is_empty)
    })
}

/// What an election took.
#[derive(Debug, Default)]
pub struct Effort {
    /// Counts of each generation.
    pub generations: Vec<GenerationStats>,
    /// Waiting for the model.
    pub waited: Duration,
    /// Checking and running.
    pub checked: Duration,
}

/// Who won, and what is known of its result.
pub struct Winner<T> {
    /// The candidate.
    pub candidate: Candidate<T>,
    /// Candidates with its result.
    pub votes: u32,
    /// Candidates that were looked at.
    pub of: u32,
    /// Whether it returns no row, where that is known.
    pub is_empty: Option<bool>,
}

/// An election that goes on.
struct Election<'e, 'q, C: Check> {
    checking: &'e Checking<'q, C>,
    ballot: Ballot<(Candidate<C::Given>, Option<bool>)>,
    /// What the statements so far return; nothing for those that do not pass or run.
    known: HashMap<String, Option<Returned>>,
    /// Time left for checking and running.
    left: Duration,
}

/// The candidate whose result most of them have; `first` is that of the likeliest tokens, if it
/// passed its check. Those that nobody needs any more are dropped, which cancels them.
pub fn elect<C: Check>(
    checking: &Checking<'_, C>,
    first: Option<Candidate<C::Given>>,
    mut further: Further<'_>,
    effort: &mut Effort,
) -> Option<Winner<C::Given>> {
    let mut election = Election {
        checking,
        ballot: Ballot::new(further.wanted),
        known: HashMap::new(),
        left: Duration::from_millis(guc::statement_timeout().into()),
    };
    let begun = Instant::now();
    // One that passed its check and does not run is taken where no other one runs.
    let mut spare = match first {
        Some(candidate) => election.count(0, candidate),
        None => {
            election.ballot.fail();
            None
        }
    };
    effort.checked += begun.elapsed();
    while !election.ballot.is_decided() {
        let begun = Instant::now();
        let Some((number, generation)) = further.next() else { break };
        effort.waited += begun.elapsed();
        let begun = Instant::now();
        effort.generations.extend(generation.as_ref().map(|generation| generation.stats));
        match generation {
            Some(generation) => spare = spare.or(election.look_at(number, &generation)),
            None => election.ballot.fail(),
        }
        effort.checked += begun.elapsed();
    }
    match election.ballot.elect() {
        Some(Elected { kept: (candidate, is_empty), votes, of }) => {
            Some(Winner { candidate, votes, of, is_empty })
        }
        None => spare.map(|candidate| Winner { candidate, votes: 1, of: 1, is_empty: None }),
    }
}

impl<C: Check> Election<'_, '_, C> {
    /// Takes what the model wrote through all gates, and counts it. Returns it where it passes and
    /// does not run.
    fn look_at(&mut self, number: u32, generation: &Generation) -> Option<Candidate<C::Given>> {
        let Some(sql) = statement(&self.checking.draft.prompt, generation) else {
            self.ballot.fail();
            return None;
        };
        let (sql, mended) = self.checking.put_right(sql);
        // Drawn statements are often the same.
        if let Some(known) = self.known.get(sql.text()) {
            match known {
                Some(known) => self.ballot.second(known.digest),
                None => self.ballot.fail(),
            }
            return None;
        }
        if self.left < MOMENT {
            self.ballot.fail();
            return None;
        }
        let begun = Instant::now();
        let checked = self.checking.check.check(&sql, Some(self.left));
        self.left = self.left.saturating_sub(begun.elapsed());
        match checked {
            Ok(given) => {
                let (stats, model) = (generation.stats, generation.model.clone());
                self.count(number, Candidate { sql, given, mended, stats, model })
            }
            Err(_) => {
                self.known.insert(sql.text().to_owned(), None);
                self.ballot.fail();
                None
            }
        }
    }

    /// Counts a candidate by what it returns. Returns it where that cannot be found out.
    fn count(
        &mut self,
        number: u32,
        candidate: Candidate<C::Given>,
    ) -> Option<Candidate<C::Given>> {
        let Candidate { sql, given, stats, .. } = &candidate;
        let begun = Instant::now();
        let returned = self.checking.check.returned(sql, given, self.left);
        self.left = self.left.saturating_sub(begun.elapsed());
        self.known.insert(sql.text().to_owned(), returned);
        let Some(Returned { digest, is_empty }) = returned else {
            self.ballot.fail();
            return Some(candidate);
        };
        let vote =
            Vote { candidate: number, result: digest, is_empty, surprisal: stats.mean_surprisal() };
        self.ballot.count(vote, (candidate, Some(is_empty)));
        None
    }
}

/// The statement of an answer, if the policy lets one pass.
pub(super) fn statement(prompt: &ChatPrompt, generation: &Generation) -> Option<ParsedSql> {
    let mut pipeline = Pipeline::new(prompt.clone(), 0);
    pipeline.on(Event::Start).ok()?;
    let Generation { text, finish, .. } = generation.clone();
    match pipeline.on(Event::Generated { text, finish }).ok()? {
        Action::Check(sql) => Some(sql),
        _ => None,
    }
}
