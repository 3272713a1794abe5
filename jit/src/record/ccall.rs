//! Calls of C functions, and of what makes C values: compiled into the trace.
//!
//! The function's address is a constant, by a guard on the identity of the cdata that the script calls (which stands before the loop, since
//! libraries' functions are kept in a table). Arguments are converted as the FFI plans it, and then passed as the ABI has it:
//! a struct by value in registers becomes an argument for each of its eightbytes, one in memory an address to copy from, and a struct that
//! is returned is stored into a cdata that is made only if it escapes.

use super::call::Callee;
use super::cvalue::{CValue, ctype_now, ffi_of, mem_of, mem_of_type};
use super::machine::word_now;
use super::natives::{Done, Effects};
use super::{At, Recorder, Traced};
use crate::ir::{CParam, CSignature, Const, Ins, IrRef, MemType, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_ffi::abi::{Class, Piece, Place, RetPlan, plan_call as plan_abi};
use moonwake_ffi::call::{CallPlan, plan_call};
use moonwake_ffi::cdata::ctype_object;
use moonwake_ffi::convert::from_lua::{Conversion, Offer, plan as plan_conversion};
use moonwake_ffi::convert::to_lua::{Load, plan_box};
use moonwake_ffi::ctype::{CTypeId, CTypes, FunctionId, Kind};
use moonwake_ffi::state::Ffi;
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::value::{Tag, Value};

/// `cdata(...)`: a C function, or a ctype that makes a value.
pub fn call(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let object = r.argument(callee, 0)?;
    let id = ctype_now(&ffi.types(), object.now).ok_or(Reason::BadType)?;
    let arguments = callee.arguments[1..].to_vec();
    if id == CTypeId::CTYPE {
        let object = r.specialise(object)?;
        let made = named_type(r, at, &ffi, object)?;
        r.guard_epoch(at)?;
        let handler = ffi.metamethod(at.vm, made, Metamethod::New);
        if handler.is(Tag::Function) {
            let function = r.value(handler);
            return r.enter(at, Callee { function, ..callee.clone() }).map(Done::Flow);
        }
        return make(r, at, &ffi, object, &arguments);
    }
    let function = function_type(&ffi.types(), id);
    let Some(function) = function else { return by_metatype(r, at, &ffi, callee, object, id) };
    let address = function_address(r, &ffi.types(), object, id)?;
    c_call(r, at, &ffi, function, address, &arguments)
}

/// The function type that can be called through a cdata of this type.
fn function_type(types: &CTypes, id: CTypeId) -> Option<FunctionId> {
    let id = moonwake_ffi::convert::compatible::referred(types, id);
    let id = match types.kind(id) {
        Kind::Pointer(to) => to,
        _ => id,
    };
    match types.kind(id) {
        Kind::Function(function) => Some(function),
        _ => None,
    }
}

/// The address of the function that a cdata is or points to.
fn function_address(r: &mut Recorder, types: &CTypes, object: Traced, id: CTypeId) -> Rec<IrRef> {
    let fresh = r.e.trace.ins_of(object.ir, Op::CBOX).is_some();
    let object = if fresh { object } else { r.specialise(object)? };
    let (cdata, _) = r.guard_ctype(types, object)?;
    let is_function = match types.kind(id) {
        Kind::Function(_) => true,
        Kind::Reference(to) => matches!(types.kind(to), Kind::Function(_)),
        _ => false,
    };
    if object.ir.is_constant() && is_function {
        // A declared function: its cdata never changes.
        return Ok(r.e.constant(Const::Ptr(word_now(cdata.payload() as u64))));
    }
    let payload = r.payload(types, object, cdata, id)?;
    let address = r.xload(MemType::Ptr, payload, 0);
    Ok(match types.kind(id) {
        Kind::Reference(to) if matches!(types.kind(to), Kind::Pointer(_)) => r.xload(MemType::Ptr, address, 0),
        _ => address,
    })
}

/// The arguments of a C call as its signature has them.
#[derive(Default)]
struct Passed {
    signature: CSignature,
    values: Vec<IrRef>,
}

impl Passed {
    fn push(&mut self, param: CParam, value: IrRef) {
        self.signature.params.push(param);
        self.values.push(value);
    }
}

/// How a piece of a struct lies in memory.
fn piece_mem(piece: Piece) -> Rec<MemType> {
    Ok(match (piece.class, piece.size) {
        (Class::Int, 8) => MemType::I64,
        (Class::Int, 4) => MemType::I32,
        (Class::Int, 2) => MemType::I16,
        (Class::Int, 1) => MemType::U8,
        (Class::Sse, 8) => MemType::F64,
        (Class::Sse, 4) => MemType::F32,
        _ => return Err(Reason::NyiCCall.into()),
    })
}

fn c_call(
    r: &mut Recorder,
    at: &mut At<'_>,
    ffi: &Ffi,
    function: FunctionId,
    address: IrRef,
    arguments: &[Traced],
) -> Rec<Done> {
    let mut unboxed = Vec::with_capacity(arguments.len());
    for &argument in arguments {
        unboxed.push(r.unbox(argument)?);
    }
    let offers: Vec<Offer> = unboxed.iter().map(|value| Offer::of(&ffi.types(), value.now)).collect();
    let known = ffi.known();
    let plan = plan_call(&mut ffi.types_mut(), known, function, &offers).map_err(|_| Reason::BadType)?;
    let types = ffi.types();
    let more: Vec<CTypeId> = plan.arguments[plan.fixed..].iter().map(|argument| argument.ctype).collect();
    let abi = plan_abi(&types, types.function(function), &more).map_err(|_| Reason::NyiCCall)?;
    let mut passed = Passed::default();
    passed.signature.variadic = plan.variadic;
    let aggregate = matches!(types.kind(plan.result), Kind::Record(_) | Kind::Complex(_) | Kind::Vector { .. });
    let memory = result_memory(r, &plan, aggregate)?;
    if let (RetPlan::Memory { .. }, Some((_, place))) = (abi.ret, memory) {
        passed.push(CParam::Result, place);
    }
    for (i, value) in unboxed.iter().enumerate() {
        let argument = plan.arguments[i];
        let converted = r.convert(ffi, *value, offers[i], argument.conversion, argument.ctype)?;
        match (converted, abi.args[i].place) {
            (CValue::Scalar(value, mem), _) => passed.push(CParam::Scalar(mem), value),
            (CValue::Bytes(from, _), Place::Registers(pieces)) => {
                for &piece in pieces.iter() {
                    let mem = piece_mem(piece)?;
                    let value = r.xload(mem, from, piece.offset.into());
                    passed.push(CParam::Scalar(mem), value);
                }
            }
            (CValue::Bytes(from, bytes), Place::Stack { .. }) => {
                let (bytes, from) = on_the_stack(r, from, bytes)?;
                passed.push(CParam::Memory(bytes), from);
            }
            (CValue::Bytes(..), Place::Nothing) => {}
        }
    }
    let pieces: Vec<(Piece, MemType)> = match abi.ret {
        RetPlan::Nothing | RetPlan::Memory { .. } => Vec::new(),
        RetPlan::Registers { pieces, is_scalar: false, .. } => {
            let with_mem = pieces.iter().map(|&piece| piece_mem(piece).map(|mem| (piece, mem)));
            with_mem.collect::<Rec<_>>()?
        }
        RetPlan::Registers { pieces, .. } => {
            let mem = match plan.load {
                Load::Boolean => MemType::U8,
                Load::Number(scalar) => mem_of(scalar)?,
                _ => mem_of_type(&types, plan.result)?,
            };
            vec![(pieces[0], mem)]
        }
        RetPlan::X87 { .. } => return Err(Reason::NyiCCall.into()),
    };
    drop(types);
    passed.signature.results = pieces.iter().map(|&(_, mem)| mem).collect();
    let result = emit_call(r, address, passed);
    r.native_called = true;
    let mut registers = Vec::new();
    for (number, &(piece, mem)) in pieces.iter().enumerate() {
        let value = match number {
            0 => result,
            n => r.e.op_with(Op::RESULT, mem.ty(), &[result], &[n as i32]),
        };
        registers.push((piece, mem, value));
    }
    finish_result(r, at, &plan, memory, &registers)
}

/// A struct that travels on the stack, which takes eight bytes at a time: from where so many can be read.
fn on_the_stack(r: &mut Recorder, from: IrRef, bytes: u64) -> Rec<(u32, IrRef)> {
    let size = i32::try_from(bytes).ok().filter(|&size| size <= 1 << 16).ok_or(Reason::NyiCCall)?;
    if size % 8 == 0 {
        return Ok((size as u32, from));
    }
    let rounded = (size + 7) & !7;
    let copy = r.e.op_with(Op::SCRATCH, Type::Ptr, &[], &[rounded]);
    r.store(Op::XCOPY, &[copy, from], &[size]);
    Ok((rounded as u32, copy))
}

/// Of a call that returns a struct: the cdata for it and the address of its payload.
fn result_memory(r: &mut Recorder, plan: &CallPlan, aggregate: bool) -> Rec<Option<(IrRef, IrRef)>> {
    match plan.load {
        Load::Box { ctype, bytes, align } if aggregate => r.cnew(ctype, bytes.into(), align.into()).map(Some),
        _ => Ok(None),
    }
}

fn emit_call(r: &mut Recorder, address: IrRef, passed: Passed) -> IrRef {
    if let Some(counter) = r.native_counter {
        let counter = r.e.constant(Const::Ptr(counter));
        let (count, one) = (r.xload(MemType::U64, counter, 0), r.e.constant(Const::U64(1)));
        let count = r.e.op(Op::ADD, Type::U64, &[count, one]);
        r.xstore(MemType::U64, counter, 0, count);
    }
    let ty = passed.signature.results.first().map_or(Type::None, |mem| mem.ty());
    let signature = r.e.trace.add_signature(passed.signature);
    let mut ins = Ins::new(Op::CALLC, ty, &[address]).with_lits(&[signature]);
    ins.list = r.e.list(&passed.values);
    r.effect = true;
    r.e.append(ins)
}

/// The result of a call as a Lua value.
fn finish_result(
    r: &mut Recorder,
    at: &mut At<'_>,
    plan: &CallPlan,
    memory: Option<(IrRef, IrRef)>,
    registers: &[(Piece, MemType, IrRef)],
) -> Rec<Done> {
    let _ = at;
    if let Some((object, place)) = memory {
        for &(piece, mem, value) in registers {
            r.xstore(mem, place, piece.offset.into(), value);
        }
        return Ok(Done::Results(vec![object]));
    }
    let Some(&(_, mem, value)) = registers.first() else { return Ok(Done::Results(Vec::new())) };
    let value = match plan.load {
        Load::Nothing => return Ok(Done::Results(Vec::new())),
        Load::Boolean => r.boolean(value)?,
        Load::Number(_) => r.lua_number(mem, value),
        Load::Box { ctype, .. } => r.cbox(ctype, mem, value),
        Load::Reference { ctype } => r.cbox(ctype, MemType::Ptr, value),
    };
    Ok(Done::Results(vec![value]))
}

/// What a metatype says of a call.
fn by_metatype(
    r: &mut Recorder,
    at: &mut At<'_>,
    ffi: &Ffi,
    callee: &Callee,
    object: Traced,
    id: CTypeId,
) -> Rec<Done> {
    r.guard_ctype(&ffi.types(), object)?;
    let handler = ffi.metamethod(at.vm, id, Metamethod::Call);
    r.guard_epoch(at)?;
    if !handler.is(Tag::Function) {
        return Err(Reason::BadType.into());
    }
    let function = r.value(handler);
    r.enter(at, Callee { function, ..callee.clone() }).map(Done::Flow)
}

// ------------------------------------------------------------------------------------------------ making values

/// The ctype that the first argument of a library function names, which becomes a constant.
pub fn named_type(r: &mut Recorder, at: &mut At<'_>, ffi: &Ffi, argument: Traced) -> Rec<CTypeId> {
    let known = r.specialise(argument)?;
    if let Some(text) = known.now.as_str() {
        return ffi.type_of_text(at.vm, text).map_err(|_| Reason::BadType.into());
    }
    let types = ffi.types();
    match ctype_object(&types, known.now) {
        Some(id) => Ok(id),
        None => ctype_now(&types, known.now).ok_or_else(|| Reason::BadType.into()),
    }
}

/// `ffi.new`
pub fn new(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let first = r.argument(callee, 0)?;
    make(r, at, &ffi, first, &callee.arguments[1..])
}

/// `ffi.new(ctype, ...)`, or `ctype(...)`: what is not made of numbers and addresses alone, the function itself makes.
fn make(r: &mut Recorder, at: &mut At<'_>, ffi: &Ffi, ctype: Traced, arguments: &[Traced]) -> Rec<Done> {
    let id = named_type(r, at, ffi, ctype)?;
    r.guard_epoch(at)?;
    if !ffi.metamethod(at.vm, id, Metamethod::Gc).is_nil() {
        return Ok(Done::Call(Effects::Acts));
    }
    match make_inline(r, ffi, id, arguments) {
        Ok(object) => Ok(Done::Results(vec![object])),
        Err(abort) if matches!(abort.reason, Reason::NyiCType | Reason::NyiConversion) => {
            Ok(Done::Call(Effects::Reads))
        }
        Err(abort) => Err(abort),
    }
}

fn make_inline(r: &mut Recorder, ffi: &Ffi, id: CTypeId, arguments: &[Traced]) -> Rec<IrRef> {
    let types = ffi.types();
    let Load::Box { ctype, bytes, align } = plan_box(&types, id) else { return Err(Reason::NyiCType.into()) };
    if bytes == 0 {
        return Err(Reason::NyiCType.into());
    }
    if let Ok(mem) = mem_of_type(&types, ctype) {
        let value = match arguments {
            [] => r.zero(mem),
            [value] => match initial(r, ffi, *value, ctype)? {
                CValue::Scalar(value, _) => value,
                CValue::Bytes(..) => return Err(Reason::NyiConversion.into()),
            },
            _ => return Err(Reason::NyiConversion.into()),
        };
        // Not a CBOX: a program may store into what it made.
        let (object, place) = r.cnew(ctype, bytes.into(), align.into())?;
        r.xstore(mem, place, 0, value);
        return Ok(object);
    }
    let members = match types.kind(ctype) {
        Kind::Record(_) => record_members(&types, ctype)?,
        Kind::Array { .. } if arguments.is_empty() && types.size_of(ctype).is_some() => Vec::new(),
        _ => return Err(Reason::NyiCType.into()),
    };
    if arguments.len() > members.len() {
        return Err(Reason::NyiConversion.into());
    }
    let mut values = Vec::new();
    for (&argument, &(offset, member)) in arguments.iter().zip(&members) {
        match initial(r, ffi, argument, member)? {
            CValue::Scalar(value, mem) => values.push((offset, value, mem)),
            CValue::Bytes(..) => return Err(Reason::NyiConversion.into()),
        }
    }
    let (object, place) = r.cnew(ctype, bytes.into(), align.into())?;
    for (offset, value, mem) in values {
        r.xstore(mem, place, offset, value);
    }
    Ok(object)
}

/// A value that initialises a place of this type.
fn initial(r: &mut Recorder, ffi: &Ffi, value: Traced, to: CTypeId) -> Rec<CValue> {
    let value = r.unbox(value)?;
    let offer = Offer::of(&ffi.types(), value.now);
    let conversion = plan_conversion(&ffi.types(), ffi.known(), to, offer, false).ok_or(Reason::NyiConversion)?;
    r.convert(ffi, value, offer, conversion, to)
}

/// Offset and type of each member of a struct, which must all be plain numbers or addresses.
fn record_members(types: &CTypes, id: CTypeId) -> Rec<Vec<(i32, CTypeId)>> {
    let Kind::Record(record) = types.kind(id) else { return Err(Reason::NyiCType.into()) };
    if types.record(record).is_union {
        return Err(Reason::NyiCType.into());
    }
    let body = types.record_body(id).ok_or(Reason::NyiCType)?;
    let mut all = Vec::new();
    for member in &body.members {
        if member.bits.is_some() || member.name.is_none() {
            return Err(Reason::NyiCType.into());
        }
        mem_of_type(types, member.ctype)?;
        all.push((member.offset as i32, member.ctype));
    }
    Ok(all)
}

/// `ffi.cast`
pub fn cast(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let (first, value) = (r.argument(callee, 0)?, r.argument(callee, 1)?);
    let id = named_type(r, at, &ffi, first)?;
    let id = ffi.types().bare(id);
    let offer = Offer::of(&ffi.types(), value.now);
    let conversion = plan_conversion(&ffi.types(), ffi.known(), id, offer, true).ok_or(Reason::BadType)?;
    if let Conversion::Callback(_) = conversion {
        return Ok(Done::Call(Effects::Acts));
    }
    let converted = match mem_of_type(&ffi.types(), id) {
        Ok(mem) => r.convert(&ffi, value, offer, conversion, id).map(|converted| (converted, mem)),
        Err(abort) => Err(abort),
    };
    match converted {
        Ok((CValue::Scalar(value, _), mem)) => Ok(Done::Results(vec![r.cbox(id, mem, value)])),
        Ok((CValue::Bytes(..), _)) => Ok(Done::Call(Effects::Reads)),
        Err(abort) if matches!(abort.reason, Reason::NyiCType | Reason::NyiConversion) => {
            Ok(Done::Call(Effects::Reads))
        }
        Err(abort) => Err(abort),
    }
}

/// `tonumber` of a cdata.
pub fn tonumber(r: &mut Recorder, at: &mut At<'_>, argument: Traced) -> Rec<Done> {
    let ffi = ffi_of(at);
    let offer = Offer::of(&ffi.types(), argument.now);
    let conversion =
        plan_conversion(&ffi.types(), ffi.known(), CTypeId::DOUBLE, offer, false).ok_or(Reason::NyiConversion)?;
    match r.convert(&ffi, argument, offer, conversion, CTypeId::DOUBLE)? {
        CValue::Scalar(value, _) => Ok(Done::Results(vec![value])),
        CValue::Bytes(..) => Err(Reason::NyiConversion.into()),
    }
}

impl Recorder {
    /// Zero of a memory type.
    fn zero(&mut self, mem: MemType) -> IrRef {
        match mem.ty() {
            Type::Num => self.value(Value::number(0.0)).ir,
            Type::Int => self.e.int(0),
            Type::I64 => self.e.constant(Const::I64(0)),
            Type::U64 => self.e.constant(Const::U64(0)),
            _ => self.e.constant(Const::Ptr(0)),
        }
    }
}
