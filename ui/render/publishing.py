"""What has been exported for other programs: values → HTML. Pure."""

from __future__ import annotations

from kakaobot.app.publishing import Published
from ui import publish_text
from ui.render.templating import render


def published(done: Published) -> str:
    """The folder, and how to use it; what stands between backticks is a command."""
    usage = [sentence.split("`") for sentence in done.usage]
    return render("published", folder=done.folder, usage=usage, publish_text=publish_text)
