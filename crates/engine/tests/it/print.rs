//! The text of arrays against NumPy's, letter by letter (`golden/make_print.py`).

use opusclip_engine::array::PrintOptions;
use opusclip_engine::{Array, BF16, Complex, DType, Element, F16, Lazy};
use serde_json::Value;

use crate::support::golden;

fn fill<T: Element>(case: &Value, parse: impl Fn(&str) -> T) -> Array {
    let shape: Vec<usize> = case["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let period: Vec<T> = case["values"].as_array().unwrap().iter().map(|v| parse(v.as_str().unwrap())).collect();
    let n = shape.iter().product();
    Array::from_vec(period.into_iter().cycle().take(n).collect(), &shape).unwrap()
}

fn array(case: &Value) -> Array {
    match DType::parse(case["dtype"].as_str().unwrap()).unwrap() {
        DType::Bool => fill(case, |v| v == "1"),
        DType::U8 => fill(case, |v| v.parse::<u8>().unwrap()),
        DType::I8 => fill(case, |v| v.parse::<i8>().unwrap()),
        DType::U16 => fill(case, |v| v.parse::<u16>().unwrap()),
        DType::I16 => fill(case, |v| v.parse::<i16>().unwrap()),
        DType::U32 => fill(case, |v| v.parse::<u32>().unwrap()),
        DType::I32 => fill(case, |v| v.parse::<i32>().unwrap()),
        DType::U64 => fill(case, |v| v.parse::<u64>().unwrap()),
        DType::I64 => fill(case, |v| v.parse::<i64>().unwrap()),
        // By way of f64, whose text the golden has: it is exact there.
        DType::F32 => fill(case, |v| v.parse::<f64>().unwrap() as f32),
        DType::F64 => fill(case, |v| v.parse::<f64>().unwrap()),
        DType::F16 => fill(case, |v| F16::from_f64(v.parse().unwrap())),
        DType::BF16 => fill(case, |v| BF16::from_f32(v.parse().unwrap())),
        DType::C64 => fill(case, |v| {
            let z = complex(v);
            Complex::new(z.re as f32, z.im as f32)
        }),
        DType::C128 => fill(case, complex),
    }
}

fn complex(text: &str) -> Complex<f64> {
    let (re, im) = text.split_once(' ').unwrap();
    Complex::new(re.parse().unwrap(), im.parse().unwrap())
}

fn options(case: &Value) -> PrintOptions {
    let mut options = PrintOptions::default();
    for (name, value) in case["options"].as_object().unwrap() {
        let number = value.as_u64().map(|n| n as usize);
        match (name.as_str(), number) {
            ("precision", Some(n)) => options.precision = n,
            ("threshold", Some(n)) => options.threshold = n,
            ("edgeitems", Some(n)) => options.edgeitems = n,
            ("linewidth", Some(n)) => options.linewidth = n,
            ("suppress", None) => options.suppress = value.as_bool().unwrap(),
            other => panic!("{other:?}"),
        }
    }
    options
}

#[test]
fn every_text_is_numpys() {
    let golden = golden("print.json");
    let mut wrong = Vec::new();
    let cases = golden["cases"].as_array().unwrap();
    for case in cases {
        let (a, options) = (array(case), options(case));
        for (what, ours) in [("str", a.to_text(&options)), ("repr", a.repr_with(&options))] {
            if ours != case[what].as_str().unwrap() {
                let values = case["values"].as_array().unwrap();
                wrong.push(format!(
                    "{what} of {} {} {:?} {}\nours:\n{ours}\nNumPy's:\n{}",
                    case["dtype"],
                    case["shape"],
                    values.get(..10).unwrap_or(values),
                    case["options"],
                    case[what].as_str().unwrap()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong[..wrong.len().min(12)].join("\n\n"));
    assert!(cases.len() > 1700);
}

#[test]
fn every_float16_is_written_as_numpy_writes_it() {
    let golden = golden("print.json");
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for bits in 0..0x7c00 {
        for byte in format!("{} ", Array::from(F16::from_bits(bits))).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    assert_eq!(hash.to_string(), golden["halves"].as_str().unwrap());
    // The one power of two whose nearest text of so many digits is another number, in both signs.
    assert_eq!(Array::from([0.015625, -0.015625].map(F16::from_f64)).to_string(), "[ 0.01563 -0.01563]");
}

#[test]
fn display_is_str_and_a_view_prints_what_it_shows() {
    let a = Array::from([[1.0f32, 2.5], [-0.125, 4.0]]);
    assert_eq!(a.to_string(), "[[ 1.     2.5  ]\n [-0.125  4.   ]]");
    let turned = Lazy::from(a).permute_dims(()).flip(0).collect().unwrap();
    assert_eq!(turned.to_string(), "[[ 2.5    4.   ]\n [ 1.    -0.125]]");
    assert_eq!(turned.repr(), "array([[ 2.5  ,  4.   ],\n       [ 1.   , -0.125]], dtype=float32)");
}

/// More elements than there is memory, in a view that the library makes itself.
fn huge() -> Array {
    Array::from([[1u8], [2]]).broadcast_view(&[1 << 20, 2, 1 << 13]).unwrap()
}

#[test]
fn a_view_of_more_elements_than_memory_prints_at_once() {
    let a = huge();
    assert_eq!(a.size(), 1 << 34);
    let row = "[[1 1 1 ... 1 1 1]\n  [2 2 2 ... 2 2 2]]";
    let block = |n: usize| vec![row; n].join("\n\n ");
    assert_eq!(a.to_string(), format!("[{}\n\n ...\n\n {}]", block(3), block(3)));
    assert!(a.repr().ends_with("shape=(1048576, 2, 8192), dtype=uint8)"));
}

#[test]
fn texts_that_would_never_end_are_cut() {
    // Axes of two are never shortened, and forty of them show every one of 2^40 elements.
    let many = Array::from([1u8, 2]).broadcast_view(&[2; 40]).unwrap();
    assert_eq!(many.to_string(), "[...]");
    let deep = Array::from_vec(vec![1u8], &[1; 70]).unwrap();
    assert_eq!(deep.to_string(), "[...]");
    let all = PrintOptions { threshold: usize::MAX, ..PrintOptions::default() };
    assert_eq!(huge().to_text(&all), "[...]");
    let odd = PrintOptions { threshold: 0, edgeitems: 0, linewidth: 0, precision: usize::MAX, suppress: true };
    assert_eq!(Array::from([0.1, 2.0, 3.0]).to_text(&odd), "[0.1\n ...\n 3. ]");
    let wide = PrintOptions { threshold: 0, edgeitems: usize::MAX, linewidth: usize::MAX, ..odd };
    assert_eq!(Array::from([1, 2, 3]).to_text(&wide), "[1 2 3]");
}

#[test]
fn an_expression_says_what_it_is_and_computes_nothing() {
    // More than any machine could compute.
    let x = Lazy::from(huge());
    let y = &x + &x;
    assert_eq!(y.to_string(), "<lazy add, shape (1048576, 2, 8192), uint8, not computed>");
    assert_eq!((y.size().unwrap(), y.nbytes().unwrap()), (1 << 34, 1 << 34));
    assert_eq!(x.to_string(), "<lazy array in memory, shape (1048576, 2, 8192), uint8, not computed>");
    let bad = (&x + &Lazy::from(Array::from([1, 2, 3]))).to_string();
    assert!(bad.starts_with("<lazy, failed: add: shapes (1048576, 2, 8192) and (3,) do not broadcast"), "{bad}");
    let info = y.debug();
    assert_eq!((info.nodes, info.sources, info.streams), (2, 0, true));
    assert_eq!(
        info.to_string(),
        "Lazy: add, not computed\nShape: (1048576, 2, 8192)\nData type: uint8\n\
         Memory usage: 17179869184 bytes (16.0 GiB) once computed\nNodes: 2 (0 sources)\nStreams: True"
    );
    let info = x.reshape([3]).debug();
    assert!(info.to_string().starts_with("Failed: reshape: "), "{info}");
}
