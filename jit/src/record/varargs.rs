//! Vararg functions: a trace knows how many arguments there are, since the link of the function's second frame holds the number.

use super::call::fill_parameters;
use super::liveness::Registers;
use super::recorder::{FrameInfo, Multiple};
use super::{At, Flow, Recorder};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::value::Value;
use moonwake_lang::vm::frame::{Link, LinkKind};

/// `FUNCV`: the parameters are copied to a second frame above all arguments.
pub fn enter_function(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (registers, params, count) = (at.ins.a() as i32, at.ins.d(), at.count);
    let below = r.base;
    let base = below + count as i32 + 2;
    r.need_stack(base + registers)?;
    if r.frames.iter().filter(|f| f.proto == Some(at.proto())).count() as i32 > 2 * r.limits.callunroll {
        return Err(Reason::CallUnroll.into());
    }
    let function = r.slot(below - 2);
    r.slots.write(base - 2, function);
    let link = r.link(Link::typed(LinkKind::Vararg, count + 2));
    r.slots.write(base - 1, link);
    for i in 0..params.min(count) as i32 {
        let argument = r.slot(below + i);
        r.slots.write(base + i, argument);
    }
    fill_parameters(r, base, count, params);
    r.slots.kill_from(base + params as i32);
    let mut arguments = Registers::NONE;
    (0..count).for_each(|i| arguments.add(i));
    r.leave_frame(arguments);
    let proto = Some(at.proto());
    r.push_frame(FrameInfo { base, proto, places: 2, live: Registers::ALL });
    Ok(Flow::Next)
}

/// `VARARG`
pub fn values(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (a, wanted, named) = (at.ins.a() as i32, at.ins.b(), at.ins.c());
    let total = r.guarded_link(at)?.distance() - 2;
    let available = total.saturating_sub(named);
    let count = if wanted == 0 { available } else { wanted - 1 };
    if count > MAX_COPIED {
        return Err(Reason::NyiVarargs.into());
    }
    let first = r.base - (total + 2) as i32 + named as i32;
    let nil = r.value(Value::NIL).ir;
    let values: Vec<_> = (0..count).map(|i| if i < available { r.slot(first + i as i32) } else { nil }).collect();
    for (i, value) in values.into_iter().enumerate() {
        r.slots.write(r.base + a + i as i32, value);
    }
    if wanted == 0 {
        let room = r.base + a + available as i32 + 8;
        r.need_stack(room)?;
        r.multiple = Some(Multiple { first: r.base + a, count: available as u32 });
    }
    Ok(Flow::Next)
}

/// Values that a trace copies one by one.
const MAX_COPIED: usize = 100;
