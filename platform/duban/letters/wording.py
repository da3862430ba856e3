"""
What a letter says besides its numbers: the tenant's own words where it has any, else the words of this file.

A tenant's kind may bring a part `letters` (tenants/<kind>/letters.yaml) with the fields of `Wording`.
"""

from duban.kernel.scope import Scope
from duban.letters.rules.clauses import Wording
from duban.tenancy.queries import catalogue

GOVERNMENT = Wording(
    title="%(year)s年度安全生产目标管理责任书",
    preamble=(
        "为落实“党政同责、一岗双责”和“管行业必须管安全、管业务必须管安全、管生产经营必须管安全”的要求，"
        "层层压实安全生产责任，防范和遏制生产安全事故，依据《中华人民共和国安全生产法》及有关规定，"
        "%(upper)s与%(lower)s签订本责任书。"
    ),
    duties=(
        "%(lower)s的主要负责人是安全生产第一责任人，对安全生产工作全面负责；分管负责人负直接领导责任，其他负责人对分管范围负责。",
        "每月至少召开一次安全生产例会，研究解决突出问题，会议记录存档备查。",
        "将本责任书所列目标分解到下一级单位和具体岗位，逐级签订责任书，做到责任到岗、任务到人。",
        "组织开展隐患排查治理，对查出的隐患做到整改责任、措施、资金、时限、预案五落实，按期整改销号。",
        "加强重点时段、重点行业领域和重点单位的监督检查，依法查处并报告非法违法生产经营建设行为。",
        "按规定报送情况、报表和总结；发生生产安全事故按规定时限如实报告，不迟报、漏报、谎报、瞒报。",
        "健全应急预案和值班制度，每年至少组织一次应急演练，保障安全生产经费。",
    ),
    assessment=(
        "%(upper)s对本责任书执行情况实行年度考核，考核采用百分制，平时检查与年终考核相结合。",
        "考核结果在下达范围内通报，作为评优评先和领导班子、领导干部年度考核的重要依据。",
        "未完成目标任务的，责令限期整改，并由主要负责人向%(upper)s作出书面说明。",
    ),
    veto=(
        "有下列情形之一的，按规定程序实行一票否决，取消%(lower)s及其主要负责人、分管负责人当年度评优评先资格：",
        "突破死亡人数控制指标的；",
        "发生较大及以上生产安全责任事故的；",
        "瞒报、谎报生产安全事故的；",
        "年度考核不合格的。",
    ),
    closing=(
        "责任期内主要负责人变动的，由继任者继续履行本责任书，不另行签订。",
        "本责任书经双方主要负责人签字后生效，一式两份，双方各执一份；电子文本与纸质文本具有同等效力。",
    ),
)

PROJECT = Wording(
    title="%(year)s年度安全生产目标管理责任书",
    preamble=(
        "为落实项目安全生产主体责任，防范和遏制生产安全事故，依据《中华人民共和国安全生产法》《建设工程安全生产管理条例》"
        "及合同约定，%(upper)s与%(lower)s签订本责任书。"
    ),
    duties=(
        "%(lower)s的主要负责人是本单位安全生产第一责任人，依法配备专职安全生产管理人员，并保证其履职。",
        "足额提取和使用安全生产费用，为作业人员提供合格的劳动防护用品。",
        "施工前逐级进行安全技术交底，危险性较大的分部分项工程编制专项方案并按规定论证、审批。",
        "特种作业人员持证上岗，三类人员考核合格，新进场人员经三级教育合格后上岗。",
        "每周至少组织一次安全检查，隐患整改做到责任、措施、资金、时限、预案五落实。",
        "将本责任书所列目标分解到班组和岗位，逐级签订责任书。",
        "按规定报送月报和总结；发生生产安全事故立即报告，不迟报、漏报、谎报、瞒报。",
    ),
    assessment=(
        "%(upper)s每季度检查、年终考核，考核采用百分制，结果与合同履约评价和信用评价挂钩。",
        "未完成目标任务的，责令限期整改；整改不力的，按合同约定处理。",
    ),
    veto=(
        "有下列情形之一的，年度考核实行一票否决，取消%(lower)s及其主要负责人当年度评优资格：",
        "发生死亡事故且负有责任的；",
        "瞒报、谎报生产安全事故的；",
        "被责令停工整改后擅自复工的。",
    ),
    closing=GOVERNMENT.closing,
)

_BY_KIND = {"expressway": PROJECT}


def wording_of(scope: Scope) -> Wording:
    """Give the tenant's wording: each field of its own catalogue where given, else that of its kind here."""
    plain = _BY_KIND.get(scope.tenant.kind, GOVERNMENT)
    own = catalogue(scope, "letters")
    return Wording(
        title=own.get("title", plain.title),
        preamble=own.get("preamble", plain.preamble),
        duties=tuple(own.get("duties", plain.duties)),
        assessment=tuple(own.get("assessment", plain.assessment)),
        veto=tuple(own.get("veto", plain.veto)),
        closing=tuple(own.get("closing", plain.closing)),
    )
