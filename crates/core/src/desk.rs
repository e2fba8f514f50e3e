//! Who may hand in a request, which tickets wait, and to which request a segment belongs: the
//! rules of the mailbox, without its lock and its shared memory.
//!
//! A handle of a segment is given to the next one soon after it is free, and a worker may die
//! and come back while backends wait. What tells old from new are two numbers: a request id,
//! which is never used twice, and the generation, which counts the comings and goings of the
//! worker. Called by `src/ipc`.

use crate::ring::Ring;

/// A request, as the worker finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Ticket {
    /// Handle of the request's segment.
    pub segment: u32,
    /// Never used twice while the server runs.
    pub request_id: u64,
    /// Process that waits.
    pub pid: i32,
    /// Role that asks.
    pub role: u32,
}

/// How many requests may wait or run at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Of all roles together.
    pub all: u32,
    /// Of one role.
    pub of_role: u32,
}

/// The beginning of a request's segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct SegmentHeader {
    magic: u64,
    request_id: u64,
}

/// Tells our segments from others'.
const MAGIC: u64 = 0x7465_7874_3273_716c;

impl SegmentHeader {
    /// The header of a request's segment.
    #[must_use]
    pub fn new(request_id: u64) -> Self {
        Self { magic: MAGIC, request_id }
    }

    /// Whether the segment is the one a ticket means. The ticket may be older than the segment.
    #[must_use]
    pub fn is_of(&self, request_id: u64) -> bool {
        self.magic == MAGIC && self.request_id == request_id
    }
}

/// Why a ticket was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many requests as allowed wait or run already.
    QueueFull {
        /// How many.
        active: u32,
    },
    /// The role has as many of its own.
    RoleQueueFull {
        /// How many.
        active: u32,
    },
    /// There is no worker.
    NoWorker,
}

/// How many requests each role has, of up to `N` in all.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Asking<const N: usize> {
    /// Role and number of its requests; unused where that is 0.
    roles: [(u32, u32); N],
}

impl<const N: usize> Default for Asking<N> {
    fn default() -> Self {
        Self { roles: [(0, 0); N] }
    }
}

impl<const N: usize> Asking<N> {
    fn all(&self) -> u32 {
        self.roles.iter().map(|(_, count)| count).sum()
    }

    fn of(&self, role: u32) -> u32 {
        self.roles.iter().filter(|(known, _)| *known == role).map(|(_, count)| count).sum()
    }

    /// False where there are `N` other roles.
    fn add(&mut self, role: u32) -> bool {
        let known = self.roles.iter().position(|(known, count)| *known == role && *count > 0);
        let place = known.or_else(|| self.roles.iter().position(|(_, count)| *count == 0));
        let Some(slot) = place.and_then(|index| self.roles.get_mut(index)) else { return false };
        *slot = (role, slot.1 + 1);
        true
    }

    fn remove(&mut self, role: u32) {
        let slot = self.roles.iter_mut().find(|(known, count)| *known == role && *count > 0);
        if let Some((_, count)) = slot {
            *count -= 1;
        }
    }
}

/// Tickets of up to `N` requests, and the numbers that tell old from new.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Desk<const N: usize> {
    open: bool,
    generation: u64,
    last_request_id: u64,
    /// Requests from ticket to end.
    active: Asking<N>,
    tickets: Ring<Ticket, N>,
}

impl<const N: usize> Desk<N> {
    /// A worker comes: what an earlier one left is void.
    pub fn open(&mut self) {
        self.close();
        self.open = true;
    }

    /// The worker goes; requests it has not ended are lost.
    pub fn close(&mut self) {
        self.open = false;
        self.generation += 1;
        self.active = Asking::default();
        self.tickets = Ring::default();
    }

    /// Changes whenever a worker comes or goes: a request of an earlier generation is lost.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Requests that wait or run.
    #[must_use]
    pub fn active(&self) -> u32 {
        self.active.all()
    }

    /// A number for a new request.
    pub fn new_request_id(&mut self) -> u64 {
        self.last_request_id += 1;
        self.last_request_id
    }

    /// Takes a ticket, if fewer requests than `limits` allow wait or run; gives the generation
    /// that answers it.
    ///
    /// # Errors
    /// [`Refused`]; nothing was taken then.
    pub fn submit(&mut self, ticket: Ticket, limits: QueueLimits) -> Result<u64, Refused> {
        if !self.open {
            return Err(Refused::NoWorker);
        }
        let own = self.active.of(ticket.role);
        if own >= limits.of_role {
            return Err(Refused::RoleQueueFull { active: own });
        }
        let active = self.active.all();
        let full = Refused::QueueFull { active };
        if active >= limits.all || !self.active.add(ticket.role) {
            return Err(full);
        }
        if self.tickets.push(ticket).is_err() {
            self.active.remove(ticket.role);
            return Err(full);
        }
        Ok(self.generation)
    }

    /// The oldest ticket, for the worker.
    pub fn next_ticket(&mut self) -> Option<Ticket> {
        self.tickets.pop()
    }

    /// A request of `role` whose ticket the worker had taken has ended.
    pub fn ended(&mut self, role: u32) {
        self.active.remove(role);
    }

    /// Counts anew, where an error of the server may have lost a ticket on its way: requests of
    /// the `served` roles are with the worker. A lost one would take a place in the queue for ever.
    pub fn recount(&mut self, served: impl IntoIterator<Item = u32>) {
        self.active = Asking::default();
        for role in served.into_iter().chain(self.tickets.iter().map(|ticket| ticket.role)) {
            self.active.add(role);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet, VecDeque};

    const LIMITS: QueueLimits = QueueLimits { all: 4, of_role: 3 };

    /// What may happen next. Numbers choose among what is there.
    #[derive(Debug, Clone)]
    enum Step {
        Ask(u32),
        AskAndFailToSubmit,
        BackendDies(prop::sample::Index),
        WorkerTakes,
        WorkerEnds(prop::sample::Index),
        WorkerStumbles,
        WorkerLeaves,
        WorkerComes,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let index = any::<prop::sample::Index>;
        let step = prop_oneof![
            6 => (0..3u32).prop_map(Step::Ask),
            1 => Just(Step::AskAndFailToSubmit),
            4 => index().prop_map(Step::BackendDies),
            6 => Just(Step::WorkerTakes),
            4 => index().prop_map(Step::WorkerEnds),
            1 => Just(Step::WorkerStumbles),
            1 => Just(Step::WorkerLeaves),
            2 => Just(Step::WorkerComes),
        ];
        prop::collection::vec(step, 0..300)
    }

    /// A backend that waits: its request, its segment's handle, the generation it asked.
    #[derive(Debug, Clone, Copy)]
    struct Waiting {
        request_id: u64,
        segment: u32,
        generation: u64,
    }

    /// Server, backends and worker around a desk. Handles are few, so they are soon used again.
    #[derive(Default)]
    struct World {
        desk: Desk<3>,
        segments: HashMap<u32, SegmentHeader>,
        waiting: Vec<Waiting>,
        /// Requests the worker has attached, or found gone and not yet counted.
        served: Vec<(u64, u32)>,
        used_ids: HashSet<u64>,
        /// Roles of the requests whose tickets wait.
        queued: VecDeque<u32>,
    }

    impl World {
        fn ask(&mut self, role: Option<u32>) -> Result<(), TestCaseError> {
            let Some(segment) = (0..6).find(|handle| !self.segments.contains_key(handle)) else {
                return Ok(());
            };
            let request_id = self.desk.new_request_id();
            prop_assert!(self.used_ids.insert(request_id), "{request_id} was used before");
            let Some(role) = role else { return Ok(()) };
            let before = self.desk.active();
            let own = self.of(role);
            match self.desk.submit(Ticket { segment, request_id, pid: 1, role }, LIMITS) {
                Ok(generation) => {
                    prop_assert!(before < LIMITS.all && own < LIMITS.of_role);
                    self.queued.push_back(role);
                    self.segments.insert(segment, SegmentHeader::new(request_id));
                    self.waiting.push(Waiting { request_id, segment, generation });
                }
                Err(Refused::QueueFull { active }) => prop_assert_eq!(active, before),
                Err(Refused::RoleQueueFull { active }) => {
                    prop_assert_eq!(active, LIMITS.of_role);
                    prop_assert_eq!(active, own);
                }
                Err(Refused::NoWorker) => prop_assert_eq!(before, 0),
            }
            Ok(())
        }

        fn of(&self, role: u32) -> u32 {
            let served = self.served.iter().map(|(_, served)| served);
            served.chain(&self.queued).filter(|other| **other == role).count() as u32
        }

        /// A cancel, a timeout, a lost client or a crash: the segment goes, the ticket stays.
        fn backend_dies(&mut self, index: prop::sample::Index) {
            if !self.waiting.is_empty() {
                let gone = self.waiting.swap_remove(index.index(self.waiting.len()));
                self.segments.remove(&gone.segment);
            }
        }

        fn worker_takes(&mut self) -> Result<(), TestCaseError> {
            let Some(ticket) = self.desk.next_ticket() else {
                prop_assert!(self.queued.is_empty());
                return Ok(());
            };
            prop_assert_eq!(self.queued.pop_front(), Some(ticket.role));
            let owner = self.waiting.iter().find(|waiting| waiting.request_id == ticket.request_id);
            let found = self.segments.get(&ticket.segment);
            let attached = found.is_some_and(|header| header.is_of(ticket.request_id));
            // Attached exactly where the one who asked still waits, in this very generation.
            prop_assert_eq!(attached, owner.is_some());
            if let Some(owner) = owner {
                prop_assert_eq!(owner.segment, ticket.segment);
                prop_assert_eq!(owner.generation, self.desk.generation());
            }
            if attached {
                self.served.push((ticket.request_id, ticket.role))
            } else {
                self.desk.ended(ticket.role)
            }
            Ok(())
        }

        fn worker_changes(&mut self, comes: bool) -> Result<(), TestCaseError> {
            let before = self.desk.generation();
            if comes {
                self.desk.open()
            } else {
                self.desk.close()
            }
            prop_assert_ne!(self.desk.generation(), before);
            self.served.clear();
            self.queued.clear();
            let lost = |waiting: &Waiting| waiting.generation != self.desk.generation();
            prop_assert!(self.waiting.iter().all(lost), "a waiting backend does not notice");
            Ok(())
        }

        fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
            match step {
                Step::Ask(role) => self.ask(Some(*role))?,
                Step::AskAndFailToSubmit => self.ask(None)?,
                Step::BackendDies(index) => self.backend_dies(*index),
                Step::WorkerTakes => self.worker_takes()?,
                Step::WorkerEnds(index) => {
                    if !self.served.is_empty() {
                        let (_, role) = self.served.swap_remove(index.index(self.served.len()));
                        self.desk.ended(role);
                    }
                }
                Step::WorkerStumbles => {
                    self.desk.next_ticket();
                    self.queued.pop_front();
                    self.desk.recount(self.served.iter().map(|(_, role)| *role));
                }
                Step::WorkerLeaves => self.worker_changes(false)?,
                Step::WorkerComes => self.worker_changes(true)?,
            }
            prop_assert_eq!(self.desk.active() as usize, self.queued.len() + self.served.len());
            Ok(())
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn no_ticket_is_taken_for_another(steps in steps()) {
            let mut world = World::default();
            world.desk.open();
            for step in &steps {
                world.step(step)?;
            }
        }

        #[test]
        fn any_other_bytes_are_no_header(magic in any::<u64>(), id in any::<u64>(), ticket in any::<u64>()) {
            let header = SegmentHeader { magic, request_id: id };
            prop_assert_eq!(header.is_of(ticket), magic == MAGIC && id == ticket);
            prop_assert!(SegmentHeader::new(ticket).is_of(ticket));
            prop_assert!(!SegmentHeader::new(ticket.wrapping_add(1)).is_of(ticket));
        }
    }
}
