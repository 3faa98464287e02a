"""Tasks that sleep at once, and tasks started and joined, on asyncio, uvloop or trio. Takes a JSON request, prints one JSON line."""
import asyncio
import gc
import json
import os
import sys
import time


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def asyncio_sleepers(count, base, spread, repeats):
    def start():
        return [asyncio.create_task(asyncio.sleep((base + i % spread) / 1000)) for i in range(count)]

    before = resident()
    begun = time.process_time()
    tasks = start()
    await asyncio.sleep(0.001)
    bytes_each = (resident() - before) / count
    await asyncio.gather(*tasks)
    del tasks
    if repeats > 0:
        gc.collect()
        begun = time.process_time()
        for _ in range(repeats):
            await asyncio.gather(*start())
    return {"cpu": (time.process_time() - begun) * 1e6 / count / max(1, repeats), "bytes": bytes_each}


async def asyncio_joins(count):
    async def empty():
        pass

    begun = time.process_time()
    for _ in range(count):
        await asyncio.create_task(empty())
    return {"ns": (time.process_time() - begun) * 1e9 / count}


async def trio_sleepers(count, base, spread, repeats):
    import trio

    async def all_asleep(told=None):
        async with trio.open_nursery() as nursery:
            for i in range(count):
                nursery.start_soon(trio.sleep, (base + i % spread) / 1000)
            await trio.sleep(0.001)
            if told is not None:
                told.append(resident())

    before = resident()
    told = []
    begun = time.process_time()
    await all_asleep(told)
    if repeats > 0:
        gc.collect()
        begun = time.process_time()
        for _ in range(repeats):
            await all_asleep()
    cpu = (time.process_time() - begun) * 1e6 / count / max(1, repeats)
    return {"cpu": cpu, "bytes": (told[0] - before) / count}


async def trio_joins(count):
    import trio

    async def empty():
        pass

    begun = time.process_time()
    for _ in range(count):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(empty)
    return {"ns": (time.process_time() - begun) * 1e9 / count}


async def asyncio_handover(what, count):
    if what == "lock":
        lock = asyncio.Lock()

        async def turns(n):
            for _ in range(n):
                async with lock:
                    await asyncio.sleep(0)

        parts = [turns(count // 2), turns(count // 2)]
    elif what == "semaphore":
        semaphore = asyncio.Semaphore(2)

        async def slots(n):
            for _ in range(n):
                async with semaphore:
                    await asyncio.sleep(0)

        parts = [slots(count // 4) for _ in range(4)]
    else:
        queue = asyncio.Queue(1)

        async def give():
            for i in range(count):
                await queue.put(i)

        async def take():
            for _ in range(count):
                await queue.get()

        parts = [give(), take()]
    begun = time.process_time()
    await asyncio.gather(*parts)
    return {"ns": (time.process_time() - begun) * 1e9 / count}


async def trio_handover(what, count):
    import trio

    begun = time.process_time()
    async with trio.open_nursery() as nursery:
        if what == "lock":
            lock = trio.Lock()

            async def turns(n):
                for _ in range(n):
                    async with lock:
                        await trio.lowlevel.checkpoint()

            nursery.start_soon(turns, count // 2)
            nursery.start_soon(turns, count // 2)
        elif what == "semaphore":
            semaphore = trio.Semaphore(2)

            async def slots(n):
                for _ in range(n):
                    async with semaphore:
                        await trio.lowlevel.checkpoint()

            for _ in range(4):
                nursery.start_soon(slots, count // 4)
        else:
            send, receive = trio.open_memory_channel(1)

            async def give():
                for i in range(count):
                    await send.send(i)

            async def take():
                for _ in range(count):
                    await receive.receive()

            nursery.start_soon(give)
            nursery.start_soon(take)
    return {"ns": (time.process_time() - begun) * 1e9 / count}


def main(request):
    library, kind = request["peer"], request["kind"]
    if kind == "sleepers":
        arguments = (request["count"], request["base"], request["spread"], request["repeats"])
    elif kind == "joins":
        arguments = (request["count"],)
    else:
        arguments = (request["what"], request["count"])
    if library == "trio":
        import trio

        return trio.run({"sleepers": trio_sleepers, "joins": trio_joins, "handover": trio_handover}[kind], *arguments)
    program = {"sleepers": asyncio_sleepers, "joins": asyncio_joins, "handover": asyncio_handover}[kind](*arguments)
    if library == "uvloop":
        import uvloop

        return uvloop.run(program)
    return asyncio.run(program)


if __name__ == "__main__":
    print(json.dumps({"metrics": main(json.loads(sys.argv[1]))}))
