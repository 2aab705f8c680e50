use opusclip_raw::{Buffer, Pool, as_bytes, cast_slice, cast_slice_mut};

#[test]
fn buffers_are_aligned_and_zero() {
    for n in [0, 1, 63, 64, 65, 4096, 1 << 20] {
        let mut b = Buffer::zeroed(n).unwrap();
        assert_eq!(b.len(), n);
        assert_eq!(b.is_empty(), n == 0);
        assert!(b.bytes().as_ptr().addr().is_multiple_of(64));
        assert!(b.bytes().iter().all(|&v| v == 0));
        b.bytes_mut().fill(7);
        assert_eq!(b.as_slice::<u64>().len(), n / 8);
        assert!(b.as_slice::<u64>().iter().all(|&v| v == 0x0707_0707_0707_0707));
        b.as_mut_slice::<f32>().fill(1.0);
        assert!(b.as_slice::<f32>().iter().all(|&v| v == 1.0));
    }
}

#[test]
fn refusal_is_an_error() {
    for n in [usize::MAX, usize::MAX - 64, isize::MAX as usize, 1 << 60] {
        assert_eq!(Buffer::zeroed(n).unwrap_err().bytes, n);
        assert!(Pool::new(0).take(n).is_err());
    }
    let text = Buffer::zeroed(usize::MAX).unwrap_err().to_string();
    assert_eq!(text, "out of memory: 18446744073709551615 bytes could not be allocated");
}

#[test]
fn slices_of_elements() {
    let x = [1.5f32, -2.0, 3.0];
    let b = Buffer::from_slice(&x).unwrap();
    assert_eq!(b.as_slice::<f32>(), x);
    assert_eq!(as_bytes(&x), b.bytes());
    assert_eq!(cast_slice::<f32>(b.bytes()).unwrap(), x);
    assert!(cast_slice::<f32>(&b.bytes()[1..5]).is_none());
    assert!(cast_slice::<f32>(&b.bytes()[..5]).is_none());
    assert!(cast_slice::<u8>(&[]).unwrap().is_empty());
}

#[test]
fn bool_views_are_checked() {
    let mut b = Buffer::from_slice(&[1u8, 0, 2]).unwrap();
    assert!(cast_slice::<bool>(b.bytes()).is_none());
    assert!(cast_slice_mut::<bool>(b.bytes_mut()).is_none());
    assert!(b.as_slice::<bool>().is_empty());
    assert_eq!(b.as_mut_slice::<bool>(), [true, false, true]);
    assert_eq!(b.as_slice::<bool>(), [true, false, true]);
    assert_eq!(b.bytes(), [1, 0, 1]);
}

#[test]
fn pool_gives_again() {
    let pool = Pool::new(1 << 20);
    let mut a = pool.take(100_000).unwrap();
    assert_eq!(a.len(), 100_000);
    a.bytes_mut().fill(9);
    let s = pool.stats();
    assert_eq!((s.hits, s.misses, s.held_bytes, s.out_bytes), (0, 1, 0, 131_072));
    drop(a);
    assert_eq!(pool.stats().held_bytes, 131_072);
    let b = pool.clone().take_zeroed(99_000).unwrap();
    assert!(b.bytes().iter().all(|&v| v == 0));
    assert_eq!(b.len(), 99_000);
    assert_eq!(pool.stats().hits, 1);
    let big = pool.take(2 << 20).unwrap();
    drop(big);
    assert_eq!(pool.stats().held_bytes, 0);
    drop(b);
    pool.trim();
    let s = pool.stats();
    assert_eq!((s.held_bytes, s.out_bytes), (0, 0));
    assert_eq!(s.peak_bytes, (2 << 20) + 131_072);
    // Between 96 and 128 KiB lies no class, below 96 KiB one of one and a half times 64.
    drop(pool.take(70_000).unwrap());
    assert_eq!(pool.stats().held_bytes, 98_304);
}

#[test]
fn pool_survives_swapped_buffers_and_zero_lengths() {
    let pool = Pool::new(1 << 20);
    let mut a = pool.take(5000).unwrap();
    let kept = std::mem::replace(&mut *a, Buffer::zeroed(3).unwrap());
    drop(a);
    assert_eq!((pool.stats().held_bytes, pool.stats().out_bytes), (0, 0));
    drop(kept);
    let z = pool.take(0).unwrap();
    assert!(z.bytes().is_empty());
    drop(z);
    assert_eq!(pool.stats().held_bytes, 0);
    // A buffer outlives the handle.
    let b = pool.take(10).unwrap();
    drop(pool);
    assert_eq!(b.len(), 10);
}

#[test]
fn a_pool_is_trimmed_and_capped_the_largest_first() {
    let pool = Pool::new(1 << 20);
    assert_eq!((pool.cap(), pool.stats().hit_rate()), (1 << 20, 0.0));
    let sizes = [4096, 8192, 65_536, 262_144];
    let all: Vec<_> = sizes.iter().map(|n| pool.take(*n).unwrap()).collect();
    drop(all);
    let held = |pool: &Pool| pool.stats().held_bytes;
    assert_eq!(held(&pool), sizes.iter().sum::<usize>());
    pool.trim_to(100_000);
    assert_eq!(held(&pool), 4096 + 8192 + 65_536);
    pool.set_cap(10_000);
    assert_eq!((held(&pool), pool.cap()), (4096, 10_000));
    drop(pool.take(8192).unwrap());
    assert_eq!(held(&pool), 4096, "a buffer above the cap is freed");
    drop(pool.take(4000).unwrap());
    assert_eq!((pool.stats().hits, pool.stats().misses), (1, 5));
    assert!((pool.stats().hit_rate() - 1.0 / 6.0).abs() < 1e-12);
    pool.set_cap(1 << 20);
    drop(pool.take(8192).unwrap());
    assert_eq!(held(&pool), 4096 + 8192);
    pool.trim();
    assert_eq!(held(&pool), 0);
}

#[test]
fn debug_builds_poison_what_nobody_wrote() {
    let pool = Pool::new(1 << 20);
    for _ in 0..2 {
        let taken = pool.take(1000).unwrap();
        assert!(!cfg!(debug_assertions) || taken.bytes().iter().all(|b| *b == opusclip_raw::buffer::POISON));
        drop(taken);
        assert!(pool.take_zeroed(1000).unwrap().bytes().iter().all(|b| *b == 0));
    }
}

#[test]
fn a_bound_frees_what_waits_before_more_is_made() {
    let pool = Pool::new(1 << 20);
    pool.set_bound(100_000);
    drop(pool.take(65_536).unwrap());
    let small = pool.take(8192).unwrap();
    assert_eq!(pool.stats().held_bytes, 65_536);
    let other = pool.take(32_768).unwrap();
    assert_eq!((pool.stats().held_bytes, pool.stats().peak_bytes), (0, 65_536 + 8192));
    // What is taken is never refused.
    let large = pool.take(131_072).unwrap();
    assert_eq!(pool.stats().out_bytes, 131_072 + 32_768 + 8192);
    drop((small, other, large));
}
