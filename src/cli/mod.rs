//! The command line: options, running scripts, the interactive prompt.

pub mod allocator;
pub mod interrupt;
pub mod options;
pub mod repl;
pub mod run;
