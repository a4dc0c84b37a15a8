from streaming import sse
from streaming.pace import Pace
from streaming.reading import Reading


def reading(offset=0, total=4):
    run = sse.Run([b"%d" % number for number in range(1, total + 1)])
    return Reading(run, Pace(100.0, 0.3, offset, total), b"!", offset)


def test_each_event_when_it_is_due():
    ours = reading()
    assert [ours.take(100 + now) for now in (0, 0.29, 0.31, 0.61)] == [b"", b"", b"1", b"2"]


def test_what_is_late_comes_in_one_piece():
    assert reading().take(100.95) == b"123"


def test_the_end_comes_with_the_last_event_and_once():
    ours = reading()
    assert ours.take(100.95) == b"123"
    assert not ours.finished
    assert ours.take(107.0) == b"4!"
    assert ours.finished
    assert ours.take(108.0) == b""


def test_a_reader_that_resumes_is_sent_the_rest():
    assert reading(offset=2).take(107.0) == b"34!"


def test_the_next_moment_follows_what_was_sent():
    ours = reading()
    assert round(ours.moment, 6) == 100.3
    ours.take(100.95)
    assert round(ours.moment, 6) == 101.2


def test_a_text_without_characters_is_finished():
    assert reading(total=0).finished
