//! Weak tables: entries whose key or value died are removed.
//!
//! Strings count as values here, not as objects: they are never removed (Lua 5.1 manual §2.10.2). An object that
//! was revived for its finaliser counts as dead as a value, and as alive as a key, until its finaliser has run, as in Lua 5.1.

use super::Heap;
use super::chunk::{self, MARKS};
use super::mark::prefetch;
use crate::object::{Gc, Header, Table, gc_bits};
use crate::table::shape::Weak;
use crate::value::{Tag, Value};

/// An entry of a weak table that was removed, and may come back: what is dead in it may be reachable from an object that waits for its finaliser.
pub(super) struct Hidden {
    table: Gc<Table>,
    weak: Weak,
    key: Value,
    value: Value,
}

fn is_dead(value: Value) -> bool {
    value.is_object() && !value.is(Tag::Str) && !chunk::is_set(MARKS, value.address())
}

fn is_dead_value(value: Value) -> bool {
    // Only these have finalisers; looking at each object would take its time.
    let may_be_revived = value.is(Tag::Userdata) || value.is(Tag::Cdata);
    let revived = |object: Gc<Header>| object.gc.get() & gc_bits::FINALISED != 0;
    is_dead(value) || may_be_revived && value.as_object().is_some_and(revived)
}

impl Weak {
    fn is_dead(self, key: Value, value: Value) -> bool {
        self.keys && is_dead(key) || self.values && is_dead_value(value)
    }
}

/// So many entries further a mark bit's memory is asked for.
const AHEAD: usize = 8;

/// Asks for the memory of the mark bits of what an entry refers to.
fn prefetch_marks(weak: Weak, key: Value, value: Value) {
    for place in [weak.keys.then_some(key), weak.values.then_some(value)].into_iter().flatten() {
        if place.is_object() {
            prefetch(chunk::word_of(MARKS, place.address()));
        }
    }
}

impl Heap {
    /// Removes the dead entries of every weak table that was reached. Marking has ended.
    pub(super) fn clear_weak_tables(&mut self) {
        for (t, weak) in std::mem::take(&mut self.marks.weak) {
            self.clear_weak_table(t, weak, |_, _| ());
        }
    }

    /// The same when marking is about to go on from objects that wait for their finalisers: what is removed is written down, so that it can come back.
    /// The program, which runs meanwhile, must not find what marking has not reached.
    pub(super) fn hide_dead_entries(&mut self) {
        let mut hidden = std::mem::take(&mut self.hidden);
        for (table, weak) in std::mem::take(&mut self.marks.weak) {
            self.clear_weak_table(table, weak, |key, value| hidden.push(Hidden { table, weak, key, value }));
        }
        self.hidden = hidden;
    }

    /// Gives tables those of the last `count` hidden entries back that turned out to be alive. Whether none is left.
    pub(super) fn show_hidden_entries(&mut self, count: usize) -> bool {
        let mut hidden = std::mem::take(&mut self.hidden);
        for Hidden { table, weak, key, value } in hidden.drain(hidden.len().saturating_sub(count)..) {
            // The program may have stored something else by now.
            if !weak.is_dead(key, value) && self.get(table, key).is_nil() {
                let _ = self.set(table, key, value);
            }
        }
        self.hidden = hidden;
        self.hidden.is_empty()
    }

    #[allow(unsafe_code)]
    fn clear_weak_table(&mut self, t: Gc<Table>, weak: Weak, mut removed: impl FnMut(Value, Value)) {
        let mut clear_values = |first: *mut Value, count: u32, key: &dyn Fn(u32) -> Value| {
            for i in 0..count {
                // SAFETY: the caller gives a run of this many values.
                let place = unsafe { &mut *first.add(i as usize) };
                if weak.is_dead(Value::NIL, *place) {
                    removed(key(i), *place);
                    *place = Value::NIL;
                }
            }
        };
        if weak.values {
            clear_values(t.array.get(), t.array_size.get(), &|index| Value::number(f64::from(index)));
        }
        if !self.shapes.is_dictionary(t.shape()) {
            if weak.values {
                let key = |slot| self.shapes.key(t.shape(), slot).into();
                clear_values(t.slots.get(), self.shapes.count(t.shape()), &key);
            }
        } else if let Some(dict) = t.dict() {
            let used = dict.used.get() as usize;
            for number in 0..used {
                if number + AHEAD < used {
                    let entry = dict.entry(number + AHEAD);
                    prefetch_marks(weak, entry.key, entry.value);
                }
                // The key of an entry that was removed may have been freed long ago.
                let entry = dict.entry(number);
                if !entry.value.is_nil() && weak.is_dead(entry.key, entry.value) {
                    removed(entry.key, entry.value);
                    dict.set_value(number, Value::NIL);
                }
            }
        }
        if weak.values {
            self.shorten(t);
        }
    }
}
