"""Many small transfers at a time, because each is mostly round-trip time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 16


def each(work: Callable[[T], object], items: Iterable[T]) -> None:
    """Do a piece of work for every item, in any order; after the first that fails none is begun.

    Raises:
        Exception: what that one raised.

    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="transfer") as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
