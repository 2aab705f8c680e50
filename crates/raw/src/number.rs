//! NumPy's arithmetic on single elements, for loops that are generic over the element type.

use crate::dtype::Element;
use crate::isa::Isa;
use crate::kernel::cast::cast_one;
use crate::kernel::math;

/// Arithmetic of every element type. Integers wrap; `bool` adds by "or" and multiplies by "and".
pub trait Number: Element + PartialOrd {
    /// 0 or false.
    const ZERO: Self;
    /// 1 or true.
    const ONE: Self;
    /// The least value; minus infinity for floats.
    const MIN_VALUE: Self;
    /// The greatest value; infinity for floats.
    const MAX_VALUE: Self;
    /// `self + o`, wrapping; or.
    fn add(self, o: Self) -> Self;
    /// `self - o`, wrapping; exclusive or for `bool` (where NumPy has no minus).
    fn sub(self, o: Self) -> Self;
    /// `self * o`, wrapping; and.
    fn mul(self, o: Self) -> Self;
    /// `-self`, wrapping; not for `bool`.
    fn neg(self) -> Self;
    /// The absolute value; the least integer stays as it is.
    fn abs(self) -> Self;
    /// -1, 0 or 1; NaN for NaN.
    fn sign(self) -> Self;
    /// `self * self`, wrapping.
    fn square(self) -> Self;
    /// NumPy's `minimum`: NaN if either is.
    fn min_nan(self, o: Self) -> Self;
    /// NumPy's `maximum`: NaN if either is.
    fn max_nan(self, o: Self) -> Self;
    /// The quotient rounded down. Integers: by 0 is 0, the least by -1 wraps. Floats: as NumPy.
    fn floor_div(self, o: Self) -> Self;
    /// What [`Number::floor_div`] leaves, with the divisor's sign. Integers: by 0 is 0.
    fn rem(self, o: Self) -> Self;
    /// What division towards zero leaves, with the sign of `self`. Integers: by 0 is 0.
    fn fmod(self, o: Self) -> Self;
    /// The cast of a `f64` (see [`crate::kernel::cast::cast`]).
    fn from_f64(v: f64) -> Self;
    /// The cast of a whole number: wraps for integers, nearest for floats, "not 0" for `bool`.
    fn from_i64(v: i64) -> Self;
    /// As [`Number::from_i64`].
    fn from_i128(v: i128) -> Self;
    /// The nearest `f64`.
    fn to_f64(self) -> f64;
    /// True for NaN.
    fn is_nan(self) -> bool;
    /// True unless 0.
    fn is_true(self) -> bool;
}

/// What only floats have. Transcendental functions are those of [`math`], not the system's.
pub trait Float: Number {
    /// The square root.
    fn sqrt(self) -> Self;
    /// e^self.
    fn exp(self) -> Self;
    /// 2^self.
    fn exp2(self) -> Self;
    /// e^self - 1.
    fn expm1(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// The logarithm to base 2.
    fn log2(self) -> Self;
    /// The logarithm to base 10.
    fn log10(self) -> Self;
    /// ln(1 + self).
    fn log1p(self) -> Self;
    /// self^o.
    fn pow(self, o: Self) -> Self;
    /// The sine of radians.
    fn sin(self) -> Self;
    /// The cosine of radians.
    fn cos(self) -> Self;
    /// The tangent of radians.
    fn tan(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The next whole number below.
    fn floor(self) -> Self;
    /// The next whole number above.
    fn ceil(self) -> Self;
    /// The nearest whole number, halves to even.
    fn rint(self) -> Self;
    /// The next whole number towards zero.
    fn trunc(self) -> Self;
    /// `self / o`.
    fn div(self, o: Self) -> Self;
    /// True unless infinite or NaN.
    fn is_finite(self) -> bool;
    /// True for both infinities.
    fn is_inf(self) -> bool;
    /// True if the sign bit is set, for -0 and NaN too.
    fn signbit(self) -> bool;
    /// `sqrt(self² + o²)` without overflow on the way; infinite if either is.
    fn hypot(self, o: Self) -> Self;
    /// The neighbour of `self` in the direction of `o`; `o` if they are equal, NaN if either is.
    fn next_after(self, o: Self) -> Self;
    /// The distance to the neighbour that is further from zero, with the sign of `self`; NaN for
    /// infinities.
    fn spacing(self) -> Self;
    /// [`Float::sin`] of each of a run. Runs vectorise where single calls cannot: they look once
    /// whether any element needs the slow way.
    fn sin_run(isa: Isa, x: &[Self], out: &mut [Self]);
    /// [`Float::cos`] of each of a run.
    fn cos_run(isa: Isa, x: &[Self], out: &mut [Self]);
    /// [`Float::tan`] of each of a run.
    fn tan_run(isa: Isa, x: &[Self], out: &mut [Self]);
    /// [`Float::pow`] of each pair of two runs.
    fn pow_run(isa: Isa, x: &[Self], y: &[Self], out: &mut [Self]);
}

/// What integers and `bool` have. NumPy's `shl`, `shr` and powers for `bool` go through `int8`;
/// here they stay `bool`: shifting by true is false, everything to the power of false is true.
pub trait Integer: Number {
    /// Bits in both.
    fn and(self, o: Self) -> Self;
    /// Bits in either.
    fn or(self, o: Self) -> Self;
    /// Bits in one of them.
    fn xor(self, o: Self) -> Self;
    /// The other bits.
    fn not(self) -> Self;
    /// Shifted left; by the width or more (or less than 0) is 0.
    fn shl(self, o: Self) -> Self;
    /// Shifted right with the sign; by the width or more (or less than 0) is 0 or -1.
    fn shr(self, o: Self) -> Self;
    /// self^exp, wrapping. A negative exponent, which NumPy refuses, is 1 over the power,
    /// truncated: 0 unless self is 1 or -1.
    fn pow_wrapping(self, exp: Self) -> Self;
    /// The greatest common divisor, never negative unless it wraps; of 0 and 0 it is 0.
    fn gcd(self, o: Self) -> Self;
    /// The least common multiple, wrapping; 0 if either is.
    fn lcm(self, o: Self) -> Self;
    /// `self + o`, held at the ends of the type's range.
    fn add_sat(self, o: Self) -> Self;
    /// `self - o`, held at the ends of the type's range.
    fn sub_sat(self, o: Self) -> Self;
    /// `self * o`, held at the ends of the type's range.
    fn mul_sat(self, o: Self) -> Self;
}

macro_rules! common {
    () => {
        #[inline(always)]
        fn square(self) -> Self {
            Number::mul(self, self)
        }
        #[inline(always)]
        fn from_f64(v: f64) -> Self {
            cast_one(v)
        }
        #[inline(always)]
        fn from_i64(v: i64) -> Self {
            cast_one(v)
        }
        #[inline(always)]
        fn to_f64(self) -> f64 {
            cast_one(self)
        }
    };
}

macro_rules! integer {
    ($signed:tt, $($t:ident)*) => { $(
        impl Number for $t {
            const ZERO: $t = 0;
            const ONE: $t = 1;
            const MIN_VALUE: $t = $t::MIN;
            const MAX_VALUE: $t = $t::MAX;
            common!();
            #[inline(always)]
            fn add(self, o: $t) -> $t {
                self.wrapping_add(o)
            }
            #[inline(always)]
            fn sub(self, o: $t) -> $t {
                self.wrapping_sub(o)
            }
            #[inline(always)]
            fn mul(self, o: $t) -> $t {
                self.wrapping_mul(o)
            }
            #[inline(always)]
            fn neg(self) -> $t {
                self.wrapping_neg()
            }
            integer!(@ $signed $t);
            #[inline(always)]
            fn min_nan(self, o: $t) -> $t {
                if self < o { self } else { o }
            }
            #[inline(always)]
            fn max_nan(self, o: $t) -> $t {
                if self > o { self } else { o }
            }
            #[inline(always)]
            fn from_i128(v: i128) -> $t {
                v as $t
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }
            #[inline(always)]
            fn is_true(self) -> bool {
                self != 0
            }
        }

        impl Integer for $t {
            #[inline(always)]
            fn and(self, o: $t) -> $t {
                self & o
            }
            #[inline(always)]
            fn or(self, o: $t) -> $t {
                self | o
            }
            #[inline(always)]
            fn xor(self, o: $t) -> $t {
                self ^ o
            }
            #[inline(always)]
            fn not(self) -> $t {
                !self
            }
            #[inline(always)]
            fn shl(self, o: $t) -> $t {
                // A negative count is a large one without the sign.
                let fits = (o as u64) < u64::from($t::BITS);
                if fits { self.wrapping_shl(o as u32) } else { 0 }
            }
            #[inline(always)]
            fn shr(self, o: $t) -> $t {
                let fits = (o as u64) < u64::from($t::BITS);
                let last = self.wrapping_shr($t::BITS - 1);
                let gone = if integer!(@signed $signed) { last } else { 0 };
                if fits { self.wrapping_shr(o as u32) } else { gone }
            }
            #[inline(always)]
            fn pow_wrapping(self, exp: $t) -> $t {
                integer!(@negative $signed self exp);
                let (mut base, mut left, mut y) = (self, exp, 1 as $t);
                while left != 0 {
                    if left & 1 == 1 {
                        y = y.wrapping_mul(base);
                    }
                    base = base.wrapping_mul(base);
                    left >>= 1;
                }
                y
            }
            #[inline]
            fn gcd(self, o: $t) -> $t {
                // Without the sign: the least integer of a signed type has no positive twin in it.
                let (mut a, mut b) = (integer!(@size $signed self), integer!(@size $signed o));
                while b != 0 {
                    (a, b) = (b, a % b);
                }
                a as $t
            }
            #[inline]
            fn lcm(self, o: $t) -> $t {
                let divisor = self.gcd(o);
                let divisor = integer!(@size $signed divisor);
                let (x, y) = (integer!(@size $signed self), integer!(@size $signed o));
                if divisor == 0 { 0 } else { (x / divisor).wrapping_mul(y) as $t }
            }
            #[inline(always)]
            fn add_sat(self, o: $t) -> $t {
                self.saturating_add(o)
            }
            #[inline(always)]
            fn sub_sat(self, o: $t) -> $t {
                self.saturating_sub(o)
            }
            #[inline(always)]
            fn mul_sat(self, o: $t) -> $t {
                self.saturating_mul(o)
            }
        }
    )* };
    (@size unsigned $x:ident) => { $x };
    (@size signed $x:ident) => { $x.unsigned_abs() };
    (@signed signed) => { true };
    (@signed unsigned) => { false };
    (@negative unsigned $x:ident $exp:ident) => {};
    (@negative signed $x:ident $exp:ident) => {
        if $exp < 0 {
            return match $x {
                1 => 1,
                -1 if $exp & 1 == 0 => 1,
                -1 => -1,
                _ => 0,
            };
        }
    };
    (@ unsigned $t:ident) => {
        #[inline(always)]
        fn abs(self) -> $t {
            self
        }
        #[inline(always)]
        fn sign(self) -> $t {
            (self != 0) as $t
        }
        #[inline(always)]
        fn floor_div(self, o: $t) -> $t {
            if o == 0 { 0 } else { self / o }
        }
        #[inline(always)]
        fn rem(self, o: $t) -> $t {
            if o == 0 { 0 } else { self % o }
        }
        #[inline(always)]
        fn fmod(self, o: $t) -> $t {
            if o == 0 { 0 } else { self % o }
        }
    };
    (@ signed $t:ident) => {
        #[inline(always)]
        fn abs(self) -> $t {
            self.wrapping_abs()
        }
        #[inline(always)]
        fn sign(self) -> $t {
            (self > 0) as $t - (self < 0) as $t
        }
        #[inline(always)]
        fn floor_div(self, o: $t) -> $t {
            if o == 0 {
                return 0;
            }
            let (q, r) = (self.wrapping_div(o), self.wrapping_rem(o));
            if r != 0 && (r < 0) != (o < 0) { q - 1 } else { q }
        }
        #[inline(always)]
        fn rem(self, o: $t) -> $t {
            if o == 0 {
                return 0;
            }
            let r = self.wrapping_rem(o);
            if r != 0 && (r < 0) != (o < 0) { r + o } else { r }
        }
        #[inline(always)]
        fn fmod(self, o: $t) -> $t {
            if o == 0 { 0 } else { self.wrapping_rem(o) }
        }
    };
}
integer!(unsigned, u8 u16 u32 u64);
integer!(signed, i8 i16 i32 i64);

impl Number for bool {
    const ZERO: bool = false;
    const ONE: bool = true;
    const MIN_VALUE: bool = false;
    const MAX_VALUE: bool = true;
    common!();
    #[inline(always)]
    fn add(self, o: bool) -> bool {
        self | o
    }
    #[inline(always)]
    fn sub(self, o: bool) -> bool {
        self ^ o
    }
    #[inline(always)]
    fn mul(self, o: bool) -> bool {
        self & o
    }
    #[inline(always)]
    fn neg(self) -> bool {
        !self
    }
    #[inline(always)]
    fn abs(self) -> bool {
        self
    }
    #[inline(always)]
    fn sign(self) -> bool {
        self
    }
    #[inline(always)]
    fn min_nan(self, o: bool) -> bool {
        self & o
    }
    #[inline(always)]
    fn max_nan(self, o: bool) -> bool {
        self | o
    }
    #[inline(always)]
    fn floor_div(self, o: bool) -> bool {
        self & o
    }
    #[inline(always)]
    fn rem(self, _: bool) -> bool {
        false
    }
    #[inline(always)]
    fn fmod(self, _: bool) -> bool {
        false
    }
    #[inline(always)]
    fn from_i128(v: i128) -> bool {
        v != 0
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        false
    }
    #[inline(always)]
    fn is_true(self) -> bool {
        self
    }
}

impl Integer for bool {
    #[inline(always)]
    fn and(self, o: bool) -> bool {
        self & o
    }
    #[inline(always)]
    fn or(self, o: bool) -> bool {
        self | o
    }
    #[inline(always)]
    fn xor(self, o: bool) -> bool {
        self ^ o
    }
    #[inline(always)]
    fn not(self) -> bool {
        !self
    }
    #[inline(always)]
    fn shl(self, o: bool) -> bool {
        self & !o
    }
    #[inline(always)]
    fn shr(self, o: bool) -> bool {
        self & !o
    }
    #[inline(always)]
    fn pow_wrapping(self, exp: bool) -> bool {
        self | !exp
    }
    #[inline(always)]
    fn gcd(self, o: bool) -> bool {
        self | o
    }
    #[inline(always)]
    fn lcm(self, o: bool) -> bool {
        self & o
    }
    #[inline(always)]
    fn add_sat(self, o: bool) -> bool {
        self | o
    }
    #[inline(always)]
    fn sub_sat(self, o: bool) -> bool {
        self & !o
    }
    #[inline(always)]
    fn mul_sat(self, o: bool) -> bool {
        self & o
    }
}

macro_rules! float {
    ($t:ident, $exp:ident $exp2:ident $expm1:ident $ln:ident $log2:ident $log10:ident $log1p:ident $pow:ident
     $sin:ident $cos:ident $tan:ident $tanh:ident
     $hypot:ident $sin_run:ident $cos_run:ident $tan_run:ident $pow_run:ident) => {
        impl Number for $t {
            const ZERO: $t = 0.0;
            const ONE: $t = 1.0;
            const MIN_VALUE: $t = $t::NEG_INFINITY;
            const MAX_VALUE: $t = $t::INFINITY;
            common!();
            #[inline(always)]
            fn add(self, o: $t) -> $t {
                self + o
            }
            #[inline(always)]
            fn sub(self, o: $t) -> $t {
                self - o
            }
            #[inline(always)]
            fn mul(self, o: $t) -> $t {
                self * o
            }
            #[inline(always)]
            fn neg(self) -> $t {
                -self
            }
            #[inline(always)]
            fn abs(self) -> $t {
                $t::abs(self)
            }
            #[inline(always)]
            fn sign(self) -> $t {
                let y = if self > 0.0 { 1.0 } else { 0.0 };
                let y = if self < 0.0 { -1.0 } else { y };
                if $t::is_nan(self) { self } else { y }
            }
            #[inline(always)]
            fn min_nan(self, o: $t) -> $t {
                if (self < o) | $t::is_nan(self) { self } else { o }
            }
            #[inline(always)]
            fn max_nan(self, o: $t) -> $t {
                if (self > o) | $t::is_nan(self) { self } else { o }
            }
            #[inline(always)]
            fn floor_div(self, o: $t) -> $t {
                if o == 0.0 {
                    return self / o;
                }
                let left = self % o;
                let mut q = (self - left) / o;
                if left != 0.0 && (o < 0.0) != (left < 0.0) {
                    q -= 1.0;
                }
                if q == 0.0 {
                    return $t::copysign(0.0, self / o);
                }
                // q is whole but for rounding: take the nearest, not the next below.
                let below = $t::floor(q);
                if q - below > 0.5 { below + 1.0 } else { below }
            }
            #[inline(always)]
            fn rem(self, o: $t) -> $t {
                let left = self % o;
                if o == 0.0 || $t::is_nan(left) {
                    left
                } else if left == 0.0 {
                    $t::copysign(0.0, o)
                } else if (o < 0.0) != (left < 0.0) {
                    left + o
                } else {
                    left
                }
            }
            #[inline(always)]
            fn fmod(self, o: $t) -> $t {
                self % o
            }
            #[inline(always)]
            fn from_i128(v: i128) -> $t {
                v as $t
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
            #[inline(always)]
            fn is_true(self) -> bool {
                self != 0.0
            }
        }

        impl Float for $t {
            #[inline(always)]
            fn sqrt(self) -> $t {
                $t::sqrt(self)
            }
            float!(@ $t, exp $exp, exp2 $exp2, expm1 $expm1, ln $ln, log2 $log2, log10 $log10, log1p $log1p,
                   sin $sin, cos $cos, tan $tan, tanh $tanh);
            #[inline(always)]
            fn pow(self, o: $t) -> $t {
                math::$pow(self, o)
            }
            #[inline(always)]
            fn floor(self) -> $t {
                $t::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> $t {
                $t::ceil(self)
            }
            #[inline(always)]
            fn rint(self) -> $t {
                $t::round_ties_even(self)
            }
            #[inline(always)]
            fn trunc(self) -> $t {
                $t::trunc(self)
            }
            #[inline(always)]
            fn div(self, o: $t) -> $t {
                self / o
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn is_inf(self) -> bool {
                $t::is_infinite(self)
            }
            #[inline(always)]
            fn signbit(self) -> bool {
                $t::is_sign_negative(self)
            }
            #[inline(always)]
            fn hypot(self, o: $t) -> $t {
                math::$hypot(self, o)
            }
            #[inline]
            fn next_after(self, o: $t) -> $t {
                if $t::is_nan(self) || $t::is_nan(o) {
                    $t::NAN
                } else if self < o {
                    self.next_up()
                } else if self > o {
                    self.next_down()
                } else {
                    o
                }
            }
            #[inline]
            fn spacing(self) -> $t {
                if !$t::is_finite(self) {
                    return $t::NAN;
                }
                let next = if self < 0.0 { self.next_down() } else { self.next_up() };
                next - self
            }
            fn sin_run(isa: Isa, x: &[$t], out: &mut [$t]) {
                math::$sin_run(isa, x, out);
            }
            fn cos_run(isa: Isa, x: &[$t], out: &mut [$t]) {
                math::$cos_run(isa, x, out);
            }
            fn tan_run(isa: Isa, x: &[$t], out: &mut [$t]) {
                math::$tan_run(isa, x, out);
            }
            fn pow_run(isa: Isa, x: &[$t], y: &[$t], out: &mut [$t]) {
                math::$pow_run(isa, x, y, out);
            }
        }
    };
    (@ $t:ident, $($f:ident $g:ident),*) => { $(
        #[inline(always)]
        fn $f(self) -> $t {
            math::$g(self)
        }
    )* };
}
float!(f32, exp_f32 exp2_f32 expm1_f32 ln_f32 log2_f32 log10_f32 log1p_f32 pow_f32 sin_f32 cos_f32 tan_f32 tanh_f32
       hypot_f32 sin_run_f32 cos_run_f32 tan_run_f32 pow_run_f32);
float!(f64, exp_f64 exp2_f64 expm1_f64 ln_f64 log2_f64 log10_f64 log1p_f64 pow_f64 sin_f64 cos_f64 tan_f64 tanh_f64
       hypot_f64 sin_run_f64 cos_run_f64 tan_run_f64 pow_run_f64);
