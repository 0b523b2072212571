"""Trains the starter on openly licensed text: tokenizer, weights and model card.

    python -m kakaobot.starter.build --corpus FOLDER [--minutes 120] [--out kakaobot/starter/model]

Casual sentences first, then more small talk. The schedule follows time, not steps, so that the same
command suits slow and fast machines. It resumes from its saved state.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from kakaobot.chat_format import CHATML, IM_END
from kakaobot.chat_template import Renderer
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER
from kakaobot.starter.corpus import (
    END_OF_TEXT,
    VOCABULARY,
    Pair,
    chat_renderer,
    chats,
    read_pairs,
    read_sentences,
    train_tokenizer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenizers import Tokenizer

IGNORED = -100


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters, chosen by short comparisons on two cores; a small model sees enough text."""

    hidden: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    intermediate: int = 768
    context: int = 512
    tokens_per_step: int = 8192
    peak_rate: float = 5e-3
    warmup: float = 0.02
    """Share of the time."""
    sentences_until: float = 0.5
    """Share of the time after which there is more small talk and the learning rate decays."""
    chat_share: tuple[float, float] = (0.08, 0.4)
    """Share of small talk among the rows, before and after that."""
    weight_decay: float = 0.1
    seed: int = 20261123


def main() -> int:
    parser = argparse.ArgumentParser(prog="kakaobot.starter.build", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--work", type=Path, default=Path(".starter"), help="state between runs")
    parser.add_argument("--minutes", type=float, default=120.0)
    options = parser.parse_args()
    StarterBuild(Recipe(), options.corpus, options.work, options.out).run(options.minutes * 60)
    return 0


class StarterBuild:
    """One build; `work` holds tokens and state, `out` the best model so far."""

    def __init__(self, recipe: Recipe, corpus: Path, work: Path, out: Path) -> None:
        self.recipe, self.corpus, self.work, self.out = recipe, corpus, work, out
        work.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.rng = random.Random(recipe.seed)
        pairs = read_pairs(corpus)
        self.train_pairs = [pair for pair in pairs if not pair.held_out]
        questions = {pair.question for pair in self.train_pairs}
        self.held_out = [p for p in pairs if p.held_out and p.question not in questions]
        self.tokenizer = self._tokenizer()
        self.renderer = chat_renderer(self.tokenizer)
        self.end_of_text = int(self.tokenizer.token_to_id(END_OF_TEXT) or 0)
        self.sentences = self._sentence_tokens()
        self.model = Qwen3ForCausalLM(self._config())
        self.optimizers = self._optimizers()
        self.elapsed, self.step, self.best = 0.0, 0, math.inf
        self.tokens_seen = 0

    def run(self, seconds: float) -> None:
        self._load_state()
        step_model = torch.compile(self.model)
        rows = self._rows(lambda: self.elapsed / seconds)
        size = self.recipe.tokens_per_step // self.recipe.context
        last_saved = self.elapsed
        while self.elapsed < seconds:
            started = time.perf_counter()
            self._set_rate(self.elapsed / seconds)
            batch = torch.stack([next(rows) for _ in range(size)])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = step_model(input_ids=batch, labels=batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for optimizer in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            self.step += 1
            self.tokens_seen += batch.numel()
            self.elapsed += time.perf_counter() - started
            if self.step % 20 == 0:
                self._log(loss=loss.item(), speed=batch.numel() / (time.perf_counter() - started))
            if self.step % 150 == 0 or self.elapsed >= seconds:
                self._keep_if_best()
            if self.elapsed - last_saved > 240:
                last_saved = self.elapsed
                self._save_state()
        self._save_state()
        self._write_card()

    # -- data --------------------------------------------------------------------------------------

    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        file = self.work / "tokenizer.json"
        if not file.exists():
            texts = read_sentences(self.corpus)
            # Repeated, because there are fifty times as many reviews.
            for pair in self.train_pairs * 5:
                texts += [pair.question, pair.answer]
            train_tokenizer(texts).save(str(file))
        return Tokenizer.from_file(str(file))

    def _sentence_tokens(self) -> torch.Tensor:
        """All sentences but the last 2,000 as one int32 tensor of ids."""
        file = self.work / "sentences.pt"
        if not file.exists():
            texts = read_sentences(self.corpus)[:-2000]
            ids: list[int] = []
            for start in range(0, len(texts), 20_000):
                for encoded in self.tokenizer.encode_batch(texts[start : start + 20_000]):
                    ids += [*encoded.ids, self.end_of_text]
            torch.save(torch.tensor(ids, dtype=torch.int32), file)
        tokens: torch.Tensor = torch.load(file, weights_only=True)
        return tokens

    def _rows(self, progress: Any) -> Iterator[torch.Tensor]:
        """Rows of `context` ids, of sentences or small talk by the current share."""
        talk, text = self._chat_rows(), self._sentence_rows()
        while True:
            share = self.recipe.chat_share[progress() >= self.recipe.sentences_until]
            yield next(talk) if self.rng.random() < share else next(text)

    def _chat_rows(self) -> Iterator[torch.Tensor]:
        buffer: list[int] = []
        while True:
            epoch = list(chats(self.train_pairs, self.renderer, self.rng))
            self.rng.shuffle(epoch)
            for ids in epoch:
                buffer += [*ids, self.end_of_text]
                if len(buffer) >= self.recipe.context:
                    yield torch.tensor(buffer[: self.recipe.context])
                    # Rows start at the beginning of a chat, as conversations do in use.
                    buffer = []

    def _sentence_rows(self) -> Iterator[torch.Tensor]:
        size = self.recipe.context
        while True:
            starts = list(range(self.rng.randrange(size), len(self.sentences) - size, size))
            self.rng.shuffle(starts)
            for start in starts:
                yield self.sentences[start : start + size].long()

    # -- model -------------------------------------------------------------------------------------

    def _config(self) -> Qwen3Config:
        recipe = self.recipe
        return Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=recipe.hidden,
            intermediate_size=recipe.intermediate,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.kv_heads,
            head_dim=recipe.head_dim,
            max_position_embeddings=recipe.context,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=self.renderer.end_id,
            pad_token_id=self.end_of_text,
            use_cache=False,
        )

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices inside the layers, AdamW for the rest (Jordan et al., 2024)."""
        inner = [p for n, p in self.model.named_parameters() if p.ndim == 2 and ".layers." in n]
        rest = [p for n, p in self.model.named_parameters() if p.ndim != 2 or ".layers." not in n]
        rate, decay = self.recipe.peak_rate, self.recipe.weight_decay
        return [
            torch.optim.Muon(inner, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
        ]

    def _set_rate(self, progress: float) -> None:
        """Warmup, constant, then linear decay to a fiftieth."""
        recipe = self.recipe
        rise = min(1.0, progress / recipe.warmup + 0.01)
        left = (1.0 - progress) / (1.0 - recipe.sentences_until)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = recipe.peak_rate * rise * min(1.0, max(left, 0.02))

    # -- output ------------------------------------------------------------------------------------

    def _keep_if_best(self) -> None:
        loss = held_out_loss(self.model, self.renderer, self.held_out)
        print(f"step {self.step} held-out loss {loss:.4f} best {self.best:.4f}", flush=True)
        if loss < self.best:
            self.best = loss
            self._export()

    def _export(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        copy: Any = Qwen3ForCausalLM(self._config())
        copy.to(torch.bfloat16)
        copy.load_state_dict(self.model.state_dict())
        copy.config.use_cache = True
        copy.generation_config.update(
            do_sample=True, temperature=0.7, top_p=0.9, eos_token_id=self.renderer.end_id
        )
        copy.save_pretrained(self.out)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=self.tokenizer,
            eos_token=IM_END,
            pad_token=END_OF_TEXT,
            model_max_length=self.recipe.context,
        )
        tokenizer.chat_template = CHATML.jinja
        tokenizer.save_pretrained(self.out)
        figures = {
            "held_out_loss": round(self.best, 4),
            "held_out_pairs": len(self.held_out),
            "learnt_pairs": len(self.train_pairs),
            "step": self.step,
            "tokens_seen": self.tokens_seen,
            "minutes": round(self.elapsed / 60, 1),
            "parameters": sum(p.numel() for p in self.model.parameters()),
        }
        (self.out / "figures.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")

    def _save_state(self) -> None:
        draft = self.work / "state.pt.new"
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "numbers": (self.elapsed, self.step, self.best, self.tokens_seen),
            },
            draft,
        )
        draft.replace(self.work / "state.pt")

    def _load_state(self) -> None:
        file = self.work / "state.pt"
        if file.exists():
            state = torch.load(file, weights_only=True)
            self.model.load_state_dict(state["model"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.elapsed, self.step, self.best, self.tokens_seen = state["numbers"]
            # Otherwise a resumed build would draw the same rows again.
            self.rng.seed(self.recipe.seed + self.step)

    def _write_card(self) -> None:
        from kakaobot.starter.card import write_card

        write_card(self.out, self.held_out)

    def _log(self, *, loss: float, speed: float) -> None:
        print(
            f"{self.elapsed / 60:6.1f} min  step {self.step:5d}  loss {loss:.3f}  "
            f"{speed:,.0f} tokens/s",
            flush=True,
        )


@torch.no_grad()
def held_out_loss(model: Qwen3ForCausalLM, renderer: Renderer, pairs: list[Pair]) -> float:
    """Mean cross-entropy of the answers with their end of turn, in nats per token."""
    total, count = 0.0, 0
    model.eval()
    for start in range(0, len(pairs), 64):
        encoded = [
            renderer.encode(
                [
                    ChatMessage("user", p.question),
                    ChatMessage("assistant", p.answer, is_target=True),
                ]
            )
            for p in pairs[start : start + 64]
        ]
        width = max(len(row.ids) for row in encoded)
        ids = torch.zeros(len(encoded), width, dtype=torch.long)
        labels = torch.full_like(ids, IGNORED)
        for i, row in enumerate(encoded):
            ids[i, : len(row.ids)] = torch.tensor(row.ids)
            labels[i, : len(row.ids)] = torch.where(
                torch.tensor(row.loss_mask), torch.tensor(row.ids), IGNORED
            )
        # Right padding, which a causal model does not attend to.
        logits = model(input_ids=ids).logits[:, :-1]
        total += torch.nn.functional.cross_entropy(
            logits.flatten(0, 1).float(), labels[:, 1:].flatten(), reduction="sum"
        ).item()
        count += int((labels[:, 1:] != IGNORED).sum())
    model.train()
    return total / count


if __name__ == "__main__":
    sys.exit(main())
