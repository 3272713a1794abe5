//! The runtime helpers that touch objects: what [`crate::ir::helpers`] promises of them, done.
//!
//! Compiled code calls these with the virtual machine first. They run between two instructions of the trace, on its native stack; none of
//! them collects, calls Lua or unwinds.

#![allow(unsafe_code)]

use crate::backend::{HelperTable, Layout};
use crate::ir::Helper;
use crate::ir::helpers::FAILED;
use moonwake_lang::gc::Heap;
use moonwake_lang::gc::space::Space;
use moonwake_lang::object::{Cdata, Function, Gc, Header, Proto, Str, Table, Userdata, gc_bits};
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;
use std::mem::offset_of;

/// The machine behind the pointer that a helper is given.
///
/// # Safety
/// `vm` is the machine that runs the trace, which gives up its reference for the time of the call.
unsafe fn machine<'v>(vm: *mut Vm) -> &'v mut Vm {
    // SAFETY: the caller's promise.
    unsafe { &mut *vm }
}

/// Declares helpers whose first parameter is the machine.
macro_rules! helpers {
    ($($name:ident($vm:ident $(, $arg:ident: $ty:ty)*) $(-> $result:ty)? $body:block)*) => {$(
        extern "C" fn $name($vm: *mut Vm $(, $arg: $ty)*) $(-> $result)? {
            // SAFETY: only compiled code calls this, with the machine that runs it.
            #[allow(unused_variables)]
            let $vm = unsafe { machine($vm) };
            $body
        }
    )*};
}

helpers! {
    table_new(vm, shape: u32, slots: u32, items: u32) -> *mut Table {
        vm.heap.new_shaped_table(shape, slots as usize, items as usize).as_ptr()
    }

    table_dup(vm, template: Gc<Table>) -> *mut Table {
        vm.heap.copy_table(template).as_ptr()
    }

    table_sized(vm, items: u32, fields: u32) -> *mut Table {
        vm.heap.new_table(items as usize, fields as usize).as_ptr()
    }

    cdata_new(vm, ctype: u32, size: u32, offset: u32) -> *mut Cdata {
        let align = if offset > 8 { 2 * offset } else { 8 };
        vm.heap.new_cdata(ctype, size as usize, align as usize, false).as_ptr()
    }

    closure_new(vm, proto: Gc<Proto>, maker: Gc<Function>, base: *mut Value) -> *mut Function {
        // SAFETY: the trace makes closures of children of the running function, whose frame is at `base`.
        unsafe { vm.new_closure(proto, maker, base).as_ptr() }
    }

    new_key(vm, table: Gc<Table>, shape: u32, slot: u32, value: Value) {
        vm.heap.add_key(table, shape, slot, value);
    }

    barrier(vm, object: Gc<Header>) {
        vm.heap.barrier_always(object);
    }

    barrier_item(vm, object: Gc<Header>, value: Value) {
        vm.heap.barrier(object, value);
    }

    new_item(vm, table: Gc<Table>, index: u32, value: Value) {
        vm.heap.set_int(table, i64::from(index), value);
    }

    table_get(vm, table: Gc<Table>, key: Value) -> Value {
        vm.heap.get(table, key)
    }

    table_metatable(vm, table: Gc<Table>) -> Value {
        vm.heap.metatable(table).map_or(Value::NIL, Value::from)
    }

    table_get_str(vm, table: Gc<Table>, key: Gc<Str>) -> Value {
        vm.heap.get_str(table, key)
    }

    table_set(vm, table: Gc<Table>, key: Value, value: Value) {
        let stored = vm.heap.set(table, key, value);
        debug_assert!(stored.is_ok(), "the trace checks the key");
    }

    table_next(vm, table: Gc<Table>, position: u64, place: *mut Value) -> u64 {
        match vm.heap.next_at(table, position as u32) {
            Some((key, value, after)) => {
                // SAFETY: the trace gives the address of two stack places of its own.
                unsafe {
                    *place = key;
                    *place.add(1) = value;
                }
                u64::from(after)
            }
            None => 0,
        }
    }

    string_to_number(vm, string: Gc<Str>) -> Value {
        vm.to_number(string.into()).map_or(Value::NIL, Value::number)
    }

    number_to_string(vm, number: f64) -> *mut Str {
        vm.number_to_string(number).as_ptr()
    }

    string_compare(vm, a: Gc<Str>, b: Gc<Str>) -> i32 {
        a.bytes().cmp(b.bytes()) as i32
    }

    string_sub(vm, string: Gc<Str>, from: i32, to: i32) -> *mut Str {
        let bytes = string.bytes();
        let length = bytes.len() as i64;
        let place = |n: i32| if n < 0 { length + i64::from(n) + 1 } else { i64::from(n) };
        let (from, to) = (place(from).max(1), place(to).min(length));
        let piece = if from <= to { &bytes[from as usize - 1..to as usize] } else { &[] };
        vm.heap.intern(piece).as_ptr()
    }

    string_char(vm, code: u32) -> *mut Str {
        vm.heap.intern(&[code as u8]).as_ptr()
    }

    concat2(vm, a: Value, b: Value) -> *mut Str {
        vm.concat(&[a, b]).map_or(std::ptr::null_mut(), |s| s.as_ptr())
    }

    concat3(vm, a: Value, b: Value, c: Value) -> *mut Str {
        vm.concat(&[a, b, c]).map_or(std::ptr::null_mut(), |s| s.as_ptr())
    }

    concat4(vm, a: Value, b: Value, c: Value, d: Value) -> *mut Str {
        vm.concat(&[a, b, c, d]).map_or(std::ptr::null_mut(), |s| s.as_ptr())
    }

    find_plain(vm, string: Gc<Str>, part: Gc<Str>, place: i32) -> i32 {
        moonwake_lang::stdlib::string::find_plain(string.bytes(), part.bytes(), place).map_or(0, |at| at as i32 + 1)
    }

    concat(vm, place: *const Value, count: u32) -> *mut Str {
        // SAFETY: the trace stored that many strings and numbers there.
        let pieces = unsafe { std::slice::from_raw_parts(place, count as usize) };
        vm.concat(pieces).map_or(std::ptr::null_mut(), |s| s.as_ptr())
    }

    string_of(vm, from: *const u8, length: u32) -> *mut Str {
        if length == 0 {
            return vm.heap.intern(&[]).as_ptr();
        }
        if !vm.heap.has_room_for(length as usize) {
            return std::ptr::null_mut();
        }
        // SAFETY: that so many bytes are there is the script's affair.
        vm.heap.intern(unsafe { std::slice::from_raw_parts(from, length as usize) }).as_ptr()
    }

    string_up_to(vm, from: *const u8, limit: u32) -> *mut Str {
        if from.is_null() {
            return std::ptr::null_mut();
        }
        // SAFETY: that a zero ends the string, or the limit, is the script's affair.
        let length = unsafe { libc::strnlen(from.cast(), limit as usize) };
        string_of(vm, from, length as u32)
    }

    is_captured(vm, from: *const Value) -> u32 {
        u32::from(vm.is_captured(from))
    }

    set_metatable(vm, table: Gc<Table>, metatable: Gc<Table>) {
        vm.heap.set_metatable(table, Some(metatable));
    }

    close_upvalues(vm, from: *mut Value) {
        vm.close_upvalues(from);
    }

    call_native(vm, place: *mut Value, count: u32, room: u32) -> u64 {
        // SAFETY: the trace stored a function and so many arguments there, and has room for the results in their place.
        let given = unsafe { vm.call_native_for_trace(place, count as usize, room as usize) };
        given.map_or(0, |given| given as u64 + 1)
    }

    buffer_put(vm, buffer: Gc<Userdata>, place: *const Value, count: u32) -> u64 {
        // SAFETY: the trace stored that many strings and numbers there.
        let values = unsafe { std::slice::from_raw_parts(place, count as usize) };
        u64::from(moonwake_lang::stdlib::string::buffer::put_plain(vm, buffer, values))
    }

    random(vm) -> f64 {
        vm.random.next_number()
    }

    string_upper(vm, string: Gc<Str>) -> *mut Str {
        vm.mapped_string(string, |byte| byte.to_ascii_uppercase()).as_ptr()
    }

    string_lower(vm, string: Gc<Str>) -> *mut Str {
        vm.mapped_string(string, |byte| byte.to_ascii_lowercase()).as_ptr()
    }

    string_reverse(vm, string: Gc<Str>) -> *mut Str {
        vm.reversed_string(string).as_ptr()
    }
}

extern "C" fn copy_bytes(to: *mut u8, from: *const u8, length: u32) {
    if length > 0 {
        // SAFETY: that both places have so many bytes is the script's affair.
        unsafe { std::ptr::copy(from, to, length as usize) };
    }
}

extern "C" fn fill_bytes(to: *mut u8, length: u32, byte: u32) {
    if length > 0 {
        // SAFETY: as above.
        unsafe { std::ptr::write_bytes(to, byte as u8, length as usize) };
    }
}

extern "C" fn pow(a: f64, b: f64) -> f64 {
    moonwake_lang::vm::interp::arith::power(a, b)
}

extern "C" fn math_pow(a: f64, b: f64) -> f64 {
    a.powf(b)
}

/// The addresses of all helpers.
pub fn table() -> HelperTable {
    let mut table = HelperTable::new();
    let _ = FAILED;
    for (helper, address) in [
        (Helper::TableNew, table_new as *const () as usize),
        (Helper::TableDup, table_dup as *const () as usize),
        (Helper::TableSized, table_sized as *const () as usize),
        (Helper::CdataNew, cdata_new as *const () as usize),
        (Helper::ClosureNew, closure_new as *const () as usize),
        (Helper::NewKey, new_key as *const () as usize),
        (Helper::Barrier, barrier as *const () as usize),
        (Helper::BarrierItem, barrier_item as *const () as usize),
        (Helper::NewItem, new_item as *const () as usize),
        (Helper::TableGet, table_get as *const () as usize),
        (Helper::TableGetStr, table_get_str as *const () as usize),
        (Helper::TableSet, table_set as *const () as usize),
        (Helper::TableNext, table_next as *const () as usize),
        (Helper::StringToNumber, string_to_number as *const () as usize),
        (Helper::NumberToString, number_to_string as *const () as usize),
        (Helper::StringCompare, string_compare as *const () as usize),
        (Helper::StringSub, string_sub as *const () as usize),
        (Helper::StringChar, string_char as *const () as usize),
        (Helper::StringUpper, string_upper as *const () as usize),
        (Helper::StringLower, string_lower as *const () as usize),
        (Helper::StringReverse, string_reverse as *const () as usize),
        (Helper::Random, random as *const () as usize),
        (Helper::Concat2, concat2 as *const () as usize),
        (Helper::Concat3, concat3 as *const () as usize),
        (Helper::Concat4, concat4 as *const () as usize),
        (Helper::FindPlain, find_plain as *const () as usize),
        (Helper::Concat, concat as *const () as usize),
        (Helper::IsCaptured, is_captured as *const () as usize),
        (Helper::TableMetatable, table_metatable as *const () as usize),
        (Helper::SetMetatable, set_metatable as *const () as usize),
        (Helper::CapturingClosure, closure_new as *const () as usize),
        (Helper::CloseUpvalues, close_upvalues as *const () as usize),
        (Helper::CallNative, call_native as *const () as usize),
        (Helper::CallNativeWriter, call_native as *const () as usize),
        (Helper::CallNativeCopier, call_native as *const () as usize),
        (Helper::BufferPut, buffer_put as *const () as usize),
        (Helper::CopyBytes, copy_bytes as *const () as usize),
        (Helper::FillBytes, fill_bytes as *const () as usize),
        (Helper::StringOf, string_of as *const () as usize),
        (Helper::StringUpTo, string_up_to as *const () as usize),
        (Helper::Pow, pow as *const () as usize),
        (Helper::MathPow, math_pow as *const () as usize),
    ] {
        table.set(helper, address);
    }
    table
}

/// Where compiled code finds the heap's state in the machine.
pub fn layout() -> Layout {
    let epoch = offset_of!(Vm, heap) + offset_of!(Heap, epoch);
    let runs = offset_of!(Vm, heap) + offset_of!(Heap, space) + offset_of!(Space, bumps);
    let byte_strings = offset_of!(Vm, heap) + offset_of!(Heap, byte_strings);
    Layout {
        epoch: epoch as i32,
        barrier_bits: gc_bits::NEEDS_BARRIER,
        runs: runs as i32,
        byte_strings: byte_strings as i32,
    }
}
