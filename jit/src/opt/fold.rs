//! Folding: algebra on one instruction at a time, as it is emitted.
//!
//! A rule is one function that looks at an instruction and its operands and either has nothing to say or gives a [`Fold`]; its first
//! doc line states it, and is what dumps show. Rules live by theme in [`super::rules`]; those of an operation are tried in the order
//! of their tables. A rewritten instruction starts over, so each rule may make things only simpler: fewer or cheaper
//! operations, constants further to the right.
//!
//! Doubles are not real numbers: `x + 0 => x` is wrong for -0, `x * 0 => 0` for NaN. Each rule about them says why it is exact.

use super::emit::Emitter;
use crate::ir::ops::OP_COUNT;
use crate::ir::{Ins, IrRef, Op};
use std::sync::LazyLock;

/// What a rule made of an instruction.
#[derive(Clone, Copy, Debug)]
pub enum Fold {
    /// This value stands for it.
    Value(IrRef),
    /// This instruction takes its place, and is folded in turn.
    Again(Ins),
    /// It is a guard that always holds.
    Gone,
    /// It is a guard that never holds.
    Never,
}

impl Fold {
    /// What becomes of a guard whose outcome is known.
    pub fn guard(holds: bool) -> Fold {
        if holds { Fold::Gone } else { Fold::Never }
    }
}

/// A rule. Declared by [`rules!`].
pub struct Rule {
    /// The name of its function.
    pub name: &'static str,
    /// What it says: the first line of its documentation.
    pub text: &'static str,
    /// The operations that it looks at.
    pub ops: &'static [Op],
    /// The rule itself.
    pub apply: fn(&mut Emitter, &Ins) -> Option<Fold>,
}

/// Declares rules and the table `RULES` of them. Each reads as a function with the operations that it looks at in front:
///
/// ```text
/// rules! {
///     /// `x - 0 => x`
///     [SUB] fn sub_zero(e, ins) { … }
/// }
/// ```
macro_rules! rules {
    ($(#[doc = $text:literal] $(#[doc = $more:literal])* [$($op:ident),+] fn $name:ident($e:ident, $ins:ident) $body:block)*) => {
        $(#[doc = $text] $(#[doc = $more])*
        fn $name($e: &mut crate::opt::Emitter, $ins: &crate::ir::Ins) -> Option<crate::opt::fold::Fold> $body)*

        /// The rules of this file.
        pub const RULES: &[crate::opt::fold::Rule] = &[$(crate::opt::fold::Rule {
            name: stringify!($name),
            text: $text,
            ops: &[$(crate::ir::Op::$op),+],
            apply: $name,
        }),*];
    };
}
pub(super) use rules;

/// For each operation the rules that look at it.
static BY_OP: LazyLock<Vec<Vec<&'static Rule>>> = LazyLock::new(|| {
    let mut table = vec![Vec::new(); OP_COUNT];
    for rule in super::rules::ALL.iter().copied().flatten() {
        for &op in rule.ops {
            table[op as usize].push(rule);
        }
    }
    table
});

/// Applies the first rule that has something to say.
pub fn apply(e: &mut Emitter, ins: &Ins) -> Option<(&'static str, Fold)> {
    BY_OP[ins.op as usize].iter().find_map(|rule| (rule.apply)(e, ins).map(|fold| (rule.text, fold)))
}
