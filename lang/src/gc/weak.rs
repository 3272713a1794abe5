//! Weak tables: entries whose key or value died are removed.
//!
//! Strings count as values here, not as objects: they are never removed (Lua 5.1 manual §2.10.2). An object that
//! was revived for its finaliser counts as dead as a value, and as alive as a key, until its finaliser has run, as in Lua 5.1.

use super::Heap;
use super::chunk::{self, MARKS};
use crate::object::{Gc, Header, Table, gc_bits};
use crate::table::shape::Weak;
use crate::value::{Tag, Value};

fn is_dead(value: Value) -> bool {
    value.is_object() && !value.is(Tag::Str) && !chunk::is_set(MARKS, value.address())
}

fn is_dead_value(value: Value) -> bool {
    // Only these have finalisers; looking at each object would take its time.
    let may_be_revived = value.is(Tag::Userdata) || value.is(Tag::Cdata);
    let revived = |object: Gc<Header>| object.gc.get() & gc_bits::FINALISED != 0;
    is_dead(value) || may_be_revived && value.as_object().is_some_and(revived)
}

impl Heap {
    /// Removes the dead entries of every weak table that was reached. Marking has ended.
    pub(super) fn clear_weak_tables(&mut self) {
        for (t, weak) in std::mem::take(&mut self.marks.weak) {
            self.clear_weak_table(t, weak);
        }
    }

    #[allow(unsafe_code)]
    fn clear_weak_table(&mut self, t: Gc<Table>, weak: Weak) {
        let clear_values = |first: *mut Value, count: u32| {
            for i in 0..count as usize {
                // SAFETY: the caller gives a run of this many values.
                let place = unsafe { &mut *first.add(i) };
                if is_dead_value(*place) {
                    *place = Value::NIL;
                }
            }
        };
        if weak.values {
            clear_values(t.array.get(), t.array_size.get());
            self.shorten(t);
        }
        if !self.shapes.is_dictionary(t.shape()) {
            if weak.values {
                clear_values(t.slots.get(), self.shapes.count(t.shape()));
            }
        } else if let Some(dict) = t.dict() {
            for number in 0..dict.used.get() as usize {
                // The key of an entry that was removed may have been freed long ago.
                let entry = dict.entry(number);
                if entry.value.is_nil() {
                    continue;
                }
                if weak.keys && is_dead(entry.key) || weak.values && is_dead_value(entry.value) {
                    dict.set_value(number, Value::NIL);
                }
            }
        }
    }
}
