"""The people of the demo county and who answers for what."""

from duban.organisation.operations.units import place_in_line
from duban.simulation.stage import ADMIN, Stage

COUNTY = "430112"
LEADER, OFFICER, SECOND, EVALUATOR, AUDITOR = (
    "county.leader",
    "county.officer",
    "county.second",
    "county.evaluator",
    "county.auditor",
)
SECTORS = {"WC-E01": "WC-D06", "WC-E03": "WC-D01", "WC-E06": "WC-D01", "WC-E07": "WC-D02", "WC-E08": "WC-D03"}
"""Enterprises with a superior in the sector line beside the territorial one."""
BUSY_TOWNSHIPS = ("430112001", "430112106")
"""Townships whose villages are shown at work too."""
UNNAMED = ("430112115216", "430112103216")
"""Villages that have not named their contacts."""


def hire_everybody(stage: Stage) -> None:
    """Make everybody with a post, and name the contacts of nearly every unit."""
    stage.hire(COUNTY, "county.leader", LEADER, post="副区长")
    stage.hire(COUNTY, "county.officer", OFFICER, post="安委办主任")
    stage.hire(COUNTY, "county.officer", SECOND, post="安委办副主任")
    stage.hire(COUNTY, "county.evaluator", EVALUATOR, post="考核科科长")
    stage.hire(COUNTY, "county.auditor", AUDITOR, post="审计员")
    stage.name_contacts(COUNTY, leader_in_charge=LEADER, liaison_officer=OFFICER)
    posts = {
        "township": ("安监站站长", "镇长（主任）"),
        "park": ("安环局局长", "管委会主任"),
        "department": ("安全科科长", "局长"),
    }
    for code in stage.codes("township", "park", "department"):
        level = stage.levels[code]
        clerk = stage.hire(
            code,
            f"{level}.officer",
            f"o{code[6:].lower()}" if level == "township" else f"o{code[3:].lower()}",
            post=posts[level][0],
        )
        head = stage.hire(code, f"{level}.leader", clerk.replace("o", "l", 1), post=posts[level][1])
        stage.clerks[code] = clerk
        stage.name_contacts(code, principal=head, leader_in_charge=head, designated_person=clerk, liaison_officer=clerk)
    for code in stage.codes("village"):
        clerk = stage.hire(code, "village.clerk", f"v{code[6:]}", post="安全员")
        stage.clerks[code] = clerk
        if any(code.startswith(township) for township in BUSY_TOWNSHIPS):
            stage.hire(code, "village.leader", f"b{code[6:]}", post="支部书记")
        if code not in UNNAMED:
            stage.name_contacts(code, leader_in_charge=f"{stage.players[clerk].name[0]}书记/支部书记", designated_person=clerk)
    for code in stage.codes("enterprise"):
        clerk = stage.hire(code, "enterprise.clerk", f"e{code[-2:]}", post="安全员")
        stage.hire(code, "enterprise.leader", f"p{code[-2:]}", post="总经理")
        stage.clerks[code] = clerk
        stage.name_contacts(code, principal=f"p{code[-2:]}", designated_person=clerk)


def place_in_sectors(stage: Stage) -> None:
    """Give some enterprises their second superior, the department of their sector."""
    for enterprise, department in SECTORS.items():
        with stage.as_(ADMIN) as scope:
            place_in_line(scope, unit_id=stage.units[enterprise], line="sector", parent_id=stage.units[department])
