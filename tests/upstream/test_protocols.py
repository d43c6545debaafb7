"""The installed ipyparallel has every name that the protocols list; a failure names what it lacks."""

import importlib
import re
import typing
from pathlib import Path

import ipyparallel as ipp
import pytest
from fakes import Fed
from ipyparallel.client.client import Metadata
from ipyparallel.client.view import DirectView, LazyMapIterator, LoadBalancedView
from ipyparallel.cluster.launcher import LocalControllerLauncher, LocalEngineSetLauncher

import ipar_results
from ipar_results.upstream import protocols
from ipar_results.upstream.protocols import (
    MODULE_NAMES,
    SOCKETS,
    AsyncResultLike,
    ClientLike,
    ClusterLike,
    FutureLike,
    LauncherLike,
    LazyMapLike,
    MessageFutureLike,
    OutputFutureLike,
    TaskMetadata,
    ViewLike,
)

# made by Client.__init__, so a class does not show them
ON_CLIENTS = {
    "_profile_dir",
    "_queue_handlers",
    "_task_stream",
    "_mux_stream",
    "_control_stream",
    "_query_stream",
}


def names(protocol):
    """All attributes and methods of a protocol and of those that it extends."""
    bases = [base for base in protocol.__mro__ if base.__module__ == protocols.__name__]
    found = {name for base in bases for name in (*vars(base).get("__annotations__", ()), *vars(base))}
    ours = {name for name in found if not name.startswith("_abc_")}
    kept = {name for name in ours if not name.startswith("__")} - {"_is_protocol", "_is_runtime_protocol"}
    return kept | (ours & {"__len__"})


def missing(protocol, thing, but=()):
    """The names of a protocol that an object lacks."""
    return sorted(name for name in names(protocol) - set(but) if not hasattr(thing, name))


def test_the_names_of_a_protocol_include_those_that_it_extends():
    assert {"iopub_callbacks", "wait", "done", "_state"} <= names(MessageFutureLike)
    assert names(typing.Protocol) == set()


def test_a_missing_attribute_is_named():
    class WithoutState:
        """Looks like a future, but for one attribute."""

    for name in names(FutureLike) - {"_state"}:
        setattr(WithoutState, name, None)
    assert missing(FutureLike, WithoutState()) == ["_state"]


@pytest.mark.parametrize("is_map", [False, True])
def test_results_and_their_futures_have_what_is_used_of_them(is_map):
    fed = Fed(2, chunks=[2, 2] if is_map else None)
    fed.reply(0, [1, 2])
    fed.reply(1, [3, 4])  # some are set only when a result ends
    result = fed.result
    assert missing(AsyncResultLike, result) == []
    assert missing(FutureLike, result._result_future) == []
    assert missing(MessageFutureLike, result._children[0]) == []
    assert missing(OutputFutureLike, result._children[0].output) == []
    assert set(result._DATE_FIELDS) == set(typing.get_args(protocols.DateField))


def test_the_metadata_of_a_message_has_the_keys_that_are_read():
    assert TaskMetadata.__annotations__.keys() - Metadata().keys() == set()


def test_clients_views_and_clusters_have_what_is_used_of_them():
    assert missing(ClientLike, ipp.Client, ON_CLIENTS) == []
    assert [name for name in SOCKETS if not hasattr(ipp.Client, name)] == []
    for view in (DirectView, LoadBalancedView):
        assert missing(ViewLike, view) == []
    assert missing(LazyMapLike, LazyMapIterator(iter(()), None)) == []
    assert missing(ClusterLike, ipp.Cluster) == []
    assert missing(LauncherLike, LocalControllerLauncher, {"n"}) == []
    assert missing(LauncherLike, LocalEngineSetLauncher) == []


@pytest.mark.parametrize("module", MODULE_NAMES)
def test_a_module_has_what_is_imported_from_it(module):
    have = importlib.import_module(module)
    assert [name for name in MODULE_NAMES[module] if not hasattr(have, name)] == []


def test_every_import_from_ipyparallel_is_listed():
    root = Path(ipar_results.__file__).parent
    found = {}
    imports = re.compile(r"^ *from (ipyparallel[\w.]*) import ([\w, ]+)$", re.M)
    for file in root.rglob("*.py"):
        for module, what in imports.findall(file.read_text()):
            found.setdefault(module, set()).update(re.split(", ?", what))
    for module, what in found.items():
        modules = {name for name in what if f"{module}.{name}" in MODULE_NAMES}
        assert what - modules - set(MODULE_NAMES.get(module, ())) == set(), module


@pytest.mark.cluster
def test_connected_clients_and_submitted_work_have_what_is_used_of_them(cluster, connect):
    client = connect(cluster)
    assert missing(ClientLike, client) == []
    assert set(client._queue_handlers) >= {"apply_reply", "execute_reply"}
    assert [name for name in SOCKETS if not hasattr(getattr(client, name), "LAST_ENDPOINT")] == []
    view = client.load_balanced_view()
    result = view.map_async(abs, [-1])
    assert result.get(60) == [1]
    assert missing(AsyncResultLike, result) == []
    assert missing(MessageFutureLike, result._children[0]) == []
    assert missing(OutputFutureLike, result._children[0].output) == []
