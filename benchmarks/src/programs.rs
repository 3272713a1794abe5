//! The programs: one table, and where their files lie.
//!
//! A program `NAME` is `programs/NAME.lua`, and where it says something also `NAME.c` and `NAME.py`. All of them print the same
//! text. Each takes its size as its last argument and has a size of its own for measuring.

use std::path::PathBuf;

/// What a program needs beyond the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it runs on every Lua.
    Nothing,
    /// The `ffi` library.
    Ffi,
    /// The `ffi` library and the native functions of `native/calls.c`, whose path is its first argument.
    Calls,
}

/// One program of the suite.
#[derive(Debug)]
pub struct Program {
    /// Its name, and that of its files without their ending.
    pub name: &'static str,
    /// What it needs beyond the language.
    pub needs: Needs,
    /// A size at which it still does everything but ends in milliseconds, for tests.
    pub small: &'static str,
}

impl Program {
    /// The program's source in the language with the given file ending, if there is one.
    pub fn source(&self, ending: &str) -> Option<PathBuf> {
        let path = folder("programs").join(format!("{}.{ending}", self.name));
        path.is_file().then_some(path)
    }
}

/// A folder of this package.
pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

const fn program(name: &'static str, needs: Needs, small: &'static str) -> Program {
    Program { name, needs, small }
}

/// Every program, in the order in which results are printed.
pub const PROGRAMS: &[Program] = &[
    program("loop", Needs::Nothing, "20"),
    program("fib", Needs::Nothing, "20"),
    program("float", Needs::Nothing, "1"),
    program("fannkuch", Needs::Nothing, "7"),
    program("nbody", Needs::Nothing, "1000"),
    program("spectral_norm", Needs::Nothing, "50"),
    program("mandelbrot", Needs::Nothing, "50"),
    program("sieve", Needs::Nothing, "1"),
    program("binary_trees", Needs::Nothing, "8"),
    program("list", Needs::Nothing, "1"),
    program("string_build", Needs::Nothing, "1"),
    program("queens", Needs::Nothing, "7"),
    program("dominators", Needs::Nothing, "3"),
    program("pointer_sum", Needs::Ffi, "1"),
    program("call_int", Needs::Calls, "10000"),
    program("call_double", Needs::Calls, "10000"),
    program("struct_16", Needs::Calls, "10000"),
    program("struct_12", Needs::Calls, "10000"),
    program("struct_24", Needs::Calls, "10000"),
];
