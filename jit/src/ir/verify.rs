//! Checks that a trace is well formed: what the passes and the backend rely on without looking again.
//!
//! References point backwards, types fit their operations, guards have snapshots, snapshots hold what can be restored. It runs
//! on everything that was parsed, and in debug builds after every pass.

use super::helpers::Failure;
use super::memory::MemType;
use super::ops::{Op, Operand, Shown};
use super::signature::CParam;
use super::trace::{Ins, IrRef, SnapRef, Trace};
use super::types::{Register, Type};

/// Checks a whole trace; the error names the instruction.
pub fn verify(trace: &Trace) -> Result<(), String> {
    let mut snapshots = trace.snapshots.iter();
    let mut last_at = IrRef::NONE;
    for (n, snapshot) in trace.snapshots.iter().enumerate() {
        let complain = |what: &str| Err(format!("snap {n}: {what}"));
        if snapshot.at < last_at {
            return complain("it stands before the previous one");
        }
        last_at = snapshot.at;
        if snapshot.entries.windows(2).any(|w| w[0].slot >= w[1].slot) {
            return complain("its slots are not in order");
        }
        for entry in &snapshot.entries {
            let ty = trace.ty(entry.value);
            if !(ty.is_lua() || ty == Type::Link) {
                return complain(&format!("slot {} holds a {ty}", entry.slot));
            }
            if entry.value.is_instruction() && entry.value >= snapshot.at {
                return complain(&format!("slot {} holds a later value", entry.slot));
            }
        }
    }
    let mut last = SnapRef::NONE;
    let mut next = 0;
    for at in trace.refs() {
        while snapshots.as_slice().first().is_some_and(|s| s.at <= at) {
            snapshots.next();
            last = SnapRef(next);
            next += 1;
        }
        let ins = &trace.ins[at.index()];
        let complain = |what: String| Err(format!("{}: {what}", trace.display(&|_| None).line(at)));
        if let Err(what) = operands(trace, at, ins) {
            return complain(what);
        }
        if let Err(what) = types(trace, ins) {
            return complain(what);
        }
        if ins.is_guard() && (ins.snap == SnapRef::NONE || ins.snap != last) {
            return complain("a guard leaves by the snapshot before it".to_owned());
        }
    }
    Ok(())
}

/// References point backwards to something that has a value, and literals mean something.
fn operands(trace: &Trace, at: IrRef, ins: &Ins) -> Result<(), String> {
    let known = |r: IrRef| r.is_constant() || (r.is_some() && trace.ins(r).is_some_and(|i| i.ty != Type::None));
    let count = ins.op.info().operands.iter().filter(|&&o| o == Operand::Ref).count();
    for (n, &operand) in ins.refs[..count].iter().enumerate() {
        let late = operand.is_instruction() && operand >= at && !(ins.op == Op::PHI && n == 1);
        if late || !known(operand) {
            return Err(format!("operand {operand:?} has no value here"));
        }
    }
    for &argument in trace.list(ins.list) {
        if !known(argument) || argument.is_instruction() && argument >= at {
            return Err(format!("argument {argument:?} has no value here"));
        }
    }
    match ins.op {
        Op::LOOP if trace.loop_at != at => Err("this is not the trace's loop".to_owned()),
        Op::PHI if trace.loop_at == IrRef::NONE => Err("a PHI without a loop".to_owned()),
        Op::PHI if ins.a() >= trace.loop_at => Err("the first operand stands before the loop".to_owned()),
        _ => Ok(()),
    }
}

/// The types of operands and result fit the operation.
fn types(trace: &Trace, ins: &Ins) -> Result<(), String> {
    let [a, b, c] = ins.refs.map(|r| trace.ty(r));
    let need = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what} expected")) };
    match ins.op.info().result {
        Shown::Same => need(ins.ty == a, "the type of the first operand")?,
        Shown::Is(ty) => need(ins.ty == ty, ty.text())?,
        Shown::Any => {}
    }
    let integer = |t: Type| matches!(t, Type::Int | Type::I64 | Type::U64);
    match ins.op {
        Op::SLOAD => need(ins.ty.is_lua() || ins.ty == Type::Link, "a Lua type"),
        Op::UNBOX => need(a.is_lua() && ins.ty.is_lua() && !matches!(ins.ty, Type::Val | Type::Int), "a Lua type"),
        Op::BOX => need(a.is_lua(), "a Lua value"),
        Op::EQ | Op::NE => need(a == b && a.register() != Register::Nothing, "two of a type"),
        Op::LT | Op::LE | Op::GT | Op::GE => need(a == b && (a == Type::Num || integer(a)), "two numbers of a type"),
        Op::NLT | Op::NLE | Op::NGT | Op::NGE => need(a == Type::Num && b == Type::Num, "two of num"),
        Op::ULT | Op::ULE | Op::UGT | Op::UGE => need(a == b && a.is_integer(), "two integers of a type"),
        Op::SHAPE => need(a == Type::Tab, "a table"),
        Op::EPOCH | Op::STACK | Op::POLL | Op::EVENT | Op::SCRATCH | Op::TNEW | Op::CNEW => Ok(()),
        Op::LOOP | Op::NOP => Ok(()),
        Op::ADD | Op::SUB if a == Type::Ptr => need(matches!(b, Type::Ptr | Type::I64 | Type::U64), "an offset"),
        Op::ADD | Op::SUB | Op::MUL | Op::DIV | Op::MOD | Op::MIN | Op::MAX => {
            need(a == b && (a == Type::Num || integer(a)), "two numbers of a type")
        }
        Op::NEG | Op::ABS => need(a == Type::Num || integer(a), "a number"),
        Op::SQRT | Op::FLOOR | Op::CEIL | Op::TRUNC | Op::FROUND | Op::TOINT | Op::TOBIT => need(a == Type::Num, "num"),
        Op::ADDOV | Op::SUBOV | Op::MULOV => need(a == Type::Int && b == Type::Int, "two of int"),
        Op::BNOT | Op::BSWAP => need(integer(a), "an integer"),
        Op::BAND | Op::BOR | Op::BXOR => need(integer(a) && a == b, "two integers of a type"),
        Op::SHL | Op::SHR | Op::SAR | Op::ROL | Op::ROR => need(integer(a) && b == Type::Int, "an integer and an int"),
        Op::TONUM => need(integer(a), "an integer"),
        Op::CONV => {
            let number = |t: Type| t == Type::Num || t.is_integer();
            need(number(a) && number(ins.ty) && (a, ins.ty) != (Type::Num, Type::Num), "two number types")
        }
        Op::WRAP => {
            need(a == Type::Int && !ins.mem().is_float() && ins.ty == ins.mem().ty(), "an int and an integer type")
        }
        Op::FLOAD => {
            let field = ins.field();
            let object = field.text().split('.').next().unwrap_or("");
            need(ins.ty == field.ty() && (a.text() == object || a == Type::Ptr), "the object that has the field")
        }
        Op::ALOAD => need(a == Type::Ptr && b == Type::Int, "an array and an int"),
        Op::ASTORE => need(a == Type::Ptr && b == Type::Int && c.is_lua(), "an array, an int and a Lua value"),
        Op::KLOAD | Op::ULOAD => need(a == Type::Ptr, "an address"),
        Op::KSTORE | Op::USTORE => need(a == Type::Ptr && b.is_lua(), "an address and a Lua value"),
        Op::NEWKEY => need(a == Type::Tab && b.is_lua(), "a table and a Lua value"),
        Op::RESHAPE => need(a == Type::Tab, "a table"),
        Op::NEWITEM => need(a == Type::Tab && b == Type::Int && c.is_lua(), "a table, an int and a Lua value"),
        Op::SADDR | Op::RLOAD => Ok(()),
        Op::SSTORE => need(a.is_lua(), "a Lua value"),
        Op::UREF => need(a == Type::Fun, "a function"),
        Op::BARRIER => need(a.is_object() || a == Type::Ptr, "an object"),
        Op::CCOPY => need(a == Type::Ptr, "an address"),
        Op::ADDR => need(a.is_object(), "an object"),
        Op::INDEX => need(a == Type::Ptr && integer(b), "an address and an integer"),
        Op::XLOAD => need(a == Type::Ptr && ins.ty == ins.mem().ty(), "an address"),
        Op::XSTORE => need(a == Type::Ptr && storable(b, ins.mem()), "an address and a value of the C type"),
        Op::XCOPY => need(a == Type::Ptr && b == Type::Ptr, "two addresses"),
        Op::TDUP => need(a == Type::Tab, "a table"),
        Op::CBOX => need(storable(a, ins.mem()), "a value of the C type"),
        Op::CLOSURE => need(a == Type::Ptr && b == Type::Fun, "a prototype and a function"),
        Op::CALL => call(trace, ins),
        Op::CALLC => native_call(trace, ins),
        Op::RESULT => need(trace.ins_of(ins.a(), Op::CALLC).is_some(), "a CALLC"),
        Op::PHI => need(a == b || a == Type::Val && b.is_lua(), "two of a type"),
    }
}

/// Whether a value of this type can be stored as that C type.
fn storable(ty: Type, mem: MemType) -> bool {
    match mem {
        MemType::I8 | MemType::U8 | MemType::I16 | MemType::U16 | MemType::I32 => ty == Type::Int,
        MemType::U32 => matches!(ty, Type::Int | Type::I64 | Type::U64),
        MemType::I64 | MemType::U64 => matches!(ty, Type::I64 | Type::U64),
        MemType::F32 | MemType::F64 => ty == Type::Num,
        MemType::Ptr => ty == Type::Ptr,
    }
}

fn call(trace: &Trace, ins: &Ins) -> Result<(), String> {
    let info = ins.helper().ok_or("a helper expected")?.info();
    let arguments = trace.list(ins.list);
    if arguments.len() != info.params.len() {
        return Err(format!("{} takes {} arguments", info.name, info.params.len()));
    }
    for (&argument, &param) in arguments.iter().zip(info.params) {
        let ty = trace.ty(argument);
        if !(ty == param || param == Type::Val && ty.is_lua()) {
            return Err(format!("{} takes a {param}, not a {ty}", info.name));
        }
    }
    match (info.failure, info.result == ins.ty) {
        (Failure::Null, true) if info.result.register() != Register::Long => Err("a pointer expected".to_owned()),
        (_, true) => Ok(()),
        (_, false) => Err(format!("{} gives {}", info.name, info.result)),
    }
}

fn native_call(trace: &Trace, ins: &Ins) -> Result<(), String> {
    let signature = trace.signatures.get(ins.lits[0] as usize).ok_or("a signature expected")?;
    let arguments = trace.list(ins.list);
    if arguments.len() != signature.params.len() {
        return Err(format!("the function takes {} arguments", signature.params.len()));
    }
    for (&argument, param) in arguments.iter().zip(&signature.params) {
        let ty = trace.ty(argument);
        let fits = match param {
            CParam::Scalar(mem) => storable(ty, *mem),
            CParam::Memory(_) | CParam::Result => ty == Type::Ptr,
        };
        if !fits {
            return Err(format!("{param:?} is not passed as {ty}"));
        }
    }
    let result = signature.results.first().map_or(Type::None, |m| m.ty());
    if ins.ty == result { Ok(()) } else { Err(format!("the function gives {result}")) }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn complaint(text: &str) -> String {
        let text = format!("---- snap 0 pc=0x0 base=0 [ ]\n{text}\nlink loop");
        match verify(&parse(&text, &|_| None).expect("it parses")) {
            Ok(()) => "none".to_owned(),
            Err(message) => message.rsplit(": ").next().unwrap_or("").to_owned(),
        }
    }

    #[test]
    fn what_is_well_formed_passes() {
        assert_eq!(complaint("0001 val SLOAD #1\n0002 > num UNBOX 0001\n0003 num ADD 0002 +1.0"), "none");
        assert_eq!(complaint("0001 ptr XLOAD ptr ptr:0x8 #0\n0002 ptr ADD 0001 +8LL"), "none");
    }

    #[test]
    fn what_is_not_is_refused() {
        let cases = [
            ("0001 num ADD 0002 +1.0\n0002 num SLOAD #1", "operand 0002 has no value here"),
            ("0001 num ADD +1.0 +1", "two numbers of a type expected"),
            ("0001 int TOBIT +1", "num expected"),
            ("0001 > none LT nil nil", "two numbers of a type expected"),
            ("0001 num CALL sin ( )", "sin takes 1 arguments"),
            ("0001 num CALL sin ( +1 )", "sin takes a num, not a int"),
            ("0001 i64 CALLC fn(i32)->i64 ptr:0x8 ( +1.0 )", "Scalar(I32) is not passed as num"),
            ("0001 num PHI +1.0 +2.0", "a PHI without a loop"),
            ("0001 int FLOAD tab:0x8 str.len", "the object that has the field expected"),
            ("0001 none XSTORE f64 ptr:0x8 #0 +1", "an address and a value of the C type expected"),
        ];
        for (text, message) in cases {
            assert_eq!(complaint(text), message, "{text}");
        }
    }

    #[test]
    fn snapshots_hold_lua_values_in_order() {
        let bad = |entries: &str| {
            let text = format!("0001 i64 CONV +1\n---- snap 0 pc=0x0 base=0 [ {entries} ]\nlink loop");
            verify(&parse(&text, &|_| None).expect("it parses")).unwrap_err()
        };
        assert_eq!(bad("1=0001"), "snap 0: slot 1 holds a i64");
        assert_eq!(bad("2=nil 1=nil"), "snap 0: its slots are not in order");
    }
}
