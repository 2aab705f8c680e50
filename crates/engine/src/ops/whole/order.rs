//! Sorting. Elements become unsigned keys whose order is theirs, so that one loop sorts every type:
//! equal elements have equal keys, and NaN has the greatest. Complex numbers are ordered as NumPy
//! orders them: by the real part, then by the imaginary one; then come those whose imaginary part
//! alone is NaN, then those whose real part is.

use std::cmp::{Ordering, Reverse};

use opusclip_raw::{BF16, Complex, DType, F16, Number};

use super::given::Given;
use super::support::{along, axis_last, build, lanes, row_len, slice};
use super::{Meaning, Page, unless_first_axis};
use crate::array::{Array, Meta, shape};
use crate::error::{Error, Result};
use crate::ops::facts::{Param, ParamKind, Preset, Row};
use crate::ops::lanes::{Lane, LanesMut, with_number};
use crate::threads;

pub(super) const PAGES: &[&Page] = &[&SORT, &ARGSORT, &PARTITION, &ARGPARTITION, &LEXSORT];

const SORTED: &[Param] = &[
    Param::new("x", ParamKind::Array),
    Param::new("axis", ParamKind::Axes).or(Preset::Int(-1)),
    Param::new("descending", ParamKind::Bool).or(Preset::Bool(false)).rare(),
];

const PARTED: &[Param] = &[
    Param::new("x", ParamKind::Array),
    Param::new("kth", ParamKind::Ints),
    Param::new("axis", ParamKind::Axes).or(Preset::Int(-1)),
];

/// Values in order.
pub(super) static SORT: Page = Page {
    row: Row {
        name: "sort",
        params: SORTED,
        numpy: "np.sort(x, axis)",
        tries: &["sort(x)", "sort(x, axis=0)", "sort(x, axis=None)"],
        doc: "The elements along one axis in rising order; None flattens first.",
        rule: "NaN comes last, also when descending (array API; NumPy has no such argument). -0.0 comes before 0.0. Complex numbers rise by their real parts, equal ones by their imaginary parts; those with a NaN come last, the real number with an imaginary NaN before the NaN with an imaginary number.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| sorted_meta(g, None), eval: sort },
    frames: unless_first_axis,
};

/// Places of the values in order.
pub(super) static ARGSORT: Page = Page {
    row: Row {
        name: "argsort",
        params: SORTED,
        numpy: "np.argsort(x, axis, stable=True)",
        tries: &["argsort(x)", "argsort(x, axis=0)", "argsort(x, axis=None)"],
        doc: "The positions that would sort the elements along one axis; None flattens first.",
        rule: "int64. Stable: equal elements keep their order, also when descending. NaN comes last. Complex numbers as for sort.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| sorted_meta(g, Some(DType::I64)), eval: argsort },
    frames: unless_first_axis,
};

static PARTITION: Page = Page {
    row: Row {
        name: "partition",
        params: PARTED,
        numpy: "np.partition(x, kth, axis)",
        tries: &[
            "x:4x5 | partition(x, 2)[..., 2]",
            "x:4x5 | partition(x, (1, -1))[..., (1, -1)]",
            "x:4x5 | partition(x, 1, axis=0)[1]",
            "x:4x5 | partition(x, 7, axis=None)[7]",
            "x:4x5 | partition(x, 5)",
        ],
        doc: "The elements along one axis with the kth where sorting would put it, lesser ones before it, greater ones after.",
        rule: "kth may be several. The order within the parts is not promised; here all are sorted. NaN counts as greatest.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| parted_meta(g, None), eval: sort },
    frames: unless_first_axis,
};

static ARGPARTITION: Page = Page {
    row: Row {
        name: "argpartition",
        params: PARTED,
        numpy: "np.argpartition(x, kth, axis)",
        tries: &[
            "x:4x5 | take_along_axis(x, argpartition(x, 2), -1)[..., 2]",
            "x:4x5 | take_along_axis(x, argpartition(x, (1, -1), axis=0), 0)[(1, -1)]",
            "x:4x5 | argpartition(x, 4, axis=0)",
        ],
        doc: "The positions that would partition the elements along one axis; None flattens first.",
        rule: "int64. partition's rule; which of several equal elements comes first is not promised, here the earlier one does.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: |g| parted_meta(g, Some(DType::I64)), eval: argsort },
    frames: unless_first_axis,
};

static LEXSORT: Page = Page {
    row: Row {
        name: "lexsort",
        params: &[Param::new("keys", ParamKind::Arrays), Param::new("axis", ParamKind::Axis).or(Preset::Int(-1))],
        numpy: "np.lexsort(keys, axis)",
        tries: &["lexsort((x, x))", "lexsort((x, y))", "lexsort((x, x < 1), axis=0)", "lexsort(x)"],
        doc: "The positions that sort by the last key, equal ones by the one before it, and so on.",
        rule: "int64, stable. The keys have one shape; NaN comes last. One array is the list of its rows.",
        ..Row::WHOLE
    },
    meaning: Meaning::One { meta: lexsort_meta, eval: lexsort },
    frames: unless_first_axis,
};

fn sorted_meta(g: &Given<'_, Meta>, dtype: Option<DType>) -> Result<Meta> {
    let x = g.x()?;
    let dtype = dtype.unwrap_or(x.dtype);
    Ok(match g.one_axis("axis", x.ndim())? {
        Some(_) => Meta::new(x.shape.clone(), dtype),
        None => Meta::new([shape::count(g.op(), &x.shape, 1)?], dtype),
    })
}

/// NumPy's order: NaN after everything else.
pub(super) fn compare<T: Number>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn parted_meta(g: &Given<'_, Meta>, dtype: Option<DType>) -> Result<Meta> {
    let meta = sorted_meta(g, dtype)?;
    let axis = g.one_axis("axis", g.x()?.ndim())?.unwrap_or(0);
    let n = meta.shape.get(axis).copied().unwrap_or(1);
    for &k in g.ints("kth") {
        let at = if k < 0 { k.saturating_add(n as isize) } else { k };
        // NumPy looks at no kth of nothing.
        if n > 0 && !(0..n as isize).contains(&at) {
            return Err(Error::value(g.op(), format!("kth {k} is out of bounds for {n} elements")));
        }
    }
    Ok(meta)
}

/// An unsigned key in the element's order: equal elements have equal keys, NaN has the greatest.
trait Key: Lane {
    fn key(self) -> u64;
}

macro_rules! keys {
    ($($t:ty => |$v:ident| $e:expr);* $(;)?) => { $(
        impl Key for $t {
            fn key(self) -> u64 { let $v = self; $e }
        }
    )* };
}
keys! {
    bool => |v| v.into();
    u8 => |v| v.into();
    u16 => |v| v.into();
    u32 => |v| v.into();
    u64 => |v| v;
    i8 => |v| (v as u8 ^ 0x80).into();
    i16 => |v| (v as u16 ^ 0x8000).into();
    i32 => |v| (v as u32 ^ 0x8000_0000).into();
    i64 => |v| v as u64 ^ (1 << 63);
    // The bits of positive floats rise with them; those of negative ones fall. Adding zero makes
    // one of the two zeros.
    f32 => |v| if v.is_nan() { u64::from(u32::MAX) } else { rising32(v + 0.0).into() };
    f64 => |v| if v.is_nan() { u64::MAX } else { rising64(v + 0.0) };
    F16 => |v| half_key(v.to_bits(), 0x7c00);
    BF16 => |v| half_key(v.to_bits(), 0x7f80);
    Complex<f32> => |v| {
        let (high, low) = pair([v.re.key(), v.im.key()], u32::MAX.into(), NAN32.into());
        high << 32 | low
    };
}

/// The key of the least NaN among complex numbers: the one that follows infinity's key.
const NAN32: u32 = 0xff80_0001;
const NAN64: u64 = 0xfff0_0000_0000_0001;

/// The keys of a complex number's parts, to be compared one after the other. `nan` is a part's key
/// if it is NaN, and `past` follows the greatest key of numbers.
fn pair([re, im]: [u64; 2], nan: u64, past: u64) -> (u64, u64) {
    if im == nan && re != nan { (past, re) } else { (re, im) }
}

/// The key of `complex128`, which is longer than others.
fn long_key(v: Complex<f64>) -> (u64, u64) {
    pair([v.re.key(), v.im.key()], u64::MAX, NAN64)
}

/// The key of a 16-bit float with these bits, whose infinity has those.
fn half_key(bits: u16, infinity: u16) -> u64 {
    match bits & 0x7fff {
        0 => rising16(0).into(),
        size if size > infinity => u16::MAX.into(),
        _ => rising16(bits).into(),
    }
}

fn rising16(bits: u16) -> u16 {
    bits ^ if bits >> 15 == 1 { u16::MAX } else { 1 << 15 }
}

fn rising32(v: f32) -> u32 {
    let bits = v.to_bits();
    bits ^ if bits >> 31 == 1 { u32::MAX } else { 1 << 31 }
}

fn rising64(v: f64) -> u64 {
    let bits = v.to_bits();
    bits ^ if bits >> 63 == 1 { u64::MAX } else { 1 << 63 }
}

/// The keys of all elements in C order, and the least key of NaN for types that have it.
pub(crate) fn keys(x: &Array) -> Result<(Vec<u64>, Option<u64>)> {
    let ([keys], nan) = keys_of([x])?;
    Ok((keys, nan))
}

/// The same of several arrays of one type, whose keys can be compared.
pub(crate) fn keys_of<const N: usize>(arrays: [&Array; N]) -> Result<([Vec<u64>; N], Option<u64>)> {
    fn short<T: Key>(x: &Array) -> Result<Vec<u64>> {
        Ok(slice::<T>(x)?.iter().map(|v| v.key()).collect())
    }
    let Some(dtype) = arrays.first().map(|x| x.dtype()) else { return Ok(([const { Vec::new() }; N], None)) };
    if dtype == DType::C128 {
        return ranks(arrays);
    }
    let mut all = [const { Vec::new() }; N];
    for (keys, x) in all.iter_mut().zip(arrays) {
        let x = x.to_contiguous()?;
        *keys = match dtype {
            DType::F16 => short::<F16>(&x)?,
            DType::BF16 => short::<BF16>(&x)?,
            DType::C64 => short::<Complex<f32>>(&x)?,
            _ => with_number!(dtype, T => short::<T>(&x)?),
        };
    }
    let nan = match dtype {
        DType::C64 => Some(u64::from(NAN32) << 32),
        d => d.is_float().then(|| u64::MAX >> (64 - 8 * d.size())),
    };
    Ok((all, nan))
}

/// Of long keys the places among all that occur.
fn ranks<const N: usize>(arrays: [&Array; N]) -> Result<([Vec<u64>; N], Option<u64>)> {
    let mut long = [const { Vec::new() }; N];
    for (keys, x) in long.iter_mut().zip(arrays) {
        *keys = slice::<Complex<f64>>(&x.to_contiguous()?)?.iter().map(|v| long_key(*v)).collect::<Vec<_>>();
    }
    let mut all = long.concat();
    all.sort_unstable();
    all.dedup();
    let rank = |key: (u64, u64)| all.partition_point(|k| *k < key) as u64;
    Ok((long.map(|keys| keys.into_iter().map(rank).collect()), Some(rank((NAN64, 0)))))
}

/// The positions that sort keys, stable.
pub(crate) fn order(keys: &[u64]) -> Vec<i64> {
    let bits = u64::BITS - keys.iter().fold(0, |all, k| all | k).leading_zeros();
    if keys.len() >= SHORT && bits <= 32 && u32::try_from(keys.len()).is_ok() {
        // A short key and its position are one number: digits are read where they lie.
        let mut packed: Vec<u64> = keys.iter().zip(0u64..).map(|(k, i)| k << 32 | i).collect();
        by_digits(&mut packed, 32, bits, |v| v);
        return packed.into_iter().map(|v| (v & u64::from(u32::MAX)) as i64).collect();
    }
    let mut places: Vec<i64> = (0..keys.len() as i64).collect();
    reorder(keys, &mut places);
    places
}

/// Rows shorter than this are sorted by comparing.
const SHORT: usize = 256;

/// Sorts positions by their keys, those of equal keys as they stand.
fn reorder(keys: &[u64], places: &mut Vec<i64>) {
    let n = places.len();
    let key = |p: i64| keys.get(p as usize).copied().unwrap_or(0);
    let most = keys.iter().fold(0, |all, k| all | k);
    let bits = u64::BITS - most.leading_zeros();
    if n < SHORT || bits > 44 {
        places.sort_by_key(|&p| key(p));
        return;
    }
    by_digits(places, 0, bits, key);
}

/// Sorts by the `bits` of `key` from `low` on, least digits first, each pass stable.
fn by_digits<T: Copy + Default>(all: &mut Vec<T>, low: u32, bits: u32, key: impl Fn(T) -> u64) {
    const DIGIT: u32 = 11;
    let n = all.len();
    let mut other = vec![T::default(); n];
    for shift in (low..low + bits).step_by(DIGIT as usize) {
        let digit = |v: T| (key(v) >> shift) as usize & ((1 << DIGIT) - 1);
        let mut ends = [0usize; 1 << DIGIT];
        for &v in all.iter() {
            ends[digit(v)] += 1;
        }
        if ends.contains(&n) {
            continue;
        }
        let mut at = 0;
        for e in &mut ends {
            at += std::mem::replace(e, at);
        }
        for &v in all.iter() {
            let d = digit(v);
            if let Some(to) = other.get_mut(ends[d]) {
                *to = v;
            }
            ends[d] += 1;
        }
        std::mem::swap(all, &mut other);
    }
}

/// Sorts values where equal ones cannot be told apart, but for the two zeros: -0.0 is first.
trait Values: Key + PartialOrd {
    fn sort_values(row: &mut [Self]);
}

/// Counts how often each of 256 values occurs.
macro_rules! counted {
    ($($t:ty)*) => { $(
        impl Values for $t {
            fn sort_values(row: &mut [Self]) {
                if row.len() < SHORT {
                    return row.sort_unstable();
                }
                let mut counts = [0usize; 256];
                row.iter().for_each(|v| counts[v.key() as usize & 255] += 1);
                let mut rest = row;
                for v in <$t>::MIN..=<$t>::MAX {
                    let n = counts[v.key() as usize & 255].min(rest.len());
                    let (now, later) = rest.split_at_mut(n);
                    now.fill(v);
                    rest = later;
                }
            }
        }
    )* };
}
counted!(u8 i8);

macro_rules! compared {
    ($($t:ty)*) => { $(
        impl Values for $t {
            fn sort_values(row: &mut [Self]) {
                row.sort_unstable();
            }
        }
    )* };
}
compared!(bool u16 i16 u64 i64);

impl Values for u32 {
    fn sort_values(row: &mut [u32]) {
        radix(row);
    }
}

impl Values for i32 {
    fn sort_values(row: &mut [i32]) {
        if row.len() < 4 * SHORT {
            return row.sort_unstable();
        }
        let mut keys: Vec<u32> = row.iter().map(|v| *v as u32 ^ (1 << 31)).collect();
        radix(&mut keys);
        row.iter_mut().zip(keys).for_each(|(v, k)| *v = (k ^ (1 << 31)) as i32);
    }
}

impl Values for f32 {
    fn sort_values(row: &mut [f32]) {
        if row.len() < 4 * SHORT {
            return row.sort_unstable_by(f32::total_cmp);
        }
        let mut keys: Vec<u32> = row.iter().map(|v| rising32(*v)).collect();
        radix(&mut keys);
        let back = |k: u32| f32::from_bits(k ^ if k >> 31 == 1 { 1 << 31 } else { u32::MAX });
        row.iter_mut().zip(keys).for_each(|(v, k)| *v = back(k));
    }
}

impl Values for f64 {
    fn sort_values(row: &mut [f64]) {
        row.sort_unstable_by(f64::total_cmp);
    }
}

macro_rules! halves {
    ($($t:ty)*) => { $(
        impl Values for $t {
            fn sort_values(row: &mut [Self]) {
                row.sort_unstable_by_key(|v| rising16(v.to_bits()));
            }
        }
    )* };
}
halves!(F16 BF16);

/// Least digits first, eleven bits at a time.
fn radix(row: &mut [u32]) {
    let n = row.len();
    if n < 4 * SHORT {
        return row.sort_unstable();
    }
    let digit = |v: u32, pass: usize| (v >> (11 * pass)) as usize & 2047;
    let mut counts = vec![[0usize; 2048]; 3];
    for &v in row.iter() {
        for (pass, counts) in counts.iter_mut().enumerate() {
            counts[digit(v, pass)] += 1;
        }
    }
    let mut from = row.to_vec();
    let mut to = vec![0u32; n];
    for (pass, ends) in counts.iter_mut().enumerate() {
        if ends.contains(&n) {
            continue;
        }
        let mut at = 0;
        for e in ends.iter_mut() {
            at += std::mem::replace(e, at);
        }
        for &v in &from {
            let d = digit(v, pass);
            if let Some(out) = to.get_mut(ends[d]) {
                *out = v;
            }
            ends[d] += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    row.copy_from_slice(&from);
}

/// Sorts one row, NaN to the end whichever way.
fn sort_row<T: Values>(row: &mut [T], descending: bool) {
    let mut end = row.len();
    if T::DTYPE.is_float() {
        let mut at = 0;
        while at < end {
            // NaN alone is not comparable with itself.
            if row[at].partial_cmp(&row[at]).is_none() {
                end -= 1;
                row.swap(at, end);
            } else {
                at += 1;
            }
        }
    }
    let numbers = &mut row[..end];
    T::sort_values(numbers);
    if descending {
        numbers.reverse();
    }
}

/// Sorts one row of complex numbers by their keys; those from `nan` on stay at the end. Equal ones,
/// which differ in the signs of zeros, keep their order.
fn sort_complex<T: Copy, K: Ord + Copy>(row: &mut [T], descending: bool, nan: K, key: impl Fn(T) -> K) {
    row.sort_by_key(|v| key(*v));
    if descending {
        let end = row.partition_point(|v| key(*v) < nan);
        row[..end].sort_by_key(|v| Reverse(key(*v)));
    }
}

/// Does something with each row, until the run is cancelled.
fn rows<T>(all: &mut [T], n: usize, mut f: impl FnMut(&mut [T])) -> Result<()> {
    all.chunks_mut(n).try_for_each(|row| {
        threads::go_on()?;
        f(row);
        Ok(())
    })
}

/// Sorts rows of `n` elements.
fn sort_rows(out: LanesMut<'_>, n: usize, descending: bool) -> Result<()> {
    let n = n.max(1);
    let dtype = out.dtype();
    match out {
        LanesMut::F16(all) => rows(all, n, |row| sort_row(row, descending)),
        LanesMut::BF16(all) => rows(all, n, |row| sort_row(row, descending)),
        LanesMut::C64(all) => rows(all, n, |row| sort_complex(row, descending, u64::from(NAN32) << 32, Key::key)),
        LanesMut::C128(all) => rows(all, n, |row| sort_complex(row, descending, (NAN64, 0), long_key)),
        out => with_number!(dtype, T => rows(T::lanes_mut(out), n, |row| sort_row(row, descending))),
    }
}

/// Runs `f` over the rows along the axis of the call; the result's rows are as long.
fn each_row(
    g: &Given<'_, Array>,
    dtype: DType,
    f: impl FnOnce(&Array, LanesMut<'_>, usize) -> Result<()>,
) -> Result<Array> {
    let x = g.x()?;
    match g.one_axis("axis", x.ndim())? {
        Some(axis) => {
            let n = row_len(x, axis);
            along(x, axis, dtype, n, |rows, out| f(rows, out, n))
        }
        None => {
            let flat = x.to_contiguous()?;
            let n = flat.size();
            build(dtype, &[n], |out| f(&flat, out, n))
        }
    }
}

fn sort(g: &Given<'_, Array>) -> Result<Array> {
    let (dtype, descending) = (g.x()?.dtype(), g.bool("descending"));
    each_row(g, dtype, |rows, mut out, n| {
        out.copy_from(lanes(rows)?);
        sort_rows(out, n, descending)
    })
}

/// The elements of a flat array in order, for ops that go on from there.
pub(crate) fn sorted(x: &Array) -> Result<Array> {
    let x = x.to_contiguous()?;
    build(x.dtype(), &[x.size()], |mut out| {
        out.copy_from(lanes(&x)?);
        sort_rows(out, x.size(), false)
    })
}

fn argsort(g: &Given<'_, Array>) -> Result<Array> {
    let (dtype, descending) = (g.x()?.dtype(), g.bool("descending"));
    each_row(g, DType::I64, |rows, out, n| {
        let (mut row_keys, nan) = keys(rows)?;
        if descending {
            // Integers have no complex128's size.
            let most = nan.map_or(u64::MAX >> (64 - 8 * dtype.size().min(8)), |n| n.saturating_sub(1));
            row_keys.iter_mut().filter(|k| **k <= most).for_each(|k| *k = most - *k);
        }
        for (keys, places) in row_keys.chunks(n.max(1)).zip(i64::lanes_mut(out).chunks_mut(n.max(1))) {
            threads::go_on()?;
            places.copy_from_slice(&order(keys));
        }
        Ok(())
    })
}

fn lexsort_meta(g: &Given<'_, Meta>) -> Result<Meta> {
    let keys = g.arrays("keys");
    let Some(first) = keys.first() else {
        return Err(Error::value(g.op(), "no keys were given; at least one is needed"));
    };
    if let Some(other) = keys.iter().find(|k| k.shape != first.shape) {
        return Err(Error::shape(
            g.op(),
            format!(
                "the keys have shapes {} and {}: all must be one",
                shape::show(&first.shape),
                shape::show(&other.shape)
            ),
        ));
    }
    // Keys of one number each have one order.
    if first.ndim() > 0 {
        g.axis("axis", first.ndim())?;
    }
    Ok(Meta::new(first.shape.clone(), DType::I64))
}

fn lexsort(g: &Given<'_, Array>) -> Result<Array> {
    let x = g.x()?;
    if x.ndim() == 0 {
        return Array::zeros(DType::I64, &[]);
    }
    let axis = g.axis("axis", x.ndim())?;
    let n = row_len(x, axis);
    let all = g.arrays("keys").iter().map(|k| Ok(keys(&axis_last(k, axis)?)?.0)).collect::<Result<Vec<_>>>()?;
    along(x, axis, DType::I64, n, |_, out| {
        for (r, places) in i64::lanes_mut(out).chunks_mut(n.max(1)).enumerate() {
            let mut order: Vec<i64> = (0..places.len() as i64).collect();
            for keys in &all {
                reorder(keys.get(r * n..(r + 1) * n).unwrap_or(&[]), &mut order);
            }
            places.copy_from_slice(&order);
        }
        Ok(())
    })
}
