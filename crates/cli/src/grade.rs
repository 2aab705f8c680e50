//! Grading options as an expression. The text made here is the one that `--help` documents, so
//! the formulas cannot differ from what is run.

use std::fmt::Write as _;

use opusclip::Error;
use opusclip::expr::Expr;

use crate::args::GradeArgs;
use crate::exit::{Failure, Outcome};

/// The reference job: what is done when nothing is asked for.
const REFERENCE: (f64, f64) = (0.8, 1.2);

/// The reference job as an expression.
pub(crate) fn reference() -> String {
    composed(Some(REFERENCE.0), Some(REFERENCE.1), None, None)
}

/// The expression that `args` ask for; `x` with `--no-grade`.
pub(crate) fn source(args: &GradeArgs) -> String {
    if let Some(text) = &args.expr {
        return text.clone();
    }
    if args.no_grade {
        return "x".to_string();
    }
    let GradeArgs { gamma, contrast, brightness, saturation, .. } = *args;
    if gamma.or(contrast).or(brightness).or(saturation).is_none() {
        return reference();
    }
    composed(gamma, contrast, brightness, saturation)
}

fn composed(gamma: Option<f64>, contrast: Option<f64>, brightness: Option<f64>, saturation: Option<f64>) -> String {
    let mut text = "g = f32(x) / 255".to_string();
    // Debug prints a float so that it reads back as the same float: `1.0`, not `1`.
    if let Some(gamma) = gamma {
        let _ = write!(text, "; g = g ** {gamma:?}");
    }
    if let Some(contrast) = contrast {
        let _ = write!(text, "; m = mean(g, axis=(1, 2, 3), keepdims=True); g = (g - m) * {contrast:?} + m");
    }
    if let Some(brightness) = brightness {
        let _ = write!(text, "; g = g + {brightness:?}");
    }
    if let Some(saturation) = saturation {
        let _ = write!(
            text,
            "; l = g[..., 0:1] * 0.2126 + g[..., 1:2] * 0.7152 + g[..., 2:3] * 0.0722; g = (g - l) * {saturation:?} + l"
        );
    }
    text + "; u8(clip(g, 0, 1) * 255)"
}

/// The parsed expression. A mistake in it is wrong usage and names the option.
pub(crate) fn expression(args: &GradeArgs) -> Outcome<Expr> {
    let parsed = Expr::parse(&source(args)).and_then(|expr| expr.check(&["x"]).map(|()| expr));
    parsed.map_err(|error| Failure::Usage(named(error).to_string()))
}

/// An error of the expression language, named after the option that holds the expression.
pub(crate) fn named(error: Error) -> Error {
    match error {
        Error::Value { op, detail } if op == "expr" => Error::Value { op: "--expr".to_string(), detail },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> GradeArgs {
        GradeArgs {
            gamma: None,
            contrast: None,
            brightness: None,
            saturation: None,
            no_grade: false,
            expr: None,
            frames: None,
        }
    }

    #[test]
    fn no_option_is_the_reference_job() {
        assert_eq!(
            source(&args()),
            "g = f32(x) / 255; g = g ** 0.8; m = mean(g, axis=(1, 2, 3), keepdims=True); g = (g - m) * 1.2 + m; \
             u8(clip(g, 0, 1) * 255)"
        );
        let explicit = GradeArgs { gamma: Some(0.8), contrast: Some(1.2), ..args() };
        assert_eq!(source(&explicit), source(&args()));
    }

    #[test]
    fn options_are_composed_in_order_and_each_text_parses() {
        let all = GradeArgs {
            gamma: Some(1e-9),
            contrast: Some(-1.0),
            brightness: Some(1e300),
            saturation: Some(0.0),
            ..args()
        };
        let text = source(&all);
        let places = ["** 1e-9", "* -1.0 + m", "g + 1e300", "* 0.0 + l", "u8(clip(g, 0, 1) * 255)"];
        let found: Vec<_> = places.iter().map(|p| text.find(p)).collect();
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{text}");
        for args in [all, args(), GradeArgs { no_grade: true, ..args() }] {
            assert!(expression(&args).is_ok());
        }
        assert_eq!(
            source(&GradeArgs { brightness: Some(0.1), ..args() }),
            "g = f32(x) / 255; g = g + 0.1; u8(clip(g, 0, 1) * 255)"
        );
    }
}
