//! The arrays of the crate `ndarray`, both ways.

use ::ndarray::{Array2, ArrayD, Axis, ShapeBuilder, arr2, array, s};
use opusclip_engine::array::Memory;
use opusclip_engine::{Array, Complex, DType, F16, Lazy};

#[test]
fn there_and_back_without_a_copy() {
    let v: Vec<f32> = (0..6u8).map(f32::from).collect();
    let at = v.as_ptr().addr();
    let nd = Array2::from_shape_vec((2, 3), v).unwrap();
    let ours = Array::from_ndarray(nd).unwrap();
    assert_eq!((ours.shape(), ours.memory()), (&[2, 3][..], Memory::Owned));
    assert_eq!(ours.contiguous_bytes().unwrap().as_ptr().addr(), at);
    let back: ArrayD<f32> = ours.into_ndarray().unwrap();
    assert_eq!(back.as_ptr().addr(), at);
    assert_eq!(back, arr2(&[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]).into_dyn());
}

#[test]
fn whatever_order_the_elements_lie_in() {
    let columns = Array2::from_shape_vec((2, 3).f(), vec![1i32, 4, 2, 5, 3, 6]).unwrap();
    let a = Array::from_ndarray(columns.clone()).unwrap();
    assert_eq!((a.strides(), a.is_f_contiguous()), (&[1, 2][..], true));
    assert_eq!(a.to_vec::<i32>().unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(a.into_ndarray::<i32>().unwrap(), columns.into_dyn());
    // Turned and stepped: strides below 0 and an offset.
    let mut turned = arr2(&[[1u8, 2, 3, 4], [5, 6, 7, 8]]);
    turned.slice_collapse(s![.., 1..;2]);
    turned.invert_axis(Axis(1));
    let a = Array::from_ndarray(turned.clone()).unwrap();
    assert_eq!((a.to_vec::<u8>().unwrap(), a.strides()), (vec![4, 2, 8, 6], &[4, -2][..]));
    assert_eq!(a.view_ndarray::<u8>().unwrap(), turned.into_dyn());
}

#[test]
fn views_share_and_repeat() {
    let a = Array::from([[1i16, 2, 3], [4, 5, 6]]);
    let at = a.contiguous_bytes().unwrap().as_ptr().addr();
    let view = a.view_ndarray::<i16>().unwrap();
    assert_eq!(view.as_ptr().addr(), at);
    let moved = Lazy::from(a).permute_dims(()).flip(()).collect().unwrap();
    assert_eq!(moved.view_ndarray::<i16>().unwrap(), arr2(&[[6, 3], [5, 2], [4, 1]]).into_dyn());
    let repeated = Array::from([[1.5f64], [2.5]]).broadcast_view(&[1 << 30, 2, 2]).unwrap();
    let view = repeated.view_ndarray::<f64>().unwrap();
    assert_eq!((view.len(), view[[12345, 1, 0]], view[[0, 0, 1]]), (1 << 32, 2.5, 1.5));
    let copy = Array::from_ndarray_view(view.slice(s![..2, .., ..])).unwrap();
    assert_eq!(copy.to_vec::<f64>().unwrap(), [1.5, 1.5, 2.5, 2.5, 1.5, 1.5, 2.5, 2.5]);
    let shared = Array::from([true, false]);
    let other = shared.clone();
    assert_eq!(shared.into_ndarray::<bool>().unwrap(), array![true, false].into_dyn());
    assert_eq!(other.to_vec::<bool>().unwrap(), [true, false]);
}

#[test]
fn empty_and_0d_and_of_another_type() {
    for shape in [&[0][..], &[0, 3], &[2, 0, 1], &[]] {
        let a = Array::zeros(DType::F32, shape).unwrap();
        assert_eq!(a.view_ndarray::<f32>().unwrap().shape(), shape);
        let nd = a.into_ndarray::<f32>().unwrap();
        assert_eq!(nd.shape(), shape);
        assert_eq!(Array::from_ndarray(nd).unwrap().shape(), shape);
    }
    let e = Array::from([1u8]).view_ndarray::<f32>().unwrap_err().to_string();
    assert_eq!(e, "view_ndarray: the array holds uint8 and float32 was asked for; cast it first");
    assert!(Array::from([1u8]).into_ndarray::<i8>().is_err());
    // `ndarray` counts lengths of 0 as 1 and has no such array.
    let odd = Array::zeros(DType::U8, &[0, isize::MAX as usize, 2]).unwrap();
    assert!(odd.view_ndarray::<u8>().unwrap_err().to_string().starts_with("view_ndarray: shape (0, "));
    assert!(odd.into_ndarray::<u8>().is_err());
}

#[test]
fn complex_numbers_and_halves_go_both_ways() {
    let z = |re, im| Complex::new(re, im);
    let nd = arr2(&[[z(1.0f64, 2.0), z(3.0, -4.0)], [z(0.0, 0.5), z(-1.0, 0.0)]]);
    let a = Array::from_ndarray(nd.clone().reversed_axes()).unwrap();
    assert_eq!((a.dtype(), a.shape()), (DType::C128, &[2, 2][..]));
    assert_eq!(a.view_ndarray::<Complex<f64>>().unwrap(), nd.t().into_dyn());
    // Its numbers are num_complex's, so ndarray computes with them.
    let sum = a.into_ndarray::<Complex<f64>>().unwrap().sum();
    assert_eq!(sum, z(3.0, -1.5));
    let h = Array::from([F16::from_f64(0.5), F16::from_f64(2.0)]);
    assert_eq!(h.view_ndarray::<F16>().unwrap()[[1]], F16::from_f64(2.0));
}
