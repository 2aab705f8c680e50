//! Plan text in, plan text out; and cases in which a pass must not fire.

use opusclip_engine::errstate::{ErrState, OnError, errstate};
use opusclip_engine::passes::PASSES;
use opusclip_engine::plan::{explain, lower, verify};
use opusclip_engine::{Array, DType, Lazy};

use crate::support::grade;

fn zeros(dtype: DType, shape: &[usize]) -> Lazy {
    Array::zeros(dtype, shape).unwrap().into()
}

/// The plan after the passes up to and including `last`.
fn after(last: &str, lazy: &Lazy) -> String {
    let mut plan = lower(std::slice::from_ref(lazy)).unwrap();
    for pass in PASSES {
        plan = (pass.run)(&plan).unwrap();
        verify(&plan).unwrap();
        if pass.name == last {
            break;
        }
    }
    explain::show(&plan)
}

#[test]
fn equal_expressions_are_one_node() {
    let x = zeros(DType::F32, &[4]);
    let plan = lower(&[x.exp() + x.exp(), x.exp()]).unwrap();
    assert_eq!(plan.nodes().len(), 3);
}

#[test]
fn fold_runs_constants_once() {
    let two = Lazy::from(Array::from_slice(&[2.0f32], &[1]).unwrap());
    let c = opusclip_engine::array::Scalar::from_f64(DType::F32, 3.0);
    let folded = after("fold", &(two * Lazy::scalar(c).sqrt()));
    assert_eq!(
        folded,
        "%0 = array in memory  : f32 (1,)\n%1 = 1.7320508f32  : f32 ()\n%2 = multiply(%0, %1)  : f32 (1,)\n→ %2\n"
    );
}

#[test]
fn simplify_drops_what_does_nothing() {
    let x = zeros(DType::F32, &[8]);
    let gone = (-(-&x) * 1.0).absolute().absolute() / 1.0;
    assert_eq!(after("simplify", &gone), "%0 = array in memory  : f32 (8,)\n%1 = absolute(%0)  : f32 (8,)\n→ %1\n");
    let bytes = zeros(DType::U8, &[8]);
    assert_eq!(after("simplify", &(bytes.f32().u8() + 0)), "%0 = array in memory  : u8 (8,)\n→ %0\n");
}

#[test]
fn simplify_keeps_minus_zero_narrow_casts_and_broadcasts() {
    let x = zeros(DType::F32, &[8]);
    assert!(after("simplify", &(&x + 0.0)).contains("add"), "-0.0 + 0 is 0.0");
    assert!(after("simplify", &x.u8().f32()).contains("u8("), "a byte does not hold a float");
    let one = Lazy::from(Array::from_slice(&[1.0f32], &[1, 1]).unwrap());
    assert!(after("simplify", &(&x * one)).contains("multiply"), "the result has another shape");
    let wide = zeros(DType::I64, &[8]);
    assert!(after("simplify", &wide.f64().i64()).contains("f64("), "a float64 does not hold every int64");
}

#[test]
fn the_seeds_job_as_planned() {
    let text = after("tabulate", &grade(&zeros(DType::U8, &[2, 40, 50, 3])));
    let expected = "\
%0 = array in memory  : u8 (2, 40, 50, 3)
%1 = mean(%0, axis=[1, 2, 3], keepdims) of power(divide(f32(a), 255.0), 0.8)  : f32 (2, 1, 1, 1)
     counted over 256 values, values made once for all frames: exact, bit-identical to the blocks
%2 = fused(%0, %1) u8(multiply(clip(add(multiply(subtract(power(divide(f32(a), 255.0), 0.8), b), 1.2), b), 0.0, 1.0), 255.0))  : u8 (2, 40, 50, 3)
     table of 256, one per frame: bit-identical to the blocks by construction
→ %2
";
    assert_eq!(text, expected);
}

#[test]
fn why_there_is_no_table() {
    let why =
        |l: &Lazy| after("tabulate", l).lines().find(|l| l.contains("block by block")).unwrap_or("").trim().to_string();
    let v = zeros(DType::U8, &[2, 40, 50, 3]);
    assert_eq!(why(&(v.f32() + zeros(DType::U8, &[40, 50, 3]))), "block by block: an operand varies inside a frame");
    assert_eq!(why(&(&v + v.flip(1))), "block by block: two operands are of full size");
    assert_eq!(why(&(v.u16() * 3).cast(DType::U16).sqrt().sqrt()), "");
    assert_eq!(
        why(&(zeros(DType::U16, &[2, 40, 50, 3]) + 1)),
        "block by block: an operand of full size has 16 bits: a table of 65536 does not stay in the first cache"
    );
    assert_eq!(
        why(&(zeros(DType::F32, &[2, 40, 50, 3]) + 1)),
        "block by block: an operand of full size is wider than 8 bits"
    );
    assert_eq!(
        why(&zeros(DType::Bool, &[2, 40, 50, 3]).logical_not()),
        "block by block: the operand of full size is of truth values, which need no table"
    );
    assert_eq!(
        why(&(zeros(DType::U8, &[2, 1]) + zeros(DType::U8, &[1, 1500]))),
        "block by block: no operand is of full size"
    );
    let watched = {
        let _here = errstate(ErrState { divide: OnError::Raise, ..ErrState::IGNORE });
        (v.f32() / 2.0).explain()
    };
    assert!(
        watched.contains("block by block: arithmetic is watched, so each element is looked at and no table is made"),
        "{watched}"
    );
    assert_eq!(why(&(zeros(DType::U8, &[2, 4, 5, 3]) + 1)), "block by block: too few elements for a table to pay");
    let looked_up = |l: &Lazy| after("tabulate", l).contains("values from a table of 256, reduced in their order");
    assert!(looked_up(&v.f64().sqrt().mean((1, 2, 3))), "sums of float64 depend on the order");
    assert!(looked_up(&(v.f32() * 0.5).mean((1, 2))), "not whole frames");
    let m = v.f32().mean((1, 2, 3)).keepdims();
    assert_eq!(
        why(&(v.f32() - m).mean((1, 2))),
        "block by block: each frame would need its own table and is not reduced as a whole"
    );
}

#[test]
fn a_program_that_grows_too_long_is_cut() {
    let x = zeros(DType::F32, &[64, 64]);
    let mut y = x.clone();
    for i in 0..200 {
        y = (&y + f64::from(i)).sqrt();
    }
    let text = after("tabulate", &y);
    assert!(text.matches("fused(").count() > 3, "{text}");
    assert_eq!(y.collect().unwrap().shape(), &[64, 64]);
}

#[test]
fn slices_move_towards_the_source() {
    let v = zeros(DType::U8, &[9, 40, 50, 3]);
    let red = (v.f32() / 255.0).slice_axis(3, Some(0), Some(1), None);
    assert_eq!(
        after("pushdown", &red),
        "%0 = array in memory  : u8 (9, 40, 50, 3)\n%1 = 255.0f32  : f32 ()\n\
         %2 = slice(%0, axis 3: 1 from 0 step 1)  : u8 (9, 40, 50, 1)\n%3 = f32(%2)  : f32 (9, 40, 50, 1)\n\
         %4 = divide(%3, %1)  : f32 (9, 40, 50, 1)\n→ %4\n"
    );
    // Frames of a per-frame mean, through the mean and the broadcast of one picture.
    let late = (&v + zeros(DType::U8, &[40, 50, 3])).mean((1, 2, 3)).slice_axis(0, Some(2), None, Some(3));
    let text = after("pushdown", &late);
    assert!(text.contains("slice(%0, axis 0: 3 from 2 step 3)  : u8 (3, 40, 50, 3)"), "{text}");
    assert!(!text.contains("slice(%1"), "{text}");
    // Two slices are one; turned round twice is no slice at all.
    let twice = v.slice_axis(0, Some(1), None, Some(2)).slice_axis(0, Some(1), Some(3), None);
    assert!(after("pushdown", &twice).contains("slice(%0, axis 0: 2 from 3 step 2)"));
    assert_eq!(after("pushdown", &v.flip(1).flip(1)), "%0 = array in memory  : u8 (9, 40, 50, 3)\n→ %0\n");
}

#[test]
fn slices_that_cannot_move_stay() {
    let v = zeros(DType::U8, &[9, 40, 50, 3]);
    // Reversing two frames must not keep nine.
    let back = after("pushdown", &v.slice_axis(0, None, Some(2), None).flip(0));
    assert!(
        back.contains("%1 = slice(%0, axis 0: 2 from 0 step 1)")
            && back.contains("slice(%1, axis 0: 2 from 1 step -1)"),
        "{back}"
    );
    let kept = v.f32().mean(3).keepdims();
    // The reduced axis has nothing of the input's left to cut.
    let none = after("pushdown", &kept.slice_axis(3, Some(1), None, None));
    assert!(none.contains("slice(%2, axis 3: 0"), "{none}");
    let shaped = after("pushdown", &v.reshape([9, 6000]).slice_axis(1, Some(0), Some(5), None));
    assert!(shaped.contains("slice(%1, axis 1: 5"), "{shaped}");
    let mut deep = zeros(DType::F32, &[8]);
    for _ in 0..200_000 {
        deep = deep + 1.0;
    }
    assert_eq!(deep.slice_axis(0, Some(0), Some(2), None).collect().unwrap().shape(), &[2]);
}

#[test]
fn permutations_move_to_the_source() {
    let v = zeros(DType::U8, &[9, 40, 50, 3]);
    let means: Lazy = Array::from_slice(&[0.4f32, 0.5, 0.6], &[3]).unwrap().into();
    let planes = (v.f32() / 255.0 - &means).permute_dims((0, 3, 1, 2));
    let expected = "\
%0 = array in memory  : u8 (9, 40, 50, 3)
%1 = permute_dims(%0)  : u8 (9, 3, 40, 50)
%2 = array in memory  : f32 (1, 3, 1, 1)
%3 = fused(%1, %2) subtract(divide(f32(a), 255.0), b)  : f32 (9, 3, 40, 50)
     tables of 256, one for each of 3 places of axis 1, made once for all frames: bit-identical to the blocks by construction
→ %3
";
    assert_eq!(after("tabulate", &planes), expected);
    // The same when it stands before the arithmetic, or twice.
    let place = means.reshape([3, 1, 1]);
    let before = v.permute_dims((0, 3, 1, 2)).f32() / 255.0 - place;
    assert!(after("tabulate", &before).contains("one for each of 3 places of axis 1"));
    let back = planes.permute_dims((0, 2, 3, 1));
    let text = after("tabulate", &back);
    assert!(!text.contains("permute_dims(%0)") || text.contains("tables of 256"), "{text}");
    let own = v.f32() - v.f32().mean((1, 2)).keepdims();
    let text = after("tabulate", &own);
    assert!(text.contains("one for each of 3 places of axis 3, made per frame"), "{text}");
}

#[test]
fn permutations_that_stay() {
    let v = zeros(DType::U8, &[9, 40, 50, 3]);
    let stays = |what: &str, l: &Lazy| {
        let text = after("layout", l);
        let last = text.lines().rev().nth(1).unwrap_or_default().to_string();
        assert!(last.contains("permute_dims"), "{what}: {text}");
    };
    let f = zeros(DType::F32, &[9, 40, 50, 3]);
    stays("narrower results than operands", &(&f * 2.0).u8().permute_dims((0, 3, 1, 2)));
    stays("two operands as wide as the result", &(&f + &f.flip(1)).permute_dims((0, 3, 1, 2)));
    stays("frames would not stay frames", &(v.f32() / 255.0).permute_dims((3, 0, 1, 2)));
    let text = after("layout", &v.permute_dims((0, 3, 1, 2)).permute_dims((0, 2, 3, 1)));
    assert_eq!(text, "%0 = array in memory  : u8 (9, 40, 50, 3)\n→ %0\n");
    let shared = v.f32() / 255.0;
    let plan = lower(&[shared.permute_dims((0, 3, 1, 2)), shared]).unwrap();
    let mut plan = plan;
    for pass in PASSES.iter().take_while(|p| p.name != "fuse") {
        plan = (pass.run)(&plan).unwrap();
    }
    assert!(explain::show(&plan).contains("permute_dims(%3)"), "computed once for both: {}", explain::show(&plan));
}

#[test]
fn why_channels_have_no_tables() {
    let v = zeros(DType::U8, &[9, 40, 50, 3]);
    let why =
        |l: &Lazy| after("tabulate", l).lines().find(|l| l.contains("block by block")).unwrap_or("").trim().to_string();
    assert_eq!(
        why(&(&v * zeros(DType::U8, &[40, 1, 1]))),
        "block by block: an operand varies along an axis that is too long for a table at each place"
    );
    assert_eq!(
        why(&(zeros(DType::U8, &[900, 4, 50, 3]) * zeros(DType::U8, &[4, 1, 1]))),
        "block by block: an operand varies along an axis that is neither the last nor one of large planes"
    );
    assert_eq!(why(&(&v * zeros(DType::U8, &[50, 3]))), "block by block: an operand varies inside a frame");
    assert_eq!(
        why(&(zeros(DType::U8, &[9, 30, 30, 3]).f32() - zeros(DType::F32, &[9, 1, 1, 3]))),
        "block by block: too few elements for a table to pay"
    );
    assert_eq!(
        why(&(v.f32() * zeros(DType::F32, &[3])).mean((1, 2))),
        "block by block: each place of an axis would need its own table, and a reduction has one for all"
    );
}

#[test]
fn integers_that_fit_run_in_narrower_types() {
    let (a, b) = (zeros(DType::U8, &[9, 40, 50, 3]), zeros(DType::U8, &[9, 40, 50, 3]));
    let line = |l: &Lazy| {
        let text = after("fuse", l);
        text.lines().find(|l| l.contains("fused(") || l.contains(" of ")).unwrap_or(&text).to_string()
    };
    let away = (a.i64() - b.i64()).absolute();
    assert!(line(&away).contains("i64(distance(a, b))"), "{}", line(&away));
    let motion = (a.i16() - b.i16()).absolute().mean((1, 2, 3));
    assert!(line(&motion).contains("of distance(a, b)  : f64"), "{}", line(&motion));
    let sum = (a.i64() + b.i64()).minimum(255).u8();
    assert!(line(&sum).contains("u8(minimum(add(i16(a), i16(b)), 255))"), "{}", line(&sum));
    let scaled = (a.i64() * 1000 - 5).f32();
    assert!(line(&scaled).contains("f32(subtract(multiply(i32(a), 1000), 5))"), "{}", line(&scaled));
    let compared = a.i32().greater(b.i32());
    assert!(line(&compared).contains("greater(a, b)"), "{}", line(&compared));
}

#[test]
fn integers_that_may_not_fit_stay_wide() {
    let a = zeros(DType::U8, &[9, 40, 50, 3]);
    let wide = zeros(DType::I64, &[9, 40, 50, 3]);
    let line = |l: &Lazy| after("fuse", l).lines().find(|l| l.contains("fused(")).unwrap_or_default().to_string();
    // 255^4 needs 32 bits and a sign.
    let x = a.i64();
    let power = &x * &x * &x * &x;
    assert!(line(&power).contains("multiply(i64("), "{}", line(&power));
    assert!(line(&(&wide + 1)).contains("add(a, 1)"));
    // Unsigned differences wrap around.
    let under = a.cast(DType::U32) - 3;
    assert!(line(&under).contains("subtract(u32(a), 3)"), "{}", line(&under));
    // A cast that cuts off is no cast that widens.
    let cut = (a.cast(DType::I8).i64() - a.i64()).absolute();
    assert!(line(&cut).contains("i8(a)"), "{}", line(&cut));
}
