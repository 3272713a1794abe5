//! Searches in bytes, by the C library's vectorised routines.
//!
//! Rust's standard library has no fast substring search on bytes; `memmem` of the C library needs no table and no set-up.

#![allow(unsafe_code)]

/// Where `byte` is first.
///
/// ```
/// use moonwake_lang::bytes::find_byte;
/// assert_eq!(find_byte(b"hello", b'l'), Some(2));
/// ```
pub fn find_byte(text: &[u8], byte: u8) -> Option<usize> {
    // SAFETY: `memchr` reads `text.len()` bytes from the start of the slice.
    let found = unsafe { libc::memchr(text.as_ptr().cast(), byte.into(), text.len()) };
    (!found.is_null()).then(|| found as usize - text.as_ptr() as usize)
}

/// Where `needle` is first. The empty one is at 0.
///
/// ```
/// use moonwake_lang::bytes::find;
/// assert_eq!(find(b"hello", b"lo"), Some(3));
/// assert_eq!(find(b"", b""), Some(0));
/// ```
pub fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(0),
        [byte] => find_byte(text, *byte),
        _ if needle.len() > text.len() => None,
        [first, ..] => {
            // The first byte is often rare enough to be looked for by itself, which is several times as fast.
            let mut at = 0;
            for _ in 0..FIRST_BYTES + text.len() / 64 {
                at += find_byte(&text[at..], *first)?;
                if text[at..].starts_with(needle) {
                    return Some(at);
                }
                at += 1;
            }
            // SAFETY: both pointers come with the lengths of their slices.
            let found = unsafe {
                libc::memmem(text[at..].as_ptr().cast(), text.len() - at, needle.as_ptr().cast(), needle.len())
            };
            (!found.is_null()).then(|| found as usize - text.as_ptr() as usize)
        }
    }
}

/// So often, and once more for every 64 bytes, the first byte is looked for alone.
const FIRST_BYTES: usize = 8;
