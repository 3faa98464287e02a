"""Tasks in TypeScript, which skein's workers run. Written by `skein celery stubs web.ts`: do not change it, run that again."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Callable, Generic, ParamSpec, TypedDict, TypeVar

from celery import Signature, current_app
from celery.result import AsyncResult

if TYPE_CHECKING:
    from typing_extensions import NotRequired

P = ParamSpec("P")
R = TypeVar("R")
_left_out: Any = None


class SkeinTask(Generic[P, R]):
    """A task in TypeScript, known by its name. The application is the current one, as for a shared task."""

    def __init__(self, name: str, declared: Callable[P, R]) -> None:
        self.name = name
        self.__doc__ = declared.__doc__
        self.__signature__ = inspect.signature(declared)

    def s(self, *args: Any) -> Signature[R]:
        """Makes a signature for a chain: the result of the task before it comes in front of these arguments."""
        return current_app.signature(self.name, args=args, queue="skein")

    def si(self, *args: P.args, **kwargs: P.kwargs) -> Signature[R]:
        """Makes a signature that has all of its arguments, and takes no others."""
        self.__signature__.bind(*args, **kwargs)
        return self.s(*args).set(immutable=True)

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Sends a call; si(…).apply_async(countdown=10) sends one with options."""
        return self.si(*args, **kwargs).delay()


def _task(name: str) -> Callable[[Callable[P, R]], SkeinTask[P, R]]:
    return lambda declared: SkeinTask(name, declared)


class CenterOptions(TypedDict):
    columns: float
    fill: NotRequired[str]


@_task("web.lengths")
def lengths(words: list[str], /) -> list[float]:
    """The number of letters of each word."""
    raise NotImplementedError


@_task("web.center")
def center(word: str, options: CenterOptions, /) -> str:
    """A word in the middle of so many columns."""
    raise NotImplementedError


@_task("web.stamp")
def stamp(by: str, /) -> str:
    """Is called by the beat of Celery."""
    raise NotImplementedError


@_task("both.language")
def language() -> str:
    """The language of the worker that runs it. There is a task of this name in Python, too."""
    raise NotImplementedError
