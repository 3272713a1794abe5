//! Lua scripts that check themselves: every file of `tests/scripts`, in a machine of its own, with and without a collection at every
//! safe point. They find the library that `tests/c/probe.c` makes in the global `lib`.

mod common;

use common::{machine, probe, text};
use moonwake_lang::{gc::Stress, stdlib, vm::Vm};
use std::path::Path;

/// What a script finds before it runs.
const PRELUDE: &str = r#"
    local header, library = ...
    local ffi = require "ffi"
    ffi.cdef('#include "' .. header .. '"')
    lib = ffi.load(library)
"#;

/// Runs a script; the message of an error if it fails.
fn run(path: &Path, stress: Stress) -> Result<(), String> {
    let mut vm = machine();
    vm.heap.set_stress(stress);
    let (library, header) = probe();
    let (library, header) =
        (vm.string_value(library.display().to_string()), vm.string_value(header.display().to_string()));
    let load =
        |vm: &mut Vm, source: &[u8], name: &str| vm.load(source, name.as_bytes()).map_err(|message| text(&message));
    let prelude = load(&mut vm, PRELUDE.as_bytes(), "=prelude")?;
    vm.call(prelude.into(), &[header, library]).map_err(|error| text(vm.raw_tostring(error.value).bytes()))?;
    // Loaded only now: nothing but the stack keeps a function alive while others run.
    let name = format!("@{}", path.file_name().unwrap().display());
    let script = load(&mut vm, &std::fs::read(path).unwrap(), &name)?;
    let result = vm.call(script.into(), &[]);
    let result = result.map_err(|error| text(vm.raw_tostring(error.value).bytes()));
    stdlib::close(&mut vm);
    result.map(drop)
}

fn run_all(stress: Stress) {
    let mut scripts: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty());
    let failures: Vec<String> = scripts.iter().filter_map(|path| run(path, stress).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn scripts_pass() {
    run_all(Stress::Off);
}

#[test]
fn scripts_pass_when_every_safe_point_collects() {
    run_all(Stress::Collections);
}
