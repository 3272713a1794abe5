//! What Lua is chosen for: classes, closures, coroutines, varargs, `goto`, iterators, proxies. Each is a template with holes
//! that the plain generator fills.

use super::{Generator, Type};
use crate::tree::{Node, block, expression, sequence, statement};

/// The starts and ends of loops that run `$n` times, with whole numbers in `$i` and `$v`, new ones each time where the loop has its own.
const CAPTURING_LOOPS: &[(&str, &str)] = &[
    ("for $i = 1, $n do local $v = $i * 2 ", "end"),
    ("for $i, $v in ipairs($t) do ", "end"),
    ("for $i, $v in pairs($t) do ", "end"),
    ("for $i, $v in next, $t do ", "end"),
    ("for $i, $v in table.concat($t, ' '):gmatch('(%d)(%d*)') do $i = $i + 0 $v = ($v == '' and 5 or $v) + 0 ", "end"),
    ("for $i, $v in function(s, n) if n < s then return n + 1, n * n % 17 end end, $n, 0 do ", "end"),
    ("local $i = 0 while $i < $n do $i = $i + 1 local $v = $i % 7 ", "end"),
    ("local $i = 0 repeat $i = $i + 1 local $v = $i * 5 % 13 ", "until $v < 0 or $i >= $n"),
    ("local $i = 0 ::again:: do $i = $i + 1 local $v = $i * 3 % 11 ", "end if $i < $n then goto again end"),
];

impl Generator {
    /// One of the templates below.
    pub(super) fn feature(&mut self) -> Node {
        match self.random.below(20) {
            0 => self.coroutine(),
            1 => self.varargs(),
            2 => self.continue_loop(),
            3 => self.goto_loop(),
            4 => self.counters(),
            5 | 18 | 19 => self.closures_of_a_loop(),
            6 => self.iterator(),
            7 => self.proxy(),
            8 => self.recursion(),
            9..=12 => self.corner(),
            13..=16 => self.c_value(),
            _ => self.mixed_types(),
        }
    }

    /// The program's class and one derived from it: every arithmetic and comparing metamethod that typed expressions use, with
    /// fields in another order in the derived one.
    pub(super) fn class(&mut self) -> Vec<Node> {
        let method = |generator: &mut Self, head: &str, names: &[&str], tail: &'static str| {
            let scope = generator.scope.len();
            for name in names {
                generator.declare(name, Type::Number, false);
            }
            let result = generator.number(2);
            generator.scope.truncate(scope);
            statement![format!("function {head}"), result, tail]
        };
        let body = |generator: &mut Self, head: &str| {
            method(generator, &format!("{head} local x, y = self.x, self.y return "), &["x", "y", "k"], " end")
        };
        let limit = std::mem::replace(&mut self.limit, 0);
        let mut statements = vec![
            statement!["local Base, Derived = {}, {}"],
            statement!["Base.__index = Base"],
            statement!["Derived.__index = Derived"],
            statement!["setmetatable(Derived, Base)"],
            statement!["function Base.new(x, y) return setmetatable({x = x, y = y}, Base) end"],
            statement!["function Derived.new(x, y) return setmetatable({tag = 'd', y = y, x = x}, Derived) end"],
            body(self, "Base:get(k)"),
            method(self, "Base:grow(k) self.x = ", &["k"], " return self end"),
            method(self, "Base.__add(a, b) return Base.new(a.x + b.x, ", &[], ") end"),
            method(self, "Base.__unm(a) return Derived.new(a.y, ", &[], ") end"),
            statement!["function Base.__lt(a, b) return a.x < b.x end"],
            statement!["function Base.__le(a, b) return a.x <= b.x end"],
            statement!["function Base.__eq(a, b) return a.x == b.x end"],
            statement!["function Base.__tostring(a) return 'Base ' .. fin(a.x) end"],
            statement![
                "function Base.__concat(a, b) return (type(a) == 'table' and 'o' or a) .. (type(b) == 'table' and 'o' or b) end"
            ],
            body(self, "Base:__call(k)"),
            statement![
                "for k, v in pairs(Base) do if k:sub(1, 2) == '__' and k ~= '__index' then Derived[k] = v end end"
            ],
        ];
        if self.random.chance(70) {
            statements.push(body(self, "Derived:get(k)"));
        }
        if self.random.chance(40) {
            statements.push(method(self, "Base.__newindex(t, k, v) rawset(t, k, v) return ", &[], " end"));
        }
        self.limit = limit;
        self.class = true;
        statements
    }

    /// A coroutine resumed in a hot loop, with values going both ways, to its end or past it.
    fn coroutine(&mut self) -> Node {
        let (name, sum) = (self.name("co"), self.name("n"));
        let times = self.bounded(100);
        let left = self.limit.saturating_sub(self.work) / self.times.max(1);
        let (body, cost) = self.function_body(left.min(4000), |g| {
            g.declare("a", Type::Number, true);
            let loop_body = g.loop_body(times, |g| {
                g.declare("i", Type::Number, false);
                let mut statements = g.statements(2);
                statements.push(statement!["a = a + (coroutine.yield(", g.number(2), ") or 0)"]);
                statements
            });
            vec![statement![format!("for i = 1, {times} do"), loop_body, "end"], statement!["return a"]]
        });
        self.spend(cost + times * 3);
        let argument = self.number(1);
        self.declare(&sum, Type::Number, true);
        let resumes = times + self.random.below(4) as u64;
        let keep = statement![format!("local {sum} = 0")];
        let run = Self::together(vec![
            statement![format!("local {name} = coroutine.create(function(a)"), body, "end)"],
            statement![
                format!("for i = 1, {resumes} do local ok, v = coroutine.resume({name}, "),
                argument,
                format!(") if ok then {sum} = {sum} + (v or 0) else out(v) end end")
            ],
            statement![format!("out(coroutine.status({name}), {sum})")],
        ]);
        sequence(vec![keep, run])
    }

    /// A function of any number of arguments, called with several numbers of them.
    fn varargs(&mut self) -> Node {
        let (name, sum) = (self.name("v"), self.name("n"));
        let times = self.bounded(80);
        self.spend(times * 4);
        let function = statement![
            format!("local function {name}(...)"),
            block(vec![
                statement!["local n, first, second = select('#', ...), ..."],
                statement!["local t = {...}"],
                statement!["for i = 1, n do if type(t[i]) == 'number' then n = n + t[i] end end"],
                statement!["return n, second, ..."],
            ]),
            "end"
        ];
        let (one, other) = (self.number(1), self.number(2));
        let calls = vec![
            statement![format!("out({name}())")],
            statement![format!("out({name}(nil, "), self.string(1), ", nil))"],
            statement![format!("out(({name}("), self.number(1), format!(")), select('#', {name}(1, nil, 3)))")],
            statement![
                format!("for i = 1, {times} do local a, b, c = {name}(i, "),
                one,
                ", ",
                other,
                format!(") {sum} = {sum} + a - (c or b) end")
            ],
        ];
        self.declare(&sum, Type::Number, true);
        sequence(vec![statement![format!("local {sum} = 0")], function, Self::together(calls)])
    }

    /// A loop whose body may be cut short by `goto`.
    fn continue_loop(&mut self) -> Node {
        let (times, name, label) = (self.bounded(100), self.name("i"), self.name("continue"));
        let body = self.loop_body(times, |g| {
            g.declare(&name, Type::Number, false);
            let mut statements = g.statements(3);
            let condition = g.boolean(2);
            statements.insert(0, statement!["if ", condition, format!(" then goto {label} end")]);
            vec![Self::together(statements)]
        });
        statement![format!("for {name} = 1, {times} do"), body, format!("::{label}:: end")]
    }

    /// A loop made of a label and a jump back.
    fn goto_loop(&mut self) -> Node {
        let (times, name, label) = (self.bounded(100), self.name("i"), self.name("top"));
        let outer = std::mem::replace(&mut self.in_loop, false);
        let body = self.inner(times, |g| {
            g.declare(&name, Type::Number, false);
            g.statements(3)
        });
        self.in_loop = outer;
        statement![
            format!("do local {name} = 0 ::{label}:: {name} = {name} + 1 do"),
            body,
            format!("end if {name} < {times} then goto {label} end end")
        ]
    }

    /// Two closures over one variable: one writes, the other reads.
    fn counters(&mut self) -> Node {
        let (times, write, read, hidden) = (self.bounded(100), self.name("w"), self.name("r"), self.name("n"));
        self.spend(times * 2);
        let limit = std::mem::replace(&mut self.limit, 0);
        let start = self.number(1);
        let scope = self.scope.len();
        self.declare(&hidden, Type::Number, true);
        self.declare("k", Type::Number, false);
        let next = self.number(3);
        self.scope.truncate(scope);
        self.limit = limit;
        sequence(vec![
            statement![format!("local {write}, {read}")],
            statement![
                format!("do local {hidden} = "),
                start,
                format!(" {write} = function(k) {hidden} = "),
                next,
                format!(" return {hidden} end {read} = function() return {hidden} end end")
            ],
            statement![format!("for i = 1, {times} do if {write}(i) ~= {read}() then {write}({read}() % 8) end end")],
            statement![format!("out({read}())")],
        ])
    }

    /// Each iteration of a loop of any kind has variables of its own, which closures keep, and may change.
    fn closures_of_a_loop(&mut self) -> Node {
        let (times, list, source) = (self.bounded(80), self.name("c"), self.name("t"));
        let (index, value) = (self.name("i"), self.name("n"));
        self.spend(times * 4);
        let (head, tail) = self.random.pick(CAPTURING_LOOPS);
        let filled = |text: &str| {
            let text = text.replace("$t", &source).replace("$i", &index).replace("$v", &value);
            text.replace("$n", &times.to_string())
        };
        let (head, tail) = (filled(head), filled(tail));
        let mut changes = || filled(self.random.pick(&["", "", "$v = $v * 2 % 19 ", "$v = $v + 1 "]));
        let (before, inside, after) = (changes(), changes(), changes());
        let called =
            if self.random.chance(33) { format!("{value} = {value} + {list}[#{list}](3) ") } else { String::new() };
        let (condition, end) = self.random.pick(&[("", ""), ("", ""), ("if $i % 3 ~= 0 then ", "end ")]);
        let condition = filled(condition);
        let (wrapped, unwrapped) = self.random.pick(&[("", ""), ("", ""), ("(function() return ", " end)()")]);
        let scope = self.scope.len();
        self.declare(&index, Type::Number, false);
        self.declare(&value, Type::Number, true);
        let (parameter, result) = self.small_function(1);
        self.scope.truncate(scope);
        let sum = self.name("n");
        self.declare(&sum, Type::Number, true);
        sequence(vec![
            statement![format!("local {list}, {source}, {sum} = {{}}, {{}}, 0")],
            statement![format!("for i = 1, {times} do {source}[i] = i * 7 % 23 end")],
            statement![
                format!(
                    "do {head}{before}{condition}{list}[#{list} + 1] = {wrapped}function({parameter}) {inside}return {value} + "
                ),
                result,
                format!(" end{unwrapped} {called}{end}{after}{tail} end")
            ],
            statement![format!("for i = #{list}, 1, -1 do {sum} = {sum} + {list}[i](i) end")],
            statement![format!("for i = 1, #{list} do {sum} = {sum} * 3 % 1000003 + {list}[i](i) end")],
            statement![format!("if {list}[1] then out({list}[1](1), {list}[#{list}](2)) end")],
        ])
    }

    /// A generic `for` over an iterator of ours: a closure, one with state and control, or a coroutine.
    fn iterator(&mut self) -> Node {
        let (times, name) = (self.bounded(90), self.name("i"));
        let value = self.number(1);
        let head = match self.random.below(3) {
            0 => {
                let start = format!("for {name} in (function() local n = 0 return function() n = n + 1 ");
                vec![
                    start.into(),
                    format!("if n <= {times} then return n, ").into(),
                    value.into(),
                    " end end end)() do".into(),
                ]
            }
            1 => {
                let start = format!("for {name} in function(s, n) if n < s then return n + 1, ");
                vec![start.into(), value.into(), format!(" end end, {times}, 0 do").into()]
            }
            _ => {
                let start =
                    format!("for {name} in coroutine.wrap(function() for i = 1, {times} do coroutine.yield(i, ");
                vec![start.into(), value.into(), ") end end) do".into()]
            }
        };
        let body = self.loop_body(times, |g| {
            g.declare(&name, Type::Number, false);
            g.statements(3)
        });
        let mut node = statement![body, "end"];
        node.pieces.splice(0..0, head);
        node
    }

    /// A table that stands before another, by function or by table, and counts how often it is asked.
    fn proxy(&mut self) -> Node {
        let (times, name) = (self.bounded(80), self.name("q"));
        self.spend(times * 3);
        let value = self.number(1);
        let index = match self.random.below(3) {
            0 => "__index = behind",
            1 => "__index = function(t, k) asked = asked + 1 return behind[k] end",
            _ => "__index = setmetatable({x = 5}, {__index = behind})",
        };
        Self::together(vec![
            statement!["local asked, behind = 0, {x = 1, y = 2, [3] = 4}"],
            statement![
                format!("local {name} = setmetatable({{}}, {{{index}, "),
                "__newindex = function(t, k, v) asked = asked + 100 behind[k] = v end})"
            ],
            statement![
                format!("for i = 1, {times} do {name}.x = {name}.x + {name}[3] % 7 + ({name}[i] or "),
                value,
                format!(") if i % 10 == 0 then rawset({name}, 'y', i) end end")
            ],
            statement![format!("out(asked, behind, {name}, {name}.x, rawget({name}, 'x'))")],
        ])
    }

    /// Recursion, by a tail call or by a plain one, to a depth that is bounded.
    fn recursion(&mut self) -> Node {
        let name = self.name("f");
        let depth = self.bounded(150);
        self.spend(depth * 2);
        let scope = self.scope.len();
        let limit = std::mem::replace(&mut self.limit, 0);
        self.declare("n", Type::Number, false);
        self.declare("sum", Type::Number, false);
        let next = self.number(2);
        self.scope.truncate(scope);
        self.limit = limit;
        let (result, first) = (self.name("n"), self.number(1));
        self.declare(&result, Type::Number, true);
        let call = if self.random.chance(50) {
            expression!["return ", expression![name.clone()], "(n - 1, ", next, ")"]
        } else {
            expression!["return ", expression![name.clone()], "(n - 1, ", next, ") + n"]
        };
        sequence(vec![
            statement![format!("local function {name}(n, sum) if n <= 0 then return sum end "), call, " end"],
            statement![format!("local {result} = {name}({depth}, "), first, ")"],
        ])
    }

    /// A hot loop over values whose type changes late, which a trace has specialised on.
    fn mixed_types(&mut self) -> Node {
        let (times, sum) = (self.bounded(120), self.name("n"));
        self.spend(times * 4);
        let late = times * 3 / 4;
        let (early, odd) =
            (self.number(2), self.random.pick(&["'12'", "i .. ''", "nil", "true", "0/0", "2^40 + i", "-0"]));
        self.declare(&sum, Type::Number, true);
        sequence(vec![
            statement![format!("local {sum} = 0")],
            Self::together(vec![
                statement!["local t = {}"],
                statement![
                    format!("for i = 1, {times} do local v = "),
                    early,
                    format!(" if i > {late} and i % 3 == 0 then v = {odd} end t[i] = v or false end")
                ],
                statement![
                    format!("for i = 1, {times} do local v = t[i] if type(v) == 'number' then {sum} = {sum} + v"),
                    format!(" elseif type(v) == 'string' then {sum} = {sum} + v * 2"),
                    format!(" elseif v then {sum} = {sum} + 1 else {sum} = {sum} - 1 end end")
                ],
                statement![format!("out({sum})")],
            ]),
        ])
    }

    /// A number of iterations near `most` at the outermost level, and few where this place runs often.
    pub(super) fn bounded(&mut self, most: usize) -> u64 {
        let wanted =
            if self.times <= 1 { self.random.between(most / 2, most) } else { self.random.between(2, 8) } as u64;
        wanted.min(self.limit.saturating_sub(self.work) / (self.times * 10).max(1)).max(1)
    }
}
