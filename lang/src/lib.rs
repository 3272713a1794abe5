//! The language of moonwake: Lua 5.1 as LuaJIT 2.1 speaks it.
//!
//! Reading order:
//!
//! 1. From text to a syntax tree: [`lexer`] (with [`escape`], [`number`], [`symbols`]), [`tokens`], `grammar.lalrpop` with
//!    [`parse`] and [`operators`], [`ast`]; [`syntax_error`] says what is wrong with a text. From there to [`bytecode`]:
//!    [`compile`].
//! 2. [`value`] and [`object`] (what data looks like), [`trace_state`] (how the machine and compiled code talk).
//! 3. What programs work on: [`gc`] (the heap and its collector), [`mod@string`], [`table`], [`metamethod`]; [`load`] brings a
//!    compiled chunk there.
//! 4. [`vm`]: the machine that runs it.
//! 5. The standard library: [`format`] (numbers and strings as text), [`pattern`], then [`stdlib`].

pub mod ast;
pub mod bytecode;
pub mod bytes;
pub mod chunk_name;
pub mod compile;
pub mod escape;
pub mod format;
pub mod gc;
pub mod lexer;
pub mod load;
pub mod metamethod;
pub mod number;
pub mod object;
pub mod operators;
pub mod parse;
pub mod pattern;
pub mod stdlib;
pub mod string;
pub mod symbols;
pub mod syntax_error;
pub mod table;
pub mod tokens;
pub mod trace_state;
pub mod value;
pub mod vm;
