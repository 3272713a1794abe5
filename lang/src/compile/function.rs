//! The function being compiled: its code, its registers and its constants.

use super::jumps::JumpList;
use super::labels::{ClosingExit, Goto, Label};
use super::scope::{Capture, DebugLocal, Local, Name, Scope, Upvalue};
use super::{Compiler, Complaint, Result};
use crate::ast::{Ast, FunctionId, TokenIndex};
use crate::bytecode::{Constant, Ins, LocalVariable, Op, Prototype, Template, key_word};
use crate::number::Number;
use crate::symbols::Symbol;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Registers of a frame have to be fewer than this.
const MAX_REGISTERS: usize = 250;
/// Constants and children of a function; what 16 bits can index.
const MAX_CONSTANTS: usize = 1 << 16;

/// One function on its way to a [`Prototype`].
pub(super) struct FunctionState<'a> {
    ast: &'a Ast,
    pub id: FunctionId,
    /// The last token that has been read, and its line.
    cursor: TokenIndex,
    line: u32,

    code: Vec<u32>,
    lines: Vec<u32>,
    /// Jumps to the instruction that is emitted next.
    pub pending: JumpList,
    /// The last position that some jump leads to: what stands before it must not be merged with what follows.
    last_target: usize,
    /// The position of the last instruction, if it can be looked at.
    last: Option<usize>,

    /// The first register that is free; those below are in use from 0 on.
    pub free: usize,
    registers: usize,

    constants: Vec<Constant>,
    number_constants: HashMap<u64, u16, BuildHasherDefault<NumberHasher>>,
    string_constants: HashMap<Symbol, u16, BuildHasherDefault<NumberHasher>>,
    /// Templates of `NEWOBJECT`, by their keys.
    pub object_templates: HashMap<Vec<Symbol>, u16>,
    pub children: Vec<Prototype>,
    pub captures: Vec<Capture>,

    /// Local variables in scope, the innermost last; the register of each is its index.
    pub locals: Vec<Local>,
    /// How many of `locals` are active; the others are declared, but their values not yet assigned.
    pub active: usize,
    /// For each local so far, by its number, whether something assigns to it.
    pub assigned: Vec<bool>,
    pub debug_locals: Vec<DebugLocal>,
    pub upvalues: Vec<Upvalue>,
    pub scopes: Vec<Scope>,
    pub labels: Vec<Label>,
    pub gotos: Vec<Goto>,
    pub closing_exits: Vec<ClosingExit>,
    /// Whether a child has captured a local so far.
    pub captured: bool,
    /// Whether there has been a label.
    pub has_labels: bool,
}

impl<'a> FunctionState<'a> {
    pub fn new(ast: &'a Ast, id: FunctionId) -> FunctionState<'a> {
        FunctionState {
            ast,
            id,
            cursor: 0,
            line: 1,
            code: Vec::new(),
            lines: Vec::new(),
            pending: JumpList::EMPTY,
            last_target: 0,
            last: None,
            free: 0,
            registers: 1,
            constants: Vec::new(),
            number_constants: HashMap::default(),
            string_constants: HashMap::default(),
            object_templates: HashMap::new(),
            children: Vec::new(),
            captures: Vec::new(),
            locals: Vec::new(),
            active: 0,
            assigned: Vec::new(),
            debug_locals: Vec::new(),
            upvalues: Vec::new(),
            scopes: Vec::new(),
            labels: Vec::new(),
            gotos: Vec::new(),
            closing_exits: Vec::new(),
            captured: false,
            has_labels: false,
        }
    }

    // --------------------------------------------------------------------------------------------------------- messages

    pub fn at(&mut self, token: TokenIndex) {
        self.cursor = token;
        self.line = self.ast.line(token);
    }

    /// An error at the token behind the cursor.
    pub fn complaint(&self, what: String) -> Box<Complaint> {
        let last = self.ast.lines.len() as TokenIndex - 1;
        Box::new(Complaint { what, token: (self.cursor + 1).min(last), near: false })
    }

    /// An error at the token behind the cursor, which the message shows.
    pub fn complaint_near(&self, what: &str) -> Box<Complaint> {
        Box::new(Complaint { near: true, ..*self.complaint(what.into()) })
    }

    /// An error about something that this function has too much of.
    pub fn limit(&self, limit: usize, what: &str) -> Box<Complaint> {
        let who = match self.first_line() {
            0 => "main function".into(),
            line => format!("function at line {line}"),
        };
        self.complaint(format!("{who} has more than {limit} {what}"))
    }

    fn is_main(&self) -> bool {
        self.id == self.ast.main
    }

    fn first_line(&self) -> u32 {
        if self.is_main() { 0 } else { self.ast.line(self.ast[self.id].head) }
    }

    // -------------------------------------------------------------------------------------------------------- registers

    /// Makes sure that the frame has room for `count` registers from the first free one on.
    pub fn need(&mut self, count: usize) -> Result<()> {
        let top = self.free + count;
        if top >= MAX_REGISTERS {
            return Err(self.complaint_near("function or expression too complex"));
        }
        self.registers = self.registers.max(top);
        Ok(())
    }

    /// Takes the next `count` registers; gives the first.
    pub fn reserve(&mut self, count: usize) -> Result<u8> {
        self.need(count)?;
        let first = self.free as u8;
        self.free += count;
        Ok(first)
    }

    /// Gives a register back if it is a temporary one. The last one taken has to be the first given back.
    pub fn release(&mut self, register: u8) {
        if usize::from(register) >= self.active {
            self.free -= 1;
            debug_assert_eq!(usize::from(register), self.free, "registers are freed in the order of a stack");
        }
    }

    // ------------------------------------------------------------------------------------------------------------- code

    /// The position of the next instruction.
    pub fn here(&self) -> usize {
        self.code.len()
    }

    /// The position of the next instruction, which some jump will lead to.
    pub fn target(&mut self) -> usize {
        self.last_target = self.here();
        self.here()
    }

    /// Emits an instruction without its data words.
    fn emit(&mut self, ins: Ins) -> usize {
        self.land_pending();
        let at = self.here();
        self.push(ins.0);
        self.last = Some(at);
        at
    }

    /// Emits a data word.
    pub fn push(&mut self, word: u32) {
        self.code.push(word);
        self.lines.push(self.line);
    }

    pub fn emit_d(&mut self, op: Op, a: u8, d: u16) -> usize {
        self.emit(Ins::ad(op, a, d))
    }

    pub fn emit_bc(&mut self, op: Op, a: u8, b: u8, c: u8) -> usize {
        self.emit(Ins::abc(op, a, b, c))
    }

    /// Emits an instruction and the words of an inline cache for the constant string `key`.
    pub fn emit_keyed(&mut self, op: Op, a: u8, b: u8, key: Symbol) -> Result<usize> {
        let constant = self.string_constant(key)?;
        let at = self.emit(match op.info().c {
            Some(_) => Ins::abc(op, a, b, 0),
            None => Ins::ad(op, a, 0),
        });
        for word in op.info().words {
            self.push(if *word == crate::bytecode::Word::Key { key_word(constant, 0) } else { 0 });
        }
        Ok(at)
    }

    /// Emits a jump, conditional or not, whose target is yet to be found.
    pub fn emit_jump(&mut self, ins: Ins) -> usize {
        let at = self.emit(ins);
        self.push(0);
        at
    }

    /// Emits the entry; its operands are known at the end.
    pub fn emit_entry(&mut self) {
        let vararg = self.ast[self.id].vararg;
        self.emit_d(if vararg { Op::FUNCV } else { Op::FUNC }, 0, 0);
    }

    pub fn ins(&self, at: usize) -> Ins {
        Ins(self.code[at])
    }

    pub fn set_ins(&mut self, at: usize, ins: Ins) {
        self.code[at] = ins.0;
    }

    pub fn word(&self, at: usize) -> u32 {
        self.code[at]
    }

    pub fn set_word(&mut self, at: usize, word: u32) {
        self.code[at] = word;
    }

    /// Names the destination of an instruction.
    pub fn set_a(&mut self, at: usize, a: u8) {
        self.code[at] = self.code[at] & !0xff00 | u32::from(a) << 8;
    }

    /// Names the field `b` of an instruction.
    pub fn set_b(&mut self, at: usize, b: u8) {
        self.code[at] = self.code[at] & 0x00ff_ffff | u32::from(b) << 24;
    }

    /// Moves an instruction to the line of `token`.
    pub fn set_line(&mut self, at: usize, token: TokenIndex) {
        let line = self.ast.line(token);
        for word in &mut self.lines[at..] {
            *word = line;
        }
    }

    /// Moves the last instruction to the line of `token`.
    pub fn set_last_line(&mut self, token: TokenIndex) {
        if let Some(last) = self.last {
            self.set_line(last, token);
        }
    }

    /// Removes the instruction at `at` and all behind it. No jump may lead to behind it.
    pub fn truncate(&mut self, at: usize) {
        self.code.truncate(at);
        self.lines.truncate(at);
        self.last = None;
    }

    /// The position of the last instruction if it is `op` and no jump leads to behind it.
    pub fn last_is(&self, op: Op) -> Option<usize> {
        self.last.filter(|&at| self.ins(at).op() == op && self.last_target < self.here())
    }

    /// Whether the end of the code can be reached.
    pub fn can_fall_off(&self) -> bool {
        let returns = [Op::RETURN, Op::RETURNM, Op::RETURN0, Op::RETURN1, Op::TAILCALL, Op::TAILCALLM];
        !returns.into_iter().any(|op| self.last_is(op).is_some())
    }

    /// `R[from] .. R[from + count - 1] = nil`, together with the instruction before where that does the same.
    pub fn emit_nil(&mut self, from: u8, count: usize) {
        let mut from = from;
        let last = (usize::from(from) + count - 1) as u8;
        if let Some(at) = self.last_is(Op::KNIL)
            && self.ins(at).d() + 1 == usize::from(from)
        {
            from = self.ins(at).a() as u8;
            self.truncate(at);
        } else if let Some(at) = self.last_is(Op::KPRI)
            && self.ins(at).d() == 0
            && self.ins(at).a() + 1 == usize::from(from)
        {
            from = self.ins(at).a() as u8;
            self.truncate(at);
        }
        if from == last {
            self.emit_d(Op::KPRI, from, 0);
        } else {
            self.emit_d(Op::KNIL, from, u16::from(last));
        }
    }

    // -------------------------------------------------------------------------------------------------------- constants

    fn add_constant(&mut self, constant: Constant) -> Result<u16> {
        if self.constants.len() >= MAX_CONSTANTS {
            return Err(self.limit(MAX_CONSTANTS, "constants"));
        }
        self.constants.push(constant);
        Ok((self.constants.len() - 1) as u16)
    }

    pub fn number_constant(&mut self, number: f64) -> Result<u16> {
        if let Some(&known) = self.number_constants.get(&number.to_bits()) {
            return Ok(known);
        }
        let constant = self.add_constant(Constant::Number(number))?;
        self.number_constants.insert(number.to_bits(), constant);
        Ok(constant)
    }

    /// A number constant that eight bits can index, if there is room for one.
    pub fn small_number_constant(&mut self, number: f64) -> Result<Option<u8>> {
        match self.number_constants.get(&number.to_bits()) {
            Some(&known) => Ok(u8::try_from(known).ok()),
            None if self.constants.len() <= usize::from(u8::MAX) => {
                self.number_constant(number).map(|constant| Some(constant as u8))
            }
            None => Ok(None),
        }
    }

    pub fn string_constant(&mut self, string: Symbol) -> Result<u16> {
        if let Some(&known) = self.string_constants.get(&string) {
            return Ok(known);
        }
        // The bytes are put in at the end, see `finish`.
        let constant = self.add_constant(Constant::String(Default::default()))?;
        self.string_constants.insert(string, constant);
        Ok(constant)
    }

    /// A constant that is a heap object: a 64-bit integer or a complex number.
    pub fn boxed_constant(&mut self, number: Number) -> Result<u16> {
        self.add_constant(match number {
            Number::Double(n) => Constant::Number(n),
            Number::Int64(n) => Constant::Int64(n),
            Number::Uint64(n) => Constant::Uint64(n),
            Number::Imaginary(n) => Constant::Imaginary(n),
        })
    }

    pub fn template_constant(&mut self, template: Template) -> Result<u16> {
        self.add_constant(Constant::Template(template))
    }

    pub fn add_child(&mut self, prototype: Prototype) -> Result<u16> {
        if self.children.len() >= MAX_CONSTANTS {
            return Err(self.limit(MAX_CONSTANTS, "constants"));
        }
        self.note_captures(self.children.len(), &prototype);
        self.children.push(prototype);
        Ok((self.children.len() - 1) as u16)
    }

    // -------------------------------------------------------------------------------------------------------------- end

    /// The finished prototype.
    pub fn finish(mut self, compiler: &mut Compiler) -> Prototype {
        self.fix_upvalues();
        let function = &self.ast[self.id];
        let params = function.params.len() as u8;
        let entry = self.ins(0);
        self.set_ins(0, Ins::ad(entry.op(), self.registers as u8, u16::from(params)));
        self.lines[0] = self.first_line();
        for (&symbol, &constant) in &self.string_constants {
            self.constants[usize::from(constant)] = Constant::String(compiler.string(symbol));
        }
        let locals = self.debug_locals.iter().map(|local| LocalVariable {
            name: match local.name {
                Name::Source(symbol) => compiler.string(symbol),
                Name::Hidden(text) => text.as_bytes().into(),
                Name::Secret => Default::default(),
            },
            register: local.register,
            start: local.start,
            end: local.end,
        });
        Prototype {
            locals: locals.collect(),
            upvalues: self.upvalues.iter().map(|upvalue| upvalue.source).collect(),
            fixed_upvalues: 0,
            upvalue_names: self.upvalues.iter().map(|upvalue| compiler.string(upvalue.name)).collect(),
            code: self.code,
            lines: self.lines,
            constants: self.constants,
            children: self.children,
            params,
            vararg: function.vararg,
            registers: self.registers as u8,
            first_line: if self.id == self.ast.main { 0 } else { self.ast.line(function.head) },
            last_line: self.ast.line(function.tail),
            chunk_name: compiler.chunk_name.clone(),
        }
    }
}

/// A hasher for keys that are numbers: one multiplication.
#[derive(Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        let product = u128::from(self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}
