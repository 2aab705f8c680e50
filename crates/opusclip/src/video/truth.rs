//! What a picture is meant to look like: orientation, sample aspect, colour; and what is guessed
//! when the file does not say.

use opusclip_engine::flow::Colour;

/// How coded pictures are turned for showing: mirrored left to right or not, then turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Clockwise quarter turns, 0…3.
    pub turns: u8,
    /// Mirrored left to right before turning.
    pub mirror: bool,
}

impl Orientation {
    /// From the track's matrix (16.16 fixed point). `None` when it is no quarter turn.
    pub fn from_matrix(m: &[i32; 9]) -> Option<Orientation> {
        // Muxers round: 0xfff0 is meant as one, 0x10 as nothing.
        let unit = |v: i32| match v {
            v if (v.unsigned_abs()) < 0x200 => Some(0),
            v if v.unsigned_abs().abs_diff(0x1_0000) < 0x200 => Some(v.signum()),
            _ => None,
        };
        let [a, b, _, c, d, ..] = *m;
        let (turns, mirror) = match (unit(a)?, unit(b)?, unit(c)?, unit(d)?) {
            (1, 0, 0, 1) => (0, false),
            (0, 1, -1, 0) => (1, false),
            (-1, 0, 0, -1) => (2, false),
            (0, -1, 1, 0) => (3, false),
            (-1, 0, 0, 1) => (0, true),
            (0, -1, -1, 0) => (1, true),
            (1, 0, 0, -1) => (2, true),
            (0, 1, 1, 0) => (3, true),
            _ => return None,
        };
        Some(Orientation { turns, mirror })
    }

    /// True when width and height change places.
    pub fn swaps(self) -> bool {
        self.turns % 2 == 1
    }

    /// Where the coded pixel (`x`, `y`) of a `w` × `h` picture is shown.
    pub fn place(self, x: usize, y: usize, w: usize, h: usize) -> (usize, usize) {
        let x = if self.mirror { w - 1 - x } else { x };
        match self.turns {
            0 => (x, y),
            1 => (h - 1 - y, x),
            2 => (w - 1 - x, h - 1 - y),
            _ => (y, w - 1 - x),
        }
    }
}

/// Colour tags that leave nothing open, and whether the matrix had to be guessed.
///
/// Rule for files that do not say: BT.709 when the shorter side has 720 or more samples, else
/// BT.601; limited range unless stated.
pub fn resolve_colour(stated: Colour, width: usize, height: usize) -> (Colour, bool) {
    if known_matrix(stated.matrix) {
        return (stated, false);
    }
    let guess = if width.min(height) >= 720 { 1 } else { 6 };
    let fill = |v: u8| if v == 2 || v == 0 { guess } else { v };
    let colour = Colour {
        primaries: fill(stated.primaries),
        transfer: fill(stated.transfer),
        matrix: guess,
        full_range: stated.full_range,
    };
    (colour, true)
}

fn known_matrix(matrix: u8) -> bool {
    matches!(matrix, 1 | 4 | 5 | 6 | 7 | 9 | 10)
}

/// Weights of red and blue in luma for a matrix code of ITU-T H.273.
pub fn weights(matrix: u8) -> (f64, f64) {
    match matrix {
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        7 => (0.212, 0.087),
        9 | 10 => (0.2627, 0.0593),
        _ => (0.299, 0.114),
    }
}

/// Name of a matrix code for people.
pub fn matrix_name(matrix: u8) -> &'static str {
    match matrix {
        0 => "RGB",
        1 => "BT.709",
        4 => "FCC",
        5 | 6 => "BT.601",
        7 => "SMPTE 240M",
        8 => "YCgCo",
        9 | 10 => "BT.2020",
        _ => "unspecified",
    }
}
