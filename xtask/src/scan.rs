//! A rough reader of Rust source: words and punctuation with their lines; comments, strings and
//! characters left out. Enough to see paths and keywords; it is no parser.

/// One word or one punctuation character (`::` counts as one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// Line, from 1.
    pub(crate) line: usize,
}

fn word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

/// Index of the first byte after the string that opens at `start` (its quote), with `hashes`
/// closing `#`; escapes count only in strings that are not raw.
fn after_string(s: &[u8], start: usize, hashes: usize, raw: bool) -> usize {
    let mut i = start + 1;
    while i < s.len() {
        if s[i] == b'\\' && !raw {
            i += 2;
            continue;
        }
        if s[i] == b'"' && s[i + 1..].iter().take(hashes).filter(|b| **b == b'#').count() == hashes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    s.len()
}

/// Index of the first byte after the comment that opens at `start`, nested ones included.
fn after_block_comment(s: &[u8], start: usize) -> usize {
    let (mut i, mut depth) = (start, 0usize);
    while i < s.len() {
        match &s[i..(i + 2).min(s.len())] {
            b"/*" => (i, depth) = (i + 2, depth + 1),
            b"*/" => (i, depth) = (i + 2, depth - 1),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

/// Index after a character literal that opens at `start`, or `None` for a lifetime.
fn after_char(text: &str, start: usize) -> Option<usize> {
    let mut rest = text[start + 1..].char_indices();
    let (_, first) = rest.next()?;
    if first == '\\' {
        let end = text.get(start + 3..)?.find('\'')?;
        return Some(start + 3 + end + 1);
    }
    match rest.next() {
        Some((at, '\'')) => Some(start + 1 + at + 1),
        _ => None,
    }
}

/// The tokens of `text`, in order.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let s = text.as_bytes();
    let mut out = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < s.len() {
        let start = i;
        if s[i..].starts_with(b"//") {
            i += s[i..].iter().position(|b| *b == b'\n').unwrap_or(s.len() - i);
        } else if s[i..].starts_with(b"/*") {
            i = after_block_comment(s, i);
        } else if s[i] == b'"' {
            i = after_string(s, i, 0, false);
        } else if s[i] == b'\'' {
            i = after_char(text, i).unwrap_or(i + 1);
        } else if word_byte(s[i]) {
            while i < s.len() && word_byte(s[i]) {
                i += 1;
            }
            let word = &text[start..i];
            // r"…", br#"…"#, b"…", c"…", b'x'; r#name stays a word.
            let hashes = s[i..].iter().take_while(|b| **b == b'#').count();
            let raw = matches!(word, "r" | "br" | "cr");
            if raw && s.get(i + hashes) == Some(&b'"') {
                i = after_string(s, i + hashes, hashes, true);
            } else if matches!(word, "b" | "c") && s.get(i) == Some(&b'"') {
                i = after_string(s, i, 0, false);
            } else if word == "b" && s.get(i) == Some(&b'\'') {
                i = after_char(text, i).unwrap_or(i + 1);
            } else if word == "r" && hashes == 1 && s.get(i + 1).is_some_and(|b| word_byte(*b)) {
                i += 1;
            } else {
                out.push(Token { text: word, line });
            }
        } else if s[i..].starts_with(b"::") {
            i += 2;
            out.push(Token { text: "::", line });
        } else {
            i += 1;
            if !s[start].is_ascii_whitespace() {
                out.push(Token { text: &text[start..i], line });
            }
        }
        i = i.min(s.len());
        line += s[start..i].iter().filter(|b| **b == b'\n').count();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn words(text: &str) -> Vec<(&str, usize)> {
        tokens(text).into_iter().map(|t| (t.text, t.line)).collect()
    }

    #[test]
    fn comments_strings_and_characters_are_left_out() {
        assert_eq!(words("a // crate::x\nb /* y /* z */ w */ c"), [("a", 1), ("b", 2), ("c", 2)]);
        assert_eq!(words(r##"x "crate::y \" z" r#"u " v"# b"w" c"##), [("x", 1), ("c", 1)]);
        assert_eq!(words("'\"' 'a' '\\'' b'\\n' '\\u{1F600}' é"), [("é", 1)]);
        assert_eq!(words("&'a str"), [("&", 1), ("a", 1), ("str", 1)]);
        assert_eq!(words("\"two\nlines\" x"), [("x", 2)]);
    }

    #[test]
    fn paths_are_split() {
        assert_eq!(words("crate::a::{b}"), ["crate", "::", "a", "::", "{", "b", "}"].map(|t| (t, 1)));
        assert_eq!(words("r#gen::run"), [("gen", 1), ("::", 1), ("run", 1)]);
    }

    #[test]
    fn unfinished_source_ends() {
        for text in ["\"", "r#\"", "/*", "'", "'\\", "b'", "\"\\", "/* /*"] {
            tokens(text);
        }
    }
}
