//! `%q`: a string as a literal that a Lua program can read back.
//!
//! The quotes, backslashes and line ends are escaped by a backslash, control characters by their number; bytes from 128 on
//! stand as they are.

use super::integer::push_decimal;

/// Appends `text` as a quoted literal.
///
/// ```
/// let mut out = Vec::new();
/// moonwake_lang::format::quote::push_quoted(&mut out, b"a\"b\0c\01");
/// assert_eq!(out, br#""a\"b\0c\0001""#);
/// ```
pub fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for (i, &c) in text.iter().enumerate() {
        match c {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', c]),
            c if c.is_ascii_control() => {
                out.push(b'\\');
                if text.get(i + 1).is_some_and(u8::is_ascii_digit) {
                    // Three digits, so that the next one is not taken for a part of the number.
                    out.extend_from_slice(if c < 10 {
                        b"00"
                    } else if c < 100 {
                        b"0"
                    } else {
                        b""
                    });
                }
                push_decimal(out, c.into());
            }
            c => out.push(c),
        }
    }
    out.push(b'"');
}
