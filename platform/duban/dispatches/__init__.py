"""
Documents sent down: who forwards what to whom with which note, who received,
signed for and answered it, and the chain it came by.

Not here: the register of documents and the programmes made from them (programmes), nor what has to be handed in (reporting).
"""
