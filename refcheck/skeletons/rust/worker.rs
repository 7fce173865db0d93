//! A worker for refcheck.  Replace the cell by yours; `run` hands it its arrays.

#[path = "refcheck.rs"]
mod refcheck;
use refcheck::{listed, serve, written, Array, Refused, Request};

// ---- the cell: h = tanh(W_ih x + b_ih + W_hh h + b_hh) ----

struct Cell {
    w_ih: Vec<f64>,
    w_hh: Vec<f64>,
    b_ih: Vec<f64>,
    b_hh: Vec<f64>,
    batch: usize,
    inputs: usize,
    units: usize,
}

impl Cell {
    /// y (T,N,H) from x (T,N,D) and h (N,H)
    fn forward(&self, x: &[f64], h0: &[f64]) -> Vec<f64> {
        let (d, h) = (self.inputs, self.units);
        let mut states = h0.to_vec(); // h0, then each y[t]
        for (row, x) in x.chunks_exact(d).enumerate() {
            let before = states[row * h..][..h].to_vec();
            for k in 0..h {
                let from_x: f64 = self.w_ih[k * d..][..d].iter().zip(x).map(|(w, x)| w * x).sum();
                let from_h: f64 =
                    self.w_hh[k * h..][..h].iter().zip(&before).map(|(w, h)| w * h).sum();
                states.push((self.b_ih[k] + self.b_hh[k] + from_x + from_h).tanh());
            }
        }
        states.split_off(h0.len())
    }

    /// The gradients of w_ih, w_hh, either bias, x and h0; d_h comes in at the last step.
    fn backward(&self, x: &[f64], h0: &[f64], y: &[f64], d_y: &[f64], d_h: &[f64]) -> [Vec<f64>; 5] {
        let (d, h) = (self.inputs, self.units);
        let states = [h0, y].concat();
        let mut d_states = [&vec![0.0; h0.len()], d_y].concat();
        let last = d_states.len() - d_h.len();
        d_states[last..].iter_mut().zip(d_h).for_each(|(a, b)| *a += b);
        let mut g_ih = vec![0.0; h * d];
        let (mut g_hh, mut g_b, mut g_x) = (vec![0.0; h * h], vec![0.0; h], vec![0.0; x.len()]);
        for row in (0..x.len() / d).rev() {
            for k in 0..h {
                let at = h0.len() + row * h + k;
                let a = d_states[at] * (1.0 - states[at] * states[at]);
                g_b[k] += a;
                for j in 0..d {
                    g_ih[k * d + j] += a * x[row * d + j];
                    g_x[row * d + j] += a * self.w_ih[k * d + j];
                }
                for j in 0..h {
                    g_hh[k * h + j] += a * states[row * h + j];
                    d_states[row * h + j] += a * self.w_hh[k * h + j];
                }
            }
        }
        d_states.truncate(h0.len());
        [g_ih, g_hh, g_b, g_x, d_states]
    }
}

// ---- the conversation ----

const HELLO: &str = r#""protocol":1,"name":"tanh RNN","language":"Rust","kind":"rnn-tanh","capabilities":["forward","vjp","batch","initial-state","default-state","final-state","resizable"]"#;

fn run(request: &Request) -> Result<String, Refused> {
    let w_ih = request.array("weight_ih", &[None, None])?;
    let (h, d) = (w_ih.shape[0], w_ih.shape[1]);
    let x = request.array("inputs", &[None, None, Some(d)])?;
    let (t, n) = (x.shape[0], x.shape[1]);
    let one = [Some(1), Some(n), Some(h)];
    let state = request.state("state", &one)?;
    if !request.is_null("lengths") {
        return Err("no lengths are taken".into());
    }
    let h0 = state.as_ref().map_or(vec![0.0; n * h], |s: &Array| s.data.clone());
    let cell = Cell {
        w_ih: w_ih.data,
        w_hh: request.array("weight_hh", &[Some(h), Some(h)])?.data,
        b_ih: request.array("bias_ih", &[Some(h)])?.data,
        b_hh: request.array("bias_hh", &[Some(h)])?.data,
        batch: n,
        inputs: d,
        units: h,
    };
    let y = cell.forward(&x.data, &h0);
    if request.op() == "forward" {
        let all = [&h0[..], &y].concat();
        let last = written(&[1, cell.batch, h], &all[t * n * h..]);
        return Ok(format!("\"outputs\":{},\"state\":[{last}]", written(&[t, n, h], &y)));
    }
    let d_y = request.array("grad_outputs", &[Some(t), Some(n), Some(h)])?.data;
    let d_h = request.state("grad_state", &one)?.ok_or("there is no grad_state")?.data;
    let [g_ih, g_hh, g_b, g_x, g_h] = cell.backward(&x.data, &h0, &y, &d_y, &d_h);
    let d_state = state.map_or(String::new(), |s| written(&s.shape, &g_h));
    let (ih, hh, b) = (written(&[h, d], &g_ih), written(&[h, h], &g_hh), written(&[h], &g_b));
    Ok(format!(
        "\"params\":{{\"weight_ih\":{ih},\"weight_hh\":{hh},\"bias_ih\":{b},\"bias_hh\":{b}}},\
         \"inputs\":{},\"state\":[{d_state}]",
        written(&x.shape, &g_x)
    ))
}

fn main() {
    serve(|request| match request.op() {
        "hello" => Ok(HELLO.into()),
        "build" => {
            let (d, h) = (request.integer("input_size"), request.integer("hidden_size"));
            let (ih, hh, b) = (listed(&[h, d]), listed(&[h, h]), listed(&[h]));
            Ok(format!(
                "\"params\":{{\"weight_ih\":{ih},\"weight_hh\":{hh},\"bias_ih\":{b},\
                 \"bias_hh\":{b}}},\"states\":1,\"output_size\":{h}"
            ))
        }
        "forward" | "vjp" => run(request),
        _ => Ok(String::new()), // free, bye
    });
}
