"""What merging and splitting units would do, and what stands in the way."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.outlook import Outlook, check_day, check_level_under, inherited, people_move, places_below
from duban.organisation.rules.changes import Merge, NewUnit, Part, Split
from duban.organisation.rules.naming import check_code, check_name
from duban.tree.models import Unit
from duban.tree.queries import children, find_by_code, get_unit


def _check_new(scope: Scope, new: NewUnit, parent: Unit, outlook: Outlook, taken: set[str]) -> None:
    for problem in (check_code(new.code), check_name(new.name)):
        if problem is not None:
            outlook.obstacles.append(problem)
    if new.code in taken or (new.code and find_by_code(scope, new.code) is not None):
        outlook.stops(N_("代码 %(code)s 已被其他单位使用。"), code=new.code)
    taken.add(new.code)
    check_level_under(scope, new.level, new.name, parent.level, outlook)


def _check_heirs_children(scope: Scope, source: Unit, kids: Sequence[Unit], heir_level: str, outlook: Outlook) -> None:
    for child in kids:
        check_level_under(scope, child.level, child.name, heir_level, outlook)
    for place in places_below(scope, source):
        unit = get_unit(scope, place.unit_id)
        check_level_under(scope, unit.level, unit.name, heir_level, outlook, line=place.line)


def consider_merge(scope: Scope, change: Merge, outlook: Outlook) -> None:
    """Work out a merge: children, places in further lines, people and open work go to the heir; the sources end."""
    sources = [get_unit(scope, unit_id) for unit_id in dict.fromkeys(change.unit_ids) if unit_id != change.into]
    if (change.into is None) == (change.new is None):
        outlook.stops(N_("请选择并入哪个单位，或填写合并后的新单位。"))
        return
    if len(sources) < (1 if change.into else 2):
        outlook.stops(N_("合并至少要有两个单位。"))
    if any(source.parent_id is None for source in sources):
        outlook.stops(N_("最上级单位不能撤销，也不能归入其他单位。"))
        return
    into = get_unit(scope, change.into) if change.into else None
    heir_level = into.level if into else change.new.level if change.new else ""
    heir_name = into.name if into else change.new.name if change.new else ""
    if change.new is not None:
        _check_new(scope, change.new, get_unit(scope, sources[0].parent_id or sources[0].id), outlook, set())
    for source in sources:
        if into is not None and into.path.startswith(source.path):
            outlook.stops(N_("“%(parent)s”是“%(name)s”自己或它的下级，不能作它的上级。"), name=source.name, parent=into.name)
        if any(other is not source and source.path.startswith(other.path) for other in sources):
            outlook.stops(N_("“%(name)s”在要合并的另一个单位之下，请分两次办理。"), name=source.name)
        check_day(scope, source, outlook, ends=True)
        _check_heirs_children(scope, source, children(scope, source), heir_level, outlook)
        people_move(scope, outlook, source, heir_level, heir_name)
        inherited(scope, outlook, source, heir_name)
    moving = sum(len(children(scope, source)) for source in sources)
    outlook.figures |= {"units": len(sources), "children": moving}
    outlook.effects.insert(
        0,
        Text(
            N_("“%(names)s”并入“%(heir)s”，自 %(day)s 起撤销；%(count)s 个下级单位转到“%(heir)s”之下。"),
            {"names": "、".join(s.name for s in sources), "heir": heir_name, "day": outlook.on.isoformat(), "count": moving},
        ),
    )


def consider_split(scope: Scope, change: Split, outlook: Outlook) -> None:
    """Work out a split: children are dealt out; people and open work go to the main successor, or stay."""
    unit = outlook.unit
    if unit.parent_id is None:
        outlook.stops(N_("最上级单位不能撤销，也不能归入其他单位。"))
        return
    kids = {child.id: child for child in children(scope, unit)}
    if not _parts_are_sound(change, kids, outlook):
        return
    main = change.parts[change.main]
    check_day(scope, unit, outlook, ends=not change.lives_on)
    chosen = {child for part in change.parts for child in part.children}
    taken: set[str] = set()
    for part in change.parts:
        level, name = _part_level(scope, unit, part, outlook, taken)
        going = [kids[child] for child in part.children]
        if part is main:
            going += [child for child in kids.values() if child.id not in chosen]
        if part is main and part.unit_id != unit.id:
            _check_heirs_children(scope, unit, going, level, outlook)
        elif part.unit_id != unit.id:
            for child in going:
                check_level_under(scope, child.level, child.name, level, outlook)
        outlook.does(N_("“%(name)s”带 %(count)s 个下级单位。"), name=name, count=len(going))
    outlook.figures |= {"units": len(change.parts), "children": len(kids)}
    if not change.lives_on:
        level, name = _part_level(scope, unit, main, Outlook(unit, outlook.on), set())
        people_move(scope, outlook, unit, level, name)
        inherited(scope, outlook, unit, name)
        outlook.does(N_("“%(name)s”自 %(day)s 起撤销。"), name=unit.name, day=outlook.on.isoformat())
    else:
        outlook.does(N_("“%(name)s”保留，原有人员和未办结的工作不变。"), name=unit.name)


def _parts_are_sound(change: Split, kids: Mapping[UUID, Unit], outlook: Outlook) -> bool:
    if len(change.parts) < 2 or not 0 <= change.main < len(change.parts):  # noqa: PLR2004 - a split makes two at least
        outlook.stops(N_("拆分至少要有两个单位，并指定一个主要承接单位。"))
        return False
    if change.lives_on and change.parts[change.main].unit_id != change.unit_id:
        outlook.stops(N_("保留原单位时，它就是主要承接单位。"))
    chosen = [child for part in change.parts for child in part.children]
    if len(set(chosen)) < len(chosen) or not set(chosen) <= kids.keys():
        outlook.stops(N_("每个下级单位只能归入一个部分，而且必须是原单位的下级。"))
        return False
    return True


def _part_level(scope: Scope, unit: Unit, part: Part, outlook: Outlook, taken: set[str]) -> tuple[str, str]:
    if part.unit_id is not None:
        existing = get_unit(scope, part.unit_id)
        if existing.id != unit.id and existing.path.startswith(unit.path):
            outlook.stops(N_("“%(parent)s”是“%(name)s”自己或它的下级，不能作它的上级。"), name=unit.name, parent=existing.name)
        return existing.level, existing.name
    if part.new is None:
        outlook.stops(N_("请填写拆分后的每个单位。"))
        return "", ""
    if unit.parent_id is not None:
        _check_new(scope, part.new, get_unit(scope, unit.parent_id), outlook, taken)
    return part.new.level, part.new.name
