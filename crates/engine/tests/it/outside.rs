//! Arrays over memory from outside: nothing lies outside of it, and bools are bools.

use std::fs::File;
use std::io::Write;

use opusclip_engine::array::{Scalar, f_strides};
use opusclip_engine::{Array, DType, Lazy};
use opusclip_raw::{Buffer, MapMode, Mapped};

fn buffer(n: u8) -> Buffer {
    Buffer::from_slice(&(0..n).collect::<Vec<u8>>()).unwrap()
}

fn map(bytes: &[u8], offset: u64, mode: MapMode) -> Mapped {
    let path = std::env::temp_dir().join(format!(
        "opusclip-engine-{}-{:?}-{}",
        std::process::id(),
        std::thread::current().id(),
        bytes.len()
    ));
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(bytes).unwrap();
    Mapped::new(&file, offset, bytes.len() - offset as usize, mode).unwrap()
}

#[test]
fn strides_stay_inside() {
    assert_eq!(f_strides(&[2, 3, 4]), [1, 2, 6]);
    assert_eq!(f_strides(&[usize::MAX, usize::MAX, 3])[0], 1);
    let x = Array::from_buffer_strided(buffer(6), DType::U8, &[2, 3], &f_strides(&[2, 3])).unwrap();
    assert_eq!(x.to_vec::<u8>().unwrap(), [0, 2, 4, 1, 3, 5]);
    assert_eq!((Lazy::from(x) + 1).collect().unwrap().to_vec::<u8>().unwrap(), [1, 3, 5, 2, 4, 6]);
    let repeated = Array::from_buffer_strided(buffer(2), DType::U8, &[2, 1 << 33], &[1, 0]).unwrap();
    assert_eq!(repeated.get_f64(&[1, (1 << 33) - 1]).unwrap(), 1.0);
    for (shape, strides) in [
        (&[2, 3][..], &[3, 2][..]),
        (&[7], &[1]),
        (&[2], &[6]),
        (&[2], &[-1]),
        (&[2], &[isize::MAX]),
        (&[2, 3], &[1]),
        (&[], &[1]),
        (&[usize::MAX], &[0]),
        (&[1 << 40, 1 << 40], &[0, 0]),
        (&[3, 3, 3], &[isize::MAX, isize::MAX, isize::MAX]),
    ] {
        let e = Array::from_buffer_strided(buffer(6), DType::U8, shape, strides).unwrap_err().to_string();
        assert!(e.starts_with("array: ") && !e.contains('\n'), "{e}");
    }
    // Without elements there is nothing to leave.
    let none = Array::from_buffer_strided(buffer(0), DType::F64, &[0, 9], &[500, 70]).unwrap();
    assert_eq!((none.size(), none.to_vec::<f64>().unwrap().len()), (0, 0));
    let one = Array::from_buffer_strided(buffer(8), DType::U64, &[], &[]).unwrap();
    assert_eq!(one.get(&[]).unwrap(), Scalar::from_i128(DType::U64, 0x0706_0504_0302_0100));
    assert!(Array::from_buffer_strided(buffer(7), DType::U64, &[], &[]).is_err());
}

#[test]
fn maps_are_checked() {
    let bytes: Vec<u8> = (0..32).collect();
    for mode in [MapMode::ReadOnly, MapMode::CopyOnWrite] {
        let x = Array::from_mapped(map(&bytes, 4, mode), DType::U32, &[7], &[1]).unwrap();
        assert_eq!(x.get(&[1]).unwrap(), Scalar::from_i128(DType::U32, 0x0b0a_0908));
        assert_eq!(x.to_vec::<u32>().unwrap().len(), 7);
        let e = Array::from_mapped(map(&bytes, 2, mode), DType::U32, &[2], &[1]).unwrap_err().to_string();
        assert_eq!(e, "map: the bytes do not begin at a multiple of 4; copy them");
        assert!(Array::from_mapped(map(&bytes, 4, mode), DType::U32, &[8], &[1]).is_err());
        let odd = Array::from_mapped(map(&[0, 1, 2, 0, 9], 0, mode), DType::Bool, &[5], &[1]);
        match mode {
            MapMode::ReadOnly => {
                let e = odd.unwrap_err().to_string();
                assert_eq!(e, "map: the bools have bytes other than 0 and 1; copy them");
            }
            MapMode::CopyOnWrite => {
                assert_eq!(odd.unwrap().to_vec::<bool>().unwrap(), [false, true, true, false, true]);
            }
        }
    }
    let bools = Array::from_buffer_strided(buffer(3), DType::Bool, &[3], &[1]).unwrap();
    assert_eq!(bools.to_vec::<bool>().unwrap(), [false, true, true]);
}

#[test]
fn one_element() {
    let mut x = Array::from_buffer_strided(buffer(6), DType::U8, &[2, 3], &[1, 2]).unwrap();
    let nine = Scalar::from_i128(DType::U8, 9);
    x.set(&[1, 2], nine).unwrap();
    assert_eq!(x.to_vec::<u8>().unwrap(), [0, 2, 4, 1, 3, 9]);
    let shared = x.clone();
    assert!(!x.is_writable() && x.set(&[0, 0], nine).is_err());
    drop(shared);
    assert!(x.is_writable());
    let mut repeated = Array::from_buffer_strided(buffer(2), DType::U8, &[2, 2], &[1, 0]).unwrap();
    let e = repeated.set(&[0, 0], nine).unwrap_err().to_string();
    assert_eq!(e, "set: the array repeats elements by broadcasting; copy it first");
}
