"""Documents as plain text, in parts that a prompt can hold."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

LONGEST_PART, SHORTEST_PART = 6000, 200  # characters; what is shorter holds too little to talk about
PASSED_OVER = {"script", "style", "noscript", "template", "svg", "nav", "footer", "title", "select", "button"}
BREAKS = {"p", "div", "br", "li", "tr", "section", "article", "header", "table", "ul", "ol", "dl", "dt", "dd", "pre"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


class Reader(HTMLParser):
    """Collects what a page says."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._within: list[str] = []
        """Elements around the present place that are not read."""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        _ = attrs
        if tag in PASSED_OVER:
            self._within.append(tag)
        elif tag in {"body", "main"}:
            self._within.clear()  # what was left open before does not hide the page
        elif tag in BREAKS | HEADINGS:
            self.said.append("\n\n" if tag in HEADINGS or tag == "p" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            while self._within.pop() != tag:
                pass
        elif tag in BREAKS | HEADINGS:
            self.said.append("\n\n" if tag in HEADINGS or tag == "p" else "\n")

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.said.append(re.sub(r"\s+", " ", data))


def text_of_html(page: str) -> str:
    """What a page says, paragraph by paragraph, without its menus and scripts."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    lines = (line.strip() for line in "".join(reader.said).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def parts(text: str) -> Iterator[str]:
    """The text whole, or cut between paragraphs, lines or at last anywhere, where it is too long."""
    held = ""
    for piece in pieces(text.strip()):
        if held and len(held) + len(piece) > LONGEST_PART:
            yield held.strip()
            held = ""
        held += piece
    if len(held.strip()) >= SHORTEST_PART or (held.strip() and len(text) <= LONGEST_PART):
        yield held.strip()


def pieces(text: str) -> Iterator[str]:
    """Paragraphs, none longer than a part may be."""
    for paragraph in re.split(r"(?<=\n)(?=\n)|(?<=\n\n)", text):
        for start in range(0, len(paragraph), LONGEST_PART):
            yield paragraph[start : start + LONGEST_PART]
