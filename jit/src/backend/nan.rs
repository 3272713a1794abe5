//! Which numbers may be a foreign NaN.
//!
//! A boxed NaN must be the canonical one, since the others look like tags. Arithmetic makes only that; but a `double` read out of C
//! memory or returned by a C function may be any NaN, and arithmetic hands its payload on. Making it canonical where it enters would
//! cost a compare and a move in every loop over an array of doubles; instead it is done where such a number is *boxed*, and
//! this analysis finds the few that need it. Most numbers that came from C are summed, compared and stored back to C.

use crate::ir::{MemType, Op, Trace, Type};

/// For each instruction, whether its value may be a NaN that did not come from arithmetic or from a Lua value.
pub fn foreign(trace: &Trace) -> Vec<bool> {
    let mut foreign = vec![false; trace.ins.len()];
    // A PHI may hand a foreign NaN to the start of the loop, and on from there to others: repeat until nothing changes.
    loop {
        let mut changed = false;
        for at in trace.refs() {
            let ins = &trace.ins[at.index()];
            let of = |r: crate::ir::IrRef| r.is_instruction() && foreign[r.index()];
            let now = ins.ty == Type::Num
                && match ins.op {
                    Op::XLOAD => matches!(ins.mem(), MemType::F32 | MemType::F64),
                    Op::CALLC | Op::RESULT => true,
                    Op::CALL => trace.list(ins.list).iter().any(|&r| of(r)),
                    Op::SLOAD | Op::UNBOX | Op::TONUM | Op::CONV => false,
                    _ => ins.refs.iter().any(|&r| of(r)),
                };
            if ins.op == Op::PHI && now && !foreign[ins.a().index()] {
                foreign[ins.a().index()] = true;
                changed = true;
            }
            changed |= now && !std::mem::replace(&mut foreign[at.index()], now);
        }
        if !changed {
            return foreign;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse::parse;

    #[test]
    fn what_came_from_c_is_foreign_around_the_loop() {
        let text = "\
---- snap 0 pc=0x0 base=0 [ ]
0001    val   SLOAD   #1
0002 >  num   UNBOX   0001
0003    num   XLOAD   f64 ptr:0x8 #0
0004    num   ADD     0002 +1.0
0005    none  LOOP
0006    num   ADD     0004 +2.0
0007    num   ADD     0003 0006
0008    num   PHI     0004 0007
link loop
";
        let trace = parse(text, &|_| None).expect("it parses");
        assert_eq!(foreign(&trace)[1..=7], [false, false, true, true, false, true, true]);
    }
}
