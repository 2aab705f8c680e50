//! What a row of the registry says of an op. Every fact here is one that a test runs.

/// The kind of one argument, from which methods, the expression language and docs are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// An array or a literal.
    Array,
    /// A literal that is no array: its kind decides the type of what is made of it.
    Number,
    /// Several arrays in brackets; one array is the list of its parts.
    Arrays,
    /// NumPy's `*arrays`: each an argument of its own, or all in brackets.
    Operands,
    /// A list of axes, or one; none means all.
    Axes,
    /// One axis.
    Axis,
    /// An integer.
    Int,
    /// Several integers, or one.
    Ints,
    /// A float.
    Float,
    /// A truth value.
    Bool,
    /// One of some words.
    Text,
    /// A shape.
    Shape,
    /// An element type.
    DType,
}

/// What stands for an argument that is not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// It must be given.
    Required,
    /// Python's `None`.
    None,
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A word.
    Text(&'static str),
}

/// One argument: its name as NumPy has it, its kind, and what it is when it is not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// The keyword.
    pub name: &'static str,
    /// What may stand there.
    pub kind: ParamKind,
    /// What it is when it is left out.
    pub preset: Preset,
    /// Rare ones are no argument of the Rust method, whose arguments must all be written; calls by
    /// name have them, and so has Python.
    pub rare: bool,
}

impl Param {
    /// An argument that must be given; axes may always be left out and then mean all.
    pub const fn new(name: &'static str, kind: ParamKind) -> Param {
        let preset = if matches!(kind, ParamKind::Axes) { Preset::None } else { Preset::Required };
        Param { name, kind, preset, rare: false }
    }

    /// The same with a value for when it is not given.
    #[must_use]
    pub const fn or(self, preset: Preset) -> Param {
        Param { preset, ..self }
    }

    /// The same, left out of the Rust method. It must have a preset.
    #[must_use]
    pub const fn rare(self) -> Param {
        Param { rare: true, ..self }
    }

    /// True when it may be left out.
    pub const fn optional(&self) -> bool {
        !matches!(self.preset, Preset::Required)
    }

    /// True when `None` may stand there.
    pub const fn nullable(&self) -> bool {
        matches!(self.preset, Preset::None)
    }
}

/// How many arrays come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// One.
    One,
    /// As many as there are names.
    Named(&'static [&'static str]),
    /// As many as the arguments ask for.
    List,
}

impl Outputs {
    /// How many, where that is known from the row; else 0.
    pub const fn count(self) -> usize {
        match self {
            Outputs::One => 1,
            Outputs::Named(names) => names.len(),
            Outputs::List => 0,
        }
    }
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
    /// Arguments in order; the first is the array that the method is called on, if it is one.
    pub params: &'static [Param],
    /// What comes out.
    pub outputs: Outputs,
    /// Enum and variant, or the builder function, that the generated method calls.
    pub family: Family,
    /// Variant name within the family, or function name; empty means the op's name.
    pub variant: &'static str,
    /// How the oracle spells it: a NumPy expression in the names of the arguments.
    pub numpy: &'static str,
    /// Calls that the sweep against NumPy makes, as a person would write them, beside those that it
    /// makes of every row. Before a `|` may stand shapes for `x`, `y` and `z` (`x:3x4 y:4x2 | matmul(x, y)`);
    /// without, the sweep takes its own. Empty means a call with the arrays alone and, for each of a
    /// row's axes, some of them.
    pub tries: &'static [&'static str],
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
    /// At which finite numbers (x, y; y is 0 for one argument) the answer is infinite, or there is
    /// none, not because it is too large but by definition.
    pub pole: Option<fn(f64, f64) -> bool>,
}

/// Signature families; each has one file, or one folder.
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
    /// A page of [`crate::ops::whole`].
    Whole,
    /// A builder function made of other ops.
    Composed,
    /// Computed at once, because its result's shape depends on the data.
    Eager,
}

impl Family {
    /// The enum's name in source text.
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// The argument `x`, an array.
pub const X1: Param = Param::new("x", ParamKind::Array);
/// The argument `axis` where several may be named, and none means all.
pub const AXIS: Param = Param::new("axis", ParamKind::Axes);
/// The argument `axis` of an op along one, where none means the flattened array.
pub const NO_AXIS: Param = Param::new("axis", ParamKind::Axis).or(Preset::None);
/// The argument `axis=-1` of an op along one.
pub const LAST: Param = Param::new("axis", ParamKind::Axis).or(Preset::Int(-1));
/// The argument `dtype=None`.
pub const DTYPE: Param = Param::new("dtype", ParamKind::DType).or(Preset::None).rare();
/// The argument `keepdims=False`.
pub const KEEPDIMS: Param = Param::new("keepdims", ParamKind::Bool).or(Preset::Bool(false)).rare();
/// The argument `ddof=0.0` of variances.
pub const DDOF: Param = Param::new("ddof", ParamKind::Float).or(Preset::Float(0.0)).rare();
/// The argument `where=True` of reductions.
pub const WHERE: Param = Param::new("where", ParamKind::Array).or(Preset::Bool(true)).rare();

/// `x`
pub const X: &[Param] = &[X1];
/// `x, y`
pub const XY: &[Param] = &[X1, Param::new("y", ParamKind::Array)];
/// `x, axis=None`
pub const X_AXES: &[Param] = &[X1, AXIS];

impl Row {
    /// The defaults that rows start from.
    pub const BASE: Row = Row {
        name: "",
        doc: "",
        rule: "",
        params: X,
        outputs: Outputs::One,
        family: Family::Composed,
        variant: "",
        numpy: "",
        tries: &[],
        ulp: 0,
        commutes: false,
        identity: None,
        involution: false,
        idempotent: false,
        pole: None,
    };

    /// What pages of [`crate::ops::whole`] start from.
    pub const WHOLE: Row = Row { family: Family::Whole, ..Row::BASE };

    /// What ops that are computed at once start from.
    pub const EAGER: Row = Row { family: Family::Eager, ..Row::BASE };

    /// The variant's or function's name.
    pub const fn word(&self) -> &'static str {
        if self.variant.is_empty() { self.name } else { self.variant }
    }

    /// True when the first argument is an array, so that the op is a method of it.
    pub fn is_method(&self) -> bool {
        self.params.first().is_some_and(|p| p.kind == ParamKind::Array && !p.optional())
    }
}

/// Declares a family: the enum, the list of its variants and their rows, from one table.
macro_rules! family {
    (
        $(#[$meta:meta])* $name:ident { $($variant:ident { $($field:ident: $value:expr),* $(,)? })* }
        $(inner { $($inner:ident { $($own:ident: $fact:expr),* $(,)? })* })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // each variant's page is its row
        pub enum $name { $($variant,)* $($($inner),*)? }

        impl $name {
            /// Every op of the family that has a name for callers.
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
                    },)*
                    $($($name::$inner => Row {
                        family: Family::$name,
                        variant: stringify!($inner),
                        $($own: $fact,)*
                        ..Row::BASE
                    },)*)?
                }
            }
        }
    };
}
pub(crate) use family;
