//! An expression: a counted node whose shape and element type are known as soon as it is written.
//!
//! Rust's operators cannot return a `Result`, so a node that could not be built carries its error
//! and every later step hands it on to `collect()?`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use opusclip_raw::{Complex, DType, Kind};

use super::types;
use crate::array::promote::{Weak, int_range, promote, promote_weak};
use crate::array::{Array, Meta, Scalar, shape};
use crate::error::{Error, Result};
use crate::flow::Source;
use crate::ops::{
    Attr, Binary, Bits, Elementwise, Math, MathBinary, Movement, Page, Part, Reduce, Ternary, Unary, Whole, complex,
};

/// What a node does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Frames from outside.
    Source(SourceRef),
    /// An array in memory.
    Data(DataRef),
    /// One value.
    Scalar(Scalar),
    /// What stands for an argument while a function is traced (see [`mod@crate::jit`]).
    Input(Slot),
    /// Each element alone.
    Elementwise(Elementwise),
    /// Many elements to one.
    Reduce {
        /// Which.
        op: Reduce,
        /// Sorted axes that are reduced.
        axes: Vec<usize>,
        /// Whether they stay with length 1.
        keepdims: bool,
    },
    /// Elements moved.
    Movement(Movement),
    /// Something that needs more of its inputs than an element at a time.
    Whole(Whole),
}

/// An argument of a traced function: of which trace, and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Arguments of different traces are never the same.
    pub trace: u64,
    /// Its place among the arguments.
    pub place: usize,
}

/// A source, equal to those of the same identity; and which reading of it, where one run needs its
/// frames at several places at a time.
#[derive(Clone, Debug)]
pub struct SourceRef(pub Arc<dyn Source>, pub u32);

impl PartialEq for SourceRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.identity() == other.0.identity() && self.1 == other.1
    }
}
impl Eq for SourceRef {}
impl Hash for SourceRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.identity().hash(state);
        self.1.hash(state);
    }
}

/// An array, equal when it is the same view of the same bytes.
#[derive(Clone, Debug)]
pub struct DataRef(pub Array);

impl PartialEq for DataRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_view(&other.0)
    }
}
impl Eq for DataRef {}
impl Hash for DataRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.address().hash(state);
    }
}

/// A node of the expression.
#[derive(Debug)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// To what.
    pub inputs: Vec<Lazy>,
    meta: Result<Meta>,
}

/// A lazy n-d array: nothing is read or computed until it is collected or sunk. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Lazy(Arc<Node>);

impl Drop for Node {
    // A million steps deep must not recurse a million calls deep.
    fn drop(&mut self) {
        let mut stack = std::mem::take(&mut self.inputs);
        while let Some(Lazy(node)) = stack.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                stack.append(&mut node.inputs);
            }
        }
    }
}

/// What may stand as an operand: an array, or a literal that takes the array's type.
#[derive(Clone, Debug)]
pub enum Operand {
    /// An expression.
    Lazy(Lazy),
    /// A literal.
    Weak(Weak),
}

macro_rules! operand {
    ($($t:ty => |$v:ident| $e:expr),* $(,)?) => { $(
        impl From<$t> for Operand { fn from($v: $t) -> Self { $e } }
    )* };
}
operand! {
    Lazy => |v| Operand::Lazy(v),
    &Lazy => |v| Operand::Lazy(v.clone()),
    Array => |v| Operand::Lazy(v.into()),
    &Array => |v| Operand::Lazy(v.clone().into()),
    f64 => |v| Operand::Weak(Weak::Float(v)),
    f32 => |v| Operand::Weak(Weak::Float(v.into())),
    i32 => |v| Operand::Weak(Weak::Int(v.into())),
    i64 => |v| Operand::Weak(Weak::Int(v.into())),
    u8 => |v| Operand::Weak(Weak::Int(v.into())),
    bool => |v| Operand::Weak(Weak::Bool(v)),
    Complex<f64> => |v| Operand::Weak(Weak::Complex(v.re, v.im)),
    Complex<f32> => |v| Operand::Weak(Weak::Complex(v.re.into(), v.im.into())),
    Weak => |v| Operand::Weak(v),
}

impl From<Array> for Lazy {
    fn from(a: Array) -> Lazy {
        let meta = Meta { shape: a.shape().to_vec(), dtype: a.dtype() };
        Lazy::node(Op::Data(DataRef(a)), Vec::new(), Ok(meta))
    }
}

impl Lazy {
    fn node(op: Op, inputs: Vec<Lazy>, meta: Result<Meta>) -> Lazy {
        Lazy(Arc::new(Node { op, inputs, meta }))
    }

    /// An expression that could not be built. The error remembers the caller's place.
    #[track_caller]
    pub fn failed(error: Error) -> Lazy {
        let error = error.written_at(std::panic::Location::caller());
        Lazy::node(Op::Scalar(Scalar::from_f64(DType::F64, 0.0)), Vec::new(), Err(error))
    }

    /// The frames of a source, shape `(T, …)`.
    pub fn source(source: Arc<dyn Source>) -> Lazy {
        let info = source.info();
        let meta = shape::count("source", &info.shape, info.dtype.size())
            .map(|_| Meta { shape: info.shape.clone(), dtype: info.dtype });
        Lazy::node(Op::Source(SourceRef(source, 0)), Vec::new(), meta)
    }

    /// A 0-d array of one value.
    pub fn scalar(value: Scalar) -> Lazy {
        let meta = Meta { shape: Vec::new(), dtype: value.dtype };
        Lazy::node(Op::Scalar(value), Vec::new(), Ok(meta))
    }

    /// What stands for an argument of a traced function.
    pub(crate) fn input(slot: Slot, meta: Meta) -> Lazy {
        Lazy::node(Op::Input(slot), Vec::new(), Ok(meta))
    }

    /// What the node does.
    pub fn op(&self) -> &Op {
        &self.0.op
    }

    /// Its inputs.
    pub fn inputs(&self) -> &[Lazy] {
        &self.0.inputs
    }

    /// Identity for walking: equal for clones of one node.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Shape and type, or why there is none.
    pub fn meta(&self) -> Result<&Meta> {
        self.0.meta.as_ref().map_err(Clone::clone)
    }

    /// Length of each axis; for video `(T, H, W, C)`.
    pub fn shape(&self) -> Result<&[usize]> {
        self.meta().map(|m| m.shape.as_slice())
    }

    /// Element type.
    pub fn dtype(&self) -> Result<DType> {
        self.meta().map(|m| m.dtype)
    }

    /// Number of axes.
    pub fn ndim(&self) -> Result<usize> {
        self.meta().map(|m| m.shape.len())
    }

    /// Builds with `make` from the meta of one input, or hands its error on.
    #[track_caller]
    pub(crate) fn derive(&self, make: impl FnOnce(&Meta) -> Result<(Op, Meta)>) -> Lazy {
        match self.meta().and_then(make) {
            Ok((op, meta)) => Lazy::node(op, vec![self.clone()], Ok(meta)),
            Err(e) => Lazy::failed(e),
        }
    }

    /// A movement whose arguments are known to be legal.
    #[track_caller]
    pub(crate) fn moved(&self, movement: Movement) -> Lazy {
        self.derive(|m| {
            let shape = movement.shape(&m.shape);
            shape::count(movement.name(), &shape, m.dtype.size())?;
            Ok((Op::Movement(movement), Meta { shape, dtype: m.dtype }))
        })
    }

    /// The elements as `dtype`. float → integer truncates toward zero, saturates, and NaN gives 0;
    /// integer → integer wraps; anything → bool is "not zero"; complex → real drops the imaginary part.
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Lazy {
        match self.meta() {
            Ok(m) if m.dtype == dtype => self.clone(),
            _ => self.derive(|m| {
                // A wider type may make more bytes than can be addressed.
                shape::count("astype", &m.shape, dtype.size())?;
                Ok((Op::Elementwise(Elementwise::Cast(dtype)), Meta { shape: m.shape.clone(), dtype }))
            }),
        }
    }

    /// [`Lazy::cast`] to `bool`.
    #[track_caller]
    pub fn bool(&self) -> Lazy {
        self.cast(DType::Bool)
    }

    /// [`Lazy::cast`] to `uint8`.
    #[track_caller]
    pub fn u8(&self) -> Lazy {
        self.cast(DType::U8)
    }

    /// [`Lazy::cast`] to `int16`.
    #[track_caller]
    pub fn i16(&self) -> Lazy {
        self.cast(DType::I16)
    }

    /// [`Lazy::cast`] to `uint16`.
    #[track_caller]
    pub fn u16(&self) -> Lazy {
        self.cast(DType::U16)
    }

    /// [`Lazy::cast`] to `int32`.
    #[track_caller]
    pub fn i32(&self) -> Lazy {
        self.cast(DType::I32)
    }

    /// [`Lazy::cast`] to `int64`.
    #[track_caller]
    pub fn i64(&self) -> Lazy {
        self.cast(DType::I64)
    }

    /// [`Lazy::cast`] to `float16`.
    #[track_caller]
    pub fn f16(&self) -> Lazy {
        self.cast(DType::F16)
    }

    /// [`Lazy::cast`] to `bfloat16`.
    #[track_caller]
    pub fn bf16(&self) -> Lazy {
        self.cast(DType::BF16)
    }

    /// [`Lazy::cast`] to `complex64`.
    #[track_caller]
    pub fn c64(&self) -> Lazy {
        self.cast(DType::C64)
    }

    /// [`Lazy::cast`] to `complex128`.
    #[track_caller]
    pub fn c128(&self) -> Lazy {
        self.cast(DType::C128)
    }

    /// [`Lazy::cast`] to `float32`.
    #[track_caller]
    pub fn f32(&self) -> Lazy {
        self.cast(DType::F32)
    }

    /// [`Lazy::cast`] to `float64`.
    #[track_caller]
    pub fn f64(&self) -> Lazy {
        self.cast(DType::F64)
    }

    /// A reduction over `axes`; an empty list means all.
    #[track_caller]
    pub fn reduce(&self, op: Reduce, axes: &[isize]) -> Lazy {
        let to = match self.dtype() {
            Ok(d) => op.input(d),
            Err(_) => return self.clone(),
        };
        self.cast(to).derive(|m| {
            let name = op.row().name;
            if !op.takes(m.dtype) {
                let detail = format!("the elements are {}; only bool and integers of up to 16 bits have it", m.dtype);
                return Err(Error::dtype(name, detail));
            }
            let axes = shape::axes(name, axes, m.shape.len())?;
            let empty = axes.iter().any(|&a| m.shape[a] == 0);
            if empty && !op.allows_empty() {
                return Err(Error::shape(
                    name,
                    format!(
                        "shape {} has no element along the reduced axes, and {name} of nothing is undefined",
                        shape::show(&m.shape)
                    ),
                ));
            }
            let meta = Meta { shape: shape::reduced(&m.shape, &axes, false), dtype: op.result(m.dtype) };
            // The axis of length 0 may have been the one that kept the others countable.
            shape::count(name, &meta.shape, meta.dtype.size())?;
            Ok((Op::Reduce { op, axes, keepdims: false }, meta))
        })
    }

    /// The result of a page of [`crate::ops::whole`] that has one.
    #[track_caller]
    pub fn whole(page: &'static Page, inputs: Vec<Lazy>, attrs: Vec<Attr>) -> Lazy {
        Self::whole_all(page, inputs, attrs)
            .pop()
            .unwrap_or_else(|| Lazy::failed(Error::internal(format!("{} has no result", page.row.name))))
    }

    /// All results of a page. Several are computed together, by one node that holds their bytes.
    #[track_caller]
    pub fn whole_all(page: &'static Page, inputs: Vec<Lazy>, attrs: Vec<Attr>) -> Vec<Lazy> {
        let whole = Whole::new(page, attrs);
        let build = || -> Result<Vec<Lazy>> {
            let metas = inputs.iter().map(|l| l.meta().cloned()).collect::<Result<Vec<_>>>()?;
            let results = whole.results(&metas)?;
            for r in &results {
                shape::count(page.row.name, &r.shape, r.dtype.size())?;
            }
            let meta = whole.meta(&metas)?;
            let parts = whole.parts(&results);
            let node = Lazy::node(Op::Whole(whole), inputs, Ok(meta));
            Ok(match parts {
                None => vec![node],
                Some(parts) => parts
                    .into_iter()
                    .zip(results)
                    .map(|(part, meta)| Lazy::node(Op::Whole(part), vec![node.clone()], Ok(meta)))
                    .collect(),
            })
        };
        match build() {
            Ok(all) => all,
            Err(e) => {
                let failed = Lazy::failed(e);
                vec![failed; page.row.outputs.count().max(1)]
            }
        }
    }

    /// An elementwise op over operands that broadcast, promoted by NumPy 2's rules.
    #[track_caller]
    pub fn elementwise(op: Elementwise, operands: Vec<Operand>) -> Lazy {
        match build_elementwise(op, operands) {
            Ok(lazy) => lazy,
            Err(e) => Lazy::failed(e),
        }
    }
}

pub(crate) fn weak_default(w: Weak) -> DType {
    match w {
        Weak::Bool(_) => DType::Bool,
        Weak::Int(_) => DType::I64,
        Weak::Float(_) => DType::F64,
        Weak::Complex(..) => DType::C128,
    }
}

pub(crate) fn weak_scalar(w: Weak, dtype: DType) -> Scalar {
    match w {
        Weak::Bool(b) => Scalar::from_i128(dtype, b.into()),
        Weak::Int(v) => Scalar::from_i128(dtype, v),
        Weak::Float(v) => Scalar::from_f64(dtype, v),
        Weak::Complex(re, im) => Scalar::from_parts(dtype, re, im),
    }
}

fn build_elementwise(op: Elementwise, operands: Vec<Operand>) -> Result<Lazy> {
    let name = op.name();
    let is_where = op == Elementwise::Ternary(Ternary::Where);
    let operands = within_reach(op, operands);
    // The operands whose types decide; a condition and an exponent do not.
    let values = match op {
        _ if is_where => operands.get(1..),
        Elementwise::MathBinary(MathBinary::Ldexp) => operands.get(..1),
        _ => operands.get(..),
    };
    let values = values.unwrap_or(&[]);
    let common = match op {
        Elementwise::MathBinary(MathBinary::Ldexp) => {
            types::exponent(name, operands.get(1))?;
            types::of_floats(values)?
        }
        Elementwise::MathBinary(m) if types::takes_floats(m) => types::of_floats(values)?,
        _ => common_type(op, values)?,
    };
    let op = types::for_integers(op, common);
    let work = work_type(op, common)?;
    if let [Operand::Lazy(x)] = operands.as_slice()
        && let Some(same) = unchanged(op, common, x)
    {
        return Ok(same);
    }
    let mut inputs = Vec::with_capacity(operands.len());
    for (i, operand) in operands.into_iter().enumerate() {
        let to = if is_where && i == 0 { DType::Bool } else { work };
        inputs.push(match operand {
            Operand::Lazy(l) => l.cast(to),
            Operand::Weak(w) => Lazy::scalar(weak_scalar(w, to)),
        });
    }
    let shapes = inputs.iter().map(|l| l.shape()).collect::<Result<Vec<_>>>()?;
    let shape = shape::broadcast(name, &shapes)?;
    let dtype = op.result(work);
    shape::count(name, &shape, dtype.size())?;
    Ok(Lazy::node(Op::Elementwise(op), inputs, Ok(Meta { shape, dtype })))
}

/// What needs no computing for elements of type `d`: NumPy's floor of an integer is that integer,
/// and a real number is its own real part.
fn unchanged(op: Elementwise, d: DType, x: &Lazy) -> Option<Lazy> {
    match op {
        Elementwise::Math(Math::Floor | Math::Ceil | Math::Trunc) if !d.is_float() => Some(x.clone()),
        // NumPy has no conjugate of truth values and takes its smallest integer.
        Elementwise::Part(Part::Conj) if d == DType::Bool => Some(x.cast(DType::I8)),
        Elementwise::Part(Part::Real | Part::Conj) if !d.is_complex() => Some(x.clone()),
        Elementwise::Part(Part::Imag) if !d.is_complex() => {
            let shape = x.shape().ok()?.to_vec();
            Some(Lazy::scalar(Scalar::from_i128(d, 0)).moved(Movement::Broadcast(shape)))
        }
        _ => None,
    }
}

/// Literals that have an answer though the array's type cannot hold them. An integer beyond every
/// type lies beyond all values in a comparison, as an infinity does; a bound of `clip` outside the
/// type holds nothing back. So NumPy.
fn within_reach(op: Elementwise, operands: Vec<Operand>) -> Vec<Operand> {
    let arrays = operands.iter().filter_map(|o| if let Operand::Lazy(l) = o { l.dtype().ok() } else { None });
    let Some(d) = arrays.reduce(promote).filter(|d| d.kind() < Kind::Float) else { return operands };
    let (lo, hi) = int_range(d);
    let held = move |(i, o)| match (op, i, o) {
        (Elementwise::Compare(_), _, Operand::Weak(Weak::Int(v)))
            if (v < lo || v > hi) && i64::try_from(v).is_err() =>
        {
            Operand::Weak(Weak::Float(if v < 0 { f64::NEG_INFINITY } else { f64::INFINITY }))
        }
        (Elementwise::Ternary(Ternary::Clip), 1, Operand::Weak(Weak::Int(v))) if d != DType::Bool => {
            Operand::Weak(Weak::Int(v.max(lo)))
        }
        (Elementwise::Ternary(Ternary::Clip), 2, Operand::Weak(Weak::Int(v))) if d != DType::Bool => {
            Operand::Weak(Weak::Int(v.min(hi)))
        }
        (_, _, other) => other,
    };
    operands.into_iter().enumerate().map(held).collect()
}

fn common_type(op: Elementwise, operands: &[Operand]) -> Result<DType> {
    let name = op.name();
    let mut strong: Option<DType> = None;
    for o in operands {
        if let Operand::Lazy(l) = o {
            let d = l.dtype()?;
            strong = Some(strong.map_or(d, |s| promote(s, d)));
        }
    }
    let weak = operands.iter().filter_map(|o| if let Operand::Weak(w) = o { Some(*w) } else { None });
    let Some(mut d) = strong else {
        return Ok(weak.map(weak_default).reduce(promote).unwrap_or(DType::F64));
    };
    for w in weak {
        // A comparison with an integer beyond the array's range has an answer all the same.
        d = match (promote_weak(name, d, w), op) {
            (Ok(d), _) => d,
            // Integers are divided as float64, which takes any.
            (Err(_), Elementwise::MathBinary(MathBinary::Divide)) => DType::F64,
            (Err(_), Elementwise::Compare(_)) => promote(d, DType::I64),
            (Err(e), _) => return Err(e),
        };
        let negative_power = matches!((op, w), (Elementwise::Binary(Binary::Power), Weak::Int(v)) if v < 0);
        if negative_power && d.kind() < Kind::Float {
            return Err(Error::value(
                name,
                "an integer to a negative integer power is no integer; cast to a float first",
            ));
        }
    }
    Ok(d)
}

/// The type in which `op` computes operands whose common type is `d`.
fn work_type(op: Elementwise, d: DType) -> Result<DType> {
    let refuse = |what: &str| Err(Error::dtype(op.name(), what.to_string()));
    let is_bool = d == DType::Bool;
    match op {
        _ if d.is_complex() && !complex::allows(op) => {
            refuse(&format!("is not defined for {d}; take real, imag or absolute of it first"))
        }
        Elementwise::Part(Part::Complex) => {
            Ok(if promote(d, DType::C64) == DType::C64 { DType::F32 } else { DType::F64 })
        }
        Elementwise::Unary(Unary::Negative) if is_bool => refuse("bool has no negative; use logical_not"),
        Elementwise::Unary(Unary::Sign) if is_bool => refuse("bool has no sign; cast it to a number first"),
        Elementwise::Binary(Binary::Subtract) if is_bool => refuse("bool minus bool is undefined; use bitwise_xor"),
        Elementwise::Binary(Binary::Power | Binary::FloorDivide | Binary::Remainder | Binary::Fmod) if is_bool => {
            Ok(DType::I8)
        }
        // NumPy has no square of truth values and takes its smallest integer.
        Elementwise::Unary(Unary::Square) if is_bool => Ok(DType::I8),
        Elementwise::Bits(Bits::LeftShift | Bits::RightShift) if is_bool => Ok(DType::I8),
        Elementwise::Bits(Bits::Gcd | Bits::Lcm) if is_bool || !d.is_integer() => {
            refuse(&format!("divisors of {d} are not defined; cast it to an integer"))
        }
        Elementwise::Bits(Bits::AddSat | Bits::SubtractSat | Bits::MultiplySat) if is_bool || !d.is_integer() => {
            refuse(&format!("{d} does not saturate; cast it to an integer, or use the op without _sat"))
        }
        Elementwise::Math(Math::I0) if !d.is_float() => Ok(DType::F64),
        Elementwise::Bits(_) if d.is_float() => refuse(&format!("bits of {d} are not defined; cast it to an integer")),
        // NumPy's angle is atan2 with a literal 0, which makes an int64 of truth values.
        Elementwise::Part(Part::Angle) if is_bool => Ok(DType::F64),
        Elementwise::Math(_) | Elementwise::Part(Part::Angle) => Ok(crate::array::promote::float_of(d)),
        Elementwise::MathBinary(_) if d.kind() < Kind::Float => Ok(DType::F64),
        _ => Ok(d),
    }
}
