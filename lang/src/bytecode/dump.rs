//! `string.dump`: a prototype as bytes, and back.
//!
//! ```text
//! 1b 'M' 'W' version   fingerprint (8 bytes)   length (8 bytes)   checksum (8 bytes)   the main function
//!
//! number   = 7 bits a byte, lowest first, the highest bit set in all but the last
//! bytes    = number of bytes, the bytes
//! list     = number of items, the items
//! function = flags, params, registers, first line, last line, chunk name,
//!            code: list of words, lines: list of differences, constants: list,
//!            upvalues: list, which of them are fixed, upvalue names: list, locals: list, children: list
//! ```
//!
//! The **fingerprint** is a hash of the table of operations: another version of moonwake has other bytecode, and refuses. The **length** is that
//! of the main function, so that a dump needs no other one where it stands in memory ([`size_from_header`]). The **checksum** tells damage. What passes both is still [verified](super::verify) before it is used, so that no index leads out of its list. A
//! forger can compute a checksum and write code that deceives the interpreter; as with every Lua, dumped chunks are to be loaded
//! only from those who might also be asked for a program.

use super::ops::OPS;
use super::verify::verify;
use super::{Constant, LocalVariable, Prototype, Template, TemplateValue, UpvalueSource};
use std::rc::Rc;

/// What every dump starts with. The first byte is what tells binary chunks from source texts.
const MARK: [u8; 4] = [0x1b, b'M', b'W', 3];

/// Bytes before the main function.
pub const HEADER: usize = MARK.len() + 24;

/// Functions inside functions, beyond which a dump is refused; the compiler makes at most 200.
const MAX_DEPTH: u32 = 250;

/// The bytes of a function, without its debug information if `strip`.
///
/// ```
/// use moonwake_lang::bytecode::dump::{dump, undump};
/// let main = moonwake_lang::compile::compile(b"return 1", b"=t").unwrap();
/// assert_eq!(undump(&dump(&main, false), b"=unnamed"), Ok(main));
/// ```
pub fn dump(prototype: &Prototype, strip: bool) -> Vec<u8> {
    let mut writer = Writer { out: Vec::new(), strip };
    writer.function(prototype);
    let body = writer.out;
    let length = body.len() as u64;
    [&version()[..], &length.to_le_bytes(), &hash(&body).to_le_bytes(), &body].concat()
}

/// What dumps of this version start with.
fn version() -> [u8; 12] {
    let mut version = [0; 12];
    version[..4].copy_from_slice(&MARK);
    version[4..].copy_from_slice(&fingerprint().to_le_bytes());
    version
}

/// How long a dump is that begins with these bytes, the header included; `None` if this version makes no such dumps. `byte` is asked
/// for one byte of the header after the other, and none behind one that does not fit.
///
/// ```
/// use moonwake_lang::bytecode::dump::{dump, size_from_header};
/// let bytes = dump(&moonwake_lang::compile::compile(b"return 1", b"=t").unwrap(), false);
/// assert_eq!(size_from_header(|i| bytes[i]), Some(bytes.len()));
/// assert_eq!(size_from_header(|_| 0), None);
/// ```
pub fn size_from_header(mut byte: impl FnMut(usize) -> u8) -> Option<usize> {
    let version = version();
    let fits = version.iter().enumerate().all(|(i, &expected)| byte(i) == expected);
    let length = fits.then(|| u64::from_le_bytes(std::array::from_fn(|i| byte(version.len() + i))))?;
    usize::try_from(length).ok()?.checked_add(HEADER)
}

/// Why a dump is not loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is no dump, or one of another version.
    Incompatible,
    /// It is damaged.
    Malformed,
}

/// The function in a dump. `name` is the name of its chunk should the dump have no debug information.
///
/// # Errors
/// Says why the dump is refused.
pub fn undump(bytes: &[u8], name: &[u8]) -> Result<Prototype, Refusal> {
    let rest = bytes.strip_prefix(&version()).ok_or(Refusal::Incompatible)?;
    let (length, rest) = rest.split_first_chunk().ok_or(Refusal::Malformed)?;
    let (checksum, body) = rest.split_first_chunk().ok_or(Refusal::Malformed)?;
    if u64::from_le_bytes(*length) != body.len() as u64 || u64::from_le_bytes(*checksum) != hash(body) {
        return Err(Refusal::Malformed);
    }
    let mut reader = Reader { rest: body, name: name.into() };
    let prototype = reader.function(0).filter(|prototype| reader.rest.is_empty() && verify(prototype));
    prototype.ok_or(Refusal::Malformed)
}

/// FNV-1a, 64 bits: every changed byte changes it.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// A hash of the table of operations.
fn fingerprint() -> u64 {
    let rows = OPS.iter().flat_map(|row| [row.name, row.doc]);
    hash(&rows.flat_map(str::bytes).collect::<Vec<u8>>())
}

const VARARG: u8 = 1;
const STRIPPED: u8 = 2;

struct Writer {
    out: Vec<u8>,
    strip: bool,
}

impl Writer {
    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.out.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.out.push(n as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Writer, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|one| item(self, one));
    }

    fn double(&mut self, n: f64) {
        self.out.extend_from_slice(&n.to_bits().to_le_bytes());
    }

    fn function(&mut self, f: &Prototype) {
        let flags = if f.vararg { VARARG } else { 0 } | if self.strip { STRIPPED } else { 0 };
        self.out.extend_from_slice(&[flags, f.params, f.registers]);
        let (first_line, last_line) = if self.strip { (0, 0) } else { (f.first_line, f.last_line) };
        self.number(first_line.into());
        self.number(last_line.into());
        if !self.strip {
            self.bytes(&f.chunk_name);
        }
        self.list(&f.code, |w, word| w.out.extend_from_slice(&word.to_le_bytes()));
        self.list(&f.constants, Writer::constant);
        self.list(&f.upvalues, |w, upvalue| match *upvalue {
            UpvalueSource::ParentLocal(register) => w.out.extend_from_slice(&[0, register]),
            UpvalueSource::ParentUpvalue(index) => w.out.extend_from_slice(&[1, index]),
        });
        self.number(f.fixed_upvalues);
        if !self.strip {
            let mut before = i64::from(f.first_line);
            self.list(&f.lines, |w, &line| {
                w.number(zigzag(i64::from(line) - before));
                before = line.into();
            });
            self.list(&f.upvalue_names, |w, name| w.bytes(name));
            self.list(&f.locals, |w, local| {
                w.bytes(&local.name);
                w.out.push(local.register);
                w.number(local.start.into());
                w.number(local.end.into());
            });
        }
        self.list(&f.children, Writer::function);
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::Number(n) => {
                self.out.push(0);
                self.double(*n);
            }
            Constant::String(text) => {
                self.out.push(1);
                self.bytes(text);
            }
            Constant::Int64(n) => {
                self.out.push(2);
                self.out.extend_from_slice(&n.to_le_bytes());
            }
            Constant::Uint64(n) => {
                self.out.push(3);
                self.out.extend_from_slice(&n.to_le_bytes());
            }
            Constant::Imaginary(n) => {
                self.out.push(4);
                self.double(*n);
            }
            Constant::Template(template) => {
                self.out.push(5);
                self.list(&template.items, Writer::template_value);
                self.list(&template.fields, |w, (name, value)| {
                    w.bytes(name);
                    w.template_value(value);
                });
            }
        }
    }

    fn template_value(&mut self, value: &TemplateValue) {
        match value {
            TemplateValue::Nil => self.out.push(0),
            TemplateValue::Boolean(b) => self.out.push(1 + u8::from(*b)),
            TemplateValue::Number(n) => {
                self.out.push(3);
                self.double(*n);
            }
            TemplateValue::String(text) => {
                self.out.push(4);
                self.bytes(text);
            }
        }
    }
}

/// Small numbers of either sign as small numbers.
fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

struct Reader<'a> {
    rest: &'a [u8],
    name: Rc<[u8]>,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    fn number32(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    fn bytes(&mut self) -> Option<Rc<[u8]>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes.into())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.number()?).ok()?;
        // Every item takes at least a byte; a count that lies must not reserve memory.
        if count > self.rest.len() {
            return None;
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn double(&mut self) -> Option<f64> {
        self.array().map(|bytes| f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn function(&mut self, depth: u32) -> Option<Prototype> {
        if depth > MAX_DEPTH {
            return None;
        }
        let [flags, params, registers] = self.array()?;
        let (first_line, last_line) = (self.number32()?, self.number32()?);
        let stripped = flags & STRIPPED != 0;
        let chunk_name = if stripped { Rc::clone(&self.name) } else { self.bytes()? };
        let code = self.list(|r| r.array().map(u32::from_le_bytes))?;
        let constants = self.list(Self::constant)?;
        let upvalues = self.list(|r| match r.array()? {
            [0, register] => Some(UpvalueSource::ParentLocal(register)),
            [1, index] => Some(UpvalueSource::ParentUpvalue(index)),
            _ => None,
        })?;
        let fixed_upvalues = self.number()?;
        let (mut lines, mut upvalue_names, mut locals) = (Vec::new(), Vec::new(), Vec::new());
        if !stripped {
            let mut line = i64::from(first_line);
            lines = self.list(|r| {
                line = line.checked_add(unzigzag(r.number()?))?;
                u32::try_from(line).ok()
            })?;
            upvalue_names = self.list(Self::bytes)?;
            locals = self.list(|r| {
                let name = r.bytes()?;
                let register = r.byte()?;
                Some(LocalVariable { name, register, start: r.number32()?, end: r.number32()? })
            })?;
        }
        let children = self.list(|r| r.function(depth + 1))?;
        let vararg = flags & VARARG != 0;
        Some(Prototype {
            code,
            lines,
            constants,
            children,
            upvalues,
            fixed_upvalues,
            upvalue_names,
            locals,
            params,
            vararg,
            registers,
            first_line,
            last_line,
            chunk_name,
        })
    }

    fn constant(&mut self) -> Option<Constant> {
        Some(match self.byte()? {
            0 => Constant::Number(self.double()?),
            1 => Constant::String(self.bytes()?),
            2 => Constant::Int64(i64::from_le_bytes(self.array()?)),
            3 => Constant::Uint64(u64::from_le_bytes(self.array()?)),
            4 => Constant::Imaginary(self.double()?),
            5 => Constant::Template(Template {
                items: self.list(Self::template_value)?,
                fields: self.list(|r| Some((r.bytes()?, r.template_value()?)))?,
            }),
            _ => return None,
        })
    }

    fn template_value(&mut self) -> Option<TemplateValue> {
        Some(match self.byte()? {
            0 => TemplateValue::Nil,
            1 => TemplateValue::Boolean(false),
            2 => TemplateValue::Boolean(true),
            3 => TemplateValue::Number(self.double()?),
            4 => TemplateValue::String(self.bytes()?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;

    const PROGRAM: &[u8] = b"local a, t = 1.5, {1, 2, x = 'y', nil}
        local function f(n, ...) if n > 0 then return f(n - 1, ..., a) end return {p = n, q = t}, 5LL, 2i end
        for i = 1, 10 do a = a + i end for k, v in pairs(t) do print(k, v, f(3)) end
        return function() a = nil return a .. 'x', t.x, t[1], -a end";

    #[test]
    fn what_is_dumped_comes_back() {
        let main = compile(PROGRAM, b"@program.lua").unwrap();
        assert_eq!(undump(&dump(&main, false), b"=x"), Ok(main));
    }

    #[test]
    fn stripping_keeps_what_runs() {
        let main = compile(PROGRAM, b"@program.lua").unwrap();
        let stripped = undump(&dump(&main, true), b"=x").unwrap();
        assert_eq!(stripped.code, main.code);
        assert_eq!(stripped.constants, main.constants);
        assert!(stripped.lines.is_empty() && stripped.locals.is_empty() && stripped.children[0].lines.is_empty());
        assert_eq!(dump(&stripped, true), dump(&main, true));
    }

    #[test]
    fn damage_is_refused() {
        let bytes = dump(&compile(PROGRAM, b"@program.lua").unwrap(), false);
        for i in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[i] ^= change;
                assert!(undump(&damaged, b"").is_err(), "byte {i}");
            }
            assert!(undump(&bytes[..i], b"").is_err());
        }
    }

    #[test]
    fn damage_with_a_right_checksum_reads_nothing_out_of_bounds() {
        let bytes = dump(&compile(PROGRAM, b"@program.lua").unwrap(), false);
        for i in HEADER..bytes.len() {
            for change in [1, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[i] ^= change;
                let checksum = hash(&damaged[HEADER..]).to_le_bytes();
                damaged[HEADER - 8..HEADER].copy_from_slice(&checksum);
                if let Ok(prototype) = undump(&damaged, b"") {
                    assert!(verify(&prototype));
                }
            }
        }
    }
}
