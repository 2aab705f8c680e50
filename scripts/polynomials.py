"""The coefficients of the polynomials in crates/raw/src/kernel: nearly minimax, by Remez' exchange.

    .venv/bin/python scripts/polynomials.py [NAME...]

prints each as an array in Rust, lowest power first, with the greatest error that is left after the
coefficients were rounded, as log2 in units of what `weight` makes 1. Needs mpmath."""

import sys

import numpy as np

from mpmath import asin, atan, atanh, cos, exp, log, mp, mpf, pi, sin, sinh, sqrt, tanh

mp.prec = 200


def remez(f, weight, lo, hi, degree, rounds=12):
    """Coefficients c of the polynomial for which max |weight (c(x) - f(x))| on lo..hi is least."""
    n = degree + 2
    least = max(weight(lo), weight(hi)) / 10**6
    given, weight = weight, lambda x: max(given(x), least)
    mid, half = (lo + hi) / 2, (hi - lo) / 2
    at = [mid - half * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    grid = [mid - half * cos(pi * i / 600) for i in range(601)]
    values, weights = [f(g) for g in grid], [weight(g) for g in grid]
    best = None
    for _ in range(rounds):
        rows = mp.matrix(n, n)
        right = mp.matrix(n, 1)
        for i, x in enumerate(at):
            for k in range(degree + 1):
                rows[i, k] = x**k
            rows[i, degree + 1] = (-1) ** i / weight(x)
            right[i] = f(x)
        solved = mp.lu_solve(rows, right)
        c = [solved[k] for k in range(degree + 1)]
        error = [w * (horner(c, g) - v) for g, v, w in zip(grid, values, weights)]
        worst = max(abs(e) for e in error)
        if best is None or worst < best[0]:
            best = worst, c
        # One extremum of each run of one sign; the least of them go, from the ends.
        runs = []
        for g, e in zip(grid, error):
            if runs and (runs[-1][1] > 0) == (e > 0):
                runs[-1] = max(runs[-1], (g, e), key=lambda r: abs(r[1]))
            else:
                runs.append((g, e))
        while len(runs) > n:
            runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
        if len(runs) < n:
            break
        at = [g for g, _ in runs]
    return best[1]


def horner(c, x):
    p = mpf(0)
    for k in reversed(c):
        p = p * x + k
    return p


def odd(f):
    """(f(x) - x) / x^3 by z = x^2, and the weight that makes its error that of f(x) / x."""

    def g(z):
        x = sqrt(z)
        return (f(x) - x) / (x * z)

    return at0(g), lambda z: z


def at0(f):
    """f beside 0 where it would be 0 / 0."""
    return lambda x: f(x if abs(x) > mpf(2) ** -40 else mpf(2) ** -40)


# Half of ln 2, and a quarter of pi, with some room for what rounding moves across.
E = log(2) / 2 * mpf("1.0001")
Q = (pi / 4 * mpf("1.0001")) ** 2
S = ((sqrt(2) - 1) / (sqrt(2) + 1) * mpf("1.0001")) ** 2


def named():
    """{name: (function, weight of the error, from, to, degree)}"""
    rest = at0(lambda r: (exp(r) - 1 - r - r**2 / 2) / r**3)
    ratio = at0(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z)
    cosine = at0(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2)
    half = mpf("0.50005")
    return {
        "EXP": (rest, lambda r: abs(r) ** 3, -E, E, 9),
        "EXP_F32": (rest, lambda r: abs(r) ** 3, -E, E, 3),
        "EXP2_SHORT": (at0(lambda r: (2**r - 1) / r), lambda r: mpf(1), -half, half, 7),
        "LOG": (ratio, lambda z: z, mpf(0), S, 6),
        "LOG_POW": (ratio, lambda z: z, mpf(0), S, 5),
        "LOG_SHORT": (ratio, lambda z: z, mpf(0), S, 4),
        "LOG_LONG": (at0(lambda z: (ratio(z) - mpf(2) / 3) / z), lambda z: z**2, mpf(0), S, 7),
        "SIN": (*odd(sin), mpf(0), Q, 5),
        "SIN_SHORT": (*odd(sin), mpf(0), Q, 3),
        "COS": (cosine, lambda z: z**2, mpf(0), Q, 5),
        "COS_SHORT": (cosine, lambda z: z**2, mpf(0), Q, 3),
        "TANH": (*odd(tanh), mpf(0), mpf("0.55") ** 2, 10),
        "TANH_F32": (*odd(tanh), mpf(0), mpf("0.55") ** 2, 4),
        "SINH": (*odd(sinh), mpf(0), mpf(1), 7),
        "CBRT": (lambda x: x ** (mpf(1) / 3), lambda x: mpf(1), mpf(1), mpf(2), 3),
        "ATAN": (*odd(atan), mpf(0), ((sqrt(2) - 1) * mpf("1.0001")) ** 2, 10),
        "ASIN": (*odd(asin), mpf(0), mpf("0.2501"), 11),
    }


MEANING = {
    "EXP": "(e^r - 1 - r - r²/2) / r³ for |r| up to half of ln 2.",
    "EXP_F32": "The same, in float32.",
    "EXP2_SHORT": "(2^r - 1) / r for |r| <= 1/2, for `f32`.",
    "LOG": "(2 atanh(s) / s - 2) / s² by s², for s of numbers within a factor √2 of 1.",
    "LOG_POW": "The same, shorter.",
    "LOG_SHORT": "The same, for `f32`.",
    "LOG_LONG": "((2 atanh(s) / s - 2) / s² - 2/3) / s² by s², for powers.",
    "SIN": "(sin r / r - 1) / r² by r², for |r| <= π/4.",
    "SIN_SHORT": "The same, for `f32`.",
    "COS": "(cos r - 1 + r²/2) / r⁴ by r².",
    "COS_SHORT": "The same, for `f32`.",
    "TANH": "(tanh x / x - 1) / x² by x², for |x| <= 0.55.",
    "TANH_F32": "The same, in float32.",
    "SINH": "(sinh x / x - 1) / x² by x², for |x| <= 1.",
    "CBRT": "The cube root from 1 to 2, roughly.",
    "ATAN": "(atan x / x - 1) / x² by x², for |x| < √2 - 1.",
    "ASIN": "(asin x / x - 1) / x² by x², for |x| <= 1/2.",
}


def main():
    for name, (f, weight, lo, hi, degree) in named().items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        kind = "f32" if name.endswith("F32") else "f64"
        narrow = (lambda k: float(np.float32(float(k)))) if kind == "f32" else float
        c = [mpf(narrow(k)) for k in remez(f, weight, lo, hi, degree)]
        grid = [lo + (hi - lo) * i / 1009 for i in range(1010)]
        worst = max(abs(weight(x) * (horner(c, x) - f(x))) for x in grid)
        print(f"/// {MEANING[name]} Worst error 2^{float(log(worst, 2)):.1f}.")
        print(f"pub(super) const {name}: [{kind}; {len(c)}] = [")
        for k in c:
            print(f"    {str(np.float32(float(k))) if kind == 'f32' else repr(float(k))},")
        print("];")


if __name__ == "__main__":
    main()
