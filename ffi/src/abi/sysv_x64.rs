//! The System V ABI of x86-64, section 3.2.3, as GCC and Clang follow it on Linux, macOS and the BSDs.
//!
//! Integer arguments travel in rdi, rsi, rdx, rcx, r8, r9 and floating ones in xmm0 to xmm7; results in rax, rdx and xmm0,
//! xmm1. A struct of up to sixteen bytes is cut into eightbytes. Each gets the class of what lies in it, and if both are
//! classes of registers the struct travels in registers:
//!
//! ```text
//!     struct { float x, y; int n; }        bytes 0..8: x, y   -> SSE
//!                                          bytes 8..12: n     -> INTEGER
//!     union { double d; long n; }          bytes 0..8: d, n   -> SSE and INTEGER make INTEGER
//!     struct { long double x; }            X87 -> in memory as an argument, in st(0) as a result
//!     struct packed { char c; int n; }     n is not aligned   -> in memory
//! ```
//!
//! `tests/abi.rs` generates functions, has the compiler compile them, and calls them by these plans.

use super::{AbiError, ArgPlan, CallPlan, Class, Extension, Piece, Pieces, Place, RetPlan};
use crate::ctype::{BitField, CTypeId, CTypes, Convention, Float, Function, Kind, Length};

const INT_REGISTERS: u8 = 6;
const SSE_REGISTERS: u8 = 8;
const STACK_ALIGN: u32 = 16;

/// The class of an eightbyte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Eightbyte {
    /// Padding so far.
    Empty,
    Int,
    Sse,
    /// The upper half of a sixteen-byte SSE value.
    SseUp,
    X87,
    /// The upper half of an 80-bit number.
    X87Up,
    Memory,
}

/// Section 3.2.3, "Classification", step 4.
fn merge(a: Eightbyte, b: Eightbyte) -> Eightbyte {
    use Eightbyte::*;
    match (a, b) {
        _ if a == b => a,
        (Empty, other) | (other, Empty) => other,
        (Memory, _) | (_, Memory) => Memory,
        (Int, _) | (_, Int) => Int,
        (X87 | X87Up, _) | (_, X87 | X87Up) => Memory,
        _ => Sse,
    }
}

/// How a value travels, before registers are dealt out.
enum Way {
    Nothing,
    /// In these pieces; their register numbers are not yet set.
    Pieces(Pieces),
    X87 {
        count: u8,
    },
    Memory,
}

/// Classifies a type.
fn way(types: &CTypes, id: CTypeId) -> Result<Way, AbiError> {
    let size = match types.kind(id) {
        Kind::Array { .. } | Kind::Void | Kind::Function(_) => None,
        _ if types.is_variable(id) => None,
        _ => types.size_of(id),
    };
    let size = size.ok_or(AbiError::NoValue(id))?;
    if let Kind::Complex(Float::Extended) = types.kind(id) {
        return Ok(Way::X87 { count: 2 });
    }
    if size == 0 {
        return Ok(Way::Nothing);
    }
    if size > 16 {
        return Ok(Way::Memory);
    }
    let mut classes = [Eightbyte::Empty; 2];
    classify(types, id, 0, &mut classes);
    if size <= 8 {
        classes[1] = Eightbyte::Empty; // what `[0]` left there
    }
    Ok(match settled(classes) {
        [Eightbyte::Memory, _] => Way::Memory,
        [Eightbyte::X87, _] => Way::X87 { count: 1 },
        [Eightbyte::Sse, Eightbyte::SseUp] => Way::Pieces(Pieces::one(piece(0, 16, Class::Sse))),
        [first, second] => {
            let first = class(first).map(|class| piece(0, size.min(8) as u8, class));
            let second = class(second).map(|class| piece(8, (size - 8) as u8, class));
            match (first, second) {
                (Some(first), Some(second)) => Way::Pieces(Pieces::two(first, second)),
                (Some(only), None) | (None, Some(only)) => Way::Pieces(Pieces::one(only)),
                (None, None) => Way::Nothing,
            }
        }
    })
}

fn class(eightbyte: Eightbyte) -> Option<Class> {
    match eightbyte {
        Eightbyte::Int => Some(Class::Int),
        Eightbyte::Sse => Some(Class::Sse),
        _ => None,
    }
}

fn piece(offset: u8, size: u8, class: Class) -> Piece {
    Piece { offset, size, class, register: 0 }
}

/// Adds a value at an offset to the classes of the sixteen bytes around it.
fn classify(types: &CTypes, id: CTypeId, offset: u64, classes: &mut [Eightbyte; 2]) {
    use Eightbyte::*;
    let mut add = |index: u64, class: Eightbyte| {
        if let Some(slot) = classes.get_mut(index as usize) {
            *slot = merge(*slot, class);
        }
    };
    let first = offset / 8;
    // What a packed struct has misaligned, by its machine's alignment and not by the typedef's, is not for registers.
    if !offset.is_multiple_of(machine_align(types, id)) {
        add(0, Memory);
        return;
    }
    match types.kind(id) {
        Kind::Void | Kind::Function(_) => {}
        Kind::Bool | Kind::Enum(_) | Kind::Pointer(_) | Kind::Reference(_) => add(first, Int),
        Kind::Int { bytes, .. } => {
            add(first, Int);
            if bytes == 16 {
                add(first + 1, Int);
            }
        }
        Kind::Float(Float::Extended) => {
            add(first, X87);
            add(first + 1, X87Up);
        }
        Kind::Float(Float::Quad) => {
            add(first, Sse);
            add(first + 1, SseUp);
        }
        Kind::Float(_) => add(first, Sse),
        Kind::Complex(float) => {
            let half = float.bytes();
            if half > 8 {
                add(0, Memory);
                return;
            }
            add(first, Sse);
            add((offset + half) / 8, Sse);
        }
        Kind::Vector { lane, bytes } => {
            let of_floats = matches!(types.kind(lane), Kind::Float(_));
            let single = types.size_of(lane) == Some(bytes.into());
            match bytes {
                // GCC has no mode for a vector of one float.
                _ if of_floats && (single || bytes < 8) => add(0, Memory),
                ..8 => add(first, Int),
                8 => add(first, Sse),
                16 => {
                    add(first, Sse);
                    add(first + 1, SseUp);
                }
                _ => add(0, Memory),
            }
        }
        Kind::Array { .. } | Kind::Record(_) => {
            // An aggregate is classified by itself first: what is memory in it is memory, whatever lies beside it.
            let mut inner = [Empty; 2];
            classify_parts(types, id, offset, &mut inner);
            for (index, class) in settled(inner).into_iter().enumerate() {
                add(index as u64, class);
            }
        }
    }
}

/// Adds the elements of an array or the members of a record.
fn classify_parts(types: &CTypes, id: CTypeId, offset: u64, classes: &mut [Eightbyte; 2]) {
    if let Kind::Array { of, length } = types.kind(id) {
        let (Length::Known(length), Some(size)) = (length, types.size_of(of)) else { return };
        // GCC takes `[0]` behind other members of its eightbyte for `[1]`.
        let count = if length == 0 { u64::from(!offset.is_multiple_of(8)) } else { length.min(16) };
        for index in 0..count {
            classify(types, of, offset + index * size, classes);
        }
    } else if let Kind::Record(record) = types.kind(id) {
        let record = types.record(record);
        for member in record.body.iter().flat_map(|body| &body.members) {
            let at = offset + member.offset;
            match member.bits {
                // GCC takes the bit-field of a union for the integer that it would just fit in.
                Some(bits) if record.is_union => match at % u64::from(bits.bytes()).next_power_of_two() {
                    0 => classify_bits(at, bits, classes),
                    _ => classes[0] = Eightbyte::Memory,
                },
                Some(bits) => classify_bits(at, bits, classes),
                None => classify(types, member.ctype, at, classes),
            }
        }
    }
}

/// Step 5, the "post merger": half a number of sixteen bytes is none.
fn settled(classes: [Eightbyte; 2]) -> [Eightbyte; 2] {
    use Eightbyte::*;
    match classes {
        [Memory, _] | [_, Memory] => [Memory; 2],
        [X87, X87Up] | [Sse, SseUp] => classes,
        [X87 | X87Up, _] | [_, X87 | X87Up] => [Memory; 2],
        [first, SseUp] => [first, Sse],
        _ => classes,
    }
}

/// Bit-fields are integers, wherever they begin; GCC counts those without a name too.
fn classify_bits(offset: u64, bits: BitField, classes: &mut [Eightbyte; 2]) {
    let last = offset + u64::from(bits.bytes()) - 1;
    for index in offset / 8..=last / 8 {
        if let Some(slot) = classes.get_mut(index as usize) {
            *slot = merge(*slot, Eightbyte::Int);
        }
    }
}

/// The alignment that the machine gives a number, and 1 for what consists of others.
fn machine_align(types: &CTypes, id: CTypeId) -> u64 {
    match types.kind(id) {
        Kind::Array { .. } | Kind::Record(_) => 1,
        _ => types.align_of(types.bare(id)),
    }
}

/// Registers and stack as they are dealt out.
#[derive(Default)]
struct Allocation {
    ints: u8,
    sses: u8,
    stack: u64,
    stack_align: u32,
}

impl Allocation {
    /// Numbers the pieces' registers if there are enough of them.
    fn take(&mut self, mut pieces: Pieces) -> Option<Pieces> {
        let (ints, sses) = (pieces.need(Class::Int), pieces.need(Class::Sse));
        if self.ints + ints > INT_REGISTERS || self.sses + sses > SSE_REGISTERS {
            return None;
        }
        for piece in &mut pieces.list[..usize::from(pieces.count)] {
            let next = if piece.class == Class::Int { &mut self.ints } else { &mut self.sses };
            piece.register = *next;
            *next += 1;
        }
        Some(pieces)
    }

    fn push(&mut self, size: u64, align: u64) -> Result<Place, AbiError> {
        let align = align.max(8);
        let offset = self.stack.next_multiple_of(align);
        self.stack = (offset + size).next_multiple_of(8);
        self.stack_align = self.stack_align.max(align as u32);
        if self.stack > i32::MAX as u64 {
            return Err(AbiError::Unsupported("value with more than 2 GB"));
        }
        Ok(Place::Stack { offset: offset as u32 })
    }
}

/// See [`super::plan_call`].
pub(super) fn plan_call(types: &CTypes, function: &Function, more: &[CTypeId]) -> Result<CallPlan, AbiError> {
    if function.convention == Convention::Microsoft {
        return Err(AbiError::Unsupported("the convention ms_abi"));
    }
    let mut allocation = Allocation { stack_align: STACK_ALIGN, ..Allocation::default() };
    let ret = plan_result(types, function.result)?;
    if let RetPlan::Memory { .. } = ret {
        allocation.ints = 1;
    }
    let mut args = Vec::with_capacity(function.params.len() + more.len());
    for &ctype in function.params.iter().chain(more) {
        args.push(plan_argument(types, ctype, &mut allocation)?);
    }
    Ok(CallPlan {
        args,
        ret,
        variadic: function.variadic.then_some(function.params.len()),
        int_registers: allocation.ints,
        sse_registers: allocation.sses,
        stack_bytes: allocation.stack as u32,
        stack_align: allocation.stack_align,
    })
}

fn plan_argument(types: &CTypes, ctype: CTypeId, allocation: &mut Allocation) -> Result<ArgPlan, AbiError> {
    let ctype = match types.record_body(ctype) {
        Some(body) if body.is_transparent => body.members.first().map_or(ctype, |member| member.ctype),
        _ => ctype,
    };
    let size = types.size_of(ctype).ok_or(AbiError::NoValue(ctype))?;
    let in_registers = match way(types, ctype)? {
        Way::Nothing => Some(Place::Nothing),
        Way::Pieces(pieces) => allocation.take(pieces).map(Place::Registers),
        Way::X87 { .. } | Way::Memory => None,
    };
    let place = match in_registers {
        Some(place) => place,
        // A struct brings its alignment along, a number that of its kind.
        None => {
            let own = if let Kind::Record(_) = types.kind(ctype) { ctype } else { types.bare(ctype) };
            allocation.push(size, types.align_of(own))?
        }
    };
    Ok(ArgPlan { ctype, size, is_scalar: is_scalar(types, ctype), extension: extension(types, ctype), place })
}

fn plan_result(types: &CTypes, ctype: CTypeId) -> Result<RetPlan, AbiError> {
    if let Kind::Void = types.kind(ctype) {
        return Ok(RetPlan::Nothing);
    }
    Ok(match way(types, ctype)? {
        Way::Nothing => RetPlan::Nothing,
        Way::Pieces(pieces) => {
            let mut registers = Allocation::default();
            let pieces = registers.take(pieces).expect("two pieces always find registers");
            RetPlan::Registers { pieces, is_scalar: is_scalar(types, ctype), extension: extension(types, ctype) }
        }
        Way::X87 { count } => RetPlan::X87 { count },
        Way::Memory => RetPlan::Memory { size: types.size_of(ctype).unwrap_or(0), align: types.align_of(ctype) },
    })
}

fn is_scalar(types: &CTypes, ctype: CTypeId) -> bool {
    !matches!(types.kind(ctype), Kind::Record(_) | Kind::Complex(_))
}

fn extension(types: &CTypes, ctype: CTypeId) -> Extension {
    match types.kind(types.underlying(ctype)) {
        Kind::Bool | Kind::Int { bytes: ..=2, unsigned: true } => Extension::Zero,
        Kind::Int { bytes: ..=2, unsigned: false } => Extension::Sign,
        _ => Extension::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::c::{declarations::Declarations, preprocess::Source, scope::Entity};

    fn plan(text: &str) -> CallPlan {
        let mut c = Declarations::new();
        c.cdef(Source::pasted(text, "test"), &[]).unwrap();
        let Some(Entity::Function { ctype, .. }) = c.lookup("f").unwrap() else { panic!() };
        let Kind::Function(id) = c.types().kind(ctype) else { panic!() };
        plan_call(c.types(), c.types().function(id), &[]).unwrap()
    }

    /// The places of arguments in short: `i0`, `s1`, `i0+s0`, `@8`.
    fn places(text: &str) -> Vec<String> {
        let plan = plan(text);
        let pieces = |pieces: &Pieces| {
            let names = pieces.iter().map(|piece| {
                let class = if piece.class == Class::Int { 'i' } else { 's' };
                format!("{class}{}:{}", piece.register, piece.size)
            });
            names.collect::<Vec<_>>().join("+")
        };
        let args = plan.args.iter().map(|arg| match &arg.place {
            Place::Nothing => "-".to_owned(),
            Place::Registers(list) => pieces(list),
            Place::Stack { offset } => format!("@{offset}"),
        });
        let ret = match &plan.ret {
            RetPlan::Nothing => "-".to_owned(),
            RetPlan::Registers { pieces: list, .. } => pieces(list),
            RetPlan::Memory { size, .. } => format!("mem{size}"),
            RetPlan::X87 { count } => format!("x87*{count}"),
        };
        std::iter::once(ret).chain(args).collect()
    }

    #[test]
    fn scalars_take_registers_in_turn() {
        assert_eq!(places("void f(int, double, char, float, void *);"), ["-", "i0:4", "s0:8", "i1:1", "s1:4", "i2:8"]);
        assert_eq!(places("long f(int, int, int, int, int, int, int, int);")[6..], ["i5:4", "@0", "@8"]);
        assert_eq!(places("__int128 f(int, int, int, int, int, __int128, int, __int128);")[6..], ["@0", "i5:4", "@16"]);
        assert_eq!(places("long double f(long double, int);"), ["x87*1", "@0", "i0:4"]);
        assert_eq!(places("_Complex double f(_Complex float);"), ["s0:8+s1:8", "s0:8"]);
    }

    #[test]
    fn structs_are_cut_into_eightbytes() {
        let s = |members: &str, rest: &str| places(&format!("struct s {{ {members} }}; {rest}"));
        assert_eq!(s("float x, y; int n;", "struct s f(struct s);"), ["s0:8+i0:4", "s0:8+i0:4"]);
        assert_eq!(s("double d; char c[3];", "void f(struct s);")[1], "s0:8+i0:8");
        assert_eq!(s("char c[3];", "struct s f(struct s);"), ["i0:3", "i0:3"]);
        assert_eq!(s("float f[3];", "struct s f(struct s);"), ["s0:8+s1:4", "s0:8+s1:4"]);
        assert_eq!(s("long a, b, c;", "struct s f(int, struct s, int);"), ["mem24", "i1:4", "@0", "i2:4"]);
        assert_eq!(s("", "struct s f(struct s, int);"), ["-", "-", "i0:4"]);
        assert_eq!(s("long double x;", "struct s f(struct s);"), ["x87*1", "@0"]);
        assert_eq!(s("_Alignas(16) int x;", "void f(int, struct s, long double);"), ["-", "i0:4", "i1:8", "@0"]);
    }

    #[test]
    fn half_a_struct_never_goes_into_a_register() {
        let text = "struct s { long a, b; }; void f(long, long, long, long, long, struct s, long, long);";
        assert_eq!(places(text)[6..], ["@0", "i5:8", "@16"]);
        let text = "struct s { double a; long b; }; void f(long, long, long, long, long, long, struct s, double);";
        assert_eq!(places(text)[7..], ["@0", "s0:8"]);
    }

    #[test]
    fn what_cannot_be_passed() {
        let mut c = Declarations::new();
        c.cdef(Source::pasted("struct open; void a(struct open); int b(int) __attribute__((ms_abi));", "test"), &[])
            .unwrap();
        for name in ["a", "b"] {
            let Some(Entity::Function { ctype, .. }) = c.lookup(name).unwrap() else { panic!() };
            let Kind::Function(id) = c.types().kind(ctype) else { panic!() };
            assert!(plan_call(c.types(), c.types().function(id), &[]).is_err(), "{name}");
        }
    }
}
