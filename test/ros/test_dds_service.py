"""Services between two participants of our own, in both framings."""

import threading
from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pytest
from dds_peers import loopback_settings, wait_until

from textseg_ros.dds.channels import Framing
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.rpc import ServiceHandler

SET_BOOL = "std_srvs/srv/SetBool"
TIMEOUT_S = 30.0


class Pair:
    """A node that offers services and one that uses them."""

    def __init__(self, framing: Framing, client_framing: Framing | None = None) -> None:
        settings = loopback_settings()
        self.errors: list[tuple[str, Exception]] = []
        self.told: list[str] = []
        self.server_node = Participant("segmenter", "/textseg", settings)
        self.client_node = Participant("asker", "/", settings)
        self.types = self.server_node.types
        self.server = self._rpc(self.server_node, framing)
        self.client = self._rpc(self.client_node, client_framing or framing)

    def _rpc(self, node: Participant, framing: Framing) -> DdsRpc:
        return DdsRpc(
            node, framing, lambda name, error: self.errors.append((name, error)), self.told.append
        )

    def close(self) -> None:
        for each in (self.client, self.server, self.client_node, self.server_node):
            each.close()

    def echo(self, request: Any) -> Any:
        response = self.types.default(f"{SET_BOOL}_Response")
        response.success = request.data
        response.message = "set"
        return response

    def request(self, data: bool = True) -> Any:
        return self.types.get(f"{SET_BOOL}_Request")(data=data)

    def offer(self, handler: ServiceHandler, **options: Any) -> Any:
        """Offer a service and return a client that has found it."""
        self.server.add_service("enable", SET_BOOL, handler, **options)
        client = self.client.client("/textseg/enable", SET_BOOL)
        assert client.wait_for_service(TIMEOUT_S)
        return client


@pytest.fixture(params=get_args(Framing))
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    pair = Pair(request.param)
    yield pair
    pair.close()


def test_a_request_is_answered_by_its_reply(pair: Pair) -> None:
    client = pair.offer(pair.echo)

    answers = [client.call(pair.request(data), TIMEOUT_S) for data in (True, False, True)]

    assert [answer.success for answer in answers] == [True, False, True]
    assert answers[0].message == "set"
    assert pair.errors == []


def test_an_image_goes_there_and_back_whole(pair: Pair) -> None:
    kind = "textseg_ros/srv/Segment"

    def answer(request: Any) -> Any:
        response = pair.types.default(f"{kind}_Response")
        response.mask = request.image
        return response

    pair.server.add_service("segment", kind, answer)
    client = pair.client.client("/textseg/segment", kind)
    assert client.wait_for_service(TIMEOUT_S)
    request = pair.types.default(f"{kind}_Request")
    request.image.data = np.random.default_rng(5).integers(0, 256, 921_600, np.uint8)

    response = client.call(request, TIMEOUT_S)

    assert np.array_equal(response.mask.data, request.image.data)


def test_two_clients_each_get_their_own_reply(pair: Pair) -> None:
    first = pair.offer(pair.echo)
    second = pair.client.client("/textseg/enable", SET_BOOL)
    assert second.wait_for_service(TIMEOUT_S)
    answers: dict[bool, list[bool]] = {True: [], False: []}

    def ask(client: Any, data: bool) -> None:
        for _ in range(20):
            answers[data].append(client.call(pair.request(data), TIMEOUT_S).success)

    threads = [
        threading.Thread(target=ask, args=pairing) for pairing in ((first, True), (second, False))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)

    assert answers == {True: [True] * 20, False: [False] * 20}


def test_a_slow_handler_does_not_keep_topics_waiting(pair: Pair) -> None:
    go_on, begun, heard = threading.Event(), threading.Event(), threading.Event()

    def slow(request: Any) -> Any:
        begun.set()
        assert go_on.wait(TIMEOUT_S)
        return pair.echo(request)

    client = pair.offer(slow)
    pair.server_node.subscription("/query", "std_msgs/msg/String", lambda _: heard.set())
    publisher = pair.client_node.publisher("/query", "std_msgs/msg/String")
    assert publisher.wait_for_matches()
    answers: list[Any] = []
    asking = threading.Thread(
        target=lambda: answers.append(client.call(pair.request(), TIMEOUT_S))
    )
    asking.start()
    assert begun.wait(TIMEOUT_S)

    publisher.publish(pair.types.get("std_msgs/msg/String")(data="mug"))

    assert heard.wait(TIMEOUT_S)
    go_on.set()
    asking.join(TIMEOUT_S)
    assert answers[0].success


def test_a_handler_that_raises_is_told_of_and_its_client_gets_an_empty_reply(pair: Pair) -> None:
    def fail(request: Any) -> Any:
        raise ValueError("no camera of this name")

    client = pair.offer(fail)

    answer = client.call(pair.request(), TIMEOUT_S)

    assert (answer.success, answer.message) == (False, "")
    assert [(name, str(error)) for name, error in pair.errors] == [
        ("/textseg/enable", "no camera of this name")
    ]


def test_a_response_that_does_not_fit_is_told_of_and_its_client_gets_an_empty_reply(
    pair: Pair,
) -> None:
    def misfit(request: Any) -> Any:
        return pair.types.get(f"{SET_BOOL}_Response")(success=True, message=5)

    client = pair.offer(misfit)

    assert not client.call(pair.request(), TIMEOUT_S).success
    assert [f"does not fit {SET_BOOL}" in str(error) for _, error in pair.errors] == [True]


def test_while_too_many_requests_wait_the_next_is_told_so_at_once(pair: Pair) -> None:
    go_on = threading.Event()

    def slow(request: Any) -> Any:
        assert go_on.wait(TIMEOUT_S)
        return pair.echo(request)

    def busy(request: Any) -> Any:
        response = pair.types.default(f"{SET_BOOL}_Response")
        response.message = "busy"
        return response

    client = pair.offer(slow, busy=busy)
    messages: list[str] = []

    def ask() -> None:
        messages.append(client.call(pair.request(), TIMEOUT_S).message)

    # One is worked on and eight wait; the tenth finds no room.
    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    assert wait_until(lambda: messages == ["busy"])
    go_on.set()
    for thread in threads:
        thread.join(TIMEOUT_S)

    assert sorted(messages) == ["busy"] + ["set"] * 9


def test_a_request_does_not_wait_behind_those_that_wait_outside(pair: Pair) -> None:
    go_on = threading.Event()

    def answer(request: Any) -> Any:
        if request.data:
            assert go_on.wait(TIMEOUT_S)
        return pair.echo(request)

    client = pair.offer(answer, waits=lambda request: request.data)
    outside: list[bool] = []

    def ask() -> None:
        outside.append(client.call(pair.request(), TIMEOUT_S).success)

    # Nine may wait; the tenth finds no room, and is answered with zeros.
    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    assert wait_until(lambda: outside == [False])
    assert client.call(pair.request(False), TIMEOUT_S).message == "set"
    go_on.set()
    for thread in threads:
        thread.join(TIMEOUT_S)

    assert outside == [False] + [True] * 9


def test_a_call_that_nobody_answers_says_what_to_do(pair: Pair) -> None:
    client = pair.client.client("/textseg/nothing", SET_BOOL)

    assert not client.wait_for_service(0.2)
    with pytest.raises(RuntimeError, match=r"no reply from service /textseg/nothing in 0\.2 s"):
        client.call(pair.request(), 0.2)


def test_a_server_that_closed_is_gone_and_one_that_opens_again_is_found(pair: Pair) -> None:
    server = pair.server.add_service("enable", SET_BOOL, pair.echo)
    client = pair.client.client("/textseg/enable", SET_BOOL)
    assert client.wait_for_service(TIMEOUT_S)

    server.close()
    assert wait_until(lambda: not client.wait_for_service(0.0))
    pair.server.add_service("enable", SET_BOOL, pair.echo)

    assert client.wait_for_service(TIMEOUT_S)
    assert client.call(pair.request(), TIMEOUT_S).success


@pytest.mark.parametrize("name", ["enable", "/textseg/enable", "~/enable"])
def test_names_are_relative_to_the_namespace_absolute_or_the_nodes_own(name: str) -> None:
    pair = Pair("cyclonedds")
    try:
        pair.server.add_service(name, SET_BOOL, pair.echo)
        full = "/textseg/segmenter/enable" if name.startswith("~") else "/textseg/enable"
        client = pair.client.client(full, SET_BOOL)

        assert client.wait_for_service(TIMEOUT_S)
    finally:
        pair.close()


@pytest.mark.parametrize(
    ("server", "client"), [("fastrtps", "cyclonedds"), ("cyclonedds", "fastrtps")]
)
def test_a_request_in_the_other_framing_is_told_of_and_not_answered(
    server: Framing, client: Framing
) -> None:
    pair = Pair(server, client)
    try:
        asking = pair.offer(pair.echo)
        with pytest.raises(RuntimeError, match="no reply"):
            asking.call(pair.request(), 1.0)

        assert wait_until(lambda: bool(pair.told))
        assert pair.told == [
            f"a client of service /textseg/enable frames its requests as rmw_{client}_cpp does, "
            f"and they are not answered: service_framing is {server}; set it to {client}, or run "
            f"the client with RMW_IMPLEMENTATION=rmw_{server}_cpp"
        ]
        assert pair.errors == []
    finally:
        pair.close()


def test_an_unknown_framing_is_refused_with_those_known() -> None:
    node = Participant("segmenter", "/textseg", loopback_settings())
    try:
        with pytest.raises(ValueError, match="must be fastrtps or cyclonedds"):
            DdsRpc(node, "zenoh", lambda *_: None, lambda _: None)  # type: ignore[arg-type]
    finally:
        node.close()
