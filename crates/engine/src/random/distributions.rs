//! Other distributions, after NumPy's algorithms. Each draws as NumPy's does and leaves the stream
//! in the same place; continuous ones that come out of `exp`, `log` or `pow` agree within 2 ulp
//! (NumPy asks the system's library), the others to the bit.

use opusclip_raw::kernel::math::{exp_f64, expm1_f64, ln_f64, log1p_f64, pow_f64};

use super::generator::{Generator, not_negative};
use super::pcg::Pcg64;
use super::ziggurat::{exponential_f64, normal_f64};
use crate::array::Array;
use crate::error::{Error, Result};

/// Refuses a parameter that is not above 0; NaN passes, as in NumPy, and makes NaN.
fn positive(op: &str, name: &str, v: f64) -> Result<()> {
    if v <= 0.0 {
        return Err(Error::value(op, format!("{name} = {v} was given; it must be above 0")));
    }
    Ok(())
}

/// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); below 1 Ahrens
/// and Dieter's "Computer methods for sampling from gamma …" (1974).
fn gamma(g: &mut Pcg64, a: f64) -> f64 {
    if a == 1.0 {
        return exponential_f64(g);
    }
    if a == 0.0 {
        return 0.0;
    }
    if a < 1.0 {
        loop {
            let (u, e) = (g.next_f64(), exponential_f64(g));
            if u <= 1.0 - a {
                let x = pow_f64(u, 1.0 / a);
                if x <= e {
                    return x;
                }
            } else {
                let y = -ln_f64((1.0 - u) / a);
                let x = pow_f64(1.0 - a + a * y, 1.0 / a);
                if x <= e + y {
                    return x;
                }
            }
        }
    }
    let b = a - 1.0 / 3.0;
    let c = 1.0 / (9.0 * b).sqrt();
    loop {
        let (x, v) = loop {
            let x = normal_f64(g);
            let v = 1.0 + c * x;
            // NaN must leave the loop.
            if v > 0.0 || v.is_nan() {
                break (x, v);
            }
        };
        let v = v * v * v;
        let u = g.next_f64();
        let near = u < 1.0 - 0.0331 * (x * x) * (x * x);
        if near || ln_f64(u) < 0.5 * x * x + b * (1.0 - v + ln_f64(v)) {
            return b * v;
        }
    }
}

/// Jöhnk's method where both parameters are at most 1, else two gammas.
fn beta(g: &mut Pcg64, a: f64, b: f64) -> f64 {
    if !(a <= 1.0 && b <= 1.0) {
        let (x, y) = (gamma(g, a), gamma(g, b));
        return x / (x + y);
    }
    // Below this both powers vanish and the answer is 0 or 1.
    const TINY: f64 = 3e-103;
    if a < TINY && b < TINY {
        return f64::from((a + b) * g.next_f64() < a);
    }
    loop {
        let (u, v) = (g.next_f64(), g.next_f64());
        let (x, y) = (pow_f64(u, 1.0 / a), pow_f64(v, 1.0 / b));
        if x + y > 1.0 || u + v <= 0.0 {
            continue;
        }
        if x > 0.0 && y > 0.0 {
            return x / (x + y);
        }
        let d = ln_f64(u) / a - ln_f64(v) / b;
        return exp_f64(if d > 0.0 { -log1p_f64(exp_f64(-d)) } else { d - log1p_f64(exp_f64(d)) });
    }
}

/// ln Γ(x) by Stirling's series above 7, shifted up to there below.
fn ln_gamma(x: f64) -> f64 {
    // Bernoulli's numbers B(2k) / (2k (2k - 1)).
    const A: [f64; 10] = [
        8.333333333333333e-02,
        -2.777777777777778e-03,
        7.936507936507937e-04,
        -5.952380952380952e-04,
        8.417508417508418e-04,
        -1.917526917526918e-03,
        6.41025641025641e-03,
        -2.955065359477124e-02,
        1.796443723688307e-01,
        -1.39243221690590e+00,
    ];
    const LN_2PI: f64 = 1.8378770664093453;
    if x == 1.0 || x == 2.0 {
        return 0.0;
    }
    let up = if x < 7.0 { (7.0 - x) as i64 } else { 0 };
    let mut at = x + up as f64;
    let z = (1.0 / at) * (1.0 / at);
    let series = A.iter().rev().skip(1).fold(A[9], |s, a| s * z + a);
    let mut sum = series / at + 0.5 * LN_2PI + (at - 0.5) * ln_f64(at) - at;
    for _ in 0..up {
        at -= 1.0;
        sum -= ln_f64(at);
    }
    sum
}

/// Below a mean of 10 the product of uniforms, above Hörmann's "The transformed rejection method
/// for generating Poisson random variables" (1993), PTRS.
fn poisson(g: &mut Pcg64, mean: f64) -> i64 {
    if mean == 0.0 {
        return 0;
    }
    if mean < 10.0 {
        let (least, mut product, mut n) = (exp_f64(-mean), 1.0, 0);
        loop {
            product *= g.next_f64();
            if product <= least {
                return n;
            }
            n += 1;
        }
    }
    let ln_mean = ln_f64(mean);
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let u = g.next_f64() - 0.5;
        let v = g.next_f64();
        let us = 0.5 - u.abs();
        let n = ((2.0 * a / us + b) * u + mean + 0.43).floor() as i64;
        if us >= 0.07 && v <= v_r {
            return n;
        }
        if n < 0 || us < 0.013 && v > us {
            continue;
        }
        let left = ln_f64(v) + ln_f64(inverse_alpha) - ln_f64(a / (us * us) + b);
        if left <= -mean + n as f64 * ln_mean - ln_gamma(n.wrapping_add(1) as f64) {
            return n;
        }
    }
}

/// A binomial of at most one half, made ready.
enum Binomial {
    Zero,
    /// Walks up the distribution: for means up to 30.
    Inversion {
        n: i64,
        p: f64,
        q: f64,
        none: f64,
        bound: i64,
    },
    Btpe(Btpe),
}

/// Kachitvichyanukul and Schmeiser, "Binomial random variate generation" (1988), in the paper's
/// names: a triangle, a parallelogram and two exponential tails above the distribution.
struct Btpe {
    n: i64,
    r: f64,
    q: f64,
    m: i64,
    p1: f64,
    xm: f64,
    xl: f64,
    xr: f64,
    c: f64,
    laml: f64,
    lamr: f64,
    p2: f64,
    p3: f64,
    p4: f64,
}

impl Binomial {
    fn new(n: i64, p: f64) -> Binomial {
        let size = n as f64;
        if p * size <= 30.0 {
            let (q, mean) = (1.0 - p, size * p);
            let bound = size.min(mean + 10.0 * (mean * q + 1.0).sqrt()) as i64;
            return Binomial::Inversion { n, p, q, none: exp_f64(size * log1p_f64(-p)), bound };
        }
        let r = p.min(1.0 - p);
        let q = 1.0 - r;
        let fm = size * r + r;
        let m = fm.floor() as i64;
        let p1 = (2.195 * (size * r * q).sqrt() - 4.6 * q).floor() + 0.5;
        let xm = m as f64 + 0.5;
        let (xl, xr) = (xm - p1, xm + p1);
        let c = 0.134 + 20.5 / (15.3 + m as f64);
        let a = (fm - xl) / (fm - xl * r);
        let laml = a * (1.0 + a / 2.0);
        let a = (xr - fm) / (xr * q);
        let lamr = a * (1.0 + a / 2.0);
        let p2 = p1 * (1.0 + 2.0 * c);
        let p3 = p2 + c / laml;
        let p4 = p3 + c / lamr;
        Binomial::Btpe(Btpe { n, r, q, m, p1, xm, xl, xr, c, laml, lamr, p2, p3, p4 })
    }

    fn draw(&self, g: &mut Pcg64) -> i64 {
        match self {
            Binomial::Zero => 0,
            &Binomial::Inversion { n, p, q, none, bound } => {
                let (mut x, mut share, mut u) = (0i64, none, g.next_f64());
                while u > share {
                    x += 1;
                    if x > bound {
                        (x, share, u) = (0, none, g.next_f64());
                    } else {
                        u -= share;
                        share = ((n - x + 1) as f64 * p * share) / (x as f64 * q);
                    }
                }
                x
            }
            Binomial::Btpe(b) => b.draw(g),
        }
    }
}

impl Btpe {
    fn draw(&self, g: &mut Pcg64) -> i64 {
        let spread = self.n as f64 * self.r * self.q;
        loop {
            let u = g.next_f64() * self.p4;
            let mut v = g.next_f64();
            if u <= self.p1 {
                // The triangle lies below the distribution.
                return (self.xm - self.p1 * v + u).floor() as i64;
            }
            let y;
            if u <= self.p2 {
                let x = self.xl + (u - self.p1) / self.c;
                v = v * self.c + 1.0 - (self.m as f64 - x + 0.5).abs() / self.p1;
                if v > 1.0 {
                    continue;
                }
                y = x.floor() as i64;
            } else if u <= self.p3 {
                y = (self.xl + ln_f64(v) / self.laml).floor() as i64;
                if y < 0 || v == 0.0 {
                    continue;
                }
                v = v * (u - self.p2) * self.laml;
            } else {
                y = (self.xr - ln_f64(v) / self.lamr).floor() as i64;
                if y > self.n || v == 0.0 {
                    continue;
                }
                v = v * (u - self.p3) * self.lamr;
            }
            if self.accepts(y, v, spread) {
                return y;
            }
        }
    }

    fn accepts(&self, y: i64, v: f64, spread: f64) -> bool {
        let (m, n) = (self.m, self.n);
        let k = y.wrapping_sub(m).wrapping_abs();
        if k <= 20 || k as f64 >= spread / 2.0 - 1.0 {
            // Few factors: the ratio to the mode itself.
            let s = self.r / self.q;
            let a = s * n.wrapping_add(1) as f64;
            let mut f = 1.0;
            for i in m.saturating_add(1)..=y {
                f *= a / i as f64 - s;
            }
            for i in y.saturating_add(1)..=m {
                f /= a / i as f64 - s;
            }
            return v <= f;
        }
        let k = k as f64;
        let rho = (k / spread) * ((k * (k / 3.0 + 0.625) + 0.166_666_666_666_666_66) / spread + 0.5);
        let t = -(k * k) / (2.0 * spread);
        let ln_v = ln_f64(v);
        if ln_v < t - rho {
            return true;
        }
        if ln_v > t + rho {
            return false;
        }
        // Stirling's formula for the four factorials.
        let x1 = y.wrapping_add(1) as f64;
        let f1 = m.wrapping_add(1) as f64;
        let z = n.wrapping_add(1).wrapping_sub(m) as f64;
        let w = n.wrapping_sub(y).wrapping_add(1) as f64;
        let rest = |x: f64| {
            let x2 = x * x;
            (13680.0 - (462.0 - (132.0 - (99.0 - 140.0 / x2) / x2) / x2) / x2) / x / 166_320.0
        };
        let bound = self.xm * ln_f64(f1 / x1)
            + ((n - m) as f64 + 0.5) * ln_f64(z / w)
            + (y - m) as f64 * ln_f64(w * self.r / (x1 * self.q))
            + rest(f1)
            + rest(z)
            + rest(x1)
            + rest(w);
        ln_v <= bound
    }
}

fn geometric(g: &mut Pcg64, p: f64) -> i64 {
    if p < 1.0 / 3.0 {
        // Saturates at the greatest, as NumPy's.
        return (-exponential_f64(g) / log1p_f64(-p)).ceil() as i64;
    }
    let (mut x, mut sum, mut share) = (1, p, p);
    let u = g.next_f64();
    while u > sum {
        share *= 1.0 - p;
        sum += share;
        x += 1;
    }
    x
}

/// The first draw of [0, 1) that is not 0.
fn above_zero(g: &mut Pcg64) -> f64 {
    loop {
        let u = g.next_f64();
        if u > 0.0 {
            return u;
        }
    }
}

/// All are `float64` unless said otherwise; errors are parameters out of their range, and shapes
/// that memory cannot hold.
impl Generator {
    /// exp of [`Generator::normal`]: NumPy's `lognormal(mean, sigma, shape)`; `sigma` is not negative.
    pub fn lognormal(&mut self, mean: f64, sigma: f64, shape: &[usize]) -> Result<Array> {
        not_negative("lognormal", "sigma", sigma)?;
        self.fill("lognormal", shape, |g| exp_f64(mean + sigma * normal_f64(g)))
    }

    /// Two exponential sides around `loc`: NumPy's `laplace(loc, scale, shape)`; `scale` is not negative.
    pub fn laplace(&mut self, loc: f64, scale: f64, shape: &[usize]) -> Result<Array> {
        not_negative("laplace", "scale", scale)?;
        self.fill("laplace", shape, |g| {
            let u = above_zero(g);
            if u >= 0.5 { loc - scale * ln_f64(2.0 - u - u) } else { loc + scale * ln_f64(u + u) }
        })
    }

    /// NumPy's `gumbel(loc, scale, shape)`; `scale` is not negative.
    pub fn gumbel(&mut self, loc: f64, scale: f64, shape: &[usize]) -> Result<Array> {
        not_negative("gumbel", "scale", scale)?;
        self.fill("gumbel", shape, |g| loc - scale * ln_f64(-ln_f64(1.0 - above_zero(g))))
    }

    /// NumPy's `logistic(loc, scale, shape)`; `scale` is not negative.
    pub fn logistic(&mut self, loc: f64, scale: f64, shape: &[usize]) -> Result<Array> {
        not_negative("logistic", "scale", scale)?;
        self.fill("logistic", shape, |g| {
            let u = above_zero(g);
            loc + scale * ln_f64(u / (1.0 - u))
        })
    }

    /// NumPy's `rayleigh(scale, shape)`; `scale` is not negative.
    pub fn rayleigh(&mut self, scale: f64, shape: &[usize]) -> Result<Array> {
        not_negative("rayleigh", "scale", scale)?;
        self.fill("rayleigh", shape, |g| scale * (2.0 * exponential_f64(g)).sqrt())
    }

    /// NumPy's `weibull(a, shape)`; `a` is not negative.
    pub fn weibull(&mut self, a: f64, shape: &[usize]) -> Result<Array> {
        not_negative("weibull", "a", a)?;
        self.fill("weibull", shape, |g| if a == 0.0 { 0.0 } else { pow_f64(exponential_f64(g), 1.0 / a) })
    }

    /// Pareto II (Lomax): NumPy's `pareto(a, shape)`; `a` is above 0.
    pub fn pareto(&mut self, a: f64, shape: &[usize]) -> Result<Array> {
        positive("pareto", "a", a)?;
        self.fill("pareto", shape, |g| expm1_f64(exponential_f64(g) / a))
    }

    /// The density a x^(a - 1) on [0, 1]: NumPy's `power(a, shape)`; `a` is above 0.
    pub fn power(&mut self, a: f64, shape: &[usize]) -> Result<Array> {
        positive("power", "a", a)?;
        self.fill("power", shape, |g| pow_f64(-expm1_f64(-exponential_f64(g)), 1.0 / a))
    }

    /// NumPy's `triangular(left, mode, right, shape)`; left ≤ mode ≤ right, and left < right.
    pub fn triangular(&mut self, left: f64, mode: f64, right: f64, shape: &[usize]) -> Result<Array> {
        if left > mode || mode > right || left == right {
            return Err(Error::value(
                "triangular",
                format!("({left}, {mode}, {right}) was given; it must be left <= mode <= right and left < right"),
            ));
        }
        let base = right - left;
        let ratio = (mode - left) / base;
        let (rising, falling) = ((mode - left) * base, (right - mode) * base);
        self.fill("triangular", shape, |g| {
            let u = g.next_f64();
            if u <= ratio { left + (u * rising).sqrt() } else { right - ((1.0 - u) * falling).sqrt() }
        })
    }

    /// The ratio of two normals: NumPy's `standard_cauchy(shape)`.
    pub fn standard_cauchy(&mut self, shape: &[usize]) -> Result<Array> {
        self.fill("standard_cauchy", shape, |g| {
            let x = normal_f64(g);
            x / normal_f64(g)
        })
    }

    /// NumPy's `standard_gamma(a, shape)`; `a` is not negative.
    pub fn standard_gamma(&mut self, a: f64, shape: &[usize]) -> Result<Array> {
        not_negative("standard_gamma", "a", a)?;
        self.fill("standard_gamma", shape, |g| gamma(g, a))
    }

    /// NumPy's `gamma(a, scale, shape)`; neither is negative.
    pub fn gamma(&mut self, a: f64, scale: f64, shape: &[usize]) -> Result<Array> {
        not_negative("gamma", "a", a)?;
        not_negative("gamma", "scale", scale)?;
        self.fill("gamma", shape, |g| scale * gamma(g, a))
    }

    /// NumPy's `beta(a, b, shape)`; both are above 0.
    pub fn beta(&mut self, a: f64, b: f64, shape: &[usize]) -> Result<Array> {
        positive("beta", "a", a)?;
        positive("beta", "b", b)?;
        self.fill("beta", shape, |g| beta(g, a, b))
    }

    /// NumPy's `chisquare(df, shape)`; `df` is above 0.
    pub fn chisquare(&mut self, df: f64, shape: &[usize]) -> Result<Array> {
        positive("chisquare", "df", df)?;
        self.fill("chisquare", shape, |g| 2.0 * gamma(g, df / 2.0))
    }

    /// Student's: NumPy's `standard_t(df, shape)`; `df` is above 0.
    pub fn standard_t(&mut self, df: f64, shape: &[usize]) -> Result<Array> {
        positive("standard_t", "df", df)?;
        self.fill("standard_t", shape, |g| {
            let x = normal_f64(g);
            (df / 2.0).sqrt() * x / gamma(g, df / 2.0).sqrt()
        })
    }

    /// Counts of mean `lam`, `int64`: NumPy's `poisson(lam, shape)`; `lam` is not negative and below 9.22e18.
    pub fn poisson(&mut self, lam: f64, shape: &[usize]) -> Result<Array> {
        // Ten deviations below the greatest integer.
        const MOST: f64 = 9.223372006484771e18;
        if !(0.0..=MOST).contains(&lam) {
            return Err(Error::value("poisson", format!("lam = {lam} was given; it must be in [0, {MOST:e}]")));
        }
        self.fill("poisson", shape, |g| poisson(g, lam))
    }

    /// Successes in `n` trials of likelihood `p`, `int64`: NumPy's `binomial(n, p, shape)`; `n` is not
    /// negative, `p` is in [0, 1].
    pub fn binomial(&mut self, n: i64, p: f64, shape: &[usize]) -> Result<Array> {
        if n < 0 || !(0.0..=1.0).contains(&p) {
            return Err(Error::value(
                "binomial",
                format!("n = {n} and p = {p} were given; n must not be negative, and p must be in [0, 1]"),
            ));
        }
        // Above one half the failures are counted.
        let turn = p > 0.5;
        let law = match p {
            // Takes no draws; at p = 1 NumPy takes one for each.
            _ if n == 0 || p == 0.0 => Binomial::Zero,
            _ => Binomial::new(n, if turn { 1.0 - p } else { p }),
        };
        self.fill("binomial", shape, |g| if turn { n - law.draw(g) } else { law.draw(g) })
    }

    /// Trials until the first success, `int64`: NumPy's `geometric(p, shape)`; `p` is in (0, 1].
    pub fn geometric(&mut self, p: f64, shape: &[usize]) -> Result<Array> {
        if !(p > 0.0 && p <= 1.0) {
            return Err(Error::value("geometric", format!("p = {p} was given; it must be in (0, 1]")));
        }
        self.fill("geometric", shape, |g| geometric(g, p))
    }
}
