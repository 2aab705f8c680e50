//! Arrays made from nothing, or after another's shape. Constants hold one element, whatever the
//! shape; what counts up is computed when it is needed.

use super::*;
use crate::array::promote::promote;

const F64: Preset = Preset::Text("float64");
const SHAPE: Param = Param::new("shape", ParamKind::Shape);
const OF: Param = Param::new("dtype", ParamKind::DType).or(F64);
pub(super) const K: Param = Param::new("k", ParamKind::Int).or(Preset::Int(0));
const LIKE_SHAPE: Param = Param::new("shape", ParamKind::Shape).or(Preset::None).rare();
const LIKE: &[Param] = &[X1, DTYPE, LIKE_SHAPE];
const START: Param = Param::new("start", ParamKind::Number);
const STOP: Param = Param::new("stop", ParamKind::Number);
const NUM: Param = Param::new("num", ParamKind::Int).or(Preset::Int(50));
const ENDPOINT: Param = Param::new("endpoint", ParamKind::Bool).or(Preset::Bool(true)).rare();
const BASE_OF: Param = Param::new("base", ParamKind::Float).or(Preset::Float(10.0)).rare();

const CONSTANT: &str = "One element in memory, whatever the shape.";

pub(super) const ROWS: &[Row] = &[
    row!(
        "zeros",
        &[SHAPE, OF],
        "np.zeros(shape, dtype)",
        &["zeros(3)", "zeros((2, 0, 3))", "zeros((), uint8)", "zeros((2, 3), dtype=bool)", "zeros(-1)"],
        "Zeros of a shape.",
        CONSTANT
    ),
    row!(
        "ones",
        &[SHAPE, OF],
        "np.ones(shape, dtype)",
        &["ones(3)", "ones((2, 0, 3))", "ones((), uint8)", "ones((2, 3), dtype=float32)"],
        "Ones of a shape.",
        CONSTANT
    ),
    row!(
        "empty",
        &[SHAPE, OF],
        "np.zeros(shape, dtype)",
        &["empty(3)", "empty((2, 3), uint8)"],
        "An array of a shape whose elements nobody cares for.",
        "Zeros, so that no answer depends on what memory held (NumPy leaves them as they are)."
    ),
    row!(
        "full",
        &[SHAPE, Param::new("fill_value", ParamKind::Array), DTYPE],
        "np.full(shape, fill_value, dtype)",
        &[
            "full((2, 3), 7)",
            "full(3, 2.5)",
            "full((2,), True)",
            "full((2, 2), 2.7, dtype=uint8)",
            "full((2, 3), 7, dtype=float32)",
            "x:3 | full((2, 3), x)",
            "x:2x1 | full((2, 3), x, dtype=float64)",
            "x:4 | full((2, 3), x)"
        ],
        "One value, or an array that broadcasts, in a shape.",
        "Without dtype a literal is bool, int64 or float64. One element in memory, whatever the shape."
    ),
    row!(
        "zeros_like",
        LIKE,
        "np.zeros_like(x, dtype, shape=shape)",
        &["zeros_like(x)", "zeros_like(x, dtype=float32)", "zeros_like(x, shape=(2, 3))"],
        "Zeros of x's shape and type.",
        CONSTANT
    ),
    row!(
        "ones_like",
        LIKE,
        "np.ones_like(x, dtype, shape=shape)",
        &["ones_like(x)", "ones_like(x, dtype=float32)", "ones_like(x, shape=(2, 3))"],
        "Ones of x's shape and type.",
        CONSTANT
    ),
    row!(
        "empty_like",
        LIKE,
        "np.zeros_like(x, dtype, shape=shape)",
        &["empty_like(x)", "empty_like(x, dtype=float32)"],
        "An array of x's shape and type whose elements nobody cares for.",
        "Zeros, as empty."
    ),
    row!(
        "full_like",
        &[X1, Param::new("fill_value", ParamKind::Array), DTYPE, LIKE_SHAPE],
        "np.full_like(x, fill_value, dtype, shape=shape)",
        &[
            "full_like(x, 1)",
            "full_like(x, 2.5)",
            "full_like(x, 300)",
            "full_like(x, 7, dtype=float32)",
            "full_like(x, True, shape=(2, 3))"
        ],
        "One value in x's shape and type.",
        "A float is cut to an integer; an integer that the type cannot hold is an error. One element in memory."
    ),
    row!(
        "eye",
        &[Param::new("n", ParamKind::Int), Param::new("m", ParamKind::Int).or(Preset::None), K, OF],
        "np.eye(n, m, k, dtype)",
        &[
            "eye(3)",
            "eye(3, 4)",
            "eye(3, 4, 1)",
            "eye(4, 2, -2, uint8)",
            "eye(0)",
            "eye(2, 3, k=9, dtype=bool)",
            "eye(-1)"
        ],
        "Ones on the k-th diagonal of n rows and m columns, zeros elsewhere; m is n if not given.",
        "Exact."
    ),
    row!(
        "identity",
        &[Param::new("n", ParamKind::Int), OF],
        "np.identity(n, dtype)",
        &["identity(3)", "identity(0)", "identity(2, uint8)"],
        "Ones on the diagonal of n rows and columns.",
        "Exact."
    ),
    row!(
        "tri",
        &[Param::new("n", ParamKind::Int), Param::new("m", ParamKind::Int).or(Preset::None), K, OF],
        "np.tri(n, m, k, dtype)",
        &["tri(3)", "tri(3, 4)", "tri(3, 4, 1)", "tri(4, 2, -2, uint8)"],
        "Ones on and below the k-th diagonal.",
        "Exact."
    ),
    row!(
        "tril",
        &[X1, K],
        "np.tril(x, k)",
        &["tril(x)", "tril(x, 1)", "tril(x, k=-1)"],
        "The elements on and below the k-th diagonal of the last two axes, zeros above.",
        "One axis counts as rows that are all alike."
    ),
    row!(
        "triu",
        &[X1, K],
        "np.triu(x, k)",
        &["triu(x)", "triu(x, 1)", "triu(x, k=-1)"],
        "The elements on and above the k-th diagonal of the last two axes, zeros below.",
        "One axis counts as rows that are all alike."
    ),
    row!(
        "vander",
        &[
            X1,
            Param::new("n", ParamKind::Int).or(Preset::None),
            Param::new("increasing", ParamKind::Bool).or(Preset::Bool(false)).rare()
        ],
        "np.vander(x, n, increasing)",
        &[
            "x:3 | vander(x)",
            "x:4 | vander(x, 2)",
            "x:4 | vander(x, 3, increasing=True)",
            "x:4 | vander(x, 0)",
            "x:2x3 | vander(x)"
        ],
        "Columns of powers of x, from high to low.",
        "The type that x and int64 promote to.",
        ulp: 4
    ),
    row!(
        "arange",
        &[
            START,
            Param::new("stop", ParamKind::Number).or(Preset::None),
            Param::new("step", ParamKind::Number).or(Preset::Int(1)),
            DTYPE
        ],
        "np.arange(start, stop, step, dtype) if stop is not None else np.arange(0, start, step, dtype)",
        &[
            "arange(5)",
            "arange(3.0)",
            "arange(2, 9, 3)",
            "arange(5, 0, -2)",
            "arange(0, 1, 0.1)",
            "arange(5, 0)",
            "arange(0, 3, 0)",
            "arange(0.5, 3)",
            "arange(0, 5, 1, dtype=float32)",
            "arange(1, 2, 0.3, dtype=int64)",
            "arange(1, 10, 2.5, dtype=uint8)",
            "arange(300, dtype=uint8)",
            "arange(2, dtype=bool)",
            "arange(3, dtype=bool)",
            "arange(1, 2, 0.1, dtype=float32)",
            "arange(-3, 3, dtype=int8)",
            "arange(5, dtype=float16)",
            "arange(0, 1, 0.1, dtype=float16)",
            "arange(0, 1, 0.1, dtype=bfloat16)",
            "arange(3, dtype=complex64)",
            "arange(0, 1, 0.1, dtype=complex128)"
        ],
        "Numbers from start below stop, step apart; one alone is the stop.",
        "ceil((stop - start) / step) of them: start + i * d, where d is the second less the first in the type of the result, which is int64 or float64 as the arguments are."
    ),
    row!(
        "linspace",
        &[START, STOP, NUM, ENDPOINT, DTYPE],
        "np.linspace(start, stop, num, endpoint, dtype=dtype)",
        &[
            "linspace(0, 1, 5)",
            "linspace(0, 5, 3, dtype=int64)",
            "linspace(0, -5, 3, dtype=int64)",
            "linspace(0, 1, 0)",
            "linspace(0, 1, 1)",
            "linspace(2, 2, 3)",
            "linspace(0, 1, 7, endpoint=False)",
            "linspace(0, 1, -1)",
            "linspace(-0.3, 7.7)",
            "linspace(0, 1, 9, dtype=float32)",
            "linspace(0, 1, 9, dtype=float16)",
            "linspace(0, 1, 9, dtype=bfloat16)",
            "linspace(0, 1, 9, dtype=complex64)"
        ],
        "num numbers evenly from start to stop.",
        "float64: start + i * step, the last is stop itself. Integer types take the floor. start and stop are numbers."
    ),
    row!(
        "logspace",
        &[START, STOP, NUM, ENDPOINT, BASE_OF, DTYPE],
        "np.logspace(start, stop, num, endpoint, base, dtype)",
        &["logspace(0, 2, 3)", "logspace(0, 2, 7, base=2.5)", "logspace(-1, 1, 5, endpoint=False, dtype=float32)"],
        "base to the power of num numbers evenly from start to stop.",
        "linspace's rule, then power.",
        ulp: 4
    ),
    row!(
        "geomspace",
        &[START, STOP, NUM, ENDPOINT, DTYPE],
        "np.geomspace(start, stop, num, endpoint, dtype)",
        &[
            "geomspace(1, 1000, 4)",
            "geomspace(-1, -1000, 7)",
            "geomspace(2, 0.5, 5, endpoint=False)",
            "geomspace(0, 1, 3)",
            "geomspace(1, 256, 9, dtype=float32)"
        ],
        "num numbers from start to stop, each the same multiple of the one before.",
        "The ends are exact. Zero is an error; ends of unlike sign give NaN between them.",
        ulp: 8
    ),
    Row {
        name: "meshgrid",
        params: &[
            Param::new("arrays", ParamKind::Operands),
            Param::new("indexing", ParamKind::Text).or(Preset::Text("xy")).rare(),
        ],
        outputs: Outputs::List,
        numpy: "np.meshgrid(*arrays, indexing=indexing)",
        tries: &[
            "x:3 y:2 | meshgrid((x, y))",
            "x:3 y:2 | meshgrid((x, y), indexing='ij')",
            "x:3 y:2 z:4 | meshgrid((x, y, z))",
            "x:3 | meshgrid((x,))",
            "x:3 y:2 | meshgrid((x, y), indexing='no')",
        ],
        doc: "Coordinates of a grid: each array broadcast over the axes of all.",
        rule: "indexing 'xy' swaps the first two axes, 'ij' does not. No copies.",
        ..Row::BASE
    },
    row!(
        "asarray",
        &[X1, DTYPE],
        "np.asarray(x, dtype)",
        &[
            "asarray(x)",
            "asarray(x, dtype=float32)",
            "asarray(3)",
            "asarray((1, 2, 3))",
            "asarray((1.5, 2))",
            "asarray(((1, 2), (3, 4)), dtype=uint8)",
            "asarray((True, False))"
        ],
        "Numbers, lists of numbers, or an array, as an array.",
        "Lists are int64, float64 or bool unless dtype says otherwise; astype's rule."
    ),
    row!(
        "array",
        &[X1, DTYPE],
        "np.array(x, dtype)",
        &["array((1, 2, 3))", "array(((1, 2.5), (3, 4)), dtype=float32)"],
        "asarray by its other name.",
        "Arrays never change, so nothing is copied."
    ),
    row!("copy", &[X1], "np.copy(x)", &["copy(x)"], "The same array.", "Arrays never change, so nothing is copied."),
];

fn lengths(op: &str, shape: &[isize]) -> Result<Vec<isize>> {
    match shape.iter().find(|d| **d < 0) {
        Some(d) => Err(Error::shape(op, format!("the length {d} is negative"))),
        None => Ok(shape.to_vec()),
    }
}

fn length(op: &str, n: isize) -> Result<isize> {
    lengths(op, &[n]).map(|_| n)
}

fn filled(op: &str, shape: &[isize], value: &Lazy) -> Result<Lazy> {
    Ok(broadcast_to(value, &lengths(op, shape)?))
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn zeros(shape: &[isize], dtype: DType) -> Lazy {
    built(&[], || filled("zeros", shape, &constant(dtype, Weak::Int(0))))
}

/// Ones.
#[track_caller]
pub fn ones(shape: &[isize], dtype: DType) -> Lazy {
    built(&[], || filled("ones", shape, &constant(dtype, Weak::Int(1))))
}

/// Zeros.
#[track_caller]
pub fn empty(shape: &[isize], dtype: DType) -> Lazy {
    built(&[], || filled("empty", shape, &constant(dtype, Weak::Int(0))))
}

/// One value.
#[track_caller]
pub fn full(shape: &[isize], value: Operand, dtype: Option<DType>) -> Lazy {
    built(&[], || filled("full", shape, &valued("full", value, dtype)?))
}

/// The value in its own type or in the one that is wanted.
pub(super) fn valued(op: &str, value: Operand, dtype: Option<DType>) -> Result<Lazy> {
    Ok(match (value, dtype) {
        (Operand::Weak(w), Some(d)) => {
            if let (Weak::Int(v), true) = (w, d.is_integer()) {
                let (lo, hi) = crate::array::promote::int_range(d);
                if v < lo || v > hi {
                    return Err(Error::value(op, format!("the integer {v} does not fit {d} ({lo} to {hi})")));
                }
            }
            constant(d, w)
        }
        (value, dtype) => {
            let value = as_array(value);
            let d = value.dtype()?;
            value.cast(dtype.unwrap_or(d))
        }
    })
}

#[track_caller]
fn like(op: &str, x: &Lazy, value: Operand, dtype: Option<DType>, shape: &[isize]) -> Lazy {
    built(&[x], || {
        let value = valued(op, value, Some(dtype.map_or_else(|| x.dtype(), Ok)?))?;
        let own = shape_of(x)?;
        filled(op, if shape.is_empty() { &own } else { shape }, &value)
    })
}

/// Zeros.
#[track_caller]
pub fn zeros_like(x: &Lazy, dtype: Option<DType>, shape: &[isize]) -> Lazy {
    like("zeros_like", x, 0.into(), dtype, shape)
}

/// Ones.
#[track_caller]
pub fn ones_like(x: &Lazy, dtype: Option<DType>, shape: &[isize]) -> Lazy {
    like("ones_like", x, 1.into(), dtype, shape)
}

/// Zeros.
#[track_caller]
pub fn empty_like(x: &Lazy, dtype: Option<DType>, shape: &[isize]) -> Lazy {
    like("empty_like", x, 0.into(), dtype, shape)
}

/// One value.
#[track_caller]
pub fn full_like(x: &Lazy, value: Operand, dtype: Option<DType>, shape: &[isize]) -> Lazy {
    like("full_like", x, value, dtype, shape)
}

/// 0, 1, 2, …
pub(super) fn counting(n: isize, dtype: DType) -> Lazy {
    steps(Attr::Int(0), Attr::Int(1), n as i64, dtype)
}

#[track_caller]
fn steps(first: Attr, second: Attr, n: i64, dtype: DType) -> Lazy {
    Lazy::whole(&whole::STEPS, Vec::new(), vec![first, second, Attr::Int(n), Attr::DType(dtype)])
}

/// A comparison of each column's number with its row's, moved by k.
fn on_side(n: isize, m: isize, k: isize, op: Compare) -> Result<Lazy> {
    let (n, m) = (length("eye", n)?, length("eye", m)?);
    // Beyond the corners all diagonals are alike; this keeps the sum from wrapping.
    let most = n.saturating_add(m).saturating_add(1);
    let k = k.clamp(-most, most);
    let rows = counting(n, DType::I64) + k as i64;
    Ok(binary(op, counting(m, DType::I64), reshape(&rows, &[n, 1])))
}

/// Diagonal.
#[track_caller]
pub fn eye(n: isize, m: Option<isize>, k: isize, dtype: DType) -> Lazy {
    built(&[], || Ok(on_side(n, m.unwrap_or(n), k, Compare::Equal)?.cast(dtype)))
}

/// Diagonal.
#[track_caller]
pub fn identity(n: isize, dtype: DType) -> Lazy {
    eye(n, None, 0, dtype)
}

/// Triangle.
#[track_caller]
pub fn tri(n: isize, m: Option<isize>, k: isize, dtype: DType) -> Lazy {
    built(&[], || Ok(on_side(n, m.unwrap_or(n), k, Compare::LessEqual)?.cast(dtype)))
}

#[track_caller]
fn triangle(op: &str, x: &Lazy, k: isize, keep: Compare) -> Lazy {
    built(&[x], || {
        let (n, m) = match x.shape()? {
            [] => return Err(Error::shape(op, "an array without axes has no diagonal")),
            [m] => (*m, *m),
            [.., n, m] => (*n, *m),
        };
        let mask = on_side(n as isize, m as isize, k, keep)?;
        Ok(choose_own(&mask, x, Weak::Int(0)))
    })
}

/// Lower.
#[track_caller]
pub fn tril(x: &Lazy, k: isize) -> Lazy {
    triangle("tril", x, k, Compare::LessEqual)
}

/// Upper.
#[track_caller]
pub fn triu(x: &Lazy, k: isize) -> Lazy {
    triangle("triu", x, k, Compare::GreaterEqual)
}

/// Powers.
#[track_caller]
pub fn vander(x: &Lazy, n: Option<isize>, increasing: bool) -> Lazy {
    built(&[x], || {
        let [length] = x.shape()? else { return Err(Error::shape("vander", "x must have one axis")) };
        let n = self::length("vander", n.unwrap_or(*length as isize))?;
        let powers = counting(n, DType::I64);
        let powers = if increasing { powers } else { flip(&powers, &[0]) };
        let x = x.cast(promote(x.dtype()?, DType::I64));
        let columns = reshape(&x, &[*length as isize, 1]);
        Ok(binary(Binary::Power, columns, powers))
    })
}

/// Steps.
#[track_caller]
pub fn arange(start: Operand, stop: Option<Operand>, step: Operand, dtype: Option<DType>) -> Lazy {
    built(&[], || {
        let op = "arange";
        let (start, stop) = match stop {
            Some(stop) => (known_number(op, "start", &start)?, known_number(op, "stop", &stop)?),
            None => (Weak::Int(0), known_number(op, "stop", &start)?),
        };
        let step = known_number(op, "step", &step)?;
        let whole = |w: Weak| match w {
            Weak::Bool(b) => Some(i128::from(b)),
            Weak::Int(v) => Some(v),
            Weak::Float(_) | Weak::Complex(..) => None,
        };
        if step.to_f64() == 0.0 {
            return Err(Error::value(op, "the step is 0; it must not be"));
        }
        let (n, ints) = match (whole(start), whole(stop), whole(step)) {
            (Some(a), Some(b), Some(d)) => {
                let gap = if d > 0 { b.saturating_sub(a) } else { a.saturating_sub(b) };
                (if gap <= 0 { 0 } else { (gap - 1) / d.saturating_abs() + 1 }, Some((a, d)))
            }
            _ => {
                let n = ((stop.to_f64() - start.to_f64()) / step.to_f64()).ceil();
                if !n.is_finite() {
                    return Err(Error::value(op, "the numbers never end; start, stop and step must be finite"));
                }
                (n.max(0.0) as i128, None)
            }
        };
        let n =
            i64::try_from(n).map_err(|_| Error::shape(op, format!("{n} numbers are more than can be addressed")))?;
        let dtype = dtype.unwrap_or(if ints.is_some() { DType::I64 } else { DType::F64 });
        if dtype == DType::Bool && n > 2 {
            return Err(Error::dtype(op, "there are only two truth values to count; give another dtype"));
        }
        if dtype.kind() >= Kind::Float {
            return Ok(steps(Attr::Float(start.to_f64()), Attr::Float(start.to_f64() + step.to_f64()), n, dtype));
        }
        // The first two in the type say how it goes on.
        let held = |v: Scalar| Attr::Int(v.to_i128() as i64);
        let (first, second) = match ints {
            Some((a, d)) => (Scalar::from_i128(dtype, a), Scalar::from_i128(dtype, a.saturating_add(d))),
            None => (Scalar::from_f64(dtype, start.to_f64()), Scalar::from_f64(dtype, start.to_f64() + step.to_f64())),
        };
        Ok(steps(held(first), held(second), n, dtype))
    })
}

fn ends(op: &str, start: &Operand, stop: &Operand) -> Result<(f64, f64)> {
    Ok((known_number(op, "start", start)?.to_f64(), known_number(op, "stop", stop)?.to_f64()))
}

/// In float64, whatever is wanted in the end.
fn even(op: &str, start: f64, stop: f64, num: isize, endpoint: bool) -> Result<Lazy> {
    if num < 0 {
        return Err(Error::value(op, format!("num is {num}; it must not be negative")));
    }
    let i = counting(num, DType::F64);
    let div = if endpoint { num - 1 } else { num };
    let delta = stop - start;
    let step = delta / div as f64;
    let y = match div {
        ..=0 => &i * delta,
        _ if step == 0.0 => &i / div as f64 * delta,
        _ => &i * step,
    };
    let y = y + start;
    if !endpoint || num < 2 {
        return Ok(y);
    }
    Ok(choose(equals(&i, (num - 1) as f64), stop, y))
}

/// Evenly.
#[track_caller]
pub fn linspace(start: Operand, stop: Operand, num: isize, endpoint: bool, dtype: Option<DType>) -> Lazy {
    built(&[], || {
        let op = "linspace";
        let (start, stop) = ends(op, &start, &stop)?;
        let y = even(op, start, stop, num, endpoint)?;
        Ok(match dtype {
            Some(d) if d.is_integer() => unary(Math::Floor, y).cast(d),
            Some(d) => y.cast(d),
            None => y,
        })
    })
}

/// Powers.
#[track_caller]
pub fn logspace(start: Operand, stop: Operand, num: isize, endpoint: bool, base: f64, dtype: Option<DType>) -> Lazy {
    built(&[], || {
        let op = "logspace";
        let (start, stop) = ends(op, &start, &stop)?;
        let y = even(op, start, stop, num, endpoint)?;
        Ok(binary(Binary::Power, constant(DType::F64, Weak::Float(base)), y).cast(dtype.unwrap_or(DType::F64)))
    })
}

/// Multiples.
#[track_caller]
pub fn geomspace(start: Operand, stop: Operand, num: isize, endpoint: bool, dtype: Option<DType>) -> Lazy {
    built(&[], || {
        let op = "geomspace";
        let (start, stop) = ends(op, &start, &stop)?;
        if start == 0.0 || stop == 0.0 {
            return Err(Error::value(op, "zero is no multiple of anything; start and stop must not be 0"));
        }
        let sign = start.signum();
        let (from, to) = (start * sign, stop * sign);
        let y = even(op, from.log10(), to.log10(), num, endpoint)?;
        let y = binary(Binary::Power, constant(DType::F64, Weak::Float(10.0)), y);
        let i = counting(num, DType::F64);
        let put = |y: Lazy, at: isize, v: f64| choose(equals(&i, at as f64), v, y);
        let y = put(y, 0, from);
        let y = if endpoint && num > 1 { put(y, num - 1, to) } else { y };
        Ok((y * sign).cast(dtype.unwrap_or(DType::F64)))
    })
}

/// Grid.
#[track_caller]
pub fn meshgrid(arrays: &[Lazy], indexing: &str) -> Vec<Lazy> {
    built_of(arrays, || {
        let swap = match indexing {
            "xy" => arrays.len() > 1,
            "ij" => false,
            other => return Err(Error::value("meshgrid", format!("indexing is '{other}'; it must be 'xy' or 'ij'"))),
        };
        let axis = |i: usize| if swap && i < 2 { 1 - i } else { i };
        let mut to = vec![1isize; arrays.len()];
        for (i, a) in arrays.iter().enumerate() {
            to[axis(i)] = shape::count("meshgrid", a.shape()?, 1)? as isize;
        }
        let all = arrays.iter().enumerate().map(|(i, a)| {
            let mut own = vec![1isize; to.len()];
            own[axis(i)] = to[axis(i)];
            broadcast_to(&reshape(a, &own), &to)
        });
        Ok(all.collect())
    })
}

/// An array.
#[track_caller]
pub fn asarray(x: &Lazy, dtype: Option<DType>) -> Lazy {
    dtype.map_or_else(|| x.clone(), |d| x.cast(d))
}

/// An array.
#[track_caller]
pub fn array(x: &Lazy, dtype: Option<DType>) -> Lazy {
    asarray(x, dtype)
}

/// The same.
#[track_caller]
pub fn copy(x: &Lazy) -> Lazy {
    x.clone()
}
