//! Structs, unions and enumerations (C17 6.7.2.1 to 6.7.2.3).
//!
//! A tag may be used before its members are known, so a record exists from its first mention and is completed once.

use super::{Declarer, INVALID_TYPE, INVALID_VALUE, NO_SIZE, spec::Base};
use crate::{
    c::{
        ast::{Attr, Body, EnumSpec, MemberDecl, MemberDeclarator, RecordSpec, Spec, Specs},
        error::{Result, fault},
        name::Name,
        scope::{Entity, Tag},
        source::Loc,
    },
    ctype::{CTypeId, Constant, EnumId, Kind, RecordId, Value},
    layout::{self, Field, LayoutError},
};

/// The members of a record as they come in.
#[derive(Default)]
struct Gathered {
    fields: Vec<Field>,
    /// Where each of them stands.
    locs: Vec<Loc>,
    constants: Vec<(Name, Constant)>,
}

impl Declarer<'_> {
    /// The type of a `struct` or `union` specifier. `trailing` are the attributes right behind its body.
    pub(super) fn record_spec(&mut self, spec: &RecordSpec, trailing: &[Attr]) -> Result<CTypeId> {
        let id = self.record_of_tag(spec)?;
        if let Some(body) = &spec.body {
            self.check_incomplete(spec, id)?;
            let decorations = self.decorations(trailing)?.over(self.decorations(&spec.attrs)?);
            let gathered = self.members(body)?;
            self.check_incomplete(spec, id)?; // its own body may have defined it too
            let attributes = layout::Attributes {
                is_union: spec.is_union,
                packed: decorations.is_packed,
                align: decorations.align,
                pack: body.pack,
            };
            let mut placed = match layout::place(self.types, &gathered.fields, attributes) {
                Ok(placed) => placed,
                Err((field, LayoutError::Size)) => return fault(gathered.locs[field], NO_SIZE),
                Err((field, LayoutError::BitField)) => return fault(gathered.locs[field], INVALID_VALUE),
            };
            placed.constants = gathered.constants;
            placed.is_transparent = decorations.is_transparent;
            placed.index(self.types);
            self.types.complete_record(id, placed);
        }
        Ok(self.types.of_kind(Kind::Record(id)))
    }

    fn record_of_tag(&mut self, spec: &RecordSpec) -> Result<RecordId> {
        let Some(tag) = spec.tag else { return Ok(self.types.new_record(spec.is_union, None)) };
        match self.scope.tag(tag) {
            Some(Tag::Record(id)) if self.types.record(id).is_union == spec.is_union => Ok(id),
            Some(_) => self.redefined(tag, spec.loc),
            None if !self.implicit_tags => self.unknown_tag(tag, spec.loc),
            None => {
                let id = self.types.new_record(spec.is_union, Some(tag));
                self.scope.declare_tag(tag, Tag::Record(id));
                Ok(id)
            }
        }
    }

    fn check_incomplete(&self, spec: &RecordSpec, id: RecordId) -> Result<()> {
        match (spec.tag, &self.types.record(id).body) {
            (Some(tag), Some(_)) => self.redefined(tag, spec.loc),
            _ => Ok(()),
        }
    }

    fn redefined<T>(&self, name: Name, loc: Loc) -> Result<T> {
        fault(loc, format!("attempt to redefine '{}'", self.names.text(name)))
    }

    fn unknown_tag<T>(&self, tag: Name, loc: Loc) -> Result<T> {
        fault(loc, format!("undeclared or implicit tag '{}'", self.names.text(tag)))
    }

    fn members(&mut self, body: &Body) -> Result<Gathered> {
        let mut gathered = Gathered::default();
        for member in &body.members {
            match member {
                MemberDecl::Empty => {}
                MemberDecl::Assert(assertion) => self.assert(assertion)?,
                MemberDecl::Members(specs, declarators) => {
                    let base = self.base(specs)?;
                    self.gather_enumerators(specs, &base, &mut gathered);
                    if declarators.is_empty() {
                        self.anonymous_member(&base, &mut gathered)?;
                    }
                    for declarator in declarators {
                        self.member(&base, declarator, &mut gathered)?;
                    }
                }
            }
        }
        Ok(gathered)
    }

    /// A declaration without a declarator: an anonymous record is a member, anything else only declares its tag.
    fn anonymous_member(&mut self, base: &Base, gathered: &mut Gathered) -> Result<()> {
        if base.is_untagged_record {
            let (ctype, align) = (base.ctype, base.alignment);
            gathered.fields.push(Field { name: None, ctype, width: None, align, packed: base.decorations.is_packed });
            gathered.locs.push(base.loc);
            return Ok(());
        }
        if base.has_tag { Ok(()) } else { fault(base.loc, "'<identifier>' expected near ';'") }
    }

    fn member(&mut self, base: &Base, member: &MemberDeclarator, gathered: &mut Gathered) -> Result<()> {
        let declared = &member.declared;
        let decorations = self.decorations(&declared.attrs)?.over(base.decorations);
        let ctype = self.derived(base, &declared.declarator, &declared.attrs)?;
        let loc = declared.declarator.loc;
        if base.is_static {
            let (Some(value), Some(name)) = (member.value, declared.declarator.name) else {
                return fault(loc, INVALID_TYPE);
            };
            let value = self.constant(value)?;
            gathered.constants.push((name, self.converted(value, ctype, loc)?));
            return Ok(());
        }
        if let Some((storage, loc)) = base.storage {
            return fault(loc, format!("bad storage class near '{}'", super::spec::storage_name(storage)));
        }
        if let Some(value) = member.value {
            return fault(self.ast.loc(value), "a member takes no value");
        }
        let width = match member.width {
            None => None,
            Some(width) => match u32::try_from(self.count(width)?) {
                Ok(count) => Some(count),
                Err(_) => return fault(self.ast.loc(width), INVALID_VALUE),
            },
        };
        gathered.fields.push(Field {
            name: declared.declarator.name,
            ctype,
            width,
            align: base.alignment.max(decorations.align),
            packed: decorations.is_packed,
        });
        gathered.locs.push(loc);
        Ok(())
    }

    /// Enumerators that are declared inside a record are constants of it as well, as in LuaJIT.
    fn gather_enumerators(&self, specs: &Specs, base: &Base, gathered: &mut Gathered) {
        let has_enumerators = |spec: &Spec| matches!(spec, Spec::Enum(spec) if spec.body.is_some());
        if let Kind::Enum(id) = self.types.kind(base.ctype)
            && specs.list.iter().any(has_enumerators)
        {
            for &(name, _) in &self.types.enumeration(id).constants {
                if let Some(Entity::Constant(constant)) = self.scope.get(name) {
                    gathered.constants.push((name, constant));
                }
            }
        }
    }

    // ----------------------------------------------------------------------------------------- enumerations

    /// The type of an `enum` specifier.
    pub(super) fn enum_spec(&mut self, spec: &EnumSpec, trailing: &[Attr]) -> Result<CTypeId> {
        let id = self.enumeration_of_tag(spec)?;
        let underlying = match &spec.underlying {
            None => None,
            Some(specs) => {
                let ctype = self.specs_type(specs)?;
                Some(self.types.bare(ctype))
            }
        };
        if let Some(enumerators) = &spec.body {
            if let (Some(tag), true) = (spec.tag, self.types.enumeration(id).is_complete) {
                return self.redefined(tag, spec.loc);
            }
            let mut values: Vec<(Name, i128)> = Vec::with_capacity(enumerators.len());
            for enumerator in enumerators {
                if self.scope.is_declared(enumerator.name) {
                    return self.redefined(enumerator.name, enumerator.loc);
                }
                let value = match enumerator.value {
                    Some(expr) => self.count(expr)?,
                    None => values.last().map_or(0, |(_, last)| last + 1),
                };
                if value > u64::MAX.into() {
                    return fault(enumerator.loc, INVALID_VALUE);
                }
                values.push((enumerator.name, value));
                let constant = Constant { ctype: enumerator_type(value), value: Value::Int(value as u64) };
                self.scope.declare(enumerator.name, Entity::Constant(constant));
            }
            let decorations = self.decorations(trailing)?.over(self.decorations(&spec.attrs)?);
            let own = underlying.unwrap_or_else(|| underlying_type(&values, decorations.is_packed));
            let own = self.with_mode(own, &decorations)?;
            let constants = values.into_iter().map(|(name, value)| (name, value as u64)).collect();
            self.types.complete_enumeration(id, own, constants);
        }
        Ok(self.types.of_kind(Kind::Enum(id)))
    }

    fn enumeration_of_tag(&mut self, spec: &EnumSpec) -> Result<EnumId> {
        let Some(tag) = spec.tag else { return Ok(self.types.new_enumeration(None)) };
        match self.scope.tag(tag) {
            Some(Tag::Enum(id)) => Ok(id),
            Some(_) => self.redefined(tag, spec.loc),
            None if !self.implicit_tags => self.unknown_tag(tag, spec.loc),
            None => {
                let id = self.types.new_enumeration(Some(tag));
                self.scope.declare_tag(tag, Tag::Enum(id));
                Ok(id)
            }
        }
    }
}

/// The type of an enumerator as a constant: `int` if it fits, as in C.
fn enumerator_type(value: i128) -> CTypeId {
    match value {
        _ if i32::try_from(value).is_ok() => CTypeId::INT32,
        _ if u32::try_from(value).is_ok() => CTypeId::UINT32,
        _ if i64::try_from(value).is_ok() => CTypeId::INT64,
        _ => CTypeId::UINT64,
    }
}

/// GCC's choice for an enumeration: the first of `unsigned int`, `int`, `unsigned long`, `long` that holds all values;
/// `packed` begins with the smaller ones.
fn underlying_type(values: &[(Name, i128)], packed: bool) -> CTypeId {
    let lowest = values.iter().map(|&(_, value)| value).min().unwrap_or(0).min(0);
    let highest = values.iter().map(|&(_, value)| value).max().unwrap_or(0);
    let smallest = if packed { 8 } else { 32 };
    for (bits, signed, unsigned) in [
        (8, CTypeId::INT8, CTypeId::UINT8),
        (16, CTypeId::INT16, CTypeId::UINT16),
        (32, CTypeId::INT32, CTypeId::UINT32),
    ] {
        if bits < smallest {
            continue;
        }
        if lowest >= 0 && highest < 1 << bits {
            return unsigned;
        }
        if lowest >= -(1 << (bits - 1)) && highest < 1 << (bits - 1) {
            return signed;
        }
    }
    if lowest >= 0 { CTypeId::UINT64 } else { CTypeId::INT64 }
}
