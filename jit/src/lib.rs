//! The tracing JIT of moonwake.
//!
//! A hot loop is *recorded* while the interpreter runs it once more: out comes a linear trace in typed SSA form, which the
//! optimiser shortens as it is emitted, peels, and hands to Cranelift.
//!
//! ```text
//!   bytecode -> recorder -> ir::Trace -> opt passes -> backend -> machine code -> linked into the trace tree
//! ```
//!
//! Reading order: [`ir`] (what a trace is), [`snapshot`] (how it is left), [`opt`] (how it gets better),
//! [`backend`] (how it becomes machine code).

#![deny(unsafe_code)]

pub mod api;
pub mod backend;
pub mod events;
pub mod hot;
pub mod introspect;
pub mod ir;
pub mod library;
pub mod opt;
pub mod options;
pub mod record;
pub mod report;
pub mod runtime;
pub mod snapshot;
pub mod trace;

pub use api::{COMMANDS, Config, attach, command, optimisation, stats_json_members};
