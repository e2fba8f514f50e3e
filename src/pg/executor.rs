//! Runs a plan and hands each row over as JSON text, one at a time.
//!
//! Owns the executor calls and the row receiver. A row is converted where it arrives, inside
//! the sandbox, and its size is known before it is converted. Called by `exec::rows`.

use std::ffi::CString;

use pgrx::pg_sys::{self, Datum};

use super::facts;
use super::parse::Plan;

/// What to do after a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Goes on.
    Continue,
    /// Ends the query.
    Stop,
}

/// Takes the rows of one query.
pub trait Rows {
    /// Whether a row of at least `bytes` bytes is wanted; asked before it is converted.
    fn admit(&mut self, bytes: usize) -> bool;
    /// Takes a row: the text of a JSON object.
    fn row(&mut self, json: String) -> After;
}

/// A receiver as the executor knows it, with what our callbacks need behind.
#[repr(C)]
struct Receiver<'a> {
    callbacks: pg_sys::DestReceiver,
    rows: &'a mut dyn Rows,
    names: &'a [CString],
    /// Row type under our column names; made when the executor tells the types.
    descriptor: pg_sys::TupleDesc,
    /// Reset for every row.
    context: pg_sys::MemoryContext,
}

/// Runs `plan` to its end, or until `rows` wants no more. `names` are the keys of the objects:
/// unique, one for each column, in the server's encoding, at most 63 bytes.
pub fn run(plan: &Plan<'_>, names: &[CString], rows: &mut dyn Rows) {
    // SAFETY: a child of the sub-transaction's context, which goes with it.
    let context = unsafe {
        pg_sys::AllocSetContextCreateExtended(
            pg_sys::CurrentMemoryContext,
            c"text2sql row".as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        )
    };
    let mut receiver = Receiver {
        callbacks: pg_sys::DestReceiver {
            receiveSlot: Some(receive),
            rStartup: Some(start),
            rShutdown: Some(shut_down),
            rDestroy: Some(shut_down),
            mydest: pg_sys::CommandDest::DestNone,
        },
        rows,
        names,
        descriptor: std::ptr::null_mut(),
        context,
    };
    // SAFETY: plan and text live as long as the scope; a snapshot is active since analysis; the
    // receiver outlives the run. On an error the rollback releases everything.
    unsafe {
        let query = pg_sys::CreateQueryDesc(
            plan.statement,
            plan.source.as_ptr(),
            pg_sys::GetActiveSnapshot(),
            std::ptr::null_mut(),
            (&raw mut receiver).cast(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
        );
        pg_sys::ExecutorStart(query, 0);
        execute(query);
        pg_sys::ExecutorFinish(query);
        pg_sys::ExecutorEnd(query);
        pg_sys::FreeQueryDesc(query);
    }
}

#[cfg(not(feature = "pg18"))]
unsafe fn execute(query: *mut pg_sys::QueryDesc) {
    // SAFETY: a started query; count 0 means all rows.
    unsafe {
        pg_sys::ExecutorRun(query, pg_sys::ScanDirection::ForwardScanDirection, 0, true);
    }
}

#[cfg(feature = "pg18")]
unsafe fn execute(query: *mut pg_sys::QueryDesc) {
    // SAFETY: a started query; count 0 means all rows.
    unsafe { pg_sys::ExecutorRun(query, pg_sys::ScanDirection::ForwardScanDirection, 0) }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn start(
    receiver: *mut pg_sys::DestReceiver,
    _operation: i32,
    row_type: pg_sys::TupleDesc,
) {
    // SAFETY: the Receiver of `run`, whose first field this is.
    let receiver = unsafe { &mut *receiver.cast::<Receiver>() };
    // SAFETY: a valid row type; the copy lives in the current context of the query.
    let descriptor = unsafe { pg_sys::CreateTupleDescCopy(row_type) };
    for (index, name) in receiver.names.iter().enumerate() {
        // SAFETY: as many names as columns (see `run`); namestrcpy truncates and terminates.
        unsafe { rename(descriptor, index, name) };
    }
    // SAFETY: registers the row type for this session, which keeps one copy of each.
    receiver.descriptor = unsafe { pg_sys::BlessTupleDesc(descriptor) };
}

unsafe fn rename(descriptor: pg_sys::TupleDesc, index: usize, name: &CString) {
    // SAFETY: the caller's descriptor.
    let attributes = unsafe { facts::attributes(descriptor) };
    if let Some(attribute) = attributes.get(index) {
        let target: *const pg_sys::NameData = &raw const attribute.attname;
        // SAFETY: a name of our own copy of the descriptor, to which no other reference is used.
        unsafe { pg_sys::namestrcpy(target.cast_mut(), name.as_ptr()) };
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn shut_down(_receiver: *mut pg_sys::DestReceiver) {}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn receive(
    slot: *mut pg_sys::TupleTableSlot,
    receiver: *mut pg_sys::DestReceiver,
) -> bool {
    // SAFETY: the Receiver of `run`, whose first field this is.
    let receiver = unsafe { &mut *receiver.cast::<Receiver>() };
    // SAFETY: a valid slot; makes values and null flags of all columns readable.
    unsafe { pg_sys::slot_getallattrs(slot) };
    // SAFETY: as above.
    if !receiver.rows.admit(unsafe { size(slot) }) {
        return false;
    }
    // SAFETY: our own context, in which nothing is kept from row to row.
    let former = unsafe {
        pg_sys::MemoryContextReset(receiver.context);
        pg_sys::MemoryContextSwitchTo(receiver.context)
    };
    // SAFETY: the blessed descriptor has the slot's columns under other names.
    let json = unsafe { to_json(slot, receiver.descriptor) };
    // SAFETY: the context that was current before.
    unsafe { pg_sys::MemoryContextSwitchTo(former) };
    receiver.rows.row(json) == After::Continue
}

/// Bytes of a row's values before they become text, toasted ones at their full size.
unsafe fn size(slot: *mut pg_sys::TupleTableSlot) -> usize {
    // SAFETY: all columns were made readable by the caller.
    let (attributes, values, nulls) = unsafe {
        let attributes = facts::attributes((*slot).tts_tupleDescriptor);
        (
            attributes,
            std::slice::from_raw_parts((*slot).tts_values, attributes.len()),
            std::slice::from_raw_parts((*slot).tts_isnull, attributes.len()),
        )
    };
    let mut total = 0_usize;
    for ((attribute, value), null) in attributes.iter().zip(values).zip(nulls) {
        if *null {
            continue;
        }
        total = total.saturating_add(match attribute.attlen {
            // SAFETY: a non-null value of variable length; reads its header.
            -1 => unsafe { pg_sys::toast_raw_datum_size(*value) },
            length => usize::try_from(length).unwrap_or(0),
        });
    }
    total
}

unsafe fn to_json(slot: *mut pg_sys::TupleTableSlot, descriptor: pg_sys::TupleDesc) -> String {
    // SAFETY: values and flags for every column; the new tuple lies in the row context.
    let tuple = unsafe {
        let tuple = pg_sys::heap_form_tuple(descriptor, (*slot).tts_values, (*slot).tts_isnull);
        pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)
    };
    // SAFETY: row_to_json looks at nothing but its argument.
    let text: Option<Datum> =
        unsafe { pgrx::direct_function_call_as_datum(pg_sys::row_to_json, &[Some(tuple)]) };
    let Some(text) = text else { return "null".to_owned() };
    // SAFETY: a text of the row context, not toasted since it was just made.
    let bytes = unsafe {
        let varlena: *const pg_sys::varlena = text.cast_mut_ptr();
        std::slice::from_raw_parts(
            pgrx::varlena::vardata_any(varlena).cast::<u8>(),
            pgrx::varlena::varsize_any_exhdr(varlena),
        )
    };
    facts::from_server_encoding(bytes)
}
