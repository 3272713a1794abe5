//! The serialisation format of `string.buffer`, as LuaJIT's documentation gives it.
//!
//! ```text
//! object  -> nil | false | true | null | lightud32 | lightud64 | int | num | tab | tab_mt | int64 | uint64 | complex | string
//!
//! tab     -> 08                                       the empty table
//!          | 09 h.U h*{object object}                 keys and values
//!          | 0a a.U a*object                          an array from 0 on
//!          | 0b a.U h.U a*object h*{object object}    both
//!          | 0c a.U (a-1)*object                      an array from 1 on
//!          | 0d a.U h.U (a-1)*object h*{object object}
//! tab_mt  -> 0e (index-1).U tab                       with a metatable of the options
//! string  -> (20+len).U len*byte
//!          | 0f (index-1).U                           of the dictionary of the options
//! ```
//!
//! Numbers of more than a byte are little-endian. `n.U` is a number of 32 bits in 1, 2 or 5 bytes:
//!
//! ```text
//!     00 ..   df    n
//!     e0 .. 1fdf    e0 | (n-e0) >> 8, (n-e0) & ff
//!   1fe0 ..         ff, n in 4 bytes
//! ```
//!
//! Where there is both an array and keys, the two numbers come first: so LuaJIT does it, whatever its documentation says.
//!
//! Reference: <https://luajit.org/ext_buffer.html#serialize_format>

macro_rules! define_tags {
    ($($name:ident = $code:literal, $doc:literal;)*) => { $(#[doc = $doc] pub const $name: u8 = $code;)* };
}
define_tags! {
    NIL = 0x00, "nil";
    FALSE = 0x01, "false";
    TRUE = 0x02, "true";
    NULL = 0x03, "the light userdata NULL";
    LIGHT_32 = 0x04, "a light userdata, 4 bytes";
    LIGHT_64 = 0x05, "a light userdata, 8 bytes";
    INT = 0x06, "a number that is a whole one, 4 bytes";
    NUM = 0x07, "a number, 8 bytes";
    TABLE = 0x08, "a table; the bits below say what follows";
    TABLE_METATABLE = 0x0e, "a table with a metatable of the dictionary";
    DICTIONARY = 0x0f, "a string of the dictionary";
    INT64 = 0x10, "an `int64_t`, 8 bytes";
    UINT64 = 0x11, "a `uint64_t`, 8 bytes";
    COMPLEX = 0x12, "a `complex`, two times 8 bytes";
    STRING = 0x20, "a string, of this many bytes less";
}

/// A bit in a table's tag: keys and values follow.
pub const WITH_KEYS: u8 = 1;
/// A bit in a table's tag: an array from 0 on follows.
pub const ARRAY_FROM_0: u8 = 2;
/// A bit in a table's tag: an array from 1 on follows.
pub const ARRAY_FROM_1: u8 = 4;

/// Numbers from here on take two bytes.
pub const TWO_BYTES: u32 = 0xe0;
/// Numbers from here on take five bytes.
pub const FIVE_BYTES: u32 = 0x1fe0;
/// What numbers of five bytes begin with.
pub const FIVE: u8 = 0xff;

/// Tables inside tables, beyond which nothing is written or read.
pub const MAX_DEPTH: u32 = 100;
