//! Runs of elements whose type is known at run time, and the one place that opens them.

use opusclip_raw::buffer;
use opusclip_raw::{BF16, Complex, DType, Element, F16};

macro_rules! lanes {
    ($($variant:ident $t:ty),*) => {
        /// A borrowed run of elements.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)]
        pub enum Lanes<'a> { $($variant(&'a [$t])),* }

        /// A borrowed run of elements to write.
        #[derive(Debug)]
        #[allow(missing_docs)]
        pub enum LanesMut<'a> { $($variant(&'a mut [$t])),* }

        /// An owned run: a register of the block interpreter.
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub enum Block { $($variant(Vec<$t>)),* }

        impl<'a> Lanes<'a> {
            /// Reads bytes as elements; `None` if they are not aligned or whole.
            pub fn of(dtype: DType, bytes: &'a [u8]) -> Option<Lanes<'a>> {
                match dtype { $(DType::$variant => buffer::cast_slice::<$t>(bytes).map(Lanes::$variant)),* }
            }

            /// The first `n`.
            pub fn head(self, n: usize) -> Lanes<'a> {
                match self { $(Lanes::$variant(x) => Lanes::$variant(x.get(..n).unwrap_or(x))),* }
            }

            /// `n` from `start` on.
            pub fn part(self, start: usize, n: usize) -> Lanes<'a> {
                match self { $(Lanes::$variant(x) => Lanes::$variant(x.get(start..start + n).unwrap_or(&[]))),* }
            }

            /// Element type.
            pub fn dtype(self) -> DType {
                match self { $(Lanes::$variant(_) => DType::$variant),* }
            }

            /// Number of elements.
            pub fn len(self) -> usize {
                match self { $(Lanes::$variant(x) => x.len()),* }
            }

            /// True when there are none.
            pub fn is_empty(self) -> bool {
                self.len() == 0
            }
        }

        impl<'a> LanesMut<'a> {
            /// Reads bytes as elements to write; `None` if they are not aligned or whole.
            pub fn of(dtype: DType, bytes: &'a mut [u8]) -> Option<LanesMut<'a>> {
                if dtype == DType::Bool {
                    // Memory that nobody wrote yet may hold any byte; as a truth value it must be 0 or 1.
                    bytes.iter_mut().for_each(|b| *b = u8::from(*b != 0));
                }
                match dtype { $(DType::$variant => buffer::cast_slice_mut::<$t>(bytes).map(LanesMut::$variant)),* }
            }

            /// The same run, borrowed for less long.
            pub fn again(&mut self) -> LanesMut<'_> {
                match self { $(LanesMut::$variant(x) => LanesMut::$variant(&mut x[..])),* }
            }

            /// The run to read.
            pub fn shared(&self) -> Lanes<'_> {
                match self { $(LanesMut::$variant(x) => Lanes::$variant(&x[..])),* }
            }

            /// Element type.
            pub fn dtype(&self) -> DType {
                match self { $(LanesMut::$variant(_) => DType::$variant),* }
            }

            /// `n` from `start` on, to write.
            pub fn part(&mut self, start: usize, n: usize) -> LanesMut<'_> {
                match self { $(LanesMut::$variant(x) =>
                    LanesMut::$variant(x.get_mut(start..start + n).unwrap_or_default())),* }
            }

            /// Copies from a run of the same type.
            pub fn copy_from(&mut self, from: Lanes<'_>) {
                match (self, from) {
                    $((LanesMut::$variant(out), Lanes::$variant(x)) => {
                        for (o, v) in out.iter_mut().zip(x) { *o = *v; }
                    })*
                    _ => {}
                }
            }
        }

        impl Block {
            /// `n` zeros.
            pub fn new(dtype: DType, n: usize) -> Block {
                match dtype { $(DType::$variant => Block::$variant(vec![Default::default(); n])),* }
            }

            /// `n` times one value.
            pub fn splat(v: crate::array::Scalar, n: usize) -> Block {
                match v.dtype { $(DType::$variant => {
                    let mut one = [<$t>::default()];
                    buffer::write_bytes(&mut one, |b| v.write_to(b));
                    Block::$variant(vec![one[0]; n])
                }),* }
            }

            /// Zeros of this type, at least `n` of them, or what is there already of that.
            pub fn make_room(&mut self, dtype: DType, n: usize) {
                if self.lanes().dtype() != dtype || self.len() < n {
                    *self = Block::new(dtype, n);
                }
            }

            /// Every element becomes `v`, which is of the block's type.
            pub fn fill(&mut self, v: crate::array::Scalar) {
                match self { $(Block::$variant(x) => {
                    let mut one = [<$t>::default()];
                    buffer::write_bytes(&mut one, |b| v.write_to(b));
                    x.fill(one[0]);
                }),* }
            }

            /// The elements.
            pub fn lanes(&self) -> Lanes<'_> {
                match self { $(Block::$variant(x) => Lanes::$variant(x)),* }
            }

            /// The first `n` elements to write.
            pub fn head_mut(&mut self, n: usize) -> LanesMut<'_> {
                match self { $(Block::$variant(x) => { let n = n.min(x.len()); LanesMut::$variant(&mut x[..n]) }),* }
            }

            /// Number of elements.
            pub fn len(&self) -> usize {
                match self { $(Block::$variant(x) => x.len()),* }
            }

            /// True when there are none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Lets `f` write the bytes of the first `n` elements, which must be valid ones.
            pub fn with_bytes(&mut self, n: usize, f: impl FnOnce(&mut [u8])) {
                match self { $(Block::$variant(x) => {
                    let n = n.min(x.len());
                    buffer::write_bytes(&mut x[..n], f);
                }),* }
            }

            /// The first element.
            pub fn first(&self) -> Option<crate::array::Scalar> {
                match self { $(Block::$variant(x) => {
                    let bytes = buffer::as_bytes(x.get(..1)?);
                    Some(crate::array::Scalar::from_bytes(DType::$variant, bytes))
                }),* }
            }
        }

        $(impl Lane for $t {
            #[inline(always)]
            fn lanes<'a>(l: Lanes<'a>) -> &'a [$t] {
                if let Lanes::$variant(x) = l { x } else { &[] }
            }
            #[inline(always)]
            fn lanes_mut<'a>(l: LanesMut<'a>) -> &'a mut [$t] {
                if let LanesMut::$variant(x) = l { x } else { &mut [] }
            }
            fn wrap(x: &[$t]) -> Lanes<'_> {
                Lanes::$variant(x)
            }
            fn wrap_mut(x: &mut [$t]) -> LanesMut<'_> {
                LanesMut::$variant(x)
            }
        })*
    };
}
lanes!(Bool bool, U8 u8, I8 i8, U16 u16, I16 i16, U32 u32, I32 i32, U64 u64, I64 i64, F16 F16, BF16 BF16, F32 f32, F64 f64,
       C64 Complex<f32>, C128 Complex<f64>);

impl Default for Block {
    /// No elements.
    fn default() -> Block {
        Block::U8(Vec::new())
    }
}

/// An element type that can be taken out of [`Lanes`]. A wrong type gives no elements.
pub trait Lane: Element {
    /// The elements.
    fn lanes(l: Lanes<'_>) -> &[Self];
    /// The elements to write.
    fn lanes_mut(l: LanesMut<'_>) -> &mut [Self];
    /// A run of this type as one of a type known at run time.
    fn wrap(x: &[Self]) -> Lanes<'_>;
    /// The same, to write.
    fn wrap_mut(x: &mut [Self]) -> LanesMut<'_>;
}

/// Runs `$body` with `$T` as the Rust type of any element: for what only moves elements.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            opusclip_raw::DType::F16 => {
                type $T = opusclip_raw::F16;
                $body
            }
            opusclip_raw::DType::BF16 => {
                type $T = opusclip_raw::BF16;
                $body
            }
            opusclip_raw::DType::C64 | opusclip_raw::DType::C128 => {
                $crate::ops::lanes::with_complex!($dtype, $T => $body)
            }
            _ => $crate::ops::lanes::with_number!($dtype, $T => $body),
        }
    };
}
/// The same for the two complex types; other types never come here.
macro_rules! with_complex {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            opusclip_raw::DType::C64 => {
                type $T = opusclip_raw::Complex<f32>;
                $body
            }
            _ => {
                type $T = opusclip_raw::Complex<f64>;
                $body
            }
        }
    };
}
/// The same for the numbers that have their own loops: not complex ones, which have `with_complex`,
/// nor 16-bit floats, which are computed as `f32`.
macro_rules! with_number {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            opusclip_raw::DType::F32 | opusclip_raw::DType::F64 => {
                $crate::ops::lanes::with_float!($dtype, $T => $body)
            }
            _ => $crate::ops::lanes::with_integer!($dtype, $T => $body),
        }
    };
}
/// The same for the two floats that have loops; other types never come here.
macro_rules! with_float {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            opusclip_raw::DType::F32 => {
                type $T = f32;
                $body
            }
            _ => {
                type $T = f64;
                $body
            }
        }
    };
}
/// The same for integers and bool; other types never come here.
macro_rules! with_integer {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            opusclip_raw::DType::Bool => {
                type $T = bool;
                $body
            }
            opusclip_raw::DType::U8 => {
                type $T = u8;
                $body
            }
            opusclip_raw::DType::I8 => {
                type $T = i8;
                $body
            }
            opusclip_raw::DType::U16 => {
                type $T = u16;
                $body
            }
            opusclip_raw::DType::I16 => {
                type $T = i16;
                $body
            }
            opusclip_raw::DType::U32 => {
                type $T = u32;
                $body
            }
            opusclip_raw::DType::I32 => {
                type $T = i32;
                $body
            }
            opusclip_raw::DType::U64 => {
                type $T = u64;
                $body
            }
            _ => {
                type $T = i64;
                $body
            }
        }
    };
}
pub(crate) use {with_complex, with_element, with_float, with_integer, with_number};
