"""A worker that follows a script: right in its smoke test, and then as it is told.

    python -S fake_worker.py NAME

It needs the standard library alone, so that it starts fast.
"""

import json
import os
import signal
import sys
import time

OPS = ("forward", "vjp")
SMOKE = [3, 2, 5]  # the inputs of the smoke test, which is answered as it should be
HELLO = {
    "protocol": 1,
    "name": "fake",
    "language": "Python",
    "kind": "rnn-tanh",
    "capabilities": [
        *("forward", "batch", "initial-state", "default-state"),
        *("final-state", "resizable"),
    ],
}


def zeros(*shape):
    size = 1
    for n in shape:
        size *= n
    return {"dtype": "float64", "shape": shape, "values": [0.0] * size}


def reply_to(request):
    """Return the right reply, but for the numbers, which are 0."""
    reply = {"id": request["id"]}
    if request["op"] == "hello":
        return reply | HELLO | ({"kind": None} if "unknown" in sys.argv[1] else {})
    if request["op"] == "build":
        d, h = request["spec"]["input_size"], request["spec"]["hidden_size"]
        shapes = {"weight_ih": [h, d], "weight_hh": [h, h]}
        shapes |= {"bias_ih": [h], "bias_hh": [h]}
        return reply | {"params": shapes, "states": 1, "output_size": h}
    if request["op"] == "forward":
        t, n, _ = request["inputs"]["shape"]
        h = len(request["params"]["bias_ih"]["data"]) and request["params"]["bias_ih"]
        (units,) = h["shape"]
        outputs = zeros(t, n, units)
        return reply | {"outputs": outputs, "state": [zeros(1, n, units)]}
    return reply


def write(text):
    os.write(1, text if isinstance(text, bytes) else text.encode())


def die(how):
    sys.stderr.write("these are my last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), how)


def forever():
    time.sleep(3600)


def flood(*_):
    """Write 100 MB without an end of line."""
    piece = b"[" * (1 << 20)
    for _ in range(100):
        write(piece)


def edited(**changes):
    """Return a scene that answers with other fields."""

    def scene(_, reply):
        write(json.dumps(reply | changes) + "\n")

    return scene


def instead(**changes):
    """Return a scene that answers with outputs changed."""

    def scene(_, reply):
        outputs = {**reply["outputs"], **changes}
        outputs = {name: v for name, v in outputs.items() if v is not None}
        write(json.dumps(reply | {"outputs": outputs}) + "\n")

    return scene


def without(name):
    def scene(_, reply):
        del reply[name]
        write(json.dumps(reply) + "\n")

    return scene


def said(kind):
    def scene(request, _):
        problem = {"kind": kind, "message": "not today"}
        write(json.dumps({"id": request["id"], "error": problem}) + "\n")

    return scene


SCENES = {
    "truncated": lambda _, r: write(json.dumps(r)[:40] + "\n"),
    "truncated-and-exit": lambda _, r: (write(json.dumps(r)[:40]), os._exit(3)),
    "killed-mid-reply": lambda _, r: (write(json.dumps(r)[:40]), die(signal.SIGKILL)),
    "segfault": lambda *_: die(signal.SIGSEGV),
    "abort": lambda *_: die(signal.SIGABRT),
    "exit": lambda *_: os._exit(0),
    "closes-output": lambda *_: (os.close(1), forever()),
    "silence": lambda *_: forever(),
    "silence-mid-reply": lambda _, r: (write(json.dumps(r)[:40]), forever()),
    "trickle": lambda *_: [(write(" "), time.sleep(0.05)) for _ in range(100000)],
    "100-MB": flood,
    "wrong-id": edited(id=-7),
    "id-is-text": edited(id="1"),
    "extra-field": edited(colour="blue"),
    "nan-text": lambda _, r: write(json.dumps(r).replace("0.0", "NaN", 1) + "\n"),
    "null-value": instead(values=None, data=None),
    "text-value": instead(values=["zero"]),
    "too-few-values": instead(values=[0.0]),
    "bad-base64": instead(values=None, data="@@@@"),
    "short-base64": instead(values=None, data="AAAA"),
    "negative-shape": instead(shape=[-1, 2, 3]),
    "unknown-dtype": instead(dtype="quaternion"),
    "two-kinds-of-data": instead(data=""),
    "payload-out-of-range": instead(values=None, at=0),
    "huge-payload": edited(payload=1 << 40),
    "no-outputs": without("outputs"),
    "no-id": without("id"),
    "an-array": lambda *_: write("[1, 2, 3]\n"),
    "garbage": lambda *_: write("Loading the model...\n"),
    "not-utf-8": lambda *_: write(b"\xff\xfe{}\n"),
    "empty-line": lambda *_: write("\n"),
    "two-replies": lambda _, r: write(2 * (json.dumps(r) + "\n")),
    "deep": lambda *_: write("[" * 100000 + "\n"),
    "unknown-error": said("sulking"),
    "wrong-shape": lambda _, r: write(
        json.dumps(r | {"outputs": zeros(1, 1, 1, 1)}) + "\n"
    ),
    "one-state-too-many": lambda _, r: write(
        json.dumps(r | {"state": 2 * r["state"]}) + "\n"
    ),
    "nan-spelt": lambda _, r: write(json.dumps(r).replace("0.0", '"nan"', 1) + "\n"),
    "unsupported": said("unsupported"),
    "refused": said("refused"),
    "failed": said("failed"),
}
HARNESS = {  # in the place of the reply to hello
    "another-protocol": lambda _, r: write(json.dumps(r | {"protocol": 2}) + "\n"),
    "no-hello": lambda *_: write("hello\n"),
    "dies-at-once": lambda *_: os._exit(4),
    "misspelt-capability": lambda _, r: write(
        json.dumps(r | {"capabilities": ["forwards"]}) + "\n"
    ),
    "wrong-gates": lambda _, r: write(
        json.dumps(r | {"kind": "lstm", "gates": "abcd"}) + "\n"
    ),
    "another-kind": lambda _, r: write(json.dumps(r | {"kind": "lstm"}) + "\n"),
}


def main():
    name = sys.argv[1]
    for line in sys.stdin:
        request = json.loads(line)
        reply = reply_to(request)
        smoke = request.get("inputs", {}).get("shape") == SMOKE
        if request["op"] == "hello" and name in HARNESS:
            HARNESS[name](request, reply)
        elif (
            name.startswith("dies-in-build")
            and request.get("spec", {}).get("num_layers") == 1
        ):
            if request["spec"]["input_size"] != SMOKE[2]:
                os._exit(1)
            write(json.dumps(reply) + "\n")
        elif request["op"] == "forward" and name in SCENES and not smoke:
            SCENES[name](request, reply)
        else:
            write(json.dumps(reply) + "\n")


if __name__ == "__main__":
    main()
