"""A data report's problems, for a script and for a reader. Knows nothing of how they are found."""

from __future__ import annotations

from typing import Any

from ptm_demo.results import CsvReport

_SHOWN_ROWS = 5


def problems_json(report: CsvReport) -> list[dict[str, Any]]:
    return [
        {
            "code": problem.code,
            "severity": problem.severity,
            "count": problem.count,
            "rows": list(problem.rows),
            "fix": problem.fix,
            "message": problem.message,
            "examples": list(problem.examples),
        }
        for problem in report.problems
    ]


def problems_text(report: CsvReport) -> str:
    """Each problem's sentence, and under it its code, its first rows and the option that mends it."""
    if not report.problems:
        return "no problems found"
    lines = [f"problems ({len(report.problems)})"]
    for problem in report.problems:
        facts = [problem.code]
        if problem.rows:
            more = " …" if len(problem.rows) > _SHOWN_ROWS else ""
            facts.append(f"rows {', '.join(map(str, problem.rows[:_SHOWN_ROWS]))}{more}")
        if problem.fix:
            facts.append(f"--fix {problem.fix}")
        lines += [f"  {problem.severity:<8} {problem.message}", f"  {'':<8} {' · '.join(facts)}"]
    return "\n".join(lines)
