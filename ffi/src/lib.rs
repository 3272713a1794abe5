//! moonwake-ffi: C declarations at run time, and calls by them.
//!
//! The C half reads declarations as they stand in a header: [`c`] goes from text to names and constants, [`ctype`] holds the
//! types, [`layout`] places the members of structs as GCC does, [`abi`] says which bytes of an argument travel where. It
//! knows nothing of the Lua VM, so that it can be read, tested and fuzzed alone.
//!
//! The other half stands between Lua and C. Reading order: [`state`] (what one machine's FFI is), [`cdata`] and [`scalar`] (C values), [`convert`] (between
//! Lua values and C values), [`index`] and [`arith`] (what operators mean), [`operators`] (the metatable of cdata), [`call`] and
//! [`callback`] (functions), [`library`], [`api`] (the library `ffi` itself).
//!
//! What an operation does is decided from types alone, by functions named `plan`. The interpreter carries the plan out at once; the
//! JIT asks for it while it records, and compiles it.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod abi;
mod api;
pub mod arith;
pub mod c;
pub mod call;
mod callback;
pub mod cdata;
pub mod convert;
pub mod ctype;
mod float_format;
pub mod index;
pub mod layout;
mod library;
pub mod metatype;
mod open;
mod operators;
pub mod problem;
pub mod scalar;
mod settings;
pub mod state;

pub use open::{library, open, settings};
pub use settings::Settings;
