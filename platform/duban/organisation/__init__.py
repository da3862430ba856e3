"""
What people do to units and posts: making, renaming and closing units, placing them in lines, importing them; making
people, granting roles, naming contacts. The unit table and its reads lie lower, in `tree`; who may what lies in `access`.
"""
