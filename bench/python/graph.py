"""Graphs of tasks that do next to nothing: what a node costs in Dask's schedulers and in joblib."""
import time

from measuring import main, median


def increment(n):
    return n + 1


def add(a, b):
    return a + b


def total(numbers):
    return sum(numbers)


def graph_of(shape, nodes, delayed):
    """The last node, how many nodes there are, and what it comes to."""
    one, two, all_of = delayed(increment), delayed(add), delayed(total)
    if shape == "chain":
        last = one(0)
        for _ in range(nodes - 1):
            last = one(last)
        return last, nodes, nodes
    leaves = nodes if shape == "wide" else (nodes + 1) // 2
    level = [one(n) for n in range(leaves)]
    expected = leaves * (leaves + 1) // 2
    if shape == "wide":
        return all_of(level), nodes + 1, expected
    count = leaves
    while len(level) > 1:
        pairs = [two(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        count += len(pairs)
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0], count, expected


def timed(run, nodes, expected, repeats):
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        value = run()
        times.append(time.perf_counter() - start)
        if value != expected:
            raise ValueError(f"{value} instead of {expected}")
    return {"us": median(times[1:]) * 1e6 / nodes}


def measure(request):
    shape, nodes, workers, repeats = (request[name] for name in ("shape", "nodes", "workers", "repeats"))
    if request["spec"] == "joblib":
        from joblib import Parallel, delayed

        with Parallel(n_jobs=workers, prefer="threads") as pool:
            run = lambda: total(pool(delayed(increment)(n) for n in range(nodes)))
            return timed(run, nodes + 1, nodes * (nodes + 1) // 2, repeats)
    from dask import delayed

    last, count, expected = graph_of(shape, nodes, delayed)
    if request["spec"] == "threads":
        return timed(lambda: last.compute(scheduler="threads", num_workers=workers), count, expected, repeats)
    from distributed import Client

    with Client(processes=False, n_workers=1, threads_per_worker=workers, dashboard_address=None, silence_logs=60) as client:
        return timed(lambda: client.compute(last).result(), count, expected, repeats)


if __name__ == "__main__":
    main(measure)
