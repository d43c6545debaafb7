"""Memory of the layer: results that their user has dropped leave nothing behind; fed by hand."""

import gc
import weakref
from collections import Counter
from types import SimpleNamespace

import pytest
from fakes import Client, Comm, Fed

from ipar_results.live import ticker
from ipar_results.live.channel.channel import Channel
from ipar_results.live.session import Session
from ipar_results.results import tracker as tracking
from ipar_results.results.group.group import Group

TASKS = 100
REMEMBERED = 6  # dropped results that are still listed by their last summary; 200 outside this test


class Kernel:
    """Fake of the parts of a kernel and its shell that displays and the channel use."""

    def __init__(self):
        self.control_handlers = {}
        self.session = None
        self.published = Counter()

    def publish(self, data, metadata=None, transient=None, update=False):
        self.published.update(list(data))


@pytest.fixture
def kernel():
    return Kernel()


@pytest.fixture(params=["no labextension", "labextension"])
def layer(request, kernel, monkeypatch):
    """Return a session as in a kernel, with a higher update rate, with and without a labextension."""
    monkeypatch.setattr(tracking, "_REMEMBERED", REMEMBERED)
    monkeypatch.setattr(
        ticker, "BYTES_A_SECOND", 10 * ticker.BYTES_A_SECOND
    )  # so that the test does not wait for the rate limit
    layer = Session()
    display_pub = SimpleNamespace(publish=kernel.publish, pub_socket=object())
    layer.shell = SimpleNamespace(kernel=kernel, display_pub=display_pub, user_ns={})
    layer.config.messages, layer.config.view, layer.config.contact_timeout = 50.0, "html", 3600.0
    layer.channel = Channel(kernel, layer.tracker, layer.config, layer.ticker.wake)
    layer.channel._comm = Comm([])
    layer.channel._open_comm = lambda: None
    layer.ticker.permanent.append(layer.channel)
    layer.ticker.jobs.append(layer.channel.do_housekeeping)
    if request.param == "labextension":
        hello = {"protocol": 1, "type": "hello", "request": "r", "client": "tab"}
        assert layer.channel.answer(hello)["status"] == "ok"
    yield layer
    layer.close()


def run(fed):
    """Run all tasks; a tenth of them fails."""
    for i in range(len(fed.futures)):
        fed.busy(i)
        if i % 10:
            fed.reply(i)
        else:
            fed.fail(i, message=f"number {i}")


def settle(layer, until):
    """Wait until nothing is polled or sent any more, and have the layer drop what was garbage-collected."""
    for _ in range(2):
        until(lambda: layer.ticker._thread is None and not layer.ticker.updatables(), timeout=300)
        gc.collect()
        for client in layer.registry.clients():
            layer.followed(Fed(1, client=client).result)  # has leftovers of the last one dropped
        gc.collect()
        layer.ticker.wake()
    until(lambda: layer.ticker._thread is None)
    layer.channel._comm.sent.clear()
    layer.ticker._messages._added.clear()  # the messages of the last second


def count_objects():
    """Return by class how many objects of the package there are."""
    found = [type(each) for each in gc.get_objects()]
    return Counter(kind.__name__ for kind in found if str(kind.__module__).startswith("ipar_results"))


def container_lengths(root):
    """Return by attribute path the length of the longest container that the layer holds there."""
    seen, lengths, left = set(), Counter(), [("layer", root)]
    while left:
        path, thing = left.pop()
        if id(thing) in seen or isinstance(thing, type):
            continue
        seen.add(id(thing))
        if isinstance(thing, dict | list | set | tuple) or hasattr(thing, "popleft"):
            lengths[path] = max(lengths[path], len(thing))
            parts = thing.values() if isinstance(thing, dict) else thing
            left += [(f"{path}[]", each) for each in list(parts)]
        elif isinstance(thing, weakref.WeakKeyDictionary):
            lengths[path] = max(lengths[path], len(thing))
            left += [(f"{path}[]", each) for each in list(thing.values())]
        elif type(thing).__module__.startswith("ipar_results"):
            left += [(f"{path}.{name}", each) for name, each in vars(thing).items()]
    return lengths


def display_and_drop(layer, client, count):
    """Display results one after another, each dropped by its user before the next."""
    for n in range(count):
        fed = Fed(TASKS, chunks=[1] * TASKS, client=client)
        layer.registry.add_request(client, fed.futures[0], None, [b"function", b"x" * 100])
        layer.show(fed.result)
        run(fed)
        if n % 20 == 19:
            layer.tracker.catch_up()


def test_dropped_displayed_results_leave_no_objects_behind(layer, kernel, until, pytestconfig):
    client, count = Client(), pytestconfig.getoption("displays")
    display_and_drop(layer, client, 2 * REMEMBERED)
    settle(layer, until)
    before, held = count_objects(), container_lengths(layer)
    display_and_drop(layer, client, count)
    for _ in range(5):  # a busy machine may still hold what the first round leaves to the next
        settle(layer, until)
        after, lengths = count_objects(), container_lengths(layer)
        grown = {name: (before[name], n) for name, n in after.items() if n > before[name]}
        # a few more differ between results that were sent before and after their end
        grown |= {path: (held[path], n) for path, n in lengths.items() if n > held[path] + count / 2}
        if not grown:
            break
    assert kernel.published["text/html"] >= 2 * (count + 2 * REMEMBERED)
    assert grown == {}


def test_dropping_a_result_frees_its_columns(layer, until):
    fed = Fed(TASKS, chunks=[1] * TASKS)
    layer.show(fed.result)
    run(fed)
    followed = layer.followed(fed.result)
    columns = followed.record.columns
    gone = [weakref.ref(each) for each in (fed.result, followed, columns, columns.status, fed.futures[0])]
    del fed, followed, columns
    settle(layer, until)
    assert [ref() for ref in gone] == [None] * 5


def test_dropping_a_displayed_group_frees_its_results(layer, until):
    client = Client()
    feds = [Fed(10, chunks=[1] * 10, client=client) for _ in range(3)]
    group = Group.of("three", lambda: layer, [fed.result for fed in feds])
    layer.show(group)
    for fed in feds:
        run(fed)
    gone = [weakref.ref(each) for each in (group, group.followed, *(fed.result for fed in feds))]
    del feds, fed, group
    settle(layer, until)
    assert [ref() for ref in gone] == [None] * 5


def test_dropping_a_result_frees_the_arguments_of_its_tasks():
    layer = Session()
    client = Client()
    fed = Fed(2, chunks=[1, 1], client=client)
    for future in fed.futures:
        layer.registry.add_request(client, future, None, [b"function", b"x" * 100])
    followed = layer.followed(fed.result)
    fed.reply(0)
    fed.fail(1)
    followed.drain()
    kept = layer.registry.connection(client).argument_cache
    assert len(kept) == 2
    del fed, followed, future
    gc.collect()
    layer.followed(Fed(1, client=client).result)  # the next one
    assert len(kept) == 0
    layer.close()


def test_dropping_a_result_frees_the_arguments_of_its_broadcast():
    layer = Session()
    client = Client()
    layer.registry.add_request(client, SimpleNamespace(msg_id="message"), None, [b"function", b"x" * 100])
    fed = Fed(2, client=client)  # whose ids are message_0 and message_1, as those of a broadcast
    layer.followed(fed.result)
    del fed
    gc.collect()
    kept = layer.registry.connection(client).argument_cache
    assert len(kept) == 1
    layer.followed(Fed(1, client=client).result)
    assert len(kept) == 0
    layer.close()


def test_dropping_a_result_frees_the_rows_that_front_ends_have(layer, until):
    fed = Fed(TASKS, chunks=[1] * TASKS)
    layer.show(fed.result)
    run(fed)
    del fed
    settle(layer, until)
    assert not any(each._sent_status for each in layer.channel._updates._encoders.values())
