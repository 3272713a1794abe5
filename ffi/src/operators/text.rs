//! `tostring` of cdata.
//!
//! ```text
//!     5LL                                int64_t and uint64_t as Lua spells their constants
//!     1.5-2i                             complex numbers
//!     ctype<int (*)()>                   ctype objects
//!     cdata<int *>: 0x7f64c6b84400       pointers and functions by the address, NULL if there is none
//!     cdata<enum e>: 5                   enumerations by their value
//!     cdata<struct p>: 0x7f64c6b84400    all others by the address of the value
//! ```

#![allow(unsafe_code)]

use crate::{
    cdata::{ctype_object, ctype_of, place_of},
    ctype::Kind,
    scalar::{Number, Scalar},
    state::{self, Ffi},
};
use moonwake_lang::{
    format::number_to_text,
    metamethod::Metamethod,
    object::{Cdata, Gc},
    value::Value,
    vm::native::{Call, NativeResult},
};

/// `tostring(cdata)`.
pub(super) fn tostring(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let cdata = call.cdata(0)?;
    let represented = ctype_object(&ffi.types(), cdata.into());
    if represented.is_none() {
        let id = ctype_of(&ffi.types(), cdata);
        let handler = ffi.metamethod(call.vm, id, Metamethod::ToString);
        if !handler.is_nil() {
            return call.tail_call(handler, &[cdata.into()]);
        }
    }
    let text = match represented {
        Some(id) => format!("ctype<{}>", ffi.print(id)),
        None => ffi.text_of(cdata),
    };
    let text = call.vm.heap.intern(text.as_bytes());
    call.one(Value::from(text))
}

impl Ffi {
    /// What `tostring` makes of a cdata that is no ctype object and has no metamethod for it.
    pub fn text_of(&self, cdata: Gc<Cdata>) -> String {
        let (id, place, kind) = {
            let types = self.types();
            let place = place_of(&types, cdata);
            (ctype_of(&types, cdata), place, types.kind(place.ctype))
        };
        let number = || {
            let scalar = Scalar::of(&self.types(), place.ctype)?;
            // SAFETY: a value of the type lies there; where a reference leads is the script's affair.
            Some(unsafe { scalar.read(place.address) })
        };
        let behind = match kind {
            Kind::Int { bytes: 8, unsigned } => {
                let suffix = if unsigned { "ULL" } else { "LL" };
                return number().map_or_else(String::new, |n| format!("{}{suffix}", whole(n)));
            }
            Kind::Complex(float) => {
                let part = Scalar::of_float(float);
                // SAFETY: both parts lie there.
                let [re, im] = unsafe { [part.read(place.address), part.read(place.address.add(part.bytes()))] };
                return complex(re.to_f64(), im.to_f64());
            }
            // As an `int`, whatever type the enumeration has.
            Kind::Enum(_) => number().map_or_else(String::new, |n| (n.to_i64() as i32).to_string()),
            // SAFETY: an address lies there.
            Kind::Pointer(_) | Kind::Function(_) => hexadecimal(unsafe { *place.address.cast::<u64>() }),
            _ => hexadecimal(place.address as u64),
        };
        format!("cdata<{}>: {behind}", self.print(id))
    }
}

fn whole(number: Number) -> String {
    match number {
        Number::Int(n) => n.to_string(),
        Number::Float(n) => n.to_string(),
    }
}

/// Whole bytes, at least four.
fn hexadecimal(address: u64) -> String {
    let digits = (16 - address.leading_zeros() as usize / 8 * 2).max(8);
    if address == 0 { "NULL".to_owned() } else { format!("0x{address:0digits$x}") }
}

/// The mark of the imaginary part is `I` behind a word, such as `inf`.
fn complex(re: f64, im: f64) -> String {
    let text = |n| String::from_utf8_lossy(&number_to_text(n)).into_owned();
    let (re, mut im) = (text(re), text(im));
    if !im.starts_with('-') {
        im.insert(0, '+');
    }
    let mark = if im.ends_with(|last: char| last.is_ascii_digit()) { 'i' } else { 'I' };
    format!("{re}{im}{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_whole_bytes() {
        assert_eq!(hexadecimal(0), "NULL");
        assert_eq!(hexadecimal(5), "0x00000005");
        assert_eq!(hexadecimal(0x1_2345_6789), "0x0123456789");
        assert_eq!(hexadecimal(u64::MAX), "0xffffffffffffffff");
    }

    #[test]
    fn complex_numbers() {
        assert_eq!(complex(3.0, -4.0), "3-4i");
        assert_eq!(complex(-0.0, 0.5), "-0+0.5i");
        assert_eq!(complex(f64::NAN, f64::INFINITY), "nan+infI");
    }
}
