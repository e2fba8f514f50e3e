//! Between backends and the background worker: the only code that touches shared memory.
//!
//! A small mailbox in the server's main shared memory carries tickets; each request then has one
//! dynamic segment with two message queues of its own. Cancel, timeout, a dead client and a dead
//! worker are all one event: the queue is detached. Knows frames, not what they are about.
//! Called by `api` (through [`client`]) and by `worker`.

pub mod channel;
pub mod client;
pub mod mailbox;
pub mod secret;
pub mod shelf;
