//! Expressions, by the type they yield. `depth` is how much deeper they may nest.

use super::{Generator, Type, Variable};
use crate::tree::{Node, expression};

/// Numbers as they stand in programs, and now and then those at which representations end.
const COMMON: &[&str] = &["0", "1", "2", "3", "7", "10", "0.5", "1.5", "100", "0x1f", "1e3"];
const EDGES: &[&str] = &[
    "-1",
    "-0.5",
    "-0",
    "255",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740993",
    "1e15",
    "1e17",
    "123456789012345",
    "1e300",
    "5e-324",
    "0.1",
    "(0/0)",
    "(1/0)",
    "(-1/0)",
];

const WORDS: &[&str] = &["''", "'a'", "'moon'", "'10'", "' 7 '", "'0x10'", "'1e2'", "'a,b,,c'", "'Zz'", "'-0'", "'%d'"];

/// Strings that mean numbers, to be reckoned with.
const NUMERALS: &[&str] = &["'10'", "' 3 '", "'0x10'", "'-2.5'", "'1e1'"];

impl Generator {
    /// An expression of a type.
    pub(super) fn value(&mut self, holds: Type, depth: usize) -> Node {
        match holds {
            Type::Number => self.number(depth),
            Type::String => self.string(depth),
            Type::Boolean => self.boolean(depth),
            Type::List => self.list(depth),
            Type::Map => self.map(depth),
            Type::Object => self.object(depth),
            Type::Function { parameters } => self.function(parameters),
        }
    }

    fn named(&mut self, holds: Type) -> Option<Node> {
        self.variable(|variable| variable.holds == holds).map(|variable| expression![variable.name])
    }

    fn numeral(&mut self) -> Node {
        let literals = if self.random.chance(75) { COMMON } else { EDGES };
        expression![self.random.pick(literals)]
    }

    /// A number.
    pub(super) fn number(&mut self, depth: usize) -> Node {
        if depth == 0 || self.random.chance(15) {
            if self.random.chance(85)
                && let Some(name) = self.named(Type::Number)
            {
                return name;
            }
            return self.numeral();
        }
        let inner = depth - 1;
        match self.random.below(20) {
            0..=7 => self.arithmetic(inner),
            8 => expression!["(- ", self.number(inner), ")"],
            9 => expression!["(", self.boolean(inner), " and ", self.number(inner), " or ", self.number(inner), ")"],
            10 => expression!["#", self.atom(Type::String, inner)],
            11 | 12 => self.element().unwrap_or_else(|| self.arithmetic(inner)),
            13 | 14 => self.call(inner).unwrap_or_else(|| self.library_number(inner)),
            15 => self.bits(inner),
            16 => self.object_number(inner).unwrap_or_else(|| self.library_number(inner)),
            17 => self.text_number(inner),
            _ => self.library_number(inner),
        }
    }

    fn arithmetic(&mut self, depth: usize) -> Node {
        let operator = self.random.weighted(&[(6, " + "), (5, " - "), (4, " * "), (2, " / "), (3, " % "), (1, " ^ ")]);
        let left = self.number(depth);
        if operator == " ^ " {
            // Whole powers of small whole numbers are exact, however an implementation reckons them.
            let power = self.random.pick(&["0", "1", "2", "3", "0.5"]);
            return expression!["(int(", left, ", 32) ^ ", power, ")"];
        }
        expression!["(", left, operator, self.number(depth), ")"]
    }

    /// A whole number from 0 to `below` - 1, as an index or a count.
    pub(super) fn whole(&mut self, below: &str, depth: usize) -> Node {
        expression!["int(", self.number(depth), format!(", {below})")]
    }

    /// An element of a list or a map.
    fn element(&mut self) -> Option<Node> {
        let table = self.variable(|v| v.holds == Type::List || v.holds == Type::Map)?;
        let name = table.name;
        if table.holds == Type::Map {
            let key = self.string(1);
            return Some(expression!["(", name, "[", key, "] or ", self.numeral(), ")"]);
        }
        let place = self.whole(&format!("#{name}"), 1);
        Some(expression![name, "[", place, " + 1]"])
    }

    /// A call of a function of ours.
    fn call(&mut self, depth: usize) -> Option<Node> {
        let left = (self.limit - self.work.min(self.limit)) / self.times.max(1);
        let fits = |v: &Variable| matches!(v.holds, Type::Function { .. }) && v.cost <= left;
        let function = self.variable(fits)?;
        self.spend(function.cost);
        let first = self.number(depth);
        Some(match function.holds {
            Type::Function { parameters: 2 } => expression![function.name, "(", first, ", ", self.number(depth), ")"],
            _ => expression![function.name, "(", first, ")"],
        })
    }

    fn bits(&mut self, depth: usize) -> Node {
        let left = self.whole("4294967296", depth);
        match self.random.below(3) {
            0 => expression!["bit.bnot(", left, ")"],
            1 => {
                let name = self.random.pick(&["bit.band(", "bit.bor(", "bit.bxor("]);
                expression![name, left, ", ", self.whole("4294967296", depth), ")"]
            }
            _ => {
                let name = self.random.pick(&["bit.lshift(", "bit.rshift(", "bit.arshift(", "bit.rol("]);
                expression![name, left, ", ", self.whole("32", depth), ")"]
            }
        }
    }

    fn text_number(&mut self, depth: usize) -> Node {
        match self.random.below(4) {
            0 => {
                let operator = self.random.pick(&[" + ", " * ", " - "]);
                expression!["(", expression![self.random.pick(NUMERALS)], operator, self.number(depth), ")"]
            }
            1 => expression!["(tonumber(", self.string(depth), ") or ", self.numeral(), ")"],
            2 => expression!["(", self.atom(Type::String, depth), ":byte(", self.whole("4", depth), ") or 0)"],
            _ => expression!["(", self.atom(Type::String, depth), ":find(", self.string(0), ", 1, true) or -1)"],
        }
    }

    fn library_number(&mut self, depth: usize) -> Node {
        match self.random.below(8) {
            0 => expression!["math.floor(", self.number(depth), ")"],
            1 => expression!["math.ceil(", self.number(depth), ")"],
            2 => expression!["math.abs(", self.number(depth), ")"],
            3 => expression!["math.sqrt(", self.number(depth), ")"],
            4 => expression!["math.max(fin(", self.number(depth), "), fin(", self.number(depth), "))"],
            5 => expression!["math.min(fin(", self.number(depth), "), fin(", self.number(depth), "))"],
            6 => expression!["math.fmod(", self.number(depth), ", ", self.numeral(), ")"],
            _ => self.whole("1000", depth),
        }
    }

    fn object_number(&mut self, depth: usize) -> Option<Node> {
        if !self.class {
            return None;
        }
        let object = self.atom(Type::Object, depth);
        Some(match self.random.below(4) {
            0 => expression![object, ".x"],
            1 => expression![object, ".y"],
            2 => expression![object, ":get(", self.number(depth), ")"],
            _ => expression![object, "(", self.number(depth), ")"],
        })
    }

    /// An expression that may stand before `.`, `:`, `(` or after `#`.
    fn atom(&mut self, holds: Type, depth: usize) -> Node {
        if self.random.chance(60)
            && let Some(name) = self.named(holds)
        {
            return name;
        }
        let inner = self.value(holds, depth);
        expression!["(", inner, ")"]
    }

    /// A string.
    pub(super) fn string(&mut self, depth: usize) -> Node {
        if depth == 0 || self.random.chance(25) {
            if self.random.chance(60)
                && let Some(name) = self.named(Type::String)
            {
                return name;
            }
            return expression![self.random.pick(WORDS)];
        }
        let inner = depth - 1;
        match self.random.below(14) {
            0..=2 => expression!["(", self.string(inner), " .. ", self.string(inner), "):sub(-60)"],
            3 | 4 => expression!["(", self.string(inner), " .. fin(", self.number(inner), ")):sub(1, 60)"],
            5 => {
                let (from, to) = (self.numeral_near(), self.numeral_near());
                expression![self.atom(Type::String, inner), ":sub(", from, ", ", to, ")"]
            }
            6 => expression![self.atom(Type::String, inner), ":rep(", self.whole("4", inner), "):sub(1, 60)"],
            7 => {
                let name = self.random.pick(&[":upper()", ":lower()", ":reverse()"]);
                expression![self.atom(Type::String, inner), name]
            }
            8 => expression!["tostring(fin(", self.number(inner), "))"],
            9 => expression!["tostring(", self.boolean(inner), ")"],
            10 => self.formatted(inner),
            11 => self.substituted(inner),
            12 => expression!["string.char(97 + ", self.whole("26", inner), ")"],
            _ if self.class => match self.random.below(2) {
                0 => expression!["tostring(", self.object(inner), ")"],
                _ => expression!["(", self.object(inner), " .. ", self.string(inner), "):sub(1, 60)"],
            },
            _ => expression!["(", self.boolean(inner), " and ", self.string(inner), " or ", self.string(inner), ")"],
        }
    }

    fn numeral_near(&mut self) -> Node {
        expression![self.random.pick(&["0", "1", "2", "3", "5", "-1", "-2", "-100", "100"])]
    }

    fn formatted(&mut self, depth: usize) -> Node {
        match self.random.below(5) {
            0 => {
                let shape = self.random.pick(&["'%d'", "'%5d|'", "'%-5d|'", "'%05d'", "'%+d'", "'%x'", "'%X'", "'%o'"]);
                expression!["string.format(", shape, ", ", self.whole("100000", depth), ")"]
            }
            1 => {
                let shape = self.random.pick(&["'%.3f'", "'%8.2f|'", "'%g'", "'%.10g'", "'%e'", "'%.0f'"]);
                // Printing 300 digits is possible but drowns everything else. LuaJIT prints numbers below 1e-280 or so wrong.
                expression!["string.format(", shape, ", int((", self.number(depth), ") * 1024, 1e12) / 1024)"]
            }
            2 => {
                let shape = self.random.pick(&["'%s'", "'%10s|'", "'%-6s|'", "'%.2s'", "'%q'"]);
                // Quoting what was quoted doubles it.
                expression!["string.format(", shape, ", ", self.string(depth), "):sub(1, 60)"]
            }
            3 => expression![
                "string.format('%c%%%s', 65 + ",
                self.whole("26", depth),
                ", ",
                self.string(depth),
                "):sub(1, 60)"
            ],
            _ => expression!["string.format('%s %s', ", self.boolean(depth), ", fin(", self.number(depth), "))"],
        }
    }

    fn substituted(&mut self, depth: usize) -> Node {
        let pattern =
            self.random.pick(&["'%a'", "'%d+'", "'[aeo]'", "'.'", "'(%w)(%w)'", "'^a'", "'o$'", "','", "'%s*'"]);
        let with = self.random.pick(&["'<%0>'", "''", "'x'", "{a = 'A', o = '0'}", "function(c) return c:upper() end"]);
        let subject = self.atom(Type::String, depth);
        match self.random.below(3) {
            0 => expression!["(", subject, ":match(", pattern, ") or 'none')"],
            _ => expression!["(", subject, ":gsub(", pattern, ", ", with, ")):sub(1, 60)"],
        }
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, depth: usize) -> Node {
        if depth == 0 {
            if self.random.chance(60)
                && let Some(name) = self.named(Type::Boolean)
            {
                return name;
            }
            return expression![self.random.pick(&["true", "false"])];
        }
        let inner = depth - 1;
        match self.random.below(12) {
            0..=4 => self.comparison(Type::Number, inner),
            5 | 6 => self.comparison(Type::String, inner),
            7 => expression!["(not ", self.boolean(inner), ")"],
            8 => expression!["(", self.boolean(inner), " and ", self.boolean(inner), ")"],
            9 => expression!["(", self.boolean(inner), " or ", self.boolean(inner), ")"],
            10 if self.class => self.comparison(Type::Object, inner),
            _ => {
                // Values of different types are never equal, and never an error to compare so.
                let equal = self.random.pick(&[" == ", " ~= "]);
                expression!["(", self.number(inner), equal, self.string(inner), ")"]
            }
        }
    }

    fn comparison(&mut self, of: Type, depth: usize) -> Node {
        let operator = self.random.pick(&[" < ", " <= ", " > ", " >= ", " == ", " ~= "]);
        expression!["(", self.value(of, depth), operator, self.value(of, depth), ")"]
    }

    fn list(&mut self, depth: usize) -> Node {
        let mut list = expression!["{"];
        for _ in 0..self.random.between(1, 5) {
            let element = self.number(depth.min(1));
            list.pieces.extend([element.into(), ", ".into()]);
        }
        list.pieces.push("}".into());
        list
    }

    /// A constructor without a key twice: LuaJIT stores constants before everything else, and not in the order of the text.
    fn map(&mut self, depth: usize) -> Node {
        let mut map = expression!["{"];
        let mut keys = vec!["a = ", "b = ", "moon = ", "['a b'] = ", "['10'] = "];
        for _ in 0..self.random.below(4) {
            let key = self.random.pick(&keys);
            keys.retain(|other| *other != key);
            map.pieces.extend([key.into(), self.number(depth.min(1)).into(), ", ".into()]);
        }
        map.pieces.push("}".into());
        map
    }

    fn object(&mut self, depth: usize) -> Node {
        if !self.class {
            return expression!["nil"];
        }
        if depth == 0 || self.random.chance(50) {
            if let Some(name) = self.named(Type::Object) {
                return name;
            }
            let class = self.random.pick(&["Base", "Base", "Derived"]);
            return expression![class, ".new(", self.number(0), ", ", self.number(0), ")"];
        }
        let inner = depth - 1;
        match self.random.below(3) {
            0 => expression!["(", self.object(inner), " + ", self.object(inner), ")"],
            1 => expression!["(-", self.object(inner), ")"],
            _ => expression![self.atom(Type::Object, inner), ":grow(", self.number(inner), ")"],
        }
    }

    /// An anonymous function. It captures what is in scope and costs next to nothing.
    fn function(&mut self, parameters: usize) -> Node {
        let (text, result) = self.small_function(parameters);
        expression!["function(", text, ") return ", result, " end"]
    }

    /// The parameters and the result of a function without calls of others.
    pub(super) fn small_function(&mut self, parameters: usize) -> (String, Node) {
        let names: Vec<String> = (0..parameters).map(|_| self.name("a")).collect();
        let (scope, limit) = (self.scope.len(), self.limit);
        // Nothing is affordable, so that no call of another function gets in.
        self.limit = 0;
        for name in &names {
            self.declare(name, Type::Number, false);
        }
        let result = self.number(2);
        self.scope.truncate(scope);
        self.limit = limit;
        (names.join(", "), result)
    }
}
