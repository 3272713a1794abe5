//! Integers as constant expressions compute with them: 32 or 64 bits, signed or unsigned.
//!
//! C's rules in short (C17 6.3.1.1, 6.3.1.8): anything narrower than `int` is first promoted to `int`; then the wider
//! operand decides the width, and if an operand of that width is unsigned the result is unsigned. So `-1 < 0u` is false
//! and `1u - 2` is 4294967295. `#if` computes by the same rules with every operand 64 bits wide.
//!
//! Signed overflow, undefined in C, wraps here as gcc's folding does. A shift by the width or more gives what shifting
//! bit by bit would give. Division by zero is the one error.

/// A binary operator of constant expressions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum BinaryOp {
    OrOr,
    AndAnd,
    Or,
    Xor,
    And,
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    Shl,
    Shr,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

/// An integer of a promoted type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Int {
    /// The value, sign- or zero-extended to 64 bits according to `unsigned`.
    bits: u64,
    /// 64 bits wide rather than 32.
    wide: bool,
    unsigned: bool,
}

/// What division by zero is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DivisionByZero;

/// A C `int`.
impl From<i32> for Int {
    fn from(value: i32) -> Int {
        Int::new(value as u64, false, false)
    }
}

impl Int {
    /// An integer of the given type, cut to its width.
    pub fn new(bits: u64, wide: bool, unsigned: bool) -> Int {
        let bits = match (wide, unsigned) {
            (true, _) => bits,
            (false, true) => u64::from(bits as u32),
            (false, false) => bits as i32 as i64 as u64,
        };
        Int { bits, wide, unsigned }
    }

    /// What a comparison gives.
    pub fn truth(value: bool) -> Int {
        Int::from(i32::from(value))
    }

    /// The value's bits, extended to 64.
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// Whether it is 64 bits wide rather than 32.
    pub fn is_wide(self) -> bool {
        self.wide
    }

    /// Whether its type is unsigned.
    pub fn is_unsigned(self) -> bool {
        self.unsigned
    }

    /// Whether it is not zero.
    pub fn is_true(self) -> bool {
        self.bits != 0
    }

    /// The mathematical value.
    pub fn value(self) -> i128 {
        if self.unsigned { self.bits.into() } else { (self.bits as i64).into() }
    }

    /// The same number as 64 bits, for `#if`.
    pub fn widened(self) -> Int {
        Int { wide: true, ..self }
    }

    /// `-x`
    pub fn negated(self) -> Int {
        Int::new(self.bits.wrapping_neg(), self.wide, self.unsigned)
    }

    /// `~x`
    pub fn complemented(self) -> Int {
        Int::new(!self.bits, self.wide, self.unsigned)
    }

    /// `a op b` after the usual arithmetic conversions. `&&` and `||` need no conversion; whoever must not evaluate the
    /// right side does not call.
    pub fn binary(op: BinaryOp, a: Int, b: Int) -> Result<Int, DivisionByZero> {
        use BinaryOp::*;
        if let Shl | Shr = op {
            return Ok(a.shifted(op, b)); // each operand is promoted alone, the left one gives the type
        }
        let wide = a.wide || b.wide;
        let unsigned = (a.unsigned && a.wide == wide) || (b.unsigned && b.wide == wide);
        let (x, y) = (Int::new(a.bits, wide, unsigned).bits, Int::new(b.bits, wide, unsigned).bits);
        let less = |x: u64, y: u64| if unsigned { x < y } else { (x as i64) < (y as i64) };
        let bits = match op {
            OrOr => return Ok(Int::truth(a.is_true() || b.is_true())),
            AndAnd => return Ok(Int::truth(a.is_true() && b.is_true())),
            Eq => return Ok(Int::truth(x == y)),
            Ne => return Ok(Int::truth(x != y)),
            Lt => return Ok(Int::truth(less(x, y))),
            Gt => return Ok(Int::truth(less(y, x))),
            Le => return Ok(Int::truth(!less(y, x))),
            Ge => return Ok(Int::truth(!less(x, y))),
            Or => x | y,
            Xor => x ^ y,
            And => x & y,
            Add => x.wrapping_add(y),
            Sub => x.wrapping_sub(y),
            Mul => x.wrapping_mul(y),
            Div | Rem if y == 0 => return Err(DivisionByZero),
            Div if unsigned => x / y,
            Rem if unsigned => x % y,
            Div => (x as i64).wrapping_div(y as i64) as u64,
            Rem => (x as i64).wrapping_rem(y as i64) as u64,
            Shl | Shr => unreachable!("handled above"),
        };
        Ok(Int::new(bits, wide, unsigned))
    }

    fn shifted(self, op: BinaryOp, by: Int) -> Int {
        let width = if self.wide { 64 } else { 32 };
        let (left, count) = match (op == BinaryOp::Shl, by.value()) {
            (left, count) if count < 0 => (!left, count.unsigned_abs()),
            (left, count) => (left, count.unsigned_abs()),
        };
        let bits = match (left, self.unsigned) {
            (true, _) if count >= width => 0,
            (true, _) => self.bits << count,
            (false, true) if count >= width => 0,
            (false, true) => self.bits >> count,
            (false, false) => ((self.bits as i64) >> count.min(63)) as u64,
        };
        Int::new(bits, self.wide, self.unsigned)
    }
}

#[cfg(test)]
mod tests {
    use super::{BinaryOp::*, *};

    fn unsigned(value: u32) -> Int {
        Int::new(value.into(), false, true)
    }

    fn long(value: i64) -> Int {
        Int::new(value as u64, true, false)
    }

    #[test]
    fn unsigned_wins_at_equal_width_only() {
        assert_eq!(Int::binary(Lt, Int::from(-1), unsigned(0)), Ok(Int::truth(false)));
        assert_eq!(Int::binary(Lt, long(-1), unsigned(0)), Ok(Int::truth(true)));
        assert_eq!(Int::binary(Sub, unsigned(1), Int::from(2)).unwrap().value(), 4294967295);
        assert_eq!(Int::binary(Div, Int::from(-7), Int::from(2)).unwrap().value(), -3);
        assert_eq!(Int::binary(Rem, Int::from(-7), Int::from(2)).unwrap().value(), -1);
        assert_eq!(Int::binary(Div, Int::from(-7), unsigned(2)).unwrap().value(), 2147483644);
    }

    #[test]
    fn edges_do_not_trap() {
        assert_eq!(Int::binary(Div, Int::from(1), Int::from(0)), Err(DivisionByZero));
        assert_eq!(Int::binary(Div, long(i64::MIN), long(-1)).unwrap().value(), i64::MIN.into());
        assert_eq!(Int::binary(Add, Int::from(i32::MAX), Int::from(1)).unwrap().value(), i32::MIN.into());
        assert_eq!(Int::binary(Shl, Int::from(1), Int::from(40)).unwrap().value(), 0);
        assert_eq!(Int::binary(Shr, Int::from(-8), Int::from(99)).unwrap().value(), -1);
        assert_eq!(Int::binary(Shr, Int::from(4), Int::from(-1)).unwrap().value(), 8);
        assert_eq!(unsigned(1).negated().value(), 4294967295);
        assert_eq!(Int::from(0).complemented().value(), -1);
    }
}
