//! The one table of bytecode operations.
//!
//! Everything that must know every operation is generated from [`for_each_op!`]: the enum [`Op`], the operand modes that
//! the disassembler prints by, the interpreter's handlers and the recorder's dispatch. A new operation therefore does not
//! compile until all of them know it.
//!
//! An instruction is one 32-bit word, sometimes followed by data words (see [`Word`]):
//!
//! ```text
//!   31      24 23      16 15       8 7        0
//!  +----------+----------+----------+----------+
//!  |    b     |    c     |    a     |    op    |     format abc
//!  +----------+----------+----------+----------+
//!  |          d          |    a     |    op    |     format ad   (d is 16 bits)
//!  +---------------------+----------+----------+
//! ```
//!
//! In the descriptions below `R[x]` is register `x` of the frame, `K[x]` a constant of the function, `U[x]` an upvalue,
//! and a *jump* is the data word that holds a signed offset, counted in words from the instruction that follows.
//!
//! **Invariant:** an operation that can run a metamethod writes its result into `R[a]`, or is one of the comparisons,
//! stores or calls; so the frame that a metamethod returns to can be completed by looking at the instruction alone.

/// What an operand field means; the disassembler and the verifier read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The field is not used and is zero.
    None,
    /// A register that is written.
    Dst,
    /// A register that is read.
    Reg,
    /// The first of a run of registers.
    Base,
    /// An index into the constants.
    Const,
    /// An index into the child prototypes.
    Proto,
    /// An index into the upvalues.
    Upval,
    /// An unsigned number: a count, a limit or a literal.
    Lit,
    /// A signed 16-bit number.
    Short,
    /// A primitive: 0 is nil, 1 false, 2 true.
    Pri,
    /// The number of a compiled trace.
    Trace,
}

/// What a data word behind an instruction holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// A signed jump offset in words from the next instruction.
    Jump,
    /// An inline cache's shape id; 0 while the cache is empty.
    Shape,
    /// `constant index << 16 | cached slot`.
    Key,
    /// An inline cache's second shape id: of the table after a store that adds the key.
    NewShape,
    /// An inline cache's epoch, for values found through `__index`.
    Epoch,
    /// One half of a pointer to the cached value.
    PtrLow,
    /// The other half.
    PtrHigh,
    /// A plain unsigned number.
    Num,
}

/// Calls `$m!` with the whole table. A row is
/// `NAME, a-mode, (b-mode, c-mode) | d-mode, [data words], "what it does";`.
#[macro_export]
macro_rules! for_each_op {
    ($m:ident) => {
        $m! {
            // Moves and constants.
            MOVE, Dst, d(Reg), [], "R[a] = R[d]";
            KPRI, Dst, d(Pri), [], "R[a] = nil, false or true";
            KNIL, Dst, d(Lit), [], "R[a] .. R[d] = nil, both ends included";
            KSHORT, Dst, d(Short), [], "R[a] = d as a number";
            KCONST, Dst, d(Const), [], "R[a] = K[d]";

            // Unary operators.
            NOT, Dst, d(Reg), [], "R[a] = not R[d]";
            NEG, Dst, d(Reg), [], "R[a] = -R[d]";
            LEN, Dst, d(Reg), [], "R[a] = #R[d]";
            BNOT, Dst, d(Reg), [], "R[a] = ~R[d]";

            // Arithmetic: two registers, or a constant number on one side.
            ADDRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] + R[c]";
            SUBRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] - R[c]";
            MULRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] * R[c]";
            DIVRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] / R[c]";
            MODRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] % R[c]";
            POWRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] ^ R[c]";
            ADDRK, Dst, bc(Reg, Const), [], "R[a] = R[b] + K[c]";
            SUBRK, Dst, bc(Reg, Const), [], "R[a] = R[b] - K[c]";
            MULRK, Dst, bc(Reg, Const), [], "R[a] = R[b] * K[c]";
            DIVRK, Dst, bc(Reg, Const), [], "R[a] = R[b] / K[c]";
            MODRK, Dst, bc(Reg, Const), [], "R[a] = R[b] % K[c]";
            ADDKR, Dst, bc(Const, Reg), [], "R[a] = K[b] + R[c]";
            SUBKR, Dst, bc(Const, Reg), [], "R[a] = K[b] - R[c]";
            MULKR, Dst, bc(Const, Reg), [], "R[a] = K[b] * R[c]";
            DIVKR, Dst, bc(Const, Reg), [], "R[a] = K[b] / R[c]";
            MODKR, Dst, bc(Const, Reg), [], "R[a] = K[b] % R[c]";
            // Bit operators, on numbers taken as 32-bit integers.
            BANDRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] & R[c]";
            BORRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] | R[c]";
            BXORRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] ~ R[c]";
            SHLRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] << R[c]";
            SHRRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] >> R[c], zeros shifted in";
            SARRR, Dst, bc(Reg, Reg), [], "R[a] = R[b] ~>> R[c], the sign shifted in";

            CONCAT, Dst, bc(Base, Reg), [], "R[a] = R[b] .. ... .. R[c]; may overwrite R[b] .. R[c]";

            // Comparisons that jump when they hold. The negated orders differ from the reversed ones on NaN.
            EQRR, Reg, d(Reg), [Jump], "if R[a] == R[d] then jump";
            NERR, Reg, d(Reg), [Jump], "if R[a] ~= R[d] then jump";
            EQRK, Reg, d(Const), [Jump], "if R[a] == K[d] then jump; K[d] is a number, a string or a 64-bit integer";
            NERK, Reg, d(Const), [Jump], "if R[a] ~= K[d] then jump; K[d] is a number, a string or a 64-bit integer";
            EQRP, Reg, d(Pri), [Jump], "if R[a] == primitive d then jump";
            NERP, Reg, d(Pri), [Jump], "if R[a] ~= primitive d then jump";
            LTRR, Reg, d(Reg), [Jump], "if R[a] < R[d] then jump";
            NLTRR, Reg, d(Reg), [Jump], "if not (R[a] < R[d]) then jump";
            LERR, Reg, d(Reg), [Jump], "if R[a] <= R[d] then jump";
            NLERR, Reg, d(Reg), [Jump], "if not (R[a] <= R[d]) then jump";
            LTRK, Reg, d(Const), [Jump], "if R[a] < K[d] then jump; K[d] is a number";
            NLTRK, Reg, d(Const), [Jump], "if not (R[a] < K[d]) then jump";
            LERK, Reg, d(Const), [Jump], "if R[a] <= K[d] then jump";
            NLERK, Reg, d(Const), [Jump], "if not (R[a] <= K[d]) then jump";
            LTKR, Reg, d(Const), [Jump], "if K[d] < R[a] then jump";
            NLTKR, Reg, d(Const), [Jump], "if not (K[d] < R[a]) then jump";
            LEKR, Reg, d(Const), [Jump], "if K[d] <= R[a] then jump";
            NLEKR, Reg, d(Const), [Jump], "if not (K[d] <= R[a]) then jump";

            // Truth tests.
            IST, Reg, d(None), [Jump], "if R[a] is truthy then jump";
            ISF, Reg, d(None), [Jump], "if R[a] is falsy then jump";
            ISTC, Dst, d(Reg), [Jump], "if R[d] is truthy then R[a] = R[d], jump";
            ISFC, Dst, d(Reg), [Jump], "if R[d] is falsy then R[a] = R[d], jump";

            // Upvalues and closures.
            GETUPVAL, Dst, d(Upval), [], "R[a] = U[d]";
            SETUPVAL, Upval, d(Reg), [], "U[a] = R[d]";
            SETUPVALK, Upval, d(Const), [], "U[a] = K[d]";
            SETUPVALP, Upval, d(Pri), [], "U[a] = primitive d";
            CLOSE, Base, d(None), [], "close every open upvalue of R[a] and above";
            CLOSURE, Dst, d(Proto), [], "R[a] = a closure of child prototype d";

            // Tables.
            NEWTABLE, Dst, d(Lit), [Num], "R[a] = {}, room for d array items and `word` keyed ones";
            DUPTABLE, Dst, d(Const), [], "R[a] = a copy of the template table K[d]";
            NEWOBJECT, Dst, d(Const), [], "R[a] = a table with the keys of template K[d] in their order, valued R[a+1], R[a+2], ...";
            SETLIST, Base, d(Lit), [Num], "R[a][word + i] = R[a+1+i] for i < d";
            SETLISTM, Base, d(Lit), [Num], "the same for the d values and the multiple results after them";
            GETGLOBAL, Dst, d(None), [Shape, Key], "R[a] = environment[K[key]]";
            SETGLOBAL, Reg, d(None), [Shape, Key, NewShape], "environment[K[key]] = R[a]";
            GETFIELD, Dst, bc(Reg, None), [Shape, Key], "R[a] = R[b][K[key]], a string key";
            SETFIELD, Reg, bc(Reg, None), [Shape, Key, NewShape], "R[b][K[key]] = R[a], a string key";
            GETMETHOD, Dst, bc(Reg, None), [Shape, Key, Epoch, PtrLow, PtrHigh], "R[a+2] = R[b]; R[a] = R[b][K[key]]";
            GETINDEX, Dst, bc(Reg, Reg), [], "R[a] = R[b][R[c]]";
            SETINDEX, Reg, bc(Reg, Reg), [], "R[b][R[c]] = R[a]";
            GETINDEXI, Dst, bc(Reg, Lit), [], "R[a] = R[b][c], c a small whole number";
            SETINDEXI, Reg, bc(Reg, Lit), [], "R[b][c] = R[a], c a small whole number";

            // Calls. The callee is R[a], R[a+1] is for the frame link, and arguments start at R[a+2].
            CALL, Base, bc(Lit, Lit), [], "R[a], ... = R[a](c-1 arguments); b-1 results, b = 0: all of them, as multiple results";
            CALLM, Base, bc(Lit, Lit), [], "the same with c arguments and the multiple results after them";
            TAILCALL, Base, d(Lit), [], "return R[a](d-1 arguments)";
            TAILCALLM, Base, d(Lit), [], "return R[a](d arguments and the multiple results after them)";
            RETURN, Base, d(Lit), [], "return R[a] .. R[a+d-2]";
            RETURNM, Base, d(Lit), [], "return R[a] .. R[a+d-1] and the multiple results after them";
            RETURN0, None, d(None), [], "return";
            RETURN1, Reg, d(None), [], "return R[a]";
            VARARG, Base, bc(Lit, Lit), [], "R[a], ... = varargs; b-1 of them, b = 0: all, as multiple results; c parameters are named";

            // Jumps and loops. A loop operation counts down its hot count.
            JUMP, None, d(None), [Jump], "jump";
            FORPREP, Base, d(None), [Jump], "R[a] .. R[a+2] = start, limit, step as numbers; R[a+3] = start, or jump when the loop does not run";
            FORLOOP, Base, d(None), [Jump], "R[a] += R[a+2]; if still within the limit then R[a+3] = R[a], jump";
            FORLOOPI, Base, d(None), [Jump], "FORLOOP that is not compiled";
            FORLOOPJ, Base, d(Trace), [Jump], "FORLOOP that runs trace d";
            ITERPREP, Base, d(None), [Jump], "start of a generic loop whose variables start at R[a]: R[a-1] is the hidden position, 0 or, when R[a-2] is not nil, BY_KEY; jump to its ITERCALL";
            ITERCALL, Base, bc(Lit, None), [], "R[a], ... = R[a-4](R[a-3], R[a-2]), b-1 results; R[a-1] is the position when R[a-4] is `next`";
            ITERLOOP, Base, d(None), [Jump], "if R[a] ~= nil then R[a-2] = R[a], jump";
            ITERLOOPI, Base, d(None), [Jump], "ITERLOOP that is not compiled";
            ITERLOOPJ, Base, d(Trace), [Jump], "ITERLOOP that runs trace d";
            LOOP, Base, d(None), [], "head of any other loop; registers from R[a] on are free here";
            LOOPI, Base, d(None), [], "LOOP that is not compiled";
            LOOPJ, Base, d(Trace), [], "LOOP that runs trace d";

            // Function entries: the first instruction of every function.
            FUNC, Lit, d(Lit), [], "entry of a Lua function: a registers in all, d parameters";
            FUNCI, Lit, d(Lit), [], "FUNC that is not compiled";
            FUNCJ, Lit, d(Trace), [], "FUNC that runs trace d";
            FUNCV, Lit, d(Lit), [], "entry of a vararg function: a registers in all, d named parameters";
            NATIVE, None, d(None), [], "entry of a function written in Rust";

            // Never compiled from source.
            HALT, None, d(None), [], "leave the interpreter: what a frame that Rust entered returns to";
        }
    };
}

macro_rules! second_mode {
    ($b_or_d:ident) => {
        None
    };
    ($b:ident, $c:ident) => {
        Some(Mode::$c)
    };
}
macro_rules! first_mode {
    ($first:ident $(, $c:ident)?) => {
        Mode::$first
    };
}

macro_rules! define_ops {
    ($($name:ident, $a:ident, $fmt:ident($($m:ident),+), [$($w:ident),*], $doc:literal;)*) => {
        /// A bytecode operation. The documentation of each is its row in [`for_each_op!`].
        #[allow(clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Op { $(#[doc = $doc] $name,)* }

        /// Every operation's row of the table, indexed by `Op as usize`.
        pub const OPS: &[OpInfo] = &[$(OpInfo {
            op: Op::$name,
            name: stringify!($name),
            a: Mode::$a,
            b_or_d: first_mode!($($m),+),
            c: second_mode!($($m),+),
            words: &[$(Word::$w),*],
            doc: $doc,
        }),*];
    };
}
for_each_op!(define_ops);

/// One row of the table of operations.
#[derive(Debug)]
pub struct OpInfo {
    /// The operation.
    pub op: Op,
    /// Its mnemonic.
    pub name: &'static str,
    /// Meaning of the field `a`.
    pub a: Mode,
    /// Meaning of the field `d`, or of `b` when `c` is `Some`.
    pub b_or_d: Mode,
    /// Meaning of the field `c`; `None` in format ad.
    pub c: Option<Mode>,
    /// The data words behind the instruction.
    pub words: &'static [Word],
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

    /// Words that an instruction of this operation takes, its data words included.
    pub const fn words(self) -> usize {
        1 + self.info().words.len()
    }

    /// The operation with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Op> {
        OPS.get(code as usize).map(|row| row.op)
    }

    /// Whether it is a bit operator.
    pub const fn is_bitwise(self) -> bool {
        use Op::*;
        matches!(self, BNOT | BANDRR | BORRR | BXORRR | SHLRR | SHRRR | SARRR)
    }

    /// Whether a jump follows as a data word.
    pub const fn jumps(self) -> bool {
        matches!(self.info().words, [Word::Jump])
    }

    /// The operation that a loop or function entry had before it was compiled or blacklisted: `FORLOOPJ => FORLOOP`.
    pub const fn uncompiled(self) -> Op {
        match self {
            Op::FORLOOPI | Op::FORLOOPJ => Op::FORLOOP,
            Op::ITERLOOPI | Op::ITERLOOPJ => Op::ITERLOOP,
            Op::LOOPI | Op::LOOPJ => Op::LOOP,
            Op::FUNCI | Op::FUNCJ => Op::FUNC,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_indexed_by_its_operations() {
        for (code, row) in OPS.iter().enumerate() {
            assert_eq!(row.op as usize, code);
            assert_eq!(Op::from_code(code as u8), Some(row.op));
        }
        assert_eq!(Op::from_code(OP_COUNT as u8), None);
    }

    #[test]
    fn compiled_forms_take_as_many_words_as_the_plain_ones() {
        for row in OPS {
            assert_eq!(row.op.words(), row.op.uncompiled().words(), "{}", row.name);
        }
    }
}
