//! Reading a table, without metamethods.

use super::array_index;
use crate::gc::Heap;
use crate::object::{Gc, Str, Table};
use crate::value::{Tag, Value};

impl Heap {
    /// `t[key]`.
    #[inline]
    pub fn get(&self, t: Gc<Table>, key: Value) -> Value {
        if key.is_number() {
            match array_index(key.as_f64()) {
                Some(index) => self.get_int(t, i64::from(index)),
                None => self.get_in_dict(t, key),
            }
        } else if key.is(Tag::Str) {
            self.get_str(t, Gc::from_address(key.address()))
        } else {
            self.get_in_dict(t, key)
        }
    }

    /// `t[key]` for a string.
    #[inline]
    pub fn get_str(&self, t: Gc<Table>, key: Gc<Str>) -> Value {
        if self.shapes.is_dictionary(t.shape()) {
            return self.get_in_dict(t, key.into());
        }
        self.shapes.lookup(t.shape(), key).map_or(Value::NIL, |slot| t.slot_value(slot))
    }

    /// `t[index]` for a whole number.
    #[inline]
    pub fn get_int(&self, t: Gc<Table>, index: i64) -> Value {
        if (index as u64) < u64::from(t.array_size.get()) {
            return t.array_value(index as u32);
        }
        self.get_in_dict(t, Value::number(index as f64))
    }

    /// The value of a key that is neither in the array nor in a slot.
    #[inline]
    fn get_in_dict(&self, t: Gc<Table>, key: Value) -> Value {
        if !self.shapes.is_dictionary(t.shape()) {
            return Value::NIL;
        }
        let found = t.dict().and_then(|dict| dict.find(key).map(|number| dict.entry(number).value));
        found.unwrap_or(Value::NIL)
    }

    /// `#t`, a border: `t[#t]` is not nil or `#t` is 0, and `t[#t + 1]` is nil.
    #[inline(always)]
    pub fn len(&self, t: Gc<Table>) -> usize {
        (t.array_size.get() as usize).saturating_sub(1)
    }

    /// The slot of a key in tables of a shape: what an inline cache keeps.
    pub fn lookup(&self, shape: u32, key: Gc<Str>) -> Option<u32> {
        self.shapes.lookup(shape, key)
    }

    /// Whether tables of this shape are dictionaries, which inline caches and guards cannot see into.
    #[inline(always)]
    pub fn is_dictionary(&self, shape: u32) -> bool {
        self.shapes.is_dictionary(shape)
    }

    /// The metatable of tables of a shape.
    #[inline(always)]
    pub fn shape_metatable(&self, shape: u32) -> Option<Gc<Table>> {
        self.shapes.metatable(shape)
    }

    /// Where the value of a string key is, if the key is present: for caches that are guarded by the epoch.
    pub fn place_of(&self, t: Gc<Table>, key: Gc<Str>) -> Option<*mut Value> {
        let place = if self.shapes.is_dictionary(t.shape()) {
            let dict = t.dict()?;
            dict.value_place(dict.find(key.into())?)
        } else {
            t.slots.get().wrapping_add(self.shapes.lookup(t.shape(), key)? as usize)
        };
        (!self.get_str(t, key).is_nil()).then_some(place)
    }
}
