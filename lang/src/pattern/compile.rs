//! From the text of a pattern to its items.

use super::class::{Set, bracket_set, class};
use super::{MAX_CAPTURES, PatternError};
use crate::bytes::find_byte;

/// What matches one character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Single {
    /// `.`
    Any,
    /// The character itself.
    Byte(u8),
    /// A class or a set in brackets: an index into [`Pattern::sets`].
    Set(u16),
}

/// One step of a match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// `x`
    One(Single),
    /// `x?`
    Optional(Single),
    /// `x*`
    Star(Single),
    /// `x+`
    Plus(Single),
    /// `x-`
    Lazy(Single),
    /// `(`
    Open(u8),
    /// `()`
    Position(u8),
    /// `)`
    Close(u8),
    /// `%1`: what the capture matched, again.
    Back(u8),
    /// `%bxy`: a run from an `x` to the `y` that balances it.
    Balanced(u8, u8),
    /// `%f[set]`: a place between a character that is not in the set and one that is.
    Frontier(u16),
    /// `$` at the end.
    End,
    /// The whole pattern has matched.
    Match,
    /// The pattern is malformed here.
    Malformed(PatternError),
}

/// Whether `^` at the start is special: it is not in `gmatch`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// A `^` at the start anchors the match.
    Special,
    /// A `^` is a character like others.
    Literal,
}

/// A compiled pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    /// What to match, in order; the last one is `Match` or `Malformed`.
    pub items: Vec<Item>,
    /// The sets that items refer to.
    pub sets: Vec<Set>,
    /// Whether a match must start where the search starts.
    pub anchored: bool,
    /// Number of captures that are opened.
    pub captures: usize,
    /// What every match starts with, if that is a certain kind of character.
    pub first: Option<Single>,
}

impl Pattern {
    /// Compiles a pattern. A mistake in it becomes an [`Item::Malformed`].
    pub fn compile(text: &[u8], anchor: Anchor) -> Pattern {
        let anchored = anchor == Anchor::Special && text.first() == Some(&b'^');
        let text = &text[usize::from(anchored)..];
        let text = &text[..find_byte(text, 0).unwrap_or(text.len())];
        let mut compiler = Compiler { text, at: 0, items: Vec::new(), sets: Vec::new(), captures: Vec::new() };
        let last = match compiler.items() {
            Ok(()) => Item::Match,
            Err(error) => Item::Malformed(error),
        };
        compiler.items.push(last);
        let Compiler { items, sets, captures, .. } = compiler;
        let first = items.iter().find(|item| !matches!(item, Item::Open(_) | Item::Position(_)));
        let first = match first {
            Some(&(Item::One(single) | Item::Plus(single))) if single != Single::Any => Some(single),
            _ => None,
        };
        Pattern { items, sets, anchored, captures: captures.len(), first }
    }

    /// Whether a byte matches.
    #[inline(always)]
    pub fn accepts(&self, single: Single, byte: u8) -> bool {
        match single {
            Single::Any => true,
            Single::Byte(expected) => byte == expected,
            Single::Set(set) => self.sets[usize::from(set)].contains(byte),
        }
    }
}

/// How far a capture has come while the pattern is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Open,
    Closed,
    Position,
}

struct Compiler<'a> {
    text: &'a [u8],
    at: usize,
    items: Vec<Item>,
    sets: Vec<Set>,
    captures: Vec<Progress>,
}

impl Compiler<'_> {
    fn items(&mut self) -> Result<(), PatternError> {
        while let Some(&c) = self.text.get(self.at) {
            self.at += 1;
            let item = match c {
                b'(' => self.open()?,
                b')' => self.close()?,
                b'$' if self.at == self.text.len() => Item::End,
                b'%' => match self.next() {
                    Some(b'b') => self.balanced()?,
                    Some(b'f') => self.frontier()?,
                    Some(digit @ b'0'..=b'9') => self.back_reference(digit)?,
                    Some(letter) => {
                        let single = self.class(letter);
                        self.repeated(single)
                    }
                    None => return Err(PatternError::EndsWithPercent),
                },
                b'[' => {
                    let set = self.bracket()?;
                    self.repeated(Single::Set(set))
                }
                b'.' => self.repeated(Single::Any),
                c => self.repeated(Single::Byte(c)),
            };
            self.items.push(item);
        }
        Ok(())
    }

    fn next(&mut self) -> Option<u8> {
        let c = self.text.get(self.at).copied()?;
        self.at += 1;
        Some(c)
    }

    fn open(&mut self) -> Result<Item, PatternError> {
        let index = self.captures.len();
        if index == MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        if self.text.get(self.at) == Some(&b')') {
            self.at += 1;
            self.captures.push(Progress::Position);
            return Ok(Item::Position(index as u8));
        }
        self.captures.push(Progress::Open);
        Ok(Item::Open(index as u8))
    }

    fn close(&mut self) -> Result<Item, PatternError> {
        match self.captures.iter().rposition(|&p| p == Progress::Open) {
            Some(index) => {
                self.captures[index] = Progress::Closed;
                Ok(Item::Close(index as u8))
            }
            None => Err(PatternError::InvalidCapture),
        }
    }

    fn back_reference(&mut self, digit: u8) -> Result<Item, PatternError> {
        match digit.checked_sub(b'1') {
            Some(index) if self.captures.get(usize::from(index)) == Some(&Progress::Closed) => Ok(Item::Back(index)),
            // A position has no text, and can never match again.
            Some(index) if self.captures.get(usize::from(index)) == Some(&Progress::Position) => {
                let nothing = self.add_set(Set::default());
                Ok(Item::One(Single::Set(nothing)))
            }
            _ => Err(PatternError::InvalidCaptureIndex),
        }
    }

    fn balanced(&mut self) -> Result<Item, PatternError> {
        match (self.next(), self.next()) {
            (Some(open), Some(close)) => Ok(Item::Balanced(open, close)),
            _ => Err(PatternError::Unbalanced),
        }
    }

    fn frontier(&mut self) -> Result<Item, PatternError> {
        match self.next() {
            Some(b'[') => self.bracket().map(Item::Frontier),
            _ => Err(PatternError::MissingFrontierSet),
        }
    }

    fn bracket(&mut self) -> Result<u16, PatternError> {
        let (set, length) = bracket_set(&self.text[self.at..]).ok_or(PatternError::MissingBracket)?;
        self.at += length;
        Ok(self.add_set(set))
    }

    fn class(&mut self, letter: u8) -> Single {
        match class(letter) {
            Some(set) => Single::Set(self.add_set(set)),
            None => Single::Byte(letter),
        }
    }

    fn add_set(&mut self, set: Set) -> u16 {
        let known = self.sets.iter().position(|s| *s == set);
        known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        }) as u16
    }

    /// The item for a single character and the sign of repetition behind it.
    fn repeated(&mut self, single: Single) -> Item {
        let item = match self.text.get(self.at) {
            Some(b'?') => Item::Optional(single),
            Some(b'*') => Item::Star(single),
            Some(b'+') => Item::Plus(single),
            Some(b'-') => Item::Lazy(single),
            _ => return Item::One(single),
        };
        self.at += 1;
        item
    }
}
