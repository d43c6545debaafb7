"""Replacements of methods of AsyncResult, View and Client while the extension is loaded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import cache, wraps
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

from ...log import log_error, log_errors
from .fast_paths import count_chunks, make_len, parse_metadata_dates, wrap_getattr, wrap_split

if TYPE_CHECKING:
    from ...live.session import Session
    from ...record.state import Record
    from ...results.followed import Followed
    from ...results.registry import Registry
    from ...upstream.protocols import AsyncResultLike, ClientLike, MessageFutureLike

_T = TypeVar("_T")
_HUB_TIMEOUT = 1.0  # seconds


def replacements(
    session: Session, original: Mapping[str, Any], on_created: Callable[[AsyncResultLike], None]
) -> dict[str, object]:
    """Return the attributes to set on the class AsyncResult, given its own, to which they fall back.

    `on_created` is called with each new result.
    """
    followed = session.followed
    return {
        "elapsed": property(
            _with_fallback(original["elapsed"].fget, lambda ar: _drained(followed(ar)).elapsed)
        ),
        "progress": property(_with_fallback(original["progress"].fget, lambda ar: _progress(followed(ar)))),
        "serial_time": _once_ready(
            original["serial_time"].fget, lambda ar: _drained(followed(ar)).columns.serial_time
        ),
        "wall_time": _once_ready(original["wall_time"].fget, lambda ar: followed(ar).wall_time()),
        "monitor": property(lambda ar: session.monitor(ar), doc="Questions about this result."),
        "wait_interactive": lazily(
            original["wait_interactive"], ".waiting.wrap_wait_interactive", session.wait
        ),
        "stream_output": lazily(
            original["stream_output"], ".stream_output.wrap_stream_output", session.streams
        ),
        # called on the IO thread, but only where stream_output() has imported it
        "_iopub_streaming_output_callback": lazily(
            original["_iopub_streaming_output_callback"], ".stream_output.wrap_stream_callback"
        ),
        "__await__": _make_await(followed),
        "cancel": _cancel,
        "_init_futures": lazily(original["_init_futures"], ".results.wrap_init_futures", on_created),
        # called on the IO thread too, once _init_futures has imported it
        "_resolve_result": lazily(original["_resolve_result"], ".results.wrap_resolve_result"),
        "_collect_exceptions": lazily(original["_collect_exceptions"], ".results.wrap_collect_exceptions"),
        "get": lazily(original["get"], ".results.wrap_get", session.add_new),
        "wait_for_output": lazily(original["wait_for_output"], ".waiting.wrap_wait_for_output", followed),
        "split": wrap_split(original["split"]),
        "__len__": make_len(),
        "__getattr__": wrap_getattr(original["__getattr__"]),
        "_count_chunks": count_chunks,
        "_parse_metadata_dates": parse_metadata_dates,
    }


def lazily(original: Callable[..., Any], name: str, *args: object) -> Callable[..., Any]:
    """Return a replacement that is imported at the first call, as few sessions need it.

    `name` is that of a function that returns the replacement, given the original and `args`, with its module.
    """
    module, _, function = name.rpartition(".")
    replacement = cache(lambda: getattr(import_module(module, __package__), function)(original, *args))

    @wraps(original)
    def method(*args: object, **kwargs: object) -> Any:
        return replacement()(*args, **kwargs)

    method.__signature__ = signature(original)  # type: ignore[attr-defined]
    return method


def _make_await(
    followed_of: Callable[[AsyncResultLike], Followed],
) -> Callable[[AsyncResultLike], Generator[object, None, object]]:
    """Return the method ``__await__`` of results."""

    def __await__(self: AsyncResultLike) -> Generator[object, None, object]:  # noqa: N807
        """Wait for the result without blocking the event loop, and return or raise what ``get()`` does."""
        from ipyparallel import AsyncHubResult

        from .waiting import value_from_hub, value_of

        hub = isinstance(self, AsyncHubResult)
        return (value_from_hub(self, followed_of(self)) if hub else value_of(self)).__await__()

    return __await__


def _cancel(self: AsyncResultLike) -> bool:
    """Return False: waiting for the result was cancelled, as by ``asyncio.wait_for``, but its tasks go on.

    The original ends the result without its values. ``ar.monitor.cancel()`` cancels the tasks.
    """
    return False


def clear_awaitable_cache() -> None:
    """Clear the cache of ``isinstance(ar, Awaitable)``, after ``__await__`` was set or removed."""
    clear = getattr(Awaitable, "_abc_caches_clear", None)
    if clear is not None:
        clear()


def _with_fallback(
    original: Callable[[AsyncResultLike], _T], replacement: Callable[[AsyncResultLike], _T]
) -> Callable[[AsyncResultLike], _T]:
    """Call the replacement, and the original if that fails."""

    @wraps(original)
    def get(self: AsyncResultLike) -> _T:
        try:
            return replacement(self)
        except Exception:
            log_error("reading %s", original.__name__)
            return original(self)

    return get


def _drained(followed: Followed) -> Record:
    followed.update()
    return followed.record


def _progress(followed: Followed) -> int:
    from ...results.followed import FollowedHubResult  # loads numpy

    if isinstance(followed, FollowedHubResult):
        followed.poll_and_wait(_HUB_TIMEOUT)
    return _drained(followed).done


def _once_ready(
    original: Callable[[AsyncResultLike], _T], replacement: Callable[[AsyncResultLike], _T]
) -> property:
    """Return a property that raises TimeoutError while the result is pending."""
    get = _with_fallback(original, replacement)

    @wraps(original)
    def ready(self: AsyncResultLike) -> _T:
        if not self.ready():
            msg = "result not ready"
            raise TimeoutError(msg)
        return get(self)

    return property(ready)


def wrap_init(original: Callable[..., None], on_init: Callable[[Any], None]) -> Callable[..., None]:
    """Report each new client, whose engines may leave before its first result, and each new view."""

    @wraps(original)
    def __init__(self: object, *args: object, **kwargs: object) -> None:  # noqa: N807
        original(self, *args, **kwargs)
        on_init(self)

    return __init__


def wrap_send(
    original: Callable[..., MessageFutureLike], registry: Registry
) -> Callable[..., MessageFutureLike]:
    """Have each broadcast forgotten once it has ended, and report the arguments of each task."""

    @wraps(original)
    def _send(
        self: ClientLike, socket: object, msg_type: str, *args: object, **kwargs: Any
    ) -> MessageFutureLike:
        metadata = kwargs.get("metadata")
        if metadata and metadata.get("is_broadcast"):
            hook = kwargs.get("message_future_hook")

            def on_broadcast(future: MessageFutureLike) -> None:
                if hook is not None:
                    hook(future)
                with log_errors("looking after a broadcast"):
                    from ...upstream.broadcasts import forget_broadcast_when_done

                    forget_broadcast_when_done(self, future, metadata)

            kwargs["message_future_hook"] = on_broadcast
        future = original(self, socket, msg_type, *args, **kwargs)
        if msg_type == "apply_request" and kwargs.get("buffers"):
            registry.add_request(self, future, metadata, kwargs["buffers"])
        return future

    return _send


def wrap_clear_output(original: Callable[..., None], on_clear: Callable[[], None]) -> Callable[..., None]:
    """Report each call of ``clear_output()``."""

    @wraps(original)
    def clear_output(*args: object, **kwargs: object) -> None:
        on_clear()
        original(*args, **kwargs)

    return clear_output
