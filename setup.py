"""Puts messages, services and actions into the wheel; everything else is in pyproject.toml."""

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


setup(cmdclass={"build_py": BuildWithDefinitions})
