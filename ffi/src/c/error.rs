//! Errors of the C half: what went wrong, where, and through which includes.
//!
//! Inside, a [`Fault`] is a message and a [`Loc`]. At the edge of a `cdef` it becomes a [`CError`], which has the place in
//! words and outlives the texts. Messages are LuaJIT's where LuaJIT has one.

use std::fmt;

use super::source::{Loc, Origin, Position, SourceMap};

/// An error inside the C half.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where, if anywhere.
    pub loc: Loc,
    /// One line.
    pub message: String,
}

/// Boxed, so that the way without errors carries one word.
pub type Result<T, E = Box<Fault>> = std::result::Result<T, E>;

/// An error at a place.
pub fn fault<T>(loc: Loc, message: impl Into<String>) -> Result<T> {
    Err(Box::new(Fault { loc, message: message.into() }))
}

/// What is wrong with a piece of C, for the person who wrote it.
///
/// Its text is one line. For pasted text it is LuaJIT's message, `declaration specifier expected near 'x' at line 3`,
/// with the column behind it; for a header `file:line:column: message` and the includes that led there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CError {
    /// What went wrong, without the place.
    pub message: String,
    /// Where; nothing when the error is not in a text (a wrong number of type parameters).
    pub position: Option<Position>,
    /// The `#include` lines that led to the place, the innermost first.
    pub includes: Vec<Position>,
    /// Leave the place out of the text when it is line 1 of pasted text: for a type's name, as LuaJIT does.
    pub(super) terse: bool,
}

impl CError {
    /// An error that is not in a text.
    pub fn placeless(message: impl Into<String>) -> CError {
        CError { message: message.into(), position: None, includes: Vec::new(), terse: false }
    }

    /// The error as its user sees it.
    pub fn new(fault: Fault, map: &SourceMap, terse: bool) -> CError {
        CError {
            message: fault.message,
            position: map.position(fault.loc),
            includes: map.include_chain(fault.loc),
            terse,
        }
    }
}

impl fmt::Display for CError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Position { origin, line, column }) = &self.position else {
            return f.write_str(&self.message);
        };
        match origin {
            Origin::Pasted(_) if self.terse && *line == 1 => f.write_str(&self.message)?,
            Origin::Pasted(_) => write!(f, "{} at line {line}, column {column}", self.message)?,
            Origin::Header(file) => write!(f, "{file}:{line}:{column}: {}", self.message)?,
        }
        /// More of them than this say nothing more: a header that includes itself.
        const SHOWN: usize = 8;
        for (depth, include) in self.includes.iter().take(SHOWN).enumerate() {
            f.write_str(if depth == 0 { " (included from " } else { ", from " })?;
            match &include.origin {
                Origin::Pasted(_) => write!(f, "line {}", include.line)?,
                Origin::Header(file) => write!(f, "{file}:{}", include.line)?,
            }
        }
        match self.includes.len() {
            0 => Ok(()),
            1..=SHOWN => f.write_str(")"),
            all => write!(f, ", and {} more)", all - SHOWN),
        }
    }
}

impl std::error::Error for CError {}
