"""What a connection does not keep. There are thousands of them, and the objects of other people's
code remember all that they were ever told."""

from collections.abc import Collection
from typing import Any

MISSING = object()


def names(text: str) -> frozenset[str]:
    """Names of attributes."""
    return frozenset(text.split())


# What is not asked for again when the body of a response has begun: 3 KB of a stream, and more
# with the headers of a browser.
REQUEST_DONE = names(
    """
    _parsePOSTFormSubmission args clean_headers client client_scheme clientproto content cookies
    host query_string received_cookies requestHeaders responseHeaders root_path server_addr
    """
)
# What is not asked for again when a socket is open: 6 KB, and more with the headers of a browser.
HANDSHAKE_DONE = names(
    """
    _raw_query_string _results _transport_details _valid_events _wskey application_deferred
    clean_headers http_headers http_request_data http_request_host http_request_params
    http_request_path http_request_uri http_response_data http_status_line is_open
    protocol_to_accept root_path send_queue server_addr websocket_extensions
    websocket_extensions_in_use websocket_origin websocket_protocol_in_use websocket_protocols
    """
)


def lighten(one: Any, done: Collection[str]) -> None:
    """Drops the attributes that are `done` with, and those that say the same as their class. The
    rest is packed anew, since a dictionary gives no place back when something goes."""
    kind = type(one)
    one.__dict__ = {
        name: value
        for name, value in vars(one).items()
        if name not in done and value is not getattr(kind, name, MISSING)
    }


class UsualSocket:
    """What autobahn says anew of each socket, though it is the same of nearly all."""

    triggered = closedByMe = failedByMe = droppedByMe = wasClean = inside_message = False
    wasMaxFramePayloadSizeExceeded = wasMaxMessagePayloadSizeExceeded = False
    wasOpenHandshakeTimeout = wasCloseHandshakeTimeout = wasServerConnectionDropTimeout = False
    wasServingFlashSocketPolicyFile = False
    wasNotCleanReason = localCloseCode = localCloseReason = None
    remoteCloseCode = remoteCloseReason = current_frame = None
    openHandshakeTimeoutCall = closeHandshakeTimeoutCall = None
    autoPingTimeoutCall = autoPingPendingCall = autoPingPending = autoPingPendingSent = None
    trackedTimings = _perMessageCompress = None
    autoPingPendingSeq = send_state = 0
    data = b""
    # Only what is to be sent in pieces is queued, and nothing of ours is.
    send_queue = ()
