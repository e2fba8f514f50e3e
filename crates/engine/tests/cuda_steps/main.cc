// The kernels of steps.cu on a processor, against what they are to compute, written plainly.
//
// c++ -std=c++20 -O1 -I tests/cuda_steps tests/cuda_steps/main.cc -o steps && ./steps

#include "../../src/kernels/cuda/steps.cu"

#include <cstdio>
#include <random>

using emulated::launch;
using Floats = std::vector<float>;

static int wrong = 0;
static std::mt19937 dice(1);

static void check(bool right, const char *what, float found, float expected) {
  if (right) return;
  if (wrong++ < 20) std::printf("WRONG %s: %g, not %g\n", what, found, expected);
}

static void near(const char *what, float found, float expected, float bound) {
  check(std::fabs(found - expected) <= bound, what, found, expected);
}

static Floats noise(size_t count) {
  std::normal_distribution<float> normal;
  Floats all(count);
  for (float &x : all) x = normal(dice);
  return all;
}

// Rows rounded to blocks are within half a step of the floats; their sums are those of the floats.
static void near_blocks(const char *what, const std::vector<Block> &blocks, const Floats &expected) {
  for (size_t b = 0; b < blocks.size(); b++) {
    float most = 0, sum = 0;
    for (int i = 0; i < 32; i++) {
      most = std::max(most, std::fabs(expected[32 * b + i]));
      sum += expected[32 * b + i];
    }
    const float scale = __half2float(blocks[b].scale);
    near(what, scale, most / 127, most / 127 * 2e-3f);
    near(what, __half2float(blocks[b].sum), sum, 2e-3f * (1 + std::fabs(sum)));
    for (int i = 0; i < 32; i++)
      near(what, scale * blocks[b].values[i], expected[32 * b + i], 0.51f * most / 127 + most * 1e-3f);
  }
}

static Floats normed(const Floats &x, const float *weight, int width, float epsilon) {
  Floats out(x.size());
  for (size_t row = 0; row < x.size() / width; row++) {
    double squares = 0;
    for (int i = 0; i < width; i++) squares += (double)x[row * width + i] * x[row * width + i];
    const double scale = 1 / std::sqrt(squares / width + epsilon);
    for (int i = 0; i < width; i++) out[row * width + i] = x[row * width + i] * scale * weight[i];
  }
  return out;
}

static void add_norm_adds_and_normalises() {
  for (int width : {64, 96, 896, 4096 + 128}) {
    for (int with = 0; with < 3; with++) {
      const int rows = 3;
      const float epsilon = 1e-6f;
      Floats x = noise(rows * width), part = noise(rows * width), weight = noise(width),
             part_weight = noise(width), stream(rows * width, NAN), out(rows * width, NAN);
      std::vector<Block> blocks(rows * width / 32);
      const unsigned threads = std::min(1024, (width / 4 + 31) / 32 * 32);
      launch({unsigned(rows)}, threads, 0, [&] {
        add_norm((float4 *)x.data(), with ? (float4 *)part.data() : nullptr,
                 with == 2 ? (float4 *)part_weight.data() : nullptr, (float4 *)weight.data(),
                 (float4 *)stream.data(), out.data(), blocks.data(), width / 4, width / 32, epsilon);
      });
      Floats sum = x;
      const Floats added = with == 2 ? normed(part, part_weight.data(), width, epsilon) : part;
      for (size_t i = 0; i < sum.size() && with; i++) sum[i] += added[i];
      const Floats expected = normed(sum, weight.data(), width, epsilon);
      for (size_t i = 0; i < sum.size(); i++) {
        if (with) near("stream", stream[i], sum[i], 1e-4f);
        near("norm", out[i], expected[i], 1e-4f);
      }
      near_blocks("blocks of the norm", blocks, expected);
    }
  }
}

static void what_is_no_number_makes_its_block_none() {
  const int width = 128;
  Floats gates = noise(width), ups = noise(width);
  gates[40] = NAN;
  std::vector<Block> blocks(width / 32);
  launch({1}, 256, 0, [&] {
    gate((float4 *)gates.data(), (float4 *)ups.data(), nullptr, blocks.data(), width / 4, width / 32, 0);
  });
  for (int b = 0; b < width / 32; b++) {
    const float scale = __half2float(blocks[b].scale);
    check(std::isnan(scale) == (b == 40 / 32), "the scale of a block", scale, b == 40 / 32 ? NAN : 1);
  }
}

// Sequences of different lengths whose rows are in one pass.
struct Pass {
  int query_heads, kv_heads, dim, half;
  bool neighbours;
  std::vector<uint32_t> positions, sequences, rooms;
  std::vector<std::vector<__half>> kept;
  std::vector<uint64_t> addresses;
  Floats cosines, sines;

  Pass(int query_heads, int kv_heads, int dim, int half, bool neighbours,
       std::vector<std::pair<int, int>> spans)
      : query_heads(query_heads), kv_heads(kv_heads), dim(dim), half(half), neighbours(neighbours) {
    uint32_t last = 0;
    for (auto [start, count] : spans) {
      for (int i = 0; i < count; i++) {
        positions.push_back(start + i);
        sequences.push_back(rooms.size());
      }
      rooms.push_back((start + count + 63) / 64 * 64);
      last = std::max(last, uint32_t(start + count));
      for (int k = 0; k < 2; k++) {
        Floats values = noise(kv_heads * rooms.back() * dim);
        std::vector<__half> halves;
        for (float value : values) halves.push_back(__float2half(value));
        kept.push_back(halves);
      }
    }
    for (auto &one : kept) addresses.push_back((uint64_t)one.data());
    cosines = noise(last * half);
    sines = noise(last * half);
  }
  Places places() const {
    return {positions.data(), sequences.data(), rooms.data(), addresses.data()};
  }
  size_t rows() const { return positions.size(); }
  float at(int sequence, int of, int head, int position, int i) const {
    return __half2float(kept[2 * sequence + of][((size_t)head * rooms[sequence] + position) * dim + i]);
  }
};

static void turn_and_put_turns_and_puts() {
  const float epsilon = 1e-6f;
  for (bool neighbours : {false, true}) {
    for (bool more : {false, true}) {
      const int dim = 64, half = more ? 24 : 32;
      Pass pass(6, 2, dim, half, neighbours, {{0, 3}, {70, 2}});
      const size_t rows = pass.rows();
      Floats query = noise(rows * 6 * dim), key = noise(rows * 2 * dim), value = noise(rows * 2 * dim);
      Floats biases[] = {noise(6 * dim), noise(2 * dim), noise(2 * dim)};
      Floats norms[] = {noise(dim), noise(dim)};
      Floats turned(rows * 6 * dim, NAN);
      const auto bias = [&](int i) { return more ? biases[i].data() : nullptr; };
      const auto norm = [&](int i) { return more ? norms[i].data() : nullptr; };
      launch({6 + 2 * 2, unsigned(rows)}, 64, dim, [&] {
        turn_and_put(query.data(), key.data(), value.data(), bias(0), bias(1), bias(2), norm(0), norm(1),
                     pass.cosines.data(), pass.sines.data(), turned.data(), pass.places(), 6, 2, dim,
                     half, neighbours, epsilon);
      });
      const Floats *of[] = {&query, &key, &value};
      for (size_t row = 0; row < rows; row++) {
        for (int kind = 0; kind < 3; kind++) {
          const int heads = kind == 0 ? 6 : 2;
          for (int head = 0; head < heads; head++) {
            Floats x(dim);
            for (int i = 0; i < dim; i++)
              x[i] = (*of[kind])[(row * heads + head) * dim + i] + (more ? biases[kind][head * dim + i] : 0);
            if (more && kind < 2) x = normed(x, norms[kind].data(), dim, epsilon);
            Floats y = x;
            for (int pair = 0; pair < half && kind < 2; pair++) {
              const int a = neighbours ? 2 * pair : pair, b = neighbours ? a + 1 : pair + half;
              const float cos = pass.cosines[pass.positions[row] * half + pair];
              const float sin = pass.sines[pass.positions[row] * half + pair];
              y[a] = x[a] * cos - x[b] * sin;
              y[b] = x[a] * sin + x[b] * cos;
            }
            for (int i = 0; i < dim; i++) {
              const float found = kind == 0 ? turned[(row * 6 + head) * dim + i]
                                            : pass.at(pass.sequences[row], kind - 1, head, pass.positions[row], i);
              near("turned", found, y[i], kind == 0 ? 1e-4f : 1e-4f + 1e-3f * std::fabs(y[i]));
            }
          }
        }
      }
    }
  }
}

static void attend_is_attention() {
  struct Case {
    int dim, window, parts;
  };
  for (Case one : {Case{64, 0, 1}, {64, 0, 3}, {128, 0, 3}, {256, 100, 1}, {64, 300, 2}, {32, 0, 3}, {512, 0, 1}}) {
    const int heads = 4, kv = 2, dim = one.dim;
    Pass pass(heads, kv, dim, dim / 2, false, {{600, 2}, {0, 1}, {254, 3}, {31, 1}});
    const size_t rows = pass.rows();
    Floats query = noise(rows * heads * dim), out(rows * heads * dim, NAN);
    std::vector<Block> blocks(rows * heads * dim / 32);
    Floats mixed(rows * heads * one.parts * dim, NAN), weights(2 * rows * heads * one.parts, NAN);
    std::vector<unsigned> done(rows * heads);
    const int length = one.parts == 1 ? 1024 : 256;
    const float scale = 1 / std::sqrt((float)dim);
    const auto kernel = dim <= 64 ? attend_1 : dim <= 128 ? attend_2 : dim <= 256 ? attend_4 : attend_8;
    for (int round = 0; round < 2; round++)
      launch({heads, unsigned(rows), unsigned(one.parts)}, 256, 9 * dim, [&] {
        kernel(query.data(), pass.places(), mixed.data(), weights.data(), done.data(), out.data(),
               blocks.data(), heads, kv, dim, one.window, length, heads * dim / 32, scale);
      });
    for (unsigned count : done) check(count == 0, "a count begins again", count, 0);
    for (size_t row = 0; row < rows; row++) {
      for (int head = 0; head < heads; head++) {
        const int until = pass.positions[row] + 1;
        const int from = one.window ? std::max(0, until - one.window) : 0;
        std::vector<double> weigh;
        double sum = 0;
        for (int position = from; position < until; position++) {
          double score = 0;
          for (int i = 0; i < dim; i++)
            score += query[(row * heads + head) * dim + i] * pass.at(pass.sequences[row], 0, head / 2, position, i);
          weigh.push_back(std::exp(score * scale));
          sum += weigh.back();
        }
        for (int i = 0; i < dim; i++) {
          double expected = 0;
          for (int position = from; position < until; position++)
            expected += weigh[position - from] / sum * pass.at(pass.sequences[row], 1, head / 2, position, i);
          near("attention", out[(row * heads + head) * dim + i], expected, 1e-4f);
        }
      }
    }
    near_blocks("blocks of attention", blocks, out);
  }
}

static void gate_is_the_activation_times_up() {
  for (int gelu : {0, 1}) {
    const int width = 1024 + 96, rows = 2;
    Floats gates = noise(rows * width), ups = noise(rows * width), out(rows * width, NAN);
    std::vector<Block> blocks(rows * width / 32);
    launch({2, rows}, 256, 0, [&] {
      gate((float4 *)gates.data(), (float4 *)ups.data(), out.data(), blocks.data(), width / 4, width / 32, gelu);
    });
    for (int i = 0; i < rows * width; i++) {
      const double x = gates[i];
      const double tanh = std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
      near("gate", out[i], (gelu ? x / 2 * (1 + tanh) : x / (1 + std::exp(-x))) * ups[i], 1e-5f);
    }
    near_blocks("blocks of the gate", blocks, out);
  }
}

int main() {
  add_norm_adds_and_normalises();
  what_is_no_number_makes_its_block_none();
  turn_and_put_turns_and_puts();
  attend_is_attention();
  gate_is_the_activation_times_up();
  std::printf(wrong ? "%d wrong\n" : "all right\n", wrong);
  return wrong != 0;
}
