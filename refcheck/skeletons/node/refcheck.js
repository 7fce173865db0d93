"use strict";
// The worker protocol of refcheck for Node: arrays as {shape, data: Float64Array}.

const readline = require("node:readline");

class Refused extends Error {}

function read(found) {
  if (found.dtype !== "float64") throw new Refused(`${found.dtype} is not float64`);
  const raw = Buffer.from(found.data, "base64");
  const data = new Float64Array(raw.length / 8).map((_, k) => raw.readDoubleLE(8 * k));
  return { shape: found.shape, data };
}

function written({ shape, data }) {
  const raw = Buffer.alloc(8 * data.length);
  data.forEach((value, k) => raw.writeDoubleLE(value, 8 * k));
  return { dtype: "float64", shape, data: raw.toString("base64") };
}

function requireShape(name, found, expected) {
  const fits = found.shape.length === expected.length &&
    expected.every((n, k) => n === null || n === found.shape[k]);
  if (!fits) throw new Refused(`${name} has shape (${found.shape}), expected (${expected})`);
}

// answers: {hello, build, forward, vjp}, each (request) -> the fields of its reply
function serve(answers) {
  const lines = readline.createInterface({ input: process.stdin, crlfDelay: Infinity });
  lines.on("line", (line) => {
    const request = JSON.parse(line);
    const { id, op } = request;
    let reply;
    try {
      reply = { id, ...(answers[op] ? answers[op](request) : {}) };
    } catch (error) {
      const kind = error instanceof Refused ? "refused" : "failed";
      reply = { id, error: { kind, message: String(error.message) } };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
    if (op === "bye") lines.close();
  });
}

module.exports = { Refused, read, written, requireShape, serve };
