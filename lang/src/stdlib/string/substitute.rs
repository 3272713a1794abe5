//! `gsub`.
//!
//! A string as replacement, or a table without `__index`, is handled here. A function, or a table whose lookups may call one,
//! must be called from Lua (a coroutine can yield in it), so those go to `prelude/gsub.lua`, which goes from match to match by
//! [`step`].

use super::super::prelude::Prelude;
use crate::metamethod::Metamethod;
use crate::object::{Gc, Table};
use crate::pattern::{Anchor, Capture, Matcher, Pattern, PatternError};
use crate::value::Value;
use crate::vm::error::{Error, LuaResult};
use crate::vm::native::{Call, NativeFunction, NativeResult};
use std::rc::Rc;

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
    let pattern = call.vm.pattern(pattern, Anchor::Special);
    let Some(replacement) = replacement else {
        let function = call.vm.prelude(Prelude::Gsub);
        let is_table = value.as_table().is_some().into();
        let state = Substitution::new(pattern, limit);
        let state = call.vm.heap.new_userdata(Some(Box::new(state)));
        let subject = call.string(0)?;
        return call.tail_call(function, &[state.into(), subject.into(), value, is_table]);
    };
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
pub static GSUB_HELPERS: &[NativeFunction] =
    &[NativeFunction { name: "gsub.step", function: step }, NativeFunction { name: "gsub.finish", function: finish }];

/// How far a substitution has come, in a userdata.
struct Substitution {
    pattern: Rc<Pattern>,
    limit: usize,
    count: usize,
    /// The text that is made.
    text: Vec<u8>,
    /// Up to where the subject, or what stands for it, is in the text.
    copied: usize,
    /// The match that waits for what stands for it.
    found: Option<(usize, usize)>,
    /// Where to search next, and whether there is nothing more to search.
    at: usize,
    done: bool,
}

impl Substitution {
    fn new(pattern: Rc<Pattern>, limit: usize) -> Substitution {
        Substitution { pattern, limit, count: 0, text: Vec::new(), copied: 0, found: None, at: 0, done: false }
    }

    /// Acts on the substitution in argument 0.
    fn with<R>(call: &mut Call, act: impl FnOnce(&mut Substitution, &mut Call) -> LuaResult<R>) -> LuaResult<R> {
        let userdata = call.userdata(0)?;
        let mut payload = userdata.payload.borrow_mut();
        let state = payload.as_mut().and_then(|payload| payload.downcast_mut::<Substitution>());
        act(state.expect("the prelude passes what `gsub` made"), call)
    }
}

/// `step(state, subject, value)`: puts the value in the place of the last match, if there was one, and finds the next. Returns its captures
/// (the match, if there are none), or nothing when no match is left.
fn step(call: &mut Call) -> NativeResult {
    let subject = call.bytes(1)?;
    Substitution::with(call, |state, call| {
        // In errors, level 1 is the prelude's function, level 2 the one that called `gsub`.
        if let Some((from, to)) = state.found.take() {
            let value = call.arg(2);
            if !(value.is_falsy() || value.is_number() || value.as_str().is_some()) {
                return Err(replacement_error(call, value, 2));
            }
            state.text.extend_from_slice(&subject[state.copied..from]);
            push_replacement(call, &mut state.text, value, &subject[from..to])?;
            call.vm.check_string_size(state.text.len())?;
            state.copied = to;
        }
        if state.count == state.limit {
            return call.none();
        }
        let mut matches = Matches { pattern: &state.pattern, subject, at: state.at, done: state.done };
        let mut matcher = Matcher::new(&state.pattern, subject);
        let found = match matches.next(&mut matcher) {
            Ok(found) => found,
            Err(error) => return Err(call.vm.error_at_level(2, error.message().as_bytes())),
        };
        (state.at, state.done, state.found) = (matches.at, matches.done, found);
        let Some((from, to)) = found else { return call.none() };
        state.count += 1;
        call.push_captures(&matcher, Some(&subject[from..to]))?;
        call.pushed()
    })
}

/// `finish(state, subject)`: the whole text, and the number of matches.
fn finish(call: &mut Call) -> NativeResult {
    let subject = call.bytes(1)?;
    Substitution::with(call, |state, call| {
        let count = Value::number(state.count as f64);
        if count == Value::number(0.0) {
            return call.values(&[call.arg(1), count]);
        }
        state.text.extend_from_slice(&subject[state.copied..]);
        let text = call.vm.checked_string(&state.text)?;
        call.values(&[text.into(), count])
    })
}
