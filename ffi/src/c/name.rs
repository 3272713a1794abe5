//! Interned spellings: every identifier, number and string literal of C text becomes a `Name`, a 32-bit number.
//!
//! Tokens are then 12 bytes and `Copy`, names compare in one instruction, and a property of a name (is it a macro, a
//! keyword, a typedef name?) is an array element, see [`super::journal::NameMap`]. Spellings are bytes and not `str`,
//! because a header may hold any encoding in its strings; only messages turn them into text, lossily.
//!
//! **Invariant:** a `Name` never dies and never changes its spelling, so it needs no undo when a `cdef` fails.
//!
//! Names that the program itself looks for come first and in the order of the table below, so that they are constants:
//! `known::DEFINE` is the number under which "define" is interned.

use std::borrow::Cow;

/// The number of an interned spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub(super) u32);

impl Name {
    /// The empty spelling.
    pub const EMPTY: Name = Name(0);

    /// A dense index for tables by name.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

macro_rules! known {
    ($($constant:ident $spelling:literal)*) => {
        /// The names that the preprocessor, the token source and the semantic pass look for.
        #[allow(missing_docs)]
        pub mod known {
            use super::Name;
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum Order { $($constant,)* }
            $(pub const $constant: Name = Name(Order::$constant as u32);)*
        }
        const KNOWN: &[&str] = &[$($spelling,)*];
    };
}

known! {
    EMPTY ""
    // Directives.
    DEFINE "define" UNDEF "undef" INCLUDE "include" INCLUDE_NEXT "include_next" IMPORT "import"
    IF "if" IFDEF "ifdef" IFNDEF "ifndef" ELIF "elif" ELIFDEF "elifdef" ELIFNDEF "elifndef" ELSE "else" ENDIF "endif"
    ERROR "error" WARNING "warning" LINE "line" PRAGMA "pragma" IDENT "ident" SCCS "sccs" ASSERT "assert"
    UNASSERT "unassert"
    // Pragmas.
    ONCE "once" PACK "pack" PUSH "push" POP "pop" PUSH_MACRO "push_macro" POP_MACRO "pop_macro"
    // Names with a meaning inside macros and conditions.
    DEFINED "defined" VA_ARGS "__VA_ARGS__" VA_OPT "__VA_OPT__" PRAGMA_OPERATOR "_Pragma" TRUE "true" FALSE "false"
    HAS_INCLUDE "__has_include" HAS_INCLUDE_NEXT "__has_include_next" HAS_ATTRIBUTE "__has_attribute"
    HAS_CPP_ATTRIBUTE "__has_cpp_attribute" HAS_C_ATTRIBUTE "__has_c_attribute" HAS_BUILTIN "__has_builtin"
    // Contextual words of the declaration grammar.
    COMPLEX "complex" CONST "const" NORETURN "noreturn"
    // The type of ctype objects, and the parts of a complex number.
    CTYPE "ctype" RE "re" IM "im"
}

/// All spellings seen so far.
#[derive(Debug)]
pub struct Names {
    /// The spellings, end to end.
    bytes: Vec<u8>,
    /// Where each spelling ends in `bytes`; it begins where the one before it ends.
    ends: Vec<u32>,
    /// Open addressing with linear probing, a power of two in size: 0 is free, otherwise the name's number plus one.
    table: Vec<u32>,
}

impl Default for Names {
    fn default() -> Self {
        Names::new()
    }
}

impl Names {
    /// A table that holds the known names only.
    pub fn new() -> Self {
        let mut names = Names { bytes: Vec::with_capacity(1 << 14), ends: Vec::new(), table: vec![0; 1 << 11] };
        for (number, spelling) in KNOWN.iter().enumerate() {
            assert_eq!(names.intern(spelling).index(), number, "known name listed twice: {spelling}");
        }
        names
    }

    /// The name of a spelling, new or old.
    pub fn intern(&mut self, spelling: impl AsRef<[u8]>) -> Name {
        let spelling = spelling.as_ref();
        let slot = match self.probe(spelling) {
            Ok(name) => return name,
            Err(slot) => slot,
        };
        let name = Name(self.ends.len() as u32);
        self.bytes.extend_from_slice(spelling);
        self.ends.push(u32::try_from(self.bytes.len()).expect("less than 4 GB of names"));
        self.table[slot] = name.0 + 1;
        if self.ends.len() * 2 > self.table.len() {
            self.grow();
        }
        name
    }

    /// The name of a spelling that was interned before.
    pub fn find(&self, spelling: impl AsRef<[u8]>) -> Option<Name> {
        self.probe(spelling.as_ref()).ok()
    }

    /// The spelling of a name.
    pub fn spelling(&self, name: Name) -> &[u8] {
        let start = if name.0 == 0 { 0 } else { self.ends[name.index() - 1] as usize };
        &self.bytes[start..self.ends[name.index()] as usize]
    }

    /// The spelling as text for a message.
    pub fn text(&self, name: Name) -> Cow<'_, str> {
        String::from_utf8_lossy(self.spelling(name))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never: the empty spelling is always there.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name, or the free slot where it belongs.
    fn probe(&self, spelling: &[u8]) -> Result<Name, usize> {
        let mask = self.table.len() - 1;
        let mut slot = hash(spelling) as usize & mask;
        loop {
            match self.table[slot] {
                0 => return Err(slot),
                found => {
                    let name = Name(found - 1);
                    if self.spelling(name) == spelling {
                        return Ok(name);
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        let mut table = vec![0; mask + 1];
        for number in 0..self.ends.len() as u32 {
            let mut slot = hash(self.spelling(Name(number))) as usize & mask;
            while table[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            table[slot] = number + 1;
        }
        self.table = table;
    }
}

/// Eight bytes at a time, mixed by adding the two halves of a 128-bit product. The names of headers have nothing to
/// gain from collisions, so the seed is fixed.
fn hash(bytes: &[u8]) -> u64 {
    let mix = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * 0x9E37_79B9_7F4A_7C15;
        (product >> 64) as u64 ^ product as u64
    };
    let mut state = 0x2545_F491_4F6C_DD1D ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        state = mix(state, u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(state, u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_have_their_constants() {
        let mut names = Names::new();
        assert_eq!(names.spelling(known::VA_ARGS), b"__VA_ARGS__");
        assert_eq!(names.intern("define"), known::DEFINE);
        assert_eq!(names.spelling(Name::EMPTY), b"");
    }

    #[test]
    fn many_names_keep_their_numbers_while_the_table_grows() {
        let mut names = Names::new();
        let made: Vec<Name> = (0..20_000).map(|i| names.intern(format!("name_{i}"))).collect();
        for (i, &name) in made.iter().enumerate() {
            assert_eq!(names.find(format!("name_{i}")), Some(name));
            assert_eq!(names.text(name), format!("name_{i}"));
        }
        assert_eq!(names.find("never seen"), None);
    }
}
