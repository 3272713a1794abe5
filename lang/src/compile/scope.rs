//! Names: which variable one means, and where that lives.
//!
//! Locals are a stack, and so are the registers: a local's register is its index on the stack. A name means the innermost
//! active local of that name, else one of an enclosing function (then it is an *upvalue* here and in each function between),
//! else a global.
//!
//! **Upvalues are closed by scope.** A scope that a child function has captured a local of ends with `CLOSE`, on every way out:
//! falling off its end, `break` and `goto` (see [`super::labels`]), `return`.

use super::function::FunctionState;
use super::operand::Kind;
use super::{Compiler, Complaint, Result};
use crate::ast::Binding;
use crate::bytecode::{Op, Prototype, UpvalueSource};
use crate::symbols::Symbol;

const MAX_LOCALS: usize = 200;
/// No more than a word has bits.
const MAX_UPVALUES: usize = 60;

/// A local variable in scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    pub name: Name,
    pub binding: Binding,
    /// Its number among all locals of the function.
    pub id: u32,
    /// Its index in the debug information; `None` for what that does not show.
    debug: Option<u32>,
}

/// What a local variable is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// As in the source.
    Source(Symbol),
    /// What a loop keeps for itself, under a name that no program can write.
    Hidden(&'static str),
    /// What debug information does not show either.
    Secret,
}

/// A local variable for debugging.
#[derive(Clone, Copy, Debug)]
pub(super) struct DebugLocal {
    pub name: Name,
    pub register: u8,
    pub start: u32,
    pub end: u32,
}

/// An upvalue of the function being compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upvalue {
    pub name: Symbol,
    pub binding: Binding,
    pub source: UpvalueSource,
}

/// A child function's upvalue that is a local of this function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capture {
    child: usize,
    upvalue: usize,
    local: u32,
}

/// A block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Locals outside of it.
    pub outside: usize,
    /// Whether `break` ends it.
    pub is_loop: bool,
    /// Whether a child function has captured one of its locals.
    pub captured: bool,
    /// Labels and gotos outside of it.
    pub first_label: usize,
    pub first_goto: usize,
}

impl Compiler<'_> {
    /// Opens a block.
    pub(super) fn enter_scope(&mut self, is_loop: bool) {
        let f = &mut self.function;
        f.scopes.push(Scope {
            outside: f.active,
            is_loop,
            captured: false,
            first_label: f.labels.len(),
            first_goto: f.gotos.len(),
        });
    }

    /// Closes the innermost block: its locals end, its captured ones are closed, its gotos go on to the block around.
    pub(super) fn leave_scope(&mut self) -> Result<()> {
        let f = &mut self.function;
        let scope = *f.scopes.last().expect("scopes are left as often as entered");
        let is_body = f.scopes.len() == 1;
        f.end_locals(scope.outside);
        // The body of a function has closed its upvalues before each return.
        if scope.captured && !is_body && f.can_fall_off() {
            f.emit_d(Op::CLOSE, scope.outside as u8, 0);
        }
        f.free = f.active;
        self.settle_gotos(scope)?;
        self.function.scopes.pop();
        Ok(())
    }

    /// Declares a local variable. It is found by its name from [`Compiler::activate`] on.
    pub(super) fn declare(&mut self, name: Symbol) -> Result<()> {
        self.declare_bound(name, Binding::Variable)
    }

    /// Declares a local variable that `local` or `const` introduces.
    pub(super) fn declare_bound(&mut self, name: Symbol, binding: Binding) -> Result<()> {
        if self.has_constants && self.is_constant(name) {
            return Err(self.labelled("attempt to re-declare const variable", name));
        }
        self.has_constants |= binding == Binding::Constant;
        self.declare_as(Name::Source(name), binding)
    }

    /// Whether a constant of this name is in scope, or about to be, in this function or one around.
    fn is_constant(&self, name: Symbol) -> bool {
        let constant = |local: &Local| local.name == Name::Source(name) && local.binding == Binding::Constant;
        let mut functions = self.enclosing.iter().chain([&self.function]);
        functions.any(|function| function.locals.iter().any(constant))
    }

    /// Declares a local variable that a loop keeps for itself.
    pub(super) fn declare_hidden(&mut self, name: Name) -> Result<()> {
        self.declare_as(name, Binding::Variable)
    }

    fn declare_as(&mut self, name: Name, binding: Binding) -> Result<()> {
        let f = &mut self.function;
        if f.locals.len() >= MAX_LOCALS
            && f.locals.iter().filter(|local| local.name != Name::Secret).count() >= MAX_LOCALS
        {
            return Err(f.limit(MAX_LOCALS, "local variables"));
        }
        let id = f.assigned.len() as u32;
        f.assigned.push(false);
        f.locals.push(Local { name, binding, id, debug: None });
        Ok(())
    }

    /// Activates the locals declared last; their values are in their registers.
    pub(super) fn activate(&mut self) {
        let f = &mut self.function;
        let start = f.here() as u32;
        for register in f.active..f.locals.len() {
            let name = f.locals[register].name;
            if name == Name::Secret {
                continue;
            }
            f.locals[register].debug = Some(f.debug_locals.len() as u32);
            f.debug_locals.push(DebugLocal { name, register: register as u8, start, end: u32::MAX });
        }
        f.active = f.locals.len();
    }

    /// What `name` means.
    pub(super) fn resolve(&mut self, name: Symbol) -> Result<Kind> {
        if let Some(register) = self.function.find_local(name) {
            return Ok(Kind::Local(register));
        }
        if let Some(number) = self.function.find_upvalue(name) {
            return Ok(Kind::Upvalue(number));
        }
        // From the inside out to the function that knows it, then back in.
        let mut found = None;
        let mut depth = self.enclosing.len();
        while found.is_none() && depth > 0 {
            depth -= 1;
            let function = &mut self.enclosing[depth];
            if let Some(register) = function.find_local(name) {
                function.mark_captured(register);
                let binding = function.locals[usize::from(register)].binding;
                found = Some((UpvalueSource::ParentLocal(register), binding));
            } else if let Some(number) = function.find_upvalue(name) {
                let binding = function.upvalues[usize::from(number)].binding;
                found = Some((UpvalueSource::ParentUpvalue(number), binding));
            }
        }
        let Some((mut source, binding)) = found else { return Ok(Kind::Global(name)) };
        for function in &mut self.enclosing[depth + 1..] {
            let number = function.add_upvalue(Upvalue { name, binding, source }).map_err(|complaint| {
                // What has been read last is in the innermost function.
                Box::new(Complaint { token: self.function.complaint(String::new()).token, ..*complaint })
            })?;
            source = UpvalueSource::ParentUpvalue(number);
        }
        Ok(Kind::Upvalue(self.function.add_upvalue(Upvalue { name, binding, source })?))
    }

    /// Notes that a variable is assigned to.
    pub(super) fn note_assignment(&mut self, variable: Kind) {
        let mut function = &mut self.function;
        let mut around = self.enclosing.iter_mut().rev();
        let mut source = match variable {
            Kind::Local(register) => UpvalueSource::ParentLocal(register),
            Kind::Upvalue(number) => UpvalueSource::ParentUpvalue(number),
            _ => return,
        };
        while let UpvalueSource::ParentUpvalue(number) = source {
            source = function.upvalues[usize::from(number)].source;
            function = around.next().expect("a variable belongs to a function around");
        }
        if let UpvalueSource::ParentLocal(register) = source {
            let local = function.locals[usize::from(register)].id;
            function.assigned[local as usize] = true;
        }
    }

    /// Emits what closes upvalues before a return, where there may be any.
    pub(super) fn close_before_return(&mut self) {
        let f = &mut self.function;
        // A capture further down counts if control can come back up.
        let comes_back = f.has_labels || f.scopes.iter().any(|scope| scope.is_loop);
        if f.captured || comes_back && self.ast.contains_functions(f.id) {
            f.emit_d(Op::CLOSE, 0, 0);
        }
    }
}

impl FunctionState<'_> {
    fn find_local(&self, name: Symbol) -> Option<u8> {
        let wanted = Name::Source(name);
        self.locals[..self.active].iter().rposition(|local| local.name == wanted).map(|register| register as u8)
    }

    fn find_upvalue(&self, name: Symbol) -> Option<u8> {
        self.upvalues.iter().position(|upvalue| upvalue.name == name).map(|number| number as u8)
    }

    fn add_upvalue(&mut self, upvalue: Upvalue) -> Result<u8> {
        if self.upvalues.len() >= MAX_UPVALUES {
            return Err(self.limit(MAX_UPVALUES, "upvalues"));
        }
        self.upvalues.push(upvalue);
        Ok((self.upvalues.len() - 1) as u8)
    }

    /// Notes that a child has captured a local, in the block to which that belongs.
    fn mark_captured(&mut self, register: u8) {
        self.captured = true;
        let home = self.scopes.iter_mut().rfind(|scope| scope.outside <= usize::from(register));
        home.expect("every local belongs to a block").captured = true;
    }

    /// Notes which locals a child has captured, while these are in scope.
    pub fn note_captures(&mut self, child: usize, prototype: &Prototype) {
        for (upvalue, &source) in prototype.upvalues.iter().enumerate() {
            if let UpvalueSource::ParentLocal(register) = source {
                let local = self.locals[usize::from(register)].id;
                self.captures.push(Capture { child, upvalue, local });
            }
        }
    }

    /// Tells the children, when all of the function has been seen, which captured locals are never assigned to.
    pub fn fix_upvalues(&mut self) {
        for Capture { child, upvalue, local } in std::mem::take(&mut self.captures) {
            if !self.assigned[local as usize] {
                fix_upvalue(&mut self.children[child], upvalue);
            }
        }
    }

    /// Ends the locals from number `first` on.
    fn end_locals(&mut self, first: usize) {
        let end = self.here() as u32;
        for local in self.locals.drain(first..) {
            if let Some(debug) = local.debug {
                self.debug_locals[debug as usize].end = end;
            }
        }
        self.active = first;
    }

    /// Lets the local declared last be valid from here on only.
    pub fn start_last_local_here(&mut self) {
        let here = self.here() as u32;
        if let Some(local) = self.debug_locals.last_mut() {
            local.start = here;
        }
    }
}

/// Notes that an upvalue is never assigned to, here and in the functions inside.
fn fix_upvalue(prototype: &mut Prototype, upvalue: usize) {
    prototype.fixed_upvalues |= 1 << upvalue;
    for child in &mut prototype.children {
        let same = UpvalueSource::ParentUpvalue(upvalue as u8);
        if let Some(inside) = child.upvalues.iter().position(|&source| source == same) {
            fix_upvalue(child, inside);
        }
    }
}
