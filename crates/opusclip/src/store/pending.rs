//! How an output file comes to be: written under a temporary name beside its target, synced, and
//! only then given its name. On any failure the temporary file goes and the target is as it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use opusclip_engine::error::{Error, Result};

/// The temporary files of this process, and whether it is going down.
struct Registry {
    closed: bool,
    paths: Vec<PathBuf>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { closed: false, paths: Vec::new() });
static COUNTER: AtomicU64 = AtomicU64::new(0);

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every temporary output of this process and lets no new one begin or be named. For the
/// thread that was told of a signal, right before it ends the process.
pub fn remove_all() {
    let mut all = registry();
    all.closed = true;
    for path in all.paths.drain(..) {
        let _ = fs::remove_file(path);
    }
}

/// As [`remove_all`] for a process that is out of memory: waits for nobody and asks for nothing.
pub fn remove_all_at_once() {
    if let Ok(mut all) = REGISTRY.try_lock() {
        all.closed = true;
        for path in all.paths.drain(..) {
            let _ = fs::remove_file(path);
        }
    }
}

/// What may stand at the target, found before any work is done. Gives the path to write to: the
/// file that a symbolic link leads to, else the path itself.
fn check_target(target: &Path, overwrite: bool) -> Result<PathBuf> {
    if target.as_os_str().is_empty() || target.file_name().is_none() {
        return Err(Error::value("output", "the name is empty; give a file name"));
    }
    let parent = folder_of(target);
    match fs::metadata(parent) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Error::Io {
                path: target.to_path_buf(),
                detail: "the folder to write to does not exist; make it first or choose another".into(),
            });
        }
        Err(e) => return Err(Error::io(target, "cannot look at the folder to write to", &e)),
        Ok(m) if !m.is_dir() => {
            return Err(Error::Io { path: target.to_path_buf(), detail: "its folder is not a folder".into() });
        }
        Ok(_) => {}
    }
    match fs::metadata(target) {
        Ok(m) if m.is_dir() => {
            Err(Error::Io { path: target.to_path_buf(), detail: "is a folder; give the name of a file in it".into() })
        }
        Ok(m) if !m.is_file() => Err(Error::Io {
            path: target.to_path_buf(),
            detail: "is a device or a pipe; outputs must be files that can be renamed".into(),
        }),
        Ok(_) if !overwrite => Err(Error::Io {
            path: target.to_path_buf(),
            detail: "exists already; choose another name or allow overwriting (-y)".into(),
        }),
        Ok(_) => fs::canonicalize(target).map_err(|e| Error::io(target, "cannot resolve", &e)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            // A link that leads nowhere: writing would replace the link, which nobody asked for.
            if fs::symlink_metadata(target).is_ok() {
                return Err(Error::Io {
                    path: target.to_path_buf(),
                    detail: "is a symbolic link to a file that does not exist; remove the link first".into(),
                });
            }
            Ok(target.to_path_buf())
        }
        Err(e) => Err(Error::io(target, "cannot look at", &e)),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// True when both paths lead to one file, however they are spelled or linked. False when either
/// does not exist.
pub fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

/// A file being written. Dropped before [`PendingFile::persist`], it leaves nothing behind.
#[derive(Debug)]
pub struct PendingFile {
    file: Option<File>,
    temp: PathBuf,
    /// Where the bytes end up, links resolved.
    real: PathBuf,
    /// What the caller called it.
    target: PathBuf,
    overwrite: bool,
    buffer: Vec<u8>,
    position: u64,
}

/// Bytes gathered before they go to the file.
const BUFFER: usize = 1 << 18;

impl PendingFile {
    /// Begins a file that will be called `target`. The folder must exist; `target` must not be a
    /// folder, a device or a dangling link, and must not exist unless `overwrite`.
    pub fn create(target: &Path, overwrite: bool) -> Result<PendingFile> {
        let real = check_target(target, overwrite)?;
        let folder = folder_of(&real).to_path_buf();
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_nanos() as u64).unwrap_or(0);
        let mut all = registry();
        if all.closed {
            return Err(Error::Cancelled);
        }
        for _ in 0..100 {
            let n = COUNTER.fetch_add(1, Ordering::Relaxed);
            let temp = folder.join(format!(".opusclip-{}.tmp", letters(clock, n)));
            // The default mode is 0666 less the umask, which is what an output should have.
            match OpenOptions::new().read(true).write(true).create_new(true).mode(0o666).open(&temp) {
                Ok(file) => {
                    all.paths.push(temp.clone());
                    return Ok(PendingFile {
                        file: Some(file),
                        temp,
                        real,
                        target: target.to_path_buf(),
                        overwrite,
                        buffer: Vec::with_capacity(BUFFER),
                        position: 0,
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io(target, "cannot write to its folder", &e)),
            }
        }
        Err(Error::Io { path: target.to_path_buf(), detail: "no free temporary name in its folder".into() })
    }

    /// The name that the file will get.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where the bytes are now.
    pub fn temporary(&self) -> &Path {
        &self.temp
    }

    /// Bytes written so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Appends `bytes`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if bytes.len() >= BUFFER {
            self.write_out(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.position = self.position.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Overwrites bytes already appended, from `offset` on.
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.flush()?;
        let end = offset.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > self.position) {
            return Err(Error::internal("a patch beyond the end of the output"));
        }
        let file = self.file.as_ref().ok_or(Error::Cancelled)?;
        file.write_all_at(bytes, offset).map_err(|e| Error::io(&self.target, "cannot write", &e))
    }

    /// Hands everything gathered to the system.
    pub fn flush(&mut self) -> Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let done = self.write_out(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        done
    }

    fn write_out(&mut self, bytes: &[u8]) -> Result<()> {
        let file = self.file.as_mut().ok_or(Error::Cancelled)?;
        file.write_all(bytes).map_err(|e| Error::io(&self.target, "cannot write", &e))
    }

    /// Starts again from an empty file.
    pub fn rewind(&mut self) -> Result<()> {
        self.buffer.clear();
        self.position = 0;
        let file = self.file.as_mut().ok_or(Error::Cancelled)?;
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)).map(|_| ()))
            .map_err(|e| Error::io(&self.target, "cannot write", &e))
    }

    /// Syncs the bytes to the disk, gives the file its name and syncs the folder.
    pub fn persist(mut self) -> Result<()> {
        self.flush()?;
        let file = self.file.take().ok_or(Error::Cancelled)?;
        file.sync_all().map_err(|e| Error::io(&self.target, "cannot write", &e))?;
        drop(file);
        // Under the lock, so that `remove_all` and the naming cannot cross.
        let mut all = registry();
        if all.closed {
            return Err(Error::Cancelled);
        }
        self.name().map_err(|e| {
            if e.kind() == io::ErrorKind::AlreadyExists {
                Error::Io {
                    path: self.target.clone(),
                    detail: "appeared while it was being made; choose another name or allow overwriting (-y)".into(),
                }
            } else {
                Error::io(&self.target, "cannot give the output its name", &e)
            }
        })?;
        all.paths.retain(|p| p != &self.temp);
        drop(all);
        // The name itself must survive a power cut; not every file system can sync a folder.
        if let Ok(folder) = File::open(folder_of(&self.real)) {
            let _ = folder.sync_all();
        }
        self.temp = PathBuf::new();
        Ok(())
    }

    fn name(&self) -> io::Result<()> {
        if self.overwrite {
            return fs::rename(&self.temp, &self.real);
        }
        // A link never replaces what is there; a rename would.
        match fs::hard_link(&self.temp, &self.real) {
            Ok(()) => fs::remove_file(&self.temp),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
            // No hard links here (FAT, some network disks): look, then rename.
            Err(_) if fs::symlink_metadata(&self.real).is_err() => fs::rename(&self.temp, &self.real),
            Err(_) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if !self.temp.as_os_str().is_empty() {
            let mut all = registry();
            if all.paths.contains(&self.temp) {
                let _ = fs::remove_file(&self.temp);
                all.paths.retain(|p| p != &self.temp);
            }
        }
    }
}

/// Six letters and digits that differ from call to call and from process to process.
fn letters(clock: u64, n: u64) -> String {
    let mut x = clock ^ (u64::from(std::process::id()) << 32) ^ n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (0..6)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[(x % 36) as usize])
        })
        .collect()
}
