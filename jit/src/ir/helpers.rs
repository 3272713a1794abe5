//! The one table of runtime helpers: functions in Rust that compiled code calls.
//!
//! A helper gets the virtual machine as its first argument if its row says so, then its parameters by the C calling convention. It
//! never unwinds: one that can fail says so by what it returns (see [`Failure`]), having changed nothing, and the trace
//! leaves; the interpreter then does the same operation again and raises the error.
//!
//! The table holds what the optimiser must know; the code is given to the backend as a
//! [`HelperTable`](crate::backend::helpers::HelperTable) of addresses.

use super::memory::{Class, Classes};
use super::types::Type;

/// How a helper says that it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// It cannot fail.
    Never,
    /// By a null pointer.
    Null,
    /// By [`FAILED`], which is no Lua value.
    Sentinel,
}

/// What a helper returns in place of a value when it failed: bits that no Lua value has.
pub const FAILED: u64 = 0xFFF9 << 48;

/// Calls `$m!` with the table. A row is
/// `Variant, "text", machine, (parameters), result, failure, [classes read], [classes written], allocates, "what it does";`.
#[macro_export]
macro_rules! for_each_helper {
    ($m:ident) => {
        $m! {
            // Mathematics: pure, so CSE and hoisting treat them as instructions.
            Sin, "sin", false, (Num), Num, Never, [], [], false, "sine";
            Cos, "cos", false, (Num), Num, Never, [], [], false, "cosine";
            Tan, "tan", false, (Num), Num, Never, [], [], false, "tangent";
            Asin, "asin", false, (Num), Num, Never, [], [], false, "arc sine";
            Acos, "acos", false, (Num), Num, Never, [], [], false, "arc cosine";
            Atan, "atan", false, (Num), Num, Never, [], [], false, "arc tangent";
            Atan2, "atan2", false, (Num, Num), Num, Never, [], [], false, "arc tangent of a quotient";
            Sinh, "sinh", false, (Num), Num, Never, [], [], false, "hyperbolic sine";
            Cosh, "cosh", false, (Num), Num, Never, [], [], false, "hyperbolic cosine";
            Tanh, "tanh", false, (Num), Num, Never, [], [], false, "hyperbolic tangent";
            Exp, "exp", false, (Num), Num, Never, [], [], false, "e to the power a";
            Log, "log", false, (Num), Num, Never, [], [], false, "natural logarithm";
            Log10, "log10", false, (Num), Num, Never, [], [], false, "logarithm to base 10";
            Pow, "pow", false, (Num, Num), Num, Never, [], [], false, "a to the power b";
            Fmod, "fmod", false, (Num, Num), Num, Never, [], [], false, "C's remainder";
            MathPow, "math_pow", false, (Num, Num), Num, Never, [], [], false, "a to the power b as C computes it";

            // 64-bit integers whose division the processor would trap on.
            DivI64, "div_i64", false, (I64, I64), I64, Never, [], [], false, "a / b; INT64_MIN for b = 0";
            DivU64, "div_u64", false, (U64, U64), U64, Never, [], [], false, "a / b; INT64_MIN for b = 0";
            ModI64, "mod_i64", false, (I64, I64), I64, Never, [], [], false, "the remainder of a / b; INT64_MIN for b = 0";
            ModU64, "mod_u64", false, (U64, U64), U64, Never, [], [], false, "the remainder of a / b; INT64_MIN for b = 0";

            // Objects. These are what the allocation operations call. They do not fail: a limit on memory is seen to at the next
            // safe point.
            TableNew, "table_new", true, (Int, Int, Int), Tab, Never, [], [], true, "TNEW: a table of shape, places, room for items";
            TableDup, "table_dup", true, (Tab), Tab, Never, [Shape, Layout, Keyed, Array], [], true, "TDUP: a copy of a template";
            CdataNew, "cdata_new", true, (Int, Int, Int), Cdata, Never, [], [], true, "CNEW: a cdata of ctype, size, payload offset";
            ClosureNew, "closure_new", true, (Ptr, Fun, Ptr), Fun, Never, [], [], true, "CLOSURE: of prototype, maker, the maker's base";
            NewKey, "new_key", true, (Tab, Int, Int, Val), None, Never, [Shape], [Shape, Keyed], true, "NEWKEY: of table, shape, place, value";
            Boolean, "boolean", false, (Int), Val, Never, [], [], false, "a C bool as a Lua one";
            Barrier, "barrier", true, (Ptr), None, Never, [], [], false, "the cold half of BARRIER: remembers an object";
            BarrierItem, "barrier_item", true, (Ptr, Val), None, Never, [], [], false, "the cold half of NEWITEM's barrier: tells the collector of one item";
            NewItem, "new_item", true, (Tab, Int, Val), None, Never, [Layout], [Layout, Array], true, "NEWITEM: of table, index, value";

            // Tables, as far as no shape or bounds tell where a key is.
            TableSized, "table_sized", true, (Int, Int), Tab, Null, [], [], true, "an empty table with room for so many items and fields";
            TableGet, "table_get", true, (Tab, Val), Val, Never, [Shape, Layout, Keyed, Array], [], false, "a[b] without metamethods";
            TableGetStr, "table_get_str", true, (Tab, Str), Val, Never, [Shape, Layout, Keyed, Array], [], false, "a[b] for a string";
            TableSet, "table_set", true, (Tab, Val, Val), None, Never, [Shape, Layout, Keyed, Array], [Shape, Layout, Keyed, Array, Epoch], true, "a[b] = c without metamethods; b is neither nil nor NaN";
            TableNext, "table_next", true, (Tab, Link, Ptr), Link, Never, [Shape, Layout, Keyed, Array], [Scratch], true, "key and value at position b or after it, left at c; the position after them, or 0";

            TableMetatable, "table_metatable", true, (Tab), Val, Never, [Shape], [], false, "the metatable of a, or nil";

            // Strings. They are interned and never change, so these are pure.
            StringToNumber, "string_to_number", true, (Str), Val, Never, [], [], false, "the number that a string reads as, or nil";
            NumberToString, "number_to_string", true, (Num), Str, Never, [], [], false, "a number as text";
            StringCompare, "string_compare", true, (Str, Str), Int, Never, [], [], false, "below, at or above 0, as a is less than, equal to or greater than b";
            StringSub, "string_sub", true, (Str, Int, Int), Str, Never, [], [], false, "the piece of a from b to c, as string.sub has it";
            StringChar, "string_char", true, (Int), Str, Never, [], [], false, "the string of one byte, which compiled code loads from where the heap keeps these";
            StringUpper, "string_upper", true, (Str), Str, Never, [], [], false, "a with its letters in upper case";
            StringLower, "string_lower", true, (Str), Str, Never, [], [], false, "a with its letters in lower case";
            StringReverse, "string_reverse", true, (Str), Str, Never, [], [], false, "the bytes of a from the last to the first";
            Concat2, "concat2", true, (Val, Val), Str, Null, [], [], false, "the concatenation of two strings or numbers";
            Concat3, "concat3", true, (Val, Val, Val), Str, Null, [], [], false, "of three";
            Concat4, "concat4", true, (Val, Val, Val, Val), Str, Null, [], [], false, "of four";
            FindPlain, "find_plain", true, (Str, Str, Int), Int, Never, [], [], false, "where b is in a from place c on, counted as string.find does; 0 if it is not";
            Concat, "concat", true, (Ptr, Int), Str, Null, [Scratch], [], true, "the concatenation of b strings and numbers at a";

            // C memory.
            CopyBytes, "copy_bytes", false, (Ptr, Ptr, Int), None, Never, [Memory], [Memory], false, "copies c bytes from b to a, which may overlap";
            FillBytes, "fill_bytes", false, (Ptr, Int, Int), None, Never, [], [Memory], false, "fills b bytes at a with the low byte of c";
            StringOf, "string_of", true, (Ptr, Int), Str, Null, [Memory], [], true, "the string of the b bytes at a";
            StringUpTo, "string_up_to", true, (Ptr, Int), Str, Null, [Memory], [], true, "the string of the bytes at a before a zero, b at most; none for a null pointer";

            // Functions. Random numbers have a state, for which the class stands that nothing is kept in.
            Random, "random", true, (), Num, Never, [], [Scratch], true, "the next random number, from 0 up to 1";
            IsCaptured, "is_captured", true, (Ptr), Int, Never, [Place], [], true, "1 if a closure holds a variable at this stack slot or above, else 0";
            SetMetatable, "set_metatable", true, (Tab, Tab), None, Never, [Shape, Keyed], [Shape, Layout, Keyed, Epoch], true, "gives table a the metatable b, as setmetatable does";
            CapturingClosure, "capturing_closure", true, (Ptr, Fun, Ptr), Fun, Never, [Place], [Place], true, "a closure of prototype a, made by b, over variables at stack address c";
            CloseUpvalues, "close_upvalues", true, (Ptr), None, Never, [Place, Scratch], [Place, Upvalue], true, "moves the variables at this stack slot or above into the closures that hold them";
            CallNative, "call_native", true, (Ptr, Int, Int), U64, Null, [Shape, Layout, Keyed, Array, Memory, Scratch], [Scratch], true, "calls the native function at a with the b arguments after it; leaves c results there; one more than their number";
            CallNativeWriter, "call_native_writer", true, (Ptr, Int, Int), U64, Null, [Shape, Layout, Keyed, Array, Memory, Scratch], [Shape, Layout, Keyed, Array, Environment, Epoch, Memory, Scratch], true, "the same for one that changes Lua's data";
            BufferPut, "buffer_put", true, (Udata, Ptr, Int), U64, Null, [Memory, Scratch], [Memory, Scratch], true, "puts the c strings and numbers at b into the buffer a; 1, or 0 if that fails";
            CallNativeCopier, "call_native_copier", true, (Ptr, Int, Int), U64, Null, [Shape, Layout, Keyed, Array, Memory, Scratch], [Memory, Scratch], true, "the same for one that changes C's memory";
        }
    };
}

macro_rules! define_helpers {
    ($($variant:ident, $text:literal, $machine:literal, ($($param:ident),*), $result:ident, $failure:ident,
       [$($read:ident),*], [$($written:ident),*], $allocates:literal, $doc:literal;)*) => {
        /// A runtime helper. The rows of [`for_each_helper!`](crate::for_each_helper) document each.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Helper { $(#[doc = $doc] $variant,)* }

        /// Every helper's row of the table, indexed by `Helper as usize`.
        pub const HELPERS: &[HelperInfo] = &[$(HelperInfo {
            helper: Helper::$variant,
            name: $text,
            takes_machine: $machine,
            params: &[$(Type::$param),*],
            result: Type::$result,
            failure: Failure::$failure,
            reads: Classes::of(&[$(Class::$read),*]),
            writes: Classes::of(&[$(Class::$written),*]),
            allocates: $allocates,
            doc: $doc,
        }),*];
    };
}
for_each_helper!(define_helpers);

/// One row of the table of helpers.
#[derive(Debug)]
pub struct HelperInfo {
    /// The helper.
    pub helper: Helper,
    /// Its name in the textual form.
    pub name: &'static str,
    /// Whether its first argument is the virtual machine.
    pub takes_machine: bool,
    /// The types of its parameters.
    pub params: &'static [Type],
    /// The type of its result.
    pub result: Type,
    /// How it fails.
    pub failure: Failure,
    /// What it reads.
    pub reads: Classes,
    /// What it writes.
    pub writes: Classes,
    /// Whether it makes an object, so that two calls are never one.
    pub allocates: bool,
    /// What it does.
    pub doc: &'static str,
}

impl HelperInfo {
    /// Whether two calls with the same arguments are one, and a call without a use is none.
    pub const fn is_pure(&self) -> bool {
        self.reads.0 == 0 && self.writes.0 == 0 && !self.allocates
    }
}

impl Helper {
    /// This helper's row of the table.
    pub const fn info(self) -> &'static HelperInfo {
        &HELPERS[self as usize]
    }

    /// The helper with this name.
    pub fn from_text(name: &str) -> Option<Helper> {
        HELPERS.iter().find(|row| row.name == name).map(|row| row.helper)
    }

    /// The helper with this number, as an instruction's literal holds it.
    pub fn from_code(code: i32) -> Option<Helper> {
        HELPERS.get(code as usize).map(|row| row.helper)
    }

    /// What a pure mathematical helper gives for these arguments, for folding and for the evaluator; `None` for the others.
    pub fn evaluate(self, a: f64, b: f64) -> Option<f64> {
        Some(match self {
            Helper::Sin => a.sin(),
            Helper::Cos => a.cos(),
            Helper::Tan => a.tan(),
            Helper::Asin => a.asin(),
            Helper::Acos => a.acos(),
            Helper::Atan => a.atan(),
            Helper::Atan2 => a.atan2(b),
            Helper::Sinh => a.sinh(),
            Helper::Cosh => a.cosh(),
            Helper::Tanh => a.tanh(),
            Helper::Exp => a.exp(),
            Helper::Log => a.ln(),
            Helper::Log10 => a.log10(),
            Helper::Pow => moonwake_lang::vm::interp::arith::power(a, b),
            Helper::MathPow => a.powf(b),
            Helper::Fmod => a % b,
            Helper::DivI64
            | Helper::DivU64
            | Helper::ModI64
            | Helper::ModU64
            | Helper::TableNew
            | Helper::TableDup
            | Helper::CdataNew
            | Helper::ClosureNew
            | Helper::NewKey
            | Helper::Boolean
            | Helper::Barrier
            | Helper::BarrierItem
            | Helper::NewItem
            | Helper::TableSized
            | Helper::TableGet
            | Helper::TableGetStr
            | Helper::TableSet
            | Helper::TableNext
            | Helper::StringToNumber
            | Helper::NumberToString
            | Helper::StringCompare
            | Helper::StringSub
            | Helper::StringChar
            | Helper::StringUpper
            | Helper::StringLower
            | Helper::StringReverse
            | Helper::Random
            | Helper::Concat2
            | Helper::Concat3
            | Helper::Concat4
            | Helper::FindPlain
            | Helper::Concat
            | Helper::IsCaptured
            | Helper::TableMetatable
            | Helper::SetMetatable
            | Helper::CapturingClosure
            | Helper::CloseUpvalues
            | Helper::CallNative
            | Helper::CallNativeWriter
            | Helper::CallNativeCopier
            | Helper::BufferPut
            | Helper::CopyBytes
            | Helper::FillBytes
            | Helper::StringOf
            | Helper::StringUpTo => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_indexed_by_its_helpers() {
        for (code, row) in HELPERS.iter().enumerate() {
            assert_eq!(row.helper as usize, code);
            assert_eq!(Helper::from_code(code as i32), Some(row.helper));
            assert_eq!(Helper::from_text(row.name), Some(row.helper));
        }
    }

    #[test]
    fn what_can_be_evaluated_is_pure() {
        for row in HELPERS {
            if row.helper.evaluate(1.0, 1.0).is_some() {
                assert!(row.is_pure() && row.result == Type::Num, "{}", row.name);
            }
        }
    }

    #[test]
    fn the_sentinel_is_no_value() {
        use moonwake_lang::value::Value;
        let v = Value(FAILED);
        assert!(!v.is_number() && Type::of_tag(v.tag_bits()).is_none());
    }
}
