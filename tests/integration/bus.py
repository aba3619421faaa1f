"""A Kafka client for tests in Python: librdkafka itself, by ctypes, so that "read to the end" needs no waiting."""
import ctypes
import time
from ctypes import POINTER, Structure, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p

PRODUCER, CONSUMER = 0, 1
OFFSET_BEGINNING = -2
PARTITION_EOF = -191
QUEUE_FULL = -184
ANY_PARTITION = -1
COPY = 2
TIMEOUT_MS = 60_000


class Message(Structure):
    _fields_ = [("err", c_int), ("rkt", c_void_p), ("partition", c_int32), ("payload", c_void_p), ("len", c_size_t),
                ("key", c_void_p), ("key_len", c_size_t), ("offset", c_int64), ("private", c_void_p)]


class TopicPartition(Structure):
    _fields_ = [("topic", c_char_p), ("partition", c_int32), ("offset", c_int64), ("metadata", c_void_p),
                ("metadata_size", c_size_t), ("opaque", c_void_p), ("err", c_int), ("private", c_void_p)]


class TopicPartitionList(Structure):
    _fields_ = [("cnt", c_int), ("size", c_int), ("elems", POINTER(TopicPartition))]


def _library():
    lib = ctypes.CDLL("librdkafka.so.1")
    pointers = {"new": [c_int, c_void_p, c_char_p, c_size_t], "topic_new": [c_void_p, c_char_p, c_void_p]}
    lib.rd_kafka_conf_new.restype = c_void_p
    for name, arguments in pointers.items():
        function = getattr(lib, "rd_kafka_" + name)
        function.restype, function.argtypes = c_void_p, arguments
    lib.rd_kafka_conf_set.argtypes = [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]
    lib.rd_kafka_produce.argtypes = [c_void_p, c_int32, c_int, c_char_p, c_size_t, c_char_p, c_size_t, c_void_p]
    for name in ("poll", "flush"):
        getattr(lib, "rd_kafka_" + name).argtypes = [c_void_p, c_int]
    for name in ("destroy", "topic_destroy", "message_destroy", "topic_partition_list_destroy"):
        getattr(lib, "rd_kafka_" + name).argtypes = [c_void_p]
        getattr(lib, "rd_kafka_" + name).restype = None
    lib.rd_kafka_consumer_poll.argtypes = [c_void_p, c_int]
    lib.rd_kafka_consumer_poll.restype = POINTER(Message)
    lib.rd_kafka_topic_partition_list_new.argtypes = [c_int]
    lib.rd_kafka_topic_partition_list_new.restype = POINTER(TopicPartitionList)
    lib.rd_kafka_topic_partition_list_add.argtypes = [c_void_p, c_char_p, c_int32]
    lib.rd_kafka_topic_partition_list_add.restype = POINTER(TopicPartition)
    lib.rd_kafka_assign.argtypes = [c_void_p, c_void_p]
    lib.rd_kafka_committed.argtypes = [c_void_p, c_void_p, c_int]
    lib.rd_kafka_err2str.argtypes = [c_int]
    lib.rd_kafka_err2str.restype = c_char_p
    return lib


LIB = _library()


COORDINATOR_SETTLES = (14, 15, 16)  # it loads its groups, is not there, or is another one


def check(code):
    if code != 0:
        raise RuntimeError(LIB.rd_kafka_err2str(code).decode())


class Handle:
    """One librdkafka client; close it, or use it as a context. `prepare` may set callbacks on its configuration."""

    def __init__(self, kind, bootstrap, prepare=None, **properties):
        conf, reason = LIB.rd_kafka_conf_new(), ctypes.create_string_buffer(512)
        for name, value in ({"bootstrap.servers": bootstrap} | properties).items():
            if LIB.rd_kafka_conf_set(conf, name.encode(), str(value).encode(), reason, 512) != 0:
                raise RuntimeError(reason.value.decode())
        if prepare:
            prepare(conf)
        self.rk = LIB.rd_kafka_new(kind, conf, reason, 512)
        if not self.rk:
            raise RuntimeError(reason.value.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LIB.rd_kafka_destroy(self.rk)


def _partitions(topic, count, offset=OFFSET_BEGINNING):
    found = LIB.rd_kafka_topic_partition_list_new(count)
    for partition in range(count):
        LIB.rd_kafka_topic_partition_list_add(found, topic.encode(), partition).contents.offset = offset
    return found


def produce(bootstrap, topic, records):
    """`records`: (key or None, value, partition or ANY_PARTITION), in order; all acknowledged on return."""
    with Handle(PRODUCER, bootstrap, **{"enable.idempotence": "true", "partitioner": "murmur2_random"}) as client:
        handle = LIB.rd_kafka_topic_new(client.rk, topic.encode(), None)
        for key, value, partition in records:
            while LIB.rd_kafka_produce(handle, partition, COPY, value, len(value), key, len(key or b""), None) != 0:
                if LIB.rd_kafka_last_error() != QUEUE_FULL:
                    check(LIB.rd_kafka_last_error())
                LIB.rd_kafka_poll(client.rk, 10)
        check(LIB.rd_kafka_flush(client.rk, TIMEOUT_MS))
        LIB.rd_kafka_topic_destroy(handle)


def produce_one(bootstrap, topic, partition, key, value, headers=(), timestamp_ms=0):
    """One record with all that a record may have; acknowledged on return. `key`, `value`: None for none at all."""
    end, rkt, part, val, key_type, flags, time, header = 0, 2, 3, 4, 5, 7, 8, 9
    with Handle(PRODUCER, bootstrap) as client:
        handle = LIB.rd_kafka_topic_new(client.rk, topic.encode(), None)
        words = [rkt, c_void_p(handle), part, c_int32(partition), flags, c_int(COPY),
                 val, c_char_p(value), c_size_t(len(value or b"")), key_type, c_char_p(key), c_size_t(len(key or b"")),
                 time, c_int64(timestamp_ms)]
        for name, text in headers:
            words += [header, c_char_p(name.encode()), c_char_p(text), c_int64(len(text))]
        check(LIB.rd_kafka_producev(c_void_p(client.rk), *words, end))
        check(LIB.rd_kafka_flush(client.rk, TIMEOUT_MS))
        LIB.rd_kafka_topic_destroy(handle)


def read(bootstrap, topic, partitions, isolation="read_committed"):
    """All there is, up to the last stable offset: a list of (offset, key, value) for each partition."""
    found, ended = [[] for _ in range(partitions)], set()
    with Handle(CONSUMER, bootstrap, **{"group.id": "reader", "enable.partition.eof": "true",
                                        "enable.auto.commit": "false", "isolation.level": isolation,
                                        "auto.offset.reset": "error"}) as client:
        wanted = _partitions(topic, partitions)
        check(LIB.rd_kafka_assign(client.rk, wanted))
        while len(ended) < partitions:
            message = LIB.rd_kafka_consumer_poll(client.rk, TIMEOUT_MS)
            if not message:
                raise RuntimeError(f"{topic}: no answer within {TIMEOUT_MS} ms")
            it = message.contents
            if it.err == PARTITION_EOF:
                ended.add(it.partition)
            else:
                check(it.err)
                found[it.partition].append((it.offset, ctypes.string_at(it.key, it.key_len) if it.key else None,
                                            ctypes.string_at(it.payload, it.len) if it.payload else None))
            LIB.rd_kafka_message_destroy(message)
        check(LIB.rd_kafka_assign(client.rk, None))
        LIB.rd_kafka_topic_partition_list_destroy(wanted)
    return found


class Group:
    """Asks for a group's committed offsets, as often as wanted; no member of it."""

    def __init__(self, bootstrap, group, topic, partitions):
        self.client = Handle(CONSUMER, bootstrap, **{"group.id": group, "isolation.level": "read_uncommitted"})
        self.topic, self.partitions = topic, partitions

    def committed(self):
        """How many records are committed, over all partitions."""
        asked = _partitions(self.topic, self.partitions)
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        try:
            # A broker that has just begun to coordinate groups says so for a while.
            while (code := LIB.rd_kafka_committed(self.client.rk, asked, TIMEOUT_MS)) in COORDINATOR_SETTLES:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            check(code)
            return sum(max(0, asked.contents.elems[i].offset) for i in range(self.partitions))
        finally:
            LIB.rd_kafka_topic_partition_list_destroy(asked)

    def close(self):
        self.client.__exit__()
