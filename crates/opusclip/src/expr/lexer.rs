//! Text to tokens. Every token knows where it starts, counted in characters from 1, since the
//! column is what an error message points with.

use crate::error::{Error, Result};

/// One token and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Column of its first character, from 1.
    pub(super) col: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Int(i64),
    Float(f64),
    /// `2j`
    Imaginary(f64),
    Name(String),
    /// A word in quotes.
    Text(String),
    /// An operator or a piece of punctuation, as written.
    Sign(&'static str),
    /// `;` or a line end outside brackets.
    Break,
    End,
}

impl Kind {
    /// The token as a message shows it.
    pub(super) fn show(&self) -> String {
        match self {
            Kind::Int(n) => format!("`{n}`"),
            Kind::Float(x) => format!("`{x}`"),
            Kind::Imaginary(x) => format!("`{x}j`"),
            Kind::Name(name) => format!("`{name}`"),
            Kind::Text(text) => format!("'{text}'"),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::Break => "the end of the statement".to_string(),
            Kind::End => "the end".to_string(),
        }
    }
}

/// Longest expression, in characters. Generous for a person, small for a machine.
pub(super) const MAX_LENGTH: usize = 16 * 1024;

/// Longest first, so that `**` is not read as two stars.
const SIGNS: [&str; 42] = [
    "...", "**=", "//=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=", "**", "//", "<=", ">=", "==", "!=",
    "<<", ">>", ":=", "+", "-", "*", "/", "%", "<", ">", "=", "(", ")", "[", "]", ",", ":", ".", "&", "|", "^", "~",
    "@", ";",
];

/// An error at a column. `op` stays `expr`; whoever prints it may name its own option instead.
pub(super) fn error(col: usize, what: impl std::fmt::Display) -> Error {
    Error::value("expr", format!("col {col}: {what}"))
}

/// The tokens of `source`, ending in [`Kind::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Token>> {
    // The byte length bounds the character count, so nothing long is even decoded.
    if source.len() > 4 * MAX_LENGTH || source.chars().count() > MAX_LENGTH {
        return Err(Error::value("expr", format!("longer than the limit of {MAX_LENGTH} characters")));
    }
    let chars: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    let mut brackets = 0_usize;
    while let Some(&c) = chars.get(at) {
        let col = at + 1;
        let rest = chars.get(at..).unwrap_or(&[]);
        if c == '\n' {
            if brackets == 0 {
                out.push(Token { kind: Kind::Break, col });
            }
            at += 1;
        } else if c.is_whitespace() {
            at += 1;
        } else if c == '#' {
            at += rest.iter().take_while(|c| **c != '\n').count();
        } else if c.is_ascii_digit() || (c == '.' && rest.get(1).is_some_and(char::is_ascii_digit)) {
            let (kind, len) = number(rest, col)?;
            out.push(Token { kind, col });
            at += len;
        } else if c.is_alphabetic() || c == '_' {
            let name: String = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
            at += name.chars().count();
            out.push(Token { kind: Kind::Name(name), col });
        } else if c == '\'' || c == '"' {
            let text: String = rest.iter().skip(1).take_while(|q| **q != c && !q.is_control()).collect();
            let len = text.chars().count();
            if rest.get(len + 1) != Some(&c) {
                return Err(error(col, format!("the quote {c} is not closed")));
            }
            if let Some(bad) = text.chars().find(|t| !(t.is_alphanumeric() || " _-+,.>".contains(*t))) {
                return Err(error(col, format!("`{bad}` does not stand in a word; words name modes and the like")));
            }
            at += len + 2;
            out.push(Token { kind: Kind::Text(text), col });
        } else if let Some(sign) = SIGNS.into_iter().find(|s| s.chars().eq(rest.iter().copied().take(s.len()))) {
            at += sign.len();
            match sign {
                "(" | "[" => brackets += 1,
                ")" | "]" => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            let kind = if sign == ";" { Kind::Break } else { Kind::Sign(sign) };
            out.push(Token { kind, col });
        } else {
            let what = match c {
                '!' => "`!` alone is no operator; write `!=`, or `~` for not".to_string(),
                c if c.is_control() => format!("unexpected control character {}", c.escape_default()),
                c => format!("unexpected character `{c}`"),
            };
            return Err(error(col, what));
        }
    }
    out.push(Token { kind: Kind::End, col: chars.len() + 1 });
    Ok(out)
}

/// The number at the start of `chars` and its length.
fn number(chars: &[char], col: usize) -> Result<(Kind, usize)> {
    // Everything that clings to the number belongs to it, so that `1x` is one mistake, not two tokens.
    let mut len = 0;
    let mut float = false;
    let based = matches!(chars, ['0', 'x' | 'X' | 'b' | 'B' | 'o' | 'O', ..]);
    while let Some(&c) = chars.get(len) {
        let exponent_sign =
            !based && (c == '+' || c == '-') && len > 0 && matches!(chars.get(len - 1), Some('e' | 'E'));
        // `1...` is a number and an ellipsis, `1.` a float.
        let point = c == '.' && !float && chars.get(len + 1) != Some(&'.');
        if !(c.is_alphanumeric() || c == '_' || exponent_sign || point) {
            break;
        }
        float |= c == '.' || (!based && matches!(c, 'e' | 'E'));
        len += 1;
    }
    let text: String = chars.iter().take(len).collect();
    let bad = || error(col, format!("`{text}` is not a number"));
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    if text.ends_with('_') || text.contains("__") {
        return Err(bad());
    }
    if based {
        let radix = match text.as_bytes().get(1) {
            Some(b'x' | b'X') => 16,
            Some(b'o' | b'O') => 8,
            _ => 2,
        };
        let value = digits.get(2..).and_then(|d| i64::from_str_radix(d, radix).ok()).ok_or_else(bad)?;
        return Ok((Kind::Int(value), len));
    }
    if let Some(digits) = digits.strip_suffix(['j', 'J']) {
        let value =
            digits.parse().map_err(|_| bad()).and_then(|v| if text.contains("_j") { Err(bad()) } else { Ok(v) })?;
        return Ok((Kind::Imaginary(value), len));
    }
    if float {
        let value: f64 = digits.parse().map_err(|_| bad())?;
        return Ok((Kind::Float(value), len));
    }
    if !digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(bad());
    }
    match digits.parse() {
        Ok(value) => Ok((Kind::Int(value), len)),
        Err(_) => Err(error(col, format!("`{text}` is over the largest integer, {}; write it as a float", i64::MAX))),
    }
}
