/* A worker for refcheck.  Replace the cell by yours; main() hands it its arrays. */
#include "refcheck.h"
#include <math.h>

/* ---- the cell: h = tanh(W_ih x + b_ih + W_hh h + b_hh) ---- */

typedef struct { const double *w_ih, *w_hh, *b_ih, *b_hh; long N, D, H; } cell;

/* y (T,N,H) from x (T,N,D) and h (N,H) */
static void forward(cell c, long T, const double *x, const double *h, double *y) {
  for (long t = 0; t < T; t++, x += c.N * c.D, h = y, y += c.N * c.H)
    for (long n = 0; n < c.N; n++)
      for (long k = 0; k < c.H; k++) {
        double a = c.b_ih[k] + c.b_hh[k];
        for (long d = 0; d < c.D; d++) a += c.w_ih[k * c.D + d] * x[n * c.D + d];
        for (long j = 0; j < c.H; j++) a += c.w_hh[k * c.H + j] * h[n * c.H + j];
        y[n * c.H + k] = tanh(a);
      }
}

/* gradients, all 0 before; d_h (N,H) goes in at the last step and comes out at the first */
static void backward(cell c, long T, const double *x, const double *h0, const double *y,
                     const double *d_y, double *d_h, double *d_x, double *d_w_ih,
                     double *d_w_hh, double *d_b) {
  double *d_a = (double *)calloc((size_t)(c.N * c.H + 1), sizeof *d_a);
  for (long t = T - 1; t >= 0; t--) {
    const double *h = t ? y + (t - 1) * c.N * c.H : h0;
    for (long i = 0; i < c.N * c.H; i++) {
      double out = y[t * c.N * c.H + i];
      d_a[i] = (d_h[i] + d_y[t * c.N * c.H + i]) * (1 - out * out);
      d_h[i] = 0;
    }
    for (long n = 0; n < c.N; n++)
      for (long k = 0; k < c.H; k++) {
        double g = d_a[n * c.H + k];
        d_b[k] += g;
        for (long d = 0; d < c.D; d++) {
          d_w_ih[k * c.D + d] += g * x[(t * c.N + n) * c.D + d];
          d_x[(t * c.N + n) * c.D + d] += g * c.w_ih[k * c.D + d];
        }
        for (long j = 0; j < c.H; j++) {
          d_w_hh[k * c.H + j] += g * h[n * c.H + j];
          d_h[n * c.H + j] += g * c.w_hh[k * c.H + j];
        }
      }
  }
  free(d_a);
}

/* ---- the conversation ---- */

static const char *HELLO =
    "\"protocol\":1,\"name\":\"tanh RNN\",\"language\":\"C\",\"kind\":\"rnn-tanh\","
    "\"capabilities\":[\"forward\",\"vjp\",\"batch\",\"initial-state\","
    "\"default-state\",\"final-state\",\"resizable\"]}";

static double *zeros(long size) { return (double *)calloc((size_t)size + 1, sizeof(double)); }

static void run(void) {
  const long any[] = {-1, -1, -1};
  rc_array w_ih = rc_get("weight_ih", 2, any);
  const long H = w_ih.shape[0], D = w_ih.shape[1];
  const long hh[] = {H, H}, b[] = {H}, in[] = {-1, -1, D};
  rc_array w_hh = rc_get("weight_hh", 2, hh);
  rc_array b_ih = rc_get("bias_ih", 1, b), b_hh = rc_get("bias_hh", 1, b);
  rc_array x = rc_get("inputs", 3, in);
  const long T = x.shape[0], N = x.shape[1], NH = N * H;
  const long s[] = {1, N, H}, out[] = {T, N, H};
  rc_array h0 = rc_get_state("state", 3, s);
  rc_array g_y = {NULL, {0}, 0}, g_h = {NULL, {0}, 0};
  if (rc_is("vjp")) {
    g_y = rc_get("grad_outputs", 3, out);
    g_h = rc_get_state("grad_state", 3, s);
  }
  if (rc_field("lengths") && *rc_field("lengths") != 'n') rc_error = "lengths";
  double *start = zeros(NH), *y = zeros(T * NH), *d_x = zeros(x.size);
  double *d_w_ih = zeros(H * D), *d_w_hh = zeros(H * H), *d_b = zeros(H);
  if (rc_error) {
    rc_refuse("refused", rc_error);
  } else {
    cell c = {w_ih.data, w_hh.data, b_ih.data, b_hh.data, N, D, H};
    if (h0.data) memcpy(start, h0.data, (size_t)NH * sizeof *start);
    forward(c, T, x.data, start, y);
    rc_reply();
    if (rc_is("forward")) {
      rc_put("\"outputs\":", y, 3, out, ",");
      rc_put("\"state\":[", T ? y + (T - 1) * NH : start, 3, s, "]}");
    } else {
      backward(c, T, x.data, start, y, g_y.data, g_h.data, d_x, d_w_ih, d_w_hh, d_b);
      rc_put("\"params\":{\"weight_ih\":", d_w_ih, 2, w_ih.shape, ",");
      rc_put("\"weight_hh\":", d_w_hh, 2, hh, ",");
      rc_put("\"bias_ih\":", d_b, 1, b, ",");
      rc_put("\"bias_hh\":", d_b, 1, b, "},");
      rc_put("\"inputs\":", d_x, 3, x.shape, ",");
      if (h0.data) rc_put("\"state\":[", g_h.data, 3, s, "]}");
      else printf("\"state\":[]}");
    }
  }
  double *all[] = {w_ih.data, w_hh.data, b_ih.data, b_hh.data, x.data, h0.data, g_y.data,
                   g_h.data, start, y, d_x, d_w_ih, d_w_hh, d_b};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
}

int main(void) {
  while (rc_next()) {
    if (rc_is("hello")) {
      rc_reply();
      printf("%s", HELLO);
    } else if (rc_is("build")) {
      long H = rc_integer("hidden_size"), D = rc_integer("input_size");
      rc_reply();
      printf("\"params\":{\"weight_ih\":[%ld,%ld],\"weight_hh\":[%ld,%ld],"
             "\"bias_ih\":[%ld],\"bias_hh\":[%ld]},\"states\":1,\"output_size\":%ld}",
             H, D, H, H, H, H, H);
    } else if (rc_is("forward") || rc_is("vjp")) {
      run();
    } else { /* free, bye */
      printf("{\"id\":%ld}", rc_id);
    }
  }
  return 0;
}
