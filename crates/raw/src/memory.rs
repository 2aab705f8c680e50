//! An allocator for programs that must not leave half-written files behind when memory ends.
//!
//! Rust's own answer to a refused allocation is to abort, which no destructor survives. This one
//! calls a function first. [`crate::Buffer`] does not come through here: it asks the system
//! itself and reports a refusal as an error.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;

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
