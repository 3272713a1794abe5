//! C declarations at run time: from the text of a header to ctypes.
//!
//! ```text
//!     text -> lexemes -> preprocessing tokens -> C tokens -> declaration (AST) -> ctypes and names
//!          lexer.rs   preprocess/
//! ```
//!
//! Read in this order: `name.rs` (spellings as numbers), `source.rs` (places), `lexer.rs`, `preprocess/`, then `literal.rs`
//! and `int.rs` (what constants mean).
//!
//! **Invariant:** nothing here knows of the Lua VM, of memory or of libraries. Text comes in, ctypes and constants come
//! out, and files are read through [`headers::HeaderFiles`] alone.

pub mod attribute;
pub mod error;
pub mod headers;
pub mod int;
pub mod journal;
pub mod lexer;
pub mod literal;
pub mod name;
pub mod preprocess;
pub mod source;
