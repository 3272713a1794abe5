//! Linking: how traces are joined to each other and to the interpreter.
//!
//! Every exit of a trace ends in a jump through the `target` of its [`ExitRecord`], which lies in ordinary memory:
//!
//! ```text
//!   exit block                    ExitRecord                 target at first: the stub that returns to the interpreter
//!     store changed slots           target ------------->             later:   a side trace, or a root trace's entry
//!     rdx = &record                 pc, reason, number
//!     jmp [record.target]           count
//! ```
//!
//! The three arguments of every trace and of the stub are the machine, the base of the frame and the record that was jumped
//! through; a trace ignores the last. So linking and unlinking are one store each, which another thread may do, and a chain of traces
//! runs in constant native stack. A hop was measured at 0.9 ns; returning to a dispatcher in Rust took 2 to 3.
//!
//! **What is put off.** Most exits are never taken, and all must be compiled. So the code of an exit stores only what it alone knows: values
//! as they are in registers. What takes no code, constants and tags, is a list in the record ([`Late`]), by which the interpreter's side
//! completes the stack ([`ExitRecord::complete`]); a side trace, which is compiled for this one exit, begins with code that does so.
//!
//! **Invariant:** whatever a record's target is, at the jump the Lua stack in memory is exact but for what the record's list says; where the
//! list is empty, any trace may be the target, and else only the exit's own side trace.

#![allow(unsafe_code)]

use crate::ir::Type;
use crate::ir::eval::box_bits;
use moonwake_lang::trace_state::{ExitReason, TraceState};
use moonwake_lang::value::Value;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// What the code of one exit jumps through. Its address is a constant of the code, so it stays where it is.
#[repr(C)]
#[derive(Debug)]
pub struct ExitRecord {
    /// The code to go on with.
    target: AtomicUsize,
    /// The bytecode instruction to go on with, should that be the interpreter's.
    pub pc: u64,
    /// The [`ExitReason`].
    pub reason: u64,
    /// Number of the trace.
    pub trace: u32,
    /// Number of the exit in the trace.
    pub number: u32,
    /// How often the interpreter was reached by it.
    pub count: AtomicU32,
    /// How many bytecode instructions the way to it stands for, from the root of the tree on.
    pub work: u32,
    /// Whether it leaves a loop after its first turn.
    pub in_loop: bool,
    /// What the exit's code leaves to whoever comes next.
    pub late: Vec<Late>,
}

/// A slot, counted from the base of the frame in which the interpreter goes on, that an exit has not completed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Late {
    /// The slot.
    pub slot: i32,
    /// What it lacks.
    pub what: Lacks,
}

/// What a slot lacks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Lacks {
    /// Everything: it holds this constant.
    Value(Value),
    /// Its box: it holds what a register of this type does.
    Box(Type),
}

impl ExitRecord {
    /// Offset of the code address that an exit jumps through.
    pub const TARGET: i32 = std::mem::offset_of!(ExitRecord, target) as i32;
    /// Offset of `pc`.
    pub const PC: i32 = std::mem::offset_of!(ExitRecord, pc) as i32;
    /// Offset of `reason`.
    pub const REASON: i32 = std::mem::offset_of!(ExitRecord, reason) as i32;

    /// A record that leads to `target`.
    pub fn new(
        target: usize,
        pc: u64,
        reason: ExitReason,
        trace: u32,
        number: u32,
        (work, in_loop): (u32, bool),
    ) -> ExitRecord {
        ExitRecord {
            target: AtomicUsize::new(target),
            pc,
            reason: reason as u64,
            trace,
            number,
            count: AtomicU32::new(0),
            work,
            in_loop,
            late: Vec::new(),
        }
    }

    /// Completes the stack of the frame at `base`, after the exit was taken.
    ///
    /// # Safety
    /// The exit was taken just now and led to the interpreter, with this base.
    pub unsafe fn complete(&self, base: *mut Value) {
        for &Late { slot, what } in &self.late {
            // SAFETY: the exit's snapshot names only slots that the trace has made sure of.
            unsafe {
                let place = base.offset(slot as isize);
                *place = match what {
                    Lacks::Value(value) => value,
                    Lacks::Box(ty) => Value(box_bits(ty, (*place).0)),
                };
            }
        }
    }

    /// Lets the exit lead to other code: that of a trace, or the stub again.
    pub fn link(&self, code: usize) {
        self.target.store(code, Ordering::Release);
    }

    /// The code that the exit leads to.
    pub fn target(&self) -> usize {
        self.target.load(Ordering::Relaxed)
    }

    /// Counts that the exit led to the interpreter; gives how often it did.
    pub fn counted(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The exit that a machine left compiled code by, most recently; `None` before the first.
    ///
    /// # Safety
    /// The traces that run on this machine must still exist: their records are read.
    pub unsafe fn last<'t>(state: &TraceState) -> Option<&'t ExitRecord> {
        let record = state.exit.get().cast::<ExitRecord>();
        // SAFETY: only the stub writes `exit`, with the record of the exit that was taken; the caller keeps its trace alive.
        unsafe { record.as_ref() }
    }
}

impl super::CompiledTrace {
    /// Its machine code.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: code memory is readable and is never freed or changed while the backend lives, which outlives its traces.
        unsafe { std::slice::from_raw_parts(self.code as *const u8, self.size) }
    }
}
