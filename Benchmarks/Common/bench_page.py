"""Tables of figures on the page of performance, with what is aimed at beside what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Aim:
    """What a metric is to reach, and whether an entry of the JSON file does."""

    text: str
    is_met: Callable[[dict], bool]
    #: The ratio that is aimed at, if it is one.
    ratio: float | None = None


def ratio_least(least: float) -> Aim:
    return Aim(f"ratio ≥ {least}", lambda entry: entry["ratio"]["median"] >= least, least)


def ratio_most(most: float) -> Aim:
    return Aim(f"ratio ≤ {most}", lambda entry: entry["ratio"]["median"] <= most, most)


def most(value: float, unit: str) -> Aim:
    return Aim(f"≤ {value:g} {unit}", lambda entry: entry["tulle"] <= value)


@dataclass
class Table:
    """The table of one part of the benchmark: between two markers on the page."""

    #: The part's name, which the markers have.
    name: str
    #: What ours is held against, as a column's title.
    peer: str
    #: What each metric is called, and its aim.
    rows: dict[str, tuple[str, Aim | None]]

    @property
    def start(self) -> str:
        return f"<!-- {self.name}: written by make bench -->"

    @property
    def end(self) -> str:
        return f"<!-- {self.name}: end -->"

    def text(self, entries: list[dict], about: str) -> str:
        """Rows in the order of `rows`; `about` goes above."""
        known = {entry["metric"]: entry for entry in entries}
        lines = [
            about, "", f"| | metric | unit | tulle | {self.peer} | ratio (min to max) | aim | |",
            "| --- | --- | --- | --: | --: | --- | --- | --- |",
        ]
        for metric, (title, aim) in self.rows.items():
            entry = known.get(metric)
            if not entry:
                continue
            ratio = entry["ratio"]
            verdict = "" if not aim else "met" if aim.is_met(entry) else "**missed**"
            cells = [
                title, f"`{metric}`", entry["unit"], _number(entry["tulle"]), _number(entry["peer_value"]),
                f"{_number(ratio['median'])} ({_number(ratio['min'])} to {_number(ratio['max'])})",
                aim.text if aim else "", verdict,
            ]
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def write(self, page: Path, entries: list[dict], about: str) -> None:
        """Puts the table between the page's markers."""
        text = page.read_text()
        if text.count(self.start) != 1 or text.count(self.end) != 1:
            raise RuntimeError(f"{page} must have the lines {self.start} and {self.end} once each")
        before, rest = text.split(self.start, 1)
        _, after = rest.split(self.end, 1)
        page.write_text(f"{before}{self.start}\n\n{self.text(entries, about)}\n\n{self.end}{after}")


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
