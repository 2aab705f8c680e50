use crate::{Random, same};
use opusclip_raw::kernel::columns::{
    ExactColumns, IntegerColumns, Rows, add_compensated, add_exact, add_exact_pairs, totals,
};
use opusclip_raw::kernel::sum::{CompensatedSum, ExactSum, LANES, sum_int};
use opusclip_raw::{Element, Isa};

fn column<T: Copy>(x: &[T], width: usize, c: usize) -> Vec<T> {
    x.iter().copied().skip(c).step_by(width).collect()
}

#[test]
fn exact_columns_stay_exact_or_say_so() {
    let mut r = Random(13);
    for isa in Isa::available() {
        for width in (1..40).chain([130]) {
            let x: Vec<f32> = (0..30 * width).map(|_| r.below(1 << 24) as f32 * 1e-6 - 8.0).collect();
            let (mut s, mut e) = (vec![0.0; width], vec![0.0; width]);
            // Rows may come a few at a time.
            for part in x.chunks(7 * width) {
                assert!(add_exact(isa, Rows::dense(part, width), &mut s));
            }
            let mut short = vec![0.0; width];
            totals(isa, &s, &e, &mut short);
            s.fill(0.0);
            assert!(add_exact_pairs(isa, Rows::dense(&x, width), &mut s, &mut e));
            let mut long = vec![0.0; width];
            totals(isa, &s, &e, &mut long);
            for c in 0..width {
                let mut want = ExactSum::new();
                want.add_f32(isa, &column(&x, width, c));
                assert!(same(short[c], want.value()), "{width} {c} {}", isa.name());
                assert!(same(long[c], want.value()), "{width} {c} {}", isa.name());
            }
        }
        let (mut s, mut e) = ([0.0; 20], [0.0; 20]);
        assert!(add_exact_pairs(isa, Rows::dense(&[1e38; 20], 20), &mut s, &mut e));
        assert!(add_exact_pairs(isa, Rows::dense(&[1.0; 20], 20), &mut s, &mut e));
        assert!(!add_exact(isa, Rows::dense(&[1.0; 20], 20), &mut s));
        assert!(!add_exact_pairs(isa, Rows::dense(&[1e-44; 20], 20), &mut s, &mut e));
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!add_exact(isa, Rows::dense(&[odd], 1), &mut [0.0]));
            assert!(!add_exact_pairs(isa, Rows::dense(&[odd], 1), &mut [0.0], &mut [0.0]));
        }
        assert!(add_exact(isa, Rows::dense(&[], 1), &mut [0.0]) && add_exact(isa, Rows::dense(&[], 1), &mut []));
    }
}

#[test]
fn compensated_columns_are_the_sums_of_rows() {
    let mut r = Random(14);
    for isa in Isa::available() {
        for (width, rows) in [(1, 100), (3, 37), (5, 16), (17, 3), (64, 33)] {
            let mut x: Vec<f64> =
                (0..width * rows).map(|_| (r.bits() as i64 as f64) * 2f64.powi(r.below(80) as i32 - 60)).collect();
            // Columns of nothing but odd numbers, too.
            x[0] = f64::INFINITY;
            if width > 3 {
                (x[1], x[width + 1]) = (f64::INFINITY, f64::NEG_INFINITY);
                (x[2], x[width + 2]) = (f64::MAX, f64::MAX);
                for row in x.chunks_mut(width) {
                    row[3] = -0.0;
                }
            }
            let (mut s, mut e) = (vec![0.0; LANES * width], vec![0.0; LANES * width]);
            // Wide apart, and not all at once.
            let stride = width + 5;
            let mut apart = vec![f64::NAN; stride * rows];
            for (to, from) in apart.chunks_mut(stride).zip(x.chunks(width)) {
                to[..width].copy_from_slice(from);
            }
            let (one, two) = apart.split_at(stride * 2);
            add_compensated(isa, Rows { x: one, stride, width, first: 0 }, &mut s, &mut e);
            add_compensated(isa, Rows { x: two, stride, width, first: 2 }, &mut s, &mut e);
            let (mut s2, mut e2) = (vec![0.0; LANES * width], vec![0.0; LANES * width]);
            add_compensated(isa, Rows::dense(&x, LANES * width), &mut s2, &mut e2);
            assert!(s.iter().zip(&s2).chain(e.iter().zip(&e2)).all(|(a, b)| same(*a, *b)));
            let mut found = vec![0.0; width];
            totals(isa, &s, &e, &mut found);
            let (mut s1, mut e1, mut one) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
            add_compensated(isa, Rows::dense(&x, width), &mut s1, &mut e1);
            totals(isa, &s1, &e1, &mut one);
            for (c, found) in one.iter().enumerate() {
                let mut want = CompensatedSum::new(1);
                want.add_f64(isa, &column(&x, width, c));
                assert!(same(*found, want.value()), "{found} instead of {} in {c} of {width}", want.value());
            }
            for (c, found) in found.iter().enumerate() {
                let mut want = CompensatedSum::new(LANES);
                want.add_f64(isa, &column(&x, width, c));
                assert!(same(*found, want.value()), "{found} instead of {} in {c} of {width}", want.value());
            }
        }
    }
}

fn integers<T: Element>(values: &[T]) {
    for isa in Isa::available() {
        for width in [1, 2, 31, 64] {
            let mut sums = IntegerColumns::new(width);
            let x: Vec<T> = values.iter().copied().cycle().take(width * 40_000).collect();
            for part in x.chunks(width * 16_389) {
                sums.add(isa, Rows::dense(part, width));
            }
            for (c, found) in sums.values().iter().enumerate() {
                assert_eq!(*found, sum_int(&column(&x, width, c)) as i64, "{} {c} {width}", T::DTYPE);
            }
        }
    }
}

#[test]
fn integer_columns() {
    integers(&[true, false, true]);
    integers(&[u8::MAX, 0, 255, 7]);
    integers(&[i8::MIN, i8::MIN, 3]);
    integers(&[u16::MAX; 3]);
    integers(&[i16::MIN; 3]);
    integers(&[u32::MAX, 1, 2]);
    integers(&[i32::MIN, -1]);
    integers(&[u64::MAX, 1 << 63, 5]);
    integers(&[i64::MIN, i64::MAX, -5]);
}

#[test]
fn exact_columns_take_whatever_comes() {
    let mut r = Random(17);
    for isa in Isa::available() {
        for (width, lanes, rows) in [(1, 64, 200), (3, 16, 64), (5, 1, 33), (1500, 1, 7)] {
            let mut x: Vec<f32> = (0..width * rows)
                .map(|_| f32::from_bits((r.bits() >> 32) as u32))
                .map(|v| if v.is_finite() { v } else { 1.0 })
                .collect();
            if width > 3 {
                (x[1], x[2], x[width + 2]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
                x[4] = f32::INFINITY;
            }
            let mut sums = ExactColumns::new(width * lanes);
            for part in x.chunks(width * lanes * 2) {
                sums.add(isa, Rows::dense(part, width * lanes));
            }
            let mut found = vec![0.0; width];
            sums.totals(isa, &mut found);
            for (c, found) in found.iter().enumerate() {
                let mut want = ExactSum::new();
                want.add_f32(isa, &column(&x, width, c));
                assert!(same(*found, want.value()), "{found} instead of {} in {c} of {width}", want.value());
            }
        }
    }
}
