//! Reads the textual form of a trace: the inverse of [`super::print`].
//!
//! Every dump pastes into a test, and every test is what a dump would show. A line that does not parse is reported with its
//! number; whether what parsed makes sense is for [`super::verify`] to say. `;` starts a comment.

use super::constants::Const;
use super::helpers::Helper;
use super::memory::{Field, MemType};
use super::ops::{Op, Operand, Shown};
use super::signature::CSignature;
use super::trace::{Ins, IrRef, Link, List, SnapRef, Start, Trace};
use super::types::Type;
use crate::record::liveness::Registers;
use crate::snapshot::{Entry, Snapshot};
use std::str::SplitWhitespace;

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

type Parsed<T> = Result<T, String>;

/// Reads a trace; `names` gives the addresses of objects that the text refers to by name.
pub fn parse(text: &str, names: &dyn Fn(&str) -> Option<u64>) -> Result<Trace, ParseError> {
    let mut parser = Parser { trace: Trace::new(0, Start::Root { pc: 0 }), names, linked: false };
    for (n, line) in text.lines().enumerate() {
        let line = line.split(';').next().unwrap_or("").trim();
        if !line.is_empty() {
            parser.line(line).map_err(|message| ParseError { line: n + 1, message })?;
        }
    }
    if !parser.linked {
        return Err(ParseError { line: text.lines().count(), message: "the trace has no `link`".to_owned() });
    }
    Ok(parser.trace)
}

struct Parser<'a> {
    trace: Trace,
    names: &'a dyn Fn(&str) -> Option<u64>,
    linked: bool,
}

/// The next word, or an error that says what should have stood there.
fn word<'t>(words: &mut SplitWhitespace<'t>, what: &str) -> Parsed<&'t str> {
    words.next().ok_or_else(|| format!("{what} expected at the end of the line"))
}

/// The next word as `key=…`.
fn keyed<'t>(words: &mut SplitWhitespace<'t>, key: &str) -> Parsed<&'t str> {
    let text = word(words, key)?;
    text.strip_prefix(key).and_then(|t| t.strip_prefix('=')).ok_or_else(|| format!("`{key}=` expected, got `{text}`"))
}

fn number<T: std::str::FromStr>(text: &str) -> Parsed<T> {
    text.parse().map_err(|_| format!("number expected, got `{text}`"))
}

fn address(text: &str) -> Parsed<u64> {
    let hex = text.strip_prefix("0x").ok_or_else(|| format!("address expected, got `{text}`"))?;
    u64::from_str_radix(hex, 16).map_err(|_| format!("address expected, got `{text}`"))
}

impl Parser<'_> {
    fn line(&mut self, line: &str) -> Parsed<()> {
        let mut words = line.split_whitespace();
        let first = word(&mut words, "a line")?;
        match first {
            "trace" => self.header(&mut words)?,
            "----" => self.snapshot(&mut words)?,
            "link" => self.link(&mut words)?,
            _ => self.instruction(first, &mut words)?,
        }
        match words.next() {
            Some(extra) => Err(format!("`{extra}` is too much")),
            None => Ok(()),
        }
    }

    /// `trace 1 root pc=0x10` or `trace 2 side 1/3 pc=0x10`
    fn header(&mut self, words: &mut SplitWhitespace) -> Parsed<()> {
        self.trace.number = number(word(words, "the trace's number")?)?;
        self.trace.start = match word(words, "`root` or `side`")? {
            "root" => Start::Root { pc: address(keyed(words, "pc")?)? },
            "side" => {
                let from = word(words, "parent/exit")?;
                let (parent, exit) =
                    from.split_once('/').ok_or_else(|| format!("parent/exit expected, got `{from}`"))?;
                Start::Side { parent: number(parent)?, exit: number(exit)?, pc: address(keyed(words, "pc")?)? }
            }
            other => return Err(format!("`root` or `side` expected, got `{other}`")),
        };
        Ok(())
    }

    /// `---- snap 0 pc=0x10 base=0 results=2 [ 1=0003 2=nil ]`
    fn snapshot(&mut self, words: &mut SplitWhitespace) -> Parsed<()> {
        if word(words, "`snap`")? != "snap" {
            return Err("`snap` expected".to_owned());
        }
        let n: usize = number(word(words, "the snapshot's number")?)?;
        if n != self.trace.snapshots.len() {
            return Err(format!("snapshot {} expected", self.trace.snapshots.len()));
        }
        let pc = address(keyed(words, "pc")?)?;
        let base = number(keyed(words, "base")?)?;
        let mut results = None;
        let mut next = word(words, "`[`")?;
        if let Some(count) = next.strip_prefix("results=") {
            results = Some(number(count)?);
            next = word(words, "`[`")?;
        }
        if next != "[" {
            return Err(format!("`[` expected, got `{next}`"));
        }
        let mut entries = Vec::new();
        loop {
            match word(words, "`]`")? {
                "]" => break,
                entry => {
                    let (slot, value) =
                        entry.split_once('=').ok_or_else(|| format!("slot=value expected, got `{entry}`"))?;
                    entries.push(Entry { slot: number(slot)?, value: self.value(value)? });
                }
            }
        }
        let at = self.trace.next_ref();
        self.trace.snapshots.push(Snapshot { pc, base, results, at, entries, done: 0, live: Registers::ALL });
        Ok(())
    }

    /// `link loop`, `link trace 3` or `link interpreter`
    fn link(&mut self, words: &mut SplitWhitespace) -> Parsed<()> {
        self.trace.link = match word(words, "where it ends")? {
            "loop" => Link::Loop,
            "interpreter" => Link::Interpreter,
            "trace" => Link::Trace(number(word(words, "the trace's number")?)?),
            other => return Err(format!("`loop`, `trace` or `interpreter` expected, got `{other}`")),
        };
        self.linked = true;
        Ok(())
    }

    /// `0002 >  num   UNBOX   0001`
    fn instruction(&mut self, first: &str, words: &mut SplitWhitespace) -> Parsed<()> {
        let at: u32 = number(first).map_err(|_| format!("`{first}` starts no line of a trace"))?;
        if at < self.trace.next_ref().0 {
            return Err(format!("instruction {} or a later one expected", self.trace.next_ref().0));
        }
        if at > 1 << 20 {
            return Err("the trace is too long".to_owned());
        }
        let mut text = word(words, "a type")?;
        let (mut guard, mut sunk) = (false, false);
        while matches!(text, ">" | "~") {
            guard |= text == ">";
            sunk |= text == "~";
            text = word(words, "a type")?;
        }
        let ty = Type::from_text(text).ok_or_else(|| format!("`{text}` is no type"))?;
        let name = word(words, "an operation")?;
        let op = Op::from_name(name).ok_or_else(|| format!("`{name}` is no operation"))?;
        if let Shown::Is(only) = op.info().result
            && ty != only
        {
            return Err(format!("{name} gives {only}, not {ty}"));
        }
        let mut ins = Ins::new(op, ty, &[]);
        ins.sunk = sunk;
        let (mut refs, mut lits) = (0, 0);
        for operand in op.info().operands {
            match operand {
                Operand::Ref => {
                    ins.refs[refs] = self.value(word(words, "a value")?)?;
                    refs += 1;
                }
                Operand::List => ins.list = self.list(words)?,
                _ => {
                    ins.lits[lits] = self.literal(*operand, word(words, "a literal")?)?;
                    lits += 1;
                }
            }
        }
        if ins.is_guard() != guard {
            return Err(format!("{name} is {} guard", if guard { "no" } else { "a" }));
        }
        if guard {
            ins.snap = match self.trace.snapshots.len() {
                0 => return Err("a guard needs a snapshot before it".to_owned()),
                n => SnapRef(n as u32 - 1),
            };
        }
        if op == Op::LOOP {
            self.trace.loop_at = IrRef(at);
        }
        self.trace.ins.resize(at as usize, Ins::new(Op::NOP, Type::None, &[]));
        self.trace.ins.push(ins);
        Ok(())
    }

    fn value(&mut self, text: &str) -> Parsed<IrRef> {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return match number(text)? {
                0 => Err("there is no instruction 0".to_owned()),
                n if n < 1 << 30 => Ok(IrRef(n)),
                _ => Err(format!("there is no instruction {text}")),
            };
        }
        let constant = Const::parse(text, self.names).ok_or_else(|| format!("`{text}` is no value"))?;
        Ok(self.trace.constants.intern(constant))
    }

    fn literal(&mut self, kind: Operand, text: &str) -> Parsed<i32> {
        let found = match kind {
            Operand::Mem => MemType::from_text(text).map(|m| m as i32),
            Operand::Field => Field::from_text(text).map(|f| f as i32),
            Operand::Helper => Helper::from_text(text).map(|h| h as i32),
            Operand::Sig => CSignature::parse(text).map(|s| self.trace.add_signature(s)),
            Operand::Lit | Operand::Slot => text.strip_prefix('#').and_then(|t| t.parse().ok()),
            Operand::Ref | Operand::List => None,
        };
        found.ok_or_else(|| format!("`{text}` is not what belongs here ({kind:?})"))
    }

    /// `( 0001 +2 )`
    fn list(&mut self, words: &mut SplitWhitespace) -> Parsed<List> {
        if word(words, "`(`")? != "(" {
            return Err("`(` expected".to_owned());
        }
        let start = self.trace.lists.len() as u32;
        loop {
            match word(words, "`)`")? {
                ")" => return Ok(List { start, len: self.trace.lists.len() as u32 - start }),
                argument => {
                    let value = self.value(argument)?;
                    self.trace.lists.push(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
trace 7 side 3/2 pc=0x10
---- snap 0 pc=0x10 base=0 [ ]
0001    val   SLOAD   #-2
0002 >  num   UNBOX   0001
0003    ptr   FLOAD   tab:0x1000 tab.slots
0004    none  KSTORE  0003 #2 0002
---- snap 1 pc=0x18 base=4 results=2 [ -1=link:0x40 3=0002 4=+1.5 ]
0007 >  none  LT      0002 +10.0
0008    num   CALL    pow ( 0002 +2.0 )
0009 ~  cdata CNEW    #7 #16 #8
0010    i64   CALLC   fn(i32,mem:24,...)->i64 ptr:0x4000 ( +1 ptr:0x8 )
0011    num   XLOAD   f32 ptr:0x8 #4
---- snap 2 pc=0x20 base=0 [ 1=0008 ]
link trace 3
";

    #[test]
    fn text_comes_back() {
        let trace = parse(TEXT, &|_| None).expect("it parses");
        assert_eq!(trace.to_string(), TEXT);
        assert_eq!(trace.ins[7].snap, SnapRef(1));
        assert_eq!(trace.ins[5].op, Op::NOP);
    }

    #[test]
    fn names_come_back() {
        let text = "trace 1 root pc=0x0\n0001    ptr   FLOAD   tab:point tab.slots\nlink loop\n";
        let trace = parse(text, &|name| (name == "point").then_some(0x40)).expect("it parses");
        let names = |c: Const| (c == Const::Object(Type::Tab, 0x40)).then(|| "point".to_owned());
        assert_eq!(trace.display(&names).to_string(), text);
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        let cases = [
            ("0001 num SLOAD", "line 1: a literal expected at the end of the line"),
            ("0001 num SLOAD #1 #2", "line 1: `#2` is too much"),
            ("\n0001 num BLAH 0002", "line 2: `BLAH` is no operation"),
            ("0001 number SLOAD #1", "line 1: `number` is no type"),
            ("0001 int TONUM +1", "line 1: TONUM gives num, not int"),
            ("0001 num ADD 0 +1.0", "line 1: there is no instruction 0"),
            ("0001 none LT +1.0 +2.0", "line 1: LT is a guard"),
            ("0001 > none LT +1.0 +2.0", "line 1: a guard needs a snapshot before it"),
            ("0002 num SLOAD #1\n0002 num SLOAD #1", "line 2: instruction 3 or a later one expected"),
            ("hello", "line 1: `hello` starts no line of a trace"),
            ("---- snap 1 pc=0x0 base=0 [ ]", "line 1: snapshot 0 expected"),
            ("0001 num XLOAD f80 ptr:0x8 #0", "line 1: `f80` is not what belongs here (Mem)"),
            ("0001 num SLOAD #1", "line 1: the trace has no `link`"),
        ];
        for (text, message) in cases {
            assert_eq!(parse(text, &|_| None).map(|_| ()).unwrap_err().to_string(), message);
        }
    }
}
