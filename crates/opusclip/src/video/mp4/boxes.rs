//! Boxes in untrusted bytes: where each begins and ends. What is *in* a box `shiguredo_mp4` reads.
//! Nothing here panics, recurses or allocates.
//!
//! The walk is ours, because the crate's own containers are of one piece:
//! - `MoovBox` fails with any child of any track that is not as it knows it: QuickTime's version 1
//!   `mp4a`, which every `.mov` with AAC has, a track without `dinf`, sizes in `stz2`.
//! - `MoofBox` builds up to 2²⁴ packets of 40 bytes for each `trun` of 20 bytes before anybody can
//!   compare them with the length of the file.
//! - `BoxHeader` takes the name of a `uuid` box for its 64-bit size (the standard has the size
//!   first), and fails on a tail of a few zeros, as QuickTime writes it.

use shiguredo_mp4::boxes::UnknownBox;
use shiguredo_mp4::{BoxSize, BoxType, Decode, ErrorKind};

/// A four-letter name.
pub(super) type Kind = [u8; 4];

/// What a parser found wrong, without the path: `read.rs` adds it.
pub(super) type Parsed<T> = Result<T, String>;

/// An error of the crate without the line of its source code.
pub(super) fn said(e: shiguredo_mp4::Error) -> String {
    let what = match e.kind {
        ErrorKind::InsufficientBuffer => "ends too early",
        _ if e.reason.starts_with("Expected a non-zero") => "says 0 where that means nothing",
        _ if e.reason.is_empty() => "is damaged",
        _ => {
            return match e.box_type {
                Some(BoxType::Normal(kind)) => format!("box {}: {}", name(kind), e.reason),
                _ => e.reason,
            };
        }
    };
    match e.box_type {
        Some(BoxType::Normal(kind)) => format!("box {} {what}", name(kind)),
        _ => format!("a box {what}"),
    }
}

/// Values one after another, each of a type that the crate reads.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn next<T: Decode>(&mut self) -> Parsed<T> {
        let (value, used) = T::decode(self.0).map_err(said)?;
        self.take(used)?;
        Ok(value)
    }

    pub(super) fn take(&mut self, n: usize) -> Parsed<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n).ok_or("a box ends too early")?;
        self.0 = tail;
        Ok(head)
    }
}

/// A box inside bytes in memory.
#[derive(Clone, Copy)]
pub(super) struct Boxed<'a> {
    pub(super) kind: Kind,
    /// With its header.
    pub(super) whole: &'a [u8],
    /// Without.
    pub(super) body: &'a [u8],
}

impl Boxed<'_> {
    /// What is in it, as the crate's type for this kind of box.
    pub(super) fn read<T: Decode>(&self) -> Parsed<T> {
        T::decode(self.whole).map(|(value, _)| value).map_err(said)
    }

    /// The same for a table that after `skip` bytes says how many entries of `entry` bytes follow;
    /// it must have the room for them.
    pub(super) fn table<T: Decode>(&self, skip: usize, entry: usize) -> Parsed<T> {
        let mut f = Fields(self.body);
        f.take(skip)?;
        let n: u32 = f.next()?;
        match (n as usize).checked_mul(entry) {
            Some(bytes) if bytes <= f.0.len() => self.read(),
            _ => {
                let room = f.0.len() / entry.max(1);
                Err(format!("box {} says {n} entries but has room for {room}", name(self.kind)))
            }
        }
    }

    /// The box to be written again, byte for byte.
    pub(super) fn copy(&self) -> UnknownBox {
        let size = self.whole.len();
        let box_size = match u32::try_from(size) {
            Ok(short) if size - self.body.len() == 8 => BoxSize::U32(short),
            _ => BoxSize::U64(size as u64),
        };
        UnknownBox { box_type: BoxType::Normal(self.kind), box_size, payload: self.body.to_vec() }
    }
}

/// Name and sizes of the box that begins with `data`, of header and whole, when `left` bytes of it
/// can be there. The whole may be larger than that.
pub(super) fn header(data: &[u8], left: u64) -> Parsed<(Kind, u64, u64)> {
    let mut f = Fields(data);
    let (short, kind): (u32, Kind) = (f.next()?, f.next()?);
    let (header, size) = match short {
        0 => (8, left),
        1 => (16, f.next()?),
        n => (8, u64::from(n)),
    };
    if size < header {
        return Err(format!("box {} says {size} bytes", name(kind)));
    }
    Ok((kind, header, size))
}

/// The boxes that follow each other in some bytes. A box that claims more than is left is an error,
/// once; a tail of fewer than 8 bytes is padding, as QuickTime writes it.
pub(super) struct Boxes<'a>(&'a [u8]);

pub(super) fn boxes(data: &[u8]) -> Boxes<'_> {
    Boxes(data)
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Parsed<Boxed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.len() < 8 {
            return None;
        }
        let one = first(self.0);
        match &one {
            Ok(b) => self.0 = self.0.get(b.whole.len()..).unwrap_or(&[]),
            Err(_) => self.0 = &[],
        }
        Some(one)
    }
}

fn first(data: &[u8]) -> Parsed<Boxed<'_>> {
    let (kind, header, size) = header(data, data.len() as u64)?;
    let whole = usize::try_from(size)
        .ok()
        .and_then(|n| data.get(..n))
        .ok_or_else(|| format!("box {} says {size} bytes but {} are left", name(kind), data.len()))?;
    Ok(Boxed { kind, whole, body: whole.get(header as usize..).unwrap_or(&[]) })
}

/// The first box of a kind, if there is one.
pub(super) fn find(data: &[u8], kind: Kind) -> Parsed<Option<Boxed<'_>>> {
    for b in boxes(data) {
        let b = b?;
        if b.kind == kind {
            return Ok(Some(b));
        }
    }
    Ok(None)
}

/// A box that must be there.
pub(super) fn need(data: &[u8], kind: Kind) -> Parsed<Boxed<'_>> {
    find(data, kind)?.ok_or_else(|| format!("box {} is missing", name(kind)))
}

/// A box name for messages: letters as they are, anything else as hex.
pub(super) fn name(kind: Kind) -> String {
    if kind.iter().all(|c| c.is_ascii_graphic() || *c == b' ') {
        String::from_utf8_lossy(&kind).into_owned()
    } else {
        kind.iter().map(|c| format!("{c:02x}")).collect()
    }
}
