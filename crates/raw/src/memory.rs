//! An allocator for programs that must not leave half-written files behind when memory ends.
//!
//! Rust's own answer to a refused allocation is to abort, which no destructor survives. This one
//! calls a function first. [`crate::Buffer`] does not come through here: it asks the system
//! itself and reports a refusal as an error.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The system's allocator, with a last word: see [`on_refusal`]. Put it into a program with
/// `#[global_allocator]`.
#[derive(Debug, Default)]
pub struct LastWord;

static HOOK: OnceLock<fn(usize)> = OnceLock::new();

/// What to do when the system refuses `bytes` of memory, before Rust aborts. The function must
/// not need memory itself; it may end the process. The first one given stays.
pub fn on_refusal(hook: fn(usize)) {
    let _ = HOOK.set(hook);
}

fn told(p: *mut u8, bytes: usize) -> *mut u8 {
    if p.is_null()
        && let Some(hook) = HOOK.get()
    {
        hook(bytes);
    }
    p
}

// SAFETY: every call is handed to the system's allocator as it came, and its answer handed back;
// the hook neither allocates through here by contract nor touches the answer.
unsafe impl GlobalAlloc for LastWord {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps GlobalAlloc's contract, which is System's too.
        told(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        told(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        told(unsafe { System.realloc(p, layout, size) }, size)
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(p, layout) }
    }
}

/// The system's allocator, counting: for tests of what allocates nothing. Put it into a test with
/// `#[global_allocator]`.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static EXCEPTED: Cell<u32> = const { Cell::new(0) };
}

impl Counting {
    /// Blocks of memory that were asked for so far, on all threads, made longer ones included.
    pub fn allocations() -> u64 {
        ALLOCATIONS.load(Ordering::Relaxed)
    }

    /// What `f` asks for on this thread is not counted.
    pub fn excepted<T>(f: impl FnOnce() -> T) -> T {
        EXCEPTED.set(EXCEPTED.get() + 1);
        let out = f();
        EXCEPTED.set(EXCEPTED.get() - 1);
        out
    }
}

/// Counts one; [`crate::Buffer`] asks the system itself and says so here, in debug builds.
pub(crate) fn count() {
    if EXCEPTED.try_with(Cell::get).unwrap_or(0) == 0 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call is handed to the system's allocator as it came, and its answer handed back;
// counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps GlobalAlloc's contract, which is System's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(p, layout, size) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(p, layout) }
    }
}
