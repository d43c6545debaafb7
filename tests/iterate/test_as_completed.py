"""Tasks are given in the order in which they end, whatever becomes of them, and none is lost."""

import asyncio
import gc
import threading
import weakref

import pytest
from fakes import Client, Fed
from ipyparallel import AsyncHubResult

import ipar_results
from ipar_results import TaskResult, as_completed


def followed(results, **kwargs):
    return as_completed(results, quiet=True, **kwargs)


def indices(tasks):
    return [task.index for task in tasks]


def test_tasks_come_in_the_order_in_which_they_end():
    fed = Fed(3, chunks=[1, 1, 1])
    tasks = followed(fed.result)
    for i in (2, 0, 1):
        fed.reply(i, [i * 10])
    assert [(task.index, task.value) for task in tasks] == [(2, 20), (0, 0), (1, 10)]


def test_what_has_ended_before_comes_in_the_order_in_which_it_was_received():
    fed = Fed(4, chunks=[1] * 4)
    for i in (3, 1):
        fed.reply(i, [i])  # received i + 1 seconds after the start
    tasks = followed(fed.result)
    fed.reply(0, [0])
    fed.reply(2, [2])
    assert indices(tasks) == [1, 3, 0, 2]


def test_each_input_of_a_chunk_is_a_task_and_values_keep_their_order():
    fed = Fed(2, chunks=[3, 2])
    tasks = followed(fed.result)
    fed.reply(1, ["d", "e"])
    fed.reply(0, ["a", "b", "c"])
    assert [(t.index, t.value) for t in tasks] == [(3, "d"), (4, "e"), (0, "a"), (1, "b"), (2, "c")]


def test_a_chunk_that_fails_fails_all_its_inputs():
    fed = Fed(2, chunks=[2, 2])
    tasks = followed(fed.result)
    fed.fail(0)
    fed.reply(1, [1, 2])
    outcomes = [(t.index, getattr(t.error, "ename", None), t.value) for t in tasks]
    assert outcomes == [(0, "ValueError", None), (1, "ValueError", None), (2, None, 1), (3, None, 2)]


def test_a_list_that_an_apply_returns_is_one_value():
    fed = Fed(2)
    tasks = followed(fed.result)
    fed.reply(0, [1, 2])
    fed.reply(1, [3])
    assert [task.value for task in tasks] == [[1, 2], [3]]


def test_a_task_knows_where_and_when_it_ran():
    fed = Fed(2, chunks=[1, 1])
    tasks = followed(fed.result)
    fed.reply(1, [5], seconds=2.5)
    task = next(tasks)
    assert (task.engine_id, task.duration, task.attempts, task.result) == (1, 2.5, 1, fed.result)
    assert task.completed - task.started == 2.5
    with pytest.raises(AttributeError):
        task.value = 3


def test_what_never_ran_is_an_error_with_no_times():
    fed = Fed(2, chunks=[1, 1])
    tasks = followed(fed.result)
    fed.abort(0, completed=None, engine_id=None, engine_uuid=None)
    task = next(tasks)
    assert (type(task.error).__name__, task.started, task.duration, task.engine_id) == (
        "TaskAborted",
        None,
        None,
        None,
    )


def test_an_error_is_raised_on_request_and_ends_nothing():
    fed = Fed(3, chunks=[1] * 3)
    tasks = followed(fed.result, raise_errors=True)
    fed.reply(0, [0])
    fed.fail(1)
    fed.reply(2, [2])
    assert next(tasks).index == 0
    with pytest.raises(Exception, match="ValueError"):
        next(tasks)
    assert indices(tasks) == [2]


def test_several_results_come_together_and_each_task_says_whose_it_is():
    client = Client()
    feds = [Fed(2, client=client) for _ in range(3)]
    for n, fed in enumerate(feds):  # message ids are unique in a client
        for i, future in enumerate(fed.futures):
            future.msg_id = fed.result.msg_ids[i] = f"{n}-{i}"
    tasks = followed(fed.result for fed in feds)
    feds[2].reply(1, "z")
    feds[0].reply(0, "a")
    assert [(next(tasks).result, next(tasks).index)] == [(feds[2].result, 0)]
    for n, i in ((1, 0), (1, 1), (0, 1), (2, 0)):
        feds[n].reply(i)
    assert len(list(tasks)) == 4


@pytest.mark.parametrize("nothing", [[], (), iter(())])
def test_no_results_give_no_tasks(nothing):
    assert list(followed(nothing)) == []


def test_a_result_that_is_given_twice_is_followed_once():
    fed = Fed(2)
    tasks = followed([fed.result, fed.result])
    fed.reply(0)
    fed.reply(1)
    assert indices(tasks) == [0, 1]


def test_a_timeout_says_what_is_left_and_loses_nothing():
    fed = Fed(2, chunks=[1, 1])
    tasks = followed(fed.result, timeout=0.05)
    fed.reply(1, [1])
    assert next(tasks).index == 1
    with pytest.raises(TimeoutError, match=r"1 of 2 messages had not ended after 0\.05 s"):
        next(tasks)
    fed.reply(0, [0])
    assert indices(tasks) == [0]


@pytest.mark.parametrize("wrong", [3, "text", None, [1], [[1]], lambda: 0])
def test_anything_else_is_refused_with_what_to_pass(wrong):
    with pytest.raises(TypeError, match="expected an AsyncResult, a group or several"):
        as_completed(wrong)


def test_a_result_of_the_hub_is_refused_with_what_to_do_instead():
    client = Client()
    client.metadata = {"a": {}}
    result = AsyncHubResult(client, ["a"])
    with pytest.raises(TypeError, match=r"get\(\) this one whole"):
        as_completed(result)


def test_a_waiting_thread_is_woken_by_the_next_task():
    fed = Fed(1, chunks=[1])
    tasks = followed(fed.result)
    timer = threading.Timer(0.05, fed.reply, (0, ["late"]))
    timer.start()
    assert next(tasks).value == "late"
    timer.join()


def test_whoever_stops_iterating_leaves_nothing_behind():
    fed = Fed(2, chunks=[1, 1])
    before = [len(future._done_callbacks) for future in fed.futures]
    tasks = as_completed(fed.result, quiet=True)
    assert [len(future._done_callbacks) for future in fed.futures] > before
    tasks.close()
    ref = weakref.ref(tasks)
    del tasks
    gc.collect()
    assert ref() is None
    ipar_results.disable()  # the followed's own
    assert [len(future._done_callbacks) for future in fed.futures] == before


def test_an_event_loop_goes_on_while_tasks_are_awaited():
    fed = Fed(3, chunks=[1] * 3)
    order = []

    async def reply():
        for i in (1, 2, 0):
            await asyncio.sleep(0.01)
            order.append("reply")
            threading.Thread(target=fed.reply, args=(i, [i])).start()

    async def main():
        replies = asyncio.create_task(reply())
        async for task in followed(fed.result):
            order.append(task.index)
        await replies

    asyncio.run(main())
    assert [step for step in order if step != "reply"] == [1, 2, 0]
    assert order[0] == "reply"
    assert order[-1] == 0


def test_a_cancelled_wait_takes_no_task_away():
    fed = Fed(2, chunks=[1, 1])
    tasks = followed(fed.result)

    async def main():
        waiting = asyncio.create_task(anext(tasks))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        fed.reply(0, ["kept"])
        return (await anext(tasks)).value

    assert asyncio.run(main()) == "kept"
    fed.reply(1, ["too"])
    assert next(tasks).value == "too"


def test_what_has_all_come_leaves_room_for_others_in_the_loop(monkeypatch):
    monkeypatch.setattr("ipar_results.iterate.as_completed._YIELD_PERIOD", 0.0)
    fed = Fed(100, chunks=[1] * 100)
    for i in range(100):
        fed.reply(i, [i])
    turns = []

    async def other():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    async def main():
        beside = asyncio.create_task(other())
        async for _ in followed(fed.result):
            pass
        beside.cancel()

    asyncio.run(main())
    assert len(turns) > 50


def test_an_interruption_while_waiting_says_what_goes_on(monkeypatch, capsys):
    fed = Fed(2, chunks=[1, 1])
    tasks = followed(fed.result)

    def interrupted(self, timeout):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ipar_results.iterate.inbox.Inbox.wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(tasks)
    assert "2 of 2 tasks are not done" in capsys.readouterr().err
    fed.reply(0, [0])
    assert next(tasks).index == 0


def test_a_bar_in_a_terminal_leaves_standard_output_alone(capsys):
    fed = Fed(2, chunks=[1, 1])
    tasks = as_completed(fed.result)
    fed.reply(0, [0])
    fed.reply(1, [1])
    assert len(list(tasks)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2" in err


def test_a_group_is_followed_by_its_results():
    ipar_results.enable()
    try:
        with ipar_results.group("some") as some:
            fed = Fed(2, chunks=[1, 1])
        tasks = followed(some)
        fed.reply(1, [1])
        fed.reply(0, [0])
        assert [(task.index, task.result) for task in tasks] == [(1, fed.result), (0, fed.result)]
    finally:
        ipar_results.disable()


def test_a_task_result_is_a_frozen_public_record():
    assert ipar_results.TaskResult is TaskResult
    task = TaskResult(0, 1, None, 0, None, None, None, 1, object())
    assert "result=" not in repr(task)
