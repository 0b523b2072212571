"""The lines of a kept conversation as a tree: its paths, leaves and branches."""

from __future__ import annotations

import sqlite3

_PATH = """
    WITH RECURSIVE path (id, parent, depth) AS (
      SELECT id, parent, 0 FROM lines WHERE id = ?
      UNION ALL
      SELECT lines.id, lines.parent, depth + 1 FROM lines JOIN path ON lines.id = path.parent
    )
    SELECT lines.id, name, text, from_user, written_at
    FROM path JOIN lines USING (id) ORDER BY depth DESC
"""
_DELETE = """
    WITH RECURSIVE tree (id) AS (
      SELECT ?
      UNION ALL
      SELECT lines.id FROM lines JOIN tree ON lines.parent = tree.id
    )
    DELETE FROM lines WHERE id IN tree
"""


def path(database: sqlite3.Connection, leaf: int | None) -> list[tuple[int, str, str, int, float]]:
    """The lines from the first one to a leaf; none without a leaf."""
    return database.execute(_PATH, (leaf,)).fetchall()


def branch_of(database: sqlite3.Connection, id: str, leaf: int | None) -> tuple[int, int]:
    """Number of the branch of a line, from 1, and of all branches of the conversation.

    Of a line that others follow, it is the first of their branches.
    """
    all_leaves = leaves(database, id)
    if leaf is None or not all_leaves:
        return 0, len(all_leaves)
    return all_leaves.index(leaves(database, id, below=leaf)[0]) + 1, len(all_leaves)


def leaves(database: sqlite3.Connection, id: str, below: int | None = None) -> list[int]:
    """The lines that none follows, in the order in which their branches were started.

    Args:
        database: within a transaction.
        id: of the conversation.
        below: only those that follow this line, or itself.
    """
    children: dict[int | None, list[int]] = {}
    query = "SELECT parent, id FROM lines WHERE conversation = ? ORDER BY id DESC"
    for parent, number in database.execute(query, (id,)):
        children.setdefault(parent, []).append(number)
    found: list[int] = []
    queue = children.get(None, [])[:] if below is None else [below]
    while queue:
        number = queue.pop()
        following = children.get(number, [])
        queue += following
        if not following:
            found.append(number)
    return found


def delete_from(database: sqlite3.Connection, line: int) -> None:
    """Delete a line and all that follow it, however deep."""
    database.execute(_DELETE, (line,))
