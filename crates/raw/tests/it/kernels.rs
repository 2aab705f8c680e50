use crate::Random;
use opusclip_raw::kernel::minmax::min_max;
use opusclip_raw::kernel::planes::{PlaneTable, histogram};
use opusclip_raw::kernel::table::table_to;
use opusclip_raw::{Element, Isa, Number};

/// Lengths up to two vectors of bytes and one more.
const LENGTHS: std::ops::RangeInclusive<usize> = 0..=129;

fn borders<R: Element>(poison: R, n: usize, start: usize, run: impl Fn(&mut [R])) -> Vec<R> {
    let mut all = vec![poison; start + n + 70];
    run(&mut all[start..start + n]);
    assert!(all[..start].iter().chain(&all[start + n..]).all(|&v| v == poison), "wrote outside, length {n}");
    all[start..start + n].to_vec()
}

#[test]
fn maps_equal_the_plain_loop() {
    let mut r = Random(1);
    let x: Vec<f32> = (0..200).map(|_| r.below(1000) as f32 / 8.0).collect();
    let b = r.bytes(200);
    for isa in Isa::available() {
        for n in LENGTHS {
            for start in [0, 1, 3] {
                let (x, b) = (&x[start..start + n], &b[start..start + n]);
                let got = borders(-9.0, n, start, |o| {
                    isa.map1(
                        x,
                        o,
                        #[inline(always)]
                        |v| v.sqrt() + 1.0,
                    )
                });
                assert_eq!(got, x.iter().map(|v| v.sqrt() + 1.0).collect::<Vec<_>>());
                let f = |v: f32, k: u8| v * f32::from(k) - 0.1;
                let got = borders(-9.0, n, start, |o| isa.map2(x, b, o, f));
                assert_eq!(got, x.iter().zip(b).map(|(&v, &k)| f(v, k)).collect::<Vec<_>>());
                let f = |v: f32, k: u8, w: f32| v.min_nan(w).max_nan(f32::from(k)) as u8;
                let got = borders(77, n, start, |o| isa.map3(x, b, x, o, f));
                assert_eq!(got, x.iter().zip(b).map(|(&v, &k)| f(v, k, v)).collect::<Vec<_>>());
            }
        }
    }
    // The shortest slice decides.
    let mut out = [0u8; 4];
    Isa::BASELINE.map2(&[1u8, 2, 3], &[1u8, 1], &mut out, |a, b| a + b);
    assert_eq!(out, [2, 3, 0, 0]);
}

#[test]
fn tables_equal_indexing() {
    let mut r = Random(2);
    let all: Vec<u8> = (0..=255).chain(r.bytes(300)).collect();
    for round in 0..4 {
        let table: [u8; 256] = match round {
            0 => std::array::from_fn(|i| i as u8),
            1 => std::array::from_fn(|i| 255 - i as u8),
            _ => r.bytes(256).try_into().unwrap(),
        };
        let wide: [f64; 256] = table.map(|v| f64::from(v) / 3.0);
        let single: [f32; 256] = table.map(|v| f32::from(v) / 3.0);
        let words: [u16; 256] = table.map(|v| u16::from(v) * 251);
        let truths: [bool; 256] = table.map(|v| v % 3 == 1);
        for isa in Isa::available() {
            for n in (0..=300).chain([500]) {
                for start in [0, 1, 7, 50] {
                    let x = &all[start..start + n];
                    let got = borders(0xA5, n, start, |o| table_to(isa, x, &table, o));
                    assert_eq!(got, x.iter().map(|&v| table[v as usize]).collect::<Vec<_>>(), "{}", isa.name());
                    let got = borders(-1.0, n, start, |o| table_to(isa, x, &wide, o));
                    assert_eq!(got, x.iter().map(|&v| wide[v as usize]).collect::<Vec<_>>());
                    let got = borders(7, n, start, |o| table_to(isa, x, &words, o));
                    assert_eq!(got, x.iter().map(|&v| words[v as usize]).collect::<Vec<_>>(), "{}", isa.name());
                    let got = borders(true, n, start, |o| table_to(isa, x, &truths, o));
                    assert_eq!(got, x.iter().map(|&v| truths[v as usize]).collect::<Vec<_>>(), "{}", isa.name());
                    let got = borders(-1.0, n, start, |o| table_to(isa, x, &single, o));
                    assert_eq!(got, x.iter().map(|&v| single[v as usize]).collect::<Vec<_>>(), "{}", isa.name());
                }
            }
            let mut short = [0; 3];
            table_to(isa, &all, &table, &mut short);
            table_to(isa, &all[..2], &table, &mut short);
            assert_eq!(short, [table[0], table[1], table[2]]);
        }
    }
}

#[test]
fn histograms_count() {
    let x = Random(3).bytes(1003);
    for n in (0..140).chain([1000, 1003]) {
        let mut counts = [5u64; 256];
        histogram(&x[..n], &mut counts);
        for (v, &c) in counts.iter().enumerate() {
            assert_eq!(c as usize, 5 + x[..n].iter().filter(|&&b| b as usize == v).count());
        }
    }
}

fn planes_agree(table: &[f32; 256], planes: Option<usize>) {
    let p = PlaneTable::new(table, None).unwrap();
    if let Some(n) = planes {
        assert_eq!(p.planes(), n);
    }
    let mut r = Random(4);
    let x: Vec<u8> = (0..=255).chain(r.bytes(2000)).collect();
    for n in (0..=140).chain([256, 1000, 2256]) {
        for start in [0, 1, 33] {
            let x = &x[start..n.max(start)];
            let want = opusclip_raw::kernel::sum::sum_reference(
                &x.iter().map(|&v| f64::from(table[v as usize])).collect::<Vec<_>>(),
            );
            for isa in Isa::available() {
                let got = p.sum(isa, x);
                assert_eq!(got.to_bits(), want.to_bits(), "{got} {want} {}", isa.name());
            }
        }
    }
}

#[test]
fn plane_sums_are_exact() {
    planes_agree(&[0.0; 256], Some(0));
    planes_agree(&[-0.0; 256], Some(0));
    planes_agree(&[0.1; 256], Some(0));
    planes_agree(&std::array::from_fn(|i| i as f32), Some(1));
    planes_agree(&std::array::from_fn(|i| 7.0 - i as f32), Some(1));
    planes_agree(&std::array::from_fn(|i| i as f32 / 255.0), None);
    planes_agree(&std::array::from_fn(|i| ((i as f64 / 255.0).powf(0.8)) as f32), None);
    planes_agree(&std::array::from_fn(|i| (i as f32 - 100.0) * 1e-38), None);
    planes_agree(&std::array::from_fn(|i| f32::from_bits(i as u32)), Some(1));
    planes_agree(&std::array::from_fn(|i| f32::MAX / (1.0 + i as f32 / 300.0)), None);
    let wide = |bits: i32| std::array::from_fn(|i| if i == 9 { 2f32.powi(bits) } else { (i % 2) as f32 });
    for (bits, planes) in [(7, 1), (8, 2), (15, 2), (31, 4), (32, 5), (39, 5), (47, 6), (55, 7), (56, 8), (63, 8)] {
        planes_agree(&wide(bits), Some(planes));
    }
    assert!(PlaneTable::new(&wide(64), None).is_none());
    // A full 24-bit number far above the rest: all eight planes.
    planes_agree(&std::array::from_fn(|i| if i == 9 { 16777215.0 * 2f32.powi(40) } else { i as f32 }), Some(8));
}

#[test]
fn plane_tables_refuse_what_they_cannot_hold() {
    let mut t = [1.0f32; 256];
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, 1e-30] {
        t[3] = bad;
        assert!(PlaneTable::new(&t, None).is_none());
        let mut occurs = [true; 256];
        occurs[3] = false;
        let p = PlaneTable::new(&t, Some(&occurs)).unwrap();
        for isa in Isa::available() {
            assert_eq!(p.sum(isa, &[0, 1, 2, 4]), 4.0);
        }
    }
    assert!(PlaneTable::new(&[f32::NAN; 256], Some(&[false; 256])).is_some());
}

fn min_max_plain<T: Number>(x: &[T]) -> Option<(T, T)> {
    let &first = x.first()?;
    Some(x.iter().fold((first, first), |(a, b), &v| (a.min_nan(v), b.max_nan(v))))
}

fn min_max_of<T: Number>(values: &[T]) {
    for isa in Isa::available() {
        for n in 0..values.len() {
            let x = &values[values.len() - n..];
            let (got, want) = (min_max(isa, x), min_max_plain(x));
            match (got, want) {
                (Some((a, b)), Some((c, d))) if c.is_nan() => assert!(a.is_nan() && b.is_nan() && d.is_nan()),
                _ => assert_eq!(got, want, "{} {}", T::DTYPE, isa.name()),
            }
        }
    }
}

#[test]
fn min_max_equals_numpy() {
    let mut r = Random(6);
    let bits: Vec<u64> = (0..140).map(|_| r.bits()).collect();
    macro_rules! ints {
        ($($t:ident)*) => { $( min_max_of::<$t>(&bits.iter().map(|&b| (b >> 7) as $t).collect::<Vec<_>>()); )* };
    }
    ints!(u8 i8 u16 i16 u32 i32 u64 i64);
    min_max_of(&bits.iter().map(|b| b % 40 == 0).collect::<Vec<_>>());
    min_max_of(&bits.iter().map(|b| b % 40 != 0).collect::<Vec<_>>());
    let f: Vec<f64> = bits.iter().map(|&b| b as i64 as f64 / 1e9).collect();
    min_max_of(&f);
    min_max_of(&f.iter().map(|&v| v as f32).collect::<Vec<_>>());
    for at in [0, 1, 60, 127, 139] {
        let mut g = f.clone();
        g[at] = f64::NAN;
        g[5] = f64::INFINITY;
        min_max_of(&g);
        min_max_of(&g.iter().map(|&v| v as f32).collect::<Vec<_>>());
    }
}

#[test]
fn levels_have_names() {
    for isa in Isa::available() {
        assert_eq!(Isa::parse(isa.name()), Some(isa));
        assert!(isa <= Isa::detect());
    }
    assert_eq!(Isa::parse("baseline"), Some(Isa::BASELINE));
    assert_eq!(Isa::parse("sse9"), None);
    assert!(Isa::available().contains(&Isa::active()));
    assert!(!Isa::BASELINE.has_vbmi());
}

#[test]
fn the_environment_caps_the_level() {
    // The level is read once per process: children of this test read it anew.
    let asked = std::env::var("OPUSCLIP_ISA").unwrap_or_default();
    assert_eq!(Isa::active(), Isa::parse(&asked).unwrap_or(Isa::detect()));
    if std::env::var_os("RAW_TEST_CHILD").is_some() {
        return;
    }
    let me = std::env::current_exe().unwrap();
    for name in Isa::available().iter().map(|i| i.name()).chain(["nonsense", ""]) {
        let done = std::process::Command::new(&me)
            .args(["--exact", "kernels::the_environment_caps_the_level"])
            .env("OPUSCLIP_ISA", name)
            .env("RAW_TEST_CHILD", "1")
            .output()
            .unwrap();
        assert!(done.status.success(), "{name}");
        assert!(String::from_utf8_lossy(&done.stdout).contains("1 passed"), "{name}");
    }
}
