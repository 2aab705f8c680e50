//! What the tests share: where the samples are, a plain driver for sources and sinks, noise.

use std::path::{Path, PathBuf};

use opusclip::error::Result;
use opusclip::flow::{Sink, Source, StreamInfo};
use opusclip::video::{Encode, Mp4Sink, Video, WriteReport};

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A sample by name.
pub(crate) fn sample(name: &str) -> PathBuf {
    root().join("samples").join(name)
}

/// A folder of its own for one test, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("opusclip-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Names of all files in it, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut all: Vec<String> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        all.sort();
        all
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// All frames `range` of a source as raw planes.
pub(crate) fn raw_frames(source: &dyn Source, range: std::ops::Range<usize>) -> Result<Vec<Vec<u8>>> {
    let mut cursor = source.cursor(range.clone())?;
    range
        .map(|_| {
            let mut raw = vec![0; source.raw_frame_bytes()];
            cursor.next_into(&mut raw).map(|()| raw)
        })
        .collect()
}

/// Reads `range` of `source` and writes it to `sink` unchanged, one part after another.
pub(crate) fn copy(
    source: &dyn Source,
    range: std::ops::Range<usize>,
    sink: &mut dyn Sink,
) -> Result<Box<dyn std::any::Any + Send>> {
    let info: StreamInfo = source.info().slice(range.clone());
    sink.begin(&info)?;
    let mut cursor = source.cursor(range.clone())?;
    let (mut raw, mut rgb) = (vec![0; source.raw_frame_bytes()], vec![0; info.frame_bytes()]);
    let step = sink.part_frames();
    for (index, start) in (0..range.len()).step_by(step).enumerate() {
        let frames = start..(start + step).min(range.len());
        let mut part = sink.part(index, frames.clone())?;
        for _ in frames {
            cursor.next_into(&mut raw)?;
            source.unpack(&raw, &mut rgb)?;
            part.push(&rgb)?;
        }
        let encoded = part.finish()?;
        sink.join(encoded)?;
    }
    source.check_unchanged()?;
    sink.finish()
}

/// [`copy`] from file to file.
pub(crate) fn transcode(
    input: &Path,
    output: &Path,
    range: Option<std::ops::Range<usize>>,
    encode: impl Fn(Encode) -> Encode,
) -> Result<WriteReport> {
    let video = Video::open(input)?;
    let range = range.unwrap_or(0..video.facts().frames);
    let mut sink = Mp4Sink::create(output, &encode(Encode::like(&video)), true)?;
    let report = copy(&video, range, &mut sink)?;
    Ok(*report.downcast::<WriteReport>().unwrap())
}

/// What FFmpeg says of the samples.
pub(crate) fn golden() -> Vec<(String, serde_json::Value)> {
    let text = std::fs::read_to_string(root().join("golden/decoded.json")).unwrap();
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().collect()
}

/// CRC-32 as in zlib.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    static TABLE: std::sync::LazyLock<[u32; 256]> = std::sync::LazyLock::new(|| {
        std::array::from_fn(|i| (0..8).fold(i as u32, |c, _| if c & 1 != 0 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 }))
    });
    !bytes.iter().fold(!0, |c, &b| c >> 8 ^ TABLE[(c as u8 ^ b) as usize])
}

/// A `.npy` file of any header, padded so that the data begin `past` bytes after a multiple of 64.
pub(crate) fn npy_file(version: u8, dict: &str, data: &[u8], past: usize) -> Vec<u8> {
    let fixed = if version == 1 { 10 } else { 12 };
    let len = (fixed + dict.len() + 1).next_multiple_of(64) + past - fixed;
    let mut out = b"\x93NUMPY".to_vec();
    out.extend([version, 0]);
    if version == 1 {
        out.extend((len as u16).to_le_bytes())
    } else {
        out.extend((len as u32).to_le_bytes())
    }
    out.extend(dict.as_bytes());
    out.resize(fixed + len - 1, b' ');
    out.push(b'\n');
    out.extend(data);
    out
}

/// Numbers without a seed from outside: the same on every run.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// Element types that `.npy` has a code for; it has none for bfloat16.
pub(crate) fn npy_types() -> impl Iterator<Item = opusclip::DType> {
    opusclip::DType::ALL.into_iter().filter(|d| d.name() != "bfloat16")
}
