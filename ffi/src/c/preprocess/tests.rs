//! What `tests/preprocessor.rs` cannot ask the compiler: messages and their places, limits, headers from memory, undoing.

use std::time::Instant;

use super::*;
use crate::c::headers::{MemoryHeaders, NoHeaders, Request};

fn in_memory(files: &[(&str, &str)]) -> Environment {
    Environment::new(Box::new(MemoryHeaders {
        files: files.iter().map(|(path, text)| (path.into(), text.as_bytes().to_vec())).collect(),
        folders: vec!["/a".into(), "/b".into()],
    }))
}

/// The tokens, spelled with one blank between, or the error as `file:line:column: message`.
fn run(environment: &mut Environment, text: &str) -> Result<String, String> {
    let mut map = SourceMap::default();
    let result = environment.preprocess(Source::pasted(text, "text"), &mut map);
    match result {
        Ok(output) => {
            environment.commit();
            let tokens = &output.tokens[..output.tokens.len() - 1];
            Ok(tokens.iter().map(|&token| spell(&environment.names, token)).collect::<Vec<_>>().join(" "))
        }
        Err(fault) => {
            environment.roll_back();
            let position = map.position(fault.loc).expect("errors have a place");
            Err(format!("{}:{}:{}: {}", position.origin.name(), position.line, position.column, fault.message))
        }
    }
}

fn once(text: &str) -> Result<String, String> {
    run(&mut in_memory(&[]), text)
}

#[test]
fn an_error_knows_its_place() {
    let error = |text: &str| once(text).unwrap_err();
    assert_eq!(error("a\n  #error no\\\n luck"), "text:2:4: #error no luck");
    assert_eq!(error("\n#include <x.h>"), "text:2:10: 'x.h': no such file among the headers");
    assert_eq!(error("#define f(a) a\n\n f(1, 2)"), "text:3:2: macro 'f' passed 2 arguments, but takes just 1");
    assert_eq!(error("#if 1\n#else\n"), "text:1:2: unterminated #if");
    assert_eq!(error("#if 3 4\n#endif"), "text:1:7: unexpected symbol near '4' in a preprocessing condition");
    assert_eq!(error("#if 3 +\n#endif"), "text:1:8: unexpected symbol near '<eof>' in a preprocessing condition");
    assert_eq!(error("x /* y"), "text:1:3: unfinished comment");
    assert_eq!(error("#pragma pack(3)"), "text:1:14: malformed '#pragma pack'");
    let mut environment = in_memory(&[("/a/x.h", "\n #bad")]);
    assert_eq!(
        run(&mut environment, "#include <x.h>").unwrap_err(),
        "/a/x.h:2:3: invalid preprocessing directive #bad"
    );
}

#[test]
fn a_failed_run_leaves_nothing_behind() {
    let mut environment = in_memory(&[("/a/once.h", "#pragma once\nonce")]);
    run(&mut environment, "#define kept 1\n#define changed 1").unwrap();
    let failing = "#define changed 2\n#define new 3\n#undef kept\n#include <once.h>\n#error";
    run(&mut environment, failing).unwrap_err();
    assert_eq!(run(&mut environment, "kept changed new\n#include <once.h>").unwrap(), "1 1 new once");
    assert_eq!(run(&mut environment, "kept\n#include <once.h>").unwrap(), "1");
}

#[test]
fn guarded_files_are_read_once() {
    let mut environment = in_memory(&[
        ("/a/guard.h", "/* c */\n#ifndef G\n#define G\nx\n#endif\n"),
        ("/a/bang.h", "#if !defined(B)\n#define B\ny\n#endif\n"),
        ("/a/open.h", "#ifndef O\n#define O\nz\n#endif\nrest"),
        ("/a/else.h", "#ifndef E\n#define E\nw\n#else\nagain\n#endif"),
    ]);
    for header in ["guard", "bang", "open", "else"] {
        run(&mut environment, &format!("#include <{header}.h>")).unwrap();
    }
    let again = run(&mut environment, "#include <guard.h>\n#include <bang.h>\n#include <open.h>\n#include <else.h>");
    assert_eq!(again.unwrap(), "rest again");
    let Environment { headers, macros, .. } = &mut environment;
    let mut needs_reading = |name: &str| {
        let found = headers.find(Request { name, beside: None, skip: 0 }, |guard| macros.get(guard).is_some());
        found.unwrap().unwrap().text.is_some()
    };
    assert_eq!(["guard.h", "bang.h", "open.h", "else.h"].map(&mut needs_reading), [false, false, true, true]);
    assert_eq!(run(&mut environment, "#undef G\n#include <guard.h>").unwrap(), "x");
}

#[test]
fn include_next_goes_on_behind_the_folder_of_the_file() {
    let mut environment = in_memory(&[
        ("/a/limits.h", "a\n#include_next <limits.h>"),
        ("/b/limits.h", "b\n#if __has_include_next(<limits.h>)\n#include_next <limits.h>\n#endif\nCHAR_BIT"),
        ("/b/sub/x.h", "#include \"y.h\"\n#include <y.h>"),
        ("/b/sub/y.h", "beside"),
        ("/a/y.h", "system __FILE__"),
    ]);
    assert_eq!(run(&mut environment, "#include <limits.h>").unwrap(), "a b 8");
    assert_eq!(run(&mut environment, "#include <sub/x.h>").unwrap(), "beside system \"/a/y.h\"");
}

#[test]
fn the_embedded_headers_need_no_files() {
    let mut environment = Environment::new(Box::new(NoHeaders));
    let headers = "#include <stdint.h>\n#include <stddef.h>\n#include <stdbool.h>\n#include <stdarg.h>\n\
        #include <limits.h>\n#include <float.h>\n#include <stdalign.h>\n#include <stdnoreturn.h>\n";
    let text = run(&mut environment, &format!("{headers}END UINT64_MAX INT_MIN true")).unwrap();
    assert!(
        text.contains("typedef unsigned char uint8_t ;") && text.contains("typedef long int ptrdiff_t ;"),
        "{text}"
    );
    assert!(text.ends_with("END 0xffffffffffffffffUL ( - 0x7fffffff - 1 ) 1"), "{text}");
}

#[test]
fn bombs_are_refused_in_time() {
    let start = Instant::now();
    let mut laughs = String::from("#define l0 ha\n");
    for i in 1..40 {
        laughs += &format!("#define l{i} l{} l{}\n", i - 1, i - 1);
    }
    assert_eq!(once(&(laughs + "l39")).unwrap_err(), "text:41:1: macro expansion is too large");
    let nest = "f(".repeat(5000) + &")".repeat(5000);
    assert_eq!(once(&format!("#define f(x) x\n{nest}")).unwrap_err(), "text:2:1: macro arguments nest too deeply");
    let parens = "(".repeat(100_000);
    assert!(once(&format!("#if {parens}1\n#endif")).unwrap_err().contains("nests too deeply"));
    assert!(once(&format!("#if {}1\n#endif", "!".repeat(100_000))).is_ok());
    let mut chain = String::new();
    for i in 0..50_000 {
        chain += &format!("#define c{i} c{}\n", i + 1);
    }
    assert_eq!(once(&(chain + "c0")).unwrap(), "c50000");
    let mut environment = in_memory(&[("/a/self.h", "#include <self.h>\n#include <self.h>")]);
    assert_eq!(run(&mut environment, "#include <self.h>").unwrap_err(), "/a/self.h:1:2: #include nests too deeply");
    let (many, some) = ("#include <s.h>\n".repeat(200), "#include <e.h>\n".repeat(400));
    let mut environment = in_memory(&[("/a/t.h", &many), ("/a/s.h", &some), ("/a/e.h", &" ".repeat(50_000))]);
    assert!(run(&mut environment, "#include <t.h>").unwrap_err().ends_with("too much text is included"));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn parameters_and_pack_limits_are_tokens() {
    let mut environment = in_memory(&[]);
    let source = Source { params: 2, ..Source::pasted("#define d(x) x x\nd($) a$b\n#pragma pack(push, 2)\n$", "text") };
    let output = environment.preprocess(source, &mut SourceMap::default()).unwrap();
    let kinds: Vec<Kind> = output.tokens.iter().map(|token| token.kind).collect();
    assert_eq!(kinds, [Kind::Param, Kind::Param, Kind::Ident, Kind::Pack, Kind::Param, Kind::Eof]);
    assert_eq!((output.tokens[1].param_index(), output.tokens[4].param_index(), output.params_taken), (0, 1, 2));
    assert_eq!(output.tokens[3].pack_limit(), 2);
    let mut map = SourceMap::default();
    let error = environment.preprocess(Source { params: 1, ..Source::pasted("$ $", "text") }, &mut map).unwrap_err();
    assert_eq!(error.message, "wrong number of type parameters");
}

#[test]
fn pack_limits_follow_pushes_and_pops() {
    let mut environment = in_memory(&[]);
    let text = "#define N 8\n#pragma pack(4)\n#pragma pack(push, 1)\n#pragma pack(push)\n#pragma pack(2)\n#pragma pack(pop)\n\
        #pragma pack(pop)\n#pragma pack()\n#pragma pack(N)\n_Pragma(\"pack(16)\")\n#pragma pack(push, r, 1)\n#pragma pack(pop, r)\n\
        #pragma pack(pop)\n#pragma pack(0)";
    let output = environment.preprocess(Source::pasted(text, "text"), &mut SourceMap::default()).unwrap();
    let limits: Vec<u8> = output.tokens.iter().filter(|t| t.kind == Kind::Pack).map(|t| t.pack_limit()).collect();
    assert_eq!(limits, [4, 1, 1, 2, 1, 4, 0, 8, 16, 1, 16, 0, 0]);
}
