//! Declarators: from a base type to the type of what is declared (C17 6.7.6).
//!
//! A declarator's parts are listed from the name outwards, so the type is built from the list's end: in `int *(*f)(void)`
//! first the pointer to `int`, then the function that returns it, then the pointer to that.

use super::{
    Declarer, INVALID_TYPE, NO_SIZE,
    spec::{Base, Decorations, convention},
};
use crate::{
    c::{
        ast::{ArraySize, Attr, Declarator, Params, Part, Spec},
        error::{Result, fault},
        source::Loc,
    },
    ctype::{CTypeId, Function, Kind, Length, Qualifiers},
};

/// How many parts a declarator may have.
const MAX_PARTS: usize = 200;

impl Declarer<'_> {
    /// The type that a declarator makes of a base type. `attrs` are the ones behind it.
    pub(super) fn derived(&mut self, base: &Base, declarator: &Declarator, attrs: &[Attr]) -> Result<CTypeId> {
        self.derive(base, declarator, attrs, 0)
    }

    /// The same without the first parts, those next to the name.
    fn derive(&mut self, base: &Base, declarator: &Declarator, attrs: &[Attr], skip: usize) -> Result<CTypeId> {
        if declarator.parts.len() > MAX_PARTS {
            return fault(declarator.loc, "declaration has too many syntax levels");
        }
        let mut decorations = self.decorations(attrs)?.over(base.decorations);
        for part in &declarator.parts {
            if let Part::Attrs(attrs) = part {
                decorations = self.decorations(attrs)?.over(decorations);
            }
        }
        let mut ctype = self.with_mode(base.ctype, &decorations)?;
        for part in declarator.parts[skip..].iter().rev() {
            ctype = match part {
                Part::Attrs(_) => ctype,
                Part::Pointer(specs) => self.pointer(ctype, specs, declarator.loc)?,
                Part::Reference => match self.types.kind(ctype) {
                    Kind::Void => return fault(declarator.loc, INVALID_TYPE),
                    _ => self.types.reference_to(ctype),
                },
                Part::Array(size, loc) => self.array(ctype, *size, *loc)?,
                Part::Function(params, loc) => self.function(ctype, params, *loc, &decorations)?,
            };
        }
        Ok(ctype)
    }

    fn pointer(&mut self, to: CTypeId, specs: &[Spec], loc: Loc) -> Result<CTypeId> {
        if let Kind::Reference(_) = self.types.kind(to) {
            return fault(loc, INVALID_TYPE);
        }
        let pointer = self.types.pointer_to(to);
        let qualifiers = specs.iter().fold(Qualifiers::NONE, |all, spec| match spec {
            Spec::Qualifiers(more) => all.union(*more),
            _ => all,
        });
        Ok(self.types.qualified(pointer, qualifiers))
    }

    fn array(&mut self, of: CTypeId, size: ArraySize, loc: Loc) -> Result<CTypeId> {
        if let Kind::Reference(_) = self.types.kind(of) {
            return fault(loc, INVALID_TYPE);
        }
        let length = match size {
            ArraySize::Unknown => Length::Unknown,
            ArraySize::Variable => Length::Variable,
            ArraySize::Known(expr) => match u64::try_from(self.count(expr)?) {
                Ok(length) => Length::Known(length),
                Err(_) => return fault(self.ast.loc(expr), NO_SIZE),
            },
        };
        match self.types.array_of(of, length) {
            Some(array) if !self.types.is_variable(of) => Ok(array),
            _ => fault(loc, NO_SIZE),
        }
    }

    fn function(&mut self, result: CTypeId, params: &Params, loc: Loc, decorations: &Decorations) -> Result<CTypeId> {
        if let Kind::Function(_) | Kind::Array { .. } = self.types.kind(result) {
            return fault(loc, INVALID_TYPE);
        }
        let mut list = Vec::with_capacity(params.list.len());
        let mut names = Vec::new();
        for param in &params.list {
            let base = self.base(&param.specs)?;
            let mut ctype = match param.declarator.parts.first() {
                // The length means nothing, and may well be no constant: `int a[n]` is `int *a`.
                Some(Part::Array(..)) => {
                    let element = self.derive(&base, &param.declarator, &[], 1)?;
                    self.types.pointer_to(element)
                }
                _ => self.derived(&base, &param.declarator, &[])?,
            };
            match self.types.kind(ctype) {
                Kind::Void if params.list.len() == 1 && param.declarator.name.is_none() && !params.variadic => break,
                Kind::Void => return fault(param.declarator.loc, INVALID_TYPE),
                Kind::Array { of, .. } => ctype = self.types.pointer_to(of),
                Kind::Function(_) => ctype = self.types.pointer_to(ctype),
                _ => {}
            }
            list.push(self.types.unqualified(ctype));
            names.push(param.declarator.name);
        }
        let convention = convention(decorations);
        let function = Function { result, params: list.into(), variadic: params.variadic, convention };
        let id = self.types.function_type(function);
        if names.iter().any(Option::is_some) {
            self.types.name_parameters(id, names.into());
        }
        Ok(id)
    }
}
