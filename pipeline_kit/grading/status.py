"""The ways in which a check can end, and the exception that says so."""

from enum import StrEnum

from pipeline_kit.trace import Trace


class Status(StrEnum):
    """How a check, or a whole exercise, ended; from the best to the worst."""

    PASSED = "passed"
    NOT_ATTEMPTED = "not attempted"
    FAILED = "failed"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    TAMPERED = "tampered"
    GRADER_ERROR = "grader error"
    """The grader itself failed. That is never the student's fault, and never a grade."""

    @property
    def severity(self) -> int:
        """0 for passed, greater for worse."""
        return list(Status).index(self)


class Unmet(AssertionError):  # noqa: N818 - a claim that is not met is no error
    """Raised when a claim about a run does not hold; the message says what happened instead.

    Args:
        message: what happened, at which virtual time, and what should have.
        status: how the check has ended by this.
        at: when it happened, in virtual seconds; None for when the run ended.
        trace: the record of that run; None for that of the latest run.
    """

    def __init__(
        self,
        message: str,
        status: Status = Status.FAILED,
        *,
        at: float | None = None,
        trace: Trace | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.at = at
        self.trace = trace
