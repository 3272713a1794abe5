//! Types and conversions: what is boxed and unboxed, widened and narrowed again.
//!
//! The narrowing rules at the end are where whole numbers turn into integers: a loop index is an `int` from the start, and
//! arithmetic between its conversion to a number and the conversion back to an array index is done on integers instead.
//! Each is exact: sums and differences of two `int`s are whole doubles, so the guard of the conversion fails exactly when the
//! integer operation overflows.

use super::super::emit::Emitter;
use super::super::fold::{Fold, rules};
use crate::ir::{Ins, IrRef, MemType, Op, Type};

/// The `int` that this number is: `TONUM i`, a whole constant, or one that was found to be whole before.
fn int_behind(e: &mut Emitter, number: IrRef) -> Option<IrRef> {
    if let Some(ins) = e.trace.ins_of(number, Op::TONUM) {
        let i = ins.a();
        return (e.trace.ty(i) == Type::Int).then_some(i);
    }
    if let Some(n) = e.trace.num_constant(number) {
        let n = crate::ir::semantics::to_int(n.to_bits())?;
        return Some(e.int(n));
    }
    e.chain(Op::TOINT).find(|at| e.trace.ins[at.index()].a() == number)
}

/// The operands of a sum or difference of numbers that are `int`s.
fn int_operands(e: &mut Emitter, sum: IrRef) -> Option<(Op, IrRef, IrRef)> {
    let ins = *e.trace.ins(sum)?;
    if !matches!(ins.op, Op::ADD | Op::SUB) || ins.ty != Type::Num {
        return None;
    }
    let (a, b) = (int_behind(e, ins.a())?, int_behind(e, ins.b())?);
    // `0 - 0` and the like are +0, as the integer is; no sum of two integers is -0.
    Some((ins.op, a, b))
}

/// Whether a 64-bit integer is known to be one of 32 bits without sign.
fn is_u32(e: &Emitter, at: IrRef) -> bool {
    e.trace.ins(at).is_some_and(|ins| match ins.op {
        Op::XLOAD | Op::WRAP => ins.mem() == MemType::U32,
        Op::BAND => e.trace.int_constant(ins.b()).is_some_and(|mask| (0..1 << 32).contains(&mask)),
        _ => false,
    })
}

/// The integer of 32 bits without sign that this number is.
fn u32_behind(e: &Emitter, number: IrRef) -> Option<IrRef> {
    let i = e.trace.ins_of(number, Op::TONUM)?.a();
    is_u32(e, i).then_some(i)
}

rules! {
    /// `UNBOX of what has this type already => itself`; of another type never
    [UNBOX] fn unbox_known(e, ins) {
        let ty = e.trace.ty(ins.a());
        match ty {
            _ if ty == ins.ty => Some(Fold::Value(ins.a())),
            Type::Val => None,
            Type::Int if ins.ty == Type::Num => Some(Fold::Again(Ins::new(Op::TONUM, Type::Num, &[ins.a()]))),
            _ => Some(Fold::Never),
        }
    }

    /// `UNBOX (BOX x) => UNBOX x`; `BOX (BOX x) => BOX x`
    [UNBOX, BOX] fn unbox_boxed(e, ins) {
        let inner = e.trace.ins_of(ins.a(), Op::BOX)?.a();
        let mut other = *ins;
        other.refs[0] = inner;
        Some(Fold::Again(other))
    }

    /// `UNBOX of what was unboxed as another type => never`
    [UNBOX] fn unbox_otherwise(e, ins) {
        let after_operand = |at: &IrRef| ins.a().is_constant() || *at > ins.a();
        let other = e.chain(Op::UNBOX).take_while(after_operand).find(|&at| {
            let earlier = &e.trace.ins[at.index()];
            earlier.op == Op::UNBOX && earlier.a() == ins.a()
        })?;
        (e.trace.ty(other) != ins.ty).then_some(Fold::Never)
    }

    /// `BOX x => x`, if x is a val
    [BOX] fn box_boxed(e, ins) {
        (e.trace.ty(ins.a()) == Type::Val).then(|| Fold::Value(ins.a()))
    }

    /// `TOINT (TONUM i) => i`
    [TOINT] fn to_int_of_int(e, ins) {
        let inner = e.trace.ins_of(ins.a(), Op::TONUM)?.a();
        (e.trace.ty(inner) == Type::Int).then_some(Fold::Value(inner))
    }

    /// `TOBIT (TONUM i) => i`
    ///
    /// A 64-bit integer may be too large for a double to hold its low bits.
    [TOBIT] fn to_bit_of_int(e, ins) {
        let inner = e.trace.ins_of(ins.a(), Op::TONUM)?.a();
        (e.trace.ty(inner) == Type::Int).then_some(Fold::Value(inner))
    }

    /// `TOBIT (TONUM u) => CONV int.i64 u`, u of 32 bits
    [TOBIT] fn to_bit_of_u32(e, ins) {
        let u = u32_behind(e, ins.a())?;
        Some(Fold::Again(Ins::new(Op::CONV, Type::Int, &[u])))
    }

    /// `CONV (TONUM u) => CONV u`, u of 32 bits
    [CONV] fn convert_number_of_u32(e, ins) {
        let u = u32_behind(e, ins.a())?;
        Some(Fold::Again(Ins::new(Op::CONV, ins.ty, &[u])))
    }

    /// `CONV int (WRAP u32 i) => i`; `CONV int (x and k) => CONV int x`, where the low half of k is all ones
    [CONV] fn low_half(e, ins) {
        let inner = *e.inner(ins.a())?;
        if ins.ty != Type::Int {
            return None;
        }
        match inner.op {
            Op::WRAP if inner.mem() == MemType::U32 && e.trace.ty(inner.a()) == Type::Int => Some(Fold::Value(inner.a())),
            Op::BAND if inner.ty.is_long() && e.trace.int_constant(inner.b())? as u32 == u32::MAX => {
                Some(Fold::Again(Ins::new(Op::CONV, Type::Int, &[inner.a()])))
            }
            _ => None,
        }
    }

    /// `WRAP u32 (CONV int u) => u`; `u and (2^32 - 1) => u`; u of 32 bits
    [WRAP, BAND] fn u32_already(e, ins) {
        let u = match ins.op {
            Op::WRAP if ins.mem() == MemType::U32 => e.inner_of(ins.a(), Op::CONV)?.a(),
            Op::BAND if e.trace.int_constant(ins.b())? == i64::from(u32::MAX) => ins.a(),
            _ => return None,
        };
        (ins.ty == e.trace.ty(u) && is_u32(e, u)).then_some(Fold::Value(u))
    }

    /// `CONV of the same type => itself`; `i64, u64, ptr` share their bits
    [CONV] fn convert_to_same(e, ins) {
        (e.trace.ty(ins.a()) == ins.ty).then(|| Fold::Value(ins.a()))
    }

    /// `CONV(CONV x) => CONV x`, where the first lost nothing
    [CONV] fn convert_twice(e, ins) {
        let inner = *e.inner(ins.a())?;
        if !matches!(inner.op, Op::CONV | Op::TONUM) {
            return None;
        }
        let from = e.trace.ty(inner.a());
        let again = match (from, inner.ty, ins.ty) {
            // Widened, then looked at as wide bits or cut again.
            (Type::Int, Type::I64 | Type::U64 | Type::Ptr, to) if to != Type::Num => Some(to),
            // The same 64 bits throughout.
            (f, m, Type::I64 | Type::U64 | Type::Ptr) if f.is_long() && m.is_long() => Some(ins.ty),
            (f, m, Type::Int) if f.is_long() && m.is_long() => Some(Type::Int),
            // An int as a double, truncated: exact.
            (Type::Int, Type::Num, to) => Some(to),
            _ => None,
        }?;
        if again == from {
            return Some(Fold::Value(inner.a()));
        }
        Some(Fold::Again(Ins::new(Op::CONV, again, &[inner.a()])))
    }

    /// `CONV num.int => TONUM`
    [CONV] fn convert_to_number(_e, ins) {
        (ins.ty == Type::Num).then(|| Fold::Again(Ins::new(Op::TONUM, Type::Num, &[ins.a()])))
    }

    /// `TONUM (CONV i64.int i) => TONUM i`
    [TONUM] fn number_of_widened(e, ins) {
        let inner = e.inner_of(ins.a(), Op::CONV)?;
        let signed = e.trace.ty(inner.a()) == Type::Int && inner.ty == Type::I64;
        signed.then(|| Fold::Again(Ins::new(Op::TONUM, Type::Num, &[inner.a()])))
    }

    /// `WRAP m (XLOAD m) => XLOAD m`; so of a narrower type, and of another WRAP
    [WRAP] fn wrap_what_fits(e, ins) {
        let inner = *e.trace.ins(ins.a())?;
        if !matches!(inner.op, Op::XLOAD | Op::WRAP) || ins.ty != Type::Int || inner.ty != Type::Int {
            return None;
        }
        let (outer, inner) = (ins.mem(), inner.mem());
        let fits = outer == inner
            || match outer {
                MemType::I32 => true,
                MemType::I16 => matches!(inner, MemType::I8 | MemType::U8),
                MemType::U16 => inner == MemType::U8,
                _ => false,
            };
        fits.then(|| Fold::Value(ins.a()))
    }

    /// `WRAP i32 x => x`
    [WRAP] fn wrap_to_all_bits(e, ins) {
        (ins.mem() == MemType::I32 && e.trace.ty(ins.a()) == Type::Int).then(|| Fold::Value(ins.a()))
    }

    // Narrowing.

    /// `TOINT (TONUM i + TONUM j) => ADDOV i j`; so for -
    ///
    /// In `while i <= n do s = s + t[i] i = i + 1 end` the number i was converted for `t[i]`, and its sum with 1 is for the next: the index
    /// goes around as an `int`.
    [TOINT] fn narrow_sum(e, ins) {
        let (op, a, b) = int_operands(e, ins.a())?;
        let op = if op == Op::ADD { Op::ADDOV } else { Op::SUBOV };
        Some(Fold::Again(Ins::new(op, Type::Int, &[a, b])))
    }

    /// `TOINT (TONUM i * k) => MULOV i k`, k positive
    ///
    /// With a negative k, 0 times k is -0, which is no `int`.
    [TOINT] fn narrow_product(e, ins) {
        let inner = *e.trace.ins_of(ins.a(), Op::MUL)?;
        let k = e.trace.num_constant(inner.b()).filter(|&k| k > 0.0)?;
        let (i, k) = (int_behind(e, inner.a())?, crate::ir::semantics::to_int(k.to_bits())?);
        let k = e.int(k);
        Some(Fold::Again(Ins::new(Op::MULOV, Type::Int, &[i, k])))
    }

    /// `TOBIT (TONUM i + TONUM j) => i + j`; so for -
    ///
    /// Both are the sum modulo 2^32.
    [TOBIT] fn narrow_bits(e, ins) {
        let (op, a, b) = int_operands(e, ins.a())?;
        Some(Fold::Again(Ins::new(op, Type::Int, &[a, b])))
    }

    /// `CONV int.num (TONUM i + TONUM j) => i + j`; so for -, and to i64
    [CONV] fn narrow_conversion(e, ins) {
        if !matches!(ins.ty, Type::Int | Type::I64) {
            return None;
        }
        let (op, mut a, mut b) = int_operands(e, ins.a())?;
        if ins.ty == Type::I64 {
            a = e.op(Op::CONV, Type::I64, &[a]);
            b = e.op(Op::CONV, Type::I64, &[b]);
        }
        Some(Fold::Again(Ins::new(op, ins.ty, &[a, b])))
    }

    /// `TONUM i % k => TONUM (i % k)`, k whole and positive
    [MOD] fn narrow_modulo(e, ins) {
        if ins.ty != Type::Num {
            return None;
        }
        let i = e.trace.ins_of(ins.a(), Op::TONUM)?.a();
        let k = crate::ir::semantics::to_int(e.trace.num_constant(ins.b())?.to_bits()).filter(|&k| k > 0)?;
        if e.trace.ty(i) != Type::Int {
            return None;
        }
        let k = e.int(k);
        let rest = e.op(Op::MOD, Type::Int, &[i, k]);
        Some(Fold::Again(Ins::new(Op::TONUM, Type::Num, &[rest])))
    }

    /// `floor(TONUM i * 2^-n) => TONUM (i >> n)`
    [FLOOR] fn narrow_halving(e, ins) {
        let product = *e.trace.ins_of(ins.a(), Op::MUL)?;
        let i = e.trace.ins_of(product.a(), Op::TONUM)?.a();
        let divisor = 1.0 / e.trace.num_constant(product.b())?;
        let whole = crate::ir::semantics::to_int(divisor.to_bits()).filter(|&d| d > 1 && d.count_ones() == 1)?;
        if e.trace.ty(i) != Type::Int {
            return None;
        }
        let count = e.int(whole.trailing_zeros() as i32);
        let half = e.op(Op::SAR, Type::Int, &[i, count]);
        Some(Fold::Again(Ins::new(Op::TONUM, Type::Num, &[half])))
    }
}
