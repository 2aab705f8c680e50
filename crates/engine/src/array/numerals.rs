//! Floating-point numbers as NumPy writes them: shortest digits that give the number back, cut at
//! a precision, all of one array in one style and one width.

use opusclip_raw::{DType, F16};

use super::print::PrintOptions;

/// What the style of a number depends on beside its value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Precision {
    /// Numbers of this size and above are written with an exponent.
    large: f64,
    /// The same for a number that stands alone.
    large_alone: f64,
    /// The numbers that there are, and so the digits that tell them apart.
    kind: DType,
}

fn precision_of(dtype: DType) -> Precision {
    let (large, large_alone) = match dtype {
        DType::F16 => (1e3, 1e3),
        DType::F32 => (1e6, 1e6),
        _ => (1e8, 1e16),
    };
    Precision { large, large_alone, kind: dtype }
}

impl Precision {
    /// `v` in the element type; every `f64` handed in came from it or is a quotient of two.
    fn round(self, v: f64) -> f64 {
        match self.kind {
            DType::F16 => F16::from_f64(v).into(),
            DType::F32 => f64::from(v as f32),
            _ => v,
        }
    }

    /// The number that `text` is in the element type. No text of few digits lies so close to the
    /// middle of two `float16`s that rounding it to `f64` first would matter.
    fn read(self, text: &str) -> Option<f64> {
        match self.kind {
            DType::F32 => text.parse::<f32>().map(f64::from).ok(),
            _ => text.parse().ok().map(|v| self.round(v)),
        }
    }

    /// The fewest digits that read back as `v`, with an exponent.
    fn shortest(self, v: f64) -> String {
        match self.kind {
            DType::F16 => half(self, v),
            DType::F32 => format!("{:e}", v as f32),
            _ => format!("{v:e}"),
        }
    }

    /// Sign and digit before the point, digits behind it, exponent. As many digits as tell the
    /// number from its neighbours, but at least and at most so many behind the point; where these
    /// bounds decide, the exact value is rounded.
    fn scientific(self, v: f64, least: usize, most: usize) -> (String, String, i32) {
        let shortest = self.shortest(v);
        let digits = split_exponent(&shortest).1.len();
        let wanted = digits.max(least).min(most);
        let rounded = format!("{v:.wanted$e}");
        split_exponent(if wanted == digits { self.even(v, &shortest, &rounded) } else { &rounded })
    }

    /// Sign and digits before the point, digits behind it: at most so many.
    fn positional(self, v: f64, most: usize) -> (String, String) {
        let shortest = match self.kind {
            // Four digits or five, of which `f64` makes no more when it is written.
            DType::F16 => self.shortest(v).parse::<f64>().unwrap_or(v).to_string(),
            DType::F32 => format!("{}", v as f32),
            _ => format!("{v}"),
        };
        let digits = split_point(&shortest).1.len();
        let wanted = digits.min(most);
        let rounded = format!("{v:.wanted$}");
        split_point(if wanted == digits { self.even(v, &shortest, &rounded) } else { &rounded })
    }

    /// Rust's shortest text rounds a tie away from zero, NumPy's to the even digit, as `rounded` of
    /// as many digits does. That one may be another number where the gap below is the narrower.
    fn even<'a>(self, v: f64, shortest: &'a str, rounded: &'a str) -> &'a str {
        if self.read(rounded) == Some(v) { rounded } else { shortest }
    }
}

/// The fewest digits that read back as the `float16` `v`, with an exponent.
fn half(precision: Precision, v: f64) -> String {
    for digits in 0..=4 {
        let rounded = format!("{v:.digits$e}");
        let (whole, fraction, e) = split_exponent(&rounded);
        if precision.read(&rounded) == Some(v) {
            return rounded;
        }
        // Where the gap below is the narrower, the text of as many digits above may be the nearer.
        let above = format!("{whole}{fraction}").parse::<i64>().unwrap_or(0) + v.signum() as i64;
        let above = format!("{above}e{}", e - digits as i32).parse::<f64>().unwrap_or(v);
        if precision.round(above) == v {
            return format!("{above:e}");
        }
    }
    format!("{v:e}")
}

fn split_point(text: &str) -> (String, String) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    (whole.to_string(), fraction.to_string())
}

fn split_exponent(text: &str) -> (String, String, i32) {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = split_point(digits);
    (whole, fraction, exponent.parse().unwrap_or(0))
}

/// `+05`: a sign and at least two digits.
fn exponent(e: i32) -> String {
    format!("{}{:02}", if e < 0 { '-' } else { '+' }, e.unsigned_abs())
}

/// How all numbers of one array are written.
#[derive(Clone, Debug)]
pub(super) struct FloatFormat {
    precision: Precision,
    /// A sign in front of positive numbers too, as imaginary parts have it.
    plus: bool,
    /// Digits behind the point and digits of the exponent.
    scientific: Option<(usize, usize)>,
    most: usize,
    left: usize,
    right: usize,
}

impl FloatFormat {
    /// The style that suits all of `values`, which are of type `dtype`.
    pub(super) fn new(values: &[f64], dtype: DType, options: &PrintOptions, plus: bool) -> FloatFormat {
        let precision = precision_of(dtype);
        let most = options.precision;
        let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let sizes = || finite.iter().map(|v| v.abs()).filter(|&v| v != 0.0);
        let (low, high) = sizes().fold((f64::INFINITY, 0.0f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let wide = low < precision.round(1e-4) || precision.round(high / low) > 1000.0;
        let with_exponent = high > 0.0 && (high >= precision.large || (!options.suppress && wide));
        let signed = |v: f64, whole: &str| whole.len() + usize::from(plus && !v.is_sign_negative());
        let mut format = FloatFormat { precision, plus, scientific: None, most, left: 0, right: 0 };
        if with_exponent {
            let (mut digits, mut power) = (0, 0);
            for &v in &finite {
                let (whole, fraction, e) = precision.scientific(v, 0, most);
                digits = digits.max(fraction.trim_end_matches('0').len());
                power = power.max(exponent(e).len() - 1);
                format.left = format.left.max(signed(v, &whole));
            }
            format.right = power + 2 + digits;
            format.scientific = Some((digits, power));
        } else {
            for &v in &finite {
                let (whole, fraction) = precision.positional(v, most);
                format.left = format.left.max(signed(v, &whole));
                format.right = format.right.max(fraction.trim_end_matches('0').len());
            }
        }
        if finite.len() < values.len() {
            let sign = usize::from(plus || values.contains(&f64::NEG_INFINITY));
            // Both words are of three letters; the point takes one place.
            format.left = format.left.max((3 + sign).saturating_sub(format.right + 1));
        }
        format
    }

    /// One of the numbers that the style was made for.
    pub(super) fn write(&self, v: f64) -> String {
        let plus = if self.plus && !v.is_sign_negative() { "+" } else { "" };
        if !v.is_finite() {
            let word = match (v.is_nan(), v < 0.0) {
                (true, _) if self.plus => "+nan",
                (true, _) => "nan",
                (false, true) => "-inf",
                (false, false) if self.plus => "+inf",
                (false, false) => "inf",
            };
            return format!("{word:>width$}", width = self.left + self.right + 1);
        }
        let left = self.left;
        match self.scientific {
            Some((digits, power)) => {
                let (whole, fraction, e) = self.precision.scientific(v, digits, digits);
                let whole = format!("{plus}{whole}");
                let sign = if e < 0 { '-' } else { '+' };
                format!("{whole:>left$}.{fraction}e{sign}{:0power$}", e.unsigned_abs())
            }
            None => {
                let (whole, fraction) = self.precision.positional(v, self.most);
                let whole = format!("{plus}{whole}");
                let fraction = fraction.trim_end_matches('0');
                format!("{whole:>left$}.{fraction:<right$}", right = self.right)
            }
        }
    }
}

/// How all complex numbers of one array are written: the real parts in one style, the imaginary
/// ones in another, always with a sign.
#[derive(Clone, Debug)]
pub(super) struct ComplexFormat {
    real: FloatFormat,
    imaginary: FloatFormat,
}

impl ComplexFormat {
    /// The styles that suit all of `values`, whose parts are of type `part`.
    pub(super) fn new(values: &[(f64, f64)], part: DType, options: &PrintOptions) -> ComplexFormat {
        let (real, imaginary): (Vec<f64>, Vec<f64>) = values.iter().copied().unzip();
        ComplexFormat {
            real: FloatFormat::new(&real, part, options, false),
            imaginary: FloatFormat::new(&imaginary, part, options, true),
        }
    }

    /// One of the numbers that the styles were made for; the `j` stands before trailing blanks.
    pub(super) fn write(&self, (re, im): (f64, f64)) -> String {
        let im = self.imaginary.write(im);
        let digits = im.trim_end();
        format!("{}{digits}j{}", self.real.write(re), &im[digits.len()..])
    }
}

/// A number that stands alone: Python's `str` of NumPy's scalar.
pub(super) fn alone(v: f64, dtype: DType) -> String {
    if v.is_nan() {
        return "nan".into();
    }
    if v.is_infinite() {
        return if v < 0.0 { "-inf".into() } else { "inf".into() };
    }
    let precision = precision_of(dtype);
    if v == 0.0 || (v.abs() >= 1e-4 && v.abs() < precision.large_alone) {
        let (whole, fraction) = precision.positional(v, usize::MAX);
        return format!("{whole}.{}", if fraction.is_empty() { "0" } else { &fraction });
    }
    let (whole, fraction, e) = precision.scientific(v, 0, usize::MAX);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{whole}{point}{fraction}e{}", exponent(e))
}

/// A complex number that stands alone, its parts of type `part`: `(1+2j)`, and `2j` where the real
/// part is +0.
pub(super) fn complex_alone((re, im): (f64, f64), part: DType) -> String {
    let text = |v: f64| {
        let text = alone(v, part);
        text.strip_suffix(".0").map_or(text.clone(), str::to_string)
    };
    if re == 0.0 && !re.is_sign_negative() {
        return format!("{}j", text(im));
    }
    let im = text(im);
    let plus = if im.starts_with('-') { "" } else { "+" };
    format!("({}{plus}{im}j)", text(re))
}

/// A `bfloat16` as `ml_dtypes` writes it, alone and in arrays: C's `%g`, six digits of which
/// trailing zeros are left out.
pub(super) fn brain(v: f64) -> String {
    if !v.is_finite() {
        return alone(v, DType::BF16);
    }
    const DIGITS: i32 = 6;
    let (whole, fraction, e) = split_exponent(&format!("{v:.5e}"));
    if (-4..DIGITS).contains(&e) {
        let text = format!("{v:.places$}", places = (DIGITS - 1 - e) as usize);
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text };
    }
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{whole}{point}{fraction}e{}", exponent(e))
}
