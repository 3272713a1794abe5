//! Errors: a thrown Lua value on its way to the nearest protected call.
//!
//! Rust code carries an error as `Err(Error)`; the interpreter's handlers hand it to `throw`, which unwinds the Lua stack. No
//! native frame is ever unwound for it. What the usual messages say is made in [`super::messages`].

use crate::value::Value;

/// A thrown error: any Lua value, most often a string with a position in front.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Error {
    /// What was thrown.
    pub value: Value,
}

impl Error {
    /// An error that throws `value`.
    pub fn new(value: Value) -> Error {
        Error { value }
    }
}

/// A result whose error is a Lua error.
pub type LuaResult<T> = Result<T, Error>;
