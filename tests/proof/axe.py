"""Runs axe-core on a page, with light and dark colours and in two widths."""

import json
from pathlib import Path

SOURCE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES = ("light", "dark")
WIDTHS = (1280, 390)  # CSS pixels
# Django's admin fades from a colour scheme to another: end the transition first.
RUN = """
const done = arguments[0];
for (const animation of document.getAnimations()) {
  if (animation instanceof CSSTransition) animation.finish();
}
axe.run().then(
  ({ violations, passes }) => done({
    passed: passes.length,
    violations: violations.map(({ id, help, nodes }) => ({
      id, help, nodes: nodes.map(({ html, failureSummary }) => [html, failureSummary]),
    })),
  }),
  (error) => done({ passed: 0, violations: [{ id: "axe", help: String(error), nodes: [] }] }),
);
"""


def show(window, scheme, width):
    """Emulates a colour scheme, a width and the preference for reduced motion."""
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    media = [{"name": name, "value": value} for name, value in features.items()]
    window.cdp("Emulation.setEmulatedMedia", features=media)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    window.cdp("Emulation.setDeviceMetricsOverride", **size)


class Audit:
    """Runs axe on pages and collects violations. `states` are the names of the checked states.
    `rules` is the highest number of rules that applied to a page."""

    def __init__(self):
        self.states = []
        self.rules = 0
        self.found = {}

    def check(self, window, state):
        """Runs axe on the current page in each colour scheme and width."""
        self.states.append(state)
        for width in WIDTHS:
            for scheme in SCHEMES:
                show(window, scheme, width)
                window.run(SOURCE.read_text())
                result = window.driver.execute_async_script(RUN)
                self.rules = max(self.rules, result["passed"])
                for violation in result["violations"]:
                    where = self.found.setdefault(json.dumps(violation), [])
                    where.append(f"{state}, {scheme}, {width} px")
        show(window, SCHEMES[0], WIDTHS[0])

    def report(self):
        """Each violation once, with the states in which it was found."""
        lines = []
        for violation, where in self.found.items():
            fault = json.loads(violation)
            lines += [f"{fault['id']}: {fault['help']}", f"  in {'; '.join(where)}"]
            lines += [f"  {html}\n    {why}" for html, why in fault["nodes"]]
        return "\n".join(lines)
