//! Numbers to numbers: angles, parts of a float, rounding, and casts that saturate.

use super::*;
use crate::array::promote::{float_of, int_range};

const ROUND: &[Param] = &[X1, Param::new("decimals", ParamKind::Int).or(Preset::Int(0))];
const NAN_TO_NUM: &[Param] = &[
    X1,
    Param::new("nan", ParamKind::Float).or(Preset::Float(0.0)),
    Param::new("posinf", ParamKind::Float).or(Preset::None),
    Param::new("neginf", ParamKind::Float).or(Preset::None),
];
const LERP: &[Param] = &[X1, XY[1], Param::new("t", ParamKind::Array)];

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "positive",
        numpy: "np.positive(x)",
        idempotent: true,
        doc: "x itself, as the operator `+` does.",
        rule: "Not for bool.",
        ..Row::BASE
    },
    Row {
        name: "fabs",
        numpy: "np.fabs(x)",
        ulp: 0,
        doc: "Absolute value as a float.",
        rule: "Exact; integers are cast to a float first. Not for complex numbers.",
        ..Row::BASE
    },
    Row {
        name: "reciprocal",
        numpy: "np.reciprocal(x)",
        tries: &["float complex64 complex128 | reciprocal(x)", "reciprocal(x + (x == 0))", "reciprocal(x - 2j)"],
        doc: "1 / x.",
        rule: "Floats: correctly rounded. Integers are divided towards zero: 1 and -1 stay, all others give 0, and so does 0, where NumPy's answer depends on the machine. Complex: Smith's method; of 0 both parts are NaN.",
        ..Row::BASE
    },
    Row {
        name: "deg2rad",
        numpy: "np.deg2rad(x)",
        doc: "Degrees to radians.",
        rule: "x times pi/180, in the float type of x; 16-bit floats as float32, rounded once. Not for complex numbers.",
        ..Row::BASE
    },
    Row {
        name: "rad2deg",
        numpy: "np.rad2deg(x)",
        doc: "Radians to degrees.",
        rule: "x times 180/pi, in the float type of x; 16-bit floats as float32, rounded once. Not for complex numbers.",
        ..Row::BASE
    },
    Row {
        name: "sinc",
        numpy: "np.sinc(x)",
        ulp: 4,
        doc: "sin(pi x) / (pi x), and 1 at 0.",
        rule: "pi x is rounded before its sine is taken, as NumPy does, so whole numbers do not give 0 exactly. Integers are computed in float64, bfloat16 in float32; infinities give NaN.",
        ..Row::BASE
    },
    Row {
        name: "float_power",
        params: XY,
        numpy: "exact(np.float_power, x, y)",
        ulp: 4,
        doc: "x to the power y in float64, or complex128 if either is complex.",
        rule: "power's rule for floats and complex numbers.",
        tries: &[
            "mild | float_power(x, y)",
            "edge bool real | float_power(x, y)",
            "bool real | float_power(x, -1)",
            "mild | float_power(2, x)",
            "edge bool real | float_power(2, x)",
            "mild | float_power(x, 0.5)",
            "edge bool real | float_power(x, 0.5)",
            "mild | float_power(x - 0.3j, 2.5)",
        ],
        ..Row::BASE
    },
    Row {
        name: "divmod",
        params: XY,
        outputs: Outputs::Named(&["quotient", "remainder"]),
        numpy: "np.divmod(x, y)",
        tries: &["divmod(x, y)", "divmod(x, 7)", "divmod(x, y)[1]", "divmod(x, -2.5)"],
        doc: "floor_divide and remainder at once.",
        rule: "Their rules.",
        ..Row::BASE
    },
    Row {
        name: "modf",
        outputs: Outputs::Named(&["fractional", "integral"]),
        numpy: "np.modf(x)",
        tries: &["modf(x)", "modf(x)[0]", "modf(x / 8)[1]"],
        doc: "The part of x behind the point, and the part before it.",
        rule: "Exact; both have the sign of x. An infinity is all integral.",
        ..Row::BASE
    },
    Row {
        name: "frexp",
        outputs: Outputs::Named(&["mantissa", "exponent"]),
        numpy: "np.frexp(x)",
        tries: &["frexp(x)", "frexp(x)[0]", "frexp(x / 7)[1]"],
        doc: "m and e with x = m * 2**e, m of size 0.5 up to 1 and e whole.",
        rule: "Exact; e is int32. Zeros, infinities and NaN are their own m, with e = 0.",
        ..Row::BASE
    },
    Row {
        name: "round",
        params: ROUND,
        numpy: "np.round(x, decimals)",
        tries: &[
            "round(x)",
            "round(x, 2)",
            "mild | round(x, decimals=-1)",
            "float | round(x, decimals=-1)",
            "round(x / 7, 1)",
            "mild complex64 complex128 | round(x * (1 - 3j), 1)",
            "float | round(x, -400)",
            "round(x, 400)",
        ],
        doc: "x rounded to some decimals; below zero, to tens, hundreds and so on.",
        rule: "Halves go to the even neighbour. x * 10**decimals is rounded to whole numbers and divided again, in the float type of x, as NumPy does. Integers stay integers, and wrap where the rounded one does not fit (NumPy's answer then depends on the machine); bool becomes a float, and takes no decimals. Complex: each part.",
        ..Row::BASE
    },
    Row {
        name: "nan_to_num",
        params: NAN_TO_NUM,
        numpy: "nan_to_num_of(x, nan, posinf, neginf)",
        tries: &[
            "nan_to_num(x)",
            "nan_to_num(x, nan=-1.5)",
            "nan_to_num(x, 2, 100, -100)",
            "nan_to_num(x, posinf=1e30)",
            "mild | nan_to_num(x / 0j)",
        ],
        doc: "NaN and infinities replaced by numbers.",
        rule: "None stands for the greatest or least finite value of the type. Complex: each part. Integers and bool stay as they are.",
        ..Row::BASE
    },
    Row {
        name: "bitwise_count",
        numpy: "np.bitwise_count(x)",
        doc: "How many bits of the absolute value are set.",
        rule: "uint8. Integers and bool only.",
        ..Row::BASE
    },
    Row {
        name: "lerp",
        params: LERP,
        numpy: "(lambda t: x * (1 - t) + y * t)(float(t) if isinstance(t, (int, float)) else np.asarray(t, float) if t.dtype.kind in 'biu' else t)",
        tries: &["lerp(x, y, 0.25)", "lerp(x, y, 1)", "lerp(x, 255.0, 0.5)"],
        doc: "Between x and y: x at t = 0, y at t = 1.",
        rule: "x * (1 - t) + y * t, types as those operators promote them: a literal t keeps float32 and makes float64 of integers. An integer array t is taken as float64; bfloat16 is computed in float32 and rounded once. Not in NumPy.",
        ..Row::BASE
    },
    Row {
        name: "cast_sat",
        params: AS_TYPE,
        numpy: "np.asarray(np.clip(x.astype(object), np.iinfo(dtype).min, np.iinfo(dtype).max)).astype(dtype)",
        tries: &[
            "int | cast_sat(x, uint8)",
            "int | cast_sat(x, int8)",
            "int | cast_sat(x, uint64)",
            "int | cast_sat(x, int16)",
        ],
        doc: "The elements as another type, held at the ends of its range.",
        rule: "As astype, but integers saturate too instead of wrapping. Not in NumPy.",
        ..Row::BASE
    },
    Row {
        name: "cast_rounded",
        params: AS_TYPE,
        numpy: "np.clip(np.rint(np.asarray(np.real(x), float)), np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)",
        tries: &["cast_rounded(x, uint8)", "cast_rounded(x, int8)", "cast_rounded(x / 3, int16)"],
        doc: "The nearest element of another type.",
        rule: "Floats to integers: halves to even, held at the ends of the range, NaN gives 0; of complex numbers the real part. Else as cast_sat. Not in NumPy.",
        ..Row::BASE
    },
];

/// `x` in the type in which a float function of it is computed.
#[track_caller]
fn as_float(x: &Lazy) -> Lazy {
    typed(x, |d| x.cast(float_of(d)))
}

/// See the row of the same name, as for all functions of this file.
#[track_caller]
pub fn positive(x: &Lazy) -> Lazy {
    typed(x, |d| match d {
        DType::Bool => Lazy::failed(Error::dtype("positive", "bool has no sign; cast it to a number first")),
        _ => x.clone(),
    })
}

/// Absolute value of a float.
#[track_caller]
pub fn fabs(x: &Lazy) -> Lazy {
    real_only("fabs", x, |_| absolute(as_float(x)))
}

/// `1 / x`
#[track_caller]
pub fn reciprocal(x: &Lazy) -> Lazy {
    typed(x, |d| match d {
        DType::Bool => x.cast(DType::I8),
        d if d.is_integer() => {
            let one = equals(x, 1).cast(d);
            // Unsigned types hold no -1.
            if int_range(d).0 == 0 {
                return one;
            }
            one - equals(x, -1).cast(d)
        }
        d if d.is_complex() => {
            let (re, im) = (unary(Part::Real, x), unary(Part::Imag, x));
            let flat = binary(Compare::LessEqual, absolute(&im), absolute(&re));
            let (long, short) = (choose(&flat, &re, &im), choose(&flat, &im, &re));
            let ratio = &short / &long;
            let below = &long + &short * &ratio;
            let (one, ratio) = (1 / &below, ratio / &below);
            let down = -choose(&flat, &ratio, &one);
            binary(Part::Complex, choose(&flat, one, ratio), down)
        }
        _ => 1 / x,
    })
}

/// `x` times a factor, in the float type of `x`, for 16-bit floats rounded once.
#[track_caller]
fn scaled(name: &str, x: &Lazy, factor: impl Fn(DType) -> f64) -> Lazy {
    real_only(name, x, |d| {
        let to = float_of(d);
        let work = if to.is_half() { DType::F32 } else { to };
        (x.cast(work) * factor(work)).cast(to)
    })
}

/// Degrees to radians.
#[track_caller]
pub fn deg2rad(x: &Lazy) -> Lazy {
    scaled("deg2rad", x, |_| std::f64::consts::PI / 180.0)
}

/// Radians to degrees.
#[track_caller]
pub fn rad2deg(x: &Lazy) -> Lazy {
    // NumPy divides in the type itself, which for float32 is not 180/π rounded.
    scaled("rad2deg", x, |d| {
        if d == DType::F32 { f64::from(180.0_f32 / std::f32::consts::PI) } else { 180.0 / std::f64::consts::PI }
    })
}

/// Sine cardinal.
#[track_caller]
pub fn sinc(x: &Lazy) -> Lazy {
    if x.dtype().is_ok_and(|d| d == DType::BF16) {
        return sinc(&x.cast(DType::F32)).cast(DType::BF16);
    }
    let angle = x * std::f64::consts::PI;
    typed(&angle, |d| {
        let small = match d {
            DType::F16 => 2f64.powi(-10),
            DType::F32 => f64::from(f32::EPSILON),
            _ => f64::EPSILON,
        };
        let angle = choose(binary(Compare::NotEqual, &angle, 0.0), &angle, small);
        unary(Math::Sin, &angle) / angle
    })
}

/// Power in `float64`.
#[track_caller]
pub fn float_power(x: &Lazy, y: Operand) -> Lazy {
    let of = |l: &Lazy| l.dtype().is_ok_and(DType::is_complex);
    let complex = of(x)
        || match &y {
            Operand::Lazy(l) => of(l),
            Operand::Weak(w) => matches!(w, Weak::Complex(..)),
        };
    let to = if complex { DType::C128 } else { DType::F64 };
    let y = match y {
        Operand::Lazy(l) => Operand::Lazy(l.cast(to)),
        w => w,
    };
    binary(Binary::Power, x.cast(to), y)
}

/// Quotient and remainder.
#[track_caller]
pub fn divmod(x: &Lazy, y: Operand) -> [Lazy; 2] {
    [binary(Binary::FloorDivide, x, y.clone()), x % y]
}

/// Fractional and integral part.
#[track_caller]
pub fn modf(x: &Lazy) -> [Lazy; 2] {
    let x = as_float(x);
    let whole = unary(Math::Trunc, &x);
    let rest = &x - &whole;
    // An infinity less itself is NaN.
    let rest = choose(unary(Test::Isinf, &x), 0.0, rest);
    [binary(MathBinary::Copysign, rest, x), whole]
}

/// Mantissa and exponent.
#[track_caller]
pub fn frexp(x: &Lazy) -> [Lazy; 2] {
    [unary(Math::FrexpMantissa, x), unary(Math::FrexpExponent, x)]
}

/// Rounded to decimals.
#[track_caller]
pub fn round(x: &Lazy, decimals: isize) -> Lazy {
    let rint = |x: Lazy| unary(Math::Rint, x);
    // Ten to the power of a size that no float has is infinite, as for NumPy.
    let tens = 10f64.powi(decimals.unsigned_abs().min(400) as i32);
    typed(x, |d| match d {
        DType::Bool if decimals != 0 => {
            Lazy::failed(Error::dtype("round", "bool takes no decimals; cast it to a number first"))
        }
        d if d.is_integer() && decimals >= 0 => x.clone(),
        d if d.is_integer() => {
            let wide = rint(x / tens) * tens;
            // Over the widest integers, so that what does not fit wraps.
            if d == DType::U64 { wide.cast(d) } else { wide.cast(DType::I64).cast(d) }
        }
        d if d.is_complex() && decimals != 0 => by_parts(x, |x| round(x, decimals)),
        _ if decimals == 0 => rint(x.clone()),
        _ if decimals > 0 => rint(x * tens) / tens,
        _ => rint(x / tens) * tens,
    })
}

/// Numbers for what is none.
#[track_caller]
pub fn nan_to_num(x: &Lazy, nan: f64, posinf: Option<f64>, neginf: Option<f64>) -> Lazy {
    typed(x, |d| {
        if d.is_complex() {
            return by_parts(x, |x| nan_to_num(x, nan, posinf, neginf));
        }
        let most = match d {
            DType::F16 => 65504.0,
            DType::BF16 => f64::from(f32::from_bits(0x7f7f_0000)),
            DType::F32 => f64::from(f32::MAX),
            DType::F64 => f64::MAX,
            _ => return x.clone(),
        };
        let y = choose(unary(Test::Isnan, x), nan, x);
        let y = choose(equals(x, f64::INFINITY), posinf.unwrap_or(most), y);
        choose(equals(x, f64::NEG_INFINITY), neginf.unwrap_or(-most), y)
    })
}

/// Bits that are set, added up in pairs, then in fours, in bytes, and over the bytes.
#[track_caller]
pub fn bitwise_count(x: &Lazy) -> Lazy {
    typed(x, |d| {
        if d == DType::Bool {
            return x.cast(DType::U8);
        }
        if !d.is_integer() {
            return Lazy::failed(Error::dtype(
                "bitwise_count",
                format!("bits of {d} are not defined; cast it to an integer"),
            ));
        }
        let to = match d.size() {
            1 => DType::U8,
            2 => DType::U16,
            4 => DType::U32,
            _ => DType::U64,
        };
        let ones = int_range(to).1;
        let and = |x: &Lazy, m: i128| binary(Bits::And, x, Weak::Int(m));
        let down = |x: &Lazy, n: i128| binary(Bits::RightShift, x, Weak::Int(n));
        let x = absolute(x).cast(to);
        let pairs = &x - and(&down(&x, 1), ones / 3);
        let fours = and(&pairs, ones / 5) + and(&down(&pairs, 2), ones / 5);
        let bytes = and(&(&fours + down(&fours, 4)), ones / 17);
        // The product with 0x0101… has the sum of all bytes in its highest one.
        let all = bytes * Weak::Int(ones / 255);
        down(&all, (d.size() as i128 - 1) * 8).cast(DType::U8)
    })
}

/// Between two.
#[track_caller]
pub fn lerp(x: &Lazy, y: Operand, t: Operand) -> Lazy {
    let brain = |o: &Operand| matches!(o, Operand::Lazy(l) if l.dtype().is_ok_and(|d| d == DType::BF16));
    let all = [x.into(), y, t];
    if all.iter().any(brain) {
        // The type is that of the plain formula.
        let [x, y, t] = &all;
        let plain = between(x.clone(), y.clone(), t.clone());
        let [x, y, t] = [x, y, t].map(|o| match o {
            Operand::Lazy(l) => Operand::Lazy(unbrained(l)),
            w => w.clone(),
        });
        return typed(&plain, |d| between(x, y, t).cast(d));
    }
    let [x, y, t] = all;
    between(x, y, t)
}

#[track_caller]
fn between(x: Operand, y: Operand, t: Operand) -> Lazy {
    let x = &as_array(x);
    let t = match t {
        Operand::Weak(Weak::Complex(..)) => {
            return Lazy::failed(Error::dtype("lerp", "t is complex; what lies between is told by a real number"));
        }
        Operand::Lazy(l) if l.dtype().is_ok_and(|d| d.kind() < Kind::Float) => Operand::Lazy(l.cast(DType::F64)),
        Operand::Weak(w) => w.to_f64().into(),
        t => t,
    };
    let rest = match &t {
        Operand::Lazy(l) => Operand::Lazy(1 - l),
        Operand::Weak(w) => (1.0 - w.to_f64()).into(),
    };
    let to = match (y, t) {
        (Operand::Weak(Weak::Complex(re, im)), Operand::Weak(t)) => {
            Operand::Weak(Weak::Complex(re * t.to_f64(), im * t.to_f64()))
        }
        (Operand::Weak(y), Operand::Weak(t)) => (y.to_f64() * t.to_f64()).into(),
        (y, t) => binary(Binary::Multiply, y, t).into(),
    };
    x * rest + to
}

/// A cast that holds.
#[track_caller]
pub fn cast_sat(x: &Lazy, dtype: DType) -> Lazy {
    typed(x, |d| {
        if !d.is_integer() || !dtype.is_integer() {
            return x.cast(dtype);
        }
        let ((a, b), (lo, hi)) = (int_range(d), int_range(dtype));
        clip(x, Weak::Int(a.max(lo)), Weak::Int(b.min(hi))).cast(dtype)
    })
}

/// A cast to the nearest.
#[track_caller]
pub fn cast_rounded(x: &Lazy, dtype: DType) -> Lazy {
    typed(x, |d| match d {
        d if d.is_complex() && dtype.is_integer() => cast_rounded(&unary(Part::Real, x), dtype),
        d if d.is_float() && dtype.is_integer() => unary(Math::Rint, x).cast(dtype),
        _ => cast_sat(x, dtype),
    })
}
