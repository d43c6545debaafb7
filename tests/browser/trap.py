"""Texts that try to run in a page, and the trap that notices when one does."""

from __future__ import annotations

import json
from pathlib import Path

PAYLOADS: list[str] = json.loads((Path(__file__).parents[1] / "data" / "xss.json").read_text("utf-8"))

# Before any script of the page: what would tell that a text was run, and what a policy complains of.
TRAP = """
window.caught = [];
Object.defineProperty(window, 'hacked', { set: value => window.caught.push(`ran: ${value}`) });
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
    window[name] = (...words) => void window.caught.push(`${name}: ${words.join()}`);
document.addEventListener('securitypolicyviolation', event => {
    window.caught.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample} ${event.sourceFile}`);
});
"""
# What a page with a text in it must not hold, beside what runs by itself.
FOUND = """() => [...document.querySelectorAll('*')].flatMap(node => [...node.attributes]
    .filter(({ name, value }) => (name.startsWith('on') && /hacked/.test(value))
        || (/^(src|href|xlink:href|action|formaction|data|srcdoc)$/.test(name)
            && /^[\\s\\u0000-\\u0020]*javascript:|xss\\.invalid/i.test(value)))
    .map(({ name, value }) => `${node.tagName} ${name}=${value}`.slice(0, 200)))"""
OPEN = """() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    for (const node of document.querySelectorAll('*'))
        if (node.matches('a, [tabindex], [class^=ipar] *'))
            for (const kind of ['mouseover', 'focus', 'toggle'])
                node.dispatchEvent(new Event(kind));
}"""


def strict(context, scripts: str = "'none'"):
    """Serve ``http://page.test/`` pages under a policy that lets nothing run; gives a way to show one."""
    context.add_init_script(TRAP)
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {scripts} 'report-sample'; "
        "base-uri 'none'; form-action 'none'; report-uri /report"
    )
    bodies, asked = {}, []

    def answer(route, request):
        asked.append(request.url)
        body = bodies.get(request.url)
        if body is None:
            route.fulfill(status=204)
        else:
            headers = {"Content-Security-Policy": policy, "Content-Type": "text/html; charset=utf-8"}
            route.fulfill(status=200, headers=headers, body=body.encode("utf-8", "replace"))

    context.route("**/*", answer)

    def show(page, body: str):
        """What was caught, and what else than the page was asked for."""
        url = f"http://page.test/{len(bodies)}"
        bodies[url] = body
        del asked[:]
        page.goto(url)
        page.evaluate(OPEN)
        return [*page.evaluate("window.caught"), *page.evaluate(FOUND), *(u for u in asked if u != url)]

    return show
