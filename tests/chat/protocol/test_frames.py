import json

from chat.protocol import frames
from realtime.errors import Refused


def test_a_frame_is_compact_json_without_the_fields_that_are_none():
    assert frames.encode("error", code="gone", message="你", cid=None) == (
        '{"type":"error","code":"gone","message":"你"}'
    )


def test_encoded_entries_are_embedded_unchanged():
    assert frames.events("lobby", "e:2", ['{"seq":1}', '{"seq":2}']) == (
        '{"type":"events","room":"lobby","cursor":"e:2","events":[{"seq":1},{"seq":2}]}'
    )
    assert frames.page("lobby", 3, ['{"seq":2}'], more=True) == (
        '{"type":"page","room":"lobby","before":3,"events":[{"seq":2}],"more":true}'
    )
    assert json.loads(frames.page('a"b', 1, [], more=False))["room"] == 'a"b'


def test_an_error_frame_names_the_command_and_the_time_of_a_retry():
    refused = Refused("rate_limited", "Too many.", retry_after_ms=70)
    assert frames.error(refused, "c-1", "lobby") == (
        '{"type":"error","code":"rate_limited","message":"Too many.","cid":"c-1","room":"lobby",'
        '"retry_after_ms":70}'
    )


def test_an_error_frame_has_the_code_of_the_protocol_and_not_the_one_of_the_table():
    assert json.loads(frames.error(Refused("session_ended")))["code"] == "forbidden"
