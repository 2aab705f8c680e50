//! The header of an `.npy` array: one strict parser for files, maps and members of archives. It is
//! written by hand, with limits and without recursion; nothing is ever evaluated or unpickled.

use opusclip_engine::DType;
use opusclip_engine::array::f_strides;
use opusclip_engine::array::shape::{c_strides, count};

/// A header is at most this long. NumPy writes 118 bytes for most arrays.
pub(crate) const MOST_HEADER: u64 = 1 << 16;
/// NumPy's own limit on dimensions.
pub(crate) const MOST_AXES: usize = 64;
/// Bytes that tell how long the header is.
pub(crate) const PRELUDE: u64 = 12;

/// Element types that the format has a code for: the code, and how many bytes turn around together
/// when the order of bytes is the other one (complex numbers: each half for itself).
const CODES: &[(DType, &str, usize)] = &[
    (DType::Bool, "b1", 1),
    (DType::U8, "u1", 1),
    (DType::I8, "i1", 1),
    (DType::U16, "u2", 2),
    (DType::I16, "i2", 2),
    (DType::U32, "u4", 4),
    (DType::I32, "i4", 4),
    (DType::U64, "u8", 8),
    (DType::I64, "i8", 8),
    (DType::F16, "f2", 2),
    (DType::F32, "f4", 4),
    (DType::F64, "f8", 8),
    (DType::C64, "c8", 4),
    (DType::C128, "c16", 8),
];

/// Why a header is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It lies or is damaged.
    Bad(String),
    /// It is sound, and of an array that is not read.
    Unread(String),
}

fn bad<T>(what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Bad(what.into()))
}

/// What a header says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Element type.
    pub(crate) dtype: DType,
    /// Bytes that turn around together; 0 when they are in this machine's order.
    pub(crate) swap: usize,
    /// First axis fastest. Never set when both orders are the same.
    pub(crate) fortran: bool,
    /// Length of each axis.
    pub(crate) shape: Vec<usize>,
    /// Bytes before the first element.
    pub(crate) start: u64,
    /// Bytes of all elements.
    pub(crate) bytes: u64,
}

impl Header {
    /// Strides of the elements in the file, in elements.
    pub(crate) fn strides(&self) -> Vec<isize> {
        if self.fortran { f_strides(&self.shape) } else { c_strides(&self.shape) }
    }

    /// Bytes of the elements as a size in memory; that it fits was checked.
    pub(crate) fn size(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Elements as they stand in the file, made this machine's: order of bytes, and bools 0 or 1.
    pub(crate) fn native(&self, bytes: &mut [u8]) {
        match (self.dtype, self.swap) {
            (DType::Bool, _) => bytes.iter_mut().for_each(|b| *b = u8::from(*b != 0)),
            (_, 2) => bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|b| b.reverse()),
            (_, 4) => bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|b| b.reverse()),
            (_, 8) => bytes.as_chunks_mut::<8>().0.iter_mut().for_each(|b| b.reverse()),
            _ => {}
        }
    }

    /// Reads the header of an array of `there` bytes in all; `read` gives bytes `start .. start +
    /// len` and is asked only for what lies within, in order.
    ///
    /// The outer error is that of `read`.
    pub(crate) fn read<E>(
        there: u64,
        mut read: impl FnMut(u64, u64) -> Result<Vec<u8>, E>,
    ) -> Result<Result<Header, Fault>, E> {
        let head = read(0, PRELUDE.min(there))?;
        let (start, len) = match prelude(&head, there) {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault)),
        };
        // The first bytes of the text may have come along with the prelude.
        let mut text = head.get(start as usize..).unwrap_or(&[]).to_vec();
        text.truncate(len as usize);
        let have = text.len() as u64;
        text.extend(read(start + have, len - have)?);
        Ok(Header::parse(&text, start + len, there))
    }

    fn parse(text: &[u8], start: u64, there: u64) -> Result<Header, Fault> {
        let Ok(text) = std::str::from_utf8(text) else { return bad("its header is no text") };
        let fields = parse(text)?;
        let (dtype, swap) = element(&fields.descr)?;
        let shape = fields.shape;
        // Also of zero-size arrays, so that no product of a part of the shape can overflow later.
        let sides: Vec<usize> = shape.iter().map(|&n| n.max(1)).collect();
        if count("npy", &sides, dtype.size()).is_err() {
            return bad(format!("its shape {shape:?} is beyond any memory"));
        }
        let n: usize = shape.iter().product();
        let bytes = (n * dtype.size()) as u64;
        let left = there.saturating_sub(start);
        if bytes > left {
            return bad(format!("its shape {shape:?} of {dtype} needs {bytes} bytes but it holds {left}"));
        }
        let fortran = fields.fortran && shape.iter().filter(|&&n| n > 1).count() > 1;
        Ok(Header { dtype, swap, fortran, shape, start, bytes })
    }
}

/// Where the header's text begins and how long it is.
fn prelude(head: &[u8], there: u64) -> Result<(u64, u64), Fault> {
    if !head.starts_with(b"\x93NUMPY") {
        return bad("it does not begin as one");
    }
    let (start, len) = match head.get(6..) {
        Some([1, _, a, b, ..]) => (10, u64::from(u16::from_le_bytes([*a, *b]))),
        Some([2 | 3, _, a, b, c, d]) => (12, u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        Some([v, ..]) if !matches!(v, 1..=3) => return bad(format!("version {v} is unknown")),
        _ => return bad("it is cut"),
    };
    if len > MOST_HEADER {
        return bad(format!("its header of {len} bytes is over the limit of {MOST_HEADER}"));
    }
    if there.saturating_sub(start) < len {
        return bad("it is cut within its header");
    }
    Ok((start, len))
}

struct Fields {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

/// Reads the header's dictionary: three keys, each once, in any order.
fn parse(text: &str) -> Result<Fields, Fault> {
    let mut p = Parser { rest: text.trim_end_matches(['\n', ' ', '\0']) };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    p.expect('{')?;
    while !p.eat('}') {
        let key = p.string()?;
        p.expect(':')?;
        let again = match key {
            "descr" => match p.peek() {
                Some('[') => return Err(unread("records")),
                Some('(') => return Err(unread("elements that are arrays themselves")),
                _ => descr.replace(p.string()?.to_string()).is_some(),
            },
            "fortran_order" => fortran.replace(p.truth()?).is_some(),
            "shape" => shape.replace(p.shape()?).is_some(),
            other => return bad(format!("its header has the key `{}`", short(other))),
        };
        if again {
            return bad(format!("its header has the key `{key}` twice"));
        }
        if !p.eat(',') && p.peek() != Some('}') {
            return bad("its header is no dictionary");
        }
    }
    if !p.rest.trim().is_empty() {
        return bad("its header goes on after its end");
    }
    let lacks = |key: &str| Fault::Bad(format!("its header does not say `{key}`"));
    Ok(Fields {
        descr: descr.ok_or_else(|| lacks("descr"))?,
        fortran: fortran.ok_or_else(|| lacks("fortran_order"))?,
        shape: shape.ok_or_else(|| lacks("shape"))?,
    })
}

/// The beginning of a text from a file, in one line.
fn short(text: &str) -> String {
    text.escape_debug().take(40).collect()
}

fn unread(what: impl std::fmt::Display) -> Fault {
    Fault::Unread(format!("holds {what}, which is not read; arrays of numbers are"))
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.rest = self.rest.get(c.len_utf8()..).unwrap_or("");
        }
        found
    }

    fn expect(&mut self, c: char) -> Result<(), Fault> {
        if self.eat(c) { Ok(()) } else { bad(format!("its header lacks a `{c}`")) }
    }

    fn string(&mut self) -> Result<&'a str, Fault> {
        let Some(quote) = self.peek().filter(|c| matches!(c, '\'' | '"')) else {
            return bad("its header lacks a text");
        };
        let inner = self.rest.get(1..).unwrap_or("");
        let Some((text, tail)) = inner.split_once(quote) else { return bad("its header has a text without end") };
        self.rest = tail;
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, Fault> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(tail) = self.rest.strip_prefix(word) {
                self.rest = tail;
                return Ok(value);
            }
        }
        bad("its header has an order that is neither True nor False")
    }

    fn shape(&mut self) -> Result<Vec<usize>, Fault> {
        let mut out = Vec::new();
        self.expect('(')?;
        while !self.eat(')') {
            self.peek();
            let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, tail) = self.rest.split_at_checked(end).unwrap_or(("", self.rest));
            let Ok(n) = digits.parse() else { return bad("its shape is not of whole numbers that fit") };
            // Python 2 wrote long integers with an L.
            self.rest = tail.strip_prefix('L').unwrap_or(tail);
            out.push(n);
            if out.len() > MOST_AXES {
                return bad(format!("its shape has more than {MOST_AXES} axes"));
            }
            let more = self.eat(',');
            if !more && (self.peek() != Some(')') || out.len() == 1) {
                // `(3)` is a number in Python, not a shape.
                return bad("its shape is no tuple of numbers");
            }
        }
        Ok(out)
    }
}

/// Element type of a `descr`, and how many bytes of it turn around together.
fn element(descr: &str) -> Result<(DType, usize), Fault> {
    let (order, code) = match descr.chars().next() {
        Some(c @ ('<' | '>' | '|' | '=')) => (c, descr.get(1..).unwrap_or("")),
        _ => ('=', descr),
    };
    let code = match code {
        "?" => "b1",
        "B" => "u1",
        "b" => "i1",
        code => code,
    };
    if let Some((dtype, _, word)) = CODES.iter().find(|(d, c, _)| *c == code || (order == '=' && d.name() == code)) {
        let other = if cfg!(target_endian = "big") { '<' } else { '>' };
        return Ok((*dtype, if order == other && *word > 1 { *word } else { 0 }));
    }
    Err(unread(match code.chars().next() {
        Some('O') => "Python objects".to_string(),
        Some('U' | 'S' | 'a') => format!("text (`{}`)", short(descr)),
        Some('M') => format!("dates (`{}`)", short(descr)),
        Some('m') => format!("time spans (`{}`)", short(descr)),
        Some('V') => format!("raw bytes (`{}`)", short(descr)),
        _ => format!("elements of type `{}`", short(descr)),
    }))
}

/// The first bytes of a C-order array of this shape: NumPy's own to the byte, padded so that the
/// elements begin at a multiple of 64. An error says that the format has no code for `dtype`.
pub(crate) fn header(shape: &[usize], dtype: DType) -> Result<Vec<u8>, String> {
    let Some((_, code, word)) = CODES.iter().find(|(d, ..)| *d == dtype) else {
        return Err(format!(".npy has no code for {dtype}; cast it, to float32 for one"));
    };
    if shape.len() > MOST_AXES {
        return Err(format!("an array of {} axes; .npy takes at most {MOST_AXES}", shape.len()));
    }
    let order = match word {
        1 => '|',
        _ if cfg!(target_endian = "big") => '>',
        _ => '<',
    };
    let mut sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    if shape.len() > 1 {
        sizes.truncate(sizes.len() - 2);
    } else {
        sizes = sizes.trim_end().into();
    }
    let mut text = format!("{{'descr': '{order}{code}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // NumPy leaves room for axis 0 to grow to 21 digits in place.
    let digits = shape.first().map(|n| n.to_string().len());
    text.extend(std::iter::repeat_n(' ', digits.map_or(0, |d| 21usize.saturating_sub(d))));
    let used = 10 + text.len() + 1;
    text.extend(std::iter::repeat_n(' ', used.next_multiple_of(64) - used));
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    Ok(out)
}
