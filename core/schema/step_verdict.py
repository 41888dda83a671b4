"""The verdict over the steps of a chunk: what the plan's rules say of columns, what a validator says of single rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import values
from ..layout import EXTRAS, NO_INFO, has_objects, rebuild
from .column_forms import Array, Rule
from .column_plan import ABSENT, FIELDS, ColumnPlan, Judge, Mismatch, Steps, Verdict
from .judge import judged
from .step_document import as_json, info_of_env, of_env
from .step_form import column_of_steps
from .validate import Problem

KINDS = 64
"""Different (path, rule) pairs of one verdict; further ones are counted together under the rule `more`."""


def check_steps(plan: ColumnPlan, steps: Steps, most: int | None = None) -> Verdict:
    """The verdict of a plan over some rows. With `most`, at most so many steps a field are judged one at a time."""
    found = _Findings(plan, steps)
    for judge in plan.judges:
        found.apply(judge, most)
    return found.verdict()


class _Findings:
    def __init__(self, plan: ColumnPlan, steps: Steps) -> None:
        self.plan, self.steps = plan, steps
        self.rows, self.envs = steps.transition.shape
        self.columns = column_of_steps(plan.layout, steps.columns, steps.flags)
        self.flags = int(np.bitwise_or.reduce(steps.flags)) if len(steps.flags) else 0
        self.bad: Array | None = None
        self.broken: list[tuple[Rule, Array]] = []
        self.single: dict[tuple[int, int], list[Problem]] = {}
        self.unseen: Array | None = None
        self._decoded: dict[int, dict[str, Any]] = {}

    # --- by columns --------------------------------------------------------------------------------------------------

    def apply(self, judge: Judge, most: int | None) -> None:
        """Judge one field of all rows: each row by the rules for what it holds, or by itself."""
        full, bare, single = self._groups(judge)
        for rules, group in ((judge.full, full), (judge.bare, bare)):
            if rules is None:
                if judge.each is not None and group is not False:
                    single = np.logical_or(single, group)
                continue
            for rule in rules:
                self._ask(rule, group)
        if judge.each is not None and single is not False:
            self._one_at_a_time(judge, np.broadcast_to(single, self.rows), most)

    def _groups(self, judge: Judge) -> tuple[Any, Any, Any]:
        """Rows with values in columns, rows without info, rows with values elsewhere; True is all, False none."""
        away = judge.away
        matters = away if self.plan.layout.info else away & ~NO_INFO | (EXTRAS if away & NO_INFO else 0)
        if not self.flags & matters:
            return (True, False, False)
        flags = self.steps.flags
        no_info = (flags & (away & NO_INFO)) != 0
        elsewhere = (flags & (away & ~NO_INFO)) != 0
        elsewhere |= no_info & ((flags & EXTRAS) != 0)
        bare = no_info & ~elsewhere
        return ~(elsewhere | bare), bare, elsewhere

    def _ask(self, rule: Rule, group: Any) -> None:
        if group is False:
            return
        bad = rule.bad(self.columns)
        if isinstance(bad, (bool, np.bool_)):
            if not bad:
                return
            bad = np.ones((self.rows, self.envs), np.bool_)
        elif not bad.any():
            return
        bad = bad.reshape(self.rows, self.envs) & self.steps.transition
        if group is not True:
            bad &= group[:, None]
        if bad.any():
            self.broken.append((rule, bad))
            self._mark(bad)

    def _mark(self, bad: Array) -> None:
        self.bad = bad.copy() if self.bad is None else self.bad | bad

    # --- one at a time -----------------------------------------------------------------------------------------------

    def _one_at_a_time(self, judge: Judge, rows: Array, most: int | None) -> None:
        """Where there are more than may be judged, evenly spread ones are, and the others are said to be unseen."""
        wanted = self.steps.transition & rows[:, None]
        chosen = np.argwhere(wanted)
        if most is not None and len(chosen) > most:
            chosen = chosen[:: -(-len(chosen) // most)]
            left = wanted.copy()
            left[chosen[:, 0], chosen[:, 1]] = False
            self.unseen = left if self.unseen is None else self.unseen | left
        assert judge.each is not None
        for row, env in chosen.tolist():
            value = self._field(judge.field, row, env) if judge.field else self.document(row, env)
            found = judged(judge.each, as_json(value))
            if found:
                prefix = f"/{judge.field}" if judge.field else ""
                self.single.setdefault((row, env), []).extend(_under(prefix, problem) for problem in found)

    def document(self, row: int, env: int) -> dict[str, Any]:
        """A step with all its fields, as it was recorded."""
        return {name: self._field(name, row, env) for name in FIELDS}

    def _field(self, name: str, row: int, env: int) -> Any:
        layout, vector = self.plan.layout, bool(self.plan.layout.num_envs)
        if self.steps.flags[row] & ABSENT.get(name, 0):
            value = self._extra(row).get(name, {} if name == "info" else None)
            if name == "info":
                value = value if isinstance(value, dict) else {"info": value}
                return info_of_env(value, env) if vector else value
            return of_env(value, env, self._space(name)) if vector else value
        if name == "info":
            info = {key: self.steps.columns[f"info/{key}"][row] for key in layout.info}
            return info_of_env(info, env) if vector else info
        if name in ("observation", "action"):
            node = getattr(layout, name)
            if has_objects(node):
                value = self._extra(row).get(name)
            else:
                value = rebuild(node, _Row(self.steps, row))
            return of_env(value, env, self._space(name)) if vector else value
        return self.columns(name)[row * self.envs + env]

    def _space(self, name: str) -> Any:
        return self.plan.spaces[0 if name == "observation" else 1]

    def _extra(self, row: int) -> dict[str, Any]:
        if row not in self._decoded:
            data = self.steps.extras.get(row)
            found = values.decode(data) if data else {}
            self._decoded = {row: found if isinstance(found, dict) else {}}  # neighbours ask for the same row
        return self._decoded[row]

    # --- the verdict -------------------------------------------------------------------------------------------------

    def verdict(self) -> Verdict:
        steps = int(np.count_nonzero(self.steps.transition))
        for row, env in self.single:
            if self.bad is None:
                self.bad = np.zeros((self.rows, self.envs), np.bool_)
            self.bad[row, env] = True
        looked_at = steps
        if self.unseen is not None:
            looked_at -= int(np.count_nonzero(self.unseen if self.bad is None else self.unseen & ~self.bad))
        return Verdict(
            steps, looked_at, self.bad, self._mismatches() if self.bad is not None else (), self.errors, self.document
        )

    def _mismatches(self) -> tuple[Mismatch, ...]:
        found: dict[tuple[str, str], Mismatch] = {}
        for rule, bad in self.broken:
            row, env = divmod(int(bad.argmax()), self.envs)
            place, got = rule.found(self.columns, row * self.envs + env)
            count = int(np.count_nonzero(bad))
            _merge(found, Mismatch(rule.path, rule.name, rule.expected, got, count, row, env, place))
        for (row, env), reasons in self.single.items():
            once = {(starred(reason.path), reason.rule): reason for reason in reversed(reasons)}
            for (path, rule_name), reason in once.items():
                _merge(found, Mismatch(path, rule_name, reason.expected, reason.got, 1, row, env, reason.path))
        return tuple(found.values())

    def errors(self, row: int, env: int) -> list[Problem]:
        """Every error of one bad step, one for each rule and path."""
        found: list[Problem] = []
        for rule, bad in self.broken:
            if bad[row, env]:
                place, got = rule.found(self.columns, row * self.envs + env)
                message = f"{place or 'the step'}: {rule.name}: expected {rule.expected}, got {got}"
                found.append(Problem(rule.path, rule.name, rule.expected, got, message))
        single = {(starred(each.path), each.rule): each for each in reversed(self.single.get((row, env), []))}
        return found + [
            Problem(path, name, each.expected, each.got, f"{each.path}: {each.message}")
            for (path, name), each in single.items()
        ]


class _Row(Mapping[str, Any]):
    """The columns of one row, as `rebuild` looks them up."""

    def __init__(self, steps: Steps, row: int) -> None:
        self._steps, self._row = steps, row

    def __getitem__(self, name: str) -> Any:
        return self._steps.columns[name][self._row]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps.columns)

    def __len__(self) -> int:
        return len(self._steps.columns)


def _merge(found: dict[tuple[str, str], Mismatch], new: Mismatch) -> None:
    key = (new.path, new.rule)
    if key not in found and len(found) >= KINDS:
        new = new._replace(path="", rule="more", expected="", got="", place="")
        key = (new.path, new.rule)
    old = found.get(key)
    found[key] = new if old is None else old._replace(steps=old.steps + new.steps)


def starred(path: str) -> str:
    """The path with a star for each number, so that a value that is bad at many places is told once."""
    return "/".join("*" if part.isdigit() else part for part in path.split("/"))


def _under(prefix: str, problem: Problem) -> Problem:
    return Problem(prefix + problem.path, problem.rule, problem.expected, problem.got, problem.message)
