//! Plain statements: declarations, assignments, branches, loops, tables.

use super::{Generator, Type};
use crate::tree::{Node, block, expression, statement};

/// The kinds of statement, to be weighed against each other.
#[derive(Clone, Copy)]
enum Choice {
    Declare,
    Assign,
    Swap,
    Output,
    If,
    For,
    OddFor,
    While,
    Repeat,
    Iterate,
    Break,
    Do,
    List,
    Map,
    Object,
    Function,
    Feature,
    Mistake,
}

/// How often each stands where a statement may.
const CHOICES: &[(usize, Choice)] = &[
    (14, Choice::Declare),
    (22, Choice::Assign),
    (2, Choice::Swap),
    (6, Choice::Output),
    (9, Choice::If),
    (9, Choice::For),
    (2, Choice::OddFor),
    (2, Choice::While),
    (2, Choice::Repeat),
    (4, Choice::Iterate),
    (2, Choice::Break),
    (2, Choice::Do),
    (6, Choice::List),
    (5, Choice::Map),
    (5, Choice::Object),
    (5, Choice::Function),
    (5, Choice::Feature),
    (5, Choice::Mistake),
];

/// Bounds at which counting in 32 bits, or in whole numbers at all, goes wrong.
const ODD_BOUNDS: &[(&str, u64)] = &[
    ("2147483640, 2147483655", 16),
    ("-2147483655, -2147483640", 16),
    ("10, -10, -1", 21),
    ("1, 3, 0.25", 9),
    ("3, -3, -0.5", 13),
    ("9007199254740985, 9007199254740991", 7),
    ("5, 1", 1),
    ("1, 0, -1", 2),
    ("0.5, 9.75", 10),
    ("-0, 3", 4),
    ("1, '6'", 6),
    ("4294967290, 4294967300, 3", 4),
    ("1e15, 1e15 + 20, 5", 5),
    ("1e308, 1.7e308, 1e308", 1),
];

impl Generator {
    /// Any statement.
    pub(super) fn statement(&mut self) -> Node {
        self.spend(1);
        let choice = self.random.weighted(CHOICES);
        let nests = self.depth < 5 && self.affords(60);
        match choice {
            Choice::Declare => self.declaration(),
            Choice::Swap => self.swap().unwrap_or_else(|| self.assignment()),
            Choice::Output if self.times <= 200 => self.output(),
            Choice::If if nests => self.branch(),
            Choice::For if nests => self.counted_loop(),
            Choice::OddFor if nests => self.odd_loop(),
            Choice::While if nests => self.while_loop(),
            Choice::Repeat if nests => self.repeat_loop(),
            Choice::Iterate if nests => self.iteration(),
            Choice::Break if self.in_loop => statement!["if ", self.boolean(2), " then break end"],
            Choice::Do if nests => {
                let body = self.inner(1, |g| g.statements(4));
                statement!["do", body, "end"]
            }
            Choice::List => self.list_change().unwrap_or_else(|| self.declaration_of(Type::List)),
            Choice::Map => self.map_change().unwrap_or_else(|| self.declaration_of(Type::Map)),
            Choice::Object if self.class => self.object_change().unwrap_or_else(|| self.declaration_of(Type::Object)),
            Choice::Function if nests => self.function_declaration(),
            Choice::Feature if nests => self.feature(),
            Choice::Mistake if self.times <= 200 => self.caught_mistake(),
            _ => self.assignment(),
        }
    }

    fn declaration(&mut self) -> Node {
        let holds = self.random.weighted(&[
            (6, Type::Number),
            (3, Type::String),
            (2, Type::Boolean),
            (2, Type::List),
            (1, Type::Map),
            (2, Type::Object),
        ]);
        self.declaration_of(if holds == Type::Object && !self.class { Type::Number } else { holds })
    }

    pub(super) fn declaration_of(&mut self, holds: Type) -> Node {
        let value = self.value(holds, 3);
        let prefix = match holds {
            Type::Number => "n",
            Type::String => "s",
            Type::Boolean => "b",
            Type::List => "t",
            Type::Map => "m",
            Type::Object => "p",
            Type::Function { .. } => "f",
        };
        let name = self.name(prefix);
        // Now and then a global: shorter lived than a program, but looked up by name.
        let keyword = if self.depth == 0 && self.random.chance(15) { "" } else { "local " };
        self.declare(&name, holds, true);
        statement![keyword, name, " = ", value]
    }

    fn assignment(&mut self) -> Node {
        let plain = [Type::Number, Type::String, Type::Boolean];
        let Some(target) = self.variable(|v| v.assignable && plain.contains(&v.holds)) else {
            return self.declaration();
        };
        if target.holds == Type::Number && self.random.chance(50) {
            let operator = self.random.pick(&[" + ", " - ", " + ", " * "]);
            return statement![target.name.clone(), " = ", target.name, operator, self.number(2)];
        }
        statement![target.name, " = ", self.value(target.holds, 3)]
    }

    fn swap(&mut self) -> Option<Node> {
        let one = self.variable(|v| v.assignable && v.holds == Type::Number)?.name;
        let other = self.variable(|v| v.assignable && v.holds == Type::Number)?.name;
        let value = self.number(1);
        Some(statement![format!("{one}, {other} = {other}, "), value])
    }

    fn output(&mut self) -> Node {
        let first = self.any_value();
        statement!["out(", first, ", ", self.any_value(), ")"]
    }

    fn any_value(&mut self) -> Node {
        let holds = self.random.pick(&[Type::Number, Type::Number, Type::String, Type::Boolean]);
        self.value(holds, 3)
    }

    /// Prints every variable of the program's outermost scope.
    pub(super) fn show_everything(&mut self) -> Node {
        let shown: Vec<String> =
            self.scope.iter().filter(|v| !matches!(v.holds, Type::Function { .. })).map(|v| v.name.clone()).collect();
        // A call takes about 250 arguments; programs have far fewer variables.
        statement![format!("out({})", shown.join(", "))]
    }

    fn branch(&mut self) -> Node {
        let condition = self.boolean(3);
        let yes = self.inner(1, |g| g.statements(3));
        let mut node = statement!["if ", condition, " then", yes];
        if self.random.chance(25) {
            let condition = self.boolean(2);
            node.pieces.extend(["elseif ".into(), condition.into(), " then".into()]);
            node.pieces.push(self.inner(1, |g| g.statements(2)).into());
        }
        if self.random.chance(50) {
            node.pieces.push("else".into());
            node.pieces.push(self.inner(1, |g| g.statements(3)).into());
        }
        node.pieces.push("end".into());
        node
    }

    /// A number of iterations that is affordable here: hot at the outermost level, few further in.
    fn iterations(&mut self) -> u64 {
        let most = if self.times <= 1 { self.random.between(60, 160) } else { self.random.between(2, 12) } as u64;
        let left = (self.limit.saturating_sub(self.work)) / (self.times * 8).max(1);
        most.min(left).max(1)
    }

    /// A loop's body, in which `break` is allowed.
    pub(super) fn loop_body(&mut self, times: u64, write: impl FnOnce(&mut Self) -> Vec<Node>) -> Node {
        let outer = self.in_loop;
        self.in_loop = true;
        let body = self.inner(times, write);
        self.in_loop = outer;
        body
    }

    fn counted_loop(&mut self) -> Node {
        let (times, name) = (self.iterations(), self.name("i"));
        let body = self.loop_body(times, |g| {
            g.declare(&name, Type::Number, false);
            g.statements(5)
        });
        let head = match self.random.below(4) {
            0 => format!("for {name} = {times}, 1, -1 do"),
            1 => format!("for {name} = 0, {} do", times.saturating_sub(1)),
            _ => format!("for {name} = 1, {times} do"),
        };
        statement![head, body, "end"]
    }

    fn odd_loop(&mut self) -> Node {
        let ((bounds, times), name) = (self.random.pick(ODD_BOUNDS), self.name("i"));
        let body = self.loop_body(times, |g| {
            g.declare(&name, Type::Number, false);
            g.statements(3)
        });
        let head = format!("for {name} = {bounds} do");
        if bounds.contains('\'') {
            return statement!["out(pcall(function() ", head, body, "end end))"];
        }
        statement![head, body, "end"]
    }

    fn while_loop(&mut self) -> Node {
        let (times, fuel) = (self.iterations(), self.name("w"));
        let condition = self.boolean(2);
        let body = self.loop_body(times, |g| g.statements(3));
        statement![
            format!("local {fuel} = 0 while {fuel} < {times} and ("),
            condition,
            format!(" or {fuel} % 3 > 0) do {fuel} = {fuel} + 1"),
            body,
            "end"
        ]
    }

    fn repeat_loop(&mut self) -> Node {
        let (times, fuel) = (self.iterations(), self.name("w"));
        let inner = self.name("n");
        let (body, condition) = {
            let mut condition = expression!["true"];
            let body = self.loop_body(times, |g| {
                let value = g.number(2);
                g.declare(&inner, Type::Number, true);
                let mut statements = vec![statement![format!("local {inner} = "), value]];
                statements.extend(g.statements(3));
                // The condition sees what the body declared.
                condition = expression!["(", expression![inner.clone()], " > ", g.number(1), ")"];
                statements
            });
            (body, condition)
        };
        // `break` may not skip a declaration that the condition sees only where it is a `goto`; here it simply leaves.
        statement![
            format!("local {fuel} = 0 repeat {fuel} = {fuel} + 1"),
            body,
            format!("until {fuel} >= {times} or "),
            condition
        ]
    }

    fn iteration(&mut self) -> Node {
        let (key, value) = (self.name("k"), self.name("v"));
        match self.random.below(3) {
            0 => {
                let Some(list) = self.variable(|v| v.holds == Type::List) else {
                    return self.declaration_of(Type::List);
                };
                // Lists keep below 40 elements. The copy lets the body change the list without changing the loop.
                let body = self.loop_body(40, |g| {
                    g.declare(&key, Type::Number, false);
                    g.declare(&value, Type::Number, true);
                    g.statements(2)
                });
                statement![format!("for {key}, {value} in ipairs({{unpack({})}}) do", list.name), body, "end"]
            }
            1 => {
                let Some(map) = self.variable(|v| v.holds == Type::Map) else { return self.declaration_of(Type::Map) };
                let sum = self.name("n");
                self.declare(&sum, Type::Number, true);
                // Whole numbers add up to the same in whatever order they come.
                let line = format!("local {sum} = 0 for {key}, {value} in pairs({}) do", map.name);
                statement![line, format!(" {sum} = {sum} + int({value}, 1000) + #{key} end")]
            }
            _ => {
                let subject = self.string(2);
                let body = self.loop_body(30, |g| {
                    g.declare(&key, Type::String, true);
                    g.statements(2)
                });
                let pattern = self.random.pick(&["%a+", "%d", ".", "[^,]+", "%w%w"]);
                statement![format!("for {key} in ("), subject, format!("):gmatch('{pattern}') do"), body, "end"]
            }
        }
    }

    fn list_change(&mut self) -> Option<Node> {
        let name = self.variable(|v| v.holds == Type::List)?.name;
        Some(match self.random.below(8) {
            // The value comes first: a function that it calls may shorten the list.
            0 | 1 => statement![
                "do local v = ",
                self.number(2),
                format!(" if #{name} < 40 then {name}[#{name} + 1] = v end end")
            ],
            2..=4 => {
                let (value, place) = (self.number(2), self.whole(&format!("#{name}"), 2));
                statement!["do local v = ", value, format!(" {name}["), place, " + 1] = v end"]
            }
            5 => statement![format!("if #{name} < 40 then table.insert({name}, 1, "), self.number(2), ") end"],
            6 => {
                let target = self.variable(|v| v.assignable && v.holds == Type::Number)?.name;
                let place = self.random.pick(&["", ", 1"]);
                statement![format!("if #{name} > 1 then {target} = table.remove({name}{place}) end")]
            }
            _ => {
                let order = self.random.pick(&["a < b", "a > b"]);
                statement![
                    format!("for i = 1, #{name} do {name}[i] = fin({name}[i]) end "),
                    format!("table.sort({name}, function(a, b) return {order} end)")
                ]
            }
        })
    }

    fn map_change(&mut self) -> Option<Node> {
        let name = self.variable(|v| v.holds == Type::Map)?.name;
        let key = self.string(2);
        Some(match self.random.below(5) {
            0 => statement![name, "[", key, "] = nil"],
            1 => {
                let key = self.random.pick(&["a", "b", "moon", "z"]);
                statement![format!("{name}.{key} = "), self.number(2)]
            }
            _ => {
                let local = self.name("k");
                let entry = format!(" {name}[{local}] = ({name}[{local}] or 0) + ");
                statement![format!("do local {local} = "), key, entry, self.number(2), " end"]
            }
        })
    }

    fn object_change(&mut self) -> Option<Node> {
        let name = self.variable(|v| v.holds == Type::Object)?.name;
        Some(match self.random.below(5) {
            0 | 1 => {
                let field = self.random.pick(&["x", "y"]);
                statement![format!("{name}.{field} = "), self.number(2)]
            }
            2 => statement![format!("{name}:grow("), self.number(2), ")"],
            3 => {
                let field = self.random.pick(&["extra", "tag", "z"]);
                statement![format!("{name}.{field} = "), self.string(1)]
            }
            _ => {
                let assignable = self.variable(|v| v.holds == Type::Object && v.assignable)?.name;
                statement![assignable, " = ", self.value(Type::Object, 2)]
            }
        })
    }

    fn function_declaration(&mut self) -> Node {
        let (name, parameters) = (self.name("f"), self.random.between(1, 2));
        let names: Vec<String> = (0..parameters).map(|_| self.name("a")).collect();
        let (body, cost) = self.function_body(400, |g| {
            for parameter in &names {
                g.declare(parameter, Type::Number, true);
            }
            let mut statements = if g.random.chance(60) { g.statements(4) } else { Vec::new() };
            statements.push(statement!["return ", g.number(2)]);
            statements
        });
        self.declare(&name, Type::Function { parameters }, false);
        if let Some(function) = self.scope.last_mut() {
            function.cost = cost;
        }
        statement![format!("local function {name}({})", names.join(", ")), body, "end"]
    }

    /// A block of given statements as one statement.
    pub(super) fn together(statements: Vec<Node>) -> Node {
        statement!["do", block(statements), "end"]
    }
}
