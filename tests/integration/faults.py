"""What tests in Python do to a broker and to the way to it: rights, topics, a proxy to cut or slow down."""
import ctypes
import selectors
import socket
import threading
import time
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_void_p

import bus

TOPIC, GROUP, CLUSTER = 2, 3, 4  # what a right is about
READ, WRITE, DESCRIBE = 3, 4, 8  # to do what
ALL = 2
LITERAL = 3
DENY, ALLOW = 2, 3
TIMEOUT_MS = 60_000


def _library():
    lib = bus.LIB
    lib.rd_kafka_AclBinding_new.argtypes = [c_int, c_char_p, c_int, c_char_p, c_char_p, c_int, c_int, c_char_p, c_size_t]
    lib.rd_kafka_CreateAcls.argtypes = [c_void_p, POINTER(c_void_p), c_size_t, c_void_p, c_void_p]
    lib.rd_kafka_DeleteTopic_new.argtypes = [c_char_p]
    lib.rd_kafka_DeleteTopics.argtypes = [c_void_p, POINTER(c_void_p), c_size_t, c_void_p, c_void_p]
    lib.rd_kafka_queue_poll.argtypes = [c_void_p, c_int]
    lib.rd_kafka_queue_new.argtypes = [c_void_p]
    for name in ("AclBinding_new", "DeleteTopic_new", "queue_poll", "queue_new"):
        getattr(lib, "rd_kafka_" + name).restype = c_void_p
    lib.rd_kafka_event_error.argtypes = [c_void_p]
    for name in ("AclBinding_destroy", "DeleteTopic_destroy", "event_destroy", "queue_destroy"):
        getattr(lib, "rd_kafka_" + name).argtypes = [c_void_p]
        getattr(lib, "rd_kafka_" + name).restype = None
    return lib


LIB = _library()


def _ask(bootstrap, call, wanted):
    with bus.Handle(bus.PRODUCER, bootstrap) as client:
        queue = LIB.rd_kafka_queue_new(client.rk)
        call(client.rk, (c_void_p * len(wanted))(*wanted), len(wanted), None, queue)
        event = LIB.rd_kafka_queue_poll(queue, TIMEOUT_MS)
        if not event:
            raise RuntimeError("no answer")
        bus.check(LIB.rd_kafka_event_error(event))
        LIB.rd_kafka_event_destroy(event)
        LIB.rd_kafka_queue_destroy(queue)


def deny(bootstrap, user, kind, name, operation):
    """`user` may do everything with it but this."""
    reason = ctypes.create_string_buffer(512)
    rights = []
    for operation_, permission in ((ALL, ALLOW), (operation, DENY)):
        one = LIB.rd_kafka_AclBinding_new(kind, name.encode(), LITERAL, f"User:{user}".encode(), b"*", operation_,
                                          permission, reason, 512)
        if not one:
            raise RuntimeError(reason.value.decode())
        rights.append(one)
    _ask(bootstrap, LIB.rd_kafka_CreateAcls, rights)
    for one in rights:
        LIB.rd_kafka_AclBinding_destroy(one)


def delete_topic(bootstrap, topic):
    one = LIB.rd_kafka_DeleteTopic_new(topic.encode())
    _ask(bootstrap, LIB.rd_kafka_DeleteTopics, [one])
    LIB.rd_kafka_DeleteTopic_destroy(one)


class Proxy:
    """The way to a broker whose listener says that it is reached here (broker.sh --proxied). One thread."""

    def __init__(self, broker_port, port):
        self.broker, self.cut_off, self.ended = ("127.0.0.1", broker_port), False, False
        self.bytes_per_s, self.passed_bytes = None, 0  # of both ways and all connections; None: as fast as it goes
        self.pairs, self.selector = {}, selectors.DefaultSelector()
        self.address = ("127.0.0.1", port)
        self.listener, (self.waked, self.waker) = None, socket.socketpair()
        self.selector.register(self.waked, selectors.EVENT_READ)
        self.mend_listener()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def bootstrap(self):
        return f"{self.address[0]}:{self.address[1]}"

    def mend_listener(self):
        self.listener = socket.create_server(self.address, backlog=64)
        self.selector.register(self.listener, selectors.EVENT_READ)

    def cut(self):
        """As if the broker's machine were off: connections end, and none begins."""
        self.tell(b"c")

    def mend(self):
        self.tell(b"m")

    def slow(self, bytes_per_s):
        """As a narrow line: what takes a moment otherwise is caught in the midst of it."""
        self.bytes_per_s = bytes_per_s

    def close(self):
        self.tell(b"e")
        self.thread.join()

    def tell(self, what):
        self.waker.sendall(what)

    def end(self, one):
        other = self.pairs.pop(one, None)
        for end in (one, other):
            if end is not None:
                self.pairs.pop(end, None)
                self.selector.unregister(end)
                end.close()

    def obey(self, what):
        if what in b"ce":
            for one in list(self.pairs):
                if one in self.pairs:
                    self.end(one)
            if self.listener:
                self.selector.unregister(self.listener)
                self.listener.close()
                self.listener = None
        if what == b"m" and not self.listener:
            self.mend_listener()
        self.ended = what == b"e"

    def accept(self):
        client, _ = self.listener.accept()
        broker = socket.create_connection(self.broker)
        for one, other in ((client, broker), (broker, client)):
            self.pairs[one] = other
            self.selector.register(one, selectors.EVENT_READ)

    def run(self):
        while not self.ended:
            for key, _ in self.selector.select():
                one = key.fileobj
                if one is self.waked:
                    self.obey(self.waked.recv(1))
                elif one is self.listener:
                    self.accept()
                elif one in self.pairs:
                    try:
                        data = one.recv(65536)
                        if data:
                            self.pairs[one].sendall(data)
                            self.passed_bytes += len(data)
                            if self.bytes_per_s:
                                time.sleep(len(data) / self.bytes_per_s)
                    except OSError:
                        data = b""
                    if not data:
                        self.end(one)
        self.selector.close()
