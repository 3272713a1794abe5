//! `jit.p`, `jit.zone` and `jit.bc`: modules that are written in Lua, on top of the native ones.
//!
//! They stand in the binary as source, and each is compiled when a script requires it.

use super::util::proto_argument;
use crate::bytecode::disasm;
use crate::compile::compile;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::{Call, NativeFunction, NativeResult};

/// Each module's loader. Its chunk gets a table of what it cannot do in Lua.
static LOADERS: &[(&str, NativeFunction)] = &[
    (
        "jit.bc",
        NativeFunction { name: "jit.open_bc", function: |call| load(call, include_str!("bc.lua"), BYTECODE_HELPERS) },
    ),
    ("jit.p", NativeFunction { name: "jit.open_p", function: |call| load(call, include_str!("p.lua"), &[]) }),
    ("jit.zone", NativeFunction { name: "jit.open_zone", function: |call| load(call, include_str!("zone.lua"), &[]) }),
];

static BYTECODE_HELPERS: &[NativeFunction] = &[
    NativeFunction { name: "jit.bc.line", function: line },
    NativeFunction { name: "jit.bc.listing", function: listing },
    NativeFunction { name: "jit.bc.targets", function: targets },
];

/// Makes the modules ready for `require`.
pub(super) fn open(vm: &mut Vm) {
    for (name, loader) in LOADERS {
        vm.set_preload(name, loader);
    }
}

/// Runs a module's source.
fn load(call: &mut Call, source: &str, helpers: &'static [NativeFunction]) -> NativeResult {
    let prototype = compile(source.as_bytes(), b"=[builtin]").expect("the modules compile");
    let chunk = call.vm.instantiate_builtin(prototype);
    let natives = call.vm.heap.new_table(0, helpers.len());
    call.vm.register(natives, helpers, &[]);
    let module = call.vm.call_for_one(chunk.into(), &[natives.into()])?;
    call.one(module)
}

/// `listing(function, all)`: the function, or it and those inside.
fn listing(call: &mut Call) -> NativeResult {
    let proto = proto_argument(call)?;
    let all = !call.arg(1).is_falsy();
    let text = disasm::listing(proto.source(), all);
    call.return_bytes(text.as_bytes())
}

/// `line(function, position [, prefix])`
fn line(call: &mut Call) -> NativeResult {
    let proto = proto_argument(call)?;
    let position = call.int32(1)?;
    let prefix = call.string_or_none(2)?.map_or(Vec::new(), |prefix| prefix.bytes().to_vec());
    let mut found = None;
    proto.source().for_each_instruction(|at, ins| {
        if usize::try_from(position) == Ok(at) {
            found = Some(disasm::instruction(proto.source(), at, ins));
        }
    });
    let Some(instruction) = found else { return call.none() };
    let text = [format!("{position:04} ").as_bytes(), &prefix, b" ", instruction.trim_end().as_bytes(), b"\n"].concat();
    call.return_bytes(&text)
}

/// `targets(function)`
fn targets(call: &mut Call) -> NativeResult {
    let proto = proto_argument(call)?;
    let table = call.vm.heap.new_table(0, 0);
    for at in disasm::targets(proto.source()) {
        call.vm.heap.set_int(table, at as i64, Value::TRUE);
    }
    call.one(table)
}
