//! Which path ran, and that all paths agree to the bit: reference, blocks, tables, counts, on
//! every instruction set, any number of threads.

use opusclip_engine::api::Arg;
use opusclip_engine::exec::reference;
use opusclip_engine::{Array, DType, Isa, Lazy, Monitor, Output, RunOptions, op, run};

use crate::support::{Random, assert_same, grade, of, options};

fn check(what: &str, lazy: &Lazy) -> Monitor {
    let meaning = reference::collect(std::slice::from_ref(lazy)).unwrap().remove(0);
    let monitor = Monitor::new();
    for isa in Isa::available() {
        for threads in [1, 2, 5] {
            let options = RunOptions { isa: Some(isa), threads, monitor: monitor.clone(), ..RunOptions::default() };
            let fast = lazy.collect_with(&options).unwrap();
            assert_same(&format!("{what}: {} on {threads} threads", isa.name()), &fast, &meaning);
        }
    }
    monitor
}

fn video(seed: u64, shape: &[usize]) -> Lazy {
    Array::from_slice(&Random(seed).bytes(shape.iter().product()), shape).unwrap().into()
}

#[test]
fn the_seeds_job_runs_through_tables_and_counts() {
    for shape in [[3, 48, 64, 3], [1, 33, 47, 3], [5, 20, 31, 3]] {
        let m = check("grade", &grade(&video(7, &shape)));
        assert!(m.tables() > 0 && m.counted() > 0, "{m:?}");
        assert_eq!(m.blocks(), 0, "nothing may fall back to blocks: {m:?}");
    }
}

#[test]
fn a_frame_larger_than_a_leaf_agrees_with_the_reference() {
    let m = check("grade", &grade(&video(11, &[2, 700, 800, 3])));
    assert!(m.counted() > 0 && m.blocks() == 0);
}

#[test]
fn tables_equal_the_blocks_that_they_stand_for() {
    // Two full-size operands forbid a table: the same arithmetic, block by block.
    let v = video(3, &[4, 40, 50, 3]);
    let zeros: Lazy = Array::zeros(opusclip_engine::DType::U8, &[4, 40, 50, 3]).unwrap().into();
    let by_table = grade(&v);
    let by_blocks = grade(&(&v + &zeros).maximum(zeros));
    let m = Monitor::new();
    let options = RunOptions { monitor: m.clone(), ..RunOptions::default() };
    let b = by_blocks.collect_with(&options).unwrap();
    assert!(m.tables() == 0 && m.counted() == 0 && m.blocks() > 0, "{m:?}");
    assert_same("blocks", &by_table.collect().unwrap(), &b);
}

#[test]
fn sums_of_wide_exponents_and_non_finite_values_fall_back_and_agree() {
    let v = video(5, &[2, 30, 40, 3]);
    let wide = (v.f32() - 128.0).exp().mean((1, 2, 3));
    check("wide exponents", &wide);
    let broken = (v.f32() - 100.0).log().sum((1, 2, 3));
    check("NaN and -inf", &broken);
    check("infinities", &(v.f32() / 0.0).mean((1, 2, 3)));
    check("negative", &((v.f32() - 255.0) * 1.7).sum((1, 2, 3)));
}

#[test]
fn reductions_over_every_choice_of_axes() {
    let v = video(9, &[3, 17, 29, 3]);
    let f = v.f32() * 0.37;
    for axes in
        [vec![], vec![0], vec![1], vec![2], vec![3], vec![0, 1], vec![1, 2], vec![0, 3], vec![1, 3], vec![1, 2, 3]]
    {
        for x in [&v, &f, &v.f64().sqrt(), &(&v - 100).cast(opusclip_engine::DType::I16)] {
            check("sum", &x.sum(axes.clone()));
            check("mean", &x.mean(axes.clone()));
            check("min", &x.min(axes.clone()));
            check("max", &(x + 1).max(axes.clone()).keepdims());
            check("std", &x.std(axes.clone()));
            check("any", &x.any(axes.clone()));
            check("all", &x.all(axes.clone()));
        }
    }
}

#[test]
fn counted_extremes_look_only_at_values_that_occur() {
    let shape = [2, 32, 32, 3];
    let bytes: Vec<u8> = Random(4).bytes(shape.iter().product()).iter().map(|b| 100 + b % 50).collect();
    let v: Lazy = Array::from_slice(&bytes, &shape).unwrap().into();
    // The values below 100 would give NaN, and do not occur.
    let x = (v.f32() - 100.0).sqrt();
    let m = check("max", &x.max((1, 2, 3)));
    assert!(m.counted() > 0);
    check("min", &x.min((1, 2, 3)));
}

#[test]
fn strided_and_broadcast_operands() {
    let v = video(13, &[3, 20, 24, 3]);
    check("flip", &grade(&v.flip(2)));
    check("crop", &grade(&v.slice_axis(1, Some(3), Some(-2), Some(2)).slice_axis(2, None, None, Some(-1))));
    check("planes", &(v.permute_dims([0, 3, 1, 2]).f32() / 255.0));
    let weights: Lazy = Array::from_slice(&[0.2126f32, 0.7152, 0.0722], &[3]).unwrap().into();
    check("luma", &(v.f32() * &weights).sum(3));
    check("outer", &(v.slice_axis(3, Some(0), Some(1), None) - &v));
    check("first frame", &(&v - v.slice_axis(0, Some(0), Some(1), None)));
    check("reversed time", &(&v - v.flip(0)));
    check("mean picture", &(v.f32() - v.f32().mean(0)));
    check("difference", &v.i16().diff(0).abs().mean((1, 2, 3)));
    check("every other", &grade(&v.slice_axis(0, None, None, Some(2))));
    check("reshaped", &v.reshape([3, -1]).f32().mean(1));
}

#[test]
fn sums_of_float64_are_looked_up_and_added_in_order() {
    let v = video(21, &[3, 40, 50, 3]);
    let m = check("float64 mean", &(&v / 255).pow(0.8).mean((1, 2, 3)));
    assert!(m.tables() > 0 && m.blocks() == 0, "{m:?}");
    let signed = crate::support::array_of(opusclip_engine::DType::I8, &[2, 40, 50, 3], &Random(8).bytes(12_000));
    let m = check("int8", &(Lazy::from(signed).f64() * 1.1).sum((0, 3)));
    assert!(m.tables() > 0 && m.blocks() == 0, "{m:?}");
    check("per channel", &(v.f32() / 255.0).sqrt().mean((1, 2)));
}

fn imagenet(frames: &Lazy, place: &[usize]) -> Lazy {
    let image = |v: [f32; 3]| Lazy::from(Array::from_slice(&v, place).unwrap());
    (frames.f32() / 255.0 - image([0.485, 0.456, 0.406])) / image([0.229, 0.224, 0.225])
}

#[test]
fn each_channel_has_a_table_of_its_own() {
    let v = video(31, &[3, 61, 67, 3]);
    let planes = (0, 3, 1, 2);
    let signed = Lazy::from(crate::support::array_of(
        opusclip_engine::DType::I8,
        &[3, 61, 67, 3],
        &Random(8).bytes(3 * 61 * 67 * 3),
    ));
    for (what, lazy) in [
        ("pixels", imagenet(&v, &[3])),
        ("pixels to planes, afterwards", imagenet(&v, &[3]).permute_dims(planes)),
        ("pixels to planes, before", imagenet(&v.permute_dims(planes), &[3, 1, 1])),
        ("half floats", imagenet(&v, &[3]).cast(opusclip_engine::DType::F16).permute_dims(planes)),
        ("bytes", (imagenet(&v, &[3]) * 40.0 + 100.0).u8()),
        ("words", (imagenet(&v, &[3]) * 4000.0 + 10000.0).cast(opusclip_engine::DType::U16)),
        ("float64", imagenet(&v, &[3]).f64().sqrt()),
        ("signed", imagenet(&signed, &[1, 1, 3]).permute_dims(planes)),
        ("flipped", imagenet(&v.flip(2), &[3]).permute_dims(planes)),
        ("cropped", imagenet(&v.slice_axis(1, Some(3), Some(-2), Some(2)), &[3]).permute_dims(planes)),
        ("blue first", imagenet(&v.flip(3), &[3])),
        ("a mean per frame and channel", v.f32() - v.f32().mean((1, 2)).keepdims()),
        ("a mean per frame and channel, in planes", (v.f32() - v.f32().mean((1, 2)).keepdims()).permute_dims(planes)),
        ("a mean per channel", (v.f32() - v.f32().mean((0, 1, 2))).permute_dims(planes)),
    ] {
        let m = check(what, &lazy);
        assert!(m.tables() > 0, "{what}: {m:?}");
        if !what.contains("mean") {
            assert_eq!(m.blocks(), 0, "{what}: {m:?}");
        }
    }
    let many = video(32, &[2, 40, 50, 5]);
    let five: Lazy = Array::from_slice(&[1u8, 2, 3, 4, 5], &[5]).unwrap().into();
    assert!(check("five channels", &(&many * &five)).tables() > 0);
    assert!(check("planes of five", &(&many.f32() / &five).permute_dims((0, 3, 2, 1))).tables() > 0);
    let back = (many.permute_dims((0, 3, 1, 2)).f32() / 3.0).permute_dims((0, 2, 3, 1));
    assert!(check("there and back", &back).tables() > 0);
    let planar = video(34, &[2, 3, 40, 53]);
    for planar in [&planar, &planar.flip(1), &planar.flip(3), &planar.slice_axis(2, Some(1), None, Some(3))] {
        assert!(check("planes to pixels", &imagenet(&planar.permute_dims((0, 2, 3, 1)), &[3])).tables() > 0);
        check("planes to pixels, as they are", &planar.permute_dims((0, 2, 3, 1)));
        check("wide planes to pixels", &planar.f64().sqrt().permute_dims((0, 2, 3, 1)));
    }
    // Neither the last axis nor large planes.
    let rows: Lazy = Array::from_slice(&[1u8, 2, 3, 4], &[4, 1, 1]).unwrap().into();
    assert_eq!(check("rows", &(video(33, &[30, 4, 50, 2]) * rows)).tables(), 0);
}

#[test]
fn permutations_of_wide_results_are_fused() {
    let v = video(35, &[4, 30, 40, 3]);
    let other = video(36, &[4, 30, 40, 3]);
    check("two operands", &((v.f32() * &other).sqrt()).permute_dims((0, 3, 1, 2)));
    check("columns first", &((v.f32() * &other) + 1.0).permute_dims((0, 2, 1, 3)));
    check("a sum of planes", &(v.f32() * &other).permute_dims((0, 3, 1, 2)).sum((2, 3)));
    check("narrow results", &(v.f32() * 0.5 + other.f32()).u8().permute_dims((0, 3, 1, 2)));
    let both = v.f32() * 0.5;
    check("used twice", &(both.permute_dims((0, 2, 1, 3)).sum(1) + both.sum(2)));
    let picture = video(37, &[30, 40, 3]);
    check("a picture for all frames", &((v.f32() - picture.f32()).permute_dims((0, 3, 1, 2))));
    let computed = v.f32().mean(0) * 2.0;
    check("a computed picture", &((v.f32() - computed).permute_dims((0, 3, 1, 2))));
}

/// All small integer types, and where they wrap.
fn small(shape: &[usize]) -> Vec<Lazy> {
    use opusclip_engine::DType::{Bool, I8, I16, U8, U16};
    let n: usize = shape.iter().product();
    let bytes = Random(41).bytes(2 * n);
    let of = |d: opusclip_engine::DType| match d {
        Bool => {
            Lazy::from(Array::from_slice(&bytes[..n].iter().map(|b| b % 3 == 0).collect::<Vec<_>>(), shape).unwrap())
        }
        d => crate::support::array_of(d, shape, &bytes[..n * d.size()]).into(),
    };
    [Bool, U8, I8, U16, I16].map(of).to_vec()
}

#[test]
fn moments_of_small_integers_over_every_choice_of_axes() {
    for x in small(&[3, 17, 29, 18]) {
        for axes in [vec![], vec![0], vec![1], vec![2], vec![3], vec![0, 1, 2], vec![1, 2], vec![0, 3], vec![1, 2, 3]] {
            let axis = Arg::Ints(axes.clone());
            check("var", &x.var(axes.clone()));
            check("std", &op!(std(&x, axis = axis.clone(), ddof = 1.0, keepdims = true)));
            check("narrowed", &op!(var(&x.i16(), axis = axis, ddof = 0.5)));
        }
        check("of a program", &(&x * 3).cast(x.dtype().unwrap()).std((1, 2, 3)));
        check("where", &op!(var(&x, axis = 1, where = x.greater(1))));
        check("as float32", &op!(var(&x, axis = 1, dtype = opusclip_engine::DType::F32)));
        check("empty", &x.slice_axis(1, Some(0), Some(0), None).var((1, 2)));
        let one = x.slice_axis(1, Some(0), Some(1), None);
        check("ddof of all", &op!(std(&one, axis = 1, ddof = 1.0)));
    }
    // A frame larger than a leaf, and one column for each channel.
    let v = video(43, &[2, 700, 800, 3]);
    check("large frames", &v.std((1, 2, 3)));
    check("large channels", &v.std((0, 1, 2)));
}

#[test]
fn a_variance_of_integers_is_rounded_once() {
    // 2^20 elements of 255 and one of 254 have the variance (n - 1) / n^2, n = 2^20 + 1.
    let x = Lazy::from(Array::from_slice(&[255u8], &[1]).unwrap()).broadcast_to([1isize << 20]);
    let y = Lazy::from(Array::from_slice(&[254u8], &[1]).unwrap());
    let all = opusclip_engine::functions::concat(&[x, y], 0);
    let n = f64::from((1u32 << 20) + 1);
    let wanted = (n - 1.0) / (n * n);
    let got = all.var(()).collect().unwrap().item().unwrap().to_f64();
    assert!((got - wanted).abs() <= wanted * f64::EPSILON, "{got:e} and {wanted:e}");
    let refused = Lazy::from(Array::zeros(opusclip_engine::DType::F32, &[3]).unwrap());
    let refused = refused.reduce(opusclip_engine::ops::Reduce::Variance, &[]).collect().unwrap_err().to_string();
    assert!(refused.contains("only bool and integers of up to 16 bits"), "{refused}");
}

#[test]
fn integers_run_in_the_narrowest_type() {
    use opusclip_engine::DType;
    let shape = [4, 20, 31, 3];
    let all = small(&shape);
    for x in &all[1..] {
        for y in &all[1..] {
            for wide in [DType::I16, DType::I32, DType::I64, DType::U32, DType::U64] {
                let (x, y) = (x.cast(wide), y.cast(wide));
                check("distance", &(&x - &y).absolute());
                check("distance summed", &(&x - &y).absolute().sum((1, 2, 3)));
                check("mean", &(&x - &y).absolute().mean((1, 2, 3)));
                check("sum, cut off", &(&x + &y).minimum(255).u8());
                check("product", &((&x * &y + 7).f32() / 3.0));
                check("clipped", &(&x * &x - &y * 2).clip(-300, 70000).cast(DType::I16));
                check("compared", &(&x + 1).greater(&y * 2).where_(&x, &y));
                check("least", &(&x * 2).min((0, 2)));
                check("negative", &(-&x).max((1, 2)));
            }
        }
    }
    let frames = &all[1];
    check("motion", &frames.i16().diff(0).abs().mean((1, 2, 3)));
    check("spread", &(frames.i64() * 2).cast(DType::I16).var((1, 2)));
}

#[test]
fn a_slice_behind_a_sum_does_not_change_how_it_is_summed() {
    // Columns whose sum depends on the order in which a compensated one is made.
    let column = [1e200, 1e100, 1.0, -1e200, -1e100];
    let values: Vec<f64> = column.iter().flat_map(|v| std::iter::repeat_n(*v, 100)).collect();
    let x = of(&values, &[5, 100]);
    for sum in [x.sum(0), x.mean(0), x.sum(0).cast(DType::C128)] {
        for part in [sum.clone(), sum.slice_axis(0, Some(0), Some(10), None), sum.slice_axis(0, Some(3), Some(4), None)]
        {
            let want = reference::collect(std::slice::from_ref(&part)).unwrap().remove(0);
            assert_same("at once", &part.collect().unwrap(), &want);
            for threads in [1, 2] {
                let planned = run(vec![Output::Collect(part.clone())], &options(threads)).unwrap().arrays.remove(0);
                assert_same("by plan", &planned, &want);
            }
        }
    }
}

#[test]
fn halves_lying_apart_are_summed_as_the_reference_sums_them() {
    let values: Vec<f32> = (0..70 * 3000).map(|i| (i % 997) as f32 * 0.37 - 100.0).collect();
    for dtype in [DType::F16, DType::BF16] {
        let x: Lazy = of(&values, &[70, 3000]).astype(dtype).collect().unwrap().into();
        for lazy in [x.sum(0), x.mean(0), x.max(0)] {
            let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
            assert_same("halves", &lazy.collect().unwrap(), &want);
        }
    }
}

#[test]
fn a_few_columns_of_integers_are_those_of_the_reference() {
    let values: Vec<u8> = (0..40 * 50 * 3).map(|i| (i * 37 % 251) as u8).collect();
    let x = of(&values, &[40, 50, 3]);
    for dtype in [DType::Bool, DType::U8, DType::I16, DType::I32, DType::U64, DType::F32] {
        let x = x.astype(dtype);
        for lazy in [x.sum((0, 1)), x.mean(0), x.var((0, 1)), x.min((0, 1)), x.max(0), x.any((0, 1)), x.all(0)] {
            let want = reference::collect(std::slice::from_ref(&lazy)).unwrap().remove(0);
            let found = run(vec![Output::Collect(lazy)], &options(2)).unwrap().arrays.remove(0);
            assert_same(&format!("{dtype}"), &found, &want);
        }
    }
}

#[test]
fn long_results_pass_the_caches_by() {
    // More than 32 MiB in five frames, none of which begins at a line of the cache.
    let n = 930_007usize;
    let x = Array::from_vec((0..5 * n).map(|i| i as f64 * 0.37 - 7.0).collect::<Vec<_>>(), &[5, n]).unwrap();
    let x = Lazy::from(x);
    let of = |x: &Lazy| (x * 1.5 + x.sqrt()).index(..);
    let frame = |i: usize| of(&x.index(i..i + 1)).collect().unwrap();
    for threads in [1, 3] {
        let monitor = Monitor::new();
        let options = RunOptions { threads, monitor: monitor.clone(), ..RunOptions::default() };
        let all = of(&x).collect_with(&options).unwrap();
        assert!(monitor.streamed() > 0, "{monitor:?}");
        for i in 0..5 {
            let one = Lazy::from(all.clone()).index(i..i + 1).collect().unwrap();
            assert_same(&format!("frame {i} on {threads} threads"), &one, &frame(i));
        }
        // Who reads the values at once finds them in the cache.
        let monitor = Monitor::new();
        let options = RunOptions { threads, monitor: monitor.clone(), ..RunOptions::default() };
        of(&x).sum(()).collect_with(&options).unwrap();
        of(&x.index(..1)).collect_with(&options).unwrap();
        assert_eq!(monitor.streamed(), 0, "{monitor:?}");
    }
}
