//! From a string as it is written to the bytes it stands for.
//!
//! ```text
//! \a \b \f \n \r \t \v \\ \" \'   the byte that C gives the same letter
//! \ddd                            up to three decimal digits, at most 255
//! \xhh                            two hexadecimal digits
//! \u{h...}                        a code point in UTF-8, no surrogates
//! \z                              nothing, and skips the space that follows, line ends too
//! \ and a line end                a line feed
//! ```
//!
//! A line end is any of `\n`, `\r`, `\r\n` and `\n\r`, counts as one line and stands for one line feed.
//!
//! Reference: Lua 5.1 manual §2.1; LuaJIT's extensions page for `\x`, `\z` and `\u`.

/// What a reader has consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// Bytes of source, the closing delimiter included.
    pub bytes: usize,
    /// Line ends among them.
    pub lines: u32,
}

/// Why a string could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The source ended inside the string.
    AtEnd,
    /// A line ended inside a quoted string.
    AtLineEnd,
    /// A backslash is followed by what is no escape.
    Escape,
}

/// Reads what stands behind an opening `quote` into `out`.
///
/// On an error, `out` holds what was read so far, and the result's lines say how many line ends that was.
pub fn read_quoted(text: &[u8], quote: u8, out: &mut Vec<u8>) -> Result<Consumed, (Broken, u32)> {
    let mut at = 0;
    let mut lines = 0;
    loop {
        let rest = &text[at..];
        let plain = rest.iter().position(|&c| c == quote || matches!(c, b'\\' | b'\n' | b'\r')).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        at += plain;
        match rest.get(plain) {
            None => return Err((Broken::AtEnd, lines)),
            Some(b'\\') => at += 1,
            Some(b'\n' | b'\r') => return Err((Broken::AtLineEnd, lines)),
            Some(_) => return Ok(Consumed { bytes: at + 1, lines }),
        }
        let escape = read_escape(&text[at..], out).map_err(|broken| (broken, lines))?;
        at += escape.bytes;
        lines += escape.lines;
    }
}

/// Reads what follows a backslash.
fn read_escape(text: &[u8], out: &mut Vec<u8>) -> Result<Consumed, Broken> {
    let byte = match *text.first().ok_or(Broken::AtEnd)? {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        c @ (b'\\' | b'"' | b'\'') => c,
        b'x' => return read_hex(text, out),
        b'u' => return read_code_point(text, out),
        b'z' => return Ok(skip_space(text)),
        b'\n' | b'\r' => {
            out.push(b'\n');
            return Ok(Consumed { bytes: line_end(text), lines: 1 });
        }
        b'0'..=b'9' => return read_decimal(text, out),
        _ => return Err(Broken::Escape),
    };
    out.push(byte);
    Ok(Consumed { bytes: 1, lines: 0 })
}

fn read_decimal(text: &[u8], out: &mut Vec<u8>) -> Result<Consumed, Broken> {
    let digits = text.iter().take(3).take_while(|c| c.is_ascii_digit()).count();
    let value = text[..digits].iter().fold(0u32, |value, c| value * 10 + u32::from(c - b'0'));
    out.push(u8::try_from(value).map_err(|_| Broken::Escape)?);
    Ok(Consumed { bytes: digits, lines: 0 })
}

fn read_hex(text: &[u8], out: &mut Vec<u8>) -> Result<Consumed, Broken> {
    let digit = |at: usize| text.get(at).and_then(|&c| char::from(c).to_digit(16)).ok_or(Broken::Escape);
    out.push((digit(1)? << 4 | digit(2)?) as u8);
    Ok(Consumed { bytes: 3, lines: 0 })
}

fn read_code_point(text: &[u8], out: &mut Vec<u8>) -> Result<Consumed, Broken> {
    let digits = text.strip_prefix(b"u{").ok_or(Broken::Escape)?;
    let close = digits.iter().position(|&c| c == b'}').ok_or(Broken::Escape)?;
    if close == 0 {
        return Err(Broken::Escape);
    }
    let value = digits[..close].iter().try_fold(0u32, |value, &c| {
        let value = value << 4 | char::from(c).to_digit(16)?;
        (value <= 0x10_ffff).then_some(value)
    });
    let point = value.and_then(char::from_u32).ok_or(Broken::Escape)?;
    out.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(Consumed { bytes: b"u{}".len() + close, lines: 0 })
}

fn skip_space(text: &[u8]) -> Consumed {
    let mut at = 1;
    let mut lines = 0;
    loop {
        match text.get(at) {
            Some(b'\n' | b'\r') => {
                at += line_end(&text[at..]);
                lines += 1;
            }
            Some(b' ' | b'\t' | 0x0b | 0x0c) => at += 1,
            _ => return Consumed { bytes: at, lines },
        }
    }
}

/// Reads what stands behind an opening long bracket of `level` equals signs, into `out` if there is one.
///
/// A line end right behind the bracket is not part of the string. On an error, the result is the number of line ends.
pub fn read_long(text: &[u8], level: usize, mut out: Option<&mut Vec<u8>>) -> Result<Consumed, u32> {
    let mut at = 0;
    let mut lines = 0;
    if let Some(b'\n' | b'\r') = text.first() {
        at = line_end(text);
        lines = 1;
    }
    loop {
        let rest = &text[at..];
        let plain = rest.iter().position(|&c| matches!(c, b']' | b'\n' | b'\r')).unwrap_or(rest.len());
        let mut keep = |bytes: &[u8]| {
            if let Some(out) = &mut out {
                out.extend_from_slice(bytes);
            }
        };
        keep(&rest[..plain]);
        at += plain;
        match rest.get(plain) {
            None => return Err(lines),
            Some(b']') => {
                if let Some(after) = closing(&text[at..], level) {
                    return Ok(Consumed { bytes: at + after, lines });
                }
                keep(b"]");
                at += 1;
            }
            Some(_) => {
                keep(b"\n");
                at += line_end(&text[at..]);
                lines += 1;
            }
        }
    }
}

/// The length of the closing bracket of `level` that `text` starts with.
fn closing(text: &[u8], level: usize) -> Option<usize> {
    let length = level + 2;
    let bracket = text.get(..length)?;
    (bracket[length - 1] == b']' && bracket[1..=level].iter().all(|&c| c == b'=')).then_some(length)
}

/// The length of the line end that `text` starts with.
pub fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] | [b'\n', b'\r', ..] => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> Result<Vec<u8>, (Broken, Vec<u8>)> {
        let mut out = Vec::new();
        match read_quoted(text.as_bytes(), b'\'', &mut out) {
            Ok(_) => Ok(out),
            Err((broken, _)) => Err((broken, out)),
        }
    }

    #[test]
    fn escapes_stand_for_their_bytes() {
        for (text, bytes) in [
            (r"abc'", &b"abc"[..]),
            (r#"\a\b\f\n\r\t\v\\\"\''"#, b"\x07\x08\x0c\n\r\t\x0b\\\"'"),
            (r"\0\10\0101\255'", b"\0\n\n1\xff"),
            (r"\x41\xfF'", b"A\xff"),
            (r"\u{41}\u{e9}\u{20AC}\u{10ffff}\u{00000041}'", "A\u{e9}\u{20ac}\u{10ffff}A".as_bytes()),
            ("a\\z  \n\t\r\n  b\\z'", b"ab"),
            ("a\\\nb\\\r\nc\\\n\rd\\\re'", b"a\nb\nc\nd\ne"),
            ("\u{e9}\0'", b"\xc3\xa9\0"),
        ] {
            assert_eq!(quoted(text), Ok(bytes.to_vec()), "{text:?}");
        }
    }

    #[test]
    fn broken_strings_keep_what_was_read() {
        for (text, broken, read) in [
            (r"a\qb'", Broken::Escape, "a"),
            (r"a\256'", Broken::Escape, "a"),
            (r"a\xg'", Broken::Escape, "a"),
            (r"a\x1'", Broken::Escape, "a"),
            (r"a\u12'", Broken::Escape, "a"),
            (r"a\u{}'", Broken::Escape, "a"),
            (r"a\u{12'", Broken::Escape, "a"),
            (r"a\u{110000}'", Broken::Escape, "a"),
            (r"a\u{ffffffffff}'", Broken::Escape, "a"),
            (r"a\u{d800}'", Broken::Escape, "a"),
            ("a\nb'", Broken::AtLineEnd, "a"),
            ("a\\\n\nb'", Broken::AtLineEnd, "a\n"),
            (r"ab\", Broken::AtEnd, "ab"),
            (r"ab\z  ", Broken::AtEnd, "ab"),
            ("ab", Broken::AtEnd, "ab"),
        ] {
            assert_eq!(quoted(text), Err((broken, read.into())), "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted() {
        let mut out = Vec::new();
        let read = read_quoted(b"\\\r\n\\z\n\n\r'...", b'\'', &mut out);
        assert_eq!(read, Ok(Consumed { bytes: 9, lines: 3 }));
        assert_eq!(read_quoted(b"\\\n\\q'", b'\'', &mut out), Err((Broken::Escape, 1)));
    }

    #[test]
    fn long_brackets_close_at_their_own_level() {
        for (text, level, bytes, consumed, lines) in [
            ("ab]]c", 0, &b"ab"[..], 4, 0),
            ("\r\na\rb]]", 0, b"a\nb", 7, 2),
            ("\n\n]]", 0, b"\n", 4, 2),
            ("a]=]]==]b]=]", 1, b"a", 4, 0),
            ("a]]]=]", 1, b"a]]", 6, 0),
            ("a]]", 0, b"a", 3, 0),
            ("]]", 0, b"", 2, 0),
        ] {
            let mut out = Vec::new();
            let expected = Ok(Consumed { bytes: consumed, lines });
            assert_eq!(read_long(text.as_bytes(), level, Some(&mut out)), expected, "{text:?}");
            assert_eq!(out, bytes, "{text:?}");
            assert_eq!(read_long(text.as_bytes(), level, None), expected);
        }
        assert_eq!(read_long(b"a\n]=\n]", 1, None), Err(2));
    }
}
