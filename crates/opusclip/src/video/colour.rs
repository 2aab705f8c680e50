//! Planes of luma and chroma to RGB and back.
//!
//! The formulas are those of ITU-T H.273 for the file's matrix and range, computed in `f32` and
//! rounded once to the nearest level, so the answer is within one level of the exact one and is
//! the same on every machine. Luma outside of 16…235 is taken as it is, not clamped first.
//! To RGB, each chroma sample serves the 2 × 2 pixels it lies over (nearest). From RGB, it is
//! the mean of those pixels. At odd edges the last column or row stands alone.

use opusclip_engine::flow::Colour;

use super::truth::weights;

/// How chroma lies over luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// Half width, half height.
    Yuv420,
    /// Half width, full height.
    Yuv422,
}

/// Width, height and chroma layout of tightly packed 8-bit planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneShape {
    /// Luma samples in a row.
    pub width: usize,
    /// Luma rows.
    pub height: usize,
    /// Layout of the chroma planes.
    pub chroma: Chroma,
}

impl PlaneShape {
    /// Samples in a chroma row.
    pub fn chroma_width(&self) -> usize {
        self.width.div_ceil(2)
    }

    /// Chroma rows.
    pub fn chroma_height(&self) -> usize {
        match self.chroma {
            Chroma::Yuv420 => self.height.div_ceil(2),
            Chroma::Yuv422 => self.height,
        }
    }

    /// Bytes of all three planes.
    pub fn bytes(&self) -> usize {
        self.width * self.height + 2 * self.chroma_width() * self.chroma_height()
    }

    /// The three planes in `raw`; `None` when it has not [`PlaneShape::bytes`] bytes.
    pub fn split<'a>(&self, raw: &'a [u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
        if raw.len() != self.bytes() {
            return None;
        }
        let (y, c) = raw.split_at_checked(self.width * self.height)?;
        let (u, v) = c.split_at_checked(c.len() / 2)?;
        Some((y, u, v))
    }

    /// The same, to be written.
    pub fn split_mut<'a>(&self, raw: &'a mut [u8]) -> Option<(&'a mut [u8], &'a mut [u8], &'a mut [u8])> {
        if raw.len() != self.bytes() {
            return None;
        }
        let (y, c) = raw.split_at_mut_checked(self.width * self.height)?;
        let half = c.len() / 2;
        let (u, v) = c.split_at_mut_checked(half)?;
        Some((y, u, v))
    }
}

/// Rounds to the nearest level of 0…255. Adding 2²³ leaves the integer in the low bits: one
/// addition where a cast would need a check for each case, and it vectorises.
#[inline(always)]
fn level(x: f32) -> u8 {
    (x.clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8
}

/// The coefficients of one direction.
#[derive(Clone, Copy, Debug)]
struct Coefficients {
    luma: f32,
    black: f32,
    chroma: f32,
    kr: f32,
    kb: f32,
}

impl Coefficients {
    fn new(colour: Colour) -> Self {
        let (kr, kb) = weights(colour.matrix);
        let (luma, chroma, black) = if colour.full_range { (255.0, 255.0, 0.0) } else { (219.0, 224.0, 16.0) };
        Coefficients { luma: luma / 255.0, black, chroma: chroma / 255.0, kr: kr as f32, kb: kb as f32 }
    }
}

/// Converts planes to RGB. Holds its row buffers, so that one converter serves many frames.
#[derive(Clone, Debug)]
pub struct ToRgb {
    shape: PlaneShape,
    k: Coefficients,
    red: Vec<f32>,
    green: Vec<f32>,
    blue: Vec<f32>,
    row: [Vec<u8>; 3],
}

impl ToRgb {
    /// A converter for pictures of one shape and colour.
    pub fn new(shape: PlaneShape, colour: Colour) -> Self {
        let w = shape.width;
        ToRgb {
            shape,
            k: Coefficients::new(colour),
            red: vec![0.0; w + 1],
            green: vec![0.0; w + 1],
            blue: vec![0.0; w + 1],
            row: [vec![0; w], vec![0; w], vec![0; w]],
        }
    }

    /// Converts `raw` (all planes) and hands each finished row of RGB to `row`, top to bottom.
    /// False when `raw` has the wrong length.
    pub fn rows(&mut self, raw: &[u8], mut row: impl FnMut(usize, [&[u8]; 3])) -> bool {
        let Some((y, u, v)) = self.shape.split(raw) else { return false };
        let (w, cw) = (self.shape.width, self.shape.chroma_width());
        if w == 0 || self.shape.height == 0 {
            return true;
        }
        let k = self.k;
        let scale = 1.0 / k.luma;
        let kg = 1.0 - k.kr - k.kb;
        let (rv, bu) = (2.0 * (1.0 - k.kr) / k.chroma, 2.0 * (1.0 - k.kb) / k.chroma);
        let (gu, gv) = (-bu * k.kb / kg, -rv * k.kr / kg);
        let offset = -k.black * scale;
        let mut loaded = usize::MAX;
        for (r, line) in y.chunks_exact(w).enumerate() {
            let cr = match self.shape.chroma {
                Chroma::Yuv420 => r / 2,
                Chroma::Yuv422 => r,
            };
            if cr != loaded {
                loaded = cr;
                let us = u.chunks_exact(cw).nth(cr).unwrap_or(&[]);
                let vs = v.chunks_exact(cw).nth(cr).unwrap_or(&[]);
                let red = self.red.chunks_exact_mut(2);
                let green = self.green.chunks_exact_mut(2);
                let blue = self.blue.chunks_exact_mut(2);
                for ((((&u, &v), r), g), b) in us.iter().zip(vs).zip(red).zip(green).zip(blue) {
                    let (u, v) = (f32::from(u) - 128.0, f32::from(v) - 128.0);
                    r.fill(v * rv + offset);
                    g.fill(u * gu + v * gv + offset);
                    b.fill(u * bu + offset);
                }
            }
            let [or, og, ob] = &mut self.row;
            for (out, add) in [(or, &self.red), (og, &self.green), (ob, &self.blue)] {
                for ((o, &y), &a) in out.iter_mut().zip(line).zip(add) {
                    *o = level(f32::from(y) * scale + a);
                }
            }
            let [or, og, ob] = &self.row;
            row(r, [or, og, ob]);
        }
        true
    }

    /// Converts `raw` to interleaved RGB in `out` (`height * width * 3` bytes). False when a
    /// length is wrong.
    pub fn interleaved(&mut self, raw: &[u8], out: &mut [u8]) -> bool {
        let w = self.shape.width;
        if out.len() != w * self.shape.height * 3 {
            return false;
        }
        self.rows(raw, |y, rgb| {
            if let Some(line) = out.get_mut(y * w * 3..(y + 1) * w * 3) {
                interleave(rgb, line);
            }
        })
    }
}

/// Three rows to one of triples.
pub(crate) fn interleave([r, g, b]: [&[u8]; 3], out: &mut [u8]) {
    for (((o, &r), &g), &b) in out.chunks_exact_mut(3).zip(r).zip(g).zip(b) {
        o.copy_from_slice(&[r, g, b]);
    }
}

/// Converts interleaved RGB to planes of 4:2:0.
#[derive(Clone, Debug)]
pub struct FromRgb {
    shape: PlaneShape,
    k: Coefficients,
    rows: [Vec<f32>; 3],
    sums: [Vec<f32>; 3],
}

impl FromRgb {
    /// A converter for pictures of `width` × `height` in `colour`.
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        let shape = PlaneShape { width, height, chroma: Chroma::Yuv420 };
        let row = vec![0.0; shape.chroma_width() * 2];
        FromRgb {
            shape,
            k: Coefficients::new(colour),
            rows: [row.clone(), row.clone(), row.clone()],
            sums: [row.clone(), row.clone(), row],
        }
    }

    /// The shape of the planes made.
    pub fn shape(&self) -> PlaneShape {
        self.shape
    }

    /// Converts `rgb` (`height * width * 3` bytes) into `raw` ([`PlaneShape::bytes`]). False when
    /// a length is wrong.
    pub fn planes(&mut self, rgb: &[u8], raw: &mut [u8]) -> bool {
        let (w, h, cw) = (self.shape.width, self.shape.height, self.shape.chroma_width());
        if rgb.len() != w * h * 3 || w == 0 {
            return rgb.len() == w * h * 3 && raw.is_empty();
        }
        let Some((y, u, v)) = self.shape.split_mut(raw) else { return false };
        let k = self.k;
        let kg = 1.0 - k.kr - k.kb;
        let (yr, yg, yb) = (k.kr * k.luma, kg * k.luma, k.kb * k.luma);
        let (cu, cv) = (0.5 * k.chroma / (1.0 - k.kb), 0.5 * k.chroma / (1.0 - k.kr));
        let pairs = rgb.chunks(w * 6).zip(y.chunks_mut(w * 2)).zip(u.chunks_exact_mut(cw).zip(v.chunks_exact_mut(cw)));
        for ((rgb, y), (u, v)) in pairs {
            let lines = (rgb.len() / (w * 3)) as f32;
            self.sums.iter_mut().for_each(|s| s.fill(0.0));
            for (rgb, y) in rgb.chunks_exact(w * 3).zip(y.chunks_exact_mut(w)) {
                let [r, g, b] = &mut self.rows;
                for (((p, r), g), b) in rgb.chunks_exact(3).zip(r.iter_mut()).zip(g.iter_mut()).zip(b.iter_mut()) {
                    if let [pr, pg, pb] = *p {
                        (*r, *g, *b) = (f32::from(pr), f32::from(pg), f32::from(pb));
                    }
                }
                for (((o, &r), &g), &b) in y.iter_mut().zip(r.iter()).zip(g.iter()).zip(b.iter()) {
                    *o = level(r * yr + g * yg + b * yb + k.black);
                }
                for (sum, row) in self.sums.iter_mut().zip(&mut self.rows) {
                    // An odd last column counts twice, so that each pair has two.
                    if w % 2 == 1
                        && let [.., last, spare] = row.as_mut_slice()
                    {
                        *spare = *last;
                    }
                    for (s, &x) in sum.iter_mut().zip(row.iter()) {
                        *s += x;
                    }
                }
            }
            let share = 1.0 / (2.0 * lines);
            let [r, g, b] = &self.sums;
            let chroma = r.chunks_exact(2).zip(g.chunks_exact(2)).zip(b.chunks_exact(2));
            for (((r, g), b), (u, v)) in chroma.zip(u.iter_mut().zip(v.iter_mut())) {
                let sum = |p: &[f32]| p.iter().sum::<f32>() * share;
                let (r, g, b) = (sum(r), sum(g), sum(b));
                let luma = r * k.kr + g * kg + b * k.kb;
                *u = level((b - luma) * cu + 128.0);
                *v = level((r - luma) * cv + 128.0);
            }
        }
        true
    }
}
