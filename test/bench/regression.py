"""The work of regression.ts in scikit-learn, one thread, CPU time. Takes a folder of problems, and prints JSON.

Without further arguments: for each problem and solver the fewest iterations that reach what is asked, and what is reached by
many. With the JSON of those: how long each takes.
"""
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

warnings.filterwarnings("ignore")
ITERATIONS = [3, 5, 7, 10, 14, 20, 28, 40, 56, 80, 113, 160]
OBJECTIVE, AUC = 0.005, 0.003
folder = Path(sys.argv[1])


def read(problem):
    load = lambda name, kind: np.fromfile(folder / f"{problem['name']}.{name}", kind)
    offsets, columns, labels = load("offsets", np.uint32), load("columns", np.uint32), load("labels", np.uint8)
    entries = np.ones(len(columns))
    matrix = csr_matrix((entries, columns.astype(np.int32), offsets.astype(np.int32)), (len(labels), problem["columns"]))
    return matrix, labels


def model(problem, solver, iterations, tolerance=1e-12):
    own = {"solver": "liblinear", "dual": solver.endswith("dual")} if solver.startswith("liblinear") else {"solver": solver}
    return LogisticRegression(C=problem["strength"], tol=tolerance, max_iter=iterations, random_state=1, **own)


def objective(problem, fitted, matrix, labels):
    signs = np.where(labels == 1, 1.0, -1.0)
    losses = np.logaddexp(0, -signs * fitted.decision_function(matrix)).sum()
    return 0.5 * float((fitted.coef_**2).sum()) + problem["strength"] * float(losses)


def parts(problem, matrix, labels):
    known = problem["known"]
    return (matrix[:known], labels[:known]), (matrix[known:], labels[known:])


def find(problem):
    (matrix, labels), (hidden, truth) = parts(problem, *read(problem))
    exact = model(problem, "lbfgs", 2000, 1e-7).fit(matrix, labels)
    optimum = objective(problem, exact, matrix, labels)
    best = roc_auc_score(truth, exact.decision_function(hidden)) if len(truth) else None

    def reaches(fitted):
        if best is None:
            return objective(problem, fitted, matrix, labels) <= optimum * (1 + OBJECTIVE)
        return roc_auc_score(truth, fitted.decision_function(hidden)) >= best - AUC

    found = {}
    for solver in problem["solvers"]:
        for iterations in ITERATIONS:
            start = time.process_time()
            if reaches(model(problem, solver, iterations).fit(matrix, labels)):
                found[solver] = iterations
                break
            if time.process_time() - start > 6:
                break
    return {"optimum": optimum, "auc": best, "iterations": found}


def seconds(problem, iterations):
    (matrix, labels), _ = parts(problem, *read(problem))
    taken = {}
    for solver, count in iterations.items():
        start = time.process_time()
        model(problem, solver, count).fit(matrix, labels)
        taken[solver] = time.process_time() - start
    return taken


problems = json.loads((folder / "problems.json").read_text())
if len(sys.argv) > 2:
    known = json.loads(sys.argv[2])
    print(json.dumps({each["name"]: seconds(each, known[each["name"]]["iterations"]) for each in problems}))
else:
    print(json.dumps({each["name"]: find(each) for each in problems}))
