"""The report of a build as pictures and as one page, which needs no other file and no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from kakaobot.dataset.build_report import BuildReport, Example
from kakaobot.dataset.filter_report import BEFORE, FilterEffect
from kakaobot.dataset.participant_summaries import ParticipantSummary
from kakaobot.report.charts import bar_chart, heatmap

_STYLE = """
:root { color-scheme: light dark; --kb-ink: #2e2b28; --kb-muted: #7d7770; --kb-line: #e6e3dd;
  --kb-card: #fff; --kb-page: #f3f1ed; --kb-accent: #ffd43b;
  --kb-loss: #3b6fd4; --kb-eval: #d9622b; }
@media (prefers-color-scheme: dark) { :root { --kb-ink: #ece9e4; --kb-muted: #a8a29a;
  --kb-line: #3a3632; --kb-card: #211f1d; --kb-page: #171614; --kb-loss: #7ea6f4; } }
body { margin: 0 auto; max-width: 960px; padding: 28px 20px; background: var(--kb-page);
  color: var(--kb-ink); word-break: keep-all; line-height: 1.5;
  font-family: Pretendard, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 0 0 12px; }
section { background: var(--kb-card); border: 1px solid var(--kb-line); border-radius: 14px;
  padding: 18px 22px; margin: 14px 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 5px 9px; text-align: right; border-bottom: 1px solid var(--kb-line); }
th:first-child, td:first-child { text-align: left; } small { color: var(--kb-muted); }
mark { background: var(--kb-accent); color: #2e2b28; border-radius: 4px; padding: 1px 5px; }
"""
_MOST_MONTHS = 120


def render_charts(report: BuildReport) -> list[tuple[str, str]]:
    """What is better looked at than read: a Korean title and HTML for each."""
    figures = report.figures
    found = []
    if figures.months:
        months = [(month[2:].replace("-", "."), count) for month, count in figures.months]
        found.append(
            ("달마다 오간 메시지", bar_chart(months[-_MOST_MONTHS:], title="달마다 메시지 수"))
        )
    if any(figures.hours):
        hours = [(f"{hour}시", count) for hour, count in enumerate(figures.hours)]
        found.append(("하루 중 언제", bar_chart(hours, title="시간마다 메시지 수")))
    if len(figures.people) > 1:
        table = heatmap(figures.people, figures.answers, corner="대답한 사람 ＼ 앞사람")
        found.append(("누가 누구에게 대답하나", table))
    if report.lengths:
        sizes = [(str(size), count) for size, count in report.lengths]
        limit = f"한 번에 배우는 길이 {report.max_seq_len:,}토큰"
        found.append(("대화 한 줄의 길이(토큰)", bar_chart(sizes, title="토큰 수", last_is=limit)))
    if len(report.speeches) > 1:
        names = [each.name for each in report.speeches]
        rows = [[each.name, *(f"{apart:.2f}" for apart in each.apart)] for each in report.speeches]
        table = _table(("0 같음 ~ 1 다름", *names), rows)
        found.append(("말투가 서로 얼마나 다른가", table))
    if any(each.taken for each in report.effects):
        table = _table(_EFFECTS, [_effect(each) for each in report.effects], look="kb-wide")
        found.append(("거르기가 말투를 얼마나 바꾸나", table))
    return found


def render_page(
    report: BuildReport, people: Sequence[ParticipantSummary] = (), estimate: Sequence[str] = ()
) -> str:
    """The whole of `report.html`.

    Args:
        report: of the last build.
        people: who speaks in the rooms, where that is known.
        estimate: sentences on the memory and time of a training; empty where there is none.
    """
    title = f"{report.room or '가져온 모든 방'} · {report.persona or '방 전체'}"
    parts = [_section("무엇을 배우나요", _table(("", ""), _facts(report)))]
    if estimate:
        parts.append(_section("학습하면 얼마나 드나요 (이 컴퓨터에서)", _lines(estimate)))
    if people:
        rows = [_person(each, named=not report.pseudonyms) for each in people]
        parts.append(_section("누구를 배울 수 있나요", _table(_PEOPLE, rows)))
    if report.removed:
        rows = [(why, f"{count:,}개") for why, count in report.removed]
        parts.append(_section("배우지 않는 말", _table(("까닭", "메시지"), rows)))
    if report.masked:
        rows = [(kind, f"{count:,}번") for kind, count in report.masked]
        parts.append(_section("가린 개인정보", _table(("종류", "횟수"), rows)))
    parts += [_section(name, html) for name, html in render_charts(report)]
    parts += [_section(f"{each.name}의 말투", _lines(each.lines)) for each in report.speeches]
    parts += [_section(each.title, _talk(each)) for each in report.examples]
    made = report.written_at[:16].replace("T", " ")
    warning = f"<p><b>{escape(report.warning)}</b></p>" if report.warning else ""
    return (
        '<!doctype html><html lang="ko"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1><p><small>{escape(made)} 에 만듦</small></p>"
        f"{warning}{''.join(parts)}</html>\n"
    )


_EFFECTS = (
    *("무엇을 거르면", "빠지는 대답", "말투가 바뀐 정도", "보통 길이"),
    *("ㅋ", "ㅠ", "초성", "존댓말", "여러 말풍선"),
)


def _effect(effect: FilterEffect) -> tuple[str, ...]:
    """A row under `_EFFECTS`; 0 of a change stands where nothing could be told from chance."""
    shares = (effect.laughs, effect.cries, effect.initials, effect.polite, effect.bursts)
    return (
        effect.title,
        f"{effect.taken:,}개" if effect.taken else "–",
        f"{effect.apart:.3f}" if effect.title != BEFORE else "–",
        f"{effect.length:,}자",
        *(f"{share:.0%}" for share in shares),
    )


_PEOPLE = ("이름", "배울 대답", "글자 수", "이어 말함", "잡음", "조언")


def _person(person: ParticipantSummary, *, named: bool) -> tuple[str, ...]:
    """A row under `_PEOPLE`; no name is told where the data have invented ones."""
    return (
        person.name if named else person.pseudonym or "–",
        f"{person.replies:,}개",
        f"{person.median_chars:.0f}자" if person.replies else "–",
        f"{person.answers:.0%}",
        f"{person.noise:.0%}",
        "빼기로 한 사람입니다." if person.is_excluded else person.sentence,
    )


def _facts(report: BuildReport) -> list[tuple[str, str]]:
    return [
        ("읽은 메시지", f"{report.messages:,}"),
        ("대화 묶음", f"{report.sessions:,}"),
        ("사람", ", ".join(report.people[:10]) + (" …" if len(report.people) > 10 else "")),
        ("배울 대답", f"{report.train_replies:,}"),
        ("검증용 대답", f"{report.val_replies:,}"),
        ("배울 토큰 / 모든 토큰", f"{report.target_tokens:,} / {report.tokens:,}"),
        ("가장 긴 대화 한 줄", f"{report.longest:,} / {report.max_seq_len:,} 토큰"),
        ("토크나이저", report.tokenizer),
    ]


def _section(title: str, html: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{html}</section>"


def _talk(example: Example) -> str:
    """What is said in it, a line each; what is learnt is marked."""
    said = []
    for part in example.parts:
        words = escape(part.text).replace("\n", "<br>")
        words = f"<mark>{words}</mark>" if part.is_target else words
        said.append(f"<p><small>{escape(part.who)}</small> {words}</p>")
    return "".join(said)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, look: str = "") -> str:
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    inside = f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody>"
    return f'<table class="kb-matrix {look}">{inside}</table>'
