//! Specifiers and attributes: the base type of a declaration (C17 6.7.1 to 6.7.5).
//!
//! The grammar takes specifiers in any order and number. Here their words are counted, and the counts must be one of the
//! combinations that C lists: `long unsigned int long` is `unsigned long long`, `short double` is nothing.

use super::{Declarer, INVALID_TYPE, INVALID_VALUE};
use crate::{
    c::{
        ast::{Attr, Basic, Expr, ExprId, Spec, Specs, Storage, TypeOrExpr},
        attribute::Attribute,
        error::{Result, fault},
        name::Name,
        source::Loc,
    },
    ctype::{CTypeId, Convention, Float, Kind, Qualifiers},
};

/// What the specifiers of a declaration say.
#[derive(Debug)]
pub(super) struct Base {
    pub ctype: CTypeId,
    pub is_typedef: bool,
    pub is_static: bool,
    /// The first word of storage, and where it stands.
    pub storage: Option<(Storage, Loc)>,
    /// It declares or names a struct, union or enumeration, so that it may end without a declarator.
    pub has_tag: bool,
    /// It holds the body of a struct or union without a tag: without a declarator, an anonymous member.
    pub is_untagged_record: bool,
    /// `_Alignas` and `aligned` among the specifiers.
    pub alignment: Option<u64>,
    pub decorations: Decorations,
    pub loc: Loc,
}

/// What attributes say.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Decorations {
    pub align: Option<u64>,
    pub is_packed: bool,
    pub is_transparent: bool,
    pub is_microsoft: bool,
    mode: Option<(Name, Loc)>,
    vector: Option<(u64, Loc)>,
}

impl Decorations {
    /// These, and where they say nothing the others.
    pub fn over(self, other: Decorations) -> Decorations {
        Decorations {
            align: self.align.max(other.align),
            is_packed: self.is_packed || other.is_packed,
            is_transparent: self.is_transparent || other.is_transparent,
            is_microsoft: self.is_microsoft || other.is_microsoft,
            mode: self.mode.or(other.mode),
            vector: self.vector.or(other.vector),
        }
    }
}

/// GCC's largest alignment that any type needs on x86-64: what `aligned` without a number means.
const BIGGEST_ALIGNMENT: u64 = 16;
const MAX_ALIGNMENT: i128 = 1 << 28;

/// How often each word of a basic type was said.
#[derive(Default)]
struct Words {
    long: u8,
    short: bool,
    int: bool,
    signed: bool,
    unsigned: bool,
    complex: bool,
    /// The one word that says most, such as `char` or `double`.
    main: Option<Basic>,
}

impl Words {
    /// Counts a word; false if it does not go with the ones before.
    fn add(&mut self, word: Basic) -> bool {
        let first = |flag: &mut bool| !std::mem::replace(flag, true);
        match word {
            Basic::Long => {
                self.long += 1;
                self.long <= 2
            }
            Basic::Short => first(&mut self.short),
            Basic::Int => first(&mut self.int),
            Basic::Signed => first(&mut self.signed),
            Basic::Unsigned => first(&mut self.unsigned),
            Basic::Complex => first(&mut self.complex),
            _ => self.main.replace(word).is_none(),
        }
    }

    /// The type that the words make, if they make one.
    fn kind(&self) -> Option<Kind> {
        let sign = self.signed || self.unsigned;
        let integral = sign || self.short || self.int;
        if self.signed && self.unsigned || self.short && self.long > 0 {
            return None;
        }
        let int = |bytes: u8| Some(Kind::Int { bytes, unsigned: self.unsigned });
        let float = match self.main {
            Some(Basic::Double) if self.long == 1 => Some(Float::Extended),
            _ if self.long > 0 => None,
            Some(Basic::Double | Basic::Float64) => Some(Float::Double),
            Some(Basic::Float | Basic::Float32) => Some(Float::Single),
            Some(Basic::Float16) => Some(Float::Half),
            Some(Basic::BFloat16) => Some(Float::Brain),
            Some(Basic::Float80) => Some(Float::Extended),
            Some(Basic::Float128) => Some(Float::Quad),
            None if self.complex => Some(Float::Double),
            _ => None,
        };
        match (float, self.main) {
            (Some(float), _) if !integral => Some(if self.complex { Kind::Complex(float) } else { Kind::Float(float) }),
            _ if self.complex => None,
            (_, None) if self.short => int(2),
            (_, None) if self.long > 0 => int(8),
            (_, None) => int(4),
            (_, Some(Basic::Void)) if !integral && self.long == 0 => Some(Kind::Void),
            (_, Some(Basic::Bool)) if !integral && self.long == 0 => Some(Kind::Bool),
            (_, Some(word)) if !self.short && !self.int && self.long == 0 => match word {
                Basic::Char => int(1),
                Basic::Int128 => int(16),
                Basic::Sized(bytes) => int(bytes),
                _ => None,
            },
            _ => None,
        }
    }
}

pub(super) fn storage_name(storage: Storage) -> &'static str {
    match storage {
        Storage::Typedef => "typedef",
        Storage::Extern => "extern",
        Storage::Static => "static",
        Storage::Register => "register",
        Storage::Auto => "auto",
        Storage::ThreadLocal => "_Thread_local",
        Storage::Inline => "inline",
        Storage::Noreturn => "_Noreturn",
    }
}

impl Declarer<'_> {
    /// What the specifiers of a declaration say.
    pub(super) fn base(&mut self, specs: &Specs) -> Result<Base> {
        let mut base = Base {
            ctype: CTypeId::VOID,
            is_typedef: false,
            is_static: false,
            storage: None,
            has_tag: false,
            is_untagged_record: false,
            alignment: None,
            decorations: Decorations::default(),
            loc: specs.loc,
        };
        let mut words = None::<Words>;
        let mut named = None;
        let mut qualifiers = Qualifiers::NONE;
        for (index, spec) in specs.list.iter().enumerate() {
            let ctype = match spec {
                Spec::Storage(storage, loc) => {
                    base.is_typedef |= *storage == Storage::Typedef;
                    base.is_static |= *storage == Storage::Static;
                    base.storage = base.storage.or(Some((*storage, *loc)));
                    continue;
                }
                Spec::Qualifiers(more) => {
                    qualifiers = qualifiers.union(*more);
                    continue;
                }
                Spec::Align(operand, loc) => {
                    base.alignment = base.alignment.max(self.alignas(operand, *loc)?);
                    continue;
                }
                Spec::Attrs(attrs) => {
                    // Right behind a body they belong to it, and are dealt with there.
                    let of_body = index > 0 && has_body(&specs.list[index - 1]);
                    if !of_body {
                        base.decorations = self.decorations(attrs)?.over(base.decorations);
                    }
                    continue;
                }
                Spec::Basic(word) => {
                    if !words.get_or_insert_default().add(*word) {
                        return fault(specs.loc, INVALID_TYPE);
                    }
                    continue;
                }
                Spec::Name(name) => self.typedef(*name, specs.loc)?,
                Spec::Given(ctype) => *ctype,
                Spec::Typeof(operand) => match &**operand {
                    TypeOrExpr::Type(name) => self.type_name(name)?,
                    TypeOrExpr::Expr(expr) => self.type_of(*expr)?,
                },
                Spec::Atomic(name) => self.type_name(name)?,
                Spec::Record(record) => {
                    base.has_tag = true;
                    base.is_untagged_record = record.tag.is_none();
                    let trailing = match specs.list.get(index + 1) {
                        Some(Spec::Attrs(attrs)) if record.body.is_some() => attrs.as_slice(),
                        _ => &[],
                    };
                    self.record_spec(record, trailing)?
                }
                Spec::Enum(spec) => {
                    base.has_tag = true;
                    let trailing = match specs.list.get(index + 1) {
                        Some(Spec::Attrs(attrs)) if spec.body.is_some() => attrs.as_slice(),
                        _ => &[],
                    };
                    self.enum_spec(spec, trailing)?
                }
            };
            if named.replace(ctype).is_some() {
                return fault(specs.loc, INVALID_TYPE);
            }
        }
        let ctype = match (named, words) {
            (Some(ctype), None) => ctype,
            (None, Some(words)) => match words.kind() {
                Some(kind) => self.types.of_kind(kind),
                None => return fault(specs.loc, INVALID_TYPE),
            },
            (None, None) => return fault(specs.loc, "declaration specifier expected"),
            (Some(_), Some(_)) => return fault(specs.loc, INVALID_TYPE),
        };
        base.ctype = self.types.qualified(ctype, qualifiers);
        base.alignment = base.alignment.max(base.decorations.align);
        Ok(base)
    }

    fn typedef(&self, name: Name, loc: Loc) -> Result<CTypeId> {
        match self.scope.get(name) {
            Some(crate::c::scope::Entity::Typedef(ctype)) => Ok(ctype),
            _ => fault(loc, format!("declaration specifier expected near '{}'", self.names.text(name))),
        }
    }

    fn alignas(&mut self, operand: &TypeOrExpr, loc: Loc) -> Result<Option<u64>> {
        match operand {
            TypeOrExpr::Type(name) => {
                let ctype = self.type_name(name)?;
                Ok(Some(self.types.align_of(ctype)))
            }
            TypeOrExpr::Expr(expr) => self.alignment(*expr, loc),
        }
    }

    /// The alignment that a constant asks for; 0 asks for none.
    fn alignment(&mut self, expr: ExprId, loc: Loc) -> Result<Option<u64>> {
        match self.count(expr)? {
            0 => Ok(None),
            align if align > 0 && align <= MAX_ALIGNMENT && align.count_ones() == 1 => Ok(Some(align as u64)),
            _ => fault(loc, "alignment is not a power of two"),
        }
    }

    /// What a list of attributes says.
    pub(super) fn decorations(&mut self, attrs: &[Attr]) -> Result<Decorations> {
        let mut decorations = Decorations::default();
        for &Attr { attribute, operand, loc } in attrs {
            match (attribute, operand) {
                (Attribute::Packed, _) => decorations.is_packed = true,
                (Attribute::TransparentUnion, _) => decorations.is_transparent = true,
                (Attribute::Aligned, None) => decorations.align = Some(BIGGEST_ALIGNMENT),
                (Attribute::Aligned, Some(expr)) => {
                    decorations.align = decorations.align.max(self.alignment(expr, loc)?)
                }
                (Attribute::Mode, Some(expr)) => match self.ast.expr(expr) {
                    Expr::Name(name) => decorations.mode = Some((*name, loc)),
                    _ => return fault(loc, INVALID_VALUE),
                },
                (Attribute::VectorSize, Some(expr)) => match self.count(expr)? {
                    bytes if bytes > 0 && bytes <= 4096 && bytes.count_ones() == 1 => {
                        decorations.vector = Some((bytes as u64, loc));
                    }
                    _ => return fault(loc, INVALID_VALUE),
                },
                (Attribute::MicrosoftAbi, _) => decorations.is_microsoft = true,
                (Attribute::Mode | Attribute::VectorSize, None) => return fault(loc, INVALID_VALUE),
                (Attribute::Ignored, _) => {}
            }
        }
        Ok(decorations)
    }

    /// The type with the machine mode and the vector size that attributes give it.
    pub(super) fn with_mode(&mut self, mut ctype: CTypeId, decorations: &Decorations) -> Result<CTypeId> {
        if let Some((mode, loc)) = decorations.mode {
            let qualifiers = self.types.get(ctype).qualifiers;
            let unsigned = matches!(
                self.types.kind(self.types.underlying(ctype)),
                Kind::Int { unsigned: true, .. } | Kind::Pointer(_)
            );
            let Some(kind) = machine_mode(self.names.spelling(mode), unsigned) else {
                return fault(loc, format!("unknown machine mode '{}'", self.names.text(mode)));
            };
            ctype = self.types.of_kind(kind);
            ctype = self.types.qualified(ctype, qualifiers);
        }
        if let Some((bytes, loc)) = decorations.vector {
            let qualifiers = self.types.get(ctype).qualifiers;
            let lane = self.types.bare(ctype);
            let size = match self.types.kind(lane) {
                Kind::Int { .. } | Kind::Float(_) | Kind::Bool => self.types.size_of(lane).unwrap_or(0),
                _ => 0,
            };
            if size == 0 || size > bytes {
                return fault(loc, INVALID_TYPE);
            }
            ctype = self.types.of_kind(Kind::Vector { lane, bytes: bytes as u32 });
            ctype = self.types.qualified(ctype, qualifiers);
        }
        Ok(ctype)
    }

    /// The type with an alignment of its own.
    pub(super) fn with_alignment(&mut self, ctype: CTypeId, align: Option<u64>) -> Result<CTypeId> {
        Ok(match align {
            Some(align) if !matches!(self.types.kind(ctype), Kind::Function(_)) => {
                self.types.aligned(ctype, align as u32)
            }
            _ => ctype,
        })
    }
}

fn has_body(spec: &Spec) -> bool {
    match spec {
        Spec::Record(record) => record.body.is_some(),
        Spec::Enum(spec) => spec.body.is_some(),
        _ => false,
    }
}

/// The type of a machine mode such as `DI` or `__SF__`.
fn machine_mode(mode: &[u8], unsigned: bool) -> Option<Kind> {
    let mode = mode.strip_prefix(b"__").and_then(|mode| mode.strip_suffix(b"__")).unwrap_or(mode);
    let int = |bytes| Some(Kind::Int { bytes, unsigned });
    match mode {
        b"QI" | b"byte" => int(1),
        b"HI" => int(2),
        b"SI" => int(4),
        b"DI" | b"word" | b"pointer" | b"unwind_word" | b"libgcc_cmp_return" | b"libgcc_shift_count" => int(8),
        b"TI" => int(16),
        b"HF" => Some(Kind::Float(Float::Half)),
        b"SF" => Some(Kind::Float(Float::Single)),
        b"DF" => Some(Kind::Float(Float::Double)),
        b"XF" => Some(Kind::Float(Float::Extended)),
        b"TF" => Some(Kind::Float(Float::Quad)),
        b"SC" => Some(Kind::Complex(Float::Single)),
        b"DC" => Some(Kind::Complex(Float::Double)),
        b"XC" => Some(Kind::Complex(Float::Extended)),
        b"TC" => Some(Kind::Complex(Float::Quad)),
        _ => None,
    }
}

/// The convention that attributes give a function.
pub(super) fn convention(decorations: &Decorations) -> Convention {
    if decorations.is_microsoft { Convention::Microsoft } else { Convention::Native }
}
