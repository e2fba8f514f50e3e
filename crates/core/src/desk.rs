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
    /// There is no worker.
    NoWorker,
}

/// Tickets of up to `N` requests, and the numbers that tell old from new.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Desk<const N: usize> {
    open: bool,
    generation: u64,
    last_request_id: u64,
    /// Requests from ticket to end.
    active: u32,
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
        self.active = 0;
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
        self.active
    }

    /// A number for a new request.
    pub fn new_request_id(&mut self) -> u64 {
        self.last_request_id += 1;
        self.last_request_id
    }

    /// Takes a ticket, if fewer than `limit` requests wait or run; gives the generation that
    /// answers it.
    ///
    /// # Errors
    /// [`Refused`]; nothing was taken then.
    pub fn submit(&mut self, ticket: Ticket, limit: u32) -> Result<u64, Refused> {
        if !self.open {
            return Err(Refused::NoWorker);
        }
        let active = self.active;
        if active >= limit || self.tickets.push(ticket).is_err() {
            return Err(Refused::QueueFull { active });
        }
        self.active += 1;
        Ok(self.generation)
    }

    /// The oldest ticket, for the worker.
    pub fn next_ticket(&mut self) -> Option<Ticket> {
        self.tickets.pop()
    }

    /// A request whose ticket the worker had taken has ended.
    pub fn ended(&mut self) {
        self.active = self.active.saturating_sub(1);
    }

    /// Counts anew, where an error of the server may have lost a ticket on its way: `served`
    /// requests are with the worker. A lost one would take a place in the queue for ever.
    pub fn recount(&mut self, served: usize) {
        let all = self.tickets.len().saturating_add(served);
        self.active = u32::try_from(all).unwrap_or(u32::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    const LIMIT: u32 = 4;

    /// What may happen next. Numbers choose among what is there.
    #[derive(Debug, Clone)]
    enum Step {
        Ask,
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
            6 => Just(Step::Ask),
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
        served: Vec<u64>,
        used_ids: HashSet<u64>,
        queued: usize,
    }

    impl World {
        fn ask(&mut self, submit: bool) -> Result<(), TestCaseError> {
            let Some(segment) = (0..6).find(|handle| !self.segments.contains_key(handle)) else {
                return Ok(());
            };
            let request_id = self.desk.new_request_id();
            prop_assert!(self.used_ids.insert(request_id), "{request_id} was used before");
            if !submit {
                return Ok(());
            }
            let before = self.desk.active();
            match self.desk.submit(Ticket { segment, request_id, pid: 1 }, LIMIT) {
                Ok(generation) => {
                    prop_assert!(before < LIMIT);
                    self.queued += 1;
                    self.segments.insert(segment, SegmentHeader::new(request_id));
                    self.waiting.push(Waiting { request_id, segment, generation });
                }
                Err(Refused::QueueFull { active }) => prop_assert_eq!(active, before),
                Err(Refused::NoWorker) => prop_assert_eq!(before, 0),
            }
            Ok(())
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
                prop_assert_eq!(self.queued, 0);
                return Ok(());
            };
            self.queued -= 1;
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
                self.served.push(ticket.request_id)
            } else {
                self.desk.ended()
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
            self.queued = 0;
            let lost = |waiting: &Waiting| waiting.generation != self.desk.generation();
            prop_assert!(self.waiting.iter().all(lost), "a waiting backend does not notice");
            Ok(())
        }

        fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
            match step {
                Step::Ask => self.ask(true)?,
                Step::AskAndFailToSubmit => self.ask(false)?,
                Step::BackendDies(index) => self.backend_dies(*index),
                Step::WorkerTakes => self.worker_takes()?,
                Step::WorkerEnds(index) => {
                    if !self.served.is_empty() {
                        self.served.swap_remove(index.index(self.served.len()));
                        self.desk.ended();
                    }
                }
                Step::WorkerStumbles => {
                    self.queued -= usize::from(self.desk.next_ticket().is_some());
                    self.desk.recount(self.served.len());
                }
                Step::WorkerLeaves => self.worker_changes(false)?,
                Step::WorkerComes => self.worker_changes(true)?,
            }
            prop_assert_eq!(self.desk.active() as usize, self.queued + self.served.len());
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
