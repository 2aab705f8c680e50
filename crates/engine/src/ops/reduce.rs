//! Many numbers to one along some axes.

use opusclip_raw::{DType, Kind};

use super::facts::{X_AXES, family};
use crate::array::promote::{float_of, sum_of};

family! {
    /// A reduction. The axes left out of the result are those given; none given means all.
    Reduce {
        Sum { name: "sum", numpy: "np.sum(x, axis)", params: X_AXES, ulp: 4,
            doc: "Sum of the elements.",
            rule: "bool and signed integers add as int64, unsigned as uint64, wrapping. float32: leaves of 2**20 elements are summed exactly, the leaves joined in float64 over a fixed tree, and the result rounded once. float64: compensated in a fixed order. float16 and bfloat16: as float32, rounded once. Complex: each part by itself." }
        Mean { name: "mean", numpy: "np.mean(x, axis)", params: X_AXES, ulp: 4,
            doc: "Arithmetic mean.",
            rule: "The sum's rule, divided in float64 and rounded once to the result: the type itself for floats and complex numbers, else float64. Empty gives NaN." }
        Min { name: "min", numpy: "np.min(x, axis)", params: X_AXES,
            doc: "Least element.", rule: "NaN if any is NaN; a zero is +0.0. Complex: by the real part, then by the imaginary one; both parts NaN if any is. Empty is an error." }
        Max { name: "max", numpy: "np.max(x, axis)", params: X_AXES,
            doc: "Greatest element.", rule: "NaN if any is NaN; a zero is +0.0. Complex: by the real part, then by the imaginary one; both parts NaN if any is. Empty is an error." }
        Any { name: "any", numpy: "np.any(x, axis)", params: X_AXES,
            doc: "True if any element is not zero.", rule: "NaN counts as true; empty gives False." }
        All { name: "all", numpy: "np.all(x, axis)", params: X_AXES,
            doc: "True if no element is zero.", rule: "NaN counts as true; empty gives True." }
    }
}

impl Reduce {
    /// Element type of the result for elements of type `d`.
    pub fn result(self, d: DType) -> DType {
        match self {
            Reduce::Sum => sum_of(d),
            Reduce::Mean if d.kind() >= Kind::Float => float_of(d),
            Reduce::Mean => DType::F64,
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

    /// True when no element at all still has an answer.
    pub fn allows_empty(self) -> bool {
        !matches!(self, Reduce::Min | Reduce::Max)
    }
}
