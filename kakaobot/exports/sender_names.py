"""Finds the end of a sender's name in a record, as names may contain ` : ` themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kakaobot.exports.formats import TextFormat
from kakaobot.exports.notices import NOTICE
from kakaobot.exports.parse_result import normalize_name


class SenderNames:
    """Senders seen so far in one format.

    Records of a format with system records are split at the first ` : `, which may be part of the
    name or of a notice.
    """

    def __init__(self, format: TextFormat, colon_names: Sequence[str]) -> None:
        """`colon_names`: names known to contain ` : `."""
        self._splits_at_colon = format.system_record is not None
        self._colon_names = colon_names
        self._seen: set[str] = set()

    def __contains__(self, sender: str) -> bool:
        return normalize_name(sender) in self._seen

    def add(self, names: Iterable[str]) -> None:
        """Add normalized names; ignored in formats where `ambiguous` adds them."""
        if not self._splits_at_colon:
            self._seen.update(names)

    def ambiguous(
        self, senders: Sequence[str], names: Sequence[str], texts: Sequence[str]
    ) -> set[int]:
        """Indices of records whose sender may extend beyond the first ` : `.

        Args:
            senders: as written.
            names: `senders`, normalized.
            texts: of the records.
        """
        if not self._splits_at_colon or self._seen.issuperset(names):
            return set()
        indices = set()
        for index, name in enumerate(names):
            if name not in self._seen:
                sender = senders[index]
                if self.split(sender, texts[index]) != (sender, texts[index]):
                    indices.add(index)
                elif not any(longer.startswith(f"{sender} : ") for longer in self._colon_names):
                    self._seen.add(name)
        return indices

    def split(self, sender: str, text: str) -> tuple[str, str]:
        """Sender and text of a record that was split at the first ` : `."""
        if not self._splits_at_colon or sender in self:
            return sender, text
        whole = f"{sender} : {text}"
        for name in self._colon_names:
            if whole.startswith(f"{name} : "):
                return name, whole[len(name) + 3 :]
        if NOTICE.fullmatch(whole) and not NOTICE.fullmatch(text):
            return "", whole
        return sender, text
