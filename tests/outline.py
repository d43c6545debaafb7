"""Elements, text and attributes of an HTML document, for tests of what is drawn."""

from html.parser import HTMLParser

VOID = {"br", "img", "hr", "input", "meta", "link"}
CELLS = {"td", "th"}
# elements that end, as HTML says, where another begins or ends
ENDED_BY = {"td": CELLS, "th": CELLS, "tr": {*CELLS, "tr"}, "tbody": {*CELLS, "tr", "thead"}}
ENDED_WITH = {"table": {*CELLS, "tr", "thead", "tbody"}}


class Outline(HTMLParser):
    """Parser that collects the elements of a document, and its text without the style sheet."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.open, self.text, self.attributes = [], [], [], {}
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        while self.open and self.open[-1] in ENDED_BY.get(tag, ()):
            self.open.pop()
        # preformatted text may hold spans for colours
        if "pre" not in self.open:
            self.elements.append((len(self.open), tag, tuple(sorted(name for name, _ in attrs))))
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open[-1] in ENDED_WITH.get(tag, ()):
            self.open.pop()
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    @property
    def words(self):
        return " ".join("".join(self.text).split())
