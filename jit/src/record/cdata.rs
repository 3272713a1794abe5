//! C values: indexing, stores, arithmetic and comparisons of cdata.
//!
//! Every handler of this folder that meets a cdata operand comes here with the operands unboxed. The interpreter does these operations by
//! calling the native functions in the metatable of cdata; so an entry of one of those is foretold ([`native_does_it`]). A guard on the
//! cdata's ctype fixes which plan the FFI has for the operation, and the plan becomes loads, stores and integer arithmetic
//! ([`super::cvalue`]). A plan that needs more than these (a table becomes a struct, a number of 80 bits is read) is carried out on the
//! trace by the native function itself ([`by_native`]).

use super::bitfield::{self, Bits};
use super::call::Callee;
use super::cvalue::{CValue, ctype_now, ffi_of, mem_of};
use super::machine::{bytes_now, word_now};
use super::natives::Done;
use super::natives::Effects;
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Const, Helper, IrRef, MemType, Op, Type};
use crate::opt::alias::{self, Alias};
use crate::trace::abort::{Abort, Reason, Rec};
use moonwake_ffi::arith::{Arith, ArithOp, Comparison, Operand, operands, plan as plan_arith, plan_comparison};
use moonwake_ffi::cdata::{ctype_object, place_of};
use moonwake_ffi::convert::compatible::referred;
use moonwake_ffi::convert::from_lua::{Offer, plan as plan_conversion};
use moonwake_ffi::convert::to_lua::{Load, plan_load};
use moonwake_ffi::ctype::{BitField, CTypeId, CTypes, Kind};
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

/// What the native function does that handles an event for cdata, by calling it. It must not be one that a metatype handles.
fn by_native(
    r: &mut Recorder,
    at: &mut At<'_>,
    event: Metamethod,
    operands: &[Traced],
    effects: Effects,
) -> Rec<IrRef> {
    let ffi = ffi_of(at);
    let mut handler = None;
    for operand in operands.iter().filter(|operand| operand.now.is(Tag::Cdata)) {
        r.guard_ctype(&ffi.types(), *operand)?;
        handler = at.vm.metamethod(operand.now, event);
    }
    let function = r.value(handler.ok_or(Reason::BadType)?);
    let (first, _) = r.call_helper_of_native(function.ir, operands, 1, effects)?;
    Ok(r.left_in_slot(first))
}

/// Whether what was tried is only not recorded, as opposed to an error that the operation will throw.
fn is_left_out(abort: &Abort) -> bool {
    matches!(abort.reason, Reason::NyiCType | Reason::NyiConversion)
}

/// The struct in which a cdata of this type has its members.
fn record_of(types: &CTypes, id: CTypeId) -> CTypeId {
    let id = referred(types, id);
    match types.kind(id) {
        Kind::Pointer(to) => to,
        _ => id,
    }
}

/// What an access finds, as a Lua value.
fn load(r: &mut Recorder, at: &mut At<'_>, ffi: &Ffi, object: Traced, access: Access, key: Traced) -> Rec<IrRef> {
    let load = plan_load(&mut ffi.types_mut(), access.ctype);
    let Some(bits) = access.bits else {
        let place = address(r, &ffi.types(), object, access, key)?;
        return r.load_lua(at, ffi, load, place);
    };
    let bits = located(&ffi.types(), object, access, bits)?;
    let place = address(r, &ffi.types(), object, Access { offset: bits.offset, ..access }, key)?;
    let (value, mem) = r.load_bits(bits, place);
    match load {
        Load::Boolean => r.boolean(value),
        Load::Number(_) => Ok(r.lua_number(mem, value)),
        Load::Box { ctype, .. } => Ok(r.cbox(ctype, mem, value)),
        Load::Nothing | Load::Reference { .. } => Err(Reason::NyiCType.into()),
    }
}

fn located(types: &CTypes, object: Traced, access: Access, bits: BitField) -> Rec<Bits> {
    let id = ctype_now(types, object.now).ok_or(Reason::NyiCType)?;
    bitfield::locate(types, access, bits, record_of(types, id))
}

/// `object[key]`, whose result goes to `R[a]`.
pub fn index(r: &mut Recorder, at: &mut At<'_>, object: Traced, key: Traced) -> Rec<Flow> {
    native_does_it(r);
    let ffi = ffi_of(at);
    let key = if key.now.as_str().is_some() { r.specialise(key)? } else { key };
    let id = ctype_now(&ffi.types(), object.now).ok_or(Reason::NyiCType)?;
    let represented = ctype_object(&ffi.types(), object.now);
    let object = if represented.is_some() { r.specialise(object)? } else { object };
    let planned = plan_index(&ffi.types(), represented.unwrap_or(id), represented.is_some(), key_of(&ffi, key));
    match planned {
        Ok(Indexed::Memory(access)) => {
            let value = match load(r, at, &ffi, object, access, key) {
                Err(abort) if is_left_out(&abort) => {
                    by_native(r, at, Metamethod::Index, &[object, key], Effects::Reads)?
                }
                value => value?,
            };
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
        Err(Refusal::Size) => Err(Reason::BadType.into()),
    }
}

/// What the metatype of a cdata, or of what a ctype object stands for, has for an event. That this stays so is guarded by the epoch.
fn metatype_handler(r: &mut Recorder, at: &mut At<'_>, ffi: &Ffi, object: Traced, event: Metamethod) -> Rec<Value> {
    let (_, id) = r.guard_ctype(&ffi.types(), object)?;
    let represented = ctype_object(&ffi.types(), object.now);
    r.guard_epoch(at)?;
    Ok(ffi.metamethod(at.vm, represented.unwrap_or(id), event))
}

/// What the metatype of a cdata has for a key.
fn by_metatype(r: &mut Recorder, at: &mut At<'_>, ffi: &Ffi, object: Traced, key: Traced) -> Rec<Flow> {
    let handler = metatype_handler(r, at, ffi, object, Metamethod::Index)?;
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
    if id == CTypeId::CTYPE {
        return Err(Reason::BadType.into());
    }
    let planned = plan_index(&ffi.types(), id, false, key_of(&ffi, key));
    let access = match planned {
        Ok(Indexed::Memory(access)) if !access.read_only => access,
        Err(Refusal::Member(_) | Refusal::Key(_)) => {
            let handler = metatype_handler(r, at, &ffi, object, Metamethod::NewIndex)?;
            return match handler.is(Tag::Function) {
                true => r.call_metamethod(at, handler, &[object, key, value], Value::NIL, false),
                false if handler.is_nil() => Err(Reason::BadType.into()),
                false => {
                    let object = r.value(handler);
                    r.store_index(at, object, key, value)
                }
            };
        }
        Ok(_) | Err(Refusal::Size) => return Err(Reason::BadType.into()),
    };
    let value = r.unbox(value)?;
    match store_to(r, &ffi, (object, access, key), value) {
        Err(abort) if is_left_out(&abort) => {
            by_native(r, at, Metamethod::NewIndex, &[object, key, value], Effects::Copies)?;
        }
        stored => stored?,
    }
    Ok(Flow::Next)
}

/// Stores a value where an access leads.
fn store_to(r: &mut Recorder, ffi: &Ffi, (object, access, key): (Traced, Access, Traced), value: Traced) -> Rec<()> {
    let types = ffi.types();
    let offer = Offer::of(&types, value.now);
    let conversion = plan_conversion(&types, ffi.known(), access.ctype, offer, false).ok_or(Reason::BadType)?;
    let converted = r.convert(ffi, value, offer, conversion, access.ctype)?;
    if let Some(bits) = access.bits {
        let bits = located(&types, object, access, bits)?;
        let CValue::Scalar(value, _) = converted else { return Err(Reason::NyiConversion.into()) };
        let place = address(r, &types, object, Access { offset: bits.offset, ..access }, key)?;
        r.store_bits(bits, place, value);
        return Ok(());
    }
    let place = address(r, &types, object, access, key)?;
    match converted {
        CValue::Scalar(value, mem) => r.xstore(mem, place, 0, value),
        CValue::Bytes(from, bytes) => {
            let bytes = i32::try_from(bytes).map_err(|_| Reason::NyiCType)?;
            r.store(Op::XCOPY, &[place, from], &[bytes]);
        }
    }
    Ok(())
}

fn operator(event: Metamethod) -> Option<ArithOp> {
    Some(match event {
        Metamethod::Add => ArithOp::Add,
        Metamethod::Sub => ArithOp::Sub,
        Metamethod::Mul => ArithOp::Mul,
        Metamethod::Div => ArithOp::Div,
        Metamethod::Mod => ArithOp::Mod,
        Metamethod::Pow => ArithOp::Pow,
        Metamethod::Unm => ArithOp::Unm,
        _ => return None,
    })
}

/// A unary or binary operator, whose result goes to `R[a]`.
pub fn arithmetic(r: &mut Recorder, at: &mut At<'_>, event: Metamethod, a: Traced, b: Traced) -> Rec<Flow> {
    native_does_it(r);
    let ffi = ffi_of(at);
    let Some(op) = operator(event) else { return metatype_operator(r, at, &ffi, event, a, b) };
    let (offer_a, offer_b) = (Offer::of(&ffi.types(), a.now), Offer::of(&ffi.types(), b.now));
    let planned = {
        let types = ffi.types();
        let (left, right) = operands(&types, offer_a, offer_b);
        plan_arith(&types, op, left, right).map(|arith| (arith, left, right))
    };
    let Some((arith, left, right)) = planned else { return metatype_operator(r, at, &ffi, event, a, b) };
    let result = match calculate(r, &ffi, (op, arith), (a, left), (b, right)) {
        Err(abort) if is_left_out(&abort) => by_native(r, at, event, &[a, b], Effects::Reads)?,
        result => result?,
    };
    r.set(at.ins.a(), result);
    Ok(Flow::Next)
}

/// The result of an operation that is not left to metatypes.
fn calculate(
    r: &mut Recorder,
    ffi: &Ffi,
    (op, arith): (ArithOp, Arith),
    (a, left): (Traced, Operand),
    (b, right): (Traced, Operand),
) -> Rec<IrRef> {
    Ok(match arith {
        Arith::Integers { unsigned } => {
            let x = integer(r, ffi, a, left, unsigned)?;
            let y = integer(r, ffi, b, right, unsigned)?;
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
        Arith::Distance { step } => {
            let types = ffi.types();
            let (x, y) = (pointer_of(r, &types, a, left)?, pointer_of(r, &types, b, right)?);
            let (x, y) = (r.e.op(Op::CONV, Type::I64, &[x]), r.e.op(Op::CONV, Type::I64, &[y]));
            let mut distance = r.e.op(Op::SUB, Type::I64, &[x, y]);
            if step != 1 {
                let step = r.e.integer(Type::I64, step as i64);
                distance = r.call(Helper::DivI64, &[distance, step])?;
            }
            r.e.op(Op::TONUM, Type::Num, &[distance])
        }
    })
}

/// An operand as a 64-bit integer.
fn integer(r: &mut Recorder, ffi: &Ffi, value: Traced, operand: Operand, unsigned: bool) -> Rec<IrRef> {
    let Operand::Enumerator(enumeration) = operand else {
        let types = ffi.types();
        return r.integer64(&types, value, Offer::of(&types, value.now), unsigned);
    };
    let name = value.now.as_str().ok_or(Reason::BadType)?;
    let number = ffi.enumerator(enumeration, name).ok_or(Reason::BadType)?.to_i64();
    r.specialise(value)?;
    Ok(r.e.integer(if unsigned { Type::U64 } else { Type::I64 }, number))
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
    match operator_handler(r, at, ffi, event, a, b)? {
        Some(handler) => r.call_metamethod(at, handler, &[a, b], Value::NIL, false),
        None => Err(Reason::BadType.into()),
    }
}

/// The function that metatypes have for an operator: the left operand's, or else the right one's.
fn operator_handler(
    r: &mut Recorder,
    at: &mut At<'_>,
    ffi: &Ffi,
    event: Metamethod,
    a: Traced,
    b: Traced,
) -> Rec<Option<Value>> {
    for operand in [a, b] {
        if operand.now.is(Tag::Cdata) {
            let handler = metatype_handler(r, at, ffi, operand, event)?;
            if handler.is(Tag::Function) {
                return Ok(Some(handler));
            }
            if !handler.is_nil() {
                return Err(Reason::NyiMetamethod.into());
            }
        }
    }
    Ok(None)
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
fn integer_now(ffi: &Ffi, value: Traced, operand: Operand, unsigned: bool) -> Rec<u64> {
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
        Operand::Enumerator(enumeration) => {
            let name = value.now.as_str().ok_or(Reason::BadType)?;
            Ok(ffi.enumerator(enumeration, name).ok_or(Reason::BadType)?.to_i64() as u64)
        }
        Operand::Address(_) | Operand::Null | Operand::Other => Err(Reason::NyiCType.into()),
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
            let (x, y) = (integer(r, &ffi, a, left, unsigned)?, integer(r, &ffi, b, right, unsigned)?);
            let now = (integer_now(&ffi, a, left, unsigned)?, integer_now(&ffi, b, right, unsigned)?);
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
        let ffi = ffi_of(at);
        let event = if or_equal { Metamethod::Le } else { Metamethod::Lt };
        return metatype_operator(r, at, &ffi, event, left, right);
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
    if left.now == right.now && left.ir == right.ir {
        // The same object, which the interpreter sees itself.
        return Ok(r.jump(at, !negated));
    }
    if left.now == right.now {
        r.guard_order(at, Op::EQ, (left.ir, right.ir), true, !negated)?;
        return Ok(r.jump(at, !negated));
    }
    native_does_it(r);
    let ffi = ffi_of(at);
    if unknown_enumerator(&ffi, left, right) {
        for operand in [left, right] {
            match operand.now.is(Tag::Cdata) {
                true => drop(r.guard_ctype(&ffi.types(), operand)?),
                false => drop(r.specialise(operand)?),
            }
        }
        return Ok(r.jump(at, negated));
    }
    let compared = match compared(r, at, true, left, right)? {
        Some(compared) => compared,
        None => match operator_handler(r, at, &ffi, Metamethod::Eq, left, right)? {
            Some(handler) => {
                // One object is equal to itself without being asked.
                let both = left.now.is(Tag::Cdata) && right.now.is(Tag::Cdata);
                if both && alias::objects(&r.e, left.ir, right.ir) != Alias::No {
                    r.e.guard(Op::NE, Type::None, &[left.ir, right.ir])?;
                }
                return r.call_metamethod(at, handler, &[left, right], Value::NIL, false);
            }
            None if left.now.is(Tag::Cdata) && right.now.is(Tag::Cdata) => identities(r, &ffi, left, right)?,
            // Types are guarded.
            None => return Ok(r.jump(at, negated)),
        },
    };
    let Compared { operands, now: (x, y), .. } = compared;
    let holds = x == y;
    let taken = holds != negated;
    r.guard_order(at, Op::EQ, operands, holds, taken)?;
    Ok(r.jump(at, taken))
}

/// Whether one is an enumeration and the other a string that names none of its enumerators.
fn unknown_enumerator(ffi: &Ffi, left: Traced, right: Traced) -> bool {
    let types = ffi.types();
    let (a, b) = operands(&types, Offer::of(&types, left.now), Offer::of(&types, right.now));
    [(a, left), (b, right)].iter().any(|&(operand, value)| match (operand, value.now.as_str()) {
        (Operand::Enumerator(enumeration), Some(name)) => ffi.enumerator(enumeration, name).is_none(),
        _ => false,
    })
}

/// Two cdata that nothing else makes equal are so when they are one place.
fn identities(r: &mut Recorder, ffi: &Ffi, left: Traced, right: Traced) -> Rec<Compared> {
    let types = ffi.types();
    let (offer_a, offer_b) = (Offer::of(&types, left.now), Offer::of(&types, right.now));
    let (a, b) = operands(&types, offer_a, offer_b);
    let mut identity = |value: Traced, operand, offer| match operand {
        Operand::Address(_) => Ok((pointer_of(r, &types, value, operand)?, pointer_now(value, operand)?)),
        _ => {
            let cdata = value.now.as_cdata().ok_or(Reason::BadType)?;
            Ok((r.referred_address(&types, value, offer)?, place_of(&types, cdata).address as u64))
        }
    };
    let ((x, now_x), (y, now_y)): ((IrRef, u64), (IrRef, u64)) =
        match (identity(left, a, offer_a), identity(right, b, offer_b)) {
            (Ok(x), Ok(y)) => (x, y),
            (Err(abort), _) | (_, Err(abort)) => return Err(abort),
        };
    Ok(Compared { operands: (x, y), now: (now_x, now_y), unsigned: true })
}

/// `#object`, whose result goes to `R[a]`: only a metatype defines it.
pub fn length(r: &mut Recorder, at: &mut At<'_>, object: Traced) -> Rec<Flow> {
    native_does_it(r);
    let ffi = ffi_of(at);
    metatype_operator(r, at, &ffi, Metamethod::Len, object, object)
}

/// `__concat` of cdata: only metatypes define it.
pub fn concatenation(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let (a, b) = (r.argument(callee, 0)?, r.argument(callee, 1)?);
    match operator_handler(r, at, &ffi, Metamethod::Concat, a, b)? {
        Some(handler) => enter_handler(r, at, callee, handler),
        None => Err(Reason::BadType.into()),
    }
}

/// `__tostring` of cdata.
pub fn text(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let object = r.argument(callee, 0)?;
    if ctype_object(&ffi.types(), object.now).is_some() {
        r.guard_ctype(&ffi.types(), object)?;
        return Ok(Done::Call(Effects::Reads));
    }
    match metatype_handler(r, at, &ffi, object, Metamethod::ToString)? {
        Value::NIL => Ok(Done::Call(Effects::Reads)),
        handler if handler.is(Tag::Function) => enter_handler(r, at, callee, handler),
        _ => Err(Reason::NyiMetamethod.into()),
    }
}

/// Enters a metatype's function in the place of the native one that asks it.
fn enter_handler(r: &mut Recorder, at: &mut At<'_>, callee: &Callee, handler: Value) -> Rec<Done> {
    let function = r.value(handler);
    r.enter(at, Callee { function, ..callee.clone() }).map(Done::Flow)
}

/// Whether a value is a boxed `int64_t` or `uint64_t`, which is guarded to stay one.
pub fn is_plain_integer(r: &mut Recorder, at: &mut At<'_>, value: Traced) -> Rec<bool> {
    let Some(cdata) = value.now.as_cdata() else { return Ok(false) };
    if moonwake_lang::stdlib::integer64::boxed_integer(cdata).is_none() {
        return Ok(false);
    }
    let value = r.unbox(value)?;
    r.guard_ctype(&ffi_of(at).types(), value)?;
    Ok(true)
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
