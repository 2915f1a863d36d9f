"""How a program asks `/classify`: three snippets that work when pasted. Values are quoted as JSON, never pasted raw."""

from __future__ import annotations

import json

_TEXTS = ["I love it", "It broke on the first day"]


def python_snippet(url: str, run: str) -> str:
    return (
        f"from gradio_client import Client  # pip install gradio_client\n\nclient = Client({json.dumps(url)})\n"
        f'answers = client.predict(run={json.dumps(run)}, texts={json.dumps(_TEXTS)}, api_name="/classify")\n'
        'for answer in answers:\n    print(answer["label"], round(answer["prob"], 3))\n'
    )


def javascript_snippet(url: str, run: str) -> str:
    data = json.dumps({"run": run, "texts": _TEXTS})
    return (
        f'// npm install @gradio/client\nimport {{ Client }} from "@gradio/client";\n\nconst client = await Client.connect({json.dumps(url)});\n'
        f'const result = await client.predict("/classify", {data});\nfor (const answer of result.data[0]) {{\n'
        "  console.log(answer.label, answer.prob.toFixed(3));\n}\n"
    )


def curl_snippet(url: str, run: str) -> str:
    body = json.dumps({"data": [run, _TEXTS]}).replace("'", "'\\''")
    call = f"{url}/gradio_api/call/classify"
    return (
        f"EVENT=$(curl -s -X POST '{call}' -H 'Content-Type: application/json' -d '{body}' | cut -d '\"' -f 4)\n"
        f"curl -sN '{call}/'\"$EVENT\"\n"
    )
