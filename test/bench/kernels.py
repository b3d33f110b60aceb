"""The peers of kernels.ts: takes a case, and a folder with its input; seconds of CPU time of each peer's best run as JSON.

Peers that are not installed are left out. All are given one thread.
"""
import io
import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
case, folder, *sizes = sys.argv[1:]
sizes = [int(size) for size in sizes]
RUNS = 3
CHUNK = 4096


def read(name, kind, *shape):
    return np.fromfile(f"{folder}/{name}", kind).reshape(shape or -1)


def seconds(run):
    run()
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def signatures(hashes):
    columns, offsets = read("columns", np.uint32), read("offsets", np.uint32)
    random = np.random.default_rng(1)
    factors = random.integers(1, 2**32, hashes, np.uint32) | 1
    terms = random.integers(0, 2**32, hashes, np.uint32)
    hashed = columns * np.uint32(2654435761)

    def numpy():
        least = np.empty((hashes, len(offsets) - 1), np.uint32)
        for h in range(hashes):
            least[h] = np.minimum.reduceat(hashed * factors[h] + terms[h], offsets[:-1])

    peers = {"numpy, hash by hash and reduceat": seconds(numpy)}
    try:
        from datasketch import MinHash

        some = min(len(offsets) - 1, 500)
        sets = [[int(x).to_bytes(4, "little") for x in columns[offsets[u] : offsets[u + 1]]] for u in range(some)]
        peers["datasketch, bulk"] = seconds(lambda: MinHash.bulk(sets, num_perm=hashes)) * (len(offsets) - 1) / some
    except ImportError:
        pass
    return peers


def attention(D, C):
    users, keys, seeds = read("users", np.float32, -1, D), read("keys", np.float32, C, D), read("seeds", np.float32, C, D)
    whole = read("whole", np.float32, D)
    length = np.linalg.norm(whole)
    gram, direction = seeds @ seeds.T, whole / length

    def weights(part):
        near = part @ keys.T
        np.tanh(near, out=near)
        return np.exp(near, out=near)

    def chunked(score):
        return [score(users[at : at + CHUNK]) for at in range(0, len(users), CHUNK)]

    def as_written(part):
        norms = np.sqrt(np.einsum("ij,ij->i", part, part))
        mixtures = weights(part) @ seeds
        local = np.einsum("ij,ij->i", part, mixtures) / np.sqrt(np.einsum("ij,ij->i", mixtures, mixtures))
        return (0.3 * (part @ direction) + 0.7 * local) / norms

    def folded(part):
        norms = np.sqrt(np.einsum("ij,ij->i", part, part))
        near = weights(part)
        local = np.einsum("ij,ij->i", near, part @ seeds.T) / np.sqrt(np.einsum("ij,ij->i", near @ gram, near))
        return (0.3 * (part @ direction) + 0.7 * local) / norms

    peers = {
        "numpy, fused, in chunks": seconds(lambda: chunked(as_written)),
        "numpy, folded as akin's": seconds(lambda: chunked(folded)),
    }
    try:
        import torch
        from torch.nn import functional as F
    except ImportError:
        return peers
    torch.set_num_threads(1)

    class Scorer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.keys, self.seeds, self.whole = (torch.from_numpy(x) for x in (keys.T.copy(), seeds, whole[None]))

        def forward(self, part):
            near = torch.softmax(torch.tanh(part @ self.keys), 1) @ self.seeds
            return 0.3 * F.cosine_similarity(part, self.whole, 1) + 0.7 * F.cosine_similarity(part, near, 1)

    scorer, points = Scorer(), torch.from_numpy(users)

    def pytorch():
        with torch.no_grad():
            for part in points.split(CHUNK):
                scorer(part)

    peers["PyTorch"] = seconds(pytorch)
    try:
        import onnxruntime
    except ImportError:
        return peers
    model, options = io.BytesIO(), onnxruntime.SessionOptions()
    torch.onnx.export(scorer, points[:CHUNK], model, input_names=["part"], dynamic_axes={"part": {0: "N"}}, opset_version=13)
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.getvalue(), options, providers=["CPUExecutionProvider"])
    peers["onnxruntime"] = seconds(lambda: chunked(lambda part: session.run(None, {"part": part})))
    return peers


def scan(D, Q, K):
    vectors, queries = read("vectors", np.float32, -1, D), read("queries", np.float32, Q, D)

    def numpy():
        products = queries @ vectors.T
        nearest = np.argpartition(products, -K, axis=1)[:, -K:]
        np.sort(np.take_along_axis(products, nearest, 1), axis=1)

    peers = {"numpy, argpartition": seconds(numpy)}
    try:
        import faiss
    except ImportError:
        return peers
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(D)
    index.add(vectors)
    peers["faiss, flat"] = seconds(lambda: index.search(queries, K))
    return peers


def clusters(D, C, steps):
    try:
        from sklearn.cluster import KMeans
    except ImportError:
        return {}
    points, starts = read("vectors", np.float32, -1, D), read("starts", np.float32, C, D)
    means = KMeans(C, init=starts, n_init=1, max_iter=steps, tol=0, algorithm="lloyd")
    took = seconds(lambda: means.fit(points))
    print(f"scikit-learn: {means.n_iter_} steps, inertia {means.inertia_:.6g}", file=sys.stderr)
    return {"scikit-learn, Lloyd": took}


def similarity(rows):
    try:
        from scipy.sparse import csr_matrix
    except ImportError:
        return {}
    columns, offsets = read("columns", np.uint32), read("offsets", np.uint32)
    ones = np.ones(len(columns), np.float32)
    lengths = np.sqrt(np.diff(offsets)).astype(np.float32)
    unit = csr_matrix((ones / np.repeat(lengths, np.diff(offsets)), columns, offsets))
    users, seeds = unit[:rows], unit[rows:].T.tocsr()

    def scipy():
        for at in range(0, rows, 1000):
            (users[at : at + 1000] @ seeds).max(axis=1)

    start = time.process_time()
    scipy()
    return {"scipy, sparse product": time.process_time() - start}


cases = {f.__name__: f for f in (signatures, attention, scan, clusters, similarity)}
print(json.dumps(cases[case](*sizes)))
