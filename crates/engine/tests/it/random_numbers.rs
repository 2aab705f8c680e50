//! Random numbers against NumPy's `default_rng`: `golden/make_random.py` wrote the answers.

use opusclip_engine::array::Scalar;
use opusclip_engine::random::{Choice, Generator, Population, Seed, SeedSequence};
use opusclip_engine::{Array, DType, Result};
use serde_json::Value;

use crate::support::{array_of, scalars, ulps};

fn manifest() -> Value {
    serde_json::from_slice(&std::fs::read(crate::support::golden("../random.json")).unwrap()).unwrap()
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

fn shape(v: &Value) -> Vec<usize> {
    v.as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect()
}

fn dtype(v: &Value) -> DType {
    DType::parse(v.as_str().unwrap()).unwrap()
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
    let (shape, dtype) = (shape(&spec[0]), dtype(&spec[1]));
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
    let size = || shape(&call["shape"]);
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
        "random" => rng.random(&size(), dtype(&call["of"]))?,
        "standard_normal" => rng.standard_normal(&size(), dtype(&call["of"]))?,
        "standard_exponential" => rng.standard_exponential(&size(), dtype(&call["of"]))?,
        "integers" => {
            let endpoint = call["endpoint"].as_bool().unwrap();
            rng.integers(text(&call["low"]), text(&call["high"]), &size(), dtype(&call["of"]), endpoint)?
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
    assert_eq!((ours.dtype(), ours.shape()), (dtype(&call["dtype"]), &*shape(&call["out_shape"])), "{what}");
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
