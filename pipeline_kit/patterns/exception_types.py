"""Exception types: which errors a layer is to deal with, checked when the layer is made."""

ExceptionTypes = type[Exception] | tuple[type[Exception], ...]
"""An exception class, or several."""


def as_exceptions(argument: str, given: ExceptionTypes) -> tuple[type[Exception], ...]:
    """Return the classes in `given` as a tuple.

    Raises:
        TypeError: one is not a class of exceptions, or is no `Exception`, like `CancelledError`:
            whoever holds back a cancellation cannot be stopped.
    """
    kinds = given if isinstance(given, tuple) else (given,)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise TypeError(
                f"{argument} must be an Exception class or a tuple of them, got {kind!r}; "
                "cancellations and the like cannot be handled, they pass through"
            )
    return kinds
