"""Training data of the starter: casual sentences, and small talk as short chats. No torch."""

from __future__ import annotations

import csv
import gzip
import random
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kakaobot.chat_format import CHATML, IM_END, IM_START
from kakaobot.chat_template import Renderer
from kakaobot.schema import ChatMessage

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END_OF_TEXT = "<|endoftext|>"
VOCABULARY = 8192
HELD_OUT_IN = 20
"""One in this many questions is held out."""
NAMES = (
    "도담",
    "은솔",
    "마루",
    "가온",
    "라온",
    "새봄",
    "나래",
    "다온",
    "하람",
    "이든",
    "보라",
    "한결",
)

# Qwen's pre-tokenizer (Qwen2 tokenizer.json), so that the starter splits text where Qwen does.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Pair:
    question: str
    answer: str
    topic: str

    @property
    def held_out(self) -> bool:
        """By a checksum of the question, so every build holds out the same."""
        return zlib.crc32(self.question.encode()) % HELD_OUT_IN == 0


def read_sentences(corpus: Path) -> list[str]:
    """Casual sentences, one per line of `reviews-ko.txt.gz`."""
    with gzip.open(corpus / "reviews-ko.txt.gz", "rt", encoding="utf-8") as lines:
        return [unicodedata.normalize("NFC", line.strip()) for line in lines if line.strip()]


def read_pairs(corpus: Path) -> list[Pair]:
    """Question and answer pairs from `chatbot-pairs-ko.csv`, in file order."""
    with (corpus / "chatbot-pairs-ko.csv").open(encoding="utf-8-sig", newline="") as file:
        return [
            Pair(
                unicodedata.normalize("NFC", row["Q"].strip()),
                unicodedata.normalize("NFC", row["A"].strip()),
                row["label"],
            )
            for row in csv.DictReader(file)
        ]


def train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """A byte-level BPE of `VOCABULARY` entries with the ChatML tokens."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[END_OF_TEXT, IM_START, IM_END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def chat_of(pairs: Sequence[Pair], rng: random.Random) -> list[ChatMessage]:
    """Small talk of one to four rounds in one of the forms of training rows.

    Six in ten have a persona without names, two in ten name the other participant, and two in ten
    are rooms in which everybody is a named target.
    """
    asker, answerer = rng.sample(NAMES, 2)
    form = rng.choices(("plain", "named", "room"), (6, 2, 2))[0]
    messages = []
    for pair in pairs:
        if form == "room":
            messages += [
                ChatMessage("assistant", pair.question, asker, is_target=True),
                ChatMessage("assistant", pair.answer, answerer, is_target=True),
            ]
        else:
            name = asker if form == "named" else ""
            messages += [
                ChatMessage("user", pair.question, name),
                ChatMessage("assistant", pair.answer, is_target=True),
            ]
    return messages


def chats(pairs: Sequence[Pair], renderer: Renderer, rng: random.Random) -> Iterator[list[int]]:
    """Ids of one epoch: every pair once, in chats of one topic, in random order."""
    for topic in sorted({pair.topic for pair in pairs}):
        same = [pair for pair in pairs if pair.topic == topic]
        rng.shuffle(same)
        position = 0
        while position < len(same):
            rounds = rng.choices((1, 2, 3, 4), (5, 2, 2, 1))[0]
            messages = chat_of(same[position : position + rounds], rng)
            yield list(renderer.encode(messages).ids)
            position += rounds


def chat_renderer(tokenizer: Tokenizer) -> Renderer:
    """The project's own renderer over a tokenizer with ChatML tokens."""
    return Renderer(tokenizer, CHATML)
