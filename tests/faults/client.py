"""What the chaos run asks of Kafka beside tests/integration/bus.py: positions, leaders, and clients that live through faults."""
import ctypes
import pathlib
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_int32, c_int64, c_void_p

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import bus  # noqa: E402

ASK_MS = 1500
# That brokers are away is no news here; that they are back is to be seen at once.
QUIET = {"log_level": "0", "reconnect.backoff.max.ms": "200"}


class BrokerFacts(Structure):
    _fields_ = [("id", c_int32), ("host", c_char_p), ("port", c_int)]


class PartitionFacts(Structure):
    _fields_ = [("id", c_int32), ("err", c_int), ("leader", c_int32), ("replica_cnt", c_int), ("replicas", POINTER(c_int32)),
                ("isr_cnt", c_int), ("isrs", POINTER(c_int32))]


class TopicFacts(Structure):
    _fields_ = [("topic", c_char_p), ("partition_cnt", c_int), ("partitions", POINTER(PartitionFacts)), ("err", c_int)]


class ClusterFacts(Structure):
    _fields_ = [("broker_cnt", c_int), ("brokers", POINTER(BrokerFacts)), ("topic_cnt", c_int), ("topics", POINTER(TopicFacts)),
                ("orig_broker_id", c_int32), ("orig_broker_name", c_char_p)]


LIB = bus.LIB
DELIVERED = ctypes.CFUNCTYPE(None, c_void_p, POINTER(bus.Message), c_void_p)
LIB.rd_kafka_conf_set_dr_msg_cb.argtypes = [c_void_p, DELIVERED]
LIB.rd_kafka_conf_set_dr_msg_cb.restype = None
LIB.rd_kafka_topic_name.argtypes, LIB.rd_kafka_topic_name.restype = [c_void_p], c_char_p
LIB.rd_kafka_query_watermark_offsets.argtypes = [c_void_p, c_char_p, c_int32, POINTER(c_int64), POINTER(c_int64), c_int]
LIB.rd_kafka_metadata.argtypes = [c_void_p, c_int, c_void_p, POINTER(POINTER(ClusterFacts)), c_int]
LIB.rd_kafka_metadata_destroy.argtypes = [POINTER(ClusterFacts)]
LIB.rd_kafka_metadata_destroy.restype = None


class Unanswered(Exception):
    """The brokers do not answer now."""


def ask(code):
    if code != 0:
        raise Unanswered(LIB.rd_kafka_err2str(code).decode())


class Observer:
    """Asks for positions and leaders; no member of the group."""

    def __init__(self, bootstrap, group, topic, partitions):
        self.client = bus.Handle(bus.CONSUMER, bootstrap, **QUIET, **{"group.id": group, "isolation.level": "read_uncommitted"})
        self.group, self.topic, self.partitions = group, topic, partitions

    def committed(self):
        """What the group has committed, for each partition."""
        self.leaders()  # is anybody there? librdkafka (2.0) does not bear to be asked about a group while nobody is
        wanted = bus._partitions(self.topic, self.partitions)
        try:
            ask(LIB.rd_kafka_committed(self.client.rk, wanted, ASK_MS))
            entries = [wanted.contents.elems[i] for i in range(self.partitions)]
            for entry in entries:
                ask(entry.err)
            return [max(0, entry.offset) for entry in entries]
        finally:
            LIB.rd_kafka_topic_partition_list_destroy(wanted)

    def ends(self):
        """How many records the topic holds, for each partition. Only while brokers are there: else it may take long."""
        found, low, high = [], c_int64(), c_int64()
        for partition in range(self.partitions):
            ask(LIB.rd_kafka_query_watermark_offsets(self.client.rk, self.topic.encode(), partition, byref(low), byref(high),
                                                     bus.TIMEOUT_MS))
            found.append(high.value)
        return found

    def leaders(self):
        """{(topic, partition): (leader, replicas in sync, replicas)}, and how many brokers there are."""
        facts = POINTER(ClusterFacts)()
        ask(LIB.rd_kafka_metadata(self.client.rk, 1, None, byref(facts), ASK_MS))
        try:
            found = {}
            for topic in facts.contents.topics[:facts.contents.topic_cnt]:
                for one in topic.partitions[:topic.partition_cnt]:
                    found[topic.topic.decode(), one.id] = (one.leader, one.isr_cnt, one.replica_cnt)
            return found, facts.contents.broker_cnt
        finally:
            LIB.rd_kafka_metadata_destroy(facts)

    def coordinator(self):
        """The broker that leads the group's partition of __consumer_offsets, which makes it the group's coordinator."""
        leaders, _ = self.leaders()
        partitions = sum(topic == "__consumer_offsets" for topic, _ in leaders)
        if partitions == 0:
            raise Unanswered("there are no offsets yet")
        hashed = 0
        for letter in self.group:
            hashed = (hashed * 31 + ord(letter)) & 0xFFFFFFFF  # Java's String.hashCode
        return leaders["__consumer_offsets", (hashed & 0x7FFFFFFF) % partitions][0]


class Producer(bus.Handle):
    """Puts records on a topic; `ends` is what the brokers have acknowledged, for each partition.

    Not idempotent: such a producer of librdkafka 2.0 may give up for good when a leader is killed. So a record may come
    twice or behind a later one; what is on the topic is the truth, whatever it is."""

    def __init__(self, bootstrap, topic, partitions):
        self.ends, self.failure = [0] * partitions, None
        self.callback = DELIVERED(self.delivered)  # kept as long as the client
        super().__init__(bus.PRODUCER, bootstrap, prepare=lambda conf: LIB.rd_kafka_conf_set_dr_msg_cb(conf, self.callback),
                         **QUIET, **{"acks": "all", "partitioner": "murmur2_random", "linger.ms": "5"})
        self.topic = LIB.rd_kafka_topic_new(self.rk, topic.encode(), None)

    def delivered(self, _, message, __):
        it = message.contents
        if it.err != 0:
            self.failure = self.failure or LIB.rd_kafka_err2str(it.err).decode()
        else:
            self.ends[it.partition] = max(self.ends[it.partition], it.offset + 1)

    def produce(self, key, value):
        while LIB.rd_kafka_produce(self.topic, bus.ANY_PARTITION, bus.COPY, value, len(value), key, len(key or b""), None) != 0:
            if LIB.rd_kafka_last_error() != bus.QUEUE_FULL:
                bus.check(LIB.rd_kafka_last_error())
            self.poll(10)

    def poll(self, timeout_ms):
        """Hears of what was acknowledged."""
        LIB.rd_kafka_poll(self.rk, timeout_ms)

    def flush(self):
        bus.check(LIB.rd_kafka_flush(self.rk, bus.TIMEOUT_MS))


class Messages:
    """A read_committed consumer of all partitions of some topics, from their beginning, in no group."""

    def __init__(self, bootstrap, topics, partitions):
        self.client = bus.Handle(bus.CONSUMER, bootstrap, **QUIET, **{
            "group.id": "faults-reader", "isolation.level": "read_committed", "enable.auto.commit": "false",
            "auto.offset.reset": "error"})
        wanted = LIB.rd_kafka_topic_partition_list_new(partitions * len(topics))
        for topic in topics:
            for partition in range(partitions):
                LIB.rd_kafka_topic_partition_list_add(wanted, topic.encode(), partition).contents.offset = \
                    bus.OFFSET_BEGINNING
        bus.check(LIB.rd_kafka_assign(self.client.rk, wanted))
        LIB.rd_kafka_topic_partition_list_destroy(wanted)

    def poll(self, timeout_ms):
        """(topic, partition, offset, value); (None, error, its text, None); or None."""
        message = LIB.rd_kafka_consumer_poll(self.client.rk, timeout_ms)
        if not message:
            return None
        it = message.contents
        try:
            if it.err != 0:
                return None, it.err, LIB.rd_kafka_err2str(it.err).decode(), None
            return (LIB.rd_kafka_topic_name(it.rkt).decode(), it.partition, it.offset, ctypes.string_at(it.payload, it.len))
        finally:
            LIB.rd_kafka_message_destroy(message)

    def close(self):
        self.client.__exit__()
