"""
Documents and the programmes made from them: the register of documents with their chain, programmes with stages, groups
and numbered tasks, and how a subordinate derives its own programme. What has to be handed in by when is `reporting`'s.
"""
