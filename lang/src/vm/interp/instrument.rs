//! Instrumentation: looking at each instruction before it runs.
//!
//! While something wants to see every instruction (a recording, or a debug hook), the machine's table of handlers is filled with
//! [`instrument`], which shows the instruction to whoever asked and then runs its plain handler. Otherwise the table holds the plain
//! handlers, and nothing is paid.

use super::super::Vm;
use super::PLAIN_TABLE;
use super::data::function_of;
use super::dispatch::{handlers, tail};
use super::throw::throw_error;
use crate::bytecode::{Ins, Op};
use crate::value::Value;

handlers! {
    #[inline(never)]
    instrument(vm, base, pc, ins, k, x) {
        match (*vm).show_instruction(base, pc.sub(1), ins, x) {
            Ok(base) => {
                // The observer may have replaced the instruction (a loop compiled, a recording refused), and moved the stack.
                let mut ins = Ins(*pc.sub(1));
                if (*vm).recording || (*vm).hooked {
                    ins = not_counted(base, ins);
                }
                tail(PLAIN_TABLE[ins.code() as usize], vm, base, pc, ins, k, x)
            }
            Err(error) => throw_error(vm, base, pc, error),
        }
    }
}

/// What runs in place of a loop or a function entry while a trace is recorded or a hook is set: it neither counts nor enters a trace.
unsafe fn not_counted(base: *mut Value, ins: Ins) -> Ins {
    match ins.op() {
        Op::FORLOOP | Op::FORLOOPJ => ins.with_op(Op::FORLOOPI),
        Op::ITERLOOP | Op::ITERLOOPJ => ins.with_op(Op::ITERLOOPI),
        Op::LOOP | Op::LOOPJ => ins.with_op(Op::LOOPI),
        Op::FUNC => ins.with_op(Op::FUNCI),
        Op::FUNCJ => {
            // SAFETY: the instruction is the entry of the function of the frame at `base`.
            let params = unsafe { (*function_of(base).proto).params };
            ins.with_op(Op::FUNCI).with_d(params.into())
        }
        _ => ins,
    }
}
