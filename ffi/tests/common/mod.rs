//! What several tests need.

#![allow(dead_code)]

use std::path::{Path, PathBuf};

/// The folders with the headers of ggml and llama.cpp, if cargo has fetched the crate that carries them.
pub fn ggml_folders() -> Option<Vec<PathBuf>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")))?;
    let registries = std::fs::read_dir(home.join("registry/src")).ok()?.flatten();
    let llama =
        registries.map(|entry| entry.path().join("llama-cpp-sys-2-0.1.161/llama.cpp")).find(|path| path.exists())?;
    Some(vec![llama.join("ggml/include"), llama.join("include")])
}

/// Random numbers that are the same each time.
pub struct Random(pub u64);

impl Random {
    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % limit as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of a list.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}
