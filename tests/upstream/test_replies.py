"""Replies that ipyparallel itself cannot take."""

from fakes import Fed, follow

from ipar_results.upstream.replies import ReplyHandlers


def test_a_task_that_was_cancelled_here_counts_as_cancelled_though_its_reply_arrives_before_it_is_drained():
    fed = Fed(2)
    cancelled = fed.futures[0]
    fed.client._futures[cancelled.msg_id] = cancelled
    fed.client._should_use_metadata_msg_id = lambda message: False
    followed = follow(fed)
    assert cancelled.cancel()

    def take(message):  # as ipyparallel does
        cancelled.output.metadata["status"] = message["content"]["status"]
        cancelled.set_result(0)

    reply = {
        "parent_header": {"msg_id": cancelled.msg_id},
        "content": {"status": "ok"},
        "metadata": {},
        "buffers": [],
    }
    ReplyHandlers(fed.client, lambda msg_id, buffers: None)._handle(take, reply)
    fed.reply(1)
    state = followed.snapshot()
    assert (state.ok, state.aborted) == (1, 1)
