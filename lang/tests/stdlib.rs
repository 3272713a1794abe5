//! The standard library, tested by Lua scripts that check themselves: every file of `tests/stdlib`, in a machine of its own.
//!
//! What the scripts expect is what LuaJIT 2.1 does; they also run under it. The cases in `tests/stdlib/compared` have LuaJIT's answers
//! beside them; `record.lua` there says how they were got.

use moonwake_lang::gc::Stress;
use moonwake_lang::stdlib;
use moonwake_lang::vm::Vm;
use std::path::Path;

/// Runs a script; the message of an error if it fails.
fn run(path: &Path, stress: Stress) -> Result<(), String> {
    let source = std::fs::read(path).map_err(|error| error.to_string())?;
    let name = format!("@{}", path.file_name().unwrap_or_default().to_string_lossy());
    let mut vm = Vm::new();
    stdlib::open(&mut vm);
    vm.heap.set_stress(stress);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let chunk = vm.load(&source, name.as_bytes()).map_err(|message| text(&message))?;
    let result = vm.call(chunk.into(), &[]);
    let result = result.map_err(|error| text(vm.raw_tostring(error.value).bytes()));
    stdlib::close(&mut vm);
    result.map(drop)
}

fn run_all(stress: Stress) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stdlib");
    std::env::set_current_dir(&folder).unwrap();
    let mut scripts: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|e| e == "lua"));
    scripts.sort();
    assert!(!scripts.is_empty());
    let failures: Vec<String> = scripts.iter().filter_map(|path| run(path, stress).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What the cases of a file in `compared` give here.
fn evaluate(folder: &Path, name: &str) -> String {
    let mut vm = Vm::new();
    stdlib::open(&mut vm);
    let mut run = |file: &str| {
        let source = std::fs::read(folder.join(file)).unwrap();
        let chunk = vm.load(&source, format!("@compared/{file}").as_bytes()).unwrap();
        let result = vm.call_for_one(chunk.into(), &[]);
        let value = result.unwrap_or_else(|e| panic!("{}", String::from_utf8_lossy(vm.raw_tostring(e.value).bytes())));
        let globals = vm.globals();
        // The collector must see it.
        vm.set_field(globals, file, value);
        value
    };
    let (evaluate_all, cases) = (run("record.lua"), run(&format!("{name}.lua")));
    let lines = vm.call_for_one(evaluate_all, &[cases]).ok().and_then(|lines| lines.as_str()).expect("a text");
    let lines = String::from_utf8_lossy(lines.bytes()).into_owned();
    stdlib::close(&mut vm);
    lines
}

#[test]
fn library_functions_do_what_luajit_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stdlib/compared");
    // In a folder that the other tests use too; file names in the cases lead there from here.
    std::env::set_current_dir(folder.join("..")).unwrap();
    let mut differences = Vec::new();
    for name in [
        "base",
        "arguments",
        "format",
        "files",
        "times",
        "coroutines",
        "inspection",
        "constructors",
        "patterns",
        "corners",
    ] {
        let expected = std::fs::read(folder.join(name).with_extension("expected")).unwrap();
        let expected = String::from_utf8_lossy(&expected).into_owned();
        let found = evaluate(&folder, name);
        assert_eq!(expected.lines().count(), found.lines().count(), "{name}");
        let pairs = expected.lines().zip(found.lines()).filter(|(expected, found)| expected != found);
        differences.extend(pairs.map(|(expected, found)| format!("  LuaJIT: {expected}\nmoonwake: {found}")));
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn scripts_pass() {
    run_all(Stress::Off);
}

#[test]
fn scripts_pass_when_every_safe_point_collects() {
    run_all(Stress::Collections);
}

#[test]
fn scripts_pass_when_every_safe_point_marks_a_little() {
    run_all(Stress::Slices);
}
