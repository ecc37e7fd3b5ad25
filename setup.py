"""Puts messages, services, actions and the model card into the wheel; the rest is in pyproject."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithDefinitions(build_py):
    """Copies them from where ROS wants them to where the installed package looks."""

    def run(self) -> None:
        """Build the packages, then copy."""
        super().run()
        if self.editable_mode:  # then the package stands beside them itself
            return
        folder = Path(self.build_lib) / "textseg_ros" / "interfaces" / "textseg_ros"
        folder.mkdir(parents=True, exist_ok=True)
        for kind in ("msg", "srv", "action"):
            for definition in sorted((Path(__file__).parent / kind).glob(f"*.{kind}")):
                shutil.copy(definition, folder)
        card = Path(__file__).parent / "docs" / "model_card.md"
        shutil.copy(card, Path(self.build_lib) / "textseg_core" / "weights" / "compact")


setup(cmdclass={"build_py": BuildWithDefinitions})
