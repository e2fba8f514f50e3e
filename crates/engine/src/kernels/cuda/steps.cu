// What a pass computes between its products, one launch a step.
//
// A matrix is row after row of 32-bit floats. Where a step's result is what a product reads next, it
// is written as blocks too: 32 values rounded to signed bytes, with their scale and their sum
// (block_q8_1 of llama.cpp and candle), so that the product need not do it for every matrix.
// Every step is defined by what on_device/tensors.rs computes; on a GPU the tests compare the two, and
// tests/cuda_steps runs the kernels without one.

#include <cuda_fp16.h>
#include <stdint.h>

// Memory of a block of threads whose size the launch says. The tests, which run the kernels on a
// processor, have another.
#ifndef SHARED_BY_SIZE
#define SHARED_BY_SIZE(type, name) extern __shared__ type name[]
#endif

constexpr int WARP = 32;
constexpr unsigned ALL = 0xffffffffu;

// 32 values: scale, sum, bytes.
struct Block {
  __half scale;
  __half sum;
  int8_t values[WARP];
};

static __device__ float warp_sum(float x) {
  for (int apart = WARP / 2; apart > 0; apart /= 2) x += __shfl_xor_sync(ALL, x, apart);
  return x;
}

static __device__ float warp_max(float x) {
  for (int apart = WARP / 2; apart > 0; apart /= 2) x = fmaxf(x, __shfl_xor_sync(ALL, x, apart));
  return x;
}

// The sum over a block's threads, which all of them get. `part` has room for 32 floats.
static __device__ float block_sum(float x, float *part) {
  x = warp_sum(x);
  __syncthreads();  // Who reads the last sum has done so.
  if (threadIdx.x % WARP == 0) part[threadIdx.x / WARP] = x;
  __syncthreads();
  x = threadIdx.x % WARP < (blockDim.x + WARP - 1) / WARP ? part[threadIdx.x % WARP] : 0.0f;
  return warp_sum(x);
}

// Rounds a block. What is no finite number makes the whole block none, so that it reaches the logits,
// where it is looked for.
static __device__ float scale_of(float most, float sum) {
  return isfinite(sum) ? most / 127.0f : NAN;
}

static __device__ int8_t rounded(float x, float most) {
  return most == 0.0f ? 0 : (int8_t)roundf(x * 127.0f / most);
}

// Writes one value of a row. The threads of a warp hold 32 that follow each other.
static __device__ void write(float *row, Block *blocks, int at, float x) {
  if (row) row[at] = x;
  if (!blocks) return;
  const float most = warp_max(fabsf(x));
  const float sum = warp_sum(x);
  Block *block = blocks + at / WARP;
  block->values[at % WARP] = rounded(x, most);
  if (at % WARP == 0) {
    block->scale = __float2half(scale_of(most, sum));
    block->sum = __float2half(sum);
  }
}

static __device__ float larger_of(float4 x) {
  return fmaxf(fmaxf(fabsf(x.x), fabsf(x.y)), fmaxf(fabsf(x.z), fabsf(x.w)));
}

// Writes four values of a row, or nothing where they are beyond it. All threads of a warp call it, and
// hold what follows each other: eight of them a block.
static __device__ void write_four(float *row, Block *blocks, int four, bool inside, float4 x) {
  if (row && inside) ((float4 *)row)[four] = x;
  if (!blocks) return;
  float most = larger_of(x);
  float sum = x.x + x.y + x.z + x.w;
  for (int apart = 4; apart > 0; apart /= 2) {
    most = fmaxf(most, __shfl_xor_sync(ALL, most, apart));
    sum += __shfl_xor_sync(ALL, sum, apart);
  }
  if (!inside) return;
  Block *block = blocks + four / 8;
  ((char4 *)block->values)[four % 8] = make_char4(rounded(x.x, most), rounded(x.y, most),
                                                  rounded(x.z, most), rounded(x.w, most));
  if (four % 8 == 0) {
    block->scale = __float2half(scale_of(most, sum));
    block->sum = __float2half(sum);
  }
}

static __device__ float4 operator*(float4 x, float y) {
  return {x.x * y, x.y * y, x.z * y, x.w * y};
}
static __device__ float4 operator*(float4 x, float4 y) {
  return {x.x * y.x, x.y * y.y, x.z * y.z, x.w * y.w};
}
static __device__ float4 operator+(float4 x, float4 y) {
  return {x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w};
}
static __device__ float squares_of(float4 x) {
  return x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w;
}

// stream = x + part, with a norm of the part where there is one; out = norm of the stream.
// Without a part the stream is x and not written. One block of threads a row; `fours` is a quarter of
// the row's width.
extern "C" __global__ void add_norm(const float4 *x, const float4 *part, const float4 *part_norm,
                                    const float4 *norm, float4 *stream, float *out, Block *blocks,
                                    int fours, int row_blocks, float epsilon) {
  __shared__ float sums[WARP];
  const size_t row = blockIdx.x;
  const float width = 4.0f * fours;
  x += row * fours;
  float part_scale = 1.0f;
  if (part) {
    part += row * fours;
    stream += row * fours;
    if (part_norm) {
      float squares = 0.0f;
      for (int i = threadIdx.x; i < fours; i += blockDim.x) squares += squares_of(part[i]);
      part_scale = rsqrtf(block_sum(squares, sums) / width + epsilon);
    }
  }
  const float4 nothing = {0.0f, 0.0f, 0.0f, 0.0f};
  // Of a row that fits the threads nothing is read twice, and the norm is on its way meanwhile.
  const bool fits = fours <= (int)blockDim.x;
  const float4 own_norm = (int)threadIdx.x < fours ? norm[threadIdx.x] : nothing;
  float4 kept = nothing;
  float squares = 0.0f;
  for (int i = threadIdx.x; i < fours; i += blockDim.x) {
    kept = x[i];
    if (part) {
      const float4 added = part[i];
      kept = kept + (part_norm ? added * part_scale * part_norm[i] : added);
      stream[i] = kept;
    }
    squares += squares_of(kept);
  }
  const float scale = rsqrtf(block_sum(squares, sums) / width + epsilon);
  if (part) x = stream;  // A thread reads what it wrote itself.
  if (out) out += row * 4 * fours;
  if (blocks) blocks += row * row_blocks;
  const int whole_warps = (fours + WARP - 1) / WARP * WARP;
  for (int i = threadIdx.x; i < whole_warps; i += blockDim.x) {
    const bool inside = i < fours;
    const float4 value = fits ? kept : inside ? x[i] : nothing;
    const float4 weight = fits ? own_norm : inside ? norm[i] : nothing;
    write_four(out, blocks, i, inside, value * scale * weight);
  }
}

// Where the rows of a pass are: of each row its position and its sequence; of each sequence how many
// positions there is room for, and where a layer's keys and values begin, [head][room][dim].
struct Places {
  const uint32_t *positions;
  const uint32_t *sequences;
  const uint32_t *rooms;
  const uint64_t *keys_values;  // [sequence][2], of the layer
};

// Biases, norms of heads and rotary positions of queries and keys; keys and values go to their
// sequences. A block of threads for a head of a row: first the queries', then the keys', the values'.
extern "C" __global__ void turn_and_put(const float *query, const float *key, const float *value,
                                        const float *query_bias, const float *key_bias,
                                        const float *value_bias, const float *query_norm,
                                        const float *key_norm, const float *cosines,
                                        const float *sines, float *turned, Places places,
                                        int query_heads, int kv_heads, int dim, int half,
                                        int neighbours, float epsilon) {
  SHARED_BY_SIZE(float, head);
  __shared__ float sums[WARP];
  const size_t row = blockIdx.y;
  const int index = blockIdx.x;
  const bool is_query = index < query_heads;
  const bool is_value = index >= query_heads + kv_heads;
  const int at = is_query ? index : (index - query_heads) % kv_heads;
  const float *from = is_query ? query + (row * query_heads + at) * dim
                               : (is_value ? value : key) + (row * kv_heads + at) * dim;
  const float *bias = is_query ? query_bias : is_value ? value_bias : key_bias;
  const float *norm = is_query ? query_norm : is_value ? nullptr : key_norm;
  float squares = 0.0f;
  for (int i = threadIdx.x; i < dim; i += blockDim.x) {
    const float x = from[i] + (bias ? bias[at * dim + i] : 0.0f);
    head[i] = x;
    squares += x * x;
  }
  const float scale = norm ? rsqrtf(block_sum(squares, sums) / dim + epsilon) : 1.0f;
  if (norm)
    for (int i = threadIdx.x; i < dim; i += blockDim.x) head[i] *= scale * norm[i];
  __syncthreads();
  const uint32_t position = places.positions[row];
  const uint32_t sequence = places.sequences[row];
  cosines += (size_t)position * half;
  sines += (size_t)position * half;
  __half *kept = nullptr;
  if (!is_query) {
    kept = (__half *)places.keys_values[2 * sequence + is_value];
    kept += ((size_t)at * places.rooms[sequence] + position) * dim;
  }
  for (int i = threadIdx.x; i < dim; i += blockDim.x) {
    float x = head[i];
    if (!is_value && i < 2 * half) {
      const int pair = neighbours ? i / 2 : i % half;
      const float first = head[neighbours ? 2 * pair : pair];
      const float second = head[neighbours ? 2 * pair + 1 : pair + half];
      const bool is_first = neighbours ? i % 2 == 0 : i < half;
      x = is_first ? first * cosines[pair] - second * sines[pair]
                   : first * sines[pair] + second * cosines[pair];
    }
    if (is_query) {
      turned[(row * query_heads + at) * dim + i] = x;
    } else {
      kept[i] = __float2half(x);
    }
  }
}

// Warps of a block of threads that attends.
constexpr int WARPS = 8;

// What a part's values weigh beside the largest score of all parts; a part that saw nothing, nothing.
static __device__ float beside(float most_of_part, float most) {
  return most_of_part == -INFINITY ? 0.0f : expf(most_of_part - most);
}

// Attention of a query head over a part of what its row sees. Every warp takes 32 keys at a time, a
// thread a key; then the threads are PAIRS pairs of a value's elements each. What the warps and the
// parts have is put together at the end, by the part that is done last.
// Source: FlashAttention (arXiv:2205.14135) for the running maximum, Flash-Decoding for the parts.
template <int PAIRS>
static __device__ void attend(const float *query, Places places, float *mixed, float *weights,
                              unsigned *done, float *out, Block *blocks, int query_heads,
                              int kv_heads, int dim, int window, int length, int row_blocks,
                              float scale) {
  SHARED_BY_SIZE(float4, memory);
  float *own = (float *)memory;  // [dim]
  float *gathered = own + dim;   // [WARPS][dim]
  __shared__ float most_of[WARPS], weight_of[WARPS];
  __shared__ bool is_last;
  const size_t row = blockIdx.y;
  const int head = blockIdx.x;
  const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
  const int kv_head = head / (query_heads / kv_heads);
  const uint32_t sequence = places.sequences[row];
  const int until = places.positions[row] + 1;
  const int from = window > 0 && until > window ? until - window : 0;
  const int begin = from + blockIdx.z * length;
  const int end = min(until, begin + length);
  const size_t offset = (size_t)kv_head * places.rooms[sequence] * dim;
  const __half *keys = (const __half *)places.keys_values[2 * sequence] + offset;
  const __half *values = (const __half *)places.keys_values[2 * sequence + 1] + offset;
  for (int i = threadIdx.x; i < dim; i += blockDim.x)
    own[i] = query[(row * query_heads + head) * dim + i] * scale;
  __syncthreads();

  float2 sum[PAIRS];
  for (int j = 0; j < PAIRS; j++) sum[j] = {0.0f, 0.0f};
  float most = -INFINITY, weight = 0.0f;
  for (int tile = begin + warp * WARP; tile < end; tile += WARPS * WARP) {
    const int count = min(WARP, end - tile);
    float score = -INFINITY;
    if (lane < count) {
      const uint4 *key = (const uint4 *)(keys + (size_t)(tile + lane) * dim);
      score = 0.0f;
#pragma unroll 8
      for (int i = 0; i < dim / 8; i++) {
        const uint4 eight = key[i];
        const __half2 *pairs = (const __half2 *)&eight;
        for (int j = 0; j < 4; j++) {
          const float2 two = __half22float2(pairs[j]);
          const float2 mine = ((const float2 *)own)[4 * i + j];
          score += mine.x * two.x + mine.y * two.y;
        }
      }
    }
    const float larger = fmaxf(most, warp_max(score));
    const float weighs = lane < count ? expf(score - larger) : 0.0f;
    const float before = beside(most, larger);
    weight = weight * before + warp_sum(weighs);
    most = larger;
    for (int j = 0; j < PAIRS; j++) sum[j] = {sum[j].x * before, sum[j].y * before};
    const __half2 *value = (const __half2 *)(values + (size_t)tile * dim);
#pragma unroll 32 / PAIRS
    for (int i = 0; i < count; i++) {
      const float weight_of_key = __shfl_sync(ALL, weighs, i);
      for (int j = 0; j < PAIRS; j++) {
        const int pair = lane + WARP * j;
        if (pair < dim / 2) {
          const float2 two = __half22float2(value[(size_t)i * (dim / 2) + pair]);
          sum[j].x += weight_of_key * two.x;
          sum[j].y += weight_of_key * two.y;
        }
      }
    }
  }
  for (int j = 0; j < PAIRS; j++) {
    const int pair = lane + WARP * j;
    if (pair < dim / 2) ((float2 *)(gathered + warp * dim))[pair] = sum[j];
  }
  if (lane == 0) {
    most_of[warp] = most;
    weight_of[warp] = weight;
  }
  __syncthreads();

  most = -INFINITY;
  weight = 0.0f;
  for (int w = 0; w < WARPS; w++) most = fmaxf(most, most_of[w]);
  for (int w = 0; w < WARPS; w++) weight += weight_of[w] * beside(most_of[w], most);
  const int parts = gridDim.z;
  const size_t first = (row * query_heads + head) * parts;
  if (out) out += row * query_heads * dim;
  if (blocks) blocks += row * row_blocks;
  for (int i = threadIdx.x; i < dim; i += blockDim.x) {
    float all = 0.0f;
    for (int w = 0; w < WARPS; w++) all += gathered[w * dim + i] * beside(most_of[w], most);
    if (parts == 1) {
      write(out, blocks, head * dim + i, all / weight);
    } else {
      mixed[(first + blockIdx.z) * dim + i] = all;
    }
  }
  if (parts == 1) return;
  if (threadIdx.x == 0) {
    weights[2 * (first + blockIdx.z)] = most;
    weights[2 * (first + blockIdx.z) + 1] = weight;
  }
  __threadfence();
  __syncthreads();
  // The count begins again at 0 when all have counted.
  if (threadIdx.x == 0)
    is_last = atomicInc(done + row * query_heads + head, parts - 1) == (unsigned)parts - 1;
  __syncthreads();
  if (!is_last) return;
  __threadfence();
  const float2 *of_parts = (const float2 *)weights + first;
  most = -INFINITY;
  weight = 0.0f;
  for (int i = lane; i < parts; i += WARP) most = fmaxf(most, __ldcg(of_parts + i).x);
  most = warp_max(most);
  for (int i = lane; i < parts; i += WARP) {
    const float2 part = __ldcg(of_parts + i);
    weight += part.y * beside(part.x, most);
  }
  weight = warp_sum(weight);
  for (int i = threadIdx.x; i < dim; i += blockDim.x) {
    float all = 0.0f;
#pragma unroll 4
    for (int j = 0; j < parts; j++)
      all += __ldcg(mixed + (first + j) * dim + i) * beside(__ldcg(of_parts + j).x, most);
    write(out, blocks, head * dim + i, all / weight);
  }
}

#define ATTEND(PAIRS)                                                                            \
  extern "C" __global__ void attend_##PAIRS(                                                     \
      const float *query, Places places, float *mixed, float *weights, unsigned *done,           \
      float *out, Block *blocks, int query_heads, int kv_heads, int dim, int window, int length, \
      int row_blocks, float scale) {                                                             \
    attend<PAIRS>(query, places, mixed, weights, done, out, blocks, query_heads, kv_heads, dim,  \
                  window, length, row_blocks, scale);                                            \
  }
ATTEND(1)
ATTEND(2)
ATTEND(4)
ATTEND(8)

static __device__ float activated(float x, bool gelu) {
  return gelu ? 0.5f * x * (1.0f + tanhf(0.79788456080286535588f * x * (1.0f + 0.044715f * x * x)))
              : x / (1.0f + expf(-x));
}

// The gate of the feed-forward part: activation(gate) * up. A thread for four values.
extern "C" __global__ void gate(const float4 *gates, const float4 *ups, float *out, Block *blocks,
                                int fours, int row_blocks, int gelu) {
  const size_t row = blockIdx.y;
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const bool inside = i < fours;
  float4 x = {0.0f, 0.0f, 0.0f, 0.0f};
  if (inside) {
    const float4 gate = gates[row * fours + i];
    const float4 active = {activated(gate.x, gelu), activated(gate.y, gelu),
                           activated(gate.z, gelu), activated(gate.w, gelu)};
    x = active * ups[row * fours + i];
  }
  if (out) out += row * 4 * fours;
  if (blocks) blocks += row * row_blocks;
  write_four(out, blocks, i, inside, x);
}
