//! Where values stand among others.

use opusclip_raw::{DType, Kind};

use super::given::Given;
use super::order::{keys, keys_of, order};
use super::support::{build, cast};
use super::{Meaning, Page};
use crate::array::promote::promote;
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row};
use crate::ops::lanes::Lane;

pub(super) const PAGES: &[&Page] = &[&SEARCHSORTED, &DIGITIZE, &ISIN];

static SEARCHSORTED: Page = Page {
    row: Row {
        name: "searchsorted",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("v", ParamKind::Array),
            Param::new("side", ParamKind::Text).or(Preset::Text("left")),
            Param::new("sorter", ParamKind::Array).or(Preset::None).rare(),
        ],
        numpy: "np.searchsorted(x, v, side, sorter)",
        tries: &[
            "x:6 y:3x4 | searchsorted(sort(x), y)",
            "x:6 y:3x4 | searchsorted(sort(x), y, side='right')",
            "x:6 y:3x4 | searchsorted(x, y, sorter=argsort(x))",
            "x:6 | searchsorted(sort(x), 2)",
            "x:2x3 | searchsorted(x, 2)",
            "x:6 | searchsorted(x, x, side='middle')",
        ],
        doc: "Where the values v would be put into the sorted x so that it stays sorted: before equal ones, or after them with side='right'.",
        rule: "int64. x has one axis and rises, or does so in the order `sorter`. Both are promoted to one type; NaN is greatest, complex numbers are in sort's order.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: searchsorted_meta, eval: searchsorted },
    frames: |_, n| n == 1,
};

static DIGITIZE: Page = Page {
    row: Row {
        name: "digitize",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("bins", ParamKind::Array),
            Param::new("right", ParamKind::Bool).or(Preset::Bool(false)),
        ],
        numpy: "np.digitize(x, bins, right)",
        tries: &[
            "digitize(x, [1, 2, 5])",
            "digitize(x, [5, 2, 1])",
            "digitize(x, [1, 2, 5], right=True)",
            "digitize(x, [5, 2, 2], right=True)",
            "x:3 | digitize(x, [1, 3, 2])",
        ],
        doc: "Into which of the bins each element falls: bin i has `bins[i-1] <= x < bins[i]`, with right=True `bins[i-1] < x <= bins[i]`.",
        rule: "int64. bins has one axis and rises or falls. Both are promoted to one type; NaN is greatest. Complex numbers are refused.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: digitize_meta, eval: digitize },
    frames: |_, n| n == 0,
};

/// Whether elements are among others.
pub(crate) static ISIN: Page = Page {
    row: Row {
        name: "isin",
        params: &[
            Param::new("x", ParamKind::Array),
            Param::new("test_elements", ParamKind::Array),
            Param::new("invert", ParamKind::Bool).or(Preset::Bool(false)),
        ],
        numpy: "np.isin(x, test_elements, invert=invert)",
        tries: &["isin(x, y)", "isin(x, [1, 2])", "isin(x, y, invert=True)", "isin(x, 1)"],
        doc: "True where an element is one of the test elements.",
        rule: "Both are promoted to one type, but integers are compared as integers (NumPy compares many of uint64 with int64 as float64). NaN equals nothing.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| Ok(Meta::new(g.x()?.shape.clone(), DType::Bool)), eval: isin },
    frames: |_, n| n == 0,
};

fn side(g: &Given<'_, Meta>) -> Result<()> {
    match g.text("side") {
        "left" | "right" => Ok(()),
        other => Err(Error::value(g.op(), format!("side is 'left' or 'right', not '{other}'"))),
    }
}

fn one_axis(g: &Given<'_, Meta>, what: &str, m: &Meta) -> Result<usize> {
    match m.shape.as_slice() {
        [n] => Ok(*n),
        other => Err(Error::shape(g.op(), format!("{what} must have one axis, not shape {}", shape::show(other)))),
    }
}

fn searchsorted_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    side(g)?;
    let n = one_axis(g, "x", g.x()?)?;
    if let Some(sorter) = g.maybe_array("sorter") {
        if !matches!(sorter.dtype.kind(), Kind::Signed | Kind::Unsigned) {
            return Err(Error::dtype(g.op(), format!("sorter holds integers, not {}", sorter.dtype)));
        }
        if one_axis(g, "sorter", sorter)? != n {
            return Err(Error::shape(
                g.op(),
                format!("sorter of shape {} must be as long as x, {n}", shape::show(&sorter.shape)),
            ));
        }
    }
    Ok(Meta::new(g.array("v")?.shape.clone(), DType::I64))
}

/// The keys of two arrays in the type of both, and the least of NaN.
fn common(a: &Array, b: &Array) -> Result<([Vec<u64>; 2], Option<u64>)> {
    let dtype = promote(a.dtype(), b.dtype());
    keys_of([&cast(a, dtype)?, &cast(b, dtype)?])
}

/// The same, but integers stay integers: uint64 and the signed types are not compared as floats.
fn exactly(a: &Array, b: &Array) -> Result<([Vec<u64>; 2], Option<u64>)> {
    let (signed, unsigned) = (|d: DType| d.kind() == Kind::Signed, |d: DType| d == DType::U64);
    let (da, db) = (a.dtype(), b.dtype());
    if !((signed(da) && unsigned(db)) || (unsigned(da) && signed(db))) {
        return common(a, b);
    }
    let wide = |x: &Array| -> Result<Vec<u64>> {
        if unsigned(x.dtype()) {
            return Ok(keys(x)?.0);
        }
        let (all, _) = keys(&cast(x, DType::I64)?)?;
        // A negative integer is none of the others.
        Ok(all.into_iter().map(|k| if k < 1 << 63 { u64::MAX } else { k ^ (1 << 63) }).collect())
    };
    let (ka, mut kb) = (wide(a)?, wide(b)?);
    // Only what both types hold can be found.
    kb.retain(|&k| k <= i64::MAX as u64);
    Ok(([ka, kb], None))
}

fn found(sorted: &[u64], v: u64, right: bool) -> i64 {
    sorted.partition_point(|&k| k < v || (right && k == v)) as i64
}

fn searchsorted(g: &Given<'_, Array>) -> Result<Array> {
    let (x, v) = (g.x()?, g.array("v")?);
    let ([mut sorted, wanted], _) = common(x, v)?;
    if let Some(sorter) = g.maybe_array("sorter") {
        let order = cast(sorter, DType::I64)?;
        let n = sorted.len();
        let at = |&i: &i64| super::index::position(g.op(), i, n, 0).map(|p| sorted[p]);
        sorted = super::support::slice::<i64>(&order)?.iter().map(at).collect::<Result<_>>()?;
    }
    let right = g.text("side") == "right";
    build(DType::I64, v.shape(), |out| {
        i64::lanes_mut(out).iter_mut().zip(wanted).for_each(|(o, v)| *o = found(&sorted, v, right));
        Ok(())
    })
}

fn digitize_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    one_axis(g, "bins", g.array("bins")?)?;
    if let Some(m) = g.inputs().iter().find(|m| m.dtype.is_complex()) {
        return Err(Error::dtype(g.op(), format!("{} has no bins; take its real part or its absolute value", m.dtype)));
    }
    Ok(Meta::new(g.x()?.shape.clone(), DType::I64))
}

fn digitize(g: &Given<'_, Array>) -> Result<Array> {
    let (x, bins) = (g.x()?, g.array("bins")?);
    let ([wanted, mut bins], _) = common(x, bins)?;
    let rises = bins.is_sorted();
    if !rises {
        bins.reverse();
        if !bins.is_sorted() {
            return Err(Error::value(g.op(), "the bins neither rise nor fall; sort them"));
        }
    }
    let (n, left) = (bins.len() as i64, g.bool("right"));
    build(DType::I64, x.shape(), |out| {
        for (o, v) in i64::lanes_mut(out).iter_mut().zip(wanted) {
            let at = found(&bins, v, !left);
            *o = if rises { at } else { n - at };
        }
        Ok(())
    })
}

fn isin(g: &Given<'_, Array>) -> Result<Array> {
    let (x, test) = (g.x()?, g.array("test_elements")?);
    let ([wanted, mut test], nan) = exactly(x, test)?;
    test.sort_unstable();
    test.dedup();
    let invert = g.bool("invert");
    build(DType::Bool, x.shape(), |out| {
        for (o, v) in bool::lanes_mut(out).iter_mut().zip(wanted) {
            *o = (nan.is_none_or(|n| v < n) && test.binary_search(&v).is_ok()) != invert;
        }
        Ok(())
    })
}

/// The different values of an array, flattened, and where they are.
pub(crate) struct Unique {
    /// The values, rising.
    pub(crate) values: Array,
    /// Where each occurs first.
    pub(crate) first: Vec<i64>,
    /// Which value each element is.
    pub(crate) inverse: Vec<i64>,
    /// How often each occurs.
    pub(crate) counts: Vec<i64>,
}

/// The different values; with `one_nan` all NaN are one value, the one that occurs first, else each
/// is its own.
pub(crate) fn unique(x: &Array, one_nan: bool) -> Result<Unique> {
    let x = x.to_contiguous()?;
    let (keys, nan) = keys(&x)?;
    let (first, inverse, counts) = groups(&keys, nan, one_nan);
    let item = x.dtype().size();
    let bytes = x.contiguous_bytes().unwrap_or(&[]);
    let mut buffer = crate::array::zeroed(x.dtype(), &[first.len()])?;
    for (out, &at) in buffer.bytes_mut().chunks_exact_mut(item).zip(&first) {
        let at = at as usize * item;
        if let Some(b) = bytes.get(at..at + item) {
            out.copy_from_slice(b);
        }
    }
    let values = Array::from_buffer(buffer, x.dtype(), vec![first.len()]);
    Ok(Unique { values, first, inverse, counts })
}

/// First position, group of each element, and size of each group of equal keys, in rising order;
/// keys from `nan` on equal not even themselves, or with `one_nan` all each other.
fn groups(keys: &[u64], nan: Option<u64>, one_nan: bool) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
    let (mut first, mut counts) = (Vec::new(), Vec::<i64>::new());
    let mut inverse = vec![0; keys.len()];
    let mut last = None;
    for place in order(keys) {
        let Some(&key) = keys.get(place as usize) else { continue };
        let key = nan.map_or(key, |n| key.min(n));
        if last != Some(key) || (nan == Some(key) && !one_nan) {
            first.push(place);
            counts.push(0);
        } else if let Some(f) = first.last_mut() {
            // Different NaN do not stand in the order in which they occur.
            *f = place.min(*f);
        }
        last = Some(key);
        if let Some(c) = counts.last_mut() {
            *c += 1;
        }
        if let Some(i) = inverse.get_mut(place as usize) {
            *i = first.len() as i64 - 1;
        }
    }
    (first, inverse, counts)
}

/// Where the different rows of a matrix of so many rows occur first, in lexicographic order of the
/// rows. A row with NaN equals no other, as in NumPy.
pub(crate) fn unique_rows(x: &Array, rows: usize) -> Result<Vec<i64>> {
    let (keys, nan) = keys(x)?;
    let width = keys.len().checked_div(rows).unwrap_or(0);
    if width == 0 {
        // Rows of nothing are all one, and may be more than can be listed.
        return Ok(vec![0; rows.min(1)]);
    }
    let row = |p: i64| keys.get(p as usize * width..(p as usize + 1) * width).unwrap_or(&[]);
    let mut places: Vec<i64> = (0..rows as i64).collect();
    places.sort_by(|&a, &b| row(a).cmp(row(b)));
    let mut first = Vec::<i64>::new();
    for place in places {
        let this = row(place);
        let own = nan.is_some_and(|n| this.iter().any(|k| *k >= n));
        if own || first.last().is_none_or(|&f| row(f) != this) {
            first.push(place);
        }
    }
    Ok(first)
}
