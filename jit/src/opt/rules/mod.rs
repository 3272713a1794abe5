//! The fold rules, by theme. See [`super::fold`] for what a rule is.
//!
//! Order matters only between tables: constants first, since the other rules may then assume that a constant operand stands alone and
//! to the right.

pub mod comparisons;
pub mod constants;
pub mod conversions;
pub mod integers;
pub mod memory;
pub mod numbers;
pub mod strength;

use super::fold::Rule;

/// All tables of rules, in the order in which they are tried.
pub const ALL: &[&[Rule]] = &[
    constants::RULES,
    comparisons::RULES,
    conversions::RULES,
    numbers::RULES,
    integers::RULES,
    strength::RULES,
    memory::RULES,
];
