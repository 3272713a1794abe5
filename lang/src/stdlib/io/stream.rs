//! Files, as the C library has them.
//!
//! The buffers are C's (`FILE *`), not our own: programs hand file handles to C functions through the FFI, and what they print
//! by `print` and by C's `printf` must come out in order. This file wraps what is unsafe about that.
//!
//! **Invariant:** a [`Stream`]'s pointer is open until [`Stream::close`], which takes it away, and no one else closes it.

#![allow(unsafe_code)]

use libc::{FILE, c_char, c_int};
use std::ffi::CString;

unsafe extern "C" {
    #[cfg_attr(target_os = "macos", link_name = "__stdinp")]
    static stdin: *mut FILE;
    #[cfg_attr(target_os = "macos", link_name = "__stdoutp")]
    static stdout: *mut FILE;
    #[cfg_attr(target_os = "macos", link_name = "__stderrp")]
    static stderr: *mut FILE;
}

/// How a stream came to be, and so how it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// By `fopen` or `tmpfile`.
    File,
    /// By `popen`.
    Pipe,
    /// One of the three standard ones, which are not closed.
    Standard,
}

/// One of the standard streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standard {
    /// Standard input.
    Input,
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// What a C call failed with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SystemError(pub i32);

impl SystemError {
    /// The error of the last C call.
    pub fn last() -> SystemError {
        SystemError(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }

    /// What the C library says about it.
    pub fn message(self) -> String {
        let mut text = [0u8; 256];
        // SAFETY: the buffer comes with its length; the function ends it with a zero byte.
        unsafe { libc::strerror_r(self.0, text.as_mut_ptr().cast(), text.len()) };
        let end = text.iter().position(|&c| c == 0).unwrap_or(0);
        String::from_utf8_lossy(&text[..end]).into_owned()
    }
}

/// A result whose error is the system's.
pub type SystemResult<T> = Result<T, SystemError>;

/// A string for C: what stands before the first zero byte.
pub fn c_string(text: &[u8]) -> CString {
    let text = text.split(|&c| c == 0).next().unwrap_or_default();
    CString::new(text).expect("the zero bytes are cut off")
}

/// An open file.
#[derive(Debug)]
pub struct Stream {
    file: *mut FILE,
    origin: Origin,
    line: *mut c_char,
    line_capacity: usize,
}

impl Stream {
    fn new(file: *mut FILE, origin: Origin) -> SystemResult<Stream> {
        if file.is_null() {
            return Err(SystemError::last());
        }
        Ok(Stream { file, origin, line: std::ptr::null_mut(), line_capacity: 0 })
    }

    /// Opens a file as `fopen` does.
    ///
    /// # Errors
    /// The system's.
    pub fn open(name: &[u8], mode: &[u8]) -> SystemResult<Stream> {
        let (name, mode) = (c_string(name), c_string(mode));
        // SAFETY: both are strings that end with a zero byte.
        Stream::new(unsafe { libc::fopen(name.as_ptr(), mode.as_ptr()) }, Origin::File)
    }

    /// Starts a command and reads what it writes or writes what it reads.
    ///
    /// # Errors
    /// The system's.
    pub fn open_command(command: &[u8], mode: &[u8]) -> SystemResult<Stream> {
        let (command, mode) = (c_string(command), c_string(mode));
        // SAFETY: both are strings that end with a zero byte. What is buffered comes out before what the command prints.
        unsafe {
            libc::fflush(std::ptr::null_mut());
            Stream::new(libc::popen(command.as_ptr(), mode.as_ptr()), Origin::Pipe)
        }
    }

    /// A file without a name that is gone once closed.
    ///
    /// # Errors
    /// The system's.
    pub fn temporary() -> SystemResult<Stream> {
        // SAFETY: no arguments.
        Stream::new(unsafe { libc::tmpfile() }, Origin::File)
    }

    /// A standard stream.
    pub fn standard(which: Standard) -> Stream {
        // SAFETY: the C library has set these up before `main`.
        let file = unsafe {
            match which {
                Standard::Input => stdin,
                Standard::Output => stdout,
                Standard::Error => stderr,
            }
        };
        Stream { file, origin: Origin::Standard, line: std::ptr::null_mut(), line_capacity: 0 }
    }

    /// Whether it can be used.
    pub fn is_open(&self) -> bool {
        !self.file.is_null()
    }

    /// How it came to be.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The C library's pointer to it; null when closed.
    pub fn as_ptr(&self) -> *mut FILE {
        self.file
    }

    /// Closes it. For a command, waits for its end.
    ///
    /// # Errors
    /// The system's; the stream is closed either way.
    pub fn close(&mut self) -> SystemResult<()> {
        let file = std::mem::replace(&mut self.file, std::ptr::null_mut());
        // SAFETY: the stream was open, and the pointer is forgotten.
        let status = unsafe {
            match self.origin {
                _ if file.is_null() => 0,
                Origin::File | Origin::Standard => libc::fclose(file),
                Origin::Pipe => libc::pclose(file),
            }
        };
        if status == -1 { Err(SystemError::last()) } else { Ok(()) }
    }

    /// Writes bytes to the buffer.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&mut self, bytes: &[u8]) -> SystemResult<()> {
        // SAFETY: the stream is open; the bytes come with their number.
        let written = unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), self.file) };
        if written == bytes.len() { Ok(()) } else { Err(SystemError::last()) }
    }

    /// Writes the buffer to the file.
    ///
    /// # Errors
    /// The system's.
    pub fn flush(&mut self) -> SystemResult<()> {
        // SAFETY: the stream is open.
        if unsafe { libc::fflush(self.file) } == 0 { Ok(()) } else { Err(SystemError::last()) }
    }

    /// Moves to `offset` from the start (`SEEK_SET`), from here or from the end, and says where that is.
    ///
    /// # Errors
    /// The system's.
    pub fn seek(&mut self, whence: c_int, offset: i64) -> SystemResult<i64> {
        // SAFETY: the stream is open.
        unsafe {
            if libc::fseeko(self.file, offset, whence) != 0 {
                return Err(SystemError::last());
            }
            let at = libc::ftello(self.file);
            if at < 0 { Err(SystemError::last()) } else { Ok(at) }
        }
    }

    /// Chooses how it is buffered (`_IOFBF` and the like), and how much.
    ///
    /// # Errors
    /// The system's.
    pub fn set_buffering(&mut self, mode: c_int, size: usize) -> SystemResult<()> {
        // SAFETY: the stream is open; without a buffer of ours the C library makes one.
        let status = unsafe { libc::setvbuf(self.file, std::ptr::null_mut(), mode, size) };
        if status == 0 { Ok(()) } else { Err(SystemError::last()) }
    }

    /// The next byte.
    pub fn next_byte(&mut self) -> Option<u8> {
        // SAFETY: the stream is open.
        u8::try_from(unsafe { libc::fgetc(self.file) }).ok()
    }

    /// Gives back the byte that was read last.
    pub fn unread(&mut self, byte: u8) {
        // SAFETY: the stream is open.
        unsafe { libc::ungetc(byte.into(), self.file) };
    }

    /// Whether there is nothing more to read.
    pub fn at_end(&mut self) -> bool {
        match self.next_byte() {
            Some(byte) => {
                self.unread(byte);
                false
            }
            None => true,
        }
    }

    /// Appends up to `count` bytes to `out`; says how many.
    pub fn read(&mut self, out: &mut Vec<u8>, count: usize) -> usize {
        const PIECE: usize = 1 << 16;
        let start = out.len();
        while out.len() - start < count {
            let at = out.len();
            let wanted = (count - (at - start)).min(PIECE);
            out.resize(at + wanted, 0);
            // SAFETY: the stream is open; the space was just made.
            let read = unsafe { libc::fread(out[at..].as_mut_ptr().cast(), 1, wanted, self.file) };
            out.truncate(at + read);
            if read < wanted {
                break;
            }
        }
        out.len() - start
    }

    /// The next line with its end, valid until the next call.
    pub fn read_line(&mut self) -> Option<&[u8]> {
        // SAFETY: the stream is open; the C library allocates the line and knows its capacity.
        unsafe {
            let length = libc::getline(&mut self.line, &mut self.line_capacity, self.file);
            let length = usize::try_from(length).ok()?;
            Some(std::slice::from_raw_parts(self.line.cast(), length))
        }
    }

    /// The error that has occurred since [`Stream::clear_error`].
    pub fn error(&self) -> Option<SystemError> {
        // SAFETY: the stream is open.
        (unsafe { libc::ferror(self.file) } != 0).then(SystemError::last)
    }

    /// Forgets errors and the end of the file.
    pub fn clear_error(&mut self) {
        // SAFETY: the stream is open.
        unsafe { libc::clearerr(self.file) };
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.origin != Origin::Standard {
            let _ = self.close();
        }
        // SAFETY: the line is null or was allocated by `getline`.
        unsafe { libc::free(self.line.cast()) };
    }
}

/// Writes to standard output.
pub fn write_stdout(bytes: &[u8]) {
    let _ = Stream::standard(Standard::Output).write(bytes);
}

/// Writes to standard error. Nothing can be done about one that is closed or full.
pub fn write_stderr(bytes: &[u8]) {
    let _ = Stream::standard(Standard::Error).write(bytes);
}

/// Writes out what all files have buffered.
pub fn flush_all() {
    // SAFETY: a null pointer stands for every open file.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}
