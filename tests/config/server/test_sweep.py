"""Methods that Daphne calls for every connection once a second."""

from types import SimpleNamespace

from config.server.sweep import contain_errors


def test_an_exception_is_logged_and_does_not_reach_the_sweep(caplog):
    @contain_errors
    def check_timeouts(connection, seconds):
        calls.append(seconds)
        raise ZeroDivisionError

    calls = []
    check_timeouts(SimpleNamespace(client_addr=["192.0.2.1", 5], request_id="of-nginx"), 7)
    assert calls == [7]
    assert caplog.messages == ["Timeout sweep failed for request of-nginx (check_timeouts)."]
    assert caplog.records[0].exc_info[0] is ZeroDivisionError
