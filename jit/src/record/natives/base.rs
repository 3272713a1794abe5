//! The basic functions. Many of them only ask for types, or pass values on, and so cost nothing in a trace.

use super::{Done, Effects};
use crate::ir::{Const, Field, Helper, IrRef, Op, Type};
use crate::record::call::Callee;
use crate::record::liveness::Registers;
use crate::record::recorder::{FrameInfo, whole};
use crate::record::{At, Recorder, Traced};
use crate::trace::abort::{Abort, Reason, Rec};
use moonwake_lang::gc::Heap;
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::object::{Gc, Table};
use moonwake_lang::value::{Tag, Value};
use moonwake_lang::vm::access::raw_equals;
use moonwake_lang::vm::frame::{Link, LinkKind};

fn one(value: IrRef) -> Rec<Done> {
    Ok(Done::Results(vec![value]))
}

fn refs(arguments: &[Traced]) -> Vec<IrRef> {
    arguments.iter().map(|argument| argument.ir).collect()
}

fn table(r: &mut Recorder, callee: &Callee, i: usize) -> Rec<(Traced, Gc<Table>)> {
    let argument = r.argument(callee, i)?;
    argument.now.as_table().map(|t| (argument, t)).ok_or_else(|| Reason::BadType.into())
}

/// `assert`
pub fn assert(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let condition = r.argument(callee, 0)?;
    if condition.now.is_falsy() { Err(Reason::BadType.into()) } else { Ok(Done::Results(refs(&callee.arguments))) }
}

/// `error`: traces do not throw.
pub fn error(_: &mut Recorder, _: &mut At<'_>, _: &Callee) -> Rec<Done> {
    Err(Abort::about(Reason::NyiNative, "error"))
}

/// `print` of what it needs no metamethod for, as long as `tostring` is its own.
pub fn print(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let globals = at.vm.current_globals();
    let name = at.vm.heap.intern(b"tostring");
    let (object, key) = (r.value(globals.into()), r.value(name.into()));
    let tostring = r.raw_get(at, object, globals, key)?;
    let is_own = tostring.now.as_function().is_some_and(|f| f.native_name() == Some("tostring"));
    if !is_own || !super::string::are_plain(callee) {
        return Err(Abort::about(Reason::NyiNative, "print"));
    }
    r.specialise(tostring)?;
    Ok(Done::Call(Effects::Acts))
}

/// `type`: a constant, by the argument's type.
pub fn type_(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    if callee.arguments.is_empty() {
        return Err(Reason::BadType.into());
    }
    let argument = r.argument(callee, 0)?;
    let name = at.vm.heap.intern(argument.now.type_name().as_bytes());
    one(r.value(name.into()).ir)
}

/// `tonumber` to base 10.
pub fn tonumber(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    if callee.arguments.len() != 1 {
        return Ok(Done::Call(Effects::Reads));
    }
    let argument = r.argument(callee, 0)?;
    if argument.now.is_number() {
        return one(argument.ir);
    }
    if argument.now.is(Tag::Cdata) {
        return crate::record::ccall::tonumber(r, at, argument);
    }
    if !argument.now.is(Tag::Str) {
        return one(r.value(Value::NIL).ir);
    }
    let ir = r.call(Helper::StringToNumber, &[argument.ir])?;
    let now = at.vm.to_number(argument.now).map_or(Value::NIL, Value::number);
    one(r.unbox(Traced { ir, now })?.ir)
}

/// `tostring` of what has no `__tostring`.
pub fn tostring(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let argument = r.argument(callee, 0)?;
    match argument.now {
        v if v.is(Tag::Str) => one(argument.ir),
        v if v.is_number() => {
            let number = r.num(argument)?;
            let text = r.call(Helper::NumberToString, &[number])?;
            one(text)
        }
        v => match at.vm.metamethod(v, Metamethod::ToString) {
            None => {
                r.guard_metamethod(at, argument, Metamethod::ToString)?;
                let name = match v {
                    Value::NIL => "nil",
                    Value::TRUE => "true",
                    Value::FALSE => "false",
                    _ => return Ok(Done::Call(Effects::Reads)),
                };
                let name = at.vm.string_value(name);
                one(r.value(name).ir)
            }
            Some(handler) => {
                r.guard_metamethod(at, argument, Metamethod::ToString)?;
                let function = r.value(handler);
                let callee = Callee { function, base: callee.base, arguments: vec![argument] };
                r.enter(at, callee).map(Done::Flow)
            }
        },
    }
}

/// `rawequal`
pub fn rawequal(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    if callee.arguments.len() < 2 {
        return Err(Reason::BadType.into());
    }
    let (a, b) = (r.argument(callee, 0)?, r.argument(callee, 1)?);
    let equal = raw_equals(a.now, b.now);
    let (ty, other) = (Type::of_value(a.now), Type::of_value(b.now));
    if ty == other && !ty.is_primitive() {
        let operands = match ty {
            Type::Num => [r.num(a)?, r.num(b)?],
            _ => [a.ir, b.ir],
        };
        r.e.guard(if equal { Op::EQ } else { Op::NE }, Type::None, &operands)?;
    }
    one(r.value(Value::boolean(equal)).ir)
}

/// `rawget`
pub fn rawget(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (object, t) = table(r, callee, 0)?;
    let key = r.argument(callee, 1)?;
    let value = r.raw_get(at, object, t, key)?;
    one(value.ir)
}

/// `rawset`
pub fn rawset(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    if callee.arguments.len() < 3 {
        return Err(Reason::BadType.into());
    }
    let (object, t) = table(r, callee, 0)?;
    let (key, value) = (r.argument(callee, 1)?, callee.arguments[2]);
    r.raw_set(at, object, t, key, value)?;
    one(object.ir)
}

/// `select`: the selection is a constant, save where one argument is taken that lies on the stack since before the trace.
pub fn select(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let which = r.argument(callee, 0)?;
    let rest = &callee.arguments[1.min(callee.arguments.len())..];
    if which.now.as_str().is_some_and(|s| s.bytes().first() == Some(&b'#')) {
        r.specialise(which)?;
        return one(r.e.int(rest.len() as i32));
    }
    let n = whole(which.now).ok_or(Reason::BadType)?;
    if !which.ir.is_constant()
        && (1..=rest.len() as i64).contains(&i64::from(n))
        && r.results_wanted(callee.base)? == Some(1)
        && let Some(slot) = stack_slots(r, rest)
        && let Some(index) = r.int(which)?
    {
        let (one_, count) = (r.e.int(1), r.e.int(rest.len() as i32));
        let index = r.e.guard(Op::SUBOV, Type::Int, &[index, one_])?;
        r.e.guard(Op::ULT, Type::None, &[index, count])?;
        let start = r.e.op_with(Op::SADDR, Type::Ptr, &[], &[slot]);
        let address = r.e.op_with(Op::INDEX, Type::Ptr, &[start, index], &[size_of::<Value>() as i32]);
        return one(r.e.op(Op::ULOAD, Type::Val, &[address]));
    }
    r.specialise(which)?;
    let first = if n < 0 { rest.len() as i64 + i64::from(n) } else { i64::from(n) - 1 };
    let first = usize::try_from(first).map_err(|_| Reason::BadType)?;
    Ok(Done::Results(refs(&rest[first.min(rest.len())..])))
}

/// The first of the stack slots that these values, two or more, were loaded from: one behind the other, and the trace stores into none.
fn stack_slots(r: &Recorder, values: &[Traced]) -> Option<i32> {
    let trace = &r.e.trace;
    let slot_of = |value: &Traced| {
        let source = trace.ins_of(value.ir, Op::UNBOX).map_or(value.ir, |unboxed| unboxed.a());
        trace.ins_of(source, Op::SLOAD).map(|load| load.lits[0])
    };
    let first = slot_of(values.first()?)?;
    let slots = first..first + values.len() as i32;
    let lie_there = slots.clone().zip(values).all(|(slot, value)| slot_of(value) == Some(slot));
    let stored = r.e.chain(Op::SSTORE).any(|at| slots.contains(&trace.ins[at.index()].lits[0]));
    (values.len() > 1 && lie_there && !stored).then_some(first)
}

/// `unpack` of a whole list, whose length is guarded.
pub fn unpack(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (list, t) = table(r, callee, 0)?;
    let length = at.vm.heap.len(t);
    if callee.arguments.len() > 1 {
        return unpack_range(r, at, callee, (list, t));
    }
    if length > MAX_UNPACKED {
        return Ok(Done::Call(Effects::Reads));
    }
    let size = r.field(list.ir, Field::TabSize);
    if length == 0 {
        let one = r.e.int(1);
        r.e.guard(Op::LE, Type::None, &[size, one])?;
        return Ok(Done::Results(Vec::new()));
    }
    let known = r.e.int(length as i32 + 1);
    r.e.guard(Op::EQ, Type::None, &[size, known])?;
    let array = r.field(list.ir, Field::TabArray);
    let load = |i| {
        let index = r.e.int(i as i32);
        r.e.op(Op::ALOAD, Type::Val, &[array, index])
    };
    Ok(Done::Results((1..=length).map(load).collect()))
}

/// `unpack` from one place to another: both are guarded to be what they are now.
fn unpack_range(r: &mut Recorder, at: &mut At<'_>, callee: &Callee, (list, t): (Traced, Gc<Table>)) -> Rec<Done> {
    let from = r.argument(callee, 1)?;
    let to = r.argument(callee, 2)?;
    let (Some(first), Some(last)) = (whole(from.now), whole(to.now)) else { return Ok(Done::Call(Effects::Reads)) };
    if first < 1 || i64::from(last) - i64::from(first) >= MAX_UNPACKED as i64 {
        return Ok(Done::Call(Effects::Reads));
    }
    r.specialise(from)?;
    r.specialise(to)?;
    let mut items = Vec::new();
    for index in first..=last {
        let place = Traced { ir: r.e.int(index), now: Value::number(f64::from(index)) };
        items.push(r.raw_get(at, list, t, place)?.ir);
    }
    Ok(Done::Results(items))
}

/// Items that a trace loads one by one.
const MAX_UNPACKED: usize = 50;

// ------------------------------------------------------------------------------------------------ iteration

/// `pairs`
pub fn pairs(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (object, _) = table(r, callee, 0)?;
    let (next, nil) = (r.value(at.vm.next_function), r.value(Value::NIL));
    Ok(Done::Results(vec![next.ir, object.ir, nil.ir]))
}

/// `ipairs`
pub fn ipairs(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (object, _) = table(r, callee, 0)?;
    let function = callee.function.now.as_function().ok_or(Reason::BadType)?;
    let step = r.value(crate::record::machine::native_upvalue(function, 0));
    let zero = r.e.int(0);
    Ok(Done::Results(vec![step.ir, object.ir, zero]))
}

/// The iterator of `ipairs`.
pub fn ipairs_step(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (object, t) = table(r, callee, 0)?;
    let before = r.argument(callee, 1)?;
    let now = whole(before.now).and_then(|n| n.checked_add(1)).ok_or(Reason::BadType)?;
    let Some(before) = r.int(before)? else { return Err(Reason::BadType.into()) };
    let one = r.e.int(1);
    let index = r.e.guard(Op::ADDOV, Type::Int, &[before, one])?;
    let index = Traced { ir: index, now: Value::number(f64::from(now)) };
    let value = r.raw_get(at, object, t, index)?;
    let value = r.unbox(value)?;
    Ok(Done::Results(if value.now.is_nil() { Vec::new() } else { vec![index.ir, value.ir] }))
}

// ------------------------------------------------------------------------------------------------ metatables

/// Whether a metatable must not be seen or replaced.
fn is_protected(heap: &Heap, metatable: Gc<Table>) -> bool {
    !heap.metamethod(metatable, Metamethod::Metatable).is_nil()
}

/// `getmetatable`: the shape says which.
pub fn getmetatable(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let object = r.argument(callee, 0)?;
    let metatable = at.vm.own_metatable_of(object.now);
    r.guard_metamethod(at, object, Metamethod::Metatable)?;
    if let Some(t) = object.now.as_table()
        && let Some(slot) = at.vm.heap.own_metatable_slot(t.shape())
    {
        r.guard_shape(object.ir, t)?;
        return one(r.load_key(object.ir, slot));
    }
    match metatable {
        None => one(r.value(Value::NIL).ir),
        Some(metatable) if is_protected(&at.vm.heap, metatable) => Err(Abort::about(Reason::NyiNative, "getmetatable")),
        // Not a constant, which would keep the metatable alive as long as the trace, and with it userdata that wait for their finaliser.
        Some(_) if object.now.is(Tag::Userdata) => one(r.field(object.ir, Field::UdataTable)),
        Some(metatable) => one(r.value(metatable.into()).ir),
    }
}

/// `setmetatable`: a table takes the shape with the same keys under the other metatable, which is taken for a constant unless it was
/// made for this table.
pub fn setmetatable(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (object, t) = table(r, callee, 0)?;
    let metatable = r.argument(callee, 1)?;
    let heap = &mut at.vm.heap;
    let is_new = metatable.now.as_table().is_some_and(|m| !heap.is_prototype(m));
    let has_twin = heap.own_metatable_slot(t.shape()).is_some() && metatable.now.is(Tag::Table);
    if is_new || has_twin {
        if heap.metatable(t).is_some_and(|m| is_protected(heap, m)) {
            return Err(Abort::about(Reason::NyiNative, "setmetatable"));
        }
        r.guard_metamethod(at, object, Metamethod::Metatable)?;
        r.call(Helper::SetMetatable, &[object.ir, metatable.ir])?;
        return one(object.ir);
    }
    let shared = !heap.is_dictionary(t.shape()) && !heap.is_own_shape(t.shape());
    if !shared || heap.metatable(t).is_some_and(|m| is_protected(heap, m)) {
        return Err(Abort::about(Reason::NyiNative, "setmetatable"));
    }
    let new = match metatable.now {
        Value::NIL => None,
        v => Some(v.as_table().ok_or(Reason::BadType)?),
    };
    if heap.own_metatable_slot(t.shape()).is_some() {
        return Err(Abort::about(Reason::NyiNative, "setmetatable"));
    }
    if new == heap.metatable(t) {
        r.guard_shape(object.ir, t)?;
        r.specialise(metatable)?;
        return one(object.ir);
    }
    if let Some(new) = new {
        // What the function does first; it changes the new metatable's shape, which later guards must see.
        heap.make_prototype(new);
    }
    let shape = heap.shape_with_metatable(t.shape(), new);
    if heap.is_dictionary(shape) {
        return Err(Abort::about(Reason::NyiNative, "setmetatable"));
    }
    if heap.metatable(t).is_some() {
        r.guard_metamethod(at, object, Metamethod::Metatable)?;
    }
    r.specialise(metatable)?;
    r.guard_shape(object.ir, t)?;
    r.store(Op::RESHAPE, &[object.ir], &[shape as i32]);
    r.e.op(Op::BARRIER, Type::None, &[object.ir]);
    one(object.ir)
}

// ------------------------------------------------------------------------------------------------ protected calls

fn protected(r: &mut Recorder, at: &mut At<'_>, callee: &Callee, kind: LinkKind, skip: usize) -> Rec<Done> {
    let places = match kind {
        LinkKind::ProtectedCall => 2,
        _ => 3,
    };
    if callee.arguments.len() < skip {
        return Err(Reason::BadType.into());
    }
    let base = callee.base + places;
    // The native's own frame holds, for `xpcall`, the handler.
    if kind == LinkKind::ProtectedCallWithHandler {
        r.slots.write(callee.base, callee.arguments[1].ir);
    }
    r.push_frame(FrameInfo { base: callee.base, proto: None, places: 2, live: Registers::ALL });
    let link = r.e.constant(Const::Link(Link::typed(kind, places as usize).0));
    r.slots.write(base - 1, link);
    let function = callee.arguments[0];
    r.slots.write(base - 2, function.ir);
    let arguments = callee.arguments[skip..].to_vec();
    if function.now.as_function().is_none() {
        return Err(Abort::about(Reason::NyiNative, "pcall"));
    }
    r.enter(at, Callee { function, base, arguments }).map(Done::Flow)
}

/// `pcall` of a Lua function.
pub fn pcall(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    protected(r, at, callee, LinkKind::ProtectedCall, 1)
}

/// `xpcall` of a Lua function.
pub fn xpcall(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    protected(r, at, callee, LinkKind::ProtectedCallWithHandler, 2)
}
