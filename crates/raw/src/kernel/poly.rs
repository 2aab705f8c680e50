//! What the functions are made of: polynomials, and sums and products that keep what
//! their rounding lost. Only additions and products that are rounded each by itself, so that every
//! instruction set gives the same bits, and no branch, so that loops over them vectorise.

use std::ops::{Add, Mul, Sub};

/// 1.5 * 2^52: adding it rounds a smaller number to a whole one, in the low bits of the sum.
pub(super) const MAGIC: f64 = 6755399441055744.0;

/// The polynomial with these coefficients, lowest power first. Even and odd powers are summed
/// apart: half as many steps wait for one another.
#[inline(always)]
pub(super) fn poly<T: Real, const N: usize>(x: T, c: &[T; N]) -> T {
    let square = x * x;
    let (mut even, mut odd) = (c[0], c[0]);
    // Backwards; the top one of either begins the sum.
    let mut i = N;
    while i > 0 {
        i -= 1;
        let top = i + 2 >= N;
        let sum = if i & 1 == 0 { &mut even } else { &mut odd };
        *sum = if top { c[i] } else { *sum * square + c[i] };
    }
    even + x * odd
}

/// `f32` or `f64`.
pub(super) trait Real: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {}
impl Real for f32 {}
impl Real for f64 {}

/// a + b, and what its rounding lost; for |a| >= |b| or a = 0 (Dekker).
#[inline(always)]
pub(super) fn fast_sum<T: Real>(a: T, b: T) -> (T, T) {
    let s = a + b;
    (s, b - (s - a))
}

/// a + b, and what its rounding lost (Knuth).
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// The first 26 bits of a number: products of two such are exact.
#[inline(always)]
pub(super) fn head(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & 0xFFFF_FFFF_F800_0000)
}

/// a * b, and what its rounding lost, but for some 2^-106 of it (Dekker).
#[inline(always)]
pub(super) fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    let (ah, bh) = (head(a), head(b));
    let (al, bl) = (a - ah, b - bh);
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

// From here on by `scripts/polynomials.py`.

/// (e^r - 1 - r - r²/2) / r³ for |r| up to half of ln 2. Worst error 2^-62.0.
pub(super) const EXP: [f64; 10] = [
    0.1666666666666667,
    0.04166666666666667,
    0.008333333333325853,
    0.0013888888888883748,
    0.00019841269875493659,
    2.4801587325547743e-05,
    2.755725475240162e-06,
    2.75572736431103e-07,
    2.5105434473842514e-08,
    2.0914686968086876e-09,
];
/// The same, in float32. Worst error 2^-28.1.
pub(super) const EXP_F32: [f32; 4] = [0.16666521, 0.04166639, 0.0083687315, 0.0013941982];
/// (2^r - 1) / r for |r| <= 1/2, for `f32`. Worst error 2^-38.2.
pub(super) const EXP2_SHORT: [f64; 8] = [
    0.6931471805570186,
    0.24022650695739922,
    0.05550410905746977,
    0.009618129183101929,
    0.0013333478923059797,
    0.00015403436778263903,
    1.5303601102710266e-05,
    1.3259599604557375e-06,
];
/// (2 atanh(s) / s - 2) / s² by s², for s of numbers within a factor √2 of 1. Worst error 2^-57.8.
pub(super) const LOG: [f64; 7] = [
    0.6666666666666734,
    0.39999999999413977,
    0.2857142874255989,
    0.22222198553931347,
    0.18183565402874022,
    0.1531402117019004,
    0.1479626111402704,
];
/// The same, shorter. Worst error 2^-51.2.
pub(super) const LOG_POW: [f64; 6] = [
    0.666666666665871,
    0.40000000052329554,
    0.28571417120001363,
    0.2222337242312189,
    0.18123617433538905,
    0.1682013700977161,
];
/// The same, for `f32`. Worst error 2^-43.9.
pub(super) const LOG_SHORT: [f64; 5] =
    [0.6666666667580898, 0.39999995619013334, 0.2857210946677698, 0.22176175410384197, 0.1958434865034296];
/// ((2 atanh(s) / s - 2) / s² - 2/3) / s² by s², for powers. Worst error 2^-66.1.
pub(super) const LOG_LONG: [f64; 8] = [
    0.39999999999999997,
    0.28571428571434215,
    0.22222222219785046,
    0.18181818630492216,
    0.15384571348285414,
    0.13335817724725255,
    0.11684019569490493,
    0.11918874767261275,
];
/// (sin r / r - 1) / r² by r², for |r| <= π/4. Worst error 2^-57.2.
pub(super) const SIN: [f64; 6] = [
    -0.16666666666666632,
    0.008333333333322413,
    -0.00019841269829807737,
    2.755731369190013e-06,
    -2.5050758113115238e-08,
    1.5896795552810856e-10,
];
/// The same, for `f32`. Worst error 2^-37.6.
pub(super) const SIN_SHORT: [f64; 4] =
    [-0.16666666641607233, 0.008333329383604662, -0.00019839334088387497, 2.718304265747228e-06];
/// (cos r - 1 + r²/2) / r⁴ by r². Worst error 2^-59.9.
pub(super) const COS: [f64; 6] = [
    0.0416666666666666,
    -0.0013888888888874125,
    2.4801587289482242e-05,
    -2.755731435234916e-07,
    2.0875723275319916e-09,
    -1.1359647902961221e-11,
];
/// The same, for `f32`. Worst error 2^-43.2.
pub(super) const COS_SHORT: [f64; 4] =
    [0.04166666662279364, -0.0013888883750372565, 2.4799519192100988e-05, -2.7210169237299276e-07];
/// (tanh x / x - 1) / x² by x², for |x| <= 0.55. Worst error 2^-57.6.
pub(super) const TANH: [f64; 11] = [
    -0.333333333333333,
    0.13333333333326833,
    -0.05396825396387869,
    0.021869488389104283,
    -0.008863232652794747,
    0.0035920925325521073,
    -0.0014555459839565906,
    0.0005884570480167612,
    -0.00023341272477461417,
    8.33600628691706e-05,
    -1.952102317600035e-05,
];
/// The same, in float32. Worst error 2^-27.7.
pub(super) const TANH_F32: [f32; 5] = [-0.3333332, 0.13332602, -0.05385386, 0.021077761, -0.006282476];
/// (sinh x / x - 1) / x² by x², for |x| <= 1. Worst error 2^-56.5.
pub(super) const SINH: [f64; 8] = [
    0.16666666666666666,
    0.008333333333333318,
    0.00019841269841283204,
    2.755731921855478e-06,
    2.5052109562623603e-08,
    1.6058904444297145e-10,
    7.65558712062934e-13,
    2.6185264705443075e-15,
];
/// The cube root from 1 to 2, roughly. Worst error 2^-13.6.
pub(super) const CBRT: [f64; 4] = [0.553749152563049, 0.5851393663393651, -0.16160759168728775, 0.02280063694533875];
/// (atan x / x - 1) / x² by x², for |x| < √2 - 1. Worst error 2^-58.5.
pub(super) const ATAN: [f64; 11] = [
    -0.333333333333332,
    0.19999999999954002,
    -0.14285714280239864,
    0.1111111078568351,
    -0.09090897822827977,
    0.07692061385983008,
    -0.06663117438093577,
    0.0584798687304847,
    -0.05039743646210743,
    0.038075672557658,
    -0.017919316943153324,
];
/// (asin x / x - 1) / x² by x², for |x| <= 1/2. Worst error 2^-55.8.
pub(super) const ASIN: [f64; 12] = [
    0.16666666666665375,
    0.07500000000344816,
    0.0446428568219685,
    0.030381959395633828,
    0.02237175193690559,
    0.017359795626357175,
    0.013884350757679196,
    0.012174940117992453,
    0.006503528699132077,
    0.01959432288191518,
    -0.016326672528440275,
    0.03198168146466186,
];
