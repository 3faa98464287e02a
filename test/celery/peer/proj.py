"""The tasks of a Python project, for the tests beside it. SKEIN_REDIS is the URL of the server."""
import os

from celery import Celery

url = os.environ["SKEIN_REDIS"]
app = Celery("proj", broker=url, backend=url)
app.conf.update(broker_connection_retry_on_startup=False, worker_hijack_root_logger=False)


class Boom(Exception):
    def __init__(self, code, *, why):
        super().__init__(code)
        self.why = why


@app.task(name="proj.add")
def add(x, y=0):
    return x + y


@app.task(name="proj.echo")
def echo(*args, **kwargs):
    return [list(args), kwargs, [type(each).__name__ for each in args]]


@app.task(name="proj.fail")
def fail():
    raise ValueError("a", 2)


@app.task(name="proj.boom")
def boom():
    raise Boom(7, why="because")
