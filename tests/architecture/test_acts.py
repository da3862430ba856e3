"""Every act any operation records is told to auditors in words."""

import ast
from pathlib import Path

from duban.auditing.acts import ACTS, GROUPS, SUBJECTS, group_of

SOURCE = Path(__file__).parents[2] / "platform" / "duban"
COMPUTED = {
    "assessments": (
        "assessment.self_scoring",
        "assessment.scoring",
        "mark.self",
        "mark.evaluator",
        "result.confirmed",
        "result.declined",
        "result.withdrawn",
    ),
    "organisation": ("person.let-in", "person.locked-out"),
    "targets": ("target.actual-corrected", "target.actual-recorded"),
}
"""Acts whose name is put together at run time; a new place that does so must be listed here."""


NOTED_ACT = 3


def recorded() -> tuple[dict[str, str], set[str], int]:
    """Give act → place, kinds of subject, and how many calls compute their act."""
    acts: dict[str, str] = {}
    kinds: set[str] = set()
    computed = 0
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id == "note" and len(node.args) > NOTED_ACT:  # matters.history: records what it is given
                acts[ast.literal_eval(node.args[NOTED_ACT])] = f"{path.parent.name}/{path.name}:{node.lineno}"
            if node.func.id not in {"record", "_record"}:
                continue
            act, kind = node.args[1], node.args[2]
            if isinstance(act, ast.Constant):
                acts[act.value] = f"{path.parent.name}/{path.name}:{node.lineno}"
            elif isinstance(act, ast.IfExp):
                acts |= {each.value: path.name for each in (act.body, act.orelse)}
            elif node.func.id == "record":
                computed += 1
            if isinstance(kind, ast.Constant):
                kinds.add(kind.value)
    return acts, kinds, computed


def test_every_act_has_its_words() -> None:
    acts, kinds, _ = recorded()
    for names in COMPUTED.values():
        acts |= dict.fromkeys(names, "computed")
    missing = {act: place for act, place in acts.items() if act not in ACTS}
    print(f"{len(acts)} acts, {len(kinds)} kinds of subject")
    assert len(acts) > 70
    assert not missing, f"give them words in auditing/acts.py: {missing}"
    assert not {group_of(act) for act in acts} - set(GROUPS)
    assert not kinds - set(SUBJECTS)


def test_no_words_without_an_act() -> None:
    acts, _, _ = recorded()
    assert not set(ACTS) - set(acts) - {name for names in COMPUTED.values() for name in names}
