"""A web application served on this machine alone: until told to stop, or for as long as a block lasts."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator

from aiohttp import web

from .standin import Manner, StandIn


async def serve(app: web.Application, port: int, ready: Callable[[str], None], until: asyncio.Event) -> None:
    """Answer on 127.0.0.1 until told to stop; `ready` gets the base URL once connections are taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=4096)
        await site.start()
        ready(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        await until.wait()
    finally:
        await runner.cleanup()


@contextlib.contextmanager
def served(app: web.Application) -> Iterator[str]:
    """The application in a thread of its own, on a free port; gives its base URL."""
    loop, until, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        started.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(app, 0, ready, until)))
    thread.start()
    started.wait()
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(until.set)
        thread.join()
        loop.close()


def serving(manner: Manner) -> contextlib.AbstractContextManager[str]:
    """The stand-in in a thread of its own; gives its base URL."""
    return served(StandIn(manner).app())
