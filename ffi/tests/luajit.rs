//! What the library `ffi` does, compared with what LuaJIT does.
//!
//! The cases stand in `tests/luajit/*.lua`, LuaJIT's answers beside them; `record.lua` says how they were got.

mod common;

use common::{machine, text};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/luajit")
}

/// What the cases of a file give here.
fn evaluate(name: &str) -> String {
    let mut vm = machine();
    let mut run = |path: PathBuf| {
        let source = std::fs::read(&path).unwrap();
        let chunk = vm.load(&source, format!("@{}", path.display()).as_bytes()).map_err(|m| text(&m)).unwrap();
        match vm.call(chunk.into(), &[]) {
            Ok(values) => values[0],
            Err(error) => panic!("{}", text(vm.raw_tostring(error.value).bytes())),
        }
    };
    let (evaluate_all, cases) = (run(folder().join("record.lua")), run(folder().join(name).with_extension("lua")));
    let lines = vm.call(evaluate_all, &[cases]).unwrap_or_else(|error| {
        panic!("{}", text(vm.raw_tostring(error.value).bytes()));
    });
    text(lines[0].as_str().unwrap().bytes())
}

fn compare(name: &str) {
    let expected = std::fs::read_to_string(folder().join(name).with_extension("expected")).unwrap();
    let found = evaluate(name);
    let differences: Vec<String> = expected
        .lines()
        .zip(found.lines())
        .filter(|(expected, found)| expected != found)
        .map(|(expected, found)| format!("  LuaJIT: {expected}\nmoonwake: {found}"))
        .collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    assert_eq!(expected.lines().count(), found.lines().count());
}

#[test]
fn numbers() {
    compare("numbers");
}

#[test]
fn conversions() {
    compare("conversions");
}

#[test]
fn arithmetic() {
    compare("arithmetic");
}

#[test]
fn operations() {
    compare("operations");
}

#[test]
fn mistakes() {
    compare("mistakes");
}
