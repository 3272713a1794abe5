//! Shared libraries that `package.loadlib` and the loaders of C modules find.
//!
//! A library itself can be loaded, and a function in it found, so that what is missing is told as the dynamic linker words it. What such a
//! function does with the machine, by Lua's C API, cannot be had here: that is where loading a module ends. Bytecode that a library, or the
//! process itself, has as data can be loaded.

#![allow(unsafe_code)]

use crate::bytecode::dump::size_from_header;
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

    /// The dumped chunk that stands at this symbol.
    pub fn bytecode(&self, symbol: &[u8]) -> Option<Vec<u8>> {
        bytecode_at(self.0, symbol)
    }
}

/// The dumped chunk that stands at a symbol of the process and what it has loaded for all.
pub fn bytecode_in_process(symbol: &[u8]) -> Option<Vec<u8>> {
    bytecode_at(libc::RTLD_DEFAULT, symbol)
}

/// Bytes that are no chunk of this version come back as far as that is seen.
fn bytecode_at(handle: *mut c_void, symbol: &[u8]) -> Option<Vec<u8>> {
    let symbol = c_string(symbol);
    // SAFETY: the handle is an open library's or stands for all, and the symbol is a C string.
    let data = unsafe { libc::dlsym(handle, symbol.as_ptr()) }.cast_const().cast::<u8>();
    if data.is_null() {
        return None;
    }
    let mut seen = 0;
    let size = size_from_header(|i| {
        seen = seen.max(i + 1);
        // SAFETY: data of a name that is used for chunks begins with a chunk's header, and no byte is read behind one that does not fit
        // there.
        unsafe { data.add(i).read() }
    });
    // SAFETY: the header says how long the chunk is that it belongs to; without a whole header, these bytes have been read before.
    Some(unsafe { std::slice::from_raw_parts(data, size.unwrap_or(seen)) }.to_vec())
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
