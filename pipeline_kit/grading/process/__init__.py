"""The border between grader and student: a process that can be talked to, limited and killed.

`student_process` starts and ends it, `guard` watches over it, `protocol` says what the two sides
may say to each other, and `distrust` reads what the student's side says.
"""
