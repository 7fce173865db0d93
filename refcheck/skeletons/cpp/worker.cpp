// A worker for refcheck.  Replace the cell by yours; run() hands it its arrays.
#include "refcheck.h"
#include <cmath>
#include <string>
#include <vector>

using Numbers = std::vector<double>;

// ---- the cell: h = tanh(W_ih x + b_ih + W_hh h + b_hh) ----

struct Cell {
  const double *w_ih, *w_hh, *b_ih, *b_hh;
  long N, D, H;

  // y (T,N,H) from x (T,N,D) and h (N,H)
  Numbers forward(long T, const double *x, const double *h) const {
    Numbers y(T * N * H);
    for (long t = 0; t < T; h = &y[t * N * H], x += N * D, t++)
      for (long n = 0; n < N; n++)
        for (long k = 0; k < H; k++) {
          double a = b_ih[k] + b_hh[k];
          for (long d = 0; d < D; d++) a += w_ih[k * D + d] * x[n * D + d];
          for (long j = 0; j < H; j++) a += w_hh[k * H + j] * h[n * H + j];
          y[(t * N + n) * H + k] = std::tanh(a);
        }
    return y;
  }
};

struct Gradients {
  Numbers w_ih, w_hh, b, x, h;  // h (N,H) goes in at the last step, out at the first
};

void backward(const Cell &c, long T, const double *x, const double *h0, const Numbers &y,
              const double *d_y, Gradients &g) {
  const long NH = c.N * c.H;
  for (long t = T - 1; t >= 0; t--) {
    const double *h = t ? &y[(t - 1) * NH] : h0;
    Numbers d_a(NH);
    for (long i = 0; i < NH; i++) {
      const double out = y[t * NH + i];
      d_a[i] = (g.h[i] + d_y[t * NH + i]) * (1 - out * out);
    }
    g.h.assign(NH, 0.0);
    for (long n = 0; n < c.N; n++)
      for (long k = 0; k < c.H; k++) {
        const double a = d_a[n * c.H + k];
        g.b[k] += a;
        for (long d = 0; d < c.D; d++) {
          g.w_ih[k * c.D + d] += a * x[(t * c.N + n) * c.D + d];
          g.x[(t * c.N + n) * c.D + d] += a * c.w_ih[k * c.D + d];
        }
        for (long j = 0; j < c.H; j++) {
          g.w_hh[k * c.H + j] += a * h[n * c.H + j];
          g.h[n * c.H + j] += a * c.w_hh[k * c.H + j];
        }
      }
  }
}

// ---- the conversation ----

const char *HELLO =
    R"("protocol":1,"name":"tanh RNN","language":"C++","kind":"rnn-tanh",)"
    R"("capabilities":["forward","vjp","batch","initial-state","default-state",)"
    R"("final-state","resizable"]})";

Numbers taken(rc_array a) {  // by a vector, which frees it
  Numbers own(a.data, a.data ? a.data + a.size : a.data);
  std::free(a.data);
  return own;
}

void run() {
  const long any[] = {-1, -1, -1};
  const rc_array first = rc_get("weight_ih", 2, any);
  const long H = first.shape[0], D = first.shape[1];
  const long ih[] = {H, D}, hh[] = {H, H}, b[] = {H}, in[] = {-1, -1, D};
  const Numbers w_ih = taken(first), w_hh = taken(rc_get("weight_hh", 2, hh));
  const Numbers b_ih = taken(rc_get("bias_ih", 1, b)), b_hh = taken(rc_get("bias_hh", 1, b));
  const rc_array inputs = rc_get("inputs", 3, in);
  const Numbers x = taken(inputs);
  const long T = inputs.shape[0], N = inputs.shape[1], NH = N * H;
  const long s[] = {1, N, H}, out[] = {T, N, H}, xs[] = {T, N, D};
  Numbers h0 = taken(rc_get_state("state", 3, s)), g_y, g_h;
  const bool stated = *rc_field("state") != 'n';
  if (rc_is("vjp")) {
    g_y = taken(rc_get("grad_outputs", 3, out));
    g_h = taken(rc_get_state("grad_state", 3, s));
  }
  if (*rc_field("lengths") != 'n') rc_error = "lengths";
  if (rc_error) return rc_refuse("refused", rc_error);
  h0.resize(NH);
  const Cell cell{w_ih.data(), w_hh.data(), b_ih.data(), b_hh.data(), N, D, H};
  const Numbers y = cell.forward(T, x.data(), h0.data());
  rc_reply();
  if (rc_is("forward")) {
    rc_put("\"outputs\":", y.data(), 3, out, ",");
    rc_put("\"state\":[", T ? &y[(T - 1) * NH] : h0.data(), 3, s, "]}");
    return;
  }
  Gradients g{Numbers(H * D), Numbers(H * H), Numbers(H), Numbers(x.size()), g_h};
  backward(cell, T, x.data(), h0.data(), y, g_y.data(), g);
  rc_put("\"params\":{\"weight_ih\":", g.w_ih.data(), 2, ih, ",");
  rc_put("\"weight_hh\":", g.w_hh.data(), 2, hh, ",");
  rc_put("\"bias_ih\":", g.b.data(), 1, b, ",");
  rc_put("\"bias_hh\":", g.b.data(), 1, b, "},");
  rc_put("\"inputs\":", g.x.data(), 3, xs, stated ? ",\"state\":[" : ",\"state\":[]}");
  if (stated) rc_put("", g.h.data(), 3, s, "]}");
}

int main() {
  while (rc_next()) {
    if (rc_is("hello")) {
      rc_reply();
      std::printf("%s", HELLO);
    } else if (rc_is("build")) {
      const std::string H = std::to_string(rc_integer("hidden_size"));
      const std::string D = std::to_string(rc_integer("input_size"));
      rc_reply();
      const std::string shapes = "\"params\":{\"weight_ih\":[" + H + "," + D +
          "],\"weight_hh\":[" + H + "," + H + "],\"bias_ih\":[" + H + "],\"bias_hh\":[" + H +
          "]},\"states\":1,\"output_size\":" + H + "}";
      std::printf("%s", shapes.c_str());
    } else if (rc_is("forward") || rc_is("vjp")) {
      run();
    } else {  // free, bye
      std::printf("{\"id\":%ld}", rc_id);
    }
  }
}
