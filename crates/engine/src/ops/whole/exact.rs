//! Numbers with more digits than f64 and more room: what running sums and products are made in.

use opusclip_raw::kernel::complex::ComplexNumber;
use opusclip_raw::{BF16, Complex, F16};

/// A float to which a wide result is rounded once.
pub(super) trait Rounded {
    fn rounded(v: f64) -> Self;
}

macro_rules! rounded {
    ($($t:ty => |$v:ident| $e:expr),*) => { $(
        impl Rounded for $t {
            fn rounded($v: f64) -> $t { $e }
        }
    )* };
}
rounded!(F16 => |v| F16::from_f64(v), BF16 => |v| BF16::from_f32(to_odd(v)), f32 => |v| v as f32, f64 => |v| v);

/// The f32 from which rounding further gives what rounding once would: towards the odd neighbour
/// where it is not exact (Boldo and Melquiond 2008).
fn to_odd(v: f64) -> f32 {
    let near = v as f32;
    if f64::from(near) == v || !near.is_finite() || near.to_bits() & 1 == 1 {
        return near;
    }
    let up = f64::from(near) < v;
    if up { near.next_up() } else { near.next_down() }
}

/// A product that does not overflow on its way: about twice the digits of f64, and its power of
/// two apart.
#[derive(Clone, Copy)]
pub(super) struct Product {
    high: f64,
    low: f64,
    power: i64,
    negative: bool,
    zero: bool,
    infinite: bool,
    nan: bool,
}

/// Exact: `a * b` and what rounding lost of it (Dekker), for numbers far from the ends of the range.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |v: f64| {
        let c = v * 134_217_729.0;
        let high = c - (c - v);
        (high, v - high)
    };
    let p = a * b;
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

/// The number in 1..2 and its power of two; subnormals too.
fn taken_apart(v: f64) -> (f64, i64) {
    let (v, shift) = if v < f64::MIN_POSITIVE { (v * 18_014_398_509_481_984.0, 54) } else { (v, 0) };
    let bits = v.to_bits();
    let power = ((bits >> 52) & 0x7ff) as i64 - 1023;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1023 << 52)), power - shift)
}

impl Product {
    pub(super) const ONE: Product =
        Product { high: 1.0, low: 0.0, power: 0, negative: false, zero: false, infinite: false, nan: false };

    pub(super) fn push(&mut self, v: f64) {
        self.negative ^= v.is_sign_negative();
        self.nan |= v.is_nan();
        self.infinite |= v.is_infinite();
        self.zero |= v == 0.0;
        if !v.is_finite() || v == 0.0 {
            return;
        }
        let (m, power) = taken_apart(v.abs());
        let (high, lost) = two_product(self.high, m);
        let low = self.low * m + lost;
        let sum = high + low;
        (self.high, self.low) = (sum, low - (sum - high));
        self.power = self.power.saturating_add(power);
        if self.high >= 2.0 {
            (self.high, self.low, self.power) = (self.high * 0.5, self.low * 0.5, self.power.saturating_add(1));
        }
    }

    pub(super) fn value(&self) -> f64 {
        let size = if self.nan || (self.zero && self.infinite) {
            return f64::NAN;
        } else if self.zero {
            0.0
        } else if self.infinite {
            f64::INFINITY
        } else {
            scaled(self.high + self.low, self.power)
        };
        if self.negative { -size } else { size }
    }
}

/// A sum that carries what rounding lost.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    /// What adding to leaves the first element as it is, whatever its sign.
    pub(super) const EMPTY: Sum = Sum { high: -0.0, low: 0.0 };

    pub(super) fn push(&mut self, v: f64) {
        let s = self.high + v;
        let t = s - self.high;
        let lost = (self.high - (s - t)) + (v - t);
        self.high = s;
        if lost.is_finite() {
            self.low += lost;
        }
    }

    pub(super) fn value(&self) -> f64 {
        // The first sum of negative zeros is one; a correction of +0 would hide it.
        if self.low == 0.0 || !self.high.is_finite() { self.high } else { self.high + self.low }
    }
}

/// A complex product with about twice the digits of f64 in each part and a power of two apart, so
/// that it does not overflow on its way. From the first infinite or NaN factor on it is the
/// schoolbook product in f64, as NumPy's.
#[derive(Clone, Copy)]
pub(super) struct Turned {
    re: [f64; 2],
    im: [f64; 2],
    power: i64,
    plain: Option<Complex<f64>>,
}

/// The sum of two numbers of twice the digits.
fn two_sum([ah, al]: [f64; 2], [bh, bl]: [f64; 2]) -> [f64; 2] {
    let s = ah + bh;
    let t = s - ah;
    let low = (ah - (s - t)) + (bh - t) + (al + bl);
    let high = s + low;
    [high, low - (high - s)]
}

fn times([high, low]: [f64; 2], by: f64) -> [f64; 2] {
    let (p, lost) = two_product(high, by);
    [p, low * by + lost]
}

/// `2^power`, also beyond what one f64 holds; what is rounded is rounded once.
fn scaled(v: f64, power: i64) -> f64 {
    let power = power.clamp(-2400, 2400) as i32;
    let first = power.clamp(-1000, 1000);
    let second = (power - first).clamp(-1000, 1000);
    v * 2f64.powi(first) * 2f64.powi(second) * 2f64.powi(power - first - second)
}

impl Turned {
    pub(super) const ONE: Turned = Turned { re: [1.0, 0.0], im: [0.0; 2], power: 0, plain: None };

    pub(super) fn from(z: Complex<f64>) -> Turned {
        if !(z.re.is_finite() && z.im.is_finite()) {
            return Turned { plain: Some(z), ..Turned::ONE };
        }
        let (z, power) = evened(z);
        Turned { re: [z.re, 0.0], im: [z.im, 0.0], power, plain: None }
    }

    pub(super) fn push(&mut self, z: Complex<f64>) {
        if let Some(plain) = self.plain {
            self.plain = Some(ComplexNumber::mul(plain, z));
            return;
        }
        if !(z.re.is_finite() && z.im.is_finite()) {
            self.plain = Some(ComplexNumber::mul(self.value(), z));
            return;
        }
        let (z, power) = evened(z);
        let (re, im) = (self.re, self.im);
        self.re = two_sum(times(re, z.re), times(im, -z.im));
        self.im = two_sum(times(re, z.im), times(im, z.re));
        self.power = self.power.saturating_add(power);
        let size = self.re[0].abs().max(self.im[0].abs());
        if size > 0.0 {
            let (_, by) = taken_apart(size);
            let back = 2f64.powi(-by.clamp(-1000, 1000) as i32);
            self.re = self.re.map(|v| v * back);
            self.im = self.im.map(|v| v * back);
            self.power = self.power.saturating_add(by);
        }
    }

    pub(super) fn value(&self) -> Complex<f64> {
        let part = |[high, low]: [f64; 2]| scaled(high + low, self.power);
        self.plain.unwrap_or(Complex { re: part(self.re), im: part(self.im) })
    }
}

/// The number with its larger part in 1..2, and the power of two taken out.
fn evened(z: Complex<f64>) -> (Complex<f64>, i64) {
    let size = z.re.abs().max(z.im.abs());
    if size == 0.0 {
        return (z, 0);
    }
    let (_, power) = taken_apart(size);
    (Complex { re: scaled(z.re, -power), im: scaled(z.im, -power) }, power)
}
