"""The main job: starts camera, queries, node and planner on the loopback interface, and reports.

Without a source it asks the 20 listed questions about pictures that every machine has. Exit
status 0 also after Ctrl-C or SIGTERM; 1 if a process failed, no answer came, or fewer than half of
the listed questions were answered right.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from textseg_ros.signals import stop_on_signals, wait_until

_START_TIMEOUT_S = 90.0
_LOG_TAIL_LINES = 15


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line's values; exits with status 2 if they do not fit together."""
    parser = argparse.ArgumentParser(prog="textseg-demo", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--images", type=Path, metavar="DIR", help="ask about a folder's images")
    source.add_argument("--video", metavar="FILE", help="ask about a video")
    source.add_argument("--camera", type=int, metavar="N", help="ask about a camera, 0 the first")
    parser.add_argument(
        "--query", action="append", default=[], metavar="WORDS", help="what to find; repeatable"
    )
    parser.add_argument("--params-file", type=Path, help="ROS 2 parameter file of the node")
    parser.add_argument("--out", type=Path, default=Path("demo_output"), help="output folder")
    parser.add_argument("--rate", type=float, default=10.0, help="frames per second")
    parser.add_argument("--duration", type=float, help="end a video or camera after seconds")
    parsed = parser.parse_args(arguments)
    chosen = parsed.images or parsed.video or parsed.camera is not None
    if bool(chosen) != bool(parsed.query):
        parser.error("--query goes together with one of --images, --video and --camera")
    if parsed.rate <= 0.0:
        parser.error(f"--rate must be above 0, got {parsed.rate:g}")
    return parsed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job; return the exit status."""
    stop = stop_on_signals()
    parsed = parse_arguments(arguments)
    from textseg_ros.demo.answers import ANSWERS_FILE, OVERVIEW_FILE
    from textseg_ros.demo.plan import (
        folder_questions,
        listed_questions,
        live_questions,
        write_plan,
    )

    try:
        if parsed.images is not None:
            questions = folder_questions(parsed.images, parsed.query)
        elif parsed.query:
            questions = live_questions(parsed.query)
        else:
            questions = listed_questions()
        parsed.out.mkdir(parents=True, exist_ok=True)
        own = (parsed.out / ANSWERS_FILE, parsed.out / OVERVIEW_FILE)
        for old in (*parsed.out.glob("[0-9]*.png"), *own):
            old.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            plan = Path(scratch) / "plan.json"
            write_plan(questions, plan)
            faults = _run(parsed, plan, Path(scratch), stop)
        for fault in faults:
            print(f"demo: {fault}", file=sys.stderr)
        if any(fault.startswith("planner") for fault in faults):
            return 1
        if not (parsed.out / ANSWERS_FILE).exists():
            print("stopped before the first answer")
            return 0 if stop.is_set() else 1
        from textseg_ros.demo.report import report

        passed = report(questions, parsed.out)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 0 if stop.is_set() else 1
    return 0 if stop.is_set() or (passed and not faults) else 1


def _run(
    parsed: argparse.Namespace, plan: Path, scratch: Path, stop: threading.Event
) -> list[str]:
    """Run the four processes to the end of the stream; return what went wrong."""
    from textseg_ros.demo.crew import Crew
    from textseg_ros.rmw_environment import free_domain_id, loopback_environment

    domain_id = free_domain_id()
    crew = Crew(os.environ | loopback_environment(domain_id))
    log = parsed.out / "node.log"
    print(f"camera, queries, node and planner on 127.0.0.1, ROS_DOMAIN_ID={domain_id}", flush=True)
    common = ["--plan", str(plan)]
    ready = {name: scratch / f"{name}.ready" for name in ("queries", "planner")}
    settings = [] if parsed.params_file is None else ["--params-file", str(parsed.params_file)]
    if parsed.video is None and parsed.camera is None:
        settings += ["--set", "tracking=false"]  # one picture is no later moment of another
    live: list[str] = []
    for name, value in (
        ("--video", parsed.video),
        ("--camera", parsed.camera),
        ("--duration", parsed.duration),
    ):
        live += [] if value is None else [name, str(value)]
    started_s = time.monotonic()
    try:
        crew.start(
            "node", "textseg_ros.dds_node", ["--camera", "/camera/image_raw", *settings], log
        )
        planner = [*common, "--out", str(parsed.out), "--ready", str(ready["planner"])]
        planner += [] if _has_overlays(parsed.params_file) else ["--without-overlays"]
        crew.start("planner", "textseg_ros.demo.planner", planner, None)
        crew.start(
            "queries",
            "textseg_ros.demo.queries",
            [*common, "--ready", str(ready["queries"])],
            None,
        )
        # All endpoints are matched before the first picture, so that nothing is missed.
        wait_until(
            lambda: crew.failed() is not None or all(file.exists() for file in ready.values()),
            stop,
            _START_TIMEOUT_S,
        )
        if not stop.is_set() and crew.failed() is None:
            if not all(file.exists() for file in ready.values()):
                return [f"the node was not found within {_START_TIMEOUT_S:.0f} s", *_tail(log)]
            print(f"all endpoints matched after {time.monotonic() - started_s:.1f} s", flush=True)
            camera = [*common, "--rate", str(parsed.rate), *live]
            crew.start("camera", "textseg_ros.demo.camera", camera, None)
            while crew.ended("camera") is None and crew.failed() is None and not stop.wait(0.1):
                pass
    finally:
        faults = crew.stop()
    return faults + (_tail(log) if any("node" in fault for fault in faults) else [])


def _has_overlays(params_file: Path | None) -> bool:
    from textseg_ros.settings import NodeSettings, load_settings

    return (NodeSettings() if params_file is None else load_settings(params_file)).overlay


def _tail(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    return [f"last lines of {log}:", *lines]


if __name__ == "__main__":
    sys.exit(main())
