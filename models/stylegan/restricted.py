"""Reads the pickles that StyleGAN2-ADA and StyleGAN3 are shared as, and runs nothing of them.

A pickle is a program for a small stack machine; Python's own machine imports whatever the program names and calls it.
This one is written anew and is no subclass of that: it knows the few instructions that build plain data. A name in the
file becomes a :class:`Name`, a string that is held against :data:`NAMES` and never imported. Where the program calls
something, a function of this module takes the arguments apart, found by that string in a fixed table; nothing else can
be called. The source code that such files carry (``module_src``) is dropped unread. Only ``pickletools`` of the
standard library is used, which takes instructions apart and carries out none.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 4 * 2**30
"""Of a file; NVIDIA's largest are below 0.5 GB."""
MOST_STEPS = 2_000_000
"""Instructions of a file, those of its storages included; a whole snapshot of training has about 100,000."""
MOST_NUMBERS = 2**28
"""Of one tensor."""
MOST_AXES = 6
LONGEST_LINE = 1024
PROTOCOL, ZIP = b"\x80", b"PK"
"""How pickles begin since protocol 2, and zip files."""

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
"""Of what ``torch.save`` wrote before it wrote zip files; a storage inside of a pickle is still kept in that form."""
STORAGE = "torch.storage._load_from_bytes"
STORAGES = {
    "torch.FloatStorage": "<f4", "torch.HalfStorage": "<f2", "torch.DoubleStorage": "<f8", "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4", "torch.ByteStorage": "|u1", "torch.BoolStorage": "|b1",
}  # fmt: skip
"""What a storage holds, by its type's name."""


class RefusedError(ValueError):
    """The file holds something that is not taken; says what."""


@dataclass(frozen=True)
class Name:
    """What the file names; only its letters."""

    text: str


class Opaque:
    """Something harmless that is not needed: a set, a device, an array of numpy. It holds nothing."""


@dataclass(frozen=True)
class Module:
    """A network's part: its class's name, and its attributes as plain data."""

    class_name: str
    state: dict[Any, Any]


@dataclass(frozen=True)
class Tensor:
    """A view into a storage, not yet looked at."""

    storage: NDArray[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """Its numbers, copied. Raises RefusedError if the view reaches out of its storage or repeats it."""
        whole = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or len(self.shape) > MOST_AXES or not all(map(_count, whole)):
            raise RefusedError("a tensor's shape is none")
        size = int(np.prod(self.shape, dtype=object)) if self.shape else 1
        if size > min(MOST_NUMBERS, self.storage.size):
            raise RefusedError(f"a tensor of {self.shape} is larger than its storage of {self.storage.size} numbers")
        if size == 0:
            return np.zeros(self.shape, self.storage.dtype)
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if last >= self.storage.size:
            raise RefusedError(f"a tensor reaches to {last} in a storage of {self.storage.size} numbers")
        wide = self.storage.itemsize
        view = np.lib.stride_tricks.as_strided(
            self.storage[self.offset :], self.shape, [step * wide for step in self.strides], writeable=False
        )
        return np.array(view)


def read(file: BinaryIO, size: int) -> Any:
    """What a pickle of ``size`` bytes holds: plain data, :class:`Module` and :class:`Tensor`. Raises RefusedError."""
    if size > MOST_BYTES:
        raise RefusedError(f"it must be at most {MOST_BYTES // 2**30} GiB, got {size / 2**30:.1f}")
    start = file.read(2)
    if start == ZIP:
        raise RefusedError("it is a zip file, as torch.save writes it, and no pickle of NVIDIA's")
    if start[:1] != PROTOCOL:
        raise RefusedError("it is no pickle of NVIDIA's, by its first byte")
    file.seek(0)
    return _Machine(_Bounded(file, size), NAMES, _Steps(MOST_STEPS)).run()


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**40


class _Bounded:
    """A file that is never asked for more than it has left, whatever length stands in it."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self.tell = file.tell

    def read(self, count: int) -> bytes:
        return self._file.read(max(0, min(count, self._size - self._file.tell())))

    def readline(self) -> bytes:
        return self._file.readline(LONGEST_LINE)


class _Steps:
    """How many instructions may still be carried out, by all machines of a file together."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise RefusedError(f"it has more than {self._most} instructions")


class _Machine:
    """Carries out one pickle's instructions on plain data. Never recursive, so that depth costs no stack."""

    def __init__(self, file: _Bounded, names: frozenset[str], steps: _Steps, storages: bool = False) -> None:
        self._file, self._names, self._steps, self._storages = file, names, steps, storages
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        try:
            for instruction, argument, _ in pickletools.genops(self._file):  # type: ignore[arg-type]
                self._steps.count()
                if instruction.name == "STOP":
                    return self._stack.pop()
                self._step(instruction.name, argument)
        except RefusedError:
            raise
        except (LookupError, TypeError) as error:
            raise RefusedError("it is broken: it takes what is not there") from error
        except (ValueError, OverflowError, MemoryError) as error:
            raise RefusedError(f"it is broken: {error or type(error).__name__}") from error
        raise RefusedError("it is cut short")

    def _step(self, name: str, argument: Any) -> None:
        if name in LITERALS:
            self._stack.append(argument)
        elif name in CONSTANTS:
            self._stack.append(CONSTANTS[name]())
        elif name in TUPLES:
            count = TUPLES[name]
            items = tuple(self._stack[len(self._stack) - count :])
            if len(items) != count:
                raise RefusedError("it is broken: a tuple of what is not there")
            del self._stack[len(self._stack) - count :]
            self._stack.append(items)
        elif name == "MARK":
            self._marks.append(self._stack)
            self._stack = []
        elif name in ("TUPLE", "FROZENSET", "POP_MARK"):
            items = tuple(self._unmark())
            if name != "POP_MARK":
                self._stack.append(items if name == "TUPLE" else Opaque())
        elif name in ("APPEND", "APPENDS"):
            added = self._unmark() if name == "APPENDS" else [self._stack.pop()]
            _kind(self._stack[-1], list, "a list").extend(added)
        elif name in ("SETITEM", "SETITEMS"):
            added = self._unmark() if name == "SETITEMS" else [self._stack.pop(-2), self._stack.pop()]
            _fill(_kind(self._stack[-1], dict, "a dict"), added)
        elif name == "ADDITEMS":
            self._unmark()
            _kind(self._stack[-1], Opaque, "a set")
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self._memo[len(self._memo) if name == "MEMOIZE" else argument] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])
        elif name == "GLOBAL":
            self._stack.append(self._named(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            last, first = self._stack.pop(), self._stack.pop()
            self._stack.append(self._named(_kind(first, str, "a name"), _kind(last, str, "a name")))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, called = self._stack.pop(), self._stack.pop()
            self._stack.append(self._call(called, _kind(arguments, tuple, "arguments"), name))
        elif name == "BUILD":
            self._stack.pop()
            if type(self._stack[-1]) not in (Opaque, _Dtype):
                raise RefusedError(f"it sets the state of {_told(self._stack[-1])}")
        elif name == "BINPERSID" and self._storages:
            self._stack.append(_Wanted.of(self._stack.pop()))
        elif name == "POP":
            self._stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise RefusedError(f"it has the instruction {name}, which no such file needs")

    def _unmark(self) -> list[Any]:
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _call(self, called: object, arguments: tuple[Any, ...], how: str) -> Any:
        table = CALLS if how == "REDUCE" else NEW
        if isinstance(called, Name) and how == "REDUCE" and called.text == STORAGE:
            return _storage(arguments, self._steps)
        if not isinstance(called, Name) or called.text not in table:
            raise RefusedError(f"it calls {_told(called)}, which no such file needs; nothing of it was run")
        return table[called.text](arguments)

    def _named(self, module: str, name: str) -> Name:
        text = f"{module}.{name}"
        if text.startswith("dnnlib.tflib."):
            raise RefusedError("it is a StyleGAN of TensorFlow: convert it with legacy.py of NVIDIA's stylegan3 first")
        if text not in self._names:
            raise RefusedError(f"it names {text[:80]!r}, which no such file needs; nothing of it was run")
        return Name(text)


def _kind(value: Any, kind: type, what: str) -> Any:
    if type(value) is not kind:
        raise RefusedError(f"it is broken: {what} was expected, got {_told(value)}")
    return value


def _told(value: object) -> str:
    """What a value is, in a word; never its contents, which may be endless."""
    return value.text if isinstance(value, Name) else type(value).__name__


def _fill(target: dict[Any, Any], items: list[Any]) -> None:
    if len(items) % 2:
        raise RefusedError("it is broken: a key without a value")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if type(key) not in (str, int, bytes, bool, type(None)):  # others could take forever to be hashed
            raise RefusedError(f"a dict has {_told(key)} as a key")
        target[key] = value


def _ordered(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    if arguments:
        raise RefusedError("an OrderedDict is given what it is to hold")
    return {}


def _module(arguments: tuple[Any, ...]) -> Module | Opaque:
    """``_reconstruct_persistent_obj(meta)`` of torch_utils.persistence: a network's part, with its source code."""
    meta = _kind(arguments[0], dict, "a dict")
    if meta.get("type") != "class":
        raise RefusedError("a persistent object is no class")
    state = meta.get("state")
    return Module(
        _kind(meta.get("class_name"), str, "a class's name"), _kind({} if state is None else state, dict, "a dict")
    )


def _tensor(arguments: tuple[Any, ...]) -> Tensor:
    storage, offset, shape, strides = arguments[:4]
    if not isinstance(storage, np.ndarray):
        raise RefusedError(f"a tensor is of {_told(storage)}")
    return Tensor(storage, offset, _kind(shape, tuple, "a shape"), _kind(strides, tuple, "strides"))


def _parameter(arguments: tuple[Any, ...]) -> Tensor:
    return _kind(arguments[0], Tensor, "a tensor")  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Wanted:
    """A storage whose numbers come after the pickle that names it."""

    dtype: str
    key: str
    count: int

    @classmethod
    def of(cls, told: object) -> _Wanted:
        if type(told) is not tuple or len(told) not in (5, 6) or told[0] != "storage" or told[5:] not in ((), (None,)):
            raise RefusedError("a storage is told in another way than torch does")
        kind, key, _, count = told[1:5]
        if not isinstance(kind, Name) or kind.text not in STORAGES or type(key) is not str or not _count(count):
            raise RefusedError("a storage is told in another way than torch does")
        return cls(STORAGES[kind.text], key, count)


def _storage(arguments: tuple[Any, ...], steps: _Steps) -> NDArray[Any]:
    """``torch.storage._load_from_bytes(bytes)``: five pickles, then the numbers."""
    data = _kind(arguments[0], bytes, "bytes")
    file = io.BytesIO(data)
    magic, version, system, wanted, keys = (
        _Machine(_Bounded(file, len(data)), INNER_NAMES, steps, storages=True).run() for _ in range(5)
    )
    if type(magic) is not int or magic != MAGIC or type(version) is not int or version != VERSION:
        raise RefusedError("a storage is in another form than torch's own before zip files")
    if type(system) is not dict or system.get("little_endian") is not True:
        raise RefusedError("a storage is not little-endian")
    if not isinstance(wanted, _Wanted) or type(keys) is not list or len(keys) != 1 or keys[0] != wanted.key:
        raise RefusedError("a storage is not alone where it is kept")
    start = file.tell() + 8
    count = int.from_bytes(data[start - 8 : start], "little")
    if count != wanted.count or start + count * np.dtype(wanted.dtype).itemsize > len(data):
        raise RefusedError(f"a storage of {wanted.count} numbers is cut short")
    return np.frombuffer(data, wanted.dtype, count, start)


@dataclass(frozen=True)
class _Dtype:
    code: str


def _dtype(arguments: tuple[Any, ...]) -> _Dtype:
    if type(arguments[0]) is not str or arguments[0] not in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "b1", "u1"):
        raise RefusedError("a number of numpy is of a type that no such file needs")
    return _Dtype(arguments[0])


def _scalar(arguments: tuple[Any, ...]) -> float | int | bool:
    kind, data = arguments
    dtype = np.dtype("<" + _kind(kind, _Dtype, "a dtype").code)
    if len(_kind(data, bytes, "bytes")) != dtype.itemsize:
        raise RefusedError("a number of numpy is cut short")
    return np.frombuffer(data, dtype)[0].item()  # type: ignore[no-any-return]


def _opaque(arguments: tuple[Any, ...]) -> Opaque:
    return Opaque()


LITERALS = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
    "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": Opaque,
}  # fmt: skip
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _either(*ends: str) -> Iterable[str]:
    """numpy renamed the package of these between its versions 1 and 2."""
    return (f"numpy.{core}.{end}" for core in ("core", "_core") for end in ends)


CALLS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "torch_utils.persistence._reconstruct_persistent_obj": _module,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "collections.OrderedDict": _ordered,
    "numpy.dtype": _dtype,
    **dict.fromkeys(_either("multiarray.scalar"), _scalar),
    **dict.fromkeys(_either("multiarray._reconstruct", "numeric._frombuffer"), _opaque),
    **dict.fromkeys(("builtins.set", "builtins.frozenset", "torch.device", "torch.Size"), _opaque),
}
"""What the file may call, by name: functions of this module, which only take the arguments apart."""
NEW = {"dnnlib.util.EasyDict": _ordered, "collections.OrderedDict": _ordered}
"""What it may make without calling it: dicts."""
VALUES = ("numpy.ndarray", "torch.float32", "torch.float16", "torch.float64", "torch.contiguous_format")
NAMES = frozenset((*CALLS, *NEW, *VALUES, STORAGE))
INNER_NAMES = frozenset(STORAGES)
"""What a storage's own pickles may name: the type of its numbers."""
