//! Python's arithmetic on complex literals: its formulas in its order, so that the last bits agree.

use super::ast::Binary;
use super::value::Value;

/// Real and imaginary part.
type Parts = (f64, f64);

/// `z op w` where one of them is complex, or both are real and the result is not.
pub(super) fn fold(op: Binary, z: Parts, w: Parts) -> Result<Value, String> {
    let complex = |(re, im): Parts| Ok(Value::Complex(re, im));
    match op {
        Binary::Add => complex((z.0 + w.0, z.1 + w.1)),
        Binary::Subtract => complex((z.0 - w.0, z.1 - w.1)),
        Binary::Multiply => complex(product(z, w)),
        Binary::Divide if w == (0.0, 0.0) => Err("division by zero".to_string()),
        Binary::Divide => complex(quotient(z, w)),
        Binary::Power if w == (0.0, 0.0) => complex((1.0, 0.0)),
        Binary::Power if z == (0.0, 0.0) && (w.0 < 0.0 || w.1 != 0.0) => {
            Err("zero to a negative or complex power".to_string())
        }
        Binary::Power => complex(power(z, w)),
        Binary::Equal => Ok(Value::Bool(z == w)),
        Binary::NotEqual => Ok(Value::Bool(z != w)),
        Binary::FloorDivide | Binary::Remainder => Err("complex numbers have no floor; write `/`".to_string()),
        op if op.compares() => Err("complex numbers have no order; compare absolute, real or imag of them".to_string()),
        _ => Err("bits of complex numbers are not defined".to_string()),
    }
}

fn product(z: Parts, w: Parts) -> Parts {
    (z.0 * w.0 - z.1 * w.1, z.0 * w.1 + z.1 * w.0)
}

/// Smith's way: the larger part of the divisor is divided by, so that nothing overflows early.
fn quotient(z: Parts, w: Parts) -> Parts {
    if w.0.abs() >= w.1.abs() {
        let ratio = w.1 / w.0;
        let denominator = w.0 + w.1 * ratio;
        ((z.0 + z.1 * ratio) / denominator, (z.1 - z.0 * ratio) / denominator)
    } else if w.1.abs() >= w.0.abs() {
        let ratio = w.0 / w.1;
        let denominator = w.0 * ratio + w.1;
        ((z.0 * ratio + z.1) / denominator, (z.1 * ratio - z.0) / denominator)
    } else {
        // A part is NaN.
        (f64::NAN, f64::NAN)
    }
}

/// Whole powers up to 100 by products, all others by length and angle.
fn power(z: Parts, w: Parts) -> Parts {
    if w.1 == 0.0 && w.0.fract() == 0.0 && w.0.abs() <= 100.0 {
        let n = w.0.abs() as u32;
        let (mut out, mut square) = ((1.0, 0.0), z);
        for bit in 0..u32::BITS - n.leading_zeros() {
            if n & (1 << bit) != 0 {
                out = product(out, square);
            }
            square = product(square, square);
        }
        return if w.0 < 0.0 { quotient((1.0, 0.0), out) } else { out };
    }
    if z == (0.0, 0.0) {
        return z;
    }
    let (length, angle) = (z.0.hypot(z.1), z.1.atan2(z.0));
    let (mut size, mut phase) = (length.powf(w.0), angle * w.0);
    if w.1 != 0.0 {
        size /= (angle * w.1).exp();
        phase += w.1 * length.ln();
    }
    (size * phase.cos(), size * phase.sin())
}
