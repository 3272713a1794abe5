//! `gsub`.
//!
//! A string as replacement, or a table without `__index`, is handled here. A function, or a table whose lookups may call one,
//! must be called from Lua (a coroutine can yield in it), so those go to `prelude/gsub.lua`, which searches by
//! [`step`] and checks what came back by [`check`].

use super::super::prelude::Prelude;
use crate::metamethod::Metamethod;
use crate::object::{Gc, Table};
use crate::pattern::{Anchor, Capture, Matcher, Pattern, PatternError};
use crate::value::Value;
use crate::vm::error::{Error, LuaResult};
use crate::vm::native::{Call, NativeFunction, NativeResult};

/// What a match is replaced by.
enum Replacement {
    Text(&'static [u8]),
    Table(Gc<Table>),
}

pub(in super::super) fn gsub(call: &mut Call) -> NativeResult {
    let (subject, pattern) = (call.bytes(0)?, call.string(1)?);
    let limit = match call.arg(3) {
        Value::NIL => usize::MAX,
        _ => call.int32(3)?.max(0) as usize,
    };
    let value = call.arg(2);
    let replacement = if value.is_number() || value.as_str().is_some() {
        Some(Replacement::Text(call.bytes(2)?))
    } else if let Some(table) = value.as_table() {
        let calls_back = call.vm.metamethod(value, Metamethod::Index).is_some();
        (!calls_back).then_some(Replacement::Table(table))
    } else if value.as_function().is_some() {
        None
    } else {
        return Err(call.arg_error(2, "string/function/table expected"));
    };
    let Some(replacement) = replacement else {
        let function = call.vm.prelude(Prelude::Gsub);
        let limit = Value::number(if limit == usize::MAX { f64::INFINITY } else { limit as f64 });
        let is_table = value.as_table().is_some().into();
        return call.tail_call(function, &[call.arg(0), pattern.into(), value, limit, is_table]);
    };
    let pattern = call.vm.pattern(pattern, Anchor::Special);
    let mut result = Vec::with_capacity(subject.len());
    let mut count = 0;
    let mut matches = Matches { pattern: &pattern, subject, at: 0, done: false };
    let mut matcher = Matcher::new(&pattern, subject);
    let mut copied = 0;
    while count < limit {
        let found = matches.next(&mut matcher).map_err(|error| call.pattern_error(error))?;
        let Some((from, to)) = found else { break };
        count += 1;
        result.extend_from_slice(&subject[copied..from]);
        match replacement {
            Replacement::Text(text) => {
                expand(&mut result, text, &matcher, &subject[from..to]).map_err(|error| call.pattern_error(error))?
            }
            Replacement::Table(table) => {
                let key = if pattern.captures == 0 {
                    call.vm.string_value(&subject[from..to])
                } else {
                    call.capture(&matcher, 0)?
                };
                let value = call.vm.heap.get(table, key);
                push_replacement(call, &mut result, value, &subject[from..to])?;
            }
        }
        copied = to;
    }
    if count == 0 {
        let count = Value::number(0.0);
        return call.values(&[call.arg(0), count]);
    }
    result.extend_from_slice(&subject[copied..]);
    let result = call.vm.checked_string(&result)?;
    call.values(&[result.into(), Value::number(count as f64)])
}

/// The matches of a pattern one after the other, as `gsub` counts them: an empty match is one, unless the search stands where
/// it stood after it.
struct Matches<'a> {
    pattern: &'a Pattern,
    subject: &'a [u8],
    at: usize,
    done: bool,
}

impl Matches<'_> {
    fn next(&mut self, matcher: &mut Matcher) -> Result<Option<(usize, usize)>, PatternError> {
        if self.done {
            return Ok(None);
        }
        let found = matcher.find(self.at)?;
        match found {
            Some((from, to)) => {
                self.at = if to > from { to } else { to + 1 };
                self.done = self.pattern.anchored || self.at > self.subject.len();
            }
            None => self.done = true,
        }
        Ok(found)
    }
}

/// Appends a replacement text: `%0` is the whole match, `%1` to `%9` are captures, `%` before anything else stands for that.
fn expand(out: &mut Vec<u8>, text: &[u8], matcher: &Matcher, whole: &[u8]) -> Result<(), PatternError> {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&c| c == b'%') {
        out.extend_from_slice(&rest[..at]);
        // A `%` at the end is followed by the string's final zero byte.
        match rest.get(at + 1).copied().unwrap_or(0) {
            b'0' => out.extend_from_slice(whole),
            b'1' if matcher.capture_count() == 0 => out.extend_from_slice(whole),
            digit @ b'1'..=b'9' => match matcher.capture(usize::from(digit - b'1'))? {
                Capture::Text(text) => out.extend_from_slice(text),
                Capture::Position(at) => crate::format::push_number(out, (at + 1) as f64),
            },
            other => out.push(other),
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// Appends what a table or function gave: a string or number, or for nil and false the match itself.
fn push_replacement(call: &mut Call, out: &mut Vec<u8>, value: Value, whole: &[u8]) -> LuaResult<()> {
    if value.is_falsy() {
        out.extend_from_slice(whole);
    } else if let Some(string) = value.as_str() {
        out.extend_from_slice(string.bytes());
    } else if let Some(n) = value.to_number() {
        crate::format::push_number(out, n);
    } else {
        return Err(replacement_error(call, value, 1));
    }
    Ok(())
}

fn replacement_error(call: &mut Call, value: Value, level: usize) -> Error {
    let text = format!("invalid replacement value (a {})", call.vm.type_name_of(value));
    call.vm.error_at_level(level, text.as_bytes())
}

// ------------------------------------------------------------------------------------------ for prelude/gsub.lua

/// What `prelude/gsub.lua` is given.
pub static GSUB_HELPERS: &[NativeFunction] = &[
    NativeFunction { name: "gsub.start", function: start },
    NativeFunction { name: "gsub.step", function: step },
    NativeFunction { name: "gsub.add", function: add },
    NativeFunction { name: "gsub.finish", function: finish },
];

/// The text that a substitution makes, in a userdata.
#[derive(Default)]
struct Text(Vec<u8>);

/// `start()`: a place for the text that is made.
fn start(call: &mut Call) -> NativeResult {
    let text = call.vm.heap.new_userdata(Some(Box::new(Text::default())));
    call.one(text)
}

/// Exchanges the text in argument 0 for another one.
fn exchange_text(call: &mut Call, text: Vec<u8>) -> LuaResult<Vec<u8>> {
    let userdata = call.userdata(0)?;
    let mut payload = userdata.payload.borrow_mut();
    let place = payload.as_mut().and_then(|payload| payload.downcast_mut::<Text>());
    Ok(std::mem::replace(&mut place.expect("the prelude passes what `start` made").0, text))
}

/// `step(subject, pattern, at)`: the first match from place `at` on, counted from 0. Returns where it starts and ends, where to
/// search next (nil: nowhere), and the captures (the match, if there are none).
fn step(call: &mut Call) -> NativeResult {
    let (subject, pattern) = (call.bytes(0)?, call.string(1)?);
    let at = call.number(2)? as usize;
    let pattern = call.vm.pattern(pattern, Anchor::Special);
    let mut matches = Matches { pattern: &pattern, subject, at, done: false };
    let mut matcher = Matcher::new(&pattern, subject);
    let found = match matches.next(&mut matcher) {
        Ok(found) => found,
        // Level 1 is the prelude's function, level 2 the one that called `gsub`.
        Err(error) => return Err(call.vm.error_at_level(2, error.message().as_bytes())),
    };
    let Some((from, to)) = found else { return call.none() };
    call.push(Value::number(from as f64));
    call.push(Value::number(to as f64));
    call.push(if matches.done { Value::NIL } else { Value::number(matches.at as f64) });
    call.push_captures(&matcher, Some(&subject[from..to]))?;
    call.pushed()
}

/// `add(text, subject, copied, first, last, value)`: appends the subject from place `copied` to the match at `first`, and what stands for the
/// match, given what the callback returned.
fn add(call: &mut Call) -> NativeResult {
    let subject = call.bytes(1)?;
    let [copied, first, last] = [call.number(2)? as usize, call.number(3)? as usize, call.number(4)? as usize];
    let value = call.arg(5);
    if !(value.is_falsy() || value.is_number() || value.as_str().is_some()) {
        // Level 1 is the prelude's function, level 2 the one that called `gsub`.
        return Err(replacement_error(call, value, 2));
    }
    let mut text = exchange_text(call, Vec::new())?;
    text.extend_from_slice(&subject[copied..first]);
    push_replacement(call, &mut text, value, &subject[first..last])?;
    call.vm.check_string_size(text.len())?;
    exchange_text(call, text)?;
    call.none()
}

/// `finish(text, subject, copied)`: the whole, the subject from place `copied` on at its end.
fn finish(call: &mut Call) -> NativeResult {
    let subject = call.bytes(1)?;
    let copied = call.number(2)? as usize;
    let mut text = exchange_text(call, Vec::new())?;
    text.extend_from_slice(&subject[copied..]);
    call.return_bytes(&text)
}
