//! What several tests need.

#![allow(dead_code)]

use moonwake_lang::{stdlib, vm::Vm};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// A machine with the standard library and the FFI, in which `require "ffi"` works.
pub fn machine() -> Box<Vm> {
    let mut vm = Vm::new();
    stdlib::open(&mut vm);
    moonwake_ffi::open(&mut vm);
    let library = moonwake_ffi::library(&mut vm);
    let require = vm.load(b"local ffi = ... ; require = require or function() return ffi end", b"=require").unwrap();
    vm.call(require.into(), &[library.into()]).unwrap();
    vm
}

/// The text of bytes.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Makes a shared library of C text, in a file of its own.
pub fn compile(name: &str, source: &Path) -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lib{name}-{}.so", std::process::id()));
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-w", "-pthread", "-o"]).arg(&library).arg(source);
    assert!(cc.status().expect("a C compiler named cc").success());
    library
}

/// The library of `tests/c/probe.c`, and its header.
pub fn probe() -> (&'static Path, PathBuf) {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c");
    (LIBRARY.get_or_init(|| compile("probe", &folder.join("probe.c"))), folder.join("probe.h"))
}

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
