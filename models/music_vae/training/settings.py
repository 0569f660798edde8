"""What one training is set to."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What one training is; kept in its checkpoints. `beta_max`, `beta_rate`, `free_bits` are Magenta's.

    The LSTM kernels are trained with Muon (a quarter of Adam's steps to the same loss here), the rest with Adam; both
    learning rates fall by a cosine to `decay_to` of their first value. `free_running` is the share of each batch whose
    decoder is fed its own samples instead of the truth, reached after `free_ramp` of the steps (Magenta's scheduled
    sampling mixes the two within a sequence). Of melodies, `transpose` is by how many semitones they are moved at most,
    and `sparse_share` how many of the windows with a bar without an onset an epoch sees: with all of them, samples from
    the prior have too many empty bars. Of drums, `mixed` is the share of windows that are varied, and
    of grooves `feel` how much velocities and offsets count beside hits. Of melodies with chords, `mixed` is the share
    whose z is that of the melody over other chords, `vague` that whose z is drawn towards N(0, 1), as far as `vaguest`
    at most, and `unchorded` that which is without chords. Over the last quarter of the steps `mixed` falls to
    `mixed_last`, where that is less.
    """

    steps: int = 8_000
    batch: int = 128
    muon_rate: float = 0.01
    muon_decay: float = 0.1
    adam_rate: float = 2e-3
    decay_to: float = 0.01
    warm_up: int = 30
    beta_max: float = 0.2
    beta_rate: float = 0.999
    free_bits: float = 0.0
    free_running: float = 0.4
    free_ramp: float = 0.5
    free_temperature: float = 0.7
    transpose: int = 6
    sparse_share: float = 0.25
    mixed: float = 0.5
    mixed_last: float = 1.0
    feel: float = 1.0
    vague: float = 0.0
    vaguest: float = 0.7
    unchorded: float = 0.0
    clip: float = 1.0
    seed: int = 1

    def rate_at(self, step: int) -> float:
        """The factor of both learning rates."""
        t = min(step / self.steps, 1.0)
        cosine = self.decay_to + (1.0 - self.decay_to) * 0.5 * (1.0 + math.cos(math.pi * t))
        return cosine * min((step + 1) / self.warm_up, 1.0)

    def beta_at(self, step: int) -> float:
        return (1.0 - self.beta_rate**step) * self.beta_max

    def free_at(self, step: int) -> float:
        return self.free_running * min(step / (self.free_ramp * self.steps), 1.0)

    def mixed_at(self, step: int) -> float:
        fall = max(self.mixed - self.mixed_last, 0.0)
        return self.mixed - fall * min(max(4 * step / self.steps - 3, 0.0), 1.0)
