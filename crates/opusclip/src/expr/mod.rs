//! The expression language of `--expr`: Python's spelling, NumPy's names, the registry's ops.
//!
//! ```text
//! g = (f32(x) / 255) ** 0.8;  m = mean(g, axis=(1, 2, 3), keepdims=True);
//! u8(clip((g - m) * 1.2 + m, 0, 1) * 255)
//! ```
//!
//! Statements are separated by `;` or line ends; the last one is the result. Numbers are weak, as
//! Python's are in NumPy 2: they take the element type of the array they meet. So `x / 255` of a
//! `uint8` is `float64` as in NumPy, and `f32(x) / 255` stays `float32`; `2j` is imaginary, and makes a complex
//! array of that width. `x.T`, `x.mT`, `x.real` and `x.imag` are attributes, as in NumPy. Text is bounded in length
//! and depth, nothing in it can loop, name a file or run code, and every error says the column.

mod ast;
mod complex;
mod eval;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;
mod value;

use opusclip_engine::Lazy;

use crate::error::Result;

/// A parsed expression, not yet bound to arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    ast: ast::Ast,
}

impl Expr {
    /// Parses `source`.
    ///
    /// # Errors
    /// [`Error::Value`](crate::Error::Value) of op `expr` with the column (in characters, from 1)
    /// of what cannot be understood. At most 16384 characters and 64 levels of nesting.
    pub fn parse(source: &str) -> Result<Expr> {
        Ok(Expr { ast: parser::parse(source)? })
    }

    /// Refuses names and functions that nothing stands for when only `variables` are bound, so
    /// that a typing error is found before any file is opened.
    ///
    /// # Errors
    /// [`Error::Value`](crate::Error::Value) of op `expr` with the column.
    pub fn check(&self, variables: &[&str]) -> Result<()> {
        eval::check(&self.ast, variables)
    }

    /// The lazy result with `variables` (a name and its array each; the frames are called `x`)
    /// bound. Nothing is read or computed.
    ///
    /// # Errors
    /// [`Error::Value`](crate::Error::Value) of op `expr` with the column where an op refuses its
    /// arguments, a name is unknown, or the result is no array.
    pub fn eval(&self, variables: &[(&str, Lazy)]) -> Result<Lazy> {
        eval::eval(&self.ast, variables)
    }

    /// All results of an expression that ends in an op of several, `svd(x)`; of any other, its one.
    ///
    /// # Errors
    /// As [`Expr::eval`].
    pub fn eval_all(&self, variables: &[(&str, Lazy)]) -> Result<Vec<Lazy>> {
        eval::eval_all(&self.ast, variables)
    }
}
