//! The language of moonwake: Lua 5.1 as LuaJIT 2.1 speaks it.
//!
//! Reading order: [`value`] and [`object`] (what data looks like), [`bytecode`] (what the compiler emits), [`trace_state`] (how the
//! machine and compiled code talk).

pub mod bytecode;
pub mod chunk_name;
pub mod number;
pub mod object;
pub mod trace_state;
pub mod value;
