"""Messages as bytes: the preamble that an engine begins with, and frames of msgpack.

The engine first writes `PREAMBLE`; from then on both directions carry frames: a 4-byte big-endian length, then that
many bytes of msgpack.
"""

from __future__ import annotations

import re
import struct

import msgspec

from tui.protocol import PROTOCOL_VERSION, AnyEvent, AnyRequest

PREAMBLE = b"\x00logitscope-engine-%d\n" % PROTOCOL_VERSION
"""First bytes of the engine's stdout. Anything before it (a login banner, say) is skipped by the reader."""
ANY_PREAMBLE = re.compile(rb"\x00logitscope-engine-(\d+)\n")
"""The preamble of an engine of any protocol version, which is its group."""

MAX_FRAME_BYTES = 256 * 1024 * 1024
HEADER = struct.Struct(">I")

_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)
_event_decoder: msgspec.msgpack.Decoder[AnyEvent] = msgspec.msgpack.Decoder(AnyEvent)


def encode_frame(message: AnyRequest | AnyEvent) -> bytes:
    """One message as header and body. Raises ValueError when no frame can hold it: `MAX_FRAME_BYTES`, 64 bits."""
    try:
        body = _encoder.encode(message)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {len(body):,} bytes exceeds the limit of {MAX_FRAME_BYTES:,}")
    return HEADER.pack(len(body)) + body


def body_length(header: bytes) -> int:
    """Length of the body that follows a 4-byte header. Raises ValueError beyond `MAX_FRAME_BYTES`."""
    (length,) = HEADER.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame claims {length:,} bytes; the limit is {MAX_FRAME_BYTES:,}")
    return int(length)


def decode_request(body: bytes) -> AnyRequest:
    """The request in a frame's body. Raises `msgspec.MsgspecError` for anything else."""
    return _request_decoder.decode(body)


def decode_event(body: bytes | memoryview) -> AnyEvent:
    """The event in a frame's body. Raises `msgspec.MsgspecError` for anything else."""
    return _event_decoder.decode(body)
