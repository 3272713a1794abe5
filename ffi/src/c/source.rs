//! Texts and places: which file, line and column a token came from, and through which includes.
//!
//! A [`Loc`] is one 32-bit number: each text gets a range of numbers when it is entered, one per byte, so a place costs a
//! token four bytes and no lookup. Only an error (or `__LINE__`) asks where it is; then a binary search finds the text
//! and another one its line.
//!
//! ```text
//!     Loc   1 ........ 700 | 701 .............. 9000 | 9001 ... 9500 | ...
//!           the cdef       | /usr/include/stdio.h    | bits/types.h  |
//!           included at: - | Loc 12                  | Loc 1044      |
//! ```
//!
//! A line splice (a backslash at the end of a line) may stand inside any token, so splices are removed before lexing.
//! Where each one stood is remembered: a splice begins a line for positions but not for the language.

use std::sync::{Arc, OnceLock};

use super::lexer::{Lexeme, lex};

/// A place in some text of a [`SourceMap`]. Zero is nowhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Loc(pub u32);

impl Loc {
    /// No place: predefined macros, tokens made of nothing.
    pub const NOWHERE: Loc = Loc(0);
}

/// A text without its splices, lexed.
#[derive(Debug)]
pub struct Text {
    /// The bytes, splices removed.
    pub bytes: Vec<u8>,
    /// Its tokens.
    pub lexemes: Vec<Lexeme>,
    /// Offsets in `bytes` at which a splice was removed, ascending; twice the same for two in a row.
    splices: Vec<u32>,
    /// Offset at which each line of the original text begins.
    line_starts: OnceLock<Vec<u32>>,
}

impl Text {
    /// Prepares a text. A byte order mark is dropped, and what is beyond 2 GB.
    pub fn new(mut original: Vec<u8>) -> Text {
        original.truncate(i32::MAX as usize);
        if original.starts_with(b"\xEF\xBB\xBF") {
            original.drain(..3);
        }
        let (bytes, splices) = remove_splices(original);
        let lexemes = lex(&bytes);
        Text { bytes, lexemes, splices, line_starts: OnceLock::new() }
    }

    /// The bytes of a token.
    pub fn slice(&self, lexeme: Lexeme) -> &[u8] {
        &self.bytes[lexeme.start as usize..lexeme.end as usize]
    }

    /// Line and column, from 1, of an offset in `bytes`. Columns count bytes, as gcc's do.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let starts = self.line_starts.get_or_init(|| {
            let newlines = self.bytes.iter().enumerate().filter(|&(_, &b)| b == b'\n').map(|(i, _)| i as u32 + 1);
            let mut starts: Vec<u32> = std::iter::once(0).chain(newlines).chain(self.splices.iter().copied()).collect();
            starts.sort_unstable();
            starts
        });
        let line = starts.partition_point(|&start| start <= offset);
        (line as u32, offset - starts[line - 1] + 1)
    }
}

/// Removes each backslash that ends a line, with blanks between as gcc allows, and the newline.
fn remove_splices(original: Vec<u8>) -> (Vec<u8>, Vec<u32>) {
    let splice_at = |at: usize| -> Option<usize> {
        let blanks = original[at + 1..].iter().take_while(|&&b| matches!(b, b' ' | b'\t' | b'\r')).count();
        (original.get(at + 1 + blanks) == Some(&b'\n')).then_some(at + blanks + 2)
    };
    let backslashes = || original.iter().enumerate().filter(|&(_, &b)| b == b'\\').map(|(at, _)| at);
    if !backslashes().any(|at| splice_at(at).is_some()) {
        return (original, Vec::new());
    }
    let mut bytes = Vec::with_capacity(original.len());
    let mut splices = Vec::new();
    let mut copied = 0;
    for at in backslashes() {
        if let Some(end) = splice_at(at) {
            bytes.extend_from_slice(&original[copied..at]);
            splices.push(bytes.len() as u32);
            copied = end;
        }
    }
    bytes.extend_from_slice(&original[copied..]);
    (bytes, splices)
}

/// Where a text came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Text that the program was given: a `cdef`, a type's name. The string is what messages call it.
    Pasted(Arc<str>),
    /// A file that was included, as gcc would spell its path.
    Header(Arc<str>),
}

impl Origin {
    /// The name of the file or chunk.
    pub fn name(&self) -> &Arc<str> {
        match self {
            Origin::Pasted(name) | Origin::Header(name) => name,
        }
    }
}

/// A place in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// The text, or what a `#line` directive called it.
    pub origin: Origin,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1; a column is of the real text even after `#line`.
    pub column: u32,
}

/// One text that was entered: the `cdef` or one inclusion of a header.
#[derive(Debug)]
struct Entry {
    base: u32,
    text: Arc<Text>,
    origin: Origin,
    included_at: Loc,
    /// From which offset a `#line` moves lines by how many, and the file's new name.
    renumbered: Vec<(u32, i64, Option<Arc<str>>)>,
}

/// All texts of one run of the preprocessor.
#[derive(Debug, Default)]
pub struct SourceMap {
    entries: Vec<Entry>,
}

impl SourceMap {
    /// Enters a text and returns the number of its first byte, or nothing when 4 GB are used up.
    pub fn enter(&mut self, text: Arc<Text>, origin: Origin, included_at: Loc) -> Option<u32> {
        let base = match self.entries.last() {
            None => 1,
            Some(last) => last.base.checked_add(last.text.bytes.len() as u32 + 1)?,
        };
        base.checked_add(text.bytes.len() as u32 + 1)?;
        self.entries.push(Entry { base, text, origin, included_at, renumbered: Vec::new() });
        Some(base)
    }

    fn entry(&self, loc: Loc) -> Option<&Entry> {
        let after = self.entries.partition_point(|entry| entry.base <= loc.0);
        self.entries[..after].last()
    }

    /// File, line and column of a place.
    pub fn position(&self, loc: Loc) -> Option<Position> {
        let entry = self.entry(loc)?;
        let offset = loc.0 - entry.base;
        let (line, column) = entry.text.position(offset);
        let directive = entry.renumbered.iter().rev().find(|mark| mark.0 <= offset);
        let (shift, name) = directive.map_or((0, None), |(_, shift, name)| (*shift, name.clone()));
        let origin = name.map_or_else(|| entry.origin.clone(), Origin::Header);
        Some(Position { origin, line: (i64::from(line) + shift).clamp(0, u32::MAX.into()) as u32, column })
    }

    /// Where the text of a place was included, the innermost `#include` first.
    pub fn include_chain(&self, loc: Loc) -> Vec<Position> {
        let mut chain = Vec::new();
        let mut at = self.entry(loc).map_or(Loc::NOWHERE, |entry| entry.included_at);
        while let Some(position) = self.position(at) {
            chain.push(position);
            at = self.entry(at).map_or(Loc::NOWHERE, |entry| entry.included_at);
        }
        chain
    }

    /// Obeys a `#line`: the line after that of `loc` is number `line`, of a file of the given name.
    pub fn renumber(&mut self, loc: Loc, line: u32, name: Option<Arc<str>>) {
        let after = self.entries.partition_point(|entry| entry.base <= loc.0);
        let Some(entry) = self.entries[..after].last_mut() else { return };
        let offset = loc.0 - entry.base;
        let next_line = i64::from(entry.text.position(offset).0) + 1;
        let name = name.or_else(|| entry.renumbered.last().and_then(|mark| mark.2.clone()));
        entry.renumbered.push((offset, i64::from(line) - next_line, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splices_vanish_but_lines_and_columns_stay() {
        let text = Text::new(b"ab\\\ncd \\  \r\n\\\nx\ny".to_vec());
        assert_eq!(text.bytes, b"abcd x\ny");
        let at = |needle: u8| text.position(text.bytes.iter().position(|&b| b == needle).unwrap() as u32);
        assert_eq!((at(b'b'), at(b'c'), at(b'x'), at(b'y')), ((1, 2), (2, 1), (4, 1), (5, 1)));
        assert_eq!(text.slice(text.lexemes[0]), b"abcd");
    }

    #[test]
    fn a_backslash_inside_a_line_stays() {
        let text = Text::new(br"'\n' \ x \".to_vec());
        assert_eq!(text.bytes, br"'\n' \ x \");
    }

    #[test]
    fn places_know_their_file_and_includes() {
        let mut map = SourceMap::default();
        let text = |s: &str| Arc::new(Text::new(s.into()));
        let header = |s: &str| Origin::Header(s.into());
        let outer = map.enter(text("one\ntwo\n"), Origin::Pasted("cdef".into()), Loc::NOWHERE).unwrap();
        let inner = map.enter(text("x\n y"), header("a.h"), Loc(outer + 4)).unwrap();
        let y = map.position(Loc(inner + 3)).unwrap();
        assert_eq!((&**y.origin.name(), y.line, y.column), ("a.h", 2, 2));
        let chain = map.include_chain(Loc(inner));
        assert_eq!((chain.len(), chain[0].line, chain[0].column), (1, 2, 1));
        assert_eq!(map.position(Loc::NOWHERE), None);

        map.renumber(Loc(inner), 70, Some("b.h".into()));
        let y = map.position(Loc(inner + 3)).unwrap();
        assert_eq!((&**y.origin.name(), y.line), ("b.h", 70));
    }
}
