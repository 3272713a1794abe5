//! `unsafe` stays where it is needed, and every use of it says why it is right.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push(path);
        }
    }
}

/// What may use `unsafe`: the heap, the stack and the interpreter; native calls, callbacks and C memory; compiled code.
const ALLOWED: &[&str] = &[
    "lang/src/gc/",
    "lang/src/object.rs",
    "lang/src/string.rs",
    "lang/src/load.rs",
    "lang/src/table/",
    "lang/src/vm/",
    "lang/src/bytes.rs",
    "lang/src/stdlib/debug/variables.rs",
    "lang/src/stdlib/integer64.rs",
    "lang/src/stdlib/io/stream.rs",
    "lang/src/stdlib/os/system.rs",
    "lang/src/stdlib/package/library.rs",
    "src/cli/allocator.rs",
    "src/cli/signals.rs",
    "lang/src/stdlib/string/buffer/",
    "ffi/src/",
    "jit/src/backend/",
    "jit/src/runtime",
    "jit/src/trace/state.rs",
    "jit/src/record/machine.rs",
];

/// The C half of the FFI is not among what `ffi/src/` allows.
const FORBIDDEN: &[&str] = &["ffi/src/c/", "ffi/src/ctype/", "ffi/src/layout.rs", "ffi/src/abi/"];

#[test]
fn unsafe_code_is_confined_and_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "lang/src", "ffi/src", "jit/src"] {
        sources(&root.join(folder), &mut files);
    }
    let mut wrong = Vec::new();
    for file in files {
        let name = file.strip_prefix(root).expect("inside the project").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a source is text");
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.contains("unsafe {") && !code.contains("unsafe fn") && !code.contains("unsafe impl") {
                continue;
            }
            let allowed = ALLOWED.iter().any(|a| name.starts_with(a)) && !FORBIDDEN.iter().any(|f| name.starts_with(f));
            if !allowed {
                wrong.push(format!("{name}:{}: unsafe is not allowed here", n + 1));
            }
            let explained =
                lines[n.saturating_sub(8)..=n].iter().any(|l| l.contains("SAFETY") || l.contains("# Safety"));
            if code.contains("unsafe {") && !explained {
                wrong.push(format!("{name}:{}: an unsafe block without SAFETY", n + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{} places:\n{}", wrong.len(), wrong.join("\n"));
}
