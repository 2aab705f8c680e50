//! Reductions that leave NaN out.

use super::*;

const ADDED: &[Param] = &[X1, AXIS, DTYPE, KEEPDIMS];
const SPREAD: &[Param] = &[X1, AXIS, DTYPE, DDOF, KEEPDIMS];
const CHOSEN: &[Param] = &[X1, AXIS, KEEPDIMS];

macro_rules! row {
    ($name:literal, $params:expr, $numpy:literal, $ulp:literal, $doc:literal, $rule:literal, $($more:literal),*) => {
        Row {
            name: $name,
            params: $params,
            numpy: $numpy,
            // The oracle's long double does not hold sums of the largest 64-bit integers.
            tries: &[
                concat!("mild | ", $name, "(x)"),
                concat!("float edge | ", $name, "(x)"),
                concat!($name, "(x, axis=0)"), $(concat!($name, $more)),*],
            ulp: $ulp,
            doc: $doc,
            rule: $rule,
            ..Row::BASE
        }
    };
}

pub(super) const ROWS: &[Row] = &[
    row!(
        "nansum",
        ADDED,
        "exact(np.nansum, x, axis, dtype=dtype, keepdims=keepdims)",
        1,
        "Sum of the elements that are not NaN.",
        "sum's rule; 0 where nothing is left.",
        "(x, axis=(0, 1), keepdims=True)"
    ),
    row!(
        "nanprod",
        ADDED,
        "exact(np.nanprod, x, axis, dtype=dtype, keepdims=keepdims)",
        1,
        "Product of the elements that are not NaN.",
        "prod's rule; 1 where nothing is left.",
        "(x, axis=(0, 1), keepdims=True)"
    ),
    row!(
        "nanmean",
        ADDED,
        "exact(np.nanmean, x, axis, dtype=dtype, keepdims=keepdims)",
        1,
        "Mean of the elements that are not NaN.",
        "mean's rule; NaN where nothing is left.",
        "(x, axis=(0, 1), keepdims=True)"
    ),
    row!(
        "nanvar",
        SPREAD,
        "exact(np.nanvar, x, axis, dtype=dtype, ddof=ddof, keepdims=keepdims)",
        16,
        "Variance of the elements that are not NaN.",
        "var's rule; NaN where no more than ddof are left.",
        "(x, axis=(0, 1), keepdims=True)",
        "(x, axis=-1, ddof=1)"
    ),
    row!(
        "nanstd",
        SPREAD,
        "exact(np.nanstd, x, axis, dtype=dtype, ddof=ddof, keepdims=keepdims)",
        16,
        "Standard deviation of the elements that are not NaN.",
        "std's rule; NaN where no more than ddof are left.",
        "(x, axis=(0, 1), keepdims=True)",
        "(x, axis=-1, ddof=1)"
    ),
    row!(
        "nanmin",
        CHOSEN,
        "np.nanmin(x, axis, keepdims=keepdims)",
        0,
        "Least element that is not NaN.",
        "min's rule; NaN where nothing is left.",
        "(x, axis=(0, 1), keepdims=True)"
    ),
    row!(
        "nanmax",
        CHOSEN,
        "np.nanmax(x, axis, keepdims=keepdims)",
        0,
        "Greatest element that is not NaN.",
        "max's rule; NaN where nothing is left.",
        "(x, axis=(0, 1), keepdims=True)"
    ),
    row!(
        "nancumsum",
        RUNNING,
        "exact(np.nancumsum, x, axis, dtype=dtype)",
        1,
        "Running sums with NaN read as 0.",
        "cumsum's rule.",
        "(x, axis=-1)"
    ),
    row!(
        "nancumprod",
        RUNNING,
        "exact(np.nancumprod, x, axis, dtype=dtype)",
        1,
        "Running products with NaN read as 1.",
        "cumprod's rule.",
        "(x, axis=-1)"
    ),
];

/// Where there is a number; none for types that always are.
fn numbers(x: &Lazy) -> Result<Option<Lazy>> {
    if x.dtype()?.kind() < Kind::Float {
        return Ok(None);
    }
    Ok(Some(unary(Test::LogicalNot, unary(Test::Isnan, x))))
}

/// x with another value in the place of NaN.
fn filled(x: &Lazy, with: Weak) -> Result<Lazy> {
    Ok(numbers(x)?.map_or_else(|| x.clone(), |there| choose_own(&there, x, with)))
}

fn all_or(there: Option<Lazy>) -> Operand {
    there.map_or(Operand::Weak(Weak::Bool(true)), Operand::Lazy)
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn nansum(x: &Lazy, axes: &[isize], dtype: Option<DType>, keepdims: bool) -> Lazy {
    built(&[x], || Ok(sum(&filled(x, Weak::Int(0))?, axes, dtype, keepdims, 0.into(), true.into())))
}

/// Product.
#[track_caller]
pub fn nanprod(x: &Lazy, axes: &[isize], dtype: Option<DType>, keepdims: bool) -> Lazy {
    built(&[x], || Ok(prod(&filled(x, Weak::Int(1))?, axes, dtype, keepdims, 1.into(), true.into())))
}

/// Mean.
#[track_caller]
pub fn nanmean(x: &Lazy, axes: &[isize], dtype: Option<DType>, keepdims: bool) -> Lazy {
    built(&[x], || Ok(mean(x, axes, dtype, keepdims, all_or(numbers(x)?))))
}

/// Variance.
#[track_caller]
pub fn nanvar(x: &Lazy, axes: &[isize], dtype: Option<DType>, ddof: f64, keepdims: bool) -> Lazy {
    built(&[x], || {
        let var = var(x, axes, dtype, ddof, keepdims, None, all_or(numbers(x)?));
        enough(x, axes, ddof, keepdims, var)
    })
}

/// Standard deviation.
#[track_caller]
pub fn nanstd(x: &Lazy, axes: &[isize], dtype: Option<DType>, ddof: f64, keepdims: bool) -> Lazy {
    built(&[x], || {
        let std = std(x, axes, dtype, ddof, keepdims, None, all_or(numbers(x)?));
        enough(x, axes, ddof, keepdims, std)
    })
}

/// NaN where no more than `ddof` numbers are left. Integers are never fewer, as NumPy has it.
fn enough(x: &Lazy, axes: &[isize], ddof: f64, keepdims: bool, of: Lazy) -> Result<Lazy> {
    let Some(there) = numbers(x)? else { return Ok(of) };
    let n = kept(there.reduce(Reduce::Sum, axes), keepdims);
    let enough = binary(Compare::Greater, n.cast(DType::F64), ddof);
    Ok(choose_own(&enough, &of, Weak::Float(f64::NAN)))
}

#[track_caller]
fn nan_extreme(op: Reduce, x: &Lazy, axes: &[isize], keepdims: bool) -> Lazy {
    built(&[x], || {
        let Some(there) = numbers(x)? else {
            return Ok(kept(x.reduce(op, axes), keepdims));
        };
        let worst = if op == Reduce::Min { f64::INFINITY } else { f64::NEG_INFINITY };
        let best = choose_own(&there, x, Weak::Float(worst)).reduce(op, axes);
        let (best, some) = (kept(best, keepdims), kept(there.reduce(Reduce::Any, axes), keepdims));
        Ok(choose_own(&some, &best, Weak::Float(f64::NAN)))
    })
}

/// Least.
#[track_caller]
pub fn nanmin(x: &Lazy, axes: &[isize], keepdims: bool) -> Lazy {
    nan_extreme(Reduce::Min, x, axes, keepdims)
}

/// Greatest.
#[track_caller]
pub fn nanmax(x: &Lazy, axes: &[isize], keepdims: bool) -> Lazy {
    nan_extreme(Reduce::Max, x, axes, keepdims)
}

/// Running sums.
#[track_caller]
pub fn nancumsum(x: &Lazy, axes: &[isize], dtype: Option<DType>) -> Lazy {
    built(&[x], || Ok(cumsum(&filled(x, Weak::Int(0))?, axes, dtype)))
}

/// Running products.
#[track_caller]
pub fn nancumprod(x: &Lazy, axes: &[isize], dtype: Option<DType>) -> Lazy {
    built(&[x], || Ok(cumprod(&filled(x, Weak::Int(1))?, axes, dtype)))
}
