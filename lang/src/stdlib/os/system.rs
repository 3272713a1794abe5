//! The C library's functions behind `os`, made safe.

#![allow(unsafe_code)]

use super::super::io::stream::{SystemError, SystemResult, c_string};
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Processor time in seconds.
pub fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place is valid.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// `system`.
pub fn run(command: Option<&CStr>) -> i32 {
    // SAFETY: the command is null or a string.
    unsafe { libc::system(command.map_or(std::ptr::null(), CStr::as_ptr)) }
}

/// `getenv`.
pub fn environment_variable(name: &[u8]) -> Option<Vec<u8>> {
    let name = c_string(name);
    if name.is_empty() || name.as_bytes().contains(&b'=') {
        return None;
    }
    std::env::var_os(OsStr::from_bytes(name.as_bytes())).map(OsStringExt::into_vec)
}

fn status(failed: bool) -> SystemResult<()> {
    if failed { Err(SystemError::last()) } else { Ok(()) }
}

/// `remove`: a file or an empty folder.
pub fn remove(name: &[u8]) -> SystemResult<()> {
    let name = c_string(name);
    // SAFETY: the name is a string.
    status(unsafe { libc::remove(name.as_ptr()) } != 0)
}

/// `rename`.
pub fn rename(from: &[u8], to: &[u8]) -> SystemResult<()> {
    let (from, to) = (c_string(from), c_string(to));
    // SAFETY: the names are strings.
    status(unsafe { libc::rename(from.as_ptr(), to.as_ptr()) } != 0)
}

/// `setlocale`: the name of the locale that is set now.
pub fn set_locale(category: libc::c_int, locale: Option<&[u8]>) -> Option<Vec<u8>> {
    let locale = locale.map(c_string);
    // SAFETY: the locale is null or a string; the result is a string of the C library's or null.
    unsafe {
        let name = libc::setlocale(category, locale.as_ref().map_or(std::ptr::null(), |locale| locale.as_ptr()));
        (!name.is_null()).then(|| CStr::from_ptr(name).to_bytes().to_vec())
    }
}

/// The name of a new empty file.
pub fn temporary_name() -> Option<Vec<u8>> {
    let mut name = *b"/tmp/lua_XXXXXX\0";
    // SAFETY: the template is a string that ends with the six letters to replace.
    unsafe {
        let descriptor = libc::mkstemp(name.as_mut_ptr().cast());
        if descriptor == -1 {
            return None;
        }
        libc::close(descriptor);
    }
    Some(name[..name.len() - 1].to_vec())
}

/// Seconds since the epoch.
pub fn now() -> i64 {
    // SAFETY: a null pointer asks for the result only.
    unsafe { libc::time(std::ptr::null_mut()) }
}

/// A date and time of day, as C has it: months from 0, years from 1900.
pub type Calendar = libc::tm;

/// A calendar time of zeros.
pub fn empty_calendar() -> Calendar {
    // SAFETY: all fields are numbers or a pointer that may be null.
    unsafe { std::mem::zeroed() }
}

/// The calendar time of a moment, in the local time zone or in UTC; `None` when its year is out of range.
pub fn to_calendar(moment: i64, utc: bool) -> Option<Calendar> {
    let mut calendar = empty_calendar();
    // SAFETY: both places are valid.
    let result =
        unsafe { if utc { libc::gmtime_r(&moment, &mut calendar) } else { libc::localtime_r(&moment, &mut calendar) } };
    (!result.is_null()).then_some(calendar)
}

/// The moment of a local calendar time, whose fields may be out of their ranges.
pub fn from_calendar(mut calendar: Calendar) -> i64 {
    // SAFETY: the place is valid.
    unsafe { libc::mktime(&mut calendar) }
}

/// `strftime`.
pub fn format_calendar(format: &[u8], calendar: &Calendar) -> Vec<u8> {
    // A mark at the end tells an empty result from one that did not fit.
    let mut with_mark = c_string(format).into_bytes();
    if with_mark.is_empty() {
        return with_mark;
    }
    with_mark.push(b'.');
    let format = c_string(&with_mark);
    let mut text = vec![0; 64 + 4 * with_mark.len()];
    loop {
        // SAFETY: the buffer comes with its length; format and calendar are valid.
        let length = unsafe { libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), calendar) };
        if length > 0 {
            text.truncate(length - 1);
            return text;
        }
        if text.len() > 1 << 24 {
            return Vec::new();
        }
        text.resize(text.len() * 2, 0);
    }
}
