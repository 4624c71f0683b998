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

- `notebook_file`: finds the answer. `answer`: runs it (`Answer`). `graded_run`: what was seen.
- `world`: the script of a run (`World`). `play`: its performance (`Play`).
- `process`, `guard`: start the student's process, limit it, kill it. `protocol`: what the two sides
  may say to each other. `distrust`: reads what the student's side says.
- `failing`, `faulty`, `keyed`, `outage`: worlds in which more can happen, for some exercises.
- `runner`, `remote`, `given`, `remote_errors`, `clocks`, `faults`, `refusals`, `confinement`: the
  student's side.
- `claims`, `claims_…`: what a check can assert about a run. `timetable`: when things should have
  happened. `luck`: whether they do in any order (`shuffled`). `explain`: how a run ended that
  should have ended otherwise.
- `checks`: a check with its points and its hint, an exercise. `draw`: the numbers for a check.
  `verdicts`: runs all checks of an exercise.
- `report`, `excerpt`: the verdict as text. `notebook`, `shown`, `violations`, `hints`: in a
  notebook. `plugin`: in pytest.
- `progress`, `scoreboard`: where a student stands. `watch`, `reset`: the command line. `folder`:
  the exercises. `nbgrader_course`: the same for nbgrader.

This module imports nothing, because the student's process should start fast.
"""
