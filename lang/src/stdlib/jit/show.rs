//! `jit.v` and `jit.dump`: the modules by which a script asks to see traces, as `-jv` and `-jdump` do on the command line.

use crate::vm::Vm;
use crate::vm::native::{Call, NativeFunction, NativeResult};

/// The functions of `jit.v`.
static VERBOSE: &[NativeFunction] = &[
    NativeFunction { name: "jit.v.off", function: |call| hide(call, "v") },
    NativeFunction { name: "jit.v.on", function: verbose },
    NativeFunction { name: "jit.v.start", function: verbose },
];

/// The functions of `jit.dump`.
static DUMP: &[NativeFunction] = &[
    NativeFunction { name: "jit.dump.off", function: |call| hide(call, "dump") },
    NativeFunction { name: "jit.dump.on", function: dump },
    NativeFunction { name: "jit.dump.start", function: dump },
];

static OPEN_VERBOSE: NativeFunction =
    NativeFunction { name: "jit.open_v", function: |call| open_module(call, VERBOSE) };
static OPEN_DUMP: NativeFunction = NativeFunction { name: "jit.open_dump", function: |call| open_module(call, DUMP) };

/// Makes the modules ready for `require`.
pub(super) fn open(vm: &mut Vm) {
    vm.set_preload("jit.v", &OPEN_VERBOSE);
    vm.set_preload("jit.dump", &OPEN_DUMP);
}

fn open_module(call: &mut Call, functions: &'static [NativeFunction]) -> NativeResult {
    let module = call.vm.heap.new_table(0, functions.len());
    call.vm.register(module, functions, &[]);
    call.one(module)
}

/// Argument `i` as text, if it is given.
fn text(call: &mut Call, i: usize) -> Result<Option<String>, crate::vm::error::Error> {
    Ok(call.string_or_none(i)?.map(|text| String::from_utf8_lossy(text.bytes()).into_owned()))
}

/// `on([file])`: a line for each trace, to standard error unless a file is named (`-` is standard output).
fn verbose(call: &mut Call) -> NativeResult {
    let file = text(call, 0)?.map_or(String::new(), |file| format!("={file}"));
    show(call, &format!("v{file}"))
}

/// `on([letters [, file]])`: traces in full, to standard output unless a file is named.
fn dump(call: &mut Call) -> NativeResult {
    let letters = text(call, 0)?.unwrap_or_default();
    let file = text(call, 1)?.unwrap_or_default();
    show(call, &format!("dump={letters},{file}"))
}

fn show(call: &mut Call, command: &str) -> NativeResult {
    if let Some(hooks) = call.vm.jit_hooks()
        && let Err(problem) = hooks.show(call.vm, command)
    {
        return Err(call.error(problem));
    }
    call.none()
}

fn hide(call: &mut Call, what: &str) -> NativeResult {
    if let Some(hooks) = call.vm.jit_hooks() {
        hooks.hide(call.vm, what);
    }
    call.none()
}
