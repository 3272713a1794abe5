//! What names denote: C's name space of ordinary identifiers and that of tags.
//!
//! There is one scope, the global one. Tags and enumerators that are declared inside a struct or a parameter list belong to
//! it too, as in LuaJIT.

use super::{journal::NameMap, name::Name};
use crate::ctype::{CTypeId, Constant, EnumId, RecordId};

/// What an ordinary identifier denotes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Entity {
    /// A type.
    Typedef(CTypeId),
    /// A function of a library.
    Function {
        /// Its type.
        ctype: CTypeId,
        /// The name under which the library has it: another one if the declaration says `__asm__("…")`.
        symbol: Name,
        /// It is `static`, a function of the header itself, so no library has it.
        is_static: bool,
    },
    /// A variable of a library.
    Variable {
        /// Its type.
        ctype: CTypeId,
        /// The name under which the library has it.
        symbol: Name,
    },
    /// A constant.
    Constant(Constant),
}

/// What a tag denotes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// A struct or union.
    Record(RecordId),
    /// An enumeration.
    Enum(EnumId),
}

/// All that is declared.
#[derive(Debug, Default)]
pub struct Scope {
    ordinary: NameMap<Entity>,
    tags: NameMap<Tag>,
}

impl Scope {
    /// What an identifier denotes.
    pub fn get(&self, name: Name) -> Option<Entity> {
        self.ordinary.get(name)
    }

    /// Whether an identifier denotes a type.
    pub fn is_type(&self, name: Name) -> bool {
        matches!(self.ordinary.get(name), Some(Entity::Typedef(_)))
    }

    /// Whether an identifier denotes anything.
    pub fn is_declared(&self, name: Name) -> bool {
        self.ordinary.get(name).is_some()
    }

    /// Declares an identifier, or declares it anew: the last declaration counts.
    pub fn declare(&mut self, name: Name, entity: Entity) {
        self.ordinary.set(name, Some(entity));
    }

    /// What a tag denotes.
    pub fn tag(&self, name: Name) -> Option<Tag> {
        self.tags.get(name)
    }

    /// Declares a tag.
    pub fn declare_tag(&mut self, name: Name, tag: Tag) {
        self.tags.set(name, Some(tag));
    }

    /// Every identifier and what it denotes.
    pub fn iter(&self) -> impl Iterator<Item = (Name, Entity)> + '_ {
        self.ordinary.iter()
    }

    /// Every tag and what it denotes.
    pub fn tags(&self) -> impl Iterator<Item = (Name, Tag)> + '_ {
        self.tags.iter()
    }

    /// Makes all declarations permanent.
    pub fn commit(&mut self) {
        self.ordinary.commit();
        self.tags.commit();
    }

    /// Forgets those since the last commit.
    pub fn roll_back(&mut self) {
        self.ordinary.roll_back();
        self.tags.roll_back();
    }
}
