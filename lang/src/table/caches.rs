//! Emptying inline caches of what no longer holds.
//!
//! A `SETFIELD` remembers that a table of one shape takes on another when the key is added. If the shapes have a metatable,
//! that holds only as long as it has no `__newindex`. Metatables hardly ever get one while they are in use, so the caches do not
//! test for it; instead all of them are emptied when it happens.

#![allow(unsafe_code)]

use crate::bytecode::{Ins, Op, Word};
use crate::gc::Heap;
use crate::object::Proto;

impl Heap {
    /// Calls `visit` with the operation and the cache words of each instruction of every prototype that has an inline cache.
    pub(super) fn for_each_cache(&self, mut visit: impl FnMut(Op, &mut [u32])) {
        for proto in self.protos.iter().map(|proto| proto.cast::<Proto>()) {
            let mut at = 0;
            while at < proto.code_len as usize {
                // SAFETY: `at` is the position of an instruction, whose cache words follow it; nobody else looks at them meanwhile.
                unsafe {
                    let op = Ins(*proto.code.add(at)).op();
                    if let [Word::Shape, ..] = op.info().words {
                        visit(op, std::slice::from_raw_parts_mut(proto.code.add(at + 1), op.words() - 1));
                    }
                    at += op.words();
                }
            }
        }
    }

    /// Empties the inline caches of all stores.
    #[cold]
    pub(super) fn clear_store_caches(&mut self) {
        self.for_each_cache(|op, words| {
            if matches!(op, Op::SETFIELD | Op::SETGLOBAL) {
                words[0] = 0;
            }
        });
    }
}
