//! What reads pixels channel by channel: picking, tables in turns; and moments.

use crate::Random;
use opusclip_raw::kernel::cast::cast_one;
use opusclip_raw::kernel::moments::moments;
use opusclip_raw::kernel::pick::{every, repeat};
use opusclip_raw::kernel::table::table_turns;
use opusclip_raw::{Element, Isa};

fn picks<const N: usize>(r: &mut Random) {
    let x = r.bytes(N * 700);
    let x = x.as_chunks::<N>().0;
    for isa in Isa::available() {
        for step in 1..=6 {
            for n in [0, 1, 2, 3, 31, 64, 65, 128, 200, 697, 700] {
                let x = &x[700 - n..];
                for room in [n / step, n.div_ceil(step), n.div_ceil(step) + 3] {
                    let mut got = vec![[7u8; N]; room];
                    every(isa, x, step, &mut got);
                    let wanted = x.iter().step_by(step).copied().chain(std::iter::repeat([7u8; N]));
                    assert_eq!(got, wanted.take(room).collect::<Vec<_>>(), "{} step {step}, {n}", isa.name());
                }
            }
        }
    }
}

#[test]
fn every_nth_element_is_picked() {
    let mut r = Random(5);
    picks::<1>(&mut r);
    picks::<2>(&mut r);
    picks::<4>(&mut r);
    picks::<8>(&mut r);
    picks::<16>(&mut r);
}

fn turns<R: Element + PartialEq>(r: &mut Random, of: impl Fn(u8) -> R) {
    let x = r.bytes(400);
    let tables: Vec<[R; 256]> = (0..7).map(|_| std::array::from_fn(|_| of(r.bytes(1)[0]))).collect();
    for isa in Isa::available() {
        for channels in 1..=7 {
            let tables: Vec<&[R; 256]> = tables.iter().take(channels).collect();
            for first in 0..channels + 1 {
                for n in [0, 1, 2, 5, 63, 64, 65, 127, 128, 191, 192, 193, 400] {
                    let mut got = vec![of(9); n + 1];
                    table_turns(isa, &x[..n], &tables, first, &mut got);
                    for (i, x) in x[..n].iter().enumerate() {
                        assert!(got[i] == tables[(first + i) % channels][*x as usize], "{} {n} at {i}", isa.name());
                    }
                    assert!(got[n] == of(9));
                }
            }
        }
    }
}

#[test]
fn tables_take_turns() {
    let mut r = Random(6);
    turns(&mut r, |b| b);
    turns(&mut r, u16::from);
    turns(&mut r, |b| f32::from(b) / 3.0);
    turns(&mut r, |b| f64::from(b) / 3.0);
}

fn moments_of<T: Element>(x: &[T]) {
    let whole = |v: &T| i128::from(cast_one::<T, i64>(*v));
    let wanted = (x.iter().map(whole).sum(), x.iter().map(|v| whole(v) * whole(v)).sum());
    for isa in Isa::available() {
        assert_eq!(moments(isa, x), Some(wanted), "{}", isa.name());
    }
}

#[test]
fn moments_are_exact() {
    let mut r = Random(7);
    for n in [0usize, 1, 15, 64, 1000, 70_000] {
        let bytes = r.bytes(2 * n);
        let words: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|b| u16::from_ne_bytes(*b)).collect();
        moments_of(&bytes);
        moments_of(&bytes.iter().map(|b| *b as i8).collect::<Vec<_>>());
        moments_of(&bytes.iter().map(|b| *b > 100).collect::<Vec<_>>());
        moments_of(&words);
        moments_of(&words.iter().map(|b| *b as i16).collect::<Vec<_>>());
        moments_of(&vec![255u8; n]);
        moments_of(&vec![i8::MIN; n]);
        moments_of(&vec![u16::MAX; n]);
        moments_of(&vec![i16::MIN; n]);
    }
    assert_eq!(moments(Isa::BASELINE, &[1i32]), None);
}

#[test]
fn repeats_are_those_of_the_plain_loop() {
    for isa in Isa::available() {
        for times in [1, 2, 3, 4, 5, 8] {
            for n in [0, 1, 7, 16, 100] {
                let x: Vec<u64> = (0..n as u64).map(|i| i * 0x0101_0101_0101 + 5).collect();
                // A group that is not whole is left as it was.
                let rest = usize::from(times > 1);
                let mut out = vec![3; n * times + rest];
                repeat(isa, &x, times, &mut out);
                let wanted = x.iter().flat_map(|&v| vec![v; times]);
                let wanted: Vec<u64> = wanted.chain(vec![3; rest]).collect();
                assert_eq!(out, wanted, "{n} elements {times} times on {}", isa.name());
            }
        }
    }
}
