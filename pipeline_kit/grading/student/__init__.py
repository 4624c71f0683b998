"""The student's side: what runs in the process that an answer runs in.

`runner` takes orders and runs the answer. What the answer is given (`given`: source, stages, sink;
`remote_errors`) asks the grader for everything, and so does the loop's clock (`remote`, or
`shuffled` for another order of turns; `clocks`). `faults` tells where in the answer something went
wrong, `printed` keeps what it prints. `refusals`, `confinement`, `unasked` and `limits` keep it to
what an answer may do.
"""
