//! The one table of IR operations.
//!
//! Everything that must know every operation is generated from [`for_each_ir_op!`](crate::for_each_ir_op) or matches on [`Op`]
//! without a `_` arm: the printer, the parser, the verifier, the optimiser's effects, the evaluator, the lowering to Cranelift.
//!
//! The columns, all explicit:
//!
//! - **operands**, in the order of the textual form. `Ref`s are values (called a, b, c below); the rest are literals.
//! - **result**: `Is(type)`, `Same` as a, or `Any`: the instruction says it.
//! - **effect**: what it reads and writes, from which all reordering and elimination follows (see [`Effect`]).
//! - **guard**: `Yes` when it can leave the trace.
//!
//! **Invariant:** an instruction that is a guard has no effect beyond leaving, and one with a lasting effect is no guard, except
//! `CALL`s of helpers that fail without a trace of having run. So leaving by the last snapshot is always right.

use super::memory::Class;
use super::types::Type;

/// Calls `$m!` with the whole table. A row is `NAME, [operands], result, effect, guard, "what it does";`.
#[macro_export]
macro_rules! for_each_ir_op {
    ($m:ident) => {
        $m! {
            // Where values come from, and boxing.
            SLOAD, [Slot], Any, Pure, No, "the value of a stack slot on entry: `val`, or the type that it is known to have";
            UNBOX, [Ref], Any, Pure, Yes, "a as the type of the result; guards that it has this type";
            BOX, [Ref], Is(Val), Pure, No, "a as a `val`";

            // Comparisons. Without N, a comparison with NaN fails; with N it holds.
            EQ, [Ref, Ref], Is(None), Pure, Yes, "a == b: numbers by value, everything else by identity";
            NE, [Ref, Ref], Is(None), Pure, Yes, "a ~= b";
            LT, [Ref, Ref], Is(None), Pure, Yes, "a < b, signed";
            LE, [Ref, Ref], Is(None), Pure, Yes, "a <= b, signed";
            GT, [Ref, Ref], Is(None), Pure, Yes, "a > b, signed";
            GE, [Ref, Ref], Is(None), Pure, Yes, "a >= b, signed";
            NLT, [Ref, Ref], Is(None), Pure, Yes, "not (a < b), of `num`";
            NLE, [Ref, Ref], Is(None), Pure, Yes, "not (a <= b), of `num`";
            NGT, [Ref, Ref], Is(None), Pure, Yes, "not (a > b), of `num`";
            NGE, [Ref, Ref], Is(None), Pure, Yes, "not (a >= b), of `num`";
            ULT, [Ref, Ref], Is(None), Pure, Yes, "a < b, unsigned; of array indexes, the bounds check";
            ULE, [Ref, Ref], Is(None), Pure, Yes, "a <= b, unsigned";
            UGT, [Ref, Ref], Is(None), Pure, Yes, "a > b, unsigned";
            UGE, [Ref, Ref], Is(None), Pure, Yes, "a >= b, unsigned";

            // What else can make a trace leave.
            SHAPE, [Ref, Lit], Is(None), Load(Shape), Yes, "table a has this shape";
            EPOCH, [Lit], Is(None), Load(Epoch), Yes, "the heap's epoch is this: no metatable changed its keys since";
            STACK, [Lit], Is(None), Pure, Yes, "the stack has room up to this slot";
            POLL, [], Is(None), Once, Yes, "nobody asks for a safe point";
            EVENT, [], Is(None), Once, Yes, "the native call before it neither ran Lua nor left an error, and nobody asks for a safe point";

            // Arithmetic. Integers wrap.
            ADD, [Ref, Ref], Same, Pure, No, "a + b";
            SUB, [Ref, Ref], Same, Pure, No, "a - b";
            MUL, [Ref, Ref], Same, Pure, No, "a * b";
            DIV, [Ref, Ref], Same, Pure, No, "a / b; of integers truncated towards zero, b not zero";
            MOD, [Ref, Ref], Same, Pure, No, "`num`, `int`: a - floor(a / b) * b as in Lua; `i64`, `u64`: C's remainder; b not zero unless `num`";
            NEG, [Ref], Same, Pure, No, "-a";
            ABS, [Ref], Same, Pure, No, "a without its sign";
            MIN, [Ref, Ref], Same, Pure, No, "if a < b then a else b";
            MAX, [Ref, Ref], Same, Pure, No, "if a > b then a else b";
            SQRT, [Ref], Same, Pure, No, "the square root of a, of `num`";
            FLOOR, [Ref], Same, Pure, No, "a rounded towards minus infinity, of `num`";
            CEIL, [Ref], Same, Pure, No, "a rounded towards infinity, of `num`";
            TRUNC, [Ref], Same, Pure, No, "a rounded towards zero, of `num`";
            ADDOV, [Ref, Ref], Is(Int), Pure, Yes, "a + b of `int`; guards against overflow";
            SUBOV, [Ref, Ref], Is(Int), Pure, Yes, "a - b of `int`; guards against overflow";
            MULOV, [Ref, Ref], Is(Int), Pure, Yes, "a * b of `int`; guards against overflow";

            // Bits, of integers. Shift counts are taken modulo the width of a, and are `int`.
            BNOT, [Ref], Same, Pure, No, "every bit of a inverted";
            BSWAP, [Ref], Same, Pure, No, "the bytes of a in reverse";
            BAND, [Ref, Ref], Same, Pure, No, "a and b";
            BOR, [Ref, Ref], Same, Pure, No, "a or b";
            BXOR, [Ref, Ref], Same, Pure, No, "a exclusive-or b";
            SHL, [Ref, Ref], Same, Pure, No, "a shifted left by b";
            SHR, [Ref, Ref], Same, Pure, No, "a shifted right by b, zeros coming in";
            SAR, [Ref, Ref], Same, Pure, No, "a shifted right by b, the sign coming in";
            ROL, [Ref, Ref], Same, Pure, No, "a rotated left by b";
            ROR, [Ref, Ref], Same, Pure, No, "a rotated right by b";

            // Conversions.
            TONUM, [Ref], Is(Num), Pure, No, "the integer a as a number";
            TOINT, [Ref], Is(Int), Pure, Yes, "the number a as an `int`; guards that not a bit is lost (-0 is not an `int`)";
            TOBIT, [Ref], Is(Int), Pure, No, "the number a modulo 2^32, rounded to even, as the `bit` library takes it";
            CONV, [Ref], Any, Pure, No, "a as another number type as C converts; of a `num` out of range see `semantics`";
            WRAP, [Mem, Ref], Any, Pure, No, "the integer a stored as this C type and loaded again";
            FROUND, [Ref], Is(Num), Pure, No, "a rounded to a `float`";

            // Tables, upvalues and other objects. A slots or array pointer is a `ptr` that FLOAD gave.
            FLOAD, [Ref, Field], Any, LoadField, No, "a field of the object a";
            ALOAD, [Ref, Ref], Is(Val), Load(Array), No, "item b of the array a";
            ASTORE, [Ref, Ref, Ref], Is(None), Store(Array), No, "item b of the array a = c";
            KLOAD, [Ref, Lit], Is(Val), Load(Keyed), No, "the value in this place of the slots a";
            KSTORE, [Ref, Lit, Ref], Is(None), Store(Keyed), No, "the value in this place of the slots a = b";
            NEWKEY, [Ref, Lit, Lit, Ref], Is(None), Store(Shape), No, "table a takes this shape, whose new key has this place and the value b";
            RESHAPE, [Ref, Lit], Is(None), Store(Shape), No, "table a takes this shape, which has the same keys under another metatable";
            NEWITEM, [Ref, Ref, Ref], Is(None), Store(Layout), No, "item b of table a, whose array ends before it, = c, which is not nil";
            UREF, [Ref, Lit], Is(Ptr), Load(Immutable), No, "upvalue object number so of the Lua function a";
            ULOAD, [Ref], Is(Val), Load(Upvalue), No, "the variable at address a";
            USTORE, [Ref, Ref], Is(None), Store(Upvalue), No, "the variable at address a = b";
            BARRIER, [Ref], Is(None), Idempotent, No, "tells the collector that object a may now hold a younger one";

            // The Lua stack beyond what snapshots restore.
            SADDR, [Slot], Is(Ptr), Pure, No, "the address of a stack slot";
            SSTORE, [Slot, Ref], Is(None), Store(Scratch), No, "a stack slot that the trace does not otherwise use = a";
            RLOAD, [Slot], Is(Val), Load(Scratch), No, "the value that a helper left in such a slot";

            // C memory.
            ADDR, [Ref, Lit], Is(Ptr), Pure, No, "the address so many bytes into the object a";
            INDEX, [Ref, Ref, Lit], Is(Ptr), Pure, No, "the address a + b * literal; b is an integer";
            SCRATCH, [Lit], Is(Ptr), Once, No, "so many zeroed bytes of the machine stack, aligned to 16, for this instruction alone";
            XLOAD, [Mem, Ref, Lit], Any, Load(Memory), No, "the C value at address a + literal";
            XSTORE, [Mem, Ref, Lit, Ref], Is(None), Store(Memory), No, "the C value at address a + literal = b";
            XCOPY, [Ref, Ref, Lit], Is(None), Store(Memory), No, "so many bytes at a = those at b; the two do not overlap";

            // New objects. A snapshot alone does not make one escape: it can be made at the exit.
            TNEW, [Lit, Lit, Lit], Is(Tab), Alloc, No, "a table of this shape with nil in so many places and an empty array with room for so many indexes, 0 included";
            TDUP, [Ref], Is(Tab), Alloc, No, "a copy of the template table a";
            CNEW, [Lit, Lit, Lit], Is(Cdata), Alloc, No, "a zeroed cdata of this ctype and size whose payload is so many bytes in";
            CCOPY, [Ref, Lit, Lit, Lit], Is(Cdata), Alloc, No, "a cdata of this ctype and size whose payload, so many bytes in, is a copy of the bytes at a";
            CBOX, [Mem, Ref, Lit], Is(Cdata), Alloc, No, "a cdata of this ctype that holds the scalar a and never changes";
            CLOSURE, [Ref, Ref], Is(Fun), Alloc, No, "a closure of prototype a made by function b, whose variables are in their slots";

            // Calls.
            CALL, [Helper, List], Any, Call, No, "a runtime helper; the table of helpers gives its effects";
            CALLC, [Sig, Ref, List], Any, Native, No, "the C function at address a";
            RESULT, [Ref, Lit], Any, Pure, No, "result register number so of the CALLC a, from 1 on; the call itself is number 0";

            // The loop, and what was removed.
            LOOP, [], Is(None), Marker, No, "the loop's body starts here";
            PHI, [Ref, Ref], Same, Marker, No, "in the loop a stands for b of the turn before";
            NOP, [], Is(None), Marker, No, "an instruction that was removed";
        }
    };
}

/// What an operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A value: an earlier instruction or a constant.
    Ref,
    /// A number.
    Lit,
    /// A stack slot, counted from the base on entry; may be negative.
    Slot,
    /// A [`MemType`](super::MemType).
    Mem,
    /// A [`Field`](super::Field).
    Field,
    /// A [`Helper`](super::Helper).
    Helper,
    /// A C signature of the trace.
    Sig,
    /// The arguments of a call.
    List,
}

/// Where the type of a result comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// It is always this type.
    Is(Type),
    /// The type of the first value operand.
    Same,
    /// The instruction says.
    Any,
}

/// What an operation does besides giving a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing: two with the same operands are one.
    Pure,
    /// Reads memory of a class.
    Load(Class),
    /// Reads the field it names.
    LoadField,
    /// Writes memory of a class.
    Store(Class),
    /// Doing it again has no effect.
    Idempotent,
    /// Makes an object; without a use it need not.
    Alloc,
    /// What the helper's row says.
    Call,
    /// A C function: reads and writes what C can see.
    Native,
    /// Each one counts, and stays in its place.
    Once,
    /// It structures the trace.
    Marker,
}

macro_rules! guard_column {
    (Yes) => {
        true
    };
    (No) => {
        false
    };
}

macro_rules! define_ir_ops {
    ($($name:ident, [$($operand:ident),*], $shown:ident $(($ty:ident))?, $effect:ident $(($class:ident))?, $guard:ident, $doc:literal;)*) => {
        /// An IR operation. The documentation of each is its row in [`for_each_ir_op!`](crate::for_each_ir_op).
        #[allow(clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Op { $(#[doc = $doc] $name,)* }

        /// Every operation's row of the table, indexed by `Op as usize`.
        pub const OPS: &[OpInfo] = &[$(OpInfo {
            op: Op::$name,
            name: stringify!($name),
            operands: &[$(Operand::$operand),*],
            result: Shown::$shown $((Type::$ty))?,
            effect: Effect::$effect $((Class::$class))?,
            guard: guard_column!($guard),
            doc: $doc,
        }),*];
    };
}
for_each_ir_op!(define_ir_ops);

/// One row of the table of operations.
#[derive(Debug)]
pub struct OpInfo {
    /// The operation.
    pub op: Op,
    /// Its mnemonic.
    pub name: &'static str,
    /// Its operands.
    pub operands: &'static [Operand],
    /// The type of its result.
    pub result: Shown,
    /// What else it does.
    pub effect: Effect,
    /// Whether it can leave the trace.
    pub guard: bool,
    /// What it does, in the notation of this file's head.
    pub doc: &'static str,
}

/// The number of operations.
pub const OP_COUNT: usize = OPS.len();

impl Op {
    /// This operation's row of the table.
    pub const fn info(self) -> &'static OpInfo {
        &OPS[self as usize]
    }

    /// Its mnemonic.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// The operation with this mnemonic.
    pub fn from_name(name: &str) -> Option<Op> {
        OPS.iter().find(|row| row.name == name).map(|row| row.op)
    }

    /// The comparison that holds exactly when this one does not: `LT => NLT` of numbers, `GE` of integers.
    pub const fn negated(self, ty: Type) -> Option<Op> {
        let float = matches!(ty, Type::Num);
        Some(match self {
            Op::EQ => Op::NE,
            Op::NE => Op::EQ,
            Op::LT => {
                if float {
                    Op::NLT
                } else {
                    Op::GE
                }
            }
            Op::LE => {
                if float {
                    Op::NLE
                } else {
                    Op::GT
                }
            }
            Op::GT => {
                if float {
                    Op::NGT
                } else {
                    Op::LE
                }
            }
            Op::GE => {
                if float {
                    Op::NGE
                } else {
                    Op::LT
                }
            }
            Op::NLT => Op::LT,
            Op::NLE => Op::LE,
            Op::NGT => Op::GT,
            Op::NGE => Op::GE,
            Op::ULT => Op::UGE,
            Op::ULE => Op::UGT,
            Op::UGT => Op::ULE,
            Op::UGE => Op::ULT,
            _ => return None,
        })
    }

    /// The comparison that holds for (b, a) exactly when this one does for (a, b): `LT => GT`.
    pub const fn swapped(self) -> Option<Op> {
        Some(match self {
            Op::EQ => Op::EQ,
            Op::NE => Op::NE,
            Op::LT => Op::GT,
            Op::LE => Op::GE,
            Op::GT => Op::LT,
            Op::GE => Op::LE,
            Op::NLT => Op::NGT,
            Op::NLE => Op::NGE,
            Op::NGT => Op::NLT,
            Op::NGE => Op::NLE,
            Op::ULT => Op::UGT,
            Op::ULE => Op::UGE,
            Op::UGT => Op::ULT,
            Op::UGE => Op::ULE,
            _ => return None,
        })
    }

    /// Whether `a op b` is `b op a`.
    pub const fn commutes(self) -> bool {
        matches!(self, Op::ADD | Op::MUL | Op::ADDOV | Op::MULOV | Op::BAND | Op::BOR | Op::BXOR | Op::EQ | Op::NE)
    }

    /// Whether it writes memory through its operands.
    pub const fn is_store(self) -> bool {
        matches!(self.info().effect, Effect::Store(_))
    }

    /// Whether it makes an object.
    pub const fn is_allocation(self) -> bool {
        matches!(self.info().effect, Effect::Alloc)
    }
}

impl std::fmt::Display for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_indexed_by_its_operations() {
        for (code, row) in OPS.iter().enumerate() {
            assert_eq!(row.op as usize, code);
            assert_eq!(Op::from_name(row.name), Some(row.op));
        }
    }

    #[test]
    fn operands_fit_an_instruction() {
        for row in OPS {
            let refs = row.operands.iter().filter(|&&o| o == Operand::Ref).count();
            let lists = row.operands.iter().filter(|&&o| o == Operand::List).count();
            assert!(refs <= 3 && lists <= 1 && row.operands.len() - refs - lists <= 3, "{}", row.name);
        }
    }

    #[test]
    fn negating_and_swapping_twice_changes_nothing() {
        for row in OPS {
            for ty in [Type::Num, Type::Int] {
                let foreign = match ty {
                    Type::Num => row.name.starts_with('U'),
                    _ => row.name.starts_with('N') && row.op != Op::NE,
                };
                if let (false, Some(not)) = (foreign, row.op.negated(ty)) {
                    assert_eq!(not.negated(ty), Some(row.op));
                }
            }
            if let Some(other) = row.op.swapped() {
                assert_eq!(other.swapped(), Some(row.op));
            }
        }
    }

    #[test]
    fn a_guard_has_no_other_effect() {
        for row in OPS.iter().filter(|row| row.guard) {
            assert!(matches!(row.effect, Effect::Pure | Effect::Load(_) | Effect::Once), "{}", row.name);
        }
    }
}
