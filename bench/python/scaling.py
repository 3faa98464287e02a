"""CPU-bound calls one after another and through Python's pools, alternating."""
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import Pool

from measuring import alternating, main


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def squares(n):
    total = 0
    for i in range(n):
        total = (total + i * i) % 1_000_003
    return total


def primes(limit):
    count = 0
    for n in range(2, limit):
        d = 2
        while d * d <= n:
            if n % d == 0:
                break
            d += 1
        else:
            count += 1
    return count


KERNELS = {"fib": fib, "squares": squares, "primes": primes}
POOLS = {"Pool": Pool, "ProcessPoolExecutor": ProcessPoolExecutor, "ThreadPoolExecutor": ThreadPoolExecutor}


def measure(request):
    kernel, arg, calls = KERNELS[request["kernel"]], request["arg"], request["calls"]
    expected = kernel(arg)

    def check(results):
        if any(result != expected for result in results):
            raise ValueError(f"wrong results: {results!r}, expected {expected}")

    with POOLS[request["spec"]["api"]](request["workers"]) as pool:
        # One call per message in all of them: Pool.map would make chunks of unequal size.
        parallel = (lambda n: pool.map(kernel, [arg] * n, chunksize=1)) if request["spec"]["api"] == "Pool" else (
            lambda n: list(pool.map(kernel, [arg] * n))
        )
        check(parallel(request["workers"] * 2))
        here = lambda: [kernel(arg) for _ in range(calls)]
        return alternating(here, lambda: parallel(calls), check, request["repeats"])


if __name__ == "__main__":
    main(measure)
