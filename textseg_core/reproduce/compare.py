"""Trains every system for as long on the same scenes and asks each the same: `--compare`.

What is finished is kept; a run that was stopped goes on where its last state was written.
"""

import argparse
import fcntl
import json
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textseg_core.evaluation.answering import answer_questions, cluster_of, load_segmenter
from textseg_core.evaluation.baselines import whole_image
from textseg_core.evaluation.questions import (
    Question,
    Scenes,
    by_picture,
    draw_questions,
    read_questions,
    write_questions,
)
from textseg_core.evaluation.records import judge_mask, read_results, write_results
from textseg_core.evaluation.report import machine, write_text
from textseg_core.evaluation.stuff import WithStuff, draw_stuff_questions
from textseg_core.evaluation.thresholds import choose, try_thresholds, update_description
from textseg_core.expressions.draw_queries import KINDS
from textseg_core.model_info import load_model_info
from textseg_core.reproduce.compared import page
from textseg_core.reproduce.entrants import ENTRANTS, Entrant, training_arguments
from textseg_core.reproduce.strata import STRATA_FILE, write_strata
from textseg_core.reproduce.systems import Row
from textseg_core.reproduce.timing import time_models
from textseg_core.scenes.cache import RenderedScenes

QUESTIONS_FILE, CHOOSING_FILE = "questions.json", "threshold_questions.json"
PER_KIND, PER_KIND_CHOOSING, PER_NOUN, PER_KIND_SHOWN = 60, 25, 60, 4
_BUDGET_FILE, _TRAINED_FILE, _LOCK_FILE = "budget.json", "trained.json", ".lock"


def compared(options: argparse.Namespace) -> str:
    """Do what is still to be done, and return the page of all that is finished."""
    out: Path = options.out or Path("runs/systems")
    names = list(dict.fromkeys(options.only or ENTRANTS))
    unknown = [name for name in names if name not in ENTRANTS]
    if unknown:
        raise ValueError(
            f"--only names {', '.join(unknown)}; the systems are {', '.join(ENTRANTS)}"
        )
    if not options.render:
        for name in ("scenes", "valid", "test", "minutes"):
            if not getattr(options, name):
                raise ValueError(f"--compare needs --{name}, or --render for what is finished")
        with _alone(out):
            _keep_budget(out, options)
            test = WithStuff(_opened(options.test, "test"))
            questions = _questions(out, options, test)
            write_strata(out / STRATA_FILE, test, questions, options.scenes)
            for name in names:
                _enter(name, out, options, test, questions)
            time_models(out, _models(out), test, questions)
    if options.gallery is not None:
        _draw(out, names, options)
    told = page(out)
    write_text(out / "systems.md", told)
    return told


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Refuse to work in a folder in which another process works; that one's end frees it."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / _LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(
                f"another process trains systems in {out}; wait for its end, or print what is "
                "finished with --render"
            ) from error
        yield


def _enter(
    name: str, out: Path, options: argparse.Namespace, test: WithStuff, questions: list[Question]
) -> None:
    """Train one system and ask it, unless that is done."""
    entrant, folder = ENTRANTS[name], out / name
    if all((folder / f"{row.name}.json").is_file() for row in entrant.rows):
        print(f"{name}: done before", file=sys.stderr)
        return
    began = time.monotonic()
    if not entrant.system.network:
        (row,) = entrant.rows
        records = [
            judge_mask(
                scene, query, whole_image(*scene.image.shape[:2]), cluster_of(scene.scene_id)
            )
            for scene, queries in by_picture(test, questions)
            for query in queries
        ]
        about = {"label": entrant.labels[0], "refuses": False, "machine": machine()}
        write_results(folder / f"{row.name}.json", records, about)
        return
    checkpoints = _trained(entrant, folder, options)
    from textseg_core.reproduce.training import export_rows

    models = export_rows(entrant.rows, checkpoints, folder / "models")
    print(f"{name}: trained and exported, {time.monotonic() - began:.0f} s", file=sys.stderr)
    for row, label in zip(entrant.rows, entrant.labels, strict=True):
        path = folder / f"{row.name}.json"
        if row not in models or path.is_file():
            continue
        proposals = bool(load_model_info(models[row]).proposals)
        chosen = {} if proposals else _choose_thresholds(models[row], out, options)
        records = answer_questions(load_segmenter(models[row]), test, questions)
        about = {
            "label": label,
            "refuses": not proposals,
            "machine": machine(),
            **chosen,
            **_cost(checkpoints[row.weights], row),
            **json.loads((folder / _TRAINED_FILE).read_text(encoding="utf-8"))["told"],
        }
        write_results(path, records, about)
        print(f"{name}: {label}: asked, {time.monotonic() - began:.0f} s", file=sys.stderr)


def _trained(entrant: Entrant, folder: Path, options: argparse.Namespace) -> dict[str, Path]:
    """Return the checkpoints of a system, trained where they are not there."""
    done = folder / _TRAINED_FILE
    if done.is_file():
        kept = json.loads(done.read_text(encoding="utf-8"))["checkpoints"]
        return {name: folder / place for name, place in kept.items()}
    import torch

    from textseg_core.models.checkpoint import load_checkpoint
    from textseg_core.reproduce.training import train_system
    from textseg_core.training.state import STATE_FILE

    torch.set_num_threads(1)
    arguments = training_arguments(
        entrant,
        scenes=options.scenes,
        data=options.pretrained,
        minutes=options.minutes,
        input_px=options.input_px,
    )
    run = folder / "run"
    if (run / STATE_FILE).is_file():
        arguments.append("--resume")
    checkpoints = train_system(entrant.system, arguments, run)
    extra = load_checkpoint(checkpoints["final"]).extra
    told = {
        "steps": extra["step"],
        "minutes": extra["minutes"],
        "validation": extra["validation"],
    }
    places = {name: str(path.relative_to(folder)) for name, path in checkpoints.items()}
    write_text(done, json.dumps({"checkpoints": places, "told": told}, indent=1))
    return checkpoints


def _choose_thresholds(model: Path, out: Path, options: argparse.Namespace) -> dict[str, float]:
    """Choose a model's thresholds on validation scenes; write them into it and return them."""
    scenes = RenderedScenes(options.valid, depth=False)
    path = out / CHOOSING_FILE
    if path.is_file():
        questions = read_questions(path)
    else:
        if scenes.split != "train":
            raise ValueError(f"{options.valid}: expected scenes of split train for --valid")
        questions = draw_questions(
            scenes, list(KINDS), per_kind=PER_KIND_CHOOSING, compositions="train"
        )
        write_questions(path, questions)
    refuses = load_model_info(model).presence_threshold > 0.0
    trials = try_thresholds(load_segmenter(model, presence_threshold=0.0), scenes, questions)
    choice = choose(trials, refuses=refuses)
    update_description(model, choice)
    return {"threshold": choice.threshold, "presence_threshold": choice.presence_threshold}


def _cost(checkpoint: Path, row: Row) -> dict[str, Any]:
    """Return parameters and multiply-adds of the network that answers a row."""
    import torch

    from textseg_core.evaluation.flops import measure
    from textseg_core.models import registry
    from textseg_core.models.checkpoint import load_checkpoint

    loaded = load_checkpoint(checkpoint)
    with torch.device("meta"):
        network = registry.build(loaded.name, **{**loaded.settings, **row.model})
    cost = measure(row.name, network)
    return {
        "input_px": network.input_px,
        "parameters": sum(cost.parameters),
        "gmac_image": cost.encoder_gmac + cost.head_shared_gmac,
        "gmac_query": cost.head_gmac + cost.expression_gmac,
    }


def _questions(out: Path, options: argparse.Namespace, test: WithStuff) -> list[Question]:
    """Return what every system is asked: what was asked before, a given list, or a drawn one."""
    path = out / QUESTIONS_FILE
    if path.is_file():
        return read_questions(path)
    if options.questions is not None:
        questions = read_questions(options.questions)
    else:
        plain = _opened(options.test, "test")
        questions = draw_questions(plain, list(KINDS), per_kind=PER_KIND, compositions="test")
    asked = sorted({question.index for question in questions})
    questions += draw_stuff_questions(test, asked, PER_NOUN)
    questions.sort(key=lambda q: (q.index, q.query.kind, q.query.expression))
    write_questions(path, questions)
    return questions


def _opened(folder: Path, split: str) -> RenderedScenes:
    scenes = RenderedScenes(folder)
    if scenes.split != split:
        raise ValueError(f"{folder} holds scenes of split {scenes.split!r}, expected {split!r}")
    return scenes


def _keep_budget(out: Path, options: argparse.Namespace) -> None:
    """Refuse to put runs of different budgets into one folder."""
    budget = {
        "core_minutes": options.minutes,
        "input_px": options.input_px,
        "pretrained": options.pretrained is not None,
        "scenes": [folder.name for folder in options.scenes],
    }
    path = out / _BUDGET_FILE
    if not path.is_file():
        write_text(path, json.dumps(budget, indent=1))
    before = json.loads(path.read_text(encoding="utf-8"))
    if before != budget:
        raise ValueError(
            f"{out} holds runs of {before}, got {budget}: one table has one budget; name another "
            "folder with --out"
        )


def _draw(out: Path, names: Collection[str], options: argparse.Namespace) -> None:
    """Write the gallery of what is finished: of what was asked, or of other pictures."""
    if options.test is None and options.pictures is None:
        raise ValueError(
            "--gallery needs --test with the pictures that were asked about, or --pictures with "
            "others"
        )
    from textseg_core.reproduce.gallery import Shown, ask, write_systems

    shown, records = [], {}
    for name, entrant in ENTRANTS.items():
        if name not in names:
            continue
        for row, label in zip(entrant.rows, entrant.labels, strict=True):
            path = out / name / f"{row.name}.json"
            if not path.is_file():
                continue
            records[label] = read_results(path)[0]
            if not entrant.system.network:
                shown.append(Shown(label, None, None))
                continue
            kept = json.loads((out / name / _TRAINED_FILE).read_text(encoding="utf-8"))
            checkpoint = out / name / kept["checkpoints"][row.weights]
            shown.append(Shown(label, out / name / "models" / row.name, checkpoint))
    if not shown:
        raise ValueError(f"{out} holds no finished system to draw")
    scenes: Scenes
    if options.pictures is None:
        questions = read_questions(out / QUESTIONS_FILE)
        scenes = WithStuff(_opened(options.test, "test"))
    else:
        scenes = RenderedScenes(options.pictures)
        questions = draw_questions(
            scenes, list(KINDS), per_kind=PER_KIND_SHOWN, compositions="all"
        )
        records = {one.label: ask(one, scenes, questions) for one in shown}
    write_systems(options.gallery, shown, records, scenes, questions, width=options.gallery_width)


def _models(out: Path) -> dict[str, Path]:
    """Return the finished models by the name of their row in the table."""
    return {
        label: out / name / "models" / row.name
        for name, entrant in ENTRANTS.items()
        for row, label in zip(entrant.rows, entrant.labels, strict=True)
        if entrant.system.network and (out / name / f"{row.name}.json").is_file()
    }
