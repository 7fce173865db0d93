"use strict";
// A worker for refcheck.  Replace the cell by yours; run() hands it its arrays.

const { Refused, read, written, requireShape, serve } = require("./refcheck.js");

// ---- the cell: h = tanh(W_ih x + b_ih + W_hh h + b_hh) ----

// y (T,N,H) from x (T,N,D) and h0 (N,H)
function forward({ w_ih, w_hh, b_ih, b_hh, N, D, H }, T, x, h0) {
  const y = new Float64Array(T * N * H);
  for (let t = 0; t < T; t++) {
    const h = t ? y.subarray((t - 1) * N * H) : h0;
    for (let n = 0; n < N; n++)
      for (let k = 0; k < H; k++) {
        let a = b_ih[k] + b_hh[k];
        for (let d = 0; d < D; d++) a += w_ih[k * D + d] * x[(t * N + n) * D + d];
        for (let j = 0; j < H; j++) a += w_hh[k * H + j] * h[n * H + j];
        y[(t * N + n) * H + k] = Math.tanh(a);
      }
  }
  return y;
}

function backward({ w_ih, w_hh, N, D, H }, T, x, h0, y, d_y, d_final) {
  const [g_ih, g_hh] = [new Float64Array(H * D), new Float64Array(H * H)];
  const [g_b, g_x] = [new Float64Array(H), new Float64Array(x.length)];
  let d_h = d_final;
  for (let t = T - 1; t >= 0; t--) {
    const h = t ? y.subarray((t - 1) * N * H) : h0;
    const d_before = new Float64Array(N * H);
    for (let n = 0; n < N; n++)
      for (let k = 0; k < H; k++) {
        const at = (t * N + n) * H + k;
        const d_a = (d_h[n * H + k] + d_y[at]) * (1 - y[at] ** 2);
        g_b[k] += d_a;
        for (let d = 0; d < D; d++) {
          g_ih[k * D + d] += d_a * x[(t * N + n) * D + d];
          g_x[(t * N + n) * D + d] += d_a * w_ih[k * D + d];
        }
        for (let j = 0; j < H; j++) {
          g_hh[k * H + j] += d_a * h[n * H + j];
          d_before[n * H + j] += d_a * w_hh[k * H + j];
        }
      }
    d_h = d_before;
  }
  return { g_ih, g_hh, g_b, g_x, d_h };
}

// ---- the conversation ----

const SHAPES = (D, H) => ({
  weight_ih: [H, D], weight_hh: [H, H], bias_ih: [H], bias_hh: [H],
});

function only(name, arrays, shape) {  // the one array of the state
  if (arrays.length !== 1) throw new Refused(`${arrays.length} arrays in ${name}, not 1`);
  const array = read(arrays[0]);
  requireShape(name, array, shape);
  return array.data;
}

function run(request) {
  const params = Object.entries(request.params).map(([name, a]) => [name, read(a)]);
  const { weight_ih, weight_hh, bias_ih, bias_hh } = Object.fromEntries(params);
  const [H, D] = weight_ih.shape;
  const inputs = read(request.inputs);
  requireShape("inputs", inputs, [null, null, D]);
  if (request.lengths) throw new Refused("no lengths are taken");
  const [T, N] = inputs.shape;
  const h0 = request.state
    ? only("state", request.state, [1, N, H]) : new Float64Array(N * H);
  const cell = {
    w_ih: weight_ih.data, w_hh: weight_hh.data, b_ih: bias_ih.data, b_hh: bias_hh.data, N, D, H,
  };
  return { cell, T, inputs, h0, y: forward(cell, T, inputs.data, h0), shape: [1, N, H] };
}

serve({
  hello: () => ({
    protocol: 1, name: "tanh RNN", language: "JavaScript", kind: "rnn-tanh",
    capabilities: ["forward", "vjp", "batch", "initial-state", "default-state",
      "final-state", "resizable"],
  }),
  build: ({ spec }) => ({
    params: SHAPES(spec.input_size, spec.hidden_size), states: 1, output_size: spec.hidden_size,
  }),
  forward: (request) => {
    const { cell: { N, H }, T, h0, y, shape } = run(request);
    const last = T ? y.subarray((T - 1) * N * H) : h0;
    return {
      outputs: written({ shape: [T, N, H], data: y }), state: [written({ shape, data: last })],
    };
  },
  vjp: (request) => {
    const { cell, T, inputs, h0, y, shape } = run(request);
    const d_y = read(request.grad_outputs).data;
    const d_final = only("grad_state", request.grad_state, shape);
    const g = backward(cell, T, inputs.data, h0, y, d_y, d_final);
    const own = { weight_ih: g.g_ih, weight_hh: g.g_hh, bias_ih: g.g_b, bias_hh: g.g_b };
    const params = Object.entries(SHAPES(cell.D, cell.H)).map(
      ([name, s]) => [name, written({ shape: s, data: own[name] })]);
    return {
      params: Object.fromEntries(params),
      inputs: written({ shape: inputs.shape, data: g.g_x }),
      state: request.state ? [written({ shape, data: g.d_h })] : [],
    };
  },
});
