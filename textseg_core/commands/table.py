"""The parts of the command `textseg`: where each lies, what it does, and how it is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

USE, LOOK_AFTER, LEARN, SPEED = "Use", "Look after", "Train and judge", "Speed"
SECTIONS = (USE, LOOK_AFTER, LEARN, SPEED)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the command, or a group of them.

    Attributes:
        name: What is typed after `textseg`.
        about: What it does, a few words.
        section: One of `SECTIONS`.
        examples: Command lines, each as it may be typed.
        module: Module that holds it, imported when it is asked for.
        attribute: Of the module: a click command, or a `main` that takes the arguments and reads
            them with argparse.
        extra: Of `pip install 'textseg-ros[...]'`, for what it needs beyond the plain
            installation; "" for nothing.
        extra_for: Options that need the extra; "" where all of the part does.
        parts: Of a group.
    """

    name: str
    about: str
    section: str
    examples: tuple[str, ...]
    module: str = ""
    attribute: str = "main"
    extra: str = ""
    extra_for: str = ""
    parts: tuple["Part", ...] = ()


def _evaluation(name: str, module: str, about: str, example: str, extra: str = "train") -> Part:
    return Part(
        name,
        about,
        LEARN,
        (f"textseg evaluate {name} {example}",),
        f"textseg_core.evaluation.{module}",
        extra=extra,
    )


EVALUATIONS = (
    _evaluation(
        "rendered",
        "rendered",
        "score a model on rendered test scenes",
        "--scenes runs/test_scenes --write rendered.md",
    ),
    _evaluation(
        "photographs",
        "photographs",
        "score models on photographs kept out of training",
        "--photos FOLDER --weights runs/first runs/second",
    ),
    _evaluation(
        "word-pairs",
        "word_pairs",
        "ask pairs of expressions that differ in one word",
        "--scenes runs/test_scenes",
    ),
    _evaluation(
        "thresholds",
        "thresholds",
        "choose both thresholds on validation scenes",
        "--scenes runs/validation_scenes --weights runs/first",
    ),
    _evaluation(
        "reasoned",
        "reasoned",
        "compare the network, the reasoner, and both",
        "--scenes runs/test_scenes",
    ),
    _evaluation(
        "localisation",
        "localisation",
        "measure how exactly objects are placed in space",
        "--scenes runs/test_scenes --mask network",
    ),
    _evaluation(
        "tracking",
        "tracking",
        "measure on drawn videos whether a query stays on its object",
        "--sequences 5",
    ),
    _evaluation(
        "comprehension",
        "comprehension",
        "score MAttNet on choosing the right box",
        "--checkpoint runs/mattnet/best.safetensors --folder runs/test_scenes",
    ),
    _evaluation(
        "proposals",
        "proposals",
        "measure how well region proposals fit objects",
        "--folder runs/test_scenes",
        "proposals",
    ),
    _evaluation(
        "curve",
        "curve",
        "draw learning curves and the table of ablations",
        "full.json without.json --out curves",
    ),
    _evaluation(
        "flops",
        "flops",
        "count operations and parameters of every network",
        "--write flops.md",
    ),
)

_PARTS = (
    Part(
        "segment",
        "find in pictures and videos what words describe",
        USE,
        (
            "textseg segment table.jpg --query 'the red mug' --out found",
            "textseg segment photos/ clip.mp4 --query 'the mug' --query 'the plate' --out found",
            "textseg segment clip.mp4 --every 10 --query 'the cup' --out found --overwrite",
        ),
        "textseg_core.commands.segment",
        "segment",
    ),
    Part(
        "bag",
        "answer a recorded rosbag2, and write a bag of the answers",
        USE,
        (
            "textseg bag recording --out answers --query 'the red mug'",
            "textseg bag recording.mcap --out answers --camera /camera/color/image_raw",
            "textseg bag recording --out answers --query 'the can' --copy /tf --copy /tf_static",
        ),
        "textseg_ros.bag.command",
        "bag",
        extra="bag",
    ),
    Part(
        "node",
        "run the node, on rclpy where there is one, else as plain DDS",
        USE,
        (
            "textseg node --camera /camera/image_raw",
            "textseg node --transport dds --set max_rate_hz=5.0 --domain 7",
        ),
        "textseg_ros.node_command",
        extra="dds",
    ),
    Part(
        "demo",
        "run camera, queries, node and planner on this machine",
        USE,
        ("textseg demo", "textseg demo --images photos/ --query 'the red mug'"),
        "textseg_ros.demo.main",
        extra="demo",
    ),
    Part(
        "doctor",
        "check GPU, DDS, ROS, weights and more, and say what to do",
        LOOK_AFTER,
        (
            "textseg doctor",
            "textseg doctor --camera /camera/image_raw --params-file config/segmenter.yaml",
            "textseg doctor --only weights --only cache --json",
        ),
        "textseg_ros.doctor.command",
        "doctor",
    ),
    Part(
        "web",
        "serve a page to look, ask and choose in a browser",
        USE,
        (
            "textseg web",
            "textseg web --camera /camera/image_raw",
            "textseg web --images photos/",
            "textseg web --webcam 0 --open",
        ),
        "textseg_ros.web.command",
        extra="web",
    ),
    Part(
        "models",
        "list weights and systems, with licence, size and figures",
        LOOK_AFTER,
        ("textseg models", "textseg models runs/first --json"),
        "textseg_core.commands.models",
        "models",
    ),
    Part(
        "completion",
        "print what makes the Tab key complete this command",
        LOOK_AFTER,
        (
            "textseg completion bash >> ~/.bashrc",
            "textseg completion zsh >> ~/.zshrc",
            "textseg completion fish > ~/.config/fish/completions/textseg.fish",
        ),
        "textseg_core.commands.completion",
        "completion",
    ),
    Part(
        "render",
        "render tabletop scenes to train and test on",
        LEARN,
        ("textseg render --out runs/scenes --scenes 1000 --split train",),
        "textseg_core.scenes.generate",
        extra="train",
    ),
    Part(
        "train",
        "train a network",
        LEARN,
        (
            "textseg train --config config/train.yaml --scenes runs/scenes --out runs/first",
            "textseg train --config config/train_small.yaml --data FOLDER --out runs/small",
        ),
        "textseg_core.training.train",
        extra="train",
    ),
    Part(
        "export",
        "turn a training checkpoint into a model directory",
        LEARN,
        ("textseg export --checkpoint runs/first/best.safetensors --out runs/first/model",),
        "textseg_core.runtime.export",
        extra="train",
    ),
    Part(
        "evaluate",
        "judge a model; a group of commands",
        LEARN,
        ("textseg evaluate rendered --scenes runs/test_scenes",),
        parts=EVALUATIONS,
    ),
    Part(
        "reproduce",
        "print what the papers published, and the same measured here",
        LEARN,
        (
            "textseg reproduce --published --paper mattnet",
            "textseg reproduce --system hu2016 --small",
        ),
        "textseg_core.reproduce.command",
        extra="train",
        extra_for="`--system` and `--compare`",
    ),
    Part(
        "build-engine",
        "build TensorRT engines ahead of time, for this GPU or another",
        SPEED,
        (
            "textseg build-engine",
            "textseg build-engine --model runs/first/model --device SM86 SM89",
        ),
        "textseg_core.runtime.tensorrt.build_engine",
    ),
    Part(
        "check-gpu",
        "check on this machine's GPU what only a GPU can show",
        SPEED,
        ("textseg check-gpu", "textseg check-gpu --precision fp16 --frames 500"),
        "textseg_core.runtime.tensorrt.check_gpu",
    ),
    Part(
        "benchmark",
        "time stages, queries and image sizes, beside other networks",
        SPEED,
        ("textseg benchmark --out FOLDER",),
        "textseg_core.benchmark.command",
        extra="benchmark",
    ),
    Part(
        "benchmark-bag",
        "time `textseg bag` on a recording that it makes itself",
        SPEED,
        ("textseg benchmark-bag --seconds 60",),
        "textseg_ros.benchmark.bag",
        extra="bag",
    ),
    Part(
        "benchmark-memory",
        "look for growing memory over 10,000 frames",
        SPEED,
        ("textseg benchmark-memory --write runs/memory.md",),
        "textseg_core.benchmark.memory",
        extra="benchmark",
    ),
    Part(
        "benchmark-roofline",
        "compare the stages with what the machine allows",
        SPEED,
        ("textseg benchmark-roofline --write runs/roofline.md",),
        "textseg_core.benchmark.roofline",
        extra="benchmark",
    ),
    Part(
        "benchmark-gpu",
        "time the network in torch on a GPU, compiled, as CUDA graphs",
        SPEED,
        ("textseg benchmark-gpu --write runs/gpu.md",),
        "textseg_core.benchmark.gpu",
        extra="benchmark",
    ),
)

COMMANDS: Mapping[str, Part] = MappingProxyType({part.name: part for part in _PARTS})
"""The parts by name, in the order in which help lists them."""
