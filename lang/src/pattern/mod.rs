//! Lua patterns: compiled to a short list of items, then matched by backtracking on a stack of its own.
//!
//! A Lua pattern is a plain sequence: there is no alternation, and only single characters can be repeated. So it compiles
//! to a flat list in which "what comes next" is always the next item:
//!
//! ```text
//! "^(%w+)=%s*"    anchored   OPEN 0   PLUS %w   CLOSE 0   ONE '='   STAR %s   MATCH
//! ```
//!
//! The original matcher recurses. Here the native stack is not used: an item that could also match differently leaves a frame
//! on the backtrack stack. Since every item leaves at most one frame at a time, that stack is never longer than the pattern.
//!
//! **Mistakes show when they are reached.** `("x"):find("y[")` is nil, not an error, because the matcher gives up before
//! it sees the bracket. So a malformed part compiles to an item that fails with its [`PatternError`] when it is
//! reached, and compiling never fails.
//!
//! **A pattern ends at its first zero**, as in Lua 5.1, which takes it for a C string; `%z` stands for the character.
//!
//! Read [`class`] (`%a`, `[...]`), [`compile`], [`matcher`]. Reference: Lua 5.1 manual §5.4.1; `%f` as in 5.2.

pub mod class;
mod compile;
mod matcher;
#[cfg(test)]
mod tests;

pub use compile::{Anchor, Item, Pattern, Single};
pub use matcher::{Capture, Matcher};

/// Most captures of a pattern.
pub const MAX_CAPTURES: usize = 32;

/// What is wrong with a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatternError {
    /// `[a`
    MissingBracket,
    /// A lone `%` at the end.
    EndsWithPercent,
    /// `%bx`
    Unbalanced,
    /// `%f` without a set.
    MissingFrontierSet,
    /// More than [`MAX_CAPTURES`].
    TooManyCaptures,
    /// A capture that was opened and not closed is asked for.
    UnfinishedCapture,
    /// `)` without `(`.
    InvalidCapture,
    /// `%1` for a capture that is not there or not yet closed.
    InvalidCaptureIndex,
    /// More repetitions and parentheses than a match may be inside of.
    TooComplex,
}

impl PatternError {
    /// The message, as LuaJIT words it.
    pub fn message(self) -> &'static str {
        match self {
            PatternError::MissingBracket => "malformed pattern (missing ']')",
            PatternError::EndsWithPercent => "malformed pattern (ends with '%')",
            PatternError::Unbalanced => "unbalanced pattern",
            PatternError::MissingFrontierSet => "missing '[' after '%f' in pattern",
            PatternError::TooManyCaptures => "too many captures",
            PatternError::UnfinishedCapture => "unfinished capture",
            PatternError::InvalidCapture => "invalid pattern capture",
            PatternError::InvalidCaptureIndex => "invalid capture index",
            PatternError::TooComplex => "pattern too complex",
        }
    }
}

/// Whether a string has a character that is special at some place of a pattern; one without is its own plain text.
pub fn has_specials(text: &[u8]) -> bool {
    text.iter().any(|c| b"^$*+?.([%-".contains(c))
}
