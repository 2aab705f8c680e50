//! The same answer with less work: an ordered list of functions from plan to plan.

mod count;
mod fold;
mod fuse;
mod histogram;
mod layout;
mod narrow;
mod pushdown;
mod readings;
mod simplify;
mod tabulate;

use crate::error::Result;
use crate::plan::{Plan, verify};

/// One pass.
pub struct Pass {
    /// Its name in traces and snapshots.
    pub name: &'static str,
    /// Whether each element is still computed once where it was, so that trouble with it is met
    /// (see [`mod@crate::errstate`]). Passes that do not are left out of watched runs.
    pub keeps_trouble: bool,
    /// Plan to plan; keeps shape, type and value of every output.
    pub run: fn(&Plan) -> Result<Plan>,
}

/// In this order:
/// `fold` first, so that the others see constants as constants;
/// `simplify` next, before fusing hides single ops inside programs;
/// `pushdown` then, while every op is still a node of its own that a slice can pass, and `layout`
/// for permutations, which slices have passed by then, and `narrow` for the casts of integers;
/// `fuse` makes the programs; `histogram` takes from counts what it can, before `count` and `tabulate`
/// only choose how the remaining programs run, `count` first because a reduction that is counted needs
/// no table of its own;
/// `readings` last, because what it doubles nothing must make one again.
pub const PASSES: &[Pass] = &[
    Pass { name: "fold", keeps_trouble: false, run: fold::run },
    Pass { name: "simplify", keeps_trouble: true, run: simplify::run },
    Pass { name: "pushdown", keeps_trouble: true, run: pushdown::run },
    Pass { name: "layout", keeps_trouble: false, run: layout::run },
    Pass { name: "narrow", keeps_trouble: false, run: narrow::run },
    Pass { name: "fuse", keeps_trouble: true, run: fuse::run },
    Pass { name: "histogram", keeps_trouble: false, run: histogram::run },
    Pass { name: "count", keeps_trouble: false, run: count::run },
    Pass { name: "tabulate", keeps_trouble: false, run: tabulate::run },
    Pass { name: "readings", keeps_trouble: true, run: readings::run },
];

/// All passes over a plan.
pub fn optimise(plan: Plan) -> Result<Plan> {
    optimise_for(plan, false)
}

/// The passes over a plan whose arithmetic is watched, or not.
pub fn optimise_for(plan: Plan, watched: bool) -> Result<Plan> {
    PASSES.iter().filter(|p| p.keeps_trouble || !watched).try_fold(plan, |plan, pass| {
        let better = (pass.run)(&plan)?;
        if cfg!(debug_assertions) {
            verify(&better)?;
        }
        Ok(better)
    })
}
