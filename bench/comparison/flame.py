"""A flame graph: what `perf script` prints becomes a tree of calls, and the tree a picture."""

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

WIDTH, ROW, MARGIN, HEAD = 1200, 17, 10, 46
NARROWEST = 0.4          # pixels; less is not drawn
CHARACTER = 6.6          # pixels
FRAMES_MAX = 128         # of one stack; the outer ones go
COLOURS = (("weir", "#93c5fd"), ("[kernel", "#fdba74"), ("libssl", "#86efac"), ("libcrypto", "#86efac"))
OTHER = "#d4d4d8"


@dataclass
class Node:
    """A function as called from one place."""

    name: str = "all"
    image: str = ""
    samples: int = 0
    callees: dict = field(default_factory=dict)

    def depth(self):
        return 1 + max((each.depth() for each in self.callees.values()), default=0)


def fold(text):
    """The tree of all stacks in the output of `perf script -F ip,sym,dso`: a stack a paragraph, innermost first."""
    root = Node()
    for stack in re.split(r"\n\s*\n", text):
        frames = re.findall(r"^\s*[0-9a-f]+ (.+) \((\S*)\)$", stack, re.M)[:FRAMES_MAX]
        if not frames:
            continue
        root.samples += 1
        node = root
        for name, image in reversed(frames):
            node = node.callees.setdefault((name, image), Node(name, image))
            node.samples += 1
    return root


def shortened(name):
    """Without arguments and the compiler's marks."""
    name = name.replace("(anonymous namespace)::", "")
    resumed = " (resumed)" if "[clone .resume]" in name else ""
    return re.sub(r"[(<].*", "", name).strip() + resumed or name


def colour(image):
    """By the program or library's name."""
    last = image.rsplit("/", 1)[-1]
    return next((shade for start, shade in COLOURS if last.startswith(start)), OTHER)


def boxes(node, total, x, row):
    """The node's rectangle and those of its callees above it, as (node, x, width, row)."""
    width = node.samples / total * (WIDTH - 2 * MARGIN)
    if width < NARROWEST:
        return
    yield node, x, width, row
    for callee in sorted(node.callees.values(), key=lambda each: each.name):
        yield from boxes(callee, total, x, row + 1)
        x += callee.samples / total * (WIDTH - 2 * MARGIN)


def drawn(node, total, box, height):
    x, width, row = box
    y = height - MARGIN - (row + 1) * ROW
    label = shortened(node.name)[:max(0, int((width - 6) / CHARACTER))]
    text = f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(label)}</text>' if len(label) > 2 else ""
    return (f'<g><title>{escape(node.name)} {escape(node.image)}: {node.samples / total:.2%}</title>'
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" rx="1" fill="{colour(node.image)}"/>'
            f'{text}</g>')


def picture(root, title):
    """An SVG; callers below, callees above, widths are shares of the samples. The pointer shows whole names."""
    total = max(1, root.samples)
    height = HEAD + MARGIN + root.depth() * ROW
    parts = [drawn(node, total, (x, width, row), height) for node, x, width, row in boxes(root, total, MARGIN, 0)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" '
            f'font-size="11"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
            f'<text x="{MARGIN}" y="20" font-size="14" font-weight="600">{escape(title)}</text>'
            f'<text x="{MARGIN}" y="37">blue: weir; orange: kernel; green: OpenSSL; grey: other libraries; '
            f'{root.samples} samples</text>' + "\n".join(parts) + "</svg>\n")
