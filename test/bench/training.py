"""The work of training.ts in PyTorch, same shapes, float32: items a second of each kind as JSON. Takes the number of threads.

One thread is timed by the CPU time of the process, several by the wall.
"""
import json
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

D, C, B, LIKES = 64, 20, 256, 64
FIELDS, PAGES, OTHERS, K, Q, NEGATIVES = 5, 2000, 20, 64, 128, 10
threads = int(sys.argv[1])
clock = time.process_time if threads == 1 else time.perf_counter
torch.set_num_threads(threads)
torch.manual_seed(1)


def per_second(items, run):
    run()
    start = clock()
    run()
    return items / (clock() - start)


def normal(*shape):
    return torch.randn(*shape) / 8


points, centroids = normal(100_000, D), normal(C, D)
layer, bias, slope, local, attention, query = normal(D, D), normal(D), torch.tensor([0.25]), normal(D, D), normal(D, D), normal(D)
calibration = torch.tensor([5.0, 0.0])


def scores(users, seeds, keys, whole):
    near = torch.softmax(torch.tanh(users @ keys.T), 1) @ seeds
    return 0.3 * F.cosine_similarity(users, whole[None], 1) + 0.7 * F.cosine_similarity(users, near, 1)


def towers(users, seeds):
    return F.prelu(users @ layer.T + bias, slope), F.prelu(seeds @ layer.T + bias, slope)


def whole_of(seeds):
    return torch.softmax(torch.tanh(seeds @ attention.T) @ query, 0) @ seeds


def score_untrained():
    with torch.no_grad():
        for part in points.split(4096):
            scores(part, centroids, centroids, centroids.mean(0))


def score_trained():
    with torch.no_grad():
        seeds = F.prelu(centroids @ layer.T + bias, slope)
        keys, whole = seeds @ local, whole_of(seeds)
        for part in points.split(4096):
            scores(F.prelu(part @ layer.T + bias, slope), seeds, keys, whole)


LOOK_ALIKE_STEPS = 100
learned = [tensor.clone().requires_grad_() for tensor in (layer, bias, slope, local, attention, query, calibration)]
labels = torch.cat([torch.ones(LIKES), torch.zeros(B - LIKES)])
shares = torch.cat([torch.full((LIKES,), 0.5 / LIKES), torch.full((B - LIKES,), 0.5 / (B - LIKES))])


def train_look_alike():
    global layer, bias, slope, local, attention, query
    layer, bias, slope, local, attention, query, scale = learned
    adam = torch.optim.Adam(learned, lr=0.001)
    for _ in range(LOOK_ALIKE_STEPS):
        users, seeds = towers(points[torch.randint(len(points), (B,))], centroids)
        logits = scores(users, seeds, seeds @ local, whole_of(seeds)) * scale[0] + scale[1]
        loss = F.binary_cross_entropy_with_logits(logits, labels, shares, reduction="sum")
        adam.zero_grad()
        loss.backward()
        adam.step()


USERS, POSITIVES = 2000, 5
FEATURES = PAGES + (FIELDS - 1) * OTHERS
random = np.random.default_rng(1)
pages = np.stack([random.choice(PAGES, 12, replace=False) for _ in range(USERS)])
others = PAGES + OTHERS * np.arange(FIELDS - 1) + random.integers(0, OTHERS, (USERS, FIELDS - 1))
rows = np.concatenate([pages, others], 1)
field_of = np.array([0] * 12 + list(range(1, FIELDS)))
features = torch.nn.Embedding(FEATURES, D, sparse=True)
items = torch.nn.Embedding(FEATURES, D, sparse=True)
keys, weight, hidden, output = torch.nn.Linear(D, K, False), torch.nn.Linear(K, 1, False), torch.nn.Linear(D, Q), torch.nn.Linear(Q, D)
dense = [*keys.parameters(), *weight.parameters(), *hidden.parameters(), *output.parameters()]


def train_representation():
    tables = torch.optim.SparseAdam([features.weight, items.weight], lr=0.001)
    adam = torch.optim.Adam(dense, lr=0.001)
    pairs = np.stack([np.repeat(np.arange(USERS), POSITIVES), random.integers(0, rows.shape[1], USERS * POSITIVES)], 1)
    random.shuffle(pairs)
    for start in range(0, len(pairs), B):
        users, told = pairs[start : start + B].T
        own = rows[users]
        kept = np.ones(own.shape, bool)
        kept[np.arange(len(users)), told] = False
        pooling = (kept[:, None, :] & (field_of == np.arange(FIELDS)[:, None])[None]).astype(np.float32)
        counts = pooling.sum(2, keepdims=True)
        pooled = torch.bmm(torch.from_numpy(pooling / np.maximum(counts, 1)), features(torch.from_numpy(own)))
        weights = weight(torch.tanh(keys(pooled))).masked_fill(torch.from_numpy(counts == 0), -1e9)
        merged = (torch.softmax(weights, 1) * pooled).sum(1)
        ends = output(torch.relu(hidden(merged)))
        negatives = ((FEATURES + 1) ** random.random((len(users), NEGATIVES))).astype(np.int64) - 1
        candidates = np.concatenate([own[np.arange(len(users)), told][:, None], np.minimum(negatives, FEATURES - 1)], 1)
        logits = torch.bmm(items(torch.from_numpy(candidates)), ends[:, :, None])[:, :, 0]
        loss = F.cross_entropy(logits, torch.zeros(len(users), dtype=torch.long))
        tables.zero_grad()
        adam.zero_grad()
        loss.backward()
        tables.step()
        adam.step()


print(
    json.dumps(
        {
            "score untrained": per_second(len(points), score_untrained),
            "score trained": per_second(len(points), score_trained),
            "train look-alike": per_second(LOOK_ALIKE_STEPS * B, train_look_alike),
            "train representation": per_second(USERS * POSITIVES, train_representation),
        }
    )
)
