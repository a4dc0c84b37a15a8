import chat.worker
import realtime.worker


async def test_the_first_call_on_a_loop_builds_the_parts_that_need_no_app(no_worker):
    worker = realtime.worker.current()
    assert worker is realtime.worker.current()
    assert worker.streams.count == 0


async def test_the_chat_adds_its_parts_to_those_that_exist(no_worker):
    base = realtime.worker.current()
    worker = chat.worker.current()
    assert worker.streams is base.streams
    assert worker.bus is base.bus
    assert realtime.worker.current() is worker
    assert chat.worker.start() is worker
