//! Random numbers against NumPy's `default_rng`: `golden/make_random.py` wrote the answers.

use opusclip_engine::array::Scalar;
use opusclip_engine::random::{Choice, Generator, Pcg64, Population, Seed, SeedSequence};
use opusclip_engine::{Array, DType, Result};
use serde_json::Value;

use crate::support::{array_of, dtype_in, golden, scalars, shape_in, ulps};

const CHILD: [f64; 2] = [0.2531538239071238, 0.07389904579822992];
const GRANDCHILD: [f64; 2] = [0.8865658807016907, 0.8394606553568698];

fn manifest() -> Value {
    golden("random.json")
}

fn words(v: &Value) -> Vec<u32> {
    v.as_array().unwrap().iter().map(|w| w.as_u64().unwrap() as u32).collect()
}

fn text<T: std::str::FromStr>(v: &Value) -> T {
    v.as_str().unwrap().parse().ok().unwrap()
}

fn float(v: &Value) -> f64 {
    f64::from_bits(u64::from_str_radix(v.as_str().unwrap(), 16).unwrap())
}

fn axis(v: &Value) -> isize {
    v.as_i64().unwrap() as isize
}

fn unhex(v: &Value) -> Vec<u8> {
    let digits = v.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
}

fn fnv(bytes: &[u8]) -> String {
    let h = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("{h:016x}")
}

/// 0, 1, 2 … as `make_random.py` fills arrays.
fn filled(spec: &Value) -> Array {
    let (shape, dtype) = (shape_in(&spec[0]), dtype_in(&spec[1]));
    let n: usize = shape.iter().product();
    let bytes: Vec<u8> = (0..n).flat_map(|i| Scalar::from_i128(dtype, i as i128).bytes()).collect();
    array_of(dtype, &shape, &bytes)
}

fn population(call: &Value) -> Population {
    match call["n"].as_u64() {
        Some(n) => Population::Below(n as usize),
        None => filled(&call["x"]).into(),
    }
}

/// One call of a case; `None` where it only moves the stream.
fn make(rng: &mut Generator, call: &Value) -> Result<Option<Array>> {
    let size = || shape_in(&call["shape"]);
    Ok(Some(match call["op"].as_str().unwrap() {
        "u64" => Array::from_slice(&[rng.bit_generator_mut().next_u64()], &[1])?,
        "u32" => Array::from_slice(&[rng.bit_generator_mut().next_u32()], &[1])?,
        "advance" => {
            rng.bit_generator_mut().advance(text(&call["delta"]));
            return Ok(None);
        }
        "jumped" => {
            let jumped = rng.bit_generator().jumped(call["n"].as_u64().unwrap().into());
            *rng.bit_generator_mut() = jumped;
            return Ok(None);
        }
        "bytes" => {
            let bytes = rng.bytes(call["n"].as_u64().unwrap() as usize)?;
            Array::from_slice(&bytes, &[bytes.len()])?
        }
        "random" => rng.random(&size(), dtype_in(&call["of"]))?,
        "standard_normal" => rng.standard_normal(&size(), dtype_in(&call["of"]))?,
        "standard_exponential" => rng.standard_exponential(&size(), dtype_in(&call["of"]))?,
        "integers" => {
            let endpoint = call["endpoint"].as_bool().unwrap();
            rng.integers(text(&call["low"]), text(&call["high"]), &size(), dtype_in(&call["of"]), endpoint)?
        }
        "permutation" => rng.permutation(population(call), axis(&call["axis"]))?,
        "shuffle" => rng.shuffle(&filled(&call["x"]), axis(&call["axis"]))?,
        "permuted" => rng.permuted(&filled(&call["x"]), call["axis"].as_i64().map(|a| a as isize))?,
        "choice" => {
            let p: Option<Vec<f64>> = call["p"].as_array().map(|p| p.iter().map(float).collect());
            let how = Choice {
                replace: call["replace"].as_bool().unwrap(),
                p: p.as_deref(),
                axis: axis(&call["axis"]),
                shuffle: call["shuffle"].as_bool().unwrap(),
            };
            rng.choice(population(call), &size(), &how)?
        }
        "law" => {
            let p: Vec<f64> = call["params"].as_array().unwrap().iter().map(float).collect();
            law(rng, call["name"].as_str().unwrap(), &p, &size())?
        }
        other => panic!("{other}"),
    }))
}

fn law(rng: &mut Generator, name: &str, p: &[f64], shape: &[usize]) -> Result<Array> {
    match (name, p) {
        ("uniform", &[a, b]) => rng.uniform(a, b, shape),
        ("normal", &[a, b]) => rng.normal(a, b, shape),
        ("exponential", &[a]) => rng.exponential(a, shape),
        ("lognormal", &[a, b]) => rng.lognormal(a, b, shape),
        ("laplace", &[a, b]) => rng.laplace(a, b, shape),
        ("gumbel", &[a, b]) => rng.gumbel(a, b, shape),
        ("logistic", &[a, b]) => rng.logistic(a, b, shape),
        ("rayleigh", &[a]) => rng.rayleigh(a, shape),
        ("weibull", &[a]) => rng.weibull(a, shape),
        ("pareto", &[a]) => rng.pareto(a, shape),
        ("power", &[a]) => rng.power(a, shape),
        ("triangular", &[a, b, c]) => rng.triangular(a, b, c, shape),
        ("standard_cauchy", &[]) => rng.standard_cauchy(shape),
        ("standard_gamma", &[a]) => rng.standard_gamma(a, shape),
        ("gamma", &[a, b]) => rng.gamma(a, b, shape),
        ("beta", &[a, b]) => rng.beta(a, b, shape),
        ("chisquare", &[a]) => rng.chisquare(a, shape),
        ("standard_t", &[a]) => rng.standard_t(a, shape),
        ("poisson", &[a]) => rng.poisson(a, shape),
        ("binomial", &[n, p]) => rng.binomial(n as i64, p, shape),
        ("geometric", &[p]) => rng.geometric(p, shape),
        other => panic!("{other:?}"),
    }
}

fn compare(what: &str, ours: &Array, call: &Value) {
    assert_eq!((ours.dtype(), ours.shape()), (dtype_in(&call["dtype"]), &*shape_in(&call["out_shape"])), "{what}");
    if let Some(tail) = call.get("tail") {
        let tail = float(tail);
        let all = scalars(ours);
        let far = |s: &Scalar| s.to_f64().abs() > tail;
        let rest: Vec<u8> = all
            .iter()
            .flat_map(|s| if far(s) { Scalar::from_f64(ours.dtype(), 0.0).bytes() } else { s.bytes() })
            .collect();
        assert_eq!(fnv(&rest), call["hash"].as_str().unwrap(), "{what}: within the tail's edge");
        let theirs = unhex(&call["beyond"]);
        let theirs: Vec<Scalar> =
            theirs.chunks(ours.dtype().size()).map(|b| Scalar::from_bytes(ours.dtype(), b)).collect();
        let mine: Vec<Scalar> = all.into_iter().filter(far).collect();
        assert!(mine.len() == theirs.len() && mine.len() > 50, "{what}: {} beyond", mine.len());
        let off = mine.iter().zip(&theirs).filter(|(a, b)| a != b).count();
        assert!(mine.iter().zip(&theirs).all(|(a, b)| ulps(*a, *b) <= 1), "{what}: the tail");
        assert!(off <= 2, "{what}: {off} of {} in the tail differ in the last bit", mine.len());
        return;
    }
    let Some(hex) = call.get("hex") else {
        let bytes = ours.to_contiguous().unwrap();
        assert_eq!(fnv(bytes.contiguous_bytes().unwrap()), call["hash"].as_str().unwrap(), "{what}");
        return;
    };
    let theirs = array_of(ours.dtype(), ours.shape(), &unhex(hex));
    let allowed = call["ulp"].as_u64().unwrap_or(0);
    let near = call.get("near").map_or(0.0, float);
    for (i, (a, b)) in scalars(ours).into_iter().zip(scalars(&theirs)).enumerate() {
        let close = allowed > 0 && ulps(a, b) <= allowed || near > 0.0 && (a.to_f64() - b.to_f64()).abs() <= near;
        assert!(a == b || close, "{what}: element {i}: ours {a:?}, NumPy {b:?}");
    }
}

#[test]
fn every_call_draws_numpys_numbers_and_leaves_numpys_state() {
    let mut calls = 0;
    for case in manifest()["cases"].as_array().unwrap() {
        let seed = match &case["seed"] {
            Value::String(s) => Seed::from(s.parse::<u128>().unwrap()),
            list => Seed::from(words(list)),
        };
        let mut rng = Generator::new(seed).unwrap();
        for (i, call) in case["calls"].as_array().unwrap().iter().enumerate() {
            let mut named = call.clone();
            named.as_object_mut().unwrap().retain(|k, _| !["hex", "beyond", "hash"].contains(&k.as_str()));
            let what = format!("seed {}, call {i}: {named}", case["seed"]);
            let out = make(&mut rng, call).unwrap_or_else(|e| panic!("{what}: {e}"));
            if let Some(out) = out {
                compare(&what, &out, call);
            }
            calls += 1;
        }
        let half = case["state"][2].as_u64().map(|w| w as u32);
        let state = (text(&case["state"][0]), text(&case["state"][1]), half);
        assert_eq!(rng.bit_generator().state(), state, "seed {}: the stream's end", case["seed"]);
    }
    assert!(calls > 700, "only {calls} calls");
}

#[test]
fn seed_sequences_are_numpys() {
    for row in manifest()["seeds"].as_array().unwrap() {
        let mut s = SeedSequence::with_spawn_key(words(&row["entropy"]), words(&row["key"]));
        assert_eq!(s.generate_state_u32(7), words(&row["u32"]), "{row}");
        let wide: Vec<u64> = row["u64"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(s.generate_state_u64(3), wide, "{row}");
        // Twice two children, as the script took them.
        let children: Vec<SeedSequence> = [s.spawn(2).unwrap(), s.spawn(2).unwrap()].concat();
        let first: Vec<u32> = children.iter().map(|c| c.generate_state_u32(1)[0]).collect();
        assert_eq!(first, words(&row["children"]), "{row}");
        assert_eq!(s.n_children_spawned(), 4);
    }
    // An integer is its words, lowest first.
    assert_eq!(SeedSequence::new((7 << 64) + 5), SeedSequence::from_words(vec![5, 0, 7]));
    assert_eq!(SeedSequence::new(0), SeedSequence::from_words(vec![0]));
}

fn new() -> Generator {
    Generator::new(1).unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(r: Result<T>, why: &str) {
    let e = r.unwrap_err().to_string();
    assert!(e.contains(why) && !e.contains('\n'), "{e}");
}

#[test]
fn what_cannot_be_drawn_is_refused_in_one_line_and_takes_no_draws() {
    let mut g = new();
    let huge = [1 << 40, 1 << 40];
    let how = Choice::default();
    let without = Choice { replace: false, ..how.clone() };
    refused(Generator::new(-3), "the seed -3 was given; it must not be negative");
    refused(g.integers(5, 5, &[2], DType::I64, false), "low >= high: no integer is in [5, 5)");
    refused(g.integers(5, 4, &[2], DType::U8, true), "low > high: no integer is in [5, 4]");
    refused(g.integers(0, 300, &[2], DType::U8, false), "high is out of bounds for uint8: 299 is not in 0 to 255");
    refused(g.integers(-5, 3, &[2], DType::U8, false), "low is out of bounds for uint8: -5 is not in 0 to 255");
    refused(g.integers(i128::MIN, i128::MIN, &[2], DType::I64, false), "out of bounds for int64");
    refused(g.integers(0, 3, &[2], DType::F32, false), "float32 was asked for; an integer type or bool can be drawn");
    refused(g.random(&[2], DType::I32), "int32 was asked for; float64 or float32 can be drawn");
    refused(g.random(&huge, DType::F32), "more elements than this machine can address");
    refused(g.integers(0, 3, &huge, DType::U8, false), "more elements than this machine can address");
    refused(g.normal(0.0, -1.0, &[2]), "scale = -1 was given; it must not be negative");
    refused(g.normal(0.0, -0.0, &[2]), "scale = -0 was given");
    refused(g.exponential(-1.0, &[2]), "scale = -1 was given");
    refused(g.uniform(2.0, 1.0, &[2]), "high must not be below low");
    refused(g.uniform(0.0, f64::INFINITY, &[2]), "must be finite");
    refused(g.uniform(f64::NAN, 1.0, &[2]), "must be finite");
    refused(g.uniform(f64::MIN, f64::MAX, &[2]), "must be finite");
    refused(g.choice(0, &[1], &how), "the population is empty");
    refused(g.choice(3, &[4], &without), "a sample of 4 from a population of 3 needs replacement");
    refused(g.choice(usize::MAX, &[4], &how), "int64 counts to");
    refused(g.choice(3, &huge, &how), "more elements than this machine can address");
    let p = |p| Choice { p: Some(p), replace: false, ..Choice::default() };
    refused(g.choice(3, &[2], &p(&[0.5, 0.2, 0.2])), "divide them by their sum to make it 1");
    refused(g.choice(3, &[2], &p(&[0.5, 0.5])), "p has 2 likelihoods for 3 parts");
    refused(g.choice(3, &[2], &p(&[0.5, 0.7, -0.2])), "the likelihood -0.2 is negative");
    refused(g.choice(3, &[2], &p(&[0.5, 0.5, f64::NAN])), "contain NaN");
    refused(g.choice(3, &[3], &p(&[0.5, 0.5, 0.0])), "only 2 have a likelihood above 0");
    let scalar = Array::from_slice(&[3.0f32], &[]).unwrap();
    refused(g.permutation(&scalar, 0), "axis 0 is out of bounds for an array of 0 dimensions");
    refused(g.shuffle(&scalar, 0), "axis 0 is out of bounds");
    refused(g.permuted(&scalar, None), "axis 0 is out of bounds");
    refused(g.choice(&scalar, &[1], &how), "axis 0 is out of bounds");
    refused(g.permutation(usize::MAX, 0), "has an axis longer than");
    refused(g.spawn(usize::MAX), "there can be 4294967295 in all");
    refused(g.triangular(0.0, 5.0, 4.0, &[1]), "left <= mode <= right");
    refused(g.poisson(f64::NAN, &[1]), "lam = NaN was given");
    refused(g.binomial(3, 1.5, &[1]), "p must be in [0, 1]");
    refused(g.geometric(0.0, &[1]), "must be in (0, 1]");
    refused(g.beta(0.0, 1.0, &[1]), "a = 0 was given; it must be above 0");
    assert_eq!(g, new(), "a refusal drew");
}

#[test]
fn nan_and_infinite_parameters_end() {
    let mut g = new();
    for v in [f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, f64::from_bits(1), f64::MAX] {
        for out in [
            g.normal(v, v, &[9]),
            g.standard_gamma(v, &[9]),
            g.beta(v, v, &[9]),
            g.beta(v, 0.5, &[9]),
            g.standard_t(v, &[9]),
            g.weibull(v, &[9]),
            g.power(v, &[9]),
            g.pareto(v, &[9]),
            g.gumbel(v, v, &[9]),
        ] {
            assert_eq!(out.unwrap().size(), 9);
        }
    }
    assert_eq!(g.binomial(i64::MAX, 0.5, &[9]).unwrap().size(), 9);
    assert_eq!(g.binomial(i64::MAX, 1e-18, &[9]).unwrap().size(), 9);
    assert_eq!(g.poisson(9.2e18, &[9]).unwrap().size(), 9);
    // NumPy's greatest integer stands for all that are larger.
    let rare = g.geometric(1e-300, &[4]).unwrap().to_vec::<i64>().unwrap();
    assert_eq!(rare, [i64::MAX; 4]);
}

#[test]
fn views_are_drawn_from_as_their_elements_say() {
    let base = Array::from_slice(&(0..60).collect::<Vec<i32>>(), &[3, 4, 5]).unwrap();
    // Reversed, stepped and broadcast, through the public expressions.
    let view = opusclip_engine::Lazy::from(base).slice_axis(1, None, None, Some(-1)).permute_dims([2, 0, 1]);
    let view = view.collect().unwrap();
    let flat = Array::from_slice(&view.to_vec::<i32>().unwrap(), view.shape()).unwrap();
    for axis in [0, 1, -1] {
        assert_eq!(answer(new().shuffle(&view, axis)), answer(new().shuffle(&flat, axis)));
        assert_eq!(answer(new().permutation(&view, axis)), answer(new().permutation(&flat, axis)));
        assert_eq!(answer(new().permuted(&view, Some(axis))), answer(new().permuted(&flat, Some(axis))));
        let how = Choice { axis, ..Choice::default() };
        assert_eq!(answer(new().choice(&view, &[2, 2], &how)), answer(new().choice(&flat, &[2, 2], &how)));
    }
}

fn answer(a: Result<Array>) -> (Vec<usize>, Vec<i32>) {
    let a = a.unwrap();
    (a.shape().to_vec(), a.to_vec().unwrap())
}

#[test]
fn children_and_jumps_are_other_streams_and_fresh_seeds_differ() {
    // np.random.default_rng(5).spawn(2)[1].random(2), and of a child of that child.
    let mut root = Generator::new(5).unwrap();
    let mut child = root.spawn(2).unwrap().remove(1);
    let mut grandchild = child.spawn(1).unwrap().remove(0);
    assert_eq!(child.random(&[2], DType::F64).unwrap().to_vec::<f64>().unwrap(), CHILD);
    assert_eq!(grandchild.random(&[2], DType::F64).unwrap().to_vec::<f64>().unwrap(), GRANDCHILD);
    assert_eq!(root.bit_generator(), Generator::new(5).unwrap().bit_generator(), "spawning moves no stream");
    assert_eq!(root.spawn(1).unwrap()[0].seed_seq().spawn_key(), [2]);

    let (a, b) = (Generator::new(Seed::fresh()).unwrap(), Generator::new(Seed::fresh()).unwrap());
    assert_ne!(a.bit_generator(), b.bit_generator());
    // The entropy that was drawn repeats the stream.
    assert_eq!(Generator::new(a.seed_seq().entropy()).unwrap().bit_generator(), a.bit_generator());

    let mut back = root.bit_generator().clone();
    back.next_u64();
    back.advance(1u128.wrapping_neg());
    assert_eq!(&back, root.bit_generator());
    back.next_u32();
    let (state, increment, half) = back.state();
    assert_eq!(Pcg64::from_state(state, increment, half), back);
}
