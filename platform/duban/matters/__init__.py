"""
Supervised matters （督办事项）, their three-colour sheets and circulars, and the meetings whose resolutions become matters.

A matter stands at the unit that assigned it; the units that answer for it, the lead and the others, are its parties, each with a
place of its own: whoever may read a party may read the matter. Rules: docs/decisions/0051, /domain 2.9.
"""
