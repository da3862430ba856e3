"""The story of the street office's year says what Example B says."""

import pytest

from duban.kernel.settings import ROOT
from duban.simulation.replay import replay_street
from duban.tenancy.kinds import load_all

pytestmark = pytest.mark.timeout(600)


def test_the_story_tells_the_year() -> None:
    story = replay_street(load_all(ROOT / "tenants")["street"], year=2011)
    text = "\n".join(story.lines)

    for words in (
        "共 80 项报送任务，16个单位",
        "2011-05-16 09:00:00  建设路社区报送",
        "2011-09-28 23:59:59  北山村报送《季度工作总结》（2011-Q3）：24时前最后一秒（按时）",
        "2011-09-29 00:00:00  柳林村报送《季度工作总结》（2011-Q3）：过了零点（迟报 1 天）",
        "2011-09-29 08:10:00  石桥村报送《季度工作总结》（2011-Q3）：晚了一夜（迟报 1 天）",
        "时限已过仍未报送：1 项任务记为漏报",
        "仍计漏报",
        "和平社区对《季度工作总结》（2011-Q3）作零报告",
        "街道安办退回北门社区的",
        "报送任务 80 项",
        "一票否决：死亡人数超过控制指标",
    ):
        assert words in text, words
    reminders = [line[:10] for line in story.lines if "提前7天" in line or "提前1天" in line or "逾期" in line]
    assert {"2011-05-13", "2011-05-19", "2011-09-29", "2011-10-01"} <= set(reminders)
    ranking = text[text.index("名次") :].splitlines()[1:]
    assert len(ranking) == 16
    assert "金沙社区" in ranking[0]
    assert "100.00  优秀" in ranking[0]
    assert "双桥社区" in ranking[-1]
