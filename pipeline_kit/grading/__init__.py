"""Grading: a student's answer runs in a process of its own, inside a world that is scripted here.

    grader's process                          student's process
    ┌──────────────────────────────┐          ┌────────────────────────────┐
    │ check ── World ── Trace      │  JSON    │ runner                     │
    │   items, work, clock, sink   │◀─ lines ─▶   the answer, its tasks    │
    └──────────────────────────────┘          └────────────────────────────┘

The answer can only ask: for the next item, for a stage's work, for the sink to take a result, for
time to pass. What it asks for is written into a `Trace`, and the checks judge by that trace. So
there is nothing in the student's process that would be worth tampering with.

A tour, in the order in which an answer meets them:

- `answer`: finds the answer in a notebook, and runs it.
- `world`: the script of a run (`World`). `play`: its performance (`Play`).
- `process`: starts the student's process, limits it, kills it. `protocol`: what the two may say.
- `runner`, `remote`: the student's side.
- `claims`: what a check can assert about a run. `timetable`: when things should have happened.
- `checks`: a check with its points and its hint; runs all checks of an exercise.
- `report`, `notebook`, `plugin`: the verdict as text, in a notebook, and in pytest. `hints`: what a
  student may ask for before and after it.

This module imports nothing, because the student's process should start fast.
"""
