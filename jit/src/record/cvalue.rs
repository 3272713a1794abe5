//! C values on a trace: how they are unboxed, loaded, converted and boxed again.
//!
//! The FFI decides from types alone what an operation does (`plan_…` in `moonwake_ffi`); here that plan becomes IR. So what a trace does
//! with a C value is what the interpreter does, and a ctype that a plan is made for is fixed by a guard on the cdata.
//!
//! ```text
//!   Lua value --unbox--> C value --convert--> C value of another type --box--> Lua value
//! ```
//!
//! A number or an address that is boxed is a `CBOX`, which never changes and of which nothing is made unless it escapes.

use super::machine::payload_offset;
use super::recorder::whole;
use super::{At, Recorder, Traced};
use crate::ir::{Const, Field, Helper, IrRef, MemType, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_ffi::convert::between::Between;
use moonwake_ffi::convert::from_lua::{Conversion, Offer};
use moonwake_ffi::convert::to_lua::Load;
use moonwake_ffi::ctype::{CTypeId, CTypes, EnumId, Kind};
use moonwake_ffi::scalar::Scalar;
use moonwake_ffi::state::{Ffi, attached};
use moonwake_lang::object::{Cdata, Gc, Str};
use moonwake_lang::value::{Tag, Value};
use std::rc::Rc;

/// The FFI of the machine.
pub fn ffi_of(at: &mut At<'_>) -> Rc<Ffi> {
    attached(at.vm)
}

/// The ctype of a value, if it is a cdata.
pub fn ctype_now(types: &CTypes, value: Value) -> Option<CTypeId> {
    types.at(value.as_cdata()?.ctype() as usize)
}

/// The number of a ctype, as cdata and IR have it.
pub fn number_of(id: CTypeId) -> i32 {
    id.index() as i32
}

/// How a number type lies in memory, where the IR can load and store it.
pub fn mem_of(scalar: Scalar) -> Rec<MemType> {
    Ok(match scalar {
        Scalar::I8 => MemType::I8,
        Scalar::U8 | Scalar::Bool => MemType::U8,
        Scalar::I16 => MemType::I16,
        Scalar::U16 => MemType::U16,
        Scalar::I32 => MemType::I32,
        Scalar::U32 => MemType::U32,
        Scalar::I64 => MemType::I64,
        Scalar::U64 => MemType::U64,
        Scalar::F32 => MemType::F32,
        Scalar::F64 => MemType::F64,
        Scalar::I128 | Scalar::U128 | Scalar::F16 | Scalar::BF16 | Scalar::F80 | Scalar::F128 => {
            return Err(Reason::NyiCType.into());
        }
    })
}

/// How a type that is one number or address lies in memory.
pub fn mem_of_type(types: &CTypes, id: CTypeId) -> Rec<MemType> {
    match types.kind(types.underlying(id)) {
        Kind::Pointer(_) | Kind::Reference(_) | Kind::Function(_) => Ok(MemType::Ptr),
        _ => mem_of(Scalar::of(types, id).ok_or(Reason::NyiCType)?),
    }
}

/// Where a C value is, once a Lua value stands for it.
#[derive(Clone, Copy, Debug)]
pub enum CValue {
    /// A number or address, of the IR type that loading this memory type gives.
    Scalar(IrRef, MemType),
    /// So many bytes at an address.
    Bytes(IrRef, u64),
}

impl Recorder {
    /// Guards the ctype of a cdata, and gives it.
    pub fn guard_ctype(&mut self, types: &CTypes, object: Traced) -> Rec<(Gc<Cdata>, CTypeId)> {
        let cdata = object.now.as_cdata().ok_or(Reason::BadType)?;
        let id = types.at(cdata.ctype() as usize).ok_or(Reason::NyiCType)?;
        if !object.ir.is_constant() {
            let actual = self.field(object.ir, Field::CdataType);
            let expected = self.e.int(number_of(id));
            self.e.guard(Op::EQ, Type::None, &[actual, expected])?;
        }
        Ok((cdata, id))
    }

    /// The address of a cdata's payload. Its ctype was guarded, which fixes where that is.
    pub fn payload(&mut self, types: &CTypes, object: Traced, cdata: Gc<Cdata>, id: CTypeId) -> Rec<IrRef> {
        if types.align_of(id) > 16 {
            return Err(Reason::NyiCType.into());
        }
        Ok(self.e.op_with(Op::ADDR, Type::Ptr, &[object.ir], &[payload_offset(cdata)]))
    }

    /// `address + offset`
    pub fn offset(&mut self, address: IrRef, offset: u64) -> Rec<IrRef> {
        if offset == 0 {
            return Ok(address);
        }
        let offset = i32::try_from(offset).map_err(|_| Reason::NyiCType)?;
        let offset = self.e.int(offset);
        Ok(self.e.op_with(Op::INDEX, Type::Ptr, &[address, offset], &[1]))
    }

    /// Loads from C memory.
    pub fn xload(&mut self, mem: MemType, address: IrRef, offset: i32) -> IrRef {
        self.e.op_with(Op::XLOAD, mem.ty(), &[address], &[mem as i32, offset])
    }

    /// Stores to C memory.
    pub fn xstore(&mut self, mem: MemType, address: IrRef, offset: i32, value: IrRef) {
        self.store(Op::XSTORE, &[address, value], &[mem as i32, offset]);
    }

    /// A cdata of this ctype that holds a number or an address.
    pub fn cbox(&mut self, id: CTypeId, mem: MemType, value: IrRef) -> IrRef {
        self.e.op_with(Op::CBOX, Type::Cdata, &[value], &[mem as i32, number_of(id)])
    }

    /// A new, zeroed cdata, and the address of its payload.
    pub fn cnew(&mut self, id: CTypeId, bytes: u64, align: u64) -> Rec<(IrRef, IrRef)> {
        if align > 16 || bytes > 1 << 16 {
            return Err(Reason::NyiCType.into());
        }
        let start = if align > 8 { 16 } else { 8 };
        let object = self.e.op_with(Op::CNEW, Type::Cdata, &[], &[number_of(id), bytes as i32, start]);
        let address = self.e.op_with(Op::ADDR, Type::Ptr, &[object], &[start]);
        Ok((object, address))
    }

    /// A loaded number as a Lua value's IR.
    pub fn lua_number(&mut self, mem: MemType, value: IrRef) -> IrRef {
        match mem {
            MemType::U32 => self.e.op(Op::TONUM, Type::Num, &[value]),
            _ => value,
        }
    }

    /// What a load of what is at `address` gives Lua. `now` is the address at this moment, if something is there already.
    pub fn load_lua(&mut self, at: &mut At<'_>, ffi: &Ffi, load: Load, address: IrRef) -> Rec<IrRef> {
        Ok(match load {
            Load::Nothing => self.value(Value::NIL).ir,
            Load::Boolean => {
                let byte = self.xload(MemType::U8, address, 0);
                self.boolean(byte)?
            }
            Load::Number(scalar) => {
                let mem = mem_of(scalar)?;
                let value = self.xload(mem, address, 0);
                self.lua_number(mem, value)
            }
            Load::Box { ctype, bytes, align } => {
                let mem = mem_of_type(&ffi.types(), ctype);
                match mem {
                    Ok(mem) if mem.size() == bytes => {
                        let value = self.xload(mem, address, 0);
                        self.cbox(ctype, mem, value)
                    }
                    _ => {
                        let (object, to) = self.cnew(ctype, bytes.into(), align.into())?;
                        self.store(Op::XCOPY, &[to, address], &[bytes as i32]);
                        object
                    }
                }
            }
            Load::Reference { ctype } => {
                let _ = at;
                self.cbox(ctype, MemType::Ptr, address)
            }
        })
    }

    /// A C `bool` as a Lua one. Which one it is, is guarded where it matters.
    pub fn boolean(&mut self, byte: IrRef) -> Rec<IrRef> {
        self.call(Helper::Boolean, &[byte])
    }

    /// What a Lua value stands for as a C value, converted as planned. `to` is the type that is wanted.
    pub fn convert(
        &mut self,
        ffi: &Ffi,
        value: Traced,
        offer: Offer,
        conversion: Conversion,
        to: CTypeId,
    ) -> Rec<CValue> {
        let types = &*ffi.types();
        let between = match conversion {
            Conversion::Between(between) => between,
            Conversion::Enumerator(enumeration) => return self.enumerator(ffi, value, enumeration, to),
            _ => return Err(Reason::NyiConversion.into()),
        };
        match between {
            Between::Scalar { from, to: scalar } => {
                let mem = match mem_of_type(types, to) {
                    Ok(MemType::Ptr) => MemType::Ptr,
                    _ => mem_of(scalar)?,
                };
                let source = self.scalar_source(types, value, offer, from)?;
                let number = self.convert_scalar(value, source, mem, scalar)?;
                Ok(CValue::Scalar(number, mem))
            }
            Between::Address(_) => {
                let address = self.referred_address(types, value, offer)?;
                Ok(match mem_of_type(types, to)? {
                    MemType::Ptr => CValue::Scalar(address, MemType::Ptr),
                    // By a cast.
                    mem => CValue::Scalar(self.resize_integer(address, mem), mem),
                })
            }
            Between::Copy(bytes) => Ok(CValue::Bytes(self.referred_address(types, value, offer)?, bytes)),
            Between::Complex { .. } | Between::ComplexParts { .. } | Between::Splat { .. } => {
                Err(Reason::NyiConversion.into())
            }
        }
    }

    /// The number of an enumerator. Its name becomes a constant.
    fn enumerator(&mut self, ffi: &Ffi, value: Traced, enumeration: EnumId, to: CTypeId) -> Rec<CValue> {
        let name = value.now.as_str().ok_or(Reason::BadType)?;
        let number = ffi.enumerator(enumeration, name).ok_or(Reason::BadType)?.to_i64();
        self.specialise(value)?;
        let mem = mem_of_type(&ffi.types(), to)?;
        Ok(CValue::Scalar(self.e.integer(mem.ty(), number), mem))
    }

    /// The address of what a cdata is or refers to.
    pub fn referred_address(&mut self, types: &CTypes, value: Traced, offer: Offer) -> Rec<IrRef> {
        let Offer::Cdata(_) = offer else { return Err(Reason::NyiConversion.into()) };
        let (cdata, id) = self.guard_ctype(types, value)?;
        let payload = self.payload(types, value, cdata, id)?;
        Ok(match types.kind(id) {
            Kind::Reference(_) => self.xload(MemType::Ptr, payload, 0),
            _ => payload,
        })
    }

    /// The number or address that a Lua value stands for, with how it lies in memory.
    fn scalar_source(&mut self, types: &CTypes, value: Traced, offer: Offer, from: Scalar) -> Rec<(IrRef, MemType)> {
        Ok(match offer {
            Offer::Number => {
                let value = self.unbox(value)?;
                (value.ir, MemType::F64)
            }
            Offer::Boolean => (self.e.int(i32::from(value.now == Value::TRUE)), MemType::U8),
            Offer::Nil => (self.e.constant(Const::Ptr(0)), MemType::Ptr),
            Offer::String => {
                let value = self.unbox(value)?;
                (self.e.op_with(Op::ADDR, Type::Ptr, &[value.ir], &[Str::BYTES_OFFSET as i32]), MemType::Ptr)
            }
            Offer::Cdata(_) => {
                let (cdata, id) = self.guard_ctype(types, value)?;
                let payload = self.payload(types, value, cdata, id)?;
                let (address, held) = match types.kind(id) {
                    Kind::Reference(to) => (self.xload(MemType::Ptr, payload, 0), to),
                    _ => (payload, id),
                };
                let mem = match mem_of_type(types, held)? {
                    MemType::Ptr => MemType::Ptr,
                    _ => mem_of(from)?,
                };
                (self.xload(mem, address, 0), mem)
            }
            Offer::Table | Offer::Function | Offer::Coroutine | Offer::LightUserdata | Offer::Userdata => {
                return Err(Reason::NyiConversion.into());
            }
        })
    }

    /// A number or address as another type, by the rules of [`Scalar`]. `value` tells whether a Lua number is whole now.
    fn convert_scalar(
        &mut self,
        value: Traced,
        (source, from): (IrRef, MemType),
        to: MemType,
        scalar: Scalar,
    ) -> Rec<IrRef> {
        if from == to {
            return Ok(if to == MemType::F64 { self.num_of(source) } else { source });
        }
        if scalar == Scalar::Bool {
            return self.truth(value, source);
        }
        match (from, to) {
            (MemType::Ptr, _) | (_, MemType::Ptr) if from.size() == to.size() => {
                // An address and an integer of its size: the same bits.
                Ok(self.e.op(Op::CONV, to.ty(), &[source]))
            }
            (_, MemType::F64) => Ok(self.num_of(source)),
            (_, MemType::F32) => {
                let number = self.num_of(source);
                Ok(self.e.op(Op::FROUND, Type::Num, &[number]))
            }
            _ if self.ty(source) == Type::Num => self.number_to_integer(source, to),
            _ => Ok(self.resize_integer(source, to)),
        }
    }

    /// Whether a number is not zero, which is guarded to stay as it is now.
    fn truth(&mut self, value: Traced, source: IrRef) -> Rec<IrRef> {
        let holds = value.now.to_number().ok_or(Reason::NyiConversion)? != 0.0;
        let number = self.num_of(source);
        let zero = self.value(Value::number(0.0)).ir;
        self.e.guard(if holds { Op::NE } else { Op::EQ }, Type::None, &[number, zero])?;
        Ok(self.e.int(i32::from(holds)))
    }

    /// A number of any IR type as a `num`.
    fn num_of(&mut self, value: IrRef) -> IrRef {
        if self.ty(value) == Type::Num { value } else { self.e.op(Op::TONUM, Type::Num, &[value]) }
    }

    /// A Lua number as a C integer. One that is an `int` for the trace anyway is taken as that.
    fn number_to_integer(&mut self, source: IrRef, to: MemType) -> Rec<IrRef> {
        let found_whole = self.e.chain(Op::TOINT).find(|at| self.e.trace.ins[at.index()].a() == source);
        if let Some(int) = found_whole {
            return Ok(self.resize_integer(int, to));
        }
        if let Some(n) = self.e.trace.num_constant(source).and_then(|n| whole(Value::number(n))) {
            let int = self.e.int(n);
            return Ok(self.resize_integer(int, to));
        }
        let wide = if to == MemType::U64 { Type::U64 } else { Type::I64 };
        let wide = self.e.op(Op::CONV, wide, &[source]);
        Ok(self.resize_integer(wide, to))
    }

    /// An integer as another, by its low bits.
    fn resize_integer(&mut self, value: IrRef, to: MemType) -> IrRef {
        let ty = match to {
            // All of what these keep is in the low half.
            MemType::I8 | MemType::U8 | MemType::I16 | MemType::U16 | MemType::I32 | MemType::U32 => Type::Int,
            MemType::I64 | MemType::U64 | MemType::Ptr | MemType::F32 | MemType::F64 => to.ty(),
        };
        let value = if self.ty(value) == ty { value } else { self.e.op(Op::CONV, ty, &[value]) };
        match to {
            MemType::I8 | MemType::U8 | MemType::I16 | MemType::U16 | MemType::U32 => {
                self.e.op_with(Op::WRAP, to.ty(), &[value], &[to as i32])
            }
            _ => value,
        }
    }

    /// A 64-bit integer from a number or a scalar cdata.
    pub fn integer64(&mut self, types: &CTypes, value: Traced, offer: Offer, unsigned: bool) -> Rec<IrRef> {
        let ty = if unsigned { Type::U64 } else { Type::I64 };
        let from = match offer {
            Offer::Number => Scalar::F64,
            Offer::Cdata(id) => {
                let id = moonwake_ffi::convert::compatible::referred(types, id);
                Scalar::of(types, id).ok_or(Reason::NyiCType)?
            }
            _ => return Err(Reason::NyiConversion.into()),
        };
        let (source, mem) = self.scalar_source(types, value, offer, from)?;
        let to = if unsigned { MemType::U64 } else { MemType::I64 };
        let converted =
            self.convert_scalar(value, (source, mem), to, if unsigned { Scalar::U64 } else { Scalar::I64 })?;
        debug_assert_eq!(self.ty(converted), ty);
        Ok(converted)
    }

    /// A key as an index: an `int`, or a 64-bit integer from a cdata.
    pub fn c_index(&mut self, types: &CTypes, key: Traced) -> Rec<IrRef> {
        if key.now.is(Tag::Cdata) {
            return self.integer64(types, key, Offer::of(types, key.now), false);
        }
        if whole(key.now).is_none() {
            return Err(Reason::NyiConversion.into());
        }
        Ok(self.int(key)?.expect("it was found to be whole"))
    }
}
