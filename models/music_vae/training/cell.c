/* The elementwise part of an LSTM step and of its backward pass, each in one sweep over memory.
   Built on first use by cell.py; the same in torch, some fifteen sweeps, is in lstm.py.
   Gates lie as i, g, f, o, with g's pre-activation doubled: tanh x = 2 sigmoid 2x - 1. bfloat16 is passed as uint16. */
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float wide(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float out;
    memcpy(&out, &bits, 4);
    return out;
}

static inline uint16_t narrow(float x) { /* to the nearest, ties to even */
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

/* fed: one of table[token[b]] (float32) and vectors[b] (bfloat16), the other NULL; [4h] each.
   recurrent [b, 4h] bfloat16, base [b, 4h], c_before [b, h] -> gates [b, 4h], c, tanh_c [b, h], h_out [b, h] bfloat16 */
void cell_forward(int64_t batch, int64_t h, const int64_t *token, const float *table, const uint16_t *vectors,
                  const uint16_t *recurrent, const float *base, const float *c_before, float *gates, float *c,
                  float *tanh_c, uint16_t *h_out) {
    for (int64_t b = 0; b < batch; b++) {
        const uint16_t *restrict r = recurrent + b * 4 * h;
        const float *restrict a = base + b * 4 * h;
        float *restrict s = gates + b * 4 * h;
        if (token) {
            const float *restrict x = table + token[b] * 4 * h;
            for (int64_t k = 0; k < 4 * h; k++) s[k] = sigmoid(a[k] + x[k] + wide(r[k]));
        } else {
            const uint16_t *restrict x = vectors + b * 4 * h;
            for (int64_t k = 0; k < 4 * h; k++) s[k] = sigmoid(a[k] + wide(x[k]) + wide(r[k]));
        }
        const float *restrict before = c_before + b * h;
        float *restrict after = c + b * h, *restrict tanh_out = tanh_c + b * h;
        uint16_t *restrict out = h_out + b * h;
        for (int64_t k = 0; k < h; k++) {
            float cell = s[2 * h + k] * before[k] + s[k] * (2.0f * s[h + k] - 1.0f);
            float t = 2.0f * sigmoid(2.0f * cell) - 1.0f;
            after[k] = cell;
            tanh_out[k] = t;
            out[k] = narrow(s[3 * h + k] * t);
        }
    }
}

/* grad, dh [b, h] bfloat16: of this step's output, from above and from the step after; dc [b, h] is read and written;
   -> d_gates [b, 4h] bfloat16, added to d_base [b, 4h] */
void cell_backward(int64_t batch, int64_t h, const uint16_t *grad, const uint16_t *dh, const float *gates,
                   const float *c_before, const float *tanh_c, float *dc, uint16_t *d_gates, float *d_base) {
    for (int64_t b = 0; b < batch; b++) {
        const float *restrict s = gates + b * 4 * h, *restrict before = c_before + b * h;
        const float *restrict tc = tanh_c + b * h;
        const uint16_t *restrict above = grad + b * h, *restrict after = dh + b * h;
        float *restrict carry = dc + b * h, *restrict sum = d_base + b * 4 * h;
        uint16_t *restrict out = d_gates + b * 4 * h;
        for (int64_t k = 0; k < h; k++) {
            float i = s[k], g = s[h + k], f = s[2 * h + k], o = s[3 * h + k];
            float d = wide(above[k]) + wide(after[k]);
            float cell = carry[k] + d * o * (1.0f - tc[k] * tc[k]);
            float di = cell * (2.0f * g - 1.0f) * i * (1.0f - i);
            float dg = 2.0f * cell * i * g * (1.0f - g);
            float df = cell * before[k] * f * (1.0f - f);
            float dout = d * tc[k] * o * (1.0f - o);
            carry[k] = cell * f;
            out[k] = narrow(di), out[h + k] = narrow(dg), out[2 * h + k] = narrow(df), out[3 * h + k] = narrow(dout);
            sum[k] += di, sum[h + k] += dg, sum[2 * h + k] += df, sum[3 * h + k] += dout;
        }
    }
}
