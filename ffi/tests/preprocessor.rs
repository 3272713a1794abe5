//! The preprocessor against `cc -E`: the same tokens, on tricky cases and on the system's headers.
//!
//! The compiler runs with our predefined macros and without its own, so the answers do not depend on its version.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use moonwake_ffi::c::{
    headers::SystemHeaders,
    lexer::{Kind, lex},
    preprocess::{Environment, Source, spell},
    source::SourceMap,
};

const PREDEFINED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/c/builtin/x86_64-linux-gnu.h");

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("preprocessor");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// The tokens that `cc -E` gives, or nothing when it reports an error.
fn compiler_says(file: &Path) -> Option<Vec<String>> {
    let output = Command::new("cc")
        .args(["-E", "-P", "-w", "-undef", "-imacros", PREDEFINED])
        .arg(file)
        .output()
        .expect("these tests need a C compiler");
    if !output.status.success() {
        return None;
    }
    let lines = output.stdout.split(|&b| b == b'\n').filter(|line| !line.starts_with(b"#pragma"));
    let text: Vec<u8> = lines.flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
    let spelled = |start: u32, end: u32| String::from_utf8_lossy(&text[start as usize..end as usize]).into_owned();
    Some(lex(&text).iter().map(|lexeme| spelled(lexeme.start, lexeme.end)).collect())
}

/// Ours, or the error's message.
fn we_say(text: &[u8], file: &Path) -> Result<Vec<String>, String> {
    let mut environment = Environment::new(Box::new(SystemHeaders));
    let mut map = SourceMap::default();
    let source = Source { folder: file.parent().unwrap(), ..Source::pasted(text, file.to_str().unwrap()) };
    match environment.preprocess(source, &mut map) {
        Ok(output) => {
            let real = output.tokens.iter().filter(|token| !matches!(token.kind, Kind::Pack | Kind::Eof));
            Ok(real.map(|&token| spell(&environment.names, token).into_owned()).collect())
        }
        Err(fault) => Err(format!("{:?}: {}", map.position(fault.loc), fault.message)),
    }
}

/// Cases, separated by lines of dashes. The first line of each says what it is about.
const CASES: &str = include_str!("preprocessor_cases.h");

#[test]
fn tricky_cases_equal_the_compilers() {
    for (number, case) in CASES.split("----\n").enumerate() {
        let file = scratch(&format!("case{number}.c"));
        fs::write(&file, case).unwrap();
        match (compiler_says(&file), we_say(case.as_bytes(), &file)) {
            (Some(theirs), Ok(ours)) => assert_eq!(ours.join(" "), theirs.join(" "), "case {number}:\n{case}"),
            (None, Err(_)) => {}
            (theirs, ours) => panic!("case {number}:\n{case}\nthe compiler: {theirs:?}\nwe: {ours:?}"),
        }
    }
}

#[test]
fn system_headers_equal_the_compilers() {
    let headers = "assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h \
        setjmp.h signal.h stdalign.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h \
        tgmath.h threads.h time.h uchar.h wchar.h wctype.h unistd.h pthread.h fcntl.h dirent.h poll.h netdb.h \
        sys/socket.h sys/stat.h sys/mman.h sys/epoll.h netinet/in.h arpa/inet.h linux/input.h dlfcn.h regex.h \
        semaphore.h termios.h zlib.h sqlite3.h openssl/ssl.h openssl/evp.h png.h jpeglib.h curses.h X11/Xlib.h \
        libxml2/libxml/tree.h ffi.h gmp.h";
    let mut compared = 0;
    for header in headers.split_whitespace() {
        let text = format!(
            "#define _GNU_SOURCE\n#include <stddef.h>\n#include <stdio.h>\n#include <{header}>\nEND __COUNTER__\n"
        );
        let file = scratch(&format!("header_{}.c", header.replace('/', "_")));
        fs::write(&file, &text).unwrap();
        let Some(theirs) = compiler_says(&file) else { continue };
        let ours = we_say(text.as_bytes(), &file).unwrap_or_else(|message| panic!("<{header}>: {message}"));
        let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
        let near = |tokens: &[String]| tokens[same.saturating_sub(8)..(same + 8).min(tokens.len())].join(" ");
        assert!(ours == theirs, "<{header}>, token {same}:\nours:   {}\ntheirs: {}", near(&ours), near(&theirs));
        compared += 1;
    }
    assert!(compared >= 20, "only {compared} headers were there to compare");
}
