"""What people are shown: a report as text or HTML, and in a notebook as a picture.

`report` and `excerpt` make text, `summary` that at the end of a run of pytest. `shown` is what a
notebook displays, `violations` the picture of the moment at which a check failed, and `hints` what
helps one more step.
"""
