"""How a program asks `/classify`: three snippets that work when pasted. Values are quoted as JSON, never pasted raw."""

from __future__ import annotations

import json
import shlex

_TEXTS = ["I love it", "It broke on the first day"]

_PYTHON = """\
from gradio_client import Client  # pip install gradio_client

client = Client({url})
answers = client.predict(run={run}, texts={texts}, api_name="/classify")
for answer in answers:
    print(answer["label"], round(answer["prob"], 3))
"""

_JAVASCRIPT = """\
// npm install @gradio/client
import {{ Client }} from "@gradio/client";

const client = await Client.connect({url});
const result = await client.predict("/classify", {{ run: {run}, texts: {texts} }});
for (const answer of result.data[0]) console.log(answer.label, answer.prob.toFixed(3));
process.exit(0);
"""

_CURL = """\
EVENT=$(curl -s -X POST {call} -H 'Content-Type: application/json' \\
  -d {body} | cut -d '"' -f 4)
curl -sN {call}/"$EVENT"
"""


def python_snippet(url: str, run: str) -> str:
    return _PYTHON.format(url=json.dumps(url), run=json.dumps(run), texts=json.dumps(_TEXTS))


def javascript_snippet(url: str, run: str) -> str:
    return _JAVASCRIPT.format(url=json.dumps(url), run=json.dumps(run), texts=json.dumps(_TEXTS))


def curl_snippet(url: str, run: str) -> str:
    return _CURL.format(call=shlex.quote(f"{url}/gradio_api/call/classify"), body=shlex.quote(json.dumps({"data": [run, _TEXTS]})))
