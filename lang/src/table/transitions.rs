//! What a compiler asks about shapes, to do in advance what stores and `setmetatable` do.

#![allow(unsafe_code)]

use super::shape::KeyOrigin;
use crate::gc::Heap;
use crate::object::{Gc, Str, Table};
use crate::value::Value;

impl Heap {
    /// The number of a shape's keys, which is the slot that the next one gets.
    pub fn shape_keys(&self, shape: u32) -> u32 {
        self.shapes.count(shape)
    }

    /// Whether it is the own shape of a prototype table.
    pub fn is_own_shape(&self, shape: u32) -> bool {
        self.shapes.is_own(shape)
    }

    /// The shape that a table of this shape, which is no dictionary's nor an own one, takes when this key is added in the source; `None` if
    /// it becomes a dictionary.
    pub fn shape_with_key(&mut self, shape: u32, key: Gc<Str>) -> Option<u32> {
        debug_assert!(!self.is_dictionary(shape) && !self.is_own_shape(shape));
        self.shapes.with_key(shape, key, KeyOrigin::Constant)
    }

    /// The shape with the same keys under another metatable; perhaps a dictionary's. The given one is none, nor an own one.
    pub fn shape_with_metatable(&mut self, shape: u32, metatable: Option<Gc<Table>>) -> u32 {
        debug_assert!(!self.is_dictionary(shape) && !self.is_own_shape(shape));
        self.shapes.with_metatable(shape, metatable)
    }

    /// A table of this shape with so many slots, all nil, and an empty array with room for so many indexes, index 0 included.
    pub fn new_shaped_table(&mut self, shape: u32, slots: usize, items: usize) -> Gc<Table> {
        let slots = if slots > 0 { self.new_values(slots).first() } else { std::ptr::null_mut() };
        let array = if items > 0 { self.new_values(items).first() } else { std::ptr::null_mut() };
        let table = self.new_bare_table(shape);
        table.slots.set(slots);
        table.array.set(array);
        table
    }

    /// Gives a table the shape that adds a key in this slot, and stores the key's value.
    pub fn add_key(&mut self, table: Gc<Table>, shape: u32, slot: u32, value: Value) {
        if slot >= table.slot_capacity() {
            self.grow_slots(table, slot + 1);
        }
        table.header.size.set(shape);
        // SAFETY: there is room for the slot now.
        unsafe { *table.slots.get().add(slot as usize) = value };
        self.barrier_always(table.header());
    }
}
