//! The textual form of a trace, which [`super::parse`] reads back.
//!
//! ```text
//!   trace 1 root pc=0x10
//!   ---- snap 0 pc=0x10 base=0 [ ]
//!   0001    val   SLOAD   #1
//!   0002 >  num   UNBOX   0001
//!   0003    num   ADD     0002 +1.0
//!   ---- snap 1 pc=0x14 base=0 [ 1=0003 ]
//!   link loop
//! ```
//!
//! `>` marks a guard and `~` an instruction that was sunk. Operands follow in the order of the table of operations: values as
//! numbers or constants, literals with `#`, names as they are, arguments in parentheses. Removed instructions are left out,
//! and their numbers with them. A guard leaves by the snapshot that stands last before it.

use super::helpers::Helper;
use super::memory::{Field, MemType};
use super::ops::Operand;
use super::trace::{Ins, IrRef, Link, SnapRef, Start, Trace};
use super::{Const, Op};
use std::fmt::{self, Write};

/// Gives a constant a name that says more than its address, or nothing.
pub type Names<'a> = dyn Fn(Const) -> Option<String> + 'a;

/// A trace with the names of its constants, to be formatted.
pub struct Printer<'a> {
    trace: &'a Trace,
    names: &'a Names<'a>,
}

impl Trace {
    /// The textual form with objects named by `names`.
    pub fn display<'a>(&'a self, names: &'a Names<'a>) -> Printer<'a> {
        Printer { trace: self, names }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display(&|_| None).fmt(f)
    }
}

impl fmt::Display for Printer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = self.trace;
        match trace.start {
            Start::Root { pc } => writeln!(f, "trace {} root pc={pc:#x}", trace.number)?,
            Start::Side { parent, exit, pc } => {
                writeln!(f, "trace {} side {parent}/{exit} pc={pc:#x}", trace.number)?;
            }
        }
        let mut snapshots = (0..trace.snapshots.len()).peekable();
        for at in trace.refs() {
            while let Some(n) = snapshots.next_if(|&n| trace.snapshots[n].at <= at) {
                self.snapshot(f, SnapRef(n as u32))?;
            }
            let ins = &trace.ins[at.index()];
            if ins.op != Op::NOP {
                self.instruction(f, at, ins)?;
            }
        }
        for n in snapshots {
            self.snapshot(f, SnapRef(n as u32))?;
        }
        match trace.link {
            Link::Loop => writeln!(f, "link loop"),
            Link::Trace(number) => writeln!(f, "link trace {number}"),
            Link::Interpreter => writeln!(f, "link interpreter"),
        }
    }
}

impl Printer<'_> {
    /// A value as an operand is written.
    fn value(&self, f: &mut dyn Write, at: IrRef) -> fmt::Result {
        let Some(constant) = self.trace.constant(at) else {
            return write!(f, "{:04}", at.0);
        };
        match (self.names)(constant) {
            Some(name) => write!(f, "{}:{name}", constant.ty()),
            None => write!(f, "{constant}"),
        }
    }

    fn snapshot(&self, f: &mut dyn Write, at: SnapRef) -> fmt::Result {
        let snapshot = &self.trace.snapshots[at.index()];
        write!(f, "---- snap {} pc={:#x} base={} ", at.0, snapshot.pc, snapshot.base)?;
        if let Some(results) = snapshot.results {
            write!(f, "results={results} ")?;
        }
        write!(f, "[ ")?;
        for entry in &snapshot.entries {
            write!(f, "{}=", entry.slot)?;
            self.value(f, entry.value)?;
            write!(f, " ")?;
        }
        writeln!(f, "]")
    }

    fn instruction(&self, f: &mut dyn Write, at: IrRef, ins: &Ins) -> fmt::Result {
        let mark = match (ins.is_guard(), ins.sunk) {
            (true, _) => '>',
            (false, true) => '~',
            (false, false) => ' ',
        };
        let mut line = format!("{:04} {mark}  {:<5} {:<7}", at.0, ins.ty.text(), ins.op.name());
        let (mut refs, mut lits) = (ins.refs.iter(), ins.lits.iter());
        for operand in ins.op.info().operands {
            line.push(' ');
            match operand {
                Operand::Ref => self.value(&mut line, *refs.next().unwrap_or(&IrRef::NONE))?,
                Operand::List => {
                    line.push_str("( ");
                    for &argument in self.trace.list(ins.list) {
                        self.value(&mut line, argument)?;
                        line.push(' ');
                    }
                    line.push(')');
                }
                Operand::Lit | Operand::Slot | Operand::Mem | Operand::Field | Operand::Helper | Operand::Sig => {
                    self.literal(&mut line, *operand, *lits.next().unwrap_or(&0))?;
                }
            }
        }
        writeln!(f, "{}", line.trim_end())
    }

    fn literal(&self, f: &mut dyn Write, kind: Operand, value: i32) -> fmt::Result {
        match kind {
            Operand::Mem => f.write_str(MemType::from_code(value).map_or("?", MemType::text)),
            Operand::Field => f.write_str(Field::from_code(value).map_or("?", Field::text)),
            Operand::Helper => f.write_str(Helper::from_code(value).map_or("?", |h| h.info().name)),
            Operand::Sig => write!(f, "{}", self.trace.signatures[value as usize]),
            Operand::Lit | Operand::Slot | Operand::Ref | Operand::List => write!(f, "#{value}"),
        }
    }

    /// One instruction as a line without its end, for messages.
    pub fn line(&self, at: IrRef) -> String {
        match self.trace.ins(at) {
            Some(ins) => self.line_of(at, ins),
            None => self.line_of_value(at),
        }
    }

    /// An instruction that need not be part of the trace, as a line without its end.
    pub fn line_of(&self, at: IrRef, ins: &Ins) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.instruction(&mut text, at, ins);
        text.truncate(text.trim_end().len());
        text
    }

    /// A value as an operand is written.
    pub fn line_of_value(&self, at: IrRef) -> String {
        let mut text = String::new();
        let _ = self.value(&mut text, at);
        text
    }
}
