"""What note models can be asked for, found in their declarations."""

from models.contract import NoteModel, discover


def uses() -> dict[str, list[type[NoteModel]]]:
    """The actions that play, each with the models that have it, the default one first."""
    found: dict[str, list[type[NoteModel]]] = {}
    models = [model for model in discover() if issubclass(model, NoteModel)]
    for model in sorted(models, key=lambda model: not model.default):
        for name, action in model.actions().items():
            if action.answers:
                found.setdefault(name, []).append(model)
    return found
