"""Verifies trails by their format alone: `verify.py [--key KEY]... DIR...` prints a verdict a line."""
import base64, hashlib, json, os, re, sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)
sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()


def recover(data):  # RFC 8032 section 5.1.3
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * I % P
    if y >= P or (x * x - xx) % P or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x, y, 1, (P - x if x & 1 != sign else x) * y % P)


def add(p, q):  # extended coordinates
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(s, p):
    q = (0, 1, 1, 0)
    while s:
        q, p, s = add(q, p) if s & 1 else q, add(p, p), s >> 1
    return q


BASE = recover((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, text, sig):
    a, r, s = recover(key), recover(sig[:32]), int.from_bytes(sig[32:], "little")
    if len(sig) != 64 or not a or not r or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + text).digest(), "little") % L
    one, two = times(s, BASE), add(r, times(k, a))
    return not ((one[0] * two[2] - two[0] * one[2]) % P or (one[1] * two[2] - two[1] * one[2]) % P)


def verifier(text):  # C2SP signed-note: NAME+ID+base64(1 || key)
    name, number, data = text.split("+", 2)
    data = base64.b64decode(data)
    assert data[0] == 1 and sha(name.encode(), b"\n", data)[:4].hex() == number
    return (name, number), data[1:]


class Tree:  # RFC 6962 section 2.1, as a frontier
    def __init__(self, size=0, frontier=()):
        self.size, self.nodes = size, [bytes.fromhex(h) for h in frontier]
        assert len(self.nodes) == bin(size).count("1")

    def push(self, line):
        node, size = sha(b"\0", line), self.size
        while size & 1:
            node, size = sha(b"\1", self.nodes.pop(), node), size >> 1
        self.nodes.append(node)
        self.size += 1

    def root(self):
        if not self.nodes:
            return sha()
        node = self.nodes[-1]
        for left in reversed(self.nodes[:-1]):
            node = sha(b"\1", left, node)
        return node


FORM = re.compile(rb'\{"v":1,"t":"(head|event|ckpt|tail)","seq":([1-9][0-9]*),"prev":"([0-9a-f]{64})"'
                  rb'(?:,[ -~]*)?,"hash":"([0-9a-f]{64})"\}')


def chain(folder, given):
    names = [re.fullmatch(r"([0-9a-f]{16})-(\d{6,})\.jsonl", n) for n in os.listdir(folder)]
    found = sorted((m[1], int(m[2]), m[0]) for m in names if m)
    if not found:
        return "ok-unanchored"
    first, keys, allowed, covered, unknown, tree = found[0][1], dict(given), 0, False, None, None
    start, last, seq, number, records = None, "0" * 64 if first == 1 else None, 0, first - 1, 0
    for name, at, file in found:
        number += 1
        if name != found[0][0]:
            return "forked: %s:1" % file
        if at != number:
            return "truncated: %s-%06d.jsonl:1" % (name, number)
        data, ended = open(os.path.join(folder, file), "rb").read(), False
        lines = data.split(b"\n")
        for row, line in enumerate(lines[:-1], 1):
            where, form = "%s:%d" % (file, row), FORM.fullmatch(line)
            hashed = line[: len(line) - 75]
            if not form or sha(b"keyhole-audit/1\n", hashed).hex() != form[4].decode() or ended:
                return "broken: " + where
            kind, prev, n = form[1].decode(), form[3].decode(), int(form[2])
            if last is not None and (prev != last or n != seq + 1):
                return ("forked: " if prev == before and n == seq else "broken: ") + where
            if (kind == "head") != (row == 1):
                return "broken: " + where
            if kind in ("head", "ckpt"):
                said = json.loads(line)
                told = Tree(said["tree.size"], said["tree.frontier"])
                tree = tree or (Tree() if first == 1 else told)
                if told.size != n - 1 or told.size != tree.size or told.nodes != tree.nodes:
                    return "broken: " + where
                start = start or (told.size, told.root().hex())
            if kind == "head" and not given:
                keys.update([verifier(said["key"])])
            if kind == "ckpt":
                text, _, rest = said["note"].rpartition("\n\n")
                body = (text + "\n").split("\n")[:-1]
                root = base64.b64encode(tree.root()).decode()
                if body[:3] != ["keyhole-audit/" + name, str(tree.size), root]:
                    return "broken: " + where
                more = body[3].split(" ") if len(body) == 4 else [""]
                if more[0] == "rotate" and not given:
                    keys.update([verifier(more[1])])
                good = False
                for sig in rest.splitlines():
                    who, blob = sig[2:].split(" ")
                    blob = base64.b64decode(blob)
                    key = keys.get((who, blob[:4].hex()))
                    if key and not signed(key, (text + "\n").encode(), blob[4:]):
                        return "broken: " + where
                    good = good or key is not None
                unknown = None if good else unknown or where
                if good:
                    covered, records = True, 0
                if good and more[0] == "rotate":
                    keys.update([verifier(more[1])])
                if good and more[0] == "prune" and int(more[1]) > allowed:
                    allowed, gone = int(more[1]), (int(more[2]), more[3])
            records += kind == "event"
            tree.push(bytes.fromhex(form[4].decode()))
            before, last, seq, ended = prev, form[4].decode(), n, kind == "tail"
        if lines[-1]:
            return ("torn-tail: " if file == found[-1][2] else "broken: ") + "%s:%d" % (file, len(lines))
    if unknown:
        return "broken: " + unknown
    if first > 1 and (allowed < first or (allowed == first and start != gone)):
        return "truncated: %s-%06d.jsonl:1" % (found[0][0], 1 if allowed >= first else allowed or 1)
    return "pruned-ok" if first > 1 else "ok" if given and covered and not records else "ok-unanchored"


arguments, trusted = sys.argv[1:], []
while arguments[:1] == ["--key"]:
    trusted.append(verifier(arguments[1]))
    arguments = arguments[2:]
for folder in arguments:
    print(chain(folder, trusted), flush=True)
