//! Tokens to a flat tree. Recursive descent with a depth limit; chains of operators of one level
//! are loops.

use super::ast::{Ast, Binary, CallArg, Id, Item, Node, NodeKind, Unary};
use super::lexer::{self, Kind, Token, error};
use crate::error::Result;

/// Deepest nesting of brackets, signs and powers.
pub(super) const MAX_DEPTH: usize = 64;

/// Words of Python that a person may try, and what to write instead.
const PYTHON_WORDS: [(&str, &str); 9] = [
    ("and", "write `&` between comparisons in brackets"),
    ("or", "write `|` between comparisons in brackets"),
    ("not", "write `~`"),
    ("if", "write `where(condition, a, b)`"),
    ("else", "write `where(condition, a, b)`"),
    ("for", "operations work on whole arrays, there are no loops"),
    ("in", "there is no membership test; compare with `==`"),
    ("is", "compare with `==`"),
    ("lambda", "functions cannot be defined; assign to a name with `=`"),
];

/// NumPy's attributes that are ops here, without brackets.
const ATTRIBUTES: [(&str, &str); 4] =
    [("T", "transpose"), ("mT", "matrix_transpose"), ("real", "real"), ("imag", "imag")];

/// Parses a whole expression.
pub(super) fn parse(source: &str) -> Result<Ast> {
    let tokens = lexer::tokens(source)?;
    let mut parser = Parser { tokens, at: 0, depth: 0, nodes: Vec::new() };
    let result = parser.program()?;
    Ok(Ast { nodes: parser.nodes, result })
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    nodes: Vec<Node>,
}

impl Parser {
    fn kind(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::End, |t| &t.kind)
    }

    fn peek(&self, ahead: usize) -> &Kind {
        self.tokens.get(self.at + ahead).map_or(&Kind::End, |t| &t.kind)
    }

    fn col(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |t| t.col)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(s) if *s == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str, open: &str, open_col: usize) -> Result<()> {
        if self.take(sign) {
            return Ok(());
        }
        let got = self.kind().show();
        Err(error(self.col(), format!("expected `{sign}` to close the `{open}` at col {open_col}, got {got}")))
    }

    fn push(&mut self, col: usize, kind: NodeKind) -> Id {
        self.nodes.push(Node { kind, col });
        self.nodes.len() - 1
    }

    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return Err(error(self.col(), format!("nested deeper than {MAX_DEPTH} levels; assign parts to names")));
        }
        self.depth += 1;
        let out = f(self);
        self.depth -= 1;
        out
    }

    fn program(&mut self) -> Result<Id> {
        // The result is the last expression; a last assignment gives its value as well.
        let mut result = None;
        loop {
            while *self.kind() == Kind::Break {
                self.at += 1;
            }
            if *self.kind() == Kind::End {
                return result.ok_or_else(|| error(1, "empty; write for example `u8(clip(f32(x) * 1.1, 0, 255))`"));
            }
            result = Some(self.statement()?);
            if !matches!(self.kind(), Kind::Break | Kind::End) {
                return Err(self.after_expression());
            }
        }
    }

    /// What to say when an expression is over but the statement is not.
    fn after_expression(&self) -> crate::error::Error {
        let col = self.col();
        match self.kind() {
            Kind::Sign("=") => {
                error(col, "only a name, or a name with an index, can be assigned to; compare with `==`")
            }
            Kind::Sign(sign @ ("+=" | "-=" | "*=" | "/=" | "//=" | "%=" | "**=" | "@=" | "&=" | "|=" | "^=")) => {
                let left = match self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map(|t| &t.kind) {
                    Some(Kind::Name(name)) => name,
                    _ => "name[…]",
                };
                let sign = sign.trim_end_matches('=');
                error(col, format!("nothing is changed in place; write `{left} = {left} {sign} …`"))
            }
            Kind::Sign(":=") => error(col, "write `name = value;` as a statement of its own"),
            Kind::Sign(",") => error(col, "one result is wanted, not several; put the `,` inside brackets"),
            Kind::Sign(s @ (")" | "]")) => error(col, format!("`{s}` closes nothing")),
            Kind::Name(word) => {
                if let Some((_, instead)) = PYTHON_WORDS.iter().find(|(w, _)| w == word) {
                    return error(col, format!("`{word}` is not part of the language; {instead}"));
                }
                error(col, format!("expected an operator or `;`, got `{word}`"))
            }
            kind => error(col, format!("expected an operator or `;`, got {}", kind.show())),
        }
    }

    fn statement(&mut self) -> Result<Id> {
        if let (Kind::Name(name), Kind::Sign("=")) = (self.kind().clone(), self.peek(1)) {
            let col = self.col();
            self.name_may_be_assigned(&name)?;
            self.at += 2;
            let value = self.expression()?;
            return Ok(self.push(col, NodeKind::Assign(name, value)));
        }
        let value = self.expression()?;
        if self.is("=") {
            return self.assign_to_index(value);
        }
        Ok(value)
    }

    /// `name[…] = value`, whose left side was read as an index, the last node there is.
    fn assign_to_index(&mut self, left: Id) -> Result<Id> {
        let target = match self.nodes.get(left).map(|n| &n.kind) {
            Some(NodeKind::Index(array, items)) if left + 1 == self.nodes.len() => {
                let name = self.nodes.get(*array).map(|n| &n.kind);
                if let Some(NodeKind::Name(name)) = name { Some((name.clone(), *array, items.clone())) } else { None }
            }
            _ => None,
        };
        let Some((name, array, items)) = target else { return Err(self.after_expression()) };
        // The elements that are written are not read.
        let col = self.nodes.pop().map_or(1, |n| n.col);
        self.at += 1;
        let value = self.expression()?;
        Ok(self.push(col, NodeKind::AssignIndex(name, array, items, value)))
    }

    fn name_may_be_assigned(&self, name: &str) -> Result<()> {
        let reserved = opusclip_engine::DType::parse(name).is_some()
            || matches!(name, "True" | "False" | "None" | "pi" | "np")
            || PYTHON_WORDS.iter().any(|(w, _)| *w == name);
        if reserved {
            return Err(error(self.col(), format!("`{name}` already means something; choose another name")));
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<Id> {
        self.deeper(|p| p.binary(1))
    }

    /// Operators that bind at least as tight as `floor`. Recursion is bounded by the levels of the table.
    fn binary(&mut self, floor: u8) -> Result<Id> {
        if floor > Binary::TIGHTEST {
            return self.unary();
        }
        let mut left = self.binary(floor + 1)?;
        let mut compared = false;
        loop {
            let Kind::Sign(sign) = *self.kind() else { return Ok(left) };
            let Some((_, _, op)) = Binary::TABLE.iter().find(|(s, level, _)| *s == sign && *level == floor) else {
                return Ok(left);
            };
            let col = self.col();
            if op.compares() && compared {
                return Err(error(col, "comparisons do not chain; write `(a < b) & (b < c)`"));
            }
            compared = op.compares();
            self.at += 1;
            let right = self.binary(floor + 1)?;
            left = self.push(col, NodeKind::Binary(*op, left, right));
        }
    }

    fn unary(&mut self) -> Result<Id> {
        let op = match self.kind() {
            Kind::Sign("-") => Unary::Negative,
            Kind::Sign("+") => Unary::Plus,
            Kind::Sign("~") => Unary::Invert,
            _ => return self.power(),
        };
        let col = self.col();
        self.at += 1;
        let operand = self.deeper(Self::unary)?;
        Ok(self.push(col, NodeKind::Unary(op, operand)))
    }

    fn power(&mut self) -> Result<Id> {
        let base = self.postfix()?;
        if !self.is("**") {
            return Ok(base);
        }
        let col = self.col();
        self.at += 1;
        let exponent = self.deeper(Self::unary)?;
        Ok(self.push(col, NodeKind::Binary(Binary::Power, base, exponent)))
    }

    fn postfix(&mut self) -> Result<Id> {
        let mut value = self.atom()?;
        loop {
            let col = self.col();
            if self.take(".") {
                let name_col = self.col();
                let Kind::Name(name) = self.kind().clone() else {
                    return Err(error(
                        name_col,
                        format!("expected a method name after `.`, got {}", self.kind().show()),
                    ));
                };
                self.at += 1;
                let open_col = self.col();
                if !self.take("(") {
                    if let Some((_, op)) = ATTRIBUTES.iter().find(|(a, _)| *a == name) {
                        let args = vec![CallArg { keyword: None, value }];
                        value = self.push(name_col, NodeKind::Call((*op).to_string(), args));
                        continue;
                    }
                    return Err(error(
                        name_col,
                        format!("`.{name}` is no attribute here; methods are called: `.{name}(…)`"),
                    ));
                }
                let mut args = vec![CallArg { keyword: None, value }];
                self.arguments(open_col, &mut args)?;
                value = self.push(name_col, NodeKind::Call(name, args));
            } else if self.take("[") {
                let items = self.items(col)?;
                value = self.push(col, NodeKind::Index(value, items));
            } else if self.is("(") {
                return Err(error(col, "only a name can be called"));
            } else {
                return Ok(value);
            }
        }
    }

    fn atom(&mut self) -> Result<Id> {
        let col = self.col();
        match self.kind().clone() {
            Kind::Int(n) => {
                self.at += 1;
                Ok(self.push(col, NodeKind::Int(n)))
            }
            Kind::Text(text) => {
                self.at += 1;
                Ok(self.push(col, NodeKind::Text(text)))
            }
            Kind::Float(x) => {
                self.at += 1;
                Ok(self.push(col, NodeKind::Float(x)))
            }
            Kind::Imaginary(x) => {
                self.at += 1;
                Ok(self.push(col, NodeKind::Imaginary(x)))
            }
            Kind::Name(name) => self.name(name, col),
            Kind::Sign(open @ ("(" | "[")) => {
                self.at += 1;
                self.bracketed(open, col)
            }
            Kind::End | Kind::Break => Err(error(col, "expected a value, but the expression ends here")),
            kind => Err(error(col, format!("expected a value, got {}", kind.show()))),
        }
    }

    fn name(&mut self, name: String, col: usize) -> Result<Id> {
        if let Some((_, instead)) = PYTHON_WORDS.iter().find(|(w, _)| *w == name) {
            return Err(error(col, format!("`{name}` is not part of the language; {instead}")));
        }
        self.at += 1;
        // `np.clip(…)` pasted from a notebook is `clip(…)`.
        if name == "np" && self.is(".") {
            self.at += 1;
            let col = self.col();
            return match self.kind().clone() {
                Kind::Name(name) => self.name(name, col),
                kind => Err(error(col, format!("expected a name after `np.`, got {}", kind.show()))),
            };
        }
        let open_col = self.col();
        if self.take("(") {
            let mut args = Vec::new();
            self.arguments(open_col, &mut args)?;
            return Ok(self.push(col, NodeKind::Call(name, args)));
        }
        let kind = match name.as_str() {
            "True" => NodeKind::Bool(true),
            "False" => NodeKind::Bool(false),
            "None" => NodeKind::None,
            "pi" => NodeKind::Float(std::f64::consts::PI),
            _ => NodeKind::Name(name),
        };
        Ok(self.push(col, kind))
    }

    /// `(a)` is `a`; `(a,)`, `(a, b)` and `()` are tuples, `[…]` is a list.
    fn bracketed(&mut self, open: &'static str, open_col: usize) -> Result<Id> {
        let close = if open == "(" { ")" } else { "]" };
        let mut items = Vec::new();
        let mut comma = open == "[";
        while !self.is(close) {
            items.push(self.expression()?);
            if !self.take(",") {
                break;
            }
            comma = true;
        }
        self.expect(close, open, open_col)?;
        match items.as_slice() {
            [one] if !comma => Ok(*one),
            _ if open == "[" => Ok(self.push(open_col, NodeKind::List(items))),
            _ => Ok(self.push(open_col, NodeKind::Tuple(items))),
        }
    }

    /// The arguments up to `)`, whose `(` is taken already.
    fn arguments(&mut self, open_col: usize, args: &mut Vec<CallArg>) -> Result<()> {
        while !self.is(")") {
            let col = self.col();
            let mut keyword = None;
            if let (Kind::Name(name), Kind::Sign("=")) = (self.kind().clone(), self.peek(1)) {
                if args.iter().any(|a| a.keyword.as_deref() == Some(&name)) {
                    return Err(error(col, format!("`{name}=` is given twice")));
                }
                keyword = Some(name);
                self.at += 2;
            } else if args.iter().any(|a| a.keyword.is_some()) {
                return Err(error(col, "a plain argument cannot follow one with a name"));
            } else if self.is("*") || self.is("**") {
                return Err(error(col, "arguments cannot be unpacked"));
            }
            let value = self.expression()?;
            args.push(CallArg { keyword, value });
            if !self.take(",") {
                break;
            }
        }
        self.expect(")", "(", open_col)
    }

    /// What stands between `[` and `]`, whose `[` is taken already.
    fn items(&mut self, open_col: usize) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        while !self.is("]") {
            items.push(self.item()?);
            if !self.take(",") {
                break;
            }
        }
        self.expect("]", "[", open_col)?;
        if items.is_empty() {
            return Err(error(open_col, "an index is missing between `[` and `]`"));
        }
        // `x[(0, 1)]` is `x[0, 1]`.
        if let [Item::At(at)] = items.as_slice()
            && let Some(NodeKind::Tuple(ids)) = self.nodes.get(*at).map(|n| &n.kind)
        {
            return Ok(ids.iter().map(|&id| Item::At(id)).collect());
        }
        Ok(items)
    }

    fn item(&mut self) -> Result<Item> {
        if self.take("...") {
            return Ok(Item::Ellipsis);
        }
        let mut parts = [None; 3];
        let mut colons = 0;
        for (n, part) in parts.iter_mut().enumerate() {
            if n > 0 {
                if !self.take(":") {
                    break;
                }
                colons += 1;
            }
            if !(self.is(":") || self.is(",") || self.is("]")) {
                *part = Some(self.expression()?);
            }
        }
        let [start, stop, step] = parts;
        match (colons, start) {
            (0, Some(at)) if self.nodes.get(at).is_some_and(|n| n.kind == NodeKind::None) => Ok(Item::NewAxis),
            (0, Some(at)) => Ok(Item::At(at)),
            (0, None) => Err(error(self.col(), format!("expected an index, got {}", self.kind().show()))),
            _ => Ok(Item::Slice(start, stop, step)),
        }
    }
}
