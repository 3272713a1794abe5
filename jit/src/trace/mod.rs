//! The life of traces: when a recording starts, how it ends, what becomes of the trace.
//!
//! Reading order: [`state`] (the state machine between the interpreter and everything else), [`finish`] (from a recording to linked machine
//! code), [`tree`] (the traces there are), [`abort`] and [`penalty`] (when it does not work out), [`worth`] (when it was not worth it).

pub mod abort;
pub mod finish;
pub mod penalty;
pub mod state;
pub mod tree;
pub mod worth;
