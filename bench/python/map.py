"""A map over many small items, in one process and through Python's pools, alternating. Takes a JSON request, prints one JSON line."""
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool


def mix(n):
    """About a microsecond: a loop of Python's takes some 50 ns a turn."""
    total = n
    for i in range(7):
        total = (total * 31 + i) & 0xFFFFFFFF
    return total


def median(values):
    return sorted(values)[len(values) // 2]


def measure(request):
    items = list(range(request["items"]))
    is_pool = request["spec"]["api"] == "Pool"
    with (Pool if is_pool else ProcessPoolExecutor)(request["workers"]) as pool:
        there = lambda: list(pool.map(mix, items, chunksize=256))
        expected = [mix(item) for item in items]
        if there() != expected:
            raise ValueError("wrong results")
        sequential_ms, parallel_ms = [], []
        for _ in range(request["repeats"]):
            start = time.perf_counter()
            [mix(item) for item in items]
            sequential_ms.append((time.perf_counter() - start) * 1000)
            start = time.perf_counter()
            results = there()
            parallel_ms.append((time.perf_counter() - start) * 1000)
            if results != expected:
                raise ValueError("wrong results")
    return {
        "sequentialMs": median(sequential_ms),
        "parallelMs": median(parallel_ms),
        "speedup": median([s / p for s, p in zip(sequential_ms, parallel_ms)]),
    }


if __name__ == "__main__":
    print(json.dumps({"metrics": measure(json.loads(sys.argv[1]))}))
