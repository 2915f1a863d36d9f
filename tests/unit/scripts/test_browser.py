"""What a browser test needs is found or named."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import browser


def test_a_named_browser_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "my-chromium"
    named.write_text("", "utf-8")
    monkeypatch.setenv("CHROMIUM", str(named))
    assert browser.find_chromium() == named


def test_a_named_browser_that_is_not_there_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert browser.find_chromium() is None


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert "Chromium" in browser.what_is_missing(tmp_path)
    there = tmp_path / "chromium"
    there.write_text("", "utf-8")
    monkeypatch.setenv("CHROMIUM", str(there))
    assert "axe-core" in browser.what_is_missing(tmp_path)
    axe = browser.axe_script(tmp_path)
    axe.parent.mkdir(parents=True)
    axe.write_text("", "utf-8")
    assert browser.what_is_missing(tmp_path) == ""


def test_nothing_is_asked_of_the_system_when_all_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run neither calls a package manager nor says a word."""
    folder = tmp_path / "tests" / "e2e"
    axe = browser.axe_script(tmp_path)
    axe.parent.mkdir(parents=True)
    axe.write_text("", "utf-8")
    (folder / "package-lock.json").write_text("{}", "utf-8")
    there = tmp_path / "chromium"
    there.write_text("", "utf-8")
    monkeypatch.setenv("CHROMIUM", str(there))
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(browser, "_has_chinese_font", lambda: True)
    ran: list[list[str]] = []

    def run(command: list[str], **options: object) -> object:
        ran.append(command)
        (folder / "node_modules").mkdir(exist_ok=True)
        return type("Done", (), {"returncode": 0})()

    monkeypatch.setattr(browser.subprocess, "run", run)
    said: list[str] = []
    assert browser.ensure_browser(tmp_path, said.append) == ""
    assert [command[1] for command in ran] == ["ci"]
    assert len(said) == 1
    assert browser.ensure_browser(tmp_path, said.append) == ""
    assert len(ran) == 1
    assert len(said) == 1


def test_what_is_missing_is_installed_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tests" / "e2e"
    folder.mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}", "utf-8")
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(browser.shutil, "which", lambda name: "/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(browser, "_has_chinese_font", lambda: False)
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    ran: list[list[str]] = []
    monkeypatch.setattr(browser.subprocess, "run", lambda command, **options: ran.append(command))
    missing = browser.ensure_browser(tmp_path, lambda sentence: None)
    assert "Chromium" in missing
    assert [command[-1] for command in ran] == ["-qq", "chromium", "npm", "fonts-noto-cjk"]


def test_nothing_is_installed_without_the_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither root nor a sudo that asks nothing: the machine is left as it is."""
    (tmp_path / "tests" / "e2e").mkdir(parents=True)
    (tmp_path / "tests" / "e2e" / "package-lock.json").write_text("{}", "utf-8")
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/bin/{name}" if name in {"apt-get", "sudo"} else None)
    monkeypatch.setattr(browser.os, "geteuid", lambda: 1000)
    ran: list[list[str]] = []

    def run(command: list[str], **options: object) -> object:
        ran.append(command)
        return type("Done", (), {"returncode": 1})()

    monkeypatch.setattr(browser.subprocess, "run", run)
    assert "Chromium" in browser.ensure_browser(tmp_path, lambda sentence: None)
    assert ran == [["/bin/sudo", "-n", "true"]]
