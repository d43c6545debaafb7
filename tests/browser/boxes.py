"""Faults of a layout, found by comparing the boxes of its texts and buttons."""

# Text is looked at where it is painted: a line of it, cut to what the elements around it let show.
FAULTS = """
selector => {
    const faults = [];
    const shown = [];  // [element, box, text], a line each
    const clip = (node, box) => {
        let { left, top, right, bottom } = box;
        for (let each = node; each; each = each.parentElement) {
            const style = getComputedStyle(each);
            if (style.opacity === '0' || style.visibility === 'hidden') return null;
            if (style.clipPath !== 'none') return null;
            const inside = each.getBoundingClientRect();
            if (style.overflowX !== 'visible') {
                [left, right] = [Math.max(left, inside.left), Math.min(right, inside.right)];
            }
            if (style.overflowY !== 'visible') {
                [top, bottom] = [Math.max(top, inside.top), Math.min(bottom, inside.bottom)];
            }
            if (style.position === 'sticky') break;
        }
        return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null;
    };
    for (const root of document.querySelectorAll(selector)) {
        const view = root.getBoundingClientRect();
        if (root.scrollWidth > root.clientWidth + 1) faults.push(`wider than it may be: ${root.className}`);
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let text = walker.nextNode(); text; text = walker.nextNode()) {
            const words = text.data.trim();
            const node = text.parentElement;
            if (!words || node.closest('style, script')) continue;
            const range = document.createRange();
            range.selectNodeContents(text);
            const lines = [...range.getClientRects()].filter(({ width }) => width > 0);
            if (lines.length > 2 && words.length / lines.length < 5) faults.push(`letter-wide: ${words}`);
            for (const line of lines) {
                const box = clip(node, line);
                if (box) shown.push([node, box, words.slice(0, 40)]);
            }
        }
        for (const node of root.querySelectorAll('button')) {
            const box = clip(node, node.getBoundingClientRect());
            if (box) shown.push([node, box, `button ${node.textContent}`]);
        }
    }
    shown.forEach(([node, box, text], i) => {
        for (const [other, second, words] of shown.slice(i + 1)) {
            if (node.contains(other) || other.contains(node)) continue;
            // A header that stays in view lies over the rows that scroll below it.
            if ([node, other].some(each => each.closest('th'))) continue;
            const across = Math.min(box.right, second.right) - Math.max(box.left, second.left);
            const down = Math.min(box.bottom, second.bottom) - Math.max(box.top, second.top);
            if (across > 1 && down > 3) faults.push(`one over the other: ${text} / ${words}`);
        }
    });
    return [...new Set(faults)];
}
"""


def faults(page, selector):
    """Return the faults of all elements that a selector finds, as texts.

    A fault is a text of which each line holds only a few letters, a text or button that lies over another,
    or an element whose content is wider than itself.
    """
    return page.evaluate(FAULTS, selector)
