//! Weak tables: entries whose key or value died are removed.
//!
//! Which have died is known when marking has ended, and the program must not find one of them after that. So as not to look at all entries
//! then, in one step, the collector looks at them in slices just before, when nearly everything has been marked, and writes down which are
//! *suspects*, whose key or value is not marked yet. In the end only those are looked at. An entry that is stored meanwhile is none, nor
//! does it become one: the barrier has what is stored into a large table marked, and small tables be looked at again; so has a body that
//! grows.
//!
//! Strings count as values here, not as objects: they are never removed (Lua 5.1 manual §2.10.2). An object that
//! was revived for its finaliser counts as dead as a value, and as alive as a key, until its finaliser has run, as in Lua 5.1.

use super::Heap;
use super::chunk::{self, MARKS};
use super::cycle::Phase;
use crate::object::{Gc, Header, Table, gc_bits};
use crate::table::dict::Entry;
use crate::table::shape::Weak;
use crate::value::{Tag, Value};

/// An entry of a weak table that was removed, and may come back: what is dead in it may be reachable from an object that waits for its finaliser.
#[derive(Clone, Copy)]
pub(super) struct Hidden {
    table: Gc<Table>,
    weak: Weak,
    key: Value,
    value: Value,
}

/// A list of hidden entries, in pieces: room for many can be made bit by bit, before they are all hidden at once, and none is moved when
/// the list grows.
#[derive(Default)]
pub(super) struct HiddenEntries {
    pieces: Vec<Vec<Hidden>>,
    /// Pieces with entries in them.
    used: usize,
}

/// Entries of a piece.
const PIECE: usize = 4096;

impl HiddenEntries {
    /// Makes room for so many entries, in memory that has been used, if for nothing but to name some table: new memory takes as long to come as
    /// all else together.
    fn reserve(&mut self, count: usize, table: Gc<Table>) {
        while self.pieces.len() * PIECE < count {
            let filler = Hidden { table, weak: Weak::default(), key: Value::NIL, value: Value::NIL };
            let mut piece = vec![filler; PIECE];
            piece.clear();
            self.pieces.push(piece);
        }
    }

    fn push(&mut self, entry: Hidden) {
        if self.used == 0 || self.pieces[self.used - 1].len() == PIECE {
            self.reserve((self.used + 1) * PIECE, entry.table);
            self.used += 1;
        }
        self.pieces[self.used - 1].push(entry);
    }

    fn pop(&mut self) -> Option<Hidden> {
        let last = self.pieces[..self.used].last_mut()?;
        let entry = last.pop();
        if last.is_empty() {
            self.used -= 1;
        }
        entry
    }
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

/// The two parts of a table.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Array,
    Keyed,
}

/// What is known of the weak tables before marking has ended.
#[derive(Default)]
pub(crate) struct Suspects {
    /// The tables below this index have been looked at; of the next one, this part is, from this place on.
    tables: usize,
    part: Part,
    place: usize,
    /// The suspects of one table after the other.
    runs: Vec<Run>,
    /// How many these are.
    count: usize,
}

/// Some suspects of one part of a table.
struct Run {
    table: Gc<Table>,
    weak: Weak,
    part: Part,
    /// Where the part lay.
    body: usize,
    places: Vec<u32>,
}

impl Heap {
    /// Whether a table is known to have weak values, as of the current collection.
    pub(crate) fn is_known_weak(&self, t: Gc<Table>) -> bool {
        self.phase == Phase::Mark && self.shapes.reach(t.shape()).is_some_and(|weak| weak.values)
    }

    /// Looks for suspects among so many entries of the weak tables that were reached. Whether none is left to look at. Nothing waits to be scanned.
    pub(super) fn suspect_weak_entries(&mut self, count: usize) -> bool {
        let mut suspects = std::mem::take(&mut self.marks.suspects);
        let mut left = count;
        while let Some(&(table, weak)) = self.marks.weak.get(suspects.tables) {
            if left == 0 {
                break;
            }
            let (part, first) = (suspects.part, suspects.place);
            let length = self.weak_length(table, weak, part);
            let end = length.min(first.saturating_add(left));
            let mut places = Vec::new();
            for place in first..end {
                let (key, value) = self.entry_at(table, part, place);
                if !value.is_nil() && weak.is_dead(key, value) {
                    places.push(place as u32);
                }
            }
            if !places.is_empty() {
                suspects.count += places.len();
                suspects.runs.push(Run { table, weak, part, body: body_of(table, part), places });
            }
            left = left.saturating_sub(end.saturating_sub(first)).min(left - 1);
            (suspects.part, suspects.place) = match part {
                _ if end < length => (part, end),
                Part::Array => (Part::Keyed, 0),
                Part::Keyed => {
                    suspects.tables += 1;
                    (Part::Array, 0)
                }
            };
        }
        if let Some(run) = suspects.runs.first().filter(|_| self.has_many_finalisers()) {
            self.hidden.reserve(suspects.count, run.table);
        }
        let done = suspects.tables == self.marks.weak.len();
        self.marks.suspects = suspects;
        done
    }

    /// Removes the dead entries of every weak table that was reached. Marking has ended.
    pub(super) fn clear_weak_tables(&mut self) {
        self.remove_dead_entries(|_| ());
    }

    /// The same when marking is about to go on from objects that wait for their finalisers: what is removed is written down, so that it can
    /// come back. The program, which runs meanwhile, must not find what marking has not reached.
    pub(super) fn hide_dead_entries(&mut self) {
        let mut hidden = std::mem::take(&mut self.hidden);
        self.remove_dead_entries(|entry| hidden.push(entry));
        self.hidden = hidden;
    }

    /// Gives tables those of the last `count` hidden entries back that turned out to be alive. Whether none is left.
    pub(super) fn show_hidden_entries(&mut self, count: usize) -> bool {
        for _ in 0..count {
            let Some(Hidden { table, weak, key, value }) = self.hidden.pop() else {
                self.hidden = HiddenEntries::default();
                return true;
            };
            // The program may have stored something else by now.
            if !weak.is_dead(key, value) && self.get(table, key).is_nil() {
                let _ = self.set(table, key, value);
            }
        }
        false
    }

    fn remove_dead_entries(&mut self, mut removed: impl FnMut(Hidden)) {
        let tables = std::mem::take(&mut self.marks.weak);
        let suspects = std::mem::take(&mut self.marks.suspects);
        for Run { table, weak, part, body, places } in suspects.runs {
            if body_of(table, part) == body {
                let length = self.weak_length(table, weak, part);
                let places = places.into_iter().map(|place| place as usize).filter(|&place| place < length);
                self.remove_dead_among(table, weak, part, places, &mut removed);
            }
            // Else it has another body since: the barrier has had that marked with all it refers to, or the table looked at again.
        }
        // What was reached after all suspects had been found.
        for &(table, weak) in &tables[suspects.tables..] {
            self.remove_all_dead(table, weak, &mut removed);
        }
        debug_assert!(
            !tables.iter().any(|&(table, weak)| self.has_dead_entry(table, weak)),
            "a dead entry was no suspect"
        );
    }

    fn has_dead_entry(&self, t: Gc<Table>, weak: Weak) -> bool {
        [Part::Array, Part::Keyed].into_iter().any(|part| {
            (0..self.weak_length(t, weak, part)).any(|place| {
                let (key, value) = self.entry_at(t, part, place);
                !value.is_nil() && weak.is_dead(key, value)
            })
        })
    }

    fn remove_all_dead(&mut self, t: Gc<Table>, weak: Weak, removed: &mut impl FnMut(Hidden)) {
        for part in [Part::Array, Part::Keyed] {
            self.remove_dead_among(t, weak, part, 0..self.weak_length(t, weak, part), removed);
        }
    }

    fn remove_dead_among(
        &mut self,
        table: Gc<Table>,
        weak: Weak,
        part: Part,
        places: impl Iterator<Item = usize>,
        removed: &mut impl FnMut(Hidden),
    ) {
        if part == Part::Keyed
            && let Some(dict) = table.dict().filter(|_| self.shapes.is_dictionary(table.shape()))
        {
            for place in places {
                let Entry { key, value } = dict.entry(place);
                if !value.is_nil() && weak.is_dead(key, value) {
                    dict.set_value(place, Value::NIL);
                    removed(Hidden { table, weak, key, value });
                }
            }
            return;
        }
        for place in places {
            let (key, value) = self.entry_at(table, part, place);
            // The key of an entry that was removed may have been freed long ago.
            if value.is_nil() || !weak.is_dead(key, value) {
                continue;
            }
            let key = if part == Part::Array {
                table.put_array_value(place as u32, Value::NIL);
                Value::number(place as f64)
            } else {
                table.put_slot_value(place as u32, Value::NIL);
                self.shapes.key(table.shape(), place as u32).into()
            };
            removed(Hidden { table, weak, key, value });
        }
        if part == Part::Array && weak.values {
            self.shorten(table);
        }
    }

    /// How many entries of a part may be dead.
    fn weak_length(&self, t: Gc<Table>, weak: Weak, part: Part) -> usize {
        match part {
            Part::Array if weak.values => t.array_size.get() as usize,
            Part::Keyed if self.shapes.is_dictionary(t.shape()) => t.dict().map_or(0, |dict| dict.used.get() as usize),
            Part::Keyed if weak.values => self.shapes.count(t.shape()) as usize,
            Part::Array | Part::Keyed => 0,
        }
    }

    /// The key and value at a place. The key is nil where it cannot be dead.
    #[inline(always)]
    fn entry_at(&self, t: Gc<Table>, part: Part, place: usize) -> (Value, Value) {
        match (part, t.dict()) {
            (Part::Array, _) => (Value::NIL, t.array_value(place as u32)),
            (Part::Keyed, Some(dict)) if self.shapes.is_dictionary(t.shape()) => {
                let entry = dict.entry(place);
                (entry.key, entry.value)
            }
            (Part::Keyed, _) => (Value::NIL, t.slot_value(place as u32)),
        }
    }
}

/// Where a part of a table lies.
fn body_of(t: Gc<Table>, part: Part) -> usize {
    match part {
        Part::Array => t.array.get() as usize,
        Part::Keyed => t.slots.get() as usize,
    }
}
