"""Results that are awaited."""

import asyncio
import threading

from fakes import Fed

from ipar_results.attach.replacements.waiting import value_of


def test_two_that_await_one_result_both_see_its_end():
    fed, first_is_over = Fed(1, chunks=[1]), threading.Event()

    async def first():
        await value_of(fed.result)
        first_is_over.set()

    async def both():
        waits = [asyncio.ensure_future(first())]
        await asyncio.sleep(0)
        fed.result.add_done_callback(lambda _: first_is_over.wait(20))  # the IO thread is slow
        waits.append(asyncio.ensure_future(value_of(fed.result)))
        await asyncio.sleep(0)
        threading.Thread(target=fed.reply, args=(0, [5])).start()
        await asyncio.wait_for(asyncio.gather(*waits), 10)

    asyncio.run(both())
