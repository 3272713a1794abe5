//! Where the members of a struct or union go: the layout of GCC for the System V ABIs of x86-64 (and, as far as is known,
//! of all little-endian Linux), bit for bit.
//!
//! Everything is counted in bits, since bit-fields share bytes. For each member three questions:
//!
//! ```text
//!                      ordinary member                 bit-field of type T, n bits wide
//!     begins at        a multiple of its alignment     the next bit; but at the next multiple of T's alignment if it
//!                                                      would else reach over more T-sized units than one
//!     `: 0`            -                               moves to the next multiple of T's alignment, and is gone
//!     the record's     at least its own                at least T's, if it has a name
//!     alignment
//! ```
//!
//! `packed` makes the alignment of a member one byte, and of a bit-field none. `aligned(n)` raises it. `#pragma pack(n)`
//! is an upper bound that even `aligned(n)` on a member obeys, and it makes bit-fields cross units freely.
//! `tests/layout.rs` compares some hundreds of generated records, and every such combination, with what the compiler says.

use crate::{
    c::name::Name,
    ctype::{BitField, CTypeId, CTypes, Kind, Length, MAX_DEPTH, Member, RecordBody},
};

/// A member to be placed.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its type.
    pub ctype: CTypeId,
    /// Its width, if it is a bit-field.
    pub width: Option<u32>,
    /// What `aligned(n)` on the member itself asks for.
    pub align: Option<u64>,
    /// Whether `packed` stands on the member itself.
    pub packed: bool,
}

/// What is said about a record as a whole.
#[derive(Clone, Copy, Default, Debug)]
pub struct Attributes {
    /// All members lie upon each other.
    pub is_union: bool,
    /// `packed`
    pub packed: bool,
    /// `aligned(n)`
    pub align: Option<u64>,
    /// The limit of `#pragma pack`, in bytes; 0 for none.
    pub pack: u8,
}

/// Why members cannot be placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayoutError {
    /// A member has no size, or the whole is too large or too deep.
    Size,
    /// A bit-field's type or width is wrong.
    BitField,
}

const MAX_BITS: u64 = 1 << 50;

/// Places the members. What the record holds besides (constants, the index of names) is left empty. An error comes with
/// the number of the field that is at fault.
pub fn place(types: &CTypes, fields: &[Field], record: Attributes) -> Result<RecordBody, (usize, LayoutError)> {
    let mut body = RecordBody::aligned(record.align.unwrap_or(1));
    let mut end = 0; // in bits: of a struct where the next member may begin, of a union the end of the largest
    for (index, field) in fields.iter().enumerate() {
        let is_last = index + 1 == fields.len();
        let bits = field_bits(types, field, is_last || record.is_union, &mut body).map_err(|error| (index, error))?;
        let free = if record.is_union { 0 } else { end };
        let Placement { align, record_align } = alignments(types, field, record, free);
        let mut begin = round_up(free, align);
        if crosses_units(types, field, record, begin) {
            begin = round_up(begin, types.align_of(field.ctype) * 8);
        }
        body.align = body.align.max(record_align / 8);
        body.depth = body.depth.max(1 + types.depth(field.ctype));
        end = end.max(begin + bits);
        if end > MAX_BITS || body.depth > MAX_DEPTH {
            return Err((index, LayoutError::Size));
        }
        if field.width == Some(0) {
            continue;
        }
        let bits = field.width.map(|width| BitField { start: (begin % 8) as u8, width: width as u8 });
        body.members.push(Member { name: field.name, ctype: field.ctype, offset: begin / 8, bits });
    }
    body.size = round_up(end, body.align * 8) / 8;
    Ok(body)
}

/// How many bits a member takes.
fn field_bits(types: &CTypes, field: &Field, may_be_open: bool, body: &mut RecordBody) -> Result<u64, LayoutError> {
    if let Some(width) = field.width {
        return bit_field_bits(types, field, width);
    }
    if let Kind::Array { length: length @ (Length::Unknown | Length::Variable), .. } = types.kind(field.ctype) {
        body.is_variable |= length == Length::Variable;
        body.is_flexible |= length == Length::Unknown;
        return if may_be_open { Ok(0) } else { Err(LayoutError::Size) };
    }
    if let Some(inner) = types.record_body(field.ctype) {
        if inner.is_variable && !may_be_open {
            return Err(LayoutError::Size);
        }
        body.is_variable |= inner.is_variable;
        body.is_flexible |= inner.is_flexible && may_be_open;
    }
    let size = types.size_of(field.ctype).ok_or(LayoutError::Size)?;
    size.checked_mul(8).filter(|&bits| bits <= MAX_BITS).ok_or(LayoutError::Size)
}

fn bit_field_bits(types: &CTypes, field: &Field, width: u32) -> Result<u64, LayoutError> {
    let bits = match types.kind(types.underlying(field.ctype)) {
        Kind::Bool => 1,
        Kind::Int { bytes, .. } if bytes <= 8 => u32::from(bytes) * 8,
        _ => return Err(LayoutError::BitField),
    };
    if width > bits || width == 0 && field.name.is_some() {
        return Err(LayoutError::BitField);
    }
    Ok(width.into())
}

/// The alignments that a member asks for, in bits.
struct Placement {
    /// Where it begins.
    align: u64,
    /// At least that of the record.
    record_align: u64,
}

/// What a member asks for when the next free bit is `free`.
fn alignments(types: &CTypes, field: &Field, record: Attributes, free: u64) -> Placement {
    let natural = types.align_of(field.ctype) * 8;
    let packed = record.packed || field.packed;
    let asked = field.align.map_or(1, |align| align * 8);
    let limit = match record.pack {
        0 => u64::MAX,
        bytes => u64::from(bytes) * 8,
    };
    match field.width {
        None => {
            let align = if packed { asked.max(8) } else { asked.max(natural) }.min(limit);
            Placement { align, record_align: align }
        }
        Some(0) => Placement { align: natural.max(asked), record_align: 8 },
        Some(width) => {
            let align = asked.min(limit);
            let by_type = match (record.pack, packed) {
                (0, true) => 8,
                _ => natural.min(limit),
            };
            // One that happens to fill an integer exactly counts as that integer, whatever the alignment of its type.
            let width = u64::from(width);
            let fills = matches!(width, 16 | 32 | 64) && free.is_multiple_of(width) && !packed;
            let as_int = if fills { width.min(limit) } else { 8 };
            let record_align = if field.name.is_some() { by_type.max(align).max(as_int) } else { 8 };
            Placement { align, record_align }
        }
    }
}

/// Whether a bit-field that began at `begin` would touch more units of its type than one.
fn crosses_units(types: &CTypes, field: &Field, record: Attributes, begin: u64) -> bool {
    let Some(width) = field.width else { return false };
    if record.packed || field.packed || record.pack != 0 {
        return false;
    }
    let align = types.align_of(field.ctype) * 8;
    let units = (begin % align + u64::from(width)).div_ceil(align);
    units > types.size_of(field.ctype).unwrap_or(0) * 8 / align
}

fn round_up(bits: u64, align: u64) -> u64 {
    bits.div_ceil(align) * align
}
