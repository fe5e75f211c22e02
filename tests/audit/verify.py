"""Verifies trails by their format alone: `verify.py [--key KEY]... DIR...`, a verdict a line."""
import base64, functools, hashlib, json, os, re, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
FORM = re.compile(rb'\{"v":1,"t":"(head|event|ckpt|tail)","seq":([1-9][0-9]*),"prev":"([0-9a-f]{64})'
                  rb'"(?:,[ -~]*)?,"hash":"([0-9a-f]{64})"\}')
sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
def point(data):  # RFC 8032 section 5.1.3; ValueError if there is none
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    if y >= P or x * x % P != square: raise ValueError("no point")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P
def add(p, q):  # extended coordinates
    a, b, c = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0]), 2 * p[3] * q[3] * D
    e, f, g, h = b - a, 2 * p[2] * q[2] - c, 2 * p[2] * q[2] + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P
def times(s, p):
    q = (0, 1, 1, 0)
    while s:
        q, p, s = add(q, p) if s & 1 else q, add(p, p), s >> 1
    return q
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
def check(key, text, sig):  # RFC 8032 section 5.1.7
    k, s = hashlib.sha512(sig[:32] + key + text).digest(), int.from_bytes(sig[32:], "little")
    k = int.from_bytes(k, "little") % L
    one, two = times(s, BASE), add(point(sig[:32]), times(k, point(key)))
    assert s < L and not any((one[i] * two[2] - two[i] * one[2]) % P for i in (0, 1))
def verifier(text):  # C2SP signed-note: NAME+ID+base64(1 || key)
    name, number, data = text.split("+", 2)
    data = base64.b64decode(data)
    assert data[0] == 1 and sha(name.encode(), b"\n", data)[:4].hex() == number
    return (name, number), data[1:]
def grow(size, nodes, line):  # RFC 6962 section 2.1: the roots of the full trees, the largest first
    node = sha(b"\0", line)
    while size & 1:
        node, nodes, size = sha(b"\1", nodes[-1], node), nodes[:-1], size >> 1
    return nodes + [node]
def root(nodes):
    join = lambda right, left: sha(b"\1", left, right)
    return functools.reduce(join, reversed(nodes[:-1]), nodes[-1] if nodes else sha())

class Trail:
    def __init__(self, chain, first, given):
        self.chain, self.given, self.keys = chain, bool(given), dict(given)
        self.seq, self.last, self.nodes = (0, "0" * 64, []) if first == 1 else (None, None, None)
        self.start = self.gone = self.unknown = None
        self.covered, self.after, self.allowed = False, 0, 0
    def line(self, data, row, where):
        form = FORM.fullmatch(data)
        assert form and sha(b"keyhole-audit/1\n", data[:-75]).hex() == form[4].decode()
        kind, seq, prev, this = form[1].decode(), int(form[2]), form[3].decode(), form[4].decode()
        follows = self.last in (None, prev) and self.seq in (None, seq - 1)
        if self.ended or (kind == "head") != (row == 1) or not follows:
            fork = row > 1 and prev == self.prev and seq == self.seq and this != self.last
            raise ValueError("forked" if fork else "broken")
        if kind in ("head", "ckpt"):
            said = json.loads(data)
            told = [bytes.fromhex(node) for node in said["tree.frontier"]]
            assert said["tree.size"] == seq - 1 and len(told) == bin(seq - 1).count("1")
            assert self.nodes is None or told == self.nodes
            self.nodes, self.start = told, self.start or (seq - 1, root(told).hex())
        if kind == "head" and verifier(said["key"]) and not self.given:
            self.keys.update([verifier(said["key"])])
        if kind == "ckpt": self.note(said["note"], seq - 1, where)
        self.after += kind == "event"
        self.nodes = grow(seq - 1, self.nodes, bytes.fromhex(this))
        self.seq, self.prev, self.last, self.ended = seq, prev, this, kind == "tail"
    def note(self, note, size, where):
        text, signatures = note.split("\n\n")
        origin, count, top, *more = text.split("\n")
        hashed = base64.b64encode(root(self.nodes)).decode()
        assert (origin, count, top) == ("keyhole-audit/" + self.chain, str(size), hashed)
        word, *words = more[0].split(" ") if more else [""]
        if word == "rotate" and not self.given: self.keys.update([verifier(words[0])])
        signers = 0
        for name, data in (line.split(" ")[1:] for line in signatures.splitlines()):
            data = base64.b64decode(data)
            if (name, data[:4].hex()) in self.keys:
                check(self.keys[name, data[:4].hex()], (text + "\n").encode(), data[4:])
                signers += 1
        self.unknown = None if signers else self.unknown or where
        if signers: self.covered, self.after = True, 0
        if signers and word == "rotate": self.keys.update([verifier(words[0])])
        if signers and word == "prune" and int(words[0]) > self.allowed:
            self.allowed, self.gone = int(words[0]), (int(words[1]), words[2])

def verdict(folder, given):
    found = [re.fullmatch(r"([0-9a-f]{16})-(\d{6,})\.jsonl", name) for name in os.listdir(folder)]
    files = {int(match[2]): match for match in found if match}
    if not files: return "ok-unanchored"
    first, chain = min(files), files[min(files)][1]
    name, trail, number = chain + "-%06d.jsonl:%d", Trail(chain, first, given), first
    while number in files:
        with open(os.path.join(folder, files[number][0]), "rb") as file:
            *lines, rest = file.read().split(b"\n")
        trail.ended = False
        for row, line in enumerate(lines, 1):
            try:
                trail.line(line, row, name % (number, row))
            except (AssertionError, KeyError, TypeError, ValueError) as error:
                return ("forked: " if str(error) == "forked" else "broken: ") + name % (number, row)
        if rest:
            return ("broken: " if number + 1 in files else "torn-tail: ") + name % (number, len(lines) + 1)
        number += 1
    if number < max(files): return "truncated: " + name % (number, 1)
    if trail.unknown: return "broken: " + trail.unknown
    if first > 1 and (trail.allowed < first or (trail.allowed == first and trail.start != trail.gone)):
        return "truncated: " + name % (trail.allowed if 0 < trail.allowed < first else 1, 1)
    return "pruned-ok" if first > 1 else "ok" if given and trail.covered and not trail.after else "ok-unanchored"
keys, folders = [], sys.argv[1:]
while folders[:1] == ["--key"]:
    keys, folders = keys + [verifier(folders[1])], folders[2:]
for folder in folders:
    print(verdict(folder, keys), flush=True)
