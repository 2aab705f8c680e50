//! The block interpreter: a program over short blocks that stay in the first cache.

use opusclip_raw::kernel::past::fill;
use opusclip_raw::{DType, Isa};

use super::watched::Watcher;
use crate::array::{Array, Few, Scalar, Strided};
use crate::error::{Error, Result};
use crate::exec::scratch::{Lease, Shelf};
use crate::ops;
use crate::ops::lanes::{Block, Lanes, LanesMut};
use crate::plan::{Program, Value};
use crate::threads;

/// Bytes of one register: short blocks let the core overlap the next op's loads with the last
/// one's arithmetic, and all registers of a program stay in the first cache.
const REGISTER: usize = 2048;

/// Elements of one block. Narrow types have twice the bytes, or going from op to op would cost as
/// much as the ops.
fn block_of(program: &Program) -> usize {
    match program.widest() {
        widest @ ..=2 => 2 * REGISTER / widest.max(1),
        widest => REGISTER / widest,
    }
}

/// Blocks between two looks at whether the run was cancelled.
pub(super) const BLOCKS: usize = 64;

/// Bytes of results that are worth a thread of their own.
pub(super) const BAND: usize = 128 << 10;

/// Where an operand's elements come from.
enum Operand<'a> {
    /// They lie in C order; blocks are read in place.
    Dense(Lanes<'a>),
    /// They are gathered for each block.
    Scattered(Strided<'a>, usize),
    /// One value for all; its register was filled once.
    Splat(usize),
    /// It lies where the results go: each block is taken to its register before it is written over.
    Under(usize),
}

impl Default for Operand<'_> {
    fn default() -> Self {
        Operand::Splat(0)
    }
}

/// The registers of a program, laid out and its constants filled; used again for other inputs.
#[derive(Debug, Default)]
pub(super) struct Registers {
    laid_out: bool,
    /// Results first, then constants, then operands that do not lie in C order.
    all: Vec<Block>,
    /// Register of each instruction's result.
    results: Vec<usize>,
    /// Register of each constant argument, by instruction and argument.
    constants: Vec<[usize; 3]>,
    /// Register of a program that is only a constant.
    constant: Option<usize>,
    /// Register of each operand that ever needed one.
    operands: Vec<Option<usize>>,
}

impl Registers {
    fn lay_out(&mut self, program: &Program, block: usize) {
        if std::mem::replace(&mut self.laid_out, true) {
            return;
        }
        // A register is free again after its last reader.
        let mut last_use = vec![0usize; program.instructions.len()];
        for (i, ins) in program.instructions.iter().enumerate() {
            for a in &ins.args {
                if let Value::Result(n) = a {
                    last_use[*n] = i;
                }
            }
        }
        if let Value::Result(n) = program.result {
            last_use[n] = usize::MAX;
        }
        let mut free: Vec<usize> = Vec::new();
        for (i, ins) in program.instructions.iter().enumerate() {
            let fits = |r: &usize| self.all[*r].lanes().dtype() == ins.dtype;
            let register = match free.iter().position(fits) {
                Some(at) => free.swap_remove(at),
                None => {
                    // Rows a multiple of 4 KiB apart share cache sets; the odd length keeps them off it.
                    self.all.push(Block::new(ins.dtype, block + 64 / ins.dtype.size()));
                    self.all.len() - 1
                }
            };
            self.results.push(register);
            for (last, result) in last_use.iter().zip(&self.results).take(i) {
                if *last == i && !free.contains(result) {
                    free.push(*result);
                }
            }
        }
        let mut constant = |v: &Value| match v {
            Value::Constant(s) => {
                self.all.push(Block::splat(*s, block));
                self.all.len() - 1
            }
            _ => usize::MAX,
        };
        for ins in &program.instructions {
            let mut places = [usize::MAX; 3];
            for (place, arg) in places.iter_mut().zip(&ins.args) {
                *place = constant(arg);
            }
            self.constants.push(places);
        }
        self.constant = matches!(program.result, Value::Constant(_)).then(|| constant(&program.result));
        self.operands = vec![None; program.operands.len()];
    }

    /// The register of operand `k`.
    fn of_operand(&mut self, k: usize, dtype: DType, block: usize) -> usize {
        if let Some(Some(at)) = self.operands.get(k) {
            return *at;
        }
        self.all.push(Block::new(dtype, block));
        let at = self.all.len() - 1;
        if let Some(slot) = self.operands.get_mut(k) {
            *slot = Some(at);
        }
        at
    }
}

/// A program made ready for some inputs.
pub(super) struct Machine<'a> {
    isa: Isa,
    program: &'a Program,
    operands: Few<Operand<'a>, 6>,
    registers: Lease<'a, Registers>,
    /// Elements of one block.
    pub(super) block: usize,
    /// Looks at each result.
    pub(super) watcher: Option<Watcher<'a>>,
}

impl<'a> Machine<'a> {
    /// `views` are the inputs broadcast to the program's shape, all axes in one order; `shelf` has
    /// registers of the same program. The input `under`, if there is
    /// one, lies where the results go, and has no view of its own.
    pub(super) fn new(
        isa: Isa,
        program: &'a Program,
        views: impl Iterator<Item = Strided<'a>>,
        shelf: &'a Shelf<Registers>,
        under: Option<usize>,
    ) -> Result<Machine<'a>> {
        let block = block_of(program);
        let mut registers = shelf.take();
        registers.lay_out(program, block);
        let mut operands = Few::new();
        for (k, view) in views.enumerate() {
            if under == Some(k) {
                let dtype = program.operands.get(k).copied().unwrap_or(program.dtype);
                operands.push(Operand::Under(registers.of_operand(k, dtype, block)));
                continue;
            }
            let view = view.collapsed();
            operands.push(if view.is_splat() {
                let mut value = [0u8; 16];
                let value = value.get_mut(..view.dtype.size()).unwrap_or_default();
                view.gather(0, value);
                let value = Scalar::from_bytes(view.dtype, value);
                let at = registers.of_operand(k, view.dtype, block);
                registers.all[at].fill(value);
                Operand::Splat(at)
            } else if let Some(bytes) = view.contiguous() {
                Operand::Dense(Lanes::of(view.dtype, bytes).ok_or_else(|| Error::internal("a buffer is not aligned"))?)
            } else {
                let at = registers.of_operand(k, view.dtype, block);
                Operand::Scattered(view, at)
            });
        }
        Ok(Machine { isa, program, operands, registers, block, watcher: None })
    }

    /// All elements, where the program only hands on an operand that lies in C order.
    pub(super) fn in_place(&self) -> Option<Lanes<'_>> {
        match (self.program.result, self.program.instructions.is_empty()) {
            (Value::Operand(k), true) => match self.operands.get(k)? {
                Operand::Dense(lanes) => Some(*lanes),
                _ => None,
            },
            _ => None,
        }
    }

    /// Takes the block that lies where the results go.
    fn save(&mut self, block: &[u8], n: usize) {
        for operand in &self.operands {
            if let Operand::Under(register) = operand {
                self.registers.all[*register].with_bytes(n, |bytes| bytes.copy_from_slice(block));
            }
        }
    }

    /// Elements `start…` of the program's C order, `out.len()` of them (at most a block).
    pub(super) fn run(&mut self, start: usize, n: usize, mut out: LanesMut<'_>) {
        let Registers { all, results, constants, constant, .. } = &mut *self.registers;
        for operand in &self.operands {
            if let Operand::Scattered(view, register) = operand {
                gather(view, start, n, &mut all[*register]);
            }
        }
        let operands = &self.operands;
        let last = self.program.instructions.len();
        for (i, ins) in self.program.instructions.iter().enumerate() {
            let direct = i + 1 == last && self.program.result == Value::Result(i);
            let register = results[i];
            // The result register leaves its place while its inputs are read. No input shares it:
            // a register is given away only after its last reader.
            let mut result = (!direct).then(|| std::mem::take(&mut all[register]));
            let mut args = [Lanes::U8(&[]); 3];
            for ((slot, v), constant) in args.iter_mut().zip(&ins.args).zip(&constants[i]) {
                *slot = match v {
                    Value::Operand(k) => operand(operands, all, *k, start, n),
                    Value::Result(k) => all[results[*k]].lanes().head(n),
                    Value::Constant(_) => all[*constant].lanes().head(n),
                };
            }
            let args = &args[..ins.args.len().min(3)];
            match &mut result {
                Some(r) => {
                    ops::eval(ins.op, self.isa, args, r.head_mut(n));
                    if let Some(w) = &self.watcher {
                        w.look(ins.op, args, r.lanes().head(n), start);
                    }
                }
                None => {
                    // The last op writes straight into the output.
                    match &self.watcher {
                        None => ops::eval(ins.op, self.isa, args, out),
                        Some(w) => w.eval(ins.op, self.isa, args, out, start),
                    }
                    return;
                }
            }
            if let Some(r) = result {
                all[register] = r;
            }
        }
        let from = match self.program.result {
            Value::Operand(k) => operand(operands, all, k, start, n),
            Value::Result(k) => all[results[k]].lanes().head(n),
            Value::Constant(_) => match *constant {
                Some(r) => all[r].lanes().head(n),
                None => return,
            },
        };
        out.copy_from(from);
    }
}

fn operand<'r>(operands: &'r [Operand<'_>], all: &'r [Block], k: usize, start: usize, n: usize) -> Lanes<'r> {
    match operands[k] {
        Operand::Dense(lanes) => lanes.part(start, n),
        Operand::Scattered(_, r) | Operand::Splat(r) | Operand::Under(r) => all[r].lanes().head(n),
    }
}

fn gather(view: &Strided<'_>, start: usize, n: usize, register: &mut Block) {
    register.with_bytes(n, |bytes| view.gather(start, bytes));
}

/// Inputs as views of `shape`.
pub(super) fn views<'a>(inputs: &'a [Array], shape: &'a [usize]) -> impl Iterator<Item = Strided<'a>> {
    inputs.iter().map(move |a| a.strided_as(shape))
}

/// Where results go.
pub(super) struct Out<'o> {
    pub(super) bytes: &'o mut [u8],
    /// They are stored past the caches.
    pub(super) past: bool,
    /// The input whose elements lie there, as wide as the results: each is read before it is written over,
    /// and no other element needs it.
    pub(super) under: Option<usize>,
}

impl<'o> From<&'o mut [u8]> for Out<'o> {
    fn from(bytes: &'o mut [u8]) -> Self {
        Out { bytes, past: false, under: None }
    }
}

/// Runs a program over `shape` and writes the result in C order.
pub(super) fn run(
    isa: Isa,
    program: &Program,
    inputs: &[Array],
    shape: &[usize],
    out: Out<'_>,
    shelf: &Shelf<Registers>,
    watcher: Option<Watcher<'_>>,
) -> Result<()> {
    let Out { bytes: out, past, under } = out;
    let item = program.dtype.size();
    // Every band begins with a whole block.
    let step = (block_of(program) * item).max(1);
    let band = out.len().div_ceil(threads::sharing()).max(BAND).next_multiple_of(step);
    let machine = || {
        let mut machine = Machine::new(isa, program, views(inputs, shape), shelf, under)?;
        machine.watcher.clone_from(&watcher);
        Ok(machine)
    };
    threads::share(true, out.chunks_mut(band).enumerate(), machine, |machine: &mut Machine<'_>, (n, out)| {
        // Bytes `at…` of the band.
        let mut block = |at: usize, out: &mut [u8]| {
            if (at / step).is_multiple_of(BLOCKS) {
                threads::go_on()?;
            }
            let (start, n) = ((n * band + at) / item.max(1), out.len() / item.max(1));
            machine.save(out, n);
            let lanes = LanesMut::of(program.dtype, out).ok_or_else(|| Error::internal("an output is not aligned"))?;
            machine.run(start, n, lanes);
            Ok(())
        };
        if past {
            let mut done = Ok(());
            let mut scratch = Block::new(program.dtype, block_of(program));
            scratch.with_bytes(block_of(program), |scratch| done = fill(isa, out, scratch, block));
            return done;
        }
        out.chunks_mut(step).enumerate().try_for_each(|(i, out)| block(i * step, out))
    })
}
