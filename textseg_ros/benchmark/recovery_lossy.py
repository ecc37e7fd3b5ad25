"""The part of `recovery` in which packets are lost, between two hosts of this machine."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from textseg_ros.benchmark.carrier import Carrier
from textseg_ros.benchmark.lossy import lossy_link, on_host
from textseg_ros.benchmark.recovery_bench import (
    QUERIES,
    RATE,
    Bench,
    Finding,
    answers,
    is_fresh,
)
from textseg_ros.benchmark.trial import open_camera, running_node, small_frame

LOSS = 0.1
DOMAIN_ID = 7
"""In the namespaces, where nobody else is."""
_CYCLONE = (
    "<CycloneDDS><Domain><General><MaxMessageSize>1400B</MaxMessageSize>"
    "<FragmentSize>1300B</FragmentSize></General></Domain></CycloneDDS>"
)
"""One fragment a packet: a lost one is sent again, not ten that travelled with it."""
_FAST = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"><profiles>
  <transport_descriptors><transport_descriptor>
    <transport_id>small</transport_id><type>UDPv4</type><maxMessageSize>1400</maxMessageSize>
  </transport_descriptor></transport_descriptors>
  <participant profile_name="participant" is_default_profile="true"><rtps>
    <userTransports><transport_id>small</transport_id></userTransports>
    <useBuiltinTransports>false</useBuiltinTransports>
  </rtps></participant>
  <publisher profile_name="publisher" is_default_profile="true"><times>
    <heartbeatPeriod><sec>0</sec><nanosec>100000000</nanosec></heartbeatPeriod>
  </times></publisher>
</profiles></dds>
"""
"""The same for Fast DDS, which besides asks for what was lost every 3 s if not told otherwise."""


@contextmanager
def small_packets() -> Iterator[dict[str, str]]:
    """Give the variables for the lossy link; the file that they name goes at the end."""
    with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as profiles:
        profiles.write(_FAST)
        profiles.flush()
        yield {
            "ROS_DOMAIN_ID": str(DOMAIN_ID),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
            "ROS_STATIC_PEERS": "",
            "ROS_LOCALHOST_ONLY": "",
            "CYCLONEDDS_URI": _CYCLONE,
            "FASTRTPS_DEFAULT_PROFILES_FILE": profiles.name,
        }


def measure_lossy(
    carrier: Carrier,
    user: Sequence[str],
    params_file: Path | None,
    seconds: float,
    stop: threading.Event,
) -> list[Finding]:
    """Return what lost packets do, as a process on the second of two hosts sees it.

    Args:
        carrier: Of the messages.
        user: Command that runs `run_user`.
        params_file: Of the node.
        seconds: How long a tenth is lost.
        stop: Ends the trial before its time.

    Raises:
        RuntimeError: If namespaces, node or answers failed.
    """
    command = carrier.node_command(params_file, {"image_qos": "reliable"})
    words = ["--transport", carrier.name, "--seconds", str(seconds)]
    findings: list[Finding] = []
    with (
        small_packets() as environment,
        lossy_link() as link,
        running_node(environment, on_host(link.hosts[0], command), stop),
    ):
        process = subprocess.Popen(
            on_host(link.hosts[1], [*user, *words]),
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=_end_on, args=(stop, process), daemon=True).start()
        try:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("no pipes to the user")
            for line in process.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "lose":
                    link.lose(float(rest))
                    process.stdin.write(f"{time.time_ns()}\n")
                    process.stdin.flush()
                else:
                    findings.append(Finding(rest, float(word)))
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait()
    if process.returncode or stop.is_set():
        raise RuntimeError(f"the user ended with status {process.returncode}")
    return findings


def _end_on(stop: threading.Event, process: "subprocess.Popen[str]") -> None:
    """End a process when the stop comes."""
    stop.wait()
    process.terminate()


def run_user(carrier: Carrier, seconds: float, stop: threading.Event) -> None:
    """Be camera and user on the other host; print findings, and ask for losses by `lose SHARE`."""

    def lose(share: float) -> int:
        print(f"lose {share}", flush=True)
        return int(sys.stdin.readline())

    frame = small_frame()
    with carrier.join("user", os.environ) as peer:
        bench = Bench(peer, stop)
        with open_camera(peer, "/textseg/image", frame, RATE, reliable=True):
            bench.settle()
            start_ns = lose(LOSS)
            stop.wait(seconds)
            gap_s, rate = bench.gap_s(start_ns), bench.rate(start_ns)
            name = f"{LOSS:.0%} of packets lost for {seconds:.0f} s, {rate:.1f} answers a second"
            print(f"{gap_s} {name}: longest time without one", flush=True)
            worst_s = 0.0
            for text in QUERIES[1:]:
                asked_ns = bench.ask(text)
                worst_s = max(worst_s, bench.away_s(asked_ns, partial(answers, text)))
            name = f"meanwhile {len(QUERIES) - 1} new queries: longest until an answer"
            print(f"{worst_s} {name}", flush=True)
            lose(1.0)
            stop.wait(3.0)
            back_ns = lose(LOSS)
            away_s = bench.away_s(back_ns, partial(is_fresh, back_ns))
            print(f"{away_s} all packets lost for 3 s, then {LOSS:.0%} again", flush=True)
