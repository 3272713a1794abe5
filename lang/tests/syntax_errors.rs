//! Texts that are no programs, and what is said about them.
//!
//! `tests/syntax_errors.txt` holds a text a line, with the message below it. The messages are LuaJIT's, taken down by running it.
//! Line ends, backslashes, control characters and bytes above 126 are written as in Rust (`\n`, `\x1b`).

use moonwake_lang::compile::compile;

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let hex = |bytes: &mut std::str::Bytes| char::from(bytes.next().unwrap()).to_digit(16).unwrap() as u8;
        out.push(match bytes.next().unwrap() {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => hex(&mut bytes) << 4 | hex(&mut bytes),
            other => other,
        });
    }
    out
}

#[test]
fn errors_are_worded_as_luajit_words_them() {
    let cases = include_str!("syntax_errors.txt");
    let mut lines = cases.lines();
    let (mut count, mut wrong) = (0, Vec::new());
    while let (Some(source), Some(expected)) = (lines.next(), lines.next()) {
        let expected = unescape(expected.strip_prefix("    ").expect("messages are indented"));
        let message = match compile(&unescape(source), b"=t") {
            Ok(_) => b"it is accepted".to_vec(),
            Err(error) => error.message(),
        };
        if message != expected {
            let show = String::from_utf8_lossy;
            wrong.push(format!("{source}\n    expected {}\n    was      {}", show(&expected), show(&message)));
        }
        count += 1;
    }
    assert!(count > 400);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
