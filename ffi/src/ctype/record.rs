//! Structs, unions and enumerations, and the search for a member by its name.
//!
//! The members of an anonymous struct or union inside a record are found as if they were the record's own (C11 6.7.2.1p13).
//! They are gathered once, when the record is complete, so that a search is one binary search however deep they lie.

use super::{CTypeId, CTypes, Constant, Kind, Qualifiers};
use crate::c::name::Name;

/// A struct or union.
#[derive(Clone, Debug)]
pub struct Record {
    /// Whether its members lie upon each other.
    pub is_union: bool,
    /// Its tag.
    pub tag: Option<Name>,
    /// The typedef that names it, if it has no tag.
    pub alias: Option<Name>,
    /// Its members, once it is complete.
    pub body: Option<RecordBody>,
}

/// The members of a record, laid out.
#[derive(Clone, Debug, Default)]
pub struct RecordBody {
    /// In the order of declaration, those without a name too.
    pub members: Vec<Member>,
    /// Constants that were declared among the members.
    pub constants: Vec<(Name, Constant)>,
    /// The size in bytes.
    pub size: u64,
    /// The alignment in bytes.
    pub align: u64,
    /// It ends in an array `[?]`.
    pub is_variable: bool,
    /// It ends in an array `[]`.
    pub is_flexible: bool,
    /// Some member, however deep it lies, is constant: the record can be initialised but not assigned to (C11 6.3.2.1p1).
    pub has_constant_member: bool,
    /// `transparent_union`
    pub is_transparent: bool,
    /// See [`CTypes::depth`].
    pub(crate) depth: u32,
    /// Every member that can be named, by name.
    found: Vec<(Name, FoundMember)>,
}

/// A member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its name, unless it is anonymous or mere padding.
    pub name: Option<Name>,
    /// Its type.
    pub ctype: CTypeId,
    /// Its distance in bytes from the record's begin; for a bit-field that of the byte in which it begins.
    pub offset: u64,
    /// Which bits it is, if it is a bit-field.
    pub bits: Option<BitField>,
}

/// The place of a bit-field inside the bytes that begin at its member's offset, counted from the lowest bit. It may
/// reach over several bytes, in a packed record over nine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BitField {
    /// Its lowest bit, 0 to 7.
    pub start: u8,
    /// How many bits it has, 0 to 64.
    pub width: u8,
}

impl BitField {
    /// How many bytes have bits of it.
    pub fn bytes(self) -> u8 {
        (self.start + self.width).div_ceil(8)
    }

    /// Its place in bytes and bits, counted in units of its type as the compiler sees it, unless it lies across two. `offset` is its member's.
    pub fn in_units(self, offset: u64, unit: u64) -> (u64, u64) {
        let first_bit = offset * 8 + u64::from(self.start);
        let in_unit = first_bit % (8 * unit);
        if in_unit + u64::from(self.width) <= 8 * unit {
            (first_bit / (8 * unit) * unit, in_unit)
        } else {
            (offset, self.start.into())
        }
    }

    /// Whether it is as wide as its type and at the begin of a byte: a member like others.
    pub fn is_whole(self, unit: u64) -> bool {
        self.start == 0 && u64::from(self.width) == 8 * unit
    }
}

/// A member as seen from the outermost record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FoundMember {
    /// Its type, with the qualifiers of the anonymous records around it.
    pub ctype: CTypeId,
    /// Its distance in bytes from the outermost record's begin.
    pub offset: u64,
    /// Which bits it is, if it is a bit-field.
    pub bits: Option<BitField>,
}

impl RecordBody {
    /// A body without members, of at least the given alignment.
    pub fn aligned(align: u64) -> RecordBody {
        RecordBody { align, depth: 1, ..RecordBody::default() }
    }

    /// Finds a member, its own or one of an anonymous record inside; of several with one name the first.
    pub fn member(&self, name: Name) -> Option<FoundMember> {
        let at = self.found.partition_point(|(other, _)| *other < name);
        self.found.get(at).filter(|(other, _)| *other == name).map(|&(_, member)| member)
    }

    /// Finds a constant among the members.
    pub fn constant(&self, name: Name) -> Option<Constant> {
        self.constants.iter().find(|(other, _)| *other == name).map(|&(_, constant)| constant)
    }

    /// Gathers the members that can be named. To be called once, when the members have their places.
    pub fn index(&mut self, types: &mut CTypes) {
        let mut found = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let own = FoundMember { ctype: member.ctype, offset: member.offset, bits: member.bits };
            match (member.name, types.kind(member.ctype)) {
                (Some(name), _) => found.push((name, own)),
                (None, Kind::Record(_)) => {
                    let qualifiers = types.get(member.ctype).qualifiers;
                    let inner = types.record_body(member.ctype).map_or_else(Vec::new, |body| body.found.clone());
                    for (name, inner) in inner {
                        let ctype = match qualifiers {
                            Qualifiers::NONE => inner.ctype,
                            _ => types.qualified(inner.ctype, qualifiers),
                        };
                        found.push((name, FoundMember { ctype, offset: own.offset + inner.offset, ..inner }));
                    }
                }
                _ => {}
            }
        }
        found.sort_by_key(|(name, _)| *name);
        self.found = found;
        self.has_constant_member = self.members.iter().any(|member| types.is_read_only(member.ctype));
    }
}

/// An enumeration.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// Its tag.
    pub tag: Option<Name>,
    /// The typedef that names it, if it has no tag.
    pub alias: Option<Name>,
    /// The integer type that holds its values.
    pub underlying: CTypeId,
    /// Its enumerators, extended to 64 bits as the underlying type is.
    pub constants: Vec<(Name, u64)>,
    /// Whether its enumerators are known.
    pub is_complete: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_fields_are_counted_in_units_of_their_type() {
        let at = |bit: u64, width, unit| BitField { start: (bit % 8) as u8, width }.in_units(bit / 8, unit);
        assert_eq!((at(3, 5, 4), at(9, 20, 4), at(33, 4, 4)), ((0, 3), (0, 9), (4, 1)));
        assert_eq!(at(28, 8, 4), (3, 4), "across two units");
    }
}
