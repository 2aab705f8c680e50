use super::ast::{Ast, Item, NodeKind, Unary};
use super::*;

/// The tree as text, fully bracketed.
fn show(source: &str) -> String {
    let ast = match parser::parse(source) {
        Ok(ast) => ast,
        Err(error) => return format!("error {error}"),
    };
    fn node(ast: &Ast, id: usize) -> String {
        let n = |id: &usize| node(ast, *id);
        let opt = |id: &Option<usize>| id.map_or(String::new(), |id| node(ast, id));
        match &ast.nodes[id].kind {
            NodeKind::Int(v) => v.to_string(),
            NodeKind::Float(v) => format!("{v:?}"),
            NodeKind::Imaginary(v) => format!("{v:?}j"),
            NodeKind::Bool(v) => v.to_string(),
            NodeKind::None => "none".into(),
            NodeKind::Text(t) => format!("{t:?}"),
            NodeKind::Name(v) => v.clone(),
            NodeKind::Tuple(v) | NodeKind::List(v) => format!("<{}>", v.iter().map(n).collect::<Vec<_>>().join(" ")),
            NodeKind::Unary(Unary::Negative, a) => format!("(neg {})", n(a)),
            NodeKind::Unary(Unary::Plus, a) => format!("(pos {})", n(a)),
            NodeKind::Unary(Unary::Invert, a) => format!("(not {})", n(a)),
            NodeKind::Binary(op, a, b) => format!("({} {} {})", op.op(), n(a), n(b)),
            NodeKind::Assign(name, a) => format!("{name}:={}", n(a)),
            NodeKind::AssignIndex(name, _, items, a) => format!("{name}[{}]:={}", items.len(), n(a)),
            NodeKind::Call(name, args) => {
                let args = args.iter().map(|a| match &a.keyword {
                    Some(k) => format!(" {k}={}", n(&a.value)),
                    None => format!(" {}", n(&a.value)),
                });
                format!("{name}({})", args.collect::<String>().trim_start())
            }
            NodeKind::Index(a, items) => {
                let items = items.iter().map(|i| match i {
                    Item::At(i) => n(i),
                    Item::Slice(a, b, c) => format!("{}:{}:{}", opt(a), opt(b), opt(c)),
                    Item::Ellipsis => "...".into(),
                    Item::NewAxis => "new".into(),
                });
                format!("{}[{}]", n(a), items.collect::<Vec<_>>().join(" "))
            }
        }
    }
    node(&ast, ast.result)
}

#[test]
fn binds_as_python_does() {
    for (source, want) in [
        ("1+2*3", "(add 1 (multiply 2 3))"),
        ("1-2-3", "(subtract (subtract 1 2) 3)"),
        ("-x**2", "(neg (pow x 2))"),
        ("2**-1", "(pow 2 (neg 1))"),
        ("2**3**2", "(pow 2 (pow 3 2))"),
        ("a//b%c", "(remainder (floor_divide a b) c)"),
        ("a<b+1", "(less a (add b 1))"),
        ("(a<b)&(b<c)|d", "(bitwise_or (bitwise_and (less a b) (less b c)) d)"),
        ("a&b<<1+2", "(bitwise_and a (left_shift b (add 1 2)))"),
        ("a>>1<<2", "(left_shift (right_shift a 1) 2)"),
        ("a & b == c", "(equal (bitwise_and a b) c)"),
        ("~a+b", "(add (not a) b)"),
        ("(1,2,3)", "<1 2 3>"),
        ("(1)", "1"),
        ("(1,)", "<1>"),
        ("[1]", "<1>"),
        ("()", "<>"),
        ("mean(g, axis=(1,2,3), keepdims=True)", "mean(g axis=<1 2 3> keepdims=true)"),
        ("g.mean(axis=-1).clip(0, 1)", "clip(mean(g axis=(neg 1)) 0 1)"),
        ("np.clip(x, 0, 1)", "clip(x 0 1)"),
        ("x[:, ::2, 10:20]", "x[:: ::2 10:20:]"),
        ("x[..., None, -1]", "x[... new (neg 1)]"),
        ("x[1:][0]", "x[1::][0]"),
        ("a = 1; b = a + 1\n a * b;", "(multiply a b)"),
        ("f(1,\n 2) # said so", "f(1 2)"),
        ("1_000 + 0xff + .5 + 1e-3 + 2.", "(add (add (add (add 1000 255) 0.5) 0.001) 2.0)"),
        ("a = 2", "a:=2"),
        ("2j + 1.5e3j - 1_0J * .5j", "(subtract (add 2.0j 1500.0j) (multiply 10.0j 0.5j))"),
        ("-2j**2", "(neg (pow 2.0j 2))"),
        ("x.astype(f32)", "astype(x f32)"),
        ("x.T.mT[0] + x.real", "(add matrix_transpose(transpose(x))[0] real(x))"),
    ] {
        assert_eq!(show(source), want, "{source}");
    }
}

#[test]
fn mistakes_say_the_column_and_what_would_do() {
    for (source, want) in [
        ("", "col 1: empty; write for example `u8(clip(f32(x) * 1.1, 0, 255))`"),
        (" ; ;", "col 1: empty; write for example `u8(clip(f32(x) * 1.1, 0, 255))`"),
        ("1 +", "col 4: expected a value, but the expression ends here"),
        ("(1 + 2", "col 7: expected `)` to close the `(` at col 1, got the end"),
        ("x[1, 2", "col 7: expected `]` to close the `[` at col 2, got the end"),
        ("f(1; 2)", "col 4: expected `)` to close the `(` at col 2, got the end of the statement"),
        ("1 2", "col 3: expected an operator or `;`, got `2`"),
        ("x)", "col 2: `)` closes nothing"),
        ("x, 1", "col 2: one result is wanted, not several; put the `,` inside brackets"),
        ("x + 1 = 1", "col 7: only a name, or a name with an index, can be assigned to; compare with `==`"),
        ("x[0][1] = 1", "col 9: only a name, or a name with an index, can be assigned to; compare with `==`"),
        ("x += 1", "col 3: nothing is changed in place; write `x = x + …`"),
        ("g = x; g **= 2; g", "col 10: nothing is changed in place; write `g = g ** …`"),
        ("x[0] -= 1", "col 6: nothing is changed in place; write `name[…] = name[…] - …`"),
        ("f32 = 1", "col 1: `f32` already means something; choose another name"),
        ("a < b < c", "col 7: comparisons do not chain; write `(a < b) & (b < c)`"),
        ("a and b", "col 3: `and` is not part of the language; write `&` between comparisons in brackets"),
        ("not a", "col 1: `not` is not part of the language; write `~`"),
        ("a if b else c", "col 3: `if` is not part of the language; write `where(condition, a, b)`"),
        ("'a", "col 1: the quote ' is not closed"),
        ("'a/b'", "col 1: `/` does not stand in a word; words name modes and the like"),
        ("a ! b", "col 3: `!` alone is no operator; write `!=`, or `~` for not"),
        ("é$", "col 2: unexpected character `$`"),
        ("1x", "col 1: `1x` is not a number"),
        ("1.2.3", "col 4: expected an operator or `;`, got `0.3`"),
        ("0x", "col 1: `0x` is not a number"),
        ("1__0", "col 1: `1__0` is not a number"),
        ("1_j", "col 1: `1_j` is not a number"),
        ("1jj", "col 1: `1jj` is not a number"),
        ("0x1j", "col 1: `0x1j` is not a number"),
        ("1 2j", "col 3: expected an operator or `;`, got `2j`"),
        (
            "99999999999999999999",
            "col 1: `99999999999999999999` is over the largest integer, 9223372036854775807; write it as a float",
        ),
        ("x.shape", "col 3: `.shape` is no attribute here; methods are called: `.shape(…)`"),
        ("x.", "col 3: expected a method name after `.`, got the end"),
        ("x[]", "col 2: an index is missing between `[` and `]`"),
        ("x[,]", "col 3: expected an index, got `,`"),
        ("f(a=1, 2)", "col 8: a plain argument cannot follow one with a name"),
        ("f(a=1, a=2)", "col 8: `a=` is given twice"),
        ("f(*x)", "col 3: arguments cannot be unpacked"),
        ("(x)(1)", "col 4: only a name can be called"),
        ("x\u{0}", "col 2: unexpected control character \\u{0}"),
    ] {
        let got = parser::parse(source).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(got, Err(format!("expr: {want}")), "{source}");
    }
}

#[test]
fn hostile_text_is_refused_and_long_chains_are_fine() {
    for deep in ["(".repeat(16_000), "-".repeat(16_000), "x[".repeat(8_000), "f(".repeat(8_000), "2**".repeat(5_000)] {
        let error = parser::parse(&deep).unwrap_err().to_string();
        assert!(error.contains("nested deeper than 64 levels"), "{error}");
    }
    let long = "1".repeat(lexer::MAX_LENGTH + 1);
    assert_eq!(parser::parse(&long).unwrap_err().to_string(), "expr: longer than the limit of 16384 characters");
    assert!(parser::parse(&"é".repeat(1 << 20)).is_err());
    let chain = format!("x{}", "+x".repeat(8_000));
    assert_eq!(parser::parse(&chain).unwrap().nodes.len(), 16_001);
    let dots = format!("x{}", ".a()".repeat(4_000));
    assert!(parser::parse(&dots).is_ok());
    let within = format!("{}x{}", "(".repeat(parser::MAX_DEPTH - 1), ")".repeat(parser::MAX_DEPTH - 1));
    assert!(parser::parse(&within).is_ok());
}

#[test]
fn noise_never_panics() {
    // A small generator: words of the language in random order.
    let words = [
        "x", "1", "2.5", "+", "-", "**", "//", "(", ")", "[", "]", ",", ":", "...", "=", "==", "mean", "f32", ".", ";",
        "None", "~", "<", "1e", "0x", "2j", ".5e1J", "j", "'", "\n", "é", "#", "axis=", "\u{7f}", "_",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..20_000 {
        let len = next() % 24;
        let text: String = (0..len).map(|_| words[next() % words.len()]).collect();
        let _ = parser::parse(&text).map_err(|e| {
            let e = e.to_string();
            assert!(e.starts_with("expr: col ") && !e.contains('\n'), "{text:?}: {e}");
        });
    }
}

mod evaluated {
    use opusclip_engine::{Array, DType, Lazy};

    use super::super::Expr;

    /// Two frames of 2 × 2 pixels.
    fn frames() -> Lazy {
        let values: Vec<u8> = (0..24).map(|n| n * 10).collect();
        Array::from_slice(&values, &[2, 2, 2, 3]).unwrap().into()
    }

    fn eval(source: &str) -> Result<Lazy, String> {
        Expr::parse(source).and_then(|e| e.eval(&[("x", frames())])).map_err(|e| e.to_string())
    }

    fn values(source: &str) -> (DType, Vec<usize>, Vec<f64>) {
        let array = eval(source).unwrap().collect().unwrap();
        (array.dtype(), array.shape().to_vec(), array.to_f64_vec().unwrap())
    }

    #[test]
    fn types_follow_numpy_2() {
        for (source, dtype) in [
            ("x", DType::U8),
            ("x + 1", DType::U8),
            ("x / 255", DType::F64),
            ("f32(x) / 255", DType::F32),
            ("f16(x) / 255", DType::F16),
            ("x.astype(bfloat16) * 0.5", DType::BF16),
            ("c64(x) * 2", DType::C64),
            ("absolute(complex128(x))", DType::F64),
            ("x + 2j", DType::C128),
            ("1j * f32(x)", DType::C64),
            ("f16(x) + 1j", DType::C64),
            ("c64(x) ** (1 + 2j)", DType::C64),
            ("c64(2j) * x", DType::C64),
            ("(x > 3) * 1j", DType::C128),
            ("x * (2j * 2j)", DType::C128),
            ("f32(x) + [1, 2j, 3]", DType::C128),
            ("where(x > 3, 1j, f32(x))", DType::C64),
            ("sqrt(2j) + x", DType::C128),
            ("f32(x) * (2j == 2j)", DType::F32),
            ("f32(x) * (1 / 2)", DType::F32),
            ("f32(x) * sqrt(2)", DType::F64),
            ("f32(x) * f32(2)", DType::F32),
            ("uint8(x)", DType::U8),
            ("x.astype(f64)", DType::F64),
            ("255 - x", DType::U8),
            ("1 / f32(x)", DType::F32),
            ("1.5 - x", DType::F64),
            ("2 ** x", DType::U8),
            ("True + x", DType::U8),
            ("maximum(64, x)", DType::U8),
            ("300 > x", DType::Bool),
            ("1 + (x > 3)", DType::I64),
            ("where(True, x, 0)", DType::U8),
            ("x == 3", DType::Bool),
            ("x ** 2", DType::U8),
            ("x ** 0.5", DType::F64),
            ("mean(x)", DType::F64),
            ("where(x > 100, x, 0)", DType::U8),
            ("i16(x) - 255", DType::I16),
            ("-f32(x)", DType::F32),
            ("~x", DType::U8),
            ("(x > 1) & (x < 9) | ~(x > 5)", DType::Bool),
        ] {
            assert_eq!(eval(source).unwrap().dtype(), Ok(dtype), "{source}");
        }
    }

    #[test]
    fn indices_are_numpys() {
        for (source, shape, first) in [
            ("x[0]", vec![2, 2, 3], 0.0),
            ("x[-1]", vec![2, 2, 3], 120.0),
            ("x[1, 1, 1, 2]", vec![], 230.0),
            ("x[1:]", vec![1, 2, 2, 3], 120.0),
            ("x[::-1]", vec![2, 2, 2, 3], 120.0),
            ("x[..., 1]", vec![2, 2, 2], 10.0),
            ("x[..., 0:1]", vec![2, 2, 2, 1], 0.0),
            ("x[:, None, 1]", vec![2, 1, 2, 3], 60.0),
            ("x[:, -1:, 5:9]", vec![2, 1, 0, 3], f64::NAN),
            ("x[None, ..., None]", vec![1, 2, 2, 2, 3, 1], 0.0),
            ("x[[1, 0]]", vec![2, 2, 2, 3], 120.0),
            ("x[(1, 0)]", vec![2, 3], 120.0),
            ("x[:, [1], None, [-1, 0]]", vec![2, 2, 1, 3], 90.0),
            ("x[0, [[0, 1, 0], [1, 1, 0]], 1]", vec![2, 3, 3], 30.0),
            ("x[x > 200]", vec![3], 210.0),
            ("x[nonzero(x > 200)]", vec![3], 210.0),
            ("x[where(x > 200)]", vec![3], 210.0),
            ("x[[False, True], ..., 0]", vec![1, 2, 2], 120.0),
            ("x[True, 0]", vec![1, 2, 2, 3], 0.0),
            ("x[0] = 7; x", vec![2, 2, 2, 3], 7.0),
            ("x[0] = 7", vec![2, 2, 2, 3], 7.0),
            ("x[..., 0].T", vec![2, 2, 2], 0.0),
            ("x[:, 1, :, 0].T", vec![2, 2], 60.0),
            ("g = x; g[x < 50] = 1.9; g[0, 0, 0] = [4, 5, 6]; g + x", vec![2, 2, 2, 3], 4.0),
            ("g = f32(x); g[..., [0, 2]] = g[..., [2, 0]]; g", vec![2, 2, 2, 3], 20.0),
        ] {
            let (_, got, values) = values(source);
            assert_eq!(got, shape, "{source}");
            assert!(values.first().is_none_or(|v| *v == first), "{source}");
        }
    }

    #[test]
    fn literals_fold_as_pythons() {
        for (source, want) in [
            ("7 // 2", 3.0),
            ("-7 // 2", -4.0),
            ("1 << 5", 32.0),
            ("-7 >> 1", -4.0),
            ("-7 >> 99", -1.0),
            ("0 << 99", 0.0),
            ("-1 << 63", -9223372036854775808.0),
            ("7 // -2", -4.0),
            ("-7 % 3", 2.0),
            ("7 % -3", -2.0),
            ("-7.5 // 2", -4.0),
            ("-7.5 % 2", 0.5),
            ("1 / 4", 0.25),
            ("2 ** 10", 1024.0),
            ("2 ** -1", 0.5),
            ("-2 ** 2", -4.0),
            ("True + True", 2.0),
            ("~5", -6.0),
            ("6 & 3 | 8 ^ 1", 11.0),
            ("(1 < 2) + 0", 1.0),
            ("(9007199254740993 == 9007199254740992) + 0", 0.0),
            ("0x10 - 1_0", 6.0),
        ] {
            let (_, _, got) = values(&format!("f64(x[0, 0, 0, 0]) + ({source})"));
            assert_eq!(got, [want], "{source}");
        }
    }

    #[test]
    fn complex_literals_fold_as_pythons() {
        // Python 3.11's answers.
        for (source, re, im) in [
            ("1 + 2j", 1.0, 2.0),
            ("1 - 2j", 1.0, -2.0),
            ("-(1 - 2j)", -1.0, 2.0),
            ("+2j", 0.0, 2.0),
            ("2j * 3j", -6.0, 0.0),
            ("True + 1j", 1.0, 1.0),
            ("(1 + 2j) / (3 - 4j)", -0.2, 0.4),
            ("(1 + 2j) / (5 + 1j)", 0.269_230_769_230_769_2, 0.346_153_846_153_846_15),
            ("1 / 1e300j", 0.0, -1e-300),
            ("(1 + 2j) ** 3", -11.0, -2.0),
            ("(1 + 2j) ** -2", -0.12, -0.16),
            ("-2j ** 2", 4.0, 0.0),
            ("2 ** 1j", 0.769_238_901_363_972_1, 0.638_961_276_313_634_8),
            ("1j ** 1j", 0.207_879_576_350_761_93, 0.0),
            ("0 ** (2 + 0j)", 0.0, 0.0),
            ("0j ** 0", 1.0, 0.0),
            ("(-8) ** (1 / 3)", 1.000_000_000_000_000_2, 1.732_050_807_568_877_2),
            ("(1j == 1j) + (1j != 1)", 2.0, 0.0),
            ("(2 == 2 + 0j) * 1j", 0.0, 1.0),
            ("1.5e3j", 0.0, 1500.0),
        ] {
            let parts = |part: &str| values(&format!("{part}(c128(x[0, 0, 0, 0]) * 0 + ({source}))")).2;
            assert_eq!((parts("real"), parts("imag")), (vec![re], vec![im]), "{source}");
        }
        // The signs of zeros: complex(-2j) is (-0-2j).
        let z = eval("c128(-2j) + x * 0 * 0").unwrap().collect().unwrap();
        assert_eq!(z.get(&[0, 0, 0, 0]).unwrap().to_parts(), (0.0, -2.0));
        let lone = eval("c128(-2j)").unwrap().collect().unwrap();
        assert_eq!(lone.to_string(), "(-0-2j)");
        assert_eq!(eval("[1, 2j]").unwrap().collect().unwrap().repr(), "array([1.+0.j, 0.+2.j])");
    }

    #[test]
    fn literals_stand_on_either_side() {
        for (source, want) in [
            ("255 - x[0, 0, 0, :]", [255.0, 245.0, 235.0]),
            ("5 // (x[0, 0, 0, :] + 2)", [2.0, 0.0, 0.0]),
            ("(15 > x[0, 0, 0, :]) + u8(0)", [1.0, 1.0, 0.0]),
            ("2 ** f32(x[0, 0, 0, :])", [1.0, 1024.0, 1_048_576.0]),
            ("(300 > x[0, 0, 0, :]) * 1", [1.0; 3]),
            ("7 % (x[0, 0, 0, :] + 4)", [3.0, 7.0, 7.0]),
        ] {
            assert_eq!(values(source).2, want, "{source}");
        }
    }

    #[test]
    fn the_reference_job_is_what_loops_make_of_it() {
        let job = "g = (f32(x) / 255) ** 0.8; m = g.mean(axis=(1, 2, 3), keepdims=True); \
                   u8(clip((g - m) * 1.2 + m, 0, 1) * 255)";
        let (dtype, shape, got) = values(job);
        assert_eq!((dtype, shape), (DType::U8, vec![2, 2, 2, 3]));
        for t in 0..2_usize {
            let g: Vec<f64> = (0..12).map(|n| ((t * 12 + n) as f64 * 10.0 / 255.0).powf(0.8)).collect();
            let m = g.iter().sum::<f64>() / 12.0;
            for (n, g) in g.iter().enumerate() {
                let want = (((g - m) * 1.2 + m).clamp(0.0, 1.0) * 255.0).floor();
                assert!((got[t * 12 + n] - want).abs() <= 1.0);
            }
        }
    }

    #[test]
    fn mistakes_say_the_column_and_what_would_do() {
        for (source, want) in [
            ("clp(x, 0, 1)", "col 1: unknown function `clp`; did you mean `clip`?"),
            ("x + frobnicate(x)", "col 5: unknown function `frobnicate`; `opusclip explain --ops` lists them"),
            ("y", "col 1: unknown name `y`; did you mean `x`?"),
            ("picture + 1", "col 1: unknown name `picture`; the frames are `x`"),
            ("gain = 2; x * gian", "col 15: unknown name `gian`; the frames are `x`"),
            ("x * mean", "col 5: `mean` is a function; call it: `mean(…)`"),
            ("x(1)", "col 1: `x` is no function; put an operator before the bracket"),
            ("f32(x, 1)", "col 1: `f32` takes one array or number: `f32(x)`"),
            ("1 + 1", "col 3: the result is the number 2, not an array; use the frames `x` in it"),
            ("f32", "col 1: the result is the element type float32, not an array; use the frames `x` in it"),
            ("(1, 2)", "col 1: the result is a list of integers, not an array; use the frames `x` in it"),
            ("x + 1 / 0", "col 7: division by zero"),
            ("x + (1 << -1)", "col 8: negative shift count"),
            ("x + (1 << 63)", "col 8: the integers overflow; write one of them as a float"),
            ("x + 9223372036854775807 * 2", "col 25: the integers overflow; write one of them as a float"),
            ("x * (0 ** -1)", "col 8: zero to a negative power"),
            ("x * (0 ** 1j)", "col 8: zero to a negative or complex power"),
            ("x + 1j / 0", "col 8: division by zero"),
            ("x + 1j // 2", "col 8: complex numbers have no floor; write `/`"),
            ("x * (1j < 2)", "col 9: complex numbers have no order; compare absolute, real or imag of them"),
            ("x + (1j & 2)", "col 9: bits of complex numbers are not defined"),
            ("x + ~2j", "col 5: `~` needs an integer"),
            ("1 + 2j", "col 3: the result is the number (1+2j), not an array; use the frames `x` in it"),
            ("x[2j]", "col 2: an index is an integer, a slice or an array, not the number 2j"),
            ("x[5]", "col 2: index: index 5 is out of bounds for axis 0 of length 2"),
            (
                "x[-9223372036854775807]",
                "col 2: index: index -9223372036854775807 is out of bounds for axis 0 of length 2",
            ),
            ("x[0, 0, 0, 0, 0]", "col 2: index: 5 indices for shape (2, 2, 2, 3), which has 4 axes"),
            ("x[..., ...]", "col 2: index: an index has at most one `...`"),
            ("x[1.5]", "col 2: an index is an integer, a slice or an array, not the number 1.5"),
            ("x[[1.5]]", "col 2: an index is an integer, a slice or an array, not a list of numbers"),
            ("x[f32(x)]", "col 2: index: an index array holds integers or truth values, not float32; cast it"),
            ("g = 2; g[0] = 1", "col 9: `g` is no array, so nothing can be put into it"),
            ("x[0] = f32", "col 2: only numbers and arrays are put into an array, not the element type float32"),
            ("x[0] = 256", "col 2: set: the integer 256 does not fit uint8 (0 to 255)"),
            ("x[1.0:]", "col 2: a slice is made of integers, not the number 1"),
            ("2[0]", "col 2: only arrays are indexed, not the number 2"),
            (
                "x.mean(axis=(1, x))",
                "col 3: mean: the argument `axis` must be an integer or integers in brackets or None",
            ),
            ("mean(x, keepdims=2.5)", "col 1: mean: the argument `keepdims` must be True or False"),
        ] {
            assert_eq!(eval(source).err(), Some(format!("expr: {want}")), "{source}");
        }
        // The engine's own words follow the column.
        for source in [
            "x + x[:, :1, :, :2]",
            "mean(x, axis=7)",
            "x + 256",
            "mean(x, axes=1)",
            "mean()",
            "mean(x, 1, 2, 3)",
            "clip(x)",
            "reshape(x, 5)",
        ] {
            let error = eval(source).unwrap_err();
            assert!(error.starts_with("expr: col ") && !error.contains('\n'), "{source}: {error}");
        }
    }

    #[test]
    fn unknown_names_are_found_without_arrays() {
        let check = |source: &str| Expr::parse(source).and_then(|e| e.check(&["x"])).map_err(|e| e.to_string());
        for good in ["x", "a = x; a + 1", "f32(x).mean()", "x.astype(f32)", "abs(x)", "np.clip(x, 0, pi)"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, want) in [
            ("clp(x)", "expr: col 1: unknown function `clp`; did you mean `clip`?"),
            ("a + x; a = 1", "expr: col 1: unknown name `a`; did you mean `x`?"),
            ("x(1)", "expr: col 1: `x` is no function; put an operator before the bracket"),
            ("x + mean", "expr: col 5: `mean` is a function; call it: `mean(…)`"),
        ] {
            assert_eq!(check(bad), Err(want.to_string()), "{bad}");
        }
    }

    #[test]
    fn long_chains_evaluate() {
        let chain = format!("f32(x){}", "+1".repeat(8_000));
        assert!(eval(&chain).is_ok());
    }
}
