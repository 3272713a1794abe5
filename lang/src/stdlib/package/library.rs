//! Shared libraries that `package.loadlib` and the loaders of C modules find.
//!
//! A library itself can be loaded, and a function in it found, so that what is missing is told as the dynamic linker words it. What such a
//! function does with the machine, by Lua's C API, cannot be had here: that is where loading a module ends.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};

/// A library that stays loaded.
pub struct Library(*mut c_void);

impl Library {
    /// Loads a library; `global` makes its symbols known to those loaded later.
    ///
    /// # Errors
    /// The dynamic linker's message.
    pub fn open(path: &[u8], global: bool) -> Result<Library, Vec<u8>> {
        let path = c_string(path);
        let flags = libc::RTLD_NOW | if global { libc::RTLD_GLOBAL } else { libc::RTLD_LOCAL };
        // SAFETY: the path is a C string; that a library's initialisers run is what loading one means.
        let handle = unsafe { libc::dlopen(path.as_ptr(), flags) };
        if handle.is_null() { Err(message()) } else { Ok(Library(handle)) }
    }

    /// Whether it has this symbol.
    ///
    /// # Errors
    /// The dynamic linker's message.
    pub fn find(&self, symbol: &[u8]) -> Result<(), Vec<u8>> {
        let symbol = c_string(symbol);
        // SAFETY: the library is never closed, and the symbol is a C string.
        let found = unsafe { libc::dlsym(self.0, symbol.as_ptr()) };
        if found.is_null() { Err(message()) } else { Ok(()) }
    }
}

/// The bytes up to the first zero.
fn c_string(bytes: &[u8]) -> CString {
    let end = bytes.iter().position(|&c| c == 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).unwrap_or_default()
}

/// What the dynamic linker says of the last failure.
fn message() -> Vec<u8> {
    // SAFETY: the text is valid until the next call of the dynamic linker on this thread.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return b"unknown error".to_vec();
    }
    // SAFETY: as above; it is a C string.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}
