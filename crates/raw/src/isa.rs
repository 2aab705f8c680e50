//! Which instruction set the loops are compiled for, chosen while the program runs.

use std::sync::OnceLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx512Vbmi,
}

/// An instruction set that this CPU has. A value other than [`Isa::BASELINE`] can only be had
/// from a check of the CPU: that is what makes calls of the loops compiled for it sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isa(Level);

/// A loop to be compiled once per level: `go` must be `#[inline(always)]`.
pub(crate) trait Stamp {
    type Out;
    fn go(self) -> Self::Out;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn stamp_avx2<S: Stamp>(s: S) -> S::Out {
    s.go()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512cd")]
fn stamp_avx512<S: Stamp>(s: S) -> S::Out {
    s.go()
}

/// Asks the processor for the cache line of a place that will be read soon; a wish, no more.
#[inline(always)]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has it, and it reads nothing that the program can see.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

#[cfg(target_arch = "x86_64")]
fn cpu_has(level: Level) -> bool {
    use std::arch::is_x86_feature_detected as has;
    match level {
        Level::Baseline => true,
        // Nothing fuses products and sums that does not say `mul_add`.
        Level::Avx2 => has!("avx2") && has!("fma"),
        Level::Avx512 => {
            cpu_has(Level::Avx2)
                && has!("avx512f")
                && has!("avx512bw")
                && has!("avx512dq")
                && has!("avx512vl")
                && has!("avx512cd")
        }
        Level::Avx512Vbmi => cpu_has(Level::Avx512) && has!("avx512vbmi"),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_has(_: Level) -> bool {
    true
}

impl Isa {
    /// What every CPU of this architecture has.
    pub const BASELINE: Isa = Isa(Level::Baseline);

    #[cfg(target_arch = "x86_64")]
    const LEVELS: &[Level] = &[Level::Baseline, Level::Avx2, Level::Avx512, Level::Avx512Vbmi];
    #[cfg(not(target_arch = "x86_64"))]
    const LEVELS: &[Level] = &[Level::Baseline];

    /// Every level that this CPU has, lowest first.
    pub fn available() -> Vec<Isa> {
        Isa::LEVELS.iter().filter(|&&l| cpu_has(l)).map(|&l| Isa(l)).collect()
    }

    /// The best level that this CPU has.
    pub fn detect() -> Isa {
        Isa::available().into_iter().max().unwrap_or(Isa::BASELINE)
    }

    /// The level to use: the best one, or lower if the environment variable `OPUSCLIP_ISA`
    /// (`baseline`, `avx2`, `avx512`, `avx512vbmi`) says so. Read once; unknown values mean best.
    pub fn active() -> Isa {
        static ACTIVE: OnceLock<Isa> = OnceLock::new();
        *ACTIVE.get_or_init(|| {
            let asked = std::env::var("OPUSCLIP_ISA").unwrap_or_default();
            let cap = Isa::LEVELS.iter().find(|&&l| level_name(l) == asked);
            match cap {
                Some(&cap) => Isa::available().into_iter().filter(|i| i.0 <= cap).max().unwrap_or(Isa::BASELINE),
                None => Isa::detect(),
            }
        })
    }

    /// The name that [`Isa::parse`] and `OPUSCLIP_ISA` read.
    pub fn name(self) -> &'static str {
        level_name(self.0)
    }

    /// Reads a name; None if it is unknown or this CPU lacks the level.
    pub fn parse(name: &str) -> Option<Isa> {
        Isa::available().into_iter().find(|i| i.name() == name)
    }

    /// True if 256-entry byte tables fit in registers (AVX-512 VBMI).
    pub fn has_vbmi(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 >= Level::Avx512Vbmi;
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// True if there are 32 vector registers of 64 bytes (AVX-512).
    pub fn has_avx512(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 >= Level::Avx512;
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// True if 32-byte vectors of integers are there (AVX2), and fused products and sums.
    pub fn has_avx2(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 >= Level::Avx2;
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Runs a loop as compiled for this level.
    #[inline]
    pub(crate) fn stamp<S: Stamp>(self, s: S) -> S::Out {
        match self.0 {
            Level::Baseline => s.go(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an Isa of this level exists only if the CPU has it.
            Level::Avx2 => unsafe { stamp_avx2(s) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above. VBMI adds nothing that the compiler would use by itself.
            Level::Avx512 | Level::Avx512Vbmi => unsafe { stamp_avx512(s) },
        }
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Baseline => "baseline",
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => "avx2",
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => "avx512",
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Vbmi => "avx512vbmi",
    }
}
