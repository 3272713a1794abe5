//! `string`: bytes and pieces of strings are got at directly, since strings never change; the rest is called.

use super::{Done, Effects};
use crate::ir::{Field, Helper, IrRef, MemType, Op, Type};
use crate::record::call::Callee;
use crate::record::recorder::whole;
use crate::record::{At, Recorder, Traced};
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

/// The byte at a place of a string, counted from 1 or from the end: guarded to be there if it is now, else not to be.
fn byte_at(r: &mut Recorder, s: Traced, place: Traced) -> Rec<Option<IrRef>> {
    let text = s.now.as_str().ok_or(Reason::BadType)?;
    let (now, length_now) = (whole(place.now).ok_or(Reason::BadType)?, text.len() as i32);
    let place = r.int(place)?.ok_or(Reason::BadType)?;
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
        return Ok(None);
    }
    r.e.guard(Op::ULT, Type::None, &[index, length])?;
    let bytes = r.e.op_with(Op::ADDR, Type::Ptr, &[s.ir], &[Str::BYTES_OFFSET as i32]);
    let address = r.e.op_with(Op::INDEX, Type::Ptr, &[bytes, index], &[1]);
    Ok(Some(r.e.op_with(Op::XLOAD, Type::Int, &[address], &[MemType::U8 as i32, 0])))
}

/// `string.byte` of one byte or of a few.
pub fn byte(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let s = r.argument(callee, 0)?;
    if let (Some(text), &[_, first, last]) = (s.now.as_str(), &callee.arguments[..])
        && let (Some(first_now), Some(last_now)) = (whole(first.now), whole(last.now))
        && (1..=last_now).contains(&first_now)
        && last_now as usize <= text.len()
        && last_now - first_now < MOST_BYTES as i32
    {
        return bytes(r, s, (first, last), last_now - first_now);
    }
    let place = match callee.arguments.get(1) {
        None => r.value(Value::number(1.0)),
        Some(&place) if whole(place.now).is_some() && callee.arguments.len() == 2 => place,
        Some(_) => return Ok(Done::Call(Effects::Reads)),
    };
    if !s.now.is(Tag::Str) || r.int(place)?.is_none() {
        return Ok(Done::Call(Effects::Reads));
    }
    Ok(Done::Results(byte_at(r, s, place)?.into_iter().collect()))
}

/// The bytes of a string between two places, of which the second is `distance` behind the first.
fn bytes(r: &mut Recorder, s: Traced, (first, last): (Traced, Traced), distance: i32) -> Rec<Done> {
    let (first, last) = (r.int(first)?.ok_or(Reason::BadType)?, r.int(last)?.ok_or(Reason::BadType)?);
    let length = r.field(s.ir, Field::StrLen);
    let (one_, distance_ir) = (r.e.int(1), r.e.int(distance));
    let apart = r.e.op(Op::SUB, Type::Int, &[last, first]);
    r.e.guard(Op::EQ, Type::None, &[apart, distance_ir])?;
    let index = r.e.guard(Op::SUBOV, Type::Int, &[first, one_])?;
    r.e.guard(Op::ULT, Type::None, &[index, length])?;
    let end = r.e.op(Op::ADD, Type::Int, &[index, distance_ir]);
    r.e.guard(Op::ULT, Type::None, &[end, length])?;
    let start = r.e.op_with(Op::ADDR, Type::Ptr, &[s.ir], &[Str::BYTES_OFFSET as i32]);
    let address = r.e.op_with(Op::INDEX, Type::Ptr, &[start, index], &[1]);
    Ok(Done::Results((0..=distance).map(|n| r.xload(MemType::U8, address, n)).collect()))
}

/// `string.char`: the strings of its bytes, put together.
pub fn char(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let is_byte = |argument: &Traced| whole(argument.now).is_some_and(|n| (0..256).contains(&n));
    if callee.arguments.is_empty() || callee.arguments.len() > MOST_BYTES || !callee.arguments.iter().all(is_byte) {
        return Ok(Done::Call(Effects::Reads));
    }
    let mut codes = Vec::new();
    for argument in &callee.arguments {
        let Some(code) = r.int(*argument)? else { return Ok(Done::Call(Effects::Reads)) };
        codes.push((code, whole(argument.now).unwrap_or(0) as u8));
    }
    let end = r.e.int(256);
    let mut pieces = Vec::new();
    for (code, now) in codes {
        r.e.guard(Op::ULT, Type::None, &[code, end])?;
        let ir = r.call(Helper::StringChar, &[code])?;
        pieces.push(Traced { ir, now: at.vm.string_value([now]) });
    }
    match pieces[..] {
        [piece] => one(piece.ir),
        _ => one(r.concat_pieces(&pieces)?),
    }
}

/// More bytes than this are taken apart or put together by the function itself.
const MOST_BYTES: usize = 4;

/// `string.find` of plain text: the pattern is a constant without special characters, or is said to be plain.
pub fn find(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (s, part, plain) = (r.argument(callee, 0)?, r.argument(callee, 1)?, r.argument(callee, 3)?);
    let (Some(text), Some(part_now)) = (s.now.as_str(), part.now.as_str()) else {
        return Ok(Done::Call(Effects::Reads));
    };
    let has_specials = moonwake_lang::pattern::has_specials(part_now.bytes());
    let first = match callee.arguments.get(2) {
        Some(&first) if !first.now.is_nil() => first,
        _ => r.value(Value::number(1.0)),
    };
    let Some(first_now) = whole(first.now) else { return Ok(Done::Call(Effects::Reads)) };
    if plain.now.is_falsy() && (has_specials || !part.ir.is_constant()) {
        return Ok(Done::Call(Effects::Reads));
    }
    let Some(first) = r.int(first)? else { return Ok(Done::Call(Effects::Reads)) };
    let place = r.call(Helper::FindPlain, &[s.ir, part.ir, first])?;
    let zero = r.e.int(0);
    match moonwake_lang::stdlib::string::find_plain(text.bytes(), part_now.bytes(), first_now) {
        None => {
            r.e.guard(Op::EQ, Type::None, &[place, zero])?;
            one(r.value(Value::NIL).ir)
        }
        Some(_) => {
            r.e.guard(Op::NE, Type::None, &[place, zero])?;
            let (length, one_) = (r.field(part.ir, Field::StrLen), r.e.int(1));
            let end = r.e.op(Op::ADD, Type::Int, &[place, length]);
            let last = r.e.op(Op::SUB, Type::Int, &[end, one_]);
            Ok(Done::Results(vec![place, last]))
        }
    }
}

/// `string.sub`
pub fn sub(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
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
    if from == to {
        return one(match byte_at(r, s, places[0])? {
            Some(byte) => r.call(Helper::StringChar, &[byte])?,
            None => r.value(at.vm.string_value("")).ir,
        });
    }
    let result = r.call(Helper::StringSub, &[s.ir, from, to])?;
    one(result)
}

/// A function of one string, by a helper.
fn of_string(r: &mut Recorder, callee: &Callee, helper: Helper) -> Rec<Done> {
    let s = r.argument(callee, 0)?;
    if !s.now.is(Tag::Str) {
        return Ok(Done::Call(Effects::Reads));
    }
    let result = r.call(helper, &[s.ir])?;
    one(result)
}

/// `string.upper`
pub fn upper(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    of_string(r, callee, Helper::StringUpper)
}

/// `string.lower`
pub fn lower(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    of_string(r, callee, Helper::StringLower)
}

/// `string.reverse`
pub fn reverse(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    of_string(r, callee, Helper::StringReverse)
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

/// `buffer:put` of strings and numbers
pub fn buffer_put(r: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let Some((buffer, values)) = callee.arguments.split_first() else { return Err(Reason::BadType.into()) };
    if !buffer.now.is(Tag::Userdata) || !values.iter().all(|value| value.now.is_number() || value.now.is(Tag::Str)) {
        return Err(Abort::about(Reason::NyiNative, "buffer.put"));
    }
    let buffer = r.unbox(*buffer)?;
    let first = r.scratch_slots(values.len())?;
    for (i, &value) in (0..).zip(values) {
        let value = r.unbox(value)?;
        r.e.op_with(Op::SSTORE, Type::None, &[value.ir], &[first + i]);
    }
    let place = r.e.op_with(Op::SADDR, Type::Ptr, &[], &[first]);
    let count = r.e.int(values.len() as i32);
    r.call(Helper::BufferPut, &[buffer.ir, place, count])?;
    r.effect = true;
    one(buffer.ir)
}

/// `buffer:putf`
pub fn buffer_putf(_: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let plain = callee.arguments.iter().skip(1).all(|argument| is_plain(argument.now));
    call_if(plain, Effects::Copies, "buffer.putf")
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
