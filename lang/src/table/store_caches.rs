//! When a metatable gets a `__newindex` that it did not have: inline caches of stores that add keys are emptied.
//!
//! A `SETFIELD` remembers that a table of one shape takes on another when the key is added. If the shapes have a metatable, that holds only as
//! long as it has no `__newindex`. Metatables hardly ever get one while they are in use, so the caches do not test for it;
//! instead all of them are emptied when it happens.

#![allow(unsafe_code)]

use crate::bytecode::{Ins, Op};
use crate::gc::Heap;
use crate::object::{Gc, Kind, Proto};

impl Heap {
    /// Empties the inline caches of all stores.
    #[cold]
    pub(super) fn clear_store_caches(&mut self) {
        for owner in self.owners.iter().filter(|owner| owner.kind.get() == Kind::Proto as u8) {
            let proto: Gc<Proto> = owner.cast();
            let mut at = 0;
            while at < proto.code_len as usize {
                // SAFETY: `at` is the position of an instruction, whose cache words follow it.
                unsafe {
                    let op = Ins(*proto.code.add(at)).op();
                    if matches!(op, Op::SETFIELD | Op::SETGLOBAL) {
                        *proto.code.add(at + 1) = 0;
                    }
                    at += op.words();
                }
            }
        }
    }
}
