//! Linear algebra and signals: NumPy's and SciPy's numbers, refusals, streaming, instruction sets.

use opusclip_engine::exec::reference;
use opusclip_engine::functions::{einsum, fftfreq, hamming, kaiser, multi_dot};
use opusclip_engine::{Array, DType, Isa, Lazy, RunOptions, collect_all};

use crate::support::{assert_same, of};

/// Symmetric and positive definite.
fn a() -> Lazy {
    of(&[4.0, 1.0, 2.0, 1.0, 3.0, 0.0, 2.0, 0.0, 5.0], &[3, 3])
}

fn b() -> Lazy {
    of(&[2.0, -1.0, 0.0, 1.0, 3.0, 5.0, 0.0, 2.0, 1.0], &[3, 3])
}

#[track_caller]
fn near(x: &Lazy, wanted: &[f64]) {
    let found = x.collect().unwrap().to_f64_vec().unwrap();
    assert_eq!(found.len(), wanted.len());
    for (f, w) in found.iter().zip(wanted) {
        assert!((f - w).abs() <= 1e-13 * w.abs().max(1.0), "{found:?} is not {wanted:?}");
    }
}

#[track_caller]
fn refuses(x: &Lazy, words: &str) {
    let text = x.collect().unwrap_err().to_string();
    assert!(text.contains(words) && !text.contains('\n'), "{text}");
}

#[test]
fn determinants_inverses_and_equations_are_numpys() {
    near(&b().det(), &[-13.0]);
    let [sign, log] = b().slogdet();
    near(&sign, &[-1.0]);
    near(&log, &[2.5649493574615367]);
    let inverse = [
        0.5384615384615384,
        -0.07692307692307693,
        0.38461538461538464,
        0.07692307692307693,
        -0.15384615384615385,
        0.7692307692307693,
        -0.15384615384615385,
        0.3076923076923077,
        -0.5384615384615385,
    ];
    near(&b().inv(), &inverse);
    near(&b().solve(of(&[1.0, 2.0, 3.0], &[3])), &[1.5384615384615385, 2.076923076923077, -1.153846153846154]);
    // A stack against one right side: NumPy 2 takes an array of one axis for a vector.
    let stack = b().broadcast_to([2, 3, 3]);
    assert_eq!(stack.solve(of(&[1.0, 2.0, 3.0], &[3])).shape().unwrap(), [2, 3]);
    assert_eq!(stack.solve(of(&[1.0; 6], &[3, 2])).shape().unwrap(), [2, 3, 2]);
}

#[test]
fn singular_matrices_are_said_to_be() {
    let s = of(&[1.0, 2.0, 2.0, 4.0], &[2, 2]);
    near(&s.det(), &[0.0]);
    let [sign, log] = s.slogdet();
    near(&sign, &[0.0]);
    assert_eq!(log.collect().unwrap().to_vec::<f64>().unwrap(), [f64::NEG_INFINITY]);
    refuses(&s.inv(), "inv: the matrix is singular");
    refuses(&s.solve(of(&[1.0, 2.0], &[2])), "solve: the matrix is singular");
    near(&s.matrix_rank(None), &[1.0]);
    refuses(&of(&[1.0, 2.0, 2.0, 1.0], &[2, 2]).cholesky(false), "not positive definite");
    refuses(&of(&[f64::NAN; 4], &[2, 2]).svdvals(), "infinities or NaN");
    refuses(&of(&[1.0; 6], &[2, 3]).det(), "square");
    refuses(&of(&[1.0; 3], &[3]).det(), "two axes");
}

#[test]
fn factors_are_numpys_and_multiply_back() {
    near(
        &a().cholesky(false),
        &[2.0, 0.0, 0.0, 0.5, 1.6583123951777, 0.0, 1.0, -0.30151134457776363, 1.9771421064483223],
    );
    near(
        &a().cholesky(true),
        &[2.0, 0.5, 1.0, 0.0, 1.6583123951777, -0.30151134457776363, 0.0, 0.0, 1.9771421064483223],
    );
    let [q, r] = b().qr("reduced");
    near(
        &r,
        &[
            -2.23606797749979,
            -0.447213595499958,
            -2.23606797749979,
            0.0,
            -3.7148351242013415,
            -4.307055216465326,
            0.0,
            0.0,
            -1.5650160901150003,
        ],
    );
    near(&q.matmul(&r), &b().collect().unwrap().to_f64_vec().unwrap());
    near(&b().svdvals(), &[6.218895797079303, 2.352869385690239, 0.8884484897567382]);
    near(&a().eigvalsh(), &[1.854897308799576, 3.4760236029181333, 6.669079088282287]);
    let [w, v] = a().eigh();
    near(&v.matmul(w.expand_dims(-1).multiply(v.matrix_transpose())), &a().collect().unwrap().to_f64_vec().unwrap());
    let tall = of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.5, 9.0, 1.0, 0.0, 2.0], &[4, 3]);
    let back = tall.collect().unwrap().to_f64_vec().unwrap();
    let [u, s, vh] = tall.svd(false);
    near(&u.multiply(&s).matmul(&vh), &back);
    let [u, _, vh] = tall.svd(true);
    let one: Vec<f64> = (0..16).map(|i| f64::from(u8::from(i % 5 == 0))).collect();
    near(&u.matrix_transpose().matmul(&u), &one);
    assert_eq!(vh.shape().unwrap(), [3, 3]);
    let [q, r] = tall.qr("complete");
    assert_eq!(r.shape().unwrap(), [4, 3]);
    near(&q.matmul(&r), &back);
    // float32 stays float32.
    assert_eq!(b().f32().inv().collect().unwrap().dtype(), DType::F32);
}

#[test]
fn norms_ranks_and_pseudo_inverses_are_numpys() {
    let wanted = [6.708203932499369, 9.460213672526281, 6.0, 3.0, 6.218895797079303, 0.8884484897567382, 9.0, 3.0];
    let orders = ["fro", "nuc", "1", "-1", "2", "-2", "inf", "-inf"];
    for (ord, wanted) in orders.iter().zip(wanted) {
        near(&b().matrix_norm(ord), &[wanted]);
        near(&b().norm(Some(ord), ()), &[wanted]);
    }
    refuses(&b().matrix_norm("3"), "no norm of order 3");
    near(&b().cond(None), &[6.999725779017385]);
    near(&b().cond(Some("1")), &[10.153846153846155]);
    near(
        &b().slice_axis(0, None, Some(2), None).pinv(1e-15),
        &[
            0.4080459770114943,
            0.04022988505747129,
            -0.18390804597701155,
            0.08045977011494256,
            0.028735632183908063,
            0.1436781609195403,
        ],
    );
    near(&b().matrix_power(3), &[1.0, -28.0, -30.0, 28.0, 89.0, 110.0, 12.0, 44.0, 51.0]);
}

#[test]
fn products_wrap_and_sum_as_numpys() {
    let x = Lazy::from(Array::from_slice(&[200u8, 100, 3, 4], &[2, 2]).unwrap());
    let y = Lazy::from(Array::from_slice(&[2u8, 3, 1, 1], &[2, 2]).unwrap());
    assert_eq!(x.matmul(&y).collect().unwrap().to_vec::<u8>().unwrap(), [244, 188, 10, 13]);
    let t = Lazy::from(Array::from_slice(&[true, false, false, false], &[2, 2]).unwrap());
    let f = Lazy::from(Array::from_slice(&[true, false, true, true], &[2, 2]).unwrap());
    assert_eq!(t.matmul(&f).collect().unwrap().to_vec::<bool>().unwrap(), [true, false, false, false]);
    let x = Lazy::from(Array::from_slice(&(0..24).collect::<Vec<i64>>(), &[2, 3, 4]).unwrap());
    let w = Lazy::from(Array::from_slice(&[1i64, 2], &[2]).unwrap());
    let both = einsum("bij,bkj->bik", &[x.clone(), x.clone()]).collect().unwrap().to_vec::<i64>().unwrap();
    let wanted = [14, 38, 62, 38, 126, 214, 62, 214, 366, 734, 950, 1166, 950, 1230, 1510, 1166, 1510, 1854];
    assert_eq!(both, wanted);
    let all = einsum("bij,bkj,b->ik", &[x.clone(), x.clone(), w]).collect().unwrap().to_vec::<i64>().unwrap();
    assert_eq!(all, [1482, 1938, 2394, 1938, 2586, 3234, 2394, 3234, 4074]);
    refuses(&einsum("ij,jk->ik", std::slice::from_ref(&x)), "names 2 arrays and 1 are given");
    refuses(&einsum("ijk->i?", std::slice::from_ref(&x)), "is no letter");
    refuses(&multi_dot(std::slice::from_ref(&x)), "two or more");
    refuses(&x.matmul(of(&[1.0; 3], &[3])), "the last axis of the first (4)");
}

#[test]
fn empty_and_huge_shapes_have_answers() {
    let none = of::<f64>(&[], &[0, 3]);
    near(&none.matrix_transpose().matmul(&none), &[0.0; 9]);
    near(&of::<f64>(&[], &[0, 0]).det(), &[1.0]);
    assert_eq!(none.svd(true)[2].collect().unwrap().to_vec::<f64>().unwrap(), [1., 0., 0., 0., 1., 0., 0., 0., 1.]);
    // Far more elements than memory has: refused, not tried.
    let huge = of(&[1.0], &[1, 1]).broadcast_to([1 << 20, 1 << 40]);
    assert!(huge.matmul(of(&[1.0], &[1, 1]).broadcast_to([1 << 40, 1 << 20])).collect().is_err());
    assert!(huge.kron(&huge).collect().is_err());
}

#[test]
fn filters_and_signals_are_scipys_and_numpys() {
    let p = Lazy::from(Array::from_slice(&[10u8, 200, 30, 40, 250, 60, 70, 80], &[8]).unwrap());
    let bytes = |x: Lazy| x.collect().unwrap().to_vec::<u8>().unwrap();
    assert_eq!(bytes(p.gaussian_filter1d(1.0, -1, 0, "reflect")), [67, 94, 84, 98, 130, 108, 80, 76]);
    assert_eq!(bytes(p.uniform_filter1d(3, -1, "reflect")), [73, 80, 90, 106, 116, 126, 70, 76]);
    assert_eq!(bytes(p.median_filter(3, "reflect", ())), [10, 30, 40, 40, 60, 70, 70, 80]);
    let s = of(&[1.0, 2.0, 4.0, 3.0, 9.0, 2.0, 5.0, 1.0, 1.0], &[3, 3]);
    near(&s.sobel(-1, "reflect"), &[9.0, 8.0, -1.0, 9.0, -3.0, -12.0, -6.0, -13.0, -7.0]);
    let (one, two) = (of(&[1.0, 2.0, 3.0], &[3]), of(&[0.0, 1.0, 0.5], &[3]));
    near(&one.convolve(&two, "full"), &[0.0, 1.0, 2.5, 4.0, 1.5]);
    near(&of(&[1.0, 2.0, 3.0, 4.0], &[4]).correlate(&two, "same"), &[2.0, 3.5, 5.0, 4.0]);
    let plane = Lazy::from(Array::from_slice(&[0i64, 1, 2, 3, 4, 5], &[2, 3]).unwrap());
    let kernel = Array::from_slice(&[1i64, 2, 3, 4], &[2, 2]).unwrap();
    let both = plane.convolve2d(kernel, "same", "symm").collect().unwrap();
    assert_eq!(both.to_vec::<i64>().unwrap(), [0, 4, 14, 9, 13, 23]);
    let at = of(&[-1.0, 0.5, 1.5, 7.0], &[4]);
    near(&at.interp(of(&[0.0, 1.0, 2.0], &[3]), of(&[3.0, 1.0, 4.0], &[3])), &[3.0, 2.0, 2.5, 4.0]);
    near(
        &kaiser(5, 8.6),
        &[0.0013325139979024198, 0.34039362244018856, 1.0, 0.34039362244018856, 0.0013325139979024198],
    );
    near(&hamming(4), &[0.08, 0.77, 0.77, 0.08]);
    near(&fftfreq(4, 0.5), &[0.0, 0.5, -1.0, -0.5]);
    refuses(&p.gaussian_filter1d(0.0, -1, 0, "reflect"), "sigma is 0");
    refuses(&p.uniform_filter1d(0, -1, "reflect"), "size 0");
    refuses(&p.uniform_filter1d(3, -1, "edge"), "the mode 'edge'");
    refuses(&p.gaussian_filter(f64::NAN, 0, "reflect", ()), "sigma NaN");
}

/// A direct and a transformed convolution are the same sums.
#[test]
fn long_convolutions_go_through_transforms() {
    let x: Vec<f64> = (0..700).map(|i| f64::from(i % 13) - 6.0).collect();
    let y: Vec<f64> = (0..300).map(|i| f64::from(i % 7) - 3.0).collect();
    let (x, y) = (of(&x, &[700]), of(&y, &[300]));
    let args = |method: &str| {
        use opusclip_engine::api::Arg;
        let method = Arg::Keyword("method".into(), Box::new(Arg::Text(method.into())));
        opusclip_engine::api::call("convolve", &[Arg::from(&x), Arg::from(&y), method]).unwrap()
    };
    let wanted = args("direct").collect().unwrap().to_vec::<f64>().unwrap();
    let found = args("fft").collect().unwrap().to_vec::<f64>().unwrap();
    assert!(wanted.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-9));
}

/// Frames in chunks on any number of threads, and products on any instruction set, are the whole
/// array's to the bit.
#[test]
fn chunks_threads_and_instruction_sets_change_nothing() {
    let n = 40 * 9 * 11;
    let values: Vec<f32> = (0..n).map(|i| ((i * 7919) % 1013) as f32 / 64.0 - 7.0).collect();
    let x = Lazy::from(Array::from_slice(&values, &[40, 9, 11]).unwrap());
    let wide = Lazy::from(Array::from_slice(&values[..11 * 300], &[11, 300]).unwrap());
    let all = [
        x.matmul(&wide),
        x.matmul(x.matrix_transpose()),
        x.gaussian_filter(1.2, 0, "mirror", (1, 2)),
        x.median_filter(3, "wrap", (1, 2)),
        x.uniform_filter1d(4, 0, "nearest"),
        x.sobel(-1, "reflect"),
        x.svdvals(),
        x.matmul(x.matrix_transpose()).det(),
        x.vecdot(&x, -1),
        einsum("tij,jk->tik", &[x.clone(), wide]),
    ];
    let meaning = reference::collect(&all).unwrap();
    for isa in Isa::available() {
        for threads in [1, 2, 3] {
            let options = RunOptions { threads, isa: Some(isa), ..RunOptions::default() };
            let fast = collect_all(&all, &options).unwrap();
            for (i, (a, b)) in fast.iter().zip(&meaning).enumerate() {
                assert_same(&format!("{i} on {}", isa.name()), a, b);
            }
        }
    }
    let streams = |x: &Lazy| !x.explain().contains("does not stream yet");
    assert!(streams(&all[0]) && streams(&all[2]) && streams(&all[3]) && !streams(&all[4]));
}

/// NumPy's answers; the transforms take any length, also primes.
#[test]
fn transforms_and_complex_matrices_are_numpys() {
    let x = of(&[1.0, 2.0, -1.0, 3.0, 0.5], &[5]);
    let f = x.fft(None, -1, None);
    near(&f.real(), &[5.5, 0.15450849718747373, -0.4045084971874737, -0.4045084971874737, 0.15450849718747373]);
    near(&f.imag(), &[0.0, 0.9245562347271623, -4.685903943619324, 4.685903943619324, -0.9245562347271623]);
    let back = [1.0, 2.0, -1.0, 3.0, 0.5];
    near(&f.ifft(None, -1, None).real(), &back);
    let half = x.rfft(None, -1, Some("ortho"));
    assert_eq!(half.shape().unwrap(), [3]);
    near(&half.irfft(Some(5), -1, Some("ortho")), &back);
    assert_eq!(x.f32().fft(None, -1, None).dtype().unwrap(), DType::C64);
    let grid = of(&(0..12).map(f64::from).collect::<Vec<_>>(), &[3, 4]);
    let wanted: Vec<f64> = (0..12).map(f64::from).collect();
    near(&grid.rfft2((), (), None).irfft2([3isize, 4], (), None), &wanted);
    near(&grid.fftn((), (), None).ifftn((), (), None).real(), &wanted);
    refuses(&x.fft(Some(0), -1, None), "a transform of 0 points is none");
    refuses(&x.fft(None, -1, Some("what")), "the norm 'what'");
    refuses(&f.rfft(None, -1, None), "takes real numbers");
    // A rotation has the eigenvalues i and -i.
    let turn = of(&[0.0, -1.0, 1.0, 0.0], &[2, 2]);
    let [w, v] = turn.eig();
    near(&w.imag().sort(-1), &[-1.0, 1.0]);
    let left = v.matmul(w.expand_dims(-1).multiply(v.inv()));
    near(&left.real(), &[0.0, -1.0, 1.0, 0.0]);
    near(&left.imag(), &[0.0; 4]);
    near(&turn.eigvals().real(), &[0.0, 0.0]);
}
