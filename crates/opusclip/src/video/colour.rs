//! Planes of luma and chroma to RGB and back.
//!
//! The formulas are those of ITU-T H.273 for the file's matrix and range, computed in `f32` and
//! rounded once to the nearest level, so the answer is within one level of the exact one and is
//! the same on every machine. Luma outside of 16…235 is taken as it is, not clamped first.
//! To RGB, each chroma sample serves the 2 × 2 pixels it lies over (nearest). From RGB, it is
//! the mean of those pixels. At odd edges the last column or row stands alone.

use opusclip_engine::Isa;
use opusclip_engine::flow::Colour;
use opusclip_raw::kernel::pack::{deinterleave3, interleave3};

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
    isa: Isa,
    shape: PlaneShape,
    k: Coefficients,
    /// What chroma adds to each channel, one number a chroma sample.
    half: [Vec<f32>; 3],
    /// The same, one number a pixel.
    add: [Vec<f32>; 3],
    row: [Vec<u8>; 3],
}

impl ToRgb {
    /// A converter for pictures of one shape and colour.
    pub fn new(shape: PlaneShape, colour: Colour) -> Self {
        let (w, cw) = (shape.width, shape.chroma_width());
        let three = |n: usize| [vec![0.0; n], vec![0.0; n], vec![0.0; n]];
        ToRgb {
            isa: Isa::active(),
            shape,
            k: Coefficients::new(colour),
            half: three(cw),
            add: three(cw * 2),
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
        let centred = |x: u8| f32::from(x) - 128.0;
        let mut loaded = usize::MAX;
        for (r, line) in y.chunks_exact(w).enumerate() {
            let cr = match self.shape.chroma {
                Chroma::Yuv420 => r / 2,
                Chroma::Yuv422 => r,
            };
            if cr != loaded {
                loaded = cr;
                let us = u.get(cr * cw..(cr + 1) * cw).unwrap_or(&[]);
                let vs = v.get(cr * cw..(cr + 1) * cw).unwrap_or(&[]);
                let [red, green, blue] = &mut self.half;
                self.isa.map1(vs, red, |v: u8| centred(v) * rv + offset);
                self.isa.map2(us, vs, green, |u: u8, v: u8| centred(u) * gu + centred(v) * gv + offset);
                self.isa.map1(us, blue, |u: u8| centred(u) * bu + offset);
                for (half, add) in self.half.iter().zip(&mut self.add) {
                    for (pair, &x) in add.as_chunks_mut::<2>().0.iter_mut().zip(half) {
                        *pair = [x, x];
                    }
                }
            }
            for (out, add) in self.row.iter_mut().zip(&self.add) {
                self.isa.map2(line, add, out, |y: u8, a: f32| level(f32::from(y) * scale + a));
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
    interleave3(Isa::active(), r, g, b, out);
}

/// Converts interleaved RGB to planes of 4:2:0.
#[derive(Clone, Debug)]
pub struct FromRgb {
    isa: Isa,
    shape: PlaneShape,
    k: Coefficients,
    /// The channels of two rows, an odd last column twice.
    rows: [[Vec<u8>; 3]; 2],
    /// Sum of two neighbours in a column.
    column: Vec<u16>,
    /// Mean of the pixels under each chroma sample, by channel.
    means: [Vec<f32>; 3],
}

impl FromRgb {
    /// A converter for pictures of `width` × `height` in `colour`.
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        let shape = PlaneShape { width, height, chroma: Chroma::Yuv420 };
        let cw = shape.chroma_width();
        let row = || [vec![0; cw * 2], vec![0; cw * 2], vec![0; cw * 2]];
        FromRgb {
            isa: Isa::active(),
            shape,
            k: Coefficients::new(colour),
            rows: [row(), row()],
            column: vec![0; cw * 2],
            means: [vec![0.0; cw], vec![0.0; cw], vec![0.0; cw]],
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
        let (k, isa) = (self.k, self.isa);
        let kg = 1.0 - k.kr - k.kb;
        let (yr, yg, yb) = (k.kr * k.luma, kg * k.luma, k.kb * k.luma);
        let (cu, cv) = (0.5 * k.chroma / (1.0 - k.kb), 0.5 * k.chroma / (1.0 - k.kr));
        let pairs = rgb.chunks(w * 6).zip(y.chunks_mut(w * 2)).zip(u.chunks_exact_mut(cw).zip(v.chunks_exact_mut(cw)));
        for ((rgb, y), (u, v)) in pairs {
            let lines = rgb.len() / (w * 3);
            for ((rgb, y), row) in rgb.chunks_exact(w * 3).zip(y.chunks_exact_mut(w)).zip(&mut self.rows) {
                let [r, g, b] = row;
                deinterleave3(isa, rgb, r, g, b);
                isa.map3(r, g, b, y, |r: u8, g: u8, b: u8| {
                    level(f32::from(r) * yr + f32::from(g) * yg + f32::from(b) * yb + k.black)
                });
                if w % 2 == 1 {
                    // An odd last column counts twice, so that each pair has two.
                    for channel in row {
                        if let [.., last, spare] = channel.as_mut_slice() {
                            *spare = *last;
                        }
                    }
                }
            }
            let [first, second] = &self.rows;
            // An odd last row counts twice.
            let second = if lines == 2 { second } else { first };
            for ((a, b), means) in first.iter().zip(second).zip(&mut self.means) {
                isa.map2(a, b, &mut self.column, |a: u8, b: u8| u16::from(a) + u16::from(b));
                for (mean, [left, right]) in means.iter_mut().zip(self.column.as_chunks::<2>().0) {
                    *mean = f32::from(left + right) * 0.25;
                }
            }
            let [r, g, b] = &self.means;
            let luma = |r: f32, g: f32, b: f32| r * k.kr + g * kg + b * k.kb;
            isa.map3(r, g, b, u, |r: f32, g: f32, b: f32| level((b - luma(r, g, b)) * cu + 128.0));
            isa.map3(r, g, b, v, |r: f32, g: f32, b: f32| level((r - luma(r, g, b)) * cv + 128.0));
        }
        true
    }
}
