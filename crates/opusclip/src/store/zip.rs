//! As much of zip as an `.npz` file needs: the directory at the end, members stored or deflated,
//! 64-bit sizes. Every count and place from a file is checked against the file's length, members
//! must not overlap, and nothing is ever unpacked to disk.

use std::sync::Arc;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use opusclip_engine::error::{Error, Result};

use super::elements::Out;
use super::input::Input;
use super::pending::PendingFile;

/// A directory is at most this long; it is read whole.
const MOST_DIRECTORY: u64 = 64 << 20;
/// The end record, and the longest comment that may follow it.
const END: u64 = 22;
const MOST_COMMENT: u64 = 65_535;
/// Bytes read or written together.
const BLOCK: usize = 64 << 10;
/// What says that the number stands in the 64-bit field.
const BIG: u64 = 0xffff_ffff;

/// How a member's bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// One member, as the directory has it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    raw_name: Vec<u8>,
    flags: u16,
    method: u16,
    pub(super) crc: u32,
    /// Bytes in the file, and bytes of the content.
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Where its own header is, and where what follows it begins.
    at: u64,
    end: u64,
    link: bool,
}

/// Little-endian fields one after another; reading beyond the end gives none.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    fn int(&mut self, n: usize) -> Option<u64> {
        self.take(n).map(|b| b.iter().rev().fold(0, |a, &x| a << 8 | u64::from(x)))
    }

    fn u16(&mut self) -> Option<u16> {
        self.int(2).map(|n| n as u16)
    }
}

fn damaged(input: &Input, what: impl std::fmt::Display) -> Error {
    Error::data(input.path(), format!("is no sound zip archive: {what}"))
}

/// All members in the order of the directory.
pub(super) fn directory(input: &Input) -> Result<Vec<Entry>> {
    let tail_len = input.len().min(END + MOST_COMMENT);
    let tail_at = input.len() - tail_len;
    let tail = input.read_vec(tail_at, tail_len)?;
    // The record whose comment ends with the file; a comment may look like a record.
    let is_end = |at: &usize| {
        let record = tail.get(*at..).unwrap_or(&[]);
        let comment = record.get(20..22).map(|c| usize::from(u16::from_le_bytes([c[0], c[1]])));
        record.starts_with(b"PK\x05\x06") && comment == Some(record.len().wrapping_sub(END as usize))
    };
    let Some(at) = (0..tail.len()).rev().find(is_end) else {
        return Err(damaged(input, "it has no directory at its end; it is cut or no archive"));
    };
    let end_at = tail_at + at as u64;
    let mut f = Fields(tail.get(at + 4..).unwrap_or(&[]));
    let mut read = || Some((f.u16()?, f.u16()?, f.u16()?, f.u16()?, f.int(4)?, f.int(4)?));
    let Some((disk, first, here, count, size, start)) = read() else { return Err(damaged(input, "it is cut")) };
    let (mut disks, mut counts) = (u64::from(disk) + u64::from(first), (u64::from(here), u64::from(count)));
    let (mut size, mut start, mut limit) = (size, start, end_at);
    if let Some(big) = big_end(input, end_at)? {
        (disks, counts, size, start, limit) = big;
    }
    if disks != 0 || counts.0 != counts.1 {
        return Err(Error::unsupported(input.path(), "is one part of a zip archive in several files"));
    }
    if start.checked_add(size) != Some(limit) {
        return Err(damaged(input, format!("its directory of {size} bytes at {start} does not end at {limit}")));
    }
    if size > MOST_DIRECTORY {
        return Err(damaged(input, format!("its directory of {size} bytes is over the limit of {MOST_DIRECTORY}")));
    }
    let bytes = input.read_vec(start, size)?;
    let mut fields = Fields(&bytes);
    let mut out = Vec::new();
    for n in 0..counts.0 {
        let cut = || damaged(input, format!("its directory is cut at member {n} of {}", counts.0));
        out.push(entry(input, &mut fields, start).ok_or_else(cut)??);
    }
    if !fields.0.is_empty() {
        return Err(damaged(input, format!("its directory has {} bytes too many", fields.0.len())));
    }
    apart(input, &mut out, start)?;
    Ok(out)
}

type BigEnd = (u64, (u64, u64), u64, u64, u64);

/// The 64-bit end record, when the 32-bit one at `end_at` has a pointer to it in front.
fn big_end(input: &Input, end_at: u64) -> Result<Option<BigEnd>> {
    let Some(locator_at) = end_at.checked_sub(20) else { return Ok(None) };
    let locator = input.read_vec(locator_at, 20)?;
    let Some(rest) = locator.strip_prefix(b"PK\x06\x07") else { return Ok(None) };
    let mut f = Fields(rest);
    let (_, at) = (f.int(4), f.int(8).unwrap_or(0));
    // Exactly in front of its pointer: another place would be a lie.
    if at.checked_add(56) != Some(locator_at) {
        return Err(damaged(input, format!("its 64-bit end record is not at {at}")));
    }
    let record = input.read_vec(at, 56)?;
    let mut f = Fields(&record);
    let mut read = || {
        let known = f.take(4)? == b"PK\x06\x06" && f.int(8)? == 44;
        f.take(4)?;
        let disks = f.int(4)?.saturating_add(f.int(4)?);
        known.then_some((disks, (f.int(8)?, f.int(8)?), f.int(8)?, f.int(8)?, at))
    };
    read().map(Some).ok_or_else(|| damaged(input, "its 64-bit end record is damaged"))
}

/// One record of the directory; none when it is cut.
fn entry(input: &Input, f: &mut Fields<'_>, limit: u64) -> Option<Result<Entry>> {
    if f.take(4)? != b"PK\x01\x02" {
        return Some(Err(damaged(input, "its directory holds something else than members")));
    }
    let (made_by, _needs) = (f.u16()?, f.u16()?);
    let (flags, method) = (f.u16()?, f.u16()?);
    let _time = f.take(4)?;
    let crc = f.int(4)? as u32;
    let (mut packed, mut size) = (f.int(4)?, f.int(4)?);
    let (name, extra, comment) = (usize::from(f.u16()?), usize::from(f.u16()?), usize::from(f.u16()?));
    let (_disk, _inner) = (f.u16()?, f.u16()?);
    let attributes = f.int(4)?;
    let mut at = f.int(4)?;
    let (raw_name, extra) = (f.take(name)?.to_vec(), f.take(extra)?);
    f.take(comment)?;
    let name = match std::str::from_utf8(&raw_name) {
        Ok(name) => name.to_string(),
        // An old code page: any rule will do that keeps different names different.
        Err(_) if flags & 0x800 == 0 => raw_name.iter().map(|b| char::from(*b)).collect(),
        Err(_) => return Some(Err(damaged(input, "the name of a member is no text"))),
    };
    if name.is_empty() || name.contains('\0') {
        return Some(Err(damaged(input, "a member has no name, or one with a zero byte")));
    }
    if [size, packed, at].contains(&BIG) {
        let mut big = Fields(big_field(extra).unwrap_or(&[]));
        for n in [&mut size, &mut packed, &mut at].into_iter().filter(|n| **n == BIG) {
            match big.int(8) {
                Some(value) => *n = value,
                None => return Some(Err(damaged(input, format!("member {} lacks its 64-bit sizes", show(&name))))),
            }
        }
    }
    let link = made_by >> 8 == 3 && (attributes >> 16) & 0o170_000 == 0o120_000;
    Some(Ok(Entry { name, raw_name, flags, method, crc, packed, size, at, end: limit, link }))
}

/// The field of 64-bit sizes among the extra fields.
fn big_field(extra: &[u8]) -> Option<&[u8]> {
    let mut f = Fields(extra);
    loop {
        let (id, len) = (f.u16()?, usize::from(f.u16()?));
        let value = f.take(len)?;
        if id == 1 {
            return Some(value);
        }
    }
}

/// Members must lie one after another in front of the directory: one that shares bytes with
/// another is made to be read many times over.
fn apart(input: &Input, entries: &mut [Entry], directory: u64) -> Result<()> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&i| entries[i].at);
    let mut next = directory;
    for &i in order.iter().rev() {
        let e = &mut entries[i];
        let least = (30 + e.raw_name.len() as u64).checked_add(e.packed).and_then(|n| n.checked_add(e.at));
        if least.is_none_or(|end| end > next) {
            let what = format!("member {} of {} bytes at {} runs into what follows", show(&e.name), e.packed, e.at);
            return Err(damaged(input, what));
        }
        e.end = next;
        next = e.at;
    }
    let mut names: Vec<&str> = entries.iter().map(|e| e.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|w| w[0] == w[1]) {
        Some(w) => Err(damaged(input, format!("it holds {} twice", show(w[0])))),
        None => Ok(()),
    }
}

/// A member's name as part of one line.
pub(super) fn show(name: &str) -> String {
    let mut text: String = name.escape_debug().take(80).collect();
    if text.len() < name.len() {
        text.push('…');
    }
    format!("`{text}`")
}

impl Entry {
    /// How it is kept.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for links, encryption and other methods.
    pub(super) fn method(&self, input: &Input) -> Result<Method> {
        let what = match (self.flags, self.method) {
            _ if self.link => "is a link, which is never followed".to_string(),
            (f, _) if f & 0x2041 != 0 => "is encrypted".into(),
            (f, _) if f & 0x20 != 0 => "is patch data".into(),
            (_, 0) => return Ok(Method::Stored),
            (_, 8) => return Ok(Method::Deflated),
            (_, n) => {
                let known = [(9, "deflate64"), (12, "bzip2"), (14, "lzma"), (93, "zstd"), (95, "xz"), (99, "AES")];
                let name = known.iter().find(|k| k.0 == n).map_or(String::new(), |k| format!(" ({})", k.1));
                format!("is packed by method {n}{name}; stored and deflated ones are read")
            }
        };
        Err(Error::unsupported(input.path(), format!("member {} {what}", show(&self.name))))
    }

    /// Where its bytes begin, after its own header agreed with the directory.
    pub(super) fn data(&self, input: &Input) -> Result<u64> {
        let bad = |what: &str| damaged(input, format!("member {} {what}", show(&self.name)));
        let fixed = input.read_vec(self.at, 30)?;
        let mut f = Fields(fixed.strip_prefix(b"PK\x03\x04").ok_or_else(|| bad("has no header of its own"))?);
        let mut read = || {
            let (_needs, flags, method, _time) = (f.u16()?, f.u16()?, f.u16()?, f.int(4)?);
            let (crc, packed, size) = (f.int(4)?, f.int(4)?, f.int(4)?);
            Some((flags, method, crc as u32, packed, size, f.u16()?, f.u16()?))
        };
        let (flags, method, crc, packed, size, name, extra) = read().ok_or_else(|| bad("is cut"))?;
        let start = self.at.saturating_add(30).saturating_add(u64::from(name)).saturating_add(u64::from(extra));
        if start.checked_add(self.packed).is_none_or(|end| end > self.end) {
            return Err(bad("runs into what follows"));
        }
        let own_name = input.read_vec(self.at + 30, u64::from(name))?;
        // Sizes that are known only afterwards stand behind the data, and zeros here.
        let later = flags & 8 != 0;
        let same = |n: u64, own: u64| n == own || n == BIG || (later && n == 0);
        let agrees = method == self.method
            && (flags ^ self.flags) & 0x2041 == 0
            && own_name == self.raw_name
            && same(packed, self.packed)
            && same(size, self.size)
            && (crc == self.crc || (later && crc == 0));
        if !agrees {
            return Err(bad("has a header that contradicts the directory"));
        }
        Ok(start)
    }
}

/// The content of a deflated member, from its beginning, never more than the directory says.
pub(super) struct Inflater {
    input: Arc<Input>,
    name: String,
    /// The next byte of the file, and where the member ends.
    at: u64,
    end: u64,
    /// Bytes of the content: all, and those that came.
    size: u64,
    made: u64,
    ended: bool,
    want: u32,
    crc: crc32fast::Hasher,
    state: Decompress,
    block: Vec<u8>,
    used: usize,
}

impl Inflater {
    pub(super) fn new(input: Arc<Input>, entry: &Entry) -> Result<Inflater> {
        let at = entry.data(&input)?;
        // Deflate's best is 258 bytes of two bits.
        if entry.size > entry.packed.saturating_mul(1032).saturating_add(64) {
            let what = format!("says that {} bytes become {}, which they cannot", entry.packed, entry.size);
            return Err(damaged(&input, format!("member {} {what}", show(&entry.name))));
        }
        Ok(Inflater {
            name: show(&entry.name),
            at,
            end: at.saturating_add(entry.packed),
            size: entry.size,
            made: 0,
            ended: false,
            want: entry.crc,
            crc: crc32fast::Hasher::new(),
            state: Decompress::new(false),
            block: Vec::new(),
            used: 0,
            input,
        })
    }

    fn bad(&self, what: &str) -> Error {
        damaged(&self.input, format!("member {} {what}", self.name))
    }

    /// Some more of the content into `out`, which is not empty; nothing only at the end.
    fn some(&mut self, out: &mut [u8]) -> Result<usize> {
        while !self.ended {
            if self.used >= self.block.len() {
                let n = (self.end - self.at).min(BLOCK as u64);
                self.block = self.input.read_vec(self.at, n)?;
                self.at += n;
                self.used = 0;
            }
            let rest = self.block.get(self.used..).unwrap_or(&[]);
            let before = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(rest, out, FlushDecompress::None);
            let taken = self.state.total_in() - before.0;
            let made = self.state.total_out() - before.1;
            self.used += taken as usize;
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if taken > 0 || made > 0 => {}
                Ok(_) => return Err(self.bad("ends too early")),
                Err(_) => return Err(self.bad("is no sound deflate stream")),
            }
            if made > 0 {
                return Ok(made as usize);
            }
        }
        Ok(0)
    }

    /// Fills `out` with what comes next.
    pub(super) fn fill(&mut self, out: &mut [u8]) -> Result<()> {
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|r| !r.is_empty()) {
            match self.some(rest)? {
                0 => return Err(self.bad("inflates to less than it should")),
                n => done += n,
            }
        }
        self.made += out.len() as u64;
        self.crc.update(out);
        Ok(())
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: u64) -> Result<Vec<u8>> {
        // Asked for headers only, whose length was checked.
        let mut out = vec![0; usize::try_from(len).unwrap_or(0)];
        self.fill(&mut out)?;
        Ok(out)
    }

    /// Goes on to the byte `to` of the content.
    pub(super) fn skip_to(&mut self, to: u64) -> Result<()> {
        let mut block = vec![0; BLOCK];
        while self.made < to {
            let n = (to - self.made).min(BLOCK as u64) as usize;
            self.fill(block.get_mut(..n).unwrap_or_default())?;
        }
        Ok(())
    }

    /// The content must end here, and its checksum hold.
    pub(super) fn finish(mut self) -> Result<()> {
        if self.some(&mut [0])? > 0 || self.made != self.size {
            return Err(self.bad("does not inflate to the size that it should have"));
        }
        if self.at != self.end || self.used < self.block.len() {
            return Err(self.bad("has bytes after its end"));
        }
        let found = self.crc.clone().finalize();
        if found != self.want {
            return Err(self.bad(&format!("is damaged: its checksum is {found:08x} and should be {:08x}", self.want)));
        }
        Ok(())
    }
}

/// A member that was written.
struct Written {
    name: String,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    at: u64,
}

/// An archive that comes to be.
pub(super) struct ZipWriter {
    file: PendingFile,
    members: Vec<Written>,
    /// From here on numbers are written in 64 bits.
    big: u64,
}

/// Little-endian fields after a signature.
fn record(signature: &[u8], fields: &[(u64, usize)]) -> Vec<u8> {
    let mut out = signature.to_vec();
    for (value, bytes) in fields {
        out.extend(value.to_le_bytes().iter().take(*bytes));
    }
    out
}

/// The first of January 1980, midnight: the archive depends on its content alone.
const DAY: u64 = 0x21;
/// Room for what deflate may add to a content that it cannot pack.
const NEAR_BIG: u64 = 0xf000_0000;
/// Where the bytes of a stored member begin: a multiple of this, so that they can be mapped.
const ALIGN: u64 = 64;

fn unicode(name: &str) -> u64 {
    if name.is_ascii() { 0 } else { 0x800 }
}

impl ZipWriter {
    pub(super) fn new(file: PendingFile) -> ZipWriter {
        ZipWriter { file, members: Vec::new(), big: NEAR_BIG }
    }

    /// Begins a member of `size` bytes.
    pub(super) fn member(mut self, name: &str, size: u64, method: Method) -> Result<MemberOut> {
        let at = self.file.position();
        let big = size >= self.big;
        let mut extra = if big { record(b"", &[(1, 2), (16, 2), (0, 8), (0, 8)]) } else { Vec::new() };
        if method == Method::Stored {
            let base = at + 30 + name.len() as u64 + extra.len() as u64;
            let mut pad = base.next_multiple_of(ALIGN) - base;
            if (1..6).contains(&pad) {
                pad += ALIGN;
            }
            if pad > 0 {
                // The field of Android's zipalign: the alignment, then zeros.
                extra.extend(record(b"", &[(0xd935, 2), (pad - 4, 2), (ALIGN, 2)]));
                extra.extend(std::iter::repeat_n(0, pad as usize - 6));
            }
        }
        let packing = method == Method::Deflated;
        let code = if packing { 8 } else { 0 };
        let head = [(if big { 45 } else { 20 }, 2), (unicode(name), 2), (code, 2), (0, 2), (DAY, 2)];
        self.file.append(&record(b"PK\x03\x04", &head))?;
        let sizes_at = self.file.position();
        let sizes = [(0, 4), (0, 4), (0, 4), (name.len() as u64, 2), (extra.len() as u64, 2)];
        self.file.append(&record(b"", &sizes))?;
        self.file.append(name.as_bytes())?;
        self.file.append(&extra)?;
        Ok(MemberOut {
            start: self.file.position(),
            zip: self,
            entry: Written { name: name.to_string(), method: code as u16, crc: 0, packed: 0, size, at },
            sizes_at,
            big,
            made: 0,
            crc: crc32fast::Hasher::new(),
            deflate: packing.then(|| (Compress::new(Compression::default(), false), Vec::with_capacity(BLOCK))),
        })
    }

    /// Writes the directory and gives the file its name; bytes of it.
    pub(super) fn finish(mut self) -> Result<u64> {
        let start = self.file.position();
        for m in &self.members {
            let low = |n: u64| if n >= self.big { BIG } else { n };
            let mut extra = Vec::new();
            for v in [m.size, m.packed, m.at].into_iter().filter(|v| *v >= self.big) {
                extra.extend(v.to_le_bytes());
            }
            if !extra.is_empty() {
                extra = [record(b"", &[(1, 2), (extra.len() as u64, 2)]), extra].concat();
            }
            let version = if extra.is_empty() { 20 } else { 45 };
            let fields = [
                (3 << 8 | version, 2),
                (version, 2),
                (unicode(&m.name), 2),
                (m.method.into(), 2),
                (0, 2),
                (DAY, 2),
                (m.crc.into(), 4),
                (low(m.packed), 4),
                (low(m.size), 4),
                (m.name.len() as u64, 2),
                (extra.len() as u64, 2),
                (0, 2),
                (0, 2),
                (0, 2),
                (0o100_600 << 16, 4),
                (low(m.at), 4),
            ];
            self.file.append(&record(b"PK\x01\x02", &fields))?;
            self.file.append(m.name.as_bytes())?;
            self.file.append(&extra)?;
        }
        let (end, count) = (self.file.position(), self.members.len() as u64);
        let size = end - start;
        if count >= 0xffff || start >= self.big || size >= self.big {
            let fields =
                [(44, 8), (3 << 8 | 45, 2), (45, 2), (0, 4), (0, 4), (count, 8), (count, 8), (size, 8), (start, 8)];
            self.file.append(&record(b"PK\x06\x06", &fields))?;
            self.file.append(&record(b"PK\x06\x07", &[(0, 4), (end, 8), (1, 4)]))?;
        }
        let few = count.min(0xffff);
        let fields = [(0, 2), (0, 2), (few, 2), (few, 2), (size.min(BIG), 4), (start.min(BIG), 4), (0, 2)];
        self.file.append(&record(b"PK\x05\x06", &fields))?;
        let bytes = self.file.position();
        self.file.persist()?;
        Ok(bytes)
    }
}

/// A member that is being written.
pub(super) struct MemberOut {
    zip: ZipWriter,
    entry: Written,
    /// Where sizes and checksum are to be put, and where the data began.
    sizes_at: u64,
    start: u64,
    big: bool,
    made: u64,
    crc: crc32fast::Hasher,
    deflate: Option<(Compress, Vec<u8>)>,
}

impl Out for MemberOut {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.crc.update(bytes);
        self.made += bytes.len() as u64;
        if self.deflate.is_none() {
            return self.zip.file.append(bytes);
        }
        self.pack(bytes, FlushCompress::None)
    }
}

impl MemberOut {
    fn pack(&mut self, mut bytes: &[u8], flush: FlushCompress) -> Result<()> {
        let Some((state, block)) = &mut self.deflate else { return Ok(()) };
        loop {
            let before = state.total_in();
            let status = state
                .compress_vec(bytes, block, flush)
                .map_err(|e| Error::internal(format!("deflate refuses its input: {e}")))?;
            bytes = bytes.get((state.total_in() - before) as usize..).unwrap_or(&[]);
            let full = block.len() == block.capacity();
            self.zip.file.append(block)?;
            block.clear();
            let done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => bytes.is_empty() && !full,
            };
            if done {
                return Ok(());
            }
        }
    }

    /// Writes what is known only now, and gives the archive back.
    pub(super) fn finish(mut self) -> Result<ZipWriter> {
        self.pack(&[], FlushCompress::Finish)?;
        let mut entry = self.entry;
        if self.made != entry.size {
            return Err(Error::internal(format!("{} of {} bytes were written", self.made, entry.size)));
        }
        entry.packed = self.zip.file.position() - self.start;
        entry.crc = self.crc.finalize();
        let mut sizes = record(b"", &[(entry.crc.into(), 4), (entry.packed, 4), (entry.size, 4)]);
        if self.big {
            sizes = record(b"", &[(entry.crc.into(), 4), (BIG, 4), (BIG, 4)]);
            let field = self.sizes_at + 16 + entry.name.len() as u64 + 4;
            self.zip.file.patch(field, &record(b"", &[(entry.size, 8), (entry.packed, 8)]))?;
        }
        self.zip.file.patch(self.sizes_at, &sizes)?;
        self.zip.members.push(entry);
        Ok(self.zip)
    }
}

#[cfg(test)]
mod tests {
    use super::{Inflater, Method, ZipWriter, directory};
    use crate::store::elements::Out;
    use crate::store::input::Input;
    use crate::store::pending::PendingFile;

    /// Archives beyond 4 GiB, made small: every number that may be of 64 bits is.
    #[test]
    fn numbers_of_64_bits() {
        let path = std::env::temp_dir().join(format!("opusclip-zip-big-{}.zip", std::process::id()));
        let content: Vec<u8> = (0..5000u32).map(|i| (i % 50) as u8).collect();
        for method in [Method::Stored, Method::Deflated] {
            let mut zip = ZipWriter::new(PendingFile::create(&path, true).unwrap());
            zip.big = 1;
            for name in ["a", "b"] {
                let mut out = zip.member(name, 5000, method).unwrap();
                out.put(&content[..700]).unwrap();
                out.put(&content[700..]).unwrap();
                zip = out.finish().unwrap();
            }
            let bytes = zip.finish().unwrap();
            let input = std::sync::Arc::new(Input::open(&path).unwrap());
            assert_eq!(input.len(), bytes);
            let members = directory(&input).unwrap();
            assert_eq!(members.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
            for m in &members {
                assert_eq!((m.size, m.method(&input).unwrap()), (5000, method));
                let at = m.data(&input).unwrap();
                if method == Method::Stored {
                    assert_eq!((at % 64, input.read_vec(at, 5000).unwrap()), (0, content.clone()));
                } else {
                    let mut inflater = Inflater::new(input.clone(), m).unwrap();
                    assert_eq!(inflater.take(5000).unwrap(), content);
                    inflater.finish().unwrap();
                }
            }
        }
        std::fs::remove_file(&path).unwrap();
    }
}
