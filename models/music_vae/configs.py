"""Every configuration of Magenta's MusicVAE, by name.

The values are those of magenta 2.1.4 `models/music_vae/configs.py` and of the defaults it merges in (`base_model.py`,
`lstm_models.py`). Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term Structure in Music", ICML
2018; Simon et al., "Learning a Latent Space of Multitrack Measures", 2018; Gillick et al., "Learning to Groove with
Inverse Sequence Transformations", ICML 2019.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

MELODY_CLASSES = 90
DRUM_CLASSES = 9
FULL_DRUM_CLASSES = 61
CHORD_CLASSES = 49
PERFORMANCE_CLASSES = 490


@dataclass(frozen=True)
class HParams:
    """Sizes and training settings; Magenta's names. A checkpoint with other sizes overrides them by name."""

    max_seq_len: int = 32
    z_size: int = 32
    enc_rnn_size: tuple[int, ...] = (256,)
    dec_rnn_size: tuple[int, ...] = (512,)
    nade_num_hidden: int = 0
    free_bits: float = 0.0
    max_beta: float = 1.0
    beta_rate: float = 0.0
    sampling_schedule: Literal["constant", "inverse_sigmoid", "exponential"] = "constant"
    sampling_rate: float = 0.0
    dropout_keep_prob: float = 1.0
    batch_size: int = 512
    learning_rate: float = 0.001
    decay_rate: float = 0.9999
    min_learning_rate: float = 0.00001
    grad_clip: float = 1.0

    def updated(self, values: Mapping[str, Any]) -> "HParams":
        """These with ``values`` in place; names that only training knows elsewhere are refused, as is a wrong type."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"hparams: {name!r} is not one of {', '.join(known)}")
            if isinstance(known[name], tuple):
                sizes = tuple(value) if isinstance(value, (list, tuple)) else ()
                if not sizes or not all(isinstance(n, int) and 0 < n <= 65536 for n in sizes):
                    raise ValueError(f"hparams: {name} must be a list of sizes 1..65536, got {value!r}")
                changed[name] = sizes
            elif isinstance(known[name], int):
                if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1 << 20:
                    raise ValueError(f"hparams: {name} must be a whole number 0..1048576, got {value!r}")
                changed[name] = value
            elif isinstance(known[name], str):
                changed[name] = str(value)
            else:
                changed[name] = float(value)
        return replace(self, **changed)


@dataclass(frozen=True)
class Encoding:
    """How notes become steps and steps notes; the fields a kind has no use for keep their defaults."""

    kind: Literal["melody", "drums", "trio", "groove", "multiperf"]
    bars: int = 2
    programs: tuple[int, int] | None = None
    """Of a melody: the MIDI programs taken, first and last; None takes all."""
    full_kit: bool = False
    """Of drums: all 61 General MIDI drum pitches instead of 9 classes."""
    roll_output: bool = False
    """Of drums: the output is one bit a class, not one of 2 to the power of classes."""
    chords: bool = False
    humanize: bool = False
    tapify: bool = False
    fixed_velocities: bool = False
    note_dropout: float = 0.0
    """Of groove, in training only: the greatest probability of leaving a note out of the input."""
    removed: tuple[int, ...] = ()
    """Of groove: drum classes taken out of the input, for the model to add."""
    hits_as_controls: bool = False

    @property
    def input_depth(self) -> int:
        """Width of a step that the encoder reads."""
        if self.kind == "drums":
            return (FULL_DRUM_CLASSES if self.full_kit else DRUM_CLASSES) + 1
        return self.output_depth

    @property
    def output_depth(self) -> int:
        """Width of a step that the decoder samples."""
        return sum(self.output_depths)

    @property
    def output_depths(self) -> tuple[int, ...]:
        """Widths of the parts of a step, each with its own distribution."""
        match self.kind:
            case "melody":
                return (MELODY_CLASSES,)
            case "drums":
                classes = FULL_DRUM_CLASSES if self.full_kit else DRUM_CLASSES
                return (classes,) if self.roll_output else (2**classes,)
            case "trio":
                return (MELODY_CLASSES, MELODY_CLASSES, 2**DRUM_CLASSES)
            case "groove":
                return (3 * DRUM_CLASSES,)
            case "multiperf":
                return (PERFORMANCE_CLASSES,)

    @property
    def control_depth(self) -> int:
        """Width of what conditions a step; 0 where nothing does."""
        return CHORD_CLASSES if self.chords else DRUM_CLASSES if self.hits_as_controls else 0


@dataclass(frozen=True)
class Config:
    """One MusicVAE: its network, its sizes and its encoding."""

    name: str
    hparams: HParams
    encoding: Encoding
    output: Literal["categorical", "nade", "groove"] = "categorical"
    """The distribution of a step, or of each part of one."""
    split_decoders: bool = False
    """A decoder of its own for each part of a step, instead of one for all."""
    encoder_levels: tuple[int, ...] = ()
    """Segment lengths of a hierarchical encoder, lowest level first; empty: flat."""
    decoder_levels: tuple[int, ...] = ()
    """Lengths of a hierarchical decoder's levels, highest first; empty: flat."""

    def with_hparams(self, values: Mapping[str, Any]) -> "Config":
        """This configuration with other sizes. Raises ValueError naming a field that does not exist."""
        return replace(self, hparams=self.hparams.updated(values))


_SMALL = HParams(z_size=256, enc_rnn_size=(512,), dec_rnn_size=(256, 256))
_BIG = HParams(z_size=512, enc_rnn_size=(2048,), dec_rnn_size=(2048, 2048, 2048))
_SCHEDULED: dict[str, Any] = {"sampling_schedule": "inverse_sigmoid", "sampling_rate": 1000.0}
_MELODY: dict[str, Any] = {"max_beta": 0.2, "beta_rate": 0.99999, **_SCHEDULED}
_DRUMS: dict[str, Any] = {"free_bits": 48.0, "max_beta": 0.2, **_SCHEDULED}
_NADE = replace(_SMALL, enc_rnn_size=(1024,), dec_rnn_size=(512, 512), nade_num_hidden=128, **_DRUMS)
_LONG: dict[str, Any] = {"max_seq_len": 256, "z_size": 512, "enc_rnn_size": (2048, 2048)}
_FREE: dict[str, Any] = {"free_bits": 256.0, "max_beta": 0.2}
_FLAT_LONG = HParams(**_LONG, dec_rnn_size=(2048, 2048, 2048))
_HIERDEC = HParams(**_LONG, dec_rnn_size=(1024, 1024), **_FREE)
_HIER = replace(_HIERDEC, enc_rnn_size=(1024,))
_GROOVE = replace(_SMALL, max_beta=0.2, free_bits=48.0, dropout_keep_prob=0.3)
_MULTIPERF = HParams(max_seq_len=512, z_size=512, batch_size=256, enc_rnn_size=(1024,), dec_rnn_size=(512,) * 3)
_MULTIPERF_BIG = replace(_MULTIPERF, enc_rnn_size=(2048,), dec_rnn_size=(1024,) * 3)

_PIANO_TO_GUITAR = (0, 31)
_TWO_BARS = Encoding("melody", programs=_PIANO_TO_GUITAR)
_SIXTEEN_BARS = Encoding("melody", bars=16)
_TRIO = Encoding("trio", bars=16)
_KIT = Encoding("drums")
_TAP = Encoding("groove", tapify=True, fixed_velocities=True)
_PERFORMANCE = Encoding("multiperf", bars=1)
_PHRASES: dict[str, Any] = {"decoder_levels": (16, 16)}
_BOTH: dict[str, Any] = {"encoder_levels": (16, 16), "decoder_levels": (16, 16)}
_TRACKS: dict[str, Any] = {"encoder_levels": (64, 8), "decoder_levels": (8, 64)}

CONFIGS: dict[str, Config] = {
    config.name: config
    for config in (
        Config("cat-mel_2bar_small", replace(_SMALL, **_MELODY), _TWO_BARS),
        Config("cat-mel_2bar_big", replace(_BIG, **_MELODY | {"max_beta": 0.5}), _TWO_BARS),
        Config(
            "cat-mel_2bar_med_chords",
            HParams(z_size=256, enc_rnn_size=(1024,), dec_rnn_size=(512, 512, 512)),
            Encoding("melody", chords=True),
        ),
        Config("cat-drums_2bar_small", replace(_SMALL, **_DRUMS), _KIT),
        Config("cat-drums_2bar_big", replace(_BIG, **_DRUMS), _KIT),
        Config("nade-drums_2bar_reduced", _NADE, Encoding("drums", roll_output=True), "nade"),
        Config("nade-drums_2bar_full", _NADE, Encoding("drums", roll_output=True, full_kit=True), "nade"),
        Config("flat-mel_16bar", replace(_FLAT_LONG, **_FREE), _SIXTEEN_BARS),
        Config("flat-trio_16bar", replace(_FLAT_LONG, batch_size=256), _TRIO),
        Config("hierdec-mel_16bar", _HIERDEC, _SIXTEEN_BARS, **_PHRASES),
        Config("hierdec-trio_16bar", replace(_HIERDEC, batch_size=256), _TRIO, split_decoders=True, **_PHRASES),
        Config("hier-mel_16bar", _HIER, _SIXTEEN_BARS, **_BOTH),
        Config("hier-trio_16bar", replace(_HIER, batch_size=256), _TRIO, split_decoders=True, **_BOTH),
        Config("hier-multiperf_vel_1bar_med", _MULTIPERF, _PERFORMANCE, **_TRACKS),
        Config("hier-multiperf_vel_1bar_big", _MULTIPERF_BIG, _PERFORMANCE, **_TRACKS),
        Config("hier-multiperf_vel_1bar_med_chords", _MULTIPERF, replace(_PERFORMANCE, chords=True), **_TRACKS),
        Config("hier-multiperf_vel_1bar_big_chords", _MULTIPERF_BIG, replace(_PERFORMANCE, chords=True), **_TRACKS),
        Config("groovae_4bar", replace(_GROOVE, max_seq_len=64), Encoding("groove", bars=4), "groove"),
        Config("groovae_2bar_humanize", _GROOVE, Encoding("groove", humanize=True), "groove"),
        Config("groovae_2bar_tap_fixed_velocity", _GROOVE, _TAP, "groove"),
        Config("groovae_2bar_tap_fixed_velocity_note_dropout", _GROOVE, replace(_TAP, note_dropout=0.8), "groove"),
        Config("groovae_2bar_add_closed_hh", _GROOVE, Encoding("groove", removed=(2,)), "groove"),
        Config("groovae_2bar_hits_control", _GROOVE, Encoding("groove", hits_as_controls=True), "groove"),
    )
}

ALIASES = {"groovae_2bar_hits_control_tfds": "groovae_2bar_hits_control"}
"""Names under which Magenta also knows a configuration."""


def find(name: str) -> Config:
    """The configuration of that name. Raises ValueError listing the names there are."""
    config = CONFIGS.get(ALIASES.get(name, name))
    if config is None:
        raise ValueError(f"config must be one of {', '.join(CONFIGS)}; got {name!r}")
    return config
