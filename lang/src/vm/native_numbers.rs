//! The numbers of library functions, by which `tostring` and tracebacks tell them: "function: builtin#29", "[builtin#21]: at 0x…".
//!
//! They are LuaJIT's, as it prints them, so that programs print the same here. Functions that it has no numbers for are shown by
//! their address.

use crate::object::{Function, Gc};

/// The first number of a group, what its functions' names begin with, and their names in the order of the numbers.
#[rustfmt::skip]
const GROUPS: &[(usize, &str, &str)] = &[
    (2, "", "assert type next pairs ipairs_step ipairs getmetatable setmetatable getfenv setfenv rawget rawset rawequal unpack select tonumber tostring error pcall xpcall loadfile load loadstring dofile gcinfo collectgarbage newproxy print"),
    (30, "coroutine.", "status running isyieldable create yield resume wrapped wrap"),
    (38, "math.", "abs floor ceil sqrt log10 exp sin cos tan asin acos atan sinh cosh tanh frexp modf log atan2 pow fmod ldexp min max random randomseed"),
    (64, "bit.", "tobit bnot bswap lshift rshift arshift rol ror band bor bxor tohex"),
    (76, "string.", "byte char sub rep reverse lower upper dump find match gmatch_step gmatch gsub format"),
    (90, "table.", "maxn insert concat sort new clear"),
    (96, "io.file.", "close read write flush seek setvbuf lines __gc __tostring"),
    (105, "io.", "open popen tmpfile close read write flush input output lines type"),
    (116, "os.", "execute remove rename tmpname getenv exit clock date time difftime setlocale"),
    (127, "debug.", "getregistry getmetatable setmetatable getfenv setfenv getinfo getlocal setlocal getupvalue setupvalue upvalueid upvaluejoin sethook gethook debug traceback"),
    (143, "jit.", "on off flush status security attach"),
    (149, "jit.util.", "funcinfo funcbc funck funcuvname traceinfo traceir tracek tracesnap tracemc traceexitstub ircalladdr"),
    (160, "jit.opt.", "start"),
    (161, "jit.profile.", "start stop dumpstack"),
    (187, "ffi.", "cdef new cast typeof typeinfo istype sizeof alignof offsetof errno string copy fill abi metatype gc load"),
    (220, "string.buffer.", "new encode decode"),
];

/// The number of the function of this name, written as `table.insert`.
fn number_of(name: &str) -> Option<usize> {
    GROUPS.iter().find_map(|(first, prefix, names)| {
        let name = name.strip_prefix(prefix)?;
        Some(first + names.split(' ').position(|other| other == name)?)
    })
}

/// The functions that have numbers, each with its name as LuaJIT writes it.
pub fn numbered_natives() -> impl Iterator<Item = (usize, String)> {
    let of_group = |&(first, prefix, names): &(usize, &str, &'static str)| {
        let prefix = prefix.replace("io.file.", "io.method.");
        names.split(' ').enumerate().map(move |(n, name)| (first + n, format!("{prefix}{name}")))
    };
    GROUPS.iter().flat_map(of_group)
}

impl Gc<Function> {
    /// The number of a function of the library.
    pub fn native_number(self) -> Option<usize> {
        number_of(self.library_name()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_do_not_overlap() {
        let mut next = 2;
        for (first, _, names) in GROUPS {
            assert!(*first >= next);
            next = first + names.split(' ').count();
        }
    }

    #[test]
    fn names_are_found_in_their_groups() {
        let names = ["assert", "print", "string.gsub", "io.file.close", "io.close", "nothing", "string.nothing", ""];
        let numbers = [Some(2), Some(29), Some(88), Some(96), Some(108), None, None, None];
        assert_eq!(names.map(number_of), numbers);
    }
}
