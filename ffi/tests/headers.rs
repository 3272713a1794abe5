//! Headers as they are: whatever the compiler accepts, we accept.

mod common;

use std::{fs, path::PathBuf, process::Command, time::Instant};

use moonwake_ffi::{
    c::{
        declarations::Declarations,
        preprocess::Source,
        scope::{Entity, Tag},
    },
    ctype::{Constant, Kind, Value},
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

/// Structs and unions of these headers have the sizes and offsets that the compiler says.
#[test]
fn structs_of_system_headers_are_laid_out_as_by_the_compiler() {
    let headers = [
        "aio.h",
        "arpa/inet.h",
        "dirent.h",
        "dlfcn.h",
        "elf.h",
        "fcntl.h",
        "ftw.h",
        "glob.h",
        "grp.h",
        "inttypes.h",
        "link.h",
        "locale.h",
        "math.h",
        "mqueue.h",
        "net/if.h",
        "netdb.h",
        "netinet/in.h",
        "netinet/ip.h",
        "netinet/tcp.h",
        "poll.h",
        "pthread.h",
        "pwd.h",
        "regex.h",
        "sched.h",
        "search.h",
        "semaphore.h",
        "setjmp.h",
        "signal.h",
        "spawn.h",
        "stdio.h",
        "stdlib.h",
        "string.h",
        "sys/epoll.h",
        "sys/ipc.h",
        "sys/mman.h",
        "sys/msg.h",
        "sys/resource.h",
        "sys/sem.h",
        "sys/shm.h",
        "sys/socket.h",
        "sys/stat.h",
        "sys/statvfs.h",
        "sys/sysinfo.h",
        "sys/time.h",
        "sys/times.h",
        "sys/types.h",
        "sys/uio.h",
        "sys/un.h",
        "sys/user.h",
        "sys/utsname.h",
        "sys/wait.h",
        "termios.h",
        "time.h",
        "ucontext.h",
        "unistd.h",
        "utime.h",
        "wchar.h",
        "wordexp.h",
    ];
    let text: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
    let mut c = Declarations::new();
    c.cdef(Source::pasted(&text, "test"), &[]).unwrap_or_else(|error| panic!("{error}"));
    let mut program = format!("{text}#include <stddef.h>\n");
    let mut count = 0;
    let tags: Vec<_> = c.scope().tags().collect();
    for (name, tag) in tags {
        // The one that the compiler has built in has no name there.
        let Tag::Record(record) = tag else { continue };
        if c.names().text(name) == "__va_list_tag" {
            continue;
        }
        let keyword = if c.types().record(record).is_union { "union" } else { "struct" };
        let ctype = c.types_mut().of_kind(Kind::Record(record));
        let (types, names) = (c.types(), c.names());
        let Some((body, size)) = types.record_body(ctype).zip(types.size_of(ctype)) else { continue };
        let spelled = format!("{keyword} {}", names.text(name));
        let mut claim = |what: String, value: u64| {
            program.push_str(&format!("_Static_assert({what} == {value}, \"{spelled}\");\n"));
            count += 1;
        };
        claim(format!("sizeof({spelled})"), size);
        claim(format!("_Alignof({spelled})"), types.align_of(ctype));
        for member in &body.members {
            if let (Some(member_name), None) = (member.name, member.bits) {
                claim(format!("offsetof({spelled}, {})", names.text(member_name)), member.offset);
            }
        }
    }
    assert!(count > 500, "only {count} claims");
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("layouts.c");
    fs::write(&file, program).unwrap();
    let output = Command::new("cc").args(["-w", "-fsyntax-only"]).arg(&file).output().expect("a C compiler");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", errors.lines().take(20).collect::<Vec<_>>().join("\n"));
}
