//! The operators of cdata.

#![allow(unsafe_code)]

use super::{operands as values_of, raise};
use crate::{
    arith::{self, Address, Arith, ArithOp, Comparison, Operand, compute, operands, plan, plan_comparison},
    cdata::{new_box, place_of},
    convert::from_lua::Offer,
    ctype::CTypeId,
    problem::{Outcome, Problem},
    scalar::{Number, Scalar, truncate},
    state::{self, Ffi},
};
use moonwake_lang::{
    metamethod::Metamethod,
    value::Value,
    vm::{
        Vm,
        native::{Call, NativeResult},
    },
};

macro_rules! arithmetic_handlers {
    ($($name:ident $op:ident;)*) => {$(
        #[doc = concat!("`", stringify!($op), "`")]
        pub(super) fn $name(call: &mut Call<'_>) -> NativeResult {
            arithmetic(call, ArithOp::$op, Metamethod::$op)
        }
    )*};
}
arithmetic_handlers! {
    add Add;
    sub Sub;
    mul Mul;
    div Div;
    modulo Mod;
    pow Pow;
    unm Unm;
}

fn arithmetic(call: &mut Call<'_>, op: ArithOp, event: Metamethod) -> NativeResult {
    let ffi = state::of_call(call);
    let (left, right) = values_of(call);
    let right = if op == ArithOp::Unm { left } else { right };
    let (a, b, planned) = {
        let types = ffi.types();
        let (a, b) = operands(&types, Offer::of(&types, left), Offer::of(&types, right));
        (a, b, plan(&types, op, a, b))
    };
    let Some(arith) = planned else {
        return by_metatype(call, &ffi, (left, right), event, |ffi, left, right| {
            Problem::arithmetic(&ffi.describe_operand(left), &ffi.describe_operand(right))
        });
    };
    let result = match arith {
        Arith::Integers { unsigned } => integers(&ffi, (a, left), (b, right), unsigned).map(|(x, y)| {
            let ctype = if unsigned { CTypeId::UINT64 } else { CTypeId::INT64 };
            boxed(call.vm, ctype, compute(op, unsigned, x, y))
        }),
        Arith::Offset { swapped, negative, step, target } => {
            let ((base, object), (offset, number)) =
                if swapped { ((b, right), (a, left)) } else { ((a, left), (b, right)) };
            integer(&ffi, offset, number, false).map(|count| {
                let distance = count.wrapping_mul(step);
                let distance = if negative { distance.wrapping_neg() } else { distance };
                let pointer = ffi.types_mut().pointer_to(target);
                boxed(call.vm, pointer, address(base, object).wrapping_add(distance))
            })
        }
        Arith::Distance { step } => {
            let distance = address(a, left).wrapping_sub(address(b, right)) as i64;
            Ok(Value::number((distance / step as i64) as f64))
        }
    };
    match result {
        Ok(value) => call.one(value),
        Err(problem) => Err(raise(call, problem)),
    }
}

/// `==`
pub(super) fn eq(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let (left, right) = values_of(call);
    let (a, b, planned) = plan_of(&ffi, left, right, true);
    match planned {
        Some(Comparison::Integers { unsigned }) => {
            // An unknown enumerator equals nothing.
            let equal = integers(&ffi, (a, left), (b, right), unsigned).is_ok_and(|(x, y)| x == y);
            call.one(equal)
        }
        Some(Comparison::Addresses) => call.one(address(a, left) == address(b, right)),
        None => match ffi.operator_metamethod(call.vm, left, right, Metamethod::Eq) {
            // Then they are equal that are one place.
            Value::NIL => {
                let place = identity(&ffi, a, left);
                call.one(place.is_some() && place == identity(&ffi, b, right))
            }
            handler => call.tail_call(handler, &[left, right]),
        },
    }
}

/// The address that a cdata is, points to or lies at.
fn identity(ffi: &Ffi, operand: Operand, value: Value) -> Option<u64> {
    let cdata = value.as_cdata()?;
    Some(match operand {
        Operand::Address(_) => address(operand, value),
        _ => place_of(&ffi.types(), cdata).address as u64,
    })
}

/// `<`
pub(super) fn lt(call: &mut Call<'_>) -> NativeResult {
    ordering(call, Metamethod::Lt, false)
}

/// `<=`
pub(super) fn le(call: &mut Call<'_>) -> NativeResult {
    ordering(call, Metamethod::Le, true)
}

fn ordering(call: &mut Call<'_>, event: Metamethod, or_equal: bool) -> NativeResult {
    let ffi = state::of_call(call);
    let (left, right) = values_of(call);
    let (a, b, planned) = plan_of(&ffi, left, right, false);
    let compared = match planned {
        Some(Comparison::Integers { unsigned }) => {
            integers(&ffi, (a, left), (b, right), unsigned).map(|(x, y)| match unsigned {
                true => x.cmp(&y),
                false => (x as i64).cmp(&(y as i64)),
            })
        }
        Some(Comparison::Addresses) => Ok(address(a, left).cmp(&address(b, right))),
        None => {
            return by_metatype(call, &ffi, (left, right), event, |ffi, left, right| {
                Problem::comparison(&ffi.describe_operand(left), &ffi.describe_operand(right))
            });
        }
    };
    match compared {
        Ok(order) => call.one(order.is_lt() || or_equal && order.is_eq()),
        Err(problem) => Err(raise(call, problem)),
    }
}

fn plan_of(ffi: &Ffi, left: Value, right: Value, equality: bool) -> (Operand, Operand, Option<Comparison>) {
    let types = ffi.types();
    let (a, b) = operands(&types, Offer::of(&types, left), Offer::of(&types, right));
    (a, b, plan_comparison(&types, equality, a, b))
}

/// `#`
pub(super) fn len(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let (object, _) = values_of(call);
    by_metatype(call, &ffi, (object, Value::NIL), Metamethod::Len, |ffi, object, _| {
        Problem::length(&ffi.describe_operand(object))
    })
}

/// `..`
pub(super) fn concat(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let (left, right) = values_of(call);
    // As for the other operators, a string beside an enumeration must name an enumerator.
    let (a, b) = {
        let types = ffi.types();
        operands(&types, Offer::of(&types, left), Offer::of(&types, right))
    };
    for (operand, value) in [(a, left), (b, right)] {
        if let Operand::Enumerator(_) = operand
            && let Err(problem) = integer(&ffi, operand, value, false)
        {
            return Err(raise(call, problem));
        }
    }
    by_metatype(call, &ffi, (left, right), Metamethod::Concat, |ffi, left, right| {
        Problem::concatenation(&ffi.describe_operand(left), &ffi.describe_operand(right))
    })
}

/// Calls the operands' metamethod, or raises the problem that there is none.
#[cold]
fn by_metatype(
    call: &mut Call<'_>,
    ffi: &Ffi,
    (left, right): (Value, Value),
    event: Metamethod,
    problem: impl FnOnce(&Ffi, Value, Value) -> Problem,
) -> NativeResult {
    match ffi.operator_metamethod(call.vm, left, right, event) {
        Value::NIL => {
            let problem = problem(ffi, left, right);
            Err(raise(call, problem))
        }
        handler => call.tail_call(handler, &[left, right]),
    }
}

/// Both operands as integers of 64 bits.
fn integers(
    ffi: &Ffi,
    (a, left): (Operand, Value),
    (b, right): (Operand, Value),
    unsigned: bool,
) -> Outcome<(u64, u64)> {
    Ok((integer(ffi, a, left, unsigned)?, integer(ffi, b, right, unsigned)?))
}

fn integer(ffi: &Ffi, operand: Operand, value: Value, unsigned: bool) -> Outcome<u64> {
    let number = match operand {
        Operand::Number if !unsigned => return Ok(truncate(value.as_f64()) as u64),
        Operand::Number => Number::Float(value.as_f64()),
        Operand::Scalar { scalar, .. } => {
            let cdata = value.as_cdata().expect("a scalar is a cdata");
            // SAFETY: a value of the type lies there; where a reference leads is the script's affair.
            unsafe { scalar.read(place_of(&ffi.types(), cdata).address) }
        }
        Operand::Enumerator(enumeration) => {
            let name = value.as_str().expect("an enumerator is named by a string");
            ffi.enumerator(enumeration, name).ok_or_else(|| {
                let ctype = ffi.types_mut().of_kind(crate::ctype::Kind::Enum(enumeration));
                ffi.cannot_convert(value, ctype)
            })?
        }
        Operand::Address(_) | Operand::Null | Operand::Other => unreachable!("it was planned as a number"),
    };
    Ok(if unsigned { number.to_u64() } else { number.to_i64() as u64 })
}

/// The address that an operand is.
fn address(operand: Operand, value: Value) -> u64 {
    let Operand::Address(Address { follow, .. }) = operand else { return 0 };
    let mut address = value.as_cdata().expect("an address is a cdata").payload();
    for _ in 0..follow {
        // SAFETY: an address stands there; where a reference leads is the script's affair.
        address = unsafe { address.cast::<*mut u8>().read_unaligned() };
    }
    address as u64
}

fn boxed(vm: &mut Vm, ctype: CTypeId, bits: u64) -> Value {
    let cdata = new_box(vm, ctype, 8, 8);
    // SAFETY: the payload was made 8 bytes long.
    unsafe { *cdata.payload().cast::<u64>() = bits };
    cdata.into()
}

impl Ffi {
    /// An operand for a message: a C type, or Lua's name of a type.
    fn describe_operand(&self, value: Value) -> String {
        if value.as_cdata().is_some() { self.describe(value) } else { value.type_name().to_owned() }
    }

    /// The number in a cdata, if it is one: what `tonumber` gives.
    pub fn number_in(&self, value: Value) -> Option<Number> {
        let types = self.types();
        let cdata = value.as_cdata()?;
        let place = place_of(&types, cdata);
        let scalar = match types.kind(place.ctype) {
            crate::ctype::Kind::Complex(float) => Scalar::of_float(float),
            _ => Scalar::of(&types, place.ctype)?,
        };
        // SAFETY: a value of the type lies there; where a reference leads is the script's affair.
        Some(unsafe { scalar.read(place.address) })
    }

    /// A C number as an integer of 64 bits, and whether it is a `uint64_t`.
    pub fn integer_in(&self, value: Value) -> Option<(u64, bool)> {
        let operand = {
            let types = self.types();
            arith::operands(&types, Offer::of(&types, value), Offer::Number).0
        };
        let unsigned = matches!(operand, Operand::Scalar { scalar: Scalar::U64, .. });
        let Operand::Scalar { .. } = operand else {
            // What is no operand may still be a number: a complex one stands for its real part.
            return self.number_in(value).map(|number| (number.to_f64() as i64 as u64, false));
        };
        integer(self, operand, value, unsigned).ok().map(|bits| (bits, unsigned))
    }
}
