//! The trace IR: linear, typed, in single-assignment form.
//!
//! A trace is one path through the program, so its IR is a plain sequence: each instruction refers to earlier ones by their
//! number, there are no blocks, and the only way off the path is a *guard* that fails. One [`Op::LOOP`] may divide the
//! sequence into a preamble and a loop body, and [`Op::PHI`]s at the end say which values go around.
//!
//! ```text
//!   0001      val SLOAD #3              the value of stack slot 3 on entry
//!   0002 >    num UNBOX 0001            guard: it is a number
//!   0003      num ADD 0002 +1.0
//! ```
//!
//! Reading order: [`types`], [`memory`] (C types in memory, fields of objects), [`ops`] (the table of operations), [`helpers`] (the table of
//! runtime functions), [`constants`], [`trace`] (a whole trace), then [`print`], [`parse`] and [`verify`], and at last [`eval`], which says in
//! the fewest words what every operation means.

pub mod constants;
pub mod eval;
pub mod helpers;
pub mod memory;
pub mod ops;
pub mod parse;
pub mod print;
pub mod semantics;
pub mod signature;
pub mod trace;
pub mod types;
pub mod verify;

pub use constants::{Const, Constants};
pub use helpers::{Failure, Helper};
pub use memory::{Class, Classes, Field, MemType};
pub use ops::{Effect, Op, Operand, Shown};
pub use signature::{CParam, CSignature};
pub use trace::{Ins, IrRef, Link, List, Origin, SnapRef, Start, Trace};
pub use types::Type;
