//! moonwake: Lua 5.1 with a tracing JIT compiler and an FFI that reads C headers.
//!
//! This package joins the parts: `lang` (the language and its interpreter), `ffi` (C declarations and calls) and `jit` (the trace
//! compiler). An [`Engine`] is one virtual machine with all of them. The command `moonwake` is a thin layer over it.
//!
//! ```
//! let mut engine = moonwake::Engine::new(moonwake::Config::default()).unwrap();
//! engine.run_source(b"assert(1 + 1 == 2)", b"=example", &[]).unwrap();
//! ```

mod engine;
pub mod interrupt;
mod stats;

pub use engine::{Config, Engine, Incomplete};
pub use moonwake_lang::gc::Stress;
