"""What we set in Gradio beyond its documented options: a newer Gradio that no longer reads it must not pass unseen."""

import inspect

from gradio.queueing import Queue


def test_gradio_looks_for_clicks_as_often_as_its_queue_says() -> None:
    assert "asyncio.sleep(self.sleep_when_free)" in inspect.getsource(Queue.start_processing)
