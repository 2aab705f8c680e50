//! The tree of an expression, kept flat: nodes in one list, children before parents. So it is
//! dropped, printed and computed by loops, and a long chain of operators cannot overflow the stack.

/// Index of a node in [`Ast::nodes`].
pub(super) type Id = usize;

/// One node and the column its operator, name or number stands at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) col: usize,
}

/// What a node is. Ids point backwards.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NodeKind {
    Int(i64),
    Float(f64),
    /// `2j`
    Imaginary(f64),
    Bool(bool),
    /// A word in quotes.
    Text(String),
    None,
    /// A variable, or an element type where nothing of that name was assigned.
    Name(String),
    /// `(1, 2)`
    Tuple(Vec<Id>),
    /// `[1, 2]`; as an index a list is one array and a tuple is several entries.
    List(Vec<Id>),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// `name(args…)`; a method call has its receiver as the first argument.
    Call(String, Vec<CallArg>),
    /// `a[items…]`
    Index(Id, Vec<Item>),
    /// `name = value`: gives the value and remembers it.
    Assign(String, Id),
    /// `name[items…] = value`: the name (of which the first id is the array) then means the new array.
    AssignIndex(String, Id, Vec<Item>, Id),
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CallArg {
    pub(super) keyword: Option<String>,
    pub(super) value: Id,
}

/// One entry between the brackets of an index.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// `3`, `[0, 2]`, `mask`
    At(Id),
    /// `start:stop:step`
    Slice(Option<Id>, Option<Id>, Option<Id>),
    /// `...`
    Ellipsis,
    /// `None`
    NewAxis,
}

/// Operators of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Negative,
    Plus,
    Invert,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Xor,
    LeftShift,
    RightShift,
    MatMul,
}

impl Binary {
    /// The operator as written, its binding strength (higher binds tighter, Python's order), and
    /// the op it stands for in NumPy's name. Power is not here: it binds to the right.
    pub(super) const TABLE: [(&'static str, u8, Binary); 18] = [
        ("<", 1, Binary::Less),
        ("<=", 1, Binary::LessEqual),
        (">", 1, Binary::Greater),
        (">=", 1, Binary::GreaterEqual),
        ("==", 1, Binary::Equal),
        ("!=", 1, Binary::NotEqual),
        ("|", 2, Binary::Or),
        ("^", 3, Binary::Xor),
        ("&", 4, Binary::And),
        ("<<", 5, Binary::LeftShift),
        (">>", 5, Binary::RightShift),
        ("+", 6, Binary::Add),
        ("-", 6, Binary::Subtract),
        ("*", 7, Binary::Multiply),
        ("/", 7, Binary::Divide),
        ("//", 7, Binary::FloorDivide),
        ("%", 7, Binary::Remainder),
        ("@", 7, Binary::MatMul),
    ];

    /// The highest binding strength of the table.
    pub(super) const TIGHTEST: u8 = 7;

    /// NumPy's name of the op.
    pub(super) const fn op(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Subtract => "subtract",
            Binary::Multiply => "multiply",
            Binary::Divide => "divide",
            Binary::FloorDivide => "floor_divide",
            Binary::Remainder => "remainder",
            // As the operator: literal squares and roots are computed as such.
            Binary::Power => "pow",
            Binary::Less => "less",
            Binary::LessEqual => "less_equal",
            Binary::Greater => "greater",
            Binary::GreaterEqual => "greater_equal",
            Binary::Equal => "equal",
            Binary::NotEqual => "not_equal",
            Binary::And => "bitwise_and",
            Binary::Or => "bitwise_or",
            Binary::Xor => "bitwise_xor",
            Binary::LeftShift => "left_shift",
            Binary::RightShift => "right_shift",
            Binary::MatMul => "matmul",
        }
    }

    /// True for the six comparisons.
    pub(super) const fn compares(self) -> bool {
        matches!(
            self,
            Binary::Less
                | Binary::LessEqual
                | Binary::Greater
                | Binary::GreaterEqual
                | Binary::Equal
                | Binary::NotEqual
        )
    }
}

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ast {
    /// Children before parents; statements in the order they were written.
    pub(super) nodes: Vec<Node>,
    /// The last expression: the result.
    pub(super) result: Id,
}
