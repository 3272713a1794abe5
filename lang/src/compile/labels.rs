//! Labels, `goto` and `break`.
//!
//! A label is visible in the block that declares it and the blocks inside, and no goto may enter the scope of a local. A goto
//! waits in [`FunctionState::gotos`] until its label is met (a jump forward) or the block of its label ends (a jump back, or one
//! out of inner blocks). When a block ends, the gotos in it go on to the block around. A label with nothing but labels
//! behind it counts as standing outside of the block's locals, so that `goto continue` can skip them.
//!
//! `break` is a goto to a label without a name, which stands behind every loop, and `continue` to one at the end of its body.
//!
//! **Closing.** A goto that leaves a block with captured locals must close them, but when its jump is emitted it may not be known
//! yet that they will be. So the jump is led to a place behind the function's last return, and that place says
//! `CLOSE; JUMP label`. A jump that leaves no captured locals, by far the most frequent kind, stays what it is.
//!
//! ```text
//!   while true do local x; if c then break end; f = function() return x end end
//!
//!     break:  JUMP ─────────────► CLOSE R0; JUMP ──► behind the loop
//! ```
//!
//! Reference: LuaJIT's extensions page on `goto`; Lua 5.2 manual §3.3.4.

use super::function::FunctionState;
use super::jumps::JumpList;
use super::scope::{Name, Scope};
use super::{Compiler, Complaint, Result};
use crate::ast::TokenIndex;
use crate::bytecode::Op;
use crate::symbols::Symbol;

/// Most labels and gotos that can be pending at once; LuaJIT counts them as local variables.
const MAX_PENDING: usize = 65476;

/// Where a goto leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The label of that name.
    Label(Symbol),
    /// Behind the innermost loop.
    Break,
    /// The end of the innermost loop's body.
    Continue,
}

/// A label in a block that has not ended yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    name: Symbol,
    position: usize,
    /// Locals whose scope it stands in.
    locals: usize,
}

/// A goto whose jump has no target yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goto {
    target: Target,
    jump: JumpList,
    /// Locals in scope, of which fewer remain as blocks end.
    locals: usize,
    /// Whether it leaves a block with captured locals.
    closes: bool,
    /// Its last token, whose line errors bear.
    token: TokenIndex,
}

/// A jump that closes upvalues on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClosingExit {
    jump: JumpList,
    from: u8,
    target: usize,
}

impl Compiler<'_> {
    /// `goto name`, `break`
    pub(super) fn goto(&mut self, target: Target, token: TokenIndex) -> Result<()> {
        let f = &mut self.function;
        f.check_pending()?;
        if let Target::Label(name) = target
            && let Some(label) = f.labels.iter().rfind(|label| label.name == name)
        {
            // A jump back makes a loop.
            let free = label.locals as u8;
            f.emit_d(Op::LOOP, free, 0);
        }
        let jump = f.jump();
        f.gotos.push(Goto { target, jump, locals: f.active, closes: false, token });
        Ok(())
    }

    /// `continue`
    pub(super) fn continue_statement(&mut self, token: TokenIndex) -> Result<()> {
        if !self.function.scopes.iter().any(|scope| scope.is_loop) {
            return Err(self.function.complaint("no loop to continue".into()));
        }
        self.goto(Target::Continue, token)
    }

    /// The place that `continue` leads to: the end of the body of the loop.
    pub(super) fn end_of_body(&mut self) -> Result<()> {
        let f = &mut self.function;
        let scope = *f.scopes.last().expect("there is a block");
        if f.gotos[scope.first_goto..].iter().all(|goto| goto.target != Target::Continue) {
            return Ok(());
        }
        let position = f.target();
        let label = Label { name: Symbol::CONTINUE, position, locals: f.active };
        self.meet(Target::Continue, label, scope)
    }

    /// `::name::`; `at_end` says that nothing but labels follows in the block.
    pub(super) fn label(&mut self, name: Symbol, at_end: bool) -> Result<()> {
        let f = &mut self.function;
        let scope = *f.scopes.last().expect("there is a block");
        if f.labels[scope.first_label..].iter().any(|label| label.name == name) {
            return Err(self.labelled("duplicate label", name));
        }
        f.check_pending()?;
        f.has_labels = true;
        let position = f.target();
        let locals = if at_end { scope.outside } else { f.active };
        let label = Label { name, position, locals };
        f.labels.push(label);
        self.meet(Target::Label(name), label, scope)
    }

    /// Leads the gotos of the innermost block that wait for this label to it.
    fn meet(&mut self, target: Target, label: Label, scope: Scope) -> Result<()> {
        for goto in self.function.gotos.split_off(scope.first_goto) {
            if goto.target != target {
                self.function.gotos.push(goto);
            } else if goto.locals < label.locals {
                return Err(self.enters_scope(goto));
            } else {
                self.function.lead(goto, label.position, label.locals);
            }
        }
        Ok(())
    }

    /// At the end of a block: jumps back to its labels, then all others go on to the block around.
    pub(super) fn settle_gotos(&mut self, scope: Scope) -> Result<()> {
        if scope.is_loop {
            let f = &mut self.function;
            let position = f.target();
            let label = Label { name: Symbol::SELF, position, locals: scope.outside };
            self.meet(Target::Break, label, scope)?;
        }
        let f = &mut self.function;
        let is_body = f.scopes.len() == 1;
        for goto in f.gotos.split_off(scope.first_goto) {
            let label = f.labels[scope.first_label..].iter().find(|label| goto.target == Target::Label(label.name));
            if let Some(&label) = label {
                let closes = goto.closes || scope.captured && goto.locals > label.locals;
                f.lead(Goto { closes, ..goto }, label.position, label.locals);
            } else if is_body {
                return Err(self.unresolved(goto));
            } else {
                f.gotos.push(Goto { locals: scope.outside, closes: goto.closes || scope.captured, ..goto });
            }
        }
        f.labels.truncate(scope.first_label);
        Ok(())
    }

    /// Emits the ends of the jumps that close upvalues, behind the function's last return.
    pub(super) fn emit_closing_exits(&mut self) {
        let f = &mut self.function;
        for exit in std::mem::take(&mut f.closing_exits) {
            f.patch_here(exit.jump);
            f.emit_d(Op::CLOSE, exit.from, 0);
            f.jump_to(exit.target);
        }
    }

    pub(super) fn labelled(&self, what: &str, name: Symbol) -> Box<Complaint> {
        self.function.complaint(format!("{what} '{}'", self.shown(name)))
    }

    fn shown(&self, name: Symbol) -> String {
        String::from_utf8_lossy(self.ast.symbols.text(name)).into_owned()
    }

    fn unresolved(&self, goto: Goto) -> Box<Complaint> {
        let complaint = match goto.target {
            Target::Break => self.function.complaint("no loop to break".into()),
            Target::Continue => self.function.complaint("no loop to continue".into()),
            Target::Label(name) => self.labelled("undefined label", name),
        };
        Box::new(Complaint { token: goto.token, ..*complaint })
    }

    /// A goto may not jump over the declaration of a local into its scope.
    fn enters_scope(&self, goto: Goto) -> Box<Complaint> {
        let goto_name = match goto.target {
            Target::Label(label) => format!("goto {}", self.shown(label)),
            Target::Continue => "continue".into(),
            Target::Break => "break".into(),
        };
        let local = match self.function.locals[goto.locals].name {
            Name::Source(name) => self.shown(name),
            Name::Hidden(name) => name.into(),
            Name::Secret => String::new(),
        };
        let what = format!("<{goto_name}> jumps into the scope of local '{local}'");
        Box::new(Complaint { token: goto.token, ..*self.function.complaint(what) })
    }
}

impl FunctionState<'_> {
    /// Every label is compared with every waiting goto, so there is a limit to both.
    fn check_pending(&self) -> Result<()> {
        if self.labels.len() + self.gotos.len() >= MAX_PENDING {
            return Err(self.complaint(format!("chunk has more than {MAX_PENDING} local variables")));
        }
        Ok(())
    }

    /// Gives a goto its target, where that many locals are in scope.
    fn lead(&mut self, goto: Goto, target: usize, locals: usize) {
        if goto.closes {
            self.closing_exits.push(ClosingExit { jump: goto.jump, from: locals as u8, target });
        } else {
            self.patch(goto.jump, target);
        }
    }
}
