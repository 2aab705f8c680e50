//! Planes to RGB and back, against the formula in `f64`.

use opusclip::flow::Colour;
use opusclip::video::colour::{Chroma, FromRgb, PlaneShape, ToRgb};
use opusclip::video::truth::weights;

const SIZES: [(usize, usize); 9] = [(1, 1), (2, 2), (1, 5), (5, 1), (3, 3), (16, 4), (17, 9), (33, 2), (64, 31)];

fn colours() -> Vec<Colour> {
    let mut all = Vec::new();
    for matrix in [1, 4, 6, 7, 9] {
        for full_range in [false, true] {
            all.push(Colour { primaries: matrix, transfer: matrix, matrix, full_range });
        }
    }
    all
}

/// Bars of pure colours, then noise; all levels, legal or not.
fn noise(n: usize, seed: u64) -> Vec<u8> {
    let mut x = seed | 1;
    (0..n)
        .map(|i| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            if i % 5 == 0 { [0, 255, 16, 235, 128][(x % 5) as usize] } else { (x >> 20) as u8 }
        })
        .collect()
}

fn scales(c: Colour) -> (f64, f64, f64) {
    if c.full_range { (255.0, 255.0, 0.0) } else { (219.0, 224.0, 16.0) }
}

#[test]
fn to_rgb_is_within_one_level() {
    for colour in colours() {
        let (kr, kb) = weights(colour.matrix);
        let (ly, lc, black) = scales(colour);
        for (width, height) in SIZES {
            for chroma in [Chroma::Yuv420, Chroma::Yuv422] {
                let shape = PlaneShape { width, height, chroma };
                let raw = noise(shape.bytes(), (width * height) as u64);
                let (y, u, v) = shape.split(&raw).unwrap();
                let mut out = vec![0; width * height * 3];
                assert!(ToRgb::new(shape, colour).interleaved(&raw, &mut out));
                for r in 0..height {
                    let cr = if chroma == Chroma::Yuv420 { r / 2 } else { r };
                    for c in 0..width {
                        let luma = (f64::from(y[r * width + c]) - black) / ly;
                        let cb = (f64::from(u[cr * shape.chroma_width() + c / 2]) - 128.0) / lc;
                        let cr = (f64::from(v[cr * shape.chroma_width() + c / 2]) - 128.0) / lc;
                        let red = luma + 2.0 * (1.0 - kr) * cr;
                        let blue = luma + 2.0 * (1.0 - kb) * cb;
                        let green = (luma - kr * red - kb * blue) / (1.0 - kr - kb);
                        for (k, want) in [red, green, blue].into_iter().enumerate() {
                            let want = (want * 255.0).clamp(0.0, 255.0);
                            let got = f64::from(out[(r * width + c) * 3 + k]);
                            assert!(
                                (got - want).abs() <= 0.51,
                                "{colour:?} {width}x{height} at {c},{r}: {got} for {want}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn from_rgb_is_within_one_level() {
    for colour in colours() {
        let (kr, kb) = weights(colour.matrix);
        let (ly, lc, black) = scales(colour);
        for (width, height) in SIZES {
            let rgb = noise(width * height * 3, 7 + (width * height) as u64);
            let mut convert = FromRgb::new(width, height, colour);
            let shape = convert.shape();
            let mut raw = vec![0; shape.bytes()];
            assert!(convert.planes(&rgb, &mut raw));
            let (y, u, v) = shape.split(&raw).unwrap();
            let at = |c: usize, r: usize| {
                let i = (r.min(height - 1) * width + c.min(width - 1)) * 3;
                [f64::from(rgb[i]), f64::from(rgb[i + 1]), f64::from(rgb[i + 2])]
            };
            let luma = |[r, g, b]: [f64; 3]| kr * r + (1.0 - kr - kb) * g + kb * b;
            for r in 0..height {
                for c in 0..width {
                    let want = luma(at(c, r)) / 255.0 * ly + black;
                    assert!((f64::from(y[r * width + c]) - want).abs() <= 0.51);
                }
            }
            for r in 0..shape.chroma_height() {
                for c in 0..shape.chroma_width() {
                    let four = [at(2 * c, 2 * r), at(2 * c + 1, 2 * r), at(2 * c, 2 * r + 1), at(2 * c + 1, 2 * r + 1)];
                    let mean = [0, 1, 2].map(|k| four.iter().map(|p| p[k]).sum::<f64>() / 4.0);
                    let cb = (mean[2] - luma(mean)) / (2.0 * (1.0 - kb)) / 255.0 * lc + 128.0;
                    let cr = (mean[0] - luma(mean)) / (2.0 * (1.0 - kr)) / 255.0 * lc + 128.0;
                    let i = r * shape.chroma_width() + c;
                    assert!((f64::from(u[i]) - cb.clamp(0.0, 255.0)).abs() <= 0.51, "{colour:?} {width}x{height}");
                    assert!((f64::from(v[i]) - cr.clamp(0.0, 255.0)).abs() <= 0.51, "{colour:?} {width}x{height}");
                }
            }
        }
    }
}

/// Grey stays grey and the ends stay the ends, exactly, in both ranges.
#[test]
fn greys_are_exact() {
    for colour in colours() {
        let rgb: Vec<u8> = (0..=255u8).flat_map(|g| [g; 12]).collect();
        let mut convert = FromRgb::new(512, 2, colour);
        // Two rows of 512: each grey twice in each row.
        let rows: Vec<u8> = rgb.chunks(12).flat_map(|p| p[..6].to_vec()).collect::<Vec<u8>>().repeat(2);
        let mut raw = vec![0; convert.shape().bytes()];
        assert!(convert.planes(&rows, &mut raw));
        let (_, u, v) = convert.shape().split(&raw).unwrap();
        assert!(u.iter().chain(v).all(|&c| c == 128), "{colour:?}");
        let mut back = vec![0; rows.len()];
        assert!(ToRgb::new(convert.shape(), colour).interleaved(&raw, &mut back));
        for (a, b) in rows.iter().zip(&back) {
            assert!(a.abs_diff(*b) <= if colour.full_range { 0 } else { 1 }, "{colour:?}: {a} became {b}");
        }
        assert_eq!((back[0], back[back.len() - 1]), (0, 255));
    }
}
