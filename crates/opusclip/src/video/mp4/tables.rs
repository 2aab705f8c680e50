//! The sample tables of a plain MP4: runs in, one [`Packet`] each out, in one linear pass.

use shiguredo_mp4::boxes::{Co64Box, CttsBox, StcoBox, StscBox, StssBox, StszBox, SttsBox};

use super::boxes::{Boxed, Fields, Parsed, boxes};
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
        slot.get_or_insert(b);
    }
    let sizes = match (stsz, stz2) {
        (Some(b), _) => Sizes::stsz(&b)?,
        (None, Some(b)) => Sizes::stz2(b.body)?,
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
    times(&mut packets, &stts.ok_or("the table of times (stts) is missing")?)?;
    if let Some(b) = &ctts {
        compositions(&mut packets, b)?;
    }
    keys(&mut packets, stss)?;
    Ok((packets, entry_runs))
}

enum Sizes<'a> {
    Words(StszBox),
    Bits { data: &'a [u8], bits: u8, count: usize },
}

impl<'a> Sizes<'a> {
    fn stsz(b: &Boxed<'_>) -> Parsed<Self> {
        let mut f = Fields(b.body);
        let (_, same): (u32, u32) = (f.next()?, f.next()?);
        Ok(Sizes::Words(b.table(8, if same == 0 { 4 } else { 0 })?))
    }

    /// The compact form. Ours, since the crate does not know it.
    fn stz2(body: &'a [u8]) -> Parsed<Self> {
        let mut f = Fields(body);
        let (_, word, count): (u32, u32, u32) = (f.next()?, f.next()?, f.next()?);
        let (bits, count) = ((word & 0xff) as u8, count as usize);
        if !matches!(bits, 4 | 8 | 16) {
            return Err(format!("packet sizes of {bits} bits"));
        }
        let bytes = count.checked_mul(usize::from(bits)).ok_or("too many packet sizes")?.div_ceil(8);
        Ok(Sizes::Bits { data: f.take(bytes)?, bits, count })
    }

    fn count(&self) -> usize {
        match self {
            Sizes::Words(StszBox::Fixed { sample_count, .. }) => *sample_count as usize,
            Sizes::Words(StszBox::Variable { entry_sizes }) => entry_sizes.len(),
            Sizes::Bits { count, .. } => *count,
        }
    }

    fn get(&self, i: usize) -> u32 {
        match self {
            Sizes::Words(StszBox::Fixed { sample_size, .. }) => sample_size.get(),
            Sizes::Words(StszBox::Variable { entry_sizes }) => entry_sizes.get(i).copied().unwrap_or(0),
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
    stsc: Option<Boxed<'_>>,
    stco: Option<Boxed<'_>>,
    co64: Option<Boxed<'_>>,
) -> Parsed<Vec<(usize, u32)>> {
    let runs: StscBox = stsc.ok_or("the table of chunks (stsc) is missing")?.table(4, 12)?;
    let offsets: Vec<u64> = match (stco, co64) {
        (Some(b), _) => b.table::<StcoBox>(4, 4)?.chunk_offsets.into_iter().map(u64::from).collect(),
        (None, Some(b)) => b.table::<Co64Box>(4, 8)?.chunk_offsets,
        (None, None) => return Err("the table of places (stco) is missing".into()),
    };
    let mut used: Vec<(usize, u32)> = Vec::new();
    let mut ahead = runs.entries.iter().peekable();
    let (mut per_chunk, mut entry) = (0u32, 1u32);
    for (chunk, &place) in (1usize..).zip(&offsets) {
        while let Some(run) = ahead.next_if(|run| run.first_chunk.get() as usize <= chunk) {
            if run.sample_per_chunk == 0 {
                return Err("a run of chunks (stsc) holds nothing".into());
            }
            (per_chunk, entry) = (run.sample_per_chunk, run.sample_description_index.get());
            if ahead.peek().is_some_and(|next| next.first_chunk <= run.first_chunk) {
                return Err("the runs of chunks (stsc) are out of order".into());
            }
        }
        if per_chunk == 0 {
            return Err("the first run of chunks (stsc) does not begin at the first chunk".into());
        }
        let mut offset = place;
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

fn times(packets: &mut [Packet], stts: &Boxed<'_>) -> Parsed<()> {
    let total = packets.len();
    let mut rest = packets.iter_mut();
    let mut dts = 0i64;
    let mut done = 0usize;
    for run in stts.table::<SttsBox>(4, 8)?.entries {
        // Some writers store small negative steps; as a wrapped number they would be 13 hours.
        let step = if run.sample_delta > i32::MAX as u32 { 0 } else { run.sample_delta };
        for p in rest.by_ref().take(run.sample_count as usize) {
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

fn compositions(packets: &mut [Packet], ctts: &Boxed<'_>) -> Parsed<()> {
    let mut rest = packets.iter_mut();
    for run in ctts.table::<CttsBox>(4, 8)?.entries {
        // Signed whatever the version says: writers do not agree, and no shift is above 2^31.
        let shift = run.sample_offset as i32;
        for p in rest.by_ref().take(run.sample_count as usize) {
            p.pts = p.dts.saturating_add(i64::from(shift));
        }
    }
    Ok(())
}

fn keys(packets: &mut [Packet], stss: Option<Boxed<'_>>) -> Parsed<()> {
    let Some(b) = stss else {
        packets.iter_mut().for_each(|p| p.key = true);
        return Ok(());
    };
    for at in b.table::<StssBox>(4, 4)?.sample_numbers {
        if let Some(p) = packets.get_mut(at.get() as usize - 1) {
            p.key = true;
        }
    }
    Ok(())
}
