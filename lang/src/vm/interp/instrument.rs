//! Instrumentation: looking at each instruction before it runs.
//!
//! While something wants to see every instruction (a recording, or a debug hook), the machine's table of handlers is filled with
//! [`instrument`], which shows the instruction to whoever asked and then runs its plain handler. Otherwise the table holds the plain
//! handlers, and nothing is paid.

use super::super::Vm;
use super::PLAIN_TABLE;
use super::dispatch::{handlers, tail};
use super::throw::throw_error;
use crate::bytecode::Ins;
use crate::value::Value;

handlers! {
    #[inline(never)]
    instrument(vm, base, pc, ins, k, x) {
        match (*vm).show_instruction(base, pc.sub(1), x) {
            Ok(()) => {
                // The observer may have replaced the instruction (a loop compiled, a recording refused).
                let ins = Ins(*pc.sub(1));
                tail(PLAIN_TABLE[ins.code() as usize], vm, base, pc, ins, k, x)
            }
            Err(error) => throw_error(vm, base, pc, error),
        }
    }
}
