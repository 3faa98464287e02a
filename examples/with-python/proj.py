"""A Celery project. Its worker: celery -A proj worker -Q python,both"""

from __future__ import annotations

import os
import time

from celery import Celery

url = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
app = Celery("proj", broker=url, backend=url)
app.conf.task_default_queue = "python"
app.conf.task_routes = {"both.*": "both"}
# A task in TypeScript, once a second: celery -A proj beat
app.conf.beat_schedule = {
    "stamp": {"task": "web.stamp", "schedule": 1.0, "args": ("beat",), "options": {"queue": "skein"}},
}


@app.task
def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


@app.task
def longest(words: list[str], *, least: int = 0) -> str:
    """The longest of some words, of which each has so many letters at least."""
    long = [word for word in words if len(word) >= least]
    if not long:
        raise ValueError("no word is so long", least)
    return max(long, key=len)


@app.task
def total(numbers: list[float]) -> float:
    """The sum of some numbers."""
    return sum(numbers)


@app.task(name="both.language")
def language() -> str:
    """The language of the worker that runs it. There is a task of this name in TypeScript, too."""
    time.sleep(0.02)
    return "Python"
