//! Random programs that always end and that every right implementation runs alike.
//!
//! **They end** because loops bound themselves, functions never call themselves, and the generator keeps account: it knows how
//! often each place runs (`times`), adds up what is spent (`work`), and stops short of a limit.
//!
//! **They run alike** because expressions have types: an arithmetic one yields a number, a list is never given holes, nothing
//! prints an address or depends on the order of `pairs`, and numbers become strings only once they are no NaN (whose sign
//! shows). Mistakes are made on purpose and under `pcall`, where their messages are compared ([`errors`]).
//!
//! Read [`values`] for expressions, [`statements`] for what is plain, [`features`] for what Lua is chosen for, [`corners`] for what is
//! seldom met, [`cvalues`] for the FFI, [`errors`] last.

mod corners;
mod cvalues;
mod errors;
mod features;
mod statements;
mod values;

use crate::random::Random;
use crate::tree::{Node, block};

/// What a variable or an expression holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// A number, NaN and infinities included.
    Number,
    /// A string of some 60 bytes at most.
    String,
    /// A boolean.
    Boolean,
    /// An array of numbers with at least one element.
    List,
    /// A table from strings to numbers.
    Map,
    /// An instance of the program's class, which `features` writes.
    Object,
    /// A function from one or two numbers to a number.
    Function {
        /// How many numbers it takes.
        parameters: usize,
    },
}

/// A name in scope.
#[derive(Clone, Debug)]
struct Variable {
    name: String,
    holds: Type,
    /// Whether assignments may go to it: not to a loop's variable, nor to a function.
    assignable: bool,
    /// What one call costs, for a function.
    cost: u64,
}

/// What is spent at most by a program, in statements executed.
const LIMIT: u64 = 25_000;

/// The state of making one program.
pub struct Generator {
    random: Random,
    scope: Vec<Variable>,
    /// How many names were made so far: each is new.
    names: usize,
    /// How often the place that is being written runs, within its function.
    times: u64,
    /// What is spent so far, within the function that is being written.
    work: u64,
    /// What may be spent there.
    limit: u64,
    /// How deep blocks nest here.
    depth: usize,
    /// Whether `break` is allowed here.
    in_loop: bool,
    /// Whether the program has a class.
    class: bool,
}

/// The program of a seed.
pub fn program(seed: u64) -> Node {
    let mut generator = Generator {
        random: Random::new(seed),
        scope: Vec::new(),
        names: 0,
        times: 1,
        work: 0,
        limit: LIMIT,
        depth: 0,
        in_loop: false,
        class: false,
    };
    let mut statements = Vec::new();
    if generator.random.chance(50) {
        statements.extend(generator.class());
    }
    // Something to reckon with from the first line on: constants alone would be folded before anything runs.
    for holds in [Type::Number, Type::Number, Type::String] {
        let next = generator.declaration_of(holds);
        statements.push(next);
    }
    for _ in 0..generator.random.between(4, 14) {
        let next = generator.statement();
        statements.push(next);
    }
    statements.push(generator.show_everything());
    block(statements)
}

impl Generator {
    /// A name that no one has yet.
    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// Brings a variable into scope.
    fn declare(&mut self, name: &str, holds: Type, assignable: bool) {
        self.scope.push(Variable { name: name.to_owned(), holds, assignable, cost: 0 });
    }

    /// Some variable that `fits`.
    fn variable(&mut self, fits: impl Fn(&Variable) -> bool) -> Option<Variable> {
        let fitting: Vec<usize> = (0..self.scope.len()).filter(|&place| fits(&self.scope[place])).collect();
        if fitting.is_empty() {
            return None;
        }
        // The newest names are the likeliest, so that loops work on what they declare.
        let place = self.random.below(fitting.len()).max(self.random.below(fitting.len()));
        Some(self.scope[fitting[place]].clone())
    }

    /// Whether something that costs this much may still be done here.
    fn affords(&self, cost: u64) -> bool {
        self.work + cost.saturating_mul(self.times) <= self.limit
    }

    /// Takes account of something done here.
    fn spend(&mut self, cost: u64) {
        self.work += cost.saturating_mul(self.times);
    }

    /// A block with its own scope that runs `times` times for each time that this place does.
    fn inner(&mut self, times: u64, write: impl FnOnce(&mut Self) -> Vec<Node>) -> Node {
        let (names, before) = (self.scope.len(), self.times);
        self.times = before.saturating_mul(times.max(1));
        self.depth += 1;
        let statements = write(self);
        self.depth -= 1;
        self.times = before;
        self.scope.truncate(names);
        block(statements)
    }

    /// The body of a function, which has an account of its own. Returns it with what one call costs.
    fn function_body(&mut self, limit: u64, write: impl FnOnce(&mut Self) -> Vec<Node>) -> (Node, u64) {
        let (times, work, outer_limit, in_loop) = (self.times, self.work, self.limit, self.in_loop);
        (self.times, self.work, self.limit, self.in_loop) = (1, 0, limit, false);
        let body = self.inner(1, write);
        let cost = self.work + 1;
        (self.times, self.work, self.limit, self.in_loop) = (times, work, outer_limit, in_loop);
        (body, cost)
    }

    /// A few statements.
    fn statements(&mut self, most: usize) -> Vec<Node> {
        let count = self.random.between(most.div_ceil(2), most);
        (0..count).map(|_| self.statement()).collect()
    }
}
