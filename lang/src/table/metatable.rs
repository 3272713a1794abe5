//! Metatables, prototypes and the epoch.
//!
//! The metatable of a table is part of its shape. A table that serves as a metatable, or as the `__index` table of one, is a *prototype*:
//! it gets an own shape, and every change to it that could change what an `__index` chain finds advances the heap's *epoch*: a key that
//! comes or goes, a value that moves, another metatable, another function, another `__index`. A method call is then two compares: the
//! receiver's shape, which fixes its metatable, and the epoch, which fixes everything behind it.
//!
//! Plain values in prototypes (a counter in a class) change without advancing the epoch: what is cached is where the value
//! is, and, when it is a function, which one.

use crate::gc::Heap;
use crate::metamethod::Metamethod;
use crate::object::{Gc, Str, Table, table_flags};
use crate::value::Value;

impl Heap {
    /// The metatable of a table, or a table that is as good: a script must be given [`Heap::own_metatable`].
    #[inline(always)]
    pub fn metatable(&self, t: Gc<Table>) -> Option<Gc<Table>> {
        self.shapes.metatable(t.shape())
    }

    /// Whether a table serves, or has served, as a metatable or as the `__index` of one.
    pub fn is_prototype(&self, t: Gc<Table>) -> bool {
        t.header.aux.get() & table_flags::PROTOTYPE != 0
    }

    /// Gives a table another metatable, or none.
    pub fn set_metatable(&mut self, t: Gc<Table>, metatable: Option<Gc<Table>>) {
        if self.own_metatable(t) == metatable {
            return;
        }
        self.release(t);
        if let Some(metatable) = metatable {
            let aux = &metatable.header.aux;
            if aux.get() & table_flags::TWIN != 0 {
                self.part(metatable);
            } else if aux.get() & table_flags::LONE != 0 {
                aux.set(aux.get() & !table_flags::LONE);
            } else if self.set_twin(t, metatable) {
                return;
            }
            self.make_prototype(metatable);
        }
        let shape = self.shapes.with_metatable(t.shape(), metatable);
        if self.shapes.is_dictionary(shape) && !self.shapes.is_dictionary(t.shape()) {
            self.make_dictionary(t, 1);
        }
        t.header.size.set(shape);
        self.keys_moved(t);
        self.barrier_always(t.header());
    }

    /// Notes that a table serves as a metatable, and its `__index` table as a prototype. For metatables that are not set by
    /// [`Heap::set_metatable`]: those of strings and other types, of userdata and of C types.
    pub fn make_prototype(&mut self, t: Gc<Table>) {
        if t.header.aux.get() & table_flags::PROTOTYPE != 0 {
            return;
        }
        t.header.aux.set(t.header.aux.get() | table_flags::PROTOTYPE);
        t.header.size.set(self.shapes.own(t.shape()));
        self.barrier_always(t.header());
        let index = self.get_str(t, self.metamethod_names[Metamethod::Index as usize]);
        if let Some(index) = index.as_table() {
            self.make_prototype(index);
        }
    }

    /// Before the value of a string key changes.
    #[inline(always)]
    pub(super) fn before_key_store(&mut self, t: Gc<Table>, key: Gc<Str>, old: Value, new: Value) {
        if t.header.aux.get() & table_flags::PROTOTYPE != 0 {
            self.before_prototype_store(t, key, old, new);
        }
    }

    #[cold]
    fn before_prototype_store(&mut self, t: Gc<Table>, key: Gc<Str>, old: Value, new: Value) {
        if t.header.aux.get() & table_flags::TWIN != 0 {
            self.part(t);
        }
        t.spare.set(0);
        let is_index = key == self.metamethod_names[Metamethod::Index as usize];
        let leads_on = is_index || key == self.metamethod_names[Metamethod::NewIndex as usize];
        let function = old.as_function().is_some() || new.as_function().is_some();
        if old != new && (leads_on || function || old.is_nil() || new.is_nil()) {
            self.advance_epoch();
        }
        if old.is_nil() && key == self.metamethod_names[Metamethod::NewIndex as usize] {
            self.clear_store_caches();
        }
        if is_index && let Some(index) = new.as_table() {
            self.make_prototype(index);
        }
    }

    /// The keys of a table, or the places of their values, have changed.
    pub(super) fn keys_moved(&mut self, t: Gc<Table>) {
        if t.header.aux.get() & table_flags::PROTOTYPE != 0 {
            t.spare.set(0);
            self.advance_epoch();
        }
    }

    /// Invalidates everything that was found through `__index` chains. To be called when a type's metatable changes.
    pub fn advance_epoch(&self) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
    }
}
