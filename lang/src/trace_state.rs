//! What compiled traces and the virtual machine tell each other.
//!
//! A [`TraceState`] stands at offset 0 of the virtual machine, so that the one pointer that a trace is given leads to both.
//! Traces address its fields by `offset_of!`; everything is a cell or an atomic because two worlds write it.
//!
//! Entering: the interpreter calls [`EnterTrace`] with the machine, the base of the current frame and the trace's code. The
//! callee is one small function shared by all traces, which saves the registers that the C calling convention protects and calls
//! `code` by a convention under which traces jump to each other freely. (An entry of its own for every trace would cost each
//! some 60 bytes of saving registers.)
//!
//! Leaving: by the time `EnterTrace` returns, the Lua stack is as the interpreter would have left it, and [`TraceState::exit_pc`] and
//! [`TraceState::exit_base`] say where to go on. The trace has made no lasting effect beyond that instruction.
//!
//! ```text
//!   interpreter --EnterTrace--> trace --exit--> side trace --exit--> [exit_pc, exit_base, exit] --> interpreter
//! ```

use crate::value::Value;
use std::cell::Cell;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

/// The fields of the virtual machine that compiled code reads and writes.
#[repr(C)]
#[derive(Debug)]
pub struct TraceState {
    /// Not zero: whoever runs should get to a safe point and look why. Every loop of compiled code tests it once a turn.
    pub poll: AtomicU32,
    /// Not zero: during a native call that compiled code made, Lua ran (a callback) or an error was left pending, so that
    /// what the trace believes about Lua's data may no longer hold. Tested after each native call, as one word with [`TraceState::poll`];
    /// the interpreter clears it.
    pub native_event: Cell<u32>,
    /// The instruction at which the interpreter goes on.
    pub exit_pc: Cell<*const u32>,
    /// The frame in which it goes on.
    pub exit_base: Cell<*mut Value>,
    /// The exit that was taken, for the JIT's own use (it counts there); null before the first.
    pub exit: Cell<*const u8>,
    /// A trace runs, with no interpreter above it.
    pub in_trace: Cell<bool>,
    /// Highest place at which a frame's registers may end on the running coroutine's stack: a copy of its `stack_limit`.
    pub stack_limit: Cell<*mut Value>,
    /// Number of multiple results that the last open call or vararg left, for the next instruction that takes them.
    pub multiple_results: Cell<u32>,
    /// How many bytecode instructions the traces that were passed on the way stand for, added up where one jumps to another; the exit
    /// that is taken in the end has its own number. By this the JIT judges whether entering was worth it.
    pub work: Cell<u32>,
    /// What a helper that preserves all registers, so that none is left for its result, has given.
    pub helper_result: Cell<u64>,
    /// Compiled code ran until just now, and left for the safe point that comes next.
    pub left_for_poll: Cell<bool>,
}

/// Runs the trace at `code` on the frame at `base`. What it returns is an [`ExitReason`].
pub type EnterTrace = unsafe extern "C" fn(vm: *mut u8, base: *mut Value, code: *const u8) -> u64;

/// Why a trace went back to the interpreter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum ExitReason {
    /// A guard failed. When that happens often, a side trace should start here.
    Guard = 0,
    /// [`TraceState::poll`] was set.
    Poll = 1,
    /// [`TraceState::native_event`] was set.
    NativeEvent = 2,
    /// The trace ends here by design: what comes next is not compiled.
    End = 3,
    /// The stack has too little room for what the trace may put on it. The machine makes it larger.
    Stack = 4,
}

impl ExitReason {
    /// The reason with this number, as [`EnterTrace`] returned it.
    pub fn from_code(code: u64) -> Option<ExitReason> {
        let all = [ExitReason::Guard, ExitReason::Poll, ExitReason::NativeEvent, ExitReason::End, ExitReason::Stack];
        all.get(code as usize).copied()
    }
}

impl TraceState {
    /// The state of a machine in which no trace has run.
    pub fn new() -> TraceState {
        TraceState {
            poll: AtomicU32::new(0),
            native_event: Cell::new(0),
            exit_pc: Cell::new(null()),
            exit_base: Cell::new(null_mut()),
            exit: Cell::new(null()),
            in_trace: Cell::new(false),
            stack_limit: Cell::new(null_mut()),
            multiple_results: Cell::new(0),
            work: Cell::new(0),
            helper_result: Cell::new(0),
            left_for_poll: Cell::new(false),
        }
    }

    /// Whether someone asks for a safe point.
    #[inline(always)]
    pub fn is_polled(&self) -> bool {
        self.poll.load(Ordering::Relaxed) != 0
    }
}

impl Default for TraceState {
    fn default() -> TraceState {
        TraceState::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_come_back() {
        for code in 0..5 {
            assert_eq!(ExitReason::from_code(code).map(|r| r as u64), Some(code));
        }
        assert_eq!(ExitReason::from_code(5), None);
    }

    #[test]
    fn the_words_tested_most_stand_first() {
        assert_eq!(std::mem::offset_of!(TraceState, poll), 0);
        assert_eq!(std::mem::offset_of!(TraceState, native_event), 4);
    }
}
