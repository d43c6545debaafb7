"""A snapshot holds all tasks, or those that took longest."""

from fakes import Fed, follow

from ipar_results.facts.build_snapshot import TASKS_SHOWN


def test_few_tasks_are_all_there_by_index():
    fed = Fed(TASKS_SHOWN)
    followed = follow(fed)
    fed.reply(7, seconds=3.0)
    assert [task.index for task in followed.snapshot().tasks] == list(range(TASKS_SHOWN))


def test_of_many_tasks_those_that_took_longest_are_there():
    fed = Fed(3 * TASKS_SHOWN)
    followed = follow(fed)
    assert [task.index for task in followed.snapshot().tasks] == list(range(TASKS_SHOWN))
    for i in range(100):
        fed.reply(i, seconds=100.0 if i == 77 else 1.0 + i / 1000)
    fed.abort(100)
    fed.busy(130)
    tasks = followed.snapshot().tasks
    assert [task.index for task in tasks[:4]] == [77, 99, 98, 97]
    assert len(tasks) == TASKS_SHOWN
    assert 130 not in [task.index for task in tasks]  # it has only begun
    followed.record.running[130] = (0, followed.record.clock.now - 50.0)
    running = followed.snapshot().tasks[1]
    assert (running.index, running.status, running.duration) == (130, "running", None)
    assert running.started is not None
