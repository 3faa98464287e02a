"""The tasks that the Celery worker of the measurement runs."""
import os

from celery import Celery

url = f"redis://127.0.0.1:{os.environ['BENCH_REDIS_PORT']}/0"
app = Celery("celery_app", broker=url, backend=url)
app.conf.broker_connection_retry_on_startup = True


@app.task
def noop(n):
    return n


@app.task
def total(numbers):
    return sum(numbers)
