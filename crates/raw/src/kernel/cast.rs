//! NumPy's `astype` between any two element types.

use crate::dtype::sealed::Convert;
use crate::dtype::{Complex, Element};
use crate::half::{BF16, F16};
use crate::isa::{Isa, Stamp};

struct Cast<'a, A, R>(&'a [A], &'a mut [R]);

impl<A: Element, R: Element> Stamp for Cast<'_, A, R> {
    type Out = ();
    #[inline(always)]
    fn go(self) {
        for (o, &x) in self.1.iter_mut().zip(self.0) {
            *o = R::convert(x);
        }
    }
}

/// `out[i] = x[i]` as the other type, for as many elements as both have. Integers wrap, anything
/// to `bool` is "is not 0" (NaN is true), numbers to float round to nearest. Float to integer
/// truncates toward zero; out of range it saturates and NaN is 0, where NumPy leaves the answer
/// undefined. Complex to real drops the imaginary part, but a complex number is false only when
/// both parts are 0; real to complex has the imaginary part 0. To `float16` all are rounded once;
/// to `bfloat16` they are rounded to `float32` first, as in `ml_dtypes`.
pub fn cast<A: Element, R: Element>(isa: Isa, x: &[A], out: &mut [R]) {
    isa.stamp(Cast(x, out));
}

/// One element as another type, as [`cast`] does it.
#[inline(always)]
pub fn cast_one<A: Element, R: Element>(x: A) -> R {
    R::convert(x)
}

macro_rules! int {
    ($t:ident, $to:ident) => {
        impl Convert for $t {
            #[inline(always)]
            fn to_bool(self) -> bool {
                self != 0
            }
            int!(@ $t, to_u8 u8, to_i8 i8, to_u16 u16, to_i16 i16, to_u32 u32, to_i32 i32,
                 to_u64 u64, to_i64 i64, to_f32 f32, to_f64 f64);
            #[inline(always)]
            fn convert<A: Convert>(a: A) -> $t {
                a.$to()
            }
        }
    };
    (@ $t:ident, $($f:ident $r:ident),*) => { $(
        #[inline(always)]
        fn $f(self) -> $r {
            self as $r
        }
    )* };
}
int!(u8, to_u8);
int!(i8, to_i8);
int!(u16, to_u16);
int!(i16, to_i16);
int!(u32, to_u32);
int!(i32, to_i32);
int!(u64, to_u64);
int!(i64, to_i64);

impl Convert for bool {
    #[inline(always)]
    fn to_bool(self) -> bool {
        self
    }
    int!(@ bool, to_u8 u8, to_i8 i8, to_u16 u16, to_i16 i16, to_u32 u32, to_i32 i32, to_u64 u64, to_i64 i64);
    #[inline(always)]
    fn to_f32(self) -> f32 {
        self as u8 as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self as u8 as f64
    }
    #[inline(always)]
    fn convert<A: Convert>(a: A) -> bool {
        a.to_bool()
    }
}

// Types of up to 32 bits: clamp by compares (NaN fails them all and becomes 0), then convert with
// no further check. `as` alone does the same but leaves a chain of selects that costs twice.
macro_rules! narrow {
    ($f:ident, $r:ident, $lo:expr, $hi:expr) => {
        #[inline(always)]
        fn $f(self) -> $r {
            let x = if self > $lo { self } else { $lo };
            let x = if x < $hi { x } else { $hi };
            let x = if self.is_nan() { 0.0 } else { x };
            // SAFETY: x is a number between two bounds that the type holds.
            unsafe { x.to_int_unchecked::<i32>() as $r }
        }
    };
}

macro_rules! float {
    ($t:ident, $to:ident $(, $more:item)*) => {
        impl Convert for $t {
            #[inline(always)]
            fn to_bool(self) -> bool {
                self != 0.0
            }
            narrow!(to_u8, u8, 0.0, 255.0);
            narrow!(to_i8, i8, -128.0, 127.0);
            narrow!(to_u16, u16, 0.0, 65535.0);
            narrow!(to_i16, i16, -32768.0, 32767.0);
            int!(@ $t, to_u32 u32, to_i32 i32, to_u64 u64, to_i64 i64, to_f32 f32, to_f64 f64);
            #[inline(always)]
            fn convert<A: Convert>(a: A) -> $t {
                a.$to()
            }
            $(
                #[inline(always)]
                $more
            )*
        }
    };
}
float!(f32, to_f32);
float!(
    f64,
    to_f64,
    fn to_f16(self) -> F16 {
        F16::from_f64(self)
    }
);

/// All conversions by way of another type that holds the number.
macro_rules! through {
    ($t:ty, $to:ident, |$x:ident| $wide:expr; $($f:ident $r:ty),*; $($more:item)*) => {
        impl Convert for $t {
            $(
                #[inline(always)]
                fn $f(self) -> $r {
                    let $x = self;
                    $wide.$f()
                }
            )*
            #[inline(always)]
            fn convert<A: Convert>(a: A) -> $t {
                a.$to()
            }
            $(
                #[inline(always)]
                $more
            )*
        }
    };
}
through!(F16, to_f16, |x| F16::to_f32(x);
    to_bool bool, to_u8 u8, to_i8 i8, to_u16 u16, to_i16 i16, to_u32 u32, to_i32 i32, to_u64 u64, to_i64 i64,
    to_f32 f32, to_f64 f64, to_bf16 BF16;
    fn to_f16(self) -> F16 { self });
through!(BF16, to_bf16, |x| BF16::to_f32(x);
    to_bool bool, to_u8 u8, to_i8 i8, to_u16 u16, to_i16 i16, to_u32 u32, to_i32 i32, to_u64 u64, to_i64 i64,
    to_f32 f32, to_f64 f64, to_f16 F16;
    fn to_bf16(self) -> BF16 { self });
through!(Complex<f32>, to_c64, |x| x.re;
    to_u8 u8, to_i8 i8, to_u16 u16, to_i16 i16, to_u32 u32, to_i32 i32, to_u64 u64, to_i64 i64,
    to_f32 f32, to_f64 f64, to_f16 F16, to_bf16 BF16;
    fn to_bool(self) -> bool { (self.re != 0.0) | (self.im != 0.0) }
    fn to_c64(self) -> Complex<f32> { self }
    fn to_c128(self) -> Complex<f64> { Complex::new(self.re.into(), self.im.into()) });
through!(Complex<f64>, to_c128, |x| x.re;
    to_u8 u8, to_i8 i8, to_u16 u16, to_i16 i16, to_u32 u32, to_i32 i32, to_u64 u64, to_i64 i64,
    to_f32 f32, to_f64 f64, to_f16 F16, to_bf16 BF16;
    fn to_bool(self) -> bool { (self.re != 0.0) | (self.im != 0.0) }
    fn to_c64(self) -> Complex<f32> { Complex::new(self.re as f32, self.im as f32) }
    fn to_c128(self) -> Complex<f64> { self });
