"""The append-only, hash-chained record of acts: written in the transaction of the change, or there is no change."""
