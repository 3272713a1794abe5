//! `table`: lists. [`sort`] has a file of its own.
//!
//! All of them work without metamethods, `#` included. Reference: Lua 5.1 manual §5.5; `move` as in 5.3; `table.new` and `table.clear` are modules
//! of LuaJIT's.

mod sort;

pub use sort::SORT_HELPERS;

use super::prelude::Prelude;
use crate::format::push_number;
use crate::object::{Gc, Table};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeFunction, NativeResult};

functions! { "table.":
    "concat" => concat,
    "foreach" => foreach,
    "foreachi" => foreachi,
    "getn" => getn,
    "insert" => insert,
    "maxn" => maxn,
    "move" => move_,
    "remove" => remove,
    "sort" => sort::sort,
}

/// `require "table.new"`.
static NEW: NativeFunction = NativeFunction { name: "table.new", function: new };
/// `require "table.clear"`.
static CLEAR: NativeFunction = NativeFunction { name: "table.clear", function: clear };

/// Their loaders.
static OPEN_NEW: NativeFunction = NativeFunction { name: "table.open_new", function: open_new };
static OPEN_CLEAR: NativeFunction = NativeFunction { name: "table.open_clear", function: open_clear };

/// Opens the library.
pub fn open(vm: &mut Vm) {
    vm.new_library("table", FUNCTIONS);
    vm.set_preload("table.new", &OPEN_NEW);
    vm.set_preload("table.clear", &OPEN_CLEAR);
}

/// The loader of an extension: it becomes a field of `table` too.
fn open_extension(call: &mut Call, native: &'static NativeFunction, field: &str) -> NativeResult {
    let function = call.vm.new_native(native, &[]);
    let loaded = call.vm.loaded();
    if let Some(library) = call.vm.field(loaded, "table").as_table() {
        call.vm.set_field(library, field, function);
    }
    call.one(function)
}

fn open_new(call: &mut Call) -> NativeResult {
    open_extension(call, &NEW, "new")
}

fn open_clear(call: &mut Call) -> NativeResult {
    open_extension(call, &CLEAR, "clear")
}

impl Call<'_> {
    /// Argument `i`, which must be a table; one that is missing is called nil in the message.
    fn table_or_nil(&mut self, i: usize) -> LuaResult<Gc<Table>> {
        match self.arg(i).as_table() {
            Some(table) => Ok(table),
            None => Err(self.type_error_or_nil(i, "table")),
        }
    }

    fn int32_or_nil(&mut self, i: usize) -> LuaResult<i32> {
        if self.arg(i).is_nil() { Err(self.type_error_or_nil(i, "number")) } else { self.int32(i) }
    }
}

fn concat(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let separator = call.string_or_none(1)?.map_or(&b""[..], Gc::bytes);
    let first = call.int32_or(2, 1)?;
    let last = match call.arg(3) {
        Value::NIL => call.vm.heap.len(table) as i32,
        _ => call.int32(3)?,
    };
    let mut result = call.vm.take_buffer();
    for i in first..=last {
        if i != first {
            result.extend_from_slice(separator);
        }
        let item = call.vm.heap.get_int(table, i.into());
        match (item.as_str(), item.to_number()) {
            (Some(text), _) => result.extend_from_slice(text.bytes()),
            (None, Some(n)) => push_number(&mut result, n),
            (None, None) => {
                let type_name = item.type_name();
                let text = format!("invalid value ({type_name}) at index {i} in table for 'concat'");
                return Err(call.error(text));
            }
        }
        if result.len() > crate::vm::access::MAX_STRING {
            return Err(call.vm.memory_error());
        }
    }
    let string = call.return_bytes(&result);
    call.vm.give_buffer(result);
    string
}

fn insert(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let end = call.vm.heap.len(table) as i64 + 1;
    let place = match call.len() {
        2 => end,
        3 => i64::from(call.int32(1)?),
        _ => return Err(call.error("wrong number of arguments to 'insert'")),
    };
    let value = call.arg(call.len() - 1);
    let heap = &mut call.vm.heap;
    if place < end && heap.insert_item(table, place, value) {
        return call.none();
    }
    for i in (place..end).rev() {
        let item = heap.get_int(table, i);
        heap.set_int(table, i + 1, item);
    }
    heap.set_int(table, place, value);
    call.none()
}

fn remove(call: &mut Call) -> NativeResult {
    let table = call.table_or_nil(0)?;
    let length = call.vm.heap.len(table) as i64;
    let place = match call.arg(1) {
        Value::NIL => length,
        _ => i64::from(call.int32(1)?),
    };
    if place < 1 || place > length {
        return call.none();
    }
    let heap = &mut call.vm.heap;
    let removed = heap.get_int(table, place);
    if heap.remove_item(table, place) {
        return call.one(removed);
    }
    for i in place..length {
        let item = heap.get_int(table, i + 1);
        heap.set_int(table, i, item);
    }
    heap.set_int(table, length, Value::NIL);
    call.one(removed)
}

fn maxn(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let mut largest = 0.0;
    let mut position = 0;
    while let Some((key, _, after)) = call.vm.heap.next_at(table, position) {
        largest = key.to_number().unwrap_or(0.0).max(largest);
        position = after;
    }
    call.one(largest)
}

fn getn(call: &mut Call) -> NativeResult {
    let table = call.table_or_nil(0)?;
    let length = call.vm.heap.len(table);
    call.one(length as f64)
}

fn foreach(call: &mut Call) -> NativeResult {
    iterate(call, Prelude::Foreach)
}

fn foreachi(call: &mut Call) -> NativeResult {
    iterate(call, Prelude::Foreachi)
}

/// What `prelude/foreachi.lua` is given: `get(t, i)`, without metamethods.
pub static FOREACHI_HELPERS: &[NativeFunction] = &[NativeFunction { name: "foreachi.get", function: get }];

fn get(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let index = call.number(1)? as i64;
    let item = call.vm.heap.get_int(table, index);
    call.one(item)
}

fn iterate(call: &mut Call, by: Prelude) -> NativeResult {
    let table = call.table_or_nil(0)?;
    let Some(function) = call.arg(1).as_function() else { return Err(call.type_error_or_nil(1, "function")) };
    let prelude = call.vm.prelude(by);
    call.tail_call(prelude, &[table.into(), function.into()])
}

fn move_(call: &mut Call) -> NativeResult {
    let source = call.table_or_nil(0)?;
    let first = i64::from(call.int32_or_nil(1)?);
    let last = i64::from(call.int32_or_nil(2)?);
    let to = i64::from(call.int32_or_nil(3)?);
    let target = if call.arg(4).is_nil() { source } else { call.table_or_nil(4)? };
    let heap = &mut call.vm.heap;
    let mut copy = |i: i64| {
        let item = heap.get_int(source, first + i);
        heap.set_int(target, to + i, item);
    };
    // When the target begins inside the source, the end must be copied before it is overwritten.
    if to > last || to <= first || source != target {
        (0..=last - first).for_each(&mut copy);
    } else {
        (0..=last - first).rev().for_each(&mut copy);
    }
    call.one(target)
}

/// `table.new(items, fields)`: an empty table with room.
fn new(call: &mut Call) -> NativeResult {
    const MOST: [usize; 2] = [1 << 27, 1 << 26];
    let (items, fields) = (call.int32(0)?, call.int32(1)?);
    // -1 items are none, with LuaJIT, which counts a place for the index 0.
    let items = if items == -1 { 0 } else { items };
    let (Ok(items), Ok(fields)) = (usize::try_from(items), usize::try_from(fields)) else {
        return Err(call.vm.plain_error("table overflow"));
    };
    if items > MOST[0] || fields > MOST[1] {
        return Err(call.vm.plain_error("table overflow"));
    }
    if !call.vm.heap.has_room_for(8 * items + 16 * fields) {
        return Err(call.vm.memory_error());
    }
    let table = call.vm.heap.new_table(items, fields);
    call.one(table)
}

/// `table.clear(t)`: removes everything, keeps the room.
fn clear(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    call.vm.heap.clear(table);
    call.none()
}
