"""Telling people: the effect ledger (who is to be told what, through which channel, once), in-app notices and e-mail.

PostgreSQL is the record: a message exists as a row before anything is sent, and is marked in the transaction that has the
effect. Redis and RQ only wake workers sooner. What a message is about belongs to the features above, which call
`operations.tell`.
"""
