"""A map over many small items, in one process and through Python's pools, alternating."""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool

from measuring import alternating, main


def mix(n):
    """About a microsecond: a loop of Python's takes some 50 ns a turn."""
    total = n
    for i in range(7):
        total = (total * 31 + i) & 0xFFFFFFFF
    return total


def measure(request):
    items = list(range(request["items"]))
    here = lambda: [mix(item) for item in items]
    expected = here()

    def check(results):
        if results != expected:
            raise ValueError("wrong results")

    is_pool = request["spec"]["api"] == "Pool"
    with (Pool if is_pool else ProcessPoolExecutor)(request["workers"]) as pool:
        there = lambda: list(pool.map(mix, items, chunksize=256))
        check(there())
        return alternating(here, there, check, request["repeats"])


if __name__ == "__main__":
    main(measure)
