//! `string.format`: from arguments to the conversions of [`crate::format`].

use super::super::integer64::{Integer64, boxed_integer};
use crate::format::float::{Style, push_float};
use crate::format::hex_float::push_hex_float;
use crate::format::integer::{Base, push_char, push_signed, push_unsigned, to_signed, to_unsigned};
use crate::format::quote::push_quoted;
use crate::format::spec::{Piece, pieces};
use crate::value::Tag;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};

pub(super) fn format(call: &mut Call) -> NativeResult {
    let mut out = call.vm.take_buffer();
    let result = push_formatted(call, 0, &mut out).and_then(|()| call.return_bytes(&out));
    call.vm.give_buffer(out);
    result
}

/// Formats by the format string at argument `place` and the arguments behind it, and appends the result to `out`.
///
/// # Errors
/// For an unknown conversion, a missing argument or one of the wrong type.
pub fn push_formatted(call: &mut Call, place: usize, out: &mut Vec<u8>) -> LuaResult<()> {
    let format = call.bytes(place)?;
    let mut arg = place;
    for piece in pieces(format) {
        let (spec, letter) = match piece {
            Piece::Text(text) => {
                out.extend_from_slice(text);
                continue;
            }
            Piece::Conversion(spec, letter) => (spec, letter),
            Piece::Invalid(text) => {
                // As a C string, it ends at a zero.
                let text = text.split(|&c| c == 0).next().unwrap_or_default();
                let text = String::from_utf8_lossy(text);
                return Err(call.error(format!("invalid option '{text}' to 'format'")));
            }
        };
        arg += 1;
        call.any(arg)?;
        let upper = letter.is_ascii_uppercase();
        match letter.to_ascii_lowercase() {
            b'd' | b'i' => {
                let n = match integer(call, arg)? {
                    Some(integer) => integer.bits as i64,
                    None => to_signed(call.number(arg)?),
                };
                push_signed(out, n, &spec);
            }
            b'u' | b'o' | b'x' => {
                let n = match integer(call, arg)? {
                    Some(integer) => integer.bits,
                    None => to_unsigned(call.number(arg)?),
                };
                let base = match letter {
                    b'u' => Base::Decimal,
                    b'o' => Base::Octal,
                    b'x' => Base::Hex,
                    _ => Base::HexUpper,
                };
                push_unsigned(out, n, base, &spec);
            }
            b'c' => push_char(out, call.number(arg)?, &spec),
            b'e' => push_float(out, call.number(arg)?, Style::Exponent, upper, &spec),
            b'f' => push_float(out, call.number(arg)?, Style::Fixed, upper, &spec),
            b'g' => push_float(out, call.number(arg)?, Style::General, upper, &spec),
            b'a' => push_hex_float(out, call.number(arg)?, upper, &spec),
            b's' if call.arg(arg).as_str().is_some() => spec.push_text(out, call.bytes(arg)?),
            b's' => {
                let text = call.vm.tostring(call.arg(arg))?;
                spec.push_text(out, text.bytes());
            }
            b'q' => {
                let text = call.vm.tostring(call.arg(arg))?;
                push_quoted(out, text.bytes());
            }
            _ => {
                let value = call.arg(arg);
                let address = if value.is_object() || value.is(Tag::LightUserdata) { value.address() } else { 0 };
                let text = if address == 0 { "NULL".to_owned() } else { format!("{address:#014x}") };
                out.extend_from_slice(text.as_bytes());
            }
        }
        if out.len() > crate::vm::access::MAX_STRING {
            return Err(call.vm.memory_error());
        }
    }
    Ok(())
}

/// The argument as a boxed 64-bit integer, if it is one.
fn integer(call: &mut Call, arg: usize) -> LuaResult<Option<Integer64>> {
    let Some(cdata) = call.arg(arg).as_cdata() else { return Ok(None) };
    match boxed_integer(cdata) {
        Some(integer) => Ok(Some(integer)),
        None => Err(call.type_error(arg, "number")),
    }
}
