"""One computation over many items: NumPy, joblib and dask.bag."""
import json
import re
import resource
import time
from collections import Counter

from measuring import main, median

BINS = 100
PIECE = 4_000_000


def numbers(count):
    import numpy as np

    return ((np.arange(count, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)) / 2.0**32


def lines_between(path, start, end):
    """The lines of a file that begin between two positions."""
    with open(path, "rb") as file:
        if start > 0:
            file.seek(start - 1)
            file.readline()
        while file.tell() < end:
            line = file.readline()
            if not line:
                return
            yield line


def words_between(path, start, end):
    counts = Counter()
    find = re.compile(r"[a-z]+").findall
    for line in lines_between(path, start, end):
        counts.update(find(line.decode("utf8").lower()))
    return counts


def groups_between(path, start, end):
    sums = {}
    for line in lines_between(path, start, end):
        sale = json.loads(line)
        sums[sale["country"]] = sums.get(sale["country"], 0) + sale["price"]
    return sums


def histogram(values):
    import numpy as np

    return np.histogram(values, bins=BINS, range=(0, 1))[0]


def total(values):
    return float(values.sum())


def with_numpy(work, values):
    import numpy as np

    if work == "sum":
        return lambda: total(values)
    if work == "histogram":
        return lambda: int(histogram(values)[0])
    return lambda: float(np.sort(values)[0])


def with_joblib(pool, request, values):
    from joblib import delayed

    work, file = request["work"], request.get("file")
    if file is None:
        parts = [values[len(values) * i // request["workers"] : len(values) * (i + 1) // request["workers"]] for i in range(request["workers"])]
        if work == "sum":
            return lambda: sum(pool(delayed(total)(part) for part in parts))
        return lambda: int(sum(pool(delayed(histogram)(part) for part in parts))[0])
    import os

    size = os.path.getsize(file)
    ranges = [(start, min(size, start + PIECE)) for start in range(0, size, PIECE)]
    between = words_between if work == "words" else groups_between

    def run():
        all_counts = Counter()
        for counts in pool(delayed(between)(file, start, end) for start, end in ranges):
            all_counts.update(counts)
        return all_counts["the" if work == "words" else "C7"]

    return run


def words_of(line):
    return re.findall(r"[a-z]+", line.lower())


def country_of(sale):
    return sale["country"]


def add_price(into, sale):
    return into + sale["price"]


def add(a, b):
    return a + b


def with_dask(request):
    import dask.bag

    lines = dask.bag.read_text(request["file"], blocksize=PIECE)
    options = {"scheduler": "processes", "num_workers": request["workers"]}
    if request["work"] == "words":
        return lambda: dict(lines.map(words_of).flatten().frequencies().compute(**options))["the"]
    groups = lines.map(json.loads).foldby(country_of, add_price, 0, add, 0)
    return lambda: dict(groups.compute(**options))["C7"]


def timed(run, repeats, expected):
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        value = run()
        times.append((time.perf_counter() - start) * 1e3)
        if expected is not None and abs(value - expected) > 1e-6 * abs(expected):
            raise ValueError(f"{value} instead of {expected}")
    used = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"ms": median(times[1:] or times), "rssMB": used / 1024}


def measure(request):
    values = numbers(request["size"]) if request.get("file") is None else None
    repeats, expected = request["repeats"], request.get("expected")
    if request["spec"] == "numpy":
        return timed(with_numpy(request["work"], values), repeats, expected)
    if request["spec"] == "dask":
        return timed(with_dask(request), repeats, expected)
    from joblib import Parallel

    with Parallel(n_jobs=request["workers"]) as pool:
        return timed(with_joblib(pool, request, values), repeats, expected)


if __name__ == "__main__":
    main(measure)
