//! Many numbers to one along some axes.

use opusclip_raw::{DType, Kind};

use super::facts::{AXIS, DTYPE, KEEPDIMS, Param, ParamKind, Preset, WHERE, X1, family};
use crate::array::promote::{float_of, sum_of};

const INITIAL: Param = Param::new("initial", ParamKind::Array).or(Preset::None).rare();
const ZERO: Param = Param::new("initial", ParamKind::Array).or(Preset::Int(0)).rare();

const ADDED: &[Param] = &[X1, AXIS, DTYPE, KEEPDIMS, ZERO, WHERE];
const AVERAGED: &[Param] = &[X1, AXIS, DTYPE, KEEPDIMS, WHERE];
const CHOSEN: &[Param] = &[X1, AXIS, KEEPDIMS, INITIAL, WHERE];
const JUDGED: &[Param] = &[X1, AXIS, KEEPDIMS, WHERE];

family! {
    /// A reduction. The axes left out of the result are those given; none given means all.
    Reduce {
        Sum { name: "sum", numpy: "exact(np.sum, x, axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)",
            params: ADDED, ulp: 1,
            tries: &["sum(x)", "sum(x, axis=0)", "sum(x, axis=(0, 1), keepdims=True)", "mild | sum(x, axis=-1, dtype=float64)",
                "int | sum(x, dtype=uint8)", "sum(x, axis=0, initial=3)", "sum(x, where=x > 2)", "sum(x, axis=1, where=x > 2, keepdims=True)",
                "sum(x, dtype=bool)", "sum(x, where=x)"],
            doc: "Sum of the elements.",
            rule: "bool and signed integers add as int64, unsigned as uint64, wrapping; dtype casts the elements first. float32: leaves of 2**20 elements are summed exactly, the leaves joined in float64 over a fixed tree, and the result rounded once. float64: compensated in a fixed order, in 16 lanes, or in one where an axis stays behind the reduced ones. float16 and bfloat16: as float32, rounded once. Complex: each part by itself. where leaves elements out, initial is added." }
        Mean { name: "mean", numpy: "exact(np.mean, x, axis, dtype=dtype, keepdims=keepdims, where=where)",
            params: AVERAGED, ulp: 1,
            tries: &["mild | mean(x)", "float u8 i8 u16 i16 u32 i32 bool edge | mean(x)", "mean(x, axis=0)", "mean(x, axis=(0, 1), keepdims=True)", "mild | mean(x, axis=-1, dtype=float64)",
                "mild | mean(x, dtype=float32)", "mean(x, where=x > 2)", "mean(x, axis=0, where=x > 2)"],
            doc: "Arithmetic mean.",
            rule: "The sum's rule, divided in float64 and rounded once to the result: the type itself for floats and complex numbers, else float64. Complex numbers divide as by a complex number, so an infinite or NaN part makes the other NaN. Empty gives NaN, and so does where that leaves nothing." }
        Min { name: "min", numpy: "np.min(x, axis, keepdims=keepdims, where=where, **({} if initial is None else {'initial': initial}))",
            params: CHOSEN,
            tries: &["min(x)", "min(x, axis=0)", "min(x, axis=(0, 1), keepdims=True)", "min(x, axis=-1, initial=1)",
                "min(x, axis=0, where=x > 2, initial=3)", "min(x, where=x > 2)"],
            doc: "Least element.", rule: "NaN if any is NaN; a zero is +0.0. Complex: by the real part, then by the imaginary one; the first that has a NaN, if any has. Empty is an error without initial, which is one more element; where needs it." }
        Max { name: "max", numpy: "np.max(x, axis, keepdims=keepdims, where=where, **({} if initial is None else {'initial': initial}))",
            params: CHOSEN,
            tries: &["max(x)", "max(x, axis=0)", "max(x, axis=(0, 1), keepdims=True)", "max(x, axis=-1, initial=1)",
                "max(x, axis=0, where=x > 2, initial=3)", "max(x, where=x > 2)"],
            doc: "Greatest element.", rule: "NaN if any is NaN; a zero is +0.0. Complex: by the real part, then by the imaginary one; the first that has a NaN, if any has. Empty is an error without initial, which is one more element; where needs it." }
        Any { name: "any", numpy: "np.any(x, axis, keepdims=keepdims, where=where)", params: JUDGED,
            tries: &["any(x)", "any(x, axis=0)", "any(x, axis=(0, 1), keepdims=True)", "any(x, axis=-1, where=x > 2)"],
            doc: "True if any element is not zero.", rule: "NaN counts as true; empty gives False." }
        All { name: "all", numpy: "np.all(x, axis, keepdims=keepdims, where=where)", params: JUDGED,
            tries: &["all(x)", "all(x, axis=0)", "all(x, axis=(0, 1), keepdims=True)", "all(x, axis=-1, where=x > 2)"],
            doc: "True if no element is zero.", rule: "NaN counts as true; empty gives True." }
    }
    inner {
        Variance { name: "variance", doc: "What var is made of for truth values and integers of up to 16 bits.",
            rule: "The exact variance, rounded once to float64. Empty gives NaN." }
        Deviations { name: "deviations", doc: "The same without dividing by the count.",
            rule: "The exact sum of the squared distances from the mean, rounded once to float64. Empty gives 0." }
    }
}

impl Reduce {
    /// Element type of the result for elements of type `d`.
    pub fn result(self, d: DType) -> DType {
        match self {
            Reduce::Sum => sum_of(d),
            Reduce::Mean if d.kind() >= Kind::Float => float_of(d),
            Reduce::Mean | Reduce::Variance | Reduce::Deviations => DType::F64,
            Reduce::Min | Reduce::Max => d,
            Reduce::Any | Reduce::All => DType::Bool,
        }
    }

    /// Elements are cast to this before they are reduced.
    pub fn input(self, d: DType) -> DType {
        match self {
            Reduce::Any | Reduce::All => DType::Bool,
            _ => d,
        }
    }

    /// Whether elements of this type have such a reduction.
    pub fn takes(self, d: DType) -> bool {
        !self.by_moments() || d == DType::Bool || (d.is_integer() && d.size() <= 2)
    }

    /// True for those that the exact sums of the elements and of their squares decide.
    pub fn by_moments(self) -> bool {
        matches!(self, Reduce::Variance | Reduce::Deviations)
    }

    /// True when no element at all still has an answer.
    pub fn allows_empty(self) -> bool {
        !matches!(self, Reduce::Min | Reduce::Max)
    }
}
