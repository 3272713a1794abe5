//! `jit.vmdef`: the names behind the numbers that `jit.util` and the events of `jit.attach` give.
//!
//! | field | what |
//! | --- | --- |
//! | `bcnames`, `irnames` | names of the operations of bytecode and of traces, six characters each, in the order of their codes |
//! | `ffnames` | names of library functions by `jit.util.funcinfo(f).ffid` |
//! | `traceerr` | texts of abort reasons; `%s` stands for what `abort` gives besides |
//! | `irfield`, `ircall` | names of an `FLOAD`'s field and a `CALL`'s function |
//! | `irfpm` | nothing: mathematical functions are operations of their own |
//!
//! The names are those of this machine, not LuaJIT's.

use super::JitHooks;
use crate::bytecode::{OP_COUNT, Op};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::{Call, NativeFunction, NativeResult};
use crate::vm::native_numbers::numbered_natives;

/// The names that the trace compiler has for things, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct TraceNames {
    /// Operations of its intermediate representation.
    pub operations: Vec<&'static str>,
    /// Fields of objects.
    pub fields: Vec<&'static str>,
    /// Functions that traces call.
    pub calls: Vec<&'static str>,
    /// Reasons to abort a recording, with `%s` for what the abort is about.
    pub aborts: Vec<String>,
}

static OPEN: NativeFunction = NativeFunction { name: "jit.open_vmdef", function: open_vmdef };

/// Makes the module ready for `require "jit.vmdef"`.
pub(super) fn open(vm: &mut Vm) {
    vm.set_preload("jit.vmdef", &OPEN);
}

/// A name in six characters: filled up with blanks, or without its last vowels but the last letter.
fn six_characters(name: &str) -> String {
    let mut letters = name.to_owned();
    while letters.len() > 6 {
        let last = letters.len() - 1;
        let vowel = letters[1..last].rfind(['A', 'E', 'I', 'O', 'U']);
        letters.remove(vowel.map_or(last - 1, |at| at + 1));
    }
    format!("{letters:6}")
}

/// The names of the bytecode operations.
fn bytecode_names() -> String {
    (0..OP_COUNT).filter_map(|code| Op::from_code(code as u8)).map(|op| six_characters(op.info().name)).collect()
}

fn open_vmdef(call: &mut Call) -> NativeResult {
    let vm = &mut *call.vm;
    let module = vm.heap.new_table(0, 7);
    let names = vm.jit_hooks().map_or_else(TraceNames::default, JitHooks::names);
    for (field, text) in [
        ("bcnames", bytecode_names()),
        ("irnames", names.operations.iter().copied().map(six_characters).collect::<String>()),
    ] {
        let text = vm.string_value(text);
        vm.set_field(module, field, text);
    }
    let special = [(0, "Lua".to_owned()), (1, "C".to_owned())];
    set_list(vm, module, "ffnames", special.into_iter().chain(numbered_natives()));
    set_list(vm, module, "traceerr", names.aborts.into_iter().enumerate());
    for (field, list) in [("irfpm", Vec::new()), ("irfield", names.fields), ("ircall", names.calls)] {
        set_list(vm, module, field, list.into_iter().map(str::to_owned).enumerate());
    }
    call.one(module)
}

/// Sets a field to a table of texts.
fn set_list(
    vm: &mut Vm,
    module: crate::object::Gc<crate::object::Table>,
    field: &str,
    list: impl Iterator<Item = (usize, String)>,
) {
    let table = vm.heap.new_table(0, 0);
    vm.set_field(module, field, Value::from(table));
    for (number, text) in list {
        let text = vm.string_value(text);
        vm.heap.set_int(table, number as i64, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let names = bytecode_names();
        assert_eq!(names.len(), 6 * OP_COUNT);
        let all: HashSet<&str> = (0..OP_COUNT).map(|n| &names[6 * n..6 * n + 6]).collect();
        assert_eq!(all.len(), OP_COUNT);
        assert_eq!(
            [six_characters("MOVE"), six_characters("GETFIELD"), six_characters("FORLOOPJ")],
            ["MOVE  ", "GETFLD", "FORLPJ"]
        );
    }
}
