//! Sets of bytes: the classes `%a %d …` and sets in brackets.
//!
//! A set is a bitmap of 256 bits, so that a test costs the same whatever the set was made of. The classes are those of
//! the C locale: bytes from 128 on belong to none, and so to all the complements.

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Set([u64; 4]);

impl Set {
    /// The bytes that `belongs` accepts.
    pub fn of(belongs: impl Fn(u8) -> bool) -> Set {
        let mut set = Set::default();
        for byte in 0..=255 {
            if belongs(byte) {
                set.insert(byte);
            }
        }
        set
    }

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Adds every byte of another set.
    pub fn insert_all(&mut self, other: &Set) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    /// The bytes that are not in it.
    pub fn complement(&self) -> Set {
        Set(self.0.map(|word| !word))
    }

    /// Whether a byte is in it.
    #[inline(always)]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }
}

/// The set of the class that a letter behind `%` names, a capital one the complement; `None` when it names none and stands for itself.
///
/// ```
/// use moonwake_lang::pattern::class::class;
/// assert!(class(b'd').unwrap().contains(b'7'));
/// assert!(class(b'D').unwrap().contains(b'x'));
/// assert!(class(b'.').is_none());
/// ```
pub fn class(letter: u8) -> Option<Set> {
    let set = match letter.to_ascii_lowercase() {
        b'a' => Set::of(|c| c.is_ascii_alphabetic()),
        b'c' => Set::of(|c| c.is_ascii_control()),
        b'd' => Set::of(|c| c.is_ascii_digit()),
        b'g' => Set::of(|c| c.is_ascii_graphic()),
        b'l' => Set::of(|c| c.is_ascii_lowercase()),
        b'p' => Set::of(|c| c.is_ascii_punctuation()),
        b's' => Set::of(|c| matches!(c, b' ' | b'\t'..=b'\r')),
        b'u' => Set::of(|c| c.is_ascii_uppercase()),
        b'w' => Set::of(|c| c.is_ascii_alphanumeric()),
        b'x' => Set::of(|c| c.is_ascii_hexdigit()),
        b'z' => Set::of(|c| c == 0),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { set.complement() } else { set })
}

/// The set in brackets that starts behind `[`, and its length with the closing `]`; `None` when that is missing.
///
/// A `]` that comes first stands for itself, and so does a `-` that comes last or follows a class or a range.
pub fn bracket_set(text: &[u8]) -> Option<(Set, usize)> {
    let negated = text.first() == Some(&b'^');
    let start = usize::from(negated);
    let end = start + closing_bracket(&text[start..])?;
    let mut body = &text[start..end];
    let mut set = Set::default();
    loop {
        match body {
            [] => break,
            [b'%', letter, rest @ ..] => {
                match class(*letter) {
                    Some(class) => set.insert_all(&class),
                    None => set.insert(*letter),
                }
                body = rest;
            }
            // The end of a range was the first half of `%%`; what is left of it stands before the bracket.
            [b'%'] => {
                set.insert(b']');
                body = &[];
            }
            [first, b'-', last, rest @ ..] => {
                (*first..=*last).for_each(|c| set.insert(c));
                body = rest;
            }
            [byte, rest @ ..] => {
                set.insert(*byte);
                body = rest;
            }
        }
    }
    Some((if negated { set.complement() } else { set }, end + 1))
}

/// Where the `]` is that closes a set whose first character is at 0.
fn closing_bracket(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b']' if at > 0 => return Some(at),
            b'%' => at += 2,
            _ => at += 1,
        }
    }
}
