"""The models that are declared, and their weights."""

from collections.abc import Iterator

from bridge.checks import Finding
from bridge.config import Settings
from bridge.weights import files


def weights(settings: Settings) -> Iterator[Finding]:
    """Each model's files, with their hashes."""
    from models.contract import FrameModel, NoteModel, discover

    models = discover()
    for kind, what in ((NoteModel, "plays"), (FrameModel, "paints")):
        if not any(issubclass(model, kind) for model in models):
            yield Finding("models", "fail", f"there is no model that {what}", "install Antiphon again")
    for model in models:
        found = files(model)
        missing = [file.name for file in found if not file.path.is_file()]
        if missing:
            text = f"weights are missing: {', '.join(missing)}"
            yield Finding(f"model {model.name}", "fail", text, "install Antiphon again; in a checkout: git status")
        else:
            hashes = ", ".join(f"{file.name} {file.sha256()[:12]}" for file in found)
            yield Finding(f"model {model.name}", "ok", hashes or "ships no weights")
