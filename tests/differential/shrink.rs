//! Makes a failing program small: tries smaller ones, keeps each that still fails, until none does. A program that fails only
//! after others, whose traces or garbage it finds, is made small together with them.
//!
//! Smaller programs come from the tree alone, so that they stay syntactically right; that they stay sensible nobody asks. A
//! variable whose declaration went is a global that is nil, and both implementations say so.

use crate::tree::{Kind, Node, Piece, block, expression, statement};
use std::time::{Duration, Instant};

/// When to be content with what there is: some programs fail by taking for ever.
const LIMIT: Duration = Duration::from_secs(90);

/// The fewest and smallest programs found by these rules for which `fails` holds, as it does for `programs`. The last is the one
/// that shows the failure; those before it may be what it takes, and go first.
pub fn shrink(mut programs: Vec<Node>, fails: impl Fn(&[Node]) -> bool) -> Vec<Node> {
    let end = Instant::now() + LIMIT;
    let fails = |programs: &[Node]| Instant::now() < end && fails(programs);
    let mut length = programs.len() - 1;
    while length > 0 {
        let mut start = 0;
        while start + length < programs.len() {
            let fewer = [&programs[..start], &programs[start + length..]].concat();
            if fails(&fewer) { programs = fewer } else { start += length }
        }
        length /= 2;
    }
    for place in 0..programs.len() {
        programs[place] = shrink_one(programs[place].clone(), |program| {
            let mut others = programs.clone();
            others[place] = program.clone();
            fails(&others)
        });
    }
    programs
}

fn shrink_one(program: Node, fails: impl Fn(&Node) -> bool) -> Node {
    let mut best = program;
    let mut number = 0;
    let mut improved = false;
    loop {
        let Some(node) = best.at(number) else {
            // One whole pass without success is the end; the passes before may have opened new ways.
            if !improved {
                return best;
            }
            (number, improved) = (0, false);
            continue;
        };
        let smaller = candidates(node).into_iter().map(|other| best.with(number, &other)).find(&fails);
        match smaller {
            Some(program) => (best, improved) = (program, true),
            None => number += 1,
        }
    }
}

/// What may stand in a node's place, the boldest first.
fn candidates(node: &Node) -> Vec<Node> {
    match node.kind {
        Kind::Block | Kind::Sequence => fewer_statements(node),
        Kind::Statement => Vec::new(),
        Kind::Expression => {
            let constants = ["0", "nil", "''"].into_iter().map(|text| expression![text]);
            let inner = node.children().filter(|child| child.kind == Kind::Expression).cloned();
            if node.size() == 1 { Vec::new() } else { constants.chain(inner).collect() }
        }
    }
}

/// The block without a run of statements, long runs first; and with a statement's inner blocks in place of the statement.
fn fewer_statements(node: &Node) -> Vec<Node> {
    let count = node.pieces.len();
    let mut all = Vec::new();
    let mut length = count;
    while length > 0 {
        for start in (0..count).step_by(length) {
            let end = (start + length).min(count);
            all.push(spliced(node, start, end, &[]));
        }
        length /= 2;
    }
    for (place, statement) in node.children().enumerate() {
        let mut blocks = Vec::new();
        inner_blocks(statement, &mut blocks);
        for inner in blocks {
            all.push(spliced(node, place, place + 1, &inner.pieces));
        }
    }
    all
}

/// The blocks nearest to the node, whether directly inside or inside its expressions.
fn inner_blocks<'n>(node: &'n Node, blocks: &mut Vec<&'n Node>) {
    for child in node.children() {
        match child.kind {
            Kind::Block | Kind::Sequence => blocks.push(child),
            Kind::Statement | Kind::Expression => inner_blocks(child, blocks),
        }
    }
}

/// The node with other statements in place of those from `start` to before `end`.
fn spliced(node: &Node, start: usize, end: usize, others: &[Piece]) -> Node {
    let pieces = [&node.pieces[..start], others, &node.pieces[end..]].concat();
    Node { kind: node.kind, pieces }
}

/// Shrinking is tested without an implementation: "fails" is a property of the text.
pub fn self_test() -> Result<(), String> {
    let inner = block(vec![statement!["a()"], statement!["b()"]]);
    let looped = statement!["for i = 1, 9 do", inner, "end"];
    let sum = expression!["(", expression!["x"], " + ", expression!["f()"], ")"];
    let program = block(vec![statement!["c()"], looped, statement!["out(", sum, ")"]]);
    let needs =
        |programs: &[Node], place: usize, text: &str| programs.get(place).is_some_and(|p| p.text().contains(text));
    let company = vec![block(vec![statement!["d()"]]), block(vec![statement!["e()"], statement!["f()"]]), program];
    let small = shrink(company, |all| needs(all, 0, "e()") && needs(all, 1, "b()") && needs(all, 1, "f()"));
    let texts: Vec<String> = small.iter().map(Node::text).collect();
    if texts == ["e()\n", "b()\nout(f())\n"] { Ok(()) } else { Err(format!("the shrinker leaves {texts:?}")) }
}
