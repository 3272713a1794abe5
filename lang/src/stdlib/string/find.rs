//! `find`, `match` and `gmatch`.

use crate::bytes;
use crate::pattern::{Anchor, Capture, Matcher, PatternError, has_specials};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeFunction, NativeResult};

/// The iterator of `gmatch`; its upvalues are the subject, the pattern and where to go on.
static GMATCH_STEP: NativeFunction = NativeFunction { name: "string.gmatch_step", function: gmatch_step };

impl Call<'_> {
    /// A pattern's error, as the running function throws it.
    #[cold]
    pub(super) fn pattern_error(&mut self, error: PatternError) -> crate::vm::error::Error {
        self.error(error.message())
    }

    /// What a capture caught, as a value.
    pub(super) fn capture(&mut self, matcher: &Matcher, index: usize) -> LuaResult<Value> {
        match matcher.capture(index) {
            Ok(capture) => Ok(capture_value(self.vm, capture)),
            Err(error) => Err(self.pattern_error(error)),
        }
    }

    /// Pushes what the captures caught; if there are none and `whole` is given, that.
    pub(super) fn push_captures(&mut self, matcher: &Matcher, whole: Option<&[u8]>) -> LuaResult<()> {
        match whole {
            Some(text) if matcher.capture_count() == 0 => {
                let text = self.vm.string_value(text);
                self.push(text);
            }
            _ => {
                for i in 0..matcher.capture_count() {
                    let value = self.capture(matcher, i)?;
                    self.push(value);
                }
            }
        }
        Ok(())
    }
}

fn capture_value(vm: &mut Vm, capture: Capture) -> Value {
    match capture {
        Capture::Text(text) => vm.string_value(text),
        Capture::Position(at) => Value::number((at + 1) as f64),
    }
}

/// Where a search starts, from 0: argument 2, which counts from 1 or from the end; never past the end.
fn start(call: &mut Call, length: usize) -> LuaResult<usize> {
    Ok(start_from(call.int32_or(2, 1)?, length))
}

fn start_from(place: i32, length: usize) -> usize {
    let start = i64::from(place);
    let start = if start < 0 { start + length as i64 } else { start - 1 };
    start.clamp(0, length as i64) as usize
}

/// Where plain text is from a place on, which counts from 1 or from the end; from 0.
pub fn find_plain(subject: &[u8], text: &[u8], place: i32) -> Option<usize> {
    let start = start_from(place, subject.len());
    bytes::find(&subject[start..], text).map(|at| start + at)
}

pub(super) fn find(call: &mut Call) -> NativeResult {
    let (subject, pattern) = (call.bytes(0)?, call.string(1)?);
    let place = call.int32_or(2, 1)?;
    let plain = !call.arg(3).is_falsy();
    if plain || !has_specials(pattern.bytes()) {
        return match find_plain(subject, pattern.bytes(), place) {
            Some(at) => {
                let end = at + pattern.len();
                call.values(&[Value::number((at + 1) as f64), Value::number(end as f64)])
            }
            None => call.one(Value::NIL),
        };
    }
    let compiled = call.vm.pattern(pattern, Anchor::Special);
    let mut matcher = Matcher::new(&compiled, subject);
    match matcher.find(start_from(place, subject.len())) {
        Ok(Some((from, to))) => {
            call.push(Value::number((from + 1) as f64));
            call.push(Value::number(to as f64));
            call.push_captures(&matcher, None)?;
            call.pushed()
        }
        Ok(None) => call.one(Value::NIL),
        Err(error) => Err(call.pattern_error(error)),
    }
}

pub(super) fn match_(call: &mut Call) -> NativeResult {
    let (subject, pattern) = (call.bytes(0)?, call.string(1)?);
    let start = start(call, subject.len())?;
    let compiled = call.vm.pattern(pattern, Anchor::Special);
    let mut matcher = Matcher::new(&compiled, subject);
    match matcher.find(start) {
        Ok(Some((from, to))) => {
            call.push_captures(&matcher, Some(&subject[from..to]))?;
            call.pushed()
        }
        Ok(None) => call.one(Value::NIL),
        Err(error) => Err(call.pattern_error(error)),
    }
}

pub(super) fn gmatch(call: &mut Call) -> NativeResult {
    let (subject, pattern) = (call.string(0)?, call.string(1)?);
    let upvalues = [subject.into(), pattern.into(), Value::number(0.0)];
    let step = call.vm.new_native(&GMATCH_STEP, &upvalues);
    call.one(step)
}

fn gmatch_step(call: &mut Call) -> NativeResult {
    let (Some(subject), Some(pattern), Some(at)) =
        (call.upvalue(0).as_str(), call.upvalue(1).as_str(), call.upvalue(2).to_number())
    else {
        unreachable!("gmatch has put two strings and a number there");
    };
    let (subject, at) = (subject.bytes(), at as usize);
    let compiled = call.vm.pattern(pattern, Anchor::Literal);
    let mut matcher = Matcher::new(&compiled, subject);
    match matcher.find(at) {
        Ok(Some((from, to))) => {
            // An empty match must not be found again.
            let next = if to == from { to + 1 } else { to };
            call.set_upvalue(2, Value::number(next as f64));
            call.push_captures(&matcher, Some(&subject[from..to]))?;
            call.pushed()
        }
        Ok(None) => call.none(),
        Err(error) => Err(call.pattern_error(error)),
    }
}
