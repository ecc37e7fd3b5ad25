"""The reliable reader's side of RTPS: what has come from one writer, and what is missing.

Source:
    OMG DDSI-RTPS 2.3, 8.4.12 (stateful reader).
"""

from dataclasses import dataclass, field

from textseg_ros.dds.rtps.parameters import Parameters
from textseg_ros.dds.rtps.wire import AckNack, Data, Gap, Heartbeat, NackFrag

_MOST_SAMPLE_BYTES = 256 << 20
_WINDOW = 256
_MOST_TRIES = 50
_MOST_PARTIAL = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """One whole sample.

    Attributes:
        writer_guid: Who wrote it, 16 bytes.
        sequence: Its number.
        payload: Serialised data with header.
        inline: Inline QoS.
        is_key: The payload is only a key: something ended.
    """

    writer_guid: bytes
    sequence: int
    payload: bytes
    inline: Parameters
    is_key: bool = False


@dataclass(slots=True)
class _Partial:
    data: bytearray
    missing: set[int]
    inline: Parameters
    is_key: bool


@dataclass(slots=True)
class WriterProxy:
    """What one reader knows of one writer.

    Samples are delivered as they come; with `ordered` none before those ahead of it. A sample that
    the writer announces and does not send again after many requests counts as lost.

    Attributes:
        guid: Of the writer.
        reader_id: Entity id of the reader.
        ordered: Deliver in the writer's order.
        of_fast_dds: The writer is one of Fast DDS, which repeats itself every 3 s only, unless a
            reader says that it knows nothing, by a number that the specification excludes
            (StatefulWriter::process_acknack). Cyclone DDS takes that number for damage.
        heard: Whether the writer has sent a heartbeat.
    """

    guid: bytes
    reader_id: bytes
    ordered: bool = False
    of_fast_dds: bool = False
    heard: bool = False
    _base: int = 1  # all below have been delivered or do not concern this reader
    _last: int = 0  # the newest that the writer announced
    _waiting: dict[int, Sample | None] = field(default_factory=dict)  # above base; None: done
    _partial: dict[int, _Partial] = field(default_factory=dict)
    _tries: dict[int, int] = field(default_factory=dict)
    _count: int = 0

    def on_data(self, data: Data) -> list[Sample]:
        """Take a sample or a fragment; return the samples to deliver.

        Raises:
            ValueError: If a fragment does not fit those before, or is too large.
        """
        number = data.sequence
        if number < self._base or number >= self._base + _WINDOW or number in self._waiting:
            return []
        if not data.fragment:
            sample = Sample(self.guid, number, data.payload, data.inline, data.is_key)
        else:
            whole = self._add_fragment(data)
            if whole is None:
                return []
            sample = Sample(self.guid, number, bytes(whole.data), whole.inline, whole.is_key)
        self._partial.pop(number, None)
        if self.ordered:
            self._waiting[number] = sample
            return self._advance()
        self._waiting[number] = None
        self._advance()
        return [sample]

    def on_gap(self, gap: Gap) -> list[Sample]:
        """Take note of samples that do not concern this reader; return those to deliver."""
        if gap.start <= self._base < gap.base:
            self._skip_to(gap.base)
        for number in (*range(max(gap.start, self._base), min(gap.base, self._end)), *gap.others):
            if self._base <= number < self._end:
                self._waiting.setdefault(number, None)
        return self._advance()

    def on_heartbeat(self, heartbeat: Heartbeat) -> tuple[list[Sample], list[AckNack | NackFrag]]:
        """Take what a writer still has; return samples to deliver and what to answer."""
        self.heard = True
        delivered: list[Sample] = []
        if heartbeat.first > self._base:
            kept = sorted(n for n in self._waiting if n < heartbeat.first)
            delivered = [s for s in map(self._waiting.pop, kept) if s is not None]
            self._skip_to(heartbeat.first)
            delivered += self._advance()
        self._last = max(self._last, heartbeat.last)
        missing = self._missing()
        if not missing and heartbeat.final:
            return delivered, []
        return delivered, self._answers(missing)

    def hello(self) -> AckNack:
        """Return what makes a writer tell what it has."""
        self._count += 1
        base = 0 if self.of_fast_dds else self._base
        return AckNack(self.reader_id, self.guid[12:], base, (), self._count)

    @property
    def _end(self) -> int:
        return self._base + _WINDOW

    def _missing(self) -> list[int]:
        newest = min(self._last, self._end - 1)
        missing = []
        for number in range(self._base, newest + 1):
            if number not in self._waiting:
                tries = self._tries[number] = self._tries.get(number, 0) + 1
                if tries > _MOST_TRIES:
                    self._waiting[number] = None
                else:
                    missing.append(number)
        if self._base in self._waiting:
            self._advance()
        return [number for number in missing if number >= self._base]

    def _answers(self, missing: list[int]) -> list[AckNack | NackFrag]:
        whole = [number for number in missing if number not in self._partial]
        answers: list[AckNack | NackFrag] = []
        self._count += 1
        writer = self.guid[12:]
        answers.append(
            AckNack(self.reader_id, writer, self._base, tuple(whole), self._count, not missing)
        )
        for number in missing:
            if number in self._partial:
                self._count += 1
                fragments = sorted(self._partial[number].missing)
                near = tuple(n for n in fragments if n < fragments[0] + _WINDOW)
                answers.append(NackFrag(self.reader_id, writer, number, near, self._count))
        return answers

    def _skip_to(self, base: int) -> None:
        self._base = base
        for number in [n for n in self._waiting if n < base]:
            del self._waiting[number]
        for number in [n for n in self._partial if n < base]:
            del self._partial[number]
        for number in [n for n in self._tries if n < base]:
            del self._tries[number]

    def _advance(self) -> list[Sample]:
        ready = []
        base = self._base
        while base in self._waiting:
            sample = self._waiting.pop(base)
            base += 1
            if sample is not None:
                ready.append(sample)
        if base != self._base:
            self._skip_to(base)
        return ready

    def _add_fragment(self, data: Data) -> _Partial | None:
        """Return the sample if this fragment made it whole."""
        count = -(-data.sample_bytes // data.fragment_bytes)
        partial = self._partial.get(data.sequence)
        if partial is None:
            if not 0 < data.sample_bytes <= _MOST_SAMPLE_BYTES:
                raise ValueError(
                    f"sample of {data.sample_bytes} bytes refused; "
                    f"at most {_MOST_SAMPLE_BYTES} are taken"
                )
            while len(self._partial) >= _MOST_PARTIAL:
                del self._partial[min(self._partial)]
            everything = set(range(1, count + 1))
            partial = _Partial(bytearray(data.sample_bytes), everything, {}, data.is_key)
            self._partial[data.sequence] = partial
        if len(partial.data) != data.sample_bytes:
            raise ValueError(
                f"fragment of a sample of {data.sample_bytes} bytes after one of "
                f"{len(partial.data)}"
            )
        partial.inline = partial.inline or data.inline
        start = (data.fragment - 1) * data.fragment_bytes
        held = min(len(data.payload), data.sample_bytes - start)
        if held <= 0:
            raise ValueError(f"fragment {data.fragment} lies behind a sample of {count}")
        partial.data[start : start + held] = data.payload[:held]
        partial.missing -= set(
            range(data.fragment, data.fragment + -(-held // data.fragment_bytes))
        )
        return None if partial.missing else partial
