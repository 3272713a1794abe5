//! The options of a buffer: strings and metatables that both sides know, so that only their numbers are written.
//!
//! ```text
//!     { dict = {"name", "size"}, metatable = {Point} }       what `buffer.new` is given
//!
//!     a buffer's environment:  1 the list of strings     2 from string to number
//!                              3 the list of metatables  4 from metatable to number
//!                              5 what the buffer's bytes are borrowed from
//! ```
//!
//! All of it stands in the environment of the buffer's userdata, where the collector sees it.

use crate::gc::Heap;
use crate::object::{Gc, Table, Userdata};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::Call;

const STRINGS: i64 = 1;
const STRING_NUMBERS: i64 = 2;
const METATABLES: i64 = 3;
const METATABLE_NUMBERS: i64 = 4;
const OWNER: i64 = 5;

/// The options of one buffer; those of the library's own functions are empty.
#[derive(Clone, Copy, Default)]
pub struct Options(Option<Gc<Table>>);

impl Options {
    /// Those of a buffer.
    pub fn of(buffer: Gc<Userdata>) -> Options {
        let env = buffer.env.get();
        Options((!env.is_null()).then(|| Gc::from_ptr(env)))
    }

    fn table(self, heap: &Heap, place: i64) -> Option<Gc<Table>> {
        heap.get_int(self.0?, place).as_table()
    }

    fn index_in(self, heap: &Heap, place: i64, key: Value) -> Option<u32> {
        heap.get(self.table(heap, place)?, key).to_number().map(|number| number as u32 - 1)
    }

    /// The number of a string, from 0.
    pub fn index_of_string(self, heap: &Heap, key: Value) -> Option<u32> {
        if key.as_str().is_some() { self.index_in(heap, STRING_NUMBERS, key) } else { None }
    }

    /// The number of a metatable, from 0.
    pub fn index_of_metatable(self, heap: &Heap, metatable: Gc<Table>) -> Option<u32> {
        self.index_in(heap, METATABLE_NUMBERS, metatable.into())
    }

    /// The string with this number.
    pub fn string(self, heap: &Heap, index: u32) -> Option<Value> {
        let string = heap.get_int(self.table(heap, STRINGS)?, i64::from(index) + 1);
        string.as_str().map(Value::from)
    }

    /// The metatable with this number.
    pub fn metatable(self, heap: &Heap, index: u32) -> Option<Gc<Table>> {
        heap.get_int(self.table(heap, METATABLES)?, i64::from(index) + 1).as_table()
    }
}

/// Keeps what the buffer's bytes are borrowed from, or nil.
pub fn set_owner(vm: &mut Vm, buffer: Gc<Userdata>, owner: Value) {
    if owner.is_nil() && buffer.env.get().is_null() {
        return;
    }
    let env = environment(vm, buffer);
    vm.heap.set_int(env, OWNER, owner);
}

fn environment(vm: &mut Vm, buffer: Gc<Userdata>) -> Gc<Table> {
    if buffer.env.get().is_null() {
        let env = vm.heap.new_table(OWNER as usize, 0);
        buffer.env.set(env.as_ptr());
        vm.heap.barrier_always(buffer.header());
    }
    Gc::from_ptr(buffer.env.get())
}

/// Takes over the options in a table that a script has given.
pub fn set(call: &mut Call, buffer: Gc<Userdata>, options: Gc<Table>) -> LuaResult<()> {
    let is_string = |value: Value| value.as_str().is_some();
    let is_table = |value: Value| value.as_table().is_some();
    set_list(call, buffer, options, "dict", STRINGS, is_string)?;
    set_list(call, buffer, options, "metatable", METATABLES, is_table)
}

/// One list, and behind it the numbers of what it has.
fn set_list(
    call: &mut Call,
    buffer: Gc<Userdata>,
    options: Gc<Table>,
    name: &str,
    place: i64,
    allowed: impl Fn(Value) -> bool,
) -> LuaResult<()> {
    let Some(list) = call.vm.field(options, name).as_table() else { return Ok(()) };
    let numbers = call.vm.heap.new_table(0, 0);
    for i in 1..=call.vm.heap.len(list) as i64 {
        let item = call.vm.heap.get_int(list, i);
        if !allowed(item) {
            return Err(call.error("bad options table"));
        }
        if call.vm.heap.get(numbers, item).is_nil() {
            call.raw_set(numbers, item, Value::number(i as f64))?;
        }
    }
    let env = environment(call.vm, buffer);
    call.vm.heap.set_int(env, place, list.into());
    call.vm.heap.set_int(env, place + 1, numbers.into());
    Ok(())
}
