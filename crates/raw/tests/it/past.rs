//! Stores past the caches write what plain ones do.

use opusclip_raw::Isa;
use opusclip_raw::kernel::past::fill;

#[test]
fn every_byte_is_written_once_wherever_it_lies() {
    for isa in Isa::available() {
        for len in [0, 1, 15, 63, 64, 65, 127, 128, 200, 1000, 5000] {
            for begin in [0, 1, 8, 16, 63] {
                for step in [1, 16, 64, 100, 2048] {
                    let mut memory = vec![7u8; begin + len + 3];
                    let (mut next, mut scratch) = (0, vec![0u8; step]);
                    fill(isa, &mut memory[begin..begin + len], &mut scratch, |at, piece| {
                        assert_eq!((at, piece.len()), (next, step.min(len - at)));
                        next += piece.len();
                        piece.iter_mut().enumerate().for_each(|(i, b)| *b = ((at + i) * 31 + 11) as u8);
                        Ok::<(), ()>(())
                    })
                    .unwrap();
                    assert_eq!(next, len);
                    let wanted = |i: usize| ((i - begin) * 31 + 11) as u8;
                    for (i, &b) in memory.iter().enumerate() {
                        let inside = (begin..begin + len).contains(&i);
                        assert_eq!(b, if inside { wanted(i) } else { 7 }, "{i} of {len} from {begin} by {step}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_error_ends_it() {
    let (mut out, mut scratch) = ([1u8; 300], [0u8; 100]);
    let made = |at: usize, piece: &mut [u8]| {
        piece.fill(2);
        if at == 100 { Err("no more") } else { Ok(()) }
    };
    assert_eq!(fill(Isa::active(), &mut out, &mut scratch, made), Err("no more"));
    assert_eq!((out[99], out[100]), (2, 1));
    assert_eq!(fill(Isa::active(), &mut out, &mut [], |_, _| Err("not asked")), Ok(()));
}
