//! What is known of an array before there is one.

use opusclip_raw::DType;

use super::Array;

/// Shape and element type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Meta {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
}

impl Meta {
    /// Both parts.
    pub fn new(shape: impl Into<Vec<usize>>, dtype: DType) -> Meta {
        Meta { shape: shape.into(), dtype }
    }

    /// Whether the array has this shape and type.
    pub(crate) fn is_of(&self, a: &Array) -> bool {
        self.dtype == a.dtype() && self.shape == a.shape()
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }
}

impl From<&Array> for Meta {
    fn from(a: &Array) -> Meta {
        Meta::new(a.shape(), a.dtype())
    }
}
