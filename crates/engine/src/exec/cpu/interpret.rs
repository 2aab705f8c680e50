//! The block interpreter: a program over short blocks that stay in the first cache.

use opusclip_raw::Isa;
use opusclip_raw::kernel::past::fill;

use super::watched::Watcher;
use crate::array::{Array, Strided};
use crate::error::{Error, Result};
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
}

/// A program made ready for some inputs: registers laid out, constants filled.
pub(super) struct Machine<'a> {
    isa: Isa,
    program: &'a Program,
    operands: Vec<Operand<'a>>,
    /// Registers: results first, then gathered operands, splats and constants.
    registers: Vec<Block>,
    /// Register of each instruction's result.
    results: Vec<usize>,
    /// Register of each constant argument, by instruction and argument.
    constants: Vec<Vec<usize>>,
    /// Register of a program that is only a constant.
    result_constant: Option<usize>,
    /// Elements of one block.
    pub(super) block: usize,
    /// Looks at each result.
    pub(super) watcher: Option<Watcher<'a>>,
}

impl<'a> Machine<'a> {
    /// `views` are the inputs broadcast to the program's shape, all axes in one order.
    pub(super) fn new(isa: Isa, program: &'a Program, views: Vec<Strided<'a>>) -> Result<Machine<'a>> {
        let block = block_of(program);
        let mut registers: Vec<Block> = Vec::new();
        let mut results = Vec::with_capacity(program.instructions.len());
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
            let fits = |r: &usize| registers[*r].lanes().dtype() == ins.dtype;
            let register = match free.iter().position(fits) {
                Some(at) => free.swap_remove(at),
                None => {
                    // Rows a multiple of 4 KiB apart share cache sets; the odd length keeps them off it.
                    registers.push(Block::new(ins.dtype, block + 64 / ins.dtype.size()));
                    registers.len() - 1
                }
            };
            results.push(register);
            for n in 0..i {
                if last_use[n] == i && !free.contains(&results[n]) {
                    free.push(results[n]);
                }
            }
        }
        let mut operands = Vec::with_capacity(views.len());
        for view in views {
            let view = view.collapsed();
            operands.push(if view.is_splat() {
                let mut value = vec![0u8; view.dtype.size()];
                view.gather(0, &mut value);
                let value = crate::array::Scalar::from_bytes(view.dtype, &value);
                registers.push(Block::splat(value, block));
                let at = registers.len() - 1;
                Operand::Splat(at)
            } else if let Some(bytes) = view.contiguous() {
                Operand::Dense(Lanes::of(view.dtype, bytes).ok_or_else(|| Error::internal("a buffer is not aligned"))?)
            } else {
                registers.push(Block::new(view.dtype, block));
                let at = registers.len() - 1;
                Operand::Scattered(view, at)
            });
        }
        let mut constant = |v: &Value| match v {
            Value::Constant(s) => {
                registers.push(Block::splat(*s, block));
                registers.len() - 1
            }
            _ => usize::MAX,
        };
        let constants = program.instructions.iter().map(|i| i.args.iter().map(&mut constant).collect()).collect();
        let result_constant = matches!(program.result, Value::Constant(_)).then(|| constant(&program.result));
        Ok(Machine { isa, program, operands, registers, results, constants, result_constant, block, watcher: None })
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

    /// Elements `start…` of the program's C order, `out.len()` of them (at most a block).
    pub(super) fn run(&mut self, start: usize, n: usize, mut out: LanesMut<'_>) {
        for operand in &self.operands {
            if let Operand::Scattered(view, register) = operand {
                gather(view, start, n, &mut self.registers[*register]);
            }
        }
        let last = self.program.instructions.len();
        for (i, ins) in self.program.instructions.iter().enumerate() {
            let direct = i + 1 == last && self.program.result == Value::Result(i);
            let register = self.results[i];
            // The result register leaves its place while its inputs are read. No input shares it:
            // a register is given away only after its last reader.
            let mut result = (!direct).then(|| std::mem::replace(&mut self.registers[register], Block::U8(Vec::new())));
            let mut args = [Lanes::U8(&[]); 3];
            for ((slot, v), constant) in args.iter_mut().zip(&ins.args).zip(&self.constants[i]) {
                *slot = match v {
                    Value::Operand(k) => self.operand(*k, start, n),
                    Value::Result(k) => self.registers[self.results[*k]].lanes().head(n),
                    Value::Constant(_) => self.registers[*constant].lanes().head(n),
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
                self.registers[register] = r;
            }
        }
        let from = match self.program.result {
            Value::Operand(k) => self.operand(k, start, n),
            Value::Result(k) => self.registers[self.results[k]].lanes().head(n),
            Value::Constant(_) => match self.result_constant {
                Some(r) => self.registers[r].lanes().head(n),
                None => return,
            },
        };
        out.copy_from(from);
    }

    fn operand(&self, k: usize, start: usize, n: usize) -> Lanes<'_> {
        match &self.operands[k] {
            Operand::Dense(lanes) => lanes.part(start, n),
            Operand::Scattered(_, r) | Operand::Splat(r) => self.registers[*r].lanes().head(n),
        }
    }
}

fn gather(view: &Strided<'_>, start: usize, n: usize, register: &mut Block) {
    register.with_bytes(n, |bytes| view.gather(start, bytes));
}

/// Inputs as views of `shape`.
pub(super) fn views<'a>(inputs: &'a [Array], shape: &[usize]) -> Vec<Strided<'a>> {
    inputs.iter().map(|a| a.strided_as(shape)).collect()
}

/// Runs a program over `shape` and writes the result in C order, past the caches if `out` says so.
pub(super) fn run(
    isa: Isa,
    program: &Program,
    inputs: &[Array],
    shape: &[usize],
    (out, past): (&mut [u8], bool),
    watcher: Option<Watcher<'_>>,
) -> Result<()> {
    let item = program.dtype.size();
    // Every band begins with a whole block.
    let step = (block_of(program) * item).max(1);
    let band = out.len().div_ceil(threads::sharing()).max(BAND).next_multiple_of(step);
    let bands: Vec<(usize, &mut [u8])> = out.chunks_mut(band).enumerate().collect();
    let machine = || {
        let mut machine = Machine::new(isa, program, views(inputs, shape))?;
        machine.watcher.clone_from(&watcher);
        Ok(machine)
    };
    threads::share(true, bands, machine, |machine: &mut Machine<'_>, (n, out)| {
        // Bytes `at…` of the band.
        let mut block = |at: usize, out: &mut [u8]| {
            let (start, n) = ((n * band + at) / item.max(1), out.len() / item.max(1));
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
