//! The syntax of one external declaration.
//!
//! It lives from the parser to the semantic pass, a few microseconds later, and is then thrown away.
//!
//! Two things are flat where a tree would be natural, so that no input, however deep, overflows the stack when the tree is
//! walked or dropped. Expressions are numbers ([`ExprId`]) in one list. A declarator is the list of its parts, in the
//! order from the name outwards, which is also the order in which C reads them aloud:
//!
//! ```text
//!     int *(*f)(void)     name f, parts: Pointer, Function(void), Pointer; "f is a pointer to a function that returns a
//!                         pointer to" int
//! ```

use super::{attribute::Attribute, int::BinaryOp, name::Name, source::Loc};
use crate::ctype::{CTypeId, Qualifiers};

/// The expressions of a declaration.
#[derive(Debug, Default)]
pub struct Ast {
    exprs: Vec<(Expr, Loc)>,
}

/// The number of an expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExprId(u32);

impl Ast {
    /// Adds an expression, which begins at a place.
    pub fn add(&mut self, loc: Loc, expr: Expr) -> ExprId {
        self.exprs.push((expr, loc));
        ExprId(self.exprs.len() as u32 - 1)
    }

    /// An expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize].0
    }

    /// Where it begins.
    pub fn loc(&self, id: ExprId) -> Loc {
        self.exprs[id.0 as usize].1
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.exprs.clear();
    }
}

/// A storage class, or a function specifier, which stands in the same places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Storage {
    Typedef,
    Extern,
    Static,
    Register,
    Auto,
    ThreadLocal,
    Inline,
    Noreturn,
}

/// A word of which basic types are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Basic {
    Void,
    Char,
    Short,
    Int,
    Long,
    Float,
    Double,
    Signed,
    Unsigned,
    Bool,
    Complex,
    Int128,
    /// An integer of so many bytes: `__int8` to `__int64`.
    Sized(u8),
    Float16,
    BFloat16,
    Float32,
    Float64,
    Float80,
    Float128,
}

/// What is said in an `__attribute__` that means something.
#[derive(Clone, Copy, Debug)]
pub struct Attr {
    /// Which one.
    pub attribute: Attribute,
    /// Its first operand.
    pub operand: Option<ExprId>,
    /// Where it stands.
    pub loc: Loc,
}

/// The specifiers that begin a declaration.
#[derive(Debug, Default)]
pub struct Specs {
    /// In the order of the source.
    pub list: Vec<Spec>,
    /// Where they begin.
    pub loc: Loc,
}

/// A specifier.
#[derive(Debug)]
pub enum Spec {
    /// `static`, `inline`, …
    Storage(Storage, Loc),
    /// `const`, `volatile`, or none for `restrict` and its like.
    Qualifiers(Qualifiers),
    /// `unsigned`, `int`, …
    Basic(Basic),
    /// A typedef's name.
    Name(Name),
    /// `$`, a type from the caller.
    Given(CTypeId),
    /// A struct or union.
    Record(RecordSpec),
    /// An enumeration.
    Enum(EnumSpec),
    /// `typeof(…)`
    Typeof(Box<TypeOrExpr>),
    /// `_Atomic(type)`
    Atomic(Box<TypeName>),
    /// `_Alignas(…)`
    Align(Box<TypeOrExpr>, Loc),
    /// `__attribute__((…))`
    Attrs(Vec<Attr>),
}

impl Spec {
    /// Adds attributes; those side by side are one list, so that all behind a body are found there.
    pub(super) fn push_attrs(list: &mut Vec<Spec>, attrs: Vec<Attr>) {
        match list.last_mut() {
            Some(Spec::Attrs(last)) => last.extend(attrs),
            _ => list.push(Spec::Attrs(attrs)),
        }
    }
}

/// `struct attributes tag { members }`
#[derive(Debug)]
pub struct RecordSpec {
    /// A union.
    pub is_union: bool,
    /// Between the keyword and the tag.
    pub attrs: Vec<Attr>,
    /// The tag.
    pub tag: Option<Name>,
    /// The members.
    pub body: Option<Body>,
    /// Where it stands.
    pub loc: Loc,
}

/// The members between braces.
#[derive(Debug)]
pub struct Body {
    /// In order.
    pub members: Vec<MemberDecl>,
    /// The limit of `#pragma pack` at the closing brace.
    pub pack: u8,
}

/// One declaration among members.
#[derive(Debug)]
pub enum MemberDecl {
    /// `int a, *b, c : 3;`
    Members(Specs, Vec<MemberDeclarator>),
    /// `_Static_assert`
    Assert(Assertion),
    /// A lone `;`.
    Empty,
}

/// `declarator : width = value`
#[derive(Debug)]
pub struct MemberDeclarator {
    /// The name and its type.
    pub declared: Declared,
    /// The width of a bit-field.
    pub width: Option<ExprId>,
    /// The value of a `static const`.
    pub value: Option<ExprId>,
}

/// `enum attributes tag : type { enumerators }`
#[derive(Debug)]
pub struct EnumSpec {
    /// Around the tag.
    pub attrs: Vec<Attr>,
    /// The tag.
    pub tag: Option<Name>,
    /// C23's underlying type.
    pub underlying: Option<Specs>,
    /// The enumerators.
    pub body: Option<Vec<Enumerator>>,
    /// Where it stands.
    pub loc: Loc,
}

/// `name = value`
#[derive(Debug)]
pub struct Enumerator {
    /// The name.
    pub name: Name,
    /// The value, if given.
    pub value: Option<ExprId>,
    /// Where it stands.
    pub loc: Loc,
}

/// What is derived from a base type, from the name outwards.
#[derive(Debug, Default)]
pub struct Declarator {
    /// The name, if any, and where it stands, or would.
    pub name: Option<Name>,
    /// Where the name, or the declarator, stands.
    pub loc: Loc,
    /// "is a pointer to", "is an array of", …
    pub parts: Vec<Part>,
}

impl Declarator {
    /// A declarator that is a name alone, or none.
    pub fn new(name: Option<Name>, loc: Loc) -> Declarator {
        Declarator { name, loc, parts: Vec::new() }
    }

    /// This one with one more part around it.
    pub fn with(mut self, part: Part) -> Declarator {
        self.parts.push(part);
        self
    }
}

/// A part of a declarator.
#[derive(Debug)]
pub enum Part {
    /// `*`
    Pointer(Vec<Spec>),
    /// `&`
    Reference,
    /// `[…]`
    Array(ArraySize, Loc),
    /// `(…)`
    Function(Params, Loc),
    /// `( __attribute__((…)) declarator )`
    Attrs(Vec<Attr>),
}

/// What stands between an array's brackets.
#[derive(Clone, Copy, Debug)]
pub enum ArraySize {
    /// Nothing, or `*`.
    Unknown,
    /// `?`
    Variable,
    /// A constant.
    Known(ExprId),
}

/// The parameters of a function.
#[derive(Debug, Default)]
pub struct Params {
    /// In order.
    pub list: Vec<Param>,
    /// `...`
    pub variadic: bool,
}

/// A parameter.
#[derive(Debug)]
pub struct Param {
    /// Its specifiers.
    pub specs: Specs,
    /// The rest.
    pub declarator: Declarator,
}

/// A declarator with what may stand behind it.
#[derive(Debug, Default)]
pub struct Declared {
    /// The declarator.
    pub declarator: Declarator,
    /// `__asm__("name")`: the symbol, in pieces as in the source.
    pub symbol: Option<Vec<Name>>,
    /// Attributes.
    pub attrs: Vec<Attr>,
}

/// A type without a name: `const char *(*)[3]`.
#[derive(Debug)]
pub struct TypeName {
    /// Its specifiers.
    pub specs: Specs,
    /// The rest.
    pub declarator: Declarator,
}

/// Either of both.
#[derive(Debug)]
pub enum TypeOrExpr {
    /// A type.
    Type(TypeName),
    /// An expression.
    Expr(ExprId),
}

/// `_Static_assert(condition, message)`
#[derive(Debug)]
pub struct Assertion {
    /// What must be true.
    pub condition: ExprId,
    /// What to say if it is not, in pieces as in the source.
    pub message: Vec<Name>,
    /// Where it stands.
    pub loc: Loc,
}

/// An initialiser: kept if it is one expression.
#[derive(Clone, Copy, Debug)]
pub enum Init {
    /// `= value`
    Expr(ExprId),
    /// `= { … }`
    List,
}

/// A declaration outside of functions.
#[derive(Debug)]
pub enum External {
    /// `specifiers declarators ;`
    Declaration(Specs, Vec<(Declared, Option<Init>)>),
    /// A function with a body, which is skipped.
    Function(Specs, Declared),
    /// `_Static_assert`
    Assert(Assertion),
    /// Nothing to declare: `;` and `asm`.
    Empty,
}

/// An operator with one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Neg,
    Plus,
    Not,
    Complement,
    Deref,
    AddressOf,
}

/// An expression.
#[derive(Debug)]
pub enum Expr {
    /// An identifier.
    Name(Name),
    /// A number as it is spelled.
    Number(Name),
    /// A character literal as it is spelled.
    Char(Name),
    /// String literals side by side.
    Strings(Vec<Name>),
    /// `$`, a constant from the caller: the parameter's number.
    Given(u32),
    /// `op x`
    Unary(UnaryOp, ExprId),
    /// `x op y`
    Binary(BinaryOp, ExprId, ExprId),
    /// `x, y`
    Comma(ExprId, ExprId),
    /// `x ? y : z`, and GNU's `x ?: z`
    Conditional(ExprId, Option<ExprId>, ExprId),
    /// `(type) x`
    Cast(Box<TypeName>, ExprId),
    /// `(type) { … }`, never a constant
    Compound(Box<TypeName>),
    /// `sizeof (type)` and, if so said, `_Alignof`
    SizeofType(Measure, Box<TypeName>),
    /// `sizeof x` and, if so said, `_Alignof`
    SizeofExpr(Measure, ExprId),
    /// `offsetof(type, member.designators)`
    Offsetof(Box<TypeName>, Vec<Designator>),
    /// `__builtin_types_compatible_p(a, b)`
    TypesCompatible(Box<TypeName>, Box<TypeName>),
    /// `_Generic(x, type: y, default: z)`
    Generic(ExprId, Vec<(Option<TypeName>, ExprId)>),
    /// `f(…)`
    Call(ExprId, Vec<ExprId>),
    /// `x[y]`
    Index(ExprId, ExprId),
    /// `x.member`
    Field(ExprId, Name),
    /// `x->member`
    Arrow(ExprId, Name),
}

/// What is asked about a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Measure {
    Size,
    Alignment,
}

/// A step into an object.
#[derive(Clone, Copy, Debug)]
pub enum Designator {
    /// `.member`
    Field(Name),
    /// `[index]`
    Index(ExprId),
}

/// What one run of the parser gives.
#[derive(Debug)]
pub enum Parsed {
    /// A declaration.
    External(External),
    /// A type.
    Type(TypeName),
    /// A constant expression.
    Constant(ExprId),
}
