//! Into arrays and out of them, and what arrays say of their memory.

use opusclip_engine::array::{Memory, Scalar};
use opusclip_engine::{Array, BF16, Complex, DType, F16, Lazy};

fn text(e: opusclip_engine::Error) -> String {
    e.to_string()
}

#[test]
fn vectors_become_memory_without_a_copy() {
    let v: Vec<f32> = (0..6u8).map(f32::from).collect();
    let at = v.as_ptr().addr();
    let a = Array::from_vec(v, &[2, 3]).unwrap();
    assert_eq!(a.contiguous_bytes().unwrap().as_ptr().addr(), at);
    assert_eq!((a.memory(), a.is_view(), a.base_nbytes()), (Memory::Owned, false, 24));
    assert_eq!(a.to_string(), "[[0. 1. 2.]\n [3. 4. 5.]]");
    let shared = a.clone();
    let copy = shared.into_vec::<f32>().unwrap();
    assert_ne!(copy.as_ptr().addr(), at);
    assert_eq!(
        a.clone().into_vec::<u8>().unwrap_err().to_string(),
        "into_vec: the array holds float32 and uint8 was asked for; cast it first"
    );
    // An array of a vector computes as any other, though only its elements are aligned.
    assert_eq!((Lazy::from(a.clone()) + 1.0).sum(()).collect().unwrap().item().unwrap().to_f64(), 21.0);
    let back = a.into_vec::<f32>().unwrap();
    assert_eq!((back.as_ptr().addr(), back.len()), (at, 6));
    assert_eq!(Array::zeros(DType::U8, &[2, 2]).unwrap().into_vec::<u8>().unwrap(), [0; 4]);
    assert_eq!(
        text(Array::from_vec(vec![1u8, 2], &[3]).unwrap_err()),
        "from_vec: 2 values do not fill shape (3,) (3 elements)"
    );
    assert_eq!(
        text(Array::zeros(DType::U8, &[0, usize::MAX]).unwrap_err()),
        format!("array: shape (0, {}) has an axis longer than {}", usize::MAX, isize::MAX)
    );
    assert_eq!(Array::from_vec(Vec::<i64>::new(), &[0, isize::MAX as usize]).unwrap().size(), 0);
}

#[test]
fn halves_and_complex_numbers_are_leaves_too() {
    let a = Array::from([[F16::from_f64(0.5), F16::from_f64(2.0)]]);
    assert_eq!((a.dtype(), a.shape()), (DType::F16, &[1, 2][..]));
    let rows = vec![vec![BF16::from_f32(0.5)], vec![BF16::from_f32(-3.0)]];
    let b = Array::from_nested(rows).unwrap();
    assert_eq!((b.dtype(), b.shape(), b.to_f64_vec().unwrap()), (DType::BF16, &[2, 1][..], vec![0.5, -3.0]));
    let c = Array::from([Complex::new(1f32, 2.0), Complex::new(3.0, -4.0)]);
    assert_eq!(c.repr(), "array([1.+2.j, 3.-4.j], dtype=complex64)");
    assert_eq!(c.into_vec::<Complex<f32>>().unwrap()[1].im, -4.0);
    let one = Array::from(Complex::new(1f64, -2.0));
    assert_eq!((one.to_string(), one.repr()), ("(1-2j)".to_string(), "array(1.-2.j)".to_string()));
    assert_eq!(Scalar::try_from(&one).unwrap().to_parts(), (1.0, -2.0));
    assert_eq!(Array::from(F16::from_f64(1e3)).to_string(), "1e+03");
}

#[test]
fn nested_literals_have_numpys_shapes() {
    let a = Array::from([[[1u8, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]);
    assert_eq!((a.shape(), a.dtype()), (&[3, 2, 2][..], DType::U8));
    assert_eq!(a.to_vec::<u8>().unwrap(), (1..=12).collect::<Vec<u8>>());
    assert_eq!(Array::from([[[[[1i16]]]]]).shape(), &[1; 5]);
    assert_eq!(Array::from(2.5f64).shape(), &[] as &[usize]);
    let empty: [[f64; 3]; 0] = [];
    assert_eq!(Array::from(empty).shape(), &[0, 3]);
    let rows: Vec<Vec<bool>> = vec![vec![true, false], vec![false, true]];
    assert_eq!(Array::from_nested(rows).unwrap().repr(), "array([[ True, False],\n       [False,  True]])");
    let slices: Vec<&[i32]> = vec![&[1, 2], &[3, 4]];
    assert_eq!(Array::from_nested(slices).unwrap().shape(), &[2, 2]);
    assert_eq!(Array::from_nested(Vec::<Vec<f32>>::new()).unwrap().shape(), &[0, 0]);
    assert_eq!(Array::from_nested(vec![Vec::<f32>::new(), vec![]]).unwrap().shape(), &[2, 0]);
    assert_eq!(
        text(Array::from_nested(vec![vec![1u8, 2, 3], vec![4, 5]]).unwrap_err()),
        "from_nested: axis 1 has rows of lengths 3 and 2; every row must be as long as the first"
    );
    let deep = vec![vec![vec![1, 2]], vec![vec![3, 4], vec![5, 6]]];
    assert!(text(Array::from_nested(deep).unwrap_err()).contains("axis 1 has rows of lengths 1 and 2"));
}

#[test]
fn elements_come_out_one_by_one() {
    let a = Array::from([[1i32, 2, 3], [4, 5, 6]]);
    let turned = Lazy::from(a.clone()).permute_dims(()).flip(1).collect().unwrap();
    assert_eq!(turned.iter::<i32>().unwrap().collect::<Vec<_>>(), [4, 1, 5, 2, 6, 3]);
    assert_eq!(turned.iter::<i32>().unwrap().size_hint(), (6, Some(6)));
    let rows: Vec<Array> = turned.rows().unwrap().collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].to_vec::<i32>().unwrap(), [6, 3]);
    assert!(rows[2].is_view());
    assert_eq!(
        text(a.iter::<u8>().err().unwrap()),
        "iter: the array holds int32 and uint8 was asked for; cast it first"
    );
    assert_eq!(text(Array::from(1).rows().err().unwrap()), "rows: a 0-d array has no rows; take its item()");
    assert_eq!(Array::zeros(DType::U8, &[0, 3]).unwrap().iter::<u8>().unwrap().count(), 0);
    assert_eq!(Array::from([[7u8]]).item().unwrap(), Scalar::from_i128(DType::U8, 7));
    assert_eq!(
        text(a.item().unwrap_err()),
        "item: shape (2, 3) has 6 elements; only an array of one element is a number, so index it or reduce it first"
    );
    // Blocks: more elements than one holds, and a view that repeats.
    let long = Array::from_vec((0..5000u16).collect(), &[5000]).unwrap();
    assert!(long.iter::<u16>().unwrap().eq(0..5000));
    let huge = Array::from([3u8]).broadcast_view(&[1 << 40]).unwrap();
    assert_eq!(huge.iter::<u8>().unwrap().take(3000).map(u64::from).sum::<u64>(), 9000);
}

#[test]
fn arrays_tell_their_layout() {
    // numpy: np.zeros((2, 3), "f4").strides == (12, 4); .T is F-contiguous.
    let a = Array::zeros(DType::F32, &[2, 3]).unwrap();
    assert_eq!((a.itemsize(), a.nbytes(), a.byte_strides()), (4, 24, vec![12, 4]));
    assert_eq!((a.is_contiguous(), a.is_f_contiguous(), a.alignment()), (true, false, 64));
    let part = a.rows().unwrap().nth(1).unwrap();
    assert_eq!((part.memory(), part.base_nbytes(), part.alignment()), (Memory::View, 24, 4));
    assert_eq!((part.is_contiguous(), part.is_f_contiguous()), (true, true));
    let repeated = part.broadcast_view(&[5, 3]).unwrap();
    assert_eq!(repeated.byte_strides(), [0, 4]);
    assert_eq!((repeated.is_contiguous(), repeated.is_f_contiguous(), repeated.nbytes()), (false, false, 60));
    let b = a.broadcast_view(&[2, 3]).unwrap();
    assert!(!b.is_view());
    assert_eq!(
        text(a.broadcast_view(&[2, 4]).unwrap_err()),
        "broadcast_to: shape (2, 3) does not broadcast to (2, 4): axis 1 has length 3; it must be 4 or 1"
    );
    // What a run makes is on loan from its pool or its own.
    let sum = (Lazy::from(a) + 1.0).collect().unwrap();
    assert!(matches!(sum.memory(), Memory::Pooled | Memory::Owned));
}
