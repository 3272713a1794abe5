//! Frames: how calls are linked on the Lua stack.
//!
//! A frame's registers start at its *base*. Two places below stand the function and the *link*, which says where to
//! go when the frame returns. There is no separate list of call records: the recorder's snapshots restore a frame by
//! storing two words.
//!
//! ```text
//!            caller's R[a]
//!                 |
//!   ... | registers of caller | function | link | registers of callee ... |
//!                                                ^ base
//! ```
//!
//! The link of a frame that Lua code called is the address of the instruction after the call, whose field `a` gives the
//! caller's base: `base - 2 - a`. Instructions are aligned to 4 bytes, so the two low bits of that link are zero. Every other
//! link is a [`LinkKind`] in the low 3 bits, with the distance to the previous frame's base above them. Neither kind
//! holds an address inside the stack, so a stack can be moved. To the collector all links look like tiny doubles.
//!
//! The alternative, a separate array of call records, ran `fib` 10 % faster in a probe, but costs every snapshot and every
//! coroutine a second stack.

use crate::value::Value;

/// What a frame that was not called by a `CALL` instruction returns to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum LinkKind {
    /// Rust called it: leave the interpreter. Below the function stands the interrupted frame's position, null for a native one.
    Entry = 1,
    /// A metamethod: complete the instruction of the previous frame. Below the function stand the address of that instruction
    /// (its lowest bit set when the result is to be negated) and a value for the instruction's use.
    Continuation = 2,
    /// The registers of a vararg function; the previous frame holds all its arguments.
    Vararg = 3,
    /// Called by `pcall`, whose own frame is the previous one.
    ProtectedCall = 5,
    /// Called by `xpcall`, whose own frame is the previous one; the handler is its argument 0.
    ProtectedCallWithHandler = 6,
    /// The first frame of a coroutine, or (with a distance) the error handler of an `xpcall` at work; then the place where the error was
    /// thrown stands below the function.
    CoroutineOrHandler = 7,
}

/// Number of stack places between a continuation's frame and the registers of the frame it interrupts: the instruction's
/// value, its address, the function and the link.
pub const CONTINUATION_PLACES: usize = 4;

/// A frame's link word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link(pub u64);

impl Link {
    /// A link to the instruction at `pc`.
    #[inline(always)]
    pub fn lua(pc: *const u32) -> Link {
        Link(pc as u64)
    }

    /// A typed link over `distance` stack places.
    #[inline(always)]
    pub const fn typed(kind: LinkKind, distance: usize) -> Link {
        Link((distance as u64) << 3 | kind as u64)
    }

    /// Whether a `CALL` instruction made it.
    #[inline(always)]
    pub const fn is_lua(self) -> bool {
        self.0 & 3 == 0
    }

    /// The return address of a Lua link.
    #[inline(always)]
    pub const fn pc(self) -> *const u32 {
        self.0 as *const u32
    }

    /// The distance to the previous base, of a typed link.
    #[inline(always)]
    pub const fn distance(self) -> usize {
        (self.0 >> 3) as usize
    }

    /// The kind of a typed link.
    #[inline]
    pub fn kind(self) -> LinkKind {
        match self.0 & 7 {
            1 => LinkKind::Entry,
            2 => LinkKind::Continuation,
            3 => LinkKind::Vararg,
            5 => LinkKind::ProtectedCall,
            6 => LinkKind::ProtectedCallWithHandler,
            7 => LinkKind::CoroutineOrHandler,
            _ => unreachable!("a Lua link has no kind"),
        }
    }

    /// The link as it stands on the stack.
    #[inline(always)]
    pub const fn as_value(self) -> Value {
        Value(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_back_and_look_like_numbers() {
        for kind in [LinkKind::Entry, LinkKind::Continuation, LinkKind::Vararg, LinkKind::ProtectedCall] {
            let link = Link::typed(kind, 1234);
            assert!(!link.is_lua() && link.as_value().is_number());
            assert_eq!((link.kind(), link.distance()), (kind, 1234));
        }
        let code = [0u32; 2];
        let link = Link::lua(&code[1]);
        assert!(link.is_lua() && link.as_value().is_number());
        assert_eq!(link.pc(), &code[1] as *const u32);
    }
}
