//! The elements of an expression, written one after another in C order, however many there are.

use std::any::Any;
use std::ops::Range;

use opusclip_engine::error::{Error, Result};
use opusclip_engine::flow::{Encoded, Part, Sink, StreamInfo};
use opusclip_engine::lazy::Op;
use opusclip_engine::{Array, Lazy, Output, RunOptions, run};

use super::npy::{PART_BYTES, RawPart};

/// A stream has a time for each frame, 16 bytes; longer ones are computed piece by piece instead.
const MOST_STREAMED: usize = 1 << 20;
/// Bytes of such a piece, when no limit asks for less.
const PIECE: u64 = 64 << 20;

/// Where bytes go.
pub(super) trait Out: Send {
    fn put(&mut self, bytes: &[u8]) -> Result<()>;
}

/// Computes `x` and puts its bytes to `out`, native byte order. Gives `out` back.
///
/// Frames are computed and written as they come. Whole arrays are held only where the expression
/// itself needs them, and for an axis 0 of more than 2²⁰ a piece of it at a time.
pub(super) fn write_elements<W: Out + 'static>(x: &Lazy, options: &RunOptions, mut out: W) -> Result<W> {
    let meta = x.meta()?.clone();
    if let Op::Data(data) = x.op() {
        write_array(&data.0, options, &mut out)?;
        return Ok(out);
    }
    let Some(&frames) = meta.shape.first() else {
        write_array(&x.collect_with(options)?, options, &mut out)?;
        return Ok(out);
    };
    if meta.shape.contains(&0) {
        return Ok(out);
    }
    if frames <= MOST_STREAMED {
        let sink = ElementSink { out: Some(out), frame: 0 };
        let mut report = run(vec![Output::Sink(x.clone(), Box::new(sink))], options)?;
        let back = report.reports.pop().and_then(|r| r.downcast::<W>().ok());
        return back.map(|w| *w).ok_or_else(|| Error::internal("a sink did not give its output back"));
    }
    let row = (meta.shape.iter().skip(1).product::<usize>() * meta.dtype.size()) as u64;
    let piece = options.memory_limit.map_or(PIECE, |l| (l / 8).min(PIECE));
    let rows = usize::try_from(piece / row.max(1)).unwrap_or(usize::MAX).max(1);
    for start in (0..frames).step_by(rows) {
        let stop = start.saturating_add(rows).min(frames);
        let part = x.slice_axis(0, Some(start as isize), Some(stop as isize), None);
        write_array(&part.collect_with(options)?, options, &mut out)?;
    }
    Ok(out)
}

/// The elements of an array in C order; of a view no second whole is made.
fn write_array(a: &Array, options: &RunOptions, out: &mut impl Out) -> Result<()> {
    let step = PART_BYTES / a.dtype().size();
    let view = a.strided().collapsed();
    let size = a.size();
    let mut block = Vec::new();
    for start in (0..size).step_by(step) {
        if options.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let n = step.min(size - start) * a.dtype().size();
        let at = start * a.dtype().size();
        match a.contiguous_bytes().and_then(|b| b.get(at..at + n)) {
            Some(bytes) => out.put(bytes)?,
            None => {
                block.resize(n, 0);
                view.gather(start, &mut block);
                out.put(&block)?;
            }
        }
    }
    Ok(())
}

/// Frames into an [`Out`], which the report gives back.
struct ElementSink<W> {
    out: Option<W>,
    frame: usize,
}

impl<W: Out + 'static> Sink for ElementSink<W> {
    fn describe(&self) -> String {
        "elements in C order".into()
    }

    fn begin(&mut self, info: &StreamInfo) -> Result<()> {
        self.frame = info.frame_bytes();
        Ok(())
    }

    fn part_frames(&self) -> usize {
        RawPart::frames(self.frame)
    }

    fn part_bytes(&self) -> usize {
        RawPart::bytes(self.frame)
    }

    fn part(&self, _index: usize, frames: Range<usize>) -> Result<Box<dyn Part>> {
        Ok(RawPart::boxed(self.frame, frames))
    }

    fn join(&mut self, encoded: Encoded) -> Result<()> {
        self.out.as_mut().ok_or_else(|| Error::internal("a sink was used after its end"))?.put(&encoded.bytes)
    }

    fn finish(&mut self) -> Result<Box<dyn Any + Send>> {
        Ok(Box::new(self.out.take().ok_or_else(|| Error::internal("a sink ended twice"))?))
    }
}
