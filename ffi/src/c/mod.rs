//! C declarations at run time: from the text of a header to ctypes.
//!
//! ```text
//!     text -> lexemes -> preprocessing tokens -> C tokens -> declaration (AST) -> ctypes, names, constants
//!          lexer     preprocess/              tokens   grammar.lalrpop     declare/
//! ```
//!
//! Read in this order: `name.rs` (spellings as numbers), `source.rs` (places), `lexer.rs`, `preprocess/`; then `tokens.rs`
//! (what only the context tells), `grammar.lalrpop` and `ast.rs` (the shape of a declaration), `declare/` (what it means), with
//! `literal.rs` and `int.rs` for constants. `declarations.rs` puts it together and is what others use.
//!
//! **Invariant:** nothing here knows of the Lua VM, of memory or of libraries. Text comes in, ctypes and constants come
//! out, and files are read through [`headers::HeaderFiles`] alone. There is no unsafe code.

pub mod ast;
pub mod attribute;
pub mod declarations;
pub mod declare;
pub mod error;
pub mod headers;
pub mod int;
pub mod journal;
pub mod lexer;
pub mod literal;
pub mod name;
mod parse;
pub mod preprocess;
pub mod scope;
pub mod source;
pub mod token;
pub mod tokens;
