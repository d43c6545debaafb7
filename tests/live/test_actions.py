"""What an action did is said in the past tense, once, and only where no view of the result shows it."""

from types import SimpleNamespace

import pytest
from fakes import Fed, follow

from ipar_results.control.cancel import Cancelled
from ipar_results.control.retry import Retried
from ipar_results.live.actions import ACTIONS
from ipar_results.results.monitor import Monitor


@pytest.mark.parametrize(
    "cancelled, change, remarks",
    [
        (Cancelled(cancelled=487, running=2), "Cancelled 487 tasks.", []),
        (Cancelled(cancelled=1, interrupted=2), "Cancelled 1 task and interrupted 2 tasks.", []),
        (Cancelled(already_done=8), "", ["Nothing was left to cancel."]),
        (Cancelled(cancelled=3, unreachable=2), "Cancelled 3 tasks.", ["2 tasks could not be reached."]),
        (Cancelled(unreachable=1), "", ["1 task could not be reached."]),
    ],
)
def test_a_card_leaves_to_its_counts_what_was_cancelled(cancelled, change, remarks):
    monitor = SimpleNamespace(cancel=lambda interrupt: cancelled)
    done = ACTIONS["cancel"].run(monitor, {})
    assert (done.change, list(done.remarks)) == (change, remarks)


def test_a_retry_reports_what_it_sent_and_why_not_more():
    monitor = SimpleNamespace(retry=lambda indices: Retried(8, 1, ("Engine 3 has left.",)))
    done = ACTIONS["retry"].run(monitor, {})
    assert (done.change, done.remarks) == ("Sent 8 tasks again.", ("Engine 3 has left.",))


def test_a_saved_file_is_named_once(tmp_path):
    fed = Fed(1)
    followed = follow(fed)
    fed.reply(0)
    done = ACTIONS["export"].run(Monitor(fed.result, followed), {"format": "csv", "path": str(tmp_path)})
    assert done.path is not None and done.path.exists()
    assert (done.change, done.remarks) == ("", [f"Saved {done.path}"])
