//! What `read` and `lines` read: `n`, `l`, `L`, `a` (each may be written with a `*` before it), or a number of bytes.
//!
//! A number is read as C's `scanf` reads one: as long as the text can still become a number (at most 200 characters), which is then
//! consumed even if it has become none.

use super::stream::Stream;
use crate::number;

/// One thing to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// `n`
    Number,
    /// `l`: a line without its end; `L`: with it.
    Line {
        /// Whether the end of the line belongs to the result.
        keep_end: bool,
    },
    /// `a`: the rest.
    All,
    /// This many bytes; 0 tests for the end of the file.
    Bytes(usize),
}

/// What was read.
#[derive(Clone, PartialEq, Debug)]
pub enum Item {
    /// A number.
    Number(f64),
    /// Text.
    Text(Vec<u8>),
}

impl Format {
    /// The format of this name.
    pub fn parse(name: &[u8]) -> Option<Format> {
        match name.strip_prefix(b"*").unwrap_or(name).first()? {
            b'n' => Some(Format::Number),
            b'l' => Some(Format::Line { keep_end: false }),
            b'L' => Some(Format::Line { keep_end: true }),
            b'a' => Some(Format::All),
            _ => None,
        }
    }

    /// Reads it; `None` at the end of the file, or when there is no number.
    pub fn read(self, stream: &mut Stream) -> Option<Item> {
        match self {
            Format::Number => read_number(stream).map(Item::Number),
            Format::Line { keep_end } => {
                let mut line = stream.read_line()?;
                if !keep_end && let [rest @ .., b'\n'] = line {
                    line = rest;
                }
                Some(Item::Text(line.to_vec()))
            }
            Format::All => {
                let mut text = Vec::new();
                stream.read(&mut text, usize::MAX);
                Some(Item::Text(text))
            }
            Format::Bytes(0) => (!stream.at_end()).then(|| Item::Text(Vec::new())),
            Format::Bytes(count) => {
                let mut text = Vec::new();
                (stream.read(&mut text, count) > 0).then_some(Item::Text(text))
            }
        }
    }
}

fn read_number(stream: &mut Stream) -> Option<f64> {
    let mut scanner = Scanner { stream, text: Vec::new(), next: None };
    scanner.advance();
    while scanner.next.is_some_and(|c| matches!(c, b' ' | b'\t'..=b'\r')) {
        scanner.advance();
    }
    scanner.number();
    if let Some(byte) = scanner.next {
        scanner.stream.unread(byte);
    }
    number::to_number(&scanner.text)
}

/// Takes characters from a stream as long as they fit.
struct Scanner<'a> {
    stream: &'a mut Stream,
    text: Vec<u8>,
    next: Option<u8>,
}

impl Scanner<'_> {
    fn advance(&mut self) {
        self.next = self.stream.next_byte();
    }

    /// Takes the next character if it is one of these, in either case.
    fn take(&mut self, any_of: &[u8]) -> bool {
        const LONGEST: usize = 1 << 20;
        match self.next {
            Some(c) if any_of.contains(&c.to_ascii_lowercase()) && self.text.len() < LONGEST => {
                self.text.push(c);
                self.advance();
                true
            }
            _ => false,
        }
    }

    /// Takes these characters, one after the other; says whether they were there.
    fn rest(&mut self, word: &[u8]) -> bool {
        word.iter().all(|c| self.take(&[*c]))
    }

    fn digits(&mut self, digits: &[u8]) {
        while self.take(digits) {}
    }

    fn number(&mut self) {
        const DECIMAL: &[u8] = b"0123456789";
        const HEXADECIMAL: &[u8] = b"0123456789abcdef";
        self.take(b"+-");
        for word in [&b"inf"[..], b"nan"] {
            if self.take(&word[..1]) {
                let whole = self.rest(&word[1..]) && (word == b"nan" || !self.take(b"i") || self.rest(b"nity"));
                if !whole {
                    self.next = None; // C's reader has swallowed the character that did not fit
                }
                return;
            }
        }
        let (mut digits, mut exponent) = (DECIMAL, b"e");
        if self.take(b"0") && self.take(b"x") {
            (digits, exponent) = (HEXADECIMAL, b"p");
        }
        self.digits(digits);
        if self.take(b".") {
            self.digits(digits);
        }
        let mantissa = self.text.len();
        if self.text.iter().any(u8::is_ascii_digit) && self.take(exponent) {
            self.take(b"+-");
            self.digits(DECIMAL);
            if !self.text.last().is_some_and(u8::is_ascii_digit) {
                // C's reader takes an exponent without digits, and does not mind.
                self.text.truncate(mantissa);
            }
        }
    }
}
