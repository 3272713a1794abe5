//! The command line: options, running scripts, the interactive prompt.

pub mod allocator;
pub mod options;
pub mod repl;
pub mod run;
pub mod signals;
