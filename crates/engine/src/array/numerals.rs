//! Floating-point numbers as NumPy writes them: shortest digits that give the number back, cut at
//! a precision, all of one array in one style and one width.

use opusclip_raw::DType;

use super::print::PrintOptions;

/// What the style of a number depends on beside its value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Precision {
    /// Numbers of this size and above are written with an exponent.
    large: f64,
    /// The same for a number that stands alone.
    large_alone: f64,
    single: bool,
}

fn precision_of(dtype: DType) -> Precision {
    match dtype {
        DType::F32 => Precision { large: 1e6, large_alone: 1e6, single: true },
        _ => Precision { large: 1e8, large_alone: 1e16, single: false },
    }
}

impl Precision {
    /// `v` in the element type; every `f64` handed in came from it or is a quotient of two.
    fn round(self, v: f64) -> f64 {
        if self.single { f64::from(v as f32) } else { v }
    }

    /// Sign and digit before the point, digits behind it, exponent. As many digits as tell the
    /// number from its neighbours, but at least and at most so many behind the point; where these
    /// bounds decide, the exact value is rounded.
    fn scientific(self, v: f64, least: usize, most: usize) -> (String, String, i32) {
        let shortest = if self.single { format!("{:e}", v as f32) } else { format!("{v:e}") };
        let digits = split_exponent(&shortest).1.len();
        let wanted = digits.max(least).min(most);
        let rounded = format!("{v:.wanted$e}");
        split_exponent(if wanted == digits { self.even(v, &shortest, &rounded) } else { &rounded })
    }

    /// Sign and digits before the point, digits behind it: at most so many.
    fn positional(self, v: f64, most: usize) -> (String, String) {
        let shortest = if self.single { format!("{}", v as f32) } else { format!("{v}") };
        let digits = split_point(&shortest).1.len();
        let wanted = digits.min(most);
        let rounded = format!("{v:.wanted$}");
        split_point(if wanted == digits { self.even(v, &shortest, &rounded) } else { &rounded })
    }

    /// Rust's shortest text rounds a tie away from zero, NumPy's to the even digit, as `rounded` of
    /// as many digits does. That one may be another number where the gap below is the narrower.
    fn even<'a>(self, v: f64, shortest: &'a str, rounded: &'a str) -> &'a str {
        let back = if self.single { rounded.parse::<f32>().map(f64::from) } else { rounded.parse() };
        if back.is_ok_and(|b| b == v) { rounded } else { shortest }
    }
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
