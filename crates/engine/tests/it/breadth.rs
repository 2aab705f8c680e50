//! Reductions, creation and manipulation beyond what the sweep sees: the Rust side, streams, memory.
//! Every constant is NumPy's answer.

use opusclip_engine::array::broadcast_shapes;
use opusclip_engine::array::promote::Weak;
use opusclip_engine::ops::Reduce;
use opusclip_engine::{Array, Complex, DType, Lazy, RunOptions, collect_all, functions};

use crate::support::{of, refused};

fn ramp(shape: &[usize]) -> Lazy {
    let n: usize = shape.iter().product();
    of(&(0..n as i64).collect::<Vec<_>>(), shape)
}

#[track_caller]
fn gives(l: &Lazy, shape: &[usize], values: &[f64]) {
    let a = l.collect().unwrap();
    assert_eq!(a.shape(), shape);
    assert_eq!(a.to_f64_vec().unwrap(), values);
}

#[test]
fn keepdims_reaches_the_reductions_in_a_composed_one() {
    let x = ramp(&[2, 3]);
    let near = |l: &Lazy, shape: &[usize], values: &[f64]| {
        let a = l.collect().unwrap();
        assert_eq!(a.shape(), shape);
        for (a, b) in a.to_f64_vec().unwrap().iter().zip(values) {
            assert!((a - b).abs() < 1e-15, "{a} {b}");
        }
    };
    near(&x.var(1).keepdims(), &[2, 1], &[2.0 / 3.0, 2.0 / 3.0]);
    near(&x.std(0).keepdims(), &[1, 3], &[1.5; 3]);
    gives(&x.ptp(1).keepdims(), &[2, 1], &[2.0, 2.0]);
    gives(&x.median(()).keepdims(), &[1, 1], &[2.5]);
    gives(&x.prod(1).keepdims(), &[2, 1], &[0.0, 60.0]);
    gives(&x.argmax(1).keepdims(), &[2, 1], &[2.0, 2.0]);
    gives(&x.average(0, None).keepdims(), &[1, 3], &[1.5, 2.5, 3.5]);
    gives(&x.nansum(1).keepdims(), &[2, 1], &[3.0, 12.0]);
    gives(&x.percentile(50, 1).keepdims(), &[2, 1], &[1.0, 4.0]);
    gives(&x.count_nonzero(1).keepdims(), &[2, 1], &[2.0, 3.0]);
    gives(&x.f32().mean(0).keepdims(), &[1, 3], &[1.5, 2.5, 3.5]);
    assert!(refused(&(&x + 1).keepdims()).starts_with("keepdims: this expression is not a reduction"));
    assert!(refused(&x.cumsum(0).keepdims()).starts_with("keepdims:"));
}

#[test]
fn products_overflow_only_if_their_result_does() {
    // Python: fractions.Fraction(1e300) ** 2 * Fraction(1e-300) and its float.
    let x = of(&[1e300, 1e300, 1e-300], &[3]);
    gives(&x.prod(()), &[], &[1.000_000_000_000_000_2e300]);
    let cumulative = x.cumprod(()).collect().unwrap().to_f64_vec().unwrap();
    assert_eq!(cumulative, [1e300, f64::INFINITY, 1.000_000_000_000_000_2e300]);
    gives(&of(&[5e-324, 0.5, 4.0], &[3]).prod(()), &[], &[1e-323]);
    gives(&of(&[-0.0, 3.0], &[2]).prod(()), &[], &[-0.0]);
    assert!(of(&[0.0, f64::INFINITY], &[2]).prod(()).collect().unwrap().get_f64(&[]).unwrap().is_nan());
    gives(&of(&[-2.0, f64::INFINITY], &[2]).prod(()), &[], &[f64::NEG_INFINITY]);
    let ints = Array::from_slice(&[i64::MAX, 3], &[2]).unwrap();
    // np.prod([2**63 - 1, 3]) wraps to 9223372036854775805.
    assert_eq!(Lazy::from(ints).prod(()).collect().unwrap().to_vec::<i64>().unwrap(), [9_223_372_036_854_775_805]);
}

#[test]
fn running_sums_carry_what_rounding_lost() {
    let x = of(&[1.0, 1e100, 1.0, -1e100], &[4]);
    gives(&x.cumsum(0), &[4], &[1.0, 1e100, 1e100, 2.0]);
    let zero = of(&[-0.0], &[1]).cumsum(0).collect().unwrap().to_f64_vec().unwrap();
    assert!(zero[0].is_sign_negative());
    let inf = of(&[f64::INFINITY, 1.0, f64::NEG_INFINITY], &[3]).cumsum(0).collect().unwrap();
    let inf = inf.to_f64_vec().unwrap();
    assert_eq!(inf[1], f64::INFINITY);
    assert!(inf[2].is_nan());
}

#[test]
fn constants_need_no_memory_whatever_their_shape() {
    let big = functions::zeros([1 << 33, 4], DType::F64);
    assert_eq!(big.shape().unwrap(), &[1 << 33, 4]);
    let x = big.slice_axis(0, Some(5), Some(7), None);
    gives(&x, &[2, 4], &[0.0; 8]);
    gives(&functions::full([1 << 40], 7).slice_axis(0, Some(-1), None, None), &[1], &[7.0]);
    assert!(refused(&functions::zeros([isize::MAX, 9], DType::F64)).contains("more elements than"));
    assert_eq!(refused(&functions::ones([-1], DType::U8)), "ones: the length -1 is negative");
    assert!(refused(&functions::arange(0, Some(f64::INFINITY.into()), 1)).contains("never end"));
    // The distance of the ends is no i128, and neither is the second number.
    let ends = (Weak::Int(i128::MIN), Some(Weak::Int(i128::MAX).into()));
    assert!(refused(&functions::arange(ends.0, ends.1, 1)).contains("more than can be addressed"));
    let few = functions::arange(Weak::Int(i128::MAX - 1), Some(Weak::Int(i128::MAX).into()), Weak::Int(i128::MAX));
    assert_eq!(few.shape().unwrap(), [1]);
    assert!(refused(&ramp(&[4]).repeat(i64::MAX, Some(0))).contains("too large to address"));
    assert!(refused(&ramp(&[4]).tile([isize::MAX, 2])).contains("more elements than"));
    assert!(refused(&ramp(&[4]).pad(i64::MAX, "wrap")).contains("too large to address"));
    assert!(refused(&ramp(&[4]).resize([isize::MAX, 3])).contains("more elements than"));
}

#[test]
fn answers_do_not_depend_on_threads_or_chunks() {
    let x = (ramp(&[37, 5, 8]).f32() * 0.37).sin();
    let all = [
        x.prod((1, 2)),
        x.median((1, 2)),
        x.cumsum(1),
        x.cumprod(-1),
        x.percentile(30.0, (1, 2)),
        x.argmin(2),
        x.var(()),
        x.nanmean((0, 2)),
        x.roll(3, 1),
        x.roll(3, 0),
        x.pad(2, "reflect"),
        x.tile([1, 2, 1]),
        x.histogram(7)[0].clone(),
    ];
    let one = collect_all(&all, &RunOptions { threads: 1, ..RunOptions::default() }).unwrap();
    for threads in [2, 5] {
        let many = collect_all(&all, &RunOptions { threads, ..RunOptions::default() }).unwrap();
        for (i, (a, b)) in one.iter().zip(&many).enumerate() {
            crate::support::assert_same(&format!("{i} on {threads} threads"), a, b);
        }
    }
}

#[test]
fn frames_stream_where_time_is_left_alone() {
    let x = ramp(&[6, 3, 4]);
    let waits = |l: &Lazy| l.explain().contains("does not stream yet");
    for (what, l) in [
        ("median", x.median((1, 2))),
        ("cumsum", x.cumsum(1)),
        ("prod", x.prod(2)),
        ("argmax", x.argmax(1)),
        ("percentile", x.percentile(50, (1, 2))),
        ("tile", x.tile([1, 2, 2])),
        ("repeat", x.repeat(2, Some(1))),
        ("roll", x.roll(1, 2)),
        ("swapaxes", x.swapaxes(1, 2)),
        ("pad", x.pad(Array::from_slice(&[0i64, 0, 1, 2, 3, 0], &[3, 2]).unwrap(), "reflect")),
    ] {
        assert!(!waits(&(l + 1)), "{what}");
    }
    assert!(waits(&(x.median(0) + 1)) && waits(&(x.cumsum(0) + 1)));
}

#[test]
fn arrays_of_indices_and_shapes() {
    let x = Array::from_fn(&[2, 3], |i| (10 * i[0] + i[1]) as u8).unwrap();
    assert_eq!(x.to_vec::<u8>().unwrap(), [0, 1, 2, 10, 11, 12]);
    assert_eq!(Array::from_fn(&[2, 0], |_| 1.0f32).unwrap().shape(), &[2, 0]);
    assert_eq!(Array::from_fn(&[], |_| 7i64).unwrap().to_vec::<i64>().unwrap(), [7]);
    assert_eq!(broadcast_shapes(&[&[2, 1], &[3], &[]]).unwrap(), [2, 3]);
    assert!(broadcast_shapes(&[&[2], &[3]]).is_err());
}

#[test]
fn errors_are_one_line_of_the_callers_place() {
    let x = ramp(&[2, 3]);
    let line = line!() + 1;
    let e = x.percentile(50, 7).collect().unwrap_err().to_string();
    assert!(e.ends_with(&format!("(written at {}:{line})", file!())), "{e}");
    // Of ops made of ops too, however deep in them the refusal is.
    let z = ramp(&[2, 3]).c64();
    let places = |line: u32, all: &[Lazy]| {
        for l in all {
            let e = l.meta().unwrap_err().to_string();
            assert!(e.ends_with(&format!("(written at {}:{line})", file!())), "{e}");
        }
    };
    let none = x.slice_axis(0, Some(0), Some(0), None);
    #[rustfmt::skip]
    places(line!(), &[x.bool().positive(), x.bool().round(2), (&x / 2).bitwise_count(), z.fabs(), z.sinc().signbit(), x.hfft(None, 7, None), x.sobel(7, "reflect"), x.uniform_filter(3, "no", ()), functions::kaiser(1 << 62, 2.0), (&x / 2).invert(), x.lerp(1.0, Complex::new(0.0, 1.0)), none.max(())]);
    assert_eq!(refused(&x.percentile(150, 0)), "quantile: 150 was asked for; it must lie in 0 to 100");
    let nan = of(&[f64::NAN, f64::NAN], &[2]);
    assert_eq!(refused(&nan.nanargmax(())), "nanargmax: only NaN stands along the axis, and none of them has a place");
    let cut = x.split(2, 1);
    assert_eq!(refused(&cut[0]), "split: 3 elements along axis 1 are not 2 equal parts; use array_split");
    assert!(x.reduce(Reduce::Sum, &[5]).collect().is_err());
}
