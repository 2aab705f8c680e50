//! The sample tables of a plain MP4: runs in, one [`Packet`] each out, in one linear pass.

use super::bytes::{Bytes, Parsed, boxes};
use crate::video::container::Packet;

/// Packets and the runs of sample entries they use.
pub(super) type Samples = (Vec<Packet>, Vec<(usize, u32)>);

/// `n` as an index of ours: no file holds more packets than a quarter of its bytes, and 16 million
/// (77 hours at 60 frames a second) is where we stop.
pub(super) fn packet_limit(file_len: u64) -> usize {
    const MOST: u64 = 1 << 24;
    (file_len / 4 + 1).min(MOST) as usize
}

/// Reads the tables of one `stbl`.
pub(super) fn samples(stbl: &[u8], file_len: u64) -> Parsed<Samples> {
    let (mut stts, mut ctts, mut stsc, mut stsz, mut stz2, mut stco, mut co64, mut stss) =
        (None, None, None, None, None, None, None, None);
    for b in boxes(stbl) {
        let b = b?;
        let slot = match &b.kind {
            b"stts" => &mut stts,
            b"ctts" => &mut ctts,
            b"stsc" => &mut stsc,
            b"stsz" => &mut stsz,
            b"stz2" => &mut stz2,
            b"stco" => &mut stco,
            b"co64" => &mut co64,
            b"stss" => &mut stss,
            _ => continue,
        };
        // The first one counts; a second is noise.
        slot.get_or_insert(b.body);
    }
    let sizes = match (stsz, stz2) {
        (Some(b), _) => Sizes::stsz(b)?,
        (None, Some(b)) => Sizes::stz2(b)?,
        (None, None) => return Err("the table of packet sizes (stsz) is missing".into()),
    };
    let n = sizes.count();
    if n == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    if n > packet_limit(file_len) {
        return Err(format!(
            "the index says {n} packets, more than {} a file of this size can have",
            packet_limit(file_len)
        ));
    }
    let mut packets = Vec::with_capacity(n);
    let entry_runs = place(&mut packets, n, &sizes, stsc, stco, co64)?;
    times(&mut packets, stts.ok_or("the table of times (stts) is missing")?)?;
    if let Some(b) = ctts {
        compositions(&mut packets, b)?;
    }
    keys(&mut packets, stss)?;
    Ok((packets, entry_runs))
}

enum Sizes<'a> {
    Same { size: u32, count: usize },
    Words(&'a [u8]),
    Bits { data: &'a [u8], bits: u8, count: usize },
}

impl<'a> Sizes<'a> {
    fn stsz(body: &'a [u8]) -> Parsed<Self> {
        let mut b = Bytes::new(body);
        b.full()?;
        let size = b.u32()?;
        if size != 0 {
            return Ok(Sizes::Same { size, count: b.u32()? as usize });
        }
        let n = b.count(4)?;
        Ok(Sizes::Words(b.take(n.saturating_mul(4))?))
    }

    fn stz2(body: &'a [u8]) -> Parsed<Self> {
        let mut b = Bytes::new(body);
        b.full()?;
        let bits = (b.u32()? & 0xff) as u8;
        let count = b.u32()? as usize;
        if !matches!(bits, 4 | 8 | 16) {
            return Err(format!("packet sizes of {bits} bits"));
        }
        let bytes = count.checked_mul(usize::from(bits)).ok_or("too many packet sizes")?.div_ceil(8);
        Ok(Sizes::Bits { data: b.take(bytes)?, bits, count })
    }

    fn count(&self) -> usize {
        match self {
            Sizes::Same { count, .. } | Sizes::Bits { count, .. } => *count,
            Sizes::Words(w) => w.len() / 4,
        }
    }

    fn get(&self, i: usize) -> u32 {
        match self {
            Sizes::Same { size, .. } => *size,
            Sizes::Words(w) => {
                w.get(i * 4..i * 4 + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes).unwrap_or(0)
            }
            Sizes::Bits { data, bits: 16, .. } => {
                data.get(i * 2..i * 2 + 2).and_then(|b| b.try_into().ok()).map(u16::from_be_bytes).unwrap_or(0).into()
            }
            Sizes::Bits { data, bits: 8, .. } => data.get(i).copied().unwrap_or(0).into(),
            Sizes::Bits { data, .. } => {
                let byte = data.get(i / 2).copied().unwrap_or(0);
                u32::from(if i.is_multiple_of(2) { byte >> 4 } else { byte & 15 })
            }
        }
    }
}

/// Chunks and runs of chunks give every packet its place.
fn place(
    packets: &mut Vec<Packet>,
    n: usize,
    sizes: &Sizes<'_>,
    stsc: Option<&[u8]>,
    stco: Option<&[u8]>,
    co64: Option<&[u8]>,
) -> Parsed<Vec<(usize, u32)>> {
    let mut runs = Bytes::new(stsc.ok_or("the table of chunks (stsc) is missing")?);
    runs.full()?;
    let run_count = runs.count(12)?;
    let (mut offsets, wide) = match (stco, co64) {
        (Some(b), _) => (Bytes::new(b), false),
        (None, Some(b)) => (Bytes::new(b), true),
        (None, None) => return Err("the table of places (stco) is missing".into()),
    };
    offsets.full()?;
    let chunk_count = offsets.count(if wide { 8 } else { 4 })?;
    let mut used: Vec<(usize, u32)> = Vec::new();
    let mut ahead = if run_count > 0 { Some((runs.u32()?, runs.u32()?, runs.u32()?)) } else { None };
    let mut left = run_count.saturating_sub(1);
    let (mut per_chunk, mut entry) = (0u32, 1u32);
    for chunk in 1..=chunk_count {
        while let Some((first, per, which)) = ahead {
            if first as usize > chunk {
                break;
            }
            if first == 0 || per == 0 {
                return Err("a run of chunks (stsc) holds nothing".into());
            }
            (per_chunk, entry) = (per, which);
            ahead = if left > 0 {
                left -= 1;
                let next = (runs.u32()?, runs.u32()?, runs.u32()?);
                if next.0 <= first {
                    return Err("the runs of chunks (stsc) are out of order".into());
                }
                Some(next)
            } else {
                None
            };
        }
        if per_chunk == 0 {
            return Err("the first run of chunks (stsc) does not begin at the first chunk".into());
        }
        let mut offset = if wide { offsets.u64()? } else { u64::from(offsets.u32()?) };
        let here = (per_chunk as usize).min(n - packets.len());
        match used.last_mut() {
            Some((count, e)) if *e == entry => *count += here,
            _ if here > 0 => used.push((here, entry)),
            _ => {}
        }
        for _ in 0..here {
            let size = sizes.get(packets.len());
            packets.push(Packet { offset, size, dts: 0, pts: 0, duration: 0, key: false });
            offset = offset.checked_add(u64::from(size)).ok_or("a packet lies beyond any file")?;
        }
        if packets.len() == n {
            return Ok(used);
        }
    }
    Err(format!("the index has sizes for {n} packets but places for {} only", packets.len()))
}

fn times(packets: &mut [Packet], body: &[u8]) -> Parsed<()> {
    let mut b = Bytes::new(body);
    b.full()?;
    let entries = b.count(8)?;
    let total = packets.len();
    let mut rest = packets.iter_mut();
    let mut dts = 0i64;
    let mut done = 0usize;
    for _ in 0..entries {
        let (count, delta) = (b.u32()? as usize, b.u32()?);
        // Some writers store small negative steps; as a wrapped number they would be 13 hours.
        let step = if delta > i32::MAX as u32 { 0 } else { delta };
        for p in rest.by_ref().take(count) {
            (p.dts, p.pts, p.duration) = (dts, dts, step);
            dts = dts.checked_add(i64::from(step)).ok_or("times beyond any clock")?;
            done += 1;
        }
    }
    if done < total {
        return Err(format!("the index has times for {done} of {total} packets"));
    }
    Ok(())
}

fn compositions(packets: &mut [Packet], body: &[u8]) -> Parsed<()> {
    let mut b = Bytes::new(body);
    b.full()?;
    let entries = b.count(8)?;
    let mut rest = packets.iter_mut();
    for _ in 0..entries {
        // Signed whatever the version says: writers do not agree, and no shift is above 2^31.
        let (count, shift) = (b.u32()? as usize, b.i32()?);
        for p in rest.by_ref().take(count) {
            p.pts = p.dts.saturating_add(i64::from(shift));
        }
    }
    Ok(())
}

fn keys(packets: &mut [Packet], stss: Option<&[u8]>) -> Parsed<()> {
    let Some(body) = stss else {
        packets.iter_mut().for_each(|p| p.key = true);
        return Ok(());
    };
    let mut b = Bytes::new(body);
    b.full()?;
    for _ in 0..b.count(4)? {
        let at = b.u32()? as usize;
        if let Some(p) = at.checked_sub(1).and_then(|i| packets.get_mut(i)) {
            p.key = true;
        }
    }
    Ok(())
}
