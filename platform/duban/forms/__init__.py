"""
Forms as data: designed in the browser by the unit that asks, published in versions with effective dates, copied, retired.

A published version never changes; what a requirement asks is the version in force on its period's last day.
"""
