//! How a chunk is called in messages.
//!
//! `load` is given a name whose first character says what it is: `@` the name of a file, `=` a name to take as it is,
//! anything else the source text itself. Messages show at most 59 bytes of it:
//!
//! ```text
//! @dir/init.lua          dir/init.lua               (a long one keeps its end: ...e/very/deep/dir/init.lua)
//! =stdin                 stdin                      (a long one keeps its start)
//! print(1)\nprint(2)     [string "print(1)..."]     (the first line)
//! ```
//!
//! Reference: `short_src` in the Lua 5.1 manual §5.9 (`debug.getinfo`); LuaJIT cuts a source at any control character.

/// Longest result in bytes.
const MAX: usize = 59;
const ELLIPSIS: &[u8] = b"...";

/// The displayed form of a chunk name.
///
/// ```
/// use moonwake_lang::chunk_name::short_name;
/// assert_eq!(short_name(b"@init.lua"), b"init.lua");
/// assert_eq!(short_name(b"x = 1\ny = 2"), b"[string \"x = 1...\"]");
/// ```
pub fn short_name(name: &[u8]) -> Vec<u8> {
    // The name reaches LuaJIT's formatter as a C string.
    let name = name.split(|&c| c == 0).next().unwrap_or_default();
    match name {
        [b'=', rest @ ..] => rest[..rest.len().min(MAX)].to_vec(),
        [b'@', rest @ ..] if rest.len() <= MAX => rest.to_vec(),
        [b'@', rest @ ..] => [ELLIPSIS, &rest[rest.len() - (MAX - ELLIPSIS.len())..]].concat(),
        source => quote_first_line(source),
    }
}

fn quote_first_line(source: &[u8]) -> Vec<u8> {
    const AROUND: usize = b"[string \"\"]".len();
    let line = source.iter().position(|&c| c < b' ').unwrap_or(source.len());
    let (shown, tail) = if line == source.len() && line <= MAX - AROUND {
        (line, &b""[..])
    } else {
        (line.min(MAX - AROUND - ELLIPSIS.len()), ELLIPSIS)
    };
    [b"[string \"", &source[..shown], tail, b"\"]"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_as_luajit_does() {
        let x = |n: usize| "x".repeat(n);
        for (name, short) in [
            ("=abc".into(), "abc".into()),
            ("=".into(), "".into()),
            ("=a\nb".into(), "a\nb".into()),
            (format!("={}", x(59)), x(59)),
            (format!("={}", x(70)), x(59)),
            ("@abc".into(), "abc".into()),
            (format!("@{}", x(59)), x(59)),
            (format!("@a{}", x(59)), format!("...{}", x(56))),
            ("".into(), "[string \"\"]".into()),
            ("abc".into(), "[string \"abc\"]".into()),
            ("a\"b".into(), "[string \"a\"b\"]".into()),
            ("a\0b".into(), "[string \"a\"]".into()),
            ("a\tb".into(), "[string \"a...\"]".into()),
            ("\nabc".into(), "[string \"...\"]".into()),
            (x(48), format!("[string \"{}\"]", x(48))),
            (x(49), format!("[string \"{}...\"]", x(45))),
            (format!("{}\nabc", x(44)), format!("[string \"{}...\"]", x(44))),
            (format!("{}\nabc", x(47)), format!("[string \"{}...\"]", x(45))),
        ] {
            assert_eq!(String::from_utf8(short_name(name.as_bytes())).unwrap(), short, "{name:?}");
        }
    }
}
