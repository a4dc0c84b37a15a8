"""Frees memory of connections: Twisted's and autobahn's objects keep every attribute that they
needed at the start, and there are thousands of connections."""

from collections.abc import Collection
from typing import Any

MISSING = object()


def names(text: str) -> frozenset[str]:
    """The words of a text, as a set of attribute names."""
    return frozenset(text.split())


# Attributes of a Request that nothing reads once the body of its response has begun: 3 KB per
# event stream, and more with the headers of a browser.
UNUSED_AFTER_HEAD = names(
    """
    _parsePOSTFormSubmission args clean_headers client client_scheme clientproto content cookies
    host query_string received_cookies requestHeaders responseHeaders root_path server_addr
    """
)
# Attributes of a WebSocketProtocol that nothing reads once it is open: 6 KB, and more with the
# headers of a browser.
UNUSED_AFTER_HANDSHAKE = names(
    """
    _raw_query_string _results _transport_details _valid_events _wskey application_deferred
    clean_headers http_headers http_request_data http_request_host http_request_params
    http_request_path http_request_uri http_response_data http_status_line is_open
    protocol_to_accept root_path send_queue server_addr websocket_extensions
    websocket_extensions_in_use websocket_origin websocket_protocol_in_use websocket_protocols
    """
)


def strip(instance: Any, unused: Collection[str]) -> None:
    """Deletes the `unused` attributes of an object, and those that equal the default of its class.
    Replaces its `__dict__`, since a dictionary does not shrink when a key is deleted."""
    kind = type(instance)
    instance.__dict__ = {
        name: value
        for name, value in vars(instance).items()
        if name not in unused and value is not getattr(kind, name, MISSING)
    }


class SharedDefaults:
    """Class-level defaults for attributes that autobahn sets on every instance, so that `strip` can
    delete them."""

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
    # Autobahn queues only messages that are sent in chops, and ours never are.
    send_queue = ()
