//! Fragmented MP4: each `moof` adds packets to the tracks that the `moov` announced.

use shiguredo_mp4::boxes::{TfdtBox, TfhdBox, TrexBox, TrunBox};
use shiguredo_mp4::{FullBoxHeader, SampleFlags};

use super::boxes::{Boxed, Fields, Parsed, boxes, find, need};
use super::tables::packet_limit;
use crate::video::container::{Packet, Track};

/// What holds for the packets of a fragment that say nothing themselves.
#[derive(Clone, Copy, Default)]
struct Defaults {
    entry: u32,
    duration: u32,
    size: u32,
    flags: SampleFlags,
}

/// The defaults of all tracks, from the body of `mvex`.
pub(super) fn defaults(mvex: &[u8]) -> Parsed<Vec<TrexBox>> {
    let mut all = Vec::new();
    for b in boxes(mvex) {
        let b = b?;
        if &b.kind == b"trex" {
            all.push(b.read()?);
        }
    }
    Ok(all)
}

/// Adds the packets of one `moof` (its body, and where it begins in the file).
pub(super) fn fragment(moof: &[u8], at: u64, tracks: &mut [Track], all: &[TrexBox], file_len: u64) -> Parsed<()> {
    // Where data goes on when a run does not say: after the last run's data.
    let mut end_of_data = at;
    for b in boxes(moof) {
        let b = b?;
        if &b.kind != b"traf" {
            continue;
        }
        let head: TfhdBox = need(b.body, *b"tfhd")?.read()?;
        let d = all.iter().find(|d| d.track_id == head.track_id).map_or(Defaults::default(), |d| Defaults {
            entry: d.default_sample_description_index,
            duration: d.default_sample_duration,
            size: d.default_sample_size,
            flags: d.default_sample_flags,
        });
        let d = Defaults {
            entry: head.sample_description_index.unwrap_or(d.entry),
            duration: head.default_sample_duration.unwrap_or(d.duration),
            size: head.default_sample_size.unwrap_or(d.size),
            flags: head.default_sample_flags.unwrap_or(d.flags),
        };
        let base = head.base_data_offset.unwrap_or(if head.default_base_is_moof { at } else { end_of_data });
        let Some(track) = tracks.iter_mut().find(|t| t.id == head.track_id) else { continue };
        let mut dts = match find(b.body, *b"tfdt")? {
            Some(t) => i64::try_from(t.read::<TfdtBox>()?.base_media_decode_time)
                .map_err(|_| "a fragment's time is beyond any clock")?,
            None => track.packets.last().map_or(0, |p| p.dts.saturating_add(i64::from(p.duration))),
        };
        let mut offset = base;
        for r in boxes(b.body) {
            let r = r?;
            if &r.kind == b"trun" {
                (offset, dts) = run(&r, base, offset, dts, &d, track, file_len)?;
            }
        }
        end_of_data = offset;
    }
    Ok(())
}

/// One run of packets. Gives where the next goes on: place and time.
fn run(
    trun: &Boxed<'_>,
    base: u64,
    mut offset: u64,
    mut dts: i64,
    d: &Defaults,
    track: &mut Track,
    file_len: u64,
) -> Parsed<(u64, i64)> {
    // The count alone first: the crate allocates by it.
    let mut head = Fields(trun.body);
    let (_, count): (FullBoxHeader, u32) = (head.next()?, head.next()?);
    let count = count as usize;
    if track.packets.len().saturating_add(count) > packet_limit(file_len) {
        return Err("the fragments say more packets than a file of this size can have".into());
    }
    let trun: TrunBox = trun.read()?;
    if let Some(shift) = trun.data_offset {
        offset = base.checked_add_signed(i64::from(shift)).ok_or("a fragment's data lie outside of any file")?;
    }
    match track.entry_runs.last_mut() {
        Some((n, e)) if *e == d.entry => *n += count,
        _ => track.entry_runs.push((count, d.entry)),
    }
    let mut first_flags = trun.first_sample_flags;
    for s in &trun.samples {
        let duration = s.duration.unwrap_or(d.duration);
        let size = s.size.unwrap_or(d.size);
        // The first packet's own flags hold for it alone.
        let flags = s.flags.or(first_flags.take()).unwrap_or(d.flags);
        // Signed whatever the version says, as in `ctts`.
        let shift = s.composition_time_offset.unwrap_or(0) as i32;
        track.packets.push(Packet {
            offset,
            size,
            dts,
            pts: dts.saturating_add(i64::from(shift)),
            duration,
            key: !flags.sample_is_non_sync_sample(),
        });
        offset = offset.checked_add(u64::from(size)).ok_or("a packet lies beyond any file")?;
        dts = dts.checked_add(i64::from(duration)).ok_or("times beyond any clock")?;
    }
    Ok((offset, dts))
}

#[cfg(test)]
mod tests {
    use shiguredo_mp4::Encode;

    use super::*;
    use crate::video::container::{Edit, TrackKind};

    fn track() -> Track {
        Track {
            id: 1,
            kind: TrackKind::Video,
            enabled: true,
            timescale: 1,
            language: 0,
            matrix: [0; 9],
            entries: Vec::new(),
            entry_runs: Vec::new(),
            video: None,
            audio: None,
            codec: *b"avc1",
            edit: Edit::WHOLE,
            packets: Vec::new(),
        }
    }

    /// A thousand runs of 2^24 packets in 20 KB are refused at the first one.
    #[test]
    fn runs_that_say_nothing_of_their_packets() {
        let head = TfhdBox {
            track_id: 1,
            base_data_offset: None,
            sample_description_index: None,
            default_sample_duration: None,
            default_sample_size: None,
            default_sample_flags: None,
            duration_is_empty: false,
            default_base_is_moof: true,
        };
        let run = |count: u32| [&[0, 0, 0, 16][..], b"trun", &[0; 4], &count.to_be_bytes()].concat();
        let moof = |count| {
            let body = [head.encode_to_vec().unwrap(), run(count).repeat(1000)].concat();
            [&(body.len() as u32 + 8).to_be_bytes()[..], b"traf", &body].concat()
        };
        let mut tracks = [track()];
        let lie = moof(1 << 24);
        let error = fragment(&lie, 0, &mut tracks, &[], lie.len() as u64).unwrap_err();
        assert_eq!(error, "the fragments say more packets than a file of this size can have");
        assert_eq!(tracks[0].packets.capacity(), 0);
        let true_to_size = moof(4);
        fragment(&true_to_size, 0, &mut tracks, &[], true_to_size.len() as u64).unwrap();
        assert_eq!(tracks[0].packets.len(), 4000);
    }
}
