//! Copies arrays between `.npy` and `.npz` files by every door there is; the oracle in Python
//! judges the copies. `npy_tool load|map|cow|lazy IN.npy OUT.npy`, `npy_tool get|lazy IN.npz OUT.npz`.
#![forbid(unsafe_code)]

use opusclip::{Error, Lazy, MapMode, Npz, Result, load, memmap, open_npy, save, savez, savez_compressed};

fn copy_archive(door: &str, from: &str, to: &str) -> Result<()> {
    let archive = Npz::open(from)?;
    let mut arrays: Vec<(&str, Lazy)> = Vec::new();
    let mut compressed = false;
    for name in archive.names() {
        compressed |= archive.info(name)?.compressed;
        let array = if door == "lazy" { archive.get_lazy(name)? } else { archive.get(name)?.into() };
        arrays.push((name, array));
    }
    // The other way round, so that each way is read and written.
    if compressed {
        savez(to, &arrays)?
    } else {
        savez_compressed(to, &arrays)?
    };
    Ok(())
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [door, from, to] = args.as_slice() else {
        return Err(Error::value("npy_tool", "give a door (load, map, cow, lazy, get), an input and an output"));
    };
    match door.as_str() {
        _ if from.ends_with(".npz") => return copy_archive(door, from, to),
        "load" => save(to, load(from)?)?,
        "map" => save(to, memmap(from, MapMode::ReadOnly)?)?,
        "cow" => save(to, memmap(from, MapMode::CopyOnWrite)?)?,
        _ => save(to, open_npy(from)?)?,
    };
    Ok(())
}
