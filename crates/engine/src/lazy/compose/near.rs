//! Questions: signs and infinities, and whether two arrays are the same or nearly so.

use super::*;

const CLOSE: &[Param] = &[
    X1,
    Param::new("y", ParamKind::Array),
    Param::new("rtol", ParamKind::Float).or(Preset::Float(1e-5)),
    Param::new("atol", ParamKind::Float).or(Preset::Float(1e-8)),
    Param::new("equal_nan", ParamKind::Bool).or(Preset::Bool(false)),
];
const EQUAL: &[Param] =
    &[X1, Param::new("y", ParamKind::Array), Param::new("equal_nan", ParamKind::Bool).or(Preset::Bool(false))];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "signbit",
        numpy: "np.signbit(x)",
        doc: "True where the sign is set: below zero, and for -0 and a NaN with a sign.",
        rule: "Integers: below zero. Not for complex numbers.",
        ..Row::BASE
    },
    Row {
        name: "isposinf",
        numpy: "np.isposinf(x)",
        doc: "True where the value is positive infinity.",
        rule: "Integers and bool are never infinite. Not for complex numbers.",
        ..Row::BASE
    },
    Row {
        name: "isneginf",
        numpy: "np.isneginf(x)",
        doc: "True where the value is negative infinity.",
        rule: "Integers and bool are never infinite. Not for complex numbers.",
        ..Row::BASE
    },
    Row {
        name: "isreal",
        numpy: "np.isreal(x)",
        tries: &["isreal(x)", "isreal(x + 2j * x)"],
        doc: "True where the imaginary part is zero.",
        rule: "True everywhere for types that are not complex; false for a NaN imaginary part.",
        ..Row::BASE
    },
    Row {
        name: "iscomplex",
        numpy: "np.iscomplex(x)",
        tries: &["iscomplex(x)", "iscomplex(x + 2j * x)"],
        doc: "True where the imaginary part is not zero.",
        rule: "False everywhere for types that are not complex; true for a NaN imaginary part.",
        ..Row::BASE
    },
    Row {
        name: "isrealobj",
        numpy: "np.isrealobj(x)",
        tries: &["isrealobj(x)", "isrealobj(x + 2j)"],
        doc: "True if the type is not a complex one.",
        rule: "One truth value; no element is looked at.",
        ..Row::BASE
    },
    Row {
        name: "iscomplexobj",
        numpy: "np.iscomplexobj(x)",
        tries: &["iscomplexobj(x)", "iscomplexobj(x + 2j)"],
        doc: "True if the type is complex.",
        rule: "One truth value; no element is looked at.",
        ..Row::BASE
    },
    Row {
        name: "isclose",
        params: CLOSE,
        numpy: "np.isclose(x, y, rtol, atol, equal_nan)",
        tries: &[
            "isclose(x, y)",
            "isclose(x, x)",
            "isclose(x, y, rtol=0.1)",
            "isclose(x, y, 0, 1)",
            "isclose(x, x, equal_nan=True)",
            "isclose(x, 1)",
        ],
        doc: "True where the two are nearly equal.",
        rule: "abs(x - y) <= atol + rtol * abs(y) for finite y, or x == y; y is taken as a float, bfloat16 as float32. With equal_nan two NaN are equal.",
        ..Row::BASE
    },
    Row {
        name: "allclose",
        params: CLOSE,
        numpy: "np.allclose(x, y, rtol, atol, equal_nan)",
        tries: &["allclose(x, y)", "allclose(x, x)", "allclose(x, y, 0, 300)", "allclose(x, x, equal_nan=True)"],
        doc: "True if isclose is true everywhere.",
        rule: "One truth value; True for no elements.",
        ..Row::BASE
    },
    Row {
        name: "array_equal",
        params: EQUAL,
        numpy: "np.array_equal(x, y, equal_nan)",
        tries: &[
            "array_equal(x, y)",
            "array_equal(x, x)",
            "array_equal(x, x, equal_nan=True)",
            "array_equal(x, x[:1])",
        ],
        doc: "True if both have the same shape and the same elements.",
        rule: "One truth value. With equal_nan two NaN are the same.",
        ..Row::BASE
    },
    Row {
        name: "array_equiv",
        params: XY,
        numpy: "np.array_equiv(x, y)",
        tries: &["array_equiv(x, y)", "array_equiv(x, x)", "array_equiv(x, x[:1])", "array_equiv(x, 1)"],
        doc: "True if the two, broadcast to one shape, have the same elements.",
        rule: "One truth value; False if they do not broadcast.",
        ..Row::BASE
    },
];

#[track_caller]
fn both(x: Lazy, y: Lazy) -> Lazy {
    binary(Bits::And, x, y)
}

#[track_caller]
fn either(x: Lazy, y: Lazy) -> Lazy {
    binary(Bits::Or, x, y)
}

#[track_caller]
fn both_nan(x: &Lazy, y: &Lazy) -> Lazy {
    both(unary(Test::Isnan, x), unary(Test::Isnan, y))
}

#[track_caller]
fn all_of(x: &Lazy) -> Lazy {
    x.reduce(Reduce::All, &[])
}

fn truth(v: bool) -> Lazy {
    constant(DType::Bool, Weak::Bool(v))
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn signbit(x: &Lazy) -> Lazy {
    real_only("signbit", x, |d| {
        if d.is_float() {
            // -0 is not below zero: its sign is seen on a 1.
            return binary(Compare::Less, binary(MathBinary::Copysign, 1, x), 0);
        }
        binary(Compare::Less, x, 0)
    })
}

#[track_caller]
fn infinite(name: &str, x: &Lazy, which: f64) -> Lazy {
    real_only(name, x, |d| match d {
        d if d.is_float() => equals(x, which),
        // False everywhere.
        _ => unary(Test::Isinf, x),
    })
}

/// No imaginary part.
#[track_caller]
pub fn isreal(x: &Lazy) -> Lazy {
    equals(unary(Part::Imag, x), 0)
}

/// An imaginary part.
#[track_caller]
pub fn iscomplex(x: &Lazy) -> Lazy {
    binary(Compare::NotEqual, unary(Part::Imag, x), 0)
}

/// Not of a complex type.
#[track_caller]
pub fn isrealobj(x: &Lazy) -> Lazy {
    typed(x, |d| truth(!d.is_complex()))
}

/// Of a complex type.
#[track_caller]
pub fn iscomplexobj(x: &Lazy) -> Lazy {
    typed(x, |d| truth(d.is_complex()))
}

/// Positive infinity.
#[track_caller]
pub fn isposinf(x: &Lazy) -> Lazy {
    infinite("isposinf", x, f64::INFINITY)
}

/// Negative infinity.
#[track_caller]
pub fn isneginf(x: &Lazy) -> Lazy {
    infinite("isneginf", x, f64::NEG_INFINITY)
}

/// Nearly equal.
#[track_caller]
pub fn isclose(x: &Lazy, y: Operand, rtol: f64, atol: f64, equal_nan: bool) -> Lazy {
    let x = &unbrained(x);
    // A literal stays weak, but as a float.
    let y = match y {
        Operand::Lazy(l) if l.dtype().is_ok_and(|d| d == DType::BF16) => Operand::Lazy(l.cast(DType::F32)),
        Operand::Lazy(l) if l.dtype().is_ok_and(|d| d.kind() < Kind::Float) => Operand::Lazy(l.cast(DType::F64)),
        Operand::Weak(w @ (Weak::Int(_) | Weak::Bool(_))) => w.to_f64().into(),
        y => y,
    };
    let away = absolute(x - y.clone());
    let equal = equals(x, y.clone());
    let near = match &y {
        Operand::Lazy(l) => {
            let bound = absolute(l) * rtol + atol;
            both(binary(Compare::LessEqual, away, bound), unary(Test::Isfinite, l))
        }
        Operand::Weak(Weak::Float(v)) if v.is_finite() => binary(Compare::LessEqual, away, atol + rtol * v.abs()),
        // Beside an infinity or NaN nothing is near.
        Operand::Weak(_) => return either_nan(equal, x, &as_array(y), equal_nan),
    };
    either_nan(either(near, equal), x, &as_array(y), equal_nan)
}

#[track_caller]
fn either_nan(same: Lazy, x: &Lazy, y: &Lazy, equal_nan: bool) -> Lazy {
    if equal_nan { either(same, both_nan(x, y)) } else { same }
}

/// Nearly equal everywhere.
#[track_caller]
pub fn allclose(x: &Lazy, y: Operand, rtol: f64, atol: f64, equal_nan: bool) -> Lazy {
    all_of(&isclose(x, y, rtol, atol, equal_nan))
}

/// The same shape and elements.
#[track_caller]
pub fn array_equal(x: &Lazy, y: Operand, equal_nan: bool) -> Lazy {
    let y = as_array(y);
    match (x.shape(), y.shape()) {
        (Ok(a), Ok(b)) if a != b => truth(false),
        _ => all_of(&either_nan(equals(x, &y), x, &y, equal_nan)),
    }
}

/// The same elements after broadcasting.
#[track_caller]
pub fn array_equiv(x: &Lazy, y: Operand) -> Lazy {
    let y = as_array(y);
    match (x.shape(), y.shape()) {
        (Ok(a), Ok(b)) if shape::broadcast("array_equiv", &[a, b]).is_err() => truth(false),
        _ => all_of(&equals(x, &y)),
    }
}
