"""The adapter on a base model: put there, and as strong as a call asks for."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peft import PeftModel, get_peft_model_state_dict, load_peft_weights
from peft.helpers import rescale_adapter_scale

from kakaobot.errors import BaseModelError
from kakaobot.language import tr

log = logging.getLogger(__name__)


def with_adapter(model: Any, adapter: Path) -> Any:
    """The model with an adapter that has a weight for each of its layers.

    Raises:
        BaseModelError: it belongs to another model.
    """
    try:
        model = PeftModel.from_pretrained(model, str(adapter))
        # peft warns of missing weights, and would answer without the adapter.
        expected = get_peft_model_state_dict(model, save_embedding_layers=False)
        missing = expected.keys() - load_peft_weights(str(adapter), device="cpu").keys()
        if missing:
            raise KeyError(min(missing))
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        log.warning("adapter %s cannot be loaded", adapter, exc_info=True)
        raise BaseModelError(
            tr(
                "배운 파일 {name}/{adapter} 을 읽지 못했습니다. 바탕 모델이 그대로인지 확인하고, "
                "안 되면 다시 학습하세요."
            ).format(name=adapter.parent.name, adapter=adapter.name)
        ) from error
    return model


@contextlib.contextmanager
def at_strength(model: Any, strength: float) -> Iterator[None]:
    """Scale the adapter within the block; 0 takes it off. A model without one stays as it is."""
    if strength == 1 or not isinstance(model, PeftModel):
        yield
    elif strength == 0:
        with model.disable_adapter():
            yield
    else:
        with rescale_adapter_scale(model, strength):
            yield
