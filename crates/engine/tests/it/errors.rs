//! The texts of errors about shapes and types: what was given, which axis, what would do.

use opusclip_engine::array::shape;
use opusclip_engine::{Array, DType, Lazy};

use crate::support::refused;

fn ones(shape: &[usize]) -> Lazy {
    Array::zeros(DType::F32, shape).unwrap().into()
}

#[test]
fn broadcasting_says_which_axis_and_what_would_help() {
    let sum = |a: &[usize], b: &[usize]| refused(&(ones(a) + ones(b)));
    assert_eq!(
        sum(&[4, 3], &[2, 3]),
        "add: shapes (4, 3) and (2, 3) do not broadcast: axis 0 has lengths 4 and 2; they must be equal or one of them 1"
    );
    assert_eq!(
        sum(&[4, 3], &[4]),
        "add: shapes (4, 3) and (4,) do not broadcast: axis -1 has lengths 3 and 4; they must be equal or one of \
         them 1; reshape the second to (4, 1) to line it up along axis 0"
    );
    assert_eq!(
        sum(&[10], &[10, 480, 640, 3]),
        "add: shapes (10,) and (10, 480, 640, 3) do not broadcast: axis -1 has lengths 10 and 3; they must be equal \
         or one of them 1; reshape the first to (10, 1, 1, 1) to line it up along axis 0"
    );
    assert_eq!(
        sum(&[2, 5, 7], &[5, 2]),
        "add: shapes (2, 5, 7) and (5, 2) do not broadcast: axis -1 has lengths 7 and 2; they must be equal or one of \
         them 1"
    );
    assert_eq!(
        sum(&[3, 4], &[4, 3]),
        "add: shapes (3, 4) and (4, 3) do not broadcast: axis 0 has lengths 3 and 4; they must be equal or one of \
         them 1; permute_dims([1, 0]) of the second makes it (3, 4)"
    );
    assert_eq!(
        sum(&[2, 3, 4], &[4, 2, 3]),
        "add: shapes (2, 3, 4) and (4, 2, 3) do not broadcast: axis 0 has lengths 2 and 4; they must be equal or one \
         of them 1; permute_dims([1, 2, 0]) of the second makes it (2, 3, 4)"
    );
    assert_eq!(
        sum(&[3], &[0]),
        "add: shapes (3,) and (0,) do not broadcast: axis 0 has lengths 3 and 0; they must be equal or one of them 1"
    );
    let three = ones(&[2, 3]).clip(ones(&[3]), ones(&[4]));
    assert_eq!(
        refused(&three),
        "clip: shapes (2, 3) and (3,) and (4,) do not broadcast: axis -1 has lengths 3 and 4; they must be equal or \
         one of them 1"
    );
}

#[test]
fn hints_do_what_they_say() {
    // Each hint is followed, and then the sum has an answer.
    assert!((ones(&[4, 3]) + ones(&[4]).reshape([4, 1])).collect().is_ok());
    assert!((ones(&[10]).reshape([10, 1, 1, 1]) + ones(&[10, 4, 6, 3])).collect().is_ok());
    assert!((ones(&[3, 4]) + ones(&[4, 3]).permute_dims([1, 0])).collect().is_ok());
    assert!((ones(&[2, 3, 4]) + ones(&[4, 2, 3]).permute_dims([1, 2, 0])).collect().is_ok());
}

#[test]
fn broadcast_to_says_which_axis() {
    let to = |a: &[usize], to: &[isize]| refused(&ones(a).broadcast_to(to));
    assert_eq!(
        to(&[2, 3], &[2, 4]),
        "broadcast_to: shape (2, 3) does not broadcast to (2, 4): axis 1 has length 3; it must be 4 or 1"
    );
    assert_eq!(
        to(&[2, 3], &[5, 2, 1]),
        "broadcast_to: shape (2, 3) does not broadcast to (5, 2, 1): axis 1 has length 3; it must be 1"
    );
    assert_eq!(to(&[2, 3], &[3]), "broadcast_to: shape (2, 3) does not broadcast to (3,): it has 2 axes, more than 1");
    assert_eq!(to(&[2], &[-1]), "broadcast_to: the length -1 is negative");
}

#[test]
fn reshape_says_what_does_not_divide() {
    let to = |a: &[usize], to: &[isize]| refused(&ones(a).reshape(to));
    assert_eq!(to(&[2, 3], &[4, -1]), "reshape: 6 elements of shape (2, 3) do not fill (4, -1): 6 is no multiple of 4");
    assert_eq!(to(&[2, 3], &[4, 2]), "reshape: 6 elements of shape (2, 3) do not fill (4, 2): that shape has 8");
    assert_eq!(to(&[2, 3], &[5]), "reshape: 6 elements of shape (2, 3) do not fill (5,): that shape has 5");
    assert_eq!(
        to(&[2, 3], &[-1, -1]),
        "reshape: 6 elements of shape (2, 3) do not fill (-1, -1): 2 lengths are -1; one at most can be worked out"
    );
    assert_eq!(
        to(&[2, 3], &[-2, 3]),
        "reshape: 6 elements of shape (2, 3) do not fill (-2, 3): the length -2 is negative; -1 alone means \"what is left\""
    );
    assert_eq!(
        to(&[0, 3], &[0, -1]),
        "reshape: 0 elements of shape (0, 3) do not fill (0, -1): beside a length of 0 nothing can be worked out"
    );
    assert_eq!(
        to(&[2, 3], &[isize::MAX, isize::MAX]),
        format!(
            "reshape: 6 elements of shape (2, 3) do not fill ({0}, {0}): that is more than this machine can address",
            isize::MAX
        )
    );
    // What NumPy takes: -1 beside lengths that divide nothing.
    assert_eq!(ones(&[0, 3]).reshape([3, -1]).shape().unwrap(), &[3, 0]);
    assert_eq!(ones(&[0, 3]).reshape([isize::MAX, 0, isize::MAX]).ndim().unwrap(), 3);
}

#[test]
fn joining_says_which_array_and_which_axis() {
    let join = |shapes: &[&[usize]], axis| shape::concat("concatenate", shapes, axis);
    assert_eq!(join(&[&[2, 3], &[4, 3]], 0).unwrap(), [6, 3]);
    let text = |shapes: &[&[usize]], axis| join(shapes, axis).unwrap_err().to_string();
    assert_eq!(
        text(&[&[2, 3], &[2, 3], &[4, 5]], 0),
        "concatenate: array 0 of shape (2, 3) and array 2 of shape (4, 5) differ along axis 1 (3 and 5); only axis 0 \
         may differ"
    );
    assert_eq!(
        text(&[&[2, 3], &[3]], 0),
        "concatenate: array 0 of shape (2, 3) and array 1 of shape (3,) differ in rank; expand_dims or reshape one of \
         them"
    );
    assert_eq!(text(&[], 0), "concatenate: no array was given; at least one is needed");
    assert_eq!(text(&[&[2]], 1), "concatenate: axis 1 is out of bounds for an array of 1 dimensions");
    assert!(text(&[&[usize::MAX, 0], &[2, 0]], 0).ends_with("too long"));
}

#[test]
fn types_say_what_would_do() {
    let x = ones(&[2]);
    assert_eq!(refused(&x.bitwise_or(1)), "bitwise_or: bits of float32 are not defined; cast it to an integer");
    assert_eq!(
        x.collect().unwrap().to_vec::<u8>().unwrap_err().to_string(),
        "to_vec: the array holds float32 and uint8 was asked for; cast it first"
    );
}
