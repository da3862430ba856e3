"""
Acts that ask again who is sitting there, and acts no program's token may do. Named here, all in one place, so that a
reader sees at a glance what is on the list and what is not; a test holds every name against the application's addresses.
"""

WEIGHTY: dict[str, str] = {
    "organisation.new_person": "hands out a password and gives rights",
    "organisation.take_people": "hands out passwords and gives rights",
    "api-organisation.create_person": "hands out a password and gives rights",
    "api-organisation.import_people_file": "hands out passwords and gives rights",
    "organisation.grant_role": "gives rights",
    "organisation.revoke_role": "takes rights",
    "organisation.confirm_grant": "gives rights",
    "organisation.refuse_grant": "takes rights",
    "organisation.move_grant_end": "gives rights for longer",
    "organisation.merge_person": "joins two accounts",
    "api-organisation.merge_person": "joins two accounts",
    "access.lend": "lends rights",
    "api-access.lend": "lends rights",
    "access.adopt_policy": "changes what every role may do",
    "api-access.adopt_policy": "changes what every role may do",
    "access.withdraw_adoption": "changes what every role would have been able to do",
    "api-access.withdraw_adoption": "changes what every role would have been able to do",
    "organisation.reset_password": "opens another person's account",
    "organisation.activate_person": "opens or closes another person's account",
    "api-organisation.grant_role": "gives rights",
    "api-organisation.revoke_role": "takes rights",
    "api-organisation.reset_password": "opens another person's account",
    "assessments.advance": "closes or publishes a year's results",
    "assessments.propose_veto": "may cost a unit its year",
    "assessments.answer_veto": "costs a unit its year",
    "assessments.correct_card": "changes a published score",
    "assessments-api.close": "may freeze a year's results",
    "assessments-api.publish": "may publish a year's results",
    "assessments-api.correct": "may change a published score",
    "assessments-api.propose_veto": "may cost a unit its year",
    "assessments-api.confirm_veto": "costs a unit its year",
    "assessments-api.reject_veto": "lets a unit keep its year",
    "assessments-api.lift_veto": "may give a unit its year back",
    "assessments.answer_proposal": "closes, publishes or changes a year's results",
    "assessments-api.confirm_proposal": "closes, publishes or changes a year's results",
    "security.confirm_reset": "opens another person's account",
    "api-security.confirm_reset": "opens another person's account",
    "security.reset_factor": "opens another person's account to a new phone",
    "api-security.reset_factor": "opens another person's account to a new phone",
    "security.set_policy": "weakens or strengthens every password",
    "api-security.set_policy": "weakens or strengthens every password",
    "identity.create_token": "gives a program one's rights",
    "session.create_token": "gives a program one's rights",
    "identity.enrol": "binds the account to a phone",
    "identity.new_codes": "shows codes that open the account without the phone",
    "identity.drop_factor": "weakens one's own account",
}
"""By endpoint: why it is asked again."""

ASKS_FOR_PASSWORD: dict[str, tuple[str, str]] = {
    "letters.sign": ("password", ""),
    "letters-api.sign": ("password", ""),
    "session.confirm": ("proof", ""),
    "identity.change_password": ("old", "new"),
}
"""By endpoint: the fields in which the actor's password is shown and a new one is set. It is hashed before the work begins."""

NOT_BY_TOKEN: dict[str, str] = {
    "session.confirm": "only a person can prove to be there",
    "session.second_factor": "only a person can show the second factor",
    "session.end_one": "a program has no say over its owner's devices",
    "session.end_others": "a program has no say over its owner's devices",
    "session.revoke_token": "a leaked token must not end its owner's other tokens",
}
"""By endpoint: why not."""
