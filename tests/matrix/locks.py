"""
Every check of the program as a lock that a test can open: found in the source, so that a new one is covered without a list.

What counts as a check:
  leave   a statement that calls `require…`, `_require…`, `refuse…`
  list    `readable…(…)`, the condition that keeps a list to what its reader may see
  ask     `may(…)`, `may_somewhere(…)`, `may_issue(…)` … where something hangs on it; what is only handed to a template shows a button and is none
  self    a comparison with the acting person or operator
  refuse  `if …: raise` of NotAllowedError and its like, or of NotFoundError where the question is about the actor or about
          which thing a part belongs to
  door    what runs before every request, each refusal it may come to, and the check of the form's token
"""

import ast
import builtins
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from sqlalchemy import true

from duban.kernel.settings import ROOT

SOURCE = ROOT / "platform" / "duban"
LEAVE, LIST, ASK, SELF, REFUSE, DOOR = "leave", "list", "ask", "self", "refuse", "door"
QUESTIONS = frozenset({"granted", "may", "may_issue", "may_see_ranking", "may_see_scores", "may_somewhere"})
LISTS = frozenset({"readable", "readable_in_line"})
FAMILIES = ("NotAllowedError", "CSRFError")
_NAME = "__duban_lock__"
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Lock:
    """One check: where it stands, what it is, and what stands in its place while it is open."""

    key: str
    kind: str
    file: str
    line: int
    text: str
    opened: Any = None


def _called(node: ast.AST) -> str:
    func = node.func if isinstance(node, ast.Call) else None
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _about_actor(node: ast.Call) -> bool:
    """Whether somebody is asked about: the first argument is who acts, or the session in which to look."""
    return bool(node.args) and ast.unparse(node.args[0]) in {"scope", "current_scope()", "reading", "session"}


def _is_actor(node: ast.AST) -> bool:
    return ast.unparse(node) in {"scope.person_id", "scope.actor.person_id", "desk.hand.id"}


def _is_column(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id[:1].isupper()


def _raised(body: list[ast.stmt]) -> str:
    first = body[0].exc if body and isinstance(body[0], ast.Raise) else None
    return _called(first) if isinstance(first, ast.Call) else getattr(first, "id", "")


@cache
def _families() -> tuple[frozenset[str], frozenset[str]]:
    """Give the errors that say "not you", and those that say "no such thing", with all that inherit from them."""
    parents = {
        node.name: {ast.unparse(base) for base in node.bases}
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }

    def heirs(*names: str) -> frozenset[str]:
        found = set(names)
        while more := {name for name, bases in parents.items() if bases & found} - found:
            found |= more
        return frozenset(found)

    return heirs(*FAMILIES), heirs("NotFoundError")


def _turns_away(node: ast.FunctionDef) -> bool:
    """Whether what runs before every request may answer itself or has a form's token checked."""
    return (node.returns is not None and "Response" in ast.unparse(node.returns)) or any(
        _called(inner) == "protect" for inner in ast.walk(node)
    )


class _Finder:
    """Finds the locks of one module."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(), str(path))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.found: dict[ast.AST, tuple[str, Any]] = {}
        self.whole: dict[ast.FunctionDef, str] = {}

    def chain(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Go up from a node to its function: pairs of the child come from and the parent."""
        while node in self.parents and not isinstance(node, ast.FunctionDef):
            yield node, self.parents[node]
            node = self.parents[node]

    def look(self) -> None:
        """Find everything."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Compare):
                self._compare(node)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.If):
                self._refusal(node)
        self._doors()

    def _call(self, node: ast.Call) -> None:
        name = _called(node)
        if isinstance(self.parents[node], ast.Expr) and name.lstrip("_").startswith(("require", "refuse")) and _about_actor(node):
            self.found[node] = LEAVE, None
        elif name in LISTS:
            self.found[node] = LIST, true()
        elif name in QUESTIONS and self.hangs(node):
            self.found[node] = ASK, True

    def hangs(self, node: ast.AST) -> bool:
        """Whether something hangs on the answer: it is a condition, or what a function says; not handed to a template."""
        for child, parent in self.chain(node):
            if isinstance(parent, (ast.If, ast.IfExp)):
                return child is parent.test
            if isinstance(parent, ast.comprehension):
                return child in parent.ifs
            if isinstance(parent, (ast.keyword, ast.Dict, ast.Lambda)):
                return False
            if isinstance(parent, (ast.Return, ast.Assign)):
                return True
        return False

    def _compare(self, node: ast.Compare) -> None:
        if len(node.ops) != 1 or not (_is_actor(node.left) or _is_actor(node.comparators[0])):
            return
        if isinstance(node.comparators[0], ast.Constant):
            return
        for child, parent in self.chain(node):
            if isinstance(parent, ast.If) and child is parent.test:
                refuses = any(
                    isinstance(inner, ast.Raise) or (isinstance(inner, ast.Call) and "require" in _called(inner))
                    for statement in parent.body
                    for inner in ast.walk(statement)
                )
                self.found[node] = SELF, not refuses
                return
            if (
                isinstance(parent, ast.Call)
                and isinstance(parent.func, ast.Attribute)
                and parent.func.attr in {"where", "filter"}
            ):
                self.found[node] = SELF, true()
                return
            if isinstance(parent, (ast.keyword, ast.Dict, ast.Lambda)):
                return
            if isinstance(parent, (ast.Assign, ast.Return)):
                self.found[node] = SELF, true() if _is_column(node.left) else True
                return

    def _refusal(self, node: ast.If) -> None:
        not_you, no_such = _families()
        name = _raised(node.body)
        if name not in not_you | no_such or any(inner in self.found for inner in ast.walk(node.test)):
            return
        if name in not_you or self._asks_about_whom(node.test):
            self.found[node.test] = REFUSE, False

    def _asks_about_whom(self, test: ast.AST) -> bool:
        about_actor = any(isinstance(inner, ast.Call) and _about_actor(inner) for inner in ast.walk(test))
        belongs = any(
            isinstance(inner, ast.Compare) and ast.unparse(inner.left).endswith("_id") and isinstance(inner.ops[0], ast.NotEq)
            for inner in ast.walk(test)
        )
        return about_actor or belongs

    def _doors(self) -> None:
        functions = {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}
        guards = {
            ast.unparse(call.args[0])
            for call in ast.walk(self.tree)
            if isinstance(call, ast.Call) and _called(call) in {"before_request", "before_app_request"} and call.args
        }
        for name in guards & set(functions):
            if _turns_away(functions[name]):
                self.whole[functions[name]] = DOOR
        refusals = {
            name
            for name, node in functions.items()
            if node.returns is not None and "ResponseReturnValue | None" in ast.unparse(node.returns)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and _called(node) in refusals:
                self.found[node] = DOOR, None
            if isinstance(node, ast.ClassDef) and "CSRFProtect" in {ast.unparse(base) for base in node.bases}:
                self.whole |= {
                    inner: DOOR for inner in node.body if isinstance(inner, ast.FunctionDef) and inner.name == "protect"
                }


class _Hanger(ast.NodeTransformer):
    """Hangs the locks into a module's tree."""

    def __init__(self, finder: _Finder) -> None:
        self.finder = finder
        self.locks: list[Lock] = []
        self.names: list[str] = []
        self.counts: dict[str, int] = {}

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.names.append(node.name)
        self.generic_visit(node)
        self.names.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.names.append(node.name)
        self.generic_visit(node)
        if node in self.finder.whole:
            at = 1 if ast.get_docstring(node) else 0
            asked = self._hang(node, ast.Constant(False), self.finder.whole[node], opened=True, text=f"all of {node.name}")
            first = ast.copy_location(ast.If(test=asked, body=[ast.Return(value=None)], orelse=[]), node.body[at])
            node.body.insert(at, first)
        self.names.pop()
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        made = super().generic_visit(node)
        if node in self.finder.found and isinstance(made, ast.expr):
            kind, opened = self.finder.found[node]
            return self._hang(node, made, kind, opened=opened, text=self.texts[node])
        return made

    def hang(self) -> ast.Module:
        """Give the module with its locks."""
        self.texts = {node: ast.unparse(node) for node in self.finder.found}
        made: ast.Module = self.visit(self.finder.tree)
        return ast.fix_missing_locations(made)

    def _hang(self, node: ast.AST, inner: ast.expr, kind: str, *, opened: Any, text: str) -> ast.Call:
        name = f"{self.finder.path.relative_to(SOURCE)}:{'.'.join(self.names)} {kind}"
        self.counts[name] = self.counts.get(name, 0) + 1
        key = f"{name} {self.counts[name]}"
        self.locks.append(Lock(key, kind, str(self.finder.path), node.lineno, text, opened))  # type: ignore[attr-defined]
        waiting = ast.Lambda(
            args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]),
            body=ast.copy_location(inner, node),
        )
        call = ast.Call(func=ast.Name(id=_NAME, ctx=ast.Load()), args=[ast.Constant(key), waiting], keywords=[])
        return ast.copy_location(call, node)


@dataclass
class Locks:
    """
    The locks of the program, hung in while installed.

    `passed` says which a request came by, `held` those of them that said something else than they would if open, in the order
    in which they first did: no one else can notice when they are.
    """

    all: dict[str, Lock] = field(default_factory=dict)
    opened: frozenset[str] = frozenset()
    passed: set[str] = field(default_factory=set)
    held: dict[str, None] = field(default_factory=dict)
    _old: list[tuple[FunctionType, CodeType]] = field(default_factory=list)

    def ask(self, key: str, check: Callable[[], Any]) -> Any:
        """Answer in a check's place."""
        self.passed.add(key)
        opened = self.all[key].opened
        if key in self.opened:
            return opened
        try:
            found = check()
        except BaseException:
            self.held[key] = None
            raise
        if not self._as_if_open(key, found):
            self.held[key] = None
        return found

    def _as_if_open(self, key: str, found: Any) -> bool:
        lock = self.all[key]
        if isinstance(lock.opened, bool):
            return bool(found) == lock.opened
        return found is None or (lock.opened is None and lock.kind == LEAVE)

    @contextmanager
    def without(self, *keys: str) -> Iterator[None]:
        """Open locks for a while."""
        self.opened = frozenset(keys)
        try:
            yield
        finally:
            self.opened = frozenset()

    def install(self) -> None:
        """Hang every lock in. Only what has been imported can be asked; the rest cannot be reached by a request either."""
        codes: dict[tuple[str, str, int], CodeType] = {}
        for path in sorted(SOURCE.rglob("*.py")):
            finder = _Finder(path)
            finder.look()
            if not finder.found and not finder.whole:
                continue
            hanger = _Hanger(finder)
            compiled = compile(hanger.hang(), str(path), "exec")
            self.all |= {lock.key: lock for lock in hanger.locks}
            codes |= {(str(path), code.co_qualname, code.co_firstlineno): code for code in _codes(compiled)}
        setattr(builtins, _NAME, self.ask)
        for function in [each for each in gc.get_objects() if isinstance(each, FunctionType)]:
            old = function.__code__
            new = codes.get((old.co_filename, old.co_qualname, old.co_firstlineno))
            if new is not None and old.co_name != "<lambda>" and _uses(new):
                self._old.append((function, old))
                function.__code__ = new

    def remove(self) -> None:
        """Put the program back as it was."""
        for function, old in self._old:
            function.__code__ = old
        self._old.clear()
        delattr(builtins, _NAME)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


def _uses(code: CodeType) -> bool:
    return _NAME in code.co_names or any(_uses(inner) for inner in _codes(code))
