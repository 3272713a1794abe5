//! A program as a tree of text: what the generator builds, what prints as Lua, and what the shrinker cuts.
//!
//! The tree knows no more of Lua than shrinking needs: which pieces are blocks, statements and expressions. Text that must not be
//! cut apart, such as a loop's bound on its own running, lies inside one node. Each statement takes a line of its own, so that
//! line numbers in messages differ wherever an implementation has them wrong.

use std::borrow::Cow;

/// What a node is, as far as shrinking cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Statements with a scope of their own: any may go.
    Block,
    /// Statements that stand in the scope around them: any may go.
    Sequence,
    /// A statement: the blocks inside may stand in its place.
    Statement,
    /// An expression: any expression inside, or a constant, may stand in its place.
    Expression,
}

/// A node: text and nodes in the order in which they print. The pieces of a block and of a sequence are all statements.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// What it is made of.
    pub pieces: Vec<Piece>,
}

/// A part of a node.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Lua text.
    Text(Cow<'static, str>),
    /// A node inside.
    Node(Node),
}

impl From<&'static str> for Piece {
    fn from(text: &'static str) -> Self {
        Piece::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Piece::Text(Cow::Owned(text))
    }
}

impl From<Node> for Piece {
    fn from(node: Node) -> Self {
        Piece::Node(node)
    }
}

/// A statement made of texts and nodes: `statement!["return ", value]`.
macro_rules! statement {
    ($($piece:expr),+ $(,)?) => {
        $crate::tree::Node { kind: $crate::tree::Kind::Statement, pieces: vec![$($piece.into()),+] }
    };
}

/// An expression made of texts and nodes, which is safe to put between any operators: `expression!["(", a, " + ", b, ")"]`.
macro_rules! expression {
    ($($piece:expr),+ $(,)?) => {
        $crate::tree::Node { kind: $crate::tree::Kind::Expression, pieces: vec![$($piece.into()),+] }
    };
}

pub(crate) use {expression, statement};

/// A block of statements.
pub fn block(statements: Vec<Node>) -> Node {
    Node { kind: Kind::Block, pieces: statements.into_iter().map(Piece::Node).collect() }
}

/// Statements that stand where one may.
pub fn sequence(statements: Vec<Node>) -> Node {
    Node { kind: Kind::Sequence, ..block(statements) }
}

impl Node {
    /// The Lua text of a program.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.print(0, &mut text);
        text.push('\n');
        text
    }

    fn print(&self, depth: usize, text: &mut String) {
        for (place, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(words) => text.push_str(words),
                Piece::Node(node) if node.kind == Kind::Block => {
                    node.print(depth + 1, text);
                    new_line(depth, text);
                }
                Piece::Node(node) => {
                    let starts_line = match self.kind {
                        Kind::Block => !text.is_empty(),
                        Kind::Sequence => place > 0,
                        Kind::Statement | Kind::Expression => false,
                    };
                    if starts_line {
                        new_line(depth, text);
                    }
                    node.print(depth, text);
                }
            }
        }
    }

    /// How many nodes there are, this one included.
    pub fn size(&self) -> usize {
        1 + self.children().map(Node::size).sum::<usize>()
    }

    /// The nodes directly inside.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Node(node) => Some(node),
            Piece::Text(_) => None,
        })
    }

    /// The node with this number, counted as they print, this one being 0.
    pub fn at(&self, mut number: usize) -> Option<&Node> {
        if number == 0 {
            return Some(self);
        }
        number -= 1;
        for child in self.children() {
            let size = child.size();
            if number < size {
                return child.at(number);
            }
            number -= size;
        }
        None
    }

    /// This tree with another node in place of the one with this number.
    pub fn with(&self, mut number: usize, other: &Node) -> Node {
        if number == 0 {
            return other.clone();
        }
        number -= 1;
        let mut done = false;
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Node(child) if !done => {
                let size = child.size();
                if number < size {
                    done = true;
                    return Piece::Node(child.with(number, other));
                }
                number -= size;
                piece.clone()
            }
            _ => piece.clone(),
        });
        Node { kind: self.kind, pieces: pieces.collect() }
    }
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    for _ in 0..depth {
        text.push_str("  ");
    }
}
