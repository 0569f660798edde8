"""How well a model reconstructs windows, and what its prior sounds like."""

import math

import numpy as np
import torch

from models.music_vae import melody
from models.music_vae.training.network import MusicVae, shift


def onset_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """F1 of (step, pitch) of note-ons over all windows [N, T] together."""
    true_on, found_on = truth >= melody.FIRST_NOTE, found >= melody.FIRST_NOTE
    hits = int((true_on & (truth == found)).sum())
    return 2.0 * hits / max(int(true_on.sum()) + int(found_on.sum()), 1)


@torch.no_grad()
def reconstruction(model: MusicVae, windows: np.ndarray, temperature: float = 0.5, seed: int = 0) -> dict[str, float]:
    """Teacher-forced and sampled (from mu) accuracy and F1 over windows [N, T], and KL in bits."""
    generator = torch.Generator().manual_seed(seed)
    forced, sampled, kls, nll = [], [], [], 0.0
    for part in np.array_split(windows.astype(np.int64), max(len(windows) // 512, 1)):
        x = torch.from_numpy(np.ascontiguousarray(part.T))
        mu, sigma = model.encode(x)
        kls.append(0.5 * (mu.square() + sigma.square() - 1 - 2 * sigma.log()))
        logits = model.decode(mu, shift(x))
        nll += torch.nn.functional.cross_entropy(logits.view(-1, melody.CLASSES), x.reshape(-1), reduction="sum").item()
        forced.append(logits.argmax(2).T.numpy())
        sampled.append(model.sample(mu, len(x), temperature, generator=generator).T.numpy())
    a, b = np.concatenate(forced), np.concatenate(sampled)
    kl = torch.cat(kls)
    return {
        "forced_accuracy": float((a == windows).mean()),
        "forced_f1": onset_f1(windows, a),
        "sampled_accuracy": float((b == windows).mean()),
        "sampled_f1": onset_f1(windows, b),
        "no_event_accuracy": float((windows == melody.NO_EVENT).mean()),
        "nll_nats": nll / len(windows),
        "kl_bits": float(kl.sum(1).mean()) / math.log(2),
        "active_dimensions": float((kl.mean(0) > 0.05).sum()),
    }
