use crate::{Random, same};
use opusclip_raw::Isa;
use opusclip_raw::kernel::sum::{CompensatedSum, ExactSum, LANES, row_sums, sum_int, sum_reference};

fn exact(x: &[f32]) {
    let want = sum_reference(&x.iter().map(|&v| f64::from(v)).collect::<Vec<_>>());
    for isa in Isa::available() {
        for cut in [usize::MAX, 1, 7, 16, 100, 513] {
            let mut s = ExactSum::new();
            let mut parts = ExactSum::new();
            for piece in x.chunks(cut.min(x.len().max(1))) {
                s.add_f32(isa, piece);
                let mut one = ExactSum::new();
                one.add_f32(isa, piece);
                parts.merge(&one);
            }
            assert!(same(s.value(), want), "{} instead of {want} on {}, cut {cut}", s.value(), isa.name());
            assert!(same(parts.value(), want), "merged: {} instead of {want}", parts.value());
            s.reset();
            assert_eq!(s.value().to_bits(), 0);
        }
    }
}

#[test]
fn f32_sums_are_exact() {
    let mut r = Random(11);
    exact(&[]);
    exact(&[-0.0, -0.0]);
    exact(&[f32::from_bits(1); 5]);
    exact(&[1e30, 1.0, -1e30, 1e-30]);
    exact(&[f32::MAX; 100]);
    exact(&[f32::MIN; 33]);
    exact(&[3.5, f32::NAN, 1.0]);
    exact(&[3.5, f32::INFINITY, 1.0]);
    exact(&[3.5, f32::NEG_INFINITY, 1.0, f32::INFINITY]);
    exact(&[f32::NEG_INFINITY; 70]);
    for n in 0..70 {
        exact(&(0..n).map(|_| r.below(1 << 24) as f32 / 16777216.0).collect::<Vec<_>>());
    }
    for _ in 0..12 {
        // Any finite bits: all exponents, both signs, subnormals.
        let n = r.below(2000);
        let mut x: Vec<f32> =
            (0..n).map(|_| f32::from_bits((r.bits() >> 32) as u32)).filter(|v| v.is_finite()).collect();
        exact(&x);
        // The same once more with the other sign: all cancels but one.
        x.extend(x.clone().iter().map(|v| -v));
        x.push(1e-42);
        exact(&x);
    }
    // Halves that only something far below decides.
    exact(&[9007199254740992.0, 1.0, 1e-40]);
    exact(&[9007199254740992.0, 1.0, -1e-40]);
    exact(&[9007199254740992.0, 1.0]);
    exact(&[-9007199254740992.0, -1.0, -1e-40]);
    exact(&[9007199254740992.0, 2.0, 1.0, 1e-40]);
    // A quiet block, a wild one, a quiet one.
    let mut x = vec![0.1f32; 1500];
    x[700] = 1e38;
    x[701] = 1e-44;
    x[900] = -1e38;
    exact(&x);
}

#[test]
fn reference_knows_the_classics() {
    assert_eq!(sum_reference(&[]), 0.0);
    assert_eq!(sum_reference(&[0.1; 10]), 1.0);
    assert_eq!(sum_reference(&[1e100, 1.0, -1e100]), 1.0);
    assert_eq!(sum_reference(&[1e-16, 1.0, 1e16]), 10000000000000002.0);
    assert_eq!(sum_reference(&[9007199254740992.0, -0.5, -5.551115123125783e-17]), 9007199254740991.0);
    assert!(sum_reference(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
}

#[test]
fn f64_sums_do_not_depend_on_cuts_or_levels() {
    let mut r = Random(12);
    for n in [0, 1, 15, 16, 17, 100, 1000, 3000] {
        let x: Vec<f64> = (0..n).map(|_| (r.bits() as i64 as f64) * 2f64.powi(r.below(60) as i32 - 60)).collect();
        let mut whole = CompensatedSum::new(LANES);
        whole.add_f64(Isa::BASELINE, &x);
        let want = sum_reference(&x);
        let size = x.iter().map(|v| v.abs()).sum::<f64>();
        assert!((whole.value() - want).abs() <= size * 1e-25 + want.abs() * 2.3e-16);
        for isa in Isa::available() {
            for cut in [1, 3, 16, 17, 50, 999] {
                let mut s = CompensatedSum::new(LANES);
                x.chunks(cut).for_each(|p| s.add_f64(isa, p));
                assert_eq!(s.value().to_bits(), whole.value().to_bits(), "{} cut {cut}", isa.name());
            }
        }
    }
    let odd = |x: &[f64]| {
        let mut s = CompensatedSum::new(LANES);
        s.add_f64(Isa::active(), x);
        s.value()
    };
    assert!(odd(&[1.0, f64::NAN]).is_nan());
    assert!(odd(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    assert_eq!(odd(&[f64::INFINITY, 1.0]), f64::INFINITY);
    assert_eq!(odd(&[f64::MAX; 20]), f64::INFINITY);
    assert_eq!(odd(&[5e-324; 3]), 1.5e-323);
    assert_eq!(odd(&[f64::MAX, -f64::MAX, 5e-324]), 5e-324);
    // Exact where the reference would overflow on the way.
    assert_eq!(odd(&[f64::MAX, f64::MAX / 2.0, -f64::MAX, 1.0]), f64::MAX / 2.0);
}

#[test]
fn integer_sums() {
    assert_eq!(sum_int(&[u64::MAX; 3]), 3 * i128::from(u64::MAX));
    assert_eq!(sum_int(&[i64::MIN; 5]), 5 * i128::from(i64::MIN));
    assert_eq!(sum_int(&[true, false, true]), 2);
    assert_eq!(sum_int(&[-128i8; 100_000]), -12_800_000);
    assert_eq!(sum_int(&[u16::MAX; 100_001]), 100_001 * 65535);
    assert_eq!(sum_int(&[u32::MAX; 1000]), 1000 * i128::from(u32::MAX));
    assert_eq!(sum_int::<u8>(&[]), 0);
}

#[test]
fn row_sums_are_exact_or_say_so() {
    let mut r = Random(15);
    for isa in Isa::available() {
        for row in [1, 2, 15, 16, 17, 100, 255, 1000] {
            let mut x: Vec<f32> = (0..row * 7).map(|_| r.below(1 << 24) as f32 * 1e-6 - 8.0).collect();
            x[row - 1] = f32::NAN;
            x[2 * row - 1] = f32::INFINITY;
            (x[2 * row], x[3 * row - 1]) = (1e38, 1e-38);
            let mut found = vec![0.0; 7];
            row_sums(isa, &x, row, &mut found);
            for (n, found) in found.iter().enumerate() {
                let want = x[n * row..(n + 1) * row].iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
                let told = n > 2 || (n == 2 && row < 16);
                assert!(found.is_nan() != told || n == 2, "{n} of {row}");
                assert!(found.is_nan() || *found == sum_reference(&want), "{found} in {n} of {row}");
            }
        }
    }
}

#[test]
fn totals_are_rounded_once() {
    let mut r = Random(16);
    for n in [1, 2, 16, 17, 33, 1000] {
        for spread in [0, 3, 40, 100, 600] {
            let mut sum = CompensatedSum::new(LANES);
            let x: Vec<f64> = (0..n)
                .map(|_| (r.bits() as i64 as f64) * 2f64.powi(r.below(spread + 1) as i32 - spread as i32))
                .collect();
            sum.add_f64(Isa::active(), &x);
            // What the lanes hold, by the slow judge.
            if n <= 16 {
                assert!(same(sum.value(), sum_reference(&x)), "{n} {spread}");
            }
        }
    }
    // Halves that only something far below decides.
    for (x, want) in [
        ([9007199254740992.0, 1.0, 1e-300], 9007199254740994.0),
        ([9007199254740992.0, 1.0, -1e-300], 9007199254740992.0),
        ([9007199254740992.0, 1.0, 0.0], 9007199254740992.0),
    ] {
        let mut sum = CompensatedSum::new(LANES);
        sum.add_f64(Isa::active(), &x);
        assert_eq!(sum.value(), want);
    }
}

#[test]
fn plain_sums_are_taken_only_where_they_are_exact() {
    let mut r = Random(17);
    // Magnitudes so many binary digits apart, about where 64 of them, or a row of them, just add up in
    // 53 bits; as low as f32 goes and as high.
    for spread in 12..32u32 {
        for lowest in [1u32, 2, 100, 220] {
            let mut x: Vec<f32> = (0..4100)
                .map(|_| {
                    let bits = (lowest + r.below(spread as usize + 1) as u32) << 23 | r.below(1 << 23) as u32;
                    f32::from_bits(bits | (r.below(8) as u32 / 7) << 31)
                })
                .collect();
            // All the sums go up to the top, and one element has the last place of all.
            x[0] = f32::from_bits(lowest << 23 | 1);
            x[1] = 0.0;
            x.iter_mut().skip(16).step_by(16).for_each(|v| *v = f32::from_bits((lowest + spread) << 23 | 0x7f_ffff));
            let wide: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
            let want = sum_reference(&wide);
            for isa in Isa::available() {
                let mut s = ExactSum::new();
                s.add_f32(isa, &x);
                assert_eq!(s.value().to_bits(), want.to_bits(), "spread {spread} from {lowest} on {}", isa.name());
                for row in [3, 16, 64, 256, 1024] {
                    let mut found = vec![0.0; x.len() / row];
                    row_sums(isa, &x[..x.len() / row * row], row, &mut found);
                    for (found, x) in found.iter().zip(wide.chunks(row)) {
                        assert!(found.is_nan() || *found == sum_reference(x), "row {row}, spread {spread}");
                    }
                }
            }
        }
    }
    // The least numbers there are, and nothing but zeros.
    for x in [vec![f32::from_bits(1); 3000], vec![f32::from_bits(0x80_0000), f32::from_bits(3)], vec![-0.0; 2000]] {
        exact(&x);
    }
    // Blocks that are quiet in themselves, too far apart for one pair of floats.
    let x: Vec<f32> = (0..9000).map(|i| [1.5e30, -3e-30, 7.0][i / 1024 % 3]).collect();
    exact(&x);
}
