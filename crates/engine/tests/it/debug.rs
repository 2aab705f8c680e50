//! `debug()`: what the seed's `debug_array` prints, and more.

use opusclip_engine::array::{DebugOptions, Memory};
use opusclip_engine::{Array, BF16, Complex, DType, F16, Lazy};

const STATS: DebugOptions = DebugOptions { stats: true, first: 6 };

#[test]
fn one_fact_a_line() {
    let a = Array::zeros(DType::U8, &[10, 480, 640, 3]).unwrap();
    assert_eq!(
        a.debug().to_string(),
        "Shape: (10, 480, 640, 3)\n\
         Data type: uint8\n\
         Size: 9216000 elements of 1 bytes\n\
         Memory usage: 9216000 bytes (8.8 MiB)\n\
         Strides: (921600, 1920, 3, 1) bytes\n\
         Memory layout: C_CONTIGUOUS True, F_CONTIGUOUS False, OWNDATA True, WRITEABLE False, ALIGNED True (64 bytes)\n\
         Contiguous: True\n\
         Memory: owned, all of 9216000 bytes\n\
         First elements: [0 0 0 0 0 0 ...]"
    );
    let few = Array::from([1.5f32, f32::NAN, -2.0, f32::INFINITY]);
    let turned = Lazy::from(few).flip(0).slice_axis(0, None, Some(3), None).collect().unwrap();
    let text = turned.debug_with(&STATS).to_string();
    assert!(text.contains("\nStatistics: min -2.0, max inf, mean inf, 1 NaN, 1 infinite\n"), "{text}");
    assert!(text.ends_with("\nFirst elements: [inf -2. nan]"), "{text}");
}

#[test]
fn statistics_are_numpys() {
    // numpy: np.nanmin, np.nanmax, np.nanmean(dtype=float64), np.isnan(...).sum()
    let a = Array::from([[3u8, 250], [7, 0]]);
    let s = a.debug_with(&STATS).stats.unwrap();
    assert_eq!((s.min.unwrap().to_f64(), s.max.unwrap().to_f64(), s.mean, s.nan), (0.0, 250.0, Some(65.0), 0));
    let s = Array::from([f64::NAN, 1e300, -1e300, 3.0]).debug_with(&STATS).stats.unwrap();
    assert_eq!((s.mean, s.nan), (Some(1.0), 1));
    let s = Array::from([u64::MAX, u64::MAX]).debug_with(&STATS).stats.unwrap();
    assert_eq!((s.min.unwrap().to_i128(), s.mean), (i128::from(u64::MAX), Some(u64::MAX as f64)));
    let s = Array::from([true, true, false, true]).debug_with(&STATS).stats.unwrap();
    assert_eq!(s.mean, Some(0.75));
    // More than a block, in an order that is not the memory's.
    let long = Array::from_vec((0..30_000i32).collect(), &[300, 100]).unwrap();
    let s = Lazy::from(long).permute_dims(()).collect().unwrap().debug_with(&STATS).stats.unwrap();
    assert_eq!((s.min.unwrap().to_i128(), s.max.unwrap().to_i128(), s.mean), (0, 29_999, Some(14_999.5)));
}

#[test]
fn statistics_of_halves_and_complex_numbers_are_numpys() {
    let half = Array::from([60000.0, f64::NAN, 60000.0, -1.5].map(F16::from_f64));
    let s = half.debug_with(&STATS).stats.unwrap();
    // np.nanmean(a, dtype=float64) of float16 [6e4, nan, 6e4, -1.5], whose 6e4 is 60000.
    assert_eq!((s.min.unwrap().to_f64(), s.max.unwrap().to_f64(), s.nan), (-1.5, 60000.0, 1));
    assert_eq!((s.mean, s.mean_imag), (Some(119_998.5 / 3.0), None));
    let s = Array::from([1.0, 3.0, f32::INFINITY].map(BF16::from_f32)).debug_with(&STATS).stats.unwrap();
    assert_eq!((s.min.unwrap().to_f64(), s.mean, s.inf), (1.0, Some(f64::INFINITY), 1));
    // np.nanmin, np.nanmax and np.nanmean of the same: (1-7j), (2+0.5j), (1.3333333333333333-1.5j).
    let parts = [(1.0, 2.0), (2.0, 0.5), (1.0, -7.0), (f64::NAN, 9.0), (-8.0, f64::NAN)];
    let z = Array::from(parts.map(|(re, im)| Complex::new(re, im)));
    let info = z.debug_with(&STATS);
    let s = info.stats.unwrap();
    assert_eq!((s.min.unwrap().to_parts(), s.max.unwrap().to_parts(), s.nan), ((1.0, -7.0), (2.0, 0.5), 2));
    assert_eq!((s.mean, s.mean_imag), (Some(4.0 / 3.0), Some(-1.5)));
    let text = info.to_string();
    assert!(text.contains("min (1-7j), max (2+0.5j), mean (1.3333333333333333-1.5j), 2 NaN, 0 infinite"), "{text}");
    assert!(text.ends_with("First elements: [ 1.+2.j   2.+0.5j  1.-7.j  nan+9.j  -8.+nanj]"), "{text}");
}

#[test]
fn any_array_can_be_looked_at() {
    for dtype in DType::ALL {
        for shape in [&[][..], &[0], &[0, 3], &[3, 0, 2], &[1], &[2, 2], &[0, isize::MAX as usize, 7]] {
            let a = Array::zeros(dtype, shape).unwrap();
            let info = a.debug_with(&STATS);
            assert!(!info.to_string().is_empty());
            assert_eq!(info.stats.unwrap().mean.is_none(), a.size() == 0);
        }
    }
    let huge = Array::from([[1.0f64, f64::NAN, 4.0]]).broadcast_view(&[1 << 33, 3]).unwrap();
    let info = huge.debug_with(&STATS);
    let s = info.stats.unwrap();
    assert_eq!((s.nan, s.mean, info.memory, info.base_nbytes), (1 << 33, Some(2.5), Memory::View, 24));
    assert_eq!(info.first, "[ 1. nan  4.  1. nan  4. ...]");
    let none = huge.debug_with(&DebugOptions { stats: false, first: 0 });
    assert_eq!(none.first, "[...]");
}
