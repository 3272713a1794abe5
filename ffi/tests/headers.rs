//! Headers as they are: whatever the compiler accepts, we accept.

mod common;

use std::{fs, path::PathBuf, process::Command, time::Instant};

use moonwake_ffi::{
    c::{declarations::Declarations, preprocess::Source, scope::Entity},
    ctype::{Constant, Value},
};

fn include(header: &str) -> String {
    format!("#include <stddef.h>\n#include <stdio.h>\n#include <{header}>\n")
}

/// Whether the compiler takes a header that we do not.
fn compiler_takes(header: &str) -> bool {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("header.c");
    fs::write(&file, include(header)).unwrap();
    let output = Command::new("cc").args(["-w", "-fsyntax-only"]).arg(file).output().expect("a C compiler");
    output.status.success()
}

#[test]
fn system_headers_are_taken_verbatim() {
    let mut taken = 0;
    for folder in ["", "arpa/", "linux/", "net/", "netinet/", "openssl/", "sys/", "asm-generic/", "X11/", "sound/"] {
        for root in ["/usr/include/", "/usr/include/x86_64-linux-gnu/"] {
            for entry in fs::read_dir(format!("{root}{folder}")).into_iter().flatten().flatten() {
                let name = entry.file_name().into_string().unwrap();
                if !name.ends_with(".h") {
                    continue;
                }
                let header = format!("{folder}{name}");
                match Declarations::new().cdef(Source::pasted(&include(&header), "test"), &[]) {
                    Ok(()) => taken += 1,
                    Err(error) => assert!(!compiler_takes(&header), "<{header}>: {error}"),
                }
            }
        }
    }
    assert!(taken >= 100, "only {taken} headers were there");
}

#[test]
fn ggml_is_taken_whole_and_fast() {
    let Some(folders) = common::ggml_folders() else { return };
    let mut best = f64::MAX;
    for _ in 0..5 {
        let mut c = Declarations::new();
        folders.iter().for_each(|folder| c.add_include_folder(folder));
        let start = Instant::now();
        c.cdef(Source::pasted("#include <ggml.h>\n#include <ggml-cpu.h>\n#include <llama.h>", "test"), &[]).unwrap();
        best = best.min(start.elapsed().as_secs_f64());

        let mut int = |name: &str| match c.lookup(name) {
            Ok(Some(Entity::Constant(Constant { value: Value::Int(bits), .. }))) => bits,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!((int("GGML_MAX_DIMS"), int("GGML_MAX_NAME"), int("GGML_DEFAULT_N_THREADS")), (4, 64, 4));
        assert_eq!((int("GGML_TYPE_F16"), int("GGML_OP_NONE"), int("GGML_MAX_OP_PARAMS")), (1, 0, 64));
        assert!(int("GGML_TENSOR_SIZE") > 256);
        let pad = c.names().find("GGML_PAD").unwrap();
        let number = |value| Constant { ctype: moonwake_ffi::ctype::CTypeId::INT32, value: Value::Int(value) };
        assert_eq!(c.call_macro(pad, &[number(13), number(8)]).unwrap(), number(16));
        let tensor = c.parse_type("struct ggml_tensor *", &[]).unwrap();
        assert_eq!(c.print(tensor), "struct ggml_tensor *");
        for function in
            ["ggml_init", "ggml_mul_mat", "ggml_graph_compute_with_ctx", "ggml_fp32_to_fp16", "llama_decode"]
        {
            assert!(matches!(c.lookup(function), Ok(Some(Entity::Function { is_static: false, .. }))), "{function}");
        }
    }
    // A few milliseconds when optimised and alone; this only catches what is quadratic.
    assert!(best < 0.5, "{best} s");
}

#[test]
fn the_same_header_may_come_again() {
    let mut c = Declarations::new();
    for _ in 0..3 {
        c.cdef(Source::pasted("#include <stdio.h>\n#include <stdint.h>\n#include <sys/types.h>", "test"), &[]).unwrap();
    }
    let Some(Entity::Function { ctype, .. }) = c.lookup("printf").unwrap() else { panic!() };
    assert_eq!(c.types().print_in_full(ctype, c.names()), "int (const char *, ...)");
    assert!(matches!(c.lookup("stdout").unwrap(), Some(Entity::Variable { .. })), "stdout is a macro for itself");
    assert!(matches!(c.lookup("EOF").unwrap(), Some(Entity::Constant(_))));
}
