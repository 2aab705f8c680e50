//! The zero frequency to the middle and back.

use super::*;

const AXES: &[Param] = &[X1, Param::new("axes", ParamKind::Axes).or(Preset::None)];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "fftshift",
        params: AXES,
        numpy: "np.fft.fftshift(x, axes)",
        tries: &["fftshift(x)", "x:3x4 | fftshift(x, axes=0)", "x:3x4x5 | fftshift(x, axes=(0, -1))"],
        doc: "The first half of each axis changes places with the second: frequency 0 comes to the middle.",
        rule: "None given means all axes. An odd length moves by n / 2, rounded down.",
        ..Row::BASE
    },
    Row {
        name: "ifftshift",
        params: AXES,
        numpy: "np.fft.ifftshift(x, axes)",
        tries: &["ifftshift(x)", "x:3x4 | ifftshift(x, axes=0)", "x:3x4x5 | ifftshift(x, axes=(0, -1))"],
        doc: "Takes fftshift back.",
        rule: "None given means all axes. An odd length moves by n / 2, rounded up.",
        ..Row::BASE
    },
];

fn shifted(op: &str, x: &Lazy, axes: &[isize], back: bool) -> Result<Lazy> {
    let s = x.shape()?.to_vec();
    if s.is_empty() {
        return Err(Error::shape(op, "an array without axes has nothing to shift"));
    }
    let axes = shape::axes(op, axes, s.len())?;
    Ok(axes.iter().filter(|&&a| s[a] > 1).fold(x.clone(), |x, &a| {
        let cut = if back { s[a] / 2 } else { s[a].div_ceil(2) };
        joined(&[part(&x, a, cut, s[a]), part(&x, a, 0, cut)], a)
    }))
}

/// Frequency 0 to the middle.
#[track_caller]
pub fn fftshift(x: &Lazy, axes: &[isize]) -> Lazy {
    built(&[x], || shifted("fftshift", x, axes, false))
}

/// And back.
#[track_caller]
pub fn ifftshift(x: &Lazy, axes: &[isize]) -> Lazy {
    built(&[x], || shifted("ifftshift", x, axes, true))
}
