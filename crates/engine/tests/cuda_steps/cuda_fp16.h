// CUDA on a processor, as far as steps.cu needs it: the threads of a block are fibers that take turns,
// one block after the other. What is not defined in CUDA (a missing barrier, say) may be defined here.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

using std::isfinite;
using std::max;
using std::min;

struct Three {
  unsigned x = 1, y = 1, z = 1;
};
inline Three threadIdx, blockIdx, blockDim, gridDim;

#define __global__
#define __device__
#define __shared__ static
#define SHARED_BY_SIZE(type, name) type *name = (type *)emulated::memory.data()

namespace emulated {

constexpr unsigned WARP = 32;
constexpr size_t STACK = 64 << 10;

inline std::vector<double> memory;
inline ucontext_t scheduler;

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack = std::make_unique<char[]>(STACK);
  bool done = false;
};
inline std::vector<Fiber> fibers;
inline std::function<void()> kernel;

inline void yield() { swapcontext(&fibers[threadIdx.x].context, &scheduler); }

// Everyone of a group waits until all have come.
struct Barrier {
  unsigned come = 0, passed = 0;
  void wait(unsigned all) {
    const unsigned before = passed;
    if (++come == all) {
      come = 0;
      passed++;
    }
    while (passed == before) yield();
  }
};
inline Barrier of_block;
inline Barrier of_warp[32];
inline float slots[32][WARP];

inline void run_fiber() {
  kernel();
  fibers[threadIdx.x].done = true;
  swapcontext(&fibers[threadIdx.x].context, &scheduler);
}

inline void run_block() {
  for (Fiber &fiber : fibers) {
    fiber.done = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack = {fiber.stack.get(), 0, STACK};
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, run_fiber, 0);
  }
  for (bool some = true; some;) {
    some = false;
    for (unsigned i = 0; i < fibers.size(); i++) {
      if (fibers[i].done) continue;
      some = true;
      threadIdx.x = i;
      swapcontext(&scheduler, &fibers[i].context);
    }
  }
}

template <typename F>
void launch(Three grid, unsigned threads, size_t floats, F function) {
  kernel = function;
  gridDim = grid;
  blockDim = {threads, 1, 1};
  memory.assign(floats / 2 + 2, NAN);
  fibers.clear();
  fibers.resize(threads);
  for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++)
    for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++)
      for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++) run_block();
}

inline float from_lane(float x, unsigned lane) {
  const unsigned warp = threadIdx.x / WARP;
  slots[warp][threadIdx.x % WARP] = x;
  of_warp[warp].wait(WARP);
  const float other = slots[warp][lane];
  of_warp[warp].wait(WARP);
  return other;
}

}  // namespace emulated

inline void __syncthreads() { emulated::of_block.wait(blockDim.x); }
inline void __threadfence() {}
inline float __shfl_xor_sync(unsigned, float x, int apart) {
  return emulated::from_lane(x, (threadIdx.x % emulated::WARP) ^ apart);
}
inline float __shfl_sync(unsigned, float x, int lane) { return emulated::from_lane(x, lane); }
template <typename T>
T __ldcg(const T *from) {
  return *from;
}
inline unsigned atomicInc(unsigned *count, unsigned limit) {
  const unsigned before = *count;
  *count = before >= limit ? 0 : before + 1;
  return before;
}
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }

struct float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct char4 {
  signed char x, y, z, w;
};
inline char4 make_char4(int8_t x, int8_t y, int8_t z, int8_t w) { return {x, y, z, w}; }

struct __half {
  _Float16 value;
};
struct __half2 {
  __half x, y;
};
inline __half __float2half(float x) { return {(_Float16)x}; }
inline float __half2float(__half x) { return (float)x.value; }
inline float2 __half22float2(__half2 two) { return {(float)two.x.value, (float)two.y.value}; }
