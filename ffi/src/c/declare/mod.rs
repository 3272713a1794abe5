//! The semantic pass: from the syntax of a declaration to ctypes and names.
//!
//! Read `spec.rs` (specifiers and attributes make a base type), `declarator.rs` (a declarator derives a type from it),
//! `record.rs` (struct, union, enum); constants are computed in `constexpr.rs` and types of expressions in `typing.rs`.
//!
//! The bracket depth of the source is limited by the token source, so recursion into nested declarations needs no check;
//! expressions, which nest without brackets, have one.

mod constexpr;
mod declarator;
mod record;
mod spec;
mod typing;

use self::spec::Base;
use super::{
    ast::{Assertion, Ast, Declared, ExprId, External, Init, Specs, TypeName},
    error::{Result, fault},
    literal,
    name::{Name, Names},
    scope::{Entity, Scope},
    source::Loc,
    tokens::Param,
};
use crate::ctype::{CTypeId, CTypes, Constant, Kind, Length, Value};

/// What LuaJIT says when an object would have no size, or one beyond all bounds.
const NO_SIZE: &str = "size of C type is unknown or too large";
const INVALID_TYPE: &str = "invalid C type";
const INVALID_VALUE: &str = "invalid value";

/// The semantic pass over one declaration.
#[derive(Debug)]
pub struct Declarer<'a> {
    /// The spellings.
    pub names: &'a mut Names,
    /// The types.
    pub types: &'a mut CTypes,
    /// What names denote.
    pub scope: &'a mut Scope,
    /// The expressions of the declaration.
    pub ast: &'a Ast,
    /// What `$` stands for.
    pub params: &'a [Param],
    /// Whether a tag that is not known declares itself, as it does in C but not in the name of a type.
    pub implicit_tags: bool,
    /// How deep we are in an expression.
    pub depth: usize,
}

impl Declarer<'_> {
    /// Declares what an external declaration declares.
    pub fn external(&mut self, external: &External) -> Result<()> {
        match external {
            External::Empty => Ok(()),
            External::Assert(assertion) => self.assert(assertion),
            External::Function(specs, declared) => {
                let base = self.base(specs)?;
                self.declare(&base, declared, None)
            }
            External::Declaration(specs, declarators) => {
                let base = self.base(specs)?;
                if declarators.is_empty() && !base.has_tag {
                    return fault(base.loc, "'<identifier>' expected near ';'");
                }
                for (declared, init) in declarators {
                    self.declare(&base, declared, *init)?;
                }
                Ok(())
            }
        }
    }

    /// The type that a type's name names. Storage classes have no place in it.
    pub fn type_name(&mut self, name: &TypeName) -> Result<CTypeId> {
        let base = self.base(&name.specs)?;
        if let Some((storage, loc)) = base.storage {
            return fault(loc, format!("bad storage class near '{}'", spec::storage_name(storage)));
        }
        let ctype = self.derived(&base, &name.declarator, &[])?;
        self.with_alignment(ctype, base.alignment)
    }

    fn declare(&mut self, base: &Base, declared: &Declared, init: Option<Init>) -> Result<()> {
        let decorations = self.decorations(&declared.attrs)?.over(base.decorations);
        let ctype = self.derived(base, &declared.declarator, &declared.attrs)?;
        let loc = declared.declarator.loc;
        let Some(name) = declared.declarator.name else { return fault(loc, "'<identifier>' expected") };
        if base.is_typedef {
            let ctype = self.with_alignment(ctype, decorations.align.or(base.alignment))?;
            if decorations.is_transparent {
                self.types.set_transparent(ctype);
            }
            if declared.declarator.parts.is_empty() {
                self.types.set_alias(ctype, name);
            }
            self.scope.declare(name, Entity::Typedef(ctype));
            return Ok(());
        }
        let earlier = self.scope.get(name);
        let symbol = match (&declared.symbol, earlier) {
            (Some(pieces), _) => self.symbol(pieces, loc)?,
            (None, Some(Entity::Function { symbol, .. } | Entity::Variable { symbol, .. })) => symbol,
            (None, _) => name,
        };
        let entity = match self.types.kind(ctype) {
            Kind::Function(_) => Entity::Function { ctype, symbol, is_static: base.is_static },
            _ => match self.constant_of(base, ctype, init)? {
                Some(constant) => Entity::Constant(constant),
                None => Entity::Variable { ctype: self.with_known_length(ctype, earlier), symbol },
            },
        };
        self.scope.declare(name, entity);
        Ok(())
    }

    /// `static const int n = 3;` declares a constant. An initialiser that is none, of any other variable, is tolerated.
    fn constant_of(&mut self, base: &Base, ctype: CTypeId, init: Option<Init>) -> Result<Option<Constant>> {
        let Some(Init::Expr(expr)) = init else { return Ok(None) };
        let is_const = match self.types.kind(ctype) {
            Kind::Array { of, .. } => self.types.get(of).qualifiers.is_const(),
            _ => self.types.get(ctype).qualifiers.is_const(),
        };
        if !is_const {
            return Ok(None);
        }
        match self.constant(expr).and_then(|value| self.converted(value, ctype, self.ast.loc(expr))) {
            Ok(constant) => Ok(Some(constant)),
            Err(error) if base.is_static && self.types.is_arithmetic(ctype) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// `extern int a[3]; extern int a[];` leaves the length known.
    fn with_known_length(&self, ctype: CTypeId, earlier: Option<Entity>) -> CTypeId {
        if let Some(Entity::Variable { ctype: known, .. }) = earlier
            && let Kind::Array { of, length: Length::Unknown } = self.types.kind(ctype)
            && self.types.target(known) == Some(of)
        {
            return known;
        }
        ctype
    }

    /// The symbol that `__asm__("a" "b")` names.
    fn symbol(&mut self, pieces: &[Name], loc: Loc) -> Result<Name> {
        let bytes = self.string(pieces, loc)?;
        Ok(self.names.intern(bytes))
    }

    /// String literals side by side, as one.
    fn string(&self, pieces: &[Name], loc: Loc) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for &piece in pieces {
            match literal::string(self.names.spelling(piece)) {
                Some(more) => bytes.extend(more),
                None => return fault(loc, format!("malformed string near '{}'", self.names.text(piece))),
            }
        }
        Ok(bytes)
    }

    /// Obeys `_Static_assert`. A condition that is beyond us is taken to be true: the header compiles elsewhere.
    fn assert(&mut self, assertion: &Assertion) -> Result<()> {
        match self.constant(assertion.condition) {
            Ok(Constant { value: Value::Int(0), .. }) => {
                let message = String::from_utf8_lossy(&self.string(&assertion.message, assertion.loc)?).into_owned();
                fault(assertion.loc, format!("static assertion failed: {message}"))
            }
            _ => Ok(()),
        }
    }

    /// An integer constant that says how many or how large.
    fn count(&mut self, expr: ExprId) -> Result<i128> {
        let constant = self.constant(expr)?;
        match self.as_int(constant) {
            Some(int) => Ok(int.value()),
            None => fault(self.ast.loc(expr), INVALID_VALUE),
        }
    }

    fn specs_type(&mut self, specs: &Specs) -> Result<CTypeId> {
        Ok(self.base(specs)?.ctype)
    }
}
