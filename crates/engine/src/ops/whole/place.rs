//! Choosing, placing, and positions as numbers.

use opusclip_raw::{DType, Kind};

use super::given::Given;
use super::index::{outside, position};
use super::support::{build, cast, slice};
use super::{Meaning, Page, never};
use crate::array::promote::promote;
use crate::array::{Array, Meta, shape, zeroed};
use crate::error::{Error, Result};
use crate::ops::facts::{Outputs, Param, ParamKind, Preset, Row};
use crate::ops::lanes::Lane;

pub(super) const PAGES: &[&Page] = &[&CHOOSE, &INDICES, &RAVEL_MULTI_INDEX, &UNRAVEL_INDEX];

/// What becomes of positions outside.
pub(crate) const MODE: Param = Param::new("mode", ParamKind::Text).or(Preset::Text("raise")).rare();

/// Of inputs that are broadcast: frames stay apart in those that have as many axes as the result.
fn if_longest(g: &Given<'_, Meta>, n: usize) -> bool {
    let rank = g.inputs().iter().map(Meta::ndim).max();
    g.inputs().get(n).map(Meta::ndim) == rank
}

static CHOOSE: Page = Page {
    row: Row {
        name: "choose",
        params: &[Param::new("x", ParamKind::Array), Param::new("choices", ParamKind::Arrays), MODE],
        numpy: "np.choose(x, choices, mode=mode)",
        tries: &[
            "x:3x4 y:4 z:3x4 | choose((y > 0), (x, z))",
            "x:3x4 z:3x4 | choose(where(x > 1, 1, 0), (z, z + z))",
            "x:3x4 | choose(where(x > 1, 9, -9), (x, x + x, x * x), mode='clip')",
            "x:3x4 | choose(where(x > 1, 9, -9), (x, x + x, x * x), mode='wrap')",
            "x:3x4 | choose(where(x > 1, 3, 0), (x, x + x, x * x))",
        ],
        doc: "Of several arrays the element of the one whose number x holds.",
        rule: "All broadcast; the choices are promoted to one type, to which a literal among them comes as int64 or float64. A number outside is an error, with mode='wrap' counted around, with mode='clip' held at the ends.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: choose_meta, eval: choose },
    frames: if_longest,
};

static INDICES: Page = Page {
    row: Row {
        name: "indices",
        params: &[Param::new("dimensions", ParamKind::Shape)],
        numpy: "np.indices(dimensions)",
        tries: &["indices((2, 3))", "indices((2, 0))", "indices((4,))"],
        doc: "The position of each element of an array of this shape: one array of positions for each axis, one after another.",
        rule: "int64.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: indices_meta, eval: indices },
    frames: never,
};

static RAVEL_MULTI_INDEX: Page = Page {
    row: Row {
        name: "ravel_multi_index",
        params: &[
            Param::new("multi_index", ParamKind::Arrays),
            Param::new("dims", ParamKind::Shape),
            MODE,
            Param::new("order", ParamKind::Text).or(Preset::Text("C")).rare(),
        ],
        numpy: "np.ravel_multi_index(multi_index, dims, mode=mode, order=order)",
        tries: &[
            "ravel_multi_index((x > 1, x < 2), (2, 3))",
            "ravel_multi_index((where(x > 1, 5, -9), 1), (2, 3), mode='clip')",
            "ravel_multi_index((where(x > 1, 5, -9), 1), (2, 3), mode='wrap')",
            "ravel_multi_index((where(x > 1, 1, 0), 1), (2, 3), order='F')",
            "ravel_multi_index((where(x > 1, 2, 0), 1), (2, 3))",
        ],
        doc: "The number, counted in C order, of the element at these positions of an array of shape dims.",
        rule: "int64. Positions are integers, broadcast, and not negative; mode as for choose. order='F' counts the first axis fastest.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: ravel_meta, eval: ravel },
    frames: if_longest,
};

static UNRAVEL_INDEX: Page = Page {
    row: Row {
        name: "unravel_index",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("shape", ParamKind::Shape),
            Param::new("order", ParamKind::Text).or(Preset::Text("C")).rare(),
        ],
        outputs: Outputs::List,
        numpy: "np.unravel_index(x, shape, order)",
        tries: &[
            "unravel_index(where(x > 1, 5, 0), (2, 3))",
            "unravel_index(where(x > 1, 5, 0), (2, 3), order='F')",
            "unravel_index(where(x > 1, 6, 0), (2, 3))",
        ],
        doc: "The positions, one array for each axis, of the elements with these numbers, counted in C order, of an array of this shape.",
        rule: "int64. A number outside is an error, a negative one too.",
        ..Row::WHOLE
    },
    meaning: Meaning::Many { meta: unravel_meta, eval: unravel },
    frames: never,
};

/// `x` with `values` one after another where `mask` is true; no op that people call.
pub(crate) static PLACE: Page = Page {
    row: Row {
        name: "place",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("mask", ParamKind::Array),
            Param::new("values", ParamKind::Array),
            // Whether each true element takes the next value, or the one with its own number.
            Param::new("next", ParamKind::Bool),
        ],
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(g.x()?.clone()), eval: place },
    frames: never,
};

#[derive(Clone, Copy)]
enum Mode {
    Raise,
    Wrap,
    Clip,
}

/// The mode, or what it may be.
fn mode<T>(g: &Given<'_, T>) -> Result<Mode> {
    match g.text("mode") {
        "raise" => Ok(Mode::Raise),
        "wrap" => Ok(Mode::Wrap),
        "clip" => Ok(Mode::Clip),
        other => Err(Error::value(g.op(), format!("mode is 'raise', 'wrap' or 'clip', not '{other}'"))),
    }
}

impl Mode {
    fn at(self, i: i64, n: usize) -> Option<usize> {
        let last = (n as i64).checked_sub(1).filter(|l| *l >= 0)?;
        match self {
            Mode::Raise => (0..=last).contains(&i).then_some(i as usize),
            Mode::Wrap => Some(i.rem_euclid(n as i64) as usize),
            Mode::Clip => Some(i.clamp(0, last) as usize),
        }
    }
}

fn whole_numbers(g: &Given<'_, Meta>, what: &str, m: &Meta) -> Result<()> {
    if m.dtype.kind() >= Kind::Float {
        return Err(Error::dtype(g.op(), format!("{what} holds integers, not {}; cast it", m.dtype)));
    }
    Ok(())
}

fn choose_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    mode(g)?;
    whole_numbers(g, "x", g.x()?)?;
    let choices = g.arrays("choices");
    let dtype = choices.iter().map(|m| m.dtype).reduce(promote);
    let dtype = dtype.ok_or_else(|| Error::value(g.op(), "no choices were given; at least one is needed"))?;
    let shapes: Vec<&[usize]> = g.inputs().iter().map(|m| m.shape.as_slice()).collect();
    Ok(Meta::new(shape::broadcast(g.op(), &shapes)?, dtype))
}

fn choose(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(choose_meta)?;
    let mode = mode(g)?;
    let which = cast(&g.x()?.broadcast(&wanted.shape), DType::I64)?;
    let choices = g.arrays("choices");
    let all = choices.iter().map(|c| cast(&c.broadcast(&wanted.shape), wanted.dtype)).collect::<Result<Vec<_>>>()?;
    let bytes: Vec<&[u8]> = all.iter().map(|a| a.contiguous_bytes().unwrap_or(&[])).collect();
    let item = wanted.dtype.size();
    let mut buffer = zeroed(wanted.dtype, &wanted.shape)?;
    for (n, (out, &i)) in buffer.bytes_mut().chunks_exact_mut(item).zip(slice::<i64>(&which)?).enumerate() {
        let one = mode.at(i, bytes.len()).and_then(|i| bytes.get(i)?.get(n * item..(n + 1) * item));
        let wrong =
            || Error::value(g.op(), format!("x holds {i}, and there are {} choices; mode='clip' holds it", all.len()));
        out.copy_from_slice(one.ok_or_else(wrong)?);
    }
    Ok(Array::from_buffer(buffer, wanted.dtype, wanted.shape))
}

/// A shape that was given, all of whose lengths must be known.
fn given_shape<T>(g: &Given<'_, T>, name: &str) -> Result<Vec<usize>> {
    let shape: Option<Vec<usize>> = g.ints(name).iter().map(|&d| usize::try_from(d).ok()).collect();
    let shape = shape.ok_or_else(|| Error::shape(g.op(), format!("{name} holds a negative length")))?;
    shape::count(g.op(), &shape, 8)?;
    Ok(shape)
}

fn indices_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let dims = given_shape(g, "dimensions")?;
    let all: Vec<usize> = [dims.len()].into_iter().chain(dims).collect();
    Ok(Meta::new(all, DType::I64))
}

fn indices(g: &Given<'_, Array>) -> Result<Array> {
    let dims = given_shape(g, "dimensions")?;
    let all: Vec<usize> = [dims.len()].into_iter().chain(dims.iter().copied()).collect();
    build(DType::I64, &all, |out| {
        let out = i64::lanes_mut(out);
        let each = shape::product(&dims).max(1);
        for (axis, part) in out.chunks_mut(each).enumerate() {
            let inner = shape::product(dims.get(axis + 1..).unwrap_or(&[])).max(1);
            let len = dims.get(axis).copied().unwrap_or(1).max(1);
            for (n, run) in part.chunks_mut(inner).enumerate() {
                run.fill((n % len) as i64);
            }
        }
        Ok(())
    })
}

/// Steps between neighbours along each axis, counted in the order that was asked for.
fn steps<T>(g: &Given<'_, T>, dims: &[usize]) -> Result<Vec<i64>> {
    let c = |dims: &[usize]| -> Vec<i64> { shape::c_strides(dims).iter().map(|&s| s as i64).collect() };
    match g.text("order") {
        "C" => Ok(c(dims)),
        "F" => {
            let back: Vec<usize> = dims.iter().rev().copied().collect();
            Ok(c(&back).into_iter().rev().collect())
        }
        other => Err(Error::value(g.op(), format!("order is 'C' or 'F', not '{other}'"))),
    }
}

fn ravel_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    mode(g)?;
    let dims = given_shape(g, "dims")?;
    steps(g, &dims)?;
    let all = g.arrays("multi_index");
    if all.len() != dims.len() {
        return Err(Error::value(
            g.op(),
            format!("{} arrays of positions for shape {}: one for each axis is meant", all.len(), shape::show(&dims)),
        ));
    }
    all.iter().try_for_each(|m| whole_numbers(g, "multi_index", m))?;
    let shapes: Vec<&[usize]> = all.iter().map(|m| m.shape.as_slice()).collect();
    Ok(Meta::new(shape::broadcast(g.op(), &shapes)?, DType::I64))
}

fn ravel(g: &Given<'_, Array>) -> Result<Array> {
    let wanted = g.told(ravel_meta)?;
    let (mode, dims) = (mode(g)?, given_shape(g, "dims")?);
    let steps = steps(g, &dims)?;
    build(DType::I64, &wanted.shape, |out| {
        let out = i64::lanes_mut(out);
        for (axis, array) in g.arrays("multi_index").iter().enumerate() {
            let at = cast(&array.broadcast(&wanted.shape), DType::I64)?;
            let (len, step) = (dims[axis], steps[axis]);
            for (o, &i) in out.iter_mut().zip(slice::<i64>(&at)?) {
                *o += mode.at(i, len).ok_or_else(|| outside(g.op(), i, axis, len))? as i64 * step;
            }
        }
        Ok(())
    })
}

fn unravel_meta(g: &Given<'_, Meta>) -> Result<Vec<Meta>> {
    let dims = given_shape(g, "shape")?;
    steps(g, &dims)?;
    let x = g.x()?;
    whole_numbers(g, "x", x)?;
    Ok(dims.iter().map(|_| Meta::new(x.shape.clone(), DType::I64)).collect())
}

fn unravel(g: &Given<'_, Array>) -> Result<Vec<Array>> {
    let dims = given_shape(g, "shape")?;
    let (size, steps) = (shape::product(&dims), steps(g, &dims)?);
    let x = cast(g.x()?, DType::I64)?;
    let numbers = slice::<i64>(&x)?;
    for &i in numbers {
        if i < 0 || i as usize >= size {
            return Err(Error::value(g.op(), format!("index {i} is out of bounds for an array of {size} elements")));
        }
    }
    let axis = |(&step, &len): (&i64, &usize)| {
        build(DType::I64, x.shape(), |out| {
            for (o, &i) in i64::lanes_mut(out).iter_mut().zip(numbers) {
                *o = (i / step) % len.max(1) as i64;
            }
            Ok(())
        })
    };
    steps.iter().zip(&dims).map(axis).collect()
}

fn place(g: &Given<'_, Array>) -> Result<Array> {
    let (x, mask, values) = (g.x()?, g.array("mask")?, g.array("values")?);
    let (mask, values) = (cast(mask, DType::Bool)?, values.to_contiguous()?);
    let item = x.dtype().size();
    let mut buffer = zeroed(x.dtype(), x.shape())?;
    let all = buffer.bytes_mut().get_mut(..x.nbytes()).unwrap_or_default();
    x.strided().copy_to(all);
    let next = g.bool("next");
    let from = values.contiguous_bytes().unwrap_or(&[]);
    let many = values.size();
    let true_ones = slice::<bool>(&mask)?.iter().enumerate().filter(|(_, m)| **m);
    for (count, (at, _)) in true_ones.enumerate() {
        if many == 0 {
            if next {
                return Err(Error::value(g.op(), "there are no values to put where the mask is true"));
            }
            break;
        }
        let n = if next { count } else { at } % many;
        let n = position(g.op(), n as i64, many, 0)? * item;
        if let (Some(out), Some(v)) = (all.get_mut(at * item..(at + 1) * item), from.get(n..n + item)) {
            out.copy_from_slice(v);
        }
    }
    Ok(Array::from_buffer(buffer, x.dtype(), x.shape().to_vec()))
}
