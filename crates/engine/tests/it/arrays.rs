//! Arrays at the edges: empty, rank 0, errors that say what would do.

use opusclip_engine::{Array, DType, Lazy};

use crate::support::scalars;

fn of(values: &[f32], shape: &[usize]) -> Lazy {
    Array::from_slice(values, shape).unwrap().into()
}

#[test]
fn a_million_steps_neither_recurse_nor_are_slow() {
    let mut acc = of(&[0.0], &[1]);
    let one = of(&[1.0], &[1]);
    for _ in 0..1_000_000 {
        acc = acc + &one;
    }
    assert_eq!(acc.shape().unwrap(), &[1]);
    drop(acc);
}

#[test]
fn rank_zero_and_empty() {
    let x = of(&[], &[0, 3]);
    assert_eq!((&x + 1.0).collect().unwrap().shape(), &[0, 3]);
    assert_eq!(x.sum(()).collect().unwrap().get_f64(&[]).unwrap(), 0.0);
    assert!(x.mean(()).collect().unwrap().get_f64(&[]).unwrap().is_nan());
    assert_eq!(x.mean(1).collect().unwrap().shape(), &[0]);
    assert_eq!(x.sum(0).collect().unwrap().to_vec::<f32>().unwrap(), [0.0; 3]);
    let e = x.max(()).collect().unwrap_err().without_place().to_string();
    assert_eq!(e, "max: shape (0, 3) has no element along the reduced axes, and max of nothing is undefined");
    let zero_d = of(&[2.0], &[]);
    assert_eq!((&zero_d * 3.0).collect().unwrap().get_f64(&[]).unwrap(), 6.0);
    assert_eq!(zero_d.sum(()).collect().unwrap().get_f64(&[]).unwrap(), 2.0);
}

#[test]
fn an_error_travels_to_collect() {
    let line = line!() + 1;
    let bad = of(&[1.0, 2.0, 3.0], &[3]) + of(&[1.0, 2.0], &[2]);
    let later = ((bad * 2.0).sqrt().mean(0).keepdims().u8() + 1).clip(0, 5);
    let e = later.collect().unwrap_err();
    // The place is that of the step that failed, not of those that came after.
    assert!(e.to_string().ends_with(&format!(" (written at {}:{line})", file!())), "{e}");
    let e = e.without_place().to_string();
    assert_eq!(
        e,
        "add: shapes (3,) and (2,) do not broadcast: axis 0 has lengths 3 and 2; they must be equal or one of them 1"
    );
}

#[test]
fn messages_say_what_would_do() {
    let x = of(&[1.0; 6], &[2, 3]);
    let text = |l: Lazy| l.collect().unwrap_err().without_place().to_string();
    assert_eq!(text(x.mean(2)), "mean: axis 2 is out of bounds for an array of 2 dimensions");
    assert_eq!(text(x.mean([1, 1])), "mean: axis 1 is given twice");
    assert_eq!(
        text(x.reshape([4, -1])),
        "reshape: 6 elements of shape (2, 3) do not fill (4, -1): 6 is no multiple of 4"
    );
    assert_eq!(text(x.permute_dims([0, 0])), "permute_dims: the axes [0, 0] do not name each of the 2 axes once");
    assert_eq!(text(x.squeeze(0)), "squeeze: axis 0 of shape (2, 3) is not of length 1");
    assert_eq!(
        text(x.broadcast_to([2, 4])),
        "broadcast_to: shape (2, 3) does not broadcast to (2, 4): axis 1 has length 3; it must be 4 or 1"
    );
    assert_eq!(
        text(x.slice_axis(0, None, None, Some(0))),
        "slice: a slice step of 0 was given; it must be at least 1, or negative"
    );
    assert_eq!(
        text((&x + 1.0).keepdims()),
        "keepdims: this expression is not a reduction; write it right after mean(), sum() and their kin"
    );
    assert_eq!(text(x.bitwise_and(1)), "bitwise_and: bits of float32 are not defined; cast it to an integer");
    assert_eq!(text(-x.bool()), "negative: bool has no negative; use logical_not");
    assert_eq!(text(x.u8() + 256), "add: the integer 256 does not fit uint8 (0 to 255)");
    let huge = x.slice_axis(0, Some(0), Some(1), None).broadcast_to([isize::MAX, 3]);
    assert!(text(huge).contains("more elements than this machine can address"));
    assert_eq!(
        Array::from_slice(&[1u8, 2], &[3]).unwrap_err().to_string(),
        "array: 2 values do not fill shape (3,) (3 elements)"
    );
    assert_eq!(
        x.collect().unwrap().to_vec::<u8>().unwrap_err().to_string(),
        "to_vec: the array holds float32 and uint8 was asked for; cast it first"
    );
}

#[test]
fn casts_saturate_and_nan_is_zero() {
    let x = of(&[-1.0, 0.0, 1.9, 254.99, 255.0, 300.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY], &[9]);
    assert_eq!(x.u8().collect().unwrap().to_vec::<u8>().unwrap(), [0, 0, 1, 254, 255, 255, 0, 255, 0]);
    let half = of(&[0.5, 1.5, 2.5, -3.0, 999.0, f32::NAN], &[6]);
    assert_eq!(half.to_u8_rounded().collect().unwrap().to_vec::<u8>().unwrap(), [0, 2, 2, 0, 255, 0]);
}

#[test]
fn literals_are_weak() {
    let x: Lazy = Array::from_slice(&[1u8, 2], &[2]).unwrap().into();
    assert_eq!((&x + 1).dtype().unwrap(), DType::U8);
    assert_eq!((&x / 255).dtype().unwrap(), DType::F64);
    assert_eq!((x.f32() / 255.0).dtype().unwrap(), DType::F32);
    assert_eq!((2.0 * &x).dtype().unwrap(), DType::F64);
    assert_eq!(x.less(300).collect().unwrap().to_vec::<bool>().unwrap(), [true, true]);
}

#[test]
fn printing_is_nested_and_shortened() {
    let x = Array::from_slice(&[1u8, 2, 3, 4], &[2, 2]).unwrap();
    assert_eq!(x.to_string(), "[[1 2]\n [3 4]]");
    let long = Array::zeros(DType::U8, &[2000]).unwrap();
    assert_eq!(long.to_string(), "[0 0 0 ... 0 0 0]");
}

#[test]
fn views_share_and_copies_are_in_order() {
    let x: Lazy = Array::from_slice(&(0u8..24).collect::<Vec<_>>(), &[2, 3, 4]).unwrap().into();
    let y = x.permute_dims([2, 0, 1]).flip(0).collect().unwrap();
    assert_eq!(y.shape(), &[4, 2, 3]);
    let values: Vec<i128> = scalars(&y).into_iter().map(|s| s.to_i128()).collect();
    assert_eq!(&values[..6], &[3, 7, 11, 15, 19, 23]);
}

#[test]
fn a_literal_on_the_left_is_weak_in_calls_by_name() {
    use opusclip_engine::api::call::{Arg, call};
    let x: Lazy = Array::from_slice(&[1u8, 250], &[2]).unwrap().into();
    let minus = call("subtract", &[Arg::Int(255), Arg::Array(x.clone())]).unwrap();
    assert_eq!((minus.dtype().unwrap(), minus.collect().unwrap().to_vec::<u8>().unwrap()), (DType::U8, vec![254, 5]));
    let power = call("pow", &[Arg::Int(2), Arg::Array(x)]).unwrap();
    assert_eq!(power.dtype().unwrap(), DType::U8);
}
