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

- `notebook_file` finds the answer; `answer` runs it; `graded_run` is what was seen of a run.
- `worlds/` holds the scripts of runs, and performs them.
- `process/` starts the student's process, limits it, and talks to it; `student/` runs in it.
- `claims/` holds what a check can assert about a run; `explain` says how a run ended that should
  have ended otherwise (`status`).
- `checks`: a check with its points and its hint, an exercise. `draw`: the numbers for a check.
  `verdicts` runs all checks of an exercise.
- `display/` shows the verdict. It is asked for in a notebook (`notebook`), by pytest (`plugin`,
  `options`), or on the command line (`__main__`, `commands/`), there for a whole class too.
- `progress` and `scoreboard` tell where a student stands with all exercises (`folder`).

This module imports nothing, because the student's process should start fast.
"""
