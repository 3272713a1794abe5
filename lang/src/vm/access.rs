//! Indexing, storing and operators with metamethods, as far as they need no call; and for Rust code, with it.
//!
//! The interpreter wants to know *what to call*, since it makes the call itself in a frame of its own (`look_up`, `store`). Native
//! functions want the result ([`Vm::index`], [`Vm::set_index`], [`Vm::tostring`] and the like), and get it through a nested run.

use super::Vm;
use super::error::LuaResult;
use super::messages;
use crate::metamethod::Metamethod;
use crate::object::{Gc, Str, Table};
use crate::stdlib::integer64::boxed_integer;
use crate::table::KeyError;
use crate::value::{Tag, Value};
use std::mem::MaybeUninit;

/// Longest chain of `__index` or `__newindex` tables that is followed.
const MAX_CHAIN: usize = 100;

/// How a lookup or a store went. What it found stands in the machine, not in here: a result that does not fit two registers is
/// returned through memory, which would forbid the handlers their sibling calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lookup {
    /// It is done; of a lookup, the value is `looked_up[0]`.
    Done,
    /// `looked_up[0]` is to be called, with `looked_up[1]` as the object.
    Call,
    /// The object has neither, or a chain has no end.
    Impossible,
}

/// Why a store failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreProblem {
    /// The object cannot be indexed.
    NotIndexable(Value),
    /// The key is nil.
    NilKey,
    /// The key is a NaN.
    NanKey,
    /// A chain of `__newindex` has no end.
    Loop,
}

impl Vm {
    /// The metatable of any value.
    pub fn metatable_of(&self, value: Value) -> Option<Gc<Table>> {
        if let Some(t) = value.as_table() {
            return self.heap.metatable(t);
        }
        if let Some(u) = value.as_userdata() {
            let metatable = u.metatable.get();
            return (!metatable.is_null()).then(|| Gc::from_ptr(metatable));
        }
        self.type_metatables[type_index(value)]
    }

    /// The same as a script sees it; see [`Heap::own_metatable`](crate::gc::Heap::own_metatable).
    pub fn own_metatable_of(&self, value: Value) -> Option<Gc<Table>> {
        match value.as_table() {
            Some(t) => self.heap.own_metatable(t),
            None => self.metatable_of(value),
        }
    }

    /// Sets the metatable that all values of this one's type share (`debug.setmetatable`).
    pub fn set_type_metatable(&mut self, example: Value, metatable: Option<Gc<Table>>) {
        if let Some(metatable) = metatable {
            self.heap.make_prototype(metatable);
        }
        self.heap.advance_epoch();
        self.type_metatables[type_index(example)] = metatable;
    }

    /// The handler of an event for a value.
    pub fn metamethod(&self, value: Value, event: Metamethod) -> Option<Value> {
        let handler = self.heap.metamethod(self.metatable_of(value)?, event);
        (!handler.is_nil()).then_some(handler)
    }

    /// The handler of a binary event: the left operand's, or else the right one's.
    pub fn binary_metamethod(&self, a: Value, b: Value, event: Metamethod) -> Option<Value> {
        self.metamethod(a, event).or_else(|| self.metamethod(b, event))
    }

    /// The handler of a comparison in which a cdata takes part: always the one of cdata, whatever the other operand has.
    fn cdata_metamethod(&self, event: Metamethod) -> Option<Value> {
        let handler = self.heap.metamethod(self.type_metatables[CDATA_INDEX]?, event);
        (!handler.is_nil()).then_some(handler)
    }

    /// The handler of an ordering event: both operands' same one, or a cdata's.
    pub fn ordering_metamethod(&self, a: Value, b: Value, event: Metamethod) -> Option<Value> {
        if a.is(Tag::Cdata) || b.is(Tag::Cdata) {
            return self.cdata_metamethod(event);
        }
        if a.type_name() != b.type_name() {
            return None;
        }
        let handler = self.metamethod(a, event)?;
        (self.metamethod(b, event) == Some(handler)).then_some(handler)
    }

    /// The handler of `a == b` for two values that are not the same.
    pub fn equality_metamethod(&self, a: Value, b: Value) -> Option<Value> {
        if a.is(Tag::Cdata) || b.is(Tag::Cdata) {
            return self.cdata_metamethod(Metamethod::Eq);
        }
        if a.tag_bits() != b.tag_bits() || !(a.is(Tag::Table) || a.is(Tag::Userdata)) {
            return None;
        }
        let handler = self.metamethod(a, Metamethod::Eq)?;
        (self.metamethod(b, Metamethod::Eq) == Some(handler)).then_some(handler)
    }

    /// The table that `__index` of this value's metatable is, if it is a table.
    pub fn index_table(&self, value: Value) -> Option<Gc<Table>> {
        self.metamethod(value, Metamethod::Index)?.as_table()
    }

    /// Looks up `object[key]` along `__index`. What it finds, or the object that cannot be indexed, is put into [`Vm::looked_up`].
    pub(super) fn look_up(&mut self, mut object: Value, key: Value) -> Lookup {
        for _ in 0..MAX_CHAIN {
            let handler = match object.as_table() {
                Some(t) => {
                    let v = self.heap.get(t, key);
                    if !v.is_nil() {
                        self.looked_up[0] = v;
                        return Lookup::Done;
                    }
                    match self.metamethod(object, Metamethod::Index) {
                        None => {
                            self.looked_up[0] = Value::NIL;
                            return Lookup::Done;
                        }
                        Some(handler) => handler,
                    }
                }
                None => match self.metamethod(object, Metamethod::Index) {
                    None => {
                        self.looked_up[0] = object;
                        return Lookup::Impossible;
                    }
                    Some(handler) => handler,
                },
            };
            if handler.is(Tag::Function) {
                self.looked_up = [handler, object];
                return Lookup::Call;
            }
            object = handler;
        }
        self.looked_up[0] = object;
        Lookup::Impossible
    }

    /// Whether a store of a string key goes into the table itself: it has no `__newindex`, or has the key.
    #[inline]
    pub fn stores_raw(&self, t: Gc<Table>, key: Gc<Str>) -> bool {
        match self.heap.metatable(t) {
            None => true,
            Some(metatable) => {
                self.heap.metamethod(metatable, Metamethod::NewIndex).is_nil() || !self.heap.get_str(t, key).is_nil()
            }
        }
    }

    /// Stores `object[key] = value` along `__newindex`. A function to call is put into [`Vm::looked_up`].
    pub(super) fn store(&mut self, mut object: Value, key: Value, value: Value) -> Lookup {
        self.store_problem = StoreProblem::Loop;
        for _ in 0..MAX_CHAIN {
            let handler = match object.as_table() {
                Some(t) => {
                    let handler = match self.heap.metatable(t) {
                        None => Value::NIL,
                        Some(metatable) => match self.heap.metamethod(metatable, Metamethod::NewIndex) {
                            Value::NIL => Value::NIL,
                            handler if self.heap.get(t, key).is_nil() => handler,
                            _ => Value::NIL,
                        },
                    };
                    if handler.is_nil() {
                        self.store_problem = match self.heap.set(t, key, value) {
                            Ok(()) => return Lookup::Done,
                            Err(KeyError::Nil) => StoreProblem::NilKey,
                            Err(KeyError::NaN) => StoreProblem::NanKey,
                        };
                        return Lookup::Impossible;
                    }
                    handler
                }
                None => match self.metamethod(object, Metamethod::NewIndex) {
                    None => {
                        self.store_problem = StoreProblem::NotIndexable(object);
                        return Lookup::Impossible;
                    }
                    Some(handler) => handler,
                },
            };
            if handler.is(Tag::Function) {
                self.looked_up = [handler, object];
                return Lookup::Call;
            }
            object = handler;
        }
        Lookup::Impossible
    }

    // ------------------------------------------------------------------------------------- for native functions

    /// `object[key]`.
    ///
    /// # Errors
    /// What the lookup or a metamethod throws.
    pub fn index(&mut self, object: Value, key: Value) -> LuaResult<Value> {
        match self.look_up(object, key) {
            Lookup::Done => Ok(self.looked_up[0]),
            Lookup::Call => self.call_for_one(self.looked_up[0], &[self.looked_up[1], key]),
            Lookup::Impossible => Err(messages::plain_index_error(self, self.looked_up[0])),
        }
    }

    /// `object[key] = value`.
    ///
    /// # Errors
    /// What the store or a metamethod throws.
    pub fn set_index(&mut self, object: Value, key: Value, value: Value) -> LuaResult<()> {
        match self.store(object, key, value) {
            Lookup::Done => Ok(()),
            Lookup::Call => self.call(self.looked_up[0], &[self.looked_up[1], key, value]).map(drop),
            Lookup::Impossible => Err(messages::plain_store_error(self, self.store_problem)),
        }
    }

    /// `a == b`, metamethods included.
    ///
    /// # Errors
    /// What a metamethod throws.
    pub fn equals(&mut self, a: Value, b: Value) -> LuaResult<bool> {
        if raw_equals(a, b) {
            return Ok(true);
        }
        match self.equality_metamethod(a, b) {
            None => Ok(false),
            Some(f) => Ok(!self.call_for_one(f, &[a, b])?.is_falsy()),
        }
    }

    /// `a < b`, metamethods included.
    ///
    /// # Errors
    /// When the two cannot be compared, and what a metamethod throws.
    pub fn less_than(&mut self, a: Value, b: Value) -> LuaResult<bool> {
        if let (Some(a), Some(b)) = (a.to_number(), b.to_number()) {
            return Ok(a < b);
        }
        if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
            return Ok(a.bytes() < b.bytes());
        }
        match self.ordering_metamethod(a, b, Metamethod::Lt) {
            Some(f) => Ok(!self.call_for_one(f, &[a, b])?.is_falsy()),
            None => Err(messages::plain_comparison_error(self, a, b)),
        }
    }

    /// What `tostring` makes of a value: what `__tostring` returns, whatever that is, or else a string.
    ///
    /// # Errors
    /// What `__tostring` throws.
    pub fn tostring_value(&mut self, value: Value) -> LuaResult<Value> {
        if value.as_str().is_some() {
            return Ok(value);
        }
        if let Some(integer) = value.as_cdata().and_then(boxed_integer) {
            return Ok(self.heap.intern(integer.to_string().as_bytes()).into());
        }
        match self.metamethod(value, Metamethod::ToString) {
            Some(f) => self.call_for_one(f, &[value]),
            None => Ok(self.raw_tostring(value).into()),
        }
    }

    /// The same as a string: when `__tostring` returns none, its result is described.
    ///
    /// # Errors
    /// What `__tostring` throws.
    pub fn tostring(&mut self, value: Value) -> LuaResult<Gc<Str>> {
        let text = self.tostring_value(value)?;
        Ok(self.raw_tostring(text))
    }

    /// Gives a userdata another metatable, or none.
    pub fn set_userdata_metatable(&mut self, userdata: Gc<crate::object::Userdata>, metatable: Option<Gc<Table>>) {
        userdata.metatable.set(metatable.map_or(std::ptr::null_mut(), Gc::as_ptr));
        if let Some(metatable) = metatable {
            self.heap.make_prototype(metatable);
            self.heap.barrier_always(userdata.header());
        }
    }

    /// What `tostring` makes of a value that has no `__tostring`.
    pub fn raw_tostring(&mut self, value: Value) -> Gc<Str> {
        if let Some(s) = value.as_str() {
            return s;
        }
        if let Some(n) = value.to_number() {
            return self.number_to_string(n);
        }
        let text = match value {
            Value::NIL => "nil".to_owned(),
            Value::TRUE => "true".to_owned(),
            Value::FALSE => "false".to_owned(),
            v if v.is(Tag::LightUserdata) && v.address() == 0 => "userdata: NULL".to_owned(),
            v => match v.as_function().and_then(|f| f.native_number()) {
                Some(number) => format!("function: builtin#{number}"),
                None => format!("{}: {:#014x}", v.type_name(), v.address()),
            },
        };
        self.heap.intern(text.as_bytes())
    }

    /// Calls `f` and takes its first result.
    ///
    /// # Errors
    /// What it throws.
    pub fn call_for_one(&mut self, f: Value, args: &[Value]) -> LuaResult<Value> {
        Ok(self.call(f, args)?.first().copied().unwrap_or(Value::NIL))
    }

    /// A value as a number: itself, or what a string reads as.
    #[inline]
    pub fn to_number(&self, value: Value) -> Option<f64> {
        match value.as_str() {
            None => value.to_number(),
            Some(s) => crate::number::to_number(s.bytes()),
        }
    }

    /// The string of a number.
    pub fn number_to_string(&mut self, n: f64) -> Gc<Str> {
        let mut text = self.take_buffer();
        crate::format::push_number(&mut text, n);
        let string = self.heap.intern(&text);
        self.give_buffer(text);
        string
    }

    /// The concatenation of strings and numbers, for the function that runs.
    ///
    /// # Errors
    /// When the result would be too long.
    pub fn concat(&mut self, pieces: &[Value]) -> LuaResult<Gc<Str>> {
        let length: usize = pieces.iter().filter_map(|piece| piece.as_str()).map(|s| s.len()).sum();
        if length > MAX_STRING {
            return Err(self.error_at_level(0, b"string length overflow"));
        }
        if !self.heap.has_room_for(length) {
            return Err(self.memory_error());
        }
        let mut buffer = self.take_buffer();
        let s = if length >= WRITTEN_IN_PLACE {
            self.concat_long(pieces, length, &mut buffer)
        } else {
            for &piece in pieces {
                match piece.as_str() {
                    Some(s) => buffer.extend_from_slice(s.bytes()),
                    None => crate::format::push_number(&mut buffer, piece.as_f64()),
                }
            }
            self.heap.intern(&buffer)
        };
        self.give_buffer(buffer);
        Ok(s)
    }

    /// The concatenation of strings, which are so long together, and numbers.
    fn concat_long(&mut self, pieces: &[Value], length: usize, numbers: &mut Vec<u8>) -> Gc<Str> {
        let mut ends = Vec::new();
        for number in pieces.iter().filter_map(|piece| piece.to_number()) {
            crate::format::push_number(numbers, number);
            ends.push(numbers.len());
        }
        self.heap.intern_written(length + numbers.len(), |mut rest| {
            let (mut start, mut ends) = (0, ends.into_iter());
            for piece in pieces {
                let bytes = match piece.as_str() {
                    Some(s) => s.bytes(),
                    None => {
                        let end = ends.next().expect("every number was written");
                        &numbers[std::mem::replace(&mut start, end)..end]
                    }
                };
                rest = push_to_slice(rest, bytes);
            }
        })
    }

    /// A vector to build a text in, empty, that has been used before. To be given back by [`Vm::give_buffer`].
    pub fn take_buffer(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text_buffer)
    }

    /// Takes a vector back, unless it has become too large to be kept.
    pub fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= 1 << 16 {
            buffer.clear();
            self.text_buffer = buffer;
        }
    }

    /// The name of a value's type for a message: `__name` of its metatable where there is one.
    pub fn type_name_of(&self, value: Value) -> String {
        value.type_name().to_owned()
    }
}

/// From this length on a concatenation is written to where it stays.
const WRITTEN_IN_PLACE: usize = 100;

/// Writes bytes to the start of a place; the rest of it.
fn push_to_slice<'a>(place: &'a mut [MaybeUninit<u8>], bytes: &[u8]) -> &'a mut [MaybeUninit<u8>] {
    let (start, rest) = place.split_at_mut(bytes.len());
    start.write_copy_of_slice(bytes);
    rest
}

/// Longest string, in bytes.
pub const MAX_STRING: usize = 0x7fff_ff00;

/// Equality without metamethods.
#[inline]
pub fn raw_equals(a: Value, b: Value) -> bool {
    if a.is_number() && b.is_number() { a.as_f64() == b.as_f64() } else { a == b }
}

/// The index of cdata.
const CDATA_INDEX: usize = 9;

/// Index into the metatables by type.
fn type_index(value: Value) -> usize {
    match value.tag_bits() {
        t if t == Tag::Nil as u32 => 0,
        t if t == Tag::False as u32 || t == Tag::True as u32 => 1,
        t if t == Tag::LightUserdata as u32 => 2,
        t if t == Tag::Str as u32 => 4,
        t if t == Tag::Table as u32 => 5,
        t if t == Tag::Function as u32 => 6,
        t if t == Tag::Userdata as u32 => 7,
        t if t == Tag::Coroutine as u32 => 8,
        t if t == Tag::Cdata as u32 => CDATA_INDEX,
        _ => 3,
    }
}

/// Number of types, by [`type_index`].
pub const TYPE_COUNT: usize = 10;
