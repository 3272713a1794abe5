//! The benchmark suite: the same programs on moonwake, LuaJIT, PUC Lua 5.4, C and Python, side by side.
//!
//! Read in this order: [`programs`] is the table of what is run; [`peers`] says who runs it, and by which command;
//! [`natives`] compiles the C twins and the library that the call benchmarks call; [`measure`] runs one process and takes
//! its time and memory; [`suite`] plays the rounds; [`report`] prints.
//!
//! **How time is taken.** A program only computes and prints its result. The runner takes the time of the whole process from
//! outside and subtracts what the same peer takes for an empty program, so that compiling, warming up and collecting count as
//! they do for a user, and the start-up of a process does not. Peers take turns round by round, so that a machine that slows
//! down slows all of them; the median of the rounds is what is compared.
//!
//! The peers' paths ([`LUAJIT`], [`LUA54`]) are public because tests elsewhere compare against the same binaries.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod measure;
pub mod natives;
pub mod peers;
pub mod programs;
pub mod report;
pub mod suite;

/// The stand-alone LuaJIT 2.1 that the build script made.
pub const LUAJIT: &str = env!("PEER_LUAJIT");

/// The stand-alone PUC Lua 5.4 that the build script made: `lua script [args]` or `lua -e text [args]`.
pub const LUA54: &str = env!("PEER_LUA54");
