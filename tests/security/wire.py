"""Sessions with a PostgreSQL server: just enough of its protocol for the corpus.

Owns framing, errors and notifications. psql would need a process a statement, and tells neither
a SQLSTATE nor a notification in a form that can be relied on. Trust authentication and the Unix
socket only: that is what the throw-away cluster has.
"""
import os
import socket
import struct


class ServerError(Exception):
    """An ERROR or FATAL of the server."""

    def __init__(self, fields):
        super().__init__(fields.get("M", ""))
        self.sqlstate = fields.get("C", "")
        self.message = fields.get("M", "")
        self.detail = fields.get("D", "")

    def __str__(self):
        return f"{self.sqlstate} {self.message}" + (f" ({self.detail})" if self.detail else "")


class Lost(Exception):
    """The session has ended without an answer, or gives none in time."""


class Session:
    """One session. `timeout` is how long an answer may take, in seconds."""

    def __init__(self, user, database, timeout=30.0):
        self.user, self.database, self.timeout = user, database, timeout
        self.notifications, self.pid = [], 0
        path = os.path.join(os.environ["PGHOST"], ".s.PGSQL." + os.environ.get("PGPORT", "5432"))
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._buffer = b""
        try:
            self._socket.connect(path)
            options = f"user\0{user}\0database\0{database}\0client_encoding\0UTF8\0\0".encode()
            body = struct.pack("!i", 3 << 16) + options
            self._socket.sendall(struct.pack("!i", len(body) + 4) + body)
            self._answer()
        except OSError as error:
            raise Lost(str(error)) from error

    def close(self):
        """Ends the session."""
        try:
            self._socket.sendall(b"X\0\0\0\4")
        except OSError:
            pass
        self._socket.close()

    def simple(self, sql):
        """Rows of the last statement of `sql`, as lists of text or None."""
        return self._request(message(b"Q", text(sql)))

    def call(self, sql, *parameters):
        """Rows of one statement with text parameters, which nothing can be smuggled through."""
        bind = b"\0\0" + struct.pack("!hh", 0, len(parameters))
        for parameter in parameters:
            value = parameter.encode("utf-8", "surrogatepass")
            bind += struct.pack("!i", len(value)) + value
        bind += struct.pack("!h", 0)
        return self._request(
            message(b"P", b"\0" + text(sql) + struct.pack("!h", 0))
            + message(b"B", bind)
            + message(b"E", b"\0" + struct.pack("!i", 0))
            + message(b"S", b"")
        )

    def _request(self, data):
        try:
            self._socket.sendall(data)
            return self._answer()
        except OSError as error:
            raise Lost(str(error) or type(error).__name__) from error

    def _answer(self):
        rows, done, error = [], [], None
        while True:
            kind, body = self._message()
            if kind == b"D":
                rows.append(columns(body))
            elif kind == b"C":
                done, rows = rows, []
            elif kind == b"E":
                error = error or ServerError(fields(body))
                done = []
            elif kind == b"A":
                channel, payload = body[4:].split(b"\0")[:2]
                self.notifications.append((channel.decode(), payload.decode()))
            elif kind == b"K":
                self.pid = struct.unpack("!i", body[:4])[0]
            elif kind == b"I":
                done = []
            elif kind == b"R" and body != b"\0\0\0\0":
                raise Lost("the server wants a password")
            elif kind == b"Z":
                break
        if error:
            raise error
        return done

    def _message(self):
        head = self._exactly(5)
        length = struct.unpack("!i", head[1:])[0]
        return head[:1], self._exactly(length - 4)

    def _exactly(self, n):
        while len(self._buffer) < n:
            more = self._socket.recv(1 << 16)
            if not more:
                raise Lost("the server has closed the connection")
            self._buffer += more
        taken, self._buffer = self._buffer[:n], self._buffer[n:]
        return taken


def message(kind, body):
    """One message."""
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value):
    """A string as messages hold it."""
    return value.encode("utf-8", "surrogatepass") + b"\0"


def columns(body):
    """The columns of a row."""
    count, at, row = struct.unpack("!h", body[:2])[0], 2, []
    for _ in range(count):
        length = struct.unpack("!i", body[at : at + 4])[0]
        at += 4
        row.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return row


def fields(body):
    """The fields of an error."""
    return {f[:1].decode(): f[1:].decode("utf-8", "replace") for f in body.split(b"\0") if f}
