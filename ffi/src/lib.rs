//! moonwake-ffi: C declarations at run time, and calls by them.
//!
//! The C half reads declarations as they stand in a header: [`c`] goes from text to names and constants, [`ctype`] holds the
//! types, [`layout`] places the members of structs as GCC does, [`abi`] says which bytes of an argument travel where. It
//! knows nothing of the Lua VM, so that it can be read, tested and fuzzed alone.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod abi;
pub mod c;
pub mod ctype;
mod float_format;
pub mod layout;
pub mod scalar;
