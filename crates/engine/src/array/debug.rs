//! `debug()`: what an array is, at a glance, for people who look for a mistake.

use std::fmt;

use opusclip_raw::DType;

use super::{Array, Memory, PrintOptions, Scalar, Strided};
use crate::array::shape::show;
use crate::error::bytes;

/// What [`Array::debug_with`] looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebugOptions {
    /// Read every element for [`Stats`].
    pub stats: bool,
    /// How many elements of the C order to show.
    pub first: usize,
}

impl Default for DebugOptions {
    /// No statistics, six elements: a few bytes are read, whatever the array's size.
    fn default() -> Self {
        DebugOptions { stats: false, first: 6 }
    }
}

/// What is worth knowing of an array; [`fmt::Display`] writes one line for each.
#[derive(Clone, Debug, PartialEq)]
pub struct DebugInfo {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Number of elements.
    pub size: usize,
    /// Bytes of one element.
    pub itemsize: usize,
    /// Bytes of all elements.
    pub nbytes: usize,
    /// Distance between neighbours along each axis, in bytes.
    pub strides: Vec<isize>,
    /// In C order, without gaps.
    pub c_contiguous: bool,
    /// In Fortran's order, without gaps.
    pub f_contiguous: bool,
    /// Where the bytes are.
    pub memory: Memory,
    /// Whether it shows a part of its memory, or shows it in another order.
    pub is_view: bool,
    /// Bytes that it keeps alive.
    pub base_nbytes: usize,
    /// What divides the address of the first element, at most 64.
    pub alignment: usize,
    /// The first elements in C order, as [`Array::to_text`] writes them.
    pub first: String,
    /// Present when asked for.
    pub stats: Option<Stats>,
}

/// Least, greatest and mean element, and how many are no numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// `numpy.nanmin`, of complex numbers by the real part and then by the imaginary one; nothing
    /// where there is no number.
    pub min: Option<Scalar>,
    /// `numpy.nanmax`; nothing where there is no number.
    pub max: Option<Scalar>,
    /// `numpy.nanmean` in float64; integers are summed exactly. Of complex numbers the real part.
    /// Nothing where there is no number.
    pub mean: Option<f64>,
    /// The imaginary part of the mean; nothing for real numbers.
    pub mean_imag: Option<f64>,
    /// Elements that are NaN, complex numbers with a NaN part among them.
    pub nan: usize,
    /// Elements that are infinite and not NaN.
    pub inf: usize,
}

impl Array {
    /// Shape, type, bytes, layout, memory and the first elements. Prints one fact a line:
    ///
    /// ```
    /// let a = opusclip_engine::Array::from([[1u8, 2], [3, 4]]);
    /// let text = a.debug().to_string();
    /// assert!(text.starts_with("Shape: (2, 2)\nData type: uint8\n"));
    /// ```
    pub fn debug(&self) -> DebugInfo {
        self.debug_with(&DebugOptions::default())
    }

    /// The same with statistics, or more elements.
    pub fn debug_with(&self, options: &DebugOptions) -> DebugInfo {
        DebugInfo {
            shape: self.shape().to_vec(),
            dtype: self.dtype(),
            size: self.size(),
            itemsize: self.itemsize(),
            nbytes: self.nbytes(),
            strides: self.byte_strides(),
            c_contiguous: self.is_contiguous(),
            f_contiguous: self.is_f_contiguous(),
            memory: self.memory(),
            is_view: self.is_view(),
            base_nbytes: self.base_nbytes(),
            alignment: self.alignment(),
            first: first(self, options.first),
            stats: options.stats.then(|| stats(self)),
        }
    }
}

/// The first `n` elements as one line.
fn first(a: &Array, n: usize) -> String {
    let shown = n.min(a.size()).min(1 << 16);
    let mut bytes = vec![0u8; shown * a.itemsize()];
    a.strided().gather(0, &mut bytes);
    let head = super::zeroed(a.dtype(), &[shown]).map(|mut buffer| {
        if let Some(out) = buffer.bytes_mut().get_mut(..bytes.len()) {
            out.copy_from_slice(&bytes);
        }
        Array::from_buffer(buffer, a.dtype(), vec![shown])
    });
    let whole = PrintOptions { threshold: usize::MAX, linewidth: usize::MAX, ..PrintOptions::default() };
    let text = head.map(|h| h.to_text(&whole)).unwrap_or_default();
    match text.strip_suffix(']') {
        Some(open) if shown < a.size() => format!("{open}{}...]", if shown == 0 { "" } else { " " }),
        _ => text,
    }
}

fn stats(a: &Array) -> Stats {
    // An axis that repeats itself says the same as its first element, as often as it is long.
    let mut look = a.strided();
    let mut times = 1usize;
    for (d, s) in look.shape.iter_mut().zip(&look.strides) {
        if *s == 0 && *d > 1 {
            times = times.saturating_mul(*d);
            *d = 1;
        }
    }
    let seen = walk(&look.collapsed());
    Stats { nan: seen.nan.saturating_mul(times), inf: seen.inf.saturating_mul(times), ..seen }
}

fn walk(look: &Strided<'_>) -> Stats {
    const BLOCK: usize = 1 << 12;
    let (item, size, dtype) = (look.dtype.size(), look.size(), look.dtype);
    let mut out = Stats { min: None, max: None, mean: None, mean_imag: None, nan: 0, inf: 0 };
    let real = dtype.is_float() || dtype.is_complex();
    let mut block = vec![0u8; BLOCK.min(size) * item];
    let (mut whole, mut re_sum, mut im_sum) = (0i128, Sum::default(), Sum::default());
    for start in (0..size).step_by(BLOCK) {
        let n = BLOCK.min(size - start) * item;
        let now = block.get_mut(..n).unwrap_or_default();
        look.gather(start, now);
        for x in now.chunks_exact(item).map(|b| Scalar::from_bytes(dtype, b)) {
            if real {
                // Pairs are ordered by the first and then by the second.
                let v = x.to_parts();
                if x.is_nan() {
                    out.nan += 1;
                    continue;
                }
                out.inf += usize::from(v.0.is_infinite() || v.1.is_infinite());
                if out.min.is_none_or(|m| v < m.to_parts()) {
                    out.min = Some(x);
                }
                if out.max.is_none_or(|m| v > m.to_parts()) {
                    out.max = Some(x);
                }
                re_sum.add(v.0);
                im_sum.add(v.1);
            } else {
                let v = x.to_i128();
                if out.min.is_none_or(|m| v < m.to_i128()) {
                    out.min = Some(x);
                }
                if out.max.is_none_or(|m| v > m.to_i128()) {
                    out.max = Some(x);
                }
                whole = whole.saturating_add(v);
            }
        }
    }
    let numbers = size - out.nan;
    if numbers > 0 {
        let sum = if real { re_sum.value() } else { whole as f64 };
        out.mean = Some(sum / numbers as f64);
        out.mean_imag = dtype.is_complex().then(|| im_sum.value() / numbers as f64);
    }
    out
}

/// Neumaier's sum: what one addition loses is kept beside it.
#[derive(Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn add(&mut self, v: f64) {
        let sum = self.high + v;
        let lost = if self.high.abs() >= v.abs() { (self.high - sum) + v } else { (v - sum) + self.high };
        self.low += if sum.is_finite() { lost } else { 0.0 };
        self.high = sum;
    }

    fn value(&self) -> f64 {
        self.high + self.low
    }
}

fn yes(b: bool) -> &'static str {
    if b { "True" } else { "False" }
}

impl fmt::Display for DebugInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let human = bytes(self.nbytes as u64);
        writeln!(f, "Shape: {}", show(&self.shape))?;
        writeln!(f, "Data type: {}", self.dtype)?;
        writeln!(f, "Size: {} elements of {} bytes", self.size, self.itemsize)?;
        write!(f, "Memory usage: {} bytes", self.nbytes)?;
        if self.nbytes >= 1024 { writeln!(f, " ({human})") } else { writeln!(f) }?;
        let strides: Vec<String> = self.strides.iter().map(isize::to_string).collect();
        let comma = if strides.len() == 1 { "," } else { "" };
        writeln!(f, "Strides: ({}{comma}) bytes", strides.join(", "))?;
        writeln!(
            f,
            "Memory layout: C_CONTIGUOUS {}, F_CONTIGUOUS {}, OWNDATA {}, WRITEABLE False, ALIGNED {} ({} bytes)",
            yes(self.c_contiguous),
            yes(self.f_contiguous),
            yes(!self.is_view),
            yes(self.alignment >= self.itemsize.min(8)),
            self.alignment
        )?;
        writeln!(f, "Contiguous: {}", yes(self.c_contiguous))?;
        let part = if self.is_view { ", a view of" } else { ", all of" };
        writeln!(f, "Memory: {}{part} {} bytes", self.memory, self.base_nbytes)?;
        if let Some(s) = &self.stats {
            let mean = match (s.mean, s.mean_imag) {
                (Some(re), Some(im)) => Some(Scalar::from_parts(DType::C128, re, im).to_string()),
                (mean, _) => mean.map(|v| v.to_string()),
            };
            let or_none = |v: Option<String>| v.unwrap_or_else(|| "none".into());
            writeln!(
                f,
                "Statistics: min {}, max {}, mean {}, {} NaN, {} infinite",
                or_none(s.min.map(|v| v.to_string())),
                or_none(s.max.map(|v| v.to_string())),
                or_none(mean),
                s.nan,
                s.inf
            )?;
        }
        write!(f, "First elements: {}", self.first)
    }
}
