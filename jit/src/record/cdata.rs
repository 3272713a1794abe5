//! C values: indexing, stores, arithmetic and comparisons of cdata.
//!
//! Every handler of this folder that meets a cdata operand comes here with the operands unboxed. The interpreter does these operations by
//! calling the native functions in the metatable of cdata; so an entry of one of those is foretold ([`native_does_it`]). A guard on the cdata's ctype fixes which plan the
//! FFI has for the operation, and the plan becomes loads, stores and integer arithmetic ([`super::cvalue`]).

use super::call::Callee;
use super::cvalue::{CValue, ctype_now, ffi_of, mem_of};
use super::machine::{bytes_now, word_now};
use super::natives::Done;
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Const, Helper, IrRef, MemType, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_ffi::arith::{Arith, ArithOp, Comparison, Operand, operands, plan as plan_arith, plan_comparison};
use moonwake_ffi::convert::compatible::referred;
use moonwake_ffi::convert::from_lua::{Offer, plan as plan_conversion};
use moonwake_ffi::convert::to_lua::plan_load;
use moonwake_ffi::ctype::{CTypeId, CTypes, Kind};
use moonwake_ffi::index::{Access, Indexed, Key, Refusal, plan as plan_index};
use moonwake_ffi::state::Ffi;
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::value::{Tag, Value};

/// What a key is to the FFI.
fn key_of(ffi: &Ffi, key: Traced) -> Key {
    if key.now.is_number() || key.now.is(Tag::Cdata) {
        return Key::Index;
    }
    match key.now.as_str() {
        Some(name) => Key::Name(ffi.names().find(name.bytes())),
        None => Key::Other,
    }
}

/// Where an access of a cdata leads.
fn address(r: &mut Recorder, types: &CTypes, object: Traced, access: Access, key: Traced) -> Rec<IrRef> {
    let (cdata, id) = r.guard_ctype(types, object)?;
    let mut address = r.payload(types, object, cdata, id)?;
    for _ in 0..access.follow {
        address = r.xload(MemType::Ptr, address, 0);
    }
    let address = r.offset(address, access.offset)?;
    if access.scale == 0 {
        return Ok(address);
    }
    if access.mask != u64::MAX {
        return Err(Reason::NyiCType.into());
    }
    let scale = i32::try_from(access.scale).map_err(|_| Reason::NyiCType)?;
    let index = r.c_index(types, key)?;
    Ok(r.e.op_with(Op::INDEX, Type::Ptr, &[address, index], &[scale]))
}

/// Notes that the interpreter will enter a native function for what is recorded here.
fn native_does_it(r: &mut Recorder) {
    r.expected.natives += 1;
}

/// `object[key]`, whose result goes to `R[a]`.
pub fn index(r: &mut Recorder, at: &mut At<'_>, object: Traced, key: Traced) -> Rec<Flow> {
    native_does_it(r);
    let ffi = ffi_of(at);
    let key = if key.now.as_str().is_some() { r.specialise(key)? } else { key };
    let id = ctype_now(&ffi.types(), object.now).ok_or(Reason::NyiCType)?;
    if id == CTypeId::CTYPE {
        return Err(Reason::NyiCType.into());
    }
    let planned = plan_index(&ffi.types(), id, false, key_of(&ffi, key));
    match planned {
        Ok(Indexed::Memory(access)) => {
            if access.bits.is_some() {
                return Err(Reason::NyiCType.into());
            }
            let load = plan_load(&mut ffi.types_mut(), access.ctype);
            let place = address(r, &ffi.types(), object, access, key)?;
            let value = r.load_lua(at, &ffi, load, place)?;
            r.set(at.ins.a(), value);
            Ok(Flow::Next)
        }
        Ok(Indexed::Constant(constant)) => {
            r.guard_ctype(&ffi.types(), object)?;
            let value = ffi.constant_value(at.vm, constant);
            let value = r.value(value).ir;
            r.set(at.ins.a(), value);
            Ok(Flow::Next)
        }
        Err(Refusal::Member(_) | Refusal::Key(_)) => by_metatype(r, at, &ffi, object, key),
        Err(Refusal::Size) => Err(Reason::NyiCType.into()),
    }
}

/// What the metatype of a cdata has for a key.
fn by_metatype(r: &mut Recorder, at: &mut At<'_>, ffi: &Ffi, object: Traced, key: Traced) -> Rec<Flow> {
    let (_, id) = r.guard_ctype(&ffi.types(), object)?;
    let handler = ffi.metamethod(at.vm, id, Metamethod::Index);
    // The metatable of a ctype is set once and for all; that it keeps its handler is guarded by the epoch.
    r.guard_epoch(at)?;
    if handler.as_table().is_some() {
        let table = r.value(handler);
        return r.index(at, table, key);
    }
    if handler.is(Tag::Function) {
        return r.call_metamethod(at, handler, &[object, key], Value::NIL, false);
    }
    Err(Reason::BadType.into())
}

/// `object[key] = value`
pub fn store(r: &mut Recorder, at: &mut At<'_>, object: Traced, key: Traced, value: Traced) -> Rec<Flow> {
    native_does_it(r);
    let ffi = ffi_of(at);
    let key = if key.now.as_str().is_some() { r.specialise(key)? } else { key };
    let id = ctype_now(&ffi.types(), object.now).ok_or(Reason::NyiCType)?;
    let planned = plan_index(&ffi.types(), id, false, key_of(&ffi, key));
    let Ok(Indexed::Memory(access)) = planned else { return Err(Reason::NyiCType.into()) };
    if access.bits.is_some() {
        return Err(Reason::NyiCType.into());
    }
    if access.read_only {
        return Err(Reason::BadType.into());
    }
    let value = r.unbox(value)?;
    let (known, types) = (ffi.known(), ffi.types());
    let offer = Offer::of(&types, value.now);
    let conversion = plan_conversion(&types, known, access.ctype, offer, false).ok_or(Reason::BadType)?;
    let converted = r.convert(&types, value, offer, conversion, access.ctype)?;
    let place = address(r, &types, object, access, key)?;
    match converted {
        CValue::Scalar(value, mem) => r.xstore(mem, place, 0, value),
        CValue::Bytes(from, bytes) => {
            let bytes = i32::try_from(bytes).map_err(|_| Reason::NyiCType)?;
            r.store(Op::XCOPY, &[place, from], &[bytes]);
        }
    }
    Ok(Flow::Next)
}

fn operator(event: Metamethod) -> Option<ArithOp> {
    Some(match event {
        Metamethod::Add => ArithOp::Add,
        Metamethod::Sub => ArithOp::Sub,
        Metamethod::Mul => ArithOp::Mul,
        Metamethod::Div => ArithOp::Div,
        Metamethod::Mod => ArithOp::Mod,
        Metamethod::Unm => ArithOp::Unm,
        _ => return None,
    })
}

/// A unary or binary operator, whose result goes to `R[a]`.
pub fn arithmetic(r: &mut Recorder, at: &mut At<'_>, event: Metamethod, a: Traced, b: Traced) -> Rec<Flow> {
    native_does_it(r);
    let ffi = ffi_of(at);
    let op = operator(event).ok_or(Reason::NyiCType)?;
    let (offer_a, offer_b) = (Offer::of(&ffi.types(), a.now), Offer::of(&ffi.types(), b.now));
    let planned = {
        let types = ffi.types();
        let (left, right) = operands(&types, offer_a, offer_b);
        plan_arith(&types, op, left, right).map(|arith| (arith, left, right))
    };
    let Some((arith, left, right)) = planned else { return metatype_operator(r, at, &ffi, event, a, b) };
    let result = match arith {
        Arith::Integers { unsigned } => {
            let types = ffi.types();
            let x = r.integer64(&types, a, offer_a, unsigned)?;
            let y = r.integer64(&types, b, offer_b, unsigned)?;
            drop(types);
            let (ty, mem) = if unsigned { (Type::U64, MemType::U64) } else { (Type::I64, MemType::I64) };
            let value = match op {
                ArithOp::Add => r.e.op(Op::ADD, ty, &[x, y]),
                ArithOp::Sub => r.e.op(Op::SUB, ty, &[x, y]),
                ArithOp::Mul => r.e.op(Op::MUL, ty, &[x, y]),
                ArithOp::Unm => r.e.op(Op::NEG, ty, &[x]),
                ArithOp::Div => r.call(if unsigned { Helper::DivU64 } else { Helper::DivI64 }, &[x, y])?,
                ArithOp::Mod => r.call(if unsigned { Helper::ModU64 } else { Helper::ModI64 }, &[x, y])?,
                ArithOp::Pow => return Err(Reason::NyiCType.into()),
            };
            r.cbox(if unsigned { CTypeId::UINT64 } else { CTypeId::INT64 }, mem, value)
        }
        Arith::Offset { swapped, negative, step, target } => {
            let (pointer, number, operand) = if swapped { (b, a, right) } else { (a, b, left) };
            let base = pointer_of(r, &ffi.types(), pointer, operand)?;
            let step = i32::try_from(step).map_err(|_| Reason::NyiCType)?;
            let index = r.c_index(&ffi.types(), number)?;
            let step = if negative { -step } else { step };
            let address = r.e.op_with(Op::INDEX, Type::Ptr, &[base, index], &[step]);
            let ctype = ffi.types_mut().pointer_to(target);
            r.cbox(ctype, MemType::Ptr, address)
        }
        Arith::Distance { .. } => return Err(Reason::NyiCType.into()),
    };
    r.set(at.ins.a(), result);
    Ok(Flow::Next)
}

/// An operator that a metatype defines.
fn metatype_operator(
    r: &mut Recorder,
    at: &mut At<'_>,
    ffi: &Ffi,
    event: Metamethod,
    a: Traced,
    b: Traced,
) -> Rec<Flow> {
    for operand in [a, b] {
        if operand.now.is(Tag::Cdata) {
            let (_, id) = r.guard_ctype(&ffi.types(), operand)?;
            let handler = ffi.metamethod(at.vm, id, event);
            r.guard_epoch(at)?;
            if handler.is(Tag::Function) {
                return r.call_metamethod(at, handler, &[a, b], Value::NIL, false);
            }
        }
    }
    Err(Reason::BadType.into())
}

/// The address that an operand is.
fn pointer_of(r: &mut Recorder, types: &CTypes, value: Traced, operand: Operand) -> Rec<IrRef> {
    let Operand::Address(address) = operand else { return Err(Reason::NyiCType.into()) };
    let (cdata, id) = r.guard_ctype(types, value)?;
    let mut at = r.payload(types, value, cdata, id)?;
    for _ in 0..address.follow {
        at = r.xload(MemType::Ptr, at, 0);
    }
    Ok(at)
}

/// The address that an operand is at this moment.
fn pointer_now(value: Traced, operand: Operand) -> Rec<u64> {
    match operand {
        Operand::Null => Ok(0),
        Operand::Address(address) => {
            let cdata = value.now.as_cdata().ok_or(Reason::BadType)?;
            let mut at = cdata.payload() as u64;
            for _ in 0..address.follow {
                at = word_now(at);
            }
            Ok(at)
        }
        _ => Err(Reason::NyiCType.into()),
    }
}

/// The 64-bit integer that an operand is at this moment.
fn integer_now(types: &CTypes, value: Traced, operand: Operand, unsigned: bool) -> Rec<u64> {
    match operand {
        Operand::Number => {
            let n = value.now.as_f64();
            Ok(if unsigned {
                moonwake_ffi::scalar::truncate_unsigned(n)
            } else {
                moonwake_ffi::scalar::truncate(n) as u64
            })
        }
        Operand::Scalar { follow, scalar } => {
            let cdata = value.now.as_cdata().ok_or(Reason::BadType)?;
            let at = cdata.payload() as u64;
            let at = if follow { word_now(at) } else { at };
            let bits = bytes_now(at, scalar.bytes());
            Ok(match mem_of(scalar)? {
                MemType::I8 => bits as i8 as u64,
                MemType::I16 => bits as i16 as u64,
                MemType::I32 => bits as i32 as u64,
                MemType::F32 => moonwake_ffi::scalar::truncate(f32::from_bits(bits as u32).into()) as u64,
                MemType::F64 => moonwake_ffi::scalar::truncate(f64::from_bits(bits)) as u64,
                _ => bits,
            })
        }
        _ => {
            let _ = types;
            Err(Reason::NyiCType.into())
        }
    }
}

/// A comparison's operands as IR and as they are now.
struct Compared {
    operands: (IrRef, IrRef),
    now: (u64, u64),
    unsigned: bool,
}

fn compared(r: &mut Recorder, at: &mut At<'_>, equality: bool, a: Traced, b: Traced) -> Rec<Option<Compared>> {
    let ffi = ffi_of(at);
    let types = ffi.types();
    let (offer_a, offer_b) = (Offer::of(&types, a.now), Offer::of(&types, b.now));
    let (left, right) = operands(&types, offer_a, offer_b);
    let Some(comparison) = plan_comparison(&types, equality, left, right) else { return Ok(None) };
    Ok(Some(match comparison {
        Comparison::Integers { unsigned } => {
            let x = r.integer64(&types, a, offer_a, unsigned)?;
            let y = r.integer64(&types, b, offer_b, unsigned)?;
            let now = (integer_now(&types, a, left, unsigned)?, integer_now(&types, b, right, unsigned)?);
            Compared { operands: (x, y), now, unsigned }
        }
        Comparison::Addresses => {
            let null = r.e.constant(Const::Ptr(0));
            let mut address = |value, operand| match operand {
                Operand::Null => Ok(null),
                operand => pointer_of(r, &types, value, operand),
            };
            let operands = (address(a, left)?, address(b, right)?);
            Compared { operands, now: (pointer_now(a, left)?, pointer_now(b, right)?), unsigned: true }
        }
    }))
}

/// `left < right`, or with `or_equal` `<=`; the instruction jumps if that comes out other than `negated`.
pub fn order(
    r: &mut Recorder,
    at: &mut At<'_>,
    or_equal: bool,
    negated: bool,
    left: Traced,
    right: Traced,
) -> Rec<Flow> {
    native_does_it(r);
    let Some(Compared { operands, now: (x, y), unsigned }) = compared(r, at, false, left, right)? else {
        return Err(Reason::NyiMetamethod.into());
    };
    let op = match (unsigned, or_equal) {
        (false, false) => Op::LT,
        (false, true) => Op::LE,
        (true, false) => Op::ULT,
        (true, true) => Op::ULE,
    };
    let holds = match op {
        Op::LT => (x as i64) < y as i64,
        Op::LE => x as i64 <= y as i64,
        Op::ULT => x < y,
        _ => x <= y,
    };
    let taken = holds != negated;
    r.guard_order(at, op, operands, holds, taken)?;
    Ok(r.jump(at, taken))
}

/// `left == right`; the instruction jumps if that comes out other than `negated`.
pub fn equal(r: &mut Recorder, at: &mut At<'_>, negated: bool, left: Traced, right: Traced) -> Rec<Flow> {
    native_does_it(r);
    let Some(Compared { operands, now: (x, y), .. }) = compared(r, at, true, left, right)? else {
        return Err(Reason::NyiMetamethod.into());
    };
    let holds = x == y;
    let taken = holds != negated;
    r.guard_order(at, Op::EQ, operands, holds, taken)?;
    Ok(r.jump(at, taken))
}

/// `#object`, whose result goes to `R[a]`: only a metatype defines it.
pub fn length(r: &mut Recorder, at: &mut At<'_>, object: Traced) -> Rec<Flow> {
    native_does_it(r);
    let ffi = ffi_of(at);
    metatype_operator(r, at, &ffi, Metamethod::Len, object, object)
}

/// A function of the `bit` library with a 64-bit argument; without an operation it is `bit.tobit`.
pub fn bits(r: &mut Recorder, at: &mut At<'_>, callee: &Callee, op: Option<Op>) -> Rec<Done> {
    let op = op.ok_or(Reason::NyiConversion)?;
    let ffi = ffi_of(at);
    let types = ffi.types();
    let shifts = matches!(op, Op::SHL | Op::SHR | Op::SAR | Op::ROL | Op::ROR);
    let is_unsigned = |value: Value| {
        ctype_now(&types, value).is_some_and(|id| {
            matches!(types.kind(types.underlying(referred(&types, id))), Kind::Int { bytes: 8, unsigned: true })
        })
    };
    let mut arguments = Vec::new();
    for i in 0..callee.arguments.len() {
        arguments.push(r.argument(callee, i)?);
    }
    let first = *arguments.first().ok_or(Reason::BadType)?;
    let unsigned = if shifts { is_unsigned(first.now) } else { arguments.iter().any(|a| is_unsigned(a.now)) };
    let (ty, mem) = if unsigned { (Type::U64, MemType::U64) } else { (Type::I64, MemType::I64) };
    let mut result = r.integer64(&types, first, Offer::of(&types, first.now), unsigned)?;
    if matches!(op, Op::BNOT | Op::BSWAP) {
        result = r.e.op(op, ty, &[result]);
    }
    for &argument in &arguments[1..] {
        let operand = if shifts {
            if !argument.now.is_number() {
                return Err(Reason::NyiConversion.into());
            }
            r.int(argument)?.ok_or(Reason::NyiConversion)?
        } else {
            r.integer64(&types, argument, Offer::of(&types, argument.now), unsigned)?
        };
        result = r.e.op(op, ty, &[result, operand]);
    }
    drop(types);
    let value = r.cbox(if unsigned { CTypeId::UINT64 } else { CTypeId::INT64 }, mem, result);
    Ok(Done::Results(vec![value]))
}
