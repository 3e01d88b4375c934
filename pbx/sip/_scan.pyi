SIZE_MAX: int  # octets of one message
HEADERS_MAX: int  # header lines of one message

class Scanned:
    """The parts of one message, and the first fault in it (`fault` is None where there is none)."""

    is_request: bool
    is_sip: bool  # False: no answer can be made of it
    method: str  # of a request
    uri: str
    status: int  # of a response
    reason: str
    body: bytes
    fault: str | None
    status_hint: int
    head_length: int  # octets up to and including the empty line
    content_length: int  # -1 where there is no such header or it cannot be read

def scan(data: bytes, stream: bool = False) -> Scanned: ...
