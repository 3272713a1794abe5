//! `string`: bytes and pieces of strings are got at directly, since strings never change; the rest is called.

use super::{Done, Effects};
use crate::ir::{Field, Helper, IrRef, MemType, Op, Type};
use crate::record::call::Callee;
use crate::record::recorder::whole;
use crate::record::{At, Recorder};
use crate::trace::abort::{Abort, Reason, Rec};
use moonwake_lang::object::Str;
use moonwake_lang::value::{Tag, Value};

fn one(value: IrRef) -> Rec<Done> {
    Ok(Done::Results(vec![value]))
}

/// `string.len`
pub fn len(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let s = r.argument(callee, 0)?;
    if !s.now.is(Tag::Str) {
        return Ok(Done::Call(Effects::Reads));
    }
    one(r.field(s.ir, Field::StrLen))
}

/// `string.byte` of one byte.
pub fn byte(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let s = r.argument(callee, 0)?;
    let Some(text) = s.now.as_str() else { return Ok(Done::Call(Effects::Reads)) };
    let place = match callee.arguments.get(1) {
        None => r.value(Value::number(1.0)),
        Some(&place) if whole(place.now).is_some() && callee.arguments.len() == 2 => place,
        Some(_) => return Ok(Done::Call(Effects::Reads)),
    };
    let (now, length_now) = (whole(place.now).unwrap_or(0), text.len() as i32);
    let Some(place) = r.int(place)? else { return Ok(Done::Call(Effects::Reads)) };
    let length = r.field(s.ir, Field::StrLen);
    let (zero, one_) = (r.e.int(0), r.e.int(1));
    let index = if now < 0 {
        r.e.guard(Op::LT, Type::None, &[place, zero])?;
        r.e.op(Op::ADD, Type::Int, &[length, place])
    } else {
        r.e.guard(Op::SUBOV, Type::Int, &[place, one_])?
    };
    let index_now = if now < 0 { length_now + now } else { now - 1 };
    if !(0..length_now).contains(&index_now) {
        r.e.guard(Op::UGE, Type::None, &[index, length])?;
        return Ok(Done::Results(Vec::new()));
    }
    r.e.guard(Op::ULT, Type::None, &[index, length])?;
    let bytes = r.e.op_with(Op::ADDR, Type::Ptr, &[s.ir], &[Str::BYTES_OFFSET as i32]);
    let address = r.e.op_with(Op::INDEX, Type::Ptr, &[bytes, index], &[1]);
    one(r.e.op_with(Op::XLOAD, Type::Int, &[address], &[MemType::U8 as i32, 0]))
}

/// `string.char` of one byte.
pub fn char(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let [argument] = callee.arguments[..] else { return Ok(Done::Call(Effects::Reads)) };
    if !whole(argument.now).is_some_and(|n| (0..256).contains(&n)) {
        return Ok(Done::Call(Effects::Reads));
    }
    let Some(code) = r.int(argument)? else { return Ok(Done::Call(Effects::Reads)) };
    let end = r.e.int(256);
    r.e.guard(Op::ULT, Type::None, &[code, end])?;
    let result = r.call(Helper::StringChar, &[code])?;
    one(result)
}

/// `string.sub`
pub fn sub(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let s = r.argument(callee, 0)?;
    let mut places = [r.value(Value::number(1.0)), r.value(Value::number(-1.0))];
    for (place, argument) in places.iter_mut().zip(callee.arguments.iter().skip(1)) {
        if !argument.now.is_nil() {
            *place = *argument;
        }
    }
    if !s.now.is(Tag::Str) || callee.arguments.len() < 2 || places.iter().any(|p| whole(p.now).is_none()) {
        return Ok(Done::Call(Effects::Reads));
    }
    let (Some(from), Some(to)) = (r.int(places[0])?, r.int(places[1])?) else { return Ok(Done::Call(Effects::Reads)) };
    let result = r.call(Helper::StringSub, &[s.ir, from, to])?;
    one(result)
}

/// Whether arguments are strings, numbers, booleans or nil: no metamethod of theirs is called.
pub fn are_plain(callee: &Callee) -> bool {
    callee.arguments.iter().all(|argument| is_plain(argument.now))
}

fn is_plain(v: Value) -> bool {
    v.is_number() || v.is(Tag::Str) || v.is(Tag::Nil) || v.is(Tag::True) || v.is(Tag::False)
}

fn call_if(plain: bool, effects: Effects, name: &str) -> Rec<Done> {
    if plain { Ok(Done::Call(effects)) } else { Err(Abort::about(Reason::NyiNative, name)) }
}

/// `string.format`
pub fn format(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let mut rest = callee.clone();
    // Integers of 64 bits have no metamethod, either.
    for argument in std::mem::take(&mut rest.arguments) {
        if !crate::record::cdata::is_plain_integer(r, at, argument)? {
            rest.arguments.push(argument);
        }
    }
    call_if(are_plain(&rest), Effects::Reads, "string.format")
}

/// `string.gsub` with a string to put in.
pub fn gsub(_: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    call_if(are_plain(callee), Effects::Reads, "string.gsub")
}

/// `file:write`
pub fn file_write(_: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let plain = callee.arguments.iter().skip(1).all(|argument| is_plain(argument.now));
    call_if(plain, Effects::Acts, "io.file.write")
}

/// `io.write`
pub fn io_write(_: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    call_if(are_plain(callee), Effects::Acts, "io.write")
}
