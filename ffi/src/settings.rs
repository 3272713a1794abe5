//! What an embedder, or the command line, can set.

use std::path::PathBuf;

/// The settings of the FFI of one machine.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Folders in which `#include <…>` looks before the system's.
    pub include_dirs: Vec<PathBuf>,
    /// Folders in which `ffi.load` looks before the system's.
    pub library_dirs: Vec<PathBuf>,
}
