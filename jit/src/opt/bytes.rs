//! Structs on the machine stack: a cdata whose bytes C must see, but the program only at exits, is made at the exits.
//!
//! Allocation sinking takes an object apart into the values that were stored into it. That does not go when C itself writes the bytes (a
//! struct that is returned in memory), when it is handed bytes to copy (a large struct by value), or when a load takes
//! another part than a store wrote (two floats that came back in one register). The bytes must then lie
//! somewhere, but not in an object of the heap: they lie on the machine stack, and an exit makes a cdata with a copy of them.
//!
//! ```text
//!   0003   cdata CNEW  #30 #24 #8              0003   ptr   SCRATCH #24
//!   0004   ptr   ADDR  0003 #8                 0004 ~ cdata CCOPY   0003 #30 #24 #8
//!   0005   none  CALLC fn(sret) … ( 0004 )  => 0005   none  CALLC   fn(sret) … ( 0003 )
//!   0006   i64   XLOAD i64 0004 #16            0006   i64   XLOAD   i64 0003 #16
//!   [ 2=0003 ]                                 [ 2=0004 ]
//! ```
//!
//! In a loop the object of the turn before and that of this one have bytes of their own, and the last thing that a turn does is to copy the
//! second over the first: the PHIs of object and address are gone.
//!
//! Its address *escapes*, and the object is left alone, when it is anything but accessed, copied from or to, passed as the bytes of a struct
//! or as the place of a result. An ordinary pointer argument lets it escape, for C may keep it.
//!
//! **Invariant:** the address is computed right behind the object, so that the two can change places and no operand refers ahead.

use super::emit::Emitter;
use super::report::Outcome;
use crate::ir::{CParam, Ins, IrRef, Link, Op, Trace, Type};
use std::collections::{HashMap, HashSet};

/// Larger structs stay objects.
const MAX_BYTES: i32 = 128;

/// Moves what can be moved to the machine stack. Runs when nothing is emitted any more.
pub fn place(e: &mut Emitter) {
    let mut finder = Finder::new(&e.trace);
    finder.run();
    let Finder { candidates, next, .. } = finder;
    if candidates.is_empty() {
        return;
    }
    for &object in &candidates {
        let ins = e.trace.ins[object.index()];
        e.note("bytes", "only C and exits see it", &ins, Outcome::Sunk);
    }
    let copies = next.into_iter().filter(|(object, _)| candidates.contains(object)).collect();
    rewrite(e, &candidates, copies);
}

/// The place after an instruction.
fn after(at: IrRef) -> IrRef {
    IrRef(at.0 + 1)
}

struct Finder<'t> {
    trace: &'t Trace,
    candidates: HashSet<IrRef>,
    /// Addresses inside candidates.
    addresses: HashMap<IrRef, IrRef>,
    /// Which object takes a candidate's place in the next turn.
    next: HashMap<IrRef, IrRef>,
    escaped: Vec<IrRef>,
}

impl<'t> Finder<'t> {
    fn new(trace: &'t Trace) -> Finder<'t> {
        let candidates: HashSet<IrRef> = trace.refs().filter(|&at| is_candidate(trace, at)).collect();
        let addresses = candidates.iter().map(|&object| (after(object), object)).collect();
        Finder { trace, candidates, addresses, next: HashMap::new(), escaped: Vec::new() }
    }

    fn run(&mut self) {
        if self.candidates.is_empty() {
            return;
        }
        for at in self.trace.refs() {
            self.uses(at, &self.trace.ins[at.index()]);
        }
        // Leaving by the end of a trace is no exception: an object that it restores is made there on every run.
        if !self.trace.loop_at.is_some() || self.trace.link != Link::Loop {
            let end = self.trace.snapshots.last().into_iter().flat_map(|s| &s.entries);
            self.escaped.extend(end.map(|entry| entry.value));
        }
        let taken: Vec<IrRef> = self.next.values().copied().collect();
        let pairs: Vec<(IrRef, IrRef)> = self.next.iter().map(|(&a, &b)| (a, b)).collect();
        for (a, b) in pairs {
            let same_kind = self.trace.ins[a.index()].lits == self.trace.ins[b.index()].lits;
            let in_turn = a < self.trace.loop_at && b > self.trace.loop_at;
            if !same_kind || !in_turn || taken.iter().filter(|&&other| other == b).count() > 1 {
                self.escaped.extend([a, b]);
            }
        }
        while let Some(object) = self.escaped.pop() {
            if self.candidates.remove(&object) {
                self.escaped.extend(self.next.get(&object));
                self.escaped.extend(self.next.iter().filter(|&(_, &b)| b == object).map(|(&a, _)| a));
            }
        }
    }

    /// The candidate that a value is or points into.
    fn object(&self, at: IrRef) -> Option<IrRef> {
        if self.candidates.contains(&at) { Some(at) } else { self.addresses.get(&at).copied() }
    }

    fn escape(&mut self, at: IrRef) {
        self.escaped.extend(self.object(at));
    }

    fn uses(&mut self, at: IrRef, ins: &Ins) {
        let is_address = |finder: &Self, at: IrRef| finder.addresses.contains_key(&at);
        match ins.op {
            Op::ADDR if self.addresses.contains_key(&at) => {}
            Op::ADD | Op::INDEX if ins.ty == Type::Ptr && is_address(self, ins.a()) => {
                self.addresses.insert(at, self.addresses[&ins.a()]);
                self.escape(ins.b());
            }
            Op::XLOAD if is_address(self, ins.a()) => {}
            Op::XSTORE if is_address(self, ins.a()) => self.escape(ins.b()),
            Op::XCOPY => {
                for side in [ins.a(), ins.b()] {
                    if !is_address(self, side) {
                        self.escape(side);
                    }
                }
            }
            Op::CALLC => {
                self.escape(ins.a());
                for (&argument, param) in self.trace.list(ins.list).iter().zip(&self.trace.signature(ins).params) {
                    if matches!(param, CParam::Scalar(_)) || !is_address(self, argument) {
                        self.escape(argument);
                    }
                }
            }
            Op::PHI => self.goes_around(ins.a(), ins.b()),
            _ => self.trace.for_each_use(ins, |r| self.escape(r)),
        }
    }

    /// A PHI of two objects, or of the addresses right behind them, makes them a pair.
    fn goes_around(&mut self, a: IrRef, b: IrRef) {
        let (Some(x), Some(y)) = (self.object(a), self.object(b)) else {
            self.escape(a);
            return self.escape(b);
        };
        let alike = (a == x && b == y) || (a == after(x) && b == after(y));
        if !alike || *self.next.entry(x).or_insert(y) != y {
            self.escaped.extend([x, y]);
        }
    }
}

fn is_candidate(trace: &Trace, at: IrRef) -> bool {
    let ins = &trace.ins[at.index()];
    let Some(address) = trace.ins_of(after(at), Op::ADDR) else { return false };
    let fits = ins.op == Op::CNEW && !ins.sunk && (1..=MAX_BYTES).contains(&ins.lits[1]);
    fits && address.a() == at
        && address.lits[0] == ins.lits[2]
        && trace.snapshots.iter().all(|snapshot| snapshot.at != after(at))
}

fn rewrite(e: &mut Emitter, candidates: &HashSet<IrRef>, copies: Vec<(IrRef, IrRef)>) {
    let renamed = |r: IrRef| match r {
        r if candidates.contains(&r) => after(r),
        r if r.is_instruction() && r.0 > 0 && candidates.contains(&IrRef(r.0 - 1)) => IrRef(r.0 - 1),
        r => r,
    };
    let trace = &mut e.trace;
    for ins in &mut trace.ins {
        ins.refs = ins.refs.map(renamed);
    }
    trace.lists.iter_mut().for_each(|r| *r = renamed(*r));
    for snapshot in &mut trace.snapshots {
        snapshot.entries.iter_mut().for_each(|entry| entry.value = renamed(entry.value));
    }
    for &object in candidates {
        let new = trace.ins[object.index()];
        let [ctype, size, payload] = new.lits;
        let scratch = Ins::new(Op::SCRATCH, Type::Ptr, &[]).with_lits(&[size]);
        let copy = Ins::new(Op::CCOPY, Type::Cdata, &[object]).with_lits(&[ctype, size, payload]);
        for (at, ins) in [(object, scratch), (after(object), Ins { sunk: true, ..copy })] {
            let old = &mut trace.ins[at.index()];
            *old = Ins { prev: old.prev, origin: old.origin, ..ins };
        }
    }
    // What goes around is copied as the last thing in a turn.
    let phis: Vec<Ins> = trace.phis().map(|(_, phi)| *phi).collect();
    let Some(first) = trace.phis().next().map(|(at, _)| at) else { return };
    let snapshots = trace.snapshots.len();
    e.truncate(first, snapshots);
    let mut copies = copies;
    copies.sort();
    for (a, b) in copies {
        let size = e.trace.ins[a.index()].lits[0];
        e.append(Ins::new(Op::XCOPY, Type::None, &[a, b]).with_lits(&[size]));
    }
    for phi in phis {
        let of_bytes = candidates.contains(&phi.a()) || phi.a().0 > 0 && candidates.contains(&IrRef(phi.a().0 - 1));
        if !of_bytes {
            e.append(Ins::new(Op::PHI, phi.ty, &phi.refs[..2]));
        }
    }
}
