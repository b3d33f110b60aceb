"""The work of reading.ts in Python's own modules: users of a gzipped file (NDJSON, or CSV with a list) as numbers of features.

Takes the file; prints the seconds, the users and the features of users.
"""
import csv
import gzip
import json
import sys
import time
from array import array


def rows(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        if ".csv" not in path:
            for line in file:
                user = json.loads(line)
                yield user["id"], user["features"]
            return
        records = csv.reader(file)
        next(records)
        for user, features in records:
            yield user, features.split("|")


start = time.perf_counter()
numbers, ids, offsets, columns = {}, [], array("I", [0]), array("I")
for user, features in rows(sys.argv[1]):
    ids.append(user)
    columns.extend([numbers.setdefault(feature, len(numbers)) for feature in features])
    offsets.append(len(columns))
print(json.dumps({"seconds": time.perf_counter() - start, "users": len(ids), "entries": len(columns)}))
