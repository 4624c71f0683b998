"""What `python -m pipeline_kit.grading` can do besides the score: watch, reset, grade, nbgrader."""
