//! Indexing and assignment against NumPy: thousands of random indices of `golden/make_index.py`,
//! and the rules that are easy to get wrong, one by one.

use opusclip_engine::{Array, Complex, DType, Ellipsis, Index, Lazy, NewAxis, RunOptions, Slice, ix};
use serde_json::Value;

use crate::support::{digest, golden, shape_in};

fn ints(v: &Value) -> Vec<i64> {
    v.as_array().unwrap().iter().map(|i| i.as_i64().unwrap()).collect()
}

fn data(values: &[i64], shape: &[usize]) -> Lazy {
    Array::from_slice(values, shape).unwrap().into()
}

fn range(n: i64, shape: &[usize]) -> Lazy {
    data(&(0..n).collect::<Vec<_>>(), shape)
}

/// The same elements, but not in memory until they are computed.
fn later(x: &Lazy) -> Lazy {
    if x.dtype().unwrap() == DType::Bool { x.logical_not().logical_not() } else { (x + 7) - 7 }
}

fn digest_of(a: &Array) -> String {
    digest(a.to_vec::<i64>().unwrap().into_iter().map(i128::from))
}

fn entry(v: &Value, lazily: bool) -> Index {
    let array = |l: Lazy| Index::Array(if lazily { later(&l) } else { l });
    match v {
        Value::Number(n) => Index::At(n.as_i64().unwrap() as isize),
        Value::Bool(b) => Index::Flag(*b),
        Value::String(s) if s == "n" => Index::NewAxis,
        Value::String(_) => Index::Ellipsis,
        v => match v[0].as_str().unwrap() {
            "s" => {
                let part = |n: usize| v[n].as_i64().map(|i| i as isize);
                Index::Slice(Slice { start: part(1), stop: part(2), step: part(3) })
            }
            "i" => array(data(&ints(&v[2]), &shape_in(&v[1]))),
            _ => {
                let bits: Vec<bool> = v[2].as_str().unwrap().bytes().map(|b| b == b'1').collect();
                array(Array::from_slice(&bits, &shape_in(&v[1])).unwrap().into())
            }
        },
    }
}

#[test]
fn random_indices_are_numpys() {
    let golden = golden("index.json");
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 5000);
    let (mut picks, mut sets, mut refusals) = (0, 0, 0);
    for case in cases {
        let shape = shape_in(&case[0]);
        let n = shape.iter().product::<usize>() as i64;
        let memory = range(n, &shape);
        // In memory everything is known; of expressions positions are checked when they are computed.
        for (x, lazily) in [(&memory, false), (&later(&memory), false), (&later(&memory), true)] {
            let index: Vec<Index> = case[1].as_array().unwrap().iter().map(|v| entry(v, lazily)).collect();
            let got = x.index(index.clone()).collect();
            if case[2].is_null() {
                // Where nothing is to be computed, positions that are yet to be are never looked at.
                let nothing = |l: &Lazy| lazily && l.shape().is_ok_and(|s| s.contains(&0));
                let (get, set) = (x.index(index.clone()), x.set(index, 1));
                assert!(got.is_err() || nothing(&get), "{case}: NumPy refuses");
                assert!(set.collect().is_err() || nothing(&get), "{case}: NumPy refuses");
                refusals += 1;
                continue;
            }
            let got = got.unwrap_or_else(|e| panic!("{case}: {e}"));
            assert_eq!(got.shape(), shape_in(&case[2][0]), "{case}");
            assert_eq!(digest_of(&got), case[2][1].as_str().unwrap(), "{case}");
            picks += 1;

            let to = shape_in(&case[3]);
            let values: Vec<i64> = (0..to.iter().product::<usize>() as i64).map(|v| -1 - v).collect();
            let set = x.set(index, data(&values, &to)).collect();
            match case[4].as_str() {
                None => {
                    assert!(set.is_err(), "{case}: NumPy refuses the value");
                    refusals += 1;
                }
                Some(want) => {
                    let set = set.unwrap_or_else(|e| panic!("{case}: {e}"));
                    assert_eq!(set.shape(), shape, "{case}");
                    assert_eq!(digest_of(&set), want, "{case} assigned");
                    sets += 1;
                }
            }
        }
    }
    assert!(picks > 15_000 && sets > 15_000 && refusals > 500, "{picks} {sets} {refusals}");
}

fn shape_of(x: &Lazy, index: impl opusclip_engine::IntoIndex) -> Vec<usize> {
    let lazy = x.index(index);
    let shape = lazy.shape().unwrap().to_vec();
    assert_eq!(lazy.collect().unwrap().shape(), shape);
    shape
}

#[test]
fn arrays_that_are_neighbours_stay_in_place() {
    let x = range(60, &[3, 4, 5]);
    let i = data(&[0, 1], &[2]);
    let one = data(&[0], &[1]);
    // An ellipsis that stands for nothing still stands between.
    assert_eq!(shape_of(&x, (.., &one, Ellipsis, &one)), [1, 3]);
    assert_eq!(shape_of(&x, (.., &one, &one)), [3, 1]);
    // Integers count as arrays where there are arrays.
    assert_eq!(shape_of(&x, (0, .., &i)), [2, 4]);
    assert_eq!(shape_of(&x, (.., 0, &i)), [3, 2]);
    assert_eq!(shape_of(&x, ix![NewAxis, &i, 0]), [1, 2, 5]);
    assert_eq!(shape_of(&x, ix![.., &i, None, &i]), [2, 3, 1]);
    // Truth values are arrays of no axis.
    assert_eq!(shape_of(&x, true), [1, 3, 4, 5]);
    assert_eq!(shape_of(&x, false), [0, 3, 4, 5]);
    assert_eq!(shape_of(&x, (.., true)), [3, 1, 4, 5]);
    assert_eq!(shape_of(&x, (.., true, &i)), [3, 2, 5]);
    assert_eq!(shape_of(&x, (0, .., true)), [1, 4, 5]);
    assert_eq!(shape_of(&x, (true, .., 0)), [1, 3, 5]);
    assert_eq!(shape_of(&x, ix![1..3, .., Slice::from(0..5).by(-1)]), [2, 4, 0]);
    assert_eq!(shape_of(&x, ix![-1, ..3, 1..]), [3, 4]);
    assert_eq!(shape_of(&x, ()), [3, 4, 5]);
}

#[test]
fn refusals_say_what_was_given() {
    let x = range(12, &[3, 4]);
    let mask: Lazy = Array::from_slice(&[true, false], &[2]).unwrap().into();
    let far = data(&[0, 7], &[2]);
    let error = |l: Lazy| l.collect().unwrap_err().without_place().to_string();
    assert_eq!(error(x.index(3)), "index: index 3 is out of bounds for axis 0 of length 3");
    assert_eq!(error(x.index(&far)), "index: index 7 is out of bounds for axis 0 of length 3");
    assert!(x.index(&far).meta().is_err(), "known at once");
    assert!(x.index(later(&far)).meta().is_ok(), "known when it is computed");
    assert_eq!(error(x.index(later(&far))), "index: index 7 is out of bounds for axis 0 of length 3");
    assert_eq!(error(x.set(later(&far), 0)), "set: index 7 is out of bounds for axis 0 of length 3");
    assert_eq!(error(x.index((0, 0, 0))), "index: 3 indices for shape (3, 4), which has 2 axes");
    assert_eq!(error(x.index((Ellipsis, Ellipsis))), "index: an index has at most one `...`");
    assert_eq!(
        error(x.index(&mask)),
        "index: a mask of shape (2,) does not fit shape (3, 4) from axis 0 on: it must have the same lengths"
    );
    assert_eq!(error(x.index(x.f64())), "index: an index array holds integers or truth values, not float64; cast it");
    assert_eq!(
        error(x.set(0..2, data(&[1, 2, 3], &[3]))),
        "set: a value of shape (3,) does not broadcast to (2, 4), the shape of what the index names"
    );
    assert_eq!(error(x.u8().set(0, 300)), "set: the integer 300 does not fit uint8 (0 to 255)");
    // 2^36 positions of one byte are not written out to be checked at once.
    let many = Array::from_slice(&[0u8], &[]).unwrap().broadcast_view(&[1 << 36]).unwrap();
    assert_eq!(x.index(&many).shape().unwrap(), [1 << 36, 4]);
    assert!(x.set(&many, 1).meta().is_ok());
    let limited = RunOptions { memory_limit: Some(1 << 28), ..RunOptions::default() };
    assert!(x.index(&many).collect_with(&limited).is_err());
    // Broadcast to nothing, an index is not looked at.
    assert_eq!(shape_of(&x, (&data(&[7], &[1]), &data(&[], &[0]))), [0]);
}

#[test]
fn values_are_cast_as_by_astype() {
    let x = range(3, &[3]);
    let f: Lazy = Array::from_slice(&[1.9f64, -2.9], &[2]).unwrap().into();
    assert_eq!(x.set(1.., f).collect().unwrap().to_vec::<i64>().unwrap(), [0, 1, -2]);
    assert_eq!(x.set(0, 2.7).collect().unwrap().to_vec::<i64>().unwrap(), [2, 1, 2]);
    assert_eq!(x.set(x.greater(0), true).collect().unwrap().to_vec::<i64>().unwrap(), [0, 1, 1]);
    // The last of several values for one place stays.
    let twice = data(&[2, 2], &[2]);
    assert_eq!(x.set(&twice, data(&[8, 9], &[2])).collect().unwrap().to_vec::<i64>().unwrap(), [0, 1, 9]);
}

#[test]
fn complex_literals_go_into_complex_arrays_alone() {
    let z = |re: f32, im: f32| Complex::new(re, im);
    let x = range(6, &[2, 3]).cast(DType::C64);
    // NumPy: x[:, 1] = 2-3j; x[0, 0] = -1j
    let y = x.set((.., 1), z(2.0, -3.0)).set((0, 0), z(0.0, -1.0)).collect().unwrap();
    let all = [z(0.0, -1.0), z(2.0, -3.0), z(2.0, 0.0), z(3.0, 0.0), z(2.0, -3.0), z(5.0, 0.0)];
    assert_eq!(y.to_vec::<Complex<f32>>().unwrap(), all);
    let put = x.set(data(&[1], &[1]), z(1.0, 2.0)).index((1, 2)).collect().unwrap();
    assert_eq!(put.to_vec::<Complex<f32>>().unwrap(), [z(1.0, 2.0)]);
    let masked = x.set(x.real().greater(4), z(0.5, 0.5)).index((1, 2)).collect().unwrap();
    assert_eq!(masked.to_vec::<Complex<f32>>().unwrap(), [z(0.5, 0.5)]);
    let error = |l: Lazy| l.collect().unwrap_err().without_place().to_string();
    assert_eq!(
        error(x.f32().set(0, z(1.0, 2.0))),
        "set: the complex number does not go into float32; cast the array first"
    );
    assert_eq!(error(x.index(&x)), "index: an index array holds integers or truth values, not complex64; cast it");
    assert!(x.take(&x, None).meta().is_err() && x.choose(std::slice::from_ref(&x)).meta().is_err());
}

#[test]
fn slices_move_and_assignments_stream() {
    let x = later(&range(1000 * 6, &[1000, 2, 3]));
    let positions = data(&[7, 5], &[2]);
    let text = |l: &Lazy| l.explain();
    // Kept whole are at most the literal that is written, which is no memory, and positions.
    let streams = |l: &Lazy| text(l).lines().filter(|t| t.contains("whole arrays")).all(|t| t.contains("peak 0 B"));
    // Positions in memory ask only for the frames between them.
    let some = x.index(&positions);
    assert!(text(&some).contains("[5:8]") || text(&some).contains("slice"), "{}", text(&some));
    // Frames are written one by one, so nothing is kept whole.
    for set in [x.set(10..20, 0), x.set((.., 0), 1), x.set(&positions, 3), x.set(x.greater(9), 0)] {
        assert!(streams(&set), "{}", text(&set));
    }
    let within = x.index((.., &data(&[1, 0, 1], &[3])));
    assert!(streams(&within), "{}", text(&within));
}

#[test]
fn chunk_by_chunk_is_the_same_as_whole() {
    let memory = range(200 * 64 * 128, &[200, 64, 128]);
    let x = later(&memory);
    let (i, few) = (data(&[3, -1, 3], &[3]), data(&[150, 2, 199], &[3]));
    let row = range(128, &[128]);
    let frames = range(200, &[200, 1, 1]);
    let cases: [fn(&Lazy, [&Lazy; 4]) -> Lazy; 8] = [
        |x, [i, ..]| x.index((.., i)),
        |x, [i, ..]| x.index((.., .., i)),
        |x, [i, ..]| x.index((.., i, i)),
        |x, [_, few, ..]| x.index((few, .., 5)),
        |x, [_, _, row, _]| x.set((20..180, 7), row),
        |x, [i, _, _, frames]| x.set((.., 3, i), frames.reshape([200, 1])),
        |x, [_, few, row, _]| x.set(few, row),
        |x, _| x.take_along_axis(x.argsort(1), 1),
    ];
    for (n, case) in cases.iter().enumerate() {
        let [a, b] = [&memory, &x].map(|x| case(x, [&i, &few, &row, &frames]).collect().unwrap());
        assert_eq!(a.shape(), b.shape(), "case {n}");
        assert_eq!(digest_of(&a), digest_of(&b), "case {n}");
    }
}
