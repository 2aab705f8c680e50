//! Text of arrays, as NumPy prints them: columns in line, long axes shortened, lines wrapped.
//!
//! Only the elements that are shown are read, so a view of more elements than there is memory
//! prints at once.

use std::fmt;

use opusclip_raw::DType;

use super::numerals::{ComplexFormat, FloatFormat, alone, brain, complex_alone};
use super::shape::show;
use super::{Array, Scalar};

/// How arrays are printed: `numpy.set_printoptions`, handed in instead of set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintOptions {
    /// Digits behind the point, at most. Each number has as many as tell it from its neighbours.
    pub precision: usize,
    /// Arrays of more elements than this are shortened.
    pub threshold: usize,
    /// Elements shown at each end of a shortened axis; at least 1.
    pub edgeitems: usize,
    /// Characters of a line.
    pub linewidth: usize,
    /// Small numbers do not switch to exponents: they print as 0 where the precision ends.
    pub suppress: bool,
}

impl Default for PrintOptions {
    /// NumPy's: 8 digits, shortened above 1000 elements to 3 at each end, lines of 75.
    fn default() -> Self {
        PrintOptions { precision: 8, threshold: 1000, edgeitems: 3, linewidth: 75, suppress: false }
    }
}

/// The most axes that an array of NumPy has.
const MOST_AXES: usize = 64;
/// The most elements that a shortened text shows. Axes of few elements are never shortened, and
/// enough of them would print for hours.
const MOST_SHOWN: usize = 1 << 18;
/// The most elements of a text that is not shortened, because a high threshold was asked for: some
/// gigabytes of words.
const MOST_WHOLE: usize = 1 << 24;

impl Array {
    /// What `str(a)` and `print(a)` of NumPy show, under `options`.
    ///
    /// A 0-d array is the text of its number, an empty one `[]`. Numbers of `bfloat16` are written
    /// as `ml_dtypes` does: six digits at most, in no columns and whatever the precision. Where NumPy would print for hours
    /// (a shortened text of more than 2¹⁸ elements, a whole one of more than 2²⁴) or has no array at
    /// all (more than 64 axes), the text is `[...]`.
    ///
    /// ```
    /// use opusclip_engine::Array;
    /// use opusclip_engine::array::PrintOptions;
    /// let a = Array::from([1.5f32, 0.25]);
    /// assert_eq!(a.to_text(&PrintOptions::default()), "[1.5  0.25]");
    /// ```
    pub fn to_text(&self, options: &PrintOptions) -> String {
        if self.ndim() > 0 {
            return Text::new(self, options, " ", options.linewidth).body(1);
        }
        match self.get(&[]) {
            Ok(v) if v.dtype == DType::Bool => if v.to_i128() != 0 { "True" } else { "False" }.into(),
            Ok(v) if v.dtype == DType::BF16 => brain(v.to_f64()),
            Ok(v) if v.dtype.is_complex() => complex_alone(v.to_parts(), v.dtype.real()),
            Ok(v) if v.dtype.is_float() => alone(v.to_f64(), v.dtype),
            Ok(v) => v.to_string(),
            // A 0-d array has its one element.
            Err(_) => String::new(),
        }
    }

    /// What `repr(a)` of NumPy shows: `array([1, 2], dtype=uint8)`. The type is left out for
    /// `bool`, `int64`, `float64` and `complex128`, as there.
    pub fn repr(&self) -> String {
        self.repr_with(&PrintOptions::default())
    }

    /// [`Array::repr`] under `options`.
    pub fn repr_with(&self, options: &PrintOptions) -> String {
        const HEAD: &str = "array(";
        // The closing bracket takes a place of the last line, and NumPy of every line.
        let width = options.linewidth.saturating_sub(1);
        let body = Text::new(self, options, ", ", width).body(HEAD.len() + 1);
        let empty = self.size() == 0;
        let mut extras = Vec::new();
        if (empty && self.shape() != [0]) || self.size() > options.threshold {
            extras.push(format!("shape={}", show(self.shape())));
        }
        if empty || !matches!(self.dtype(), DType::Bool | DType::I64 | DType::F64 | DType::C128) {
            extras.push(format!("dtype={}", self.dtype()));
        }
        if extras.is_empty() {
            return format!("{HEAD}{body})");
        }
        let text = format!("{HEAD}{body},");
        let extras = extras.join(", ") + ")";
        let last = text.rsplit('\n').next().map_or(0, str::len);
        let fits = last + extras.len() < options.linewidth;
        let space = if fits { " ".into() } else { format!("\n{}", " ".repeat(HEAD.len())) };
        text + &space + &extras
    }
}

impl fmt::Display for Array {
    /// [`Array::to_text`] with NumPy's options: what `print(a)` shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(&PrintOptions::default()))
    }
}

/// One text in the making.
struct Text<'a> {
    array: &'a Array,
    options: PrintOptions,
    separator: &'a str,
    width: usize,
    short: bool,
}

impl<'a> Text<'a> {
    fn new(array: &'a Array, options: &PrintOptions, separator: &'a str, width: usize) -> Self {
        let options = PrintOptions { edgeitems: options.edgeitems.max(1), ..*options };
        Text { array, options, separator, width, short: array.size() > options.threshold }
    }

    /// True where the axis of length `d` is shortened.
    fn shortened(&self, d: usize) -> bool {
        self.short && d > self.options.edgeitems.saturating_mul(2)
    }

    /// The positions of an axis of length `d` that are shown.
    fn shown(&self, d: usize) -> Vec<usize> {
        let e = self.options.edgeitems;
        if self.shortened(d) { (0..e).chain(d - e..d).collect() } else { (0..d).collect() }
    }

    /// All lines, those after the first `indent` places to the right.
    fn body(&self, indent: usize) -> String {
        if self.array.size() == 0 {
            return "[]".into();
        }
        let shape = self.array.shape();
        let count = |n: usize, &d: &usize| {
            n.checked_mul(if self.shortened(d) { self.options.edgeitems.saturating_mul(2) } else { d })
        };
        let shown = shape.iter().try_fold(1usize, count);
        let most = if self.short { MOST_SHOWN } else { MOST_WHOLE };
        if shape.len() > MOST_AXES || shown.is_none_or(|n| n > most) {
            return "[...]".into();
        }
        let mut elements = Vec::with_capacity(shown.unwrap_or(0));
        self.gather(&mut Vec::with_capacity(shape.len()), &mut elements);
        let mut words = self.words(&elements).into_iter();
        self.block(0, indent, self.width, &mut words)
    }

    /// The shown elements in C order.
    fn gather(&self, index: &mut Vec<usize>, out: &mut Vec<Scalar>) {
        match self.array.shape().get(index.len()) {
            None => out.extend(self.array.get(index).ok()),
            Some(&d) => {
                for i in self.shown(d) {
                    index.push(i);
                    self.gather(index, out);
                    index.pop();
                }
            }
        }
    }

    /// The text of each element, all of one width.
    fn words(&self, elements: &[Scalar]) -> Vec<String> {
        let dtype = self.array.dtype();
        if dtype == DType::Bool {
            // Alone it needs no column.
            let width = if self.array.ndim() == 0 { 0 } else { 5 };
            let word = |v: &Scalar| format!("{:>width$}", if v.to_i128() != 0 { "True" } else { "False" });
            return elements.iter().map(word).collect();
        }
        if dtype == DType::BF16 {
            return elements.iter().map(|v| brain(v.to_f64())).collect();
        }
        if dtype.is_complex() {
            let values: Vec<(f64, f64)> = elements.iter().map(|v| v.to_parts()).collect();
            let format = ComplexFormat::new(&values, dtype.real(), &self.options);
            return values.into_iter().map(|v| format.write(v)).collect();
        }
        if dtype.is_float() {
            let values: Vec<f64> = elements.iter().map(|v| v.to_f64()).collect();
            let format = FloatFormat::new(&values, dtype, &self.options, false);
            return values.into_iter().map(|v| format.write(v)).collect();
        }
        let words: Vec<String> = elements.iter().map(Scalar::to_string).collect();
        let width = words.iter().map(String::len).max().unwrap_or(0);
        words.into_iter().map(|w| format!("{w:>width$}")).collect()
    }

    /// Axis `axis` and those within it, in brackets. Lines after the first begin at `indent`.
    fn block(&self, axis: usize, indent: usize, width: usize, words: &mut impl Iterator<Item = String>) -> String {
        let Some(&d) = self.array.shape().get(axis) else {
            return words.next().unwrap_or_default();
        };
        let inner = self.array.ndim() - axis - 1;
        let shown = self.shown(d).len();
        let gap = if self.shortened(d) { Some(self.options.edgeitems) } else { None };
        let mut out = String::from("[");
        // Of the last line, brackets before it and separators in it counted.
        let mut column = indent;
        for i in 0..shown {
            let last = i + 1 == shown;
            let dots = (gap == Some(i)).then(|| "...".to_string());
            let item = self.block(axis + 1, indent + 1, width.saturating_sub(1), words);
            for word in dots.into_iter().chain([item]) {
                if inner == 0 {
                    if column > indent && column + word.len() > width.saturating_sub(1) {
                        out.truncate(out.trim_end_matches(' ').len());
                        out.push('\n');
                        out.extend(std::iter::repeat_n(' ', indent));
                        column = indent;
                    }
                    out.push_str(&word);
                    column += word.len() + self.separator.len();
                    out.push_str(self.separator);
                } else {
                    out.push_str(&word);
                    out.push_str(self.separator.trim_end());
                    out.extend(std::iter::repeat_n('\n', inner));
                    out.extend(std::iter::repeat_n(' ', indent));
                }
            }
            if last {
                // Nothing is to be separated behind the last one.
                let behind =
                    if inner == 0 { self.separator.len() } else { self.separator.trim_end().len() + inner + indent };
                out.truncate(out.len() - behind);
            }
        }
        out.push(']');
        out
    }
}
