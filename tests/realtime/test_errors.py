import json

import pytest

from realtime.error_response import error_response
from realtime.errors import Refused


def test_a_refusal_without_a_sentence_has_the_one_of_the_table():
    refused = Refused("session_ended")
    assert str(refused) == refused.message == "Your session has ended."
    assert refused.body() == {
        "type": "error",
        "code": "forbidden",
        "message": "Your session has ended.",
    }


def test_a_refusal_needs_a_code_of_the_table():
    with pytest.raises(KeyError):
        Refused("no_such_code")


def test_the_response_has_the_status_of_the_table_and_names_the_command():
    response = error_response(Refused("too_long", "太长"), cid="c", room="lobby")
    assert response.status_code == 413
    assert response.content.decode() == (
        '{"type":"error","code":"too_long","message":"太长","cid":"c","room":"lobby"}'
    )
    assert "Retry-After" not in response


@pytest.mark.parametrize(("milliseconds", "seconds"), [(1, "1"), (1_000, "1"), (1_001, "2")])
def test_retry_after_is_in_seconds_and_rounded_up(milliseconds, seconds):
    response = error_response(Refused("rate_limited", "Too many.", milliseconds))
    assert response["Retry-After"] == seconds
    assert json.loads(response.content)["retry_after_ms"] == milliseconds
