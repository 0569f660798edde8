"""Parameters and arguments as they are given to a player, held against their declaration."""

from collections.abc import Mapping

from models.contract import Param, Value


def number(declared: Mapping[str, Param], name: str, values: Mapping[str, Value]) -> float:
    """The value of a name, or its default. Raises ValueError, stating the rule and the value."""
    param = declared[name]
    value = values.get(name, param.default)
    if isinstance(value, str) or param.low is None or param.high is None or not param.low <= value <= param.high:
        raise ValueError(f"{name} must be {param.low}..{param.high}, got {value!r}")
    return float(value)


def text(declared: Mapping[str, Param], name: str, values: Mapping[str, Value]) -> str:
    """The same, of a text."""
    param = declared[name]
    value = values.get(name, param.default)
    if not isinstance(value, str) or (param.choices and value not in param.choices):
        allowed = f"one of {', '.join(param.choices)}" if param.choices else "a text"
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    return value
