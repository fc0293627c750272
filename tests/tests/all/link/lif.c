/* Reads T, N, x and gs, both [T, N]; writes s, v, gx, gv and the gradient of tau. Blocks are computed
   from the last to the first. */

#include <stdio.h>
#include <stdlib.h>

#include "Lif.h"

static float *room(int64_t n) {
  float *numbers = (float *)calloc((size_t)(n > 0 ? n : 1), sizeof(float));
  if (!numbers) exit(2);
  return numbers;
}

static float *load(int64_t n) {
  float *numbers = room(n);
  if (fread(numbers, sizeof(float), (size_t)n, stdin) != (size_t)n) exit(3);
  return numbers;
}

static void save(const float *numbers, int64_t n) {
  if (fwrite(numbers, sizeof(float), (size_t)n, stdout) != (size_t)n) exit(4);
}

int main(void) {
  int64_t size[2];
  if (fread(size, sizeof(int64_t), 2, stdin) != 2) return 3;
  int64_t T = size[0], N = size[1];
  int64_t chunks = (T + Lif_forward_train_chunk - 1) / Lif_forward_train_chunk;
  int64_t blocks = Lif_backward_blocks(N);
  float tau = 3, v_th = 1, v_reset = 0, grad_tau = 0;
  float *x = load(T * N), *gs = load(T * N);
  float *s = room(T * N), *v = room(N), *gx = room(T * N), *gv = room(N);
  float *saved = room((chunks > 1 ? chunks - 1 : 0) * N), *partial = room(blocks);
  int64_t b;
  for (b = Lif_forward_train_blocks(N); b-- > 0;)
    Lif_forward_train_call(x, &tau, &v_th, &v_reset, NULL, s, v, saved,
                           T, N, 1, 1, 1, N, N, b, b + 1);
  for (b = blocks; b-- > 0;)
    Lif_backward_call(x, &tau, &v_th, &v_reset, NULL, saved, gs, NULL, gx, gv, partial,
                      T, N, 1, 1, 1, N, N, N, b, b + 1);
  Lif_reduce_call(partial, &grad_tau, 1, 1, blocks, 0, 1);
  save(s, T * N);
  save(v, N);
  save(gx, T * N);
  save(gv, N);
  save(&grad_tau, 1);
  return 0;
}
