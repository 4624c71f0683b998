"""What a check can claim about a run, in the words of pipelines.

`general` holds what every pipeline owes; the others are named after the patterns they judge.
`timetable` says when each item should come out, `luck` whether an answer is right in any order.
"""
