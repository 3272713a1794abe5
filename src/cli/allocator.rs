//! How the allocator deals with memory that is free again.
//!
//! mimalloc gives free pages back to the system after a second, when something is freed next. That is often the collector's doing: it cost up
//! to 100 ms of a pause. So what is freed is kept for what comes; only what is large enough to have a mapping of its own goes back at once.

#![allow(unsafe_code)]

use libmimalloc_sys::{mi_option_get, mi_option_set, mi_option_t};
use std::ffi::c_long;

// Options of mimalloc 3, by their places in its header, and what they are before anyone sets them.
const PURGE_DELAY: (mi_option_t, c_long) = (15, 1000);
const LARGEST_IN_ARENA: (mi_option_t, c_long) = (45, 2 << 20);

/// In KiB.
const KEPT: c_long = 16 << 10;

/// Has freed memory kept for what is allocated next, save large pieces.
pub fn keep_freed_memory() {
    for ((option, usual), value) in [(PURGE_DELAY, -1), (LARGEST_IN_ARENA, KEPT)] {
        // SAFETY: both only read and write a table of numbers. Whoever has set the environment's `MIMALLOC_...` keeps it.
        unsafe {
            if mi_option_get(option) == usual {
                mi_option_set(option, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_where_they_should_be() {
        keep_freed_memory();
        // SAFETY: this only reads a table of numbers.
        unsafe {
            assert_eq!(mi_option_get(PURGE_DELAY.0), -1);
            assert_eq!(mi_option_get(LARGEST_IN_ARENA.0), KEPT);
        }
    }
}
