"""Writes a tokenizer into a GGUF file.

llama.cpp splits text by rules of its own, which a file can only name. A tokenizer whose rules have
no name there is refused. It has no normalizer: text in decomposed Hangul must be composed before.
"""

from __future__ import annotations

from typing import Any, NoReturn

from gguf import GGUFWriter, TokenType

from kakaobot.atomic_io import parse_json
from kakaobot.chat_template import Renderer
from kakaobot.conversion.families import NoGguf
from kakaobot.language import tr

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_PLAIN_BYTES = ("ByteLevel", True)
_BYTES_OF_PIECES = ("ByteLevel", False)
_SPLITS: dict[tuple[tuple[object, ...], ...], str] = {
    (("Split", rf"{_CONTRACTIONS}\p{{N}}{_REST}"), _BYTES_OF_PIECES): "qwen2",
    (("Split", rf"{_CONTRACTIONS}\p{{N}}{{1,3}}{_REST}"), _BYTES_OF_PIECES): "llama-bpe",
    (("Digits", True), _PLAIN_BYTES): "smollm",
    (_PLAIN_BYTES,): "gpt-2",
}
"""How text is cut before merging → llama.cpp's name for it."""
_WHOLE_WORDS = {"llama-bpe"}
"""Of these, llama.cpp takes a word that is a token as it is."""
_SPACE = "▁"


def add_tokenizer(writer: GGUFWriter, tokenizer: Any, renderer: Renderer, rows: int) -> None:
    """Write vocabulary, merges, special tokens and chat template.

    Args:
        writer: of the file.
        tokenizer: of `transformers`.
        renderer: for the end of a turn and the text in front of a conversation.
        rows: rows of the embedding; models pad them to a multiple of what suits a GPU.

    Raises:
        NoGguf: llama.cpp has no such tokenizer.
    """
    raw: dict[str, Any] = parse_json(tokenizer.backend_tokenizer.to_str())
    model = raw["model"]
    if model.get("type") != "BPE" or model.get("dropout"):
        _refuse(str(model.get("type")))
    if model.get("byte_fallback"):
        _add_sentencepiece(writer, raw, rows)
    else:
        _add_byte_level(writer, raw, rows)
    _add_special(writer, tokenizer, renderer)
    writer.add_chat_template(renderer.chat_format.jinja)


def _add_byte_level(writer: GGUFWriter, raw: dict[str, Any], rows: int) -> None:
    model = raw["model"]
    split = _split_name(raw.get("pre_tokenizer"))
    extras = (model.get(key) for key in ("continuing_subword_prefix", "end_of_word_suffix"))
    normalizer = (raw.get("normalizer") or {}).get("type", "NFC")
    if any(extras) or normalizer != "NFC":
        _refuse(normalizer)
    if bool(model.get("ignore_merges")) != (split in _WHOLE_WORDS):
        _refuse("ignore_merges")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    tokens, kinds = _vocabulary(raw, rows)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(
        [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    )


def _add_sentencepiece(writer: GGUFWriter, raw: dict[str, Any], rows: int) -> None:
    """Scores stand for the order of merges: the sooner, the higher."""
    model = raw["model"]
    scores = dict.fromkeys(model["vocab"], 0.0)
    for rank, merge in enumerate(model["merges"], 1):
        merged = "".join(merge.split(" ", 1) if isinstance(merge, str) else merge)
        if not scores.get(merged, -1.0):
            scores[merged] = -float(rank)
    writer.add_tokenizer_model("llama")
    tokens, kinds = _vocabulary(raw, rows)
    writer.add_token_list(tokens)
    writer.add_token_scores([scores.get(token, 0.0) for token in tokens])
    writer.add_token_types(kinds)
    writer.add_add_space_prefix(_prefixes_space(raw))


def _vocabulary(raw: dict[str, Any], rows: int) -> tuple[list[str], list[int]]:
    """Text and kind of every row of the embedding."""
    model = raw["model"]
    texts: dict[int, str] = {number: text for text, number in model["vocab"].items()}
    kinds: dict[int, TokenType] = {}
    if model.get("byte_fallback"):
        for number, text in texts.items():
            if len(text) == len("<0x00>") and text.startswith("<0x"):
                kinds[number] = TokenType.BYTE
            elif text == model.get("unk_token"):
                kinds[number] = TokenType.UNKNOWN
    for token in raw["added_tokens"]:
        texts[token["id"]] = token["content"].replace(_SPACE, " ")
        kinds[token["id"]] = TokenType.CONTROL if token["special"] else TokenType.USER_DEFINED
    if max(texts) >= rows:
        _refuse(tr("단어 {count:,}개").format(count=len(texts)))
    padding = {number: f"[PAD{number}]" for number in range(rows) if number not in texts}
    kinds |= dict.fromkeys(padding, TokenType.UNUSED)
    texts |= padding
    return (
        [texts[number] for number in range(rows)],
        [kinds.get(number, TokenType.NORMAL) for number in range(rows)],
    )


def _add_special(writer: GGUFWriter, tokenizer: Any, renderer: Renderer) -> None:
    """Generation stops at the end of a turn, as here."""
    writer.add_eos_token_id(renderer.end_id)
    writer.add_eot_token_id(renderer.end_id)
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(int(tokenizer.bos_token_id))
    if tokenizer.unk_token_id is not None:
        writer.add_unk_token_id(int(tokenizer.unk_token_id))
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(int(tokenizer.pad_token_id))
    writer.add_add_bos_token(adds_bos(tokenizer, renderer))
    writer.add_add_eos_token(False)


def adds_bos(tokenizer: Any, renderer: Renderer) -> bool:
    """Whether llama.cpp puts the token in front that begins a conversation."""
    prefix = renderer.chat_format.prefix
    return bool(prefix) and prefix == tokenizer.bos_token


def _split_name(pre_tokenizer: dict[str, Any] | None) -> str:
    parts = (pre_tokenizer or {}).get("pretokenizers", [pre_tokenizer])
    rule = tuple(_rule(part or {}) for part in parts)
    if rule not in _SPLITS:
        _refuse(tr("글을 나누는 규칙"))
    return _SPLITS[rule]


def _rule(part: dict[str, Any]) -> tuple[object, ...]:
    kind = part.get("type")
    if kind == "Split" and part["behavior"] == "Isolated" and not part["invert"]:
        return kind, part["pattern"].get("Regex")
    if kind == "Digits":
        return kind, part["individual_digits"]
    if kind == "ByteLevel" and not part["add_prefix_space"]:
        return kind, part["use_regex"]
    return (kind,)


def _prefixes_space(raw: dict[str, Any]) -> bool:
    """Whether a space is put in front of every text.

    Raises:
        NoGguf: the text is changed in another way.
    """
    normalizer = raw.get("normalizer") or {}
    steps = normalizer.get("normalizers", [normalizer])
    spaces = {"type": "Replace", "pattern": {"String": " "}, "content": _SPACE}
    if spaces not in steps:
        _refuse(tr("글을 나누는 규칙"))
    others = [step for step in steps if step != spaces]
    cut = raw.get("pre_tokenizer")
    # Without spaces left, this cuts nothing.
    harmless = {"type": "Split", "pattern": {"String": " "}, "invert": False}
    if others not in ([], [{"type": "Prepend", "prepend": _SPACE}]) or (
        cut and {key: cut.get(key) for key in harmless} != harmless
    ):
        _refuse(tr("글을 나누는 규칙"))
    return bool(others)


def _refuse(reason: str) -> NoReturn:
    raise NoGguf(
        tr(
            "바탕 모델의 토크나이저({reason})는 GGUF 로 바꿀 수 없습니다. 합친 모델(merged)이나 "
            "vllm 으로 내보내세요."
        ).format(reason=reason)
    )
