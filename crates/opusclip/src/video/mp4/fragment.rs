//! Fragmented MP4: each `moof` adds packets to the tracks that the `moov` announced.

use super::bytes::{Bytes, Parsed, boxes, find, need};
use super::tables::packet_limit;
use crate::video::container::{Packet, Track};

/// What `trex` says of a track's packets unless a fragment says otherwise.
#[derive(Clone, Copy, Default)]
pub(super) struct Defaults {
    pub(super) track: u32,
    entry: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

/// The defaults of all tracks, from the body of `mvex`.
pub(super) fn defaults(mvex: &[u8]) -> Parsed<Vec<Defaults>> {
    let mut all = Vec::new();
    for b in boxes(mvex) {
        let b = b?;
        if &b.kind == b"trex" {
            let mut t = Bytes::new(b.body);
            t.full()?;
            all.push(Defaults {
                track: t.u32()?,
                entry: t.u32()?,
                duration: t.u32()?,
                size: t.u32()?,
                flags: t.u32()?,
            });
        }
    }
    Ok(all)
}

/// Bit of the sample flags that says "decoding cannot start here".
const NOT_KEY: u32 = 0x0001_0000;

/// Adds the packets of one `moof` (its body, and where it begins in the file).
pub(super) fn fragment(moof: &[u8], at: u64, tracks: &mut [Track], all: &[Defaults], file_len: u64) -> Parsed<()> {
    // Where data goes on when a run does not say: after the last run's data.
    let mut end_of_data = at;
    for b in boxes(moof) {
        let b = b?;
        if &b.kind != b"traf" {
            continue;
        }
        let mut head = Bytes::new(need(b.body, *b"tfhd")?);
        let (_, flags) = head.full()?;
        let id = head.u32()?;
        let mut d = all.iter().find(|d| d.track == id).copied().unwrap_or_default();
        let base = if flags & 1 != 0 {
            head.u64()?
        } else if flags & 0x2_0000 != 0 {
            at
        } else {
            end_of_data
        };
        for (bit, field) in [(2, &mut d.entry), (8, &mut d.duration), (0x10, &mut d.size), (0x20, &mut d.flags)] {
            if flags & bit != 0 {
                *field = head.u32()?;
            }
        }
        let Some(track) = tracks.iter_mut().find(|t| t.id == id) else { continue };
        let mut dts = match find(b.body, *b"tfdt")? {
            Some(t) => {
                let mut t = Bytes::new(t.body);
                let (version, _) = t.full()?;
                let v = if version == 1 { t.u64()? } else { u64::from(t.u32()?) };
                i64::try_from(v).map_err(|_| "a fragment's time is beyond any clock")?
            }
            None => track.packets.last().map_or(0, |p| p.dts.saturating_add(i64::from(p.duration))),
        };
        let mut offset = base;
        for r in boxes(b.body) {
            let r = r?;
            if &r.kind == b"trun" {
                (offset, dts) = run(r.body, base, offset, dts, &d, track, file_len)?;
            }
        }
        end_of_data = offset;
    }
    Ok(())
}

/// One run of packets. Gives where the next goes on: place and time.
fn run(
    body: &[u8],
    base: u64,
    mut offset: u64,
    mut dts: i64,
    d: &Defaults,
    track: &mut Track,
    file_len: u64,
) -> Parsed<(u64, i64)> {
    let mut b = Bytes::new(body);
    let (_, flags) = b.full()?;
    let count = b.u32()? as usize;
    if flags & 1 != 0 {
        let shift = i64::from(b.i32()?);
        offset = base.checked_add_signed(shift).ok_or("a fragment's data lie outside of any file")?;
    }
    let first_flags = if flags & 4 != 0 { Some(b.u32()?) } else { None };
    let fields = (flags >> 8 & 0xf).count_ones() as usize;
    if count.checked_mul(fields * 4).is_none_or(|need| need > b.len()) {
        return Err(format!("a fragment says {count} packets but has room for fewer"));
    }
    if track.packets.len().saturating_add(count) > packet_limit(file_len) {
        return Err("the fragments say more packets than a file of this size can have".into());
    }
    match track.entry_runs.last_mut() {
        Some((n, e)) if *e == d.entry => *n += count,
        _ => track.entry_runs.push((count, d.entry)),
    }
    for i in 0..count {
        let duration = if flags & 0x100 != 0 { b.u32()? } else { d.duration };
        let size = if flags & 0x200 != 0 { b.u32()? } else { d.size };
        let sample_flags =
            if flags & 0x400 != 0 { b.u32()? } else { first_flags.filter(|_| i == 0).unwrap_or(d.flags) };
        let shift = if flags & 0x800 != 0 { b.i32()? } else { 0 };
        track.packets.push(Packet {
            offset,
            size,
            dts,
            pts: dts.saturating_add(i64::from(shift)),
            duration,
            key: sample_flags & NOT_KEY == 0,
        });
        offset = offset.checked_add(u64::from(size)).ok_or("a packet lies beyond any file")?;
        dts = dts.checked_add(i64::from(duration)).ok_or("times beyond any clock")?;
    }
    Ok((offset, dts))
}
