"""The usual script: users to a sparse matrix, a score, the best to a file. Called by job.ts; peak memory goes to stderr.

    job.py logistic-regression|mean-cosine USERS SEEDS SIZE OUT
"""
import csv
import gzip
import json
import resource
import sys

import numpy as np
import scipy.sparse as sp

method, users_path, seeds_path, size, out = sys.argv[1:]
ids, columns, starts, vocabulary = [], [], [0], {}
with gzip.open(users_path, "rt", encoding="utf8") as lines:
    for line in lines:
        user = json.loads(line)
        ids.append(user["id"])
        columns.extend(vocabulary.setdefault(feature, len(vocabulary)) for feature in user["features"])
        starts.append(len(columns))
rows = sp.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(ids), len(vocabulary)))
with open(seeds_path, encoding="utf8") as lines:
    seeds = set(lines.read().split())
is_seed = np.array([user in seeds for user in ids])
if method == "logistic-regression":
    from sklearn.linear_model import LogisticRegression

    scores = LogisticRegression(max_iter=1000).fit(rows, is_seed).decision_function(rows)
else:
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    units = sp.diags(1 / np.maximum(lengths, 1e-12)) @ rows
    scores = units @ np.asarray(units[is_seed].mean(axis=0)).ravel()
others = np.flatnonzero(~is_seed)
best = others[np.argsort(-scores[others], kind="stable")][: int(size)]
with open(out, "w", encoding="utf8", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["rank", "user_id", "score"])
    writer.writerows((rank + 1, ids[user], scores[user]) for rank, user in enumerate(best))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
