//! Boxes and big-endian numbers out of untrusted bytes. Nothing here panics, recurses or allocates.

/// A four-letter name.
pub(crate) type Kind = [u8; 4];

/// What a parser found wrong, without the path: `read.rs` adds it.
pub(crate) type Parsed<T> = Result<T, String>;

/// A cursor over bytes; each read checks what is left.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a> {
    data: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Bytes { data }
    }

    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.data
    }

    pub(crate) fn take(&mut self, n: usize) -> Parsed<&'a [u8]> {
        let (head, tail) = self.data.split_at_checked(n).ok_or("a box ends too early")?;
        self.data = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let (head, tail) = self.data.split_first_chunk::<N>().ok_or("a box ends too early")?;
        self.data = tail;
        Ok(*head)
    }

    pub(crate) fn skip(&mut self, n: usize) -> Parsed<()> {
        self.take(n).map(|_| ())
    }

    pub(crate) fn u8(&mut self) -> Parsed<u8> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Parsed<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Parsed<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Parsed<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Parsed<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn kind(&mut self) -> Parsed<Kind> {
        self.array()
    }

    /// Version and flags of a full box.
    pub(crate) fn full(&mut self) -> Parsed<(u8, u32)> {
        let v = self.u32()?;
        Ok(((v >> 24) as u8, v & 0x00ff_ffff))
    }

    /// A count of entries of `entry` bytes each that must be there.
    pub(crate) fn count(&mut self, entry: usize) -> Parsed<usize> {
        let n = self.u32()? as usize;
        match n.checked_mul(entry) {
            Some(bytes) if bytes <= self.len() => Ok(n),
            _ => Err(format!("a table says {n} entries but has room for {}", self.len() / entry.max(1))),
        }
    }
}

/// A box inside bytes in memory.
#[derive(Clone, Copy)]
pub(crate) struct Boxed<'a> {
    pub(crate) kind: Kind,
    /// With its header.
    pub(crate) whole: &'a [u8],
    /// Without.
    pub(crate) body: &'a [u8],
}

/// The boxes that follow each other in `data`. A box that claims more than is left is an error,
/// once; a tail of fewer than 8 bytes is padding, as QuickTime writes it.
pub(crate) struct Boxes<'a> {
    data: &'a [u8],
}

pub(crate) fn boxes(data: &[u8]) -> Boxes<'_> {
    Boxes { data }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Parsed<Boxed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.data.len() < 8 {
            return None;
        }
        let one = first(self.data);
        match &one {
            Ok(b) => self.data = self.data.get(b.whole.len()..).unwrap_or(&[]),
            Err(_) => self.data = &[],
        }
        Some(one)
    }
}

fn first(data: &[u8]) -> Parsed<Boxed<'_>> {
    let mut b = Bytes::new(data);
    let short = b.u32()?;
    let kind = b.kind()?;
    let (size, header) = match short {
        0 => (data.len() as u64, 8),
        1 => (b.u64()?, 16),
        n => (u64::from(n), 8),
    };
    let whole = usize::try_from(size)
        .ok()
        .filter(|&n| n >= header)
        .and_then(|n| data.get(..n))
        .ok_or_else(|| format!("box {} says {size} bytes but {} are left", name(kind), data.len()))?;
    Ok(Boxed { kind, whole, body: whole.get(header..).unwrap_or(&[]) })
}

/// The first box of a kind, if there is one.
pub(crate) fn find(data: &[u8], kind: Kind) -> Parsed<Option<Boxed<'_>>> {
    for b in boxes(data) {
        let b = b?;
        if b.kind == kind {
            return Ok(Some(b));
        }
    }
    Ok(None)
}

/// The body of a box that must be there.
pub(crate) fn need(data: &[u8], kind: Kind) -> Parsed<&[u8]> {
    find(data, kind)?.map(|b| b.body).ok_or_else(|| format!("box {} is missing", name(kind)))
}

/// A box name for messages: letters as they are, anything else as hex.
pub(crate) fn name(kind: Kind) -> String {
    if kind.iter().all(|c| c.is_ascii_graphic() || *c == b' ') {
        String::from_utf8_lossy(&kind).into_owned()
    } else {
        kind.iter().map(|c| format!("{c:02x}")).collect()
    }
}
