//! `table.sort`.
//!
//! Lists of numbers or of strings without a comparator are sorted here: equal items cannot be told apart, so any
//! algorithm gives the same result. With a comparator, or with items that compare by metamethods or not at all, the order of the
//! calls is observable and a coroutine may yield in them: then `prelude/sort.lua` runs.

use super::super::prelude::Prelude;
use crate::metamethod::Metamethod;
use crate::object::{Gc, Table};
use crate::value::Value;
use crate::vm::native::{Call, NativeFunction, NativeResult};

/// What `prelude/sort.lua` is given.
pub static SORT_HELPERS: &[NativeFunction] = &[NativeFunction { name: "sort.invalid_order", function: invalid_order }];

fn invalid_order(call: &mut Call) -> NativeResult {
    // The error is that of the function that called `sort`: the first one outside the prelude.
    let outside = call.vm.frames().skip(1).position(|frame| !frame.is_builtin());
    Err(call.vm.error_at_level(1 + outside.unwrap_or(0), b"invalid order function for sorting"))
}

pub(super) fn sort(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let comparator = call.arg(1);
    if !comparator.is_nil() {
        call.callable(1)?;
    }
    let length = call.vm.heap.len(table);
    if comparator.is_nil() && sort_plain(call, table, length) {
        return call.none();
    }
    let prelude = call.vm.prelude(Prelude::Sort);
    let count = Value::number(length as f64);
    if call.vm.metamethod(table.into(), Metamethod::Index).is_none()
        && call.vm.metamethod(table.into(), Metamethod::NewIndex).is_none()
    {
        return call.tail_call(prelude, &[table.into(), count, comparator]);
    }
    // Sorting must not call `__index` and `__newindex`: the items are sorted elsewhere. No item up to the length is nil,
    // or if one is, it must be compared like any other; so storing them back calls no `__newindex` where one was.
    let copy = call.vm.heap.new_table(length, 0);
    for i in 1..=length as i64 {
        let item = call.vm.heap.get_int(table, i);
        call.vm.heap.set_int(copy, i, item);
    }
    call.tail_call(prelude, &[copy.into(), count, comparator, table.into()])
}

/// Sorts numbers (none of them NaN) or strings; false if there is anything else.
fn sort_plain(call: &mut Call, table: Gc<Table>, length: usize) -> bool {
    let heap = &mut call.vm.heap;
    let items: Vec<Value> = (1..=length as i64).map(|i| heap.get_int(table, i)).collect();
    let sorted: Vec<Value> = if items.iter().all(|v| v.to_number().is_some_and(|n| !n.is_nan())) {
        let mut numbers: Vec<f64> = items.iter().map(|v| v.as_f64()).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        numbers.into_iter().map(Value::number).collect()
    } else if items.iter().all(|v| v.as_str().is_some()) {
        let mut strings: Vec<_> = items.iter().filter_map(|v| v.as_str()).collect();
        strings.sort_unstable_by(|a, b| a.bytes().cmp(b.bytes()));
        strings.into_iter().map(Value::from).collect()
    } else {
        return false;
    };
    for (i, &value) in sorted.iter().enumerate() {
        heap.set_int(table, i as i64 + 1, value);
    }
    true
}
