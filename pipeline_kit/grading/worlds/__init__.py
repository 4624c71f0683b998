"""Worlds for answers to run in: the script (`world`) and its performance (`play`, by an `agenda`).

In the others more can happen: stages that fail (`failing`), stages that fail and are measured
(`faulty`), keys that repeat (`keyed`), a service with an outage (`outage`).
"""
