//! Shapes: counting, broadcasting and axes, all with checked arithmetic.

use super::few::Strides;
use crate::error::{Error, Result};

/// Number of elements of `shape`; an error when it is beyond `isize::MAX` bytes of `item` each, or
/// an axis is longer than that, as in NumPy.
pub fn count(op: &str, shape: &[usize], item: usize) -> Result<usize> {
    if shape.iter().any(|&d| isize::try_from(d).is_err()) {
        return Err(Error::shape(op, format!("shape {} has an axis longer than {}", show(shape), isize::MAX)));
    }
    // A zero-length axis makes the array empty whatever the others are.
    if shape.contains(&0) {
        return Ok(0);
    }
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    match n {
        Some(n) if n.checked_mul(item).is_some_and(|b| b <= isize::MAX as usize) => Ok(n),
        _ => Err(Error::shape(op, format!("shape {} has more elements than this machine can address", show(shape)))),
    }
}

/// Product of lengths, as large as it can be where it does not fit. A shape whose bytes were
/// counted may still have a part that does not fit, when another axis is of length 0.
pub fn product(lengths: &[usize]) -> usize {
    lengths.iter().fold(1, |n, &d| n.saturating_mul(d))
}

/// Shape after reducing `axes`.
pub fn reduced(shape: &[usize], axes: &[usize], keepdims: bool) -> Vec<usize> {
    let keep = |(a, &d): (usize, &usize)| if axes.contains(&a) { keepdims.then_some(1) } else { Some(d) };
    shape.iter().enumerate().filter_map(keep).collect()
}

/// The lengths as `reshape` and its kin take them, for which -1 and other signs have a meaning.
pub fn signed(lengths: &[usize]) -> Vec<isize> {
    lengths.iter().map(|&d| d as isize).collect()
}

/// Strides of a C-order array, in elements.
pub fn c_strides(shape: &[usize]) -> Vec<isize> {
    c_order(shape).to_vec()
}

/// The same as an array keeps them.
pub(crate) fn c_order(shape: &[usize]) -> Strides {
    let mut strides = Strides::repeated(0, shape.len());
    let mut step = 1isize;
    for (s, &d) in strides.iter_mut().zip(shape).rev() {
        *s = step;
        step = step.saturating_mul(d.max(1) as isize);
    }
    strides
}

/// Strides of a Fortran-order array, in elements: the first axis is the one that runs fastest.
pub fn f_strides(shape: &[usize]) -> Vec<isize> {
    let turned: Vec<usize> = shape.iter().rev().copied().collect();
    let mut strides = c_strides(&turned);
    strides.reverse();
    strides
}

/// NumPy's broadcast of several shapes.
pub fn broadcast(op: &str, shapes: &[&[usize]]) -> Result<Vec<usize>> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out = vec![1usize; rank];
    for shape in shapes {
        for (o, &d) in out[rank - shape.len()..].iter_mut().zip(*shape) {
            if *o == 1 {
                *o = d;
            } else if d != 1 && d != *o {
                return Err(Error::shape(op, unlike(shapes)));
            }
        }
    }
    Ok(out)
}

/// Whether `from` repeats to `to`: each axis, counted from the last, is as long or of length 1.
pub fn broadcast_to(op: &str, from: &[usize], to: &[usize]) -> Result<()> {
    let refuse =
        |why: String| Error::shape(op, format!("shape {} does not broadcast to {}: {why}", show(from), show(to)));
    let Some(lead) = to.len().checked_sub(from.len()) else {
        return Err(refuse(format!("it has {} axes, more than {}", from.len(), to.len())));
    };
    let wrong = from.iter().zip(to.iter().skip(lead)).position(|(&d, &t)| d != t && d != 1);
    match wrong {
        Some(axis) => {
            let wanted = to.get(lead + axis).copied().unwrap_or(0);
            let or_one = if wanted == 1 { "" } else { " or 1" };
            Err(refuse(format!("axis {axis} has length {}; it must be {wanted}{or_one}", from[axis])))
        }
        None => Ok(()),
    }
}

/// Which shapes do not broadcast, along which axis, and what would make them.
fn unlike(shapes: &[&[usize]]) -> String {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let same_rank = shapes.iter().all(|s| s.len() == rank);
    let length = |shape: &[usize], from_last: usize| {
        shape.len().checked_sub(from_last).and_then(|i| shape.get(i)).copied().unwrap_or(1)
    };
    let all: Vec<String> = shapes.iter().map(|s| show(s)).collect();
    let mut text = format!("shapes {} do not broadcast", all.join(" and "));
    // The first from the front, as people read shapes.
    for from_last in (1..=rank).rev() {
        let mut lengths: Vec<usize> = Vec::new();
        for d in shapes.iter().map(|s| length(s, from_last)) {
            if d != 1 && !lengths.contains(&d) {
                lengths.push(d);
            }
        }
        if let [one, another, ..] = lengths[..] {
            // With unlike ranks only the place from the last names the same axis of all.
            let axis = if same_rank { (rank - from_last).to_string() } else { format!("-{from_last}") };
            text += &format!(": axis {axis} has lengths {one} and {another}; they must be equal or one of them 1");
            break;
        }
    }
    if let [x, y] = shapes
        && let Some(hint) = hint(x, y)
    {
        text += &hint;
    }
    text
}

/// One reshape or permutation that makes two shapes broadcast, if there is one.
fn hint(x: &[usize], y: &[usize]) -> Option<String> {
    let fits = |x: &[usize], y: &[usize]| x.iter().zip(y).all(|(&a, &b)| a == b || a == 1 || b == 1);
    let (long, short, which) = if x.len() >= y.len() { (x, y, "second") } else { (y, x, "first") };
    if long.len() > 8 || short.is_empty() {
        return None;
    }
    if long.len() == short.len() {
        // The same lengths in another order; `order` counts through all permutations of up to four.
        let rank = long.len();
        if rank > 4 {
            return None;
        }
        return (0..rank.pow(rank as u32)).find_map(|n| {
            let order: Vec<usize> = (0..rank).map(|i| n / rank.pow(i as u32) % rank).collect();
            let each_once = (0..rank).all(|a| order.contains(&a));
            let moved: Vec<usize> = order.iter().filter_map(|&a| short.get(a)).copied().collect();
            (each_once && moved == long)
                .then(|| format!("; permute_dims({order:?}) of the {which} makes it {}", show(long)))
        });
    }
    // Axes of length 1 put between those of the shorter one: every choice of places is a bit mask.
    (0u32..1 << long.len()).find_map(|mask| {
        if mask.count_ones() as usize != short.len() {
            return None;
        }
        let mut rest = short.iter();
        let at = |i: usize| mask >> i & 1 == 1;
        let spread: Vec<usize> =
            (0..long.len()).map(|i| if at(i) { rest.next().copied().unwrap_or(1) } else { 1 }).collect();
        let axis = (0..long.len()).find(|&i| at(i))?;
        // Ones in front are there already.
        let shown: Vec<usize> = spread.iter().copied().skip_while(|&d| d == 1).collect();
        fits(long, &spread)
            .then(|| format!("; reshape the {which} to {} to line it up along axis {axis}", show(&shown)))
    })
}

/// The shape that `to` asks of the elements of `from`; one length may be -1 and is worked out.
pub fn reshape(op: &str, from: &[usize], to: &[isize]) -> Result<Vec<usize>> {
    let size = count(op, from, 1)?;
    let refuse = |why: String| {
        let asked: Vec<String> = to.iter().map(isize::to_string).collect();
        let comma = if to.len() == 1 { "," } else { "" };
        let asked = format!("({}{comma})", asked.join(", "));
        Error::shape(op, format!("{size} elements of shape {} do not fill {asked}: {why}", show(from)))
    };
    if let Some(d) = to.iter().find(|&&d| d < -1) {
        return Err(refuse(format!("the length {d} is negative; -1 alone means \"what is left\"")));
    }
    let unknown = to.iter().filter(|&&d| d == -1).count();
    if unknown > 1 {
        return Err(refuse(format!("{unknown} lengths are -1; one at most can be worked out")));
    }
    // A length of 0 makes it 0 however long the others are.
    let lengths = || to.iter().filter(|&&d| d >= 0).map(|&d| d as usize);
    let known = if lengths().any(|d| d == 0) { Some(0) } else { lengths().try_fold(1usize, usize::checked_mul) };
    let known = known.ok_or_else(|| refuse("that is more than this machine can address".into()))?;
    let missing = match (unknown, size.checked_rem(known)) {
        (0, _) if known == size => 0,
        (0, _) => return Err(refuse(format!("that shape has {known}"))),
        (_, Some(0)) => size / known,
        (_, Some(_)) => return Err(refuse(format!("{size} is no multiple of {known}"))),
        (_, None) => return Err(refuse("beside a length of 0 nothing can be worked out".into())),
    };
    Ok(to.iter().map(|&d| if d < 0 { missing } else { d as usize }).collect())
}

/// The shape of arrays put one after another along `axis`: all other lengths must be equal.
pub fn concat(op: &str, shapes: &[&[usize]], axis: usize) -> Result<Vec<usize>> {
    let Some((first, rest)) = shapes.split_first() else {
        return Err(Error::shape(op, "no array was given; at least one is needed"));
    };
    let mut out = first.to_vec();
    if axis >= first.len() {
        return Err(Error::shape(
            op,
            format!("axis {axis} is out of bounds for an array of {} dimensions", first.len()),
        ));
    }
    for (n, shape) in rest.iter().enumerate() {
        let which = n + 1;
        if shape.len() != first.len() {
            return Err(Error::shape(
                op,
                format!(
                    "array 0 of shape {} and array {which} of shape {} differ in rank; expand_dims or reshape one of them",
                    show(first),
                    show(shape)
                ),
            ));
        }
        for (i, (o, &d)) in out.iter_mut().zip(*shape).enumerate() {
            if i == axis {
                *o = o.checked_add(d).ok_or_else(|| Error::shape(op, "the arrays together are too long"))?;
            } else if *o != d {
                return Err(Error::shape(
                    op,
                    format!(
                        "array 0 of shape {} and array {which} of shape {} differ along axis {i} ({o} and {d}); only axis {axis} may differ",
                        show(first),
                        show(shape)
                    ),
                ));
            }
        }
    }
    Ok(out)
}

/// `axis` counted from the front; negative axes count from the back.
pub fn axis(op: &str, axis: isize, rank: usize) -> Result<usize> {
    let a = if axis < 0 { axis + rank as isize } else { axis };
    if a < 0 || a as usize >= rank {
        return Err(Error::shape(op, format!("axis {axis} is out of bounds for an array of {rank} dimensions")));
    }
    Ok(a as usize)
}

/// Sorted axes without repeats; an empty list means every axis.
pub fn axes(op: &str, given: &[isize], rank: usize) -> Result<Vec<usize>> {
    if given.is_empty() {
        return Ok((0..rank).collect());
    }
    let mut out = given.iter().map(|&a| axis(op, a, rank)).collect::<Result<Vec<_>>>()?;
    out.sort_unstable();
    if let Some(w) = out.windows(2).find(|w| w[0] == w[1]) {
        return Err(Error::shape(op, format!("axis {} is given twice", w[0])));
    }
    Ok(out)
}

/// `(3, 4)`, as NumPy writes shapes.
pub fn show(shape: &[usize]) -> String {
    crate::error::tuple(shape)
}

/// The shape to which arrays of these shapes broadcast together, as `numpy.broadcast_shapes`.
/// None at all give the shape without axes; shapes that do not fit are an error.
pub fn broadcast_shapes(shapes: &[&[usize]]) -> Result<Vec<usize>> {
    broadcast("broadcast_shapes", shapes)
}
