//! From packets to frames: which packet shows frame n, when, and where decoding may begin.

use opusclip_engine::flow::Rational;

use super::container::{Packet, Track};

/// No frame: the packet is decoded but not shown.
pub const HIDDEN: u32 = u32::MAX;

/// A place to begin decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The first frame that is shown from here on.
    pub frame: usize,
    /// The packet to begin with.
    pub packet: usize,
}

/// How regular the frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// All frames last equally long, but for the rounding of the clock.
    Constant,
    /// They do not.
    Variable,
}

/// The packets of a video track as frames in the order of showing.
#[derive(Clone, Debug)]
pub struct PacketIndex {
    /// Packet of each frame.
    pub packet_of: Vec<u32>,
    /// Frame of each packet, or [`HIDDEN`].
    pub frame_of: Vec<u32>,
    /// Time of each frame in ticks of the track, from the beginning of the movie.
    pub pts: Vec<i64>,
    /// Length of each frame in ticks.
    pub durations: Vec<i64>,
    /// Where decoding may begin without what comes before; sorted, the first is frame 0.
    pub cuts: Vec<Cut>,
    /// How many frames at most wait for an earlier one that is decoded later.
    pub reorder: usize,
    /// Constant or variable rate.
    pub cadence: Cadence,
    /// Packets that the edit list hides.
    pub hidden: usize,
}

/// `value` ticks of a clock of `from` in ticks of a clock of `to`, rounded to the nearest.
pub fn rescale(value: i64, from: u32, to: u32) -> i64 {
    let from = i128::from(from.max(1));
    let scaled = i128::from(value) * i128::from(to);
    let half = from / 2;
    let rounded = if scaled >= 0 { (scaled + half) / from } else { (scaled - half) / from };
    rounded.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

impl PacketIndex {
    /// Orders the packets of `track` as its edit list shows them.
    pub fn new(track: &Track, movie_timescale: u32) -> PacketIndex {
        let packets = &track.packets;
        let start = track.edit.start;
        let end = track.edit.length.map(|n| {
            start.saturating_add(rescale(i64::try_from(n).unwrap_or(i64::MAX), movie_timescale, track.timescale))
        });
        let delay = rescale(i64::try_from(track.edit.delay).unwrap_or(i64::MAX), movie_timescale, track.timescale);
        let shown = |p: &Packet| p.pts >= start && end.is_none_or(|end| p.pts < end);

        // The packets are at most 2^24 (see `mp4/tables.rs`), so a u32 holds every index.
        let mut order: Vec<u32> = (0..packets.len() as u32).collect();
        order.sort_by_key(|&i| (packets[i as usize].pts, i));
        let packet_of: Vec<u32> = order.into_iter().filter(|&i| shown(&packets[i as usize])).collect();
        let mut frame_of = vec![HIDDEN; packets.len()];
        for (frame, &p) in packet_of.iter().enumerate() {
            frame_of[p as usize] = frame as u32;
        }
        // A cut between two frames would show the first one late by a part of a frame; as FFmpeg
        // does, what is shown first is shown at the beginning.
        let zero = match packet_of.first() {
            Some(&p) if track.edit.stated => packets[p as usize].pts,
            _ => start,
        };
        let time = |p: u32| packets[p as usize].pts.saturating_sub(zero).saturating_add(delay);
        let pts: Vec<i64> = packet_of.iter().map(|&p| time(p)).collect();
        let mut durations: Vec<i64> = pts.windows(2).map(|w| w[1].saturating_sub(w[0])).collect();
        if let Some(&last) = packet_of.last() {
            durations.push(i64::from(packets[last as usize].duration));
        }
        let reorder = reorder(&packet_of);
        let cuts = cuts(packets, &packet_of);
        PacketIndex {
            cadence: cadence(&durations),
            hidden: packets.len() - packet_of.len(),
            packet_of,
            frame_of,
            pts,
            durations,
            cuts,
            reorder,
        }
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.packet_of.len()
    }

    /// The cut to begin at for `frame`.
    pub fn cut_before(&self, frame: usize) -> Cut {
        let after = self.cuts.partition_point(|c| c.frame <= frame);
        after.checked_sub(1).and_then(|i| self.cuts.get(i)).copied().unwrap_or(Cut { frame: 0, packet: 0 })
    }

    /// Frames per second: exact when constant, else the mean; 0 when there is no length.
    pub fn rate(&self, timescale: u32) -> Rational {
        let ticks: i64 = self.durations.iter().fold(0, |a, &d| a.saturating_add(d));
        if ticks <= 0 {
            return Rational { num: 0, den: 1 };
        }
        let first = self.durations.first().copied().unwrap_or(0);
        if first > 0 && self.durations.iter().rev().skip(1).all(|&d| d == first) {
            return Rational::new(i64::from(timescale), first);
        }
        Rational::new((self.frames() as i64).saturating_mul(i64::from(timescale)), ticks)
    }
}

/// Frames that wait at most: those already decoded beyond the one that is due.
fn reorder(packet_of: &[u32]) -> usize {
    let (mut furthest, mut most) = (0usize, 0usize);
    for (frame, &p) in packet_of.iter().enumerate() {
        furthest = furthest.max(p as usize);
        most = most.max(furthest.saturating_sub(frame));
    }
    // Hidden packets count as waiting here; they do not, so this is an upper bound that is
    // tightened by the number of packets hidden before.
    let first = packet_of.iter().copied().min().unwrap_or(0) as usize;
    most.saturating_sub(first)
}

fn cadence(durations: &[i64]) -> Cadence {
    let body = durations.get(..durations.len().saturating_sub(1)).unwrap_or(&[]);
    match (body.iter().min(), body.iter().max()) {
        (Some(a), Some(b)) if b.saturating_sub(*a) > 1 => Cadence::Variable,
        _ => Cadence::Constant,
    }
}

/// Sync packets where time splits cleanly: all that come before in the file show before, all
/// that come after show after. An open group (pictures shown before its first one) is no cut.
fn cuts(packets: &[Packet], packet_of: &[u32]) -> Vec<Cut> {
    let n = packets.len();
    let mut later = vec![i64::MAX; n + 1];
    for i in (0..n).rev() {
        later[i] = later[i + 1].min(packets[i].pts);
    }
    let shown: Vec<i64> = packet_of.iter().map(|&p| packets[p as usize].pts).collect();
    let mut out: Vec<Cut> = vec![Cut { frame: 0, packet: 0 }];
    let mut earlier = i64::MIN;
    for (i, p) in packets.iter().enumerate() {
        if p.key && earlier < p.pts && later[i + 1] > p.pts {
            let frame = shown.partition_point(|&t| t < p.pts);
            match out.last_mut() {
                // The nearest one before the frame is the shortest way to it.
                Some(last) if last.frame == frame => last.packet = i,
                _ if frame < shown.len() => out.push(Cut { frame, packet: i }),
                _ => {}
            }
        }
        earlier = earlier.max(p.pts);
    }
    out
}
