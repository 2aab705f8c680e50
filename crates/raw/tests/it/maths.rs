use crate::Random;
use crate::curve_table::ulps;
use opusclip_raw::Isa;
use opusclip_raw::kernel::math::*;

fn sweep(name: &str, limit: f64, ours: impl Fn(f32) -> f32 + Copy, truth: impl Fn(f64) -> f64) {
    // Every 9973rd of all bit patterns, and the neighbourhoods of 0, 1 and -1.
    let mut x: Vec<f32> = (0..u32::MAX).step_by(9973).map(f32::from_bits).collect();
    for centre in [0u32, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000] {
        x.extend((0..2000).map(|i| f32::from_bits(centre.wrapping_add(i).wrapping_sub(1000))));
    }
    x.extend((-160..=160).map(|i| i as f32));
    let mut out = vec![0f32; x.len()];
    let mut first: Option<Vec<u32>> = None;
    for isa in Isa::available() {
        isa.map1(&x, &mut out, ours);
        let (mut worst, mut at) = (0.0, 0.0);
        for (&x, &y) in x.iter().zip(&out) {
            let u = ulps(y, truth(f64::from(x)));
            if u > worst {
                (worst, at) = (u, x);
            }
        }
        assert!(worst <= limit, "{name}({at:e}): {worst} ulp on {}", isa.name());
        let bits: Vec<u32> = out.iter().map(|v| if v.is_nan() { 0x7fc0_0000 } else { v.to_bits() }).collect();
        match &first {
            Some(f) => assert!(*f == bits, "{name}: other bits on {}", isa.name()),
            None => first = Some(bits),
        }
    }
}

#[test]
fn one_argument() {
    sweep("exp", 0.9, exp_f32, libm::exp);
    sweep("exp2", 0.5001, exp2_f32, libm::exp2);
    sweep("expm1", 0.5001, expm1_f32, libm::expm1);
    sweep("ln", 0.5001, ln_f32, libm::log);
    sweep("log2", 0.5001, log2_f32, libm::log2);
    sweep("log10", 0.5001, log10_f32, libm::log10);
    sweep("log1p", 0.5001, log1p_f32, libm::log1p);
    sweep("tanh", 0.9, tanh_f32, libm::tanh);
    sweep("sin", 0.5001, sin_f32, libm::sin);
    sweep("cos", 0.5001, cos_f32, libm::cos);
    sweep("tan", 0.5001, tan_f32, libm::tan);
}

const EDGES: [f32; 37] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    3.0,
    -3.0,
    0.8,
    1.5,
    -1.5,
    2.5,
    1e-45,
    -1e-45,
    1e-40,
    1.1754944e-38,
    1e-20,
    1e20,
    16777215.0,
    16777216.0,
    -16777217.0,
    33554432.0,
    8388607.0,
    8388607.5,
    -8388607.0,
    127.0,
    128.0,
    -149.0,
    -150.0,
    0.99999994,
    1.0000001,
    f32::MAX,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

#[test]
fn pow_on_edges() {
    for x in EDGES {
        for y in EDGES {
            let (got, want) = (pow_f32(x, y), libm::pow(f64::from(x), f64::from(y)));
            let near = ulps(got, want) <= 0.501;
            assert!(near, "pow({x:e}, {y:e}) = {got:e}, not {want:e}");
            let zero = got == 0.0 && !(want as f32).is_nan();
            assert!(!zero || got.is_sign_negative() == want.is_sign_negative(), "sign of pow({x:e}, {y:e})");
        }
    }
}

#[test]
fn pow_sweep() {
    let mut r = Random(21);
    let mut x = Vec::new();
    let mut y = Vec::new();
    for i in 0..400_000u64 {
        let bits = r.bits();
        let (a, b) = (f32::from_bits((bits >> 32) as u32), f32::from_bits(bits as u32));
        match i % 4 {
            // Anything with anything.
            0 => (x.push(a), y.push(b)),
            // Powers that stay in range.
            1 => (x.push(a.abs()), y.push((bits as u32 as f32 / 4294967296.0 - 0.5) * 4.0)),
            // What pictures need.
            2 => (x.push((bits >> 40) as f32 / 16777216.0), y.push((bits as u32 >> 8) as f32 / 4194304.0)),
            // Close to one, to large powers; negative to whole ones.
            _ => (x.push(1.0 + ((bits >> 45) as f32 - 262144.0) * 1e-7), y.push((bits as u32 % 2_000_000) as f32)),
        };
    }
    for i in 0..1000 {
        x.push(-(i as f32) / 77.0);
        y.push((i % 41) as f32 - 20.0);
    }
    let mut out = vec![0f32; x.len()];
    let mut first: Option<Vec<u32>> = None;
    for isa in Isa::available() {
        isa.map2(&x, &y, &mut out, pow_f32);
        let bits: Vec<u32> = out.iter().map(|v| if v.is_nan() { 0x7fc0_0000 } else { v.to_bits() }).collect();
        if let Some(f) = &first {
            assert!(*f == bits, "other bits on {}", isa.name());
            continue;
        }
        first = Some(bits);
        let (mut worst, mut at) = (0.0, 0);
        for i in 0..x.len() {
            let u = ulps(out[i], libm::pow(f64::from(x[i]), f64::from(y[i])));
            if u > worst {
                (worst, at) = (u, i);
            }
        }
        assert!(worst <= 0.5001, "pow({:e}, {:e}) = {:e}: {worst} ulp", x[at], y[at], out[at]);
    }
}
