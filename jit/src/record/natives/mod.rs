//! Calls of library functions.
//!
//! The one table below says how each function of the library is recorded, by its name:
//!
//! - **`inline`**: by a few IR instructions, written by a function of this folder.
//! - **`call`**: the function itself is called from the trace, through a runtime helper, with its arguments on a stack of
//!   its own. That does for every function that cannot call back into Lua. What a row says of it:
//!   - `reads`: it changes nothing that a program could see; it can be called again if the trace leaves right after.
//!   - `acts`: it has a lasting effect, but none on Lua's data: random numbers, files, clocks.
//!   - `writes`: it changes tables or the like, so nothing that was loaded before holds after it.
//!   - `copies`: it changes C's memory.
//!
//! A function that is not listed ends the recording, by a reason that names it. `gcinfo` and `collectgarbage` are left out on purpose: they
//! see what was allocated, and in a trace what nobody else sees is not.
//!
//! An error must not be thrown from a trace: then the trace leaves, and the interpreter calls the function again, which throws. So a
//! function that acts is called only with arguments of the types that it took while recording.

mod base;
mod bit;
mod ffi;
mod math;
mod string;
mod table;

use super::call::Callee;
use super::recorder::Multiple;
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Const, Helper, IrRef, Op, Type};
use crate::trace::abort::{Abort, Reason, Rec};
use moonwake_lang::object::{Function, Gc};
use moonwake_lang::vm::frame::LinkKind;

/// What recording a native function came to.
pub enum Done {
    /// It returns these results.
    Results(Vec<IrRef>),
    /// Control went somewhere else: into a function that it calls in its place.
    Flow(Flow),
    /// Its arguments are not of the usual kind: it should be called like this.
    Call(Effects),
}

/// What a call changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effects {
    /// Nothing.
    Reads,
    /// Something outside Lua.
    Acts,
    /// Lua's data.
    Writes,
    /// C's memory.
    Copies,
}

/// Records a call.
type Inline = fn(&mut Recorder, &mut At<'_>, &Callee) -> Rec<Done>;

/// How a function is recorded.
#[derive(Clone, Copy)]
enum Native {
    Inline(Inline),
    Call(Effects),
}

macro_rules! natives {
    ($($name:literal: $how:ident $what:expr;)*) => {
        const NATIVES: &[(&str, Native)] = &[$(($name, natives!(@ $how $what))),*];
    };
    (@ inline $function:expr) => { Native::Inline($function) };
    (@ call $effects:expr) => { Native::Call($effects) };
}

use Effects::{Acts, Copies, Reads, Writes};

natives! {
    // Basic functions.
    "assert": inline base::assert;
    "type": inline base::type_;
    "tonumber": inline base::tonumber;
    "tostring": inline base::tostring;
    "rawequal": inline base::rawequal;
    "rawget": inline base::rawget;
    "rawset": inline base::rawset;
    "select": inline base::select;
    "unpack": inline base::unpack;
    "next": call Reads;
    "pairs": inline base::pairs;
    "ipairs": inline base::ipairs;
    "ipairs_step": inline base::ipairs_step;
    "getmetatable": inline base::getmetatable;
    "setmetatable": inline base::setmetatable;
    "pcall": inline base::pcall;
    "xpcall": inline base::xpcall;
    "error": inline base::error;
    "print": inline base::print;

    // ffi
    "__call": inline super::ccall::call;
    "ffi.new": inline super::ccall::new;
    "ffi.cast": inline super::ccall::cast;
    "ffi.typeof": inline ffi::type_of;
    "ffi.sizeof": inline ffi::size_of;
    "ffi.istype": inline ffi::is_type;
    "ffi.alignof": call Reads;
    "ffi.offsetof": call Reads;
    "ffi.abi": call Reads;
    "ffi.string": inline ffi::string;
    "ffi.copy": inline ffi::copy;
    "ffi.fill": inline ffi::fill;
    "ffi.errno": call Acts;
    "ffi.gc": call Acts;
    "callback.free": call Acts;
    "callback.set": call Acts;
    "macro": call Reads;
    "__index": inline super::cnamespace::index;
    "__newindex": inline super::cnamespace::new_index;
    "__tostring": inline super::cdata::text;
    "__concat": inline super::cdata::concatenation;

    // string.buffer: its bytes are C memory.
    "buffer.put": inline string::buffer_put;
    "buffer.putf": inline string::buffer_putf;
    "buffer.putcdata": call Copies;
    "buffer.encode": call Copies;
    "buffer.decode": call Acts;
    "buffer.get": call Acts;
    "buffer.skip": call Acts;
    "buffer.reset": call Acts;
    "buffer.tostring": call Reads;
    "buffer.__tostring": call Reads;
    "buffer.__len": call Reads;

    // math
    "math.abs": inline math::abs;
    "math.floor": inline math::floor;
    "math.ceil": inline math::ceil;
    "math.sqrt": inline math::sqrt;
    "math.sin": inline math::sin;
    "math.cos": inline math::cos;
    "math.tan": inline math::tan;
    "math.asin": inline math::asin;
    "math.acos": inline math::acos;
    "math.atan": inline math::atan;
    "math.atan2": inline math::atan2;
    "math.sinh": inline math::sinh;
    "math.cosh": inline math::cosh;
    "math.tanh": inline math::tanh;
    "math.exp": inline math::exp;
    "math.log": inline math::log;
    "math.log10": inline math::log10;
    "math.pow": inline math::pow;
    "math.fmod": inline math::fmod;
    "math.deg": inline math::deg;
    "math.rad": inline math::rad;
    "math.min": inline math::min;
    "math.max": inline math::max;
    "math.modf": call Reads;
    "math.frexp": call Reads;
    "math.ldexp": call Reads;
    "math.random": inline math::random;
    "math.randomseed": call Acts;

    // bit
    "bit.tobit": inline bit::tobit;
    "bit.bnot": inline bit::bnot;
    "bit.bswap": inline bit::bswap;
    "bit.band": inline bit::band;
    "bit.bor": inline bit::bor;
    "bit.bxor": inline bit::bxor;
    "bit.lshift": inline bit::lshift;
    "bit.rshift": inline bit::rshift;
    "bit.arshift": inline bit::arshift;
    "bit.rol": inline bit::rol;
    "bit.ror": inline bit::ror;
    "bit.tohex": inline bit::tohex;

    // string
    "string.byte": inline string::byte;
    "string.char": inline string::char;
    "string.len": inline string::len;
    "string.sub": inline string::sub;
    "string.lower": inline string::lower;
    "string.upper": inline string::upper;
    "string.reverse": inline string::reverse;
    "string.rep": call Reads;
    "string.format": inline string::format;
    "string.find": inline string::find;
    "string.match": call Reads;
    "string.gmatch": call Reads;
    "string.gmatch_step": call Acts;
    "string.gsub": inline string::gsub;

    // table
    "table.concat": call Reads;
    "table.insert": inline table::insert;
    "table.remove": inline table::remove;
    "table.getn": call Reads;
    "table.maxn": call Reads;
    "table.move": inline table::move_;
    "table.new": call Reads;
    "table.clear": call Writes;

    // os and io
    "os.clock": call Acts;
    "os.time": call Acts;
    "os.date": call Acts;
    "os.difftime": call Reads;
    "os.getenv": call Acts;
    "os.rename": call Acts;
    "os.remove": call Acts;
    "io.open": call Acts;
    "io.read": call Acts;
    "io.write": inline string::io_write;
    "io.lines": call Acts;
    "io.next_line": call Acts;
    "io.type": call Acts;
    "io.file.read": call Acts;
    "io.file.write": inline string::file_write;
    "io.file.lines": call Acts;
    "io.file.seek": call Acts;
    "io.file.flush": call Acts;
    "io.file.close": call Acts;
}

/// What is left to do once a native function's results are there: their number was not known before.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// One more than the number of results, in the trace.
    number: IrRef,
    /// The scratch slot of the first.
    from: i32,
    /// The slot it goes to.
    to: i32,
}

/// How a native function is recorded, if it is.
fn native(function: Gc<Function>) -> Option<Native> {
    let name = function.native_name()?;
    NATIVES.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// Whether calling a native function is all that a trace does with it.
pub fn is_called(function: Gc<Function>) -> bool {
    matches!(native(function), Some(Native::Call(_)))
}

impl Recorder {
    /// Calls a native function, which is known by now.
    pub fn call_native(&mut self, at: &mut At<'_>, callee: Callee) -> Rec<Flow> {
        let function = callee.function.now.as_function().ok_or(Reason::BadType)?;
        self.expected.natives += 1;
        let effects = match native(function) {
            None => return Err(Abort::about(Reason::NyiNative, function.native_name().unwrap_or("?"))),
            Some(Native::Call(effects)) => effects,
            Some(Native::Inline(record)) => match record(self, at, &callee)? {
                Done::Results(results) => return self.leave_from(at, callee.base, results),
                Done::Flow(flow) => return Ok(flow),
                Done::Call(effects) => effects,
            },
        };
        self.call_through_helper(at, &callee, effects)
    }

    /// Calls a native function as it is.
    fn call_through_helper(&mut self, at: &mut At<'_>, callee: &Callee, effects: Effects) -> Rec<Flow> {
        let wanted = self.results_wanted(callee.base)?;
        let room = wanted.unwrap_or(MAX_RESULTS);
        let (first, number) = self.call_helper_of_native(callee.function.ir, &callee.arguments, room, effects)?;
        match wanted {
            Some(wanted) => {
                let results = (0..wanted).map(|i| self.left_in_slot(first + i as i32)).collect();
                self.leave_from(at, callee.base, results)
            }
            None if effects == Effects::Reads => {
                self.pending = Some(Pending { number, from: first, to: callee.base - 2 });
                self.leave_from(at, callee.base, Vec::new())
            }
            // Whether the guard on their number fails is known too late: the function has acted.
            None => Err(Reason::NyiVarargs.into()),
        }
    }

    /// Calls a native function through a helper. Returns the scratch slot of its first result, and one more than their number.
    pub fn call_helper_of_native(
        &mut self,
        function: IrRef,
        arguments: &[Traced],
        room: usize,
        effects: Effects,
    ) -> Rec<(i32, IrRef)> {
        // Function and arguments, or the results in their place.
        let first = self.scratch_slots(arguments.len().max(room) + 1)?;
        self.e.op_with(Op::SSTORE, Type::None, &[function], &[first]);
        for (i, argument) in arguments.iter().enumerate() {
            let argument = self.unbox(*argument)?;
            self.e.op_with(Op::SSTORE, Type::None, &[argument.ir], &[first + 1 + i as i32]);
        }
        let place = self.e.op_with(Op::SADDR, Type::Ptr, &[], &[first]);
        let (count, room) = (self.e.int(arguments.len() as i32), self.e.int(room as i32));
        let helper = match effects {
            Effects::Reads | Effects::Acts => Helper::CallNative,
            Effects::Writes => Helper::CallNativeWriter,
            Effects::Copies => Helper::CallNativeCopier,
        };
        let number = self.call(helper, &[place, count, room])?;
        self.effect |= effects != Effects::Reads;
        Ok((first, number))
    }

    /// The value that a helper left in a scratch slot.
    pub fn left_in_slot(&mut self, slot: i32) -> IrRef {
        self.e.op_with(Op::RLOAD, Type::Val, &[], &[slot])
    }

    /// How many results the caller of the frame at `base` takes; `None` if all.
    fn results_wanted(&self, base: i32) -> Rec<Option<usize>> {
        let link = self.link_of(base).ok_or(Reason::ReturnToNative)?;
        if link.is_lua() {
            let call = super::Pc::new(link.pc()).offset(-1).ins();
            return Ok(call.b().checked_sub(1));
        }
        match link.kind() {
            LinkKind::Continuation => Ok(Some(1)),
            LinkKind::ProtectedCall | LinkKind::ProtectedCallWithHandler => {
                // One of them is the `true` in front.
                let wanted = self.results_wanted(base - link.distance() as i32)?.ok_or(Reason::NyiVarargs)?;
                Ok(Some(wanted.saturating_sub(1)))
            }
            _ => Err(Reason::NyiVarargs.into()),
        }
    }

    /// Completes the call of a native function whose results could not be counted before it ran.
    pub fn finish_pending(&mut self, at: &At<'_>) -> Rec<()> {
        let Some(Pending { number, from, to }) = self.pending.take() else { return Ok(()) };
        let count = at.vm.trace.multiple_results.get();
        if count as usize > MAX_RESULTS {
            return Err(Reason::NyiVarargs.into());
        }
        let known = self.e.constant(Const::U64(u64::from(count) + 1));
        self.e.guard(Op::EQ, Type::None, &[number, known])?;
        for i in 0..count as i32 {
            let result = self.left_in_slot(from + i);
            self.slots.write(to + i, result);
        }
        self.multiple = Some(Multiple { first: to, count });
        Ok(())
    }

    /// Argument `i`, unboxed; nil if it was not given.
    pub fn argument(&mut self, callee: &Callee, i: usize) -> Rec<Traced> {
        match callee.arguments.get(i) {
            Some(&argument) => self.unbox(argument),
            None => Ok(self.value(moonwake_lang::value::Value::NIL)),
        }
    }

    /// Argument `i` as a `num`.
    pub fn number_argument(&mut self, at: &At<'_>, callee: &Callee, i: usize) -> Rec<IrRef> {
        let argument = self.argument(callee, i)?;
        self.as_number(at, argument)?.ok_or_else(|| Reason::BadType.into())
    }
}

/// Results that a trace takes from a native function when their number is not known.
const MAX_RESULTS: usize = 16;
