"""A real kernel stays as it is however many pages come, say hello and go."""

import pytest
from figures import FIGURES, figures
from kernels import Kernel, connect

pytestmark = pytest.mark.cluster

PAGES = 100


@pytest.fixture
def kernel(cluster):
    kernel = Kernel()
    kernel.run(connect(cluster) + "%load_ext ipar_results")
    yield kernel
    kernel.run("rc.close()")
    kernel.close()


def hello(kernel, page):
    """A page that says hello; returns the kernel's answer."""
    reply = kernel.ask({"protocol": 1, "request": f"r{page}", "type": "hello", "client": f"page-{page}"})
    assert reply["status"] == "ok", reply
    return reply


def whole(kernel, comm_id):
    """How many full states have been told to the end on a comm."""
    told = [m["content"] for _, m in list(kernel.messages) if m["msg_type"] == "comm_msg"]
    return sum(bool(each["data"].get("last")) for each in told if each["comm_id"] == comm_id)


@pytest.mark.parametrize(
    "closes", [False, True], ids=["pages that stay", "pages that lack us close the comm"]
)
def test_a_hundred_pages_leave_nothing_behind(kernel, until, closes):
    """One comm a kernel, one record a result, no thread and no object more than after the first pages."""
    kernel.run("ar = lv.map_async(nap, [8] * 2 + [0.01] * 40)\nar")
    seen = set()

    def pages(first, last):
        for page in range(first, last):
            comm_id = hello(kernel, page)["comm_id"]
            seen.add(comm_id)
            if closes:
                kernel.close_comm(comm_id)
            assert len(kernel.listed_comms("ipar_results")) == 1
        comm_id = hello(kernel, f"{last}-again")["comm_id"]
        until(lambda: whole(kernel, comm_id))
        return comm_id

    pages(0, 10)
    before, objects = figures(kernel.text(kernel.run(FIGURES)))
    pages(10, 10 + PAGES)
    after, more = figures(kernel.text(kernel.run(FIGURES)))
    assert after == before
    assert after["comms"] == after["encoders"] == after["DeltaEncoder"] == 1
    assert more - objects < 2 * PAGES
    assert len(seen) == (PAGES + 10 if closes else 1)


def test_a_kernel_lists_a_comm_only_while_the_package_is_loaded(kernel):
    """By that a page knows that it may say hello: an unknown message would be logged as an error."""
    (comm_id,) = kernel.listed_comms("ipar_results")
    kernel.close_comm(comm_id)
    assert kernel.listed_comms("ipar_results") == [comm_id]
    kernel.run("%unload_ext ipar_results")
    assert kernel.listed_comms("ipar_results") == []
    kernel.run("%load_ext ipar_results")
    assert len(kernel.listed_comms("ipar_results")) == 1
