//! The table of types.
//!
//! Asking for "pointer to 12" twice gives the same number twice. Every entry also holds its *bare* type, the one without
//! qualifiers and alignment, because that is what conversions and calls look at.
//!
//! A failed `cdef` takes its types back: those made since the last commit are dropped from the end, and structs that it
//! completed are incomplete again.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::{
    CType, CTypeId, EnumId, Enumeration, Float, Function, FunctionId, Kind, Length, Qualifiers, Record, RecordBody,
    RecordId,
};
use crate::c::name::{Name, known};

/// Types whose numbers are known beforehand.
///
/// The numbers are LuaJIT's, where it has the type: scripts see them (`tonumber(ffi.typeof('int'))`, `ffi.typeinfo`), and so does the
/// language, which makes the constants `1LL`, `1ULL` and `1i` without an FFI (`moonwake_lang::object::ctype_ids`).
/// `CTYPE` is the type of ctype objects, an enumeration of all types.
macro_rules! fixed {
    ($($constant:ident = $kind:expr $(, $qualifiers:ident)?;)*) => {
        #[allow(missing_docs)]
        impl CTypeId {
            fixed!(@number 0u32; $($constant)*);
        }
        const FIXED: &[(Kind, Qualifiers)] = &[$(($kind, fixed!(@qualifiers $($qualifiers)?))),*];
    };
    (@number $n:expr; $head:ident $($tail:ident)*) => {
        pub const $head: CTypeId = CTypeId($n);
        fixed!(@number $n + 1; $($tail)*);
    };
    (@number $n:expr;) => {};
    (@qualifiers) => { Qualifiers::NONE };
    (@qualifiers $qualifiers:ident) => { Qualifiers::$qualifiers };
}

fixed! {
    CTYPE = Kind::Enum(EnumId(0));
    VOID = Kind::Void;
    CONST_VOID = Kind::Void, CONST;
    BOOL = Kind::Bool;
    CONST_CHAR = Kind::Int { bytes: 1, unsigned: false }, CONST;
    INT8 = Kind::Int { bytes: 1, unsigned: false };
    UINT8 = Kind::Int { bytes: 1, unsigned: true };
    INT16 = Kind::Int { bytes: 2, unsigned: false };
    UINT16 = Kind::Int { bytes: 2, unsigned: true };
    INT32 = Kind::Int { bytes: 4, unsigned: false };
    UINT32 = Kind::Int { bytes: 4, unsigned: true };
    INT64 = Kind::Int { bytes: 8, unsigned: false };
    UINT64 = Kind::Int { bytes: 8, unsigned: true };
    INT128 = Kind::Int { bytes: 16, unsigned: false };
    UINT128 = Kind::Int { bytes: 16, unsigned: true };
    FLOAT = Kind::Float(Float::Single);
    DOUBLE = Kind::Float(Float::Double);
    COMPLEX_FLOAT = Kind::Complex(Float::Single);
    COMPLEX_DOUBLE = Kind::Complex(Float::Double);
    POINTER_TO_VOID = Kind::Pointer(CTypeId::VOID);
    POINTER_TO_CONST_VOID = Kind::Pointer(CTypeId::CONST_VOID);
    POINTER_TO_CONST_CHAR = Kind::Pointer(CTypeId::CONST_CHAR);
    POINTER_TO_BYTE = Kind::Pointer(CTypeId::UINT8);
    CONST_CHARS = Kind::Array { of: CTypeId::CONST_CHAR, length: Length::Unknown };
    LONG_DOUBLE = Kind::Float(Float::Extended);
}

/// The size of a pointer, and its alignment.
pub const POINTER_BYTES: u64 = 8;

/// No object is larger.
const MAX_SIZE: u64 = 1 << 47;

/// No object is made of objects in more levels, so that whoever walks through one may recurse.
pub(crate) const MAX_DEPTH: u32 = 200;

type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// All types.
#[derive(Debug)]
pub struct CTypes {
    types: Vec<CType>,
    /// The number of each type's bare type.
    bare: Vec<CTypeId>,
    numbers: FastMap<CType, CTypeId>,
    functions: Vec<Function>,
    function_numbers: FastMap<Function, FunctionId>,
    /// What the parameters were called where a function of this type was declared last. They are no part of the type.
    parameter_names: FastMap<FunctionId, Box<[Option<Name>]>>,
    records: Vec<Record>,
    enumerations: Vec<Enumeration>,
    /// The ends of the four lists above at the last commit.
    committed: [usize; 4],
    /// What was completed since, though it is older.
    completed_records: Vec<RecordId>,
    completed_enumerations: Vec<EnumId>,
}

impl Default for CTypes {
    fn default() -> Self {
        CTypes::new()
    }
}

impl CTypes {
    /// A table of the basic types.
    pub fn new() -> Self {
        let mut types = CTypes {
            types: Vec::new(),
            bare: Vec::new(),
            numbers: FastMap::default(),
            functions: Vec::new(),
            function_numbers: FastMap::default(),
            parameter_names: FastMap::default(),
            records: Vec::new(),
            enumerations: Vec::new(),
            committed: [0; 4],
            completed_records: Vec::new(),
            completed_enumerations: Vec::new(),
        };
        let ctype = types.new_enumeration(None);
        types.enumerations[ctype.0 as usize].alias = Some(known::CTYPE);
        for &(kind, qualifiers) in FIXED {
            let ctype = CType { kind, qualifiers, align: 0 };
            // What is bare has its own number further down: it is entered by itself then.
            types.types.push(ctype);
            types.numbers.insert(ctype, CTypeId(types.types.len() as u32 - 1));
        }
        for at in 0..types.types.len() {
            let bare = CType { qualifiers: Qualifiers::NONE, ..types.types[at] };
            types.bare.push(types.numbers[&bare]);
        }
        types.commit();
        types
    }

    // ------------------------------------------------------------------------------------------- looking up

    /// The type in full.
    pub fn get(&self, id: CTypeId) -> CType {
        self.types[id.index()]
    }

    /// The type of a number that someone gives us, if there is one.
    pub fn at(&self, number: usize) -> Option<CTypeId> {
        (number < self.types.len()).then_some(CTypeId(number as u32))
    }

    /// How many structs, unions and enumerations there are. When a text made this more, the type that it names is a new one each time.
    pub fn definitions(&self) -> usize {
        self.records.len() + self.enumerations.len()
    }

    /// What the type is.
    pub fn kind(&self, id: CTypeId) -> Kind {
        self.get(id).kind
    }

    /// The type without qualifiers and without an alignment of its own.
    pub fn bare(&self, id: CTypeId) -> CTypeId {
        self.bare[id.index()]
    }

    /// A function's type.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// What a parameter of functions of this type was called last.
    pub fn parameter_name(&self, id: FunctionId, index: usize) -> Option<Name> {
        self.parameter_names.get(&id)?.get(index).copied().flatten()
    }

    /// Remembers what the parameters of a function type are called.
    pub fn name_parameters(&mut self, id: CTypeId, names: Box<[Option<Name>]>) {
        if let Kind::Function(function) = self.kind(id) {
            self.parameter_names.insert(function, names);
        }
    }

    /// A struct or union.
    pub fn record(&self, id: RecordId) -> &Record {
        &self.records[id.0 as usize]
    }

    /// An enumeration.
    pub fn enumeration(&self, id: EnumId) -> &Enumeration {
        &self.enumerations[id.0 as usize]
    }

    /// The members and the layout of a type that is a complete struct or union.
    pub fn record_body(&self, id: CTypeId) -> Option<&RecordBody> {
        match self.kind(id) {
            Kind::Record(record) => self.record(record).body.as_ref(),
            _ => None,
        }
    }

    /// Whether nothing may be assigned to an object of this type: it is constant, or a record or an array with something
    /// constant inside.
    pub fn is_read_only(&self, id: CTypeId) -> bool {
        self.get(id).qualifiers.is_const()
            || match self.kind(id) {
                Kind::Array { of, .. } => self.is_read_only(of),
                _ => self.record_body(id).is_some_and(|body| body.has_constant_member),
            }
    }

    /// What a pointer points to, a reference refers to, an array consists of.
    pub fn target(&self, id: CTypeId) -> Option<CTypeId> {
        match self.kind(id) {
            Kind::Pointer(to) | Kind::Reference(to) | Kind::Array { of: to, .. } => Some(to),
            _ => None,
        }
    }

    /// An enumeration's integer type; any other type is its own.
    pub fn underlying(&self, id: CTypeId) -> CTypeId {
        match self.kind(id) {
            Kind::Enum(enumeration) => self.enumeration(enumeration).underlying,
            _ => id,
        }
    }

    /// The size in bytes. Functions, `void`, incomplete types and arrays of unknown or variable length have none; of a
    /// struct that ends in such an array it is the size without it.
    pub fn size_of(&self, id: CTypeId) -> Option<u64> {
        match self.kind(id) {
            Kind::Void | Kind::Function(_) => None,
            Kind::Bool => Some(1),
            Kind::Int { bytes, .. } => Some(bytes.into()),
            Kind::Float(float) => Some(float.bytes()),
            Kind::Complex(float) => Some(2 * float.bytes()),
            Kind::Vector { bytes, .. } => Some(bytes.into()),
            Kind::Pointer(_) | Kind::Reference(_) => Some(POINTER_BYTES),
            Kind::Enum(enumeration) => self.size_of(self.enumeration(enumeration).underlying),
            Kind::Array { of, length: Length::Known(length) } => self.size_of(of)?.checked_mul(length),
            Kind::Array { .. } => None,
            Kind::Record(record) => self.record(record).body.as_ref().map(|body| body.size),
        }
    }

    /// The alignment in bytes; 1 for what has none.
    pub fn align_of(&self, id: CTypeId) -> u64 {
        let CType { kind, align, .. } = self.get(id);
        if align != 0 {
            return align.into();
        }
        match kind {
            Kind::Void | Kind::Function(_) | Kind::Bool => 1,
            Kind::Int { bytes, .. } => bytes.into(),
            Kind::Float(float) | Kind::Complex(float) => float.bytes(),
            Kind::Vector { bytes, .. } => bytes.into(),
            Kind::Pointer(_) | Kind::Reference(_) => POINTER_BYTES,
            Kind::Enum(enumeration) => self.align_of(self.enumeration(enumeration).underlying),
            Kind::Array { of, .. } => self.align_of(of),
            Kind::Record(record) => self.record(record).body.as_ref().map_or(1, |body| body.align),
        }
    }

    /// In how many levels an object consists of other objects, by arrays and members.
    pub fn depth(&self, id: CTypeId) -> u32 {
        match self.kind(id) {
            Kind::Array { of, .. } => 1 + self.depth(of),
            Kind::Record(record) => self.record(record).body.as_ref().map_or(0, |body| body.depth),
            _ => 0,
        }
    }

    /// Whether objects of the type get their size when they are made: `[?]`, or a struct that ends in one.
    pub fn is_variable(&self, id: CTypeId) -> bool {
        match self.kind(id) {
            Kind::Array { length: Length::Variable, .. } => true,
            Kind::Record(record) => self.record(record).body.as_ref().is_some_and(|body| body.is_variable),
            _ => false,
        }
    }

    // ----------------------------------------------------------------------------------------------- making

    fn intern(&mut self, ctype: CType) -> CTypeId {
        if let Some(&id) = self.numbers.get(&ctype) {
            return id;
        }
        let bare = CType { qualifiers: Qualifiers::NONE, align: 0, ..ctype };
        let bare = if bare == ctype { None } else { Some(self.intern(bare)) };
        let id = CTypeId(self.types.len() as u32);
        self.types.push(ctype);
        self.bare.push(bare.unwrap_or(id));
        self.numbers.insert(ctype, id);
        id
    }

    /// A type without qualifiers.
    pub fn of_kind(&mut self, kind: Kind) -> CTypeId {
        self.intern(CType { kind, qualifiers: Qualifiers::NONE, align: 0 })
    }

    /// An integer type.
    pub fn int(&mut self, bytes: u8, unsigned: bool) -> CTypeId {
        self.of_kind(Kind::Int { bytes, unsigned })
    }

    /// A pointer.
    pub fn pointer_to(&mut self, to: CTypeId) -> CTypeId {
        self.of_kind(Kind::Pointer(to))
    }

    /// A reference; one to a reference is the same.
    pub fn reference_to(&mut self, to: CTypeId) -> CTypeId {
        if let Kind::Reference(_) = self.kind(to) { to } else { self.of_kind(Kind::Reference(to)) }
    }

    /// An array, or nothing when its elements have no size or it is too large or too deep.
    pub fn array_of(&mut self, of: CTypeId, length: Length) -> Option<CTypeId> {
        let element = self.size_of(of).filter(|_| self.depth(of) < MAX_DEPTH)?;
        if let Length::Known(length) = length
            && element.checked_mul(length).is_none_or(|size| size > MAX_SIZE)
        {
            return None;
        }
        Some(self.of_kind(Kind::Array { of, length }))
    }

    /// A function's type.
    pub fn function_type(&mut self, function: Function) -> CTypeId {
        let id = match self.function_numbers.get(&function) {
            Some(&id) => id,
            None => {
                let id = FunctionId(self.functions.len() as u32);
                self.functions.push(function.clone());
                self.function_numbers.insert(function, id);
                id
            }
        };
        self.of_kind(Kind::Function(id))
    }

    /// The type with further qualifiers. Those of an array are its elements'; functions and references have none.
    pub fn qualified(&mut self, id: CTypeId, qualifiers: Qualifiers) -> CTypeId {
        let ctype = self.get(id);
        let all = ctype.qualifiers.union(qualifiers);
        match ctype.kind {
            _ if all == ctype.qualifiers => id,
            Kind::Function(_) | Kind::Reference(_) => id,
            Kind::Array { of, length } => {
                let of = self.qualified(of, qualifiers);
                self.intern(CType { kind: Kind::Array { of, length }, ..ctype })
            }
            _ => self.intern(CType { qualifiers: all, ..ctype }),
        }
    }

    /// The type without its qualifiers, but with its alignment.
    pub fn unqualified(&mut self, id: CTypeId) -> CTypeId {
        let ctype = self.get(id);
        self.intern(CType { qualifiers: Qualifiers::NONE, ..ctype })
    }

    /// The type without an alignment of its own.
    pub fn naturally_aligned(&mut self, id: CTypeId) -> CTypeId {
        let ctype = self.get(id);
        self.intern(CType { align: 0, ..ctype })
    }

    /// The type with an alignment of its own.
    pub fn aligned(&mut self, id: CTypeId, align: u32) -> CTypeId {
        let ctype = self.get(id);
        let natural = self.align_of(self.bare(id)) == u64::from(align);
        self.intern(CType { align: if natural { 0 } else { align }, ..ctype })
    }

    /// A new struct or union without members.
    pub fn new_record(&mut self, is_union: bool, tag: Option<Name>) -> RecordId {
        self.records.push(Record { is_union, tag, alias: None, body: None });
        RecordId(self.records.len() as u32 - 1)
    }

    /// A new enumeration without enumerators, for now an `unsigned int`.
    pub fn new_enumeration(&mut self, tag: Option<Name>) -> EnumId {
        let body =
            Enumeration { tag, alias: None, underlying: CTypeId::UINT32, constants: Vec::new(), is_complete: false };
        self.enumerations.push(body);
        EnumId(self.enumerations.len() as u32 - 1)
    }

    /// Gives a struct or union its members.
    pub fn complete_record(&mut self, id: RecordId, body: RecordBody) {
        self.records[id.0 as usize].body = Some(body);
        self.completed_records.push(id);
    }

    /// Gives an enumeration its enumerators.
    pub fn complete_enumeration(&mut self, id: EnumId, underlying: CTypeId, constants: Vec<(Name, u64)>) {
        let enumeration = &mut self.enumerations[id.0 as usize];
        (enumeration.underlying, enumeration.constants, enumeration.is_complete) = (underlying, constants, true);
        self.completed_enumerations.push(id);
    }

    /// Obeys `transparent_union` on a typedef of a union.
    pub fn set_transparent(&mut self, id: CTypeId) {
        if let Kind::Record(record) = self.kind(id)
            && let Some(body) = &mut self.records[record.0 as usize].body
        {
            body.is_transparent = true;
        }
    }

    /// Remembers the first typedef of a struct, union or enumeration that has no tag; it is printed by that name.
    pub fn set_alias(&mut self, id: CTypeId, name: Name) {
        match self.kind(id) {
            Kind::Record(record) => {
                let record = &mut self.records[record.0 as usize];
                record.alias = record.alias.or(Some(name).filter(|_| record.tag.is_none()));
            }
            Kind::Enum(enumeration) => {
                let enumeration = &mut self.enumerations[enumeration.0 as usize];
                enumeration.alias = enumeration.alias.or(Some(name).filter(|_| enumeration.tag.is_none()));
            }
            _ => {}
        }
    }

    // ---------------------------------------------------------------------------------------------- undoing

    fn ends(&self) -> [usize; 4] {
        [self.types.len(), self.functions.len(), self.records.len(), self.enumerations.len()]
    }

    /// Makes all types permanent.
    pub fn commit(&mut self) {
        self.committed = self.ends();
        self.completed_records.clear();
        self.completed_enumerations.clear();
    }

    /// Forgets the types since the last commit.
    pub fn roll_back(&mut self) {
        for id in self.completed_records.drain(..) {
            self.records[id.0 as usize].body = None;
        }
        for id in self.completed_enumerations.drain(..) {
            let enumeration = &mut self.enumerations[id.0 as usize];
            (enumeration.underlying, enumeration.is_complete) = (CTypeId::UINT32, false);
            enumeration.constants.clear();
        }
        let [types, functions, records, enumerations] = self.committed;
        for ctype in self.types.drain(types..) {
            self.numbers.remove(&ctype);
        }
        self.bare.truncate(types);
        for function in self.functions.drain(functions..) {
            self.function_numbers.remove(&function);
        }
        self.parameter_names.retain(|function, _| (function.0 as usize) < functions);
        self.records.truncate(records);
        self.enumerations.truncate(enumerations);
    }
}

/// A hasher for keys that are a few small numbers.
#[derive(Default)]
struct NumberHasher(u64);

impl NumberHasher {
    fn mix(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
}

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.mix(byte.into());
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_and_the_table_agree() {
        use moonwake_lang::object::ctype_ids;
        let numbers = [CTypeId::INT64, CTypeId::UINT64, CTypeId::COMPLEX_DOUBLE].map(|id| id.0);
        assert_eq!(numbers, [ctype_ids::INT64, ctype_ids::UINT64, ctype_ids::COMPLEX_DOUBLE]);
        let mut types = CTypes::new();
        assert_eq!((types.int(8, false), types.int(8, true)), (CTypeId::INT64, CTypeId::UINT64));
        assert_eq!(types.of_kind(Kind::Complex(Float::Double)), CTypeId::COMPLEX_DOUBLE);
    }

    #[test]
    fn equal_types_have_equal_numbers() {
        let mut types = CTypes::new();
        let a = types.pointer_to(CTypeId::INT32);
        assert_eq!(types.pointer_to(CTypeId::INT32), a);
        assert_eq!(types.int(4, false), CTypeId::INT32);
        assert_eq!(types.pointer_to(CTypeId::VOID), CTypeId::POINTER_TO_VOID);
        let constant = types.qualified(a, Qualifiers::CONST);
        assert_ne!(constant, a);
        assert_eq!((types.bare(constant), types.bare(a)), (a, a));
        let array = types.array_of(CTypeId::INT8, Length::Known(3)).unwrap();
        let constant = types.qualified(array, Qualifiers::CONST);
        let Kind::Array { of, .. } = types.kind(constant) else { panic!() };
        assert!(types.get(of).qualifiers.is_const());
    }

    #[test]
    fn arrays_have_limits() {
        let mut types = CTypes::new();
        assert_eq!(types.array_of(CTypeId::VOID, Length::Known(1)), None);
        assert_eq!(types.array_of(CTypeId::INT64, Length::Known(u64::MAX / 2)), None);
        let open = types.array_of(CTypeId::INT64, Length::Unknown).unwrap();
        assert_eq!((types.size_of(open), types.align_of(open)), (None, 8));
        assert_eq!(types.array_of(open, Length::Known(2)), None);
        let aligned = types.aligned(CTypeId::INT32, 16);
        assert_eq!((types.align_of(aligned), types.bare(aligned)), (16, CTypeId::INT32));
        assert_eq!(types.aligned(CTypeId::INT32, 4), CTypeId::INT32);
    }

    #[test]
    fn roll_back_forgets_types_and_bodies() {
        let mut types = CTypes::new();
        let record = types.new_record(false, None);
        types.commit();
        let pointer = types.pointer_to(CTypeId::FLOAT);
        let function = Function {
            result: CTypeId::VOID,
            params: Box::new([pointer]),
            variadic: false,
            convention: Default::default(),
        };
        types.function_type(function.clone());
        types.complete_record(record, RecordBody::default());
        types.roll_back();
        assert!(types.record(record).body.is_none());
        let other = types.pointer_to(CTypeId::DOUBLE);
        assert_eq!(other, pointer, "the number is free again");
        assert_eq!(types.kind(other), Kind::Pointer(CTypeId::DOUBLE));
        types.function_type(function);
    }
}
