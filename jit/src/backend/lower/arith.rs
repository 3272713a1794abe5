//! Arithmetic, bits and conversions.

use super::{CompileError, Lowering};
use crate::ir::{Const, Helper, Ins, IrRef, MemType, Op, Type};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};

/// 2^52 + 2^51: added to a number it leaves the low bits of its whole part in the low bits of the sum.
const BIAS: f64 = 6_755_399_441_055_744.0;
const TWO_63: f64 = 9_223_372_036_854_775_808.0;

impl Lowering<'_> {
    pub(super) fn arithmetic(&mut self, ins: &Ins) -> Result<Value, CompileError> {
        if ins.ty == Type::Num {
            return Ok(self.float_arithmetic(ins));
        }
        let a = self.value(ins.a());
        Ok(match ins.op {
            Op::ADD => {
                let b = self.value(ins.b());
                self.b.ins().iadd(a, b)
            }
            Op::SUB => {
                let b = self.value(ins.b());
                self.b.ins().isub(a, b)
            }
            Op::MUL => {
                let b = self.value(ins.b());
                self.b.ins().imul(a, b)
            }
            Op::NEG => self.b.ins().ineg(a),
            Op::ABS if ins.ty == Type::U64 => a,
            Op::ABS => self.b.ins().iabs(a),
            Op::MIN | Op::MAX => {
                let b = self.value(ins.b());
                match (ins.op == Op::MIN, ins.ty == Type::U64) {
                    (true, false) => self.b.ins().smin(a, b),
                    (false, false) => self.b.ins().smax(a, b),
                    (true, true) => self.b.ins().umin(a, b),
                    (false, true) => self.b.ins().umax(a, b),
                }
            }
            _ => self.division(ins, a)?,
        })
    }

    /// Integer division. The processor traps on a quotient that does not fit, so a divisor that may be -1 takes a detour.
    fn division(&mut self, ins: &Ins, a: Value) -> Result<Value, CompileError> {
        let harmless = self.trace.int_constant(ins.b()).is_some_and(|k| k != 0 && k != -1);
        let helper = match (ins.ty, ins.op) {
            (Type::Int, _) => None,
            (Type::U64, Op::DIV) => Some(Helper::DivU64),
            (Type::U64, _) => Some(Helper::ModU64),
            (_, Op::DIV) => Some(Helper::DivI64),
            (_, _) => Some(Helper::ModI64),
        };
        let b = self.value(ins.b());
        if let (Some(helper), false) = (helper, harmless) {
            return self.call_helper(helper, &[a, b]);
        }
        Ok(match (ins.ty, ins.op) {
            (Type::U64, Op::DIV) => self.b.ins().udiv(a, b),
            (Type::U64, _) => self.b.ins().urem(a, b),
            (Type::Int, Op::DIV) => {
                // In 64 bits no quotient of two ints overflows.
                let (wide_a, wide_b) = (self.b.ins().sextend(I64, a), self.b.ins().sextend(I64, b));
                let quotient = self.b.ins().sdiv(wide_a, wide_b);
                self.b.ins().ireduce(I32, quotient)
            }
            (Type::Int, _) => self.floor_modulo(a, b),
            (_, Op::DIV) => self.b.ins().sdiv(a, b),
            (_, _) => self.b.ins().srem(a, b),
        })
    }

    /// Lua's `%` of two `int`s: the remainder, brought to the sign of the divisor.
    fn floor_modulo(&mut self, a: Value, b: Value) -> Value {
        let rest = self.b.ins().srem(a, b);
        let signs = self.b.ins().bxor(rest, b);
        let differ = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
        let moved = self.b.ins().iadd(rest, b);
        let adjusted = self.b.ins().select(differ, moved, rest);
        self.b.ins().select(rest, adjusted, rest)
    }

    fn float_arithmetic(&mut self, ins: &Ins) -> Value {
        let a = self.value(ins.a());
        match ins.op {
            Op::NEG => return self.b.ins().fneg(a),
            Op::ABS => return self.b.ins().fabs(a),
            Op::SQRT => return self.b.ins().sqrt(a),
            Op::FLOOR => return self.b.ins().floor(a),
            Op::CEIL => return self.b.ins().ceil(a),
            Op::TRUNC => return self.b.ins().trunc(a),
            Op::FROUND => {
                let float = self.b.ins().fdemote(F32, a);
                return self.b.ins().fpromote(F64, float);
            }
            _ => {}
        }
        let b = self.value(ins.b());
        match ins.op {
            Op::SUB => self.b.ins().fsub(a, b),
            Op::MUL => self.b.ins().fmul(a, b),
            Op::DIV => self.b.ins().fdiv(a, b),
            Op::MOD => {
                let quotient = match self.trace.constant(ins.b()).and_then(exact_reciprocal) {
                    Some(reciprocal) => {
                        let reciprocal = self.b.ins().f64const(reciprocal);
                        self.b.ins().fmul(a, reciprocal)
                    }
                    None => self.b.ins().fdiv(a, b),
                };
                let whole = self.b.ins().floor(quotient);
                let multiple = self.b.ins().fmul(whole, b);
                self.b.ins().fsub(a, multiple)
            }
            // These shapes are what Cranelift turns into `minsd` and `maxsd`.
            Op::MIN => {
                let less = self.b.ins().fcmp(FloatCC::LessThan, a, b);
                self.b.ins().select(less, a, b)
            }
            Op::MAX => {
                let less = self.b.ins().fcmp(FloatCC::LessThan, b, a);
                self.b.ins().select(less, a, b)
            }
            _ => self.b.ins().fadd(a, b),
        }
    }

    /// `int` arithmetic that leaves on overflow.
    pub(super) fn checked_arithmetic(&mut self, ins: &Ins) -> Value {
        let (a, b) = (self.value(ins.a()), self.value(ins.b()));
        if let (Op::ADDOV | Op::SUBOV, Some(k)) = (ins.op, self.trace.int_constant(ins.b())) {
            return self.moved_by_constant(ins, a, if ins.op == Op::ADDOV { k } else { -k });
        }
        let (result, overflow) = match ins.op {
            Op::ADDOV => self.b.ins().sadd_overflow(a, b),
            Op::SUBOV => self.b.ins().ssub_overflow(a, b),
            _ => self.b.ins().smul_overflow(a, b),
        };
        self.leave_if(overflow, ins);
        result
    }

    /// `a + k`, after a comparison with the last `int` for which that is one: shorter than to ask for the overflow flag.
    fn moved_by_constant(&mut self, ins: &Ins, a: Value, k: i64) -> Value {
        let (beyond, last) = match k >= 0 {
            true => (IntCC::SignedGreaterThan, i64::from(i32::MAX) - k),
            false => (IntCC::SignedLessThan, i64::from(i32::MIN) - k),
        };
        let overflows = self.b.ins().icmp_imm_s(beyond, a, last);
        self.leave_if(overflows, ins);
        self.b.ins().iadd_imm_s(a, k)
    }

    pub(super) fn bits(&mut self, ins: &Ins) -> Value {
        let a = self.value(ins.a());
        match ins.op {
            Op::BNOT => return self.b.ins().bnot(a),
            Op::BSWAP => return self.b.ins().bswap(a),
            _ => {}
        }
        let b = self.value(ins.b());
        match ins.op {
            Op::BOR => self.b.ins().bor(a, b),
            Op::BXOR => self.b.ins().bxor(a, b),
            Op::SHL => self.b.ins().ishl(a, b),
            Op::SHR => self.b.ins().ushr(a, b),
            Op::SAR => self.b.ins().sshr(a, b),
            Op::ROL => self.b.ins().rotl(a, b),
            Op::ROR => self.b.ins().rotr(a, b),
            _ => self.b.ins().band(a, b),
        }
    }

    pub(super) fn conversion(&mut self, ins: &Ins) -> Value {
        let a = self.value(ins.a());
        let from = self.trace.ty(ins.a());
        match ins.op {
            Op::TONUM => self.number_of(from, a),
            Op::TOINT => {
                // The low bits of the whole part: what they are of any other number does not matter, for it does not come back.
                let n = self.low_bits(a);
                let back = self.b.ins().fcvt_from_sint(F64, n);
                let (bits, back) = (self.float_bits(a), self.float_bits(back));
                let lost = self.b.ins().icmp(IntCC::NotEqual, bits, back);
                self.leave_if(lost, ins);
                n
            }
            Op::TOBIT => self.low_bits(a),
            Op::WRAP => self.wrap(ins.mem(), a),
            _ => self.convert(from, ins.ty, a),
        }
    }

    /// The low 32 bits of a number's whole part, rounded to even.
    fn low_bits(&mut self, a: Value) -> Value {
        let bias = self.b.ins().f64const(BIAS);
        let sum = self.b.ins().fadd(a, bias);
        let bits = self.float_bits(sum);
        self.b.ins().ireduce(I32, bits)
    }

    pub(super) fn float_bits(&mut self, a: Value) -> Value {
        self.b.ins().bitcast(I64, MemFlagsData::new(), a)
    }

    pub(super) fn number_of(&mut self, from: Type, a: Value) -> Value {
        match from {
            Type::U64 => self.b.ins().fcvt_from_uint(F64, a),
            _ => self.b.ins().fcvt_from_sint(F64, a),
        }
    }

    fn convert(&mut self, from: Type, to: Type, a: Value) -> Value {
        match (from, to) {
            (_, Type::Num) => self.number_of(from, a),
            (Type::Num, Type::U64) => self.number_to_u64(a),
            (Type::Num, Type::Int) => {
                let wide = self.number_to_i64(a);
                self.b.ins().ireduce(I32, wide)
            }
            (Type::Num, _) => self.number_to_i64(a),
            (Type::Int, Type::Int) => a,
            (Type::Int, _) => self.b.ins().sextend(I64, a),
            (_, Type::Int) => self.b.ins().ireduce(I32, a),
            (_, _) => a,
        }
    }

    /// Truncates; what does not fit gives the smallest.
    fn number_to_i64(&mut self, a: Value) -> Value {
        let n = self.b.ins().fcvt_to_sint_sat(I64, a);
        let limit = self.b.ins().f64const(TWO_63);
        let fits = self.b.ins().fcmp(FloatCC::LessThan, a, limit);
        let smallest = self.b.ins().iconst(I64, i64::MIN);
        self.b.ins().select(fits, n, smallest)
    }

    /// The upper half of the range is taken down by 2^64 first, and negative numbers wrap.
    fn number_to_u64(&mut self, a: Value) -> Value {
        let limit = self.b.ins().f64const(TWO_63);
        let upper = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, a, limit);
        let whole = self.b.ins().f64const(2.0 * TWO_63);
        let down = self.b.ins().fsub(a, whole);
        let within = self.b.ins().select(upper, down, a);
        self.number_to_i64(within)
    }

    fn wrap(&mut self, mem: MemType, a: Value) -> Value {
        match mem {
            MemType::I8 => {
                let byte = self.b.ins().ireduce(I8, a);
                self.b.ins().sextend(I32, byte)
            }
            MemType::U8 => {
                let byte = self.b.ins().ireduce(I8, a);
                self.b.ins().uextend(I32, byte)
            }
            MemType::I16 => {
                let half = self.b.ins().ireduce(I16, a);
                self.b.ins().sextend(I32, half)
            }
            MemType::U16 => {
                let half = self.b.ins().ireduce(I16, a);
                self.b.ins().uextend(I32, half)
            }
            MemType::U32 => self.b.ins().uextend(I64, a),
            MemType::I64 | MemType::U64 => self.b.ins().sextend(I64, a),
            MemType::I32 | MemType::F32 | MemType::F64 | MemType::Ptr => a,
        }
    }

    /// An integer as 64 bits, its sign extended.
    pub(super) fn widened(&mut self, at: IrRef) -> Value {
        let value = self.value(at);
        if self.trace.ty(at) == Type::Int { self.b.ins().sextend(I64, value) } else { value }
    }
}

/// The reciprocal of a power of two, which multiplies to the same as the power divides to.
fn exact_reciprocal(constant: Const) -> Option<f64> {
    let Const::Num(bits) = constant else { return None };
    let reciprocal = 1.0 / f64::from_bits(bits);
    let is_power = |bits: u64| bits << 12 == 0;
    (is_power(bits) && is_power(reciprocal.to_bits()) && reciprocal.is_normal()).then_some(reciprocal)
}
