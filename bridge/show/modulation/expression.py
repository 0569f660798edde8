"""A formula of a performer's: parsed and computed here, never given to Python to run."""

import ast
import math
import operator
from collections.abc import Callable, Mapping

LONGEST = 200
"""Characters of a formula."""
DEEPEST = 20
"""Brackets within brackets, and the like."""

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}  # fmt: skip
_UNARY: Mapping[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
FUNCTIONS: Mapping[str, tuple[int, Callable[..., float]]] = {
    "sin": (1, lambda turns: math.sin(2 * math.pi * turns)),
    "cos": (1, lambda turns: math.cos(2 * math.pi * turns)),
    "tri": (1, lambda turns: 4 * abs((turns - 0.25) % 1 - 0.5) - 1),
    "saw": (1, lambda turns: 2 * (turns % 1) - 1),
    "abs": (1, abs),
    "floor": (1, math.floor),
    "sqrt": (1, lambda x: math.sqrt(max(0.0, x))),
    "min": (2, min),
    "max": (2, max),
    "pow": (2, lambda x, y: max(0.0, x) ** y),
    "clip": (3, lambda x, low, high: min(max(x, low), high)),
}
"""By name: how many arguments, and what it is. Angles are turns: sin(beat / 4) goes round in four beats."""


class ExpressionError(ValueError):
    """A formula that is not allowed; the text states the rule and what was received."""


class Expression:
    """A formula over named numbers, such as ``0.5 + 0.5 * sin(beat / 4) * velocity``."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        """Raises ExpressionError: the formula must be made of numbers, the names, + - * / % and FUNCTIONS alone."""
        if len(text) > LONGEST:
            raise ExpressionError(f"a formula must be at most {LONGEST} characters long, got {len(text)}")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body  # builds the tree, and runs nothing
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ExpressionError(f"a formula must be arithmetic such as sin(beat / 4), got {text!r}") from error
        self._names = names
        self._check(self._tree, text, 0)

    def __call__(self, values: Mapping[str, float]) -> float:
        """The formula's value; 0 where it has none (a division by 0, a number beyond all bounds)."""
        try:
            result = self._value(self._tree, values)
        except (ArithmeticError, ValueError):
            return 0.0
        return result if math.isfinite(result) else 0.0

    def _check(self, node: ast.expr, text: str, depth: int) -> None:
        if depth > DEEPEST:
            raise ExpressionError(f"a formula must be at most {DEEPEST} deep, got {text!r}")
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number) if abs(number) < 1e9:
                return
            case ast.Name(id=name):
                if name in self._names:
                    return
                raise ExpressionError(
                    f"a name in a formula must be one of {', '.join(sorted(self._names))}, got {name}"
                )
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                self._check(left, text, depth + 1)
                self._check(right, text, depth + 1)
                return
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                self._check(operand, text, depth + 1)
                return
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                wanted = FUNCTIONS[name][0]
                if len(arguments) != wanted:
                    raise ExpressionError(f"{name} must be given {wanted} numbers, got {len(arguments)} in {text!r}")
                for argument in arguments:
                    self._check(argument, text, depth + 1)
                return
        allowed = f"numbers, + - * / %, {', '.join(FUNCTIONS)} and {', '.join(sorted(self._names))}"
        raise ExpressionError(f"a formula must be made of {allowed}, got {text!r}")

    def _value(self, node: ast.expr, values: Mapping[str, float]) -> float:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return values[name]
            case ast.BinOp(left=left, op=op, right=right):
                return _BINARY[type(op)](self._value(left, values), self._value(right, values))
            case ast.UnaryOp(op=op, operand=operand):
                return _UNARY[type(op)](self._value(operand, values))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return float(FUNCTIONS[name][1](*(self._value(argument, values) for argument in arguments)))
        raise AssertionError("what was checked is one of these")
