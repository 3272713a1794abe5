//! Matching: walks the items, and goes back to the last choice when one does not match.
//!
//! A frame of the backtrack stack is a choice that is left:
//!
//! | frame | left by | taken up again |
//! | --- | --- | --- |
//! | `Greedy` | `x*`, `x+` after taking all they can | give one character back, go on with the next item |
//! | `Lazy` | `x-` after taking none | take one more character, go on with the next item |
//! | `Skip` | `x?` after taking one | go on with the next item without it |
//!
//! Captures need not be restored: items are passed in order, so a capture that a failed path has set is set again before a
//! later path can look at it.
//!
//! **A limit that programs can see.** LuaJIT's matcher calls itself for what follows a repetition or a parenthesis, and gives up with
//! "pattern too complex" in the 201st call. Nothing here needs that limit, but programs rely on it to be told of patterns that would
//! take for ever; so the calls that LuaJIT would be in are counted along the path, and a frame remembers the count to go back to.

use super::{Item, MAX_CAPTURES, Pattern, PatternError, Single};
use crate::bytes::find_byte;

/// What a capture caught.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capture<'s> {
    /// A part of the subject.
    Text(&'s [u8]),
    /// `()`: a place in the subject, counted from 0.
    Position(usize),
}

/// What is known of a capture during a match.
///
/// Strings are shorter than 2³¹ bytes; and these are filled with zeros for every match, so they had better be small.
#[derive(Clone, Copy, Default)]
struct Caught {
    start: u32,
    /// Where it ends; one of the two marks below otherwise.
    end: u32,
}

/// Opened and not closed.
const UNFINISHED: u32 = u32::MAX;
/// `()`.
const POSITION: u32 = u32::MAX - 1;

/// A choice that is left; see the head of this file.
#[derive(Clone, Copy)]
enum Frame {
    Greedy { item: usize, least: usize, at: usize, depth: usize },
    Lazy { item: usize, single: Single, at: usize, depth: usize },
    Skip { item: usize, at: usize, depth: usize },
}

/// Most repetitions and parentheses that a match may be inside of.
const MAX_DEPTH: usize = 199;

/// A pattern at work on a subject.
pub struct Matcher<'p, 's> {
    pattern: &'p Pattern,
    subject: &'s [u8],
    captures: [Caught; MAX_CAPTURES],
    choices: Vec<Frame>,
}

impl<'p, 's> Matcher<'p, 's> {
    /// A matcher of `pattern` on `subject`.
    pub fn new(pattern: &'p Pattern, subject: &'s [u8]) -> Matcher<'p, 's> {
        Matcher { pattern, subject, captures: [Caught::default(); MAX_CAPTURES], choices: Vec::new() }
    }

    /// The first match that starts at `from` or later: where it starts and ends.
    pub fn find(&mut self, from: usize) -> Result<Option<(usize, usize)>, PatternError> {
        let mut at = from;
        while let Some(start) = self.candidate(at) {
            if let Some(end) = self.match_at(start)? {
                return Ok(Some((start, end)));
            }
            if self.pattern.anchored {
                break;
            }
            at = start + 1;
        }
        Ok(None)
    }

    /// The first place from `at` on where a match may start.
    fn candidate(&self, at: usize) -> Option<usize> {
        let rest = self.subject.get(at..)?;
        if self.pattern.anchored {
            return Some(at);
        }
        match self.pattern.first {
            None => Some(at),
            Some(Single::Byte(byte)) => find_byte(rest, byte).map(|i| at + i),
            Some(single) => rest.iter().position(|&c| self.pattern.accepts(single, c)).map(|i| at + i),
        }
    }

    /// Where a match that starts at `start` ends.
    pub fn match_at(&mut self, start: usize) -> Result<Option<usize>, PatternError> {
        let (pattern, subject) = (self.pattern, self.subject);
        self.choices.clear();
        let mut at = start;
        let mut item = 0;
        // How deep a recursive matcher would be here.
        let mut depth = 0;
        loop {
            let next_byte = subject.get(at).copied();
            let matched = match pattern.items[item] {
                Item::One(single) => match next_byte {
                    Some(byte) if pattern.accepts(single, byte) => {
                        at += 1;
                        true
                    }
                    _ => false,
                },
                Item::Optional(single) => {
                    if next_byte.is_some_and(|byte| pattern.accepts(single, byte)) {
                        self.choices.push(Frame::Skip { item: item + 1, at, depth });
                        at += 1;
                        depth += 1;
                    }
                    true
                }
                Item::Star(single) => {
                    depth += 1;
                    at = self.take_all(single, item, at, at, depth);
                    true
                }
                Item::Plus(single) => {
                    if next_byte.is_some_and(|byte| pattern.accepts(single, byte)) {
                        depth += 1;
                        at = self.take_all(single, item, at + 1, at + 1, depth);
                        true
                    } else {
                        false
                    }
                }
                Item::Lazy(single) => {
                    depth += 1;
                    self.choices.push(Frame::Lazy { item: item + 1, single, at, depth });
                    true
                }
                Item::Open(index) => {
                    self.captures[usize::from(index)] = Caught { start: at as u32, end: UNFINISHED };
                    depth += 1;
                    true
                }
                Item::Position(index) => {
                    self.captures[usize::from(index)] = Caught { start: at as u32, end: POSITION };
                    depth += 1;
                    true
                }
                Item::Close(index) => {
                    self.captures[usize::from(index)].end = at as u32;
                    depth += 1;
                    true
                }
                Item::Back(index) => {
                    let Caught { start, end } = self.captures[usize::from(index)];
                    let (start, end) = (start as usize, end as usize);
                    let again = subject[at..].starts_with(&subject[start..end]);
                    at += if again { end - start } else { 0 };
                    again
                }
                Item::Balanced(open, close) => match balanced_end(&subject[at..], open, close) {
                    Some(length) => {
                        at += length;
                        true
                    }
                    None => false,
                },
                Item::Frontier(set) => {
                    let set = &pattern.sets[usize::from(set)];
                    let before = if at == 0 { 0 } else { subject[at - 1] };
                    !set.contains(before) && set.contains(next_byte.unwrap_or(0))
                }
                Item::End => at == subject.len(),
                Item::Match => return Ok(Some(at)),
                Item::Malformed(error) => return Err(error),
            };
            if matched {
                item += 1;
                if depth > MAX_DEPTH {
                    return Err(PatternError::TooComplex);
                }
            } else {
                match self.next_choice() {
                    Some(choice) => (item, at, depth) = choice,
                    None => return Ok(None),
                }
            }
        }
    }

    /// Takes all characters from `at` on that match; says where they end.
    fn take_all(&mut self, single: Single, item: usize, least: usize, at: usize, depth: usize) -> usize {
        let (pattern, rest) = (self.pattern, &self.subject[at..]);
        let length = match single {
            Single::Any => rest.len(),
            Single::Byte(byte) => rest.iter().take_while(|&&c| c == byte).count(),
            Single::Set(set) => {
                let set = &pattern.sets[usize::from(set)];
                rest.iter().take_while(|&&c| set.contains(c)).count()
            }
        };
        let end = at + length;
        // Before the end of the pattern there is nothing to give characters back for.
        if end > least && pattern.items[item + 1] != Item::Match {
            self.choices.push(Frame::Greedy { item: item + 1, least, at: end, depth });
        }
        end
    }

    /// Takes up the last choice that is left: the item and the place to go on with, and the depth there.
    fn next_choice(&mut self) -> Option<(usize, usize, usize)> {
        loop {
            match self.choices.last_mut()? {
                Frame::Greedy { item, least, at, depth } => {
                    *at -= 1;
                    let choice = (*item, *at, *depth);
                    if *at == *least {
                        self.choices.pop();
                    }
                    return Some(choice);
                }
                Frame::Lazy { item, single, at, depth } => {
                    if self.subject.get(*at).is_some_and(|&byte| self.pattern.accepts(*single, byte)) {
                        *at += 1;
                        return Some((*item, *at, *depth));
                    }
                    self.choices.pop();
                }
                Frame::Skip { item, at, depth } => {
                    let choice = (*item, *at, *depth);
                    self.choices.pop();
                    return Some(choice);
                }
            }
        }
    }

    /// Number of captures of the pattern.
    pub fn capture_count(&self) -> usize {
        self.pattern.captures
    }

    /// What capture `index` caught in the last match.
    ///
    /// Fails for one that is not there, and for one that the pattern opens and does not close.
    pub fn capture(&self, index: usize) -> Result<Capture<'s>, PatternError> {
        if index >= self.pattern.captures {
            return Err(PatternError::InvalidCaptureIndex);
        }
        match self.captures[index] {
            Caught { end: UNFINISHED, .. } => Err(PatternError::UnfinishedCapture),
            Caught { start, end: POSITION } => Ok(Capture::Position(start as usize)),
            Caught { start, end } => Ok(Capture::Text(&self.subject[start as usize..end as usize])),
        }
    }
}

/// The length of a run that starts with `open` and ends with the `close` that balances it.
fn balanced_end(text: &[u8], open: u8, close: u8) -> Option<usize> {
    if text.first() != Some(&open) {
        return None;
    }
    let mut depth = 1;
    for (i, &c) in text.iter().enumerate().skip(1) {
        // When both are the same character, the second one closes.
        if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(i + 1);
            }
        } else if c == open {
            depth += 1;
        }
    }
    None
}
