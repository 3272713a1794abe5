//! A ctype in C's own notation.
//!
//! C writes types inside out, like their use: `int (*)[3]` is a pointer to an array. So printing walks from the outside of
//! the type to its base and grows the declarator around the place where a name would stand:
//!
//! ```text
//!     pointer to array of 3 int         declarator
//!     Pointer                           *
//!     Array 3                           (*)[3]        parentheses, since [] binds tighter than *
//!     int                               int (*)[3]
//! ```
//!
//! LuaJIT leaves the parameters of functions out, and so does [`CTypes::print`]; scripts compare such strings.

use super::{CTypeId, CTypes, Convention, Float, Kind, Length, Qualifiers};
use crate::c::name::{Name, Names};

impl CTypes {
    /// The type as LuaJIT prints it: `const char *`, `int (*)()`, `struct foo &`, `uint64_t`.
    ///
    /// Only an untagged struct is different: by its typedef, where LuaJIT has `struct 118`, if it has one.
    pub fn print(&self, id: CTypeId, names: &Names) -> String {
        Printer { types: self, names, parameters: 0 }.print(id, String::new())
    }

    /// The type with the parameters of functions: `int (*)(const char *, ...)`.
    pub fn print_in_full(&self, id: CTypeId, names: &Names) -> String {
        Printer { types: self, names, parameters: 8 }.print(id, String::new())
    }
}

struct Printer<'a> {
    types: &'a CTypes,
    names: &'a Names,
    /// How many levels of functions show their parameters.
    parameters: u32,
}

impl Printer<'_> {
    /// The type around a declarator.
    fn print(&self, mut id: CTypeId, mut declarator: String) -> String {
        let mut after_pointer = false;
        loop {
            let ctype = self.types.get(id);
            let qualifiers = qualifiers(ctype.qualifiers);
            match ctype.kind {
                Kind::Pointer(to) | Kind::Reference(to) => {
                    let mark = if let Kind::Reference(_) = ctype.kind { "&" } else { "*" };
                    let gap = if qualifiers.is_empty() || declarator.is_empty() { "" } else { " " };
                    declarator = format!("{mark}{qualifiers}{gap}{declarator}");
                    (id, after_pointer) = (to, true);
                }
                Kind::Array { of, length } => {
                    let length = match length {
                        Length::Known(length) => length.to_string(),
                        Length::Unknown => String::new(),
                        Length::Variable => "?".into(),
                    };
                    declarator = format!("{}[{length}]", parenthesized(declarator, after_pointer));
                    (id, after_pointer) = (of, false);
                }
                Kind::Function(function) => {
                    let function = self.types.function(function);
                    let parameters = if self.parameters > 0 { self.parameters(function) } else { String::new() };
                    declarator = format!("{}({parameters})", parenthesized(declarator, after_pointer));
                    (id, after_pointer) = (function.result, false);
                }
                _ => {
                    let gap = if qualifiers.is_empty() { "" } else { " " };
                    let space = if declarator.is_empty() { "" } else { " " };
                    return format!("{qualifiers}{gap}{}{space}{declarator}", self.base(id));
                }
            }
        }
    }

    fn parameters(&self, function: &super::Function) -> String {
        let inner = Printer { parameters: self.parameters - 1, ..*self };
        let mut all: Vec<String> = function.params.iter().map(|&param| inner.print(param, String::new())).collect();
        if function.variadic {
            all.push("...".into());
        }
        if function.convention == Convention::Microsoft {
            all.push("/* ms_abi */".into());
        }
        if all.is_empty() { "void".into() } else { all.join(", ") }
    }

    /// A type that needs no declarator.
    fn base(&self, id: CTypeId) -> String {
        match self.types.kind(id) {
            Kind::Void => "void".into(),
            Kind::Bool => "bool".into(),
            Kind::Int { bytes: bytes @ 8.., unsigned } => {
                format!("{}int{}_t", if unsigned { "u" } else { "" }, u32::from(bytes) * 8)
            }
            Kind::Int { bytes, unsigned } => {
                let name = ["", "char", "short", "", "int"][usize::from(bytes)];
                if unsigned { format!("unsigned {name}") } else { name.into() }
            }
            Kind::Float(float) => float_name(float).into(),
            Kind::Complex(Float::Double) => "complex".into(),
            Kind::Complex(float) => format!("complex {}", float_name(float)),
            Kind::Vector { lane, bytes } => {
                format!("{} __attribute__((vector_size({bytes})))", self.print(lane, String::new()))
            }
            Kind::Enum(number) => {
                let enumeration = self.types.enumeration(number);
                self.tagged("enum", enumeration.tag, enumeration.alias, id)
            }
            Kind::Record(number) => {
                let record = self.types.record(number);
                self.tagged(if record.is_union { "union" } else { "struct" }, record.tag, record.alias, id)
            }
            Kind::Pointer(_) | Kind::Reference(_) | Kind::Array { .. } | Kind::Function(_) => {
                unreachable!("these are declarators")
            }
        }
    }

    fn tagged(&self, keyword: &str, tag: Option<Name>, alias: Option<Name>, id: CTypeId) -> String {
        match (tag, alias) {
            (Some(tag), _) => format!("{keyword} {}", self.names.text(tag)),
            (None, Some(alias)) => self.names.text(alias).into_owned(),
            (None, None) => format!("{keyword} {}", self.types.bare(id).index()),
        }
    }
}

fn parenthesized(declarator: String, after_pointer: bool) -> String {
    if after_pointer { format!("({declarator})") } else { declarator }
}

fn qualifiers(qualifiers: Qualifiers) -> &'static str {
    match (qualifiers.is_const(), qualifiers.is_volatile()) {
        (false, false) => "",
        (true, false) => "const",
        (false, true) => "volatile",
        (true, true) => "const volatile",
    }
}

fn float_name(float: Float) -> &'static str {
    match float {
        Float::Half => "_Float16",
        Float::Brain => "__bf16",
        Float::Single => "float",
        Float::Double => "double",
        Float::Extended => "long double",
        Float::Quad => "_Float128",
    }
}
