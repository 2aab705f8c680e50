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

#[cfg(test)]
mod tests {
    use shiguredo_mp4::boxes::{MoovBox, SampleEntry};
    use shiguredo_mp4::{BoxHeader, Encode};

    use super::*;

    fn sample(name: &str) -> Vec<u8> {
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)).unwrap()
    }

    fn path<'a>(mut data: &'a [u8], kinds: &[&Kind]) -> Boxed<'a> {
        let mut found = None;
        for kind in kinds {
            let b = need(data, **kind).unwrap();
            data = b.body;
            found = Some(b);
        }
        found.unwrap()
    }

    #[test]
    fn walk() {
        // A `uuid` box with a 64-bit size, a box to the end, and before it nothing to trip over.
        let mut data = [&[0, 0, 0, 1][..], b"uuid", &40u64.to_be_bytes(), &[7; 24]].concat();
        data.extend([&[0, 0, 0, 8][..], b"free", &[0, 0, 0, 0], b"mdat", &[1, 2, 3]].concat());
        let all: Vec<_> = boxes(&data).map(|b| b.unwrap()).map(|b| (b.kind, b.whole.len(), b.body.len())).collect();
        assert_eq!(all, [(*b"uuid", 40, 24), (*b"free", 8, 0), (*b"mdat", 11, 3)]);
        // The zeros at the end of a QuickTime entry are no box.
        let tail = [&[0, 0, 0, 8][..], b"free", &[0; 4]].concat();
        assert_eq!(boxes(&tail).map(|b| b.unwrap().kind).collect::<Vec<_>>(), [*b"free"]);
        for (bytes, want) in [
            (&[0, 0, 0, 4, b'm', b'o', b'o', b'v'][..], "box moov says 4 bytes"),
            (&[0, 0, 0, 9, b'm', b'o', b'o', b'v'], "box moov says 9 bytes but 8 are left"),
        ] {
            let mut walk = boxes(bytes);
            assert_eq!(walk.next().unwrap().err().unwrap(), want);
            assert!(walk.next().is_none());
        }
    }

    #[test]
    fn copies_are_exact() {
        let short = [&[0, 0, 0, 12][..], b"udta", &[1, 2, 3, 4]].concat();
        let long = [&[0, 0, 0, 1][..], b"udta", &20u64.to_be_bytes(), &[1, 2, 3, 4]].concat();
        for bytes in [short, long] {
            assert_eq!(first(&bytes).unwrap().copy().encode_to_vec().unwrap(), bytes);
        }
        // One to the end gets a size, since more may follow it.
        let open = [&[0, 0, 0, 0][..], b"udta", &[1]].concat();
        assert_eq!(first(&open).unwrap().copy().encode_to_vec().unwrap(), [0, 0, 0, 9, b'u', b'd', b't', b'a', 1]);
    }

    /// Why more of this is ours than need be. When one of these fails, the crate has learnt it, and
    /// what is said above of the reason can go together with our code.
    #[test]
    fn what_the_crate_cannot_yet() {
        let mov = sample("quicktime.mov");
        assert!(path(&mov, &[b"moov"]).read::<MoovBox>().is_err());
        let uuid = [&[0, 0, 0, 1][..], b"uuid", &40u64.to_be_bytes(), &[7; 24]].concat();
        assert_ne!(BoxHeader::decode(&uuid).map(|h| h.0.box_size).ok(), Some(BoxSize::U64(40)));
        let mp4 = sample("sound_only.mp4");
        let stsd = path(&mp4, &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"]);
        let entry = first(&stsd.body[8..]).unwrap();
        assert_ne!(entry.read::<SampleEntry>().unwrap().encode_to_vec().unwrap(), entry.whole);
    }

    #[test]
    fn messages() {
        let stts = [&[0, 0, 0, 16][..], b"stts", &[0; 4], &[0, 0, 0, 9]].concat();
        let b = first(&stts).unwrap();
        let said = b.table::<shiguredo_mp4::boxes::SttsBox>(4, 8).unwrap_err();
        assert_eq!(said, "box stts says 9 entries but has room for 0");
        let stss = [&[0, 0, 0, 20][..], b"stss", &[0; 4], &[0, 0, 0, 1], &[0; 4]].concat();
        let said = first(&stss).unwrap().read::<shiguredo_mp4::boxes::StssBox>().unwrap_err();
        assert_eq!(said, "box stss says 0 where that means nothing");
        let tkhd = [&[0, 0, 0, 12][..], b"tkhd", &[0; 4]].concat();
        let said = first(&tkhd).unwrap().read::<shiguredo_mp4::boxes::TkhdBox>().unwrap_err();
        assert_eq!(said, "box tkhd ends too early");
    }
}
