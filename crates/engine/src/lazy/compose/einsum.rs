//! Einstein's sums, as products of two at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::array::promote::promote;

const OP: &str = "einsum";

pub(super) const ROWS: &[Row] = &[Row {
    name: "einsum",
    params: &[Param::new("subscripts", ParamKind::Text), Param::new("arrays", ParamKind::Operands)],
    outputs: Outputs::One,
    numpy: "np.einsum(subscripts, *arrays)",
    tries: &[
        "x:3x4 y:4x2 | einsum('ij,jk->ik', (x, y))",
        "x:3x4 y:4x2 | einsum('ij,jk', (x, y))",
        "x:3x3 | einsum('ii', (x,))",
        "x:4x3 y:4x3 | einsum('ij,ij->i', (x, y))",
        "x:4x3 y:4x3 | einsum('ij,ij->', (x, y))",
        "x:4 y:3 | einsum('i,j', x, y)",
        "x:1x1x4 | einsum('i...->...', x)",
        "x:2x3x4 | einsum('ijk,ijk->i', x, x)",
        "x:2x3x4 y:2x4x5 | einsum('bij,bjk->bik', (x, y))",
        "x:2x3x4 y:4x5 | einsum('...j,jk->...k', (x, y))",
        "x:2x3 y:3x4 z:4x5 | einsum('ij,jk,kl->il', (x, y, z))",
        "x:2x3 y:3x4 z:4x5 | einsum('ij,jk,kl', (x, y, z))",
        "x:3x3 y:3 | einsum('ii,i->i', (x, y))",
        "x:3x4 y:5x2 | einsum('ij,jk->ik', (x, y))",
    ],
    ulp: 256,
    doc: "Sums of products by letters: axes with the same letter run together, letters that the result lacks are summed.",
    rule: "Repeated letters take the diagonal; `...` stands for axes that broadcast; without `->` the result has the letters that stand once, sorted. The types are promoted to one, in which sums are made (integers wrap, bool is or of ands); bfloat16 is an error, as in NumPy. Pairs are multiplied in a greedy order, so last bits may differ from a sum over all at once.",
    ..Row::BASE
}];

/// A letter, or an axis of `...` counted from its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Dots(usize),
    Letter(char),
}

/// An array and the labels of its axes, each once.
#[derive(Clone)]
struct Term {
    x: Lazy,
    labels: Vec<Label>,
}

/// See the row.
#[track_caller]
pub fn einsum(subscripts: &str, arrays: &[Lazy]) -> Lazy {
    built_of(arrays, || einsum_of(subscripts, arrays))
}

fn wrong(detail: impl Into<String>) -> Error {
    Error::value(OP, detail)
}

/// The labels of one term; `dots` axes stand for `...`.
fn labels(text: &str, dots: usize) -> Result<Vec<Label>> {
    let (before, after) = match text.split_once("...") {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    let letters = |s: &str| -> Result<Vec<Label>> {
        s.chars()
            .map(|c| {
                let ok = c.is_ascii_alphabetic();
                if ok { Ok(Label::Letter(c)) } else { Err(wrong(format!("`{c}` in '{text}' is no letter"))) }
            })
            .collect()
    };
    let mut all = letters(before)?;
    if let Some(after) = after {
        all.extend((0..dots).rev().map(Label::Dots));
        all.extend(letters(after)?);
    }
    Ok(all)
}

fn einsum_of(subscripts: &str, arrays: &[Lazy]) -> Result<Lazy> {
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (text.as_str(), None),
    };
    let inputs: Vec<&str> = inputs.split(',').collect();
    if inputs.len() != arrays.len() || arrays.is_empty() {
        return Err(wrong(format!("'{subscripts}' names {} arrays and {} are given", inputs.len(), arrays.len())));
    }
    let mut dtype: Option<DType> = None;
    for a in arrays {
        let d = a.dtype()?;
        dtype = Some(dtype.map_or(d, |all| promote(all, d)));
    }
    let dtype = dtype.unwrap_or(DType::F64);
    if dtype == DType::BF16 {
        return Err(Error::dtype(OP, "does not take bfloat16, as NumPy; cast to float32 first"));
    }
    let mut sizes: BTreeMap<Label, usize> = BTreeMap::new();
    let mut seen: Vec<Label> = Vec::new();
    let mut widest = 0;
    let mut terms = Vec::with_capacity(arrays.len());
    for (text, x) in inputs.iter().zip(arrays) {
        let shape = checked(OP, x)?;
        let letters = labels(text, 0)?.len();
        let dots = if text.contains("...") { shape.len().checked_sub(letters) } else { Some(0) };
        let dots =
            dots.ok_or_else(|| wrong(format!("'{text}' has {letters} letters and the array {} axes", shape.len())))?;
        widest = widest.max(dots);
        let of = labels(text, dots)?;
        if of.len() != shape.len() {
            return Err(wrong(format!("'{text}' has {} letters and the array {} axes", of.len(), shape.len())));
        }
        for (&label, &d) in of.iter().zip(&shape) {
            let size = sizes.entry(label).or_insert(d);
            if *size == 1 {
                *size = d;
            } else if d != 1 && d != *size {
                return Err(Error::shape(OP, format!("an axis of '{text}' has length {d} where another has {size}")));
            }
        }
        seen.extend(&of);
        terms.push((Term { x: x.cast(dtype), labels: of }, shape));
    }
    let wanted = match output {
        Some(text) => {
            let of = labels(text, widest)?;
            let once: BTreeSet<&Label> = of.iter().collect();
            if once.len() != of.len() {
                return Err(wrong(format!("a letter stands twice in the result '{text}'")));
            }
            if let Some(Label::Letter(c)) = of.iter().find(|l| matches!(l, Label::Letter(_)) && !seen.contains(l)) {
                return Err(wrong(format!("the letter `{c}` of the result stands in no array")));
            }
            if widest > 0 && !text.contains("...") {
                return Err(wrong("the arrays have `...` and the result has not"));
            }
            of
        }
        None => {
            let mut letters: Vec<Label> = seen
                .iter()
                .filter(|l| matches!(l, Label::Letter(_)) && seen.iter().filter(|o| o == l).count() == 1)
                .copied()
                .collect();
            letters.sort_unstable();
            (0..widest).rev().map(Label::Dots).chain(letters).collect()
        }
    };
    let mut terms = terms.into_iter().map(|(t, s)| plain(t, &s, &sizes)).collect::<Result<Vec<_>>>()?;
    let size = |labels: &[Label]| labels.iter().map(|l| sizes.get(l).copied().unwrap_or(1) as f64).product::<f64>();
    while terms.len() > 1 {
        for i in 0..terms.len() {
            let kept = kept(&terms, &wanted, &[i]);
            terms[i] = summed(&terms[i], &kept);
        }
        // The pair whose product is smallest beside what it replaces.
        let mut best: Option<(f64, usize, usize)> = None;
        for j in 1..terms.len() {
            for i in 0..j {
                let kept = kept(&terms, &wanted, &[i, j]);
                let both: BTreeSet<Label> = terms[i].labels.iter().chain(&terms[j].labels).copied().collect();
                let result: Vec<Label> = both.into_iter().filter(|l| kept.contains(l)).collect();
                let cost = size(&result) - size(&terms[i].labels) - size(&terms[j].labels);
                if best.is_none_or(|(c, ..)| cost < c) {
                    best = Some((cost, i, j));
                }
            }
        }
        let Some((_, i, j)) = best else { break };
        let kept = kept(&terms, &wanted, &[i, j]);
        let right = terms.remove(j);
        let left = terms.remove(i);
        terms.push(pair(&left, &right, &kept, &sizes)?);
    }
    let last = terms.pop().ok_or_else(|| wrong("no arrays are given"))?;
    let last = summed(&last, &wanted);
    // What only axes of length 1 had, and dots that no array has.
    let missing: Vec<Label> = wanted.iter().filter(|l| !last.labels.contains(l)).copied().collect();
    let (mut x, mut of) = (last.x, last.labels);
    for label in missing {
        x = expand_dims(&x, &[-1]);
        of.push(label);
    }
    let order: Vec<usize> = wanted.iter().filter_map(|l| of.iter().position(|o| o == l)).collect();
    Ok(permute_dims_of(&x, &order))
}

/// Repeated letters become their diagonal; axes of length 1 that another array has longer go.
fn plain(term: Term, shape: &[usize], sizes: &BTreeMap<Label, usize>) -> Result<Term> {
    let Term { mut x, labels } = term;
    let gone: Vec<isize> = (0..shape.len())
        .filter(|&a| shape[a] == 1 && sizes.get(&labels[a]).is_some_and(|&s| s != 1))
        .map(|a| a as isize)
        .collect();
    let mut of: Vec<Label> = (0..labels.len()).filter(|&a| !gone.contains(&(a as isize))).map(|a| labels[a]).collect();
    if !gone.is_empty() {
        x = squeeze(&x, &gone);
    }
    'again: loop {
        for b in 1..of.len() {
            if let Some(a) = of[..b].iter().position(|l| *l == of[b]) {
                x = diagonal_of(OP, &x, 0, a, b)?;
                let label = of[b];
                of.remove(b);
                of.remove(a);
                of.push(label);
                continue 'again;
            }
        }
        return Ok(Term { x, labels: of });
    }
}

/// Labels of the result and of terms other than `but`.
fn kept(terms: &[Term], wanted: &[Label], but: &[usize]) -> Vec<Label> {
    let others = terms.iter().enumerate().filter(|(i, _)| !but.contains(i)).flat_map(|(_, t)| &t.labels);
    others.chain(wanted).copied().collect()
}

/// Labels that are not kept are summed.
fn summed(term: &Term, kept: &[Label]) -> Term {
    let gone: Vec<isize> =
        (0..term.labels.len()).filter(|&a| !kept.contains(&term.labels[a])).map(|a| a as isize).collect();
    if gone.is_empty() {
        return term.clone();
    }
    let labels = term.labels.iter().filter(|l| kept.contains(l)).copied().collect();
    Term { x: array_sum(&term.x, &gone), labels }
}

/// The product of two, over the labels that both have and nobody else wants.
fn pair(x: &Term, y: &Term, kept: &[Label], sizes: &BTreeMap<Label, usize>) -> Result<Term> {
    let both: Vec<Label> = x.labels.iter().filter(|l| y.labels.contains(l)).copied().collect();
    let (batch, over): (Vec<Label>, Vec<Label>) = both.iter().partition(|l| kept.contains(l));
    let free = |t: &Term| t.labels.iter().filter(|l| !both.contains(l)).copied().collect::<Vec<_>>();
    let (fx, fy) = (free(x), free(y));
    let lengths = |l: &[Label]| l.iter().map(|l| sizes.get(l).copied().unwrap_or(1)).collect::<Vec<_>>();
    let put = |t: &Term, order: &[&[Label]], shape: Vec<usize>| {
        let places: Vec<usize> = order.concat().iter().filter_map(|l| t.labels.iter().position(|o| o == l)).collect();
        reshape(&permute_dims_of(&t.x, &places), &shape::signed(&shape))
    };
    let count = |l: &[Label]| shape::count(OP, &lengths(l), 1);
    let (b, lx, ly) = (lengths(&batch), lengths(&fx), lengths(&fy));
    let labels = [batch.as_slice(), &fx, &fy].concat();
    let out = shape::signed(&[b.as_slice(), &lx, &ly].concat());
    if over.is_empty() {
        let ones = |n: usize| vec![1usize; n];
        let left = put(x, &[&batch, &fx], [b.clone(), lx.clone(), ones(ly.len())].concat());
        let right = put(y, &[&batch, &fy], [b, ones(lx.len()), ly].concat());
        return Ok(Term { x: left * right, labels });
    }
    let k = count(&over)?;
    let left = put(x, &[&batch, &fx, &over], [b.as_slice(), &[count(&fx)?, k]].concat());
    let right = put(y, &[&batch, &over, &fy], [b.as_slice(), &[k, count(&fy)?]].concat());
    Ok(Term { x: reshape(&product(&left, &right), &out), labels })
}
