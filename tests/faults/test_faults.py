"""Parts of a cluster are killed under 500 tasks: nothing hangs, nothing that arrived is lost, counts add up.

A few seeds; ``make faults`` runs 50, and ``python tests/faults/fault_run.py --seed N`` one again.
"""

import pytest
from fault_plan import REQUESTS, TASKS, VICTIMS, Plan
from fault_run import run_apart

SEEDS = {0: "an engine", 1: "the task scheduler", 3: "the direct scheduler"}


@pytest.mark.cluster
@pytest.mark.parametrize("seed", SEEDS, ids=SEEDS.values())
def test_500_tasks_survive_the_death_of(seed):
    held, said = run_apart(seed)
    print(said)
    assert held, said


def test_fifty_seeds_kill_every_part_and_make_every_request():
    plans = [Plan.of(seed) for seed in range(50)]
    assert {strike.what for plan in plans for strike in plan.strikes} >= {*VICTIMS, *REQUESTS}
    assert all(sum(each.inputs for each in plan.submissions) == TASKS for plan in plans)
    assert all(plan == Plan.of(plan.seed) for plan in plans)
