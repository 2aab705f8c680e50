//! What a row of the registry says of an op. Every fact here is one that a test runs.

/// The kind of one argument, from which methods, the expression language and docs are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// An array or a literal.
    Array,
    /// A list of axes; none means all.
    Axes,
    /// One axis.
    Axis,
    /// An integer.
    Int,
    /// A position of a slice that may be missing.
    Position,
    /// A shape.
    Shape,
    /// An element type.
    DType,
}

/// One argument: its name as NumPy has it, and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// The keyword.
    pub name: &'static str,
    /// What may stand there.
    pub kind: ParamKind,
}

/// One page of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// NumPy's name, which is also the method's.
    pub name: &'static str,
    /// What it does, one sentence.
    pub doc: &'static str,
    /// The exact numeric rule: rounding, overflow, NaN, result type.
    pub rule: &'static str,
    /// Arguments in order; the first is the array that the method is called on.
    pub params: &'static [Param],
    /// Enum and variant, or the builder function, that the generated method calls.
    pub family: Family,
    /// Variant name within the family, or function name.
    pub variant: &'static str,
    /// How the oracle spells it: a NumPy expression in `x`, `y`, `z`.
    pub numpy: &'static str,
    /// Largest distance from NumPy's answer in units of the last place, for floats.
    pub ulp: u32,
    /// `f(x, y) == f(y, x)` for every pair.
    pub commutes: bool,
    /// `f(x, e) == x` for every x.
    pub identity: Option<i64>,
    /// `f(f(x)) == x` for every x.
    pub involution: bool,
    /// `f(f(x)) == f(x)` for every x.
    pub idempotent: bool,
}

/// Signature families; each has one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// One number to the same type.
    Unary,
    /// One float to the same type.
    Math,
    /// One number to a truth value.
    Test,
    /// Two numbers to the same type.
    Binary,
    /// Two floats to the same type.
    MathBinary,
    /// Two numbers to a truth value.
    Compare,
    /// Two integers or truth values to the same type.
    Bits,
    /// Three arrays.
    Ternary,
    /// A part or the mirror image of a complex number.
    Part,
    /// Many numbers to one.
    Reduce,
    /// A builder function made of other ops.
    Composed,
}

impl Family {
    /// The enum's name in source text.
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// `x`
pub const X: &[Param] = &[Param { name: "x", kind: ParamKind::Array }];
/// `x, y`
pub const XY: &[Param] = &[Param { name: "x", kind: ParamKind::Array }, Param { name: "y", kind: ParamKind::Array }];
/// `x, axis`
pub const X_AXES: &[Param] =
    &[Param { name: "x", kind: ParamKind::Array }, Param { name: "axis", kind: ParamKind::Axes }];

impl Row {
    /// The defaults that rows start from.
    pub const BASE: Row = Row {
        name: "",
        doc: "",
        rule: "",
        params: X,
        family: Family::Composed,
        variant: "",
        numpy: "",
        ulp: 0,
        commutes: false,
        identity: None,
        involution: false,
        idempotent: false,
    };
}

/// Declares a family: the enum, the list of its variants and their rows, from one table.
macro_rules! family {
    ($(#[$meta:meta])* $name:ident { $($variant:ident { $($field:ident: $value:expr),* $(,)? })* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // each variant's page is its row
        pub enum $name { $($variant),* }

        impl $name {
            /// Every op of the family.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The op's page.
            pub const fn row(self) -> $crate::ops::facts::Row {
                use $crate::ops::facts::{Family, Row};
                match self {
                    $($name::$variant => Row {
                        family: Family::$name,
                        variant: stringify!($variant),
                        $($field: $value,)*
                        ..Row::BASE
                    }),*
                }
            }
        }
    };
}
pub(crate) use family;
