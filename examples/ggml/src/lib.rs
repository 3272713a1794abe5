//! A real libggml, with no network but the crate registry.
//!
//! The build script compiles the sources of ggml that the crate `llama-cpp-sys-2` carries into one shared library, and this
//! crate says where it and its headers are. Header and library come from the same archive, so that they always match. The
//! command line adds both folders to its search paths under the feature `ggml`; then `ffi.cdef '#include <ggml.h>'` and
//! `ffi.load 'ggml'` work in every script.
//!
//! With the feature `llama`, `llama.h` and `libllama.so` lie beside them.

#![deny(unsafe_code)]
#![warn(missing_docs)]

/// The folder of `ggml.h` and its kind.
pub const INCLUDE_DIR: &str = env!("GGML_INCLUDE_DIR");

/// The folder of `libggml.so`.
pub const LIB_DIR: &str = env!("GGML_LIB_DIR");

#[cfg(test)]
mod tests {
    use super::{INCLUDE_DIR, LIB_DIR};
    use std::path::Path;

    #[test]
    fn headers_and_library_are_there() {
        for header in ["ggml.h", "ggml-cpu.h", "ggml-alloc.h", "ggml-backend.h", "gguf.h"] {
            assert!(Path::new(INCLUDE_DIR).join(header).is_file(), "{header} is missing from {INCLUDE_DIR}");
        }
        assert!(Path::new(LIB_DIR).join("libggml.so").is_file(), "libggml.so is missing from {LIB_DIR}");
    }
}
