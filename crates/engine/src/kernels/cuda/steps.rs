//! The kernels of `steps.cu`, launched.
//!
//! Owns what each is given and how many threads compute it, and that its arguments fit: every launch
//! says why it is sound.

use candle_core::cuda_backend::cudarc::driver::{CudaFunction, LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::{CudaDevice, WrapErr};
use candle_core::{DType, Device, Result, Tensor, bail};

use super::product::MOST_ROWS;
use super::room::{Form, Output, Room, address, address_if_any, floats};
use super::table::Table;
use crate::kernels::attention::Heads;
use crate::kernels::rope::Pairs;
use crate::kernels::vector::Activation;

const PTX: &str = include_str!(concat!(env!("OUT_DIR"), "/steps.ptx"));

/// Threads of a block of threads that shares a row.
const THREADS: u32 = 256;
/// Threads that a block of threads can have.
const MOST_THREADS: usize = 1024;
/// Threads of a warp.
const WARP: usize = 32;
/// Warps of a block of threads that attends: `WARPS` of `steps.cu`.
const WARPS: usize = THREADS as usize / WARP;
/// Most pairs of elements of a head that a thread holds.
const MOST_PAIRS: usize = 8;
/// Elements of keys in a vector of 16 bytes.
const EIGHT: usize = 8;
/// Elements of rows in a vector of 16 bytes.
const FOUR: usize = 4;
/// Most query heads there are kernels for.
const MOST_HEADS: usize = 1 << 10;
/// Positions that a block of threads attends to together: a thread for each.
pub const TILE: usize = THREADS as usize;

/// The steps' kernels, loaded.
pub struct Kernels {
    device: CudaDevice,
    add_norm: CudaFunction,
    turn_and_put: CudaFunction,
    /// With the pairs of elements that a thread of each holds at most.
    attend: [(usize, CudaFunction); 4],
    gate: CudaFunction,
    /// How many parts of a head of a row are done: zeros between passes, `[MOST_ROWS * MOST_HEADS]`.
    done: Tensor,
}

/// What attention adds to queries, keys and values: biases, and norms of heads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Additions<'a> {
    /// `[query heads * dim]`.
    pub query_bias: Option<&'a Tensor>,
    /// `[kv heads * dim]`.
    pub key_bias: Option<&'a Tensor>,
    /// `[kv heads * dim]`.
    pub value_bias: Option<&'a Tensor>,
    /// `[dim]`.
    pub query_norm: Option<&'a Tensor>,
    /// `[dim]`.
    pub key_norm: Option<&'a Tensor>,
}

/// Rotary tables, each `[positions, half]`.
#[derive(Debug, Clone, Copy)]
pub struct Turns<'a> {
    /// Cosines.
    pub cos: &'a Tensor,
    /// Sines.
    pub sin: &'a Tensor,
    /// Which elements are turned together.
    pub pairs: Pairs,
}

impl Kernels {
    /// Compiles the kernels for the device's kind of GPU.
    ///
    /// # Errors
    /// Where the driver refuses them.
    pub fn load(device: &CudaDevice) -> Result<Self> {
        let function = |name| {
            let function = device.get_or_load_custom_func(name, "text2sql steps", PTX)?;
            Ok::<_, candle_core::Error>(function.into_cuda_function())
        };
        Ok(Self {
            add_norm: function("add_norm")?,
            turn_and_put: function("turn_and_put")?,
            attend: [
                (1, function("attend_1")?),
                (2, function("attend_2")?),
                (4, function("attend_4")?),
                (MOST_PAIRS, function("attend_8")?),
            ],
            gate: function("gate")?,
            done: Tensor::zeros(MOST_HEADS * MOST_ROWS, DType::U32, &Device::Cuda(device.clone()))?,
            device: device.clone(),
        })
    }

    /// The stream `x`, `[rows, width]`, with a part added to it, whose own norm comes first where
    /// there is one; and the norm of the sum.
    ///
    /// # Errors
    /// Where shapes do not fit, or the device fails.
    pub fn add_norm(
        &self,
        x: &Tensor,
        part: Option<(&Tensor, Option<&Tensor>)>,
        norm: &Tensor,
        epsilon: f32,
        form: Form,
    ) -> Result<(Tensor, Output)> {
        let (rows, width) = x.dims2()?;
        let from = address::<f32>(x, rows * width)?;
        let weight = address::<f32>(norm, width)?;
        let (mut added, mut part_norm, mut sum) = (0, 0, (0, x.clone()));
        if let Some((part, of_part)) = part {
            added = address::<f32>(part, rows * width)?;
            part_norm = address_if_any(of_part, width)?;
            sum = floats(&self.device, (rows, width))?;
        }
        let out = Room::new(&self.device, rows, width, form)?;
        let fours = whole_fours(width)?;
        let (stream, row_blocks) = (self.device.cuda_stream(), out.row_blocks);
        let mut launch = stream.launch_builder(&self.add_norm);
        launch.arg(&from).arg(&added).arg(&part_norm).arg(&weight).arg(&sum.0);
        launch.arg(&out.floats).arg(&out.blocks).arg(&fours).arg(&row_blocks).arg(&epsilon);
        // SAFETY: the arguments are those of add_norm; every address is of an array of the length
        // that the kernel derives from the grid and `fours`, which `address` and `Room` looked at,
        // and begins at a vector, as every tensor does.
        unsafe { launch.launch(grid(rows, 1, 1, threads_for(fours as usize), 0)) }.w()?;
        Ok((sum.1, out.rows))
    }

    /// Adds biases, normalises heads and turns them; puts keys and values of `layer` where the table
    /// says, and returns the queries, `[rows, query heads * dim]`. `rows` are queries, keys, values.
    ///
    /// # Errors
    /// Where shapes do not fit, or the device fails.
    pub fn turn_and_put(
        &self,
        rows: [&Tensor; 3],
        additions: Additions<'_>,
        turns: Turns<'_>,
        (table, layer): (&Table, usize),
        (heads, epsilon): (Heads, f32),
    ) -> Result<Tensor> {
        let Heads { query, kv, dim } = heads;
        let (positions, half) = turns.cos.dims2()?;
        if positions < table.seen() || 2 * half > dim {
            bail!("the tables of positions do not fit");
        }
        let [queries, keys, values] = rows;
        let queries = address::<f32>(queries, table.rows() * query * dim)?;
        let keys = address::<f32>(keys, table.rows() * kv * dim)?;
        let values = address::<f32>(values, table.rows() * kv * dim)?;
        let query_bias = address_if_any(additions.query_bias, query * dim)?;
        let key_bias = address_if_any(additions.key_bias, kv * dim)?;
        let value_bias = address_if_any(additions.value_bias, kv * dim)?;
        let query_norm = address_if_any(additions.query_norm, dim)?;
        let key_norm = address_if_any(additions.key_norm, dim)?;
        let cos = address::<f32>(turns.cos, positions * half)?;
        let sin = address::<f32>(turns.sin, positions * half)?;
        let (turned, out) = floats(&self.device, (table.rows(), query * dim))?;
        let places = table.places(layer)?;
        let [query_heads, kv_heads, dims, halves] = [query, kv, dim, half].map(|n| n as i32);
        let neighbours = i32::from(turns.pairs == Pairs::Neighbours);
        let stream = self.device.cuda_stream();
        let mut launch = stream.launch_builder(&self.turn_and_put);
        launch.arg(&queries).arg(&keys).arg(&values);
        launch.arg(&query_bias).arg(&key_bias).arg(&value_bias).arg(&query_norm).arg(&key_norm);
        launch.arg(&cos).arg(&sin).arg(&turned).arg(&places);
        launch.arg(&query_heads).arg(&kv_heads).arg(&dims).arg(&halves);
        launch.arg(&neighbours).arg(&epsilon);
        let threads = threads_for(dim).min(THREADS);
        let shape = grid(query + 2 * kv, table.rows(), 1, threads, dim);
        // SAFETY: the arguments are those of turn_and_put; arrays have the lengths that it derives
        // from the grid, as `address` found; positions are within the tables, and within the room of
        // their sequences, as `Table::new` found.
        unsafe { launch.launch(shape) }.w()?;
        Ok(out)
    }

    /// Causal attention of the queries that [`Kernels::turn_and_put`] returned, over a layer of their
    /// sequences: `[rows, query heads * dim]`.
    ///
    /// # Errors
    /// Where shapes do not fit, or the device fails.
    pub fn attend(
        &self,
        queries: &Tensor,
        (table, layer): (&Table, usize),
        window: Option<usize>,
        heads: Heads,
        form: Form,
    ) -> Result<Output> {
        let Heads { query, kv, dim } = heads;
        let rows = table.rows();
        let pairs = dim.div_ceil(2 * WARP);
        let function = self.attend.iter().find(|(most, _)| pairs <= *most);
        let fits = dim.is_multiple_of(EIGHT) && query <= MOST_HEADS;
        let Some((_, function)) = function.filter(|_| fits) else {
            bail!("{query} heads of {dim} elements have no kernel");
        };
        let from = address::<f32>(queries, rows * query * dim)?;
        // Few rows are taken in parts, so that there is work for the whole GPU.
        let tiles = window.unwrap_or(table.reach()).min(table.reach()).div_ceil(TILE);
        // Which parts does not depend on how many rows there are: a row's result neither.
        let parts = if rows <= MOST_ROWS { tiles } else { 1 };
        let length = tiles.div_ceil(parts) * TILE;
        let places = table.places(layer)?;
        // Of one part nothing is kept; no memory cannot be asked for.
        let of_parts = if parts > 1 { rows * query * parts } else { 1 };
        let (mixed, _mixed) = floats(&self.device, (of_parts, dim))?;
        let (weights, _weights) = floats(&self.device, (of_parts, 2))?;
        let done = address::<u32>(&self.done, MOST_HEADS * MOST_ROWS)?;
        let out = Room::new(&self.device, rows, query * dim, form)?;
        let [query_heads, kv_heads, dims, part_length] = [query, kv, dim, length].map(|n| n as i32);
        let back = window.map_or(0, |window| window as i32);
        let scale = (1.0 / (dim as f64).sqrt()) as f32;
        let stream = self.device.cuda_stream();
        let mut launch = stream.launch_builder(function);
        launch.arg(&from).arg(&places).arg(&mixed).arg(&weights).arg(&done);
        launch.arg(&out.floats).arg(&out.blocks);
        launch.arg(&query_heads).arg(&kv_heads).arg(&dims).arg(&back).arg(&part_length);
        launch.arg(&out.row_blocks).arg(&scale);
        let shape = grid(query, rows, parts, THREADS, dim + WARPS * dim);
        // SAFETY: the arguments are those of attend. With more than one part there are at most
        // MOST_ROWS rows, whose heads `done` has room to count, and `mixed` and `weights` have room for
        // every part; keys and values are read up to a row's own position, which is in their room; a
        // head is whole vectors of 16 bytes, and its pairs fit those that the function's threads hold.
        unsafe { launch.launch(shape) }.w()?;
        Ok(out.rows)
    }

    /// The activation of `gates` times `ups`, both `[rows, width]`.
    ///
    /// # Errors
    /// Where shapes do not fit, or the device fails.
    pub fn gate(
        &self,
        gates: &Tensor,
        ups: &Tensor,
        activation: Activation,
        form: Form,
    ) -> Result<Output> {
        let (rows, width) = gates.dims2()?;
        let [gates, ups] =
            [address::<f32>(gates, rows * width)?, address::<f32>(ups, rows * width)?];
        let out = Room::new(&self.device, rows, width, form)?;
        let (fours, row_blocks) = (whole_fours(width)?, out.row_blocks);
        let gelu = i32::from(activation == Activation::GeluTanh);
        let stream = self.device.cuda_stream();
        let mut launch = stream.launch_builder(&self.gate);
        launch.arg(&gates).arg(&ups).arg(&out.floats).arg(&out.blocks);
        launch.arg(&fours).arg(&row_blocks).arg(&gelu);
        let shape = grid((width / FOUR).div_ceil(THREADS as usize), rows, 1, THREADS, 0);
        // SAFETY: the arguments are those of gate, and every array is `[rows, width]`.
        unsafe { launch.launch(shape) }.w()?;
        Ok(out.rows)
    }
}

/// Whether there are kernels for heads and rows of these widths: whole vectors, and no more of a head
/// than a warp holds.
pub fn fit(heads: Heads, widths: &[usize]) -> bool {
    heads.query <= MOST_HEADS
        && heads.dim.is_multiple_of(EIGHT)
        && heads.dim <= 2 * WARP * MOST_PAIRS
        && widths.iter().all(|width| width.is_multiple_of(FOUR))
}

/// A width in vectors of four.
fn whole_fours(width: usize) -> Result<i32> {
    if !width.is_multiple_of(FOUR) {
        bail!("a row of {width} is not whole vectors");
    }
    Ok((width / FOUR) as i32)
}

/// Threads for a row of which each takes an element: whole warps, as many as a block can have.
fn threads_for(elements: usize) -> u32 {
    elements.next_multiple_of(WARP).min(MOST_THREADS) as u32
}

fn grid(x: usize, y: usize, z: usize, threads: u32, shared_floats: usize) -> LaunchConfig {
    LaunchConfig {
        grid_dim: (x as u32, y as u32, z as u32),
        block_dim: (threads, 1, 1),
        shared_mem_bytes: (4 * shared_floats) as u32,
    }
}
