//! What the optimiser did: which instruction, which pass, which rule, and what came of it.
//!
//! Dumps and the trace explorer read it; so does a person who asks why an instruction is gone. Guards are counted
//! always; the rest is kept only when someone will look, since a long trace has thousands of events.

use crate::ir::{Ins, IrRef, Trace};

/// What became of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Another value stands for it.
    Value(IrRef),
    /// Another instruction took its place.
    Rewritten,
    /// It was a guard that always holds, or a store that nobody sees.
    Removed,
    /// It is not executed; exits make the object.
    Sunk,
}

/// One thing that a pass did.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The pass.
    pub pass: &'static str,
    /// The rule, in the words of its documentation.
    pub rule: &'static str,
    /// Where in the trace it happened.
    pub at: IrRef,
    /// The instruction before.
    pub ins: Ins,
    /// What became of it.
    pub outcome: Outcome,
}

/// What the optimiser did to one trace.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What happened, in order; empty unless [`Report::keep`] was asked for.
    pub events: Vec<Event>,
    /// Whether to keep events.
    pub keep: bool,
    /// Guards that were asked for while recording, the ones that folded away included.
    pub guards_recorded: usize,
    /// Guards of the recorded turn that the loop body does without.
    pub guards_hoisted: usize,
    /// Guards that run on every turn; of a trace without a loop all that are left.
    pub guards_left: usize,
}

impl Report {
    /// Notes one event, if they are kept.
    pub fn note(&mut self, event: Event) {
        if self.keep {
            self.events.push(event);
        }
    }

    /// The events as text, one a line.
    pub fn text(&self, trace: &Trace) -> String {
        let mut text = String::new();
        for event in &self.events {
            let outcome = match event.outcome {
                Outcome::Value(at) => format!("= {}", trace.display(&|_| None).line_of_value(at)),
                Outcome::Rewritten => "rewritten".to_owned(),
                Outcome::Removed => "removed".to_owned(),
                Outcome::Sunk => "sunk".to_owned(),
            };
            let before = trace.display(&|_| None).line_of(event.at, &event.ins);
            text.push_str(&format!("{:<8} {before:<48} {outcome:<12} {}\n", event.pass, event.rule.trim()));
        }
        text
    }
}
