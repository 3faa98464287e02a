"""Locks, queues and dictionaries that Python's threads share."""
import queue
import threading
import time

from measuring import main


def in_threads(threads, work):
    """Runs it in so many threads at once; seconds from the first beginning to the last end."""
    together = threading.Barrier(threads)
    times, failures = [], []

    def run(me):
        try:
            together.wait()
            start = time.perf_counter()
            work(me)
            times.append((start, time.perf_counter()))
        except BaseException as error:
            failures.append(error)

    started = [threading.Thread(target=run, args=(me,)) for me in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    if failures:
        raise failures[0]
    return max(end for _, end in times) - min(start for start, _ in times)


def measure(request):
    kernel, threads, count = request["kernel"], request["threads"], request["count"]
    what = request["with"]
    lock = threading.Lock()
    total = [0]

    def alone(me):
        for _ in range(count):
            lock.acquire()
            lock.release()

    def contended(me):
        for _ in range(count):
            lock.acquire()
            total[0] += 1
            lock.release()

    condition = threading.Condition()

    def by_condition(me):
        for _ in range(count):
            with condition:
                condition.wait_for(lambda: total[0] & 1 == me)
                total[0] += 1
                condition.notify()

    semaphores = [threading.Semaphore(1), threading.Semaphore(0)]

    def by_semaphores(me):
        for _ in range(count):
            semaphores[me].acquire()
            if total[0] & 1 != me:
                raise ValueError("a turn that was not its own")
            total[0] += 1
            semaphores[1 - me].release()

    line = queue.Queue(request["capacity"])
    sums = [0] * threads

    def through(me):
        if me % 2 == 0:
            for i in range(count):
                line.put(i)
        else:
            sum = 0
            for _ in range(count):
                sum += line.get()
            sums[me] = sum

    entries = {f"user:{n}": n for n in range(1000)}
    keys = list(entries)

    def get(me):
        for i in range(count):
            key = keys[i * 7 % 1000]
            with lock:
                entries[key]

    def put(me):
        for i in range(count):
            key = keys[i * 7 % 1000]
            with lock:
                entries[key] = i

    works = {
        "lock": alone,
        "contended": contended,
        "handover": by_condition if what == "condition" else by_semaphores,
        "queue": through,
        "get": get,
        "set": put,
    }
    took = in_threads(threads, works[kernel])
    if kernel in ("contended", "handover") and total[0] != count * threads:
        raise ValueError(f"wrong total {total[0]}")
    if kernel == "queue" and sum(sums) != threads // 2 * count * (count - 1) // 2:
        raise ValueError(f"wrong sum {sums}")
    operations = count * (threads // 2 if kernel == "queue" else threads)
    ns = took * 1e9 / operations
    return {"ns": ns} if kernel in ("lock", "get", "set") else {"ns": ns, "rate": operations / took}


if __name__ == "__main__":
    main(measure)
