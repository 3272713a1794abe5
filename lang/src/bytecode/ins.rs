//! One instruction word: its fields, how it is built and how it is taken apart.
//!
//! The fields stand so that each is one byte or one half word: a decoder needs one shift or one zero extension for each.

use super::ops::Op;

/// A 32-bit instruction word. See [`super::ops`] for the formats.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Ins(pub u32);

impl Ins {
    /// An instruction of format abc.
    pub const fn abc(op: Op, a: u8, b: u8, c: u8) -> Ins {
        Ins(op as u32 | (a as u32) << 8 | (c as u32) << 16 | (b as u32) << 24)
    }

    /// An instruction of format ad.
    pub const fn ad(op: Op, a: u8, d: u16) -> Ins {
        Ins(op as u32 | (a as u32) << 8 | (d as u32) << 16)
    }

    /// The operation's code.
    #[inline(always)]
    pub const fn code(self) -> u8 {
        self.0 as u8
    }

    /// The operation.
    ///
    /// # Panics
    /// When the word is not an instruction, which a verified prototype does not contain.
    pub fn op(self) -> Op {
        Op::from_code(self.code()).expect("a data word was read as an instruction")
    }

    /// Field `a`.
    #[inline(always)]
    pub const fn a(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }

    /// Field `b` of format abc.
    #[inline(always)]
    pub const fn b(self) -> usize {
        (self.0 >> 24) as usize
    }

    /// Field `c` of format abc.
    #[inline(always)]
    pub const fn c(self) -> usize {
        (self.0 >> 16 & 0xff) as usize
    }

    /// Field `d` of format ad.
    #[inline(always)]
    pub const fn d(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// Field `d` as a signed number.
    #[inline(always)]
    pub const fn signed_d(self) -> i32 {
        self.0 as i32 >> 16
    }

    /// The same instruction under another operation of the same format.
    pub const fn with_op(self, op: Op) -> Ins {
        Ins(self.0 & !0xff | op as u32)
    }

    /// The same instruction with another field `d`.
    pub const fn with_d(self, d: u16) -> Ins {
        Ins(self.0 & 0xffff | (d as u32) << 16)
    }
}

impl std::fmt::Debug for Ins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Op::from_code(self.code()) {
            None => write!(f, "Ins({:#x})", self.0),
            Some(op) if op.info().c.is_some() => {
                write!(f, "{op:?} a={} b={} c={}", self.a(), self.b(), self.c())
            }
            Some(op) => write!(f, "{op:?} a={} d={}", self.a(), self.d()),
        }
    }
}

/// Packs the data word [`super::ops::Word::Key`].
pub const fn key_word(constant: u16, slot: u16) -> u32 {
    (constant as u32) << 16 | slot as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back() {
        let i = Ins::abc(Op::ADDRR, 1, 200, 255);
        assert_eq!((i.op(), i.a(), i.b(), i.c()), (Op::ADDRR, 1, 200, 255));
        let i = Ins::ad(Op::KSHORT, 255, -3i16 as u16);
        assert_eq!((i.op(), i.a(), i.signed_d()), (Op::KSHORT, 255, -3));
        assert_eq!(i.with_d(7).d(), 7);
        assert_eq!(i.with_op(Op::KCONST).op(), Op::KCONST);
    }
}
