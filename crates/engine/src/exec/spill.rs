//! A source that can be read only once, for a run that needs its frames more often: the first reading
//! writes its raw frames to a temporary file, and every other one reads them there.

use std::fs::{File, OpenOptions, remove_file};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result, bytes};
use crate::flow::{Cursor, Source, StreamInfo};
use crate::monitor::Monitor;
use crate::threads;

/// Names a folder for temporary files instead of the system's.
const FOLDER: &str = "OPUSCLIP_TMPDIR";

/// The source behind its file.
#[derive(Debug)]
pub(crate) struct Spilled(Arc<Spill>);

#[derive(Debug)]
struct Spill {
    inner: Arc<dyn Source>,
    folder: PathBuf,
    file: File,
    /// Frames that the file holds.
    written: AtomicUsize,
    /// The one reading there is.
    live: Mutex<Live>,
    monitor: Monitor,
}

#[derive(Default)]
struct Live {
    cursor: Option<Box<dyn Cursor>>,
    raw: Vec<u8>,
    failed: Option<Error>,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live")
    }
}

impl Spilled {
    /// Makes the file, which has no name any more when this returns: nothing is left of it, however the
    /// process ends.
    pub(crate) fn new(inner: Arc<dyn Source>, monitor: &Monitor) -> Result<Spilled> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = std::env::var_os(FOLDER).map_or_else(std::env::temp_dir, PathBuf::from);
        let mut tries = 0;
        let file = loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".opusclip-{}-{number}.frames", std::process::id()));
            let made = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
            match made.and_then(|file| remove_file(&path).map(|()| file)) {
                Ok(file) => break file,
                // Another program's, or that of a process of the same number in another container.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && tries < 1000 => tries += 1,
                Err(e) => return Err(refused(&inner, folder, &e)),
            }
        };
        let (written, live) = (AtomicUsize::new(0), Mutex::default());
        Ok(Spilled(Arc::new(Spill { inner, folder, file, written, live, monitor: monitor.clone() })))
    }
}

/// No room, or no such folder.
fn refused(source: &Arc<dyn Source>, folder: PathBuf, e: &std::io::Error) -> Error {
    let room = bytes((source.raw_frame_bytes() as u64).saturating_mul(source.info().frames() as u64));
    let detail = format!(
        "cannot hold the frames of a source that can be read only once ({e}); set {FOLDER} to a folder with room for {room}"
    );
    Error::Io { path: folder, detail }
}

impl Spill {
    fn place(&self, frame: usize) -> u64 {
        (frame as u64).saturating_mul(self.inner.raw_frame_bytes() as u64)
    }

    /// Frame number `frame`: from the file, which reads on as far as that.
    fn read(&self, frame: usize, out: &mut [u8]) -> Result<()> {
        if self.written.load(Ordering::Acquire) <= frame {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(e) = &live.failed {
                return Err(e.clone());
            }
            if let Err(e) = self.read_on(&mut live, frame) {
                live.failed = Some(e.clone());
                return Err(e);
            }
        }
        self.file.read_exact_at(out, self.place(frame)).map_err(|e| refused(&self.inner, self.folder.clone(), &e))
    }

    fn read_on(&self, live: &mut Live, frame: usize) -> Result<()> {
        if live.cursor.is_none() {
            live.cursor = Some(self.inner.cursor(0..self.inner.info().frames())?);
            live.raw = vec![0; self.inner.raw_frame_bytes()];
        }
        let Live { cursor: Some(cursor), raw, .. } = live else {
            return Err(Error::internal("a source that is read once has no cursor"));
        };
        for next in self.written.load(Ordering::Acquire)..=frame {
            threads::go_on()?;
            cursor.next_into(raw)?;
            let written = self.file.write_all_at(raw, self.place(next));
            written.map_err(|e| refused(&self.inner, self.folder.clone(), &e))?;
            self.monitor.count_spilled(raw.len() as u64);
            self.written.store(next + 1, Ordering::Release);
        }
        Ok(())
    }
}

impl Source for Spilled {
    fn info(&self) -> &StreamInfo {
        self.0.inner.info()
    }
    fn describe(&self) -> String {
        self.0.inner.describe()
    }
    fn identity(&self) -> usize {
        self.0.inner.identity()
    }
    fn cuts(&self) -> &[usize] {
        self.0.inner.cuts()
    }
    fn rereads(&self) -> bool {
        // Workers that read far apart would only wait for each other before all is there.
        self.0.written.load(Ordering::Acquire) >= self.info().frames()
    }
    fn raw_frame_bytes(&self) -> usize {
        self.0.inner.raw_frame_bytes()
    }
    fn cursor_bytes(&self) -> usize {
        self.0.inner.cursor_bytes().saturating_add(self.raw_frame_bytes())
    }
    fn cursor(&self, frames: Range<usize>) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(Reader { spill: Arc::clone(&self.0), frames }))
    }
    fn unpack(&self, raw: &[u8], out: &mut [u8]) -> Result<()> {
        self.0.inner.unpack(raw, out)
    }
    fn check_unchanged(&self) -> Result<()> {
        self.0.inner.check_unchanged()
    }
}

struct Reader {
    spill: Arc<Spill>,
    frames: Range<usize>,
}

impl Cursor for Reader {
    fn next_into(&mut self, raw: &mut [u8]) -> Result<()> {
        let frame = self.frames.next().ok_or_else(|| Error::internal("a cursor was read beyond its range"))?;
        self.spill.read(frame, raw)
    }
}
