//! The worker protocol of refcheck for Rust, without crates.
//!
//! Requests come without spaces, with their fields in a fixed order and "params" last,
//! so that a field is where its name is first seen.  Arrays here are f64 alone.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[derive(Clone)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

pub struct Request {
    line: String,
}

pub type Refused = String;

impl Request {
    /// What follows "name": in the request.
    fn field(&self, name: &str) -> Option<&str> {
        let key = format!("\"{name}\":");
        self.line.find(&key).map(|at| &self.line[at + key.len()..])
    }

    pub fn integer(&self, name: &str) -> usize {
        let digits = self.field(name).unwrap_or("");
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().unwrap_or(0)
    }

    pub fn op(&self) -> &str {
        self.field("op").and_then(|f| f[1..].split('"').next()).unwrap_or("")
    }

    pub fn is_null(&self, name: &str) -> bool {
        self.field(name).is_none_or(|f| f.starts_with("null"))
    }

    /// The array of this name; refused unless its shape is `expected` (None: any).
    pub fn array(&self, name: &str, expected: &[Option<usize>]) -> Result<Array, Refused> {
        let text = self.field(name).ok_or(format!("there is no {name}"))?;
        let found = read(text).ok_or(format!("{name} is no array of float64"))?;
        let fits = found.shape.len() == expected.len()
            && expected.iter().zip(&found.shape).all(|(e, n)| e.is_none_or(|e| e == *n));
        if fits { Ok(found) } else { Err(format!("{name} has shape {:?}", found.shape)) }
    }

    /// The one array of the state; None where no state is given.
    pub fn state(&self, name: &str, expected: &[Option<usize>]) -> Result<Option<Array>, Refused> {
        if self.is_null(name) {
            return Ok(None);
        }
        let text = self.field(name).unwrap_or("");
        let end = text.find('}').unwrap_or(0);
        if !text.starts_with("[{") || !text[end..].starts_with("}]") {
            return Err(format!("{name} is not one array"));
        }
        self.array(name, expected).map(Some)
    }
}

fn read(text: &str) -> Option<Array> {
    let object = text.trim_start_matches('[').split('}').next()?;
    object.strip_prefix("{\"dtype\":\"float64\"")?;
    let sizes = object.split("\"shape\":[").nth(1)?.split(']').next()?;
    let shape: Vec<usize> = sizes.split(',').filter_map(|n| n.parse().ok()).collect();
    let (mut bits, mut held, mut raw) = (0u32, 0, Vec::new());
    for c in object.split("\"data\":\"").nth(1)?.bytes().take_while(|c| !b"=\"".contains(c)) {
        bits = bits << 6 | DIGITS.iter().position(|d| *d == c)? as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            raw.push((bits >> held) as u8);
        }
    }
    let data: Vec<f64> =
        raw.chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect();
    (data.len() == shape.iter().product::<usize>()).then_some(Array { shape, data })
}

/// An array as a message holds it.
pub fn written(shape: &[usize], data: &[f64]) -> String {
    let raw: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut text = String::new();
    for chunk in raw.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let v = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for k in 0..4 {
            let digit = DIGITS[(v >> (18 - 6 * k) & 63) as usize] as char;
            text.push(if k <= chunk.len() { digit } else { '=' });
        }
    }
    format!("{{\"dtype\":\"float64\",\"shape\":{},\"data\":\"{text}\"}}", listed(shape))
}

/// A shape as JSON.
pub fn listed(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", sizes.join(","))
}

/// Answer requests, each with the fields that `answer` returns.
pub fn serve(answer: impl Fn(&Request) -> Result<String, Refused>) {
    for line in std::io::stdin().lines() {
        let Ok(line) = line else { return };
        let request = Request { line };
        let fields = answer(&request).unwrap_or_else(|why| {
            let message = why.replace(['"', '\\'], "'");
            format!("\"error\":{{\"kind\":\"refused\",\"message\":\"{message}\"}}")
        });
        let comma = if fields.is_empty() { "" } else { "," };
        println!("{{\"id\":{}{comma}{fields}}}", request.integer("id"));
    }
}
