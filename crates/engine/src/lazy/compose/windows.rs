//! Windows, and frequencies of Fourier transforms: arrays made of a length.

use opusclip_raw::Float;

use super::*;
use crate::array::{Array, zeroed};
use crate::ops::lanes::{Lane, LanesMut};

const M: Param = Param::new("m", ParamKind::Int);
const FREQUENCIES: &[Param] =
    &[Param::new("n", ParamKind::Int), Param::new("d", ParamKind::Float).or(Preset::Float(1.0))];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "hanning",
        params: &[M],
        numpy: "np.hanning(m)",
        tries: &["hanning(7)", "hanning(12)", "hanning(1)", "hanning(0)", "hanning(-2)"],
        ulp: 16,
        doc: "The Hann window of m points: 0.5 + 0.5 cos.",
        rule: "float64.",
        ..Row::BASE
    },
    Row {
        name: "hamming",
        params: &[M],
        numpy: "np.hamming(m)",
        tries: &["hamming(7)", "hamming(12)", "hamming(1)", "hamming(0)"],
        ulp: 16,
        doc: "The Hamming window of m points: 0.54 + 0.46 cos.",
        rule: "float64.",
        ..Row::BASE
    },
    Row {
        name: "blackman",
        params: &[M],
        numpy: "np.blackman(m)",
        tries: &["blackman(7)", "blackman(12)", "blackman(1)", "blackman(0)"],
        ulp: 16,
        doc: "The Blackman window of m points.",
        rule: "float64.",
        ..Row::BASE
    },
    Row {
        name: "bartlett",
        params: &[M],
        numpy: "np.bartlett(m)",
        tries: &["bartlett(7)", "bartlett(12)", "bartlett(1)", "bartlett(0)"],
        doc: "The Bartlett window of m points, a triangle.",
        rule: "float64.",
        ..Row::BASE
    },
    Row {
        name: "kaiser",
        params: &[M, Param::new("beta", ParamKind::Float)],
        numpy: "np.kaiser(m, beta)",
        tries: &["kaiser(7, 5.0)", "kaiser(12, 14)", "kaiser(1, 3)", "kaiser(5, 0)"],
        ulp: 64,
        doc: "The Kaiser window of m points.",
        rule: "float64. By the power series of the modified Bessel function of order 0.",
        ..Row::BASE
    },
    Row {
        name: "fftfreq",
        params: FREQUENCIES,
        numpy: "np.fft.fftfreq(n, d)",
        tries: &["fftfreq(7)", "fftfreq(8, 0.1)", "fftfreq(1)", "fftfreq(0)"],
        doc: "The frequencies of the terms of a Fourier transform of n samples that are d apart.",
        rule: "float64: 0, 1, …, then the negative ones, over n·d.",
        ..Row::BASE
    },
    Row {
        name: "rfftfreq",
        params: FREQUENCIES,
        numpy: "np.fft.rfftfreq(n, d)",
        tries: &["rfftfreq(7)", "rfftfreq(8, 0.1)", "rfftfreq(1)"],
        doc: "The frequencies of the terms of a real Fourier transform of n samples that are d apart.",
        rule: "float64: 0, 1, …, n/2 over n·d.",
        ..Row::BASE
    },
];

/// `n` numbers of `f`; none for a length that is not positive.
fn made(op: &str, n: isize, f: impl Fn(usize) -> f64) -> Result<Lazy> {
    let n = usize::try_from(n).unwrap_or(0);
    shape::count(op, &[n], 8)?;
    let mut buffer = zeroed(DType::F64, &[n])?;
    let bytes = buffer.bytes_mut().get_mut(..n * 8).unwrap_or_default();
    let out = LanesMut::of(DType::F64, bytes).ok_or_else(|| Error::internal("an array is not aligned"))?;
    f64::lanes_mut(out).iter_mut().enumerate().for_each(|(i, o)| *o = f(i));
    Ok(Lazy::from(Array::from_buffer(buffer, DType::F64, vec![n])))
}

/// A window of `m` points; `f` of the place doubled and counted from the middle, over m - 1.
#[track_caller]
fn window(op: &str, m: isize, f: impl Fn(f64) -> f64) -> Lazy {
    if m == 1 {
        return built(&[], || made(op, 1, |_| 1.0));
    }
    let last = (m.saturating_sub(1)) as f64;
    built(&[], || made(op, m, |i| f((2.0 * i as f64 - last) / last)))
}

fn cos(turns: f64) -> f64 {
    Float::cos(std::f64::consts::PI * turns)
}

/// Hann's window.
#[track_caller]
pub fn hanning(m: isize) -> Lazy {
    window("hanning", m, |t| 0.5 + 0.5 * cos(t))
}

/// Hamming's window.
#[track_caller]
pub fn hamming(m: isize) -> Lazy {
    window("hamming", m, |t| 0.54 + 0.46 * cos(t))
}

/// Blackman's window.
#[track_caller]
pub fn blackman(m: isize) -> Lazy {
    window("blackman", m, |t| 0.42 + 0.5 * cos(t) + 0.08 * cos(2.0 * t))
}

/// Bartlett's window.
#[track_caller]
pub fn bartlett(m: isize) -> Lazy {
    window("bartlett", m, |t| if t <= 0.0 { 1.0 + t } else { 1.0 - t })
}

/// The modified Bessel function of order 0: the sum of ((x/2)^k / k!)².
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 && k < 1e6 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

/// Kaiser's window.
#[track_caller]
pub fn kaiser(m: isize, beta: f64) -> Lazy {
    let whole = bessel(beta);
    window("kaiser", m, |t| bessel(beta * (1.0 - t * t).max(0.0).sqrt()) / whole)
}

fn length(op: &str, n: isize) -> Result<f64> {
    if n < 1 { Err(Error::value(op, format!("n is {n}; it must be positive"))) } else { Ok(n as f64) }
}

/// Frequencies.
#[track_caller]
pub fn fftfreq(n: isize, d: f64) -> Lazy {
    built(&[], || {
        let unit = 1.0 / (length("fftfreq", n)? * d);
        let positive = (n - 1) / 2;
        made("fftfreq", n, |i| (if i as isize <= positive { i as isize } else { i as isize - n }) as f64 * unit)
    })
}

/// Frequencies of a real transform.
#[track_caller]
pub fn rfftfreq(n: isize, d: f64) -> Lazy {
    built(&[], || {
        let unit = 1.0 / (length("rfftfreq", n)? * d);
        made("rfftfreq", n / 2 + 1, |i| i as f64 * unit)
    })
}
