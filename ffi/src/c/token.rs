//! The tokens of the declaration grammar, and C's keywords.

use super::{
    ast::{Basic, Measure, Storage},
    lexer::Kind,
    name::{Name, Names},
};
use crate::ctype::{CTypeId, Qualifiers};

/// A token as the grammar sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Token {
    /// Pseudo tokens that come first and say what is to be parsed, so that the grammar has one start and one set of tables.
    WantExternal,
    WantType,
    WantConstant,

    Ident(Name),
    /// An identifier that denotes a type here.
    TypeName(Name),
    /// `$` for a type.
    GivenType(CTypeId),
    /// `$` for a constant, the parameter's number.
    Given(u32),
    Number(Name),
    Str(Name),
    Char(Name),
    Punct(Kind),
    /// `}`, with the limit of `#pragma pack` where it stands.
    Close(u8),
    /// A function's body, braces and all.
    Body,
    /// The `:` of an enumeration's underlying type, as opposed to that of a bit-field.
    EnumColon,
    Eof,

    Storage(Storage),
    Static,
    Qualifier(Qualifiers),
    Basic(Basic),
    Struct,
    Union,
    Enum,
    Typeof,
    /// `_Atomic` before a parenthesis; elsewhere it is a qualifier.
    Atomic,
    Alignas,
    /// `sizeof` and `_Alignof`
    Measure(Measure),
    StaticAssert,
    Attribute,
    /// `__declspec (` before `align`; others never reach the grammar.
    Declspec,
    Asm,
    Offsetof,
    TypesCompatible,
    Generic,

    /// Words that never reach the grammar: alone, or with the parentheses behind them.
    Skip,
    SkipWithOperand,
}

const KEYWORDS: &[(&str, Token)] = {
    use Token::*;
    &[
        ("typedef", Storage(self::Storage::Typedef)),
        ("extern", Storage(self::Storage::Extern)),
        ("static", Static),
        ("register", Storage(self::Storage::Register)),
        ("auto __auto_type", Storage(self::Storage::Auto)),
        ("_Thread_local __thread", Storage(self::Storage::ThreadLocal)),
        ("inline __inline __inline__ __forceinline", Storage(self::Storage::Inline)),
        ("_Noreturn", Storage(self::Storage::Noreturn)),
        ("const __const __const__", Qualifier(Qualifiers::CONST)),
        ("volatile __volatile __volatile__", Qualifier(Qualifiers::VOLATILE)),
        ("restrict __restrict __restrict__", Qualifier(Qualifiers::NONE)),
        ("_Nullable _Nonnull _Null_unspecified __unaligned __ptr32 __ptr64", Qualifier(Qualifiers::NONE)),
        ("_Atomic", Atomic),
        ("void", Basic(self::Basic::Void)),
        ("char", Basic(self::Basic::Char)),
        ("short", Basic(self::Basic::Short)),
        ("int", Basic(self::Basic::Int)),
        ("long", Basic(self::Basic::Long)),
        ("float", Basic(self::Basic::Float)),
        ("double", Basic(self::Basic::Double)),
        ("signed __signed __signed__", Basic(self::Basic::Signed)),
        ("unsigned", Basic(self::Basic::Unsigned)),
        ("_Bool", Basic(self::Basic::Bool)),
        ("_Complex __complex __complex__", Basic(self::Basic::Complex)),
        ("__int128", Basic(self::Basic::Int128)),
        ("__int8", Basic(self::Basic::Sized(1))),
        ("__int16", Basic(self::Basic::Sized(2))),
        ("__int32", Basic(self::Basic::Sized(4))),
        ("__int64", Basic(self::Basic::Sized(8))),
        ("_Float16 __fp16", Basic(self::Basic::Float16)),
        ("__bf16", Basic(self::Basic::BFloat16)),
        ("_Float32", Basic(self::Basic::Float32)),
        ("_Float64 _Float32x", Basic(self::Basic::Float64)),
        ("_Float64x __float80", Basic(self::Basic::Float80)),
        ("_Float128 __float128", Basic(self::Basic::Float128)),
        ("struct", Struct),
        ("union", Union),
        ("enum", Enum),
        ("typeof __typeof __typeof__ __typeof_unqual__", Typeof),
        ("_Alignas", Alignas),
        ("sizeof", Measure(self::Measure::Size)),
        ("_Alignof __alignof __alignof__", Measure(self::Measure::Alignment)),
        ("_Static_assert", StaticAssert),
        ("__attribute __attribute__", Attribute),
        ("asm __asm __asm__", Asm),
        ("__builtin_offsetof", Offsetof),
        ("__builtin_types_compatible_p", TypesCompatible),
        ("_Generic", Generic),
        ("__extension__ __cdecl __stdcall __fastcall __thiscall __vectorcall _cdecl _stdcall _fastcall __w64", Skip),
        ("__declspec _declspec", SkipWithOperand),
    ]
};

/// Which names are keywords.
#[derive(Debug)]
pub struct Keywords {
    by_name: Vec<Option<Token>>,
}

impl Keywords {
    /// Interns all keywords.
    pub fn new(names: &mut Names) -> Self {
        let mut by_name = Vec::new();
        for &(spellings, token) in KEYWORDS {
            for spelling in spellings.split(' ') {
                let index = names.intern(spelling).index();
                by_name.resize(by_name.len().max(index + 1), None);
                by_name[index] = Some(token);
            }
        }
        Keywords { by_name }
    }

    /// The keyword that a name is.
    pub fn get(&self, name: Name) -> Option<Token> {
        self.by_name.get(name.index()).copied().flatten()
    }
}
