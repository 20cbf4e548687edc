"""Every query of the boards in deploy/grafana, asked of a real Prometheus."""

import json
import math

from processes import ROOT, Failure, wait_for

BOARDS = ROOT / "deploy/grafana"
VARIABLES = {"$__rate_interval": "10s", "$__range": "60s", "$job": "weir", "$route": ".+", "$upstream": ".+",
             "$instance": ".+"}


def queries():
    """(board, panel, expression as it is asked) of all boards."""
    for board in sorted(BOARDS.glob("*.json")):
        content = json.loads(board.read_text())
        for panel in content["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"]
                for name, value in VARIABLES.items():
                    expression = expression.replace(name, value)
                if "$" in expression:
                    raise Failure(f"{board.name}: {panel['title']}: a variable that is not set here: {expression}")
                yield content["title"], panel["title"], expression


def no_number(monitoring, expression):
    return [series for series, value in monitoring.query(expression) if math.isnan(value) or math.isinf(value)]


def with_traffic(monitoring):
    """Each query gives data, all of it numbers. Returns rows: board, panel, series, the first value, query."""
    rows = []
    for board, panel, expression in queries():
        answer = wait_for(f"{board}: {panel}: {expression}", lambda asked=expression: monitoring.query(asked), 15)
        if no_number(monitoring, expression):
            raise Failure(f"{board}: {panel}: not a number: {expression}: {answer}")
        rows.append((board, panel, len(answer), answer[0][1], expression))
    if not rows:
        raise Failure("no board has a query")
    return rows


def without_traffic(monitoring):
    """The same when nothing is asked for any more: nothing, or numbers."""
    for board, panel, expression in queries():
        if no_number(monitoring, expression):
            raise Failure(f"{board}: {panel}: not a number without traffic: {expression}")
